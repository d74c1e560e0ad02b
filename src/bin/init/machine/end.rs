//! The end of the machine: what runs is stopped, what was written is kept, what is mounted is unmounted.

use nestling::inittab::Action;
use nestling::sys::reboot::{Reboot, reboot, sync};
use nestling::text::Text;
use nestling::{SigSet, Signal, sys};

use super::table::{SERVICES, State};
use super::{Machine, mounts, next_signal, service};
use crate::clock::{NEVER, after, now, pause};
use crate::log::Line;

/// How many seconds each entry `shutdown` may take.
const SHUTDOWN_LIMIT: u32 = 60;
/// How many all others may take to end after a signal.
const TERM_LIMIT: u32 = 10;

impl Machine<'_> {
    /// Ends the machine, or, without a kind, has the process of the entry `restart` take the place of init. Returns only if there is
    /// none.
    #[inline(never)]
    pub fn end(&mut self, kind: Option<Reboot>) {
        let name = match kind {
            Some(Reboot::Halt) => "halt",
            Some(Reboot::PowerOff) => "power off",
            Some(Reboot::Restart) => "reboot",
            None => "restart",
        };
        let mut services = self.table.services.iter();
        let successor = services.position(|it| it.does(Action::Restart));
        if kind.is_none() && successor.is_none() {
            return Line::new("there is no entry for a restart").tell();
        }
        let mut line = Line::new(name);
        ": the machine stops".write(&mut line);
        line.tell();
        for index in 0..SERVICES {
            if let Some(service) = self.table.services.get_mut(index) {
                match service.state() {
                    State::RUNNING => {
                        service.set_state(State::LEAVING);
                        service.set_at(NEVER);
                    }
                    State::DUE => service.set_state(State::DONE),
                    _ => continue,
                }
                self.table.save(index);
            }
        }
        for index in 0..SERVICES {
            let service = self.table.services.get(index);
            if service.is_some_and(|it| it.does(Action::Shutdown)) {
                self.start(index);
                self.wait_for(index, SHUTDOWN_LIMIT);
            }
        }
        Line::new("SIGTERM to all processes").tell();
        signal_all(Signal::TERM);
        // One that is stopped could not end.
        signal_all(Signal::CONT);
        if !self.wait_for(SERVICES, TERM_LIMIT) {
            Line::new("SIGKILL to those that are left").tell();
            signal_all(Signal::KILL);
            self.wait_for(SERVICES, TERM_LIMIT);
        }
        sync();
        if kind.is_none()
            && let Some(service) = successor.and_then(|index| self.table.services.get(index))
            && let Some(entry) = service.entry()
        {
            service::become_it(&entry, self.env);
        }
        mounts::take_down();
        sync();
        Line::new(name).tell();
        // Of what could not be become, nobody is left who could be asked.
        let errno = reboot(kind.unwrap_or(Reboot::Restart));
        Line::new(name).tell_of(errno);
        // Whoever can look at the machine sees why it is still there.
        loop {
            let _ = sys::process::pause();
            pause(1);
        }
    }

    /// Waits until this service's process has ended, or, if there is no such service, all processes have, and reaps whatever does:
    /// whether that was in time.
    #[inline(never)]
    fn wait_for(&mut self, index: usize, seconds: u32) -> bool {
        let end = after(seconds);
        loop {
            let some = self.reap();
            let service = self.table.services.get(index);
            if !some || service.is_some_and(|it| it.state() != State::RUNNING) {
                return true;
            }
            if end <= now() {
                return false;
            }
            next_signal(SigSet::EMPTY.with(Signal::CHLD), end);
        }
    }
}

fn signal_all(signal: Signal) {
    // There may be none.
    let _ = sys::process::kill(-1, Some(signal));
}
