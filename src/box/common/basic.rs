//! Basic regular expressions (XBD 9.3) as extended ones.

use alloc::vec::Vec;

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

/// Whether an extended regular expression has something like a back-reference, which POSIX leaves undefined.
pub fn has_reference(extended: &[u8]) -> bool {
    let mut bytes = extended.iter();
    while let Some(byte) = bytes.next() {
        if *byte == b'\\' && matches!(bytes.next(), Some(b'1'..=b'9')) {
            return true;
        }
    }
    false
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

/// Makes the letters of an extended regular expression lower-case, for a text that is. Names of classes stay; those of upper and
/// lower case become all letters.
pub fn lower(expression: &mut Vec<u8>) {
    expression.make_ascii_lowercase();
    for class in [b"[:upper:]", b"[:lower:]"] {
        while let Some(place) = expression.windows(class.len()).position(|it| it == class) {
            expression.splice(place..place + class.len(), *b"[:alpha:]");
        }
    }
}
