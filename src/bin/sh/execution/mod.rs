//! Executes commands: XCU 2.9. This file executes lists, and-or lists and pipelines. Each kind of command has a file of its own.

mod asynchronous;
pub mod compound;
pub mod external;
pub mod function;
mod pipeline;
pub mod search;
pub mod simple;
pub mod subshell;
pub mod without_fork;
mod xtrace;

pub use subshell::substitute;

use crate::options::Opt;
use crate::reader;
use crate::shell::{Divert, Flow, Shell};
use crate::traps;
use nestling_shell::syntax::Source;
use nestling_shell::syntax::tree::{AndOr, Command, Connective, Item, List, Pipeline};

/// Reads, parses and executes all commands of a source: a script, `eval`, `.`, the action of a trap.
pub fn all(shell: &mut Shell, source: &mut Source) -> Flow {
    let mut none = true;
    while let Some(commands) = reader::next(shell, source)? {
        if !commands.items.is_empty() {
            none = false;
            tree(shell, source, &commands, false)?;
        }
    }
    if none {
        shell.status = 0;
    }
    Ok(())
}

/// Like [`all`], but for the shell's own program. If a command is known to be the last one, it may replace the shell's process.
pub fn script(shell: &mut Shell, source: &mut Source) -> Flow {
    while let Some(commands) = reader::next(shell, source)? {
        let last = source.is_over() && !shell.is_interactive();
        tree(shell, source, &commands, last)?;
    }
    Ok(())
}

/// Executes a tree that was read, and protects the names that it uses.
fn tree(shell: &mut Shell, source: &Source, commands: &List, last: bool) -> Flow {
    // While an alias's value is being read, the source also uses the alias's name.
    let keeps = u32::from(source.is_in_alias());
    shell.keeps_names += keeps;
    shell.trees.push(commands.items.clone());
    if shell.symbols.are_many() && shell.keeps_names == 0 {
        shell.forget_unused_names();
    }
    let flow = list(shell, commands, last);
    shell.trees.pop();
    shell.keeps_names -= keeps;
    flow
}

/// Executes a list. If it is the last thing that this process does (`last`), its last command may replace the process.
pub fn list(shell: &mut Shell, list: &List, last: bool) -> Flow {
    let Some((final_item, items)) = list.items.split_last() else {
        return Ok(());
    };
    for one in items {
        item(shell, one, false)?;
    }
    item(shell, final_item, last)
}

fn item(shell: &mut Shell, item: &Item, last: bool) -> Flow {
    if shell.options.has(Opt::Noexec) && !shell.is_interactive() {
        return Ok(());
    }
    if item.asynchronous {
        asynchronous::start(shell, item)?;
        return traps::check(shell);
    }
    and_or(shell, &item.and_or, item, last)
}

/// Executes an and-or list: XCU 2.9.3.
fn and_or(shell: &mut Shell, and_or: &AndOr, item: &Item, last: bool) -> Flow {
    let Some((final_one, rest)) = and_or.rest.split_last() else {
        return pipeline(shell, &and_or.first, item, last);
    };
    ignoring_errexit(shell, |shell| pipeline(shell, &and_or.first, item, false))?;
    for (connective, next) in rest {
        if goes_on(shell, *connective) {
            ignoring_errexit(shell, |shell| pipeline(shell, next, item, false))?;
        }
    }
    let (connective, next) = final_one;
    if goes_on(shell, *connective) {
        return pipeline(shell, next, item, last);
    }
    Ok(())
}

fn goes_on(shell: &Shell, connective: Connective) -> bool {
    (shell.status == 0) == (connective == Connective::And)
}

/// Executes a condition, or a pipeline after `!`. Its failure does not end the shell, even with `set -e`.
fn ignoring_errexit<T>(
    shell: &mut Shell,
    execute: impl FnOnce(&mut Shell) -> Result<T, Divert>,
) -> Result<T, Divert> {
    shell.errexit_ignored += 1;
    let flow = execute(shell);
    shell.errexit_ignored -= 1;
    flow
}

/// Executes a pipeline: XCU 2.9.2.
fn pipeline(shell: &mut Shell, pipeline: &Pipeline, item: &Item, last: bool) -> Flow {
    if pipeline.negated {
        ignoring_errexit(shell, |shell| execute(shell, pipeline, item, false))?;
        shell.status = i32::from(shell.status == 0);
        return Ok(());
    }
    execute(shell, pipeline, item, last)
}

fn execute(shell: &mut Shell, pipeline: &Pipeline, item: &Item, last: bool) -> Flow {
    // Signals may have arrived while the words of a `for` or `case` were expanded.
    traps::check(shell)?;
    shell.jobs.update();
    match &*pipeline.commands {
        [only] => command(shell, only, item, last),
        commands => {
            pipeline::foreground(shell, commands, item)?;
            traps::check(shell)?;
            check_errexit(shell)
        }
    }
}

fn command(shell: &mut Shell, command: &Command, item: &Item, last: bool) -> Flow {
    let substituted = shell.substituted.len();
    let flow = execute_command(shell, command, item, last);
    if shell.substituted.len() > substituted {
        subshell::end_process_substitutions(shell, substituted);
    }
    flow
}

fn execute_command(shell: &mut Shell, command: &Command, item: &Item, last: bool) -> Flow {
    match command {
        Command::Simple(simple) => {
            simple::execute(shell, simple, item, last)?;
            traps::check(shell)?;
            check_errexit(shell)
        }
        Command::Compound(compound) => {
            compound::execute(shell, compound, item, last)?;
            // The compound command may have expanded words without executing a command after them.
            traps::check(shell)
        }
        Command::Function(function) => {
            function::define(shell, function);
            Ok(())
        }
    }
}

/// Acts on a failure of a simple command, a pipeline or a subshell, for `set -e` (XCU 2.15) and the trap for ERR.
fn check_errexit(shell: &mut Shell) -> Flow {
    if shell.status == 0 || shell.errexit_ignored != 0 {
        return Ok(());
    }
    if shell.traps.acts_on_errors() {
        traps::run_error(shell)?;
    }
    match shell.options.has(Opt::Errexit) {
        true => Err(Divert::Exit),
        false => Ok(()),
    }
}
