//! Tests of terminals: pseudo-terminals, attributes, size, and the session and process group of a terminal.

use core::mem::ManuallyDrop;

use linux_raw_sys::ioctl::FIONREAD;
use nestling::sys::{self, process, signal};
use nestling::terminal::{self, Attributes, Mode, Pty, Queue, Saved, Size, Special, When};
use nestling::wait::{self, Who};
use nestling::{AsFd, BorrowedFd, Errno, OFlags, OwnedFd, Pid, SigSet, Signal, signals};
use nestling_tests::{
    DESCRIPTORS, Table, call, close, emulated, fd, fork, ioctl, join, limit_descriptors, make_file,
    need_root, open_only, skip,
};

nestling_tests::suite! {
    once {
        what_is_written_on_one_side_is_read_on_the_other,
        both_sides_close_on_exec_and_neither_controls_this_session,
        no_room_for_two_descriptors_is_an_error_and_leaves_none,
        an_old_kernels_pseudo_terminal_is_opened_by_its_name,
        a_terminal_is_distinguished_from_other_files,
        attributes_are_read_as_they_were_set,
        a_speed_is_any_number,
        a_raw_terminal_passes_every_byte,
        a_sane_terminal_echoes_edits_and_translates,
        without_echo_nothing_typed_is_shown,
        a_guard_restores_the_attributes,
        attributes_are_set_with_or_without_the_input,
        unread_input_is_discarded,
        unsent_output_is_discarded,
        a_drain_waits_for_nothing_once_all_is_sent,
        a_size_is_the_same_on_both_sides,
        a_new_size_is_signalled_to_the_foreground_group_only,
        a_session_gets_a_terminal_and_gives_it_up,
        another_sessions_terminal_cannot_be_taken,
        a_foreground_group_is_one_of_this_session_with_a_member,
        a_terminal_that_was_hung_up_is_at_its_end,
        every_call_on_a_file_that_is_no_terminal_is_an_error,
    }
}

fn pty() -> Pty {
    match terminal::openpty() {
        Ok(pty) => pty,
        Err(errno @ (Errno::ENOENT | Errno::EACCES)) => {
            skip(format_args!("no pseudo-terminals here: {errno}"))
        }
        Err(errno) => panic!("openpty: {errno}"),
    }
}

/// A pseudo-terminal that controls this session. It stays open, because its end would hang up the session.
fn controlling_pty() -> ManuallyDrop<Pty> {
    let pty = ManuallyDrop::new(pty());
    terminal::set_controlling(pty.terminal.as_fd()).expect("a controlling terminal");
    pty
}

fn attributes(terminal: &OwnedFd) -> Attributes {
    terminal::attributes(terminal.as_fd()).expect("its attributes")
}

/// Changes the attributes by the function `change`.
fn change(terminal: &OwnedFd, change: impl FnOnce(&mut Attributes)) {
    let mut attributes = attributes(terminal);
    change(&mut attributes);
    terminal::set_attributes(terminal.as_fd(), When::Now, &attributes).expect("new attributes");
}

fn write(to: &OwnedFd, bytes: &[u8]) {
    assert_eq!(sys::fd::write(to.as_fd(), bytes), Ok(bytes.len()));
}

/// Reads until all bytes of `expected` have come; other bytes fail the test.
fn reads(from: &OwnedFd, expected: &[u8]) {
    let (mut buffer, mut length) = ([0; 64], 0);
    while length < expected.len() {
        match sys::fd::read(from.as_fd(), &mut buffer[length..expected.len()]) {
            Ok(count @ 1..) => length += count,
            answer => panic!("{answer:?} after {:?}", &buffer[..length]),
        }
        assert_eq!(buffer[..length], expected[..length]);
    }
}

/// Returns how many bytes can be read now.
fn waiting(side: &OwnedFd) -> i32 {
    let mut count = 0;
    ioctl(side.as_raw_fd(), FIONREAD, &mut count).expect("FIONREAD");
    count
}

/// Waits until `count` bytes have arrived: a terminal passes them on after some time.
fn until_waiting(side: &OwnedFd, count: i32) {
    while waiting(side) < count {
        // SAFETY: the call takes no arguments.
        let _ = unsafe { call(linux_raw_sys::general::__NR_sched_yield, []) };
    }
    assert_eq!(waiting(side), count);
}

// ---- Pseudo-terminals ----

fn what_is_written_on_one_side_is_read_on_the_other() {
    let pty = pty();
    write(&pty.controller, b"typed\n");
    reads(&pty.terminal, b"typed\n");
    reads(&pty.controller, b"typed\r\n"); // the terminal's echo
    write(&pty.terminal, b"shown");
    reads(&pty.controller, b"shown");
    let Pty {
        controller,
        terminal,
    } = pty;
    drop(terminal);
    assert_eq!(
        sys::fd::read(controller.as_fd(), &mut [0]),
        Err(Errno::EIO),
        "no process has the other side open"
    );
}

fn both_sides_close_on_exec_and_neither_controls_this_session() {
    let pty = pty();
    for side in [&pty.controller, &pty.terminal] {
        assert_eq!(sys::fd::cloexec(side.as_raw_fd()), Ok(true));
    }
    let session = terminal::session(pty.terminal.as_fd());
    assert_eq!(session, Err(Errno::ENOTTY));
    let tty = sys::fd::open(c"/dev/tty", OFlags::RDWR, 0).map(drop);
    assert_eq!(tty, Err(Errno::ENXIO));
}

fn no_room_for_two_descriptors_is_an_error_and_leaves_none() {
    drop(pty());
    open_only(0..10);
    for free in 0..2 {
        limit_descriptors(10 + free);
        let before = Table::now();
        assert_eq!(terminal::openpty().map(drop), Err(Errno::EMFILE), "{free}");
        assert_eq!(Table::now(), before);
    }
    limit_descriptors(12);
    let pty = pty();
    assert_eq!(pty.controller.as_raw_fd(), 10);
    assert_eq!(pty.terminal.as_raw_fd(), 11);
    limit_descriptors(DESCRIPTORS as u64);
}

fn an_old_kernels_pseudo_terminal_is_opened_by_its_name() {
    drop(pty());
    forbid_ioctl(linux_raw_sys::ioctl::TIOCGPTPEER, Errno::EINVAL);
    let pty = terminal::openpty().expect("another");
    let peer = sys::terminal::pty_peer(pty.controller.as_fd(), OFlags::RDWR).map(drop);
    assert_eq!(peer, Err(Errno::EINVAL), "the kernel has become old");
    write(&pty.controller, b"typed\n");
    reads(&pty.terminal, b"typed\n");
    assert_eq!(sys::fd::cloexec(pty.terminal.as_raw_fd()), Ok(true));
}

/// Installs a seccomp filter: from now on, this request of `ioctl` fails with this errno.
fn forbid_ioctl(request: u32, errno: Errno) {
    use linux_raw_sys::general::{__NR_ioctl, __NR_prctl};
    use linux_raw_sys::prctl::{PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP};
    use linux_raw_sys::ptrace::{SECCOMP_MODE_FILTER, sock_filter, sock_fprog};
    use linux_raw_sys::ptrace::{SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO};
    let step = |code, jf, k| sock_filter { code, jt: 0, jf, k };
    let mut filter = [
        step(0x20, 0, 0),          // load the call's number
        step(0x15, 3, __NR_ioctl), // unless it is `ioctl`, jump to the end
        step(0x20, 0, 24),         // load the second argument's lower half
        step(0x15, 1, request),    // unless it is this request, jump to the end
        step(0x06, 0, SECCOMP_RET_ERRNO | errno.as_raw() as u32),
        step(0x06, 0, SECCOMP_RET_ALLOW),
    ];
    let program = sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    nestling_tests::prctl(PR_SET_NO_NEW_PRIVS, 1).expect("no new privileges");
    let arguments = [
        PR_SET_SECCOMP as usize,
        SECCOMP_MODE_FILTER as usize,
        &raw const program as usize,
    ];
    // SAFETY: the kernel reads the filter.
    if let Err(errno) = unsafe { call(__NR_prctl, arguments) } {
        skip(format_args!("no seccomp filters here: {errno}"));
    }
}

fn a_terminal_is_distinguished_from_other_files() {
    let pty = pty();
    assert!(terminal::is_terminal(pty.terminal.as_fd()));
    make_file(c"file", 0o600, b"");
    let file = sys::fd::open(c"file", OFlags::RDONLY, 0).expect("the file");
    let null = sys::fd::open(c"/dev/null", OFlags::RDONLY, 0).expect("/dev/null");
    let (end, _) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    for other in [&file, &null, &end] {
        assert!(!terminal::is_terminal(other.as_fd()));
    }
    close(50);
    assert!(!terminal::is_terminal(fd(50)));
}

// ---- Attributes ----

fn attributes_are_read_as_they_were_set() {
    let pty = pty();
    let original = attributes(&pty.terminal);
    let modes = [
        Mode::ICRNL,
        Mode::IXON,
        Mode::IUTF8,
        Mode::OPOST,
        Mode::ONLCR,
        Mode::CLOCAL,
        Mode::HUPCL,
        Mode::CRTSCTS,
        Mode::ECHO,
        Mode::ICANON,
        Mode::ISIG,
        Mode::IEXTEN,
        Mode::TOSTOP,
    ];
    for mode in modes {
        for on in [true, false] {
            let mut wanted = original;
            wanted.set(mode, on);
            for when in [When::Now, When::Drain, When::Flush] {
                terminal::set_attributes(pty.terminal.as_fd(), when, &wanted).expect("them");
                assert_eq!(attributes(&pty.terminal), wanted, "{mode:?} {on} {when:?}");
            }
        }
    }
    change(&pty.terminal, |it| it.set_special(Special::Intr, b'i'));
    assert_eq!(attributes(&pty.terminal).special(Special::Intr), b'i');
    assert_eq!(
        attributes(&pty.controller),
        attributes(&pty.terminal),
        "a pseudo-terminal's two sides have the same"
    );
}

fn a_speed_is_any_number() {
    if emulated() {
        skip("the emulator lacks TCGETS2");
    }
    let pty = pty();
    assert_eq!(attributes(&pty.terminal).speed(), 38400);
    for speed in [9600, 115_200, 123_456] {
        change(&pty.terminal, |it| it.set_speed(speed));
        assert_eq!(attributes(&pty.terminal).speed(), speed);
    }
}

fn a_raw_terminal_passes_every_byte() {
    let pty = pty();
    change(&pty.terminal, Attributes::make_raw);
    let bytes = b"\x03\x04\x11\x13\x1a\x1c\r\n\x7f\0\xff";
    write(&pty.controller, bytes);
    reads(&pty.terminal, bytes);
    write(&pty.terminal, bytes);
    reads(&pty.controller, bytes); // no echo came before it
}

fn a_sane_terminal_echoes_edits_and_translates() {
    let pty = pty();
    let original = attributes(&pty.terminal);
    change(&pty.terminal, Attributes::make_raw);
    change(&pty.terminal, Attributes::make_sane);
    for mode in [Mode::ICRNL, Mode::OPOST, Mode::ONLCR, Mode::ECHO] {
        assert!(original.has(mode), "the kernel thinks so, too: {mode:?}");
    }
    write(&pty.controller, b"lb\x7fine\r");
    reads(&pty.terminal, b"line\n");
    reads(&pty.controller, b"lb\x08 \x08ine\r\n");
    write(&pty.controller, b"more\x15\x04");
    assert_eq!(sys::fd::read(pty.terminal.as_fd(), &mut [0]), Ok(0), "^U^D");
}

fn without_echo_nothing_typed_is_shown() {
    let pty = pty();
    change(&pty.terminal, |it| it.set(Mode::ECHO, false));
    write(&pty.controller, b"secret\n");
    reads(&pty.terminal, b"secret\n");
    write(&pty.terminal, b"shown");
    reads(&pty.controller, b"shown");
}

fn a_guard_restores_the_attributes() {
    let pty = pty();
    let before = attributes(&pty.terminal);
    let saved = Saved::new(pty.terminal.as_fd()).expect("its attributes");
    assert_eq!(saved.attributes(), before);
    change(&pty.terminal, |it| {
        it.make_raw();
        it.set_special(Special::Eof, 1);
    });
    assert_ne!(attributes(&pty.terminal), before);
    drop(saved);
    assert_eq!(attributes(&pty.terminal), before);
}

fn attributes_are_set_with_or_without_the_input() {
    let pty = pty();
    change(&pty.terminal, Attributes::make_raw);
    let raw = attributes(&pty.terminal);
    for (when, left) in [(When::Now, 3), (When::Drain, 3), (When::Flush, 0)] {
        let before = waiting(&pty.terminal);
        write(&pty.controller, b"abc");
        until_waiting(&pty.terminal, before + 3);
        terminal::set_attributes(pty.terminal.as_fd(), when, &raw).expect("them");
        let left = if left == 0 { 0 } else { before + left };
        assert_eq!(waiting(&pty.terminal), left, "{when:?}");
    }
}

fn unread_input_is_discarded() {
    let pty = pty();
    change(&pty.terminal, Attributes::make_raw);
    for queue in [Queue::Input, Queue::Both] {
        write(&pty.controller, b"abc");
        until_waiting(&pty.terminal, 3);
        terminal::flush(pty.terminal.as_fd(), Queue::Output).expect("the output's flush");
        assert_eq!(waiting(&pty.terminal), 3);
        terminal::flush(pty.terminal.as_fd(), queue).expect("a flush");
        assert_eq!(waiting(&pty.terminal), 0, "{queue:?}");
    }
}

/// The other side stores at most 4 KiB of unread output; the terminal does not send what exceeds that.
fn unsent_output_is_discarded() {
    const COUNT: usize = 6000;
    let pty = pty();
    change(&pty.terminal, Attributes::make_raw);
    for (queue, all) in [
        (Queue::Input, true),
        (Queue::Output, false),
        (Queue::Both, false),
    ] {
        write(&pty.terminal, &[b'x'; COUNT]);
        terminal::flush(pty.terminal.as_fd(), queue).expect("a flush");
        write(&pty.terminal, b"!");
        let (mut count, mut buffer) = (0, [0; 1000]);
        while !buffer.contains(&b'!') {
            count += sys::fd::read(pty.controller.as_fd(), &mut buffer).expect("output");
        }
        assert!((count == COUNT + 1) == all, "{queue:?}: {count}");
    }
}

fn a_drain_waits_for_nothing_once_all_is_sent() {
    let pty = pty();
    write(&pty.terminal, b"abc");
    terminal::drain(pty.terminal.as_fd()).expect("all sent");
    reads(&pty.controller, b"abc");
}

// ---- Size ----

fn a_size_is_the_same_on_both_sides() {
    let pty = pty();
    let size = |side: &OwnedFd| terminal::size(side.as_fd()).expect("its size");
    assert_eq!(size(&pty.terminal), Size::default());
    let sizes = [
        Size {
            rows: 24,
            columns: 80,
        },
        Size {
            rows: 1,
            columns: u16::MAX,
        },
    ];
    for wanted in sizes {
        terminal::set_size(pty.controller.as_fd(), wanted).expect("a size");
        assert_eq!(
            (size(&pty.controller), size(&pty.terminal)),
            (wanted, wanted)
        );
        let other = Size {
            rows: wanted.rows + 1,
            ..wanted
        };
        terminal::set_size(pty.terminal.as_fd(), other).expect("a size");
        assert_eq!((size(&pty.controller), size(&pty.terminal)), (other, other));
    }
}

fn a_new_size_is_signalled_to_the_foreground_group_only() {
    let pty = controlling_pty();
    // A blocked signal is kept pending, although its default action is to be ignored.
    signal::set_mask(SigSet::EMPTY.with(Signal::WINCH)).expect("a mask");
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let member = |expected: bool| {
        let pid = fork(|| {
            close(held.as_raw_fd());
            let _ = sys::fd::read(end.as_fd(), &mut [0]);
            assert_eq!(pending().contains(Signal::WINCH), expected);
        });
        process::setpgid(pid.as_raw(), 0).expect("a group of its own");
        pid
    };
    let (background, foreground) = (member(false), member(true));
    set_foreground_at_all_costs(pty.terminal.as_fd(), foreground);
    let size = Size {
        rows: 50,
        columns: 132,
    };
    terminal::set_size(pty.controller.as_fd(), size).expect("a size");
    drop(held);
    join(background);
    join(foreground);
    assert!(!pending().contains(Signal::WINCH), "not foreground");
}

fn pending() -> SigSet {
    signals::pending().expect("the pending signals")
}

// ---- The terminal's session and foreground group ----

/// Sets the foreground group even if this process is in the background.
fn set_foreground_at_all_costs(terminal: BorrowedFd<'_>, group: Pid) {
    let _blocked = signals::block(SigSet::EMPTY.with(Signal::TTOU)).expect("a mask");
    terminal::set_foreground(terminal, group).expect("the foreground");
}

fn a_session_gets_a_terminal_and_gives_it_up() {
    let pty = pty();
    let (terminal, own) = (pty.terminal.as_fd(), process::getpid());
    assert_eq!(terminal::session(terminal), Err(Errno::ENOTTY));
    assert_eq!(terminal::foreground(terminal), Err(Errno::ENOTTY));
    assert_eq!(
        terminal::give_up_controlling(terminal),
        Err(Errno::ENOTTY),
        "it has none"
    );
    terminal::set_controlling(terminal).expect("a controlling terminal");
    for side in [terminal, pty.controller.as_fd()] {
        // The emulator does not pass the result on.
        let session = (!emulated()).then_some(own);
        assert_eq!(terminal::session(side), Ok(session));
        assert_eq!(terminal::foreground(side), Ok(Some(own)));
    }
    drop(sys::fd::open(c"/dev/tty", OFlags::RDWR, 0).expect("/dev/tty"));
    let other = ManuallyDrop::new(self::pty());
    assert_eq!(
        terminal::set_controlling(other.terminal.as_fd()),
        Err(Errno::EPERM),
        "it has one"
    );
    // The leader gives up the terminal for all processes of the session, and gets SIGHUP.
    signal::set_mask(SigSet::EMPTY.with(Signal::HUP)).expect("a mask");
    terminal::give_up_controlling(terminal).expect("no more");
    assert!(pending().contains(Signal::HUP));
    assert_eq!(terminal::session(terminal), Err(Errno::ENOTTY));
    terminal::set_controlling(other.terminal.as_fd()).expect("another");
}

fn another_sessions_terminal_cannot_be_taken() {
    let pty = controlling_pty();
    join(fork(|| {
        process::setsid().expect("a session");
        let terminal = pty.terminal.as_fd();
        assert_eq!(terminal::set_controlling(terminal), Err(Errno::EPERM));
        assert_eq!(terminal::foreground(terminal), Err(Errno::ENOTTY));
        assert_eq!(
            terminal::set_foreground(terminal, process::getpid()),
            Err(Errno::ENOTTY)
        );
    }));
    join(fork(|| {
        assert_eq!(
            terminal::set_controlling(pty.terminal.as_fd()),
            Err(Errno::EPERM),
            "only a session's leader"
        );
    }));
}

fn a_foreground_group_is_one_of_this_session_with_a_member() {
    let pty = controlling_pty();
    let terminal = pty.terminal.as_fd();
    let own = process::getpid();
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let child = |session: bool| {
        let (ready, tell) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
        let pid = fork(|| {
            close(held.as_raw_fd());
            if session {
                process::setsid().expect("a session");
            } else {
                process::setpgid(0, 0).expect("a group");
            }
            write(&tell, b"x");
            let _ = sys::fd::read(end.as_fd(), &mut [0]);
        });
        reads(&ready, b"x");
        pid
    };
    let (here, elsewhere) = (child(false), child(true));
    assert_eq!(
        terminal::set_foreground(terminal, elsewhere),
        Err(Errno::EPERM)
    );
    assert_eq!(terminal::foreground(terminal), Ok(Some(own)));
    terminal::set_foreground(terminal, here).expect("a group of this session");
    assert_eq!(terminal::foreground(terminal), Ok(Some(here)));
    assert_eq!(
        terminal::set_foreground(terminal, own),
        Err(Errno::ENOTTY),
        "an orphaned process in the background, which no process could continue"
    );
    set_foreground_at_all_costs(terminal, own);
    assert_eq!(terminal::foreground(terminal), Ok(Some(own)));
    drop(held);
    join(elsewhere);
    // A zombie is a member of its group until it is reaped.
    wait::peek(Who::Child(here), wait::Options::default()).expect("its end");
    terminal::set_foreground(terminal, here).expect("a zombie's group");
    set_foreground_at_all_costs(terminal, own);
    join(here);
    assert_eq!(terminal::set_foreground(terminal, here), Err(Errno::ESRCH));
}

fn a_terminal_that_was_hung_up_is_at_its_end() {
    need_root();
    if emulated() {
        skip("the emulator lacks TIOCVHANGUP");
    }
    let pty = pty();
    terminal::hang_up(pty.terminal.as_fd()).expect("a hang-up");
    let terminal = pty.terminal.as_fd();
    assert_eq!(sys::fd::read(terminal, &mut [0]), Ok(0));
    assert_eq!(sys::fd::write(terminal, b"x"), Err(Errno::EIO));
    assert_eq!(terminal::attributes(terminal), Err(Errno::EIO));
    assert_eq!(terminal::size(terminal), Err(Errno::EIO));
    assert_eq!(terminal::foreground(terminal), Err(Errno::EIO));
}

fn every_call_on_a_file_that_is_no_terminal_is_an_error() {
    let (end, _) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    close(50);
    let pty = pty();
    let some = attributes(&pty.terminal);
    for (fd, errno) in [(end.as_fd(), Errno::ENOTTY), (fd(50), Errno::EBADF)] {
        let own = process::getpid();
        assert_eq!(terminal::attributes(fd).map(drop), Err(errno));
        assert_eq!(terminal::set_attributes(fd, When::Now, &some), Err(errno));
        assert_eq!(Saved::new(fd).map(drop), Err(errno));
        assert_eq!(terminal::drain(fd), Err(errno));
        assert_eq!(terminal::flush(fd, Queue::Both), Err(errno));
        assert_eq!(terminal::size(fd), Err(errno));
        assert_eq!(terminal::set_size(fd, Size::default()), Err(errno));
        assert_eq!(terminal::foreground(fd), Err(errno));
        assert_eq!(terminal::set_foreground(fd, own), Err(errno));
        assert_eq!(terminal::session(fd), Err(errno));
        assert_eq!(terminal::set_controlling(fd), Err(errno));
        assert_eq!(terminal::give_up_controlling(fd), Err(errno));
        if !emulated() {
            assert_eq!(terminal::hang_up(fd), Err(errno));
        }
    }
}
