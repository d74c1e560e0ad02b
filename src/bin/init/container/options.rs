//! The command line: options, short or long, up to the first word that is none.

use core::ffi::CStr;

use nestling::text::{self, Quoted, Text, next_field};
use nestling::{Args, ExitStatus, Signal};

use crate::log::Line;

/// What the command line says.
pub struct Options<'a> {
    /// Those that are only there or not, a bit each.
    letters: u64,
    pub parent_death: Option<Signal>,
    /// How many seconds those that the command leaves have to end.
    pub sweep: Option<u32>,
    pub verbosity: u8,
    pub command: Args<'a>,
    /// What is passed on instead of a signal, by its number: 0 for itself, `NOTHING`.
    rewritten: [u8; 65],
    /// The exit statuses that become 0.
    expected: [bool; 256],
}

/// What is asked for.
pub enum Wish {
    Run,
    Help,
    Version,
    /// Nothing: the command line is wrong, and that has been said.
    Wrong,
}

/// No signal's number.
const NOTHING: u8 = 255;

/// The options that have a long name, and the letters that these stand for. `S` is only one of these.
static LONG: &str = "help version verbose single-child rewrite sweep";
static LETTERS: &[u8; 6] = b"hVvcrS";

impl<'a> Options<'a> {
    /// Those that the environment stands for.
    pub fn new(env: Args<'_>) -> Self {
        let mut letters = 0;
        if env.var(c"TINI_KILL_PROCESS_GROUP").is_some() {
            letters |= bit(b'g');
        }
        if env.var(c"TINI_SUBREAPER").is_some() {
            letters |= bit(b's');
        }
        Self {
            letters,
            parent_death: None,
            sweep: None,
            verbosity: 0,
            command: Args::EMPTY,
            rewritten: [0; 65],
            expected: [false; 256],
        }
    }

    /// Whether the option of this letter is there.
    pub fn has(&self, letter: u8) -> bool {
        self.letters & bit(letter) != 0
    }

    /// Reads the command line up to the command.
    #[inline(never)]
    pub fn read(&mut self, args: Args<'a>) -> Wish {
        let mut words = args.skip(1);
        while let Some(word) = words.first() {
            let word = word.to_bytes();
            // What is not read of it yet.
            let [b'-', rest @ ..] = word else { break };
            let mut rest: &[u8] = rest;
            if rest.is_empty() {
                break;
            }
            words = words.skip(1);
            if rest == b"-" {
                break;
            }
            while let [first, others @ ..] = rest {
                let (mut letter, mut value) = (*first, None);
                rest = others;
                if letter == b'-' && others.len() + 2 == word.len() {
                    let name = next_field(&mut rest, b'=');
                    if name.len() < others.len() {
                        value = Some(rest);
                    }
                    rest = b"";
                    let index = text::position(LONG, name);
                    letter = index
                        .and_then(|index| LETTERS.get(index).copied())
                        .unwrap_or(0);
                } else if letter == b'S' {
                    letter = 0;
                }
                if matches!(letter, b'r' | b'p' | b'e') && value.is_none() {
                    // What is left of the word, or the next.
                    if rest.is_empty() {
                        rest = words.first().map(CStr::to_bytes).unwrap_or_default();
                        words = words.skip(1);
                    }
                    value = Some(rest).filter(|value| !value.is_empty());
                    rest = b"";
                }
                if self.set(letter, value).is_none() {
                    return wrong(word, value, "not understood");
                }
            }
        }
        self.command = words;
        if self.has(b'h') {
            return Wish::Help;
        }
        if self.has(b'V') {
            return Wish::Version;
        }
        match (words.first(), self.has(b'P')) {
            (None, false) => wrong(b"COMMAND", None, "missing"),
            (Some(word), true) => wrong(word.to_bytes(), None, "-P runs no command"),
            _ => Wish::Run,
        }
    }

    fn set(&mut self, letter: u8, value: Option<&[u8]>) -> Option<()> {
        match (letter, value) {
            (b'r', Some(mut new)) => {
                let old = Signal::from_name(next_field(&mut new, b':'))?;
                let new = match new {
                    b"0" => NOTHING,
                    name => Signal::from_name(name)?.as_raw() as u8,
                };
                *self.rewritten.get_mut(old.as_raw() as usize)? = new;
            }
            (b'p', Some(text)) => self.parent_death = Some(Signal::from_name(text)?),
            (b'e', Some(text)) => {
                let code = text::number(text, 10)?;
                *self.expected.get_mut(code as usize)? = true;
            }
            (b'S', text) => {
                let seconds = text::number(text.unwrap_or(b"10"), 10)?;
                self.sweep = Some(u32::try_from(seconds).unwrap_or(u32::MAX));
            }
            (b'g' | b's' | b'w' | b'P' | b'h' | b'V', None) => self.letters |= bit(letter),
            (b'c', None) => self.letters &= !bit(b'g'),
            (b'v', None) => self.verbosity = self.verbosity.saturating_add(1),
            _ => return None,
        }
        Some(())
    }

    /// What is to be passed on where this signal came.
    pub fn rewrite(&self, signal: Signal) -> Option<Signal> {
        match self.rewritten.get(signal.as_raw() as usize) {
            None | Some(0) => Some(signal),
            Some(&new) => Signal::from_raw(new.into()),
        }
    }

    /// What init exits with.
    pub fn exit_code(&self, status: ExitStatus) -> i32 {
        let code = status.shell_code();
        match self.expected.get(code as usize) {
            Some(true) => 0,
            _ => code,
        }
    }
}

/// Which bit a letter is.
fn bit(letter: u8) -> u64 {
    1 << (letter % 64)
}

#[inline(never)]
fn wrong(option: &[u8], value: Option<&[u8]>, what: &str) -> Wish {
    let mut line = Line::new();
    Quoted(option).write(&mut line);
    if let Some(value) = value {
        " ".write(&mut line);
        Quoted(value).write(&mut line);
    }
    ": ".write(&mut line);
    what.write(&mut line);
    "; see init --help".write(&mut line);
    line.complain();
    Wish::Wrong
}
