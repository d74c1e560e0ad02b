//! The words of a command that was typed.

use alloc::vec::Vec;

/// A command's words, by blanks that are not quoted and in no substitution.
pub fn words(command: &[u8]) -> Vec<&[u8]> {
    let mut words = Vec::new();
    // What ends the quotes and substitutions that are open.
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

/// One of a command's words, by its number; without one, the last.
pub fn word(command: &[u8], number: Option<usize>) -> &[u8] {
    let words = words(command);
    let word = match number {
        Some(number) => words.get(number),
        None => words.last(),
    };
    word.copied().unwrap_or_default()
}
