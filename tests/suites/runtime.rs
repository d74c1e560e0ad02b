//! Tests of the runtime: what a program gets from the kernel, its panics, and the memory functions that the compiler
//! calls.

use core::ffi::CStr;
use core::hint::black_box;

use linux_raw_sys::auxvec;
use nestling::rt::{self, descriptors};
use nestling::spawn::{Action, Hook, Memory, Spawn};
use nestling::sys::credentials;
use nestling::{Args, Errno, ExitStatus, OFlags, Resource, Rlimit, Signal, args, sys, wait};
use nestling_tests::{
    emulated, fd, fork, format_text, inode, join, mailbox, need_root, probe, probe_path, read_file,
    show, skip, state, status, this_process,
};

nestling_tests::suite! {
    in_both_modes {
        a_program_gets_its_arguments_and_environment,
        a_panic_is_written_to_standard_error_and_aborts,
        a_set_user_id_program_has_its_standard_descriptors,
    }
    once {
        this_program_got_its_arguments_and_environment,
        the_auxiliary_vector_is_the_kernels,
        a_programs_own_panic_handler_is_called,
        abort_works_even_if_its_signal_is_blocked_and_ignored,
        memcpy_and_memmove_copy,
        memset_fills,
        memcmp_and_bcmp_compare,
        strlen_counts,
        a_fault_handler_runs_on_a_stack_of_its_own,
        a_fault_handler_that_overflows_its_stack_ends_the_process,
        a_descriptor_dropped_in_a_forked_copy_stays_open_in_the_parent,
        the_close_on_exec_flag_tells_the_users_descriptors_apart,
        the_stack_ends_where_the_soft_limit_is_reached,
        a_stack_is_extended_beyond_the_soft_limit_only,
        a_stack_that_cannot_be_extended_is_an_error,
    }
}

fn a_program_gets_its_arguments_and_environment(memory: Memory) {
    let list = args![c"zero", c"", c"\xff", c"three"];
    let found = state(&Spawn {
        args: Args::new(&list),
        ..probe(memory)
    });
    assert_eq!((&found["args"], &found["arg 0"]), ("4", "zero"));
    assert_eq!(
        (&found["arg 1"], &found["arg 2"], &found["arg 3"]),
        ("", "(not UTF-8)", "three")
    );
    assert!(found["env 0"].starts_with("NESTLING_OUT="));
    assert_eq!(&found["env 1"], "(nothing)");
}

fn a_panic_is_written_to_standard_error_and_aborts(memory: Memory) {
    let flags = OFlags::WRONLY | OFlags::CREAT;
    let actions = [Action::Open {
        fd: 2,
        path: c"errors",
        flags,
        mode: 0o600,
    }];
    let list = args![c"probe", c"panic"];
    let spawn = Spawn {
        args: Args::new(&list),
        actions: &actions,
        ..probe(memory)
    };
    assert_eq!(status(&spawn).signal(), Some(Signal::ABRT));
    let said = read_file(c"errors").expect("the message");
    assert!(said.as_str().contains("probe/main.rs:"), "where: {said}");
    assert!(said.as_str().contains("as asked"), "what: {said}");
    assert!(said.as_str().ends_with('\n'), "a line: {said}");
}

fn a_set_user_id_program_has_its_standard_descriptors(memory: Memory) {
    need_root();
    let actions = [Action::Close(0), Action::Close(1), Action::Close(2)];
    let mut spawn = Spawn {
        actions: &actions,
        ..probe(memory)
    };
    assert_eq!(&state(&spawn)["fds"], "", "those of an ordinary program");
    let become_one = || credentials::setresuid(65534, 0, 0);
    // SAFETY: the hook makes one system call.
    spawn.attributes.hook = Some(unsafe { Hook::new(&become_one) });
    let found = state(&spawn);
    assert_eq!((&found["uid"], &found["fds"]), ("65534 0", "0 1 2"));
    assert_eq!((&found["flags 0"], &found["flags 2"]), ("both", "both"));
}

fn this_program_got_its_arguments_and_environment() {
    let process = this_process();
    let words = || process.args().iter().map(show);
    assert!(words().next().is_some_and(|name| name.ends_with("suites")));
    assert_eq!(words().nth(1), Some("runtime"));
    // The arrays are the same as those in /proc.
    if let Ok(known) = read_file(c"/proc/self/cmdline") {
        let count = known.as_str().split_terminator('\0').count();
        assert!(
            process.args().len() <= count,
            "an emulator's own come before"
        );
    }
    if let Some(value) = process.env().var(c"NESTLING_PROBE") {
        assert_eq!(value, probe_path());
    }
    assert_eq!(process.env().var(c"NESTLING_NOPE"), None);
}

fn the_auxiliary_vector_is_the_kernels() {
    let value = |key: u32| {
        this_process()
            .auxv()
            .find_map(|(k, v)| (k == key as usize).then_some(v))
    };
    let page = value(auxvec::AT_PAGESZ).expect("a page size");
    assert!(page >= 4096 && page.is_power_of_two(), "{page}");
    assert_eq!(
        value(auxvec::AT_UID),
        credentials::getuid().ok().map(|id| id as usize)
    );
    assert!(!this_process().is_secure());

    assert!(value(auxvec::AT_RANDOM).is_some_and(|address| address != 0));
    assert_eq!(
        this_process().auxv().filter(|&(key, _)| key == 0).count(),
        0
    );
}

fn a_programs_own_panic_handler_is_called() {
    let child = fork(|| panic!("{} panicked", "the child"));
    assert_eq!(
        wait::wait(child).expect("its status").code(),
        Some(101),
        "the handler's exit"
    );
    let said = format_text!("{}", mailbox().read());
    mailbox().clear();
    assert!(said.as_str().contains("the child panicked"), "{said}");
}

fn abort_works_even_if_its_signal_is_blocked_and_ignored() {
    use nestling::sys::signal;
    let child = fork(|| {
        // SAFETY: the action `Ignore` runs no handler.
        unsafe { signal::set_action(Signal::ABRT, signal::Disposition::Ignore, 0) }
            .expect("ignored");
        signal::set_mask(nestling::SigSet::ALL).expect("a mask");
        nestling::rt::abort();
    });
    assert_eq!(
        wait::wait(child).expect("its status").signal(),
        Some(Signal::ABRT)
    );
}

unsafe extern "C" {
    fn memcpy(target: *mut u8, source: *const u8, count: usize) -> *mut u8;
    fn memmove(target: *mut u8, source: *const u8, count: usize) -> *mut u8;
    fn memset(target: *mut u8, value: i32, count: usize) -> *mut u8;
    fn memcmp(left: *const u8, right: *const u8, count: usize) -> i32;
    fn bcmp(left: *const u8, right: *const u8, count: usize) -> i32;
    fn strlen(string: *const u8) -> usize;
}

const SIZE: usize = 96;

fn bytes() -> [u8; SIZE] {
    core::array::from_fn(|i| i as u8 + 1)
}

/// Copies bytes one by one from one array to another.
fn copied(from: usize, to: usize, count: usize) -> [u8; SIZE] {
    let (source, mut target) = (bytes(), bytes());
    for i in 0..count {
        target[to + i] = black_box(source[from + i]);
    }
    target
}

fn memcpy_and_memmove_copy() {
    for count in (0..20).chain([31, 32, 33, 63, 64]) {
        for from in 0..20 {
            for to in 0..20 {
                let mut moved = bytes();
                let start = moved.as_mut_ptr();
                // SAFETY: 20 and 64 are within the array.
                let answer = unsafe { memmove(start.add(to), start.add(from), black_box(count)) };
                assert_eq!(answer, start.wrapping_add(to));
                assert_eq!(
                    moved,
                    copied(from, to, count),
                    "{count} from {from} to {to}"
                );

                let (source, mut target) = (bytes(), bytes());
                let start = target.as_mut_ptr();
                // SAFETY: the same as above, with two arrays.
                let answer =
                    unsafe { memcpy(start.add(to), source.as_ptr().add(from), black_box(count)) };
                assert_eq!(answer, start.wrapping_add(to));
                assert_eq!(
                    target,
                    copied(from, to, count),
                    "{count} from {from} to {to}"
                );
            }
        }
    }
}

fn memset_fills() {
    for count in (0..20).chain([31, 32, 33, 63, 64]) {
        for start in 0..20 {
            // `memset` uses only the lowest byte of the value.
            for value in [0, 1, 255, -1, 0x1234] {
                let mut filled = bytes();
                // SAFETY: 20 and 64 are within the array.
                let answer =
                    unsafe { memset(filled.as_mut_ptr().add(start), value, black_box(count)) };
                assert_eq!(answer, filled.as_mut_ptr().wrapping_add(start));
                let mut expected = bytes();
                for i in 0..count {
                    expected[start + i] = black_box(value) as u8;
                }
                assert_eq!(filled, expected, "{count} at {start}");
            }
        }
    }
}

fn memcmp_and_bcmp_compare() {
    let left = bytes();
    for count in 0..SIZE {
        for at in 0..SIZE {
            for difference in [1, 0x80, 0xff] {
                let mut right = bytes();
                right[at] = right[at].wrapping_add(difference);
                let expected = if at < count {
                    left[at].cmp(&right[at])
                } else {
                    0.cmp(&0)
                };
                let count = black_box(count);
                // SAFETY: the count is within both arrays.
                let (order, differ) = unsafe {
                    (
                        memcmp(left.as_ptr(), right.as_ptr(), count),
                        bcmp(left.as_ptr(), right.as_ptr(), count),
                    )
                };
                assert_eq!(order.cmp(&0), expected, "{count}, different at {at}");
                assert_eq!(differ != 0, expected.is_ne(), "{count}, different at {at}");
            }
        }
    }
}

fn strlen_counts() {
    for string in [
        c"",
        c"a",
        c"four",
        c"\xff\x80",
        c"a string that is longer than a few words",
    ] {
        let string: &CStr = black_box(string);
        let mut naive = 0;
        // SAFETY: the argument is a C string.
        let counted = unsafe {
            while string.as_ptr().add(naive).read_volatile() != 0 {
                naive += 1;
            }
            strlen(string.as_ptr().cast())
        };
        assert_eq!(counted, naive);
    }
}

/// Calls `on_fault` twice, and overflows the ordinary stack. Returns how that ended.
fn overflow_with(handler: fn(Signal) -> !) -> ExitStatus {
    #[allow(unconditional_recursion)]
    fn recurse(bytes: &[u8; 1000]) -> usize {
        let more = black_box([1; 1000]);
        recurse(black_box(&more)) + usize::from(bytes[0])
    }
    let pid = fork(|| {
        for _ in 0..2 {
            rt::on_fault(handler).expect("a handler");
        }
        black_box(recurse(&[0; 1000]));
    });
    wait::wait(pid).expect("its end")
}

fn a_fault_handler_runs_on_a_stack_of_its_own() {
    let status = overflow_with(|signal| {
        let mut most = [1u8; 20 * 1024];
        black_box(&mut most);
        sys::process::exit(signal.as_raw() + i32::from(most[0] + most[5000]))
    });
    assert_eq!(status.code(), Some(Signal::SEGV.as_raw() + 2));
}

/// Otherwise, the handler would write to whatever is below its stack.
fn a_fault_handler_that_overflows_its_stack_ends_the_process() {
    let status = overflow_with(|_| {
        let mut too_much = [1u8; 40 * 1024];
        black_box(&mut too_much);
        sys::process::exit(too_much[0].into())
    });
    assert_eq!(status.signal(), Some(Signal::SEGV));
}

fn a_descriptor_dropped_in_a_forked_copy_stays_open_in_the_parent() {
    let owned = sys::fd::dup_cloexec(fd(0), 30).expect("a duplicate");
    let number = owned.as_raw_fd();
    match rt::fork().expect("a copy") {
        None => {
            drop(owned);
            let is_gone = sys::fd::cloexec(number) == Err(Errno::EBADF);
            sys::process::exit(i32::from(!is_gone));
        }
        Some(copy) => join(copy),
    }
    assert_eq!(sys::fd::cloexec(number), Ok(true));
    drop(owned);
    assert_eq!(sys::fd::cloexec(number), Err(Errno::EBADF));
}

fn the_close_on_exec_flag_tells_the_users_descriptors_apart() {
    let owned = sys::fd::dup_cloexec(fd(0), 30).expect("a duplicate");
    let number = owned.as_raw_fd();
    for (number, expected) in [
        (0, Ok(())),
        (number, Err(Errno::EBADF)),
        (40, Err(Errno::EBADF)),
    ] {
        assert_eq!(descriptors::is_users(number), expected);
        assert_eq!(descriptors::of_user(number).map(drop), expected);
        assert_eq!(descriptors::copy(number, 20), expected);
        let is_terminal = expected.is_ok() && nestling::terminal::is_terminal(fd(number));
        assert_eq!(descriptors::is_terminal(number), is_terminal);
    }
    assert_eq!(inode(20), inode(0));
    assert_eq!(sys::fd::cloexec(20), Ok(false));
    // A copy of a descriptor to itself, and a copy to a descriptor of the program.
    assert_eq!(descriptors::copy(0, 0), Ok(()));
    assert_eq!(descriptors::copy(0, number), Err(Errno::EBADF));
    // The duplicate remains open when the user's descriptor is closed.
    let duplicate = descriptors::of_user(20).expect("a duplicate");
    descriptors::close(20).expect("it was open");
    assert_eq!(inode(duplicate.as_raw_fd()), inode(0));
}

const MIB: usize = 1 << 20;

fn limit_stack(soft: usize, hard: usize) -> Rlimit {
    let (soft, hard) = (soft as u64, hard as u64);
    let limit = Rlimit { soft, hard };
    sys::resource::setrlimit(Resource::Stack, limit).expect("a limit");
    limit
}

/// Returns an address near the top of the first thread's stack: that of the arguments.
fn near_the_top() -> usize {
    let name = this_process().args().iter().next().expect("a name");
    name.as_ptr() as usize
}

fn the_stack_ends_where_the_soft_limit_is_reached() {
    if emulated() {
        skip("the emulator does not set the limit");
    }
    let top = near_the_top();
    for (soft, length, expected) in [(2, 8, 2), (4, 3, 3)] {
        limit_stack(soft * MIB, 8 * MIB);
        let end = this_process().stack_end(length * MIB);
        let below = top - end;
        assert!(
            below <= expected * MIB && below > expected * MIB - 256 * 1024,
            "{soft} {length}: {below}"
        );
        sys::memory::touch(end).expect("stack");
    }
}

fn a_stack_is_extended_beyond_the_soft_limit_only() {
    if emulated() {
        skip("the emulator does not extend a stack");
    }
    let limit = limit_stack(MIB, 32 * MIB);
    let process = this_process();
    let end = process.extend_stack(64 * MIB).expect("more stack");
    assert_eq!(sys::resource::getrlimit(Resource::Stack), Ok(limit));
    let below = near_the_top() - end;
    assert!(below > 31 * MIB, "{below}");
    assert!(below <= 32 * MIB, "the hard limit: {below}");
    // SAFETY: this part of the stack is not in use.
    unsafe { (end as *mut u8).write_volatile(1) };
    // The limit of the stack does not become smaller.
    assert!(process.extend_stack(2 * MIB).is_ok_and(|other| other > end));
}

fn a_stack_that_cannot_be_extended_is_an_error() {
    let process = this_process();
    let limit = limit_stack(MIB, 64 * MIB);
    if !emulated() {
        let few = Rlimit { soft: 0, hard: 0 };
        sys::resource::setrlimit(Resource::As, few).expect("a limit");
    }
    assert_eq!(process.extend_stack(64 * MIB), Err(Errno::EFAULT));
    if !emulated() {
        assert_eq!(sys::resource::getrlimit(Resource::Stack), Ok(limit));
    }
}
