//! `exec [-a name] [utility [argument…]]` (XCU 2.15): replaces the shell with the utility. Without a utility, the redirections stay
//! in effect. With `-a`, the utility's argument 0 is the given name (as in bash, ksh and busybox).

use super::getopt;
use crate::execution::{external, search};
use crate::jobs;
use crate::shell::{Answer, Divert, Shell};
use nestling_shell::fields::{Arguments, Fields};

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut getopt = getopt::Getopt::new(arguments, "a:");
    let mut other = None;
    while getopt.next(shell)?.is_some() {
        other = Some(getopt.argument);
    }
    let operands = getopt.operands();
    let Some(name) = operands.c_str(0) else {
        shell.keeps_redirections = true;
        return Ok(0);
    };
    shell.output.flush();
    let mut path = search::program(shell, name, true);
    // Argument 0 would name another applet.
    if search::is_applet(shell, name.to_bytes())
        && let Some(own) = path.take_if(|path| {
            **path == *search::OWN && other.is_some_and(|other| other != name.to_bytes())
        })
    {
        path = search::program_instead(shell, name, &own, true);
    }
    let mut fields = Fields::new();
    fields.push(other.unwrap_or(name.to_bytes()));
    fields.append(operands.skip(1));
    let monitor = jobs::controls(shell) && !shell.is_subshell;
    if monitor {
        jobs::set_monitor(shell, false);
    }
    external::become_program(shell, path, name, &fields);
    if monitor {
        jobs::set_monitor(shell, true);
    }
    Err(Divert::Error)
}
