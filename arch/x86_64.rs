//! x86_64. A system call is the instruction `syscall` with the number in `rax` and the arguments in `rdi`, `rsi`, `rdx`, `r10`,
//! `r8` and `r9`. The result is in `rax`. The instruction overwrites `rcx` and `r11`.

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
pub const LOADER: &[u8; 28] = b"/lib64/ld-linux-x86-64.so.2\0";

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
        "mov eax, edi",        // the system call's number
        "mov rdi, rsi",        // its arguments; `child_tid` is the fourth argument of `clone`
        "mov rsi, rdx",        // the second argument
        "mov r10, rcx",        // `child_tid`
        "syscall",             // r8 and r9 keep the function and its argument
        "test rax, rax",       // the result is zero in the child
        "jnz 2f",              // the parent continues at label 2
        ".cfi_remember_state", // the parent's frame, which label 2 needs again
        ".cfi_undefined rip",  // the child's outermost frame: a debugger's backtrace ends here
        "xor ebp, ebp",        // a backtrace that follows the frame pointers ends here, too
        "mov rdi, r9",         // the argument
        "and rsp, -16",        // the ABI requires an alignment of 16 bytes before a call
        "call r8",             // calls the function
        "ud2",                 // the function does not return
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
    // SAFETY: the rotations together restore the register, and the exchange of a register with itself changes nothing. Valgrind
    // reads the request.
    unsafe {
        asm!(
            "rol rdi, 3",    // valgrind recognises the sequence of these five instructions
            "rol rdi, 13",   // the four rotations add up to 128 bits
            "rol rdi, 61",   // after all four rotations, rdi has its old value
            "rol rdi, 51",   // after all four rotations, rdi has its old value
            "xchg rbx, rbx", // valgrind executes the request at rax; a processor does nothing
            in("rax") request.as_ptr(), inout("rdx") 0_usize => answer,
            out("rdi") _,
            options(nostack),
        );
    }
    answer != 0
}

// ---- Signals ----

/// Returns the struct that `rt_sigaction(2)` takes to set `handler`.
pub fn sigaction(handler: linux::__kernel_sighandler_t, flags: u32) -> linux::kernel_sigaction {
    linux::kernel_sigaction {
        sa_handler_kernel: handler,
        sa_flags: (flags | linux::SA_RESTORER).into(),
        sa_restorer: Some(restorer),
        sa_mask: linux::kernel_sigset_t { sig: [0] },
    }
}

/// The code that a signal handler returns to. On this architecture, the kernel does not provide it.
#[unsafe(naked)]
unsafe extern "C" fn restorer() {
    naked_asm!(
        "mov eax, {number}", // rt_sigreturn restores the frame at the stack pointer
        "syscall",           // does not return here
        number = const linux::__NR_rt_sigreturn,
    )
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
                ".cfi_undefined rip", // the outermost frame: a debugger's backtrace ends here
                "xor ebp, ebp",       // a backtrace that follows the frame pointers ends here, too
                "mov rdi, rsp",       // the stack pointer points to argc, argv, envp and auxv
                "and rsp, -16",       // the ABI requires an alignment of 16 bytes before a call
                "call {function}",    // calls the function
                "ud2",                // the function does not return
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
    // SAFETY: the caller upholds the safety contract. The ABI says that the direction flag is clear.
    unsafe {
        asm!(
            "rep movsb", // copies rcx bytes from rsi to rdi
            inout("rcx") count => _, inout("rdi") target => _, inout("rsi") source => _,
            options(nostack, preserves_flags),
        );
    }
}

/// Copies `count` bytes, starting with the highest address.
///
/// # Safety
/// `source` is readable and `target` is writable for `count` bytes. If the two ranges overlap, `target` is the higher address.
pub unsafe fn copy_backward(target: *mut u8, source: *const u8, count: usize) {
    // SAFETY: the caller upholds the safety contract. The assembly clears the direction flag again.
    unsafe {
        asm!(
            "std",       // copy towards lower addresses
            "rep movsb", // copies rcx bytes from rsi to rdi
            "cld",       // the ABI requires a clear direction flag
            inout("rcx") count => _,
            inout("rdi") target.wrapping_add(count).wrapping_sub(1) => _,
            inout("rsi") source.wrapping_add(count).wrapping_sub(1) => _,
            options(nostack),
        );
    }
}

/// Sets `count` bytes to `value`.
///
/// # Safety
/// `target` is writable for `count` bytes.
pub unsafe fn fill(target: *mut u8, value: u8, count: usize) {
    // SAFETY: the caller upholds the safety contract. The ABI says that the direction flag is clear.
    unsafe {
        asm!(
            "rep stosb", // stores al in rcx bytes at rdi
            inout("rcx") count => _, inout("rdi") target => _, in("al") value,
            options(nostack, preserves_flags),
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
