//! riscv64: `ecall`, number in `a7`, arguments in `a0` to `a5`. It overwrites nothing but `a0`.
//!
//! After a system call the vector state is unspecified, and `sc` does not tell the compiler: build without
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
pub const UTMP_TIME: usize = 4;

/// The path of glibc's dynamic loader.
#[cfg(feature = "std")]
pub const LOADER: &[u8; 33] = b"/lib/ld-linux-riscv64-lp64d.so.1\0";

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
        "mv a7, a0", // the system call's number
        "mv a0, a1", // its arguments: of `clone`, the child's tid is the fifth
        "mv a1, a2",
        "mv a6, a4", // the function makes room for it
        "mv a4, a3",
        "ecall",               // into the kernel; argument and function stay in a5 and a6
        "bnez a0, 2f",         // zero in the child
        ".cfi_remember_state", // of the parent, which goes on at 2
        ".cfi_undefined ra",   // the child's outermost frame: a debugger's backtrace ends here,
        "li s0, 0",            // and so does one that follows the frame pointers
        "li ra, 0",
        "andi sp, sp, -16", // the ABI wants 16 bytes' alignment
        "mv a0, a5",        // the argument
        "jalr a6",
        "unimp",              // the function does not return
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
    // SAFETY: the shifts have no target, and the last instruction changes nothing; valgrind reads the request.
    unsafe {
        asm!(
            ".option push",         // to be undone below
            ".option norvc",        // no short forms: valgrind compares the bytes
            "srli zero, zero, 3",   // it looks for these four
            "srli zero, zero, 13",  // shifts,
            "srli zero, zero, 51",  // which
            "srli zero, zero, 61",  // do nothing,
            "or a0, a0, a0",        // and for this: it carries out the request at a4
            ".option pop",          // short forms as before
            in("a4") request.as_ptr(), inout("a3") 0_usize => answer,
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
                ".option push",
                ".option norelax",
                "lla gp, __global_pointer$", // the linker's relaxed addresses count from here
                ".option pop",
                ".cfi_undefined ra",         // the outermost frame: a debugger's backtrace ends here,
                "li s0, 0",                  // and so does one that follows the frame pointers
                "li ra, 0",
                "mv a0, sp",                 // argc, argv, envp and auxv lie at the stack pointer, which is aligned
                "call {function}",
                "unimp",                     // the function does not return
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
            "or {a}, {source}, {target}",     // by eight where both are aligned: other accesses may trap
            "andi {a}, {a}, 7",
            "bnez {a}, 3f",
            "2: sltiu {a}, {count}, 8",
            "bnez {a}, 3f",
            "ld {a}, 0({source})",
            "sd {a}, 0({target})",
            "addi {source}, {source}, 8",
            "addi {target}, {target}, 8",
            "addi {count}, {count}, -8",
            "j 2b",
            "3: beqz {count}, 4f",            // and the rest by bytes
            "lb {a}, 0({source})",
            "sb {a}, 0({target})",
            "addi {source}, {source}, 1",
            "addi {target}, {target}, 1",
            "addi {count}, {count}, -1",
            "j 3b",
            "4:",
            count = inout(reg) count => _, target = inout(reg) target => _, source = inout(reg) source => _,
            a = out(reg) _,
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
            "2: beqz {count}, 3f",            // by bytes, from both ends' upper one
            "addi {count}, {count}, -1",
            "addi {source}, {source}, -1",
            "addi {target}, {target}, -1",
            "lb {a}, 0({source})",
            "sb {a}, 0({target})",
            "j 2b",
            "3:",
            count = inout(reg) count => _,
            target = inout(reg) target.wrapping_add(count) => _,
            source = inout(reg) source.wrapping_add(count) => _,
            a = out(reg) _,
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
            "andi {a}, {target}, 7",          // by eight where it is aligned: other accesses may trap
            "bnez {a}, 3f",
            "2: sltiu {a}, {count}, 8",
            "bnez {a}, 3f",
            "sd {value}, 0({target})",
            "addi {target}, {target}, 8",
            "addi {count}, {count}, -8",
            "j 2b",
            "3: beqz {count}, 4f",            // and the rest by bytes
            "sb {value}, 0({target})",
            "addi {target}, {target}, 1",
            "addi {count}, {count}, -1",
            "j 3b",
            "4:",
            count = inout(reg) count => _, target = inout(reg) target => _,
            value = in(reg) u64::from_ne_bytes([value; 8]),
            a = out(reg) _,
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
