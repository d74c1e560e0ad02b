//! Tests the parts of the line editor without a shell and a terminal: keys and the line.

use nestling_shell::editor::buffer::{Buffer, Kills};
use nestling_shell::editor::keys::{Key, decode};

/// Returns the keys that bytes stand for. All bytes must belong to a key.
fn keys(bytes: &[u8]) -> Vec<Key> {
    let (mut keys, mut start) = (Vec::new(), 0);
    for end in 1..=bytes.len() {
        if let Some(key) = decode(&bytes[start..end], true) {
            keys.push(key);
            start = end;
        }
    }
    assert_eq!(start, bytes.len(), "{bytes:?}");
    keys
}

#[test]
fn bytes_of_a_terminal_become_keys() {
    let text = |text: &str| Key::Text(text.as_bytes().to_vec());
    assert_eq!(
        keys("aé\x01\x1b[D\x1bOC\x1b[3~\x1bf\x1b[1;5D\x18\x15\x7f".as_bytes()),
        [
            text("a"),
            text("é"),
            Key::C(b'A'),
            Key::C(b'B'),
            Key::C(b'F'),
            Key::Delete,
            Key::M(b'f'),
            Key::M(b'b'),
            Key::XC(b'U'),
            Key::C(b'?'),
        ]
    );
    assert_eq!(decode(b"\x1b[", true), None);
    assert_eq!(decode("é".as_bytes(), false), Some(text("é")));
}

#[test]
fn changes_of_one_command_are_undone_together() {
    let mut line = Buffer::new(true);
    line.begin();
    line.insert("aéb".as_bytes());
    assert_eq!((line.at(), line.len()), (4, 4));
    // The cursor moves by characters.
    assert_eq!(line.before(3), 1);
    assert_eq!(line.after(1), 3);
    line.begin();
    line.replace(1, 3, b"e");
    line.replace(0, 1, b"");
    assert_eq!(line.text(), b"eb");
    assert!(line.undo());
    assert_eq!(line.text(), "aéb".as_bytes());
    assert!(line.undo());
    assert_eq!(line.text(), b"");
    assert!(!line.undo());
}

#[test]
fn killed_texts_are_joined_or_rotate() {
    let mut kills = Kills::default();
    kills.keep(b"two", false, true);
    kills.keep(b" three", true, true);
    kills.keep(b"one ", true, false);
    assert_eq!(kills.last(), b"one two three");
    kills.keep(b"other", false, true);
    kills.rotate();
    assert_eq!(kills.last(), b"one two three");
}
