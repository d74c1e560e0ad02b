//! Asynchronous lists: XCU 2.9.3.1.

use super::{and_or, pipeline, subshell};
use crate::execution::external::Wiring;
use crate::jobs;
use crate::shell::{Flow, Shell};
use nestling_shell::syntax::tree::{Command, Item};

/// Starts an item that ends with `&`, and does not wait for it. The commands of a pipeline, or one simple command, become children of
/// this shell. A copy of the shell executes anything else: an and-or list, a pipeline with `!`, or one compound command.
pub fn start(shell: &mut Shell, item: &Item) -> Flow {
    let pipeline = &item.and_or.first;
    let is_pipeline = item.and_or.rest.is_empty() && !pipeline.negated;
    let has_compound = pipeline
        .commands
        .iter()
        .any(|command| !matches!(command, Command::Simple(_)));
    if is_pipeline && (pipeline.commands.len() > 1 || !has_compound) {
        pipeline::background(shell, &pipeline.commands, item)?;
    } else {
        let mut wiring = Wiring {
            background: true,
            ..Wiring::default()
        };
        let started = subshell::start(shell, &mut wiring, &|shell| {
            and_or(shell, &item.and_or, item, true)
        })?;
        let pids = [started.pid];
        let started = jobs::StartedJob {
            pids: &pids,
            group: started.group,
            text: item.text.clone(),
        };
        jobs::add_background(shell, started);
    }
    shell.status = 0;
    Ok(())
}
