//! `disown [-ahr] [job_id|pid...]`, as in bash: removes jobs from the job table; the jobs continue. (It is not in the standard.)

use nestling::{Pid, text};

use super::getopt::{Getopt, Wrong};
use crate::jobs::State;
use crate::shell::{Answer, Shell, text};
use nestling_shell::fields::Arguments;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut options = Getopt::new(arguments, "ahr");
    let (mut all, mut running, mut keeps) = (false, false, false);
    loop {
        match options.next(shell) {
            Ok(Some(b'a')) => all = true,
            Ok(Some(b'r')) => running = true,
            // `-h` keeps the job in the table. It needs no more than that: this shell sends no SIGHUP to its jobs when it ends.
            Ok(Some(_)) => keeps = true,
            Ok(None) => break,
            Err(Wrong) => return Ok(2),
        }
    }
    let operands = options.operands();
    shell.jobs.update();
    if operands.is_empty() && (all || running) {
        for slot in (0..shell.jobs.len()).rev() {
            let state = shell.jobs.state(slot);
            if !keeps && (!running || state == Some(State::Running)) {
                shell.jobs.disown(slot);
            }
        }
        return Ok(0);
    }
    let mut status = 0;
    let current = [&b"%%"[..]];
    let ids = current
        .into_iter()
        .filter(|_| operands.is_empty())
        .chain(operands.iter());
    for id in ids {
        let found = shell.jobs.find(id).or_else(|why| {
            let pid = text::number(id, 10).and_then(|pid| i32::try_from(pid).ok());
            let pid = pid.and_then(Pid::from_raw);
            pid.and_then(|pid| shell.jobs.own(pid)).ok_or(why)
        });
        match found {
            Ok(_) if keeps => {}
            Ok(slot) => {
                let is_stopped = matches!(shell.jobs.state(slot), Some(State::Stopped(_)));
                let target = shell.jobs.targets(slot).next().filter(|_| is_stopped);
                if let Some(target) = target {
                    shell.complain(text!(
                        "disown: ",
                        id,
                        " is stopped: it goes on after kill -CONT ",
                        target
                    ));
                }
                shell.jobs.disown(slot);
            }
            Err(why) => {
                shell.complain(text!("disown: ", id, ": ", why));
                status = 1;
            }
        }
    }
    Ok(status)
}
