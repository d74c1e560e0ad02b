//! i386. A system call is the instruction `int 0x80` with the number in `eax` and the arguments in `ebx`, `ecx`, `edx`, `esi`,
//! `edi` and `ebp`. The result is in `eax`. The instruction overwrites no other register.
//!
//! The crate `sc` does not compile for this architecture, so this file contains its own system calls. The compiler reserves `esi`
//! and `ebp`, so they cannot be operands of `asm!`. [`syscall4`] therefore swaps its fourth argument with `esi` before and after
//! the call, and [`syscall6`], which also serves for five arguments, is a naked function.

use core::arch::{asm, naked_asm};
use core::ffi::c_void;

use linux_raw_sys::general as linux;

use super::ChildFunction;

// ---- System calls ----

/// Makes a system call without arguments.
///
/// # Safety
/// The same as for the system call.
#[inline]
pub unsafe fn syscall0(number: usize) -> usize {
    let result;
    // SAFETY: the caller upholds the safety contract.
    unsafe {
        asm!(
            "int 0x80", // system call
            inlateout("eax") number => result,
            options(nostack, preserves_flags),
        );
    }
    result
}

/// Makes a system call with one argument.
///
/// # Safety
/// The same as for the system call.
#[inline]
pub unsafe fn syscall1(number: usize, a1: usize) -> usize {
    let result;
    // SAFETY: the caller upholds the safety contract.
    unsafe {
        asm!(
            "int 0x80", // system call
            inlateout("eax") number => result, in("ebx") a1,
            options(nostack, preserves_flags),
        );
    }
    result
}

/// Makes a system call with two arguments.
///
/// # Safety
/// The same as for the system call.
#[inline]
pub unsafe fn syscall2(number: usize, a1: usize, a2: usize) -> usize {
    let result;
    // SAFETY: the caller upholds the safety contract.
    unsafe {
        asm!(
            "int 0x80", // system call
            inlateout("eax") number => result, in("ebx") a1, in("ecx") a2,
            options(nostack, preserves_flags),
        );
    }
    result
}

/// Makes a system call with three arguments.
///
/// # Safety
/// The same as for the system call.
#[inline]
pub unsafe fn syscall3(number: usize, a1: usize, a2: usize, a3: usize) -> usize {
    let result;
    // SAFETY: the caller upholds the safety contract.
    unsafe {
        asm!(
            "int 0x80", // system call
            inlateout("eax") number => result, in("ebx") a1, in("ecx") a2, in("edx") a3,
            options(nostack, preserves_flags),
        );
    }
    result
}

/// Makes a system call with four arguments.
///
/// # Safety
/// The same as for the system call.
#[inline]
pub unsafe fn syscall4(number: usize, a1: usize, a2: usize, a3: usize, a4: usize) -> usize {
    let result;
    // SAFETY: the caller upholds the safety contract. The assembly restores `esi`.
    unsafe {
        asm!(
            "xchg esi, edi", // the compiler reserves esi, the register of the fourth argument
            "int 0x80",      // system call
            "xchg esi, edi", // restores esi
            inlateout("eax") number => result, in("ebx") a1, in("ecx") a2, in("edx") a3, in("edi") a4,
            options(nostack, preserves_flags),
        );
    }
    result
}

/// Makes a system call with five arguments.
///
/// # Safety
/// The same as for the system call.
#[inline]
pub unsafe fn syscall5(
    number: usize,
    a1: usize,
    a2: usize,
    a3: usize,
    a4: usize,
    a5: usize,
) -> usize {
    // SAFETY: the caller upholds the safety contract. The kernel ignores the sixth argument of a call that has five arguments.
    unsafe { syscall6(number, a1, a2, a3, a4, a5, 0) }
}

/// Makes a system call with six arguments.
///
/// # Safety
/// The same as for the system call.
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
        "push ebx",          // saves the caller's registers, which the arguments overwrite
        "push esi",          // the register of the fourth argument
        "push edi",          // the register of the fifth argument
        "push ebp",          // the register of the sixth argument
        "mov eax, [esp+20]", // the number, above four registers and the return address
        "mov ebx, [esp+24]", // the six arguments
        "mov ecx, [esp+28]", // the second argument
        "mov edx, [esp+32]", // the third argument
        "mov esi, [esp+36]", // the fourth argument
        "mov edi, [esp+40]", // the fifth argument
        "mov ebp, [esp+44]", // the sixth argument
        "int 0x80",          // system call
        "pop ebp",           // restores the caller's registers
        "pop edi",           // in the reverse order
        "pop esi",           // in the reverse order
        "pop ebx",           // in the reverse order
        "ret",               // returns the result of the call
    )
}

/// The numbers of the system calls whose names differ between architectures. On i386, the names of the calls with 32-bit ids end in
/// `32`, and the names of most other calls contain `64`.
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

/// The size in bytes of each of the two numbers (seconds and microseconds) of a time in glibc's `struct utmp`.
pub const UTMP_TIME: usize = 4;

/// The path of glibc's dynamic loader.
#[cfg(feature = "std")]
pub const LOADER: &[u8; 19] = b"/lib/ld-linux.so.2\0";

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
        ".cfi_startproc",            // describes the frames of this function to debuggers
        "push ebx",                  // saves the caller's registers, which the arguments overwrite
        ".cfi_adjust_cfa_offset 4",  // the frame has grown by 4 bytes
        "push esi",                  // will contain the argument of the function
        ".cfi_adjust_cfa_offset 4",  // the frame has grown by 4 bytes
        "push edi",                  // will contain `child_tid`
        ".cfi_adjust_cfa_offset 4",  // the frame has grown by 4 bytes
        "mov eax, [esp+16]", // the system call's number, above three registers and the return address
        "mov ebx, [esp+20]", // its arguments; `child_tid` is the fifth argument of `clone`
        "mov ecx, [esp+24]", // the second argument
        "mov edi, [esp+28]", // `child_tid`
        "mov edx, [esp+32]", // the function
        "mov esi, [esp+36]", // its argument
        "int 0x80",          // system call
        "test eax, eax",     // the result is zero in the child
        "jnz 2f",            // the parent continues at label 2
        ".cfi_remember_state", // the parent's frame, which label 2 needs again
        ".cfi_undefined eip", // the child's outermost frame: a debugger's backtrace ends here
        "xor ebp, ebp",      // a backtrace that follows the frame pointers ends here, too
        "and esp, -16",      // the ABI requires an alignment of 16 bytes before a call,
        "sub esp, 12",       // including the 4 bytes of the argument
        "push esi",          // the argument
        "call edx",          // calls the function
        "ud2",               // the function does not return
        ".cfi_restore_state", // the frame as it was at the jump
        "2: pop edi",        // the parent restores its registers
        ".cfi_adjust_cfa_offset -4", // the frame has shrunk by 4 bytes
        "pop esi",           // in the reverse order
        ".cfi_adjust_cfa_offset -4", // the frame has shrunk by 4 bytes
        "pop ebx",           // in the reverse order
        ".cfi_adjust_cfa_offset -4", // the frame has shrunk by 4 bytes
        "ret",               // returns the child's id, or a negative errno
        ".cfi_endproc",      // the end of the description of the frames
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
            "rol edi, 3",    // valgrind recognises the sequence of these five instructions
            "rol edi, 13",   // the four rotations add up to 64 bits
            "rol edi, 29",   // after all four rotations, edi has its old value
            "rol edi, 19",   // after all four rotations, edi has its old value
            "xchg ebx, ebx", // valgrind executes the request at eax; a processor does nothing
            in("eax") request.as_ptr(), inout("edx") 0_usize => answer,
            out("edi") _,
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
        // Without `SA_SIGINFO`, the kernel makes the frame of the old call `sigreturn`, and `rt_sigreturn` cannot restore such a
        // frame.
        sa_flags: flags | linux::SA_RESTORER | linux::SA_SIGINFO,
        sa_restorer: Some(restorer),
        sa_mask: linux::kernel_sigset_t { sig: [0; 2] },
    }
}

/// The code that a signal handler returns to. The kernel provides such code only in the vDSO.
#[unsafe(naked)]
unsafe extern "C" fn restorer() {
    naked_asm!(
        "mov eax, {number}", // rt_sigreturn restores the frame at the stack pointer
        "int 0x80",          // does not return here
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
                ".cfi_undefined eip", // the outermost frame: a debugger's backtrace ends here
                "xor ebp, ebp",       // a backtrace that follows the frame pointers ends here, too
                "mov eax, esp",       // the stack pointer points to argc, argv, envp and auxv
                "and esp, -16",       // the ABI requires an alignment of 16 bytes before a call,
                "sub esp, 12",        // including the 4 bytes of the argument
                "push eax",           // the argument
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
    // SAFETY: the caller upholds the safety contract. The ABI says that the direction flag is clear, and the assembly restores
    // `esi`.
    unsafe {
        asm!(
            "xchg esi, eax", // the compiler reserves esi
            "rep movsb",     // copies ecx bytes from esi to edi
            "mov esi, eax",  // restores esi
            inout("ecx") count => _, inout("edi") target => _, inout("eax") source => _,
            options(nostack, preserves_flags),
        );
    }
}

/// Copies `count` bytes, starting with the highest address.
///
/// # Safety
/// `source` is readable and `target` is writable for `count` bytes. If the two ranges overlap, `target` is the higher address.
pub unsafe fn copy_backward(target: *mut u8, source: *const u8, count: usize) {
    // SAFETY: the caller upholds the safety contract. The assembly clears the direction flag again, and restores `esi`.
    unsafe {
        asm!(
            "xchg esi, eax", // the compiler reserves esi
            "std",           // copy towards lower addresses
            "rep movsb",     // copies ecx bytes from esi to edi
            "cld",           // the ABI requires a clear direction flag
            "mov esi, eax",  // restores esi
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
    // SAFETY: the caller upholds the safety contract. The ABI says that the direction flag is clear.
    unsafe {
        asm!(
            "rep stosb", // stores al in ecx bytes at edi
            inout("ecx") count => _, inout("edi") target => _, in("al") value,
            options(nostack, preserves_flags),
        );
    }
}

// ---- Offsets ----

/// `lseek(2)` with an offset of 64 bits. If the result is not an error, writes the new offset to `position`.
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
    // SAFETY: the call takes only numbers.
    unsafe {
        syscall3(
            linux::__NR_ftruncate64 as usize,
            fd as usize,
            length as usize,
            (length >> 32) as usize,
        )
    }
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

/// `statfs(2)` with numbers of 64 bits.
///
/// # Safety
/// `path` is the address of a C string, and `answer` may be written.
pub unsafe fn statfs64(path: usize, answer: *mut linux::statfs64) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let size = size_of::<linux::statfs64>();
        syscall3(linux::__NR_statfs64 as usize, path, size, answer as usize)
    }
}
