//! Requests to process 1 of a running machine: `poweroff`, `reboot`, `halt`, and `init LEVEL`.

use core::ffi::CStr;

use nestling::sys::reboot::{Reboot, reboot, sync};
use nestling::text::{self, Quoted, Text};
use nestling::{Args, Errno, Signal, io, sys};

use super::SINGLE;
use crate::clock::pause;
use crate::log::{Line, write};

/// The text for `--help`. It does not list the options `-h` and `-i` of sysvinit, which have no effect: the kernel itself stops
/// disks and network interfaces.
const HELP: &str = "\
Usage: poweroff|reboot|halt [-d SECONDS] [-f] [-n] [-p]
  -d\twait SECONDS first
  -f\tat once, without process 1
  -n\twith -f: no sync
  -p\thalt: power off
";

/// Carries out `poweroff` (index 0), `reboot` (1) or `halt` (2), and returns an exit status.
#[inline(never)]
pub fn end(index: usize, name: &[u8], args: Args<'_>) -> i32 {
    let (mut signal, mut kind) = match index {
        0 => (Signal::USR2, Reboot::PowerOff),
        1 => (Signal::TERM, Reboot::Restart),
        _ => (Signal::USR1, Reboot::Halt),
    };
    let (mut at_once, mut syncs, mut delay) = (false, true, 0);
    let mut words = args;
    while let Some(word) = words.first() {
        words = words.skip(1);
        let word = word.to_bytes();
        if word == b"--help" {
            return i32::from(write(io::stdout(), HELP.as_bytes()).is_err());
        }
        let [b'-', letters @ ..] = word else {
            return wrong(name, word);
        };
        let mut letters: &[u8] = letters;
        if letters.is_empty() {
            return wrong(name, word);
        }
        while let [letter, rest @ ..] = letters {
            letters = rest;
            match letter {
                b'f' => at_once = true,
                b'n' => syncs = false,
                b'h' | b'i' => {}
                b'p' if kind == Reboot::Halt => {
                    (signal, kind) = (Signal::USR2, Reboot::PowerOff);
                }
                b'p' => {}
                b'd' => {
                    // The value is the rest of the word or the next word.
                    let mut value = rest;
                    if value.is_empty() {
                        value = words.first().map(CStr::to_bytes).unwrap_or_default();
                        words = words.skip(1);
                    }
                    match text::number(value, 10).and_then(|it| u32::try_from(it).ok()) {
                        Some(seconds) => delay = seconds,
                        None => return wrong(name, word),
                    }
                    letters = b"";
                }
                _ => return wrong(name, word),
            }
        }
    }
    if delay > 0 {
        pause(delay);
    }
    let answer = if at_once {
        if syncs {
            sync();
        }
        Err(reboot(kind))
    } else {
        sys::process::kill(1, Some(signal))
    };
    answer.err().map_or(0, |errno| failed(name, errno))
}

/// Asks process 1 for the run level in the argument, and returns an exit status. Returns `None` if the argument is not a run level,
/// or if this process is process 1; then the argument is a command.
#[inline(never)]
pub fn level(args: Args<'_>) -> Option<i32> {
    if sys::process::getpid().as_raw() == 1 {
        return None;
    }
    let level = text::position("q Q 0 6 s S 1 2 3 4 5", args.first()?.to_bytes())?;
    let signal = match level {
        0 | 1 => Signal::HUP,
        2 => Signal::USR2,
        3 => Signal::TERM,
        4..=6 => Signal::from_raw(SINGLE)?,
        // The levels 2 to 5 mean the multi-user mode, which is the only normal mode here.
        _ => return Some(0),
    };
    let answer = sys::process::kill(1, Some(signal));
    Some(answer.err().map_or(0, |errno| failed(b"init", errno)))
}

fn wrong(name: &[u8], word: &[u8]) -> i32 {
    let mut line = Line::new(name);
    ": ".write(&mut line);
    Quoted(word).write(&mut line);
    ": invalid argument; see --help".write(&mut line);
    line.warn();
    1
}

fn failed(name: &[u8], errno: Errno) -> i32 {
    Line::new(name).warn_error(errno);
    1
}
