//! Tests of every file action: its effect in the program, and the report of its failure.

use core::fmt::Write;

use linux_raw_sys::general as linux;
use linux_raw_sys::ioctl::{TIOCGPTN, TIOCSPTLCK};
use nestling::spawn::{Action, Attributes, CapabilitySet, Memory, Program, Spawn};
use nestling::sys::{self, credentials};
use nestling::{Args, Capabilities, Errno, OFlags, RawFd, Resource, Rlimit, args};
use nestling_tests::{
    DESCRIPTORS, State, Text, close, copy_probe, directory, dup2, emulated, fails, fd, forbid,
    format_text, inode, ioctl, make_directory, make_file, mode, need_root, notice, open, open_only,
    probe, read_file, redirect, remove, scratch, show, skip, state,
};

nestling_tests::suite! {
    in_all_modes {
        open_puts_the_file_at_its_number,
        open_replaces_what_was_there,
        open_passes_its_flags,
        open_makes_a_file_with_its_mode_reduced_by_the_umask,
        open_keeps_close_on_exec_if_asked_to,
        open_of_several_numbers_opens_several_files,
        open_can_use_the_lowest_free_number,
        a_failed_open_is_reported,
        redirect_opens_what_is_open_at_its_own_number,
        redirect_puts_the_file_at_its_number_and_passes_its_flags,
        a_failed_redirect_is_reported,
        redirect_needs_a_free_number,
        close_closes,
        close_of_a_closed_descriptor_is_no_error,
        dup2_makes_one_descriptor_the_same_as_another,
        dup2_onto_itself_clears_close_on_exec,
        dup2_from_a_closed_descriptor_is_reported,
        dup2_beyond_the_limit_is_reported,
        negative_numbers_are_closed_descriptors,
        chdir_and_fchdir_change_the_directory_of_relative_paths,
        a_failed_chdir_is_reported,
        close_from_closes_all_from_a_number_on,
        close_from_works_without_close_range,
        close_from_works_without_close_range_and_proc,
        umask_is_set,
        limit_is_set,
        a_failed_limit_is_reported,
        chroot_changes_the_root,
        groups_gid_and_uid_are_set,
        ids_above_16_bits_are_set,
        ids_without_privilege_are_reported,
        capabilities_are_given_to_a_program_that_is_not_root,
        capabilities_without_privilege_are_reported,
        reset_ids_makes_effective_ids_the_real_ones,
        a_terminal_becomes_the_controlling_one_with_the_group_in_the_foreground,
        a_descriptor_that_is_no_terminal_is_reported,
        actions_are_done_in_the_given_order,
    }
}

fn with<'a>(memory: Memory, actions: &'a [Action<'a>]) -> Spawn<'a> {
    Spawn {
        actions,
        ..probe(memory)
    }
}

fn open_puts_the_file_at_its_number(memory: Memory) {
    make_file(c"file", 0o600, b"");
    let found = state(&with(memory, &[open(7, c"file"), open(0, c"file")]));
    assert_eq!(&found["fds"], "0 1 2 7");
    assert_eq!(found["inode 7"], found["inode 0"]);
}

fn open_replaces_what_was_there(memory: Memory) {
    open_only(0..6);
    let found = state(&with(memory, &[open(5, c"fd0"), open(0, c"fd5")]));
    assert_eq!(&found["fds"], "0 1 2 3 4 5");
    assert_eq!(found["inode 5"], format_text!("{}", inode(0)));
    assert_eq!(found["inode 0"], format_text!("{}", inode(5)));
}

fn open_passes_its_flags(memory: Memory) {
    make_file(c"file", 0o600, b"content");
    let at = |fd, flags| Action::Open {
        fd,
        path: c"file",
        flags,
        mode: 0,
    };
    let found = state(&with(
        memory,
        &[
            at(3, OFlags::RDONLY | OFlags::NONBLOCK),
            at(4, OFlags::WRONLY | OFlags::APPEND),
            at(5, OFlags::RDWR),
        ],
    ));
    assert_eq!(&found["flags 3"], "read nonblock");
    assert_eq!(&found["flags 4"], "write append");
    assert_eq!(&found["flags 5"], "both");
    state(&with(memory, &[at(3, OFlags::WRONLY | OFlags::TRUNC)]));
    assert_eq!(
        nestling_tests::read_file(c"file")
            .expect("the file")
            .as_str(),
        ""
    );
    fails(
        &with(
            memory,
            &[at(3, OFlags::WRONLY | OFlags::CREAT | OFlags::EXCL)],
        ),
        "file action 0 (open \"file\"): EEXIST: file exists",
    );
    fails(
        &with(memory, &[at(3, OFlags::RDONLY | OFlags::DIRECTORY)]),
        "file action 0 (open \"file\"): ENOTDIR: not a directory",
    );
}

fn open_makes_a_file_with_its_mode_reduced_by_the_umask(memory: Memory) {
    let make = |path, mode| {
        let flags = OFlags::WRONLY | OFlags::CREAT;
        Action::Open {
            fd: 3,
            path,
            flags,
            mode,
        }
    };
    let actions = [make(c"a", 0o666), Action::Umask(0o077), make(c"b", 0o751)];
    state(&with(memory, &actions));
    assert_eq!((mode(c"a"), mode(c"b")), (0o644, 0o700));
}

fn open_keeps_close_on_exec_if_asked_to(memory: Memory) {
    make_file(c"file", 0o600, b"");
    let at = |fd| Action::Open {
        fd,
        path: c"file",
        flags: OFlags::CLOEXEC,
        mode: 0,
    };
    // 3 is the number of the pipe's read end. It is free when the action opens the file, so `open` itself returns 3.
    // For 9, the file must be moved.
    let found = state(&with(memory, &[at(3), at(9), open(10, c"file")]));
    assert_eq!(&found["fds"], "0 1 2 10");
}

fn open_of_several_numbers_opens_several_files(memory: Memory) {
    for name in [c"a", c"b", c"c", c"d"] {
        make_file(name, 0o600, b"");
    }
    let actions = [open(6, c"a"), open(3, c"b"), open(4, c"c"), open(5, c"d")];
    let found = state(&with(memory, &actions));
    open_only([]);
    for (number, name) in [(6, c"a"), (3, c"b"), (4, c"c"), (5, c"d")] {
        let file = sys::fd::open(name, OFlags::RDONLY, 0).expect("the file");
        let inode = format_text!("{}", inode(file.as_raw_fd()));
        assert_eq!(
            &found[format_text!("inode {number}").as_str()],
            inode.as_str(),
            "{number}"
        );
    }
}

fn open_can_use_the_lowest_free_number(memory: Memory) {
    open_only([0, 2, 3, 4]);
    assert_eq!(
        &state(&with(memory, &[open(1, c"fd0")]))["fds"],
        "0 1 2 3 4"
    );
}

fn a_failed_open_is_reported(memory: Memory) {
    make_file(c"file", 0o600, b"");
    fails(
        &with(
            memory,
            &[open(3, c"file"), open(4, c"file"), open(0, c"/nope")],
        ),
        "file action 2 (open \"/nope\"): ENOENT: no such file or directory",
    );
    fails(
        &with(memory, &[open(0, c"file/below")]),
        "file action 0 (open \"file/below\"): ENOTDIR: not a directory",
    );
    fails(
        &with(memory, &[open(nestling_tests::DESCRIPTORS as i32, c"file")]),
        "file action 0 (open \"file\"): EBADF: bad file descriptor",
    );
}

fn redirect_opens_what_is_open_at_its_own_number(memory: Memory) {
    if sys::file::stat(c"/proc/self/fd/0").is_err() {
        skip("there is no /proc");
    }
    open_only(0..6);
    let itself = c"/proc/self/fd/5";
    // The same through a link: the library does not compare path names.
    sys::file::symlink(itself, c"link").expect("a link");
    for path in [itself, c"link"] {
        let found = state(&with(memory, &[redirect(5, path), redirect(0, path)]));
        assert_eq!(&found["fds"], "0 1 2 3 4 5");
        assert_eq!(found["inode 5"], format_text!("{}", inode(5)));
        assert_eq!(found["inode 0"], format_text!("{}", inode(5)));
        // The action `Open` fails here: as POSIX specifies, it closes its number first.
        let expected = format_text!(
            "file action 0 (open \"{}\"): ENOENT: no such file or directory",
            show(path)
        );
        fails(&with(memory, &[open(5, path)]), expected);
    }
}

fn redirect_puts_the_file_at_its_number_and_passes_its_flags(memory: Memory) {
    make_file(c"file", 0o600, b"");
    let at = |fd, flags| Action::Redirect {
        fd,
        path: c"file",
        flags,
        mode: 0,
    };
    // 3 is the number of the pipe's read end. It is free when the action opens the file, so `open` itself returns 3.
    // For 9, the file must be moved.
    let found = state(&with(
        memory,
        &[
            at(3, OFlags::CLOEXEC),
            at(9, OFlags::CLOEXEC),
            at(5, OFlags::WRONLY | OFlags::APPEND),
            at(0, OFlags::RDWR),
        ],
    ));
    assert_eq!(&found["fds"], "0 1 2 5");
    assert_eq!(&found["flags 5"], "write append");
    assert_eq!(&found["flags 0"], "both");
}

fn a_failed_redirect_is_reported(memory: Memory) {
    make_file(c"file", 0o600, b"");
    let expected = "file action 0 (redirect \"nope\"): ENOENT: no such file or directory";
    fails(&with(memory, &[redirect(0, c"nope")]), expected);
    let expected = "file action 0 (redirect \"file\"): EBADF: bad file descriptor";
    for impossible in [-1, RawFd::MAX] {
        fails(&with(memory, &[redirect(impossible, c"file")]), expected);
    }
}

fn redirect_needs_a_free_number(memory: Memory) {
    // All numbers but two, which the pipe takes, if there is one. In the child, the lower of them is free again.
    let last = DESCRIPTORS as RawFd - 1;
    open_only(0..last - 1);
    state(&with(memory, &[redirect(0, c"fd0")]));
    open_only(0..last + 1);
    if memory == Memory::Shared && !emulated() {
        fails(
            &with(memory, &[redirect(0, c"fd0")]),
            "file action 0 (redirect \"fd0\"): EMFILE: too many open files",
        );
    }
}

fn close_closes(memory: Memory) {
    open_only(0..6);
    let found = state(&with(memory, &[Action::Close(4), Action::Close(0)]));
    assert_eq!(&found["fds"], "1 2 3 5");
}

fn close_of_a_closed_descriptor_is_no_error(memory: Memory) {
    let actions = [
        Action::Close(40),
        Action::Close(2),
        Action::Close(2),
        Action::Close(9999),
    ];
    assert_eq!(&state(&with(memory, &actions))["fds"], "0 1");
}

fn dup2_makes_one_descriptor_the_same_as_another(memory: Memory) {
    open_only(0..4);
    let found = state(&with(memory, &[dup2(3, 0), dup2(1, 9)]));
    assert_eq!(&found["fds"], "0 1 2 3 9");
    assert_eq!(found["inode 0"], format_text!("{}", inode(3)));
    assert_eq!(found["inode 9"], format_text!("{}", inode(1)));
}

fn dup2_onto_itself_clears_close_on_exec(memory: Memory) {
    open_only(0..5);
    for number in [3, 4] {
        sys::fd::set_cloexec(fd(number), true).expect("a flag");
    }
    assert_eq!(&state(&with(memory, &[dup2(4, 4)]))["fds"], "0 1 2 4");
}

fn dup2_from_a_closed_descriptor_is_reported(memory: Memory) {
    for (actions, expected) in [
        (
            [dup2(0, 3), dup2(20, 0)],
            "file action 1 (dup2 20 to 0): EBADF: bad file descriptor",
        ),
        (
            [dup2(0, 3), dup2(20, 20)],
            "file action 1 (dup2 20 to 20): EBADF: bad file descriptor",
        ),
        (
            [Action::Close(1), dup2(1, 2)],
            "file action 1 (dup2 1 to 2): EBADF: bad file descriptor",
        ),
    ] {
        fails(&with(memory, &actions), expected);
    }
}

fn dup2_beyond_the_limit_is_reported(memory: Memory) {
    let expected = "file action 0 (dup2 0 to 64): EBADF: bad file descriptor";
    fails(&with(memory, &[dup2(0, 64)]), expected);
}

fn negative_numbers_are_closed_descriptors(memory: Memory) {
    make_file(c"file", 0o600, b"");
    for number in [-1, -100, RawFd::MIN] {
        let ebadf = |action: Action<'_>, name: &str| {
            let expected = format_text!("{name}): EBADF: bad file descriptor");
            fails(&with(memory, &[action]), expected);
        };
        ebadf(open(number, c"file"), "file action 0 (open \"file\"");
        ebadf(
            Action::Close(number),
            format_text!("file action 0 (close {number}").as_str(),
        );
        ebadf(
            dup2(number, 0),
            format_text!("file action 0 (dup2 {number} to 0").as_str(),
        );
        ebadf(
            dup2(0, number),
            format_text!("file action 0 (dup2 0 to {number}").as_str(),
        );
        ebadf(
            dup2(number, number),
            format_text!("file action 0 (dup2 {number} to {number}").as_str(),
        );
        ebadf(
            Action::Fchdir(number),
            format_text!("file action 0 (fchdir {number}").as_str(),
        );
        ebadf(
            Action::CloseFrom(number),
            format_text!("file action 0 (close from {number}").as_str(),
        );
        let name = format_text!("file action 0 (set foreground on {number}");
        ebadf(Action::SetForeground(number), name.as_str());
        let name = format_text!("action 0 (controlling terminal {number}");
        ebadf(Action::ControllingTerminal(number), name.as_str());
    }
}

fn chdir_and_fchdir_change_the_directory_of_relative_paths(memory: Memory) {
    make_directory(c"a").expect("a directory");
    make_directory(c"a/b").expect("a directory");
    make_file(c"a/b/file", 0o600, b"");
    let actions = [
        open(9, c"a"),
        Action::Chdir(c"a/b"),
        open(3, c"file"),
        Action::Fchdir(9),
        open(4, c"b/file"),
        Action::Chdir(c"b"),
    ];
    let found = state(&with(memory, &actions));
    assert_eq!(found["inode 3"], found["inode 4"]);
    assert_eq!(found["directory"], format_text!("{}/a/b", show(scratch())));
    assert_eq!(
        directory().as_str(),
        show(scratch()),
        "the parent's own directory"
    );
}

fn a_failed_chdir_is_reported(memory: Memory) {
    fails(
        &with(memory, &[Action::Chdir(c"nope")]),
        "file action 0 (chdir \"nope\"): ENOENT: no such file or directory",
    );
    fails(
        &with(memory, &[Action::Fchdir(30)]),
        "file action 0 (fchdir 30): EBADF: bad file descriptor",
    );
    make_file(c"file", 0o600, b"");
    fails(
        &with(memory, &[open(5, c"file"), Action::Fchdir(5)]),
        "file action 1 (fchdir 5): ENOTDIR: not a directory",
    );
}

fn close_from_closes_all_from_a_number_on(memory: Memory) {
    for (first, expected) in [
        (0, ""),
        (1, "0"),
        (3, "0 1 2"),
        (40, "0 1 2 3 4 20"),
        (61, "0 1 2 3 4 20 60"),
    ] {
        open_only([0, 1, 2, 3, 4, 20, 60]);
        let found = state(&with(memory, &[Action::CloseFrom(first)]));
        assert_eq!(&found["fds"], expected, "close from {first}");
    }
    open_only(0..8);
    assert_eq!(
        &state(&with(memory, &[Action::CloseFrom(RawFd::MAX)]))["fds"],
        "0 1 2 3 4 5 6 7"
    );
}

fn close_from_works_without_close_range(memory: Memory) {
    forbid(linux::__NR_close_range, 0, Some(Errno::ENOSYS));
    close_from_closes_all_from_a_number_on(memory);
}

fn close_from_works_without_close_range_and_proc(memory: Memory) {
    need_root();
    forbid(linux::__NR_close_range, 0, Some(Errno::EPERM));
    open_only([0, 1, 2, 3, 4, 20, 60]);
    // The new root has no /proc.
    let found = state_in_new_root(
        memory,
        &[Action::Chroot(c"."), Action::CloseFrom(3), dup2(0, 9)],
    );
    assert_eq!(&found["fds"], "0 1 2 9");
}

/// Starts a copy of the probe in a root that the actions set to the test's directory.
fn state_in_new_root(memory: Memory, actions: &[Action<'_>]) -> State {
    copy_probe(c"program");
    let env = args![c"NESTLING_OUT=/out"];
    let program = Program::Path(c"/program");
    state(&Spawn {
        env: Args::new(&env),
        program,
        ..with(memory, actions)
    })
}

fn umask_is_set(memory: Memory) {
    assert_eq!(
        &state(&with(memory, &[Action::Umask(0o127)]))["umask"],
        "127"
    );
    assert_eq!(&state(&with(memory, &[]))["umask"], "022");
}

fn limit_is_set(memory: Memory) {
    let limit = Rlimit {
        soft: 4096,
        hard: 3 << 30, // more than a signed number of 32 bits can represent
    };
    let none = Rlimit { soft: 0, hard: 0 };
    let actions = [
        Action::Limit(Resource::Core, none),
        Action::Limit(Resource::FileSize, limit),
    ];
    let found = state(&with(memory, &actions));
    assert_eq!(&found["core"], "0 0");
    assert_eq!(&found["fsize"], "4096 3221225472");
}

fn a_failed_limit_is_reported(memory: Memory) {
    let limit = Rlimit { soft: 2, hard: 1 };
    fails(
        &with(memory, &[Action::Limit(Resource::Nofile, limit)]),
        "action 0 (limit nofile): EINVAL: invalid argument",
    );
}

fn chroot_changes_the_root(memory: Memory) {
    fails(
        &with(memory, &[Action::Chroot(c"nope")]),
        "action 0 (chroot \"nope\"): ENOENT: no such file or directory",
    );
    need_root();
    let actions = [Action::Chroot(c"."), Action::Chdir(c"/")];
    assert_eq!(&state_in_new_root(memory, &actions)["directory"], "/");
}

/// Starts a copy of the probe that every user can reach.
fn state_as_anyone(memory: Memory, actions: &[Action<'_>]) -> State {
    copy_probe(c"program");
    let program = Program::Path(c"program");
    state(&Spawn {
        program,
        ..with(memory, actions)
    })
}

fn groups_gid_and_uid_are_set(memory: Memory) {
    need_root();
    assert_eq!(
        &state_as_anyone(memory, &[Action::Groups(&[])])["groups"],
        ""
    );
    remove(c"out");
    let actions = [
        Action::Groups(&[7, 8, 9]),
        Action::Gid(1001),
        Action::Uid(1002),
    ];
    let found = state_as_anyone(memory, &actions);
    assert_eq!(&found["groups"], "7 8 9");
    assert_eq!((&found["gid"], &found["uid"]), ("1001 1001", "1002 1002"));
    assert_eq!(credentials::getuid(), Ok(0), "the parent's own user");
}

fn ids_above_16_bits_are_set(memory: Memory) {
    need_root();
    let actions = [
        Action::Groups(&[100_000]),
        Action::Gid(100_001),
        Action::Uid(100_002),
    ];
    let found = state_as_anyone(memory, &actions);
    assert_eq!(&found["groups"], "100000");
    assert_eq!(
        (&found["gid"], &found["uid"]),
        ("100001 100001", "100002 100002")
    );
}

fn ids_without_privilege_are_reported(memory: Memory) {
    if credentials::geteuid() == Ok(0) {
        credentials::setuid(1000).expect("another user");
    }
    let denied = "EPERM: operation not permitted";
    let expected = format_text!("action 0 (uid 4): {denied}");
    fails(&with(memory, &[Action::Uid(4)]), expected);
    let expected = format_text!("action 1 (gid 5): {denied}");
    fails(
        &with(memory, &[Action::Umask(0), Action::Gid(5)]),
        expected.as_str(),
    );
    fails(
        &with(memory, &[Action::Groups(&[6])]),
        format_args!("action 0 (groups): {denied}"),
    );
    fails(
        &with(memory, &[Action::Chroot(c"/")]),
        format_args!("action 0 (chroot \"/\"): {denied}"),
    );
}

/// the capabilities `kill` and `net_raw`
fn two_capabilities() -> Capabilities {
    let one = |name| Capabilities::from_name(name).expect("a capability");
    one(b"kill") | one(b"net_raw")
}

fn capabilities_are_given_to_a_program_that_is_not_root(memory: Memory) {
    need_root();
    let two = two_capabilities();
    let actions = [
        Action::Capabilities(CapabilitySet::Bounding, two),
        // SECBIT_KEEP_CAPS
        Action::Securebits(1 << 4),
        Action::Uid(1001),
        Action::Capabilities(CapabilitySet::Inheritable, two),
        Action::Capabilities(CapabilitySet::Ambient, Capabilities::EMPTY),
        Action::Capabilities(
            CapabilitySet::Ambient,
            Capabilities::from_name(b"kill").expect("a capability"),
        ),
    ];
    let own = read_file(c"/proc/self/status").expect("the status");
    let mut sets = own
        .as_str()
        .lines()
        .filter_map(|line| line.strip_prefix("CapBnd:\t"));
    let bounding = sets
        .next()
        .and_then(|set| u64::from_str_radix(set, 16).ok());
    if bounding.is_none_or(|set| set & two.bits() != two.bits()) {
        skip("root lacks the two capabilities");
    }
    let found = state_as_anyone(memory, &actions);
    assert_eq!(&found["uid"], "1001 1001");
    for (set, bits) in [
        ("CapBnd", "2020"),
        ("CapInh", "2020"),
        ("CapEff", "20"),
        ("CapAmb", "20"),
    ] {
        assert_eq!(found[set].trim_start_matches('0'), bits, "{set}");
    }
    let after = read_file(c"/proc/self/status").expect("the status");
    let sets = |status: &'_ Text<8192>| {
        let mut all = Text::<512>::new();
        for line in status
            .as_str()
            .lines()
            .filter(|line| line.starts_with("Cap"))
        {
            writeln!(all, "{line}").expect("room");
        }
        all
    };
    assert_eq!(
        sets(&after).as_str(),
        sets(&own).as_str(),
        "the parent's own"
    );
}

fn capabilities_without_privilege_are_reported(memory: Memory) {
    if credentials::geteuid() == Ok(0) {
        credentials::setuid(1000).expect("another user");
    }
    let denied = "EPERM: operation not permitted";
    for (set, name) in [
        (CapabilitySet::Bounding, "bounding"),
        (CapabilitySet::Inheritable, "inheritable"),
        (CapabilitySet::Ambient, "ambient"),
    ] {
        let actions = [
            Action::Umask(0),
            Action::Capabilities(set, two_capabilities()),
        ];
        let expected = format_text!("action 1 (capabilities {name}): {denied}");
        fails(&with(memory, &actions), expected.as_str());
    }
    let expected = format_text!("action 0 (securebits 20): {denied}");
    fails(
        &with(memory, &[Action::Securebits(0o20)]),
        expected.as_str(),
    );
}

fn reset_ids_makes_effective_ids_the_real_ones(memory: Memory) {
    need_root();
    let unchanged = credentials::UNCHANGED;
    credentials::setresgid(unchanged, 1001, unchanged).expect("an effective group");
    credentials::setresuid(unchanged, 1002, unchanged).expect("an effective user");
    let found = state_as_anyone(memory, &[]);
    assert_eq!((&found["gid"], &found["uid"]), ("0 1001", "0 1002"));
    remove(c"out");
    let found = state_as_anyone(memory, &[Action::ResetIds]);
    assert_eq!((&found["gid"], &found["uid"]), ("0 0", "0 0"));
}

fn a_terminal_becomes_the_controlling_one_with_the_group_in_the_foreground(memory: Memory) {
    let master = match sys::fd::open(
        c"/dev/ptmx",
        OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
        0,
    ) {
        Ok(master) => master.into_raw_fd(),
        Err(errno) => skip(format_args!("no pseudo-terminals here: /dev/ptmx: {errno}")),
    };
    let (mut zero, mut number) = (0, 0);
    ioctl(master, TIOCSPTLCK, &mut zero).expect("TIOCSPTLCK");
    ioctl(master, TIOCGPTN, &mut number).expect("TIOCGPTN");
    let name = format_text!("/dev/pts/{number}");
    if let Err(errno) = sys::file::faccessat(name.c_str()) {
        skip(format_args!("no pseudo-terminals here: {name}: {errno}"));
    }
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let actions = [
        Action::Open {
            fd: 0,
            path: name.c_str(),
            flags,
            mode: 0,
        },
        Action::ControllingTerminal(0),
        Action::SetForeground(0),
    ];
    let attributes = Attributes {
        new_session: true,
        memory,
        notice: notice(),
        ..Attributes::default()
    };
    let found = state(&Spawn {
        attributes,
        ..with(memory, &actions)
    });
    assert_eq!(found["session"], found["pid"]);
    assert_eq!(found["foreground"], found["pid"]);

    // First in this session without a controlling terminal; then with a controlling terminal, from a background group.
    fails(
        &with(memory, &[actions[0], Action::SetForeground(0)]),
        format_args!("file action 1 (set foreground on 0): {}", Errno::ENOTTY),
    );
    fails(
        &with(memory, &actions),
        "action 1 (controlling terminal 0): EPERM: operation not permitted",
    );
    let terminal = sys::fd::open(name.c_str(), flags, 0).expect("the terminal");
    sys::terminal::set_controlling(fd(terminal.as_raw_fd())).expect("a controlling terminal");
    let attributes = Attributes {
        process_group: Some(0),
        memory,
        notice: notice(),
        ..Attributes::default()
    };
    let found = state(&Spawn {
        attributes,
        ..with(memory, &[actions[0], Action::SetForeground(0)])
    });
    assert_eq!(found["foreground"], found["pid"]);
}

fn a_descriptor_that_is_no_terminal_is_reported(memory: Memory) {
    make_file(c"file", 0o600, b"");
    for (action, name) in [
        (
            Action::SetForeground(0),
            "file action 1 (set foreground on 0)",
        ),
        (
            Action::ControllingTerminal(0),
            "action 1 (controlling terminal 0)",
        ),
    ] {
        let expected = format_text!("{name}: {}", Errno::ENOTTY);
        fails(
            &with(memory, &[open(0, c"file"), action]),
            expected.as_str(),
        );
    }
    close(30);
    let expected = "file action 0 (set foreground on 30): EBADF: bad file descriptor";
    fails(&with(memory, &[Action::SetForeground(30)]), expected);
}

fn actions_are_done_in_the_given_order(memory: Memory) {
    open_only(0..3);
    let actions = [dup2(0, 9), dup2(1, 0), dup2(9, 1), Action::Close(9)];
    let found = state(&with(memory, &actions));
    assert_eq!(&found["fds"], "0 1 2");
    assert_eq!(found["inode 0"], format_text!("{}", inode(1)));
    assert_eq!(found["inode 1"], format_text!("{}", inode(0)));
}
