//! riscv64. A system call is the instruction `ecall` with the number in `a7` and the arguments in `a0` to `a5`. The result is in
//! `a0`. The instruction overwrites no other register.
//!
//! After a system call, the vector registers are unspecified, and the crate `sc` does not declare this to the compiler. So do not
//! enable the vector extension for a build.

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
pub const UTMP_TIME: usize = 4;

/// The path of glibc's dynamic loader.
#[cfg(feature = "std")]
pub const LOADER: &[u8; 33] = b"/lib/ld-linux-riscv64-lp64d.so.1\0";

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
        "mv a7, a0",           // the system call's number
        "mv a0, a1",           // its arguments; `child_tid` is the fifth argument of `clone`
        "mv a1, a2",           // the second argument
        "mv a6, a4",           // moves the function, because a4 must contain `child_tid`
        "mv a4, a3",           // `child_tid`
        "ecall",               // system call; a5 and a6 keep the argument and the function
        "bnez a0, 2f",         // the result is zero in the child
        ".cfi_remember_state", // the parent's frame, which label 2 needs again
        ".cfi_undefined ra",   // the child's outermost frame: a debugger's backtrace ends here
        "li s0, 0",            // a backtrace that follows the frame pointers ends here, too
        "li ra, 0",            // no return address
        "andi sp, sp, -16",    // the ABI requires an alignment of 16 bytes
        "mv a0, a5",           // the argument
        "jalr a6",             // calls the function
        "unimp",               // the function does not return
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
    // SAFETY: the shifts write to the register `zero`, and `or` of a register with itself changes nothing. Valgrind reads the
    // request.
    unsafe {
        asm!(
            ".option push",        // saves the options
            ".option norvc",       // no compressed instructions, because valgrind compares the bytes
            "srli zero, zero, 3",  // valgrind recognises the sequence of these five instructions
            "srli zero, zero, 13", // a shift into the register zero has no effect
            "srli zero, zero, 51", // a shift into the register zero has no effect
            "srli zero, zero, 61", // a shift into the register zero has no effect
            "or a0, a0, a0",       // valgrind executes the request at a4; a processor does nothing
            ".option pop",         // restores the options
            in("a4") request.as_ptr(), inout("a3") 0_usize => answer,
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
                ".cfi_startproc",            // describes the frames of this function to debuggers
                ".option push",              // saves the options
                ".option norelax",           // the linker must not make this address relative to gp, which is not set yet
                "lla gp, __global_pointer$", // relaxed addresses are relative to this address
                ".option pop",               // restores the options
                ".cfi_undefined ra",         // the outermost frame: a debugger's backtrace ends here
                "li s0, 0",                  // a backtrace that follows the frame pointers ends here, too
                "li ra, 0",                  // no return address
                "mv a0, sp",                 // the stack pointer is aligned, and points to argc, argv, envp and auxv
                "call {function}",           // calls the function
                "unimp",                     // the function does not return
                ".cfi_endproc",              // the end of the description of the frames
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
            "or {a}, {source}, {target}", // copy 8 bytes at a time if both are aligned; unaligned accesses may trap
            "andi {a}, {a}, 7",           // the low bits of both addresses
            "bnez {a}, 3f",               // one of the addresses is not aligned
            "2: sltiu {a}, {count}, 8",   // 1 if fewer than 8 bytes are left
            "bnez {a}, 3f",               // the rest is done byte by byte
            "ld {a}, 0({source})",        // loads 8 bytes
            "sd {a}, 0({target})",        // stores 8 bytes
            "addi {source}, {source}, 8", // advances `source`
            "addi {target}, {target}, 8", // advances `target`
            "addi {count}, {count}, -8",  // 8 bytes fewer are left
            "j 2b",                       // next 8 bytes
            "3: beqz {count}, 4f",        // one byte at a time for the rest
            "lb {a}, 0({source})",        // loads a byte
            "sb {a}, 0({target})",        // stores the byte
            "addi {source}, {source}, 1", // advances `source`
            "addi {target}, {target}, 1", // advances `target`
            "addi {count}, {count}, -1",  // one byte fewer is left
            "j 3b",                       // next byte
            "4:",                         // all bytes are copied
            count = inout(reg) count => _, target = inout(reg) target => _, source = inout(reg) source => _,
            a = out(reg) _,
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
            "2: beqz {count}, 3f",         // copy one byte at a time, from the end of both ranges
            "addi {count}, {count}, -1",   // one byte fewer is left
            "addi {source}, {source}, -1", // `source` points to the byte
            "addi {target}, {target}, -1", // `target` points to its copy
            "lb {a}, 0({source})",         // loads the byte
            "sb {a}, 0({target})",         // stores the byte
            "j 2b",                        // next byte
            "3:",                          // all bytes are copied
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
    // SAFETY: the caller upholds the safety contract.
    unsafe {
        asm!(
            "andi {a}, {target}, 7",      // store 8 bytes at a time if it is aligned; unaligned accesses may trap
            "bnez {a}, 3f",               // the address is not aligned
            "2: sltiu {a}, {count}, 8",   // 1 if fewer than 8 bytes are left
            "bnez {a}, 3f",               // the rest is done byte by byte
            "sd {value}, 0({target})",    // stores 8 bytes
            "addi {target}, {target}, 8", // advances `target`
            "addi {count}, {count}, -8",  // 8 bytes fewer are left
            "j 2b",                       // next 8 bytes
            "3: beqz {count}, 4f",        // one byte at a time for the rest
            "sb {value}, 0({target})",    // stores a byte
            "addi {target}, {target}, 1", // advances `target`
            "addi {count}, {count}, -1",  // one byte fewer is left
            "j 3b",                       // next byte
            "4:",                         // all bytes are stored
            count = inout(reg) count => _, target = inout(reg) target => _,
            value = in(reg) u64::from_ne_bytes([value; 8]),
            a = out(reg) _,
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
