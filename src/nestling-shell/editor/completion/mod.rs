//! Completion with Tab. The [host](super::Host::complete) finds the [candidates](Candidates).
//!
//! The typed text stays unchanged. The missing part is inserted after it, in the same quotes. So `"$HOME"/a` and `~/a` are
//! completed by the files that they stand for, but are not replaced by their expansions.

mod candidates;
mod word;

use alloc::vec::Vec;

use nestling::text::{Sink, Text};

use super::host::Host;
use super::keys::Key;
use super::session::Session;
use super::width::width;
use crate::characters;
pub use candidates::{Candidates, Only};
pub use word::Word;

/// With more candidates than this, the user is asked before they are listed.
const MANY: usize = 100;

/// Completes the word before the cursor as far as all candidates agree. If nothing can be added, rings the bell, or lists the
/// candidates if `again`.
pub(super) fn complete<H: Host>(
    session: &mut Session,
    host: &mut H,
    again: bool,
) -> Result<(), H::Divert> {
    let Some(found) = find(session, host) else {
        session.screen.bell();
        return Ok(());
    };
    let [(first, end), more @ ..] = &found.names[..] else {
        session.screen.bell();
        return Ok(());
    };
    let mut text = Vec::new();
    let (quote, length) = if found.is_whole {
        if !more.is_empty() {
            if again {
                show(session, host, &found)?;
            } else {
                session.screen.bell();
            }
            return Ok(());
        }
        (0, 0)
    } else {
        (found.quote, found.typed.len())
    };
    let common = more.iter().fold(first.len(), |length, (name, _)| {
        let pairs = first.iter().zip(name).take(length);
        pairs.take_while(|(one, other)| one == other).count()
    });
    let is_inside = |at: &usize| !characters::is_boundary(first, *at, host.utf8());
    let common = common
        - (0..common)
            .take_while(|back| is_inside(&(common - back)))
            .count();
    let added = first.get(length..common).unwrap_or_default();
    add(
        added,
        if found.is_plain { None } else { Some(quote) },
        &mut text,
    );
    if more.is_empty() {
        let closing: &[u8] = match quote {
            0 => b"",
            b'$' => b"'",
            _ => core::slice::from_ref(&quote),
        };
        match end {
            b'/' => text.push(b'/'),
            b'}' => text.push(b'}'),
            _ if found.is_plain && quote != 0 => {}
            _ => {
                text.extend_from_slice(closing);
                text.push(b' ');
            }
        }
    }
    if text.is_empty() {
        if again {
            show(session, host, &found)?;
        } else {
            session.screen.bell();
        }
        return Ok(());
    }
    let at = session.buffer.at();
    let start = if found.is_whole { found.start } else { at };
    // A slash or brace that follows the cursor is not inserted again.
    let rest = session.buffer.part(at, session.buffer.len());
    if matches!(text.last(), Some(b'/' | b'}')) && rest.first() == text.last() {
        text.pop();
    }
    session.buffer.replace(start, at, &text);
    Ok(())
}

/// Lists the candidates.
pub(super) fn list<H: Host>(session: &mut Session, host: &mut H) -> Result<(), H::Divert> {
    match find(session, host) {
        Some(found) if !found.names.is_empty() => show(session, host, &found),
        _ => {
            session.screen.bell();
            Ok(())
        }
    }
}

/// Replaces the word with all candidates.
pub(super) fn insert_all<H: Host>(session: &mut Session, host: &mut H) {
    let found = find(session, host);
    let Some(found) = found.filter(|found| !found.names.is_empty()) else {
        return session.screen.bell();
    };
    let at = session.buffer.at();
    // Each candidate begins with its directory as it was typed.
    let (start, quote) = match found.is_whole {
        true => (found.start, 0),
        false => (found.word, found.outer_quote),
    };
    let mut before = session.buffer.part(start, found.start.min(at)).to_vec();
    match quote {
        0 => {}
        b'$' => before.push(b'\''),
        quote => before.push(quote),
    }
    let mut text = Vec::new();
    for (name, end) in &found.names {
        text.extend_from_slice(&before);
        add(name, if found.is_plain { None } else { Some(0) }, &mut text);
        if *end != b' ' {
            text.push(*end);
        }
        text.push(b' ');
    }
    session.buffer.replace(start, at, &text);
}

fn find<H: Host>(session: &Session, host: &mut H) -> Option<Candidates> {
    let line = session.buffer.part(0, session.buffer.at());
    let mut found = host.complete(line)?;
    found.sort();
    Some(found)
}

/// Appends a part of a name inside of an open `quote`. `None` appends it without any quoting.
fn add(name: &[u8], quote: Option<u8>, out: &mut Vec<u8>) {
    let Some(quote) = quote else {
        return out.extend_from_slice(name);
    };
    let mut is_control = false;
    for &byte in name {
        let escapes = byte < 0x20 || byte == 0x7f;
        if escapes != is_control && quote != b'$' {
            // Control characters are quoted separately, with `$'`.
            let closing = if quote == 0 { None } else { Some(quote) };
            if escapes {
                out.extend(closing);
                out.extend_from_slice(b"$'");
            } else {
                out.push(b'\'');
                out.extend(closing);
            }
        }
        is_control = escapes;
        match (quote, byte) {
            _ if escapes => {
                let digits = [byte >> 6, byte >> 3 & 7, byte & 7];
                out.push(b'\\');
                out.extend(digits.map(|digit| digit + b'0'));
            }
            (b'\'', b'\'') => out.extend_from_slice(b"'\\''"),
            (b'\'', _) => out.push(byte),
            (b'"', b'$' | b'`' | b'"' | b'\\') | (b'$', b'\'' | b'\\') => out.extend([b'\\', byte]),
            (0, byte) if b" |&;<>()$`\\\"'*?[]#~{}!".contains(&byte) => out.extend([b'\\', byte]),
            _ => out.push(byte),
        }
    }
    if is_control && quote != b'$' {
        out.push(b'\'');
        out.extend(Some(quote).filter(|&quote| quote != 0));
    }
}

/// Lists names in columns below the line, one page at a time. Asks first if there are many.
fn show<H: Host>(session: &mut Session, host: &mut H, found: &Candidates) -> Result<(), H::Divert> {
    session.screen.begin_below(session.buffer.text());
    session.is_below = true;
    let shown = list_names(session, host, found);
    session.is_below = false;
    session.screen.end_below(host.size());
    shown
}

fn list_names<H: Host>(
    session: &mut Session,
    host: &mut H,
    found: &Candidates,
) -> Result<(), H::Divert> {
    if found.names.len() > MANY {
        let screen = &mut session.screen;
        screen.put(b"List all ");
        found.names.len().write(screen);
        screen.put(b" possibilities (y/n)? ");
        let lists = loop {
            match session.key(host)? {
                Some(Key::Text(text)) if matches!(&text[..], b"y" | b"Y" | b" ") => break true,
                Some(Key::C(b'I')) => break true,
                Some(Key::Text(text)) if !matches!(&text[..], b"n" | b"N") => {
                    session.screen.bell();
                }
                _ => break false,
            }
        };
        session.screen.put(b"\r\n");
        if !lists {
            return Ok(());
        }
    }
    let columns = session.screen.columns();
    let shown = |(name, end): &(Vec<u8>, u8)| {
        let mut text = characters::printable(name, host.utf8());
        text.extend(Some(*end).filter(|&end| end == b'/'));
        text
    };
    let names: Vec<Vec<u8>> = found.names.iter().map(shown).collect();
    let widths = names.iter().map(|name| columns_of(name, host.utf8()));
    let width = widths.max().unwrap_or_default() + 2;
    let count = ((columns + 1) / width).max(1);
    let rows = names.len().div_ceil(count);
    // The number of rows that can be written before the list pauses for a key.
    let mut left = session.screen.height() - 1;
    for row in 0..rows {
        if left == 0 {
            session.screen.put(b"--More--");
            let key = session.key(host)?;
            session.screen.put(b"\r\x1b[K");
            left = match key {
                Some(Key::C(b'J' | b'M')) => 1,
                Some(Key::C(b'I')) => session.screen.height() - 1,
                Some(Key::Text(text)) if matches!(&text[..], b" " | b"y") => {
                    session.screen.height() - 1
                }
                _ => break,
            };
        }
        left -= 1;
        let mut missing = 0;
        for name in names.iter().skip(row).step_by(rows) {
            (0..missing).for_each(|_| session.screen.put(b" "));
            session.screen.put(name);
            missing = width - columns_of(name, host.utf8());
        }
        session.screen.put(b"\r\n");
    }
    Ok(())
}

fn columns_of(mut name: &[u8], utf8: bool) -> usize {
    let mut columns = 0;
    while let Some((code, length)) = characters::decode(name, utf8) {
        columns += width(code);
        name = name.get(length..).unwrap_or_default();
    }
    columns
}
