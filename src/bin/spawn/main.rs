//! `spawn`: the spawn core on the command line.
//!
//! Carries out its options as actions and attributes, starts the program, waits, and exits with the program's status: 128
//! and the signal's number if one killed it; 127 if it was not found, 126 if it was found and could not be executed, 125 for
//! anything else that went wrong before.

#![no_std]
#![no_main]
#![deny(unsafe_code)]

mod options;

use core::fmt::{Display, Write};

use nestling::rt;
use options::Options;

nestling::entry!(main);

const HELP: &str = "\
Usage: spawn [OPTION...] [--] PROGRAM [ARG...]
Starts PROGRAM, waits, and exits with its status (128+N: killed by signal N;
127: not found, 126: not executable, 125: any other failure of the spawn).

Carried out in the order given:
  --open FD,HOW[,MODE]=FILE   HOW: r, w or b (both), and of c (create),
                              x (exclusively), t (truncate), a (append)
  --dup FROM,TO               --close FD                  --close-from FD
  --chdir DIR                 --fchdir FD                 --chroot DIR
  --umask OCTAL               --limit NAME=SOFT[:HARD]    --reset-ids
  --groups [GID,...]          --gid GID                   --uid UID
  --terminal FD               make it the controlling terminal
  --foreground FD             put the program in that terminal's foreground
Carried out in an order of their own:
  --setsid                    --setpgid GROUP             --nice N
  --sched POLICY[,PRIORITY]   --no-new-privs              --cgroup DIR
  --default SIGNAL,...        --block SIGNAL,...          --parent-death SIGNAL
Besides:
  --env NAME=VALUE            --unset NAME                --clear-env
  --arg0 NAME                 --shell FILE    runs what is no executable format
  --descriptor FD             execute this; all arguments are the program's
  --copy                      give the child a copy of memory, not the memory
";

fn main(process: rt::Process) -> i32 {
    let mut groups = [0; options::GROUPS];
    let mut options = Options::new(process, &mut groups);
    match options.read(process.args()) {
        Ok(true) => {}
        Ok(false) => return help(),
        Err(problem) => return failed(&problem, 125),
    }
    match options.spawn().start() {
        Ok(mut child) => match child.wait() {
            Ok(status) => status.shell_code(),
            Err(errno) => failed(&errno, 125),
        },
        Err(error) => failed(&error, error.shell_code()),
    }
}

fn help() -> i32 {
    let mut stdout = rt::stdout();
    match stdout.write(HELP.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => 0,
        Err(errno) => failed(&errno, 125),
    }
}

fn failed(why: &dyn Display, code: i32) -> i32 {
    // Where standard error is closed, the exit status is all that can be said.
    let _ = writeln!(rt::stderr(), "spawn: {why}");
    code
}
