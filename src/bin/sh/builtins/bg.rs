//! `bg [job_id...]`: XCU 3 `bg`.

use nestling::text::Text;

use super::fg;
use super::getopt::operands;
use crate::jobs;
use crate::shell::{Answer, Shell, text};
use nestling_shell::fields::Arguments;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let operands = operands(arguments);
    if operands.is_empty() {
        return Ok(i32::from(!resume(shell, b"%%")));
    }
    let failed = operands.iter().filter(|id| !resume(shell, id)).count();
    Ok(i32::from(failed > 0))
}

fn resume(shell: &mut Shell, id: &[u8]) -> bool {
    let answer = fg::find(shell, id).and_then(|slot| {
        text!(
            "[",
            slot + 1,
            "] ",
            &shell.jobs.shown(slot, shell.utf8)[..],
            "\n"
        )
        .write(&mut shell.output);
        jobs::continue_in_background(shell, slot).map_err(|_| "job has ended")
    });
    if let Err(why) = answer {
        shell.complain(text!("bg: ", id, ": ", why));
    }
    answer.is_ok()
}
