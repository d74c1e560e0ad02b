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
mod mounts;
mod service;
mod table;

use core::time::Duration;

use nestling::inittab::Action;
use nestling::sys::reboot::{Reboot, set_ctrl_alt_del};
use nestling::text::Text;
use nestling::time::Timestamp;
use nestling::{Arg, Args, Errno, ExitStatus, OwnedFd, Pid, SigSet, Signal, rt, sys, time};

use crate::log::tell;
pub use again::panic;
use end::End;
use table::{NEVER, SERVICES, State, Table, now};

/// What process 1 waits for: all that can be blocked without harm.
const SIGNALS: SigSet = SigSet::ALL.difference(rt::FAULTS);

/// What is to be looked for where the environment does not say.
const PATH: &core::ffi::CStr = c"PATH=/sbin:/usr/sbin:/bin:/usr/bin";

/// Brings the machine up and takes it down.
pub fn live(process: rt::Process) -> ! {
    let _ = sys::signal::set_mask(SIGNALS);
    let _ = rt::on_fault(again::fault);
    // Before anything is opened that would get their numbers.
    let former = table::inherited();
    let devices = mounts::devices();
    console::open();
    let mut strings = [None; 64];
    let mut machine = Machine {
        table: Table::new(),
        env: environment(process.env(), &mut strings),
    };
    match former {
        None => machine.begin(&devices),
        Some(store) => machine.go_on(&store),
    }
    loop {
        machine.reap();
        let next = machine.start_what_is_due();
        machine.wait(next);
    }
}

/// The environment with a `PATH`.
fn environment<'a>(env: Args<'a>, room: &'a mut [Option<Arg<'a>>; 64]) -> Args<'a> {
    if env.var(c"PATH").is_some() {
        return env;
    }
    let strings = env.iter().chain([PATH]);
    for (place, string) in room.iter_mut().take(63).zip(strings) {
        *place = Some(string.into());
    }
    Args::try_new(room).unwrap_or(env)
}

struct Machine<'a> {
    table: Table,
    env: Args<'a>,
}

impl Machine<'_> {
    fn begin(&mut self, devices: &mounts::Outcome) {
        devices.tell();
        mounts::all();
        // Where it is not allowed, in a pid namespace, the kernel sends no signal either.
        let _ = set_ctrl_alt_del(false);
        tell(b"", &|out| {
            "begins".write(out);
            if let Ok(names) = sys::machine::uname() {
                ", on Linux ".write(out);
                names.release().write(out);
            }
        });
        self.table.read_inittab(true);
    }

    /// After the process 1 before this one has failed.
    fn go_on(&mut self, former: &OwnedFd) {
        let _ = sys::machine::set_name(c"init");
        if self.table.restore(former).is_err() {
            tell(b"", &|out| "the table of services is lost".write(out));
            let _ = sys::process::kill(-1, Some(Signal::TERM));
            self.table.read_inittab(true);
        }
        // It is a service as any other.
        let began = self.table.own.at;
        let ran = now().checked_duration_since(began).unwrap_or_default();
        self.table.own.slow_down(ran);
        let _ = time::sleep(Duration::from_secs(self.table.own.delay.into()));
        self.table.own.at = now();
        self.table.write_own();
        tell(b"", &|out| "goes on".write(out));
    }

    /// Reaps whatever has ended.
    fn reap(&mut self) {
        while let Ok(Some((pid, status))) = sys::process::wait4(-1, linux_raw_sys::general::WNOHANG)
        {
            self.ended(pid, status);
        }
    }

    /// Sees to the service whose process this was, if it was one's.
    fn ended(&mut self, pid: Pid, status: ExitStatus) {
        let is_it = |service: &table::Service| {
            service.pid == pid.as_raw() && matches!(service.state, State::Running | State::Leaving)
        };
        let Some(index) = self.table.services.iter().position(is_it) else {
            return;
        };
        self.table.change(index, |service| {
            let told = service.delay > 0;
            let before = *service;
            service.ended(now());
            let Some(entry) = before.entry() else { return };
            let slow = service.state == State::Due && service.delay > 0;
            if slow && told {
                return;
            }
            tell(entry.name(), &|out| {
                status.write(out);
                if slow {
                    "; starts again after 1 s, then ever more slowly, up to 60 s, until it has run for a minute".write(out);
                }
            });
        });
    }

    /// Starts what is due, in its order: when the next will be.
    fn start_what_is_due(&mut self) -> Timestamp {
        let mut next = NEVER;
        let stages = [
            Action::CtrlAltDel,
            Action::Sysinit,
            Action::Wait,
            Action::Once,
            Action::Respawn,
        ];
        for stage in stages {
            for index in 0..SERVICES {
                let Some(service) = self.table.services.get(index) else {
                    break;
                };
                let Some(action) = service.entry().map(|entry| entry.action) else {
                    continue;
                };
                let same =
                    action == stage || (action == Action::Askfirst && stage == Action::Respawn);
                if !same {
                    continue;
                }
                let state = self.look_after(index);
                if let Some(service) = self.table.services.get(index)
                    && matches!(state, State::Due | State::Leaving)
                {
                    next = next.min(service.at);
                }
                let waited_for = matches!(stage, Action::Sysinit | Action::Wait);
                if waited_for && matches!(state, State::Due | State::Running) {
                    return next;
                }
            }
        }
        next
    }

    /// Starts a service if it is due, kills it if it should be gone: how it stands with it then.
    fn look_after(&mut self, index: usize) -> State {
        let Some(&service) = self.table.services.get(index) else {
            return State::Free;
        };
        if service.at <= now() {
            match service.state {
                State::Due => return self.start(index),
                State::Leaving => {
                    let _ = sys::process::kill(service.pid, Some(Signal::KILL));
                    self.table.change(index, |service| service.at = NEVER);
                }
                _ => {}
            }
        }
        service.state
    }

    fn start(&mut self, index: usize) -> State {
        let Some(service) = self.table.services.get(index) else {
            return State::Free;
        };
        let Some(entry) = service.entry() else {
            return State::Free;
        };
        let loudly = service.delay == 0;
        let again = matches!(entry.action, Action::Respawn | Action::Askfirst);
        let started = service::start(&entry, self.env, loudly);
        if loudly && let Ok(pid) = started {
            tell(entry.name(), &|out| {
                "started, process ".write(out);
                pid.write(out);
            });
        }
        let mut state = State::Done;
        self.table.change(index, |service| {
            match started {
                Ok(pid) => {
                    service.state = State::Running;
                    service.pid = pid.as_raw();
                    service.at = now();
                }
                // What a crowded machine says may be over soon.
                Err(None | Some(Errno::EAGAIN | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE)) => {
                    service.slow_down(Duration::ZERO)
                }
                Err(Some(_)) if again => service.slow_down(Duration::ZERO),
                Err(Some(_)) => service.state = State::Done,
            }
            state = service.state;
        });
        state
    }

    /// Waits for a signal, at most until then, and does what it asks for.
    fn wait(&mut self, until: Timestamp) {
        let left = until.checked_duration_since(now()).unwrap_or_default();
        let timeout = (until != NEVER).then_some(left);
        match sys::signal::sigtimedwait(SIGNALS, timeout) {
            Ok(info) => self.take(info.signal),
            // What should have waited, and did not, must not be asked again at once.
            Err(_) if until > now() => breathe(),
            Err(_) => {}
        }
    }

    fn take(&mut self, signal: Signal) {
        match signal {
            Signal::HUP => self.table.read_inittab(false),
            Signal::INT => self.ctrl_alt_del(),
            Signal::TERM => self.end(End::Stop(Reboot::Restart)),
            Signal::USR1 => self.end(End::Stop(Reboot::Halt)),
            Signal::USR2 | Signal::PWR => self.end(End::Stop(Reboot::PowerOff)),
            Signal::QUIT => self.end(End::Become),
            Signal::ABRT => abort(),
            _ => match signal.as_raw() - RTMIN {
                3 => self.end(End::Stop(Reboot::Halt)),
                4 => self.end(End::Stop(Reboot::PowerOff)),
                5 => self.end(End::Stop(Reboot::Restart)),
                _ => {}
            },
        }
    }

    fn ctrl_alt_del(&mut self) {
        let mut some = false;
        for index in 0..SERVICES {
            self.table.change(index, |service| {
                let action = service.entry().map(|entry| entry.action);
                if action == Some(Action::CtrlAltDel) {
                    some = true;
                    if service.state == State::Done {
                        service.state = State::Due;
                        service.at = now();
                    }
                }
            });
        }
        if !some && sys::file::faccessat(c"/etc/inittab") == Err(Errno::ENOENT) {
            self.end(End::Stop(Reboot::Restart));
        }
    }
}

/// The first real-time signal, as everybody counts them.
const RTMIN: i32 = 34;

#[expect(clippy::panic, reason = "it is what was asked for")]
fn abort() {
    panic!("somebody sent SIGABRT")
}

/// Waits a second, so that what fails over and over does not spin.
fn breathe() {
    let _ = time::sleep(Duration::from_secs(1));
}
