//! Searching for a command in the history.

use alloc::vec::Vec;

use super::history::History;
use super::host::Host;
use super::keys::Key;
use super::session::{Act, Session};
use crate::characters;

/// Returns the number of the nearest command before or after `from` for which `is` returns true.
pub(super) fn find(
    session: &Session,
    history: &History,
    from: usize,
    back: bool,
    is: impl Fn(&[u8]) -> bool,
) -> Option<usize> {
    let mut number = from;
    loop {
        number = if back {
            number.checked_sub(1)?
        } else {
            number + 1
        };
        if is(session.command(history, number)?) {
            return Some(number);
        }
    }
}

/// PageUp and PageDown: go to the next command that begins with the text before the cursor. The cursor does not move. After the
/// last such command comes the line that was typed.
pub(super) fn by_beginning<H: Host>(session: &mut Session, host: &H, back: bool) {
    let at = session.buffer.at();
    let beginning = session.buffer.part(0, at);
    let history = host.history();
    let found = find(session, history, session.number, back, |command| {
        command.starts_with(beginning)
    });
    match found {
        Some(number) => drop(session.show(host, number)),
        None if !back && session.number < history.end() => drop(session.show(host, history.end())),
        None => session.screen.bell(),
    }
    session.buffer.go(at);
}

/// Ctrl-R and Ctrl-S: search backward or forward for a command that contains the text that is typed. The same key searches further.
/// Ctrl-G cancels the search. Any other key ends the search, and then acts on the command that was found.
pub(super) fn search<H: Host>(session: &mut Session, host: &mut H, mut back: bool) -> Act<H> {
    let former = (session.buffer.at(), session.number);
    let mut part: Vec<u8> = Vec::new();
    // Whether the search skips the command that is shown.
    let mut beyond = false;
    let next = loop {
        let history = host.history();
        let is = |command: &[u8]| place(command, &part).is_some();
        let found = if part.is_empty() {
            None
        } else if !beyond && session.number < history.end() && is(session.buffer.text()) {
            Some(session.number)
        } else {
            find(session, history, session.number, back, is)
        };
        let notice = &mut session.screen.notice;
        notice.clear();
        if found.is_none() && !part.is_empty() {
            notice.extend_from_slice(b"failed ");
        }
        notice.extend_from_slice(if back {
            b"(search)`"
        } else {
            b"(forward search)`"
        });
        notice.extend(characters::printable(&part, host.utf8()));
        notice.extend_from_slice(b"': ");
        if let Some(number) = found {
            if number != session.number {
                session.show(host, number);
            }
            let place = place(session.buffer.text(), &part);
            session.buffer.go(place.unwrap_or_default());
        }
        beyond = false;
        session.knows_escape = true;
        let key = session.key(host)?;
        session.knows_escape = false;
        match key {
            Some(Key::Text(text)) => part.extend_from_slice(&text),
            Some(Key::Paste) => part.extend(session.pasted(host)?),
            Some(Key::C(letter @ (b'R' | b'S'))) => {
                back = letter == b'R';
                beyond = true;
                // Without a text, the previous search is repeated.
                if part.is_empty() {
                    part.clone_from(&session.kept.pattern);
                }
            }
            Some(Key::C(b'H' | b'?')) => {
                let length = characters::length_of_last(&part, host.utf8());
                part.truncate(part.len() - length);
            }
            Some(Key::C(b'G')) => {
                if session.number != former.1 {
                    session.show(host, former.1);
                }
                session.buffer.go(former.0);
                session.screen.notice.clear();
                return Ok(None);
            }
            other => break other,
        }
    };
    session.screen.notice.clear();
    session.kept.pattern = part;
    match next {
        Some(key) if key != Key::C(b'[') => session.act(host, key),
        _ => Ok(None),
    }
}

fn place(command: &[u8], part: &[u8]) -> Option<usize> {
    (0..=command.len()).find(|&place| {
        let rest = command.get(place..).unwrap_or_default();
        rest.starts_with(part)
    })
}
