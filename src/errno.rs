//! Error numbers: their names and their messages, the same on every architecture (`errno(3)`).

use core::fmt;
use core::num::NonZeroU32;

use crate::text::{self, Sink, Text};

/// The error number of a failed system call. It is never zero, so a `Result<(), Errno>` has the size of a `u32`.
///
/// `Display` writes the name and the message, such as `ENOENT: no such file or directory`. If the error has no message,
/// `Display` writes only the name.
///
/// ```
/// use nestling::Errno;
/// assert_eq!(Errno::ENOENT.name().as_bytes(), b"ENOENT");
/// assert_eq!(Errno::ENOENT.to_string(), "ENOENT: no such file or directory");
/// assert_eq!(Errno::from_raw(2), Some(Errno::ENOENT));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errno(NonZeroU32);

impl Errno {
    /// Returns the error with this number. If the number is below 1 or above 4095, returns `None`.
    #[must_use]
    pub const fn from_raw(number: i32) -> Option<Self> {
        match number {
            1..=4095 => Self::nonzero(number as u32),
            _ => None,
        }
    }

    const fn nonzero(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Converts the return value of a system call to an error; `None` if the value is not an error. The last 4095 values are
    /// errors.
    pub(crate) const fn from_answer(answer: usize) -> Option<Self> {
        if answer > usize::MAX - 4095 {
            Self::nonzero(answer.wrapping_neg() as u32)
        } else {
            None
        }
    }

    /// Converts the return value of a system call that returns a small number; `None` if the value is not negative.
    pub(crate) const fn from_negative(answer: i32) -> Option<Self> {
        if answer < 0 {
            Self::nonzero(answer.unsigned_abs())
        } else {
            None
        }
    }

    /// Returns the error's number.
    #[must_use]
    pub const fn as_raw(self) -> i32 {
        self.0.get() as i32
    }

    /// Returns the error's name, such as `ENOENT`. If the error has no name, the text is empty.
    #[must_use]
    #[doc(alias = "strerrorname_np")]
    pub fn name(self) -> Description {
        let all = self.described();
        let colon = all.as_bytes().iter().position(|&byte| byte == b':');
        all.part(0, colon.unwrap_or(all.length))
    }

    /// Returns a short description of the error. If the error has no description (most errors of sockets and streams have
    /// none), returns the name. If the error has no name either, the text is empty.
    #[must_use]
    #[doc(alias = "strerror")]
    pub fn message(self) -> Description {
        let all = self.described();
        let colon = all.as_bytes().iter().position(|&byte| byte == b':');
        all.part(colon.map_or(0, |colon| colon + 2), all.length)
    }

    /// Returns the name and the message, in one text.
    fn described(self) -> Description {
        let mut all = Description::EMPTY;
        self.describe(|byte| all.push(byte));
        all
    }

    /// Calls `tell` with each byte of the name and the message. Returns false if the error has no name.
    fn describe(self, mut tell: impl FnMut(u8)) -> bool {
        let (mut line, mut is_name, mut any) = (0, true, false);
        for place in 0..SYMBOLS {
            let byte = symbol_at(place);
            line += i32::from(byte == b'\n');
            if line != self.as_raw() || byte == b'\n' {
                continue;
            }
            if !any {
                tell(b'E');
                any = true;
            }
            is_name &= byte != b':';
            tell(match is_name {
                true => byte.to_ascii_uppercase(),
                false => byte,
            });
        }
        any
    }
}

/// The text of an error's name or message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Description {
    text: [u8; Self::LONGEST],
    length: usize,
}

impl Description {
    const LONGEST: usize = 40;
    const EMPTY: Self = Self {
        text: [0; Self::LONGEST],
        length: 0,
    };

    /// Returns the text, in ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        self.text.get(..self.length).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.text.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn part(&self, start: usize, end: usize) -> Self {
        let mut part = Self::EMPTY;
        let text = self.text.get(start..end).unwrap_or_default();
        text.iter().for_each(|&byte| part.push(byte));
        part
    }
}

text::display_text!(Errno, Description);

impl Text for Description {
    fn write(&self, out: &mut impl Sink) {
        out.put(self.as_bytes());
    }
}

impl Text for Errno {
    fn write(&self, out: &mut impl Sink) {
        if !self.describe(|byte| out.put(&[byte])) {
            "error ".write(out);
            self.as_raw().write(out);
        }
    }
}

/// Shows the number, the name and the message, as the `Debug` of std's `io::Error` does:
/// `Errno { code: 2, name: ENOENT, message: "no such file or directory" }`. A field that has no text is left out.
impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.described();
        let colon = all.as_bytes().iter().position(|&byte| byte == b':');
        let mut fields = f.debug_struct("Errno");
        fields.field("code", &self.as_raw());
        if all != Description::EMPTY {
            fields.field("name", &format_args!("{}", self.name()));
        }
        if colon.is_some() {
            fields.field("message", &format_args!("\"{}\"", self.message()));
        }
        fields.finish()
    }
}

impl core::error::Error for Errno {}

#[cfg(feature = "std")]
impl From<Errno> for std::io::Error {
    fn from(errno: Errno) -> Self {
        Self::from_raw_os_error(errno.as_raw())
    }
}

/// Converts an `io::Error` to its errno.
///
/// # Errors
/// `()` if the error has no errno, because it does not come from the operating system.
///
/// ```
/// use nestling::Errno;
///
/// let error = std::fs::File::open("/nope").unwrap_err();
/// assert_eq!(Errno::try_from(&error), Ok(Errno::ENOENT));
/// assert_eq!(Errno::try_from(&std::io::Error::other("something else")), Err(()));
/// ```
#[cfg(feature = "std")]
impl TryFrom<&std::io::Error> for Errno {
    type Error = ();

    fn try_from(error: &std::io::Error) -> Result<Self, ()> {
        error.raw_os_error().and_then(Self::from_raw).ok_or(())
    }
}

#[expect(clippy::panic, reason = "evaluated by the compiler")]
const fn constant(number: u32) -> Errno {
    match Errno::nonzero(number) {
        Some(errno) => errno,
        None => panic!(),
    }
}

/// The errors that have a name.
impl Errno {
    /// operation not permitted
    pub const EPERM: Self = constant(1);
    /// no such file or directory
    pub const ENOENT: Self = constant(2);
    /// no such process
    pub const ESRCH: Self = constant(3);
    /// interrupted by a signal handler
    pub const EINTR: Self = constant(4);
    /// input/output error
    pub const EIO: Self = constant(5);
    /// no such device
    pub const ENXIO: Self = constant(6);
    /// argument list too long
    pub const E2BIG: Self = constant(7);
    /// not an executable format
    pub const ENOEXEC: Self = constant(8);
    /// bad file descriptor
    pub const EBADF: Self = constant(9);
    /// no child processes
    pub const ECHILD: Self = constant(10);
    /// try again
    pub const EAGAIN: Self = constant(11);
    /// out of memory
    pub const ENOMEM: Self = constant(12);
    /// permission denied
    pub const EACCES: Self = constant(13);
    /// bad address
    pub const EFAULT: Self = constant(14);
    /// not a block device
    pub const ENOTBLK: Self = constant(15);
    /// device or resource busy
    pub const EBUSY: Self = constant(16);
    /// file exists
    pub const EEXIST: Self = constant(17);
    /// the file is on another file system
    pub const EXDEV: Self = constant(18);
    /// no such device
    pub const ENODEV: Self = constant(19);
    /// not a directory
    pub const ENOTDIR: Self = constant(20);
    /// is a directory
    pub const EISDIR: Self = constant(21);
    /// invalid argument
    pub const EINVAL: Self = constant(22);
    /// too many open files in system
    pub const ENFILE: Self = constant(23);
    /// too many open files
    pub const EMFILE: Self = constant(24);
    /// wrong request for this device
    pub const ENOTTY: Self = constant(25);
    /// the program file is open for writing
    pub const ETXTBSY: Self = constant(26);
    /// file too large
    pub const EFBIG: Self = constant(27);
    /// no space left
    pub const ENOSPC: Self = constant(28);
    /// illegal seek
    pub const ESPIPE: Self = constant(29);
    /// read-only file system
    pub const EROFS: Self = constant(30);
    /// too many links
    pub const EMLINK: Self = constant(31);
    /// broken pipe
    pub const EPIPE: Self = constant(32);
    /// argument outside the function's domain
    pub const EDOM: Self = constant(33);
    /// result out of range
    pub const ERANGE: Self = constant(34);
    /// a deadlock would occur
    pub const EDEADLK: Self = constant(35);
    /// file name too long
    pub const ENAMETOOLONG: Self = constant(36);
    /// no locks available
    pub const ENOLCK: Self = constant(37);
    /// no such system call
    pub const ENOSYS: Self = constant(38);
    /// directory not empty
    pub const ENOTEMPTY: Self = constant(39);
    /// too many symbolic links
    pub const ELOOP: Self = constant(40);
    /// no such message
    pub const ENOMSG: Self = constant(42);
    /// identifier removed
    pub const EIDRM: Self = constant(43);
    /// no such channel
    pub const ECHRNG: Self = constant(44);
    /// level 2 not synchronized
    pub const EL2NSYNC: Self = constant(45);
    /// level 3 halted
    pub const EL3HLT: Self = constant(46);
    /// level 3 reset
    pub const EL3RST: Self = constant(47);
    /// no such link
    pub const ELNRNG: Self = constant(48);
    /// no driver
    pub const EUNATCH: Self = constant(49);
    /// no CSI structure
    pub const ENOCSI: Self = constant(50);
    /// level 2 halted
    pub const EL2HLT: Self = constant(51);
    /// bad exchange
    pub const EBADE: Self = constant(52);
    /// bad request descriptor
    pub const EBADR: Self = constant(53);
    /// exchange full
    pub const EXFULL: Self = constant(54);
    /// no anode
    pub const ENOANO: Self = constant(55);
    /// bad request code
    pub const EBADRQC: Self = constant(56);
    /// bad slot
    pub const EBADSLT: Self = constant(57);
    /// bad font format
    pub const EBFONT: Self = constant(59);
    /// not a stream
    pub const ENOSTR: Self = constant(60);
    /// no data
    pub const ENODATA: Self = constant(61);
    /// timer expired
    pub const ETIME: Self = constant(62);
    /// out of streams
    pub const ENOSR: Self = constant(63);
    /// not on the network
    pub const ENONET: Self = constant(64);
    /// no such package
    pub const ENOPKG: Self = constant(65);
    /// the object is remote
    pub const EREMOTE: Self = constant(66);
    /// the link has been cut
    pub const ENOLINK: Self = constant(67);
    /// advertise error
    pub const EADV: Self = constant(68);
    /// srmount error
    pub const ESRMNT: Self = constant(69);
    /// communication error on send
    pub const ECOMM: Self = constant(70);
    /// protocol error
    pub const EPROTO: Self = constant(71);
    /// multihop attempted
    pub const EMULTIHOP: Self = constant(72);
    /// RFS error
    pub const EDOTDOT: Self = constant(73);
    /// bad message
    pub const EBADMSG: Self = constant(74);
    /// value too large
    pub const EOVERFLOW: Self = constant(75);
    /// name not unique on the network
    pub const ENOTUNIQ: Self = constant(76);
    /// descriptor in a bad state
    pub const EBADFD: Self = constant(77);
    /// remote address changed
    pub const EREMCHG: Self = constant(78);
    /// a needed shared library cannot be accessed
    pub const ELIBACC: Self = constant(79);
    /// bad shared library
    pub const ELIBBAD: Self = constant(80);
    /// bad `.lib` section
    pub const ELIBSCN: Self = constant(81);
    /// too many shared libraries
    pub const ELIBMAX: Self = constant(82);
    /// a shared library cannot be executed
    pub const ELIBEXEC: Self = constant(83);
    /// illegal byte sequence
    pub const EILSEQ: Self = constant(84);
    /// the system call should be restarted
    pub const ERESTART: Self = constant(85);
    /// streams pipe error
    pub const ESTRPIPE: Self = constant(86);
    /// too many users
    pub const EUSERS: Self = constant(87);
    /// not a socket
    pub const ENOTSOCK: Self = constant(88);
    /// destination address required
    pub const EDESTADDRREQ: Self = constant(89);
    /// message too long
    pub const EMSGSIZE: Self = constant(90);
    /// wrong type of protocol for the socket
    pub const EPROTOTYPE: Self = constant(91);
    /// no such protocol option
    pub const ENOPROTOOPT: Self = constant(92);
    /// protocol not supported
    pub const EPROTONOSUPPORT: Self = constant(93);
    /// socket type not supported
    pub const ESOCKTNOSUPPORT: Self = constant(94);
    /// operation not supported
    pub const EOPNOTSUPP: Self = constant(95);
    /// protocol family not supported
    pub const EPFNOSUPPORT: Self = constant(96);
    /// address family not supported
    pub const EAFNOSUPPORT: Self = constant(97);
    /// address in use
    pub const EADDRINUSE: Self = constant(98);
    /// address not available
    pub const EADDRNOTAVAIL: Self = constant(99);
    /// network is down
    pub const ENETDOWN: Self = constant(100);
    /// network unreachable
    pub const ENETUNREACH: Self = constant(101);
    /// connection reset by the network
    pub const ENETRESET: Self = constant(102);
    /// connection aborted
    pub const ECONNABORTED: Self = constant(103);
    /// connection reset by the other side
    pub const ECONNRESET: Self = constant(104);
    /// no buffer space
    pub const ENOBUFS: Self = constant(105);
    /// the socket is already connected
    pub const EISCONN: Self = constant(106);
    /// the socket is not connected
    pub const ENOTCONN: Self = constant(107);
    /// the socket has been shut down
    pub const ESHUTDOWN: Self = constant(108);
    /// too many references
    pub const ETOOMANYREFS: Self = constant(109);
    /// timed out
    pub const ETIMEDOUT: Self = constant(110);
    /// connection refused
    pub const ECONNREFUSED: Self = constant(111);
    /// host is down
    pub const EHOSTDOWN: Self = constant(112);
    /// no route to host
    pub const EHOSTUNREACH: Self = constant(113);
    /// the operation is already in progress
    pub const EALREADY: Self = constant(114);
    /// the operation is in progress
    pub const EINPROGRESS: Self = constant(115);
    /// stale file handle
    pub const ESTALE: Self = constant(116);
    /// the file system needs cleaning
    pub const EUCLEAN: Self = constant(117);
    /// not a XENIX file
    pub const ENOTNAM: Self = constant(118);
    /// no XENIX semaphores available
    pub const ENAVAIL: Self = constant(119);
    /// is a XENIX file
    pub const EISNAM: Self = constant(120);
    /// remote input/output error
    pub const EREMOTEIO: Self = constant(121);
    /// disk quota exceeded
    pub const EDQUOT: Self = constant(122);
    /// no medium
    pub const ENOMEDIUM: Self = constant(123);
    /// wrong type of medium
    pub const EMEDIUMTYPE: Self = constant(124);
    /// canceled
    pub const ECANCELED: Self = constant(125);
    /// no such key
    pub const ENOKEY: Self = constant(126);
    /// key expired
    pub const EKEYEXPIRED: Self = constant(127);
    /// key revoked
    pub const EKEYREVOKED: Self = constant(128);
    /// key rejected
    pub const EKEYREJECTED: Self = constant(129);
    /// the lock's owner died
    pub const EOWNERDEAD: Self = constant(130);
    /// the lock's state is not recoverable
    pub const ENOTRECOVERABLE: Self = constant(131);
    /// radio is off
    pub const ERFKILL: Self = constant(132);
    /// bad memory page
    pub const EHWPOISON: Self = constant(133);
    /// another name of [`EAGAIN`](Self::EAGAIN)
    pub const EWOULDBLOCK: Self = Self::EAGAIN;
    /// another name of [`EDEADLK`](Self::EDEADLK)
    pub const EDEADLOCK: Self = Self::EDEADLK;
    /// another name of [`EOPNOTSUPP`](Self::EOPNOTSUPP)
    pub const ENOTSUP: Self = Self::EOPNOTSUPP;
}

// ---- Names and messages, in a compact form ----

/// The symbols that five bits can encode. The letters of a name are converted to upper case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz :/23\n";

/// The number of symbols in [`DESCRIBED`], without the `E` at the beginning of each line.
const SYMBOLS: usize = pack().1;

/// The symbols, with five bits for each. (One additional byte lets [`symbol_at`] read two bytes for the last symbol.)
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
static PACKED: [u8; SYMBOLS * 5 / 8 + 2] = {
    let (all, _) = pack();
    let mut packed = [0; SYMBOLS * 5 / 8 + 2];
    let mut index = 0;
    while index < packed.len() {
        packed[index] = all[index];
        index += 1;
    }
    packed
};

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn pack() -> ([u8; DESCRIBED.len()], usize) {
    let text = DESCRIBED.as_bytes();
    let (mut packed, mut symbols) = ([0; DESCRIBED.len()], 0);
    let mut index = 1;
    while index < text.len() {
        if !(text[index - 1] == b'\n' && text[index] == b'E') {
            let bit = symbols * 5;
            let symbol = (symbol_of(text[index]) as u16) << (bit % 8);
            packed[bit / 8] |= symbol as u8;
            packed[bit / 8 + 1] |= (symbol >> 8) as u8;
            symbols += 1;
        }
        index += 1;
    }
    (packed, symbols)
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn symbol_of(byte: u8) -> usize {
    let mut symbol = 0;
    while ALPHABET[symbol] != byte.to_ascii_lowercase() {
        symbol += 1;
    }
    symbol
}

#[expect(
    clippy::indexing_slicing,
    reason = "the index is a remainder by the length"
)]
fn symbol_at(place: usize) -> u8 {
    let bit = place * 5;
    let byte = |index| PACKED.get(index).copied().unwrap_or_default();
    let pair = u16::from_le_bytes([byte(bit / 8), byte(bit / 8 + 1)]);
    ALPHABET[usize::from(pair >> (bit % 8)) % ALPHABET.len()]
}

/// The names and messages, one line for each number. The lines of numbers that Linux does not use are empty. Only errors that can
/// occur for a file, a process or a mount have a message, because the other messages would need a kilobyte.
const DESCRIBED: &str = "\
\n\
\n\
EPERM: operation not permitted\n\
ENOENT: no such file or directory\n\
ESRCH: no such process\n\
EINTR: interrupted\n\
EIO: input/output error\n\
ENXIO: no such device\n\
E2BIG: argument list too long\n\
ENOEXEC: not an executable format\n\
EBADF: bad file descriptor\n\
ECHILD: no child processes\n\
EAGAIN: try again\n\
ENOMEM: out of memory\n\
EACCES: permission denied\n\
EFAULT: bad address\n\
ENOTBLK: not a block device\n\
EBUSY: busy\n\
EEXIST: file exists\n\
EXDEV: on another file system\n\
ENODEV: no such device\n\
ENOTDIR: not a directory\n\
EISDIR: is a directory\n\
EINVAL: invalid argument\n\
ENFILE: too many open files in system\n\
EMFILE: too many open files\n\
ENOTTY: wrong request for this device\n\
ETXTBSY: open for writing\n\
EFBIG: file too large\n\
ENOSPC: no space left\n\
ESPIPE: illegal seek\n\
EROFS: read only file system\n\
EMLINK: too many links\n\
EPIPE: broken pipe\n\
EDOM: outside the domain\n\
ERANGE: out of range\n\
EDEADLK: would deadlock\n\
ENAMETOOLONG: file name too long\n\
ENOLCK: no locks available\n\
ENOSYS: no such system call\n\
ENOTEMPTY: directory not empty\n\
ELOOP: too many symbolic links\n\
\n\
ENOMSG\n\
EIDRM\n\
ECHRNG\n\
EL2NSYNC\n\
EL3HLT\n\
EL3RST\n\
ELNRNG\n\
EUNATCH\n\
ENOCSI\n\
EL2HLT\n\
EBADE\n\
EBADR\n\
EXFULL\n\
ENOANO\n\
EBADRQC\n\
EBADSLT\n\
\n\
EBFONT\n\
ENOSTR\n\
ENODATA\n\
ETIME\n\
ENOSR\n\
ENONET\n\
ENOPKG: no such package\n\
EREMOTE\n\
ENOLINK\n\
EADV\n\
ESRMNT\n\
ECOMM\n\
EPROTO\n\
EMULTIHOP\n\
EDOTDOT\n\
EBADMSG\n\
EOVERFLOW: value too large\n\
ENOTUNIQ\n\
EBADFD\n\
EREMCHG\n\
ELIBACC\n\
ELIBBAD: bad shared library\n\
ELIBSCN\n\
ELIBMAX\n\
ELIBEXEC\n\
EILSEQ: illegal byte sequence\n\
ERESTART\n\
ESTRPIPE\n\
EUSERS: too many users\n\
ENOTSOCK\n\
EDESTADDRREQ\n\
EMSGSIZE\n\
EPROTOTYPE\n\
ENOPROTOOPT\n\
EPROTONOSUPPORT\n\
ESOCKTNOSUPPORT\n\
EOPNOTSUPP: not supported\n\
EPFNOSUPPORT\n\
EAFNOSUPPORT\n\
EADDRINUSE\n\
EADDRNOTAVAIL\n\
ENETDOWN\n\
ENETUNREACH: network unreachable\n\
ENETRESET\n\
ECONNABORTED\n\
ECONNRESET: reset by the other side\n\
ENOBUFS\n\
EISCONN\n\
ENOTCONN: not connected\n\
ESHUTDOWN\n\
ETOOMANYREFS\n\
ETIMEDOUT: timed out\n\
ECONNREFUSED: refused\n\
EHOSTDOWN: host is down\n\
EHOSTUNREACH: no route to host\n\
EALREADY\n\
EINPROGRESS\n\
ESTALE: stale file handle\n\
EUCLEAN: needs cleaning\n\
ENOTNAM\n\
ENAVAIL\n\
EISNAM\n\
EREMOTEIO: remote input/output error\n\
EDQUOT: disk quota exceeded\n\
ENOMEDIUM: no medium\n\
EMEDIUMTYPE\n\
ECANCELED\n\
ENOKEY: no such key\n\
EKEYEXPIRED\n\
EKEYREVOKED\n\
EKEYREJECTED\n\
EOWNERDEAD\n\
ENOTRECOVERABLE\n\
ERFKILL\n\
EHWPOISON: bad memory page";

#[cfg(test)]
mod tests {
    use super::*;
    use linux_raw_sys::errno as linux;
    use std::string::ToString;

    #[test]
    fn the_numbers_are_the_kernels_and_have_their_names() {
        for (errno, number, name) in [
            (Errno::EPERM, linux::EPERM, "EPERM"),
            (Errno::ELOOP, linux::ELOOP, "ELOOP"),
            (Errno::ENOMSG, linux::ENOMSG, "ENOMSG"),
            (Errno::EBFONT, linux::EBFONT, "EBFONT"),
            (Errno::EOPNOTSUPP, linux::EOPNOTSUPP, "EOPNOTSUPP"),
            (Errno::EHWPOISON, linux::EHWPOISON, "EHWPOISON"),
        ] {
            assert_eq!(errno.as_raw() as u32, number);
            assert_eq!(errno.name().to_string(), name);
        }
    }

    #[test]
    fn an_errno_is_shown_with_what_is_known_of_it() {
        let show = |errno: Errno| std::format!("{errno:?}");
        assert_eq!(
            show(Errno::ENOENT),
            r#"Errno { code: 2, name: ENOENT, message: "no such file or directory" }"#
        );
        assert_eq!(show(Errno::EISCONN), "Errno { code: 106, name: EISCONN }");
        assert_eq!(
            show(Errno::from_raw(4000).expect("one")),
            "Errno { code: 4000 }"
        );
    }

    #[test]
    fn every_number_but_the_two_that_linux_leaves_out_has_a_name() {
        // In Miri, the test takes a thousand times as long.
        let step = if cfg!(miri) { 45 } else { 1 };
        let numbers = (1..134).step_by(step);
        for number in numbers.filter(|number| ![41, 58].contains(number)) {
            let errno = Errno::from_raw(number).unwrap();
            let (name, message) = (errno.name().to_string(), errno.message().to_string());
            assert!(name.starts_with('E'), "{number}");
            let whole = match message == name {
                true => name,
                false => std::format!("{name}: {message}"),
            };
            let line = DESCRIBED.lines().nth(number as usize + 1);
            assert_eq!(line, Some(&*whole), "{number}");
            assert_eq!(errno.to_string(), whole);
        }
    }

    #[test]
    fn what_files_and_processes_fail_by_has_a_message_and_the_rest_its_name() {
        let step = if cfg!(miri) { 20 } else { 1 };
        for errno in (1..=40).step_by(step).filter_map(Errno::from_raw) {
            assert_ne!(errno.message(), errno.name());
        }
        for errno in [Errno::ESTALE, Errno::EDQUOT, Errno::EOPNOTSUPP] {
            assert_ne!(errno.message(), errno.name());
        }
        assert_eq!(Errno::ENOTSOCK.message().to_string(), "ENOTSOCK");
        assert_eq!(Errno::ENOTSOCK.to_string(), "ENOTSOCK");
        assert_eq!(Errno::from_raw(41).unwrap().message().to_string(), "");
    }

    #[test]
    fn a_number_without_a_name_is_shown_as_a_number() {
        assert_eq!(Errno::from_raw(4000).unwrap().to_string(), "error 4000");
    }

    #[test]
    fn what_the_kernel_cannot_return_is_no_errno() {
        assert!(
            [-1, 0, 4096]
                .map(Errno::from_raw)
                .iter()
                .all(Option::is_none)
        );
    }
}
