//! The lines that init writes to the console and to the kernel's log.

use core::ffi::CStr;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use core::time::Duration;

use nestling::sys::poll::{Events, PollFd, ppoll};
use nestling::terminal::is_terminal;
use nestling::text::{self, Quoted, Sink, Text};
use nestling::{AsFd, BorrowedFd, Errno, OFlags, io, sys};

/// A line that init is building. Its text is in static memory, because init has only one thread and builds one line at a time. So a
/// `Line` needs no memory of its own.
pub struct Line(());

pub const ROOM: usize = 700;
static TEXT: [AtomicU8; ROOM] = [const { AtomicU8::new(0) }; ROOM];
static LENGTH: AtomicUsize = AtomicUsize::new(0);

/// Which lines the console gets. The kernel's log gets all of them.
#[derive(Clone, Copy)]
pub enum Shown {
    All,
    /// Errors, and messages about the end of the machine.
    Errors,
    Nothing,
}

static SHOWN: AtomicU8 = AtomicU8::new(Shown::All as u8);
static PROMPTS: AtomicBool = AtomicBool::new(false);
/// Whether the console had no room for the last line.
static IS_HELD: AtomicBool = AtomicBool::new(false);

/// Chooses the lines that the console gets. `name` is the value of the variable `INIT_LOG`: `all`, `errors` or `nothing`.
pub fn choose(name: &[u8]) {
    let shown = match name {
        b"nothing" => Shown::Nothing,
        b"errors" => Shown::Errors,
        _ => Shown::All,
    };
    SHOWN.store(shown as u8, Ordering::Relaxed);
}

/// Stores that the console may show a prompt from now on.
pub fn expect_prompts() {
    PROMPTS.store(true, Ordering::Relaxed);
}

/// The priority of a line in the kernel's log: facility `daemon`, level `debug`. The kernel prints lines with a higher priority on
/// the console, where init's lines must not appear a second time.
const PRIORITY: &str = "<31>";
/// The beginning of every line.
const START: &str = "<31>init: ";

/// Text that does not fit into the line is lost.
impl Sink for Line {
    #[inline(never)]
    fn put(&mut self, text: &[u8]) {
        for &byte in text {
            let length = LENGTH.load(Ordering::Relaxed);
            if let Some(place) = TEXT.get(length) {
                place.store(byte, Ordering::Relaxed);
                LENGTH.store(length + 1, Ordering::Relaxed);
            }
        }
    }
}

impl Line {
    /// Begins a line about init itself.
    pub fn new(text: impl AsRef<[u8]>) -> Self {
        Self::starting_with(text.as_ref())
    }

    #[inline(never)]
    fn starting_with(text: &[u8]) -> Self {
        LENGTH.store(0, Ordering::Relaxed);
        let mut line = Self(());
        START.write(&mut line);
        text.write(&mut line);
        line
    }

    /// Begins a line about a service. If the name contains characters that could control a terminal, it is written as [`Quoted`].
    #[inline(never)]
    pub fn about(name: &[u8]) -> Self {
        let mut line = Self::starting_with(b"");
        if text::is_printable(name) {
            name.write(&mut line);
        } else {
            Quoted(name).write(&mut line);
        }
        ": ".write(&mut line);
        line
    }

    /// Adds the errno, and writes the line as [`warn`](Self::warn) does.
    #[inline(never)]
    pub fn warn_error(mut self, errno: Errno) {
        ": ".write(&mut self);
        errno.write(&mut self);
        self.warn();
    }

    /// Writes the line to the kernel's log, and to the console if the console gets all lines. Use this for lines that do not report
    /// an error.
    #[inline(never)]
    pub fn log_info(self) {
        self.say(Shown::All);
    }

    /// Adds the errno, and writes the line as [`log`](Self::log) does.
    #[inline(never)]
    pub fn log_error(mut self, errno: Errno) {
        ": ".write(&mut self);
        errno.write(&mut self);
        self.log();
    }

    /// Writes the line to standard error.
    #[inline(never)]
    pub fn warn(self) {
        // Process 1 must not wait for a reader.
        if sys::process::getpid().as_raw() == 1 && !is_writable(io::stderr(), Duration::ZERO) {
            return;
        }
        let mut room = [0; ROOM + 1];
        let _ = write(io::stderr(), self.after(PRIORITY.len(), &mut room));
    }

    /// Sends the line, without its beginning, to the process 1 that has made this copy. If process 1 has executed its program again
    /// and closed the pipe, the copy itself writes the line.
    pub fn send(self, to: BorrowedFd<'_>) {
        let mut room = [0; ROOM + 1];
        if write(to, self.after(START.len(), &mut room)).is_err() {
            self.log();
        }
    }

    /// Writes the line to the kernel's log, and to the console unless the console gets nothing.
    pub fn log(self) {
        self.say(Shown::Errors);
    }

    #[inline(never)]
    fn say(self, least: Shown) {
        let mut room = [0; ROOM + 1];
        write_to(c"/dev/kmsg", self.after(0, &mut room));
        if SHOWN.load(Ordering::Relaxed) > least as u8 {
            return;
        }
        // If a user has stopped the console's output (Ctrl-S), process 1 waits for a second once, and then does not wait for
        // further lines.
        let patience = Duration::from_secs(u64::from(!IS_HELD.load(Ordering::Relaxed)));
        let is_writable = is_writable(io::stderr(), patience);
        IS_HELD.store(!is_writable, Ordering::Relaxed);
        if is_writable {
            // If the console may show a prompt, begin a new line, so that the prompt stays visible.
            let start = if PROMPTS.load(Ordering::Relaxed) {
                b"\n\r"
            } else {
                &b"\r"[..]
            };
            let before = PRIORITY.len() - start.len();
            for (place, &byte) in TEXT.iter().skip(before).zip(start) {
                place.store(byte, Ordering::Relaxed);
            }
            let text = self.after(before, &mut room);
            // A socket, or a pipe of another user, cannot be opened again, so write to the descriptor itself. It has room for the
            // whole line. (A terminal may not have room for the whole line, so the write could wait.)
            if !write_to(c"/proc/self/fd/2", text) && !is_terminal(io::stderr()) {
                let _ = write(io::stderr(), text);
            }
        }
    }

    /// Returns the text from byte `start` on, and a newline.
    fn after<'r>(&self, start: usize, room: &'r mut [u8; ROOM + 1]) -> &'r [u8] {
        let text = TEXT.iter().take(LENGTH.load(Ordering::Relaxed)).skip(start);
        let mut length = 0;
        for (place, byte) in room.iter_mut().zip(text) {
            *place = byte.load(Ordering::Relaxed);
            length += 1;
        }
        if let Some(end) = room.get_mut(length) {
            *end = b'\n';
        }
        room.get(..=length).unwrap_or_default()
    }
}

/// Returns whether the file is writable within this time. (After an error, this returns true, and the write reports the error.)
#[inline(never)]
fn is_writable(file: BorrowedFd<'_>, within: Duration) -> bool {
    let mut fds = [PollFd::new(file, Events::OUT)];
    ppoll(&mut fds, Some(within), None) != Ok(0)
}

/// Writes the text to a file, for at most a second. Text that does not fit by then is lost. The file is opened again for this,
/// because the services share the existing open file, and their writes must wait. Returns whether the file could be opened.
#[inline(never)]
fn write_to(path: &CStr, text: &[u8]) -> bool {
    let flags =
        OFlags::WRONLY | OFlags::APPEND | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = sys::fd::open(path, flags, 0);
    if let Ok(file) = &file {
        let _ = write(file.as_fd(), text);
    }
    file.is_ok()
}

/// Writes the text, with at most a hundred calls of `write(2)`, so that process 1 does not loop for ever if each call is interrupted.
///
/// A terminal refuses a write that must not wait (`EAGAIN`) while another process writes to it, even if `poll(2)` has just reported
/// that the terminal is writable. Then this waits for at most 10 ms, and tries again.
///
/// # Errors
/// The errors of `write(2)`.
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
            Err(Errno::EAGAIN) => {
                is_writable(to, Duration::from_millis(10));
                Err(Errno::EAGAIN)
            }
            Err(Errno::EINTR) => Err(Errno::EINTR),
            Err(errno) => return Err(errno),
        };
    }
    answer
}
