//! What the built-ins share: parsing of options (XBD 12.2) and error messages.

use nestling::Errno;

use crate::shell::{Divert, Shell, text};
use nestling_shell::fields::Arguments;

/// An error was reported, and the status was set to 2. A regular built-in returns that status; in a special built-in the error
/// becomes a [`Divert`].
#[derive(Debug)]
pub struct Wrong;

impl From<Wrong> for Divert {
    fn from(_: Wrong) -> Self {
        Divert::Error
    }
}

/// Reports an error in an argument, in the form `cd: /nope: why`.
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

/// Reports that a system call failed.
#[inline(never)]
pub fn refused(shell: &mut Shell, name: &[u8], what: &[u8], why: Errno) -> Wrong {
    shell.complain(text!(name, ": ", what, ": ", why));
    shell.status = 2;
    Wrong
}

/// Iterates over the options of a utility, up to its operands.
#[derive(Debug)]
pub struct Getopt<'a> {
    arguments: Arguments<'a>,
    /// The letters of the options. A colon follows the letter of an option that takes an option-argument.
    letters: &'static [u8],
    /// The index of the current argument, and the position in it; the position 0 means that its hyphen was not read yet.
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

    /// Returns the next option's letter, or `None` after the last option.
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

    /// Returns the arguments after the options. The first operand has the number 0.
    pub fn operands(&self) -> Arguments<'a> {
        self.arguments.skip(self.index)
    }
}

/// Returns the operands of a utility that has no options but accepts `--` (XCU 1.4).
pub fn operands<'a>(arguments: Arguments<'a>) -> Arguments<'a> {
    match arguments.get(1) {
        Some(b"--") => arguments.skip(2),
        _ => arguments.skip(1),
    }
}
