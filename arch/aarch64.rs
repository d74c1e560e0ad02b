//! aarch64. A system call is the instruction `svc 0` with the number in `x8` and the arguments in `x0` to `x5`. The result is in
//! `x0`. The instruction overwrites no other register.
//!
//! After a system call, the SVE registers beyond the NEON part are unspecified, and the crate `sc` does not declare this to the
//! compiler. So do not enable SVE for a build.

use core::arch::{asm, naked_asm};
use core::ffi::c_void;

use linux_raw_sys::general as linux;

use super::ChildFunction;

// ---- System calls ----

pub use sc::platform::{syscall0, syscall1, syscall2, syscall3, syscall4, syscall5, syscall6};

/// The numbers of the system calls whose names differ between architectures.
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

/// The size in bytes of each of the two numbers (seconds and microseconds) of a time in glibc's `struct utmp`.
pub const UTMP_TIME: usize = 8;

/// The path of glibc's dynamic loader.
#[cfg(feature = "std")]
pub const LOADER: &[u8; 27] = b"/lib/ld-linux-aarch64.so.1\0";

// ---- Making a child ----

/// `clone(2)` and `clone3(2)`: makes the system call `number` with the arguments `first` and `second`. Returns in the parent. In
/// the child, calls `function(argument)` on the child's stack, and never returns.
///
/// # Safety
/// `first` and `second` are valid arguments for the call. The child may use the stack that they name until it calls `execve` or
/// exits. For `clone`, the flags contain none of `CLONE_SETTLS`, `CLONE_PIDFD` and `CLONE_PARENT_SETTID`, because this function
/// does not pass their arguments. `child_tid` is valid for `CLONE_CHILD_SETTID` and `CLONE_CHILD_CLEARTID` if the flags contain
/// them.
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
        ".cfi_startproc",      // describes the frames of this function to debuggers
        "mov x8, x0",          // the system call's number
        "mov x0, x1",          // its arguments; `child_tid` is the fifth argument of `clone`
        "mov x1, x2",          // the second argument
        "mov x6, x4",          // moves the function, because x4 must contain `child_tid`
        "mov x4, x3",          // `child_tid`
        "svc 0",               // system call; x5 and x6 keep the argument and the function
        "cbnz x0, 2f",         // the result is zero in the child
        ".cfi_remember_state", // the parent's frame, which label 2 needs again
        ".cfi_undefined x30",  // the child's outermost frame: a debugger's backtrace ends here
        "mov x29, xzr",        // a backtrace that follows the frame pointers ends here, too
        "mov x30, xzr",        // no return address
        "mov x9, sp",          // the ABI requires an alignment of 16 bytes
        "and sp, x9, -16",     // rounds the stack pointer down
        "mov x0, x5",          // the argument
        "blr x6",              // calls the function
        "brk 1",               // the function does not return
        ".cfi_restore_state",  // the frame as it was at the jump
        "2: ret",              // the parent returns the child's id, or a negative errno
        ".cfi_endproc",        // the end of the description of the frames
    )
}

// ---- Valgrind ----

/// Returns whether this program runs under valgrind. This is valgrind's request `RUNNING_ON_VALGRIND` (`valgrind.h`). Without
/// valgrind, its instructions have no effect.
pub fn on_valgrind() -> bool {
    // The number of the request, and five arguments.
    let request: [usize; 6] = [0x1001, 0, 0, 0, 0, 0];
    let answer: usize;
    // SAFETY: the rotations together restore the register, and `orr` of a register with itself changes nothing. Valgrind reads the
    // request.
    unsafe {
        asm!(
            "ror x12, x12, 3",   // valgrind recognises the sequence of these five instructions
            "ror x12, x12, 13",  // the four rotations add up to 128 bits
            "ror x12, x12, 51",  // after all four rotations, x12 has its old value
            "ror x12, x12, 61",  // after all four rotations, x12 has its old value
            "orr x10, x10, x10", // valgrind executes the request at x4; a processor does nothing
            in("x4") request.as_ptr(), inout("x3") 0_usize => answer,
            out("x12") _,
            options(nostack),
        );
    }
    answer != 0
}

// ---- Signals ----

/// Returns the struct that `rt_sigaction(2)` takes to set `handler`. A handler returns to code that the kernel provides in the
/// vDSO.
pub fn sigaction(handler: linux::__kernel_sighandler_t, flags: u32) -> linux::kernel_sigaction {
    linux::kernel_sigaction {
        sa_handler_kernel: handler,
        sa_flags: flags.into(),
        sa_restorer: None,
        sa_mask: linux::kernel_sigset_t { sig: [0] },
    }
}

// ---- The program's entry ----

/// Defines `_start`, which calls `$function` (an `unsafe extern "C" fn(*const usize) -> !`) with the address of the initial stack.
#[cfg(feature = "rt")]
#[doc(hidden)]
#[macro_export]
macro_rules! __start {
    ($function:path) => {
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        unsafe extern "C" fn _start() -> ! {
            ::core::arch::naked_asm!(
                ".cfi_startproc",     // describes the frames of this function to debuggers
                ".cfi_undefined x30", // the outermost frame: a debugger's backtrace ends here
                "mov x29, xzr",       // a backtrace that follows the frame pointers ends here, too
                "mov x30, xzr",       // no return address
                "mov x0, sp",         // the stack pointer is aligned, and points to argc, argv, envp and auxv
                "bl {function}",      // calls the function
                "brk 1",              // the function does not return
                ".cfi_endproc",       // the end of the description of the frames
                function = sym $function,
            )
        }
    };
}

// ---- Memory ----

/// Copies `count` bytes, starting with the lowest address.
///
/// # Safety
/// `source` is readable and `target` is writable for `count` bytes. If the two ranges overlap, `target` is the lower address.
pub unsafe fn copy_forward(target: *mut u8, source: *const u8, count: usize) {
    // SAFETY: the caller upholds the safety contract.
    unsafe {
        asm!(
            "2: cmp {count}, 16",           // copy 16 bytes at a time while at least 16 are left
            "b.lo 3f",                      // fewer than 16 are left
            "ldp {a}, {b}, [{source}], 16", // loads 16 bytes, and advances `source`
            "stp {a}, {b}, [{target}], 16", // stores 16 bytes, and advances `target`
            "sub {count}, {count}, 16",     // 16 bytes fewer are left
            "b 2b",                         // next 16 bytes
            "3: cbz {count}, 4f",           // one byte at a time for the rest
            "ldrb {a:w}, [{source}], 1",    // loads a byte, and advances `source`
            "strb {a:w}, [{target}], 1",    // stores the byte, and advances `target`
            "sub {count}, {count}, 1",      // one byte fewer is left
            "b 3b",                         // next byte
            "4:",                           // all bytes are copied
            count = inout(reg) count => _, target = inout(reg) target => _, source = inout(reg) source => _,
            a = out(reg) _, b = out(reg) _,
            options(nostack),
        );
    }
}

/// Copies `count` bytes, starting with the highest address.
///
/// # Safety
/// `source` is readable and `target` is writable for `count` bytes. If the two ranges overlap, `target` is the higher address.
pub unsafe fn copy_backward(target: *mut u8, source: *const u8, count: usize) {
    // SAFETY: the caller upholds the safety contract.
    unsafe {
        asm!(
            "2: cbz {count}, 3f",              // copy one byte at a time; the next byte is at `count` - 1
            "sub {count}, {count}, 1",         // one byte fewer is left
            "ldrb {a:w}, [{source}, {count}]", // loads the byte
            "strb {a:w}, [{target}, {count}]", // stores the byte
            "b 2b",                            // next byte
            "3:",                              // all bytes are copied
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
    // SAFETY: the caller upholds the safety contract.
    unsafe {
        asm!(
            "2: cmp {count}, 8",             // store 8 bytes at a time while at least 8 are left
            "b.lo 3f",                       // fewer than 8 are left
            "str {value}, [{target}], 8",    // stores 8 bytes, and advances `target`
            "sub {count}, {count}, 8",       // 8 bytes fewer are left
            "b 2b",                          // next 8 bytes
            "3: cbz {count}, 4f",            // one byte at a time for the rest
            "strb {value:w}, [{target}], 1", // stores a byte, and advances `target`
            "sub {count}, {count}, 1",       // one byte fewer is left
            "b 3b",                          // next byte
            "4:",                            // all bytes are stored
            count = inout(reg) count => _, target = inout(reg) target => _,
            value = in(reg) u64::from_ne_bytes([value; 8]),
            options(nostack),
        );
    }
}

// ---- Offsets ----

/// `lseek(2)` with an offset of 64 bits. If the result is not an error, writes the new offset to `position`.
pub fn lseek(fd: i32, offset: u64, whence: u32, position: &mut u64) -> usize {
    // SAFETY: the call takes only numbers.
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
    // SAFETY: the call takes only numbers.
    unsafe { syscall2(linux::__NR_ftruncate as usize, fd as usize, length as usize) }
}

/// `pread64(2)` or `pwrite64(2)`, whichever has the number `number`, with an offset of 64 bits.
///
/// # Safety
/// `length` bytes at `address` are readable (for `pwrite64`) or writable (for `pread64`).
pub unsafe fn at_offset(
    number: usize,
    fd: i32,
    address: usize,
    length: usize,
    offset: u64,
) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { syscall4(number, fd as usize, address, length, offset as usize) }
}

/// `statfs(2)` with numbers of 64 bits.
///
/// # Safety
/// `path` is the address of a C string, and `answer` may be written.
pub unsafe fn statfs64(path: usize, answer: *mut linux::statfs64) -> usize {
    // SAFETY: the caller's promise.
    unsafe { syscall2(linux::__NR_statfs as usize, path, answer as usize) }
}
