//! What init says.

use core::time::Duration;

use nestling::io::{self, Writer};
use nestling::poll::{self, Events, PollFd};
use nestling::text::Text;
use nestling::{AsFd, OFlags, sys};

/// Says in words, on a line, what went wrong.
pub fn complain(say: impl FnOnce(&mut Writer<'_>)) {
    let mut stderr = Writer::new(io::stderr());
    "init: ".write(&mut stderr);
    say(&mut stderr);
    "\n".write(&mut stderr);
}

/// Says it on the console and in the kernel's log, in a line that begins with the service's name; an empty one is init itself.
pub fn tell(name: &[u8], say: &dyn Fn(&mut Writer<'_>)) {
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    if let Ok(log) = sys::fd::open(c"/dev/kmsg", flags, 0) {
        // A daemon's, for debugging: the kernel shows the console what is more urgent, and this is there already.
        line("<31>", name, say, Writer::new(log.as_fd()));
    }
    // Where somebody holds the console (Ctrl-S), process 1 has better things to do than to wait for long.
    let stderr = io::stderr();
    let mut fds = [PollFd::new(stderr, Events::OUT)];
    if poll::poll(&mut fds, Some(Duration::from_secs(1))) != Ok(0) {
        // Whatever stands on the line already is overwritten.
        line("\r", name, say, Writer::new(stderr));
    }
}

fn line(start: &str, name: &[u8], say: &dyn Fn(&mut Writer<'_>), mut out: Writer<'_>) {
    start.write(&mut out);
    "init: ".write(&mut out);
    if !name.is_empty() {
        name.write(&mut out);
        ": ".write(&mut out);
    }
    say(&mut out);
    "\n".write(&mut out);
}
