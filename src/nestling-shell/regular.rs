//! Extended regular expressions: XBD 9.4, for `[[ text =~ expression ]]`. The only result is whether some part of the text matches.
//!
//! An expression is compiled to a small program. All paths through the program are followed at the same time, without backtracking.
//! The time is at most proportional to the product of the lengths of the text and the program. A backslash removes the special
//! meaning of the next character, as in a [pattern](crate::pattern).

use alloc::vec::Vec;

use crate::characters;
use crate::pattern::{Item, Set};

/// A compiled regular expression.
pub struct Regular {
    program: Vec<Step>,
    utf8: bool,
}

struct Step {
    op: Op,
    /// The next positions in the text at which a path reaches this step: one bit for each position modulo 8. This suffices because
    /// a character has at most 4 bytes.
    due: u8,
    /// The last position at which a path reached this step, plus 1.
    seen: usize,
}

/// Whether a position of a text matches: `^`, `$`, or what [`Regular::with_assertions`] adds.
pub type Assertion = fn(text: &[u8], at: usize) -> bool;

enum Op {
    /// Matches a character.
    Take(Item),
    /// Jumps by a distance. A fork also continues with the next step.
    Go { distance: isize, fork: bool },
    /// Matches between two characters if the text and the position permit it.
    If(Assertion),
    /// The end of the program: the expression has matched.
    End,
}

/// The greatest number of atoms in an expression: characters, parentheses and alternatives. The atoms of a repeated part count once
/// for each repetition.
const ATOMS_MAX: usize = 1 << 15;
/// The greatest depth of nested parentheses.
const DEPTH_MAX: usize = 200;
/// The greatest count in braces: `RE_DUP_MAX`.
const REPEATED_MAX: u64 = 255;

impl Regular {
    /// Compiles an expression. Returns `None` if it is not valid, or exceeds a limit.
    pub fn new(text: &[u8], utf8: bool) -> Option<Self> {
        Self::with_assertions(text, utf8, |_| None)
    }

    /// Does the same as [`new`](Self::new), but a character after a backslash is what `assertions` returns for its first byte.
    /// Without a result, it is itself.
    #[inline]
    pub fn with_assertions(
        text: &[u8],
        utf8: bool,
        assertions: fn(u8) -> Option<Assertion>,
    ) -> Option<Self> {
        let mut parser = Parser {
            rest: text,
            assertions,
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
        self.search(text)
    }

    /// Does the same as [`matches`](Self::matches), and can be called again.
    pub fn search(&mut self, text: &[u8]) -> bool {
        let mut found = false;
        self.run(text, None, &mut |_| {
            found = true;
            true
        });
        found
    }

    /// Returns the end of the longest match that begins at the index `start`, among those whose ends `permits` accepts.
    pub fn longest(
        &mut self,
        text: &[u8],
        start: usize,
        permits: &dyn Fn(usize) -> bool,
    ) -> Option<usize> {
        let mut longest = None;
        self.run(text, Some(start), &mut |end| {
            if permits(end) {
                longest = Some(end);
            }
            false
        });
        longest
    }

    /// Calls `found` with the end of each match, in ascending order, until it returns true. The matches begin at the index `start`;
    /// without it, anywhere.
    fn run(&mut self, text: &[u8], start: Option<usize>, found: &mut dyn FnMut(usize) -> bool) {
        for step in &mut self.program {
            (step.due, step.seen) = (0, 0);
        }
        let mut here = Vec::new();
        for at in start.unwrap_or(0)..=text.len() {
            let rest = text.get(at..).unwrap_or_default();
            let can_begin = start.is_none_or(|start| start == at);
            for (index, step) in self.program.iter_mut().enumerate() {
                let begins =
                    index == 0 && can_begin && characters::is_boundary(text, at, self.utf8);
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
                    Op::End if found(at) => return,
                    Op::End => {}
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
                    Op::If(holds) if holds(text, at) => here.push(index + 1),
                    Op::If(_) => {}
                }
            }
        }
    }
}

struct Parser<'a> {
    rest: &'a [u8],
    assertions: fn(u8) -> Option<Assertion>,
    program: Vec<Step>,
    atoms: usize,
    depth: usize,
    utf8: bool,
}

impl Parser<'_> {
    /// Parses alternatives: `a|b`.
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

    /// Parses a sequence of atoms with their repetitions: `ab*`.
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
                // `{0}` removes the atom. If the maximum is less than the minimum, the expression is not valid.
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

    /// Parses an atom, which is what can be repeated: `a`, `.`, `[a]`, `(a)`, `^`, `$`.
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
            b'^' => Op::If(|_, at| at == 0),
            b'$' => Op::If(|text, at| at == text.len()),
            b'.' => Op::Take(Item::Any),
            b'[' => {
                let (set, after) = Set::parse(after, b"^", self.utf8)?;
                self.rest = after;
                Op::Take(Item::Set(set.into()))
            }
            // No atom precedes the repetition.
            b'*' | b'+' | b'?' | b'{' => return None,
            b'\\'
                if let Some(assertion) =
                    after.first().and_then(|&byte| (self.assertions)(byte)) =>
            {
                self.rest = after.get(1..).unwrap_or_default();
                Op::If(assertion)
            }
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
