//! `kill [-s signal_name|-signal] pid...`, `kill -l [exit_status...]`: XCU 3 `kill`.

use alloc::vec::Vec;

use nestling::text::{self, Text};
use nestling::{Errno, Signal, sys};

use super::getopt::operands;
use crate::jobs::State;
use crate::shell::{Answer, Shell, text};
use nestling_shell::fields::Arguments;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut operands = arguments.skip(1);
    let mut name: &[u8] = b"TERM";
    if let Some([b'-', option @ ..]) = operands.get(0) {
        match option {
            // The operands follow `-l`, which stands where a signal's name would stand.
            b"l" | b"L" => return list(shell, self::operands(operands)),
            _ => operands = operands.skip(1),
        }
        match option {
            b"s" | b"n" => {
                name = operands.get(0).unwrap_or_default();
                operands = operands.skip(1);
            }
            b"-" => {}
            // A signal's name may be in lower case: `-stop` is not `-s top`. So names of signals are checked first.
            [b's' | b'n', attached @ ..] if signal(option).is_none() => name = attached,
            _ => name = option,
        }
        if option != b"-" && operands.get(0) == Some(b"--") {
            operands = operands.skip(1);
        }
    }
    let Some(signal) = signal(name) else {
        shell.complain(text!("kill: ", name, ": no such signal"));
        return Ok(1);
    };
    if operands.is_empty() {
        shell.complain(text!(
            "usage: kill [-s signal | -signal] pid..., or kill -l [exit_status...]"
        ));
        return Ok(2);
    }
    let mut status = 0;
    for operand in operands.iter() {
        if !send(shell, operand, signal) {
            status = 1;
        }
    }
    Ok(status)
}

/// Parses a signal's name or number. The inner `None` is 0, with which `kill` only checks that a signal could be sent.
fn signal(name: &[u8]) -> Option<Option<Signal>> {
    match name {
        b"0" | b"EXIT" => Some(None),
        _ => Signal::from_name(name).map(Some),
    }
}

fn kill(shell: &mut Shell, target: i32, signal: Option<Signal>) -> Result<(), Errno> {
    sys::process::kill(target, signal)?;
    if signal == Some(Signal::CONT) {
        shell.jobs.sent_continue(target);
    }
    Ok(())
}

fn send(shell: &mut Shell, operand: &[u8], signal: Option<Signal>) -> bool {
    let answer = if operand.first() == Some(&b'%') {
        shell.jobs.find(operand).map(|slot| {
            // For a job without a process group, the targets are its remaining processes.
            let targets: Vec<i32> = shell.jobs.targets(slot).collect();
            let is_stopped = matches!(shell.jobs.state(slot), Some(State::Stopped(_)));
            let sent = targets.iter().map(|&target| kill(shell, target, signal));
            let answer = sent.reduce(Result::or).unwrap_or(Ok(()));
            // A stopped job could not act on a signal that is to end it, so it is continued (as in bash, ksh and mksh).
            let ends = [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM];
            if is_stopped && signal.is_some_and(|signal| ends.contains(&signal)) {
                for target in targets {
                    let _ = kill(shell, target, Some(Signal::CONT));
                }
            }
            answer
        })
    } else {
        let (negative, digits) = match operand.strip_prefix(b"-") {
            Some(digits) => (true, digits),
            None => (false, operand),
        };
        let number = text::number(digits, 10).and_then(|number| i32::try_from(number).ok());
        match number {
            Some(number) => Ok(kill(shell, if negative { -number } else { number }, signal)),
            None => Err("neither a process id nor a job id"),
        }
    };
    match answer {
        Ok(Ok(())) => true,
        Ok(Err(errno)) => {
            shell.complain(text!("kill: ", operand, ": ", errno));
            false
        }
        Err(why) => {
            shell.complain(text!("kill: ", operand, ": ", why));
            false
        }
    }
}

/// `-l`: lists the names of the signals. For an operand that is a number (a signal or an exit status) it writes the signal's name,
/// for a name the signal's number.
fn list(shell: &mut Shell, operands: Arguments<'_>) -> Answer {
    if operands.is_empty() {
        for signal in Signal::all() {
            text!(signal, "\n").write(&mut shell.output);
        }
    }
    let mut status = 0;
    for operand in operands.iter() {
        let number = text::number(operand, 10).map(|number| match number {
            129.. => number - 128,
            _ => number,
        });
        let of_number =
            number.and_then(|it| Signal::from_raw(i32::try_from(it).unwrap_or_default()));
        match (number, signal(operand)) {
            (Some(0), _) => shell.output.write(b"EXIT\n"),
            (None, Some(signal)) => {
                text!(signal.map_or(0, Signal::as_raw), "\n").write(&mut shell.output)
            }
            _ => match of_number {
                Some(signal) => text!(signal, "\n").write(&mut shell.output),
                None => {
                    shell.complain(text!("kill: ", operand, ": no such signal"));
                    status = 1;
                }
            },
        }
    }
    Ok(status)
}
