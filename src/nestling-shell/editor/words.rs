//! Splits a typed command into words.

use alloc::vec::Vec;

/// Splits a command at its blanks. Blanks in quotes and in substitutions do not separate words.
pub fn words(command: &[u8]) -> Vec<&[u8]> {
    let mut words = Vec::new();
    // The bytes that close the open quotes and substitutions.
    let mut open: Vec<u8> = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(&byte) = command.get(at) {
        let next = command.get(at + 1).copied();
        at += 1;
        match (open.last(), byte) {
            (Some(b'\''), byte) => drop((byte == b'\'').then(|| open.pop())),
            (_, b'\\') => at += 1,
            (Some(&end), byte) if end == byte => drop(open.pop()),
            (Some(b'"'), b'\'') => {}
            (_, b'\'' | b'"' | b'`') => open.push(byte),
            (_, b'$' | b'<' | b'>') if next == Some(b'(') => {
                at += 1;
                open.push(b')');
            }
            (_, b'$') if next == Some(b'{') => {
                at += 1;
                open.push(b'}');
            }
            (Some(b')'), b'(') => open.push(b')'),
            (None, byte) if byte.is_ascii_whitespace() => {
                words.extend(command.get(start..at - 1));
                start = at;
            }
            _ => {}
        }
    }
    words.extend(command.get(start..));
    words.retain(|word| !word.is_empty());
    words
}

/// Returns the command's word with this number, or its last word if `number` is `None`.
pub fn word(command: &[u8], number: Option<usize>) -> &[u8] {
    let words = words(command);
    let word = match number {
        Some(number) => words.get(number),
        None => words.last(),
    };
    word.copied().unwrap_or_default()
}
