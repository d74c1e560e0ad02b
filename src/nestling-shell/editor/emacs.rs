//! Emacs' keys.
//!
//! # Beside others
//!
//! The table shows what each key does here, in busybox's ash (1.35) and in mksh (59c), as tried at a terminal. `C-` is Control,
//! `M-` is Alt, or Escape before the key. A word consists of letters and digits. For the key with the upper-case letter, it
//! consists of all characters that are not blank (as in mksh).
//!
//! | Key | Here | ash | mksh |
//! |---|---|---|---|
//! | `C-a` `C-e`, Home, End | the line's beginning, its end | same | same |
//! | `C-b` `C-f`, Left, Right | a character back, forth | same | same |
//! | `M-b` `M-f`, Control or Alt and Left, Right | a word back, forth | same | same |
//! | `M-B` `M-F` | the same by blanks | | same |
//! | `C-]` `M-C-]` and a character | goes to the next, the previous occurrence of the character | | same |
//! | `C-h`, Backspace | deletes the character before | same | same |
//! | `C-d`, Delete | deletes the character; `C-d` in an empty line leaves | same | same |
//! | `C-k` | kills to the end | same | same |
//! | `C-u` | kills to the beginning | same | kills all |
//! | `C-w` | kills the word before, up to a blank | same | deletes a word of letters |
//! | `M-h` `M-C-h`, Alt and Backspace | kills the word before | `M-C-h` same | same |
//! | `M-d` | kills the word after the cursor | same | same |
//! | `M-D` `M-H` | the same by blanks | | same |
//! | `M-\` | deletes the blanks around the cursor | | lists completions |
//! | `C-y` `M-y` | inserts the text killed last; replaces it by the one before | | same |
//! | `C-@` `M-Space`, `C-x C-x` | sets the mark; goes there | | same |
//! | `M-C-w` | kills the text from the mark to the cursor | | same |
//! | `M-Q` | quotes the text from the mark to the cursor, or the whole line | | same |
//! | `M-C-e` | executes that text, and replaces it by the output | | same |
//! | `C-t`, `M-t` | exchanges two characters, two words | | `C-t` same |
//! | `M-u` `M-l` `M-c`, with capital letters too | converts a word to upper case, to lower case, capitalizes it | | same |
//! | `C-_` `C-x C-u`, `M-r` | undoes the last change, all changes | | `C-_` ends the input |
//! | `C-v` `C-q` `C-^` and a key | that key as text | | `C-v` `C-^` same |
//! | `C-l`, `M-C-l` | clears the screen | same | draws the line again; clears |
//! | `C-p` `C-n`, Up, Down | the previous, next line; from the first, last line the previous, next command | the command | the command |
//! | the same after `set -o prefixsearch` | after a text, the same as Page Up, Page Down | | |
//! | Alt and Enter | a newline in the command | | |
//! | `M-<` `M->` | the first command, the typed line | | the first, the last |
//! | `M-g`, after a number | the command with that number; without a number, the last | | same; without a number, the first |
//! | Page Up, Page Down | the previous, next command that begins like the line | | same |
//! | `C-r`, `C-s` | searches back, forth | `C-r` same | `C-r` same |
//! | `M-.` `M-_` | the last word of the previous command; after a number, the word with that number | | same |
//! | `C-o` | executes the command, and shows the next one of the history | | same |
//! | Tab with only blanks before it | a tab | lists commands | nothing |
//! | Tab, `M-C-[` `M-C-x` `C-x C-[` | completes; when repeated, lists | Tab same | same, `M-C-x` files, `C-x C-[` commands |
//! | `M-=` `M-?` `C-x ?` `C-x C-y` | lists completions | | same, `C-x ?` commands, `C-x C-y` files |
//! | `M-*` | inserts all completions | | same, files |
//! | `M-0` to `M-9` | the number of repetitions | | same |
//! | `M-#` | executes the line as a comment | | same |
//! | `C-x e` `C-x C-e` | edits the line with VISUAL or EDITOR | | `C-x e` same |
//! | `C-c` | cancels the line: executes the trap for SIGINT, and shows a new prompt | same | same |
//! | `C-g` | cancels the line without a trap | | same |
//! | `M-C-v` | shows the version | | same |
//! | `C-j`, Enter | executes | same | same |
//!
//! Pasted text is inserted as text if the terminal marks it as pasted. vi's keys are in `vi.rs`.

use alloc::vec::Vec;

use super::actions::recased;
use super::buffer::{Buffer, is_alphanumeric, is_not_blank};
use super::host::Host;
use super::keys::Key;
use super::session::{Act, End, Last, Session};
use super::{case, completion, search, words};
use crate::quoting;

/// The greatest number of times that a key is repeated.
pub(super) const MOST: usize = 9999;

/// Handles a key. If a number was typed before the key, the key's action is repeated that often.
pub(super) fn act<H: Host>(session: &mut Session, host: &mut H, key: Key) -> Act<H> {
    let count = session.count.take();
    let digit = match &key {
        Key::M(digit @ b'0'..=b'9') => Some(*digit),
        Key::Text(text) if count.is_some() => match **text {
            [digit @ b'0'..=b'9'] => Some(digit),
            _ => None,
        },
        _ => None,
    };
    if let Some(digit) = digit {
        let number = count.unwrap_or_default() * 10 + usize::from(digit - b'0');
        session.count = Some(number.min(MOST));
        return Ok(None);
    }
    if !session.is_vi() {
        session.buffer.begin();
    }
    let times = match key {
        // These keys use the number in another way.
        Key::M(b'.' | b'_' | b'g')
        | Key::C(b']' | b'V' | b'Q' | b'^')
        | Key::MC(b']')
        | Key::Paste => 1,
        _ => count.unwrap_or(1),
    };
    for _ in 0..times {
        let last = core::mem::replace(&mut session.last, Last::Other);
        let end = once(session, host, &key, last, count)?;
        if end.is_some() {
            return Ok(end);
        }
        if session.buffer.refused {
            break;
        }
    }
    Ok(None)
}

/// Handles a key once. It is one long `match`, because it is the table of emacs' keys: an arm for each, in few lines.
fn once<H: Host>(
    session: &mut Session,
    host: &mut H,
    key: &Key,
    last: Last,
    count: Option<usize>,
) -> Act<H> {
    let buffer = &mut session.buffer;
    let (at, end) = (buffer.at(), buffer.len());
    match *key {
        Key::Text(ref text) => buffer.insert(text),
        Key::C(b'J' | b'M') => return Ok(Some(End::Line)),
        Key::C(b'O') => {
            session.kept.next = Some(session.number + 1);
            return Ok(Some(End::Line));
        }
        Key::C(b'C') => return Err(session.interrupt(host)),
        Key::C(b'G') => return Err(session.cancel(host)),
        Key::C(b'D') if end == 0 => return Ok(Some(End::Eof)),
        Key::C(b'A') => buffer.go(0),
        Key::C(b'E') => buffer.go(end),
        Key::C(b'B') => buffer.go(buffer.before(at)),
        Key::C(b'F') => buffer.go(buffer.after(at)),
        Key::C(b'D') | Key::Delete => buffer.replace(at, buffer.after(at), b""),
        Key::C(b'H' | b'?') => buffer.replace(buffer.before(at), at, b""),
        Key::C(b'K') => session.kill(at, end, last == Last::Kill),
        Key::C(b'U') | Key::XC(b'?') => session.kill(0, at, last == Last::Kill),
        Key::C(b'W') => {
            let start = buffer.word_before(at, is_not_blank);
            session.kill(start, at, last == Last::Kill);
        }
        Key::MC(b'W') => {
            let (start, end) = session.region();
            session.kill(start, end, false);
        }
        Key::C(b'Y') => {
            let kill = session.kept.kills.last();
            buffer.insert(kill);
            session.last = Last::Yank(kill.len());
        }
        Key::M(b'y') => yank_earlier(session, last),
        Key::C(b'T') => transpose(session),
        Key::M(b't') => transpose_words(session),
        Key::C(b'_') | Key::XC(b'U') if buffer.undo() => {}
        Key::C(b'_') | Key::XC(b'U') => session.screen.bell(),
        Key::M(b'r') => while buffer.undo() {},
        Key::C(b'L') | Key::MC(b'L') => session.screen.clear(),
        Key::C(b'P') => session.go_up_or_down(host, true, last),
        Key::C(b'N') => session.go_up_or_down(host, false, last),
        Key::MC(b'J' | b'M') => buffer.insert(b"\n"),
        Key::M(b'<') => drop(session.show(host, host.history().first())),
        Key::M(b'>') => drop(session.show(host, host.history().end())),
        Key::M(b'g') => {
            let last = host.history().end() - 1;
            session.show(host, count.unwrap_or(last));
        }
        Key::PageUp => search::by_beginning(session, host, true),
        Key::PageDown => search::by_beginning(session, host, false),
        Key::C(b'R') => return search::search(session, host, true),
        Key::C(b'S') => return search::search(session, host, false),
        Key::C(b']') => go_to_character(session, host, false, count)?,
        Key::MC(b']') => go_to_character(session, host, true, count)?,
        // Before the first word of a line, Tab indents the line. So a pasted script keeps its tabs.
        Key::C(b'I') if buffer.is_indented(at) => buffer.insert(b"\t"),
        Key::C(b'I') | Key::MC(b'[' | b'X') | Key::XC(b'[') => {
            completion::complete(session, host, last == Last::Tab)?;
            session.last = Last::Tab;
        }
        Key::M(b'=' | b'?') | Key::X(b'?') | Key::XC(b'Y') => {
            completion::list(session, host)?;
        }
        Key::M(b'*') => completion::insert_all(session, host),
        Key::C(b'V' | b'Q' | b'^') => session.insert_next(host, count.unwrap_or(1))?,
        Key::C(b'@') | Key::M(b' ') => session.mark = Some(at),
        Key::XC(b'X') => buffer.go(session.mark.replace(at).unwrap_or(0)),
        Key::M(b'Q') => quote_marked(session),
        Key::MC(b'E') => session.evaluate(host),
        Key::MC(b'V') => {
            session.leave(host);
            host.show_version();
            session.enter(host);
        }
        Key::M(b'#') => {
            session.comment();
            return Ok(Some(End::Line));
        }
        Key::M(b'\\') => delete_blanks(buffer),
        Key::X(b'e') | Key::XC(b'E') => return session.edit_elsewhere(host),
        Key::Paste => session.paste(host)?,
        Key::M(b'.' | b'_') => last_argument(session, host, last, count),
        Key::M(letter) => by_word(session, letter, last == Last::Kill),
        Key::MC(b'H' | b'?') => by_word(session, b'h', last == Last::Kill),
        _ => {}
    }
    Ok(None)
}

/// Replaces the text that was just yanked by the one killed before it.
fn yank_earlier(session: &mut Session, last: Last) {
    if let Last::Yank(length) = last {
        let (at, kills) = (session.buffer.at(), &mut session.kept.kills);
        kills.rotate();
        session.buffer.replace(at - length, at, kills.last());
        session.last = Last::Yank(kills.last().len());
    }
}

/// Quotes the text from the mark to the cursor, or the whole line.
fn quote_marked(session: &mut Session) {
    let (start, end) = session.marked();
    let mut text = Vec::new();
    quoting::quote(session.buffer.part(start, end), &mut text);
    session.buffer.replace(start, end, &text);
}

/// Deletes the blanks around the cursor.
fn delete_blanks(buffer: &mut Buffer) {
    let at = buffer.at();
    let blank = |byte: &&u8| byte.is_ascii_whitespace();
    let before = buffer.part(0, at).iter().rev().take_while(blank);
    let behind = buffer.part(at, buffer.len()).iter().take_while(blank);
    let (start, end) = (at - before.count(), at + behind.count());
    buffer.replace(start, end, b"");
}

/// Keys that move over a word or change it. A word consists of letters and digits, or of all characters that are not blank if
/// `letter` is upper-case.
fn by_word(session: &mut Session, letter: u8, joins: bool) {
    let buffer = &mut session.buffer;
    let is_word = if letter.is_ascii_uppercase() {
        is_not_blank
    } else {
        is_alphanumeric
    };
    let at = buffer.at();
    let (before, after) = (
        buffer.word_before(at, is_word),
        buffer.word_after(at, is_word),
    );
    match letter.to_ascii_lowercase() {
        b'b' => buffer.go(before),
        b'f' => buffer.go(after),
        b'd' => session.kill(at, after, joins),
        b'h' => session.kill(before, at, joins),
        letter @ (b'u' | b'l' | b'c') => {
            let mut is_first = true;
            let word = recased(buffer.part(at, after), buffer.utf8, |code| {
                let is_letter = code >= 0x80 || is_word(code as u8);
                let other = match letter {
                    b'l' => case::lower(code),
                    b'c' if !is_first => case::lower(code),
                    _ => case::upper(code),
                };
                is_first &= !is_letter;
                other
            });
            buffer.replace(at, after, &word);
        }
        _ => {}
    }
}

/// Exchanges the character before the cursor with the character at the cursor. At the end of the line, exchanges the last two
/// characters.
fn transpose(session: &mut Session) {
    let buffer = &mut session.buffer;
    let mut at = buffer.at();
    if at == buffer.len() {
        at = buffer.before(at);
    }
    let (before, after) = (buffer.before(at), buffer.after(at));
    if before < at {
        let text = [buffer.part(at, after), buffer.part(before, at)].concat();
        buffer.replace(before, after, &text);
    }
}

/// Exchanges the word at or after the cursor with the word before it.
fn transpose_words(session: &mut Session) {
    let buffer = &mut session.buffer;
    let mut end = buffer.word_after(buffer.at(), is_alphanumeric);
    let start = buffer.word_before(end, is_alphanumeric);
    end = buffer.word_after(start, is_alphanumeric);
    let former_start = buffer.word_before(start, is_alphanumeric);
    let former_end = buffer.word_after(former_start, is_alphanumeric);
    if former_end <= start {
        let parts = [
            (start, end),
            (former_end, start),
            (former_start, former_end),
        ];
        let text = parts.map(|(start, end)| buffer.part(start, end)).concat();
        buffer.replace(former_start, end, &text);
    }
}

fn go_to_character<H: Host>(
    session: &mut Session,
    host: &mut H,
    back: bool,
    count: Option<usize>,
) -> Result<(), H::Divert> {
    if let Some(Key::Text(character)) = session.key(host)? {
        match session.place_of(&character, back, count.unwrap_or(1)) {
            Some(place) => session.buffer.go(place),
            None => session.screen.bell(),
        }
    }
    Ok(())
}

/// Inserts the last word of the previous command, or the word with the number `count`. If the key is repeated, replaces it with the
/// word of the command before that one.
fn last_argument<H: Host>(session: &mut Session, host: &H, last: Last, count: Option<usize>) {
    let history = host.history();
    let (number, length) = match last {
        Last::Argument(number, length) => (number, length),
        _ => (history.end(), 0),
    };
    let at = session.buffer.at();
    let Some(command) = history.get(number - 1) else {
        return session.screen.bell();
    };
    let word = words::word(command, count);
    session.buffer.replace(at - length, at, word);
    session.last = Last::Argument(number - 1, word.len());
}
