//! The end of the machine: what runs is stopped, what was written is kept, what is mounted is unmounted.

use core::time::Duration;

use nestling::inittab::Action;
use nestling::sys::reboot::{Reboot, reboot, sync};
use nestling::text::Text;
use nestling::{Errno, Pid, SigSet, Signal, sys};

use super::table::{NEVER, SERVICES, Service, State, after, now};
use super::{Machine, breathe, mounts, service};
use crate::log::tell;

/// What is to become of the machine.
#[derive(Clone, Copy)]
pub enum End {
    Stop(Reboot),
    /// The process of the entry `restart` takes the place of init.
    Become,
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Stop(Reboot::Halt) => "halt",
            Self::Stop(Reboot::PowerOff) => "power off",
            Self::Stop(Reboot::Restart) => "reboot",
            Self::Become => "restart",
        }
    }
}

/// How long each entry `shutdown` may take.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(60);
/// How long all others may take to end after a signal.
const TERM_LIMIT: Duration = Duration::from_secs(10);

impl Machine<'_> {
    /// Ends the machine. Returns only if nothing is there to become.
    pub fn end(&mut self, end: End) {
        let successor = self.find(Action::Restart, 0);
        if matches!(end, End::Become) && successor.is_none() {
            return say(&["there is no entry for a restart"]);
        }

        say(&[end.name(), ": the machine stops"]);
        for index in 0..SERVICES {
            self.table.change(index, |service| match service.state {
                State::Running => (service.state, service.at) = (State::Leaving, NEVER),
                State::Due => service.state = State::Done,
                _ => {}
            });
        }
        let mut next = 0;
        while let Some(index) = self.find(Action::Shutdown, next) {
            if self.start(index) == State::Running {
                let pid = self.table.services.get(index).map_or(0, |it| it.pid);
                self.wait_for(Pid::from_raw(pid), SHUTDOWN_LIMIT);
            }
            next = index + 1;
        }
        say(&["SIGTERM to all processes"]);
        signal_all(Signal::TERM);
        // One that is stopped could not end.
        signal_all(Signal::CONT);
        if !self.wait_for(None, TERM_LIMIT) {
            say(&["SIGKILL to those that are left"]);
            signal_all(Signal::KILL);
            self.wait_for(None, TERM_LIMIT);
        }
        sync();
        let kind = match end {
            End::Stop(kind) => kind,
            End::Become => {
                self.table.outlive_exec(false);
                if let Some(service) = successor.and_then(|index| self.table.services.get(index))
                    && let Some(entry) = service.entry()
                {
                    service::become_it(&entry, self.env);
                }
                // Nobody is left who could be asked.
                Reboot::Restart
            }
        };
        mounts::take_down();
        sync();
        say(&[end.name()]);
        let errno = reboot(kind);
        tell(b"", &|out| errno.write(out));
        // Whoever can look at the machine sees why it is still there.
        loop {
            let _ = sys::process::pause();
            breathe();
        }
    }

    /// The first service of this action, from a place on.
    #[inline(never)]
    fn find(&self, action: Action, from: usize) -> Option<usize> {
        let is_it = |service: &Service| service.entry().is_some_and(|it| it.action == action);
        let rest = self.table.services.get(from..)?;
        Some(from + rest.iter().position(is_it)?)
    }

    /// Waits until the child has ended, or all processes have, and reaps whatever does: whether that was in time.
    fn wait_for(&mut self, child: Option<Pid>, limit: Duration) -> bool {
        let end = after(limit);
        loop {
            match sys::process::wait4(-1, linux_raw_sys::general::WNOHANG) {
                Ok(Some((pid, status))) => {
                    self.ended(pid, status);
                    if Some(pid) == child {
                        return true;
                    }
                    continue;
                }
                Err(Errno::ECHILD) => return true,
                _ => {}
            }
            let Some(left) = end
                .checked_duration_since(now())
                .filter(|left| !left.is_zero())
            else {
                return false;
            };
            let chld = SigSet::EMPTY.with(Signal::CHLD);
            if sys::signal::sigtimedwait(chld, Some(left)).is_err() && end > now() {
                breathe();
            }
        }
    }
}

fn signal_all(signal: Signal) {
    // There may be none.
    let _ = sys::process::kill(-1, Some(signal));
}

fn say(words: &[&str]) {
    tell(b"", &|out| words.iter().for_each(|word| word.write(out)));
}
