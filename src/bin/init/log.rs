//! The lines that init writes to the console and to the kernel's log.

use core::ffi::CStr;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use core::time::Duration;

use nestling::sys::poll::{Events, PollFd, ppoll};
use nestling::terminal::is_terminal;
use nestling::text::{self, Quoted, Sink, Text};
use nestling::{AsFd, BorrowedFd, Errno, OFlags, io, sys};

/// The line that init writes next. There is only one, in static memory, because there is only one thread: code that puts text to it
/// needs no room of its own.
pub struct Line(());

pub const ROOM: usize = 700;
static TEXT: [AtomicU8; ROOM] = [const { AtomicU8::new(0) }; ROOM];
static LENGTH: AtomicUsize = AtomicUsize::new(0);

/// Which lines the console gets. The kernel's log gets all of them.
#[derive(Clone, Copy)]
pub enum Shown {
    All,
    /// Errors, and that the machine ends.
    Errors,
    Nothing,
}

static SHOWN: AtomicU8 = AtomicU8::new(Shown::All as u8);
static PROMPTS: AtomicBool = AtomicBool::new(false);
/// There was no room for the last line on the console.
static IS_HELD: AtomicBool = AtomicBool::new(false);

/// Chooses the lines that the console gets, from the value of `INIT_LOG`: `all`, `errors` or `nothing`.
pub fn choose(name: &[u8]) {
    let shown = match name {
        b"nothing" => Shown::Nothing,
        b"errors" => Shown::Errors,
        _ => Shown::All,
    };
    SHOWN.store(shown as u8, Ordering::Relaxed);
}

/// From now on there may be a prompt on the console.
pub fn expect_prompts() {
    PROMPTS.store(true, Ordering::Relaxed);
}

/// The priority of a line in the kernel's log: facility daemon, level debug. The kernel writes lines of higher priority to the console
/// itself, where init has already written them.
const PRIORITY: &str = "<31>";
/// How every line begins.
const START: &str = "<31>init: ";

/// Text for which there is no more room is lost.
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
        Self::begin(text.as_ref())
    }

    #[inline(never)]
    fn begin(text: &[u8]) -> Self {
        LENGTH.store(0, Ordering::Relaxed);
        let mut line = Self(());
        START.write(&mut line);
        text.write(&mut line);
        line
    }

    /// Begins a line about a service. What could control a terminal is shown as [`Quoted`] does.
    #[inline(never)]
    pub fn about(name: &[u8]) -> Self {
        let mut line = Self::begin(b"");
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

    /// Writes a line that is not about an error: to the console only if the console gets all lines.
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
        // Process 1 does not wait for a reader.
        if sys::process::getpid().as_raw() == 1 && !is_writable(Duration::ZERO) {
            return;
        }
        let mut room = [0; ROOM + 1];
        let _ = write(io::stderr(), self.after(PRIORITY.len(), &mut room));
    }

    /// Sends the line, without its beginning, to the process 1 of which this process is a copy. If process 1 has executed itself
    /// again and closed the pipe, the copy writes the line itself.
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
        // Where somebody holds the console (Ctrl-S), process 1 has better things to do than to wait for long, or for each line.
        let patience = Duration::from_secs(u64::from(!IS_HELD.load(Ordering::Relaxed)));
        let is_writable = is_writable(patience);
        IS_HELD.store(!is_writable, Ordering::Relaxed);
        if is_writable {
            // A prompt that may stand there stays.
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
            // A socket, or another user's pipe, can't be opened again. There is room in it, other than in a terminal, where that
            // may end within a line.
            if !write_to(c"/proc/self/fd/2", text) && !is_terminal(io::stderr()) {
                let _ = write(io::stderr(), text);
            }
        }
    }

    /// What is after so many bytes of it, and a newline.
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

/// Whether there is room where lines are written to, within that time. (An error is for the write to find.)
#[inline(never)]
fn is_writable(within: Duration) -> bool {
    let mut fds = [PollFd::new(io::stderr(), Events::OUT)];
    ppoll(&mut fds, Some(within), None) != Ok(0)
}

/// Writes it without waiting: what there is no room for is lost. The open file is one of its own, since services do wait where
/// they write to theirs. Returns whether it could be opened.
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
