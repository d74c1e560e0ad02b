//! Machine life: PID 1, started by the kernel.
//!
//! It mounts what programs expect, opens a console if the kernel gave it none, and does what `/etc/inittab` says
//! ([`nestling::inittab`]); without one, it runs `/etc/rc`, if that can be executed, and then a shell on the console for whoever
//! presses Enter. From then on it waits for signals, and for nothing else:
//!
//! - `SIGCHLD`: reaps; starts anew what is to be. What has run for less than a minute waits first, from 1 to 60 seconds.
//! - `SIGHUP`: reads the inittab again. What has not changed runs on, what is gone is asked to end.
//! - `SIGINT`, which the kernel sends for Ctrl-Alt-Del: the entries for it; without an inittab, a reboot.
//! - `SIGTERM`, `SIGRTMIN+5`: reboot. `SIGUSR1`, `SIGRTMIN+3`: halt. `SIGUSR2`, `SIGPWR`, `SIGRTMIN+4`: power off.
//! - `SIGQUIT`: stops everything, and becomes the process of the entry `restart`.
//! - `SIGABRT`: fails, as by a fault or a panic of its own. Then it executes itself anew, and finds its services as they are.
//!
//! A service gets init's own environment, which is what the kernel's command line says (`NAME=VALUE`, beside the kernel's own
//! parameters), with a `PATH` where that has none.

mod again;
mod console;
mod end;
mod limited;
mod lines;
mod mounts;
mod processes;
mod service;
mod table;
mod take_down;

use core::time::Duration;

use linux_raw_sys::general::WNOHANG;
use nestling::inittab::Action;
use nestling::sys::reboot::Reboot;
use nestling::text::Text;
use nestling::{Arg, Args, Errno, ExitStatus, OwnedFd, Pid, SigSet, Signal, rt, sys};

use crate::clock::{NEVER, has_children, now, pause};
use crate::log::Line;
pub use again::panic;
use limited::Copied;
use table::{INITTAB, SERVICES, State, Table};

/// What process 1 waits for: all that can be blocked without harm.
const SIGNALS: SigSet = SigSet::ALL.difference(rt::FAULTS);

/// What is to be looked for where the environment does not say.
const PATH: &core::ffi::CStr = c"PATH=/sbin:/usr/sbin:/bin:/usr/bin";

/// Brings the machine up and takes it down.
pub fn live(process: rt::Process) -> ! {
    let _ = sys::signal::set_mask(SIGNALS);
    let _ = rt::on_fault(again::fault);
    // Before anything is opened that would get their numbers. Whatever else process 1 was started with is no business of a service's.
    let mut former = None;
    for number in 3..1024 {
        if let Some(store) = rt::inherited(number) {
            former = Some(store);
        }
    }
    // Where the console is. Before it is open nothing can be told.
    mounts::all(false);
    console::open();
    let mut strings = [None; 64];
    let env = environment(process.env(), &mut strings);
    let table = Table::EMPTY;
    let mut machine = Machine {
        table,
        env,
        copied: None,
    };
    match former {
        None => machine.begin(),
        Some(store) => machine.go_on(store),
    }
    loop {
        machine.reap();
        let next = machine.start_what_is_due();
        if let Some(signal) = next_signal(SIGNALS, next) {
            machine.take(signal);
        }
    }
}

/// The environment with a `PATH`.
fn environment<'a>(env: Args<'a>, room: &'a mut [Option<Arg<'a>>; 64]) -> Args<'a> {
    if env.var(c"PATH").is_some() {
        return env;
    }
    let [path, rest @ .., _] = &mut *room;
    *path = Some(PATH.into());
    let mut strings = env;
    for place in rest {
        *place = strings.first().map(Arg::from);
        strings = strings.skip(1);
    }
    Args::try_new(room).unwrap_or(env)
}

struct Machine<'a> {
    table: Table,
    env: Args<'a>,
    /// The copy that is waited for.
    copied: Option<Copied>,
}

impl Machine<'_> {
    #[inline(never)]
    fn begin(&mut self) {
        mounts::all(true);
        let mut line = Line::new("begins");
        if let Ok(names) = sys::machine::uname() {
            ", on Linux ".write(&mut line);
            names.release().write(&mut line);
        }
        line.tell();
        if let Ok(store) = sys::fd::memfd_create(c"services") {
            self.table.keep(store);
        }
        self.table.read_inittab(true);
    }

    /// After the process 1 before this one has failed, if that is its table.
    #[inline(never)]
    fn go_on(&mut self, former: OwnedFd) {
        if !self.table.restore(&former) {
            // It is something else that process 1 was started with.
            return self.begin();
        }
        let _ = sys::machine::set_name(c"init");
        // It is a service as any other.
        let [own, ..] = &mut self.table.services;
        own.slow_down(now().saturating_sub(own.at()));
        let delay = own.delay();
        // Before the pause, in which it may fail again.
        self.table.keep(former);
        pause(delay.into());
        Line::new("goes on").tell();
    }

    /// Reaps whatever has ended: whether there are children left.
    #[inline(never)]
    fn reap(&mut self) -> bool {
        loop {
            match sys::process::wait4(-1, WNOHANG) {
                Ok(Some((pid, status))) => self.ended(pid, status),
                Ok(None) => return true,
                Err(errno) => return has_children(errno),
            }
        }
    }

    /// Sees to the service whose process this was, if it was one's.
    fn ended(&mut self, pid: Pid, status: ExitStatus) {
        if let Some(copied) = &mut self.copied
            && copied.pid == pid
        {
            copied.status = Some(status);
        }
        for index in 0..SERVICES {
            let Some(service) = self.table.services.get_mut(index) else {
                return;
            };
            if service.pid() != pid.as_raw()
                || !matches!(service.state(), State::RUNNING | State::LEAVING)
            {
                continue;
            }
            let former_delay = service.delay();
            service.ended();
            let slow = service.state() == State::DUE && service.delay() > 0;
            self.table.save(index);
            if slow && former_delay > 0 {
                return;
            }
            let mut line = Line::about(self.table.name(index));
            status.write(&mut line);
            if slow {
                "; starts again after 1 s, then ever more slowly, up to 60 s".write(&mut line);
            }
            return line.tell();
        }
    }

    /// Starts what is due, in its order, and kills what should be gone: when the next will be.
    #[inline(never)]
    fn start_what_is_due(&mut self) -> u32 {
        use Action::*;
        let mut next = NEVER;
        for stage in [
            [CtrlAltDel; 2],
            [Sysinit; 2],
            [Wait; 2],
            [Once; 2],
            [Respawn, Askfirst],
        ] {
            for index in 0..SERVICES {
                let Some(service) = self.table.services.get_mut(index) else {
                    break;
                };
                if !stage.iter().any(|&action| service.does(action)) {
                    continue;
                }
                let mut state = service.state();
                if service.at() <= now() {
                    if state == State::DUE {
                        state = self.start(index);
                    } else if state == State::LEAVING {
                        let _ = sys::process::kill(service.pid(), Some(Signal::KILL));
                        service.set_at(NEVER);
                        self.table.save(index);
                    }
                }
                if matches!(state, State::DUE | State::LEAVING)
                    && let Some(service) = self.table.services.get(index)
                {
                    next = next.min(service.at());
                }
                if matches!(stage, [Sysinit | Wait, _])
                    && matches!(state, State::DUE | State::RUNNING)
                {
                    return next;
                }
            }
        }
        next
    }

    #[inline(never)]
    fn start(&mut self, index: usize) -> State {
        let Some(service) = self.table.services.get_mut(index) else {
            return State::FREE;
        };
        let loudly = service.delay() == 0;
        let started = match &service.entry() {
            Some(entry) => service::start(entry, self.env, loudly),
            None => return State::FREE,
        };
        match started {
            Ok(pid) => {
                service.set_state(State::RUNNING);
                service.set_pid(pid.as_raw());
                service.set_at(now());
            }
            // What a crowded machine says may be over soon.
            Err(None | Some(Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE)) => {
                service.slow_down(0)
            }
            Err(Some(_)) if service.again() => service.slow_down(0),
            Err(Some(_)) => service.set_state(State::DONE),
        }
        let state = service.state();
        self.table.save(index);
        if loudly && let Ok(pid) = started {
            let mut line = Line::about(self.table.name(index));
            "started, process ".write(&mut line);
            pid.write(&mut line);
            line.tell();
        }
        state
    }

    fn take(&mut self, signal: Signal) {
        let kind = match signal.as_raw() {
            HUP => return self.table.read_inittab(false),
            INT => return self.ctrl_alt_del(),
            ABRT => return abort(),
            QUIT => None,
            TERM | 39 => Some(Reboot::Restart),
            USR1 | 37 => Some(Reboot::Halt),
            USR2 | PWR | 38 => Some(Reboot::PowerOff),
            _ => return,
        };
        self.end(kind);
    }

    fn ctrl_alt_del(&mut self) {
        let mut some = false;
        for index in 0..SERVICES {
            if let Some(service) = self.table.services.get_mut(index)
                && service.does(Action::CtrlAltDel)
            {
                some = true;
                if service.state() == State::DONE {
                    service.set_state(State::DUE);
                    service.set_at(0);
                    self.table.save(index);
                }
            }
        }
        if !some && sys::file::faccessat(INITTAB) == Err(Errno::ENOENT) {
            self.end(Some(Reboot::Restart));
        }
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

/// Waits for a signal of the set, at most until then.
#[inline(never)]
fn next_signal(signals: SigSet, until: u32) -> Option<Signal> {
    let left = until.saturating_sub(now());
    let timeout = (until != NEVER).then_some(Duration::from_secs(left.into()));
    match sys::signal::sigtimedwait(signals, timeout) {
        Ok(info) => Some(info.signal),
        Err(_) => {
            // What should have waited, and did not, must not be asked again at once.
            if until > now() {
                pause(1);
            }
            None
        }
    }
}

#[expect(clippy::panic, reason = "SIGABRT asks for one")]
fn abort() {
    panic!("somebody sent SIGABRT")
}
