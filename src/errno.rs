//! Error numbers: their names and their messages, the same on every architecture (`errno(3)`).

use core::fmt;

/// Why a system call failed.
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
pub struct Errno(u16);

impl Errno {
    /// The error of this number, if the kernel can return it (1 to 4095).
    pub const fn from_raw(number: i32) -> Option<Self> {
        match number {
            1..=4095 => Some(Self(number as u16)),
            _ => None,
        }
    }

    /// The number.
    pub const fn raw(self) -> i32 {
        self.0 as i32
    }

    /// The name, as in `ENOENT`; empty for a number without one.
    pub fn name(self) -> &'static str {
        self.described().split_once(": ").map_or("", |(name, _)| name)
    }

    /// What it means, in a few words; empty for a number without a name.
    pub fn message(self) -> &'static str {
        self.described().split_once(": ").map_or("", |(_, message)| message)
    }

    fn described(self) -> &'static str {
        DESCRIBED.get(usize::from(self.0)).unwrap_or(&"")
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.described() {
            "" => write!(f, "error {}", self.0),
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

/// The errors that have a name.
impl Errno {
    /// operation not permitted
    pub const EPERM: Self = Self(1);
    /// no such file or directory
    pub const ENOENT: Self = Self(2);
    /// no such process
    pub const ESRCH: Self = Self(3);
    /// interrupted by a signal
    pub const EINTR: Self = Self(4);
    /// input/output error
    pub const EIO: Self = Self(5);
    /// no such device or address
    pub const ENXIO: Self = Self(6);
    /// argument list too long
    pub const E2BIG: Self = Self(7);
    /// not an executable format
    pub const ENOEXEC: Self = Self(8);
    /// bad file descriptor
    pub const EBADF: Self = Self(9);
    /// no child processes
    pub const ECHILD: Self = Self(10);
    /// resource temporarily unavailable
    pub const EAGAIN: Self = Self(11);
    /// out of memory
    pub const ENOMEM: Self = Self(12);
    /// permission denied
    pub const EACCES: Self = Self(13);
    /// bad address
    pub const EFAULT: Self = Self(14);
    /// not a block device
    pub const ENOTBLK: Self = Self(15);
    /// device or resource busy
    pub const EBUSY: Self = Self(16);
    /// file exists
    pub const EEXIST: Self = Self(17);
    /// link across file systems
    pub const EXDEV: Self = Self(18);
    /// no such device
    pub const ENODEV: Self = Self(19);
    /// not a directory
    pub const ENOTDIR: Self = Self(20);
    /// is a directory
    pub const EISDIR: Self = Self(21);
    /// invalid argument
    pub const EINVAL: Self = Self(22);
    /// too many open files in the system
    pub const ENFILE: Self = Self(23);
    /// too many open files
    pub const EMFILE: Self = Self(24);
    /// not a terminal, or a request that the device does not know
    pub const ENOTTY: Self = Self(25);
    /// the program file is open for writing
    pub const ETXTBSY: Self = Self(26);
    /// file too large
    pub const EFBIG: Self = Self(27);
    /// no space left on device
    pub const ENOSPC: Self = Self(28);
    /// illegal seek
    pub const ESPIPE: Self = Self(29);
    /// read-only file system
    pub const EROFS: Self = Self(30);
    /// too many links
    pub const EMLINK: Self = Self(31);
    /// broken pipe
    pub const EPIPE: Self = Self(32);
    /// argument outside the function's domain
    pub const EDOM: Self = Self(33);
    /// result out of range
    pub const ERANGE: Self = Self(34);
    /// resource deadlock avoided
    pub const EDEADLK: Self = Self(35);
    /// file name too long
    pub const ENAMETOOLONG: Self = Self(36);
    /// no locks available
    pub const ENOLCK: Self = Self(37);
    /// system call not implemented
    pub const ENOSYS: Self = Self(38);
    /// directory not empty
    pub const ENOTEMPTY: Self = Self(39);
    /// too many symbolic links
    pub const ELOOP: Self = Self(40);
    /// no message of desired type
    pub const ENOMSG: Self = Self(42);
    /// identifier removed
    pub const EIDRM: Self = Self(43);
    /// channel number out of range
    pub const ECHRNG: Self = Self(44);
    /// level 2 not synchronized
    pub const EL2NSYNC: Self = Self(45);
    /// level 3 halted
    pub const EL3HLT: Self = Self(46);
    /// level 3 reset
    pub const EL3RST: Self = Self(47);
    /// link number out of range
    pub const ELNRNG: Self = Self(48);
    /// protocol driver not attached
    pub const EUNATCH: Self = Self(49);
    /// no CSI structure available
    pub const ENOCSI: Self = Self(50);
    /// level 2 halted
    pub const EL2HLT: Self = Self(51);
    /// invalid exchange
    pub const EBADE: Self = Self(52);
    /// invalid request descriptor
    pub const EBADR: Self = Self(53);
    /// exchange full
    pub const EXFULL: Self = Self(54);
    /// no anode
    pub const ENOANO: Self = Self(55);
    /// invalid request code
    pub const EBADRQC: Self = Self(56);
    /// invalid slot
    pub const EBADSLT: Self = Self(57);
    /// bad font file format
    pub const EBFONT: Self = Self(59);
    /// device not a stream
    pub const ENOSTR: Self = Self(60);
    /// no data available
    pub const ENODATA: Self = Self(61);
    /// timer expired
    pub const ETIME: Self = Self(62);
    /// out of streams resources
    pub const ENOSR: Self = Self(63);
    /// machine is not on the network
    pub const ENONET: Self = Self(64);
    /// package not installed
    pub const ENOPKG: Self = Self(65);
    /// object is remote
    pub const EREMOTE: Self = Self(66);
    /// link has been severed
    pub const ENOLINK: Self = Self(67);
    /// advertise error
    pub const EADV: Self = Self(68);
    /// srmount error
    pub const ESRMNT: Self = Self(69);
    /// communication error on send
    pub const ECOMM: Self = Self(70);
    /// protocol error
    pub const EPROTO: Self = Self(71);
    /// multihop attempted
    pub const EMULTIHOP: Self = Self(72);
    /// RFS specific error
    pub const EDOTDOT: Self = Self(73);
    /// bad message
    pub const EBADMSG: Self = Self(74);
    /// value too large for defined data type
    pub const EOVERFLOW: Self = Self(75);
    /// name not unique on network
    pub const ENOTUNIQ: Self = Self(76);
    /// file descriptor in bad state
    pub const EBADFD: Self = Self(77);
    /// remote address changed
    pub const EREMCHG: Self = Self(78);
    /// can not access a needed shared library
    pub const ELIBACC: Self = Self(79);
    /// accessing a corrupted shared library
    pub const ELIBBAD: Self = Self(80);
    /// .lib section corrupted
    pub const ELIBSCN: Self = Self(81);
    /// attempting to link in too many shared libraries
    pub const ELIBMAX: Self = Self(82);
    /// cannot exec a shared library directly
    pub const ELIBEXEC: Self = Self(83);
    /// invalid or incomplete multibyte or wide character
    pub const EILSEQ: Self = Self(84);
    /// interrupted system call should be restarted
    pub const ERESTART: Self = Self(85);
    /// streams pipe error
    pub const ESTRPIPE: Self = Self(86);
    /// too many users
    pub const EUSERS: Self = Self(87);
    /// socket operation on non-socket
    pub const ENOTSOCK: Self = Self(88);
    /// destination address required
    pub const EDESTADDRREQ: Self = Self(89);
    /// message too long
    pub const EMSGSIZE: Self = Self(90);
    /// protocol wrong type for socket
    pub const EPROTOTYPE: Self = Self(91);
    /// protocol not available
    pub const ENOPROTOOPT: Self = Self(92);
    /// protocol not supported
    pub const EPROTONOSUPPORT: Self = Self(93);
    /// socket type not supported
    pub const ESOCKTNOSUPPORT: Self = Self(94);
    /// operation not supported
    pub const EOPNOTSUPP: Self = Self(95);
    /// protocol family not supported
    pub const EPFNOSUPPORT: Self = Self(96);
    /// address family not supported by protocol
    pub const EAFNOSUPPORT: Self = Self(97);
    /// address already in use
    pub const EADDRINUSE: Self = Self(98);
    /// cannot assign requested address
    pub const EADDRNOTAVAIL: Self = Self(99);
    /// network is down
    pub const ENETDOWN: Self = Self(100);
    /// network is unreachable
    pub const ENETUNREACH: Self = Self(101);
    /// network dropped connection on reset
    pub const ENETRESET: Self = Self(102);
    /// software caused connection abort
    pub const ECONNABORTED: Self = Self(103);
    /// connection reset by peer
    pub const ECONNRESET: Self = Self(104);
    /// no buffer space available
    pub const ENOBUFS: Self = Self(105);
    /// transport endpoint is already connected
    pub const EISCONN: Self = Self(106);
    /// transport endpoint is not connected
    pub const ENOTCONN: Self = Self(107);
    /// cannot send after transport endpoint shutdown
    pub const ESHUTDOWN: Self = Self(108);
    /// too many references: cannot splice
    pub const ETOOMANYREFS: Self = Self(109);
    /// timed out
    pub const ETIMEDOUT: Self = Self(110);
    /// connection refused
    pub const ECONNREFUSED: Self = Self(111);
    /// host is down
    pub const EHOSTDOWN: Self = Self(112);
    /// no route to host
    pub const EHOSTUNREACH: Self = Self(113);
    /// operation already in progress
    pub const EALREADY: Self = Self(114);
    /// operation now in progress
    pub const EINPROGRESS: Self = Self(115);
    /// stale file handle
    pub const ESTALE: Self = Self(116);
    /// structure needs cleaning
    pub const EUCLEAN: Self = Self(117);
    /// not a XENIX named type file
    pub const ENOTNAM: Self = Self(118);
    /// no XENIX semaphores available
    pub const ENAVAIL: Self = Self(119);
    /// is a named type file
    pub const EISNAM: Self = Self(120);
    /// remote I/O error
    pub const EREMOTEIO: Self = Self(121);
    /// disk quota exceeded
    pub const EDQUOT: Self = Self(122);
    /// no medium found
    pub const ENOMEDIUM: Self = Self(123);
    /// wrong medium type
    pub const EMEDIUMTYPE: Self = Self(124);
    /// operation canceled
    pub const ECANCELED: Self = Self(125);
    /// required key not available
    pub const ENOKEY: Self = Self(126);
    /// key has expired
    pub const EKEYEXPIRED: Self = Self(127);
    /// key has been revoked
    pub const EKEYREVOKED: Self = Self(128);
    /// key was rejected by service
    pub const EKEYREJECTED: Self = Self(129);
    /// owner died
    pub const EOWNERDEAD: Self = Self(130);
    /// state not recoverable
    pub const ENOTRECOVERABLE: Self = Self(131);
    /// not possible because of a radio kill switch
    pub const ERFKILL: Self = Self(132);
    /// memory page has a hardware error
    pub const EHWPOISON: Self = Self(133);
    /// [`EAGAIN`](Self::EAGAIN) by its other name
    pub const EWOULDBLOCK: Self = Self::EAGAIN;
    /// [`EDEADLK`](Self::EDEADLK) by its other name
    pub const EDEADLOCK: Self = Self::EDEADLK;
    /// [`EOPNOTSUPP`](Self::EOPNOTSUPP) by its other name
    pub const ENOTSUP: Self = Self::EOPNOTSUPP;
}

/// Name and message by number; the two numbers that Linux leaves out are empty.
static DESCRIBED: [&str; 134] = [
    "",
    "EPERM: operation not permitted",
    "ENOENT: no such file or directory",
    "ESRCH: no such process",
    "EINTR: interrupted by a signal",
    "EIO: input/output error",
    "ENXIO: no such device or address",
    "E2BIG: argument list too long",
    "ENOEXEC: not an executable format",
    "EBADF: bad file descriptor",
    "ECHILD: no child processes",
    "EAGAIN: resource temporarily unavailable",
    "ENOMEM: out of memory",
    "EACCES: permission denied",
    "EFAULT: bad address",
    "ENOTBLK: not a block device",
    "EBUSY: device or resource busy",
    "EEXIST: file exists",
    "EXDEV: link across file systems",
    "ENODEV: no such device",
    "ENOTDIR: not a directory",
    "EISDIR: is a directory",
    "EINVAL: invalid argument",
    "ENFILE: too many open files in the system",
    "EMFILE: too many open files",
    "ENOTTY: not a terminal, or a request that the device does not know",
    "ETXTBSY: the program file is open for writing",
    "EFBIG: file too large",
    "ENOSPC: no space left on device",
    "ESPIPE: illegal seek",
    "EROFS: read-only file system",
    "EMLINK: too many links",
    "EPIPE: broken pipe",
    "EDOM: argument outside the function's domain",
    "ERANGE: result out of range",
    "EDEADLK: resource deadlock avoided",
    "ENAMETOOLONG: file name too long",
    "ENOLCK: no locks available",
    "ENOSYS: system call not implemented",
    "ENOTEMPTY: directory not empty",
    "ELOOP: too many symbolic links",
    "",
    "ENOMSG: no message of desired type",
    "EIDRM: identifier removed",
    "ECHRNG: channel number out of range",
    "EL2NSYNC: level 2 not synchronized",
    "EL3HLT: level 3 halted",
    "EL3RST: level 3 reset",
    "ELNRNG: link number out of range",
    "EUNATCH: protocol driver not attached",
    "ENOCSI: no CSI structure available",
    "EL2HLT: level 2 halted",
    "EBADE: invalid exchange",
    "EBADR: invalid request descriptor",
    "EXFULL: exchange full",
    "ENOANO: no anode",
    "EBADRQC: invalid request code",
    "EBADSLT: invalid slot",
    "",
    "EBFONT: bad font file format",
    "ENOSTR: device not a stream",
    "ENODATA: no data available",
    "ETIME: timer expired",
    "ENOSR: out of streams resources",
    "ENONET: machine is not on the network",
    "ENOPKG: package not installed",
    "EREMOTE: object is remote",
    "ENOLINK: link has been severed",
    "EADV: advertise error",
    "ESRMNT: srmount error",
    "ECOMM: communication error on send",
    "EPROTO: protocol error",
    "EMULTIHOP: multihop attempted",
    "EDOTDOT: RFS specific error",
    "EBADMSG: bad message",
    "EOVERFLOW: value too large for defined data type",
    "ENOTUNIQ: name not unique on network",
    "EBADFD: file descriptor in bad state",
    "EREMCHG: remote address changed",
    "ELIBACC: can not access a needed shared library",
    "ELIBBAD: accessing a corrupted shared library",
    "ELIBSCN: .lib section corrupted",
    "ELIBMAX: attempting to link in too many shared libraries",
    "ELIBEXEC: cannot exec a shared library directly",
    "EILSEQ: invalid or incomplete multibyte or wide character",
    "ERESTART: interrupted system call should be restarted",
    "ESTRPIPE: streams pipe error",
    "EUSERS: too many users",
    "ENOTSOCK: socket operation on non-socket",
    "EDESTADDRREQ: destination address required",
    "EMSGSIZE: message too long",
    "EPROTOTYPE: protocol wrong type for socket",
    "ENOPROTOOPT: protocol not available",
    "EPROTONOSUPPORT: protocol not supported",
    "ESOCKTNOSUPPORT: socket type not supported",
    "EOPNOTSUPP: operation not supported",
    "EPFNOSUPPORT: protocol family not supported",
    "EAFNOSUPPORT: address family not supported by protocol",
    "EADDRINUSE: address already in use",
    "EADDRNOTAVAIL: cannot assign requested address",
    "ENETDOWN: network is down",
    "ENETUNREACH: network is unreachable",
    "ENETRESET: network dropped connection on reset",
    "ECONNABORTED: software caused connection abort",
    "ECONNRESET: connection reset by peer",
    "ENOBUFS: no buffer space available",
    "EISCONN: transport endpoint is already connected",
    "ENOTCONN: transport endpoint is not connected",
    "ESHUTDOWN: cannot send after transport endpoint shutdown",
    "ETOOMANYREFS: too many references: cannot splice",
    "ETIMEDOUT: timed out",
    "ECONNREFUSED: connection refused",
    "EHOSTDOWN: host is down",
    "EHOSTUNREACH: no route to host",
    "EALREADY: operation already in progress",
    "EINPROGRESS: operation now in progress",
    "ESTALE: stale file handle",
    "EUCLEAN: structure needs cleaning",
    "ENOTNAM: not a XENIX named type file",
    "ENAVAIL: no XENIX semaphores available",
    "EISNAM: is a named type file",
    "EREMOTEIO: remote I/O error",
    "EDQUOT: disk quota exceeded",
    "ENOMEDIUM: no medium found",
    "EMEDIUMTYPE: wrong medium type",
    "ECANCELED: operation canceled",
    "ENOKEY: required key not available",
    "EKEYEXPIRED: key has expired",
    "EKEYREVOKED: key has been revoked",
    "EKEYREJECTED: key was rejected by service",
    "EOWNERDEAD: owner died",
    "ENOTRECOVERABLE: state not recoverable",
    "ERFKILL: not possible because of a radio kill switch",
    "EHWPOISON: memory page has a hardware error",
];

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
        assert!([-1, 0, 4096].map(Errno::from_raw).iter().all(Option::is_none));
    }
}
