//! Container life: runs one command, as PID 1 of a container or under another supervisor, and forwards signals to it.
//!
//! - Init reaps all its children: the command, and the orphans that it adopts as PID 1 or as a subreaper (`-s`).
//! - Init forwards all signals that it can receive to the command, including real-time signals. It has no signal handlers: a
//!   signal stays pending until init takes it. As after an exec, the command ignores the signals that init ignored at its start,
//!   except `SIGCHLD`.
//! - The command leads a new process group, and gets the terminal if init has it.
//! - The exit status is the command's, or 128 plus the signal's number if a signal killed the command. It is 127 if the command
//!   was not found, 126 if it was found but could not be executed, and 125 after any other error before it ran.
//! - Except for signals, the command inherits everything unchanged: descriptors, limits, the environment.
//!
//! # Compared with others
//!
//! | Option                    | tini                 | dumb-init            | catatonit | init                               |
//! |---------------------------|----------------------|----------------------|-----------|------------------------------------|
//! | `-g` (whole group)        | same                 | the default          | same      | same                               |
//! | `-c`, `--single-child`    |                      | same                 |           | the default; undoes `-g`           |
//! | `-r`, `--rewrite OLD:NEW` |                      | same, numbers only   |           | also names: `-r TERM:INT`, `-r HUP:0` |
//! | `-s`                      | same                 |                      |           | same; `--sweep` implies it         |
//! | `-p SIGNAL`               | same                 |                      |           | same                               |
//! | `-w`                      | same                 |                      |           | same                               |
//! | `-e CODE`                 | same                 |                      |           | same                               |
//! | `-P`                      |                      |                      | same      | same, after `-r`                   |
//! | `-v`                      | same, more messages  | same, `--verbose`    |           | `-v`: ends; `-vv`: also signals    |
//! | `-h`                      | same                 | same, `--help`       | same      | also `--help`                      |
//! | `-V`, `--version`         | only `--version`     | same                 | same      | same                               |
//! | `-l`, `-L` (licence)      | `-l`                 |                      | `-L`      | none: see the package              |
//! | `--sweep[=SECONDS]`       |                      |                      |           | ends the remaining processes       |
//! | `TINI_SUBREAPER`, `TINI_KILL_PROCESS_GROUP` | same |                      |           | same: `-s`, `-g`                   |
//! | `TINI_VERBOSITY`          | same                 | `DUMB_INIT_DEBUG`    |           | none: the messages differ          |
//! | `DUMB_INIT_SETSID`        |                      | 0 as `-c`            |           | none: there is no new session      |
//!
//! Differences without an option:
//!
//! - If a process sends a fatal signal (`SIGSEGV`, `SIGABRT`, ...) to tini, tini does not forward it; init does.
//! - dumb-init starts the command in a new session. It forwards `SIGTSTP`, `SIGTTIN` and `SIGTTOU` as `SIGSTOP`, because the other
//!   three do not stop processes there. With init, the command is in init's session, and these signals work unchanged.
//! - If the command cannot be started, the exit status is 126 or 127, as with tini; with dumb-init it is 2, with catatonit 1.
//! - If it is neither PID 1 nor a subreaper, tini prints a warning each time; init prints it only with `-v`.
//! - When the command has ended, dumb-init sends `SIGTERM` to the rest of the session; init only does so with `--sweep`.
//! - dumb-init changes its working directory to `/`; init does not change it, nor do tini and catatonit.
//! - If init itself fails, its exit status is 125; that of the others is 1.
//! - With `-w`, init prints `an orphan, PID: STATUS`; tini prints `Reaped zombie process with pid=PID`.
//! - `/bin/sh` runs a script without `#!`, as with the others.
//!
//! # Stopping and continuing
//!
//! If the command stops (because of Ctrl-Z, for example), init stops itself, so that the shell that started init gets its terminal
//! back. When the shell continues init (`fg`), init gives the terminal to the command's group again, if init's group has it, and
//! continues the command.
//!
//! If no process could continue init (init is PID 1, or its process group is orphaned), init cannot stop. Then, if Ctrl-Z has
//! stopped the command, init continues it at once, as the kernel does in an orphaned group. If a process has stopped the command
//! through init, or by `SIGSTOP`, the command stays stopped.
//!
//! # What to know
//!
//! - In a pipeline (`init vi | tee log`), the other commands are in init's group. They cannot read from the terminal, which belongs
//!   to the command's group.
//! - `--sweep` is for the processes of this container. It also asks processes to end that were started from outside (`docker
//!   exec`). But init does not wait for them: after all other processes have ended, init exits, and the kernel kills them.

mod options;
mod sweep;
mod terminal;

use core::time::Duration;

use linux_raw_sys::general as linux;
use nestling::spawn::{Action, Program, Shell, Spawn};
use nestling::text::Text;
use nestling::{Errno, ExitStatus, Pid, SigSet, Signal, io, rt, signals, sys};

use crate::FEATURES;
use crate::clock::{has_children, pause};
use crate::log::{Line, write};
use crate::{exec, names};
use options::Options;
use terminal::Terminal;

const HELP: &str = "\
Usage: init [OPTION...] [--] COMMAND [ARG...]
Exit status: COMMAND's; 128+N: signal N killed it; 127: not found;
126: not executable; 125: init failed.

  -g\t\tforward signals to COMMAND's process group
  -c\t\tonly to COMMAND (the default)
  -r OLD:NEW\tforward NEW for OLD; 0: none
  -s\t\tadopt orphans (subreaper)
  -p SIGNAL\tget it when init's parent ends
  -e CODE\texit with 0 instead
  -w\t\treport reaped orphans
  -P\t\tno COMMAND: reap until SIGTERM or SIGINT
  --sweep[=S]\tend what COMMAND leaves: SIGTERM, S (10)
\t\tseconds later SIGKILL
  -v\t\treport COMMAND's end; -vv: signals, too
  -h, --help, -V, --version, --single-child (-c),
  --rewrite (-r), --verbose (-v)
";

/// The output of `--version`. Docker reads this output of `docker-init`, and uses the text after `git.` (at most seven characters)
/// as the commit.
const VERSION: &str = concat!(
    "init (nestling) ",
    env!("CARGO_PKG_VERSION"),
    " - git.nest\n"
);

/// Runs the command in the arguments, and returns init's exit status. All signals are blocked; the command gets the mask `mask`.
pub fn live(process: rt::Process, mask: SigSet) -> i32 {
    let mut options = Options::new(process.env());
    if !options.read(process.args()) {
        return FAILED;
    }
    let text = if options.has(b'h') {
        HELP
    } else if options.has(b'V') {
        VERSION
    } else {
        return Init::new(&options).run(process, mask);
    };
    let _ = sys::signal::set_mask(mask);
    match write(io::stdout(), text.as_bytes()) {
        Ok(()) => 0,
        Err(errno) => failed(errno),
    }
}

/// The exit status if init itself fails.
const FAILED: i32 = 125;

#[inline(never)]
fn failed(errno: Errno) -> i32 {
    let mut line = Line::new("");
    errno.write(&mut line);
    line.warn();
    FAILED
}

/// Starts a script without a `#!` line with the shell, as `execvp(3)` does. (This function is separate, so that the array of the
/// shell's arguments is on the stack only when it is needed.)
#[inline(never)]
fn by_shell(spawn: &Spawn<'_>) -> Result<Pid, i32> {
    let room = Shell::room::<{ exec::SHELL_WORDS }>();
    let shell = Shell {
        path: exec::SHELL,
        room: &room,
    };
    let spawn = Spawn {
        shell: Some(shell),
        ..*spawn
    };
    match spawn.start_with::<FEATURES>() {
        Ok(child) => Ok(child.id()),
        Err(error) => Err(exec::failed(&error)),
    }
}

struct Init<'a> {
    options: &'a Options<'a>,
    own: Pid,
    terminal: Terminal,
    /// The command; `None` before its start and after its end.
    child: Option<Pid>,
    /// The command's status after its end, or the status with which a pause (`-P`) ends.
    status: Option<ExitStatus>,
    /// Whether init has forwarded a stop signal to the command, and has not forwarded `SIGCONT` after it.
    was_asked_to_stop: bool,
}

impl<'a> Init<'a> {
    fn new(options: &'a Options<'a>) -> Self {
        Self {
            options,
            own: sys::process::getpid(),
            terminal: Terminal::find(),
            child: None,
            status: None,
            was_asked_to_stop: false,
        }
    }

    fn run(&mut self, process: rt::Process, mask: SigSet) -> i32 {
        // If `SIGCHLD` is ignored, the kernel reaps the children, and their statuses are lost.
        let _ = sys::signal::reset(Signal::CHLD);
        if let Err(errno) = self.prepare() {
            return failed(errno);
        }
        if !self.options.has(b'P') {
            match self.start(process, mask) {
                Ok(pid) => self.child = Some(pid),
                Err(code) => return code,
            }
            // The spawn has used much stack, and from here on init mostly waits.
            process.trim_stack();
        }
        // Children that ended before the signals were blocked may have caused no pending `SIGCHLD`.
        self.reap();
        let status = loop {
            match self.status {
                None => match self.handle_signal(None) {
                    Ok(()) => {}
                    // A seccomp filter forbids the call, or the kernel has no memory. Init must continue, because the command still
                    // runs.
                    Err(_) => {
                        pause(1);
                        self.reap();
                    }
                },
                Some(status) => break status,
            }
        };
        if let Some(grace) = self.options.sweep {
            self.sweep(grace);
        }
        self.options.exit_code(status)
    }

    fn prepare(&self) -> Result<(), Errno> {
        let options = self.options;
        if options.parent_death.is_some() {
            sys::process::set_parent_death_signal(options.parent_death)?;
        }
        if options.has(b's') || options.sweep.is_some() {
            sys::machine::set_child_subreaper(true)?;
        } else if self.own.as_raw() != 1 && options.verbosity > 0 {
            Line::new("not process 1 and not a subreaper (-s): orphans are not reaped").warn();
        }
        Ok(())
    }

    /// Starts the command. If this fails, returns init's exit status as the error.
    fn start(&self, process: rt::Process, mask: SigSet) -> Result<Pid, i32> {
        let (args, env) = (self.options.command, process.env());
        let program = Program::Search {
            name: names::first(args),
            path: env.var(c"PATH"),
        };
        let terminal = self.terminal.foreground();
        let lend = terminal.map(|terminal| [Action::SetForeground(terminal.as_raw_fd())]);
        let mut spawn = Spawn::new(program, args, env);
        spawn.actions = lend.as_ref().map_or(&[], |lend| lend);
        spawn.attributes.process_group = Some(0);
        spawn.attributes.signal_mask = Some(mask);
        match spawn.start_with::<FEATURES>() {
            Err(error) if error.errno() == Some(Errno::ENOEXEC) => by_shell(&spawn),
            Ok(child) => Ok(child.id()),
            Err(error) => Err(exec::failed(&error)),
        }
    }

    /// Waits for a signal, at most for this many seconds, and handles it.
    #[inline(never)]
    fn handle_signal(&mut self, seconds: Option<u32>) -> Result<(), Errno> {
        let timeout = seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let signal = match sys::signal::sigtimedwait(SigSet::ALL, timeout) {
            Ok(info) if info.signal == Signal::CHLD => {
                self.reap();
                return Ok(());
            }
            // Init itself has caused the signal, for example by a write to a pipe without a reader.
            Ok(info) if info.pid() == Some(self.own) => return Ok(()),
            Ok(info) => info.signal,
            // Init was stopped and continued, or is traced.
            Err(Errno::EINTR) => return Ok(()),
            Err(errno) => return Err(errno),
        };
        if let (Signal::CONT, Some(child)) = (signal, self.child) {
            self.terminal.hand_over(child);
        }
        if let Some(signal) = self.options.rewrite(signal) {
            self.pass_on(signal);
        }
        Ok(())
    }

    fn pass_on(&mut self, signal: Signal) {
        if self.options.verbosity > 1 {
            let mut line = Line::new("");
            signal.write(&mut line);
            line.warn();
        }
        let answer = match self.child {
            Some(child) => self.pass_on_to(child.as_raw(), signal),
            None if self.status.is_some() => self.signal_the_rest(signal),
            None => {
                if matches!(signal, Signal::TERM | Signal::INT) {
                    self.status = Some(ExitStatus::default());
                }
                Ok(())
            }
        };
        if let Err(errno) = answer {
            let mut line = Line::new("");
            signal.write(&mut line);
            line.warn_error(errno);
        }
    }

    fn pass_on_to(&mut self, child: i32, signal: Signal) -> Result<(), Errno> {
        match signal {
            Signal::STOP | Signal::TSTP => self.was_asked_to_stop = true,
            Signal::CONT => self.was_asked_to_stop = false,
            _ => {}
        }
        // A signal from the keyboard stops the whole group, so `SIGCONT` must continue the whole group.
        let whole_group = self.options.has(b'g') || signal == Signal::CONT;
        sys::process::kill(if whole_group { -child } else { child }, Some(signal))
    }

    /// Reaps the children that have ended, but stops after it has reaped the command. Returns whether children may be left.
    fn reap(&mut self) -> bool {
        loop {
            let (pid, status) = match sys::process::wait4(-1, linux::WNOHANG | linux::WUNTRACED) {
                Ok(Some(changed)) => changed,
                Ok(None) => return true,
                Err(errno) => return has_children(errno),
            };
            let is_command = Some(pid) == self.child;
            if let Some(signal) = status.stopped_signal() {
                if is_command {
                    self.stop(pid, signal);
                }
                continue;
            }
            if is_command && self.options.verbosity > 0 || !is_command && self.options.has(b'w') {
                let who = if is_command {
                    "the command, "
                } else {
                    "an orphan, "
                };
                let mut line = Line::new("");
                who.write(&mut line);
                pid.write(&mut line);
                ": ".write(&mut line);
                status.write(&mut line);
                line.warn();
            }
            if is_command {
                self.terminal.take_back(pid);
                self.child = None;
                self.status = Some(status);
                return true;
            }
        }
    }

    /// Stops init after the command has stopped. Init continues when it gets `SIGCONT`.
    fn stop(&self, child: Pid, signal: Signal) {
        let continued = || signals::pending().is_ok_and(|signals| signals.contains(Signal::CONT));
        // A `SIGCONT` has arrived after the stop. If init sent itself `SIGTSTP` now, the kernel would discard this pending
        // `SIGCONT`.
        if continued() {
            return;
        }
        let _ = sys::process::kill(self.own.as_raw(), Some(Signal::TSTP));
        // Here init stops. It does not use `SIGSTOP`, because this signal would stop init even if no process could continue it.
        drop(signals::unblock(SigSet::EMPTY.with(Signal::TSTP)));
        if signal == Signal::TSTP && !self.was_asked_to_stop && !continued() {
            let _ = sys::process::kill(-child.as_raw(), Some(Signal::CONT));
        }
    }
}
