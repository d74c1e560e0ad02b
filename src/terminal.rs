//! Terminals (`termios(3)`, `ioctl_tty(2)`, `pty(7)`): attributes, size, sessions, pseudo-terminals.
//!
//! Which process group has a terminal, and when, is [`jobs`](crate::jobs)' part. Each function here is one system call
//! unless it says otherwise, and fails by `EBADF` if the descriptor is not open, by `ENOTTY` if it is no terminal, by `EIO`
//! if the terminal is hung up.
//!
//! What changes a terminal stops a background process by `SIGTTOU`; if that is blocked or ignored it goes through; else,
//! if nobody could continue the process (its group is an orphan), it is an error, `EIO`, of [`set_foreground`] `ENOTTY`. So
//! the kernel guards [`set_attributes`], [`set_foreground`], [`drain`] and [`flush`].

use core::ffi::CStr;

use linux_raw_sys::general as linux;

use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd};
use crate::file::OFlags;
use crate::process::Pid;
use crate::sys;
use crate::text::{self, Sink, Text};

pub use crate::sys::terminal::{Queue, When};

/// Whether it is a terminal: `isatty(3)`, std's `is_terminal`.
pub fn is_terminal(fd: BorrowedFd<'_>) -> bool {
    sys::terminal::tcgets(fd).is_ok()
}

// ---- Attributes ----

/// How a terminal treats what passes through it: `struct termios`.
///
/// ```no_run
/// use nestling::terminal::{self, Mode, Saved, When};
/// # fn read_line() {}
/// # let stdin = std::io::stdin();
/// # let terminal = nestling::BorrowedFd::from(std::os::fd::AsFd::as_fd(&stdin));
/// // A password, which is not shown.
/// let saved = Saved::new(terminal)?;
/// let mut silent = saved.attributes();
/// silent.set(Mode::ECHO, false);
/// terminal::set_attributes(terminal, When::Flush, &silent)?;
/// read_line();
/// drop(saved); // it is as it was
/// # Ok::<(), nestling::Errno>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Attributes(linux::termios2);

/// What is on or off in [`Attributes`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mode {
    word: Word,
    bits: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Word {
    Input,
    Output,
    Control,
    Local,
}

macro_rules! modes {
    ($($name:ident $word:ident $what:literal)*) => {
        /// The modes that shells and inits use, under the names of `termios(3)`.
        impl Mode {
            $(
                #[doc = $what]
                pub const $name: Self = Self { word: Word::$word, bits: linux::$name };
            )*
        }
    };
}

modes! {
    ICRNL Input "a carriage return comes as a newline"
    IXON Input "the stop and start characters hold the output"
    IUTF8 Input "erasing a character erases all of its bytes"
    OPOST Output "output is changed on its way: [`ONLCR`](Self::ONLCR)"
    ONLCR Output "a newline goes out as a carriage return and a newline"
    CLOCAL Control "a lost carrier does not hang up"
    HUPCL Control "the last close hangs up"
    CRTSCTS Control "the line's RTS and CTS hold the output"
    ECHO Local "what is typed is shown"
    ICANON Local "input comes in lines, which can be edited (canonical mode)"
    ISIG Local "the special characters `INTR`, `QUIT` and `SUSP` send signals"
    IEXTEN Local "there are more special characters than POSIX has"
    TOSTOP Local "a background process that writes is stopped by `SIGTTOU`"
}

/// The characters that mean something to a terminal, and two numbers that are kept among them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Special {
    /// Sends `SIGINT` (Ctrl-C).
    Intr = linux::VINTR as usize,
    /// Sends `SIGQUIT` (Ctrl-\\).
    Quit = linux::VQUIT as usize,
    /// Sends `SIGTSTP` (Ctrl-Z).
    Susp = linux::VSUSP as usize,
    /// Takes back a character (Backspace).
    Erase = linux::VERASE as usize,
    /// Takes back the line (Ctrl-U).
    Kill = linux::VKILL as usize,
    /// Ends the input, at a line's beginning (Ctrl-D).
    Eof = linux::VEOF as usize,
    /// Ends a line, as a newline does.
    Eol = linux::VEOL as usize,
    /// Lets the output go on (Ctrl-Q).
    Start = linux::VSTART as usize,
    /// Holds the output (Ctrl-S).
    Stop = linux::VSTOP as usize,
    /// Outside of canonical mode: how many bytes a read waits for.
    Min = linux::VMIN as usize,
    /// Outside of canonical mode: how long a read waits, in tenths of a second.
    Time = linux::VTIME as usize,
}

impl Attributes {
    /// Whether all of a mode is on.
    pub fn has(&self, mode: Mode) -> bool {
        let word = match mode.word {
            Word::Input => self.0.c_iflag,
            Word::Output => self.0.c_oflag,
            Word::Control => self.0.c_cflag,
            Word::Local => self.0.c_lflag,
        };
        word & mode.bits == mode.bits
    }

    /// Turns a mode on or off.
    pub fn set(&mut self, mode: Mode, on: bool) {
        let word = match mode.word {
            Word::Input => &mut self.0.c_iflag,
            Word::Output => &mut self.0.c_oflag,
            Word::Control => &mut self.0.c_cflag,
            Word::Local => &mut self.0.c_lflag,
        };
        *word = if on {
            *word | mode.bits
        } else {
            *word & !mode.bits
        };
    }

    /// A special character; 0 if nothing is it.
    pub fn special(&self, which: Special) -> u8 {
        self.0.c_cc.get(which as usize).copied().unwrap_or_default()
    }

    /// Makes `character` a special one; 0: nothing is.
    pub fn set_special(&mut self, which: Special, character: u8) {
        if let Some(place) = self.0.c_cc.get_mut(which as usize) {
            *place = character;
        }
    }

    /// The speed of the output in bits a second. 0 hangs up a line; it is 0, too, where it can't be learnt because only the
    /// older system call is there (qemu-user).
    pub fn speed(&self) -> u32 {
        self.0.c_ospeed
    }

    /// Sets the speed of both directions. A line that can't have it takes the nearest it can, and no speed is set where
    /// only the older system call is there.
    pub fn set_speed(&mut self, speed: u32) {
        // Where the input's is B0, it is the output's.
        self.0.c_cflag &= !(linux::CBAUD | linux::CIBAUD);
        self.0.c_cflag |= linux::BOTHER;
        self.0.c_ispeed = speed;
        self.0.c_ospeed = speed;
    }

    /// Every byte passes through as it is, at once, both ways (`cfmakeraw(3)`).
    pub fn make_raw(&mut self) {
        use linux::*;
        self.0.c_iflag &= !(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
        self.0.c_oflag &= !OPOST;
        self.0.c_cflag &= !(CSIZE | PARENB);
        self.0.c_cflag |= CS8;
        self.0.c_lflag &= !(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
        self.set_special(Special::Min, 1);
        self.set_special(Special::Time, 0);
    }

    /// As a person at a keyboard wants it, whatever a program has left: what the kernel gives a new terminal (and
    /// `stty sane` an old one). The speed and [`IUTF8`](Mode::IUTF8), which are the terminal's own, stay.
    pub fn make_sane(&mut self) {
        use linux::*;
        self.0.c_iflag = self.0.c_iflag & IUTF8 | BRKINT | ICRNL | IXON | IMAXBEL;
        self.0.c_oflag = OPOST | ONLCR;
        self.0.c_cflag |= CREAD;
        self.0.c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
        // By their indices, V…: ^C ^\ ^? ^U ^D, time 0, min 1, ^Q ^S ^Z ^R ^O ^W ^V, and the second end of line.
        self.0.c_cc = *b"\x03\x1c\x7f\x15\x04\0\x01\0\x11\x13\x1a\0\x12\x0f\x17\x16\0\0\0";
    }
}

impl PartialEq for Attributes {
    fn eq(&self, other: &Self) -> bool {
        let numbers = |it: &linux::termios2| {
            let modes = [it.c_iflag, it.c_oflag, it.c_cflag, it.c_lflag];
            (modes, it.c_line, it.c_cc, it.c_ispeed, it.c_ospeed)
        };
        numbers(&self.0) == numbers(&other.0)
    }
}

impl Eq for Attributes {}

/// The terminal's attributes (`tcgetattr(3)`). Two system calls where only the older one is there.
///
/// # Errors
/// See the [module](self).
pub fn attributes(terminal: BorrowedFd<'_>) -> Result<Attributes, Errno> {
    let attributes = match sys::terminal::tcgets2(terminal) {
        Err(Errno::ENOTTY | Errno::ENOSYS) => sys::terminal::tcgets(terminal),
        answer => answer,
    };
    attributes.map(Attributes)
}

/// Sets the terminal's attributes (`tcsetattr(3)`): those it can have, the others are left without an error. Two system
/// calls where only the older one is there; repeated if a signal handler interrupts the wait for the output.
///
/// # Errors
/// See the [module](self).
pub fn set_attributes(
    terminal: BorrowedFd<'_>,
    when: When,
    attributes: &Attributes,
) -> Result<(), Errno> {
    loop {
        let answer = match sys::terminal::tcsets2(terminal, when, &attributes.0) {
            Err(Errno::ENOTTY | Errno::ENOSYS) => {
                sys::terminal::tcsets(terminal, when, &attributes.0)
            }
            answer => answer,
        };
        if answer != Err(Errno::EINTR) {
            return answer;
        }
    }
}

/// Restores a terminal's attributes when dropped, output first ([`When::Drain`]).
#[derive(Debug)]
pub struct Saved<'fd> {
    terminal: BorrowedFd<'fd>,
    attributes: Attributes,
}

impl<'fd> Saved<'fd> {
    /// Saves the terminal's attributes as they are now.
    ///
    /// # Errors
    /// As [`attributes`].
    pub fn new(terminal: BorrowedFd<'fd>) -> Result<Self, Errno> {
        let attributes = attributes(terminal)?;
        Ok(Self {
            terminal,
            attributes,
        })
    }

    /// What will be restored.
    pub fn attributes(&self) -> Attributes {
        self.attributes
    }
}

impl Drop for Saved<'_> {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = set_attributes(self.terminal, When::Drain, &self.attributes);
    }
}

/// Waits until all output is sent (`tcdrain(3)`).
///
/// # Errors
/// `EINTR` if a signal handler ran; else see the [module](self).
pub fn drain(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    sys::terminal::tcdrain(terminal)
}

/// Throws away what waits to be read or sent (`tcflush(3)`).
///
/// # Errors
/// See the [module](self).
pub fn flush(terminal: BorrowedFd<'_>, queue: Queue) -> Result<(), Errno> {
    sys::terminal::tcflush(terminal, queue)
}

// ---- Size ----

/// A terminal's size in characters; 0 by 0 if nobody has said.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Size {
    /// Its height.
    pub rows: u16,
    /// Its width.
    pub columns: u16,
}

/// The terminal's size (`tcgetwinsize`).
///
/// # Errors
/// See the [module](self).
pub fn size(terminal: BorrowedFd<'_>) -> Result<Size, Errno> {
    let size = sys::terminal::window_size(terminal)?;
    Ok(Size {
        rows: size.ws_row,
        columns: size.ws_col,
    })
}

/// Says what the terminal's size is (`tcsetwinsize`). If it is another than before, the foreground process group gets
/// `SIGWINCH`.
///
/// # Errors
/// See the [module](self).
pub fn set_size(terminal: BorrowedFd<'_>, size: Size) -> Result<(), Errno> {
    let size = linux::winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    sys::terminal::set_window_size(terminal, &size)
}

// ---- Who has it ----

/// The terminal's foreground process group (`tcgetpgrp(3)`), which may have no member any more; `None` if it is outside of
/// this pid namespace.
///
/// # Errors
/// `ENOTTY`, too, if it is not this process's controlling terminal (nor a pseudo-terminal's controller).
pub fn foreground(terminal: BorrowedFd<'_>) -> Result<Option<Pid>, Errno> {
    sys::terminal::tcgetpgrp(terminal).map(Pid::from_raw)
}

/// Makes `group` the foreground process group (`tcsetpgrp(3)`).
///
/// # Errors
/// `ESRCH` if the group has no member, not even one that has ended and is not reaped; `EPERM` if it is in another session;
/// `ENOTTY`, too, if it is not this process's controlling terminal.
pub fn set_foreground(terminal: BorrowedFd<'_>, group: Pid) -> Result<(), Errno> {
    sys::terminal::tcsetpgrp(terminal, group.as_raw())
}

/// The session whose controlling terminal it is, by its leader's id (`tcgetsid(3)`); `None` if that is outside of this pid
/// namespace.
///
/// # Errors
/// As [`foreground`]; `ENOTTY`, too, if no session has it.
pub fn session(terminal: BorrowedFd<'_>) -> Result<Option<Pid>, Errno> {
    sys::terminal::tcgetsid(terminal).map(Pid::from_raw)
}

/// Makes it the controlling terminal of the session that this process leads and that has none (`TIOCSCTTY`); this
/// process's group is its foreground group.
///
/// # Errors
/// `EPERM` if this process leads no session, the session has a terminal, or the terminal has a session.
pub fn set_controlling(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    sys::terminal::set_controlling(terminal)
}

/// Gives up the controlling terminal (`TIOCNOTTY`): this process alone, or if it leads the session, all of it; then the
/// foreground process group gets `SIGHUP` and `SIGCONT`, this process as well if it is in that.
///
/// # Errors
/// `ENOTTY`, too, if it is not this process's controlling terminal.
pub fn give_up_controlling(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    sys::terminal::give_up_controlling(terminal)
}

/// Hangs the terminal up, as if its line had been cut (`TIOCVHANGUP`): the session's leader gets `SIGHUP`, and whoever has the
/// terminal open reads its end and can't write any more. A getty does so before it opens the terminal afresh, to be alone
/// with it.
///
/// # Errors
/// `EPERM` without `CAP_SYS_ADMIN`.
pub fn hang_up(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    sys::terminal::hang_up(terminal)
}

// ---- Pseudo-terminals ----

/// A new pseudo-terminal (`pty(7)`). Both sides close on exec.
#[derive(Debug)]
pub struct Pty {
    /// What is written here has been typed; what is read here is to be shown. (`pty(7)`: the master.) A read fails by `EIO`
    /// when nobody has the other side open any more.
    pub controller: OwnedFd,
    /// The terminal that a program gets.
    pub terminal: OwnedFd,
}

/// Makes a pseudo-terminal (`openpty(3)`). It becomes nobody's controlling terminal. Three system calls, five before Linux
/// 4.13.
///
/// ```
/// use nestling::terminal::{self, Size, openpty};
/// use nestling::{AsFd, sys};
///
/// let pty = match openpty() {
///     Ok(pty) => pty,
///     Err(_) => return, // there is no /dev/pts
/// };
/// terminal::set_size(pty.controller.as_fd(), Size { rows: 24, columns: 80 }).unwrap();
/// assert_eq!(terminal::size(pty.terminal.as_fd()).unwrap().columns, 80);
///
/// sys::fd::write(pty.terminal.as_fd(), b"hello\n").unwrap();
/// let mut shown = [0; 16];
/// let count = sys::fd::read(pty.controller.as_fd(), &mut shown).unwrap();
/// assert_eq!(&shown[..count], b"hello\r\n");
/// ```
///
/// # Errors
/// `ENOENT` if `/dev/ptmx` or `/dev/pts` is missing; `ENOSPC` if there are as many as there may be; `EMFILE` and the others
/// of `open(2)`.
pub fn openpty() -> Result<Pty, Errno> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let controller = sys::fd::open(c"/dev/ptmx", flags, 0)?;
    sys::terminal::unlock_pty(controller.as_fd())?;
    let terminal = match sys::terminal::pty_peer(controller.as_fd(), flags) {
        Ok(terminal) => terminal,
        Err(_) => {
            let number = sys::terminal::pty_number(controller.as_fd())?;
            sys::fd::open(Name::new(number).as_c_str(), flags, 0)?
        }
    };
    Ok(Pty {
        controller,
        terminal,
    })
}

/// `/dev/pts/N`, with room for any number and the null.
struct Name {
    bytes: [u8; 20],
    length: usize,
}

impl Name {
    fn new(number: i32) -> Self {
        let mut name = Self {
            bytes: [0; 20],
            length: 0,
        };
        "/dev/pts/".write(&mut name);
        text::decimal(number, &mut name);
        name
    }

    fn as_c_str(&self) -> &CStr {
        sys::args::head(&self.bytes).unwrap_or_default()
    }
}

impl Sink for Name {
    fn put(&mut self, text: &[u8]) {
        let free = self.bytes.get_mut(self.length..).unwrap_or_default();
        free.iter_mut()
            .zip(text)
            .for_each(|(place, &byte)| *place = byte);
        self.length += text.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blank() -> Attributes {
        let mut sane = Attributes(linux::termios2 {
            c_iflag: 0,
            c_oflag: 0,
            c_cflag: linux::B9600 | linux::CS8,
            c_lflag: 0,
            c_line: 0,
            c_cc: [0xff; 19],
            c_ispeed: 9600,
            c_ospeed: 9600,
        });
        sane.make_sane();
        sane
    }

    #[test]
    fn a_mode_is_turned_on_and_off_alone() {
        let mut attributes = blank();
        for mode in [Mode::IUTF8, Mode::OPOST, Mode::CLOCAL, Mode::ECHO] {
            let before = attributes;
            let was = before.has(mode);
            attributes.set(mode, !was);
            assert_eq!(attributes.has(mode), !was);
            assert_ne!(attributes, before);
            attributes.set(mode, was);
            assert_eq!(attributes, before);
        }
    }

    #[test]
    fn sane_is_what_the_manual_calls_the_defaults() {
        let sane = blank();
        let characters = [
            (Special::Intr, 3),
            (Special::Quit, 0o34),
            (Special::Susp, 0o32),
            (Special::Erase, 0o177),
            (Special::Kill, 0o25),
            (Special::Eof, 4),
            (Special::Eol, 0),
            (Special::Start, 0o21),
            (Special::Stop, 0o23),
            (Special::Min, 1),
            (Special::Time, 0),
        ];
        for (which, character) in characters {
            assert_eq!(sane.special(which), character, "{which:?}");
        }
        assert!(!sane.has(Mode::IUTF8) && !sane.has(Mode::TOSTOP));
        assert_eq!(sane.speed(), 9600);
    }

    #[test]
    fn raw_and_sane_undo_each_other() {
        let sane = blank();
        let mut attributes = sane;
        attributes.set(Mode::IUTF8, true);
        attributes.make_raw();
        for mode in [Mode::ECHO, Mode::ICANON, Mode::ISIG, Mode::OPOST] {
            assert!(!attributes.has(mode), "{mode:?}");
        }
        attributes.make_sane();
        assert!(attributes.has(Mode::IUTF8), "it is the terminal's own");
        attributes.set(Mode::IUTF8, false);
        assert_eq!(attributes, sane);
    }

    #[test]
    fn a_name_has_room_for_every_number() {
        assert_eq!(Name::new(0).as_c_str(), c"/dev/pts/0");
        assert_eq!(Name::new(i32::MAX).as_c_str(), c"/dev/pts/2147483647");
    }
}
