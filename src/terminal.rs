//! Terminals (`termios(3)`, `ioctl_tty(2)`, `pty(7)`): attributes, size, sessions, pseudo-terminals.
//!
//! For a shell that passes its terminal to jobs, see the module [`jobs`](crate::jobs). Each function of this module costs one
//! system call, unless its documentation says otherwise. Each function can fail with `EBADF` if the descriptor is not open,
//! with `ENOTTY` if the descriptor is not a terminal, and with `EIO` if the terminal is hung up.
//!
//! The kernel protects a terminal from background processes. If a background process calls [`set_attributes`],
//! [`set_foreground`], [`drain`] or [`flush`], the kernel sends `SIGTTOU` to the process's group. By default, this signal stops
//! the processes of the group. If the calling thread blocks `SIGTTOU`, or if the process ignores it, the call succeeds. If the
//! process's group is orphaned (see [`jobs`](crate::jobs)), no signal is sent: [`set_foreground`] fails with `ENOTTY`, and the
//! other three functions fail with `EIO`.

use linux_raw_sys::general as linux;

use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd};
use crate::file::OFlags;
use crate::process::Pid;
use crate::sys;
use crate::text::{Buffer, Text};

pub use crate::sys::terminal::{Queue, When};

/// Returns whether the descriptor is a terminal, like `isatty(3)` and std's `is_terminal`.
#[must_use]
#[doc(alias = "isatty")]
pub fn is_terminal(fd: BorrowedFd<'_>) -> bool {
    sys::terminal::tcgets(fd).is_ok()
}

/// Returns whether the terminal is one of the kernel's virtual consoles (`KDGKBTYPE`). For a virtual console, set the variable
/// `TERM` to `linux`.
#[must_use]
pub fn is_virtual_console(fd: BorrowedFd<'_>) -> bool {
    sys::terminal::keyboard_type(fd).is_ok()
}

// ---- Attributes ----

/// A terminal's attributes (`struct termios`). They determine how the terminal processes its input and output.
///
/// ```no_run
/// use nestling::terminal::{self, Mode, Saved, When};
/// use nestling::{AsFd, OFlags, sys};
/// # fn read_line() {}
/// let file = sys::fd::open(c"/dev/tty", OFlags::RDWR | OFlags::CLOEXEC, 0)?;
/// let terminal = file.as_fd();
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
#[doc(alias = "termios")]
pub struct Attributes(linux::termios2);

/// A setting of [`Attributes`] that is on or off.
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
        /// The modes that shells, inits and `stty` use, under their names in `termios(3)`.
        impl Mode {
            $(
                #[doc = $what]
                pub const $name: Self = Self { word: Word::$word, bits: linux::$name };
            )*
        }
    };
}

modes! {
    IGNBRK Input "Ignore a break."
    BRKINT Input "Let a break send `SIGINT`."
    IGNPAR Input "Ignore bytes with a parity error."
    PARMRK Input "Mark bytes with a parity error."
    INPCK Input "Check the parity."
    ISTRIP Input "Clear the highest bit of each byte."
    INLCR Input "Convert a newline on input to a carriage return."
    IGNCR Input "Ignore carriage returns."
    ICRNL Input "Convert a carriage return on input to a newline."
    IXON Input "Let the user stop and continue the output (Ctrl-S, Ctrl-Q)."
    IXOFF Input "Stop the sender while the input queue is full."
    IXANY Input "Let any character continue stopped output."
    IMAXBEL Input "Ring the bell if the input queue is full."
    IUTF8 Input "Treat the input as UTF-8: the erase character erases all bytes of a character."
    OPOST Output "Process the output. Without this mode, modes such as [`ONLCR`](Self::ONLCR) have no effect."
    ONLCR Output "Convert a newline on output to a carriage return and a newline."
    OCRNL Output "Convert a carriage return on output to a newline."
    ONOCR Output "Write no carriage return in the first column."
    ONLRET Output "Let a newline also return the carriage."
    CSTOPB Control "Use two stop bits."
    CREAD Control "Receive input."
    PARENB Control "Make and check parity bits."
    PARODD Control "Use odd parity."
    CLOCAL Control "Ignore the modem's carrier signal: if it is lost, do not hang up the terminal."
    HUPCL Control "Hang up the line when the last process closes the terminal."
    CRTSCTS Control "Control the flow of data with the lines RTS and CTS (hardware flow control)."
    ECHO Local "Echo the input."
    ECHOE Local "Let the erase character erase the character on the screen."
    ECHOK Local "Write a newline after the kill character."
    ECHOKE Local "Let the kill character erase the line on the screen."
    ECHONL Local "Echo a newline even without [`ECHO`](Self::ECHO)."
    ECHOCTL Local "Echo control characters as `^C`."
    ECHOPRT Local "Echo erased characters, for a terminal that prints."
    NOFLSH Local "Do not discard input and output at a signal."
    ICANON Local "Return input line by line; the user can edit a line before its end (canonical mode)."
    ISIG Local "Let the special characters `INTR`, `QUIT` and `SUSP` send signals."
    IEXTEN Local "Enable the special characters that POSIX does not define."
    TOSTOP Local "Send `SIGTTOU` to a background process that writes to the terminal."
}

/// A special character of a terminal. [`Min`](Self::Min) and [`Time`](Self::Time) are not characters but numbers, which
/// `termios` stores in the same array.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
#[non_exhaustive]
pub enum Special {
    /// Sends `SIGINT` (Ctrl-C).
    Intr = linux::VINTR as usize,
    /// Sends `SIGQUIT` (Ctrl-\\).
    Quit = linux::VQUIT as usize,
    /// Sends `SIGTSTP` (Ctrl-Z).
    Susp = linux::VSUSP as usize,
    /// Erases a character (Backspace).
    Erase = linux::VERASE as usize,
    /// Erases the line (Ctrl-U).
    Kill = linux::VKILL as usize,
    /// At the beginning of a line, ends the input (Ctrl-D).
    Eof = linux::VEOF as usize,
    /// Ends a line, as a newline does.
    Eol = linux::VEOL as usize,
    /// Continues the output (Ctrl-Q).
    Start = linux::VSTART as usize,
    /// Stops the output (Ctrl-S).
    Stop = linux::VSTOP as usize,
    /// The number of bytes that a read waits for if canonical mode is off.
    Min = linux::VMIN as usize,
    /// How long a read waits if canonical mode is off, in tenths of a second.
    Time = linux::VTIME as usize,
    /// Ends a line, as [`Eol`](Self::Eol) does.
    Eol2 = linux::VEOL2 as usize,
    /// Shows the line again (Ctrl-R).
    Reprint = linux::VREPRINT as usize,
    /// Erases a word (Ctrl-W).
    WordErase = linux::VWERASE as usize,
    /// Takes the next character literally (Ctrl-V).
    LiteralNext = linux::VLNEXT as usize,
}

/// The speeds that have a name, in the order of its numbers.
const SPEEDS: [u32; 31] = [
    0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400, 57600,
    115_200, 230_400, 460_800, 500_000, 576_000, 921_600, 1_000_000, 1_152_000, 1_500_000,
    2_000_000, 2_500_000, 3_000_000, 3_500_000, 4_000_000,
];

impl Attributes {
    /// Returns whether a mode is on.
    #[must_use]
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

    /// Returns a special character; 0 means that this character is disabled.
    #[must_use]
    pub fn special(&self, which: Special) -> u8 {
        self.0.c_cc.get(which as usize).copied().unwrap_or_default()
    }

    /// Sets a special character; 0 disables this character.
    pub fn set_special(&mut self, which: Special, character: u8) {
        if let Some(place) = self.0.c_cc.get_mut(which as usize) {
            *place = character;
        }
    }

    /// Returns the output speed in bits per second. The speed 0 means that the line is hung up. The speed is also 0 if
    /// [`attributes`] had to use the older call `TCGETS`, which does not return the speed (for example, under qemu-user).
    #[must_use]
    #[doc(alias = "cfgetospeed")]
    pub fn speed(&self) -> u32 {
        self.0.c_ospeed
    }

    /// Sets the input speed and the output speed, in bits per second. A terminal that does not support this speed uses the
    /// nearest speed that it supports. The speeds of POSIX and Linux that have a name (`B9600`) are set by it, so that programs that
    /// know no other speeds see them. Another speed has no effect if [`set_attributes`] has to use the older call `TCSETS`.
    #[doc(alias = "cfsetspeed")]
    pub fn set_speed(&mut self, speed: u32) {
        // The input speed `B0` means that the input speed is the output speed.
        self.0.c_cflag &= !(linux::CBAUD | linux::CIBAUD);
        // The first names are counted from 0, those that came later from `BOTHER + 1`.
        self.0.c_cflag |= match (0..).zip(SPEEDS).find(|it| it.1 == speed) {
            Some((place @ 0..=15, _)) => place,
            Some((place, _)) => linux::BOTHER + place - 15,
            None => linux::BOTHER,
        };
        self.0.c_ispeed = speed;
        self.0.c_ospeed = speed;
    }

    /// Returns the number of bits in a character: 5 to 8.
    #[must_use]
    pub fn character_size(&self) -> u32 {
        5 + ((self.0.c_cflag & linux::CSIZE) >> linux::CSIZE.trailing_zeros())
    }

    /// Sets the number of bits in a character; a number outside of 5 to 8 becomes the nearest of them.
    pub fn set_character_size(&mut self, bits: u32) {
        self.0.c_cflag &= !linux::CSIZE;
        self.0.c_cflag |= (bits.clamp(5, 8) - 5) << linux::CSIZE.trailing_zeros();
    }

    /// Returns all modes as the kernel's four words (input, output, control, local), and the special characters in the kernel's
    /// order, as `stty -g` writes them.
    #[must_use]
    pub fn to_words(&self) -> ([u32; 4], [u8; 19]) {
        let it = &self.0;
        ([it.c_iflag, it.c_oflag, it.c_cflag, it.c_lflag], it.c_cc)
    }

    /// Sets what [`to_words`](Self::to_words) returned.
    pub fn set_words(&mut self, [input, output, control, local]: [u32; 4], characters: [u8; 19]) {
        self.0.c_iflag = input;
        self.0.c_oflag = output;
        self.0.c_cflag = control;
        self.0.c_lflag = local;
        self.0.c_cc = characters;
    }

    /// Sets raw mode (`cfmakeraw(3)`): the terminal passes on each byte of input and output at once and unchanged.
    ///
    /// ```
    /// use nestling::terminal::{self, When};
    /// use nestling::AsFd;
    ///
    /// let pty = terminal::openpty()?;
    /// let mut attributes = terminal::attributes(pty.terminal.as_fd())?;
    /// attributes.make_raw();
    /// terminal::set_attributes(pty.terminal.as_fd(), When::Now, &attributes)?;
    /// # Ok::<(), nestling::Errno>(())
    /// ```
    #[doc(alias = "cfmakeraw")]
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

    /// Sets the modes and special characters of a new terminal, like `stty sane`. With these attributes, a person can use the
    /// terminal again after a program has left it in raw mode. The speed and [`IUTF8`](Mode::IUTF8) do not change, because they
    /// depend on the terminal itself.
    #[doc(alias = "stty")]
    pub fn make_sane(&mut self) {
        use linux::*;
        self.0.c_iflag = self.0.c_iflag & IUTF8 | BRKINT | ICRNL | IXON | IMAXBEL;
        self.0.c_oflag = OPOST | ONLCR;
        self.0.c_cflag |= CREAD;
        self.0.c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
        // The special characters, in the order of their indices (`VINTR` and so on): ^C ^\ ^? ^U ^D, `VTIME` 0, `VMIN` 1, `VSWTC`
        // 0, ^Q ^S ^Z, `VEOL` 0, ^R ^O ^W ^V, `VEOL2` 0.
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

/// Returns the terminal's attributes (`tcgetattr(3)`). Costs one system call; two if the kernel has only the older call
/// `TCGETS`.
///
/// # Errors
/// See the [module](self).
#[doc(alias = "tcgetattr")]
pub fn attributes(terminal: BorrowedFd<'_>) -> Result<Attributes, Errno> {
    let attributes = match sys::terminal::tcgets2(terminal) {
        Err(Errno::ENOTTY | Errno::ENOSYS) => sys::terminal::tcgets(terminal),
        answer => answer,
    };
    attributes.map(Attributes)
}

/// Sets the terminal's attributes (`tcsetattr(3)`). The terminal ignores attributes that it does not support. Costs one system
/// call; two if the kernel has only the older call `TCSETS`. If a signal handler interrupts the wait for the output, the call
/// is repeated.
///
/// # Errors
/// See the [module](self).
#[doc(alias = "tcsetattr")]
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

/// A guard that restores a terminal's attributes. Dropping the guard waits until all output has been sent ([`When::Drain`]),
/// and then sets the attributes that the terminal had when the guard was made.
#[derive(Debug)]
pub struct Saved<'fd> {
    terminal: BorrowedFd<'fd>,
    attributes: Attributes,
}

impl<'fd> Saved<'fd> {
    /// Reads the terminal's attributes, and saves them in the guard.
    ///
    /// # Errors
    /// The errors of [`attributes`].
    pub fn new(terminal: BorrowedFd<'fd>) -> Result<Self, Errno> {
        let attributes = attributes(terminal)?;
        Ok(Self {
            terminal,
            attributes,
        })
    }

    /// Returns the saved attributes.
    #[must_use]
    pub fn attributes(&self) -> Attributes {
        self.attributes
    }
}

impl Drop for Saved<'_> {
    fn drop(&mut self) {
        // `drop` cannot return an error.
        let _ = set_attributes(self.terminal, When::Drain, &self.attributes);
    }
}

/// Waits until all output has been sent (`tcdrain(3)`).
///
/// # Errors
/// `EINTR` if a signal handler ran during the wait; for the other errors, see the [module](self).
#[doc(alias = "tcdrain")]
pub fn drain(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    sys::terminal::tcdrain(terminal)
}

/// Discards input that has not been read, output that has not been sent, or both (`tcflush(3)`).
///
/// # Errors
/// See the [module](self).
#[doc(alias = "tcflush")]
pub fn flush(terminal: BorrowedFd<'_>, queue: Queue) -> Result<(), Errno> {
    sys::terminal::tcflush(terminal, queue)
}

// ---- Size ----

/// A terminal's size in characters. A size that has not been set is 0 by 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[doc(alias = "winsize")]
pub struct Size {
    /// The height, in lines.
    pub rows: u16,
    /// The width, in columns.
    pub columns: u16,
}

/// Returns the terminal's size (`tcgetwinsize`).
///
/// # Errors
/// See the [module](self).
#[doc(alias("tcgetwinsize", "TIOCGWINSZ"))]
pub fn size(terminal: BorrowedFd<'_>) -> Result<Size, Errno> {
    let size = sys::terminal::window_size(terminal)?;
    Ok(Size {
        rows: size.ws_row,
        columns: size.ws_col,
    })
}

/// Sets the terminal's size (`tcsetwinsize`). If the size changes, the kernel sends `SIGWINCH` to the foreground process group.
///
/// # Errors
/// See the [module](self).
#[doc(alias("tcsetwinsize", "TIOCSWINSZ"))]
pub fn set_size(terminal: BorrowedFd<'_>, size: Size) -> Result<(), Errno> {
    let size = linux::winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    sys::terminal::set_window_size(terminal, &size)
}

// ---- Foreground group, session and controlling terminal ----

/// Returns the id of the terminal's foreground process group (`tcgetpgrp(3)`). The group may have no members any more. If the
/// group is outside of this pid namespace, returns `None`.
///
/// # Errors
/// Also `ENOTTY` if the descriptor is neither this process's controlling terminal nor the controller of a pseudo-terminal.
#[doc(alias = "tcgetpgrp")]
pub fn foreground(terminal: BorrowedFd<'_>) -> Result<Option<Pid>, Errno> {
    sys::terminal::tcgetpgrp(terminal).map(Pid::from_raw)
}

/// Sets the terminal's foreground process group to `group` (`tcsetpgrp(3)`).
///
/// # Errors
/// `ESRCH` if the group has no members (a process that has ended is a member until it is reaped); `EPERM` if the group is in
/// another session; also `ENOTTY` if the terminal is not this process's controlling terminal.
#[doc(alias = "tcsetpgrp")]
pub fn set_foreground(terminal: BorrowedFd<'_>, group: Pid) -> Result<(), Errno> {
    sys::terminal::tcsetpgrp(terminal, group.as_raw())
}

/// Returns the id of the session that has this terminal as its controlling terminal (`tcgetsid(3)`). If the session's leader is
/// outside of this pid namespace, returns `None`.
///
/// # Errors
/// The errors of [`foreground`]; also `ENOTTY` if the terminal is not the controlling terminal of a session.
#[doc(alias = "tcgetsid")]
pub fn session(terminal: BorrowedFd<'_>) -> Result<Option<Pid>, Errno> {
    sys::terminal::tcgetsid(terminal).map(Pid::from_raw)
}

/// Sets the controlling terminal of this process's session to `terminal`, and puts this process's group into the foreground
/// (`TIOCSCTTY`). The process must be the session's leader.
///
/// # Errors
/// `EPERM` if this process is not a session's leader, if its session already has another controlling terminal, or if the
/// terminal is the controlling terminal of another session.
#[doc(alias = "TIOCSCTTY")]
pub fn set_controlling(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    sys::terminal::set_controlling(terminal)
}

/// Gives up the controlling terminal (`TIOCNOTTY`). If this process is the session's leader, the whole session loses the
/// terminal, and the kernel sends `SIGHUP` and `SIGCONT` to the foreground process group. This process may belong to that
/// group.
///
/// # Errors
/// Also `ENOTTY` if the terminal is not this process's controlling terminal.
#[doc(alias = "TIOCNOTTY")]
pub fn give_up_controlling(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    sys::terminal::give_up_controlling(terminal)
}

/// Hangs up the terminal, as if its line had been cut (`TIOCVHANGUP`). The kernel sends `SIGHUP` to the session's leader. In a
/// process that already has the terminal open, reads then return end-of-file, and writes fail. A getty hangs up the terminal
/// before it opens the terminal, so that no earlier process can still use it.
///
/// # Errors
/// `EPERM` without `CAP_SYS_ADMIN`.
#[doc(alias = "vhangup")]
pub fn hang_up(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    sys::terminal::hang_up(terminal)
}

// ---- Pseudo-terminals ----

/// A pseudo-terminal, with one descriptor for each side (`pty(7)`). Both descriptors close on exec.
#[derive(Debug)]
#[doc(alias("posix_openpt", "ptsname"))]
pub struct Pty {
    /// The side that a terminal emulator uses (`pty(7)` calls it the master). A write to this side becomes input of the terminal; a
    /// read from this side returns the terminal's output. If no process has the other side open, a read fails with `EIO`.
    pub controller: OwnedFd,
    /// The side that programs use: the terminal itself (`pty(7)` calls it the slave).
    pub terminal: OwnedFd,
}

/// Makes a pseudo-terminal (`openpty(3)`). The terminal does not become this process's controlling terminal. Costs three system
/// calls; five before Linux 4.13.
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
/// sys::fd::write(pty.terminal.as_fd(), b"hello").unwrap();
/// let mut shown = [0; 16];
/// let count = sys::fd::read(pty.controller.as_fd(), &mut shown).unwrap();
/// assert_eq!(&shown[..count], b"hello");
/// ```
///
/// # Errors
/// `ENOENT` if `/dev/ptmx` or `/dev/pts` is missing; `ENOSPC` if the limit of pseudo-terminals is reached; `EMFILE` and the
/// other errors of `open(2)`.
pub fn openpty() -> Result<Pty, Errno> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let controller = sys::fd::open(c"/dev/ptmx", flags, 0)?;
    sys::terminal::unlock_pty(controller.as_fd())?;
    let terminal = match sys::terminal::pty_peer(controller.as_fd(), flags) {
        Ok(terminal) => terminal,
        Err(_) => {
            let number = sys::terminal::pty_number(controller.as_fd())?;
            sys::fd::open(path(number).as_c_str(), flags, 0)?
        }
    };
    Ok(Pty {
        controller,
        terminal,
    })
}

/// Returns the path `/dev/pts/N`. The buffer has room for any number and the null byte.
fn path(number: i32) -> Buffer<24> {
    let mut path = Buffer::new();
    "/dev/pts/".write(&mut path);
    number.write(&mut path);
    path
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
        assert_eq!(path(0).as_c_str(), c"/dev/pts/0");
        assert_eq!(path(i32::MAX).as_c_str(), c"/dev/pts/2147483647");
    }
}
