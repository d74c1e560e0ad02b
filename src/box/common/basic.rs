//! Basic regular expressions (XBD 9.3) as extended ones.

use alloc::vec::Vec;

use nestling_shell::regular::{Assertion, Regular};

/// Returns the extended regular expression of a basic one; `None` if it has back-references, or a backslash at its end.
pub fn extended(basic: &[u8]) -> Option<Vec<u8>> {
    let (mut rest, mut result) = (basic, Vec::new());
    // Whether an expression begins here, so that `*` is itself and `^` an anchor.
    let mut begins = true;
    while let [first, more @ ..] = rest {
        rest = more;
        let was_begin = core::mem::replace(&mut begins, false);
        match first {
            b'\\' => {
                let (letter, more) = rest.split_first()?;
                rest = more;
                match letter {
                    b'(' | b'|' => {
                        result.push(*letter);
                        begins = true;
                    }
                    b')' | b'{' | b'}' | b'+' | b'?' => result.push(*letter),
                    b'1'..=b'9' => return None,
                    letter => result.extend_from_slice(&[b'\\', *letter]),
                }
            }
            b'[' => {
                let length = bracket(rest);
                let (inside, more) = rest.split_at_checked(length)?;
                result.push(b'[');
                result.extend_from_slice(inside);
                rest = more;
            }
            b'^' if was_begin => {
                result.push(b'^');
                begins = true;
            }
            b'$' if rest.is_empty() || rest.starts_with(b"\\)") || rest.starts_with(b"\\|") => {
                result.push(b'$');
            }
            b'*' if was_begin => result.extend_from_slice(b"\\*"),
            b'(' | b')' | b'{' | b'}' | b'+' | b'?' | b'|' | b'^' | b'$' => {
                result.extend_from_slice(&[b'\\', *first]);
            }
            byte => result.push(*byte),
        }
    }
    Some(result)
}

/// Compiles an extended regular expression with what GNU's have in addition: `\w`, `\W`, `\s`, `\S`, the [`assertion`]s, `{,2}`, and
/// repetitions of repetitions. With `lower`, the letters become lower-case, for a text that is; the classes of upper and lower case
/// become all letters. `None` if the expression is not valid, or has back-references.
pub fn compile(extended: &[u8], lower: bool) -> Option<Regular> {
    let (mut rest, mut result) = (extended, Vec::new());
    // Where the last atom begins, and where each open parenthesis is.
    let (mut atom, mut open) = (0, Vec::new());
    let mut is_repeated = false;
    while let [first, more @ ..] = rest {
        rest = more;
        let end = result.len();
        let was_repeated = core::mem::replace(&mut is_repeated, false);
        match first {
            b'*' | b'+' | b'?' | b'{' => {
                if was_repeated {
                    result.insert(atom, b'(');
                    result.push(b')');
                }
                is_repeated = true;
                result.push(*first);
                if *first == b'{' {
                    let length = rest.iter().position(|it| *it == b'}')? + 1;
                    if rest.starts_with(b",") && length > 2 {
                        result.push(b'0');
                    }
                    result.extend_from_slice(rest.get(..length)?);
                    rest = rest.get(length..)?;
                }
                continue;
            }
            b'(' => open.push(end),
            b')' => {
                result.push(b')');
                atom = open.pop()?;
                continue;
            }
            b'[' => {
                let (inside, more) = rest.split_at_checked(bracket(rest))?;
                result.push(b'[');
                result.extend_from_slice(inside);
                rest = more;
                if lower {
                    self::lower(&mut result, end);
                }
                atom = end;
                continue;
            }
            b'\\' => {
                let (letter, more) = rest.split_first()?;
                rest = more;
                match letter {
                    b'w' => result.extend_from_slice(b"[[:alnum:]_]"),
                    b'W' => result.extend_from_slice(b"[^[:alnum:]_]"),
                    b's' => result.extend_from_slice(b"[[:space:]]"),
                    b'S' => result.extend_from_slice(b"[^[:space:]]"),
                    b'1'..=b'9' => return None,
                    b'B' => result.extend_from_slice(b"\\B"),
                    letter => result.extend_from_slice(&[b'\\', fold(*letter, lower)]),
                }
                atom = end;
                continue;
            }
            _ => {}
        }
        // A multibyte character is one atom.
        if *first & 0xc0 != 0x80 {
            atom = end;
        }
        result.push(fold(*first, lower));
    }
    Regular::with_assertions(&result, true, assertion)
}

/// `\<`, `\>`, `\b`, `\B`, and the beginning and end of the text.
fn assertion(letter: u8) -> Option<Assertion> {
    Some(match letter {
        b'<' => |text, at| !follows_word(text, at) && precedes_word(text, at),
        b'>' => |text, at| follows_word(text, at) && !precedes_word(text, at),
        b'b' => |text, at| follows_word(text, at) != precedes_word(text, at),
        b'B' => |text, at| follows_word(text, at) == precedes_word(text, at),
        b'`' => |_, at| at == 0,
        b'\'' => |text, at| at == text.len(),
        _ => return None,
    })
}

fn follows_word(text: &[u8], at: usize) -> bool {
    at > 0 && precedes_word(text, at - 1)
}

fn precedes_word(text: &[u8], at: usize) -> bool {
    let byte = text.get(at);
    byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn fold(byte: u8, lower: bool) -> u8 {
    match lower {
        true => byte.to_ascii_lowercase(),
        false => byte,
    }
}

/// The length of a bracket expression after its first bracket.
fn bracket(text: &[u8]) -> usize {
    let mut index = usize::from(text.first() == Some(&b'^'));
    index += usize::from(text.get(index) == Some(&b']'));
    while let Some(rest) = text.get(index..).filter(|it| !it.is_empty()) {
        match rest {
            [b']', ..] => return index + 1,
            [b'[', kind @ (b':' | b'.' | b'='), inside @ ..] => {
                let end = inside.windows(2).position(|it| it == [*kind, b']']);
                index += end.map_or(2, |end| end + 4);
            }
            _ => index += 1,
        }
    }
    text.len()
}

/// Makes the letters of a bracket expression at the end of a text lower-case. Names of classes stay; those of upper and lower case
/// become all letters.
fn lower(text: &mut Vec<u8>, start: usize) {
    if let Some(bracket) = text.get_mut(start..) {
        bracket.make_ascii_lowercase();
    }
    for class in [b"[:upper:]", b"[:lower:]"] {
        while let Some(place) = text.windows(class.len()).rposition(|it| it == class) {
            text.splice(place..place + class.len(), *b"[:alpha:]");
        }
    }
}
