//! Pattern matching notation: XCU 2.14.
//!
//! A pattern is made from a text in which a backslash removes the special meaning of the next character. Quoted characters of a
//! word are converted to this form first, so the same rule covers them and the backslashes that come from expansions.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::characters;

/// A compiled pattern.
///
/// The asterisks divide a pattern into segments, and each segment matches a fixed number of characters. So the first (or last)
/// match of each segment can be used, without backtracking. The time is at most proportional to the product of the lengths of the
/// text and the pattern.
#[derive(Debug)]
pub struct Pattern {
    items: Vec<Item>,
    /// The indexes of the first and the last asterisk.
    stars: Option<(usize, usize)>,
    utf8: bool,
}

/// A part of a pattern.
#[derive(Debug)]
pub enum Item {
    /// This byte.
    Byte(u8),
    /// `?`: any character.
    Any,
    /// `*`: any string.
    Star,
    /// One character of a set.
    Set(Box<Set>),
}

/// A bracket expression: `[…]`.
#[derive(Debug, Default)]
pub struct Set {
    negated: bool,
    /// The characters with a code below 256, one bit for each.
    low: [u32; 8],
    /// Ranges that extend beyond the code 255: the first and the last character.
    high: Vec<(u32, u32)>,
    /// Whether all characters beyond ASCII are members: each of them counts as a letter.
    letters: bool,
}

impl Pattern {
    /// Compiles the pattern in a text.
    pub fn new(text: &[u8], utf8: bool) -> Self {
        let mut items = Vec::with_capacity(text.len());
        let has_sets = nestling::text::contains(text, b']');
        let mut stars = None;
        let mut rest = text;
        while let [first, more @ ..] = rest {
            rest = more;
            let item = match first {
                b'*' => {
                    let last = items.len();
                    stars = Some((stars.map_or(last, |(first, _)| first), last));
                    Item::Star
                }
                b'?' => Item::Any,
                b'[' => match has_sets.then(|| Set::parse(more, b"!^", utf8)).flatten() {
                    Some((set, after)) => {
                        rest = after;
                        Item::Set(Box::new(set))
                    }
                    None => Item::Byte(b'['),
                },
                b'\\' => match more {
                    // A backslash at the end of the pattern stands for itself.
                    [] => Item::Byte(b'\\'),
                    [byte, more @ ..] => {
                        rest = more;
                        Item::Byte(*byte)
                    }
                },
                byte => Item::Byte(*byte),
            };
            items.push(item);
        }
        Self { items, stars, utf8 }
    }

    /// If the pattern has no special characters, returns the only text that matches it.
    pub fn literal(&self) -> Option<Vec<u8>> {
        self.items
            .iter()
            .map(|item| match item {
                Item::Byte(byte) => Some(*byte),
                _ => None,
            })
            .collect()
    }

    /// Whether the pattern begins with a period. Only then may it match a name that begins with a period (XCU 2.14.3).
    pub fn begins_with_period(&self) -> bool {
        matches!(self.items.first(), Some(Item::Byte(b'.')))
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &[u8]) -> bool {
        let Some((first, middle, last)) = self.segments() else {
            return self.here(&self.items, text, 0) == Some(text.len());
        };
        let Some(mut start) = self.here(first, text, 0) else {
            return false;
        };
        let Some(end) = self.before(last, text, text.len()) else {
            return false;
        };
        for segment in middle.split(Item::is_star) {
            match self.first(segment, text, start) {
                Some((_, after)) => start = after,
                None => return false,
            }
        }
        start <= end
    }

    /// Returns the end of the shortest or longest beginning of the text that matches.
    pub fn prefix(&self, text: &[u8], longest: bool) -> Option<usize> {
        let Some((first, middle, last)) = self.segments() else {
            return self.here(&self.items, text, 0);
        };
        let mut end = self.here(first, text, 0)?;
        for segment in middle.split(Item::is_star) {
            (_, end) = self.first(segment, text, end)?;
        }
        let found = if longest {
            self.last(last, text, text.len(), end)
        } else {
            self.first(last, text, end)
        };
        found.map(|(_, end)| end)
    }

    /// Returns the start of the shortest or longest end of the text that matches.
    pub fn suffix(&self, text: &[u8], longest: bool) -> Option<usize> {
        let Some((first, middle, last)) = self.segments() else {
            return self.before(&self.items, text, text.len());
        };
        let mut start = self.before(last, text, text.len())?;
        for segment in middle.rsplit(Item::is_star) {
            (start, _) = self.last(segment, text, start, 0)?;
        }
        let found = if longest {
            self.first(first, text, 0).filter(|&(_, end)| end <= start)
        } else {
            self.last(first, text, start, 0)
        };
        found.map(|(start, _)| start)
    }

    /// Returns the first part of the text that matches. If several matches begin at the same position, returns the longest one.
    pub fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let first = self.segments().map_or(&self.items[..], |(first, ..)| first);
        let mut from = from;
        loop {
            let (start, _) = self.first(first, text, from)?;
            let rest = text.get(start..)?;
            if let Some(length) = self.prefix(rest, true) {
                return Some((start, start + length));
            }
            from = start + characters::length(rest, self.utf8).max(1);
        }
    }

    /// Returns the items before the first asterisk, between the first and the last one, and after the last one.
    fn segments(&self) -> Option<(&[Item], &[Item], &[Item])> {
        let (first, last) = self.stars?;
        let middle = self.items.get(first + 1..last).unwrap_or_default();
        Some((
            self.items.get(..first)?,
            middle,
            self.items.get(last + 1..)?,
        ))
    }

    /// Matches a segment that begins at `start`. Returns its end.
    fn here(&self, segment: &[Item], text: &[u8], start: usize) -> Option<usize> {
        let mut at = start;
        for item in segment {
            at += item.matches(text.get(at..)?, self.utf8)?;
        }
        Some(at)
    }

    /// Matches a segment that ends at `end`. Returns its start.
    fn before(&self, segment: &[Item], text: &[u8], end: usize) -> Option<usize> {
        let mut rest = text.get(..end)?;
        for item in segment.iter().rev() {
            let length = match item {
                Item::Byte(_) => 1,
                _ => characters::length_of_last(rest, self.utf8),
            };
            let (before, last) = rest.split_at_checked(rest.len().checked_sub(length)?)?;
            item.matches(last, self.utf8)?;
            rest = before;
        }
        Some(rest.len())
    }

    /// Returns the first match of a segment that begins at `from` or later.
    fn first(&self, segment: &[Item], text: &[u8], from: usize) -> Option<(usize, usize)> {
        let mut start = from;
        loop {
            if let Some(Item::Byte(first)) = segment.first() {
                start += text.get(start..)?.iter().position(|byte| byte == first)?;
            }
            if characters::is_boundary(text, start, self.utf8)
                && let Some(end) = self.here(segment, text, start)
            {
                return Some((start, end));
            }
            start += 1;
            if start > text.len() {
                return None;
            }
        }
    }

    /// Returns the last match of a segment that ends at `to` or earlier and begins at `from` or later.
    fn last(
        &self,
        segment: &[Item],
        text: &[u8],
        to: usize,
        from: usize,
    ) -> Option<(usize, usize)> {
        (from..=to)
            .rev()
            .filter(|&end| characters::is_boundary(text, end, self.utf8))
            .find_map(|end| Some((self.before(segment, text, end)?, end)))
            .filter(|&(start, _)| start >= from)
    }
}

impl Item {
    fn is_star(&self) -> bool {
        matches!(self, Item::Star)
    }

    /// If the item matches the beginning of the text, returns the number of bytes that it matches.
    pub fn matches(&self, text: &[u8], utf8: bool) -> Option<usize> {
        let (character, length) = match self {
            Item::Byte(byte) => return (text.first()? == byte).then_some(1),
            _ => characters::decode(text, utf8)?,
        };
        match self {
            Item::Set(set) if !set.contains(character) => None,
            _ => Some(length),
        }
    }
}

impl Set {
    /// Parses a bracket expression (XBD 9.3.5). `text` begins after the opening bracket. If its first byte is in `negations`, the
    /// set matches all other characters. Returns the set and the rest of the text, or `None` if the closing bracket is missing.
    pub fn parse<'a>(text: &'a [u8], negations: &[u8], utf8: bool) -> Option<(Self, &'a [u8])> {
        let mut set = Self::default();
        let mut rest = text;
        if let [first, more @ ..] = rest
            && negations.contains(first)
        {
            set.negated = true;
            rest = more;
        }
        for count in 0..ELEMENTS_MAX {
            if let [b']', after @ ..] = rest
                && count > 0
            {
                return Some((set, after));
            }
            if let [b'[', b':', more @ ..] = rest
                && let Some((class, after)) = enclosed(more, b':')
            {
                set.add_class(class, utf8);
                rest = after;
                continue;
            }
            let (first, after) = element(rest, utf8)?;
            rest = after;
            let mut last = first;
            if let [b'-', more @ ..] = rest
                && !matches!(more, [b']', ..])
            {
                (last, rest) = element(more, utf8)?;
            }
            // A collating element of several characters matches nothing, because no locale here has such elements.
            if let (Some(first), Some(last)) = (first, last) {
                set.add(first, last);
            }
        }
        None
    }

    fn add(&mut self, first: u32, last: u32) {
        for character in first..=last.min(255) {
            if let Some(bits) = self.low.get_mut(character as usize / 32) {
                *bits |= 1 << (character % 32);
            }
        }
        if last > 255 {
            self.high.push((first, last));
        }
    }

    fn add_class(&mut self, name: &[u8], utf8: bool) {
        let Some(class) = nestling::text::position(CLASSES, name) else {
            return;
        };
        let members = MEMBERS.get(class).copied().unwrap_or_default();
        self.low
            .iter_mut()
            .zip(members)
            .for_each(|(bits, more)| *bits |= more);
        self.letters |= utf8 && matches!(class, 0 | 1 | 5 | 7);
    }

    fn contains(&self, character: u32) -> bool {
        let bits = self
            .low
            .get(character as usize / 32)
            .copied()
            .unwrap_or_default();
        let is_in = bits >> (character % 32) & 1 != 0
            || self
                .high
                .iter()
                .any(|&(first, last)| (first..=last).contains(&character))
            || self.letters && (0xa0..characters::INVALID).contains(&character);
        is_in != self.negated
    }
}

/// The names of the character classes. `MEMBERS` has one bit for each ASCII character of a class.
const CLASSES: &str = "alnum alpha blank cntrl digit graph lower print punct space upper xdigit";
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const MEMBERS: [[u32; 4]; 12] = {
    let mut members = [[0; 4]; 12];
    let mut byte = 0_u8;
    while byte < 128 {
        let is_in = [
            byte.is_ascii_alphanumeric(),
            byte.is_ascii_alphabetic(),
            matches!(byte, b' ' | b'\t'),
            byte.is_ascii_control(),
            byte.is_ascii_digit(),
            byte.is_ascii_graphic(),
            byte.is_ascii_lowercase(),
            byte == b' ' || byte.is_ascii_graphic(),
            byte.is_ascii_punctuation(),
            matches!(byte, b'\t'..=b'\r' | b' '),
            byte.is_ascii_uppercase(),
            byte.is_ascii_hexdigit(),
        ];
        let mut class = 0;
        while class < is_in.len() {
            if is_in[class] {
                members[class][byte as usize / 32] |= 1 << (byte % 32);
            }
            class += 1;
        }
        byte += 1;
    }
    members
};

/// The greatest number of elements in a bracket expression. Without a limit, a hostile pattern could make the parser search to its
/// end at each bracket.
const ELEMENTS_MAX: usize = 1024;

/// The end of the name of a class or a collating element is searched for in at most this many bytes.
const NAME_MAX: usize = 32;

/// Parses one character of a bracket expression: the character itself, after a backslash, `[.c.]` or `[=c=]`. The inner `None`
/// means a collating element that is not a single character.
fn element(text: &[u8], utf8: bool) -> Option<(Option<u32>, &[u8])> {
    if let [b'[', kind @ (b'.' | b'='), more @ ..] = text
        && let Some((name, after)) = enclosed(more, *kind)
    {
        let name = match name {
            [b'\\', name @ ..] if !name.is_empty() => name,
            name => name,
        };
        let character = characters::decode(name, utf8).filter(|&(_, length)| length == name.len());
        return Some((character.map(|(character, _)| character), after));
    }
    let text = match text {
        [b'\\', more @ ..] if !more.is_empty() => more,
        text => text,
    };
    let (character, length) = characters::decode(text, utf8)?;
    Some((Some(character), text.get(length..)?))
}

/// Splits the text at `kind` and a closing bracket. Returns the text before and after them.
fn enclosed(text: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let near = text.get(..NAME_MAX).unwrap_or(text);
    // The name has at least one character: `[.].]`, `[===]`.
    let end = 1 + near
        .get(1..)?
        .windows(2)
        .position(|pair| pair == [kind, b']'])?;
    Some((text.get(..end)?, text.get(end + 2..)?))
}
