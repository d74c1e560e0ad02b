//! Machine life: PID 1, started by the kernel.
//!
//! Init mounts the file systems that programs expect, opens a console if the kernel has not opened one, and carries out
//! `/etc/inittab` ([`nestling::inittab`]). Without an inittab, init runs `/etc/rc` (if it exists), and then starts a shell on the
//! console when a user presses Enter. If the inittab cannot be used, init starts `sulogin` instead of the shell. An inittab that
//! users other than root may write cannot be used, unless the kernel's command line contains `INITTAB=any`.
//!
//! After this, init only waits for signals. A service starts in a copy of process 1. The copy opens the terminal, looks up the user
//! and executes the program. So nothing else waits if these steps take long. Another copy reads the inittab.
//!
//! - `SIGIO`: a copy has executed its program, or has failed. `SIGCHLD`: init reaps the process, and starts the service again if
//!   the inittab says so. If a service has failed within a minute, init first waits 1 to 60 seconds.
//! - `SIGHUP`: init reads the inittab again. Services whose lines have not changed continue to run. Init asks services whose lines
//!   are gone to end, and starts new services when these have ended.
//! - `SIGINT`, which the kernel sends for Ctrl-Alt-Del: init starts the entries for it; without an inittab, init reboots.
//! - `SIGTERM`, `SIGRTMIN+5`: reboot. `SIGUSR1`, `SIGRTMIN+3`: halt. `SIGUSR2`, `SIGPWR`, `SIGRTMIN+4`: power off.
//! - `SIGRTMIN+1`: single-user mode. Init stops all services, and starts a shell on the console. When the shell has ended, init
//!   starts the services again.
//! - `SIGQUIT`: init ends all processes, and executes the process of the `restart` entry.
//! - `SIGABRT`: init does the same as after a fault: it executes its program again, and keeps its services.
//!
//! Words of the kernel's command line that the kernel passes to init choose how the machine starts: `single`, `emergency`, or a run
//! level (see `words.rs`). `CONSOLE=/dev/ttyS1` sets the terminal that init uses as the console. `INIT_LOG` sets which of init's
//! lines the console gets: `all`, `errors` or `nothing`. The kernel's log gets all lines.
//!
//! A service gets init's environment. It consists of the variables on the kernel's command line (`NAME=VALUE`, except the kernel's
//! own parameters), and of a `PATH` if the command line does not set one.
//!
//! The start and the end of the machine, and the ends of logins, are recorded in `/var/run/utmp` and `/var/log/wtmp`, if these
//! files exist.
//!
//! Limits (if a limit is exceeded, init reports what it leaves out): 1,023 services; 256 KiB of lines, of 4,000 bytes each; an
//! environment of 1,024 strings; 1,023 supplementary groups of a service.

mod accounting;
mod console;
mod descriptor_limit;
mod end;
mod limited;
mod lines;
mod mode;
mod mounts;
mod processes;
mod reading;
mod recovery;
pub mod requests;
mod service;
mod store;
pub mod switch_root;
mod table;
mod take_down;

use core::ffi::CStr;
use core::time::Duration;

use linux_raw_sys::general::WNOHANG;
use nestling::inittab::{Action, Entry};
use nestling::spawn::DEFAULT_PATH_VARIABLE;
use nestling::sys::reboot::Reboot;
use nestling::text::{self, Text};
use nestling::{
    Access, Args, AsFd, Errno, ExitStatus, OFlags, OwnedFd, Pid, SigSet, Signal, StaticFd, rt, sys,
};

use crate::clock::{NEVER, after, has_children, now, pause};
use crate::log::{Line, ROOM, choose, expect_prompts};
use crate::stat::COPY;
use limited::Copied;
use mode::Mode;
use reading::Reading;
pub use recovery::panic;
use service::Environment;
use table::{State, TABLE, Table};

/// The signals that process 1 waits for: all signals except those for faults, which must not be blocked.
const SIGNALS: SigSet = SigSet::ALL.difference(rt::FAULTS);

/// The maximum number of strings in the environment of a service.
pub const STRINGS: usize = 1024;

/// Starts the machine, and stops it when a signal asks for this.
pub fn live(process: rt::Process) -> ! {
    let _ = sys::signal::set_mask(SIGNALS);
    // This comes first, before an opened file can get the store's number, and before a fault could lose the store.
    let is_again = store::inherit();
    let _ = rt::on_fault(recovery::fault);
    descriptor_limit::raise();
    // The console is in `/dev`, and init cannot log before the console is open. After a fault, all file systems are already
    // mounted, and an access to a mount could wait for a disk that does not respond.
    if !is_again {
        mounts::all(false);
    }
    console::open(process.env().var(c"CONSOLE"));
    choose(process.env().var(c"INIT_LOG").map_or(b"", CStr::to_bytes));
    let env = environment(process.env());
    let Some(table) = TABLE.take() else {
        // This function runs only once in a process.
        recovery::execute_again()
    };
    let mut machine = Machine {
        table,
        env,
        copied: None,
        reading: Reading::new(),
        is_up: false,
    };
    match is_again {
        false => machine.set_up(process.args()),
        true => machine.go_on(process.args()),
    }
    process.trim_stack();
    loop {
        machine.reap();
        let next = machine.start_what_is_due();
        if let Some(signal) = next_signal(SIGNALS, next) {
            machine.handle_signal(signal);
        }
    }
}

/// Returns the environment with a `PATH`.
fn environment(env: Args<'static>) -> Args<'static> {
    if env.var(c"PATH").is_some() {
        return env;
    }
    let with_path = |room| service::extended(env, &[Some(DEFAULT_PATH_VARIABLE.into())], room);
    ENVIRONMENT.take().and_then(with_path).unwrap_or_else(|| {
        Line::new("too many strings in the environment for a PATH").log();
        env
    })
}

nestling::take_once!(static ENVIRONMENT: Environment = [None; STRINGS]);

struct Machine {
    table: &'static mut Table,
    env: Args<'static>,
    /// The copy that process 1 waits for.
    copied: Option<Copied>,
    reading: Reading,
    /// Whether all `sysinit` and `wait` entries are done.
    is_up: bool,
}

impl Machine {
    #[inline(never)]
    fn set_up(&mut self, args: Args<'_>) {
        mounts::all(true);
        let mut line = Line::new("started");
        if let Ok(names) = sys::machine::uname() {
            " on Linux ".write(&mut line);
            names.release().write(&mut line);
        }
        line.log_info();
        self.table.keep();
        let mode = Mode::of(args);
        match mode {
            Mode::Single => self.table.add_extra(mode::SINGLE_USER),
            Mode::Emergency => self.table.add_extra(mode::EMERGENCY),
            Mode::Multi | Mode::PowerOff | Mode::Reboot => {}
        }
        self.read_inittab();
        match mode {
            Mode::PowerOff => self.end(Some(Reboot::PowerOff)),
            Mode::Reboot => self.end(Some(Reboot::Restart)),
            Mode::Single | Mode::Emergency | Mode::Multi => {}
        }
    }

    /// Continues after a fault of process 1, if the store contains the table of services.
    #[inline(never)]
    fn go_on(&mut self, args: Args<'_>) {
        if self.table.restore().is_none() {
            return self.set_up(args);
        }
        let _ = sys::machine::set_name(c"init");
        // Process 1 itself has an entry in the table, and is slowed down after a fault like a service.
        let [own, ..] = &mut self.table.services;
        let end_signal = own.quick;
        own.slow_down(now().saturating_sub(own.at));
        own.state = State::Own;
        let delay = own.delay;
        own.quick = end_signal;
        // A reading of the inittab that was in progress is lost.
        (self.reading.is_done, self.is_up) = (own.returns, own.returns);
        self.reading.is_missing = own.is_extra;
        if own.waits || !self.reading.is_done {
            self.read_inittab();
        }
        // Save the delay before the pause, because process 1 may fail again during the pause.
        self.table.save(0);
        pause(delay.into());
        let [own, ..] = &mut self.table.services;
        own.at = now();
        self.table.save(0);
        Line::new("continues after a fault").log();
        if let Some(signal) = Signal::from_raw(end_signal.into()) {
            self.handle_signal(signal);
        }
    }

    /// Handles services whose programs now run, and reaps all children that have ended. Returns whether children are left.
    #[inline(never)]
    fn reap(&mut self) -> bool {
        for index in self.table.places() {
            if self.table.is_past_exec(index) {
                self.note_running(index);
            }
        }
        loop {
            match sys::process::wait4(-1, WNOHANG) {
                Ok(Some((pid, status))) => self.ended(pid, status),
                Ok(None) => return true,
                Err(errno) => return has_children(errno),
            }
        }
    }

    /// Handles the report that a service's program runs.
    #[inline(never)]
    fn note_running(&mut self, index: usize) {
        if let Some(pipe) = self.table.pipes.get_mut(index) {
            drop(pipe.take());
        }
        let Some(service) = self.table.services.get_mut(index) else {
            return;
        };
        (service.state, service.at) = (State::Running, now());
        let (pid, loudly) = (service.pid, service.delay == 0);
        self.table.save(index);
        if loudly {
            self.note_process(index, "started", pid);
        }
    }

    #[inline(never)]
    fn note_process(&mut self, index: usize, what: &str, pid: i32) {
        let mut line = Line::about(self.table.name(index));
        what.write(&mut line);
        ", process ".write(&mut line);
        pid.write(&mut line);
        line.log_info();
    }

    /// Handles the end of a process. If it was a service's process, updates the service.
    fn ended(&mut self, pid: Pid, status: ExitStatus) {
        if let Some(copied) = &mut self.copied
            && copied.pid == pid
        {
            copied.status = Some(status);
        }
        if self.has_been_read(pid, status) {
            return;
        }
        for index in self.table.places() {
            let Some(service) = self.table.services.get(index) else {
                return;
            };
            if service.pid != pid.as_raw() || !(service.state.is_up() || service.state.is_leaving())
            {
                continue;
            }
            if service.state == State::Starting {
                if self.has_failed(index, status) {
                    return;
                }
                let pipe = self.table.pipes.get(index).and_then(StaticFd::get);
                if pipe.is_some() {
                    self.note_running(index);
                }
            }
            // If the process was stopped before its exec, the pipe is still open.
            if let Some(pipe) = self.table.pipes.get_mut(index) {
                drop(pipe.take());
            }
            // Build the line now, because another service may get this index later.
            let mut line = Line::about(self.table.name(index));
            if self.table.has_terminal(index) {
                accounting::ended(pid);
            }
            let Some(service) = self.table.services.get_mut(index) else {
                return;
            };
            let former_delay = service.delay;
            let was_leaving = service.state.is_leaving();
            service.ended(Some(status));
            let slow = service.state == State::Due && service.delay > 0;
            self.table.save(index);
            if (slow || was_leaving) && former_delay > 0 {
                return;
            }
            status.write(&mut line);
            if slow {
                "; restarts in 1 s, later in up to 60 s".write(&mut line);
            }
            return line.log_info();
        }
    }

    /// Returns whether the copy that has ended with this status did not become its program. A copy that failed has written the
    /// reason to the pipe, and its exit status is the errno. If the copy was killed, the pipe contains only [`BEGUN`].
    fn has_failed(&mut self, index: usize, status: ExitStatus) -> bool {
        let mut report = [0; ROOM];
        let pipe = self.table.pipes.get(index).and_then(StaticFd::get);
        let length = pipe.and_then(|pipe| sys::fd::read(pipe, &mut report).ok());
        let [text @ .., _] = report.get(..length.unwrap_or(0)).unwrap_or_default() else {
            return false;
        };
        if let Some(pipe) = self.table.pipes.get_mut(index) {
            drop(pipe.take());
        }
        let name = Line::about(self.table.name(index));
        let Some(service) = self.table.services.get_mut(index) else {
            return false;
        };
        let is_killed = status.code().is_none();
        let mut line = name;
        if !is_killed {
            line = Line::new(text::after(text, BEGUN).unwrap_or(text));
        } else {
            status.write(&mut line);
        }
        if service.delay == 0 {
            line.log();
        }
        // A shortage of resources may be over soon, and a kill of the copy does not mean that the line is wrong. So init tries
        // again.
        let is_short = matches!(
            status.code().and_then(Errno::from_raw),
            Some(Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE)
        );
        if is_short || is_killed || service.again() {
            service.slow_down(0);
        } else {
            service.state = State::Done;
        }
        self.table.save(index);
        true
    }

    /// Starts the services that are due, in the order of the table. Kills processes that have not ended in time. Logs starts that
    /// take long. Returns the time of the next such event.
    #[inline(never)]
    fn start_what_is_due(&mut self) -> u32 {
        use Action::*;
        let (mut next, mut hold) = (self.start_reading(), false);
        for index in self.table.places() {
            let Some(service) = self.table.services.get_mut(index) else {
                break;
            };
            if service.state == State::Leaving && service.at <= now() {
                service.kill();
                self.table.save(index);
            }
            if let Some(service) = self.table.services.get_mut(index)
                && service.state == State::Starting
            {
                // A signal announces the report of the copy. If the kernel sends no signal, init checks the pipe at increasing
                // intervals.
                let so_far = now().saturating_sub(service.at);
                next = next.min(after(so_far.max(1)));
                if so_far >= SLOW && !service.is_slow {
                    service.is_slow = true;
                    let pid = service.pid;
                    self.note_process(index, "starting", pid);
                }
            }
            if let Some(service) = self.table.services.get(index)
                && service.holds_others()
            {
                hold = true;
                next = next.min(service.at);
            }
        }
        for stage in [
            [CtrlAltDel; 2],
            [Sysinit; 2],
            [Wait; 2],
            [Once; 2],
            [Respawn, Askfirst],
        ] {
            if stage == [Wait; 2] && !self.reading.is_done {
                return next;
            }
            if stage == [Once; 2] && !self.is_up {
                self.is_up = true;
                accounting::booted();
            }
            for index in self.table.places() {
                let Some(service) = self.table.services.get(index) else {
                    break;
                };
                if !stage.iter().any(|&action| service.does(action)) {
                    continue;
                }
                let mut state = service.state;
                // Services that are ending may still hold the ports and locks that this service needs. `next` is at most the time
                // when they are killed.
                let is_held = service.waits && hold;
                if state == State::Due && service.at <= now() && !is_held {
                    state = self.start(index);
                    next = next.min(after(1));
                }
                if let Some(service) = self.table.services.get(index)
                    && state == State::Due
                    && !is_held
                {
                    next = next.min(service.at);
                }
                if matches!(stage, [Sysinit | Wait, _]) && (state == State::Due || state.is_up()) {
                    return next;
                }
            }
        }
        next
    }

    #[inline(never)]
    fn start(&mut self, index: usize) -> State {
        let begun = self.begin_process(index);
        let name = Line::about(self.table.name(index));
        let (Some(service), Some(place)) = (
            self.table.services.get_mut(index),
            self.table.pipes.get(index),
        ) else {
            return State::Free;
        };
        (service.waits, service.is_slow) = (false, false);
        match begun {
            Ok((pid, pipe)) => {
                (service.state, service.pid) = (State::Starting, pid.as_raw());
                service.at = now();
                place.set(pipe);
            }
            Err(errno) => {
                if service.delay == 0 {
                    name.log_error(errno);
                }
                service.slow_down(0);
            }
        }
        if service.again() {
            expect_prompts();
        }
        let state = service.state;
        self.table.save(index);
        state
    }

    /// Makes the copy of process 1 that executes the service's program. Returns the id of the copy, and the read end of the pipe
    /// through which the copy reports.
    fn begin_process(&self, index: usize) -> Result<(Pid, OwnedFd), Errno> {
        let (report, to) = sys::fd::pipe2(OFlags::CLOEXEC | OFlags::NONBLOCK)?;
        sys::fd::write(to.as_fd(), BEGUN)?;
        // If this fails, init checks the pipe from time to time.
        let _ = sys::fd::set_async(report.as_fd(), sys::process::getpid());
        if let Some(pid) = rt::fork()? {
            return Ok((pid, report));
        }
        let _ = sys::machine::set_name(COPY);
        let is_extra = self.table.services.get(index).is_some_and(|it| it.is_extra);
        let mut entry = self.table.entry(index);
        let sulogin = sys::file::access(c"/sbin/sulogin", Access::EXECUTE);
        if is_extra && sulogin != Err(Errno::ENOENT) {
            // `sulogin` asks for root's password.
            entry = Entry::parse(b"console::wait:/sbin/sulogin").unwrap_or(entry);
        }
        let errno = match &entry {
            Some(entry) => service::become_it(entry, self.env, report, to.as_fd()),
            None => 0,
        };
        sys::process::exit(errno)
    }

    #[inline(never)]
    fn handle_signal(&mut self, signal: Signal) {
        let kind = match signal.as_raw() {
            HUP => return self.read_inittab(),
            INT => return self.ctrl_alt_del(),
            ABRT => recovery::fault(signal),
            SINGLE => return self.single_user(),
            QUIT => None,
            TERM | REBOOT => Some(Reboot::Restart),
            USR1 | HALT => Some(Reboot::Halt),
            USR2 | PWR | POWER_OFF => Some(Reboot::PowerOff),
            // The loop reaps children and reads reports after each signal.
            CHLD | IO => return,
            // Init ignores all other signals.
            _ => return,
        };
        self.end(kind);
    }

    /// Stops all services, and starts a shell on the console. When the shell ends, the services are started again.
    fn single_user(&mut self) {
        Line::new("single-user mode").log();
        for index in self.table.places() {
            let has_terminal = self.table.has_terminal(index);
            let is_past_exec = self.table.is_past_exec(index);
            if let Some(service) = self.table.services.get_mut(index)
                && service.state.is_up()
                && !service.is_extra
            {
                service.leave(has_terminal, is_past_exec);
                service.returns = true;
                self.table.save(index);
            }
        }
        self.table.add_extra(mode::SINGLE_USER);
    }

    fn ctrl_alt_del(&mut self) {
        if self.has_ctrl_alt_del() {
            return;
        }
        // The inittab that is being read may have an entry for Ctrl-Alt-Del.
        self.finish_reading();
        let is_missing = self.reading.is_missing || !self.reading.is_done;
        if !self.has_ctrl_alt_del() && is_missing {
            self.end(Some(Reboot::Restart));
        }
    }

    /// Makes the entries for Ctrl-Alt-Del due. Returns whether the inittab has such entries.
    #[inline(never)]
    fn has_ctrl_alt_del(&mut self) -> bool {
        let mut some = false;
        for index in self.table.places() {
            if let Some(service) = self.table.services.get_mut(index)
                && service.does(Action::CtrlAltDel)
            {
                some = true;
                if service.state == State::Done {
                    (service.state, service.at) = (State::Due, 0);
                    self.table.save(index);
                }
            }
        }
        some
    }
}

const HUP: i32 = Signal::HUP.as_raw();
const INT: i32 = Signal::INT.as_raw();
const QUIT: i32 = Signal::QUIT.as_raw();
const TERM: i32 = Signal::TERM.as_raw();
const USR1: i32 = Signal::USR1.as_raw();
const USR2: i32 = Signal::USR2.as_raw();
const PWR: i32 = Signal::PWR.as_raw();
const ABRT: i32 = Signal::ABRT.as_raw();
const CHLD: i32 = Signal::CHLD.as_raw();
const IO: i32 = Signal::IO.as_raw();
/// `SIGRTMIN` as programs see it: a libc reserves the real-time signals 32 and 33. The signals below have the same numbers and
/// meanings as in systemd.
const RTMIN: i32 = 34;
pub const SINGLE: i32 = RTMIN + 1;
const HALT: i32 = RTMIN + 3;
const POWER_OFF: i32 = RTMIN + 4;
const REBOOT: i32 = RTMIN + 5;

/// The contents of a copy's pipe until the copy executes its program. If the copy is killed before, the contents stay in the pipe.
const BEGUN: &[u8] = b"\0";

/// The time in seconds after which init reports that a service is still starting.
const SLOW: u32 = 5;

/// Waits for a signal of the set, at most until the time `until`.
#[inline(never)]
fn next_signal(signals: SigSet, until: u32) -> Option<Signal> {
    let left = until.saturating_sub(now());
    let timeout = (until != NEVER).then_some(Duration::from_secs(left.into()));
    match sys::signal::sigtimedwait(signals, timeout) {
        Ok(info) => Some(info.signal),
        Err(_) => {
            // If the call failed at once, pause before the next call.
            if until > now() {
                pause(1);
            }
            None
        }
    }
}
