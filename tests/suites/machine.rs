//! Tests of the kernel calls of an init: names, state, mounts, and the end of the machine, as far as a test can go.

use core::ffi::CStr;
use core::sync::atomic::Ordering::Relaxed;
use core::time::Duration;

use linux_raw_sys::general as linux;
use nestling::sys::mount::{MountFlags, UnmountFlags, mount, pivot_root, umount2};
use nestling::sys::namespace::{self, Namespaces};
use nestling::sys::reboot::{Reboot, reboot, set_ctrl_alt_del};
use nestling::sys::resource::{CpuSet, sched_getaffinity, sched_setaffinity};
use nestling::sys::{self, credentials, machine, process};
use nestling::time::{self, Clock};
use nestling::wait::{self, Options, Who};
use nestling::{AsFd, Errno, OFlags, Signal, pid1};
use nestling_tests::{
    Text, call, close, emulated, fork, format_text, has_child, join, mailbox, make_directory,
    make_file, make_link, mode, need_root, read_file, runner, show, skip,
};

nestling_tests::suite! {
    once {
        uname_agrees_with_proc,
        the_machines_name_is_set,
        a_name_that_is_too_long_is_an_error,
        sysinfo_agrees_with_proc,
        random_bytes_differ,
        a_subreaper_adopts_orphans,
        a_process_gets_a_name,
        a_mount_is_visible_until_it_is_unmounted,
        a_mount_has_its_flags,
        a_mount_is_changed,
        a_mount_is_bound_and_moved,
        a_mount_in_use_is_detached,
        a_mount_that_is_not_possible_is_an_error,
        an_unmount_that_is_not_possible_is_an_error,
        the_root_is_changed,
        the_consoles_level_is_set,
        ctrl_alt_del_is_set,
        a_file_without_a_swap_area_is_an_error,
        everything_is_written_to_the_disks,
        a_user_who_is_not_root_may_make_none_of_these_calls,
        a_namespace_is_left_and_entered_again,
        only_root_enters_a_namespace,
        a_file_that_is_no_module_is_an_error,
        a_process_runs_only_on_its_cpus,
        process_1_reaps_all_children_until_its_service_ends,
        process_1_mounts_a_file_system_once,
        process_1_of_a_namespace_ends_all_its_processes,
        process_1_of_a_namespace_shuts_it_down,
        only_process_1_ends_all_processes,
    }
}

fn proc(name: &str) -> Text<8192> {
    read_file(format_text!("/proc/{name}").c_str()).expect("a file of /proc")
}

/// Moves this process to a new namespace, in which it cannot change anything for others.
fn unshare(namespace: u32) {
    need_root();
    // SAFETY: the call takes one number.
    if let Err(errno) = unsafe { call(linux::__NR_unshare, [namespace as usize]) } {
        skip(format_args!("no namespaces here: {errno}"));
    }
}

// ---- Names and state ----

fn uname_agrees_with_proc() {
    let names = machine::uname().expect("the names");
    assert_eq!(names.sysname(), c"Linux");
    for (name, file) in [
        (names.sysname(), "ostype"),
        (names.nodename(), "hostname"),
        (names.release(), "osrelease"),
        (names.version(), "version"),
        (names.domainname(), "domainname"),
    ] {
        let expected = proc(format_text!("sys/kernel/{file}").as_str());
        assert_eq!(name.to_str(), Ok(expected.as_str().trim_end()), "{file}");
    }
    assert!(!names.machine().is_empty());
    let shown = format_text!("{names:?}");
    assert!(shown.as_str().starts_with("[\"Linux\", "), "{shown}");
}

fn the_machines_name_is_set() {
    unshare(linux::CLONE_NEWUTS);
    let longest = [b'n'; 64];
    for name in [&b"nest"[..], b"a.b-c", &longest, b""] {
        if name.is_empty() && emulated() {
            continue; // the emulator reads past the slice's end: it expects a C string
        }
        machine::sethostname(name).expect("a name");
        machine::setdomainname(b"domain").expect("a name");
        let names = machine::uname().expect("the names");
        assert_eq!(names.nodename().to_bytes(), name);
        assert_eq!(names.domainname(), c"domain");
        machine::setdomainname(name).expect("a name");
        let names = machine::uname().expect("the names");
        assert_eq!(names.domainname().to_bytes(), name);
        assert_eq!(names.nodename().to_bytes(), name);
    }
}

fn a_name_that_is_too_long_is_an_error() {
    unshare(linux::CLONE_NEWUTS);
    assert_eq!(machine::sethostname(&[b'n'; 65]), Err(Errno::EINVAL));
    assert_eq!(machine::setdomainname(&[b'n'; 65]), Err(Errno::EINVAL));
}

fn sysinfo_agrees_with_proc() {
    let uptime = || time::now(Clock::Boottime).expect("the time").seconds() as u64;
    let kilobytes = |name: &str| {
        let info = proc("meminfo");
        let mut lines = info.as_str().lines();
        let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let number = line.expect("a line").trim_end_matches("kB").trim();
        number.parse::<u64>().expect("a number")
    };
    let before = uptime();
    let info = machine::sysinfo().expect("the state");
    let range = Duration::from_secs(before)..=Duration::from_secs(uptime() + 1);
    assert!(
        range.contains(&info.uptime),
        "{:?} in {range:?}",
        info.uptime
    );
    assert!(info.threads >= 1);
    // The emulator truncates values that do not fit into a word of its architecture.
    let fits = |bytes: u64| !emulated() || usize::try_from(bytes).is_ok();
    let ram = kilobytes("MemTotal") * 1024;
    if fits(ram) {
        assert_eq!(info.total_ram, ram);
        for part in [info.free_ram, info.shared_ram, info.buffer_ram] {
            assert!(part <= ram, "{part} of {ram}");
        }
        assert!(info.free_ram > 0);
    }
    let swap = kilobytes("SwapTotal") * 1024;
    if fits(swap) {
        assert_eq!(info.total_swap, swap);
        assert!(info.free_swap <= swap);
    }
    // The loads change every five seconds. The result counts if /proc shows the same loads before and after.
    let (loads, theirs) = loop {
        let before = loads();
        let info = machine::sysinfo().expect("the state");
        if loads() == before {
            break (info.loads, before);
        }
    };
    for (ours, theirs) in loads.iter().zip(theirs) {
        let ours = ours * 100 / 65_536;
        assert!(ours.abs_diff(theirs) <= 1, "{ours} and {theirs} hundredths");
    }
}

/// Reads the three loads of `/proc/loadavg`, in hundredths.
fn loads() -> [u64; 3] {
    let text = proc("loadavg");
    let mut words = text.as_str().split(' ');
    core::array::from_fn(|_| {
        let load = words.next().and_then(|word| word.split_once('.'));
        let (whole, part) = load.expect("a load");
        let number = |digits: &str| digits.parse::<u64>().expect("a number");
        number(whole) * 100 + number(part)
    })
}

fn random_bytes_differ() {
    let mut first = [0; 256];
    let mut second = [0; 256];
    assert_eq!(machine::getrandom(&mut first), Ok(256));
    assert_eq!(machine::getrandom(&mut second), Ok(256));
    assert_ne!(first, second);
    // Each part must be filled: 64 consecutive zero bytes are practically impossible.
    assert!(
        first
            .chunks(64)
            .all(|part| part.iter().any(|&byte| byte != 0))
    );
    assert_eq!(machine::getrandom(&mut []), Ok(0));
}

fn a_subreaper_adopts_orphans() {
    if emulated() {
        skip("the emulator has no subreapers");
    }
    assert_eq!(machine::child_subreaper(), Ok(false));
    for subreaper in [true, false] {
        machine::set_child_subreaper(subreaper).expect("set");
        assert_eq!(machine::child_subreaper(), Ok(subreaper));
        let own = process::getpid().as_raw();
        let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
        let (ended, running) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
        let adopted = &mailbox().numbers[0];
        adopted.store(0, Relaxed);
        let parent = fork(|| {
            fork(|| {
                close(held.as_raw_fd());
                // Wait until the parent of this process has been reaped.
                let _ = sys::fd::read(end.as_fd(), &mut [0]);
                let adoptive = process::getppid() == own;
                adopted.store(1 + u32::from(adoptive), Relaxed);
            });
        });
        join(parent);
        drop((held, running));
        // The end of the orphan closes the last copy.
        assert_eq!(sys::fd::read(ended.as_fd(), &mut [0]), Ok(0));
        let adopted = adopted.load(Relaxed);
        assert_eq!(adopted, 1 + u32::from(subreaper));
    }
}

fn a_process_gets_a_name() {
    for (name, expected) in [
        (c"nest", "nest\n"),
        (c"a name of 15 by", "a name of 15 by\n"),
        (c"a name of 16 byt", "a name of 16 by\n"),
        (c"", "\n"),
    ] {
        machine::set_name(name).expect("a name");
        assert_eq!(proc("self/comm").as_str(), expected);
    }
}

// ---- Mounts ----

/// Makes a mount namespace with a `tmpfs` in the directory `tree`, and three directories in it.
fn enter_a_tree() {
    unshare(linux::CLONE_NEWNS);
    let private = MountFlags::PRIVATE | MountFlags::REC;
    mount(c"", c"/", c"", private, c"").expect("a tree of its own");
    make_directory(c"tree").expect("a directory");
    mount(
        c"tree",
        c"tree",
        c"tmpfs",
        MountFlags::default(),
        c"mode=0755",
    )
    .expect("a tmpfs");
    sys::file::chdir(c"tree").expect("the directory");
    for name in [c"a", c"b", c"c"] {
        make_directory(name).expect("a directory");
    }
}

fn tmpfs(target: &CStr, flags: MountFlags) {
    mount(c"nest", target, c"tmpfs", flags, c"").expect("a tmpfs");
}

fn unmount(target: &CStr) {
    umount2(target, UnmountFlags::default()).expect("unmounted");
}

fn exists(path: &CStr) -> bool {
    sys::file::faccessat(path).is_ok()
}

/// Tries to make a file at this path.
fn try_file(path: &CStr) -> Result<(), Errno> {
    sys::fd::open(path, OFlags::WRONLY | OFlags::CREAT, 0o600).map(drop)
}

/// Returns the options, which commas separate, of the last mount whose target ends with this text.
fn options(target: &str) -> Text {
    let mounts = proc("self/mounts");
    let lines = mounts.as_str().lines();
    let mut found = lines.filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (path, _, options) = (words.next()?, words.next()?, words.next()?);
        path.ends_with(target).then_some(options)
    });
    format_text!(",{},", found.next_back().expect("the mount"))
}

fn a_mount_is_visible_until_it_is_unmounted() {
    enter_a_tree();
    make_file(c"a/below", 0o600, b"");
    tmpfs(c"a", MountFlags::default());
    assert!(!exists(c"a/below"));
    make_file(c"a/above", 0o600, b"");
    let info = proc("self/mounts");
    assert!(info.as_str().contains("nest /"), "the source's name");
    unmount(c"a");
    assert!(exists(c"a/below") && !exists(c"a/above"));
    // The options of the file system itself take effect.
    mount(
        c"",
        c"a",
        c"tmpfs",
        MountFlags::default(),
        c"mode=0710,size=64k",
    )
    .expect("a tmpfs");
    assert_eq!(mode(c"a"), 0o710);
    assert!(options("/a").as_str().contains(",size=64k,"));
}

fn a_mount_has_its_flags() {
    enter_a_tree();
    for (flags, expected) in [
        (MountFlags::default(), ",rw,"),
        (MountFlags::RDONLY, ",ro,"),
        (MountFlags::NOSUID, ",nosuid,"),
        (MountFlags::NODEV, ",nodev,"),
        (MountFlags::NOEXEC, ",noexec,"),
        (MountFlags::SYNCHRONOUS, ",sync,"),
        (MountFlags::NOATIME, ",noatime,"),
        (MountFlags::RELATIME, ",relatime,"),
    ] {
        tmpfs(c"a", flags);
        let options = options("/a");
        assert!(options.as_str().contains(expected), "{flags:?}: {options}");
        unmount(c"a");
    }
    tmpfs(c"a", MountFlags::STRICTATIME | MountFlags::SILENT);
    assert!(!options("/a").as_str().contains("atime"));
    let both = MountFlags::RDONLY.union(MountFlags::NOEXEC);
    assert_eq!(both, MountFlags::from_bits(both.bits()));
    tmpfs(c"b", both);
    let options = options("/b");
    assert!(options.as_str().contains(",ro,") && options.as_str().contains(",noexec,"));
    assert_eq!(try_file(c"b/file"), Err(Errno::EROFS));
}

fn a_mount_is_changed() {
    enter_a_tree();
    tmpfs(c"a", MountFlags::default());
    make_file(c"a/file", 0o600, b"");
    let change = |flags: MountFlags| mount(c"", c"a", c"", MountFlags::REMOUNT | flags, c"");
    change(MountFlags::RDONLY).expect("read only");
    assert_eq!(try_file(c"a/other"), Err(Errno::EROFS));
    change(MountFlags::default()).expect("writable");
    assert_eq!(try_file(c"a/other"), Ok(()));
    change(MountFlags::BIND | MountFlags::RDONLY).expect("this mount only");
    assert_eq!(try_file(c"a/third"), Err(Errno::EROFS));
    assert!(exists(c"a/file"));
}

fn a_mount_is_bound_and_moved() {
    enter_a_tree();
    let bind = MountFlags::BIND;
    tmpfs(c"a", MountFlags::default());
    make_directory(c"a/inner").expect("a directory");
    tmpfs(c"a/inner", MountFlags::default());
    make_file(c"a/inner/file", 0o600, b"");
    mount(c"a", c"b", c"", bind, c"").expect("bound");
    assert!(exists(c"b/inner") && !exists(c"b/inner/file"));
    unmount(c"b");
    mount(c"a", c"b", c"", bind | MountFlags::REC, c"").expect("bound");
    assert!(exists(c"b/inner/file"));
    mount(c"b", c"c", c"", MountFlags::MOVE, c"").expect("moved");
    assert!(exists(c"c/inner/file") && !exists(c"b/inner"));

    // For each kind of propagation: whether a mount below the original appears below the copy, and the reverse.
    for (kind, there, back) in [
        (MountFlags::SHARED, true, true),
        (MountFlags::SLAVE, true, false),
        (MountFlags::PRIVATE, false, false),
    ] {
        for target in [c"a", c"b"] {
            let _ = umount2(target, UnmountFlags::DETACH);
        }
        tmpfs(c"a", MountFlags::default());
        make_directory(c"a/inner").expect("a directory");
        mount(c"", c"a", c"", MountFlags::SHARED, c"").expect("shared");
        mount(c"a", c"b", c"", bind, c"").expect("bound");
        mount(c"", c"b", c"", kind, c"").expect("another kind");
        for (one, other, expected) in [
            (c"a/inner", c"b/inner/file", there),
            (c"b/inner", c"a/inner/file", back),
        ] {
            tmpfs(one, MountFlags::default());
            make_file(format_text!("{}/file", show(one)).c_str(), 0o600, b"");
            assert_eq!(exists(other), expected, "{kind:?}: {other:?}");
            unmount(one);
        }
    }
    mount(c"", c"a", c"", MountFlags::UNBINDABLE, c"").expect("another kind");
    assert_eq!(mount(c"a", c"c", c"", bind, c""), Err(Errno::EINVAL));
}

fn a_mount_in_use_is_detached() {
    enter_a_tree();
    tmpfs(c"a", MountFlags::default());
    make_file(c"a/file", 0o600, b"text");
    let file = sys::fd::open(c"a/file", OFlags::CLOEXEC, 0).expect("a file");
    let in_use = umount2(c"a", UnmountFlags::default());
    assert_eq!(in_use, Err(Errno::EBUSY));
    let flags = UnmountFlags::DETACH | UnmountFlags::NOFOLLOW;
    umount2(c"a", flags).expect("detached");
    assert!(!exists(c"a/file"));
    let mut text = [0; 4];
    let answer = sys::fd::read(file.as_fd(), &mut text);
    assert_eq!((answer, &text), (Ok(4), b"text"));
    // The first `EXPIRE` marks the mount, the second unmounts it.
    tmpfs(c"a", MountFlags::default());
    let mark = || umount2(c"a", UnmountFlags::EXPIRE);
    assert_eq!((mark(), mark()), (Err(Errno::EAGAIN), Ok(())));
    tmpfs(c"a", MountFlags::default());
    umount2(c"a", UnmountFlags::FORCE).expect("unmounted");
}

fn a_mount_that_is_not_possible_is_an_error() {
    enter_a_tree();
    make_file(c"file", 0o600, b"");
    let none = MountFlags::default();
    for (source, target, kind, flags, errno) in [
        (c"", c"nope", c"tmpfs", none, Errno::ENOENT),
        (c"", c"file", c"tmpfs", none, Errno::ENOTDIR),
        (c"", c"a", c"nonsense", none, Errno::ENODEV),
        (c"nope", c"a", c"", MountFlags::BIND, Errno::ENOENT),
        (c"b", c"a", c"", MountFlags::MOVE, Errno::EINVAL),
        (c"", c"a", c"", MountFlags::REMOUNT, Errno::EINVAL),
    ] {
        let answer = mount(source, target, kind, flags, c"");
        assert_eq!(answer, Err(errno), "{source:?} {target:?} {kind:?}");
    }
}

fn an_unmount_that_is_not_possible_is_an_error() {
    enter_a_tree();
    tmpfs(c"a", MountFlags::default());
    make_link(c"link", c"a");
    let nofollow = UnmountFlags::NOFOLLOW;
    for (target, flags, errno) in [
        (c"nope", UnmountFlags::default(), Errno::ENOENT),
        (c"b", UnmountFlags::default(), Errno::EINVAL),
        (c"link", nofollow, Errno::EINVAL),
        (
            c"a",
            UnmountFlags::EXPIRE | UnmountFlags::FORCE,
            Errno::EINVAL,
        ),
    ] {
        assert_eq!(umount2(target, flags), Err(errno), "{target:?}");
    }
    unmount(c"link");
    assert_eq!(umount2(c"a", nofollow), Err(Errno::EINVAL), "gone");
}

fn the_root_is_changed() {
    enter_a_tree();
    // `pivot_root` cannot replace the initramfs, so this test runs below another root.
    sys::file::chroot(c".").expect("another root");
    sys::file::chdir(c"/").expect("the root");
    make_file(c"/first", 0o600, b"");
    tmpfs(c"/a", MountFlags::default());
    make_directory(c"/a/old").expect("a directory");
    make_file(c"/a/second", 0o600, b"");
    // The first new root is no mount point, and the second call's old root is not below the new one: both lie in the
    // present root.
    assert_eq!(pivot_root(c"/b", c"/b"), Err(Errno::EBUSY));
    assert_eq!(pivot_root(c"/a", c"/c"), Err(Errno::EBUSY));
    assert_eq!(pivot_root(c"/a", c"/nope"), Err(Errno::ENOENT));
    pivot_root(c"/a", c"/a/old").expect("another root");
    sys::file::chdir(c"/").expect("the root");
    assert!(exists(c"/second") && exists(c"/old/first") && !exists(c"/first"));
    umount2(c"/old", UnmountFlags::DETACH).expect("detached");
    assert!(!exists(c"/old/first"));
}

// ---- The kernel itself ----

/// Skips the test unless it runs on a machine of its own, because it changes what concerns the whole machine.
fn need_a_machine() {
    need_root();
    if runner() != "kernel" {
        skip("needs a machine of its own");
    }
}

fn the_consoles_level_is_set() {
    need_a_machine();
    let level = || {
        let levels = proc("sys/kernel/printk");
        let first = levels.as_str().split_whitespace().next().map(str::parse);
        first.expect("a level").expect("a number")
    };
    let before: i32 = level();
    for expected in [3, 5] {
        machine::set_console_level(expected).expect("a level");
        assert_eq!(level(), expected);
    }
    machine::set_console_level(before).expect("a level");
    assert_eq!(machine::set_console_level(0), Err(Errno::EINVAL));
    assert_eq!(machine::set_console_level(9), Err(Errno::EINVAL));
}

fn ctrl_alt_del_is_set() {
    need_a_machine();
    let set = || {
        proc("sys/kernel/ctrl-alt-del")
            .as_str()
            .trim_end()
            .parse::<u32>()
    };
    set_ctrl_alt_del(true).expect("set");
    assert_eq!(set(), Ok(1));
    set_ctrl_alt_del(false).expect("set");
    assert_eq!(set(), Ok(0));
}

fn a_file_without_a_swap_area_is_an_error() {
    need_root();
    make_file(c"file", 0o600, b"");
    assert_eq!(machine::swapoff(c"nope"), Err(Errno::ENOENT));
    assert_eq!(machine::swapoff(c"file"), Err(Errno::EINVAL));
    assert_eq!(machine::swapon(c"nope", Some(7)), Err(Errno::ENOENT));
    assert_eq!(machine::swapon(c"file", None), Err(Errno::EINVAL));
}

fn a_file_that_is_no_module_is_an_error() {
    need_root();
    make_file(c"file", 0o600, &[0; 4096]);
    let file = sys::fd::open(c"file", OFlags::CLOEXEC, 0).expect("the file");
    match machine::finit_module(file.as_fd(), c"") {
        Err(Errno::EPERM | Errno::EKEYREJECTED | Errno::ENOSYS) => skip("no modules here"),
        answer => assert_eq!(answer, Err(Errno::ENOEXEC)),
    }
    credentials::setuid(65534).expect("another user");
    assert_eq!(machine::finit_module(file.as_fd(), c""), Err(Errno::EPERM));
}

fn everything_is_written_to_the_disks() {
    make_file(c"file", 0o600, b"text");
    sys::reboot::sync();
    assert_eq!(read_file(c"file").expect("the file").as_str(), "text");
}

fn a_user_who_is_not_root_may_make_none_of_these_calls() {
    need_root();
    make_directory(c"directory").expect("a directory");
    credentials::setgid(65534).expect("another group");
    credentials::setuid(65534).expect("another user");
    let none = MountFlags::default();
    for (what, answer) in [
        ("sethostname", machine::sethostname(b"nest")),
        ("setdomainname", machine::setdomainname(b"nest")),
        ("mount", mount(c"", c"directory", c"tmpfs", none, c"")),
        ("umount2", umount2(c"/", UnmountFlags::default())),
        ("pivot_root", pivot_root(c"/", c"/")),
        ("swapoff", machine::swapoff(c"directory")),
        ("swapon", machine::swapon(c"directory", None)),
        ("syslog", machine::set_console_level(4)),
        ("Ctrl-Alt-Del on", set_ctrl_alt_del(true)),
        ("Ctrl-Alt-Del off", set_ctrl_alt_del(false)),
    ] {
        assert_eq!(answer, Err(Errno::EPERM), "{what}");
    }
    // All calls above were refused, so the calls that end the machine will be refused, too.
    assert_ne!(credentials::geteuid(), Ok(0));
    for kind in [Reboot::PowerOff, Reboot::Restart, Reboot::Halt] {
        assert_eq!(reboot(kind), Errno::EPERM);
    }
}

fn a_namespace_is_left_and_entered_again() {
    need_root();
    let name = || format_text!("{}", show(machine::uname().expect("the names").nodename()));
    let open = |path| sys::fd::open(path, OFlags::CLOEXEC, 0).expect("a namespace");
    let (before, first) = (name(), open(c"/proc/self/ns/uts"));
    if let Err(errno) = namespace::unshare(Namespaces::UTS) {
        skip(format_args!("no namespaces here: {errno}"));
    }
    machine::sethostname(b"inside").expect("a name");
    let second = open(c"/proc/self/ns/uts");
    for (there, expected) in [
        (&first, before.as_str()),
        (&second, "inside"),
        (&first, before.as_str()),
    ] {
        namespace::setns(there.as_fd(), Namespaces::UTS).expect("a namespace");
        assert_eq!(name().as_str(), expected);
    }
    namespace::setns(second.as_fd(), Namespaces::default()).expect("a namespace of any kind");
    let other = namespace::setns(first.as_fd(), Namespaces::IPC);
    assert_eq!(other, Err(Errno::EINVAL), "it is of another kind");
}

fn only_root_enters_a_namespace() {
    need_root();
    let own = sys::fd::open(c"/proc/self/ns/uts", OFlags::CLOEXEC, 0).expect("a namespace");
    credentials::setuid(65534).expect("another user");
    let kinds = Namespaces::UTS | Namespaces::IPC | Namespaces::MOUNT | Namespaces::CGROUP;
    for kind in [kinds, Namespaces::NETWORK, Namespaces::PID] {
        assert_eq!(namespace::unshare(kind), Err(Errno::EPERM));
    }
    let answer = namespace::setns(own.as_fd(), Namespaces::UTS);
    assert_eq!(answer, Err(Errno::EPERM));
}

fn a_process_runs_only_on_its_cpus() {
    let all = sched_getaffinity(0).expect("the CPUs");
    let last = all.iter().last().expect("a CPU");
    let one = CpuSet::EMPTY.with(last);
    assert!(all.contains(last) && one.iter().eq([last]));
    sched_setaffinity(0, &one).expect("one CPU");
    join(fork(|| assert_eq!(sched_getaffinity(0), Ok(one))));
    let nothing = sched_setaffinity(0, &CpuSet::EMPTY.with(5000));
    assert_eq!(nothing, Err(Errno::EINVAL));
    assert_eq!(sched_getaffinity(0), Ok(one));
    let both = [0, 63, 64, 1023]
        .into_iter()
        .fold(CpuSet::EMPTY, CpuSet::with);
    assert!(both.iter().eq([0, 63, 64, 1023]) && !both.contains(1) && !both.contains(5000));
}

// ---- Process 1 ----

fn process_1_reaps_all_children_until_its_service_ends() {
    let other = fork(|| {});
    let service = fork(|| {
        while process::kill(other.as_raw(), None) != Err(Errno::ESRCH) {}
        process::exit(3);
    });
    let status = pid1::reap_until(service);
    assert_eq!(status.map(|it| it.code()), Ok(Some(3)));
    assert!(!has_child());
    assert_eq!(pid1::reap_until(service), Err(Errno::ECHILD));
}

fn process_1_mounts_a_file_system_once() {
    enter_a_tree();
    for _ in 0..2 {
        assert_eq!(pid1::mount(c"sysfs", c"new"), Ok(()));
        assert!(exists(c"new/kernel"));
    }
    unmount(c"new");
    assert!(!exists(c"new/kernel"));
    assert_eq!(pid1::mount(c"no-such", c"a"), Err(Errno::ENODEV));
    assert_eq!(pid1::mount(c"proc", c"no/such"), Err(Errno::ENOENT));
}

/// Runs `first` as process 1 of a new pid namespace. It has no rights over what does not belong to the namespace.
fn as_process_1(first: impl FnOnce()) -> nestling::ExitStatus {
    unshare(linux::CLONE_NEWPID | linux::CLONE_NEWUSER);
    let pid = fork(|| {
        assert_eq!(process::getpid().as_raw(), 1);
        first();
    });
    wait::wait(pid).expect("its end")
}

fn process_1_of_a_namespace_ends_all_its_processes() {
    let status = as_process_1(|| {
        let pause = || while process::pause() == Errno::EINTR {};
        sys::signal::ignore(Signal::TERM).expect("no SIGTERM");
        fork(pause);
        sys::signal::set_default(Signal::TERM).expect("an end by SIGTERM");
        fork(pause);
        let stopped = fork(pause);
        process::kill(stopped.as_raw(), Some(Signal::STOP)).expect("a stop");
        wait::wait_for(Who::Child(stopped), Options::STOPPED).expect("a stop");
        assert_eq!(pid1::end_processes(Duration::from_millis(5)), Ok(()));
        assert!(!has_child());
        assert_eq!(pid1::end_processes(Duration::MAX), Ok(()));
    });
    assert!(status.success(), "{status}");
}

fn process_1_of_a_namespace_shuts_it_down() {
    if runner() != "kernel" {
        skip("on a kernel of its own only");
    }
    let status = as_process_1(|| {
        fork(|| while process::pause() == Errno::EINTR {});
        let errno = pid1::shut_down(Reboot::PowerOff, Duration::MAX);
        panic!("{errno}");
    });
    assert_eq!(status.signal(), Some(Signal::INT), "{status}");
}

fn only_process_1_ends_all_processes() {
    assert_eq!(pid1::end_processes(Duration::ZERO), Err(Errno::EPERM));
    let errno = pid1::shut_down(Reboot::PowerOff, Duration::ZERO);
    assert_eq!(errno, Errno::EPERM);
}
