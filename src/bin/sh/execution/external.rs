//! Programs are started by a spawn, without a copy of the shell. The redirections become actions of the spawn, and the assignments
//! become its environment.
//!
//! Some cases need a copy of the shell, because a spawn cannot do the same: opening a FIFO, which waits for its other end; a script
//! that has no interpreter; and the message for a redirection that fails. The shell itself reports a program that does not exist.

use alloc::ffi::CString;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;
use core::ffi::CStr;
use core::time::Duration;

use nestling::rt::descriptors;
use nestling::spawn::{
    self, Action, Attributes, Error, Hook, Notice, Program, Spawn, Step, features,
};
use nestling::sys::signal::Disposition::Ignore;
use nestling::{Arg, Args, AsFd, Errno, OFlags, OwnedFd, Pid, SigSet, Signal, signals, sys};

use super::{search, simple, subshell};
use crate::jobs;
use crate::redirection::{self, Effect};
use crate::shell::{Divert, Shell, text};
use nestling_shell::fields::Fields;
use nestling_shell::syntax::tree::{Item, Simple};

/// The features of the spawns that the shell uses.
const FEATURES: u32 = features::SHARED
    | features::OPEN
    | features::REDIRECT
    | features::DUP2
    | features::CLOSE
    | features::SET_FOREGROUND
    | features::HOOK
    | features::SHELL;

/// How a program is connected to the others of its pipeline.
#[derive(Debug, Default)]
pub struct Wiring {
    /// Whether this process has nothing else to do afterwards, so that it may become the program.
    pub last: bool,
    pub stdin: Option<OwnedFd>,
    pub stdout: Option<OwnedFd>,
    /// An end of a pipe that only this process uses. A copy of the shell closes it; otherwise the process at the other end would
    /// never see an end-of-file or a broken pipe.
    pub own: Option<OwnedFd>,
    /// The process group of the pipeline, if it already exists.
    pub group: Option<Pid>,
    pub background: bool,
}

/// A process that runs a program, or a copy of the shell.
#[derive(Debug, Clone, Copy)]
pub struct StartedProcess {
    pub pid: Pid,
    pub group: Option<Pid>,
}

/// Waits for a command in the foreground and returns its exit status.
pub fn wait(shell: &mut Shell, started: StartedProcess, item: &Item) -> Result<i32, Divert> {
    if started.group.is_none() {
        return jobs::wait_for(shell, started.pid);
    }
    let pids = [started.pid];
    let started = jobs::StartedJob {
        pids: &pids,
        group: started.group,
        text: item.text.clone(),
    };
    jobs::wait_foreground(shell, started, None)
}

/// Starts the program that the first field names. Returns `None` and sets the status if no process was started.
pub fn start(
    shell: &mut Shell,
    simple: &Simple,
    fields: &Fields,
    wiring: &mut Wiring,
) -> Result<Option<StartedProcess>, Divert> {
    let Some(name) = fields.c_str(0) else {
        return Ok(None);
    };
    shell.output.flush();
    if simple.assignments.is_empty() {
        return launch(shell, simple, fields, name, wiring);
    }
    // The assignments are for the program only. So their effects on the shell itself (RANDOM, SECONDS) are undone.
    let followed = (shell.random, shell.started);
    shell.variables.enter(false);
    let answer = simple::assign_for_command(shell, simple, fields)
        .and_then(|()| launch(shell, simple, fields, name, wiring));
    simple::leave_scope(shell);
    (shell.random, shell.started) = followed;
    answer
}

fn launch(
    shell: &mut Shell,
    simple: &Simple,
    fields: &Fields,
    name: &CStr,
    wiring: &mut Wiring,
) -> Result<Option<StartedProcess>, Divert> {
    let mut effects = redirection::effects(shell, &simple.redirections)?;
    let is_alone = wiring.stdin.is_none() && wiring.stdout.is_none() && !wiring.background;
    let mut path = search::program(shell, name, is_alone);
    if wiring.last && effects.is_empty() && shell.traps.is_empty() && !jobs::controls(shell) {
        become_program(shell, path, name, fields);
        return Ok(None);
    }
    let assigned = [
        wiring.stdin.as_ref().map(|_| 0),
        wiring.stdout.as_ref().map(|_| 1),
    ];
    let spawns = redirection::need_no_wait(&effects, assigned);
    if path.is_none() && spawns && is_alone {
        is_missing(shell, &effects, name);
        return Ok(None);
    }
    while spawns && let Some(found) = &path {
        let failed = match spawn(shell, &effects, fields, found, wiring) {
            Ok(pid) => {
                let group = jobs::controls(shell).then(|| wiring.group.unwrap_or(pid));
                return Ok(Some(StartedProcess { pid, group }));
            }
            Err(failed) => failed,
        };
        let done = match failed {
            Failed::Redirection(index) => index,
            Failed::Exec(_) => effects.len(),
            Failed::Killed(signal) => {
                shell.status = jobs::killed(shell, signal)?;
                return Ok(None);
            }
            Failed::Start(errno) => {
                shell.complain(text!("cannot start ", name, ": ", errno));
                shell.status = 126;
                return Ok(None);
            }
        };
        effects.iter_mut().take(done).for_each(Effect::was_done);
        match failed {
            // A copy of the shell executes the script.
            Failed::Exec(Errno::ENOEXEC) if search::may_be_script(found) => break,
            Failed::Exec(_) => match search::program_instead(shell, name, found, is_alone) {
                Some(other) => path = Some(other),
                None => break,
            },
            _ => break,
        }
    }
    let Some((pid, group)) = subshell::fork(shell, wiring)? else {
        shell.status = 1;
        if redirection::carry_out_all(shell, &effects) {
            become_program(shell, path, name, fields);
        }
        sys::process::exit(shell.status)
    };
    Ok(Some(StartedProcess { pid, group }))
}

/// Reports a program that does not exist, to the standard error of its redirections. If the message causes SIGPIPE or SIGXFSZ, `$?`
/// is the status of a process that the signal has killed.
fn is_missing(shell: &mut Shell, effects: &[Effect], name: &CStr) {
    let ends = SigSet::EMPTY.with(Signal::PIPE).with(Signal::XFSZ);
    let guard = signals::block(ends);
    shell.status = 1;
    if let Ok(saved) = redirection::apply_effects(shell, effects) {
        shell.complain(text!(name, ": not found"));
        shell.status = 127;
        redirection::restore(shell, saved);
    }
    // The kernel sends a blocked signal even if its action is to ignore it.
    if let Ok(info) = sys::signal::sigtimedwait(ends, Some(Duration::ZERO))
        && !matches!(sys::signal::action(info.signal), Ok(Ignore))
    {
        shell.status = 128 + info.signal.as_raw();
    }
    drop(guard);
}

/// The reason why a spawn failed.
#[derive(Debug, Clone, Copy)]
enum Failed {
    /// The redirection with this index failed.
    Redirection(usize),
    /// The program could not be executed.
    Exec(Errno),
    /// This signal, as Ctrl-C, came before the program was executed.
    Killed(Signal),
    /// No process could be started.
    Start(Errno),
}

// Not inlined, so that the memory for the child is not part of the stack frame of `become_program`.
#[inline(never)]
fn spawn(
    shell: &mut Shell,
    effects: &[Effect],
    fields: &Fields,
    path: &CStr,
    wiring: &Wiring,
) -> Result<Pid, Failed> {
    let mut actions = Vec::with_capacity(effects.len() + 3);
    if let Some(terminal) = jobs::terminal(shell)
        && !wiring.background
        && wiring.group.is_none()
    {
        actions.push(Action::SetForeground(terminal));
    }
    if let Some(stdin) = &wiring.stdin {
        actions.push(Action::Dup2 {
            from: stdin.as_raw_fd(),
            to: 0,
        });
    } else if wiring.background && !jobs::controls(shell) {
        actions.push(Action::Open {
            fd: 0,
            path: c"/dev/null",
            flags: OFlags::RDONLY,
            mode: 0,
        });
    }
    if let Some(stdout) = &wiring.stdout {
        actions.push(Action::Dup2 {
            from: stdout.as_raw_fd(),
            to: 1,
        });
    }
    let own = actions.len();
    actions.extend(effects.iter().filter_map(Effect::action));

    let environment = shell.take_environment();
    let attributes = Attributes {
        notice: Notice::Mark,
        process_group: jobs::controls(shell).then(|| wiring.group.map_or(0, Pid::as_raw)),
        hook: (wiring.background && !jobs::controls(shell)).then(Hook::ignore_interrupts),
        ..Attributes::default()
    };
    let args = pointers(fields);
    let env = pointers(environment.strings());
    let answer = match (Args::try_new(&args), Args::try_new(&env)) {
        (Some(args), Some(env)) => Spawn {
            actions: &actions,
            attributes,
            ..Spawn::new(Program::Path(path), args, env)
        }
        .start_with::<FEATURES>()
        .map(|child| child.id())
        .map_err(|error| {
            if let Error::Killed {
                signal: Some(signal),
            } = error
            {
                return Failed::Killed(signal);
            }
            let errno = error.errno().unwrap_or(Errno::ECHILD);
            match error.step() {
                Some(Step::Exec(..)) => Failed::Exec(errno),
                Some(Step::Action(index, _)) if index >= own => Failed::Redirection(index - own),
                _ => Failed::Start(errno),
            }
        }),
        _ => Err(Failed::Start(Errno::EINVAL)),
    };
    drop((args, env));
    shell.environment = environment;
    answer
}

fn pointers(fields: &Fields) -> Vec<Option<Arg<'_>>> {
    let mut list: Vec<_> = (0..fields.len())
        .map(|index| fields.c_str(index).map(Arg::from))
        .collect();
    list.push(None);
    list
}

/// Replaces this process by the program. If that fails, reports the error and sets the status (XCU 2.8.2).
pub fn become_program(shell: &mut Shell, path: Option<CString>, name: &CStr, fields: &Fields) {
    let mut path = path;
    while let Some(found) = path.take() {
        let errno = exec(shell, &found, fields);
        path = search::program_instead(shell, name, &found, true);
        if path.is_some() {
            continue;
        }
        let is_there = sys::file::stat(&found).is_ok();
        match errno {
            errno if search::is_applet(shell, name.to_bytes()) && *found == *search::OWN => {
                shell.status = 127;
                return shell.complain(text!(name, ": ", search::OWN, ": ", errno));
            }
            Errno::ENOENT | Errno::ENOTDIR if !is_there => {}
            errno => {
                shell.status = 126;
                return match errno {
                    Errno::ENOENT => shell.complain(text!(name, ": interpreter not found")),
                    errno => shell.complain(text!(name, ": ", errno)),
                };
            }
        }
    }
    shell.complain(text!(name, ": not found"));
    shell.status = 127;
}

/// Executes a program. Returns only if that fails, with the error.
fn exec(shell: &mut Shell, path: &CStr, fields: &Fields) -> Errno {
    let environment = shell.take_environment();
    let (list, env) = (pointers(fields), pointers(environment.strings()));
    let errno = match (Args::try_new(&list), Args::try_new(&env)) {
        (Some(args), Some(env)) => {
            let mut spawn = Spawn::new(Program::Path(path), args, env);
            let errno = |error: Error<'_>| error.errno().unwrap_or(Errno::EINVAL);
            let mut answer = errno(spawn.exec_with::<FEATURES>());
            if answer == Errno::ENOEXEC && search::may_be_script(path) {
                // If the shell is an applet, argument 0 must name it.
                #[cfg(feature = "applets")]
                let list = [&[Some(c"sh".into())], list.get(1..).unwrap_or_default()].concat();
                #[cfg(feature = "applets")]
                if let Some(args) = Args::try_new(&list) {
                    spawn.args = args;
                }
                let room = vec![Cell::new(core::ptr::null()); fields.len() + 3];
                spawn.shell = Some(spawn::Shell {
                    path: search::OWN,
                    room: &room,
                });
                answer = errno(spawn.exec_with::<FEATURES>());
            }
            answer
        }
        _ => Errno::EINVAL,
    };
    drop((list, env));
    shell.environment = environment;
    errno
}

/// In a copy of the shell: moves the descriptors of its wiring to standard input and output, and closes the
/// originals.
pub fn take_wiring(shell: &mut Shell, wiring: &mut Wiring) {
    wiring.own = None;
    if let Some(stdin) = wiring.stdin.take() {
        let _ = descriptors::assign(0, stdin.as_fd());
    } else if wiring.background
        && !jobs::controls(shell)
        && let Ok(null) = sys::fd::open(c"/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, 0)
    {
        let _ = descriptors::give(0, null);
    }
    if let Some(stdout) = wiring.stdout.take() {
        let _ = descriptors::assign(1, stdout.as_fd());
    }
}
