//! Extended regular expressions: XBD 9.4, for `[[ text =~ expression ]]`, which asks only whether some part of the text matches.
//!
//! An expression becomes a small program, all of whose ways are followed at once through the text. Nothing is tried twice: the time
//! is the product of the lengths at most. A backslash takes the meaning from the character after it, as in a
//! [pattern](super::pattern).

use alloc::vec::Vec;

use super::characters;
use super::pattern::{Item, Set};

/// A regular expression, ready to be looked for.
pub struct Regular {
    program: Vec<Step>,
    utf8: bool,
}

struct Step {
    op: Op,
    /// A bit for each of the next places in the text that a way comes to it at: a character takes it up to 4 bytes further.
    due: u8,
    /// Behind the last place that a way has come to it at.
    seen: usize,
}

enum Op {
    /// Takes a character.
    Take(Item),
    /// Goes on so far away, and if it is a fork, here as well.
    Go { distance: isize, fork: bool },
    /// `^`
    TextBegins,
    /// `$`
    TextEnds,
    /// The end of the program: what was asked for is there.
    End,
}

/// So many characters, parentheses and the like at most has an expression, counted anew for each repetition.
const ATOMS_MAX: usize = 1 << 15;
/// So many parentheses at most stand within each other.
const DEPTH_MAX: usize = 200;
/// `RE_DUP_MAX`
const REPEATED_MAX: u64 = 255;

impl Regular {
    /// The expression that a text says; `None` if it says none, or a larger one than the limits allow.
    pub fn new(text: &[u8], utf8: bool) -> Option<Self> {
        let mut parser = Parser {
            rest: text,
            program: Vec::new(),
            atoms: 0,
            depth: 0,
            utf8,
        };
        parser.either()?;
        parser.push(Op::End);
        let program = parser.program;
        parser.rest.is_empty().then_some(Self { program, utf8 })
    }

    /// Whether some part of the text matches.
    pub fn matches(mut self, text: &[u8]) -> bool {
        let mut here = Vec::new();
        for at in 0..=text.len() {
            let rest = text.get(at..).unwrap_or_default();
            for (index, step) in self.program.iter_mut().enumerate() {
                let begins = index == 0 && characters::is_boundary(text, at, self.utf8);
                if begins || step.due >> (at % 8) & 1 != 0 {
                    step.due &= !(1 << (at % 8));
                    here.push(index);
                }
            }
            while let Some(index) = here.pop() {
                let Some(step) = self.program.get_mut(index) else {
                    continue;
                };
                if step.seen > at {
                    continue;
                }
                step.seen = at + 1;
                match &step.op {
                    Op::End => return true,
                    Op::Take(item) => {
                        if let Some(length) = item.matches(rest, self.utf8)
                            && let Some(next) = self.program.get_mut(index + 1)
                        {
                            next.due |= 1 << ((at + length) % 8);
                        }
                    }
                    &Op::Go { distance, fork } => {
                        here.push(index.wrapping_add_signed(distance));
                        if fork {
                            here.push(index + 1);
                        }
                    }
                    Op::TextBegins if at > 0 => {}
                    Op::TextEnds if !rest.is_empty() => {}
                    Op::TextBegins | Op::TextEnds => here.push(index + 1),
                }
            }
        }
        false
    }
}

struct Parser<'a> {
    rest: &'a [u8],
    program: Vec<Step>,
    atoms: usize,
    depth: usize,
    utf8: bool,
}

impl Parser<'_> {
    /// `a|b`
    fn either(&mut self) -> Option<()> {
        let start = self.program.len();
        self.branch()?;
        while let [b'|', rest @ ..] = self.rest {
            self.rest = rest;
            self.count()?;
            let length = self.program.len() - start;
            self.program.insert(start, fork(length as isize + 2));
            let end = self.program.len();
            self.program.push(fork(0));
            self.branch()?;
            let (distance, fork) = ((self.program.len() - end) as isize, false);
            self.program.get_mut(end)?.op = Op::Go { distance, fork };
        }
        Some(())
    }

    /// `ab*`
    fn branch(&mut self) -> Option<()> {
        while let [first, ..] = self.rest
            && !matches!(first, b'|' | b')')
        {
            let (what, start) = (self.rest, self.program.len());
            self.atom()?;
            let (least, most, after) = match self.rest {
                [b'*', after @ ..] => (0, None, after),
                [b'+', after @ ..] => (1, None, after),
                [b'?', after @ ..] => (0, Some(1), after),
                [b'{', counts @ ..] => {
                    let end = counts.iter().position(|&byte| byte == b'}')?;
                    let (counts, after) = (counts.get(..end)?, counts.get(end + 1..)?);
                    match counts.iter().position(|&byte| byte == b',') {
                        None => {
                            let times = number(counts)?;
                            (times, Some(times), after)
                        }
                        Some(comma) => {
                            let most = match counts.get(comma + 1..)? {
                                [] => None,
                                most => Some(number(most)?),
                            };
                            (number(counts.get(..comma)?)?, most, after)
                        }
                    }
                }
                _ => continue,
            };
            let length = (self.program.len() - start) as isize;
            let times = most.unwrap_or(least.max(1));
            if times < least.max(1) {
                // `{0}`, or the most is less than the least.
                (times == least).then_some(())?;
                self.program.truncate(start);
            } else if least == 0 {
                let back = isize::from(most.is_none());
                self.program.insert(start, fork(length + 1 + back));
            }
            for time in 1..times {
                if time >= least {
                    self.program.push(fork(length + 1));
                }
                self.rest = what;
                self.atom()?;
            }
            if most.is_none() {
                self.program.push(fork(-length));
            }
            self.rest = after;
        }
        Some(())
    }

    /// What can be repeated: `a`, `.`, `[a]`, `(a)`, `^`, `$`.
    fn atom(&mut self) -> Option<()> {
        self.count()?;
        let [first, after @ ..] = self.rest else {
            return None;
        };
        let text = self.rest;
        self.rest = after;
        let op = match first {
            b'(' => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return None;
                }
                self.either()?;
                self.depth -= 1;
                self.rest = self.rest.strip_prefix(b")")?;
                return Some(());
            }
            b'^' => Op::TextBegins,
            b'$' => Op::TextEnds,
            b'.' => Op::Take(Item::Any),
            b'[' => {
                let (set, after) = Set::parse(after, b"^", self.utf8)?;
                self.rest = after;
                Op::Take(Item::Set(set.into()))
            }
            // Nothing is there to repeat.
            b'*' | b'+' | b'?' | b'{' => return None,
            _ => {
                let text = if *first == b'\\' { after } else { text };
                let length = characters::length(text, self.utf8);
                let (character, after) = text.split_at_checked(length.max(1))?;
                self.rest = after;
                for &byte in character {
                    self.push(Op::Take(Item::Byte(byte)));
                }
                return Some(());
            }
        };
        self.push(op);
        Some(())
    }

    fn push(&mut self, op: Op) {
        self.program.push(step(op));
    }

    fn count(&mut self) -> Option<()> {
        self.atoms += 1;
        (self.atoms <= ATOMS_MAX).then_some(())
    }
}

fn step(op: Op) -> Step {
    let (due, seen) = (0, 0);
    Step { op, due, seen }
}

fn fork(distance: isize) -> Step {
    let fork = true;
    step(Op::Go { distance, fork })
}

fn number(digits: &[u8]) -> Option<u64> {
    nestling::text::number(digits, 10).filter(|&number| number <= REPEATED_MAX)
}
