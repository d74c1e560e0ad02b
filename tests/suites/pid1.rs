//! Tests of what PID 1 does for all processes. PID 1 of a real kernel is nestling's `init`; its child, the agent, runs the suites.

use core::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};

use linux_raw_sys::general as linux;
use nestling::sys::{self, process};
use nestling::{AsFd, Errno, OFlags};
use nestling_tests::{
    Text, call, fork, format_text, join, mailbox, read_file, runner, shared_memory, skip,
};

nestling_tests::suite! {
    once {
        the_agent_of_this_suite_is_a_child_of_our_own_pid_1,
        pid_1_holds_the_console_and_its_table_and_no_other_descriptor,
        pid_1_reaps_a_thousand_orphans,
        pid_1_has_no_zombie_and_no_child_but_the_agent,
        pid_1_links_the_names_of_open_descriptors_into_dev,
    }
}

fn need_pid_1() {
    if runner() != "kernel" {
        skip("needs init as PID 1: a machine of its own");
    }
}

/// Returns the pid of the agent, the parent of this suite.
fn agent() -> i32 {
    Stat::of(process::getppid()).expect("the suite").parent
}

fn the_agent_of_this_suite_is_a_child_of_our_own_pid_1() {
    need_pid_1();
    let agent = Stat::of(agent()).expect("the agent");
    assert_eq!(agent.parent, 1);
    let name = read_file(c"/proc/1/comm").expect("its name");
    assert_eq!(name.as_str(), "init\n");
}

fn pid_1_holds_the_console_and_its_table_and_no_other_descriptor() {
    need_pid_1();
    let mut numbers = Text::<512>::new();
    each_number_in(c"/proc/1/fd", |number| {
        let _ = core::fmt::Write::write_fmt(&mut numbers, format_args!("{number} "));
    });
    assert_eq!(numbers.as_str(), "0 1 2 3 ");
    let mut target = [0; 64];
    let length = sys::file::readlink(c"/proc/1/fd/3", &mut target).expect("the link");
    assert!(target[..length].starts_with(b"/memfd:services"));
}

fn pid_1_links_the_names_of_open_descriptors_into_dev() {
    need_pid_1();
    for (path, expected) in [
        (c"/dev/fd", "/proc/self/fd"),
        (c"/dev/stdin", "/proc/self/fd/0"),
        (c"/dev/stdout", "/proc/self/fd/1"),
        (c"/dev/stderr", "/proc/self/fd/2"),
    ] {
        let mut target = [0; 64];
        let length = sys::file::readlink(path, &mut target).expect("the link");
        assert_eq!(&target[..length], expected.as_bytes());
    }
}

/// Each orphan waits for the end of a pipe, so its parent has ended before it. The orphans have all possible exit
/// statuses.
fn pid_1_reaps_a_thousand_orphans() {
    need_pid_1();
    const COUNT: usize = 1000;
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    // SAFETY: the mapping is large enough, zeros are valid values, and it is never unmapped.
    let pids: &[AtomicI32; COUNT] = unsafe { &*shared_memory(4 * COUNT).cast() };
    let adopted: &AtomicU32 = &mailbox().numbers[0];
    let parent = fork(|| {
        for (index, slot) in pids.iter().enumerate() {
            let orphan = fork(|| {
                // SAFETY: this is a copy of the descriptor that this process does not use.
                let _ = unsafe { sys::fd::close(held.as_raw_fd()) };
                let _ = sys::fd::read(end.as_fd(), &mut [0]);
                adopted.fetch_add(u32::from(process::getppid() == 1), Relaxed);
                process::exit(index as i32 % 256);
            });
            slot.store(orphan.as_raw(), Relaxed);
        }
    });
    join(parent);
    drop(held);
    for pid in pids {
        // A zombie still accepts signals, so this loop waits until it is reaped.
        while process::kill(pid.load(Relaxed), None) != Err(Errno::ESRCH) {
            // SAFETY: the call takes no arguments.
            let _ = unsafe { call(linux::__NR_sched_yield, []) };
        }
    }
    assert_eq!(adopted.load(Relaxed), COUNT as u32, "orphans of PID 1's");
}

fn pid_1_has_no_zombie_and_no_child_but_the_agent() {
    need_pid_1();
    let (agent, mut seen) = (agent(), 0);
    each_number_in(c"/proc", |pid| {
        // A process that has ended in between is not a child of PID 1.
        if let Some(stat) = Stat::of(pid).filter(|stat| stat.parent == 1) {
            assert_ne!(stat.state, b'Z', "process {pid}");
            assert_eq!(pid, agent, "a child of PID 1");
            seen += 1;
        }
    });
    assert_eq!(seen, 1, "the agent");
}

/// The fields of `/proc/PID/stat` that the tests use.
struct Stat {
    state: u8,
    parent: i32,
}

impl Stat {
    fn of(pid: i32) -> Option<Self> {
        let text = read_file(format_text!("/proc/{pid}/stat").c_str()).ok()?;
        // The field before it, the name, may contain any characters.
        let (_, rest) = text.as_str().rsplit_once(") ")?;
        let mut words = rest.split(' ');
        Some(Self {
            state: *words.next()?.as_bytes().first()?,
            parent: words.next()?.parse().ok()?,
        })
    }
}

/// Calls `visit` with each name in the directory that is a number, in the order of the directory.
fn each_number_in(path: &core::ffi::CStr, mut visit: impl FnMut(i32)) {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = sys::fd::open(path, flags, 0).expect("the directory");
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = sys::fd::getdents64(directory.as_fd(), &mut buffer) {
        let mut rest = &buffer[..length];
        while let Some(size) = rest.get(16..18) {
            let name = core::ffi::CStr::from_bytes_until_nul(&rest[19..]).expect("a name");
            if let Some(number) = name.to_str().ok().and_then(|name| name.parse().ok()) {
                visit(number);
            }
            rest = &rest[usize::from(u16::from_ne_bytes([size[0], size[1]]))..];
        }
    }
}
