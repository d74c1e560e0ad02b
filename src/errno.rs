//! Error numbers: their names and their messages, the same on every architecture (`errno(3)`).

use core::fmt;
use core::num::NonZeroU16;

use crate::text;

/// Why a system call failed. Never zero, so that a `Result<(), Errno>` is a number as in C.
///
/// `Display` gives the name and the message: `ENOENT: no such file or directory`.
///
/// ```
/// use nestling::Errno;
/// assert_eq!(Errno::ENOENT.name(), "ENOENT");
/// assert_eq!(Errno::ENOENT.to_string(), "ENOENT: no such file or directory");
/// assert_eq!(Errno::from_raw(2), Some(Errno::ENOENT));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errno(NonZeroU16);

impl Errno {
    /// The error of this number, if the kernel can return it (1 to 4095).
    pub const fn from_raw(number: i32) -> Option<Self> {
        match number {
            1..=4095 => Self::nonzero(number as u16),
            _ => None,
        }
    }

    const fn nonzero(number: u16) -> Option<Self> {
        match NonZeroU16::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The error that the kernel's answer is, if it is one: the last 4095 values are.
    pub(crate) const fn from_answer(answer: usize) -> Option<Self> {
        if answer > usize::MAX - 4095 {
            Self::nonzero(answer.wrapping_neg() as u16)
        } else {
            None
        }
    }

    /// The number.
    pub const fn raw(self) -> i32 {
        self.0.get() as i32
    }

    /// The name, as in `ENOENT`; empty for a number without one.
    pub fn name(self) -> &'static str {
        text::field(self.described(), b':', 0)
    }

    /// What it means, in a few words; empty for a number without a name.
    pub fn message(self) -> &'static str {
        text::field(self.described(), b':', 1).trim_start()
    }

    fn described(self) -> &'static str {
        text::field(DESCRIBED, b'\n', self.0.get().into())
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.described() {
            "" => {
                f.write_str("error ")?;
                text::decimal(self.raw(), f)
            }
            described => f.write_str(described),
        }
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for Errno {}

const fn constant(number: u16) -> Errno {
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
    /// interrupted by a signal
    pub const EINTR: Self = constant(4);
    /// input/output error
    pub const EIO: Self = constant(5);
    /// no such device or address
    pub const ENXIO: Self = constant(6);
    /// argument list too long
    pub const E2BIG: Self = constant(7);
    /// not an executable format
    pub const ENOEXEC: Self = constant(8);
    /// bad file descriptor
    pub const EBADF: Self = constant(9);
    /// no child processes
    pub const ECHILD: Self = constant(10);
    /// resource temporarily unavailable
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
    /// link across file systems
    pub const EXDEV: Self = constant(18);
    /// no such device
    pub const ENODEV: Self = constant(19);
    /// not a directory
    pub const ENOTDIR: Self = constant(20);
    /// is a directory
    pub const EISDIR: Self = constant(21);
    /// invalid argument
    pub const EINVAL: Self = constant(22);
    /// too many open files in the system
    pub const ENFILE: Self = constant(23);
    /// too many open files
    pub const EMFILE: Self = constant(24);
    /// not a terminal, or a request that the device does not know
    pub const ENOTTY: Self = constant(25);
    /// the program file is open for writing
    pub const ETXTBSY: Self = constant(26);
    /// file too large
    pub const EFBIG: Self = constant(27);
    /// no space left on device
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
    /// resource deadlock avoided
    pub const EDEADLK: Self = constant(35);
    /// file name too long
    pub const ENAMETOOLONG: Self = constant(36);
    /// no locks available
    pub const ENOLCK: Self = constant(37);
    /// system call not implemented
    pub const ENOSYS: Self = constant(38);
    /// directory not empty
    pub const ENOTEMPTY: Self = constant(39);
    /// too many symbolic links
    pub const ELOOP: Self = constant(40);
    /// no message of desired type
    pub const ENOMSG: Self = constant(42);
    /// identifier removed
    pub const EIDRM: Self = constant(43);
    /// channel number out of range
    pub const ECHRNG: Self = constant(44);
    /// level 2 not synchronized
    pub const EL2NSYNC: Self = constant(45);
    /// level 3 halted
    pub const EL3HLT: Self = constant(46);
    /// level 3 reset
    pub const EL3RST: Self = constant(47);
    /// link number out of range
    pub const ELNRNG: Self = constant(48);
    /// protocol driver not attached
    pub const EUNATCH: Self = constant(49);
    /// no CSI structure available
    pub const ENOCSI: Self = constant(50);
    /// level 2 halted
    pub const EL2HLT: Self = constant(51);
    /// invalid exchange
    pub const EBADE: Self = constant(52);
    /// invalid request descriptor
    pub const EBADR: Self = constant(53);
    /// exchange full
    pub const EXFULL: Self = constant(54);
    /// no anode
    pub const ENOANO: Self = constant(55);
    /// invalid request code
    pub const EBADRQC: Self = constant(56);
    /// invalid slot
    pub const EBADSLT: Self = constant(57);
    /// bad font file format
    pub const EBFONT: Self = constant(59);
    /// device not a stream
    pub const ENOSTR: Self = constant(60);
    /// no data available
    pub const ENODATA: Self = constant(61);
    /// timer expired
    pub const ETIME: Self = constant(62);
    /// out of streams resources
    pub const ENOSR: Self = constant(63);
    /// machine is not on the network
    pub const ENONET: Self = constant(64);
    /// package not installed
    pub const ENOPKG: Self = constant(65);
    /// object is remote
    pub const EREMOTE: Self = constant(66);
    /// link has been severed
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
    /// RFS specific error
    pub const EDOTDOT: Self = constant(73);
    /// bad message
    pub const EBADMSG: Self = constant(74);
    /// value too large for defined data type
    pub const EOVERFLOW: Self = constant(75);
    /// name not unique on network
    pub const ENOTUNIQ: Self = constant(76);
    /// file descriptor in bad state
    pub const EBADFD: Self = constant(77);
    /// remote address changed
    pub const EREMCHG: Self = constant(78);
    /// can not access a needed shared library
    pub const ELIBACC: Self = constant(79);
    /// accessing a corrupted shared library
    pub const ELIBBAD: Self = constant(80);
    /// .lib section corrupted
    pub const ELIBSCN: Self = constant(81);
    /// attempting to link in too many shared libraries
    pub const ELIBMAX: Self = constant(82);
    /// cannot exec a shared library directly
    pub const ELIBEXEC: Self = constant(83);
    /// invalid or incomplete multibyte or wide character
    pub const EILSEQ: Self = constant(84);
    /// interrupted system call should be restarted
    pub const ERESTART: Self = constant(85);
    /// streams pipe error
    pub const ESTRPIPE: Self = constant(86);
    /// too many users
    pub const EUSERS: Self = constant(87);
    /// socket operation on non-socket
    pub const ENOTSOCK: Self = constant(88);
    /// destination address required
    pub const EDESTADDRREQ: Self = constant(89);
    /// message too long
    pub const EMSGSIZE: Self = constant(90);
    /// protocol wrong type for socket
    pub const EPROTOTYPE: Self = constant(91);
    /// protocol not available
    pub const ENOPROTOOPT: Self = constant(92);
    /// protocol not supported
    pub const EPROTONOSUPPORT: Self = constant(93);
    /// socket type not supported
    pub const ESOCKTNOSUPPORT: Self = constant(94);
    /// operation not supported
    pub const EOPNOTSUPP: Self = constant(95);
    /// protocol family not supported
    pub const EPFNOSUPPORT: Self = constant(96);
    /// address family not supported by protocol
    pub const EAFNOSUPPORT: Self = constant(97);
    /// address already in use
    pub const EADDRINUSE: Self = constant(98);
    /// cannot assign requested address
    pub const EADDRNOTAVAIL: Self = constant(99);
    /// network is down
    pub const ENETDOWN: Self = constant(100);
    /// network is unreachable
    pub const ENETUNREACH: Self = constant(101);
    /// network dropped connection on reset
    pub const ENETRESET: Self = constant(102);
    /// software caused connection abort
    pub const ECONNABORTED: Self = constant(103);
    /// connection reset by peer
    pub const ECONNRESET: Self = constant(104);
    /// no buffer space available
    pub const ENOBUFS: Self = constant(105);
    /// transport endpoint is already connected
    pub const EISCONN: Self = constant(106);
    /// transport endpoint is not connected
    pub const ENOTCONN: Self = constant(107);
    /// cannot send after transport endpoint shutdown
    pub const ESHUTDOWN: Self = constant(108);
    /// too many references: cannot splice
    pub const ETOOMANYREFS: Self = constant(109);
    /// timed out
    pub const ETIMEDOUT: Self = constant(110);
    /// connection refused
    pub const ECONNREFUSED: Self = constant(111);
    /// host is down
    pub const EHOSTDOWN: Self = constant(112);
    /// no route to host
    pub const EHOSTUNREACH: Self = constant(113);
    /// operation already in progress
    pub const EALREADY: Self = constant(114);
    /// operation now in progress
    pub const EINPROGRESS: Self = constant(115);
    /// stale file handle
    pub const ESTALE: Self = constant(116);
    /// structure needs cleaning
    pub const EUCLEAN: Self = constant(117);
    /// not a XENIX named type file
    pub const ENOTNAM: Self = constant(118);
    /// no XENIX semaphores available
    pub const ENAVAIL: Self = constant(119);
    /// is a named type file
    pub const EISNAM: Self = constant(120);
    /// remote I/O error
    pub const EREMOTEIO: Self = constant(121);
    /// disk quota exceeded
    pub const EDQUOT: Self = constant(122);
    /// no medium found
    pub const ENOMEDIUM: Self = constant(123);
    /// wrong medium type
    pub const EMEDIUMTYPE: Self = constant(124);
    /// operation canceled
    pub const ECANCELED: Self = constant(125);
    /// required key not available
    pub const ENOKEY: Self = constant(126);
    /// key has expired
    pub const EKEYEXPIRED: Self = constant(127);
    /// key has been revoked
    pub const EKEYREVOKED: Self = constant(128);
    /// key was rejected by service
    pub const EKEYREJECTED: Self = constant(129);
    /// owner died
    pub const EOWNERDEAD: Self = constant(130);
    /// state not recoverable
    pub const ENOTRECOVERABLE: Self = constant(131);
    /// not possible because of a radio kill switch
    pub const ERFKILL: Self = constant(132);
    /// memory page has a hardware error
    pub const EHWPOISON: Self = constant(133);
    /// [`EAGAIN`](Self::EAGAIN) by its other name
    pub const EWOULDBLOCK: Self = Self::EAGAIN;
    /// [`EDEADLK`](Self::EDEADLK) by its other name
    pub const EDEADLOCK: Self = Self::EDEADLK;
    /// [`EOPNOTSUPP`](Self::EOPNOTSUPP) by its other name
    pub const ENOTSUP: Self = Self::EOPNOTSUPP;
}

/// Name and message by number, each on a line of its own; the numbers that Linux leaves out are empty. One string, since
/// pointers to 134 would take 2 KiB.
static DESCRIBED: &str = "\
\n\
EPERM: operation not permitted\n\
ENOENT: no such file or directory\n\
ESRCH: no such process\n\
EINTR: interrupted by a signal\n\
EIO: input/output error\n\
ENXIO: no such device or address\n\
E2BIG: argument list too long\n\
ENOEXEC: not an executable format\n\
EBADF: bad file descriptor\n\
ECHILD: no child processes\n\
EAGAIN: resource temporarily unavailable\n\
ENOMEM: out of memory\n\
EACCES: permission denied\n\
EFAULT: bad address\n\
ENOTBLK: not a block device\n\
EBUSY: device or resource busy\n\
EEXIST: file exists\n\
EXDEV: link across file systems\n\
ENODEV: no such device\n\
ENOTDIR: not a directory\n\
EISDIR: is a directory\n\
EINVAL: invalid argument\n\
ENFILE: too many open files in the system\n\
EMFILE: too many open files\n\
ENOTTY: not a terminal, or a request that the device does not know\n\
ETXTBSY: the program file is open for writing\n\
EFBIG: file too large\n\
ENOSPC: no space left on device\n\
ESPIPE: illegal seek\n\
EROFS: read-only file system\n\
EMLINK: too many links\n\
EPIPE: broken pipe\n\
EDOM: argument outside the function's domain\n\
ERANGE: result out of range\n\
EDEADLK: resource deadlock avoided\n\
ENAMETOOLONG: file name too long\n\
ENOLCK: no locks available\n\
ENOSYS: system call not implemented\n\
ENOTEMPTY: directory not empty\n\
ELOOP: too many symbolic links\n\
\n\
ENOMSG: no message of desired type\n\
EIDRM: identifier removed\n\
ECHRNG: channel number out of range\n\
EL2NSYNC: level 2 not synchronized\n\
EL3HLT: level 3 halted\n\
EL3RST: level 3 reset\n\
ELNRNG: link number out of range\n\
EUNATCH: protocol driver not attached\n\
ENOCSI: no CSI structure available\n\
EL2HLT: level 2 halted\n\
EBADE: invalid exchange\n\
EBADR: invalid request descriptor\n\
EXFULL: exchange full\n\
ENOANO: no anode\n\
EBADRQC: invalid request code\n\
EBADSLT: invalid slot\n\
\n\
EBFONT: bad font file format\n\
ENOSTR: device not a stream\n\
ENODATA: no data available\n\
ETIME: timer expired\n\
ENOSR: out of streams resources\n\
ENONET: machine is not on the network\n\
ENOPKG: package not installed\n\
EREMOTE: object is remote\n\
ENOLINK: link has been severed\n\
EADV: advertise error\n\
ESRMNT: srmount error\n\
ECOMM: communication error on send\n\
EPROTO: protocol error\n\
EMULTIHOP: multihop attempted\n\
EDOTDOT: RFS specific error\n\
EBADMSG: bad message\n\
EOVERFLOW: value too large for defined data type\n\
ENOTUNIQ: name not unique on network\n\
EBADFD: file descriptor in bad state\n\
EREMCHG: remote address changed\n\
ELIBACC: can not access a needed shared library\n\
ELIBBAD: accessing a corrupted shared library\n\
ELIBSCN: .lib section corrupted\n\
ELIBMAX: attempting to link in too many shared libraries\n\
ELIBEXEC: cannot exec a shared library directly\n\
EILSEQ: invalid or incomplete multibyte or wide character\n\
ERESTART: interrupted system call should be restarted\n\
ESTRPIPE: streams pipe error\n\
EUSERS: too many users\n\
ENOTSOCK: socket operation on non-socket\n\
EDESTADDRREQ: destination address required\n\
EMSGSIZE: message too long\n\
EPROTOTYPE: protocol wrong type for socket\n\
ENOPROTOOPT: protocol not available\n\
EPROTONOSUPPORT: protocol not supported\n\
ESOCKTNOSUPPORT: socket type not supported\n\
EOPNOTSUPP: operation not supported\n\
EPFNOSUPPORT: protocol family not supported\n\
EAFNOSUPPORT: address family not supported by protocol\n\
EADDRINUSE: address already in use\n\
EADDRNOTAVAIL: cannot assign requested address\n\
ENETDOWN: network is down\n\
ENETUNREACH: network is unreachable\n\
ENETRESET: network dropped connection on reset\n\
ECONNABORTED: software caused connection abort\n\
ECONNRESET: connection reset by peer\n\
ENOBUFS: no buffer space available\n\
EISCONN: transport endpoint is already connected\n\
ENOTCONN: transport endpoint is not connected\n\
ESHUTDOWN: cannot send after transport endpoint shutdown\n\
ETOOMANYREFS: too many references: cannot splice\n\
ETIMEDOUT: timed out\n\
ECONNREFUSED: connection refused\n\
EHOSTDOWN: host is down\n\
EHOSTUNREACH: no route to host\n\
EALREADY: operation already in progress\n\
EINPROGRESS: operation now in progress\n\
ESTALE: stale file handle\n\
EUCLEAN: structure needs cleaning\n\
ENOTNAM: not a XENIX named type file\n\
ENAVAIL: no XENIX semaphores available\n\
EISNAM: is a named type file\n\
EREMOTEIO: remote I/O error\n\
EDQUOT: disk quota exceeded\n\
ENOMEDIUM: no medium found\n\
EMEDIUMTYPE: wrong medium type\n\
ECANCELED: operation canceled\n\
ENOKEY: required key not available\n\
EKEYEXPIRED: key has expired\n\
EKEYREVOKED: key has been revoked\n\
EKEYREJECTED: key was rejected by service\n\
EOWNERDEAD: owner died\n\
ENOTRECOVERABLE: state not recoverable\n\
ERFKILL: not possible because of a radio kill switch\n\
EHWPOISON: memory page has a hardware error";

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
            assert_eq!(errno.raw() as u32, number);
            assert_eq!(errno.name(), name);
        }
    }

    #[test]
    fn every_number_but_the_two_that_linux_leaves_out_has_a_name_and_a_message() {
        for number in (1..134).filter(|number| ![41, 58].contains(number)) {
            let errno = Errno::from_raw(number).unwrap();
            assert!(errno.name().starts_with('E'), "{number}");
            assert!(!errno.message().is_empty(), "{number}");
        }
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
