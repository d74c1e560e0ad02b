//! History expansion, as in csh and bash: `!!`, `!$`, `!text` and similar text stand for an earlier command or for words of it. The
//! line `^old^new^` stands for the last command with a text replaced.
//!
//! | Typed | Stands for |
//! |---|---|
//! | `!!`, `!n`, `!-n` | the last command, the command with the number n, the n-th last command |
//! | `!text`, `!?text?` | the last command that begins with the text, or contains it |
//! | `:n`, `:n-m`, `:n-`, `:n*`, `:^`, `:$`, `:*` after one of these | its words; before `^`, `$` and `*`, the colon is optional |
//! | `!$`, `!^`, `!*`, `!:n` | words of the last command |
//! | `:h`, `:t`, `:r`, `:p` after one of these | without the last component, only that, without the suffix; only shown |
//!
//! A `!` has no special meaning between quotes (as in bash's POSIX mode), after a backslash, in a comment, in `$((…))`, before a
//! blank, `=`, `(` and some other characters, and in `$!`, `${!` and `[!`.

use alloc::vec::Vec;

use nestling::text;

use nestling_shell::editor::history::History;
use nestling_shell::editor::words::words;

/// The result of expanding a line.
#[derive(Debug)]
pub struct Expanded {
    pub line: Vec<u8>,
    /// Whether the line is only shown, and not executed (`:p`).
    pub is_shown_only: bool,
}

/// Expands a line. Returns `None` if the line needs no expansion. The error is the part of the line that matches nothing in the
/// history.
pub fn expand<'line>(
    history: &History,
    line: &'line [u8],
) -> Result<Option<Expanded>, &'line [u8]> {
    let mut expanded = Expanded {
        line: Vec::new(),
        is_shown_only: false,
    };
    if let [b'^', rest @ ..] = line {
        expanded.line = substitute(history, rest).ok_or(line.trim_ascii_end())?;
        return Ok(Some(expanded));
    }
    let (mut rest, mut before) = (line, &b" "[..]);
    let (mut quote, mut is_expanded) = (0, false);
    while let [byte, after @ ..] = rest {
        let former = before.last().copied().unwrap_or(b' ');
        let mut length = 1;
        match (quote, byte) {
            (b'\'', b'\'') | (b'"', b'"') => quote = 0,
            (0, b'\'' | b'"') => quote = *byte,
            (0 | b'"', b'\\') => length = 2,
            (0, b'$') if after.starts_with(b"((") => {
                length = find(rest, b"))").unwrap_or(rest.len());
            }
            (0, b'#') if former.is_ascii_whitespace() => length = rest.len(),
            (0, b'!') if !matches!(former, b'$' | b'[') && !before.ends_with(b"${") => {
                let mut behind = after;
                let is_shown = &mut expanded.is_shown_only;
                let word = rest.split(u8::is_ascii_whitespace).next();
                let part = part(history, &mut behind, is_shown).ok_or(word.unwrap_or_default())?;
                if let Some(part) = part {
                    expanded.line.extend_from_slice(&part);
                    is_expanded = true;
                    rest = behind;
                    before = &[];
                    continue;
                }
            }
            _ => {}
        }
        let (now, later) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        expanded.line.extend_from_slice(now);
        let end = line.len() - later.len();
        before = line.get(..end).unwrap_or_default();
        rest = later;
    }
    Ok(is_expanded.then_some(expanded))
}

/// Expands `^old^new^`; `rest` is the text after the first `^`.
fn substitute(history: &History, rest: &[u8]) -> Option<Vec<u8>> {
    let mut parts = rest.trim_ascii_end().splitn(3, |&byte| byte == b'^');
    let (old, new) = (parts.next()?, parts.next()?);
    let command = history.get(history.end() - 1)?;
    let at = find(command, old)?;
    let (before, after) = command.split_at_checked(at)?;
    let after = after.get(old.len()..)?;
    let end = parts.next().unwrap_or_default();
    Some([before, new, after, end, b"\n"].concat())
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    (!part.is_empty()).then(|| text.windows(part.len()).position(|other| other == part))?
}

/// Expands the text after a `!`, and moves `rest` to the text after it. The inner `None` means that the `!` has no special meaning.
fn part(history: &History, rest: &mut &[u8], is_shown: &mut bool) -> Option<Option<Vec<u8>>> {
    let end = history.end();
    let number = match rest {
        [b'!', after @ ..] => {
            *rest = after;
            end.checked_sub(1)
        }
        [b'$' | b'^' | b'*', ..] => end.checked_sub(1),
        [b':', b'$' | b'^' | b'*' | b'0'..=b'9', ..] => end.checked_sub(1),
        [b'-', b'0'..=b'9', ..] => {
            *rest = rest.get(1..)?;
            digits(rest).and_then(|number| end.checked_sub(number))
        }
        [b'0'..=b'9', ..] => digits(rest),
        [b'?', after @ ..] => {
            *rest = after;
            let text = take(rest, b"?\n");
            *rest = rest.strip_prefix(b"?").unwrap_or(rest);
            history.find(end, |command| find(command, text).is_some())
        }
        _ => match take(rest, b" \t\n:=;&|<>()'\"`\\") {
            b"" => return Some(None),
            text => history.find(end, |command| command.starts_with(text)),
        },
    };
    let command = history.get(number?)?;
    let words = words(command);
    let mut text = match range(rest, words.len().checked_sub(1)?) {
        None => command.to_vec(),
        Some((first, end)) => words.get(first..end)?.join(&b' '),
    };
    while let [b':', modifier @ (b'h' | b't' | b'r' | b'p'), after @ ..] = rest {
        *rest = after;
        let separator = if *modifier == b'r' { b'.' } else { b'/' };
        let place = text.iter().rposition(|&byte| byte == separator);
        match (modifier, place) {
            (b'p', _) => *is_shown = true,
            (b't', Some(place)) => drop(text.drain(..=place)),
            (_, Some(place)) => text.truncate(place),
            (_, None) => {}
        }
    }
    // Another modifier is an error. As text, it would change the command that is executed.
    let is_modifier = |byte: &u8| byte.is_ascii_alphanumeric() || b"%&-".contains(byte);
    if let [b':', byte, ..] = rest
        && is_modifier(byte)
    {
        return None;
    }
    Some(Some(text))
}

/// Parses the selection of words after a command. Returns the number of the first word, and the number of the last word plus 1.
/// `last` is the number of the command's last word.
fn range(rest: &mut &[u8], last: usize) -> Option<(usize, usize)> {
    match rest {
        [b':', b'$' | b'^' | b'*' | b'0'..=b'9', ..] => *rest = rest.get(1..)?,
        [b'$' | b'^' | b'*', ..] => {}
        _ => return None,
    }
    if let [b'*', after @ ..] = rest {
        *rest = after;
        return Some((1, last + 1));
    }
    let first = place(rest, last)?;
    let end = match rest {
        [b'*', after @ ..] => {
            *rest = after;
            last + 1
        }
        [b'-', after @ ..] => {
            *rest = after;
            place(rest, last).map_or(last, |place| place.saturating_add(1))
        }
        _ => first.saturating_add(1),
    };
    Some((first, end))
}

/// Parses the number of a word: `^`, `$` or digits.
fn place(rest: &mut &[u8], last: usize) -> Option<usize> {
    let place = match rest {
        [b'^', ..] => 1,
        [b'$', ..] => last,
        _ => return digits(rest),
    };
    *rest = rest.get(1..).unwrap_or_default();
    Some(place)
}

fn digits(rest: &mut &[u8]) -> Option<usize> {
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, after) = rest.split_at_checked(length)?;
    *rest = after;
    usize::try_from(text::number(digits, 10)?).ok()
}

/// Takes the text up to the first byte that is in `ends`.
fn take<'a>(rest: &mut &'a [u8], ends: &[u8]) -> &'a [u8] {
    let length = rest.iter().position(|byte| ends.contains(byte));
    let (text, after) = rest
        .split_at_checked(length.unwrap_or(rest.len()))
        .unwrap_or_default();
    *rest = after;
    text
}
