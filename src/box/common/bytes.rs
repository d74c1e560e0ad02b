//! Searching bytes, eight at a time: `core`'s search of one byte after the other takes most of the time of `grep` and `wc`.

use alloc::vec::Vec;

use nestling::text;

const ONES: u64 = 0x0101_0101_0101_0101;
const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/// Returns the index of the first `byte`.
#[inline(never)]
pub fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    let pattern = ONES * u64::from(byte);
    let (mut rest, mut before) = (bytes, 0);
    while let Some((eight, more)) = rest.split_first_chunk::<8>() {
        let found = zeros(u64::from_le_bytes(*eight) ^ pattern);
        if found != 0 {
            return Some(before + found.trailing_zeros() as usize / 8);
        }
        (rest, before) = (more, before + 8);
    }
    let index = rest.iter().position(|&other| other == byte)?;
    Some(before + index)
}

/// The bytes that texts have most often, the most frequent first.
const FREQUENT: &[u8] = b" etaoinsrhldcumfpgwybvk0123456789./-_\n";

/// Returns the index of the first `text`. The search looks for the byte of the text that is likely the rarest.
#[inline(never)]
pub fn find_text(bytes: &[u8], text: &[u8]) -> Option<usize> {
    let frequency = |byte: &u8| {
        let place = FREQUENT.iter().position(|it| it == byte);
        FREQUENT.len() - place.unwrap_or(FREQUENT.len())
    };
    let offset = (0..text.len()).min_by_key(|&index| text.get(index).map(frequency))?;
    let &rare = text.get(offset)?;
    let mut start = offset;
    loop {
        let place = start + find(bytes.get(start..)?, rare)?;
        let begin = place - offset;
        if bytes.get(begin..)?.starts_with(text) {
            return Some(begin);
        }
        start = place + 1;
    }
}

/// Returns how many bytes are `byte`.
#[inline(never)]
pub fn count(bytes: &[u8], byte: u8) -> u64 {
    let pattern = ONES * u64::from(byte);
    let (mut rest, mut count) = (bytes, 0);
    while let Some((eight, more)) = rest.split_first_chunk::<8>() {
        count += u64::from(zeros(u64::from_le_bytes(*eight) ^ pattern).count_ones());
        rest = more;
    }
    count + rest.iter().filter(|&&other| other == byte).count() as u64
}

/// Returns a number whose bytes are 0x80 where those of `eight` are zero, and 0 elsewhere.
fn zeros(eight: u64) -> u64 {
    // The sum does not carry into the next byte.
    !(((eight & LOW) + LOW) | eight | LOW)
}

/// Replaces each `from` in a text.
pub fn substitute(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (mut rest, mut result) = (text, Vec::new());
    while let [first, more @ ..] = rest {
        match text::after(rest, from).filter(|_| !from.is_empty()) {
            Some(after) => {
                result.extend_from_slice(to);
                rest = after;
            }
            None => {
                result.push(*first);
                rest = more;
            }
        }
    }
    result
}
