//! `jobs [-l|-p] [job_id...]`: XCU 3 `jobs`.

use nestling::text::Text;

use super::getopt::{Getopt, Wrong};
use crate::jobs::State;
use crate::shell::{Answer, Shell, text};
use nestling_shell::fields::Arguments;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut options = Getopt::new(arguments, "lp");
    let mut style = b' ';
    loop {
        match options.next(shell) {
            Ok(Some(letter)) => style = letter,
            Ok(None) => break,
            Err(Wrong) => return Ok(2),
        }
    }
    let operands = options.operands();
    shell.jobs.update();
    let marks = shell.jobs.current_and_previous();
    if operands.is_empty() {
        for slot in 0..shell.jobs.len() {
            report(shell, slot, marks, style);
        }
    }
    let mut status = 0;
    for id in operands.iter() {
        match shell.jobs.find(id) {
            Ok(slot) => report(shell, slot, marks, style),
            Err(why) => {
                shell.complain(text!("jobs: ", id, ": ", why));
                status = 1;
            }
        }
    }
    Ok(status)
}

/// Writes a job's line. Then removes the job from the table if it has ended.
fn report(shell: &mut Shell, slot: usize, marks: [Option<usize>; 2], style: u8) {
    let (jobs, output) = (&mut shell.jobs, &mut shell.output);
    let Some(state) = jobs.state(slot) else {
        return;
    };
    if style == b'p' {
        if let Some(leader) = jobs.leader(slot) {
            text!(leader, "\n").write(output);
        }
        return;
    }
    jobs.line(slot, marks, style == b'l', shell.utf8)
        .write(output);
    jobs.set_reported(slot);
    if let State::Done(..) = state {
        jobs.forget(slot);
    }
}
