//! x86_64: `syscall`, number in `rax`, arguments in `rdi rsi rdx r10 r8 r9`. It overwrites `rcx` and `r11`.

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
pub const LOADER: &[u8; 28] = b"/lib64/ld-linux-x86-64.so.2\0";

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
        "mov eax, edi", // the system call's number
        "mov rdi, rsi", // its arguments: of `clone`, the child's tid is the fourth
        "mov rsi, rdx",
        "mov r10, rcx",
        "syscall",       // function and argument stay in r8 and r9
        "test rax, rax", // zero in the child
        "jnz 2f",
        ".cfi_remember_state", // of the parent, which goes on at 2
        ".cfi_undefined rip",  // the child's outermost frame: a debugger's backtrace ends here,
        "xor ebp, ebp",        // and so does one that follows the frame pointers
        "mov rdi, r9",         // the argument
        "and rsp, -16",        // the ABI wants 16 bytes' alignment before a call
        "call r8",
        "ud2",                // the function does not return
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
    // SAFETY: the rotations add up to whole turns, and the exchange changes nothing; valgrind reads the request.
    unsafe {
        asm!(
            "rol rdi, 3",    // valgrind looks for these four
            "rol rdi, 13",   // rotations by 128 bits in all,
            "rol rdi, 61",   // which leave rdi
            "rol rdi, 51",   // as it was,
            "xchg rbx, rbx", // and for this: it carries out the request at rax
            in("rax") request.as_ptr(), inout("rdx") 0_usize => answer,
            out("rdi") _,
            options(nostack),
        );
    }
    answer != 0
}

// ---- Signals ----

/// The action that `rt_sigaction(2)` takes for `handler`.
pub fn sigaction(handler: linux::__kernel_sighandler_t, flags: u32) -> linux::kernel_sigaction {
    linux::kernel_sigaction {
        sa_handler_kernel: handler,
        sa_flags: (flags | linux::SA_RESTORER).into(),
        sa_restorer: Some(restorer),
        sa_mask: linux::kernel_sigset_t { sig: [0] },
    }
}

/// Where a signal handler returns to: the kernel gives none on this architecture.
#[unsafe(naked)]
unsafe extern "C" fn restorer() {
    naked_asm!(
        "mov eax, {number}", // rt_sigreturn takes the frame that the stack pointer is at
        "syscall",
        number = const linux::__NR_rt_sigreturn,
    )
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
                ".cfi_undefined rip", // the outermost frame: a debugger's backtrace ends here,
                "xor ebp, ebp",    // and so does one that follows the frame pointers
                "mov rdi, rsp",    // argc, argv, envp and auxv lie at the stack pointer
                "and rsp, -16",    // the ABI wants 16 bytes' alignment before a call
                "call {function}",
                "ud2",             // the function does not return
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
    // SAFETY: the caller's promise; the direction flag is clear as the ABI says.
    unsafe {
        asm!(
            "rep movsb", // rcx bytes from rsi to rdi
            inout("rcx") count => _, inout("rdi") target => _, inout("rsi") source => _,
            options(nostack, preserves_flags),
        );
    }
}

/// Copies `count` bytes, highest first.
///
/// # Safety
/// `source` is readable and `target` writable for `count` bytes; where they overlap, `target` is the higher.
pub unsafe fn copy_backward(target: *mut u8, source: *const u8, count: usize) {
    // SAFETY: the caller's promise; the direction flag is clear again at the end.
    unsafe {
        asm!(
            "std",       // downwards
            "rep movsb", // rcx bytes from rsi to rdi
            "cld",       // as the ABI wants it
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
    // SAFETY: the caller's promise; the direction flag is clear as the ABI says.
    unsafe {
        asm!(
            "rep stosb", // al to rcx bytes at rdi
            inout("rcx") count => _, inout("rdi") target => _, in("al") value,
            options(nostack, preserves_flags),
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
