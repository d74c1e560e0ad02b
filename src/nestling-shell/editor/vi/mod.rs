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

mod motion;

use alloc::vec::Vec;

use super::actions::recased;
use super::buffer::Buffer;
use super::emacs::MOST;
use super::host::Host;
use super::keys::Key;
use super::session::{Act, Change, End, Last, Mode, Session};
use super::{case, completion, emacs, search, words};
use crate::pattern::Pattern;
pub(super) use motion::Sought;
use motion::{class, motion, next_word, word_before, word_end};

/// The greatest number of macros that can follow one key. The limit stops a macro that calls itself.
const MOST_MACROS: u32 = 100;

/// Handles a key in insert mode or replace mode.
pub(super) fn insert<H: Host>(session: &mut Session, host: &mut H, key: Key) -> Act<H> {
    let last = core::mem::replace(&mut session.last, Last::Other);
    let buffer = &mut session.buffer;
    let at = buffer.at();
    match key {
        Key::C(b'[') => {
            let before = buffer.before(at);
            buffer.go(before);
            session.mode = Mode::Command;
            remember(session);
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
        Key::C(b'U') => session.kill(0, session.buffer.len(), false),
        Key::C(b'W') => {
            let start = word_before(buffer, at, false);
            session.kill(start, at, last == Last::Kill);
        }
        Key::C(b'D') if !buffer.is_empty() => session.screen.bell(),
        Key::C(b'J' | b'M') => {
            // The Escape completes the command for a `.` in the next line.
            session.log.pop();
            session.log.push(0x1b);
            remember(session);
            return Ok(Some(End::Line));
        }
        key => {
            session.last = last;
            return emacs::act(session, host, key);
        }
    }
    Ok(None)
}

/// Records the command for `.`, if it has changed the line.
fn remember(session: &mut Session) {
    if core::mem::take(&mut session.is_change) {
        session.kept.change = Change {
            keys: session.log.clone(),
            count: session.former_count,
        };
    }
}

/// Handles a key in command mode.
pub(super) fn command<H: Host>(session: &mut Session, host: &mut H, key: Key) -> Act<H> {
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
            return emacs::act(session, host, key);
        }
        _ => 0,
    };
    session.log.clear();
    session.log.push(letter);
    session.former_count = session.count.take();
    session.buffer.begin();
    session.is_change = false;
    let end = once(session, host, letter, session.former_count)?;
    if session.mode == Mode::Command {
        remember(session);
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
fn once<H: Host>(session: &mut Session, host: &mut H, letter: u8, count: Option<usize>) -> Act<H> {
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
        b'c' | b'd' | b'y' => return operate(session, host, letter, count),
        b'C' => change(session, b'c', at, end),
        b'D' => change(session, b'd', at, end),
        b'Y' => change(session, b'y', at, end),
        b'S' => change(session, b'c', 0, end),
        b's' => change(session, b'c', at, behind),
        b'x' => change(session, b'd', at, behind),
        b'X' => {
            let start = (0..times.min(end)).fold(at, |at, _| buffer.before(at));
            change(session, b'd', start, at);
        }
        b'r' => {
            if let Some(Key::Text(character)) = session.key(host)? {
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
                recased(character, host.utf8(), |code| match case::upper(code) {
                    same if same == code => case::lower(code),
                    capital => capital,
                })
            });
        }
        b'p' | b'P' => put(session, letter, times),
        b'u' if buffer.undo() => {}
        b'u' => session.screen.bell(),
        b'U' => while buffer.undo() {},
        b'.' if session.macros < MOST_MACROS => {
            session.macros += 1;
            let change = &session.kept.change;
            session.count = count.or(change.count);
            session.ahead.extend(change.keys.iter().rev());
        }
        b'_' => append_word(session, host, count),
        b'@' => run_macro(session, host)?,
        b'#' => {
            session.comment();
            return Ok(Some(End::Line));
        }
        b'v' => {
            if count.is_none_or(|number| session.show(host, number)) {
                return session.edit_elsewhere(host);
            }
        }
        b'=' => {
            buffer.go(buffer.after(at));
            completion::list(session, host)?;
            session.buffer.go(at);
        }
        b'\\' | b'*' => {
            inserts(session, Mode::Insert, buffer_after(session));
            match letter {
                b'*' => completion::insert_all(session, host),
                _ => completion::complete(session, host, false)?,
            }
        }
        b'k' | b'-' => go_by_commands(session, host, true, times),
        b'j' | b'+' => go_by_commands(session, host, false, times),
        b'G' => {
            let number = count.unwrap_or(host.history().first());
            go_to_command(session, host, number);
        }
        b'g' => {
            let last = host.history().end().saturating_sub(1);
            go_to_command(session, host, count.unwrap_or(last));
        }
        b'/' | b'?' => {
            if let Some(pattern) = read_pattern(session, host, letter)? {
                let kept = &mut session.kept;
                if !pattern.is_empty() {
                    kept.pattern = pattern;
                }
                kept.is_back = letter == b'/';
                look_for(session, host, letter == b'/');
            }
        }
        b'n' => look_for(session, host, session.kept.is_back),
        b'N' => look_for(session, host, !session.kept.is_back),
        letter => match motion(session, host, letter, count)? {
            Some((place, _)) => session.buffer.go(place),
            None => session.screen.bell(),
        },
    }
    Ok(None)
}

/// `p` and `P`: inserts the text that was deleted last, after the cursor or before it.
fn put(session: &mut Session, letter: u8, times: usize) {
    let buffer = &mut session.buffer;
    let kill = session.kept.kills.last();
    if letter == b'p' {
        buffer.go(buffer.after(buffer.at()));
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

/// `_`: appends a word of the last command, and begins to insert text.
fn append_word<H: Host>(session: &mut Session, host: &H, count: Option<usize>) {
    let history = host.history();
    let Some(command) = history.get(history.end() - 1) else {
        return session.screen.bell();
    };
    let mut text = b" ".to_vec();
    let number = count.map(|count| count.saturating_sub(1));
    text.extend_from_slice(words::word(command, number));
    inserts(session, Mode::Insert, buffer_after(session));
    session.buffer.insert(&text);
}

/// `@` and a letter: does the keys of a macro.
fn run_macro<H: Host>(session: &mut Session, host: &mut H) -> Result<(), H::Divert> {
    if let Some(Key::Text(letter)) = session.key(host)?
        && let Some(text) = host.keys_of_macro(&letter)
        && session.macros < MOST_MACROS
    {
        session.macros += 1;
        session.ahead.extend(text.iter().rev());
    }
    Ok(())
}

/// Goes this many commands back or forth in the history.
fn go_by_commands<H: Host>(session: &mut Session, host: &H, back: bool, times: usize) {
    let history = host.history();
    let number = match back {
        true => session.number.saturating_sub(times),
        false => session.number + times,
    };
    // A count that is too large stops at the first or the last line.
    let number = number.clamp(history.first(), history.end());
    match number == session.number {
        true => session.screen.bell(),
        false => go_to_command(session, host, number),
    }
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

fn go_to_command<H: Host>(session: &mut Session, host: &H, number: usize) {
    if session.show(host, number) {
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
fn operate<H: Host>(
    session: &mut Session,
    host: &mut H,
    letter: u8,
    count: Option<usize>,
) -> Act<H> {
    let mut more = None;
    let motion_letter = loop {
        match session.key(host)? {
            Some(Key::Text(text)) => match *text {
                [digit @ b'0'..=b'9'] if digit != b'0' || more.is_some() => {
                    add_digit(&mut more, digit);
                }
                [letter] => break letter,
                _ => return Ok(None),
            },
            Some(Key::C(b'C')) => return Err(session.interrupt(host)),
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
        change(session, letter, 0, end);
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
        let Some((place, inclusive)) = motion(session, host, motion_letter, count)? else {
            session.screen.bell();
            return Ok(None);
        };
        let mut end = at.max(place);
        if inclusive {
            end = session.buffer.after(end);
        }
        (at.min(place), end)
    };
    change(session, letter, start, end);
    Ok(None)
}

/// Changes, deletes or only copies a part of the line.
fn change(session: &mut Session, letter: u8, start: usize, end: usize) {
    let part = session.buffer.part(start, end);
    if !part.is_empty() {
        session.kept.kills.keep(part, false, true);
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

/// Lets the user type a search pattern, which the screen shows in place of the command. Returns `None` if the user cancels the search.
fn read_pattern<H: Host>(
    session: &mut Session,
    host: &mut H,
    letter: u8,
) -> Result<Option<Vec<u8>>, H::Divert> {
    let pattern = Buffer::new(host.utf8());
    let line = core::mem::replace(&mut session.buffer, pattern);
    session.screen.notice.push(letter);
    session.asks = true;
    let is_complete = loop {
        let key = session.key(host);
        let buffer = &mut session.buffer;
        let at = buffer.at();
        match key {
            Ok(Some(Key::Text(text))) => buffer.insert(&text),
            Ok(Some(Key::C(b'H' | b'?'))) if at > 0 => buffer.replace(buffer.before(at), at, b""),
            Ok(Some(Key::Paste)) => {
                if let Err(divert) = session.paste(host) {
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
fn look_for<H: Host>(session: &mut Session, host: &H, back: bool) {
    let (is_anchored, text) = match &session.kept.pattern[..] {
        [b'^', text @ ..] => (true, text),
        text => (false, text),
    };
    let pattern = Pattern::new(text, host.utf8());
    let matches = |command: &[u8]| match is_anchored {
        true => pattern.prefix(command, false).is_some(),
        false => pattern.find(command, 0).is_some(),
    };
    match search::find(session, host.history(), session.number, back, matches) {
        Some(number) if !text.is_empty() => go_to_command(session, host, number),
        _ => session.screen.bell(),
    }
}
