//! The shell's history file. If a file is read, and its commands are written and read again, the commands are the same. A command
//! that was written can be read.

#![no_main]

extern crate alloc;

use libfuzzer_sys::fuzz_target;

#[path = "../../../src/bin/sh/history/format.rs"]
mod format;

fn commands(text: &[u8]) -> Vec<Vec<u8>> {
    let mut commands = Vec::new();
    format::read(text, |command| commands.push(command.to_vec()));
    commands
}

fuzz_target!(|text: &[u8]| {
    let first = commands(text);
    let mut written = Vec::new();
    for command in &first {
        assert!(!command.is_empty() && !command.contains(&0));
        format::encode(command, &mut written);
    }
    let mut again = commands(&written);
    // The writer adds a blank after a backslash at the end of a command, so that the command ends at that line.
    for (command, other) in first.iter().zip(&mut again) {
        if command.last() == Some(&b'\\') {
            assert_eq!(other.pop(), Some(b' '));
        }
    }
    assert_eq!(first, again);
});
