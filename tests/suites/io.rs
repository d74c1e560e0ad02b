//! Tests of reading, writing and printing.

use alloc::vec::Vec;
use core::ffi::CStr;
use core::sync::atomic::{AtomicI32, Ordering::Relaxed};

use linux_raw_sys::general as linux;
use nestling::SeekFrom;
use nestling::io::{self, Reader, Writer};
use nestling::sys::fd::{self, pipe2};
use nestling::sys::file;
use nestling::sys::signal::{self, Disposition};
use nestling::text::{Quoted, Sink, Text};
use nestling::{
    AsFd, BorrowedFd, Errno, ExitStatus, OFlags, OwnedFd, Pid, Resource, Rlimit, Signal, sys, wait,
};
use nestling_tests::{
    close, emulated, fork, handle, handled, join, make_file, read_file, set_timer, skip,
};

nestling_tests::suite! {
    once {
        a_handler_ends_a_system_call_but_not_a_read,
        a_handler_does_not_tear_a_write,
        short_reads_are_made_whole,
        the_end_is_an_error_for_read_exact_only,
        read_to_end_appends_everything_to_the_buffer,
        bytes_that_were_read_before_an_error_are_kept,
        reading_without_memory_is_an_error,
        everything_is_copied,
        a_full_device_is_an_error,
        a_pipe_without_a_reader_is_an_error_or_a_signal,
        a_nonblocking_descriptor_is_not_waited_for,
        what_cannot_be_read_or_written_is_an_error,
        lines_are_read_whatever_their_length,
        a_line_comes_in_pieces_where_there_is_no_room,
        bytes_that_were_not_consumed_are_returned_again,
        a_reader_can_continue_after_the_end,
        bytes_that_were_read_ahead_are_not_lost,
        a_short_text_is_one_write,
        a_long_text_is_written_whole,
        a_print_is_one_write,
        every_kind_of_text_is_printed,
        a_line_goes_to_standard_error,
        output_that_cannot_be_written_is_lost,
    }
}

/// A pipe of packets: each `read` returns the bytes of one `write`.
fn packets() -> (OwnedFd, OwnedFd) {
    pipe2(OFlags::CLOEXEC | OFlags::from_bits(linux::O_DIRECT)).expect("a pipe of packets")
}

fn pipe() -> (OwnedFd, OwnedFd) {
    pipe2(OFlags::CLOEXEC).expect("a pipe")
}

fn open(path: &CStr) -> OwnedFd {
    fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0).expect("a file")
}

fn create(path: &CStr) -> OwnedFd {
    let flags = OFlags::RDWR | OFlags::CREAT | OFlags::TRUNC | OFlags::CLOEXEC;
    fd::open(path, flags, 0o600).expect("a new file")
}

/// The byte at an offset, in a pattern with a long period.
fn pattern(offset: usize) -> u8 {
    (offset % 251) as u8
}

/// Opens `/dev/full`, on which every write fails with `ENOSPC`.
fn full() -> OwnedFd {
    match fd::open(c"/dev/full", OFlags::WRONLY | OFlags::CLOEXEC, 0) {
        Ok(fd) => fd,
        Err(errno) => skip(format_args!("/dev/full: {errno}")),
    }
}

// ---- Signals ----

fn a_handler_ends_a_system_call_but_not_a_read() {
    static END: AtomicI32 = AtomicI32::new(-1);
    static LEFT: AtomicI32 = AtomicI32::new(0);
    // At its fifth run after `LEFT` was set, the handler writes.
    unsafe extern "C" fn handler(_: i32) {
        if LEFT.fetch_sub(1, Relaxed) == 1 {
            let _ = fd::write(nestling_tests::fd(END.load(Relaxed)), b"late");
        }
    }
    let (read_end, write_end) = pipe();
    END.store(write_end.as_raw_fd(), Relaxed);
    // SAFETY: the handler only counts and writes, which is allowed in a handler.
    unsafe { signal::set_action(Signal::ALRM, Disposition::Handler(handler), 0) }
        .expect("a handler");
    let mut buffer = [0; 9];
    set_timer(&[0, 2000, 0, 2000]);
    assert_eq!(fd::read(read_end.as_fd(), &mut buffer), Err(Errno::EINTR));
    LEFT.store(5, Relaxed);
    assert_eq!(io::read(read_end.as_fd(), &mut buffer), Ok(4));
    set_timer(&[0; 4]);
    assert_eq!(buffer[..4], *b"late");
}

fn a_handler_does_not_tear_a_write() {
    const LENGTH: usize = 1 << 20;
    handle([Signal::ALRM].into_iter(), 0);
    let (read_end, write_end) = pipe();
    let helper = fork(|| {
        close(write_end.as_raw_fd());
        // At that point, the pipe is full, and the writer was interrupted.
        while handled(Signal::ALRM) < 5 {
            core::hint::spin_loop();
        }
        let (mut offset, mut buffer) = (0, [0; 999]);
        loop {
            match io::read(read_end.as_fd(), &mut buffer).expect("what was written") {
                0 => break,
                length => {
                    for &byte in &buffer[..length] {
                        assert_eq!(byte, pattern(offset), "at {offset}");
                        offset += 1;
                    }
                }
            }
        }
        assert_eq!(offset, LENGTH);
    });
    drop(read_end);
    let bytes: Vec<u8> = (0..LENGTH).map(pattern).collect();
    set_timer(&[0, 2000, 0, 2000]);
    assert_eq!(io::write_all(write_end.as_fd(), &bytes), Ok(()));
    set_timer(&[0; 4]);
    drop(write_end);
    join(helper);
    assert!(handled(Signal::ALRM) >= 5);
}

// ---- Without a buffer ----

fn short_reads_are_made_whole() {
    let (read_end, write_end) = packets();
    for piece in ["1", "23", "456", "7", "89"] {
        assert_eq!(
            fd::write(write_end.as_fd(), piece.as_bytes()),
            Ok(piece.len())
        );
    }
    drop(write_end);
    let mut buffer = [0; 4];
    assert_eq!(fd::read(read_end.as_fd(), &mut buffer[..1]), Ok(1));
    assert_eq!(fd::read(read_end.as_fd(), &mut buffer), Ok(2), "a packet");
    assert_eq!(io::read_exact(read_end.as_fd(), &mut buffer), Ok(()));
    assert_eq!(buffer, *b"4567");
    assert_eq!(io::fill(read_end.as_fd(), &mut buffer), Ok(2));
    assert_eq!(buffer, *b"8967");
}

fn the_end_is_an_error_for_read_exact_only() {
    make_file(c"file", 0o600, b"12345");
    let file = open(c"file");
    let mut buffer = [0; 4];
    assert_eq!(io::fill(file.as_fd(), &mut []), Ok(0));
    assert_eq!(io::fill(file.as_fd(), &mut buffer), Ok(4));
    let whole = io::read_exact(file.as_fd(), &mut buffer);
    assert_eq!(whole, Err(Errno::ENODATA));
    assert_eq!(io::fill(file.as_fd(), &mut buffer), Ok(0));
    assert_eq!(io::read(file.as_fd(), &mut buffer), Ok(0));
    assert_eq!(io::read_exact(file.as_fd(), &mut []), Ok(()));
}

fn read_to_end_appends_everything_to_the_buffer() {
    for length in [0, 1, 100, 511, 512, 513, 4096, 100_000] {
        let content: Vec<u8> = (0..length).map(pattern).collect();
        let file = create(c"file");
        io::write_all(file.as_fd(), &content).expect("a write");
        fd::lseek(file.as_fd(), SeekFrom::Start(0)).expect("lseek");
        let mut bytes = Vec::from(*b"before");
        assert_eq!(io::read_to_end(file.as_fd(), &mut bytes), Ok(length));
        assert_eq!(&bytes[..6], b"before");
        assert!(bytes[6..] == content[..], "{length} bytes");
        assert_eq!(io::read_to_end(file.as_fd(), &mut bytes), Ok(0));
        assert_eq!(bytes.len(), 6 + length);
    }
}

fn bytes_that_were_read_before_an_error_are_kept() {
    let (read_end, write_end) = packets();
    fd::set_nonblocking(read_end.as_fd(), true).expect("nonblocking");
    for piece in [b"one", b"two"] {
        assert_eq!(fd::write(write_end.as_fd(), piece), Ok(3));
    }
    let mut bytes = Vec::from(*b"0");
    let outcome = io::read_to_end(read_end.as_fd(), &mut bytes);
    assert_eq!((outcome, &bytes[..]), (Err(Errno::EAGAIN), &b"0onetwo"[..]));
    assert_eq!(fd::write(write_end.as_fd(), b"four"), Ok(4));
    let mut reader = Reader::new(read_end.as_fd());
    let outcome = reader.read_until(b'\n', &mut bytes);
    assert_eq!((outcome, &bytes[7..]), (Err(Errno::EAGAIN), &b"four"[..]));
}

fn reading_without_memory_is_an_error() {
    if emulated() {
        skip("the emulator's own memory is under the limit, too");
    }
    let old = sys::resource::getrlimit(Resource::As).expect("a limit");
    let limit = Rlimit {
        soft: 64 << 20,
        ..old
    };
    sys::resource::setrlimit(Resource::As, limit).expect("a limit");
    let (zeros, mut bytes) = (open(c"/dev/zero"), Vec::new());
    let outcome = io::read_to_end(zeros.as_fd(), &mut bytes);
    assert_eq!(outcome, Err(Errno::ENOMEM));
    assert!(bytes.len() > 1 << 20);
    let outcome = Reader::new(zeros.as_fd()).read_until(b'\n', &mut bytes);
    assert_eq!(outcome, Err(Errno::ENOMEM));
    drop(bytes);
    let mut bytes = Vec::new();
    io::read_to_end(open(c"/dev/null").as_fd(), &mut bytes).expect("memory again");
}

fn everything_is_copied() {
    for length in [0, 1, 4095, 4096, 4097, 100_000] {
        let content: Vec<u8> = (0..length).map(pattern).collect();
        io::write_all(create(c"from").as_fd(), &content).expect("a write");
        let (from, to) = (open(c"from"), create(c"to"));
        assert_eq!(io::copy(from.as_fd(), to.as_fd()), Ok(length as u64));
        let mut copied = Vec::new();
        io::read_to_end(open(c"to").as_fd(), &mut copied).expect("the copy");
        assert!(copied == content, "{length} bytes");
    }
    let (directory, to) = (open(c"."), create(c"to"));
    assert_eq!(io::copy(directory.as_fd(), to.as_fd()), Err(Errno::EISDIR));
    let (from, closed) = (open(c"from"), nestling_tests::fd(60));
    assert_eq!(io::copy(from.as_fd(), closed), Err(Errno::EBADF));
}

// ---- Errors ----

fn a_full_device_is_an_error() {
    let full = full();
    let nothing_left = Err(Errno::ENOSPC);
    assert_eq!(io::write_all(full.as_fd(), b"text"), nothing_left);
    assert_eq!(io::write_all(full.as_fd(), b""), Ok(()));
    let mut writer = Writer::new(full.as_fd());
    assert_eq!(writer.write(b"text"), Ok(()), "it waits in the buffer");
    assert_eq!(writer.flush(), nothing_left);
    assert_eq!(writer.flush(), Ok(()), "it is lost");
    assert_eq!(writer.write(&[b'x'; 600]), nothing_left);
}

fn a_pipe_without_a_reader_is_an_error_or_a_signal() {
    let (read_end, write_end) = pipe();
    drop(read_end);
    let writer = fork(|| {
        let _ = io::write_all(write_end.as_fd(), b"text");
    });
    let status = wait::wait(writer).expect("its status");
    assert_eq!(status.signal(), Some(Signal::PIPE));
    // SAFETY: the action `Ignore` runs no handler.
    unsafe { signal::set_action(Signal::PIPE, Disposition::Ignore, 0) }.expect("no signal");
    let outcome = io::write_all(write_end.as_fd(), b"text");
    assert_eq!(outcome, Err(Errno::EPIPE));
}

fn a_nonblocking_descriptor_is_not_waited_for() {
    let (read_end, write_end) = pipe();
    for end in [&read_end, &write_end] {
        fd::set_nonblocking(end.as_fd(), true).expect("nonblocking");
    }
    let again = Err(Errno::EAGAIN);
    assert_eq!(io::read(read_end.as_fd(), &mut [0]).map(drop), again);
    assert_eq!(io::fill(read_end.as_fd(), &mut [0]).map(drop), again);
    let mut reader = Reader::new(read_end.as_fd());
    assert_eq!(reader.fill_buf().map(drop), again);
    let large: Vec<u8> = alloc::vec![b'x'; 2 << 20];
    assert_eq!(io::write_all(write_end.as_fd(), &large), again);
}

fn what_cannot_be_read_or_written_is_an_error() {
    make_file(c"file", 0o600, b"");
    let writing = fd::open(c"file", OFlags::WRONLY | OFlags::CLOEXEC, 0).expect("the file");
    for (fd, errno) in [
        (nestling_tests::fd(60), Errno::EBADF),
        (writing.as_fd(), Errno::EBADF),
        (open(c".").as_fd(), Errno::EISDIR),
    ] {
        let (error, mut bytes) = (Err(errno), Vec::new());
        assert_eq!(io::read(fd, &mut [0]).map(drop), error);
        assert_eq!(io::fill(fd, &mut [0]).map(drop), error);
        assert_eq!(io::read_exact(fd, &mut [0]), error);
        assert_eq!(io::read_to_end(fd, &mut bytes).map(drop), error);
        let mut reader = Reader::new(fd);
        assert_eq!(reader.fill_buf().map(drop), error);
        assert_eq!(reader.fill_until(b'\n', &mut [0]).map(drop), error);
        assert_eq!(reader.read_until(b'\n', &mut bytes).map(drop), error);
        assert_eq!(reader.read_to_end(&mut bytes).map(drop), error);
    }
    let reading = open(c"file");
    assert_eq!(io::write_all(reading.as_fd(), b"x"), Err(Errno::EBADF));
}

// ---- Through a buffer ----

/// The lengths of the lines, with their newlines. A last line without a newline follows.
const LENGTHS: [usize; 9] = [1, 80, 1, 1024, 1023, 1025, 5000, 2, 700];

fn lines() -> OwnedFd {
    let file = create(c"lines");
    for (index, length) in LENGTHS.iter().enumerate() {
        let line: Vec<u8> = (1..*length).map(|_| b'a' + index as u8).collect();
        io::write_all(file.as_fd(), &line).expect("a write");
        let end: &[u8] = if index == LENGTHS.len() - 1 {
            b"."
        } else {
            b"\n"
        };
        io::write_all(file.as_fd(), end).expect("a write");
    }
    open(c"lines")
}

fn is_line(line: &[u8], index: usize) {
    let (&last, line) = line.split_last().expect("a line");
    assert_eq!(line.len() + 1, LENGTHS[index], "line {index}");
    assert!(line.iter().all(|&byte| byte == b'a' + index as u8));
    assert_eq!(last == b'\n', index < LENGTHS.len() - 1);
}

fn lines_are_read_whatever_their_length() {
    let file = lines();
    let (mut reader, mut buffer) = (Reader::new(file.as_fd()), [0; 5000]);
    for index in 0..LENGTHS.len() {
        let length = reader.fill_until(b'\n', &mut buffer).expect("a line");
        is_line(&buffer[..length], index);
    }
    assert_eq!(reader.fill_until(b'\n', &mut buffer), Ok(0));

    let file = lines();
    let (mut reader, mut bytes) = (Reader::new(file.as_fd()), Vec::new());
    for index in 0..LENGTHS.len() {
        bytes.clear();
        bytes.extend_from_slice(b"before");
        let length = reader.read_until(b'\n', &mut bytes).expect("a line");
        assert_eq!(bytes.len(), 6 + length);
        assert_eq!(bytes[..6], *b"before");
        is_line(&bytes[6..], index);
    }
    assert_eq!(reader.read_until(b'\n', &mut bytes), Ok(0));
}

fn a_line_comes_in_pieces_where_there_is_no_room() {
    make_file(c"file", 0o600, b"abcdefgh\nij\n\nk");
    let file = open(c"file");
    let mut reader = Reader::new(file.as_fd());
    for piece in ["abc", "def", "gh\n", "ij\n", "\n", "k", ""] {
        let mut buffer = [0; 3];
        let length = reader.fill_until(b'\n', &mut buffer).expect("a piece");
        assert_eq!(&buffer[..length], piece.as_bytes());
    }
    let file = open(c"file");
    let mut reader = Reader::new(file.as_fd());
    assert_eq!(reader.fill_until(b'\n', &mut []), Ok(0));
    let mut buffer = [0; 9];
    assert_eq!(
        reader.fill_until(b'd', &mut buffer),
        Ok(4),
        "any byte will do"
    );
}

fn bytes_that_were_not_consumed_are_returned_again() {
    make_file(c"file", 0o600, b"0123456789");
    let file = open(c"file");
    let mut reader = Reader::new(file.as_fd());
    assert_eq!(reader.fill_buf(), Ok(&b"0123456789"[..]));
    assert_eq!(reader.fill_buf(), Ok(&b"0123456789"[..]));
    reader.consume(4);
    assert_eq!(reader.fill_buf(), Ok(&b"456789"[..]));
    reader.consume(usize::MAX);
    assert_eq!(reader.fill_buf(), Ok(&b""[..]));
    reader.consume(1);
    assert_eq!(reader.fill_buf(), Ok(&b""[..]));
}

fn a_reader_can_continue_after_the_end() {
    let (writing, reading) = (create(c"file"), open(c"file"));
    let (mut reader, mut line) = (Reader::new(reading.as_fd()), [0; 20]);
    assert_eq!(reader.fill_until(b'\n', &mut line), Ok(0));
    io::write_all(writing.as_fd(), b"more\nand").expect("a write");
    assert_eq!(reader.fill_until(b'\n', &mut line), Ok(5));
    assert_eq!(reader.fill_until(b'\n', &mut line), Ok(3));
    io::write_all(writing.as_fd(), b" more\n").expect("a write");
    assert_eq!(reader.fill_until(b'\n', &mut line), Ok(6));
    assert_eq!(&line[..6], b" more\n");
}

fn bytes_that_were_read_ahead_are_not_lost() {
    let file = lines();
    let (mut reader, mut line, mut rest) = (Reader::new(file.as_fd()), [0; 99], Vec::new());
    assert_eq!(reader.fill_until(b'\n', &mut line), Ok(1));
    let total: usize = LENGTHS.iter().sum();
    assert_eq!(reader.read_to_end(&mut rest), Ok(total - 1));
    is_line(&rest[..80], 1);
    is_line(&rest[total - 701..], 8);
    assert_eq!(reader.read_to_end(&mut rest), Ok(0));
}

/// Returns the lengths of the writes into a pipe in packet mode (`O_DIRECT`).
fn writes(read_end: OwnedFd) -> Vec<usize> {
    let mut buffer = [0; 4096];
    let mut next = || fd::read(read_end.as_fd(), &mut buffer).expect("a packet");
    core::iter::from_fn(|| Some(next()).filter(|&length| length > 0)).collect()
}

fn a_short_text_is_one_write() {
    let (read_end, write_end) = packets();
    let mut writer = Writer::new(write_end.as_fd());
    for _ in 0..128 {
        assert_eq!(writer.write(b"text"), Ok(()));
    }
    drop(writer);
    let mut writer = Writer::new(write_end.as_fd());
    assert_eq!(writer.write(b"one"), Ok(()));
    assert_eq!(writer.flush(), Ok(()));
    assert_eq!(writer.flush(), Ok(()));
    writer.put(b"three");
    drop(writer);
    drop(Writer::new(write_end.as_fd()));
    drop(write_end);
    assert_eq!(writes(read_end), [512, 3, 5]);
}

fn a_long_text_is_written_whole() {
    let bytes: Vec<u8> = (0..10_000).map(pattern).collect();
    let file = create(c"file");
    let mut writer = Writer::new(file.as_fd());
    for piece in bytes.chunks(700) {
        assert_eq!(writer.write(piece), Ok(()));
    }
    assert_eq!(writer.flush(), Ok(()));
    let mut written = Vec::new();
    io::read_to_end(open(c"file").as_fd(), &mut written).expect("what was written");
    assert!(written == bytes);
}

// ---- Printing ----

/// Makes a descriptor number refer to the file of `fd`.
fn become_number(number: i32, fd: BorrowedFd<'_>) {
    // SAFETY: the test owns its descriptors.
    unsafe { fd::dup3(fd.as_raw_fd(), number, OFlags::default()) }.expect("dup3");
}

fn a_print_is_one_write() {
    let (read_end, write_end) = packets();
    become_number(1, write_end.as_fd());
    nestling::print!("one ", 2, " three");
    nestling::println!("one ", 2, " three");
    nestling::println!();
    nestling::print!();
    nestling::print!("x", &[b'x'; 511][..]);
    nestling::println!(&[b'x'; 512][..]);
    close(1);
    drop(write_end);
    assert_eq!(writes(read_end), [11, 12, 1, 512, 512, 1]);
}

fn every_kind_of_text_is_printed() {
    become_number(1, create(c"out").as_fd());
    let (pid, status) = (
        Pid::from_raw(17).expect("a pid"),
        ExitStatus::from_raw(0x300),
    );
    let name = alloc::string::String::from("name");
    nestling::println!("started ", pid, ": ", status, '.');
    nestling::println!(
        0_u8,
        ' ',
        -1_i8,
        ' ',
        u16::MAX,
        ' ',
        i16::MIN,
        ' ',
        i32::MIN
    );
    nestling::println!(
        u32::MAX,
        ' ',
        u64::MAX,
        ' ',
        i64::MIN,
        ' ',
        1_usize,
        ' ',
        -1_isize
    );
    nestling::println!(
        c"a C string",
        '→',
        Quoted(b"\n"),
        &&name[..],
        Errno::ENOENT,
        Signal::INT,
    );
    let out = read_file(c"out").expect("what was printed");
    let expected = "started 17: exit status: 3.\n\
        0 -1 65535 -32768 -2147483648\n\
        4294967295 18446744073709551615 -9223372036854775808 1 -1\n\
        a C string→\"\\x0a\"nameENOENT: no such file or directorySIGINT\n";
    assert_eq!(out.as_str(), expected);
}

fn a_line_goes_to_standard_error() {
    become_number(1, create(c"out").as_fd());
    become_number(2, create(c"err").as_fd());
    nestling::eprint!("one", ' ');
    nestling::eprintln!("two");
    nestling::print!("out");
    let content = |path| read_file(path).expect("what was printed");
    assert_eq!(content(c"err").as_str(), "one two\n");
    assert_eq!(content(c"out").as_str(), "out");
}

fn output_that_cannot_be_written_is_lost() {
    struct Never;
    impl Text for Never {
        fn write(&self, out: &mut impl Sink) {
            (0..2000).for_each(|number| number.write(out));
        }
    }
    become_number(1, full().as_fd());
    close(2);
    nestling::println!("lost", Never);
    nestling::eprintln!("lost", Never);
    become_number(1, create(c"out").as_fd());
    nestling::println!("not lost");
    let out = read_file(c"out").expect("what was printed");
    assert_eq!(out.as_str(), "not lost\n");
    assert_eq!(file::stat(c"out").map(|it| it.size()), Ok(9));
}
