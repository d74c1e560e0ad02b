//! `fg [job_id]`: XCU 3 `fg`.

use super::getopt::operands;
use crate::jobs;
use crate::shell::{Answer, Shell, text};
use nestling_shell::fields::Arguments;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let id = operands(arguments).get(0).unwrap_or(b"%%");
    match find(shell, id) {
        Ok(slot) => {
            shell.output.write(&shell.jobs.shown(slot, shell.utf8));
            shell.output.write(b"\n");
            shell.output.flush();
            jobs::continue_in_foreground(shell, slot)
        }
        Err(why) => {
            shell.complain(text!("fg: ", id, ": ", why));
            Ok(1)
        }
    }
}

/// Finds the job on which `fg` or `bg` acts, and returns its index in the table. The error is the message for the user.
pub fn find(shell: &mut Shell, id: &[u8]) -> Result<usize, &'static str> {
    if !jobs::controls(shell) {
        return Err("no job control");
    }
    shell.jobs.update();
    let slot = shell.jobs.find(id)?;
    jobs::is_under_control(shell, slot)?;
    Ok(slot)
}
