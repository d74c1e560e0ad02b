//! The text of a history file, as every shell's: a command is a line. Where a command goes on in another line, a backslash stands before
//! the newline. What has a null byte in it is no command, nor is what has no newline at its end.

use alloc::vec::Vec;

use nestling::text;

/// Calls `each` with each command. The answer is how many lines there are.
pub fn read(text: &[u8], mut each: impl FnMut(&[u8])) -> usize {
    let mut count = 0;
    let mut command = Vec::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        count += 1;
        if let [line @ .., b'\\', b'\n'] = line {
            command.extend_from_slice(line);
            command.push(b'\n');
            continue;
        }
        if let [line @ .., b'\n'] = line {
            command.extend_from_slice(line);
            if !text::contains(&command, 0) && !command.is_empty() && !is_timestamp(&command) {
                each(&command);
            }
        }
        command.clear();
    }
    count
}

/// bash's, before a command.
fn is_timestamp(line: &[u8]) -> bool {
    matches!(line, [b'#', digits @ ..] if text::number(digits, 10).is_some())
}

/// A command as it stands in the file.
pub fn encode(command: &[u8], out: &mut Vec<u8>) {
    for &byte in command {
        if byte == b'\n' {
            out.push(b'\\');
        }
        out.push(byte);
    }
    if command.last() == Some(&b'\\') {
        out.push(b' ');
    }
    out.push(b'\n');
}
