//! aarch64: `svc 0`, number in `x8`, arguments in `x0` to `x5`. It overwrites nothing but `x0`.
//!
//! After a system call the SVE state beyond NEON's is unspecified, and `sc` does not tell the compiler: build without
//! that extension.

use core::arch::{asm, naked_asm};
use core::ffi::c_void;

use linux_raw_sys::general as linux;

use super::ChildFunction;

// ---- System calls ----

pub use sc::platform::{syscall0, syscall1, syscall2, syscall3, syscall4, syscall5, syscall6};

/// The system calls that are not called the same on every architecture.
pub mod nr {
    pub use linux_raw_sys::general::{
        __NR_clock_gettime as CLOCK_GETTIME, __NR_clock_nanosleep as CLOCK_NANOSLEEP,
        __NR_clock_settime as CLOCK_SETTIME, __NR_fcntl as FCNTL, __NR_getegid as GETEGID,
        __NR_geteuid as GETEUID, __NR_getgid as GETGID, __NR_getgroups as GETGROUPS,
        __NR_getresgid as GETRESGID, __NR_getresuid as GETRESUID, __NR_getuid as GETUID,
        __NR_mmap as MMAP, __NR_ppoll as PPOLL, __NR_rt_sigtimedwait as RT_SIGTIMEDWAIT,
        __NR_setgid as SETGID, __NR_setgroups as SETGROUPS, __NR_setresgid as SETRESGID,
        __NR_setresuid as SETRESUID, __NR_setuid as SETUID,
        __NR_timerfd_gettime as TIMERFD_GETTIME, __NR_timerfd_settime as TIMERFD_SETTIME,
        __NR_utimensat as UTIMENSAT,
    };
}

// ---- Files ----

/// The bytes of a time in glibc's `struct utmp`.
pub const UTMP_TIME: usize = 8;

/// The path of glibc's dynamic loader.
#[cfg(feature = "std")]
pub const LOADER: &[u8; 27] = b"/lib/ld-linux-aarch64.so.1\0";

// ---- Making a child ----

/// `clone(2)` and `clone3(2)`: makes the system call `number` with two arguments; in the child, calls
/// `function(argument)` on the stack that they name and never returns.
///
/// # Safety
/// The arguments are right for the call, and the stack is memory that the child may use until it leaves by `execve` or
/// `exit`. The flags hold none of `CLONE_SETTLS`, `CLONE_PIDFD` and `CLONE_PARENT_SETTID` for `clone`, whose arguments are
/// not given; `child_tid` is what `CLONE_CHILD_SETTID` and `CLONE_CHILD_CLEARTID` want.
#[unsafe(naked)]
pub unsafe extern "C" fn clone(
    number: usize,
    first: usize,
    second: usize,
    child_tid: usize,
    function: ChildFunction,
    argument: *mut c_void,
) -> usize {
    naked_asm!(
        ".cfi_startproc",
        "mov x8, x0", // the system call's number
        "mov x0, x1", // its arguments: of `clone`, the child's tid is the fifth
        "mov x1, x2",
        "mov x6, x4", // the function makes room for it
        "mov x4, x3",
        "svc 0",               // into the kernel; argument and function stay in x5 and x6
        "cbnz x0, 2f",         // zero in the child
        ".cfi_remember_state", // of the parent, which goes on at 2
        ".cfi_undefined x30",  // the child's outermost frame: a debugger's backtrace ends here,
        "mov x29, xzr",        // and so does one that follows the frame pointers
        "mov x30, xzr",
        "mov x9, sp", // the ABI wants 16 bytes' alignment
        "and sp, x9, -16",
        "mov x0, x5", // the argument
        "blr x6",
        "brk 1",              // the function does not return
        ".cfi_restore_state", // as at the jump
        "2: ret",             // the parent: the child's id, or minus the errno
        ".cfi_endproc",
    )
}

// ---- Valgrind ----

/// Whether valgrind runs this program: its request `RUNNING_ON_VALGRIND` (`valgrind.h`), which changes nothing elsewhere.
pub fn on_valgrind() -> bool {
    // The request's number, and five arguments.
    let request: [usize; 6] = [0x1001, 0, 0, 0, 0, 0];
    let answer: usize;
    // SAFETY: the rotations add up to whole turns, and the last instruction changes nothing; valgrind reads the request.
    unsafe {
        asm!(
            "ror x12, x12, 3",   // valgrind looks for these four
            "ror x12, x12, 13",  // rotations by 128 bits in all,
            "ror x12, x12, 51",  // which leave x12
            "ror x12, x12, 61",  // as it was,
            "orr x10, x10, x10", // and for this: it carries out the request at x4
            in("x4") request.as_ptr(), inout("x3") 0_usize => answer,
            out("x12") _,
            options(nostack),
        );
    }
    answer != 0
}

// ---- Signals ----

/// The action that `rt_sigaction(2)` takes for `handler`. A handler returns through the kernel's own code in the vDSO.
pub fn sigaction(handler: linux::__kernel_sighandler_t, flags: u32) -> linux::kernel_sigaction {
    linux::kernel_sigaction {
        sa_handler_kernel: handler,
        sa_flags: flags.into(),
        sa_restorer: None,
        sa_mask: linux::kernel_sigset_t { sig: [0] },
    }
}

// ---- The program's entry ----

/// Defines `_start`, which gives the initial stack to `$function` (`unsafe extern "C" fn(*const usize) -> !`).
#[cfg(feature = "rt")]
#[doc(hidden)]
#[macro_export]
macro_rules! __start {
    ($function:path) => {
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        unsafe extern "C" fn _start() -> ! {
            ::core::arch::naked_asm!(
                ".cfi_startproc",
                ".cfi_undefined x30", // the outermost frame: a debugger's backtrace ends here,
                "mov x29, xzr",  // and so does one that follows the frame pointers
                "mov x30, xzr",
                "mov x0, sp",    // argc, argv, envp and auxv lie at the stack pointer, which is aligned
                "bl {function}",
                "brk 1",         // the function does not return
                ".cfi_endproc",
                function = sym $function,
            )
        }
    };
}

// ---- Memory ----

/// Copies `count` bytes, lowest first.
///
/// # Safety
/// `source` is readable and `target` writable for `count` bytes; where they overlap, `target` is the lower.
pub unsafe fn copy_forward(target: *mut u8, source: *const u8, count: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "2: cmp {count}, 16",             // by sixteen, while there are sixteen
            "b.lo 3f",
            "ldp {a}, {b}, [{source}], 16",
            "stp {a}, {b}, [{target}], 16",
            "sub {count}, {count}, 16",
            "b 2b",
            "3: cbz {count}, 4f",             // and the rest by bytes
            "ldrb {a:w}, [{source}], 1",
            "strb {a:w}, [{target}], 1",
            "sub {count}, {count}, 1",
            "b 3b",
            "4:",
            count = inout(reg) count => _, target = inout(reg) target => _, source = inout(reg) source => _,
            a = out(reg) _, b = out(reg) _,
            options(nostack),
        );
    }
}

/// Copies `count` bytes, highest first.
///
/// # Safety
/// `source` is readable and `target` writable for `count` bytes; where they overlap, `target` is the higher.
pub unsafe fn copy_backward(target: *mut u8, source: *const u8, count: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "2: cbz {count}, 3f",             // by bytes, `count` being the next one's place and one
            "sub {count}, {count}, 1",
            "ldrb {a:w}, [{source}, {count}]",
            "strb {a:w}, [{target}, {count}]",
            "b 2b",
            "3:",
            count = inout(reg) count => _, target = in(reg) target, source = in(reg) source, a = out(reg) _,
            options(nostack),
        );
    }
}

/// Sets `count` bytes to `value`.
///
/// # Safety
/// `target` is writable for `count` bytes.
pub unsafe fn fill(target: *mut u8, value: u8, count: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "2: cmp {count}, 8",              // by eight, while there are eight
            "b.lo 3f",
            "str {value}, [{target}], 8",
            "sub {count}, {count}, 8",
            "b 2b",
            "3: cbz {count}, 4f",             // and the rest by bytes
            "strb {value:w}, [{target}], 1",
            "sub {count}, {count}, 1",
            "b 3b",
            "4:",
            count = inout(reg) count => _, target = inout(reg) target => _,
            value = in(reg) u64::from_ne_bytes([value; 8]),
            options(nostack),
        );
    }
}

// ---- Offsets ----

/// `lseek(2)` with an offset of 64 bits: the new one goes to `position`, if the answer is no error.
pub fn lseek(fd: i32, offset: u64, whence: u32, position: &mut u64) -> usize {
    // SAFETY: numbers are all it takes.
    let answer = unsafe {
        syscall3(
            linux::__NR_lseek as usize,
            fd as usize,
            offset as usize,
            whence as usize,
        )
    };
    *position = answer as u64;
    answer
}

/// `ftruncate(2)` with a length of 64 bits.
pub fn ftruncate(fd: i32, length: u64) -> usize {
    // SAFETY: numbers are all it takes.
    unsafe { syscall2(linux::__NR_ftruncate as usize, fd as usize, length as usize) }
}

/// `pread64(2)` and `pwrite64(2)`, by their `number`, with an offset of 64 bits.
///
/// # Safety
/// There are `length` bytes at `address`, which may be read, or written, respectively.
pub unsafe fn at_offset(
    number: usize,
    fd: i32,
    address: usize,
    length: usize,
    offset: u64,
) -> usize {
    // SAFETY: the caller's promise.
    unsafe { syscall4(number, fd as usize, address, length, offset as usize) }
}
