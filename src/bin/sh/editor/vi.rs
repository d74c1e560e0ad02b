//! vi's keys (XCU `sh`, Command Line Editing). In insert mode, most keys do the same as with emacs' keys. Command mode has all
//! commands of POSIX, and some commands of mksh (59c, compared at a terminal; Debian's busybox ash has no vi mode):
//!
//! | Command | Here | mksh |
//! |---|---|---|
//! | `%` | to the partner of the next bracket | same |
//! | `g`, after a number | that command; without, the latest | same |
//! | `C-e`, `C-f`, `C-x` | as in emacs' mode | list, complete, insert all completions; both have `=`, `\`, `*` for these, too |
//! | Tab | completes | same, by an option |
//! | arrows, Home, End, Delete | move, delete | |

use alloc::vec::Vec;

use super::emacs::MOST;
use super::kept::Change;
use super::{Act, End, Last, Mode, Session, completion, emacs, recased, search};
use crate::history::words;
use crate::shell::{Divert, Shell};
use nestling_shell::editor::buffer::Buffer;
use nestling_shell::editor::case;
use nestling_shell::editor::keys::Key;
use nestling_shell::pattern::Pattern;

/// The character that `f`, `F`, `t` or `T` searched for last, and which of these commands it was.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    how: u8,
    character: Vec<u8>,
}

/// The greatest number of macros that can follow one key. The limit stops a macro that calls itself.
const MOST_MACROS: u32 = 100;

/// Handles a key in insert mode or replace mode.
pub fn insert(session: &mut Session, shell: &mut Shell, key: Key) -> Act {
    let last = core::mem::replace(&mut session.last, Last::Other);
    let buffer = &mut session.buffer;
    let at = buffer.at();
    match key {
        Key::C(b'[') => {
            let before = buffer.before(at);
            buffer.go(before);
            session.mode = Mode::Command;
            remember(session, shell);
        }
        Key::Text(text) => {
            let end = match session.mode {
                Mode::Replace => buffer.after(at),
                _ => at,
            };
            buffer.replace(at, end, &text);
            if *text == *b"\\" {
                session.last = Last::Backslash;
            }
        }
        // After a backslash, these special keys are inserted as text.
        Key::C(letter @ (b'H' | b'?' | b'U')) if last == Last::Backslash => {
            buffer.replace(at - 1, at, &[letter ^ 0x40]);
        }
        Key::C(b'U') => session.kill(shell, 0, session.buffer.len(), false),
        Key::C(b'W') => {
            let start = word_before(buffer, at, false);
            session.kill(shell, start, at, last == Last::Kill);
        }
        Key::C(b'D') if !buffer.is_empty() => session.screen.bell(),
        Key::C(b'J' | b'M') => {
            // The Escape completes the command for a `.` in the next line.
            session.log.pop();
            session.log.push(0x1b);
            remember(session, shell);
            return Ok(Some(End::Line));
        }
        key => {
            session.last = last;
            return emacs::act(session, shell, key);
        }
    }
    Ok(None)
}

/// Records the command for `.`, if it has changed the line.
fn remember(session: &mut Session, shell: &mut Shell) {
    if core::mem::take(&mut session.is_change) {
        shell.interactive.editor.change = Change {
            keys: session.log.clone(),
            count: session.former_count,
        };
    }
}

/// Handles a key in command mode.
pub fn command(session: &mut Session, shell: &mut Shell, key: Key) -> Act {
    let letter = match key {
        Key::Text(text) => match *text {
            [digit @ b'0'..=b'9'] if digit != b'0' || session.count.is_some() => {
                add_digit(&mut session.count, digit);
                return Ok(None);
            }
            [letter] => letter,
            _ => 0,
        },
        // These keys do the same as a letter.
        Key::C(b'A') => b'0',
        Key::C(b'E') => b'$',
        Key::C(b'B' | b'H' | b'?') => b'h',
        Key::C(b'F') => b'l',
        Key::C(b'P') => b'k',
        Key::C(b'N') => b'j',
        Key::Delete => b'x',
        Key::C(b'D') if !session.buffer.is_empty() => 0,
        Key::C(b'C' | b'D' | b'J' | b'L' | b'M') | Key::Paste => {
            session.count = None;
            return emacs::act(session, shell, key);
        }
        _ => 0,
    };
    session.log.clear();
    session.log.push(letter);
    session.former_count = session.count.take();
    session.buffer.begin();
    session.is_change = false;
    let end = once(session, shell, letter, session.former_count)?;
    if session.mode == Mode::Command {
        remember(session, shell);
        // In command mode the cursor is on a character, not after the last one.
        let buffer = &mut session.buffer;
        if buffer.at() == buffer.len() {
            buffer.go(buffer.before(buffer.len()));
        }
    }
    Ok(end)
}

fn add_digit(count: &mut Option<usize>, digit: u8) {
    let number = count.unwrap_or_default() * 10 + usize::from(digit - b'0');
    *count = Some(number.min(MOST));
}

/// Carries out a command once. It is one long `match`, because it is the table of vi's commands: an arm for each, in few lines.
fn once(session: &mut Session, shell: &mut Shell, letter: u8, count: Option<usize>) -> Act {
    let times = count.unwrap_or(1);
    let buffer = &mut session.buffer;
    let (at, end) = (buffer.at(), buffer.len());
    let behind = (0..times.min(end)).fold(at, |at, _| buffer.after(at));
    match letter {
        b'a' => inserts(session, Mode::Insert, buffer_after(session)),
        b'A' => inserts(session, Mode::Insert, end),
        b'i' => inserts(session, Mode::Insert, at),
        b'I' => inserts(session, Mode::Insert, 0),
        b'R' => inserts(session, Mode::Replace, at),
        b'c' | b'd' | b'y' => return operate(session, shell, letter, count),
        b'C' => change(session, shell, b'c', at, end),
        b'D' => change(session, shell, b'd', at, end),
        b'Y' => change(session, shell, b'y', at, end),
        b'S' => change(session, shell, b'c', 0, end),
        b's' => change(session, shell, b'c', at, behind),
        b'x' => change(session, shell, b'd', at, behind),
        b'X' => {
            let start = (0..times.min(end)).fold(at, |at, _| buffer.before(at));
            change(session, shell, b'd', start, at);
        }
        b'r' => {
            if let Some(Key::Text(character)) = session.key(shell)? {
                session.is_change = true;
                replace_each(session, at, behind, |_| character.clone());
                session
                    .buffer
                    .go(session.buffer.before(session.buffer.at()));
            }
        }
        b'~' => {
            session.is_change = true;
            replace_each(session, at, behind, |character| {
                recased(character, shell.utf8, |code| match case::upper(code) {
                    same if same == code => case::lower(code),
                    capital => capital,
                })
            });
        }
        b'p' | b'P' => {
            let kill = shell.interactive.editor.kills.last();
            if letter == b'p' {
                buffer.go(buffer.after(at));
            }
            for _ in 0..times {
                buffer.insert(kill);
                if buffer.refused {
                    break;
                }
            }
            buffer.go(buffer.before(buffer.at()));
            session.is_change = true;
        }
        b'u' if buffer.undo() => {}
        b'u' => session.screen.bell(),
        b'U' => while buffer.undo() {},
        b'.' if session.macros < MOST_MACROS => {
            session.macros += 1;
            let change = &shell.interactive.editor.change;
            session.count = count.or(change.count);
            session.ahead.extend(change.keys.iter().rev());
        }
        b'_' => {
            let history = &shell.interactive.history;
            let Some(command) = history.get(history.end() - 1) else {
                session.screen.bell();
                return Ok(None);
            };
            let mut text = b" ".to_vec();
            let number = count.map(|count| count.saturating_sub(1));
            text.extend_from_slice(words::word(command, number));
            inserts(session, Mode::Insert, buffer_after(session));
            session.buffer.insert(&text);
        }
        b'@' => {
            if let Some(Key::Text(letter)) = session.key(shell)?
                && let Some(name) = shell.symbols.find(&[b"_", &letter[..]].concat())
                && let Some(text) = shell.aliases.get(name)
                && session.macros < MOST_MACROS
            {
                session.macros += 1;
                session.ahead.extend(text.iter().rev());
            }
        }
        b'#' => return session.comment(),
        b'v' => {
            if count.is_none_or(|number| session.show(shell, number)) {
                return session.edit_elsewhere(shell);
            }
        }
        b'=' => {
            buffer.go(buffer.after(at));
            completion::list(session, shell)?;
            session.buffer.go(at);
        }
        b'\\' | b'*' => {
            inserts(session, Mode::Insert, buffer_after(session));
            match letter {
                b'*' => completion::insert_all(session, shell),
                _ => completion::complete(session, shell, false)?,
            }
        }
        b'k' | b'-' | b'j' | b'+' => {
            let back = matches!(letter, b'k' | b'-');
            let history = &shell.interactive.history;
            let number = match back {
                true => session.number.saturating_sub(times),
                false => session.number + times,
            };
            // A count that is too large stops at the first or the last line.
            let number = number.clamp(history.first(), history.end());
            match number == session.number {
                true => session.screen.bell(),
                false => go_to_command(session, shell, number),
            }
        }
        b'G' => {
            let number = count.unwrap_or(shell.interactive.history.first());
            go_to_command(session, shell, number);
        }
        b'g' => {
            let last = shell.interactive.history.end().saturating_sub(1);
            go_to_command(session, shell, count.unwrap_or(last));
        }
        b'/' | b'?' => {
            if let Some(pattern) = read_pattern(session, shell, letter)? {
                let kept = &mut shell.interactive.editor;
                if !pattern.is_empty() {
                    kept.pattern = pattern;
                }
                kept.is_back = letter == b'/';
                look_for(session, shell, letter == b'/');
            }
        }
        b'n' => look_for(session, shell, shell.interactive.editor.is_back),
        b'N' => look_for(session, shell, !shell.interactive.editor.is_back),
        letter => match motion(session, shell, letter, count)? {
            Some((place, _)) => session.buffer.go(place),
            None => session.screen.bell(),
        },
    }
    Ok(None)
}

fn buffer_after(session: &Session) -> usize {
    session.buffer.after(session.buffer.at())
}

/// Enters a mode that inserts text.
fn inserts(session: &mut Session, mode: Mode, at: usize) {
    session.buffer.go(at);
    session.mode = mode;
    session.is_change = true;
}

fn go_to_command(session: &mut Session, shell: &Shell, number: usize) {
    if session.show(shell, number) {
        session.buffer.go(0);
    }
}

fn replace_each(session: &mut Session, start: usize, end: usize, with: impl Fn(&[u8]) -> Vec<u8>) {
    let buffer = &mut session.buffer;
    let mut at = start;
    let mut text = Vec::new();
    while at < end {
        let after = buffer.after(at);
        text.extend(with(buffer.part(at, after)));
        at = after;
    }
    buffer.replace(start, end, &text);
}

/// Executes `c`, `d` or `y` with the motion that follows it.
fn operate(session: &mut Session, shell: &mut Shell, letter: u8, count: Option<usize>) -> Act {
    let mut more = None;
    let motion_letter = loop {
        match session.key(shell)? {
            Some(Key::Text(text)) => match *text {
                [digit @ b'0'..=b'9'] if digit != b'0' || more.is_some() => {
                    add_digit(&mut more, digit);
                }
                [letter] => break letter,
                _ => return Ok(None),
            },
            Some(Key::C(b'C')) => return session.interrupt(shell),
            Some(Key::C(b'B' | b'H' | b'?')) => break b'h',
            Some(Key::C(b'F')) => break b'l',
            _ => return Ok(None),
        }
    };
    let count = match (count, more) {
        (Some(count), Some(more)) => Some((count * more).min(MOST)),
        _ => count.or(more),
    };
    let (at, end) = (session.buffer.at(), session.buffer.len());
    if motion_letter == letter {
        change(session, shell, letter, 0, end);
        return Ok(None);
    }
    let buffer = &session.buffer;
    let big = motion_letter == b'W';
    let is_word = letter == b'c' && matches!(motion_letter, b'w' | b'W');
    let (start, end) = if is_word && class(buffer, at, big) != 0 {
        // `cw` does not change the blanks after the word.
        let start = (1..count.unwrap_or(1)).fold(at, |at, _| next_word(buffer, at, big));
        (at, word_end(buffer, start, big))
    } else {
        let Some((place, inclusive)) = motion(session, shell, motion_letter, count)? else {
            session.screen.bell();
            return Ok(None);
        };
        let mut end = at.max(place);
        if inclusive {
            end = session.buffer.after(end);
        }
        (at.min(place), end)
    };
    change(session, shell, letter, start, end);
    Ok(None)
}

/// Changes, deletes or only copies a part of the line.
fn change(session: &mut Session, shell: &mut Shell, letter: u8, start: usize, end: usize) {
    let part = session.buffer.part(start, end);
    if !part.is_empty() {
        shell.interactive.editor.kills.keep(part, false, true);
    }
    session.is_change = letter != b'y';
    if letter != b'y' {
        session.buffer.replace(start, end, b"");
        session.buffer.go(start);
    }
    if letter == b'c' {
        session.mode = Mode::Insert;
    }
}

/// Returns where a motion leads to, and whether an operator includes the character there.
fn motion(
    session: &mut Session,
    shell: &mut Shell,
    letter: u8,
    count: Option<usize>,
) -> Result<Option<(usize, bool)>, Divert> {
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
            let Some(Key::Text(character)) = session.key(shell)? else {
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
fn class(buffer: &Buffer, at: usize, big: bool) -> u8 {
    match buffer.text().get(at) {
        None => 0,
        Some(byte) if byte.is_ascii_whitespace() => 0,
        Some(byte) if big || byte.is_ascii_alphanumeric() || matches!(byte, b'_' | 0x80..) => 1,
        _ => 2,
    }
}

fn word_end(buffer: &Buffer, start: usize, big: bool) -> usize {
    let kind = class(buffer, start, big);
    let mut at = start;
    while at < buffer.len() && class(buffer, at, big) == kind {
        at += 1;
    }
    at
}

fn next_word(buffer: &Buffer, at: usize, big: bool) -> usize {
    let end = match class(buffer, at, big) {
        0 => at,
        _ => word_end(buffer, at, big),
    };
    match class(buffer, end, big) {
        0 => word_end(buffer, end, big),
        _ => end,
    }
}

fn word_before(buffer: &Buffer, mut at: usize, big: bool) -> usize {
    while at > 0 && class(buffer, at - 1, big) == 0 {
        at -= 1;
    }
    let kind = class(buffer, at.saturating_sub(1), big);
    while at > 0 && class(buffer, at - 1, big) == kind {
        at -= 1;
    }
    at
}

/// Lets the user type a search pattern, which the screen shows in place of the command. Returns `None` if the user cancels the search.
fn read_pattern(
    session: &mut Session,
    shell: &mut Shell,
    letter: u8,
) -> Result<Option<Vec<u8>>, Divert> {
    let pattern = Buffer::new(shell.utf8);
    let line = core::mem::replace(&mut session.buffer, pattern);
    session.screen.notice.push(letter);
    session.asks = true;
    let is_complete = loop {
        let key = session.key(shell);
        let buffer = &mut session.buffer;
        let at = buffer.at();
        match key {
            Ok(Some(Key::Text(text))) => buffer.insert(&text),
            Ok(Some(Key::C(b'H' | b'?'))) if at > 0 => buffer.replace(buffer.before(at), at, b""),
            Ok(Some(Key::Paste)) => {
                if let Err(divert) = session.paste(shell) {
                    break Err(divert);
                }
            }
            Ok(Some(Key::C(b'U'))) => buffer.load(b""),
            Ok(Some(Key::C(b'J' | b'M'))) => break Ok(true),
            Ok(_) => break Ok(false),
            Err(divert) => break Err(divert),
        }
    };
    session.screen.notice.clear();
    session.asks = false;
    let pattern = core::mem::replace(&mut session.buffer, line).take();
    is_complete.map(|is_complete| is_complete.then_some(pattern))
}

/// Goes to the next command that contains the pattern. After a `^`, the pattern must match the beginning of the command.
fn look_for(session: &mut Session, shell: &mut Shell, back: bool) {
    let interactive = &shell.interactive;
    let (is_anchored, text) = match &interactive.editor.pattern[..] {
        [b'^', text @ ..] => (true, text),
        text => (false, text),
    };
    let pattern = Pattern::new(text, shell.utf8);
    let matches = |command: &[u8]| match is_anchored {
        true => pattern.prefix(command, false).is_some(),
        false => pattern.find(command, 0).is_some(),
    };
    match search::find(session, &interactive.history, session.number, back, matches) {
        Some(number) if !text.is_empty() => go_to_command(session, shell, number),
        _ => session.screen.bell(),
    }
}
