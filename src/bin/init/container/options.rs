//! The command line: short and long options, up to the first word that is not an option.

use core::ffi::CStr;

use nestling::text::{self, Quoted, Text, next_field};
use nestling::{Args, ExitStatus, Signal};

use crate::log::Line;

/// The options and the command of the command line.
pub struct Options<'a> {
    /// The options without a value, one bit for each.
    letters: u64,
    pub parent_death: Option<Signal>,
    /// How many seconds init waits for the processes that the command has left behind, before it kills them.
    pub sweep: Option<u32>,
    pub verbosity: u32,
    pub command: Args<'a>,
    /// For each signal number, the signal that init forwards instead; 0 means the same signal, and `NOTHING` means no signal.
    rewritten: [u8; 65],
    /// The exit statuses that init replaces with 0.
    expected: [bool; 256],
}

/// A number that is not a signal.
const NOTHING: u8 = 255;

/// The long names of options, and the letters of the same options.
static LONG: &str = "help version verbose single-child rewrite sweep";
static LETTERS: &[u8; 6] = b"hVvcr\0";

/// The letter of the option that has only a long name. A user cannot type this letter.
const SWEEP: u8 = 0;

impl<'a> Options<'a> {
    /// Makes the options that environment variables set, before the command line is read.
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

    /// Returns whether the option with this letter is set.
    pub fn has(&self, letter: u8) -> bool {
        self.letters & bit(letter) != 0
    }

    /// Reads the command line up to the command. Returns false after an error, which this method has reported.
    pub fn read(&mut self, args: Args<'a>) -> bool {
        let mut words = args.skip(1);
        while let Some(word) = words.first() {
            let word = word.to_bytes();
            // The part of the word that has not been read yet.
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
                    if let Some(&known) = text::position(LONG, name).and_then(|it| LETTERS.get(it))
                    {
                        letter = known;
                    }
                }
                if matches!(letter, b'r' | b'p' | b'e') && value.is_none() {
                    // The value is the rest of the word or the next word.
                    if rest.is_empty() {
                        rest = words.first().map(CStr::to_bytes).unwrap_or_default();
                        words = words.skip(1);
                    }
                    value = Some(rest).filter(|value| !value.is_empty());
                    rest = b"";
                }
                if self.set(letter, value).is_none() {
                    return wrong(word, value, "invalid option or value");
                }
            }
        }
        self.command = words;
        match (words.first(), self.has(b'P')) {
            _ if self.has(b'h') || self.has(b'V') => true,
            (None, false) => wrong(b"COMMAND", None, "missing"),
            (Some(word), true) => wrong(word.to_bytes(), None, "-P takes no command"),
            _ => true,
        }
    }

    #[inline(never)]
    fn set(&mut self, letter: u8, value: Option<&[u8]>) -> Option<()> {
        let mut text = value.unwrap_or_default();
        match letter {
            b'r' => {
                let old = Signal::from_name(next_field(&mut text, b':'))?;
                let new = match text {
                    b"0" => NOTHING,
                    name => Signal::from_name(name)?.as_raw() as u8,
                };
                *self.rewritten.get_mut(old.as_raw() as usize)? = new;
            }
            b'p' => self.parent_death = Some(Signal::from_name(text)?),
            b'e' => {
                let code = u8::try_from(text::number(text, 10)?).ok()?;
                *self.expected.get_mut(usize::from(code))? = true;
            }
            SWEEP => {
                let seconds = text::number(value.unwrap_or(b"10"), 10)?;
                self.sweep = Some(u32::try_from(seconds).unwrap_or(u32::MAX));
            }
            _ if value.is_some() => return None,
            b'c' => self.letters &= !bit(b'g'),
            b'v' => self.verbosity += 1,
            b'g' | b's' | b'w' | b'P' | b'h' | b'V' => self.letters |= bit(letter),
            _ => return None,
        }
        Some(())
    }

    /// Returns the signal that init forwards for a received signal; `None` means that it forwards nothing.
    pub fn rewrite(&self, signal: Signal) -> Option<Signal> {
        match self.rewritten.get(signal.as_raw() as usize) {
            None | Some(0) => Some(signal),
            Some(&new) => Signal::from_raw(new.into()),
        }
    }

    /// Returns init's exit status for the status of the command.
    pub fn exit_code(&self, status: ExitStatus) -> i32 {
        let code = status.shell_code();
        match self.expected.get(code as usize) {
            Some(true) => 0,
            _ => code,
        }
    }
}

/// Returns the bit of an option's letter.
fn bit(letter: u8) -> u64 {
    1 << (letter % 64)
}

#[inline(never)]
fn wrong(option: &[u8], value: Option<&[u8]>, what: &str) -> bool {
    let mut line = Line::new("");
    Quoted(option).write(&mut line);
    if let Some(value) = value {
        " ".write(&mut line);
        Quoted(value).write(&mut line);
    }
    ": ".write(&mut line);
    what.write(&mut line);
    "; see init --help".write(&mut line);
    line.warn();
    false
}
