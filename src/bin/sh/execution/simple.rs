//! Simple commands: XCU 2.9.1.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::mem;

use super::compound::apply;
use super::external::{self, Wiring};
use super::search::{self, Target};
use super::{function, xtrace};
use crate::expansion;
use nestling_shell::fields::{Arguments, Fields, Parameters};

use crate::options::Opt;
use crate::redirection;
use crate::shell::{Answer, Builtin, Divert, Flow, Kind, Shell, text};
use nestling_shell::syntax::tree::{Assignment, Function, Item, Simple};

pub fn execute(shell: &mut Shell, simple: &Simple, item: &Item, last: bool) -> Flow {
    shell.line = simple.line;
    shell.substitution_status = None;
    let mut fields = shell.spare_fields.pop().unwrap_or_default();
    let flow = expand_and_run(shell, simple, &mut fields, item, last);
    if shell.is_interactive() {
        note_last(shell, &fields);
    }
    fields.clear();
    shell.spare_fields.push(fields);
    flow
}

/// Sets `$_` to the last word of the command, in an interactive shell.
#[cold]
fn note_last(shell: &mut Shell, fields: &Fields) {
    if let Some(last) = fields
        .len()
        .checked_sub(1)
        .and_then(|last| fields.get(last))
    {
        let name = shell.symbol(b"_");
        // If `_` is read-only, it stays as it is.
        let _ = shell.variables.set(name, last);
    }
}

fn expand_and_run(
    shell: &mut Shell,
    simple: &Simple,
    fields: &mut Fields,
    item: &Item,
    last: bool,
) -> Flow {
    expansion::fields(shell, &simple.words, fields)?;
    let Some(name) = fields.get(0) else {
        return assignments_alone(shell, simple);
    };
    let mut symbol = simple.name.or_else(|| shell.symbols.find(name));
    if cfg!(feature = "edit") && shell.is_interactive() && name.starts_with(b"%") {
        // The id of a job alone is `fg` with it, as in bash and zsh.
        let job = name.to_vec();
        fields.clear();
        fields.push(b"fg");
        fields.push(&job);
        symbol = shell.symbols.find(b"fg");
    }
    if simple.assignments.is_empty() && shell.options.has(Opt::Xtrace) {
        xtrace::write(shell, &[], fields)?;
    }
    match search::target(shell, symbol) {
        Target::Builtin(builtin) => run_builtin(shell, builtin, simple, fields),
        Target::Function(function) => {
            // The fields are also the function's parameters, so they are shared.
            let shared = Rc::new(mem::take(fields));
            let flow = call(shell, &function, simple, &shared, item);
            *fields = Rc::try_unwrap(shared).unwrap_or_default();
            flow
        }
        Target::Program => {
            let mut wiring = Wiring {
                last,
                ..Wiring::default()
            };
            match external::start(shell, simple, fields, &mut wiring)? {
                None => Ok(()),
                Some(started) => {
                    shell.status = external::wait(shell, started, item)?;
                    Ok(())
                }
            }
        }
    }
}

/// Executes a command without a name: its assignments affect this shell (XCU 2.9.1.3).
fn assignments_alone(shell: &mut Shell, simple: &Simple) -> Flow {
    let Some(saved) = apply(shell, &simple.redirections)? else {
        return Ok(());
    };
    let flow = assign_all(shell, simple);
    redirection::restore(shell, saved);
    flow?;
    shell.status = shell.substitution_status.unwrap_or(0);
    Ok(())
}

fn assign_all(shell: &mut Shell, simple: &Simple) -> Flow {
    for assignment in &simple.assignments {
        let value = expansion::single(shell, &assignment.value)?;
        if shell.options.has(Opt::Xtrace) {
            let traced = [(assignment.name, value.clone())];
            xtrace::write(shell, &traced, &Fields::new())?;
        }
        assign(shell, assignment, value)?;
    }
    Ok(())
}

fn assign(shell: &mut Shell, assignment: &Assignment, value: Vec<u8>) -> Flow {
    let answer = if assignment.append {
        shell.variables.append(assignment.name, &value)
    } else {
        shell.variables.set_owned(assignment.name, value)
    };
    if answer.is_err() {
        return Err(shell.is_readonly(assignment.name));
    }
    shell.assigned(assignment.name);
    Ok(())
}

/// Assigns and exports the variables before a command's name, in the scope that the caller has opened.
pub fn assign_for_command(shell: &mut Shell, simple: &Simple, fields: &Fields) -> Flow {
    let mut traced = Vec::new();
    let traces = shell.options.has(Opt::Xtrace) && !simple.assignments.is_empty();
    for assignment in &simple.assignments {
        let value = expansion::single(shell, &assignment.value)?;
        if traces {
            traced.push((assignment.name, value.clone()));
        }
        shell.variables.save(assignment.name);
        assign(shell, assignment, value)?;
        shell.variables.export(assignment.name, true);
    }
    if traces {
        xtrace::write(shell, &traced, fields)?;
    }
    Ok(())
}

/// Closes a scope. This may restore variables that the shell itself uses: those of the locale, and PATH.
pub fn leave_scope(shell: &mut Shell) {
    shell.variables.leave();
    shell.locale_may_have_changed();
}

fn run_builtin(
    shell: &mut Shell,
    builtin: &'static Builtin,
    simple: &Simple,
    fields: &Fields,
) -> Flow {
    let is_special = builtin.kind == Kind::Special;
    let Some(saved) = apply(shell, &simple.redirections)? else {
        // XCU 2.8.1: a redirection error of a special built-in ends a shell that is not interactive.
        return if is_special {
            Err(Divert::Error)
        } else {
            Ok(())
        };
    };
    shell.keeps_redirections = false;
    let flow = if is_special {
        special(shell, builtin, simple, fields)
    } else if builtin.name == "local" {
        // The assignments before `local` stay until the function returns, like the variables that `local` declares.
        for assignment in &simple.assignments {
            shell.variables.save_local(assignment.name);
        }
        special(shell, builtin, simple, fields)
    } else if simple.assignments.is_empty() {
        run(shell, builtin, fields)
    } else {
        shell.variables.enter(false);
        let flow =
            assign_for_command(shell, simple, fields).and_then(|()| run(shell, builtin, fields));
        leave_scope(shell);
        flow
    };
    if core::mem::take(&mut shell.keeps_redirections) {
        saved.keep(shell);
    } else {
        redirection::restore(shell, saved);
    }
    flow
}

/// Executes a special built-in or `local`: the assignments before its name stay after it.
fn special(shell: &mut Shell, builtin: &'static Builtin, simple: &Simple, fields: &Fields) -> Flow {
    let exports = builtin.name == "exec" && fields.len() > 1;
    let mut traced = Vec::new();
    for assignment in &simple.assignments {
        let value = expansion::single(shell, &assignment.value)?;
        if shell.options.has(Opt::Xtrace) {
            traced.push((assignment.name, value.clone()));
        }
        assign(shell, assignment, value)?;
        if exports {
            shell.variables.export(assignment.name, true);
        }
    }
    if !traced.is_empty() {
        xtrace::write(shell, &traced, fields)?;
    }
    run(shell, builtin, fields)
}

fn run(shell: &mut Shell, builtin: &'static Builtin, fields: &Fields) -> Flow {
    shell.status = utility(shell, builtin, fields.arguments())?;
    Ok(())
}

/// Executes a built-in and writes its collected output. Returns the exit status.
pub fn utility(shell: &mut Shell, builtin: &Builtin, arguments: Arguments<'_>) -> Answer {
    shell.output.stops = shell.traps.is_interrupted();
    let answer = (builtin.run)(shell, arguments);
    let written = shell.output.finish();
    let mut status = answer?;
    if let Err(errno) = written {
        shell.complain(text!(builtin.name, ": write error: ", errno));
        status = status.max(1);
    }
    Ok(status)
}

/// Calls a function (XCU 2.9.5). The assignments before its name belong to the function's scope, and are undone when it returns.
fn call(
    shell: &mut Shell,
    function: &Rc<Function>,
    simple: &Simple,
    fields: &Rc<Fields>,
    item: &Item,
) -> Flow {
    let Some(saved) = apply(shell, &simple.redirections)? else {
        return Ok(());
    };
    shell.variables.enter(true);
    let flow = assign_for_command(shell, simple, fields)
        .and_then(|()| function::call(shell, function, Parameters::of_call(fields), item));
    leave_scope(shell);
    redirection::restore(shell, saved);
    flow
}
