//! What init says.

use core::time::Duration;

use nestling::sys::poll::{Events, PollFd, ppoll};
use nestling::text::Text;
use nestling::{AsFd, BorrowedFd, Errno, OFlags, io, sys};

use crate::buffer::Buffer;

/// Says on a line what went wrong.
#[inline(never)]
pub fn complain(say: &dyn Fn(&mut Buffer)) {
    let line = line(b"", say);
    let _ = write(
        io::stderr(),
        line.bytes().get(START.len()..).unwrap_or_default(),
    );
}

/// Says it on the console and in the kernel's log, in a line that begins with the service's name; an empty one is init itself.
#[inline(never)]
pub fn tell(name: &[u8], say: &dyn Fn(&mut Buffer)) {
    let mut line = line(name, say);
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    if let Ok(log) = sys::fd::open(c"/dev/kmsg", flags, 0) {
        let _ = write(log.as_fd(), line.bytes());
    }
    // Whatever stands on the console's line already is overwritten.
    if let [_, _, _, last, ..] = line.bytes_mut() {
        *last = b'\r';
    }
    // Where somebody holds the console (Ctrl-S), process 1 has better things to do than to wait for long.
    let stderr = io::stderr();
    let mut fds = [PollFd::new(stderr, Events::OUT)];
    if ppoll(&mut fds, Some(Duration::from_secs(1)), None) != Ok(0) {
        let _ = write(
            stderr,
            line.bytes().get(START.len() - 1..).unwrap_or_default(),
        );
    }
}

/// How urgent a line is for the kernel's log: a daemon's, for debugging. The kernel shows the console what is more urgent, and this
/// is there already.
const START: &str = "<31>";

fn line(name: &[u8], say: &dyn Fn(&mut Buffer)) -> Buffer {
    let mut line = Buffer::new();
    START.write(&mut line);
    "init: ".write(&mut line);
    if !name.is_empty() {
        name.write(&mut line);
        ": ".write(&mut line);
    }
    say(&mut line);
    "\n".write(&mut line);
    line
}

/// Writes it, in a hundred tries at most: one that is interrupted over and over must not hold up process 1.
///
/// # Errors
/// As `write(2)`.
#[inline(never)]
pub fn write(to: BorrowedFd<'_>, mut text: &[u8]) -> Result<(), Errno> {
    let mut answer = Ok(());
    for _ in 0..100 {
        if text.is_empty() {
            break;
        }
        answer = match sys::fd::write(to, text) {
            Ok(count) => {
                text = text.get(count..).unwrap_or_default();
                Ok(())
            }
            Err(Errno::EINTR) => Err(Errno::EINTR),
            Err(errno) => return Err(errno),
        };
    }
    answer
}
