//! Tests of sockets: kinds and addresses, passing descriptors and credentials, messages of the kernel, and network
//! interfaces.

use linux_raw_sys::general as linux;
use linux_raw_sys::net;
use nestling::sys::mount::{MountFlags, mount};
use nestling::sys::namespace::{Namespaces, unshare};
use nestling::sys::socket::{self, Address, Kind, MAX_DESCRIPTORS};
use nestling::sys::{self, credentials};
use nestling::{AsFd, BorrowedFd, Errno, OFlags, OwnedFd, RawFd};
use nestling_tests::{
    Table, call, emulated, fork, format_text, inode, join, make_directory, need_root, runner, skip,
};

nestling_tests::suite! {
    once {
        each_kind_keeps_the_boundaries_of_messages_or_not,
        descriptors_pass_and_close_on_exec,
        a_message_that_does_not_fit_is_truncated_and_leaves_nothing_open,
        as_many_descriptors_pass_as_promised,
        a_server_is_found_by_its_path,
        a_server_is_found_by_its_abstract_name,
        the_credentials_of_the_other_end_are_known,
        a_closed_other_end_is_an_error_and_no_signal,
        an_address_that_is_too_long_is_an_error,
        a_nonblocking_socket_without_data_is_an_error,
        the_kernel_reports_events_of_devices,
        the_loopback_interface_is_brought_up,
        an_interface_that_is_not_there_is_an_error,
    }
}

fn pair(kind: Kind) -> (OwnedFd, OwnedFd) {
    socket::socketpair(kind).expect("a pair")
}

/// Receives a message without descriptors.
fn receive(socket: &OwnedFd, room: usize) -> ([u8; 8], socket::Message) {
    let mut buffer = [0; 8];
    let message = socket::recvmsg(socket.as_fd(), &mut buffer[..room], &mut []);
    (buffer, message.expect("a message"))
}

fn send(socket: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    socket::sendmsg(socket.as_fd(), bytes, &[])
}

fn each_kind_keeps_the_boundaries_of_messages_or_not() {
    for (kind, lengths) in [
        (Kind::Stream, [5, 0]),
        (Kind::Datagram, [2, 3]),
        (Kind::SeqPacket, [2, 3]),
    ] {
        let (one, other) = pair(kind);
        assert_eq!(send(&one, b"ab"), Ok(2));
        assert_eq!(send(&one, b"cde"), Ok(3));
        for length in lengths.into_iter().filter(|&length| length > 0) {
            assert_eq!(receive(&other, 8).1.length, length, "{kind:?}");
        }
        for fd in [&one, &other] {
            assert_eq!(sys::fd::cloexec(fd.as_raw_fd()), Ok(true));
        }
    }
}

fn descriptors_pass_and_close_on_exec() {
    let (one, other) = pair(Kind::Stream);
    let (from, to) = sys::fd::pipe2(OFlags::default()).expect("a pipe");
    let inodes = [&from, &to].map(|fd| inode(fd.as_raw_fd()));
    let child = fork(|| {
        let both = [from.as_fd(), to.as_fd()];
        assert_eq!(socket::sendmsg(one.as_fd(), b"two", &both), Ok(3));
    });
    let (mut buffer, mut room) = ([0; 8], [const { None }; 3]);
    let message = socket::recvmsg(other.as_fd(), &mut buffer, &mut room).expect("a message");
    join(child);
    assert_eq!((message.length, message.descriptors), (3, 2));
    assert!(!message.is_truncated && buffer.starts_with(b"two"));
    let [Some(first), Some(second), None] = &room else {
        panic!("not two descriptors");
    };
    assert_eq!([first, second].map(|fd| inode(fd.as_raw_fd())), inodes);
    for fd in [first, second] {
        assert_eq!(sys::fd::cloexec(fd.as_raw_fd()), Ok(true));
    }
    drop(to);
    assert_eq!(sys::fd::write(second.as_fd(), b"words"), Ok(5));
}

fn a_message_that_does_not_fit_is_truncated_and_leaves_nothing_open() {
    let (one, other) = pair(Kind::SeqPacket);
    let table = Table::now();
    assert_eq!(send(&one, b"words"), Ok(5));
    let (buffer, message) = receive(&other, 3);
    assert_eq!((message.length, message.is_truncated), (3, true));
    assert!(buffer.starts_with(b"wor\0"));
    if emulated() {
        return; // the emulator does not report that descriptors were cut off
    }
    for (given, room) in [(2, 1), (1, 0)] {
        let fds = [one.as_fd(); 2];
        socket::sendmsg(one.as_fd(), b"!", &fds[..given]).expect("a message");
        let mut slots = [const { None }; 1];
        let message = socket::recvmsg(other.as_fd(), &mut [0; 8], &mut slots[..room]);
        let message = message.expect("a message");
        assert_eq!((message.descriptors, message.is_truncated), (room, true));
        drop(slots);
        assert_eq!(Table::now(), table);
    }
}

fn as_many_descriptors_pass_as_promised() {
    let (one, other) = pair(Kind::SeqPacket);
    let fds: [BorrowedFd<'_>; MAX_DESCRIPTORS + 1] = [one.as_fd(); _];
    let many = &fds[..MAX_DESCRIPTORS];
    assert_eq!(socket::sendmsg(one.as_fd(), b"!", many), Ok(1));
    let mut room = [const { None }; MAX_DESCRIPTORS];
    let message = socket::recvmsg(other.as_fd(), &mut [0], &mut room).expect("a message");
    assert_eq!(
        (message.descriptors, message.is_truncated),
        (MAX_DESCRIPTORS, false)
    );
    assert!(room.iter().all(Option::is_some));
    let too_many = socket::sendmsg(one.as_fd(), b"!", &fds);
    assert_eq!(too_many, Err(Errno::EINVAL));
}

/// Lets a client and a server communicate over this address.
fn meet(address: &Address) {
    let new = || socket::socket(Kind::Stream, OFlags::default()).expect("a socket");
    let (server, client) = (new(), new());
    socket::bind(server.as_fd(), address).expect("an address");
    let early = socket::connect(client.as_fd(), address);
    assert_eq!(early, Err(Errno::ECONNREFUSED), "no socket listens");
    socket::listen(server.as_fd(), 1).expect("a server");
    let again = socket::bind(new().as_fd(), address);
    assert_eq!(again, Err(Errno::EADDRINUSE));
    socket::connect(client.as_fd(), address).expect("a connection");
    let accepted = socket::accept(server.as_fd(), OFlags::default()).expect("a connection");
    assert_eq!(sys::fd::cloexec(accepted.as_raw_fd()), Ok(true));
    assert_eq!(send(&client, b"words"), Ok(5));
    assert!(receive(&accepted, 8).0.starts_with(b"words"));
    drop(client);
    assert_eq!(receive(&accepted, 8).1.length, 0, "the end");
}

fn a_server_is_found_by_its_path() {
    let address = Address::path(c"control").expect("an address");
    let client = socket::socket(Kind::Stream, OFlags::default()).expect("a socket");
    let missing = socket::connect(client.as_fd(), &address);
    assert_eq!(missing, Err(Errno::ENOENT));
    meet(&address);
    sys::file::unlink(c"control").expect("its file");
    // A path of this length is the longest that fits, and is not truncated.
    meet(&Address::path(format_text!("{:0>107}", 7).c_str()).expect("an address"));
}

fn a_server_is_found_by_its_abstract_name() {
    let name = format_text!("nestling-{}", sys::process::getpid());
    let address = Address::abstract_name(name.as_str().as_bytes()).expect("an address");
    meet(&address);
    // An abstract name leaves no file, and can be used again.
    meet(&address);
}

fn the_credentials_of_the_other_end_are_known() {
    need_root();
    let address = Address::path(c"control").expect("an address");
    let new = || socket::socket(Kind::SeqPacket, OFlags::default()).expect("a socket");
    let server = new();
    socket::bind(server.as_fd(), &address).expect("an address");
    socket::listen(server.as_fd(), 1).expect("a server");
    sys::file::chmod(c"control", 0o777).expect("a mode");
    sys::file::chmod(c".", 0o777).expect("a mode");
    let child = fork(|| {
        credentials::setgid(12).expect("a group");
        credentials::setuid(34).expect("a user");
        let client = new();
        socket::connect(client.as_fd(), &address).expect("a connection");
        let _ = sys::fd::read(client.as_fd(), &mut [0]);
    });
    let accepted = socket::accept(server.as_fd(), OFlags::default()).expect("a connection");
    let peer = socket::peer_credentials(accepted.as_fd()).expect("the other end");
    assert_eq!((peer.pid, peer.uid, peer.gid), (Some(child), 34, 12));
    drop(accepted);
    join(child);
}

fn a_closed_other_end_is_an_error_and_no_signal() {
    for kind in [Kind::Stream, Kind::SeqPacket] {
        let (one, other) = pair(kind);
        drop(other);
        assert_eq!(send(&one, b"words"), Err(Errno::EPIPE));
    }
}

fn an_address_that_is_too_long_is_an_error() {
    let long = format_text!("{:0>108}", 7);
    let answer = Address::path(long.c_str()).map(drop);
    assert_eq!(answer, Err(Errno::ENAMETOOLONG));
    let answer = Address::abstract_name(long.as_str().as_bytes()).map(drop);
    assert_eq!(answer, Err(Errno::ENAMETOOLONG));
    assert_eq!(Address::path(c"").map(drop), Err(Errno::EINVAL));
}

fn a_nonblocking_socket_without_data_is_an_error() {
    let new = || socket::socket(Kind::Stream, OFlags::NONBLOCK).expect("a socket");
    let (server, client) = (new(), new());
    let address = Address::path(c"control").expect("an address");
    socket::bind(server.as_fd(), &address).expect("an address");
    socket::listen(server.as_fd(), 1).expect("a server");
    let accept = || socket::accept(server.as_fd(), OFlags::NONBLOCK);
    assert_eq!(accept().map(drop), Err(Errno::EAGAIN));
    socket::connect(client.as_fd(), &address).expect("a connection");
    let accepted = accept().expect("a connection");
    let answer = socket::recvmsg(accepted.as_fd(), &mut [0], &mut []);
    assert_eq!(answer, Err(Errno::EAGAIN));
}

fn the_kernel_reports_events_of_devices() {
    let socket = match socket::uevents(OFlags::NONBLOCK) {
        Ok(socket) => socket,
        Err(errno) => skip(format_args!("no such socket here: {errno}")),
    };
    let mut buffer = [0; 4096];
    if runner() != "kernel" {
        return; // the test must not cause events of this machine's devices
    }
    unshare(Namespaces::MOUNT).expect("a namespace"); // the mount ends with this process's namespace
    make_directory(c"sys").expect("a directory");
    mount(c"sys", c"sys", c"sysfs", MountFlags::default(), c"").expect("sysfs");
    let event = c"sys/devices/virtual/mem/null/uevent";
    let file = sys::fd::open(event, OFlags::WRONLY | OFlags::CLOEXEC, 0).expect("the file");
    assert_eq!(sys::fd::write(file.as_fd(), b"change"), Ok(6));
    let expected = b"change@/devices/virtual/mem/null\0";
    while !buffer.starts_with(expected) {
        sys::fd::read(socket.as_fd(), &mut buffer).expect("a message");
    }
}

/// Whether this machine can send packets to itself: the interface `lo` has an address.
fn has_loopback() -> bool {
    // A `struct sockaddr_in` for 127.0.0.1, port 9.
    let mut address = [0u8; 16];
    address[..2].copy_from_slice(&(net::AF_INET as u16).to_ne_bytes());
    address[2..8].copy_from_slice(&[0, 9, 127, 0, 0, 1]);
    let (family, kind) = (net::AF_INET as usize, net::SOCK_DGRAM as usize);
    // SAFETY: the calls take numbers, and the kernel reads the address. This function owns the descriptor.
    unsafe {
        let fd = call(linux::__NR_socket, [family, kind, 0]).expect("a socket");
        let socket = OwnedFd::from_raw_fd(fd as RawFd);
        let pointer = address.as_ptr() as usize;
        call(
            linux::__NR_connect,
            [socket.as_raw_fd() as usize, pointer, 16],
        )
        .is_ok()
    }
}

fn the_loopback_interface_is_brought_up() {
    need_root();
    if let Err(errno) = unshare(Namespaces::NETWORK) {
        skip(format_args!("no namespaces here: {errno}"));
    }
    assert!(!has_loopback());
    socket::set_up(c"lo").expect("lo");
    assert!(has_loopback());
    socket::set_up(c"lo").expect("lo");
}

fn an_interface_that_is_not_there_is_an_error() {
    for name in [c"nope", c"", c"a name that is too long for one"] {
        assert_eq!(socket::set_up(name), Err(Errno::ENODEV), "{name:?}");
    }
}
