//! What `who` and `last` read: records of the start and the end of the machine, and of logins that have ended.
//!
//! Their files may be on a disk that hangs, so a copy of process 1 writes them.

use nestling::time::{self, Clock};
use nestling::utmp::{self, Kind, Record};
use nestling::{Errno, Pid, rt, sys};

use super::Machine;

/// Writes down that the machine has come up: when it is certain that its file systems are mounted.
pub fn booted() {
    in_a_copy(&|| {
        let up = time::now(Clock::Boottime).map_or(0, |it| it.seconds());
        let record = about_machine(Kind::Boot, b"reboot", now() - up);
        let _ = utmp::replace(utmp::UTMP, &record);
        utmp::append(utmp::WTMP, &record)
    });
}

/// Writes down that the process of a login has ended.
pub fn ended(pid: Pid) {
    in_a_copy(&|| match utmp::end(utmp::UTMP, pid.as_raw(), now())? {
        Some(record) => utmp::append(utmp::WTMP, &record),
        None => Ok(()),
    });
}

impl Machine {
    /// Writes down that the machine goes down.
    pub fn note_end(&mut self, end: u32) {
        self.limited_step(end, "wtmp", b"", false, &mut || {
            utmp::append(
                utmp::WTMP,
                &about_machine(Kind::RunLevel, b"shutdown", now()),
            )
        });
    }
}

fn about_machine(kind: Kind, user: &[u8], seconds: i64) -> Record {
    let names = sys::machine::uname();
    let release = names
        .as_ref()
        .map_or(&b""[..], |names| names.release().to_bytes());
    Record::new(kind, 0, b"~", b"~~", user, release, seconds)
}

fn now() -> i64 {
    time::now(Clock::Realtime).map_or(0, |it| it.seconds())
}

/// Does it in a copy of process 1 that nothing waits for.
fn in_a_copy(step: &dyn Fn() -> Result<(), Errno>) {
    if let Ok(None) = rt::fork() {
        sys::process::exit(step().is_err().into());
    }
}
