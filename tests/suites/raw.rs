//! Tests of `nestling::raw`: system calls by number, with each number of arguments, and the clone trampoline.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::sync::atomic::Ordering::Relaxed;

use linux_raw_sys::general as linux;
use nestling::raw::{
    self, nr, result, syscall0, syscall1, syscall2, syscall3, syscall4, syscall5, syscall6,
};
use nestling::sys::{self, process};
use nestling::{Errno, OFlags};
use nestling_tests::{emulated, mailbox, make_file};

nestling_tests::suite! {
    once {
        each_number_of_arguments_reaches_the_kernel,
        ids_and_times_have_their_width,
        clone_calls_its_function_on_the_stack_it_is_given,
        clone3_calls_its_function_on_the_stack_it_is_given,
    }
}

fn each_number_of_arguments_reaches_the_kernel() {
    let own = process::getpid().as_raw() as usize;
    make_file(c"file", 0o600, b"0123456789");
    let file = sys::fd::open(c"file", OFlags::RDWR, 0).expect("the file");
    let number = file.as_raw_fd() as usize;
    let nowhere = usize::MAX;
    // SAFETY: each call writes only to variables of this function; what it changes is restored or was made for the
    // test.
    unsafe {
        assert_eq!(result(syscall0(nr::GETPID)), Ok(own));
        assert_eq!(result(syscall1(nr::CLOSE, nowhere)), Err(Errno::EBADF));
        assert_eq!(result(syscall2(nr::KILL, own, 0)), Ok(0));
        let mut bytes = [0u8; 4];
        let address = bytes.as_mut_ptr() as usize;
        assert_eq!(result(syscall3(nr::READ, number, address, 4)), Ok(4));
        assert_eq!(&bytes, b"0123");
        let flags = linux::WNOHANG as usize;
        assert_eq!(
            result(syscall4(nr::WAIT4, nowhere, 0, flags, 0)),
            Err(Errno::ECHILD)
        );
        let time = [0u64; 2];
        let time = time.as_ptr() as usize;
        assert_eq!(result(syscall5(nr::PPOLL, 0, 0, time, 0, 0)), Ok(0));
        let (read, private) = (linux::PROT_READ as usize, linux::MAP_PRIVATE as usize);
        let mapped =
            result(syscall6(nr::MMAP, 0, 10, read, private, number, 0)).expect("a mapping");
        assert_eq!(
            core::slice::from_raw_parts(mapped as *const u8, 10),
            b"0123456789"
        );
        assert_eq!(result(syscall2(nr::MUNMAP, mapped, 10)), Ok(0));
    }
}

fn ids_and_times_have_their_width() {
    let mut time = [u64::MAX; 2];
    // SAFETY: the kernel writes two numbers of 64 bits.
    let answer = unsafe { syscall2(nr::CLOCK_GETTIME, 0, time.as_mut_ptr() as usize) };
    assert_eq!(result(answer), Ok(0));
    assert!(
        time[0] > 1_000_000_000 && time[1] < 1_000_000_000,
        "{time:?}"
    );
    // SAFETY: the call takes no arguments.
    let user = unsafe { syscall0(nr::GETUID) };
    assert_eq!(Ok(user as u32), sys::credentials::getuid());
}

/// Records the position of its stack, and exits.
unsafe extern "C" fn child(code: *mut c_void) -> ! {
    let here = 0u8;
    let address = (&raw const here as usize as u64).to_ne_bytes();
    let [low, high] = [0, 4].map(|start| {
        let half = address[start..start + 4].try_into();
        u32::from_ne_bytes(half.expect("four bytes"))
    });
    mailbox().numbers[66].store(low, Relaxed);
    mailbox().numbers[67].store(high, Relaxed);
    process::exit(code as usize as i32)
}

fn see(stack: &[MaybeUninit<u8>], id: usize) {
    let mut status = 0i32;
    // SAFETY: the kernel writes one number.
    let waited = unsafe { syscall4(nr::WAIT4, id, &raw mut status as usize, 0, 0) };
    assert_eq!(result(waited), Ok(id));
    assert_eq!(status, 7 << 8);
    let [low, high] = [66, 67].map(|number| u64::from(mailbox().numbers[number].load(Relaxed)));
    let here = (low | high << 32) as usize;
    let range = stack.as_ptr_range();
    assert!(
        (range.start as usize..range.end as usize).contains(&here),
        "{here:#x}"
    );
}

fn clone_calls_its_function_on_the_stack_it_is_given() {
    let mut stack = [MaybeUninit::<u8>::uninit(); 16 * 1024];
    let end = stack.as_mut_ptr_range().end as usize;
    let flags = linux::SIGCHLD as usize;
    // SAFETY: the child has a copy of this memory.
    let id = unsafe { raw::clone(nr::CLONE, flags, end, 0, child, 7 as *mut c_void) };
    see(&stack, result(id).expect("a child"));
}

fn clone3_calls_its_function_on_the_stack_it_is_given() {
    if emulated() {
        nestling_tests::skip("the emulator has no clone3");
    }
    let mut stack = [MaybeUninit::<u8>::uninit(); 16 * 1024];
    // SAFETY: the structure consists of numbers only.
    let mut arguments: linux::clone_args = unsafe { core::mem::zeroed() };
    arguments.exit_signal = linux::SIGCHLD.into();
    arguments.stack = stack.as_mut_ptr() as usize as u64;
    arguments.stack_size = stack.len() as u64;
    let (address, size) = (
        &raw const arguments as usize,
        linux::CLONE_ARGS_SIZE_VER0 as usize,
    );
    // SAFETY: the child has a copy of this memory.
    let id = unsafe { raw::clone(nr::CLONE3, address, size, 0, child, 7 as *mut c_void) };
    see(&stack, result(id).expect("a child"));
}
