//! Tests of descriptors, files and directories.

use core::ffi::CStr;

use linux_raw_sys::general as linux;
use nestling::dir::ReadDir;
use nestling::sys::credentials::{UNCHANGED, setresuid};
use nestling::sys::fd::{self, IoSlice, dup_onto, lseek, pipe2};
use nestling::sys::file::{self, Resolve, SetTime, lstat, stat};
use nestling::sys::inotify::{self, Mask};
use nestling::sys::mount::{MountFlags, mount};
use nestling::sys::namespace::{Namespaces, unshare};
use nestling::time::Timestamp;
use nestling::{Access, FileType, SeekFrom, Stat};
use nestling::{AsFd, Errno, OFlags, OwnedFd, StaticFd, io, sys};
use nestling_tests::{
    call, close, format_text, limit_descriptors, make_file, need_root, scratch, skip,
};

nestling_tests::suite! {
    once {
        a_clone_is_another_number_for_the_same_open_file,
        a_borrowed_descriptor_is_cloned_too,
        a_clone_is_no_standard_stream,
        a_clone_without_a_free_number_is_an_error,
        an_owner_keeps_its_number_when_it_gets_another_file,
        the_standard_streams_are_the_first_three_numbers,
        a_static_descriptor_is_taken_once,
        a_nonblocking_read_without_data_is_an_error,
        the_flags_are_those_of_the_open_file,
        an_offset_is_counted_from_the_start_the_end_or_the_current_one,
        an_offset_before_the_start_or_in_a_pipe_is_an_error,
        a_file_is_larger_than_four_gigabytes,
        a_file_is_read_and_written_at_any_offset,
        writev_writes_the_slices_in_their_order,
        a_file_system_has_a_size,
        a_file_system_may_be_larger_than_16_tebibytes,
        splice_moves_the_bytes_of_a_pipe,
        a_file_is_truncated_and_extended,
        a_truncation_that_is_not_possible_is_an_error,
        written_bytes_are_synchronised_to_the_device,
        every_call_on_a_closed_descriptor_is_an_error,
        each_type_of_file_is_known,
        a_block_device_is_known,
        the_properties_of_a_file_are_returned,
        a_time_after_2038_is_returned,
        a_link_is_followed_or_not,
        a_file_is_found_from_an_open_directory,
        a_missing_file_is_an_error,
        access_follows_the_files_mode,
        access_checks_the_real_user_and_eaccess_the_effective_one,
        a_file_gets_another_name,
        a_file_has_two_names,
        a_links_target_is_read_as_far_as_there_is_room,
        a_name_is_removed,
        a_new_file_has_its_mode_reduced_by_the_umask,
        a_mode_is_set,
        an_owner_is_set,
        the_working_directory_has_a_path,
        a_directory_is_read_to_the_last_of_a_thousand_entries,
        the_longest_name_is_read,
        an_empty_directory_has_no_entries,
        an_entry_agrees_with_lstat,
        a_directory_can_be_emptied_while_it_is_read,
        a_directory_is_read_again_from_the_start,
        a_file_that_is_no_directory_is_not_read,
        a_time_is_set_kept_or_becomes_now,
        a_path_does_not_lead_out_of_its_directory,
        events_in_a_directory_are_reported,
        events_of_a_file_are_reported,
        an_incomplete_event_is_not_returned,
    }
}

fn create(path: &CStr) -> OwnedFd {
    let flags = OFlags::RDWR | OFlags::CREAT | OFlags::EXCL | OFlags::CLOEXEC;
    fd::open(path, flags, 0o600).expect("a new file")
}

/// Identifies the file of a descriptor by its device and inode.
fn identity(fd: impl AsFd) -> ((u32, u32), u64) {
    let stat = file::fstat(fd.as_fd()).expect("fstat");
    (stat.dev(), stat.ino())
}

// ---- Descriptors ----

fn a_clone_is_another_number_for_the_same_open_file() {
    let first = create(c"file");
    let second = first.try_clone().expect("a clone");
    assert_ne!(first.as_raw_fd(), second.as_raw_fd());
    assert_eq!(fd::cloexec(second.as_raw_fd()), Ok(true));
    assert_eq!(fd::write(first.as_fd(), b"12345"), Ok(5));
    assert_eq!(lseek(second.as_fd(), SeekFrom::Current(0)), Ok(5));
    drop(first);
    assert_eq!(fd::write(second.as_fd(), b"6"), Ok(1));
}

fn a_borrowed_descriptor_is_cloned_too() {
    let file = create(c"file");
    let other = file.as_fd().try_clone_to_owned().expect("a clone");
    assert_ne!(other.as_raw_fd(), file.as_raw_fd());
    assert_eq!(identity(&other), identity(&file));
    assert_eq!(fd::cloexec(other.as_raw_fd()), Ok(true));
}

fn a_clone_is_no_standard_stream() {
    let file = create(c"file");
    (0..3).for_each(close);
    assert!(file.try_clone().expect("a clone").as_raw_fd() >= 3);
}

fn a_clone_without_a_free_number_is_an_error() {
    let file = create(c"file");
    limit_descriptors(file.as_raw_fd() as u64 + 1);
    assert_eq!(file.try_clone().map(drop), Err(Errno::EMFILE));
    limit_descriptors(3);
    assert_eq!(file.try_clone().map(drop), Err(Errno::EINVAL));
}

fn an_owner_keeps_its_number_when_it_gets_another_file() {
    let (one, mut two) = (create(c"one"), create(c"two"));
    let number = two.as_raw_fd();
    dup_onto(one.as_fd(), &mut two, OFlags::default()).expect("dup_onto");
    assert_eq!(two.as_raw_fd(), number);
    assert_eq!(identity(&two), identity(&one));
    assert_eq!(fd::cloexec(number), Ok(false));
    dup_onto(one.as_fd(), &mut two, OFlags::CLOEXEC).expect("dup_onto");
    assert_eq!(fd::cloexec(number), Ok(true));
    let closed = nestling_tests::fd(60);
    assert_eq!(
        dup_onto(closed, &mut two, OFlags::CLOEXEC),
        Err(Errno::EBADF)
    );
    assert_eq!(identity(&two), identity(&one), "as before");
}

fn a_static_descriptor_is_taken_once() {
    let mut slot = StaticFd::new();
    assert!(slot.take().is_none());
    let (end, _held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let number = end.as_raw_fd();
    slot.set(end);
    let taken = slot.take().expect("the same");
    assert_eq!(taken.as_raw_fd(), number);
    assert!(slot.get().is_none() && slot.take().is_none());
    drop(taken);
    assert_eq!(sys::fd::cloexec(number), Err(Errno::EBADF));
}

fn the_standard_streams_are_the_first_three_numbers() {
    let streams = [io::stdin(), io::stdout(), io::stderr()];
    assert_eq!(streams.map(|fd| fd.as_raw_fd()), [0, 1, 2]);
}

fn a_nonblocking_read_without_data_is_an_error() {
    let (read_end, write_end) = pipe2(OFlags::CLOEXEC).expect("a pipe");
    fd::set_nonblocking(read_end.as_fd(), true).expect("nonblocking");
    assert_eq!(fd::read(read_end.as_fd(), &mut [0; 9]), Err(Errno::EAGAIN));
    let flags = |end: &OwnedFd| fd::flags(end.as_fd()).expect("flags");
    assert!(flags(&read_end).contains(OFlags::NONBLOCK));
    assert!(!flags(&write_end).contains(OFlags::NONBLOCK));
    // The flag belongs to the open file, not to the descriptor.
    let clone = read_end.try_clone().expect("a clone");
    assert_eq!(fd::read(clone.as_fd(), &mut [0; 9]), Err(Errno::EAGAIN));
    fd::set_nonblocking(clone.as_fd(), false).expect("blocking");
    assert!(!flags(&read_end).contains(OFlags::NONBLOCK));
}

fn the_flags_are_those_of_the_open_file() {
    make_file(c"file", 0o600, b"");
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREAT | OFlags::CLOEXEC;
    let file = fd::open(c"file", flags, 0).expect("the file");
    for nonblocking in [true, false, false, true] {
        fd::set_nonblocking(file.as_fd(), nonblocking).expect("set_nonblocking");
        let flags = fd::flags(file.as_fd()).expect("flags");
        assert_eq!(flags.bits() & linux::O_ACCMODE, linux::O_WRONLY);
        assert!(flags.contains(OFlags::APPEND));
        assert!(!flags.contains(OFlags::CREAT) && !flags.contains(OFlags::CLOEXEC));
        assert_eq!(flags.contains(OFlags::NONBLOCK), nonblocking);
    }
}

// ---- Offsets and lengths ----

fn an_offset_is_counted_from_the_start_the_end_or_the_current_one() {
    let file = create(c"file");
    assert_eq!(fd::write(file.as_fd(), b"0123456789"), Ok(10));
    for (to, offset) in [
        (SeekFrom::Start(3), 3),
        (SeekFrom::Current(4), 7),
        (SeekFrom::Current(-2), 5),
        (SeekFrom::Current(0), 5),
        (SeekFrom::End(-1), 9),
        (SeekFrom::End(0), 10),
        (SeekFrom::End(5), 15),
        (SeekFrom::Start(8), 8),
    ] {
        assert_eq!(lseek(file.as_fd(), to), Ok(offset), "{to:?}");
    }
    let mut rest = [0; 4];
    assert_eq!(fd::read(file.as_fd(), &mut rest), Ok(2));
    assert_eq!(rest, *b"89\0\0");
}

fn an_offset_before_the_start_or_in_a_pipe_is_an_error() {
    let file = create(c"file");
    for to in [
        SeekFrom::Current(-1),
        SeekFrom::End(-1),
        SeekFrom::Start(u64::MAX),
        SeekFrom::Start(1 << 63),
    ] {
        assert_eq!(lseek(file.as_fd(), to), Err(Errno::EINVAL), "{to:?}");
    }
    let (end, _) = pipe2(OFlags::CLOEXEC).expect("a pipe");
    let to = SeekFrom::Current(0);
    assert_eq!(lseek(end.as_fd(), to), Err(Errno::ESPIPE));
}

fn a_file_is_larger_than_four_gigabytes() {
    const FIVE: u64 = 5 << 30;
    let file = create(c"file");
    fd::ftruncate(file.as_fd(), FIVE).expect("a hole of five gigabytes");
    assert_eq!(file::fstat(file.as_fd()).map(|it| it.size()), Ok(FIVE));
    assert_eq!(lseek(file.as_fd(), SeekFrom::End(0)), Ok(FIVE));
    let six = (FIVE as i64) + (1 << 30);
    assert_eq!(lseek(file.as_fd(), SeekFrom::Current(1 << 30)), Ok(6 << 30));
    assert_eq!(fd::write(file.as_fd(), b"end"), Ok(3));
    drop(file);

    let stat = stat(c"file").expect("stat");
    assert_eq!(stat.size(), six as u64 + 3);
    assert!(stat.blocks() < 1 << 20, "it has holes");
    let file = fd::open(c"file", OFlags::CLOEXEC, 0).expect("the file");
    assert_eq!(
        lseek(file.as_fd(), SeekFrom::Start(six as u64)),
        Ok(6 << 30)
    );
    let mut end = [0; 3];
    assert_eq!(fd::read(file.as_fd(), &mut end), Ok(3));
    assert_eq!(end, *b"end");
    assert_eq!(lseek(file.as_fd(), SeekFrom::Current(-six - 3)), Ok(0));
}

fn a_file_is_read_and_written_at_any_offset() {
    const PLACE: u64 = (5 << 32) + 7; // both halves of the number are nonzero
    let file = create(c"file");
    assert_eq!(fd::write(file.as_fd(), b"start"), Ok(5));
    assert_eq!(fd::pwrite(file.as_fd(), b"words", PLACE), Ok(5));
    assert_eq!(file::fstat(file.as_fd()).map(|it| it.size()), Ok(PLACE + 5));
    let mut text = [0; 8];
    assert_eq!(fd::pread(file.as_fd(), &mut text, PLACE + 1), Ok(4));
    assert_eq!(&text, b"ords\0\0\0\0");
    assert_eq!(fd::pread(file.as_fd(), &mut text[..3], 1), Ok(3));
    assert_eq!(&text[..4], b"tars");
    assert_eq!(fd::pread(file.as_fd(), &mut text, PLACE + 5), Ok(0));
    assert_eq!(lseek(file.as_fd(), SeekFrom::Current(0)), Ok(5));
    let (from, to) = pipe2(OFlags::CLOEXEC).expect("a pipe");
    assert_eq!(fd::pread(from.as_fd(), &mut text, 0), Err(Errno::ESPIPE));
    assert_eq!(fd::pwrite(to.as_fd(), b"!", 0), Err(Errno::ESPIPE));
}

fn writev_writes_the_slices_in_their_order() {
    let file = create(c"file");
    let parts: [&[u8]; 4] = [b"one", b"", b", ", b"two"];
    assert_eq!(fd::writev(file.as_fd(), &parts.map(IoSlice::new)), Ok(8));
    assert_eq!(fd::writev(file.as_fd(), &[]), Ok(0));
    let content = nestling_tests::read_file(c"file").expect("its content");
    assert_eq!(content.as_str(), "one, two");
    let many = [IoSlice::new(b"."); 1025];
    assert_eq!(fd::writev(file.as_fd(), &many[..1024]), Ok(1024));
    assert_eq!(fd::writev(file.as_fd(), &many), Err(Errno::EINVAL));
    let reading = fd::open(c"file", OFlags::CLOEXEC, 0).expect("the file");
    let answer = fd::writev(reading.as_fd(), &parts.map(IoSlice::new));
    assert_eq!(answer, Err(Errno::EBADF));
    // As much as there is room for.
    let (_from, to) = pipe2(OFlags::CLOEXEC | OFlags::NONBLOCK).expect("a pipe");
    let large = [b'.'; 60_000];
    let answer = fd::writev(to.as_fd(), &[IoSlice::new(&large); 2]);
    assert!(
        answer.is_ok_and(|count| (60_000..120_000).contains(&count)),
        "{answer:?}"
    );
}

fn a_file_system_has_a_size() {
    let here = file::statfs64(c".").expect("the file system");
    assert_eq!(Ok(here.kind), file::statfs(c"."));
    assert!(here.block_size.is_power_of_two(), "{here:?}");
    assert!(here.blocks >= here.free_blocks, "{here:?}");
    assert!(here.free_blocks >= here.available_blocks, "{here:?}");
    assert!(here.inodes >= here.free_inodes, "{here:?}");
    let proc = file::statfs64(c"/proc").expect("the file system");
    assert_eq!(proc.kind, file::FileSystemType(0x9fa0));
    assert_eq!((proc.blocks, proc.name_length), (0, 255));
    assert_eq!(file::statfs64(c"nope"), Err(Errno::ENOENT));
}

/// The number of blocks needs more than 32 bits.
fn a_file_system_may_be_larger_than_16_tebibytes() {
    need_root();
    unshare(Namespaces::MOUNT).expect("a namespace");
    let private = MountFlags::PRIVATE | MountFlags::REC;
    mount(c"", c"/", c"", private, c"").expect("a tree of its own");
    file::mkdir(c"large", 0o700).expect("a directory");
    let options = c"nr_blocks=6000000000";
    if let Err(errno) = mount(c"", c"large", c"tmpfs", MountFlags::default(), options) {
        skip(format_text!("no such tmpfs: {errno}"));
    }
    let large = file::statfs64(c"large").expect("the file system");
    if large.blocks < 1 << 32 {
        skip("the kernel counts blocks in 32 bits");
    }
    assert_eq!(
        (large.blocks, large.free_blocks),
        (6_000_000_000, 6_000_000_000)
    );
    assert_eq!(large.kind, file::FileSystemType::TMPFS);
}

fn splice_moves_the_bytes_of_a_pipe() {
    let file = create(c"file");
    let (from, to) = pipe2(OFlags::CLOEXEC).expect("a pipe");
    assert_eq!(fd::write(to.as_fd(), b"some words"), Ok(10));
    assert_eq!(fd::splice(from.as_fd(), file.as_fd(), 4), Ok(4));
    assert_eq!(fd::splice(from.as_fd(), file.as_fd(), 100), Ok(6));
    assert_eq!(lseek(file.as_fd(), SeekFrom::Start(5)), Ok(5));
    assert_eq!(fd::splice(file.as_fd(), to.as_fd(), 100), Ok(5));
    let mut text = [0; 8];
    assert_eq!(fd::read(from.as_fd(), &mut text), Ok(5));
    assert_eq!(&text[..5], b"words");
    drop(to);
    assert_eq!(fd::splice(from.as_fd(), file.as_fd(), 1), Ok(0));
    let other = create(c"other");
    let answer = fd::splice(file.as_fd(), other.as_fd(), 1);
    assert_eq!(answer, Err(Errno::EINVAL), "no pipe");
}

fn a_file_is_truncated_and_extended() {
    let file = create(c"file");
    assert_eq!(fd::write(file.as_fd(), b"0123456789"), Ok(10));
    for length in [4, 6, 0] {
        assert_eq!(fd::ftruncate(file.as_fd(), length), Ok(()));
        assert_eq!(stat(c"file").map(|it| it.size()), Ok(length));
        assert_eq!(lseek(file.as_fd(), SeekFrom::Current(0)), Ok(10));
        if length == 6 {
            let content = nestling_tests::read_file(c"file").expect("its content");
            assert_eq!(content.as_str(), "0123\0\0");
        }
    }
}

fn a_truncation_that_is_not_possible_is_an_error() {
    make_file(c"file", 0o600, b"text");
    let reading = fd::open(c"file", OFlags::CLOEXEC, 0).expect("the file");
    assert_eq!(fd::ftruncate(reading.as_fd(), 0), Err(Errno::EINVAL));
    let (_, end) = pipe2(OFlags::CLOEXEC).expect("a pipe");
    assert_eq!(fd::ftruncate(end.as_fd(), 0), Err(Errno::EINVAL));
    assert_eq!(
        fd::open(c".", OFlags::WRONLY, 0).map(drop),
        Err(Errno::EISDIR)
    );
}

fn written_bytes_are_synchronised_to_the_device() {
    let file = create(c"file");
    assert_eq!(fd::write(file.as_fd(), b"text"), Ok(4));
    assert_eq!(fd::fsync(file.as_fd()), Ok(()));
    let (end, _) = pipe2(OFlags::CLOEXEC).expect("a pipe");
    assert_eq!(fd::fsync(end.as_fd()), Err(Errno::EINVAL));
}

fn every_call_on_a_closed_descriptor_is_an_error() {
    let closed = nestling_tests::fd(60);
    let bad = Err(Errno::EBADF);
    assert_eq!(fd::read(closed, &mut [0]).map(drop), bad);
    assert_eq!(fd::write(closed, b" ").map(drop), bad);
    assert_eq!(fd::dup_cloexec(closed, 0).map(drop), bad);
    assert_eq!(fd::flags(closed).map(drop), bad);
    assert_eq!(fd::set_nonblocking(closed, true), bad);
    assert_eq!(lseek(closed, SeekFrom::End(0)).map(drop), bad);
    assert_eq!(fd::ftruncate(closed, 0), bad);
    assert_eq!(fd::fsync(closed), bad);
    assert_eq!(fd::getdents64(closed, &mut [0; 99]).map(drop), bad);
    assert_eq!(file::fstat(closed).map(drop), bad);
    assert_eq!(file::lstatat(closed, c"x").map(drop), bad);
    assert_eq!(file::fchmod(closed, 0o600), bad);
    assert_eq!(file::fchown(closed, UNCHANGED, UNCHANGED), bad);
}

// ---- What a file is ----

fn each_type_of_file_is_known() {
    make_file(c"file", 0o600, b"");
    file::mkdir(c"directory", 0o700).expect("mkdir");
    file::symlink(c"file", c"link").expect("symlink");
    file::mkfifo(c"fifo", 0o600).expect("mkfifo");
    let kind = |path| lstat(path).map(|it| it.file_type());
    assert_eq!(kind(c"file"), Ok(FileType::File));
    assert_eq!(kind(c"directory"), Ok(FileType::Directory));
    assert_eq!(kind(c"link"), Ok(FileType::Symlink));
    assert_eq!(kind(c"fifo"), Ok(FileType::Fifo));
    let is = |path| lstat(path).map(|it| [it.is_file(), it.is_dir(), it.is_symlink()]);
    assert_eq!(is(c"file"), Ok([true, false, false]));
    assert_eq!(is(c"directory"), Ok([false, true, false]));
    assert_eq!(is(c"link"), Ok([false, false, true]));

    let null = lstat(c"/dev/null").expect("/dev/null");
    assert_eq!(null.file_type(), FileType::CharDevice);
    assert_eq!(null.rdev(), (1, 3));
    let (end, _) = pipe2(OFlags::CLOEXEC).expect("a pipe");
    let kind = |fd| file::fstat(fd).map(|it| it.file_type());
    assert_eq!(kind(end.as_fd()), Ok(FileType::Fifo));
    let (mut ends, unix, stream) = ([0; 2], 1, 1);
    // SAFETY: the kernel writes two numbers.
    unsafe {
        let address = ends.as_mut_ptr() as usize;
        call(linux::__NR_socketpair, [unix, stream, 0, address]).expect("two sockets");
    }
    assert_eq!(kind(nestling_tests::fd(ends[0])), Ok(FileType::Socket));
}

fn a_block_device_is_known() {
    need_root();
    // Both numbers have more than 8 bits; the test does not open the device.
    match file::mknod(c"device", FileType::BlockDevice, 0o640, (259, 0x1_2345)) {
        Err(Errno::EPERM) => skip("no devices can be made here"),
        outcome => outcome.expect("mknod"),
    }
    let stat = stat(c"device").expect("stat");
    assert_eq!(stat.file_type(), FileType::BlockDevice);
    assert_eq!(stat.rdev(), (259, 0x1_2345));
    assert_eq!(stat.permissions(), 0o640);
}

fn the_properties_of_a_file_are_returned() {
    let file = create(c"file");
    assert_eq!(fd::write(file.as_fd(), &[b'x'; 5000]), Ok(5000));
    let (by_path, by_fd) = (stat(c"file"), file::fstat(file.as_fd()));
    for it in [by_path, by_fd].map(|it| it.expect("what it is")) {
        assert_eq!((it.size(), it.permissions(), it.nlink()), (5000, 0o600, 1));
        assert_eq!(Ok(it.uid()), sys::credentials::geteuid());
        assert_eq!(Ok(it.gid()), sys::credentials::getegid());
        assert_eq!(it.ino(), nestling_tests::inode(file.as_raw_fd()));
        assert_eq!(Ok(it.dev()), stat(c".").map(|it| it.dev()));
        assert!(it.mtime().0 > 0 && it.mtime().1 < 1_000_000_000);
        assert_eq!(it.ctime(), it.mtime());
    }
    make_file(c"later", 0o600, b"");
    assert!(stat(c"later").expect("stat").mtime() >= stat(c"file").expect("stat").mtime());
}

fn a_time_after_2038_is_returned() {
    #[cfg(not(target_arch = "x86"))]
    use linux::__NR_utimensat;
    #[cfg(target_arch = "x86")]
    use linux::__NR_utimensat_time64 as __NR_utimensat;
    make_file(c"file", 0o600, b"");
    let times: [i64; 4] = [-7, 3, 5_000_000_000, 999_999_999];
    // SAFETY: the kernel reads a C string and two times, each of two numbers.
    unsafe {
        let (path, times) = (c"file".as_ptr() as usize, times.as_ptr() as usize);
        let here = linux::AT_FDCWD as usize;
        call(__NR_utimensat, [here, path, times, 0]).expect("utimensat");
    }
    let stat = stat(c"file").expect("stat");
    if stat.mtime().0 == i64::from(i32::MAX) {
        skip("the file system has no time after 2038");
    }
    assert_eq!(stat.mtime(), (5_000_000_000, 999_999_999));
    assert_eq!(stat.atime(), (-7, 3));
}

fn a_link_is_followed_or_not() {
    make_file(c"file", 0o600, b"12345");
    file::symlink(c"file", c"link").expect("symlink");
    file::symlink(c"nowhere", c"dangling").expect("symlink");
    assert_eq!(
        stat(c"link").map(|it| it.ino()),
        stat(c"file").map(|it| it.ino())
    );
    let link = lstat(c"link").expect("lstat");
    assert!(link.is_symlink());
    assert_eq!(link.size(), 4, "its target's length");
    assert_eq!(stat(c"dangling").map(drop), Err(Errno::ENOENT));
    assert!(lstat(c"dangling").is_ok());
}

fn a_file_is_found_from_an_open_directory() {
    file::mkdir(c"directory", 0o700).expect("mkdir");
    make_file(c"directory/file", 0o600, b"12345");
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = fd::open(c"directory", flags, 0).expect("the directory");
    let size = |path| file::lstatat(directory.as_fd(), path).map(|it| it.size());
    assert_eq!(size(c"file"), Ok(5));
    assert_eq!(size(c"nothing"), Err(Errno::ENOENT));
    let file = create(c"file");
    assert_eq!(
        file::lstatat(file.as_fd(), c"x").map(drop),
        Err(Errno::ENOTDIR)
    );
}

fn a_missing_file_is_an_error() {
    make_file(c"file", 0o600, b"");
    file::symlink(c"loop", c"loop").expect("symlink");
    let long = format_text!("{:x<256}", "");
    for (path, errno) in [
        (c"nothing", Errno::ENOENT),
        (c"", Errno::ENOENT),
        (c"nothing/x", Errno::ENOENT),
        (c"file/x", Errno::ENOTDIR),
        (c"loop", Errno::ELOOP),
        (long.c_str(), Errno::ENAMETOOLONG),
    ] {
        let error = Err(errno);
        assert_eq!(stat(path).map(drop), error, "{path:?}");
        assert_eq!(file::access(path, Access::default()), error, "{path:?}");
        assert_eq!(file::chmod(path, 0o600), error, "{path:?}");
        assert_eq!(file::chown(path, UNCHANGED, UNCHANGED), error, "{path:?}");
        assert_eq!(
            fd::open(path, OFlags::RDONLY, 0).map(drop),
            error,
            "{path:?}"
        );
        assert_eq!(ReadDir::open(path).map(drop), error, "{path:?}");
        if path != c"loop" {
            assert_eq!(lstat(path).map(drop), error, "{path:?}");
            assert_eq!(file::lchown(path, UNCHANGED, UNCHANGED), error, "{path:?}");
            assert_eq!(file::unlink(path), error, "{path:?}");
            assert_eq!(file::rmdir(path), error, "{path:?}");
            assert_eq!(file::rename(path, c"new"), error, "{path:?}");
            assert_eq!(file::link(path, c"new"), error, "{path:?}");
            assert_eq!(
                file::readlink(path, &mut [0; 9]).map(drop),
                error,
                "{path:?}"
            );
        }
    }
    for path in [c"nothing/x", c"file/x", c"loop/x", long.c_str()] {
        let error = stat(path).map(drop);
        assert!(error.is_err());
        assert_eq!(file::mkdir(path, 0o700), error, "{path:?}");
        assert_eq!(file::mkfifo(path, 0o700), error, "{path:?}");
        assert_eq!(file::symlink(c"x", path), error, "{path:?}");
        assert_eq!(file::link(c"file", path), error, "{path:?}");
        assert_eq!(file::rename(c"file", path), error, "{path:?}");
    }
}

// ---- Who may do what ----

fn access_follows_the_files_mode() {
    make_file(c"file", 0o600, b"");
    let access = |access| file::access(c"file", access);
    assert_eq!(access(Access::default()), Ok(()));
    assert_eq!(access(Access::READ | Access::WRITE), Ok(()));
    // Root may not execute the file either, because no user may.
    assert_eq!(access(Access::EXECUTE), Err(Errno::EACCES));
    assert_eq!(access(Access::READ | Access::EXECUTE), Err(Errno::EACCES));
    file::chmod(c"file", 0o700).expect("chmod");
    assert_eq!(access(Access::EXECUTE), Ok(()));
    if sys::credentials::geteuid() != Ok(0) {
        file::chmod(c"file", 0o200).expect("chmod");
        assert_eq!(access(Access::READ), Err(Errno::EACCES));
        assert_eq!(access(Access::WRITE), Ok(()));
    }
}

fn access_checks_the_real_user_and_eaccess_the_effective_one() {
    need_root();
    make_file(c"file", 0o600, b"");
    if file::eaccess(c"file", Access::READ) == Err(Errno::ENOSYS) {
        skip("no faccessat2 here");
    }
    setresuid(65534, 0, 0).expect("another real user");
    assert_eq!(file::access(c"file", Access::READ), Err(Errno::EACCES));
    assert_eq!(file::eaccess(c"file", Access::READ | Access::WRITE), Ok(()));
    assert_eq!(file::eaccess(c"file", Access::EXECUTE), Err(Errno::EACCES));
    setresuid(0, 65534, 0).expect("another effective user");
    assert_eq!(file::access(c"file", Access::READ), Ok(()));
    assert_eq!(file::eaccess(c"file", Access::READ), Err(Errno::EACCES));
}

// ---- Names ----

fn a_file_gets_another_name() {
    make_file(c"one", 0o600, b"1");
    make_file(c"two", 0o600, b"22");
    file::mkdir(c"full", 0o700).expect("mkdir");
    make_file(c"full/file", 0o600, b"");
    file::mkdir(c"empty", 0o700).expect("mkdir");
    assert_eq!(file::rename(c"one", c"two"), Ok(()));
    assert_eq!(stat(c"one").map(drop), Err(Errno::ENOENT));
    assert_eq!(stat(c"two").map(|it| it.size()), Ok(1), "in its place");
    assert_eq!(file::rename(c"two", c"empty"), Err(Errno::EISDIR));
    assert_eq!(file::rename(c"empty", c"two"), Err(Errno::ENOTDIR));
    assert_eq!(file::rename(c"full", c"full/sub"), Err(Errno::EINVAL));
    let outcome = file::rename(c"empty", c"full");
    assert!(matches!(outcome, Err(Errno::ENOTEMPTY | Errno::EEXIST)));
    assert_eq!(file::rename(c"full", c"empty"), Ok(()));
    assert!(stat(c"empty/file").is_ok());
}

fn a_file_has_two_names() {
    make_file(c"one", 0o600, b"1");
    assert_eq!(file::link(c"one", c"two"), Ok(()));
    let both = [c"one", c"two"].map(|path| stat(path).expect("stat"));
    assert_eq!(both.each_ref().map(Stat::nlink), [2, 2]);
    assert_eq!(both[0].ino(), both[1].ino());
    assert_eq!(file::link(c"one", c"two"), Err(Errno::EEXIST));
    assert_eq!(file::link(c".", c"three"), Err(Errno::EPERM));
    file::symlink(c"one", c"link").expect("symlink");
    assert_eq!(file::link(c"link", c"other"), Ok(()));
    assert!(lstat(c"other").expect("lstat").is_symlink());
}

fn a_links_target_is_read_as_far_as_there_is_room() {
    file::symlink(c"no/where at all", c"link").expect("symlink");
    let mut buffer = [b'.'; 20];
    assert_eq!(file::readlink(c"link", &mut buffer), Ok(15));
    assert_eq!(buffer, *b"no/where at all.....");
    assert_eq!(file::readlink(c"link", &mut buffer[..4]), Ok(4));
    assert_eq!(file::readlink(c"link", &mut []), Err(Errno::EINVAL));
    assert_eq!(file::readlink(c".", &mut buffer), Err(Errno::EINVAL));
    assert_eq!(file::symlink(c"x", c"link"), Err(Errno::EEXIST));
    assert_eq!(file::symlink(c"", c"new"), Err(Errno::ENOENT));
}

fn a_name_is_removed() {
    make_file(c"file", 0o600, b"");
    file::mkdir(c"directory", 0o700).expect("mkdir");
    make_file(c"directory/file", 0o600, b"");
    assert_eq!(file::rmdir(c"file"), Err(Errno::ENOTDIR));
    assert_eq!(file::unlink(c"directory"), Err(Errno::EISDIR));
    assert_eq!(file::rmdir(c"directory"), Err(Errno::ENOTEMPTY));
    assert_eq!(file::unlink(c"directory/file"), Ok(()));
    assert_eq!(file::rmdir(c"directory"), Ok(()));
    assert_eq!(stat(c"directory").map(drop), Err(Errno::ENOENT));
    // An open file remains when its name is removed.
    let open = fd::open(c"file", OFlags::CLOEXEC, 0).expect("the file");
    assert_eq!(file::unlink(c"file"), Ok(()));
    assert_eq!(file::fstat(open.as_fd()).map(|it| it.nlink()), Ok(0));
}

fn a_new_file_has_its_mode_reduced_by_the_umask() {
    assert_eq!(file::umask(0o027), Ok(0o022));
    let mode = |path| stat(path).map(|it| it.permissions());
    file::mkdir(c"directory", 0o777).expect("mkdir");
    assert_eq!(mode(c"directory"), Ok(0o750));
    file::mkfifo(c"fifo", 0o666).expect("mkfifo");
    assert_eq!(mode(c"fifo"), Ok(0o640));
    file::mknod(c"file", FileType::File, 0o666, (0, 0)).expect("mknod");
    assert_eq!(mode(c"file"), Ok(0o640));
    assert!(stat(c"file").expect("stat").is_file());
    assert_eq!(file::mkdir(c"file", 0o777), Err(Errno::EEXIST));
    assert_eq!(file::mkfifo(c"file", 0o777), Err(Errno::EEXIST));
    for kind in [FileType::Directory, FileType::Symlink] {
        assert!(file::mknod(c"new", kind, 0o777, (0, 0)).is_err());
    }
}

fn a_mode_is_set() {
    let file = create(c"file");
    let mode = || stat(c"file").map(|it| it.permissions());
    for bits in [0o4755, 0o1000, 0, 0o644] {
        assert_eq!(file::chmod(c"file", bits), Ok(()));
        assert_eq!(mode(), Ok(bits));
    }
    for bits in [0o4711, 0o600] {
        assert_eq!(file::fchmod(file.as_fd(), bits), Ok(()));
        assert_eq!(mode(), Ok(bits));
    }
    file::symlink(c"file", c"link").expect("symlink");
    assert_eq!(file::chmod(c"link", 0o640), Ok(()));
    assert_eq!(mode(), Ok(0o640), "what it points to");
}

fn an_owner_is_set() {
    need_root();
    let file = create(c"file");
    file::symlink(c"file", c"link").expect("symlink");
    let owner = |path| lstat(path).map(|it| (it.uid(), it.gid()));
    // The ids have more than 16 bits.
    match file::chown(c"file", 100_000, 200_000) {
        Err(Errno::EINVAL) => skip("this namespace has no such ids"),
        outcome => outcome.expect("chown"),
    }
    assert_eq!(owner(c"file"), Ok((100_000, 200_000)));
    assert_eq!(file::chown(c"link", 1, UNCHANGED), Ok(()));
    assert_eq!(owner(c"file"), Ok((1, 200_000)), "what it points to");
    assert_eq!(file::fchown(file.as_fd(), UNCHANGED, 300_000), Ok(()));
    assert_eq!(owner(c"file"), Ok((1, 300_000)));
    assert_eq!(owner(c"link"), Ok((0, 0)));
    assert_eq!(file::lchown(c"link", 5, 6), Ok(()));
    assert_eq!(owner(c"link"), Ok((5, 6)));
    assert_eq!(owner(c"file"), Ok((1, 300_000)));
    setresuid(65534, 65534, 65534).expect("another user");
    assert_eq!(file::chown(c"file", 65534, UNCHANGED), Err(Errno::EPERM));
    assert_eq!(file::chmod(c"file", 0o666), Err(Errno::EPERM));
}

fn the_working_directory_has_a_path() {
    let mut buffer = [0xff; 512];
    let path = file::getcwd(&mut buffer).expect("getcwd");
    assert!(path.to_bytes().starts_with(b"/"));
    assert_eq!(stat(path).map(|it| it.ino()), stat(c".").map(|it| it.ino()));
    let length = path.count_bytes() + 1;
    let mut room = [0xff; 512];
    assert_eq!(file::getcwd(&mut room[..length]), Ok(path), "just enough");
    for room in [0, 1, length - 1] {
        let path = file::getcwd(&mut buffer[..room]);
        assert_eq!(path, Err(Errno::ERANGE), "{room} bytes");
    }
    file::mkdir(c"gone", 0o700).expect("mkdir");
    file::chdir(c"gone").expect("chdir");
    file::rmdir(format_text!("{}/gone", nestling_tests::show(scratch())).c_str()).expect("rmdir");
    assert_eq!(file::getcwd(&mut buffer), Err(Errno::ENOENT));
}

// ---- Directories ----

const MANY: usize = 1000;

fn make_many() {
    for number in 0..MANY {
        make_file(format_text!("{number}").c_str(), 0o600, b"");
    }
}

/// Reads the directory to its end. Returns how often each of the many names occurs; no other name may occur.
fn seen(directory: &mut ReadDir) -> [u8; MANY] {
    let mut seen = [0; MANY];
    while let Some(entry) = directory.next().expect("an entry") {
        let number: usize = nestling_tests::show(entry.name).parse().expect("a number");
        seen[number] += 1;
    }
    seen
}

fn a_directory_is_read_to_the_last_of_a_thousand_entries() {
    make_many();
    let mut directory = ReadDir::open(c".").expect("the directory");
    assert_eq!(seen(&mut directory), [1; MANY]);
    for _ in 0..3 {
        assert_eq!(directory.next(), Ok(None), "the end stays");
    }
    assert_eq!(fd::cloexec(directory.as_fd().as_raw_fd()), Ok(true));
}

fn the_longest_name_is_read() {
    for letter in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
        let name = format_text!("{letter:x<255}");
        make_file(name.c_str(), 0o600, b"");
    }
    make_file(c"k", 0o600, b"");
    let (mut directory, mut found) = (ReadDir::open(c".").expect("the directory"), [0; 11]);
    while let Some(entry) = directory.next().expect("an entry") {
        let (&first, rest) = entry.name.to_bytes().split_first().expect("a name");
        assert!(rest.len() == if first == b'k' { 0 } else { 254 });
        assert!(rest.iter().all(|&byte| byte == b'x'));
        found[usize::from(first - b'a')] += 1;
    }
    assert_eq!(found, [1; 11]);
}

fn an_empty_directory_has_no_entries() {
    let mut directory = ReadDir::open(c".").expect("the directory");
    assert_eq!(directory.next(), Ok(None));
    // A directory that was removed has no entries either.
    file::mkdir(c"gone", 0o700).expect("mkdir");
    make_file(c"gone/file", 0o600, b"");
    let mut directory = ReadDir::open(c"gone").expect("the directory");
    file::unlink(c"gone/file").expect("unlink");
    file::rmdir(c"gone").expect("rmdir");
    assert_eq!(directory.next(), Ok(None));
}

fn an_entry_agrees_with_lstat() {
    make_file(c"file", 0o600, b"");
    make_file(c".hidden", 0o600, b"");
    make_file(c"...", 0o600, b"");
    file::mkdir(c"directory", 0o700).expect("mkdir");
    file::symlink(c"file", c"link").expect("symlink");
    file::mkfifo(c"fifo", 0o600).expect("mkfifo");
    let mut directory = ReadDir::open(c".").expect("the directory");
    let (mut count, here) = (0, fd::open(c".", OFlags::CLOEXEC, 0).expect("here"));
    while let Some(entry) = directory.next().expect("an entry") {
        let stat = file::lstatat(here.as_fd(), entry.name).expect("lstat");
        assert_eq!(entry.ino, stat.ino());
        assert!([stat.file_type(), FileType::Unknown].contains(&entry.file_type));
        count += 1;
    }
    assert_eq!(count, 6);
    // In this file system, the kernel always returns the type.
    let mut devices = ReadDir::open(c"/proc/self/fd").expect("/proc");
    let entry = devices.next().expect("an entry").expect("an entry");
    assert_eq!(entry.file_type, FileType::Symlink);
}

fn a_directory_can_be_emptied_while_it_is_read() {
    make_many();
    let mut directory = ReadDir::open(c".").expect("the directory");
    while let Some(entry) = directory.next().expect("an entry") {
        file::unlink(entry.name).expect("unlink");
    }
    directory.rewind().expect("rewind");
    assert_eq!(directory.next(), Ok(None));
}

fn a_directory_is_read_again_from_the_start() {
    make_many();
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = fd::open(c".", flags, 0).expect("the directory");
    let mut directory = ReadDir::new(opened);
    for _ in 0..5 {
        assert!(directory.next().expect("an entry").is_some());
    }
    file::unlink(c"0").expect("unlink");
    directory.rewind().expect("rewind");
    let mut expected = [1; MANY];
    expected[0] = 0;
    assert_eq!(seen(&mut directory), expected);
    directory.rewind().expect("rewind");
    assert_eq!(seen(&mut directory), expected);
}

fn a_file_that_is_no_directory_is_not_read() {
    let file = create(c"file");
    assert_eq!(ReadDir::open(c"file").map(drop), Err(Errno::ENOTDIR));
    assert_eq!(ReadDir::new(file).next(), Err(Errno::ENOTDIR));
    assert_eq!(ReadDir::open(c"nothing").map(drop), Err(Errno::ENOENT));
}

fn a_time_is_set_kept_or_becomes_now() {
    let time = |seconds| Timestamp::new(seconds, 7).expect("a time");
    make_file(c"file", 0o600, b"text");
    file::symlink(c"file", c"link").expect("a link");
    let set = |accessed, modified| match file::utimensat(c"link", accessed, modified) {
        Ok(()) => stat(c"file")
            .map(|it| (it.atime(), it.mtime()))
            .expect("its times"),
        Err(errno) => panic!("{errno}"),
    };
    let times = set(SetTime::To(time(1_000_000_000)), SetTime::To(time(-1)));
    assert_eq!(times, ((1_000_000_000, 7), (-1, 7)));
    let ((accessed, _), modified) = set(SetTime::Now, SetTime::Keep);
    assert_eq!(modified, (-1, 7));
    assert_ne!(accessed, 1_000_000_000);
    let answer = file::utimensat(c"nope", SetTime::Now, SetTime::Now);
    assert_eq!(answer, Err(Errno::ENOENT));
}

fn a_path_does_not_lead_out_of_its_directory() {
    nestling_tests::make_directory(c"root").expect("a directory");
    make_file(c"root/file", 0o600, b"inside");
    make_file(c"file", 0o600, b"outside");
    file::symlink(c"../file", c"root/up").expect("a link");
    file::symlink(c"/file", c"root/absolute").expect("a link");
    let root = fd::open(c"root", OFlags::PATH | OFlags::CLOEXEC, 0).expect("the directory");
    let open = |path, resolve| {
        let file = file::openat2(root.as_fd(), path, OFlags::CLOEXEC, 0, resolve)?;
        assert_eq!(fd::cloexec(file.as_raw_fd()), Ok(true));
        let mut text = [0; 8];
        let length = fd::read(file.as_fd(), &mut text)?;
        Ok(length)
    };
    match open(c"up", Resolve::default()) {
        Err(Errno::ENOSYS) => skip("no openat2 here"),
        answer => assert_eq!(answer, Ok(7)),
    }
    assert_eq!(open(c"file", Resolve::BENEATH), Ok(6));
    for path in [c"up", c"absolute", c"../file"] {
        assert_eq!(open(path, Resolve::BENEATH), Err(Errno::EXDEV), "{path:?}");
        assert_eq!(open(path, Resolve::IN_ROOT), Ok(6), "{path:?}");
    }
    assert_eq!(open(c"up", Resolve::NO_SYMLINKS), Err(Errno::ELOOP));
    let magic = open(c"/proc/self/exe", Resolve::NO_MAGICLINKS);
    assert_eq!(magic, Err(Errno::ELOOP));
    let other = open(c"/proc/version", Resolve::NO_XDEV);
    assert_eq!(other, Err(Errno::EXDEV));
    // A file that the open creates gets this mode.
    let new = OFlags::CREAT | OFlags::WRONLY | OFlags::CLOEXEC;
    let made = file::openat2(root.as_fd(), c"new", new, 0o640, Resolve::BENEATH);
    made.expect("a new file");
    assert_eq!(nestling_tests::mode(c"root/new"), 0o640);
    let path = OFlags::PATH | OFlags::CLOEXEC;
    let only = file::openat2(root.as_fd(), c"file", path, 0, Resolve::BENEATH);
    assert_eq!(only.map(drop), Ok(()));
}

/// Calls `see` with each event that the kernel reports now. Returns their number.
fn events(inotify: &OwnedFd, see: &mut dyn FnMut(usize, inotify::Event<'_>)) -> usize {
    let mut buffer = [0; 1024];
    match fd::read(inotify.as_fd(), &mut buffer) {
        Ok(length) => inotify::Events::new(&buffer[..length])
            .enumerate()
            .map(|(index, event)| see(index, event))
            .count(),
        Err(errno) => {
            assert_eq!(errno, Errno::EAGAIN);
            0
        }
    }
}

fn events_in_a_directory_are_reported() {
    let inotify = inotify::init(OFlags::NONBLOCK).expect("a descriptor");
    assert_eq!(fd::cloexec(inotify.as_raw_fd()), Ok(true));
    let kinds = Mask::CREATE | Mask::MOVED_FROM | Mask::MOVED_TO | Mask::DELETE | Mask::CLOSE_WRITE;
    let watch = inotify::add_watch(inotify.as_fd(), c".", kinds).expect("a watch");
    drop(create(c"file"));
    file::rename(c"file", c"another name").expect("another name");
    file::unlink(c"another name").expect("nothing");
    nestling_tests::make_directory(c"directory").expect("a directory");
    let expected = [
        (Mask::CREATE, c"file"),
        (Mask::CLOSE_WRITE, c"file"),
        (Mask::MOVED_FROM, c"file"),
        (Mask::MOVED_TO, c"another name"),
        (Mask::DELETE, c"another name"),
        (Mask::CREATE | Mask::DIRECTORY, c"directory"),
    ];
    let mut cookies = [0; 6];
    let count = events(&inotify, &mut |index, event| {
        assert_eq!((event.mask, event.name), expected[index]);
        assert_eq!(event.watch, watch);
        cookies[index] = event.cookie;
    });
    assert_eq!(count, 6);
    assert!(cookies[2] != 0 && cookies[2] == cookies[3] && cookies[0] == 0);
    inotify::remove_watch(inotify.as_fd(), watch).expect("a watch");
    let ended = events(&inotify, &mut |_, event| {
        assert_eq!(event.mask, Mask::IGNORED)
    });
    assert_eq!(ended, 1);
    let again = inotify::remove_watch(inotify.as_fd(), watch);
    assert_eq!(again, Err(Errno::EINVAL));
    drop(create(c"file"));
    assert_eq!(events(&inotify, &mut |_, event| panic!("{event:?}")), 0);
}

fn events_of_a_file_are_reported() {
    let inotify = inotify::init(OFlags::NONBLOCK).expect("a descriptor");
    let add = |path, mask| inotify::add_watch(inotify.as_fd(), path, mask);
    assert_eq!(add(c"file", Mask::MODIFY), Err(Errno::ENOENT));
    let file = create(c"file");
    let answer = add(c"file", Mask::MODIFY | Mask::ONLY_DIRECTORY);
    assert_eq!(answer, Err(Errno::ENOTDIR));
    add(c"file", Mask::MODIFY | Mask::ONCE).expect("a watch");
    for _ in 0..2 {
        assert_eq!(fd::write(file.as_fd(), b"words"), Ok(5));
    }
    let count = events(&inotify, &mut |index, event| {
        let expected = [Mask::MODIFY, Mask::IGNORED];
        assert_eq!((event.mask, event.name), (expected[index], c""));
    });
    assert_eq!(count, 2);
}

fn an_incomplete_event_is_not_returned() {
    let mut bytes = [0; 24];
    bytes[12] = 8;
    bytes[16..18].copy_from_slice(b"it");
    let names = |bytes| {
        inotify::Events::new(bytes)
            .map(|event| event.name.count_bytes())
            .sum::<usize>()
    };
    assert_eq!(inotify::Events::new(&bytes).count(), 1);
    assert_eq!(names(&bytes[..]), 2);
    for length in 0..24 {
        assert_eq!(inotify::Events::new(&bytes[..length]).count(), 0);
    }
}
