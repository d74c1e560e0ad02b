//! What PID 1 says: complaints in words, and, if asked, a report for the program that started the machine.
//!
//! A line of the report begins with the control character RS, which no terminal shows, and `init `:
//!
//! - `start RELEASE DESCRIPTORS`: the kernel's release, and how many descriptors were open at the start;
//! - `end STATUS ORPHANS`: a command's wait status, and how many other processes were reaped until its end;
//! - `fail CODE`: a command that could not be started, and the exit status that a shell would give it;
//! - `stop ORPHANS`: all commands are done, so many more processes were stopped and reaped, and the machine powers off.

use nestling::io::{self, Writer};
use nestling::text::{self, Sink, Text};
use nestling::{Args, AsFd, OFlags, sys};

use super::zombies::End;

pub struct Report {
    wanted: bool,
}

impl Report {
    pub const SILENT: Self = Self { wanted: false };

    pub fn new(env: Args<'_>) -> Self {
        Self {
            wanted: env.var(c"NESTLING_REPORT").is_some(),
        }
    }

    pub fn start(&self, descriptors: usize) {
        let mut buffer = [0; 128];
        let release = release(&mut buffer).unwrap_or(b"unknown");
        self.line("start", |out| {
            out.put(b" ");
            out.put(release);
            number(descriptors as i32, out);
        });
    }

    pub fn end(&self, end: End) {
        self.line("end", |out| {
            number(end.status.into_raw(), out);
            number(end.orphans, out);
        });
    }

    pub fn failure(&self, code: i32) {
        self.line("fail", |out| number(code, out));
    }

    pub fn stop(&self, orphans: i32) {
        self.line("stop", |out| number(orphans, out));
    }

    fn line(&self, word: &str, rest: impl FnOnce(&mut Writer<'_>)) {
        if self.wanted {
            let mut stdout = Writer::new(io::stdout());
            "\x1einit ".write(&mut stdout);
            word.write(&mut stdout);
            rest(&mut stdout);
            "\n".write(&mut stdout);
        }
    }
}

fn number(number: i32, out: &mut impl Sink) {
    " ".write(out);
    text::decimal(number, out);
}

/// The kernel's release, such as `6.1.0`.
fn release(buffer: &mut [u8]) -> Option<&[u8]> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let file = sys::fd::open(c"/proc/sys/kernel/osrelease", flags, 0).ok()?;
    let length = sys::fd::read(file.as_fd(), buffer).ok()?;
    buffer.get(..length)?.strip_suffix(b"\n")
}
