//! The format of a history file, which other shells also use: one command on each line. In a command of several lines, a backslash
//! precedes each newline. Lines with a null byte are ignored, and so is a last line without a newline.

use alloc::vec::Vec;

use nestling::text;

/// Calls `each` with each command. Returns the number of lines.
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

/// Whether the line is a time stamp, which bash writes before a command.
fn is_timestamp(line: &[u8]) -> bool {
    matches!(line, [b'#', digits @ ..] if text::number(digits, 10).is_some())
}

/// Appends a command in the format of the file.
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
