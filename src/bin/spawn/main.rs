//! `spawn`: the spawn core on the command line.
//!
//! The program converts its options to actions and attributes, starts PROGRAM, and waits until it ends. The exit status is the
//! status of PROGRAM. If a signal has killed PROGRAM, the exit status is 128 plus the signal's number. It is 127 if PROGRAM was not
//! found, 126 if PROGRAM was found but cannot be executed, and 125 if another step failed.

#![no_std]
#![no_main]
#![deny(unsafe_code)]
// The program does not panic: every failure has its own message and exit status.
#![warn(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod options;

use nestling::io::{self, Writer};
use nestling::spawn::features;
use nestling::text::Text;
use nestling::{rt, wait};
use options::{Options, Request};

#[cfg(panic = "unwind")]
compile_error!("the program has no unwinder: add --config 'profile.release.panic=\"abort\"'");

nestling::entry!(main);

const HELP: &str = "\
Usage: spawn [OPTION...] [--] PROGRAM [ARG...]
Exit status: PROGRAM's; 128+N: killed by signal N; 127: not found;
126: not executable; 125: another step failed.

Steps, carried out in the given order:
  --open FD,HOW[,MODE]=FILE (HOW: r(ead), w(rite) or b(oth), and
    c(reate), x (fail if FILE exists), t(runcate), a(ppend))
  --dup FROM,TO  --close FD  --close-from FD
  --chdir DIR  --fchdir FD  --umask OCTAL  --limit NAME=SOFT[:HARD]
  --chroot DIR (and chdir /; open directories lead out: --close-from 3)
  --user NAME (groups, gid, uid)  --groups [GID,...]  --gid GID
  --uid UID  --reset-ids  --securebits OCTAL
  --bounding [CAP,...]  --inheritable [CAP,...]  --ambient [CAP,...]
  --terminal FD (as controlling terminal)  --foreground FD
Other options, in any order:
  --setsid (else PROGRAM can type here: TIOCSTI)
  --no-new-privs (set-user-ID bits have no effect)
  --setpgid GROUP  --nice N  --sched POLICY[,PRIORITY]
  --oom-score-adj N (copies memory)
  --parent-death SIGNAL  --default SIGNAL,...  --block SIGNAL,...
  --cgroup DIR  --env NAME=VALUE  --unset NAME  --clear-env
  --arg0 NAME  --descriptor FD (execute its file)
  --shell FILE (to run scripts without #!)  --copy (copy memory)  --version
";

const VERSION: &str = concat!("spawn (nestling) ", env!("CARGO_PKG_VERSION"), "\n");

/// The features of a spawn that the options use. (`features::DUMPABLE` is missing, because this program only waits for the child,
/// and need not be dumpable again after the child has changed its ids.)
const FEATURES: u32 = features::SHARED
    | features::DEFAULT_SIGNALS
    | features::SCHEDULER
    | features::NO_NEW_PRIVS
    | features::PARENT_DEATH_SIGNAL
    | features::OOM_SCORE_ADJ
    | features::OPEN
    | features::CLOSE
    | features::DUP2
    | features::CHDIR
    | features::FCHDIR
    | features::CLOSE_FROM
    | features::SET_FOREGROUND
    | features::CONTROLLING_TERMINAL
    | features::CHROOT
    | features::UMASK
    | features::LIMIT
    | features::GROUPS
    | features::GID
    | features::UID
    | features::RESET_IDS
    | features::CAPABILITIES
    | features::SECUREBITS
    | features::DESCRIPTOR
    | features::SHELL;

fn main(process: rt::Process) -> i32 {
    let mut groups = [0; options::GROUPS];
    let mut options = Options::new(process.env(), &mut groups);
    match options.read(process.args()) {
        Ok(Request::Start) => {}
        Ok(Request::Help) => return say(HELP),
        Ok(Request::Version) => return say(VERSION),
        Err(problem) => return failed(&problem, 125),
    }
    if let Some(warning) = options.warning() {
        failed(&warning, 0);
    }
    match options.spawn().start_with::<FEATURES>() {
        // `child.wait()` would add code for pidfds, which this program does not use.
        Ok(child) => match wait::wait(child.id()) {
            Ok(status) => status.shell_code(),
            Err(errno) => failed(&errno, 125),
        },
        Err(error) => failed(&error, error.shell_code()),
    }
}

fn say(text: &str) -> i32 {
    match io::write_all(io::stdout(), text.as_bytes()) {
        Ok(()) => 0,
        Err(errno) => failed(&errno, 125),
    }
}

#[inline(never)]
fn failed(why: &impl Text, code: i32) -> i32 {
    // If standard error is closed, only the exit status reports the failure.
    let mut stderr = Writer::new(io::stderr());
    "spawn: ".write(&mut stderr);
    why.write(&mut stderr);
    "\n".write(&mut stderr);
    code
}
