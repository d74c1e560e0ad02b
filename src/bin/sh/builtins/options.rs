//! What the built-ins share: options (XBD 12.2) and how to say what is wrong.

use nestling::Errno;

use crate::fields::Arguments;
use crate::shell::{Divert, Shell, text};

/// What is wrong was reported, and the status set to 2: the answer of a regular built-in. Of a special one it is a [`Divert`].
#[derive(Debug)]
pub struct Wrong;

impl From<Wrong> for Divert {
    fn from(_: Wrong) -> Self {
        Divert::Error
    }
}

/// Reports what is wrong with an argument: `cd: /nope: why`.
#[inline(never)]
pub fn wrong(shell: &mut Shell, name: &[u8], what: &[u8], why: &str) -> Wrong {
    if what.is_empty() {
        shell.complain(text!(name, ": ", why));
    } else {
        shell.complain(text!(name, ": ", what, ": ", why));
    }
    shell.status = 2;
    Wrong
}

/// Reports that the system refused something.
#[inline(never)]
pub fn refused(shell: &mut Shell, name: &[u8], what: &[u8], why: Errno) -> Wrong {
    shell.complain(text!(name, ": ", what, ": ", why));
    shell.status = 2;
    Wrong
}

/// Goes through the options of a utility, and stops at its operands.
#[derive(Debug)]
pub struct Getopt<'a> {
    arguments: Arguments<'a>,
    /// The options' letters; after one that has an option-argument, a colon.
    letters: &'static [u8],
    /// In which argument it is, and where in it: 0 before its hyphen.
    index: usize,
    offset: usize,
    /// The option-argument of the last option.
    pub argument: &'a [u8],
}

impl<'a> Getopt<'a> {
    #[inline(never)]
    pub fn new(arguments: Arguments<'a>, letters: &'static str) -> Self {
        Self {
            arguments,
            letters: letters.as_bytes(),
            index: 1,
            offset: 0,
            argument: &[],
        }
    }

    /// The next option's letter; `None` after the last.
    #[inline(never)]
    pub fn next(&mut self, shell: &mut Shell) -> Result<Option<u8>, Wrong> {
        let word = self.arguments.get(self.index).unwrap_or_default();
        if self.offset == 0 {
            match word {
                b"--" => {
                    self.index += 1;
                    return Ok(None);
                }
                [b'-', _, ..] => self.offset = 1,
                _ => return Ok(None),
            }
        }
        let (name, rest) = (self.arguments.name(), word.get(self.offset..));
        let [letter, rest @ ..] = rest.unwrap_or_default() else {
            return Ok(None);
        };
        let place = self.letters.iter().position(|other| other == letter);
        let Some(place) = place.filter(|_| *letter != b':') else {
            return Err(wrong(shell, name, &[b'-', *letter], "no such option"));
        };
        let has_argument = self.letters.get(place + 1) == Some(&b':');
        if has_argument && rest.is_empty() {
            self.index += 1;
            let Some(argument) = self.arguments.get(self.index) else {
                return Err(wrong(
                    shell,
                    name,
                    &[b'-', *letter],
                    "an argument is missing",
                ));
            };
            self.argument = argument;
        } else if has_argument {
            self.argument = rest;
        }
        if has_argument || rest.is_empty() {
            self.index += 1;
            self.offset = 0;
        } else {
            self.offset += 1;
        }
        Ok(Some(*letter))
    }

    /// What follows the options: the first operand is number 0.
    pub fn operands(&self) -> Arguments<'a> {
        self.arguments.skip(self.index)
    }
}

/// The operands of a utility that has no options, but may have a `--` (XCU 1.4).
pub fn operands<'a>(arguments: Arguments<'a>) -> Arguments<'a> {
    match arguments.get(1) {
        Some(b"--") => arguments.skip(2),
        _ => arguments.skip(1),
    }
}
