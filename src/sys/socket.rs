//! Sockets of the family `AF_UNIX` (`unix(7)`), with the calls that `sd_notify`, syslog and a control socket need. Other functions
//! receive the kernel's messages about devices ([`uevents`]), make requests about the network ([`route`]) and bring a network interface up ([`set_up`], `netdevice(7)`).
//!
//! Every descriptor closes on exec. A message to a socket whose other end is closed fails with `EPIPE`, and raises no `SIGPIPE`.
//!
//! ```
//! use nestling::sys::socket::{self, Kind};
//! use nestling::{AsFd, OFlags, sys};
//!
//! // A process passes a descriptor to another one.
//! let (one, other) = socket::socketpair(Kind::SeqPacket)?;
//! let file = sys::fd::open(c"/proc/self/comm", OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
//! socket::sendmsg(one.as_fd(), b"a file", &[file.as_fd()])?;
//!
//! let (mut text, mut room) = ([0; 16], [const { None }; 1]);
//! let message = socket::recvmsg(other.as_fd(), &mut text, &mut room)?;
//! assert_eq!((&text[..message.length], message.descriptors), (&b"a file"[..], 1));
//! assert_eq!(socket::peer_credentials(other.as_fd())?.pid, Some(sys::process::getpid()));
//! # Ok::<(), nestling::Errno>(())
//! ```

use core::ffi::CStr;
use core::mem::offset_of;

use linux_raw_sys::general as linux;
use linux_raw_sys::ioctl::{SIOCGIFFLAGS, SIOCSIFFLAGS};
use linux_raw_sys::net;

use super::{done, ioctl, result, small};
use crate::arch::{syscall2, syscall3, syscall4, syscall5};
use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use crate::file::OFlags;
use crate::process::Pid;

/// The type of a socket: whether it has a connection, and whether it keeps messages separate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Kind {
    /// A connection that carries bytes (`SOCK_STREAM`).
    Stream = net::SOCK_STREAM,
    /// Messages without a connection (`SOCK_DGRAM`).
    Datagram = net::SOCK_DGRAM,
    /// A connection that carries messages (`SOCK_SEQPACKET`).
    SeqPacket = net::SOCK_SEQPACKET,
}

/// The address of a socket: a path, or an abstract name, which is in no directory.
#[derive(Clone, Copy, Debug)]
pub struct Address {
    address: net::sockaddr_un,
    length: usize,
}

impl Address {
    /// Makes the address of the file at `path`. [`bind`] makes this file; `unlink` removes it.
    ///
    /// # Errors
    /// `ENAMETOOLONG` if the path has more than 107 bytes; `EINVAL` if it is empty.
    pub fn path(path: &CStr) -> Result<Self, Errno> {
        match path.is_empty() {
            true => Err(Errno::EINVAL),
            false => Self::new([path.to_bytes(), b"\0"]),
        }
    }

    /// Makes an abstract address: a null byte, followed by `name`. (`sd_notify` and others write an `@` in place of the null byte.)
    /// The kernel removes the address when the socket is closed.
    ///
    /// ```
    /// use nestling::OFlags;
    /// use nestling::sys::socket::{Address, Kind, bind, socket};
    ///
    /// let address = Address::abstract_name(b"nestling-example")?;
    /// let socket = socket(Kind::Datagram, OFlags::CLOEXEC)?;
    /// bind(nestling::AsFd::as_fd(&socket), &address)?;
    /// # Ok::<(), nestling::Errno>(())
    /// ```
    ///
    /// # Errors
    /// `ENAMETOOLONG` if the name has more than 107 bytes.
    pub fn abstract_name(name: &[u8]) -> Result<Self, Errno> {
        Self::new([b"\0", name])
    }

    fn new(parts: [&[u8]; 2]) -> Result<Self, Errno> {
        let mut address = net::sockaddr_un {
            sun_family: net::AF_UNIX as u16,
            sun_path: [0; 108],
        };
        let [first, second] = parts;
        let length = first.len() + second.len();
        if length > address.sun_path.len() {
            return Err(Errno::ENAMETOOLONG);
        }
        for (place, &byte) in address.sun_path.iter_mut().zip(first.iter().chain(second)) {
            *place = byte as _;
        }
        Ok(Self {
            address,
            length: offset_of!(net::sockaddr_un, sun_path) + length,
        })
    }
}

/// The process that was at the other end of a connection when the connection was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Credentials {
    /// The id of the process; `None` if the process is outside of this pid namespace.
    pub pid: Option<Pid>,
    /// The effective user id of the process.
    pub uid: u32,
    /// The effective group id of the process.
    pub gid: u32,
}

/// What [`recvmsg`] has received.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message {
    /// The number of bytes; 0 at the end of a connection.
    pub length: usize,
    /// The number of descriptors.
    pub descriptors: usize,
    /// Whether the message was longer than the buffer, or had more descriptors than there was room for. The kernel has discarded
    /// the rest.
    pub is_truncated: bool,
}

/// The largest number of descriptors that [`sendmsg`] and [`recvmsg`] pass at once. (The kernel's limit is 253.)
pub const MAX_DESCRIPTORS: usize = 16;

/// `socket`: makes a socket of the family `AF_UNIX`. `flags` is `NONBLOCK` or empty.
pub fn socket(kind: Kind, flags: OFlags) -> Result<OwnedFd, Errno> {
    new(net::AF_UNIX, kind as u32 | flags.bits(), 0)
}

fn new(family: u32, kind: u32, protocol: u32) -> Result<OwnedFd, Errno> {
    // SAFETY: the call takes only numbers; the kernel makes a new descriptor.
    unsafe {
        let answer = syscall3(
            linux::__NR_socket as usize,
            family as usize,
            (kind | linux::O_CLOEXEC) as usize,
            protocol as usize,
        );
        small(answer).map(|fd| OwnedFd::from_raw_fd(fd))
    }
}

/// `socketpair`: makes two sockets that are connected with each other.
pub fn socketpair(kind: Kind) -> Result<(OwnedFd, OwnedFd), Errno> {
    let mut pair = [-1; 2];
    // SAFETY: the kernel writes the numbers of two new descriptors.
    unsafe {
        let answer = syscall4(
            linux::__NR_socketpair as usize,
            net::AF_UNIX as usize,
            (kind as u32 | linux::O_CLOEXEC) as usize,
            0,
            pair.as_mut_ptr() as usize,
        );
        done(answer)?;
        let [one, other] = pair;
        Ok((OwnedFd::from_raw_fd(one), OwnedFd::from_raw_fd(other)))
    }
}

/// `bind`: gives the socket an address. Fails with `EADDRINUSE` if a file with this path exists, or if another socket has this
/// address.
pub fn bind(socket: BorrowedFd<'_>, address: &Address) -> Result<(), Errno> {
    with_address(linux::__NR_bind, socket, address)
}

/// `connect`: connects the socket to the socket that has the address. Fails with `ENOENT` if the address is a path and no file has
/// this path, and with `ECONNREFUSED` if no socket listens at the address.
pub fn connect(socket: BorrowedFd<'_>, address: &Address) -> Result<(), Errno> {
    with_address(linux::__NR_connect, socket, address)
}

fn with_address(number: u32, socket: BorrowedFd<'_>, address: &Address) -> Result<(), Errno> {
    // SAFETY: the kernel reads the bytes of the address; the length is right.
    let answer = unsafe {
        syscall3(
            number as usize,
            socket.fd as usize,
            &raw const address.address as usize,
            address.length,
        )
    };
    done(answer)
}

/// `listen`: lets others connect with the socket. `backlog` is how many connections may wait to be accepted.
pub fn listen(socket: BorrowedFd<'_>, backlog: u32) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers.
    let answer = unsafe {
        syscall2(
            linux::__NR_listen as usize,
            socket.fd as usize,
            backlog as usize,
        )
    };
    done(answer)
}

/// `accept4`: waits for a connection, and returns its socket. `flags` is `NONBLOCK` or empty.
pub fn accept(socket: BorrowedFd<'_>, flags: OFlags) -> Result<OwnedFd, Errno> {
    // SAFETY: the pointer to an address is null; the kernel makes a new descriptor.
    unsafe {
        let answer = syscall4(
            linux::__NR_accept4 as usize,
            socket.fd as usize,
            0,
            0,
            (flags.bits() | linux::O_CLOEXEC) as usize,
        );
        small(answer).map(|fd| OwnedFd::from_raw_fd(fd))
    }
}

/// `getsockopt(SO_PEERCRED)`: returns which process is at the other end of a connection. The kernel itself records
/// this process, so the process cannot pretend to be another one.
#[doc(alias = "SO_PEERCRED")]
pub fn peer_credentials(socket: BorrowedFd<'_>) -> Result<Credentials, Errno> {
    let mut peer = net::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut length = size_of_val(&peer) as u32;
    // SAFETY: the kernel writes one `ucred` and one number.
    let answer = unsafe {
        syscall5(
            linux::__NR_getsockopt as usize,
            socket.fd as usize,
            net::SOL_SOCKET as usize,
            net::SO_PEERCRED as usize,
            &raw mut peer as usize,
            &raw mut length as usize,
        )
    };
    done(answer)?;
    Ok(Credentials {
        pid: Pid::from_raw(peer.pid as i32),
        uid: peer.uid,
        gid: peer.gid,
    })
}

/// A control message with descriptors, in the kernel's layout (`cmsg(3)`).
#[repr(C)]
struct Rights {
    header: net::cmsghdr,
    descriptors: [RawFd; MAX_DESCRIPTORS],
}

impl Rights {
    /// Returns the length of a control message with `count` descriptors.
    const fn length(count: usize) -> usize {
        offset_of!(Self, descriptors) + count * size_of::<RawFd>()
    }
}

/// `sendmsg`: sends the bytes, as one message or as the next bytes of a stream, together with duplicates of the descriptors.
/// Returns the number of bytes sent. To send descriptors on a stream, send at least one byte with them.
///
/// Fails with `EINVAL` if `descriptors` has more than [`MAX_DESCRIPTORS`] elements.
#[doc(alias("SCM_RIGHTS", "send"))]
pub fn sendmsg(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> Result<usize, Errno> {
    if descriptors.len() > MAX_DESCRIPTORS {
        return Err(Errno::EINVAL);
    }
    let length = Rights::length(descriptors.len());
    let mut rights = Rights {
        header: net::cmsghdr {
            cmsg_len: length as _,
            cmsg_level: net::SOL_SOCKET as i32,
            cmsg_type: net::SCM_RIGHTS as i32,
        },
        descriptors: [-1; MAX_DESCRIPTORS],
    };
    for (place, fd) in rights.descriptors.iter_mut().zip(descriptors) {
        *place = fd.fd;
    }
    let mut part = part(bytes.as_ptr().cast_mut(), bytes.len());
    let control = match descriptors.is_empty() {
        true => 0,
        false => length,
    };
    let message = header(&mut part, &mut rights, control);
    // SAFETY: the kernel reads the header, the bytes and the descriptors, each as long as the header says.
    let answer = unsafe {
        syscall3(
            linux::__NR_sendmsg as usize,
            socket.fd as usize,
            &raw const message as usize,
            net::MSG_NOSIGNAL as usize,
        )
    };
    result(answer)
}

/// `recvmsg`: waits for a message, or for the next bytes of a stream. Writes the bytes to `buffer`, and puts the received
/// descriptors into the first places of `descriptors`. The received descriptors close on exec. The call receives at most
/// [`MAX_DESCRIPTORS`] descriptors.
#[doc(alias("SCM_RIGHTS", "recv"))]
pub fn recvmsg(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    descriptors: &mut [Option<OwnedFd>],
) -> Result<Message, Errno> {
    let mut rights = Rights {
        header: net::cmsghdr {
            cmsg_len: 0,
            cmsg_level: 0,
            cmsg_type: 0,
        },
        descriptors: [-1; MAX_DESCRIPTORS],
    };
    let mut part = part(buffer.as_mut_ptr(), buffer.len());
    let control = match descriptors.len().min(MAX_DESCRIPTORS) {
        0 => 0,
        room => Rights::length(room),
    };
    let mut message = header(&mut part, &mut rights, control);
    // SAFETY: the kernel writes the header, at most `buffer.len()` bytes, and at most as many descriptors as fit into `control`
    // bytes.
    let answer = unsafe {
        syscall3(
            linux::__NR_recvmsg as usize,
            socket.fd as usize,
            &raw mut message as usize,
            net::MSG_CMSG_CLOEXEC as usize,
        )
    };
    let length = result(answer)?;
    let is_rights = rights.header.cmsg_level == net::SOL_SOCKET as i32
        && rights.header.cmsg_type == net::SCM_RIGHTS as i32;
    let size: usize = rights.header.cmsg_len as _;
    let count = match is_rights {
        true => size.saturating_sub(Rights::length(0)) / size_of::<RawFd>(),
        false => 0,
    };
    for (place, &fd) in descriptors.iter_mut().zip(&rights.descriptors).take(count) {
        // SAFETY: the kernel has just opened this descriptor.
        *place = Some(unsafe { OwnedFd::from_raw_fd(fd) });
    }
    Ok(Message {
        length,
        descriptors: count,
        is_truncated: message.msg_flags & (net::MSG_TRUNC | net::MSG_CTRUNC) != 0,
    })
}

fn part(bytes: *mut u8, length: usize) -> linux::iovec {
    linux::iovec {
        iov_base: bytes.cast(),
        iov_len: length as _,
    }
}

fn header(part: &mut linux::iovec, rights: &mut Rights, control: usize) -> net::msghdr {
    net::msghdr {
        msg_name: core::ptr::null_mut(),
        msg_namelen: 0,
        msg_iov: (&raw mut *part).cast(),
        msg_iovlen: 1,
        msg_control: (&raw mut *rights).cast(),
        msg_controllen: control as _,
        msg_flags: 0,
    }
}

/// `socket(AF_NETLINK)`: makes a socket on which the kernel reports what happens to devices (`NETLINK_KOBJECT_UEVENT`). Each
/// message consists of the text `ACTION@PATH` and of variables `NAME=VALUE`; a null byte follows the text and each variable.
/// `flags` is `NONBLOCK` or empty. Read the messages with [`fd::read`](super::fd::read) and a buffer of some kilobytes. Fails with
/// `EPERM` in a network namespace of another user namespace.
///
/// ```
/// use nestling::{AsFd, OFlags, sys};
///
/// # if false {
/// let socket = sys::socket::uevents(OFlags::default())?;
/// let mut message = [0; 4096];
/// let length = sys::fd::read(socket.as_fd(), &mut message)?;
/// assert!(message[..length].contains(&b'@')); // add@/devices/…
/// # }
/// # Ok::<(), nestling::Errno>(())
/// ```
#[doc(alias("AF_NETLINK", "udev", "mdev"))]
pub fn uevents(flags: OFlags) -> Result<OwnedFd, Errno> {
    const NETLINK_KOBJECT_UEVENT: u32 = 15;
    /// `struct sockaddr_nl`.
    #[repr(C)]
    struct Netlink {
        family: u16,
        padding: u16,
        id: u32,
        groups: u32,
    }

    let kind = net::SOCK_DGRAM | flags.bits();
    let socket = new(net::AF_NETLINK, kind, NETLINK_KOBJECT_UEVENT)?;
    // The kernel sends its own messages to the first multicast group.
    let address = Netlink {
        family: net::AF_NETLINK as u16,
        padding: 0,
        id: 0,
        groups: 1,
    };
    // SAFETY: the kernel reads one address.
    let answer = unsafe {
        syscall3(
            linux::__NR_bind as usize,
            socket.as_fd().fd as usize,
            &raw const address as usize,
            size_of_val(&address),
        )
    };
    done(answer)?;
    Ok(socket)
}

/// `socket(AF_NETLINK)`: makes a socket for requests about network interfaces, addresses and routes (`NETLINK_ROUTE`, `rtnetlink(7)`).
/// Write a request with [`fd::write`](super::fd::write), and read the answers with [`fd::read`](super::fd::read). An answer that is
/// longer than the buffer is cut off without a notice; the kernel makes none longer than 32 KiB.
#[doc(alias("AF_NETLINK", "rtnetlink", "iproute2"))]
pub fn route() -> Result<OwnedFd, Errno> {
    const NETLINK_ROUTE: u32 = 0;
    new(net::AF_NETLINK, net::SOCK_RAW, NETLINK_ROUTE)
}

/// `ioctl(SIOCSIFFLAGS)`: brings a network interface up, for example `lo`. Its other settings do not change. Costs four system
/// calls. Fails with `ENODEV` if no interface has this name, and with `EPERM` if the caller lacks `CAP_NET_ADMIN`.
///
/// ```no_run
/// nestling::sys::socket::set_up(c"lo")?;
/// # Ok::<(), nestling::Errno>(())
/// ```
#[doc(alias("ifconfig", "SIOCSIFFLAGS"))]
pub fn set_up(interface: &CStr) -> Result<(), Errno> {
    const IFF_UP: u16 = 1;
    /// The kernel's `struct ifreq`. The kernel reads at most 40 bytes of it.
    #[repr(C)]
    struct Request {
        name: [u8; 16],
        flags: u16,
        rest: [u8; 22],
    }

    let mut request = Request {
        name: [0; 16],
        flags: 0,
        rest: [0; 22],
    };
    // The name must leave room for a null byte.
    if interface.count_bytes() >= request.name.len() {
        return Err(Errno::ENODEV);
    }
    for (place, &byte) in request.name.iter_mut().zip(interface.to_bytes()) {
        *place = byte;
    }
    let socket = new(net::AF_INET, net::SOCK_DGRAM, 0)?;
    // SAFETY: the kernel reads and writes one request.
    unsafe {
        done(ioctl(
            socket.as_fd(),
            SIOCGIFFLAGS,
            &raw mut request as usize,
        ))?;
        request.flags |= IFF_UP;
        done(ioctl(
            socket.as_fd(),
            SIOCSIFFLAGS,
            &raw mut request as usize,
        ))
    }
}
