//! Ctrl-R: a command from the history, by a part of it.

use alloc::vec::Vec;

use super::keys::{ESCAPE, Key, control};
use super::{End, Session};
use crate::shell::{Divert, Shell};

/// Shows the last command with what is typed in it; Ctrl-R goes on to the one before. Ctrl-G gives up; any other key takes the command,
/// and does to it what it does.
pub fn search(session: &mut Session, shell: &mut Shell) -> Result<Option<End>, Divert> {
    const R: u16 = control(b'r');
    const G: u16 = control(b'g');
    const H: u16 = control(b'h');
    let (text, at, number) = (session.buffer.text().to_vec(), session.buffer.at(), session.number);
    let mut part: Vec<u8> = Vec::new();
    let mut before = usize::MAX;
    let next = loop {
        let history = &shell.interactive.history;
        let found = if part.is_empty() { None } else { history.find(before, |command| place(command, &part).is_some()) };
        session.screen.notice.clear();
        let failed: &[u8] = if found.is_none() && !part.is_empty() { b"(failed search)`" } else { b"(search)`" };
        session.screen.notice.extend_from_slice(failed);
        session.screen.notice.extend_from_slice(&part);
        session.screen.notice.extend_from_slice(b"': ");
        if let Some(number) = found
            && let Some(command) = history.get(number)
        {
            before = number + 1;
            session.number = number;
            session.buffer.set(command);
            session.buffer.go(place(command, &part).unwrap_or_default());
        }
        match session.key(shell)? {
            Some(Key::Text(text)) => part.extend_from_slice(&text),
            Some(Key::Code(R)) => before = if found.is_some() { before - 1 } else { usize::MAX },
            Some(Key::Code(H | 0x7f)) => {
                let length = crate::expansion::characters::length_of_last(&part, shell.utf8);
                part.truncate(part.len() - length);
                before = usize::MAX;
            }
            Some(Key::Code(G)) => {
                session.buffer.set(&text);
                session.buffer.go(at);
                session.number = number;
                break None;
            }
            other => break other,
        }
    };
    session.screen.notice.clear();
    match next {
        Some(key) if key != Key::Code(ESCAPE) => session.act(shell, key),
        _ => Ok(None),
    }
}

fn place(command: &[u8], part: &[u8]) -> Option<usize> {
    command.windows(part.len()).position(|window| window == part)
}
