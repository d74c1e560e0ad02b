//! `wait [-n] [pid|job_id...]`: XCU 3 `wait`. With `-n` it waits until the first of them ends (as in bash and busybox).

use nestling::{Pid, text};

use super::getopt::{Getopt, Wrong};
use crate::jobs::{self, Broken, Known};
use crate::shell::{Answer, Shell, text};
use nestling_shell::fields::Arguments;

/// The exit status for an operand that is not a known child of this shell.
const UNKNOWN: i32 = 127;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut options = Getopt::new(arguments, "n");
    let mut first = false;
    loop {
        match options.next(shell) {
            Ok(Some(_)) => first = true,
            Ok(None) => break,
            Err(Wrong) => return Ok(2),
        }
    }
    let operands = options.operands();
    // A stopped process may have been continued in the meantime.
    shell.jobs.update();
    match (first, operands.len()) {
        (false, 0) => wait_for_all(shell),
        (true, 0) => wait_for_first(shell, |shell| match jobs::any_done(&shell.jobs) {
            Some(slot) => jobs::status_of_job(&mut shell.jobs, slot),
            None if jobs::any_runs(&shell.jobs) => Known::Not,
            None => Known::Unknown,
        }),
        (true, _) => wait_for_first(shell, |shell| {
            let mut known = Known::Unknown;
            for operand in operands.iter() {
                match look(shell, operand, false) {
                    Known::Unknown => {}
                    Known::Not => known = Known::Not,
                    status => return status,
                }
            }
            known
        }),
        (false, _) => {
            let mut status = 0;
            for operand in operands.iter() {
                let mut complains = true;
                status = wait_for_first(shell, |shell| {
                    look(shell, operand, core::mem::take(&mut complains))
                })?;
                if shell.traps.pending() {
                    break;
                }
            }
            Ok(status)
        }
    }
}

/// Returns what the shell knows about the process or job that an operand names.
fn look(shell: &mut Shell, operand: &[u8], complains: bool) -> Known {
    if operand.first() == Some(&b'%') {
        return match shell.jobs.find(operand) {
            Ok(slot) => jobs::status_of_job(&mut shell.jobs, slot),
            Err(why) => {
                if complains {
                    shell.complain(text!("wait: ", operand, ": ", why));
                }
                Known::Unknown
            }
        };
    }
    match text::number(operand, 10) {
        Some(number) => match Pid::from_raw(i32::try_from(number).unwrap_or_default()) {
            Some(pid) => jobs::status_of_process(&mut shell.jobs, pid),
            None => Known::Unknown,
        },
        None => {
            shell.complain(text!(
                "wait: ",
                operand,
                ": neither a process id nor a job id"
            ));
            Known::Status(2)
        }
    }
}

/// Waits until `look` returns a status, or finds that the operand is not a child of this shell.
fn wait_for_first(shell: &mut Shell, mut look: impl FnMut(&mut Shell) -> Known) -> Answer {
    loop {
        match look(shell) {
            Known::Status(status) => return Ok(status),
            Known::Unknown => return Ok(UNKNOWN),
            Known::Not => {}
        }
        if let Err(Broken::By(signal)) = jobs::wait_for_change(shell) {
            return Ok(128 + signal.as_raw());
        }
    }
}

fn wait_for_all(shell: &mut Shell) -> Answer {
    while jobs::any_runs(&shell.jobs) {
        if let Err(Broken::By(signal)) = jobs::wait_for_change(shell) {
            return Ok(128 + signal.as_raw());
        }
    }
    jobs::forget_own(&mut shell.jobs);
    Ok(0)
}
