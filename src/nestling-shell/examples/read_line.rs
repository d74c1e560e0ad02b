//! Reads a line that can be edited, and prints it: the line editor's parts without a shell. The keys are the arrows, Home, End,
//! Backspace, Delete and Ctrl-_ (undo); Enter ends the line.
//!
//! `cargo run -p nestling-shell --example read_line`

use std::io::{Read, stdin};

use nestling::io;
use nestling::terminal::{self, Mode, When};
use nestling_shell::editor::buffer::Buffer;
use nestling_shell::editor::keys::{Key, decode};
use nestling_shell::editor::screen::Screen;

/// Does what a key means. Returns false at the end of the line.
fn act(line: &mut Buffer, key: Key) -> bool {
    line.begin();
    let (at, end) = (line.at(), line.len());
    match key {
        Key::Text(text) => line.insert(&text),
        Key::C(b'J' | b'M') => return false,
        Key::C(b'A') => line.go(0),
        Key::C(b'E') => line.go(end),
        Key::C(b'B') => line.go(line.before(at)),
        Key::C(b'F') => line.go(line.after(at)),
        Key::C(b'H' | b'?') => line.replace(line.before(at), at, b""),
        Key::Delete => line.replace(at, line.after(at), b""),
        Key::C(b'_') => drop(line.undo()),
        _ => {}
    }
    true
}

fn main() {
    // Without a terminal, the keys are read in the same way.
    let former = terminal::attributes(io::stdin()).ok();
    if let Some(mut raw) = former {
        raw.set(Mode::ICANON, false);
        raw.set(Mode::ECHO, false);
        let _ = terminal::set_attributes(io::stdin(), When::Now, &raw);
    }
    let mut line = Buffer::new(true);
    let mut screen = Screen::new(b"line: ", true, [0, 0]);
    screen.begin();
    let mut bytes = Vec::new();
    screen.draw(line.text(), line.at());
    screen.flush();
    for byte in stdin().lock().bytes().map_while(Result::ok) {
        bytes.push(byte);
        // A key may have several bytes.
        let Some(key) = decode(&bytes, true) else {
            continue;
        };
        bytes.clear();
        if !act(&mut line, key) {
            break;
        }
        screen.draw(line.text(), line.at());
        screen.flush();
    }
    screen.leave();
    if let Some(former) = former {
        let _ = terminal::set_attributes(io::stdin(), When::Now, &former);
    }
    println!("{}", String::from_utf8_lossy(line.text()));
}
