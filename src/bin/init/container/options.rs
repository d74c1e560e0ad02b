//! The command line: options, short or long, up to the first word that is none.

use core::ffi::CStr;
use core::time::Duration;

use nestling::text::{self, Quoted, Text};
use nestling::{Args, ExitStatus, Signal, sys};

use super::say;

/// What the command line says.
pub struct Options<'a> {
    /// Signals go to the command's group.
    pub group: bool,
    pub subreaper: bool,
    pub parent_death: Option<Signal>,
    /// Tell of the orphans that are reaped.
    pub warn: bool,
    pub pause: bool,
    /// How long those that the command leaves have to end.
    pub sweep: Option<Duration>,
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
        Self {
            group: env.var(c"TINI_KILL_PROCESS_GROUP").is_some(),
            subreaper: env.var(c"TINI_SUBREAPER").is_some(),
            parent_death: None,
            warn: false,
            pause: false,
            sweep: None,
            verbosity: 0,
            command: Args::EMPTY,
            rewritten: [0; 65],
            expected: [false; 256],
        }
    }

    /// Reads the command line up to the command.
    pub fn read(&mut self, args: Args<'a>) -> Wish {
        let mut words = args.skip(1);
        while let Some(word) = words.first() {
            let [b'-', first, ..] = *word.to_bytes() else {
                break;
            };
            words = words.skip(1);
            if word == c"--" {
                break;
            }
            // What is not read of it yet.
            let mut rest = sys::args::tail(word, if first == b'-' { 2 } else { 1 });
            while let Some(text) = rest.filter(|text| !text.is_empty()) {
                let (letter, mut value);
                if first == b'-' {
                    let bytes = text.to_bytes();
                    let length = bytes.iter().take_while(|&&byte| byte != b'=').count();
                    letter = text::position(LONG, bytes.get(..length).unwrap_or_default())
                        .and_then(|index| LETTERS.get(index));
                    (value, rest) = (sys::args::tail(text, length + 1), None);
                } else {
                    letter = text.to_bytes().first().filter(|&&letter| letter != b'S');
                    (value, rest) = (None, sys::args::tail(text, 1));
                }
                let letter = letter.copied().unwrap_or_default();
                if matches!(letter, b'r' | b'p' | b'e') && value.is_none() {
                    // What is left of the word, or the next.
                    value = rest.take().filter(|value| !value.is_empty());
                    if value.is_none() {
                        value = words.first();
                        words = words.skip(1);
                    }
                }
                match (letter, value) {
                    (b'h', None) => return Wish::Help,
                    (b'V', None) => return Wish::Version,
                    _ if self.set(letter, value).is_some() => {}
                    _ => return wrong(word, value, "not understood"),
                }
            }
        }
        self.command = words;
        match (words.first(), self.pause) {
            (None, false) => wrong(c"COMMAND", None, "missing"),
            (Some(word), true) => wrong(word, None, "-P runs no command"),
            _ => Wish::Run,
        }
    }

    fn set(&mut self, letter: u8, value: Option<&CStr>) -> Option<()> {
        let text = value.map(CStr::to_bytes);
        match (letter, text) {
            (b'r', Some(text)) => {
                let colon = text.iter().position(|&byte| byte == b':')?;
                let old = Signal::from_name(text.get(..colon)?)?;
                let new = match text.get(colon + 1..)? {
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
                self.sweep = Some(Duration::from_secs(seconds));
            }
            (b'g', None) => self.group = true,
            (b'c', None) => self.group = false,
            (b's', None) => self.subreaper = true,
            (b'w', None) => self.warn = true,
            (b'P', None) => self.pause = true,
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

#[inline(never)]
fn wrong(option: &CStr, value: Option<&CStr>, what: &str) -> Wish {
    say(&|out| {
        Quoted(option.to_bytes()).write(out);
        if let Some(value) = value {
            " ".write(out);
            Quoted(value.to_bytes()).write(out);
        }
        ": ".write(out);
        what.write(out);
        "; see init --help".write(out);
    });
    Wish::Wrong
}
