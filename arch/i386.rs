//! i386: `int 0x80`, number in `eax`, arguments in `ebx ecx edx esi edi ebp`. It overwrites nothing but `eax`.
//!
//! `sc` does not compile here, so the system calls are made by hand. The compiler keeps `esi` and `ebp` for itself:
//! a fourth argument is exchanged into `esi` and out again, and five or six go through a function of their own.

use core::arch::{asm, naked_asm};
use core::ffi::c_void;

use linux_raw_sys::general as linux;

use super::ChildFunction;

// ---- System calls ----

/// Makes a system call without arguments.
///
/// # Safety
/// As the system call.
#[inline]
pub unsafe fn syscall0(number: usize) -> usize {
    let result;
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "int 0x80", // into the kernel
            inlateout("eax") number => result,
            options(nostack, preserves_flags),
        );
    }
    result
}

/// Makes a system call with one argument.
///
/// # Safety
/// As the system call.
#[inline]
pub unsafe fn syscall1(number: usize, a1: usize) -> usize {
    let result;
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "int 0x80", // into the kernel
            inlateout("eax") number => result, in("ebx") a1,
            options(nostack, preserves_flags),
        );
    }
    result
}

/// Makes a system call with two arguments.
///
/// # Safety
/// As the system call.
#[inline]
pub unsafe fn syscall2(number: usize, a1: usize, a2: usize) -> usize {
    let result;
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "int 0x80", // into the kernel
            inlateout("eax") number => result, in("ebx") a1, in("ecx") a2,
            options(nostack, preserves_flags),
        );
    }
    result
}

/// Makes a system call with three arguments.
///
/// # Safety
/// As the system call.
#[inline]
pub unsafe fn syscall3(number: usize, a1: usize, a2: usize, a3: usize) -> usize {
    let result;
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "int 0x80", // into the kernel
            inlateout("eax") number => result, in("ebx") a1, in("ecx") a2, in("edx") a3,
            options(nostack, preserves_flags),
        );
    }
    result
}

/// Makes a system call with four arguments.
///
/// # Safety
/// As the system call.
#[inline]
pub unsafe fn syscall4(number: usize, a1: usize, a2: usize, a3: usize, a4: usize) -> usize {
    let result;
    // SAFETY: the caller's promise; esi is as it was afterwards.
    unsafe {
        asm!(
            "xchg esi, edi", // the fourth argument's place is the compiler's
            "int 0x80",      // into the kernel
            "xchg esi, edi", // which gets it back
            inlateout("eax") number => result, in("ebx") a1, in("ecx") a2, in("edx") a3, in("edi") a4,
            options(nostack, preserves_flags),
        );
    }
    result
}

/// Makes a system call with five arguments.
///
/// # Safety
/// As the system call.
#[inline]
pub unsafe fn syscall5(
    number: usize,
    a1: usize,
    a2: usize,
    a3: usize,
    a4: usize,
    a5: usize,
) -> usize {
    // SAFETY: the caller's promise; the kernel ignores the sixth.
    unsafe { syscall6(number, a1, a2, a3, a4, a5, 0) }
}

/// Makes a system call with six arguments.
///
/// # Safety
/// As the system call.
#[unsafe(naked)]
pub unsafe extern "C" fn syscall6(
    number: usize,
    a1: usize,
    a2: usize,
    a3: usize,
    a4: usize,
    a5: usize,
    a6: usize,
) -> usize {
    naked_asm!(
        "push ebx", // the caller's registers, which the arguments go into
        "push esi",
        "push edi",
        "push ebp",
        "mov eax, [esp+20]", // the number: above four registers and the return address
        "mov ebx, [esp+24]", // and the six arguments
        "mov ecx, [esp+28]",
        "mov edx, [esp+32]",
        "mov esi, [esp+36]",
        "mov edi, [esp+40]",
        "mov ebp, [esp+44]",
        "int 0x80", // into the kernel
        "pop ebp",  // the caller's registers again
        "pop edi",
        "pop esi",
        "pop ebx",
        "ret",
    )
}

/// The system calls that are not called the same on every architecture: here ids need the `…32` calls, offsets the
/// 64-bit ones.
pub mod nr {
    pub use linux_raw_sys::general::{
        __NR_clock_gettime64 as CLOCK_GETTIME, __NR_clock_nanosleep_time64 as CLOCK_NANOSLEEP,
        __NR_clock_settime64 as CLOCK_SETTIME, __NR_fcntl64 as FCNTL, __NR_getegid32 as GETEGID,
        __NR_geteuid32 as GETEUID, __NR_getgid32 as GETGID, __NR_getgroups32 as GETGROUPS,
        __NR_getresgid32 as GETRESGID, __NR_getresuid32 as GETRESUID, __NR_getuid32 as GETUID,
        __NR_mmap2 as MMAP, __NR_ppoll_time64 as PPOLL,
        __NR_rt_sigtimedwait_time64 as RT_SIGTIMEDWAIT, __NR_setgid32 as SETGID,
        __NR_setgroups32 as SETGROUPS, __NR_setresgid32 as SETRESGID,
        __NR_setresuid32 as SETRESUID, __NR_setuid32 as SETUID,
        __NR_timerfd_gettime64 as TIMERFD_GETTIME, __NR_timerfd_settime64 as TIMERFD_SETTIME,
        __NR_utimensat_time64 as UTIMENSAT,
    };
}

// ---- Files ----

/// The bytes of a time in glibc's `struct utmp`.
pub const UTMP_TIME: usize = 4;

/// The path of glibc's dynamic loader.
#[cfg(feature = "std")]
pub const LOADER: &[u8; 19] = b"/lib/ld-linux.so.2\0";

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
        "push ebx", // the caller's registers, which the arguments go into
        ".cfi_adjust_cfa_offset 4",
        "push esi",
        ".cfi_adjust_cfa_offset 4",
        "push edi",
        ".cfi_adjust_cfa_offset 4",
        "mov eax, [esp+16]", // the system call's number: above three registers and the return address
        "mov ebx, [esp+20]", // its arguments: of `clone`, the child's tid is the fifth
        "mov ecx, [esp+24]",
        "mov edi, [esp+28]",
        "mov edx, [esp+32]", // the function
        "mov esi, [esp+36]", // its argument
        "int 0x80",          // into the kernel
        "test eax, eax",     // zero in the child
        "jnz 2f",
        ".cfi_remember_state", // of the parent, which goes on at 2
        ".cfi_undefined eip",  // the child's outermost frame: a debugger's backtrace ends here,
        "xor ebp, ebp",        // and so does one that follows the frame pointers
        "and esp, -16",        // the ABI wants 16 bytes' alignment before a call,
        "sub esp, 12",         // the argument's four included
        "push esi",            // the argument
        "call edx",
        "ud2",                // the function does not return
        ".cfi_restore_state", // as at the jump
        "2: pop edi",         // the parent: its registers again
        ".cfi_adjust_cfa_offset -4",
        "pop esi",
        ".cfi_adjust_cfa_offset -4",
        "pop ebx",
        ".cfi_adjust_cfa_offset -4",
        "ret", // the child's id, or minus the errno
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
            "rol edi, 3",    // valgrind looks for these four
            "rol edi, 13",   // rotations by 64 bits in all,
            "rol edi, 29",   // which leave edi
            "rol edi, 19",   // as it was,
            "xchg ebx, ebx", // and for this: it carries out the request at eax
            in("eax") request.as_ptr(), inout("edx") 0_usize => answer,
            out("edi") _,
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
        // SA_SIGINFO, lest the kernel make the frame of an older call, which `rt_sigreturn` cannot take.
        sa_flags: flags | linux::SA_RESTORER | linux::SA_SIGINFO,
        sa_restorer: Some(restorer),
        sa_mask: linux::kernel_sigset_t { sig: [0; 2] },
    }
}

/// Where a signal handler returns to; the kernel's own would need the vDSO.
#[unsafe(naked)]
unsafe extern "C" fn restorer() {
    naked_asm!(
        "mov eax, {number}", // rt_sigreturn takes the frame that the stack pointer is at
        "int 0x80",
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
                ".cfi_undefined eip", // the outermost frame: a debugger's backtrace ends here,
                "xor ebp, ebp",    // and so does one that follows the frame pointers
                "mov eax, esp",    // argc, argv, envp and auxv lie at the stack pointer
                "and esp, -16",    // the ABI wants 16 bytes' alignment before a call,
                "sub esp, 12",     // the argument's four included
                "push eax",        // the argument
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
    // SAFETY: the caller's promise; the direction flag is clear as the ABI says, and esi is as it was.
    unsafe {
        asm!(
            "xchg esi, eax", // esi is the compiler's
            "rep movsb",     // ecx bytes from esi to edi
            "mov esi, eax",  // which gets it back
            inout("ecx") count => _, inout("edi") target => _, inout("eax") source => _,
            options(nostack, preserves_flags),
        );
    }
}

/// Copies `count` bytes, highest first.
///
/// # Safety
/// `source` is readable and `target` writable for `count` bytes; where they overlap, `target` is the higher.
pub unsafe fn copy_backward(target: *mut u8, source: *const u8, count: usize) {
    // SAFETY: the caller's promise; the direction flag is clear again at the end, and esi is as it was.
    unsafe {
        asm!(
            "xchg esi, eax", // esi is the compiler's
            "std",           // downwards
            "rep movsb",     // ecx bytes from esi to edi
            "cld",           // as the ABI wants it
            "mov esi, eax",  // the compiler gets it back
            inout("ecx") count => _,
            inout("edi") target.wrapping_add(count).wrapping_sub(1) => _,
            inout("eax") source.wrapping_add(count).wrapping_sub(1) => _,
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
            "rep stosb", // al to ecx bytes at edi
            inout("ecx") count => _, inout("edi") target => _, in("al") value,
            options(nostack, preserves_flags),
        );
    }
}

// ---- Offsets ----

/// `lseek(2)` with an offset of 64 bits: the new one goes to `position`, if the answer is no error.
pub fn lseek(fd: i32, offset: u64, whence: u32, position: &mut u64) -> usize {
    // SAFETY: the kernel writes one number of 64 bits.
    unsafe {
        syscall5(
            linux::__NR__llseek as usize,
            fd as usize,
            (offset >> 32) as usize,
            offset as usize,
            &raw mut *position as usize,
            whence as usize,
        )
    }
}

/// `ftruncate(2)` with a length of 64 bits.
pub fn ftruncate(fd: i32, length: u64) -> usize {
    // SAFETY: numbers are all it takes.
    unsafe {
        syscall3(
            linux::__NR_ftruncate64 as usize,
            fd as usize,
            length as usize,
            (length >> 32) as usize,
        )
    }
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
    unsafe {
        syscall5(
            number,
            fd as usize,
            address,
            length,
            offset as usize,
            (offset >> 32) as usize,
        )
    }
}
