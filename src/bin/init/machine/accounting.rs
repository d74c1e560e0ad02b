//! The records for `who` and `last`: the start and the end of the machine, and the ends of logins.
//!
//! The files may be on a disk that does not respond, so a copy of process 1 writes the records.

use nestling::time::{self, Clock};
use nestling::utmp::{self, Kind, Record};
use nestling::{Errno, Pid, rt, sys};

use super::Machine;

/// Records the start of the machine. Call this when the file systems are certainly mounted.
pub fn booted() {
    in_a_copy(&|| {
        let up = time::now(Clock::Boottime).map_or(0, |it| it.seconds());
        let record = about_machine(Kind::Boot, b"reboot", now() - up);
        let _ = utmp::replace(utmp::UTMP, &record);
        utmp::append(utmp::WTMP, &record)
    });
}

/// Records the end of a login's process.
pub fn ended(pid: Pid) {
    in_a_copy(&|| match utmp::end(utmp::UTMP, pid.as_raw(), now())? {
        Some(record) => utmp::append(utmp::WTMP, &record),
        None => Ok(()),
    });
}

impl Machine {
    /// Records the end of the machine.
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

/// Calls `step` in a copy of process 1, and does not wait for it.
fn in_a_copy(step: &dyn Fn() -> Result<(), Errno>) {
    if let Ok(None) = rt::fork() {
        sys::process::exit(step().is_err().into());
    }
}
