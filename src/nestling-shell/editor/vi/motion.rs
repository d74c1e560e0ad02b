//! The motions of vi's command mode.

use alloc::vec::Vec;

use crate::editor::buffer::Buffer;
use crate::editor::host::Host;
use crate::editor::keys::Key;
use crate::editor::session::Session;

/// The character that `f`, `F`, `t` or `T` searched for last, and which of these commands it was.
#[derive(Debug, Clone, Default)]
pub(in crate::editor) struct Sought {
    how: u8,
    character: Vec<u8>,
}

/// Returns where a motion leads to, and whether an operator includes the character there.
pub(super) fn motion<H: Host>(
    session: &mut Session,
    host: &mut H,
    letter: u8,
    count: Option<usize>,
) -> Result<Option<(usize, bool)>, H::Divert> {
    let times = count.unwrap_or(1);
    let buffer = &session.buffer;
    let (at, end) = (buffer.at(), buffer.len());
    let repeat = |step: &dyn Fn(usize) -> usize| (0..times.min(end)).fold(at, |at, _| step(at));
    let big = letter.is_ascii_uppercase();
    let place = match letter {
        b'h' => repeat(&|at| buffer.before(at)),
        b'l' | b' ' => repeat(&|at| buffer.after(at)),
        b'w' | b'W' => repeat(&|at| next_word(buffer, at, big)),
        b'b' | b'B' => repeat(&|at| word_before(buffer, at, big)),
        b'e' | b'E' => {
            let place = repeat(&|at| {
                let mut next = buffer.after(at);
                while next < end && class(buffer, next, big) == 0 {
                    next += 1;
                }
                buffer.before(word_end(buffer, next, big))
            });
            return Ok(Some((place, true)).filter(|_| at < end));
        }
        b'0' => return Ok(Some((0, false))),
        b'^' => {
            let blanks = buffer
                .text()
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace());
            return Ok(Some((blanks.count(), false)));
        }
        b'$' => return Ok(Some((end, false))),
        b'%' => return Ok(partner(buffer.text(), at).map(|place| (place, true))),
        b'|' => {
            let place = (1..times.min(end)).fold(0, |at, _| buffer.after(at));
            return Ok(Some((place, false)));
        }
        b'f' | b'F' | b't' | b'T' => {
            let Some(Key::Text(character)) = session.key(host)? else {
                return Ok(None);
            };
            session.sought = Sought {
                how: letter,
                character,
            };
            return Ok(look_in_line(session, false, times));
        }
        b';' | b',' => return Ok(look_in_line(session, letter == b',', times)),
        _ => return Ok(None),
    };
    // A motion that does not move the cursor has failed.
    Ok(Some((place, false)).filter(|_| place != at))
}

/// `%`: finds the first parenthesis, bracket or brace at or after the cursor, and returns the position of its partner.
fn partner(text: &[u8], at: usize) -> Option<usize> {
    const PAIRS: &[u8; 6] = b"()[]{}";
    let kind = |byte: &u8| PAIRS.iter().position(|it| it == byte);
    let from = at
        + text
            .get(at..)?
            .iter()
            .position(|byte| kind(byte).is_some())?;
    let first = kind(text.get(from)?)?;
    let mut depth = 0;
    let mut closes = |place: &usize| {
        match text.get(*place).and_then(kind) {
            Some(it) if it == first => depth += 1,
            Some(it) if it == first ^ 1 => depth -= 1,
            _ => {}
        }
        depth == 0
    };
    match first % 2 {
        0 => (from..text.len()).find(closes),
        _ => (0..=from).rev().find(|place| closes(place)),
    }
}

/// Repeats the last search for a character: `;`, or `,` if `reversed`.
fn look_in_line(session: &Session, reversed: bool, times: usize) -> Option<(usize, bool)> {
    let Sought { how, character } = &session.sought;
    let buffer = &session.buffer;
    let back = how.is_ascii_uppercase() != reversed;
    let place = session.place_of(character, back, times)?;
    let place = match (how.to_ascii_lowercase(), back) {
        (b't', false) => buffer.before(place),
        (b't', true) => buffer.after(place),
        (b'f', _) => place,
        _ => return None,
    };
    Some((place, !back))
}

/// Returns the class of a character: 0 for a blank or the end of the line, 1 for a character of a word, 2 for any other character.
/// If `big`, characters of class 2 belong to words, too.
pub(super) fn class(buffer: &Buffer, at: usize, big: bool) -> u8 {
    match buffer.text().get(at) {
        None => 0,
        Some(byte) if byte.is_ascii_whitespace() => 0,
        Some(byte) if big || byte.is_ascii_alphanumeric() || matches!(byte, b'_' | 0x80..) => 1,
        _ => 2,
    }
}

pub(super) fn word_end(buffer: &Buffer, start: usize, big: bool) -> usize {
    let kind = class(buffer, start, big);
    let mut at = start;
    while at < buffer.len() && class(buffer, at, big) == kind {
        at += 1;
    }
    at
}

pub(super) fn next_word(buffer: &Buffer, at: usize, big: bool) -> usize {
    let end = match class(buffer, at, big) {
        0 => at,
        _ => word_end(buffer, at, big),
    };
    match class(buffer, end, big) {
        0 => word_end(buffer, end, big),
        _ => end,
    }
}

pub(super) fn word_before(buffer: &Buffer, mut at: usize, big: bool) -> usize {
    while at > 0 && class(buffer, at - 1, big) == 0 {
        at -= 1;
    }
    let kind = class(buffer, at.saturating_sub(1), big);
    while at > 0 && class(buffer, at - 1, big) == kind {
        at -= 1;
    }
    at
}
