//! `suspend [-f]`, as in bash: stops the shell until it is continued, as Ctrl-Z stops a program. (It is not in the standard.)

use nestling::{Signal, sys};

use super::getopt::{Getopt, Wrong};
use super::set;
use crate::jobs;
use crate::options::Opt;
use crate::shell::{Answer, Shell, text};
use nestling_shell::fields::Arguments;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut options = Getopt::new(arguments, "f");
    let mut forced = false;
    loop {
        match options.next(shell) {
            Ok(Some(_)) => forced = true,
            Ok(None) => break,
            Err(Wrong) => return Ok(2),
        }
    }
    if !jobs::controls(shell) {
        shell.complain(text!("suspend: no job control"));
        return Ok(1);
    }
    let is_first = sys::process::getsid(0) == Ok(shell.own_pid().as_raw());
    if !forced && (is_first || shell.options.has(Opt::Login)) {
        shell.complain(text!(
            "suspend: no shell is left that could continue this one; -f stops it nevertheless"
        ));
        return Ok(1);
    }
    // Turning job control off returns the terminal to the process group in which the shell was started. The whole group is stopped,
    // because a program such as `su` waits for its shell.
    set::change(shell, Opt::Monitor, false);
    let stopped = sys::process::kill(0, Some(Signal::STOP));
    set::change(shell, Opt::Monitor, true);
    if let Err(errno) = stopped {
        shell.complain(text!("suspend: ", errno));
    }
    Ok(i32::from(stopped.is_err()))
}
