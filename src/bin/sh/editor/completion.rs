//! Completion with Tab: of commands, files, variables, users and jobs.
//!
//! The typed text stays unchanged. The missing part is inserted after it, in the same quotes. So `"$HOME"/a` and `~/a` are
//! completed by the files that they stand for, but are not replaced by their expansions.

mod candidates;
mod word;

use alloc::vec::Vec;

use nestling::text::{Sink, Text};

use super::Session;
use crate::interactive;
use crate::shell::{Divert, Shell, text};
use candidates::Candidates;
use nestling_shell::characters;
use nestling_shell::editor::keys::Key;
use nestling_shell::editor::width::width;
use word::Word;

/// With more candidates than this, the user is asked before they are listed.
const MANY: usize = 100;

/// Completes the word before the cursor as far as all candidates agree. If nothing can be added, rings the bell, or lists the
/// candidates if `again`.
pub fn complete(session: &mut Session, shell: &mut Shell, again: bool) -> Result<(), Divert> {
    let Some((word, found)) = find(session, shell) else {
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
                show(session, shell, &found)?;
            } else {
                session.screen.bell();
            }
            return Ok(());
        }
        (0, 0)
    } else {
        (word.quote, found.typed.len())
    };
    let common = more.iter().fold(first.len(), |length, (name, _)| {
        let pairs = first.iter().zip(name).take(length);
        pairs.take_while(|(one, other)| one == other).count()
    });
    let is_inside = |at: &usize| !characters::is_boundary(first, *at, shell.utf8);
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
            show(session, shell, &found)?;
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
pub fn list(session: &mut Session, shell: &mut Shell) -> Result<(), Divert> {
    match find(session, shell) {
        Some((_, found)) if !found.names.is_empty() => show(session, shell, &found),
        _ => {
            session.screen.bell();
            Ok(())
        }
    }
}

/// Replaces the word with all candidates.
pub fn insert_all(session: &mut Session, shell: &mut Shell) {
    let found = find(session, shell);
    let Some((word, found)) = found.filter(|(_, found)| !found.names.is_empty()) else {
        return session.screen.bell();
    };
    let at = session.buffer.at();
    // Each candidate begins with its directory as it was typed.
    let (start, quote) = match found.is_whole {
        true => (found.start, 0),
        false => (word.start, word.component.2),
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

fn find(session: &Session, shell: &mut Shell) -> Option<(Word, Candidates)> {
    let line = session.buffer.part(0, session.buffer.at());
    let word = Word::last(shell, line)?;
    let found = Candidates::of(shell, &word, line);
    Some((word, found))
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
fn show(session: &mut Session, shell: &mut Shell, found: &Candidates) -> Result<(), Divert> {
    session.screen.begin_below(session.buffer.text());
    session.is_below = true;
    let shown = list_names(session, shell, found);
    session.is_below = false;
    session.screen.end_below(interactive::size(shell));
    shown
}

fn list_names(session: &mut Session, shell: &mut Shell, found: &Candidates) -> Result<(), Divert> {
    if found.names.len() > MANY {
        let screen = &mut session.screen;
        text!("List all ", found.names.len(), " possibilities (y/n)? ").write(screen);
        let lists = loop {
            match session.key(shell)? {
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
        let mut text = characters::printable(name, shell.utf8);
        text.extend(Some(*end).filter(|&end| end == b'/'));
        text
    };
    let names: Vec<Vec<u8>> = found.names.iter().map(shown).collect();
    let widths = names.iter().map(|name| columns_of(name, shell.utf8));
    let width = widths.max().unwrap_or_default() + 2;
    let count = ((columns + 1) / width).max(1);
    let rows = names.len().div_ceil(count);
    // The number of rows that can be written before the list pauses for a key.
    let mut left = session.screen.height() - 1;
    for row in 0..rows {
        if left == 0 {
            session.screen.put(b"--More--");
            let key = session.key(shell)?;
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
            missing = width - columns_of(name, shell.utf8);
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
