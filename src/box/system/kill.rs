//! `kill [-s signal|-signal] pid...`, `kill -l [exit_status...]`: sends signals (XCU 3, `kill`).

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::text::{self, Text};
use nestling::{Args, Signal, sys};

use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"kill",
    synopsis: "[-s signal|-signal] pid... | -l [exit_status...]",
    run,
};

fn run(call: &Call<'_>) -> i32 {
    // `-9` and `-TERM` are no options of a letter, so the arguments are read here.
    let mut words = call.args.skip(1);
    let mut name: &[u8] = b"TERM";
    if let Some([b'-', option @ ..]) = words.first().map(CStr::to_bytes) {
        words = words.skip(1);
        match option {
            b"l" => return list(call, words),
            b"-" | b"-help" => {}
            b"s" | b"n" => {
                name = words.first().unwrap_or_default().to_bytes();
                words = words.skip(1);
            }
            [b's', attached @ ..] if signal(option).is_none() => name = attached,
            _ => name = option,
        }
        if option == b"-help" {
            return call.options("").next().err().unwrap_or(0);
        }
        if option != b"-" && words.first() == Some(c"--") {
            words = words.skip(1);
        }
    }
    let Some(signal) = signal(name) else {
        return call.misused(name, "no such signal");
    };
    if words.is_empty() {
        return call.misused(b"", "a process id is needed");
    }
    let mut status = 0;
    for word in words.iter() {
        let (sign, digits) = match word.to_bytes() {
            [b'-', digits @ ..] => (-1, digits),
            digits => (1, digits),
        };
        let pid = text::number(digits, 10).and_then(|it| i32::try_from(it).ok());
        status |= match pid.map(|pid| sys::process::kill(sign * pid, signal)) {
            Some(Ok(())) => 0,
            Some(Err(errno)) => call.fail(word, errno),
            None => call.complain(word.to_bytes(), "not a process id"),
        };
    }
    status
}

/// Returns the signal with this name or number. The inner `None` is 0, with which `kill` only checks that a signal can be sent.
fn signal(name: &[u8]) -> Option<Option<Signal>> {
    match name {
        b"0" | b"EXIT" => Some(None),
        _ => Signal::from_name(name).map(Some),
    }
}

/// `-l`: writes the names of all signals; for a number (a signal or an exit status) its name, for a name its number.
fn list(call: &Call<'_>, words: Args<'_>) -> i32 {
    let (mut out, mut status) = (Output::new(), 0);
    if words.is_empty() {
        for signal in Signal::all() {
            signal.short().write(&mut out);
            out.write(b"\n");
        }
    }
    for word in words.iter() {
        let word = word.to_bytes();
        let number = text::number(word, 10);
        // An exit status of a process that a signal killed is 128 and the signal's number.
        let signal = match number {
            Some(number) => Signal::from_raw((number & 0x7f) as i32),
            None => Signal::from_name(word),
        };
        match (signal, number) {
            (Some(signal), Some(_)) => signal.short().write(&mut out),
            (Some(signal), None) => signal.as_raw().write(&mut out),
            (None, _) => {
                status = call.complain(word, "no such signal");
                continue;
            }
        }
        out.write(b"\n");
    }
    out.finish(call, status, 1)
}
