//! The end of the machine: init ends all processes, writes all data to the disks, and unmounts the file systems.

use nestling::inittab::Action;
use nestling::sys::reboot::{Reboot, reboot, sync};
use nestling::text::Text;
use nestling::{Errno, Signal, sys};

use super::table::State;
use super::{Machine, service};
use crate::buffer::Buffer;
use crate::clock::{NEVER, after, now, pause};
use crate::log::Line;

/// The time in seconds that all `shutdown` entries together may take.
const SHUTDOWN_LIMIT: u32 = 30;
/// The time in seconds that the processes have to end after they were asked to end.
const TERM_LIMIT: u32 = 10;
/// The time in seconds that init waits for killed processes. (A process that waits for a disk cannot end before the disk responds.)
const KILL_LIMIT: u32 = 5;
/// The time in seconds that everything may take in addition to [`TERM_LIMIT`]. Then the machine stops, even if some steps are not
/// done.
const LIMIT: u32 = 60;

impl Machine {
    /// Stops the machine. If `kind` is `None`, ends all processes and then executes the process of the `restart` entry in place of
    /// init. Returns only if `kind` is `None` and the inittab has no such entry.
    #[inline(never)]
    pub fn end(&mut self, kind: Option<Reboot>) {
        let (name, signal) = match kind {
            Some(Reboot::Halt) => ("halt", Signal::USR1),
            Some(Reboot::PowerOff) => ("power off", Signal::USR2),
            Some(Reboot::Restart) => ("reboot", Signal::TERM),
            None => ("restart", Signal::QUIT),
        };
        self.finish_reading();
        let mut services = self.table.services.iter();
        let successor = services.position(|it| it.does(Action::Restart));
        if kind.is_none() && successor.is_none() {
            return Line::new("no entry has the action restart").log();
        }
        self.stop_reading();
        // After a fault, process 1 continues with the end of the machine.
        let [own, ..] = &mut self.table.services;
        own.quick = signal.as_raw() as u8;
        self.table.save(0);
        let mut line = Line::new(name);
        ": stopping the machine".write(&mut line);
        line.log();
        let end = after(TERM_LIMIT + LIMIT);
        let shutdown_end = after(SHUTDOWN_LIMIT);
        self.note_end(end);
        self.stop_services();
        self.run_shutdown_entries(shutdown_end);
        let spare = self.has_root_storage(end);
        Line::new("SIGTERM to all processes").log();
        self.end_all(end, spare, TERM_LIMIT);
        self.sync(end);
        if kind.is_none()
            && let Some(entry) = successor.and_then(|index| self.table.entry(index))
        {
            service::become_successor(&entry, self.env);
        }
        let mut hung = Buffer::new();
        self.take_down(end, &mut hung);
        if spare {
            self.end_all(end, false, KILL_LIMIT);
            self.take_down(end, &mut hung);
        }
        self.sync(end);
        // The remaining processes may still end.
        self.wait_for_all(end, false);
        Line::new(name).log();
        // If the process of the `restart` entry could not be executed, all other processes have ended, so init reboots.
        let errno = reboot(kind.unwrap_or(Reboot::Restart));
        Line::new(name).log_error(errno);
        // A process 1 without the capability is that of a container, which ends with it.
        if errno == Errno::EPERM {
            sys::process::exit(0);
        }
        // The kernel has refused the request. The reason is on the console, and init waits for ever.
        loop {
            let _ = sys::process::pause();
            pause(1);
        }
    }

    /// Marks each service as stopped: its process should end, and init does not start it again. Entries for the shutdown do not
    /// change.
    fn stop_services(&mut self) {
        for index in self.table.places() {
            if let Some(service) = self.table.services.get_mut(index) {
                // Process 1 has started this entry before a fault, so the entry continues.
                if service.does(Action::Shutdown) && service.state.is_up() {
                    continue;
                }
                if service.state == State::Starting {
                    service.kill();
                }
                match service.state {
                    State::Starting | State::Running | State::Leaving | State::Killed => {
                        (service.state, service.at) = (State::Leaving, NEVER);
                        service.returns = false;
                    }
                    State::Due => service.state = State::Done,
                    State::Free | State::Done | State::Own => continue,
                }
                self.table.save(index);
            }
        }
    }

    /// Runs the entries for the shutdown one after the other. Waits for the end of each, but not after the time `end`.
    fn run_shutdown_entries(&mut self, end: u32) {
        for index in self.table.places() {
            let service = self.table.services.get(index);
            if let Some(service) = service
                && service.does(Action::Shutdown)
                && now() < end
            {
                if service.state == State::Done {
                    self.start(index);
                }
                self.wait_until(end, &mut |machine| {
                    machine.reap();
                    let service = machine.table.services.get(index);
                    service.is_none_or(|it| !it.state.is_up())
                });
            }
        }
    }

    /// Ends all processes. If `spare` is true, spares the processes of root storage. Asks the processes to end, and kills the
    /// remaining processes after `seconds`. Waits at most until `end`.
    fn end_all(&mut self, end: u32, spare: bool, seconds: u32) {
        self.ask_all_to_end(end, spare);
        if !self.wait_for_all(end.min(after(seconds)), spare) {
            Line::new("SIGKILL to the remaining processes").log();
            self.signal_all(end, &[Signal::KILL], spare);
            self.wait_for_all(end.min(after(KILL_LIMIT)), spare);
        }
    }

    fn sync(&mut self, end: u32) {
        self.limited_step(end, "sync", b"", false, &mut || {
            sync();
            Ok(())
        });
    }
}
