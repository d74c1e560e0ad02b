//! The runtime of a program without libc (feature `rt`): the entry point, the arguments, the environment, the auxiliary vector,
//! the panic handler, and the memory functions that the compiler calls.
//!
//! # A project
//!
//! These four files are a whole project. A test builds them for all four architectures. The command
//! `cargo nestling new NAME` (package `cargo-nestling`) writes them; `cargo nestling build --release` adds the compiler options with
//! which nestling builds its own programs.
//!
#![doc = include_str!("project.md")]
//!
//! # Small programs
//!
//! A single `unwrap` or `expect` adds up to 24 KB to the file: the message of the panic contains the error's `Debug` output, and so
//! the program contains parts of `core::fmt`. Use `match`, `let … else` or `unwrap_or` instead, and [`println!`](crate::println!),
//! which writes [`Text`] without `core::fmt`. An index that may be out of bounds also panics; `get` does not.
//!
//! With the compiler options below, this program has 1,480 bytes on x86_64. With two `unwrap`s in place of `let … else`, it has
//! 10,080:
//!
//! ```ignore
//! #![no_std]
//! #![no_main]
//! use nestling::{AsFd, OFlags, println, rt::Process, sys};
//!
//! nestling::entry!(main);
//!
//! fn main(_: Process) -> i32 {
//!     let Ok(file) = sys::fd::open(c"/proc/self/comm", OFlags::RDONLY, 0) else {
//!         return 1;
//!     };
//!     let mut name = [0; 16];
//!     let Ok(length) = sys::fd::read(file.as_fd(), &mut name) else {
//!         return 1;
//!     };
//!     println!(name.get(..length).unwrap_or_default());
//!     0
//! }
//! ```
//!
//! In nestling's repository, `cargo xtask flags >.cargo/config.toml` writes the compiler options with which nestling builds its own
//! programs, as a configuration for cargo. With this configuration and the `build.rs` above, a program has the size that `cargo
//! xtask size` reports.
//!
//! # A static PIE
//!
//! With the feature `pie`, the kernel can load a program at a random address (a static PIE). Then pass `-static-pie` instead of
//! `-static` and `-no-pie`, and `-Wl,-z,pack-relative-relocs`, because the runtime does only relocations of this form. Set
//! `lto = "fat"` in the profile: otherwise the program calls functions through addresses that are not relocated yet.
//!
//! # In a workspace with programs of the standard library
//!
//! Cargo builds this crate once for all packages that one command builds, with the features that any of these packages enables.
//! If one of them enables `std`, then the programs of `entry!` in this build use the standard library, too: they need its libc
//! and the libc's loader, and on a panic they do what a program of the standard library does, without the handler of `entry!`.
//! [`on_fault`] fails, and [`fork`] fails while the program has other threads.
//! Otherwise they behave the same. So a build of the whole workspace is good for development. To get a program that needs no
//! libc, build its package alone: `cargo build --release -p NAME`.
//!
//! # Set-user-ID programs
//!
//! If [`Process::is_secure`] returns true, the caller of the program may have fewer privileges than the program. Then the runtime
//! opens `/dev/null` at each of the descriptors 0 to 2 that is not open, as libcs do. If this fails, it ends the program with exit
//! status 127. Nothing in nestling interprets the environment on its own. The rest is the program's task:
//!
//! - Do not use the caller's environment, least of all `PATH`, and do not pass it on: give each program that you start a list of
//!   its own.
//! - Close inherited descriptors above 2 ([`Action::CloseFrom`](crate::spawn::Action::CloseFrom)). Do not rely on the working
//!   directory, the umask, the limits, the signal mask or the ignored signals: the caller has chosen them.
//! - The caller can send signals to the program, and can stop it at any point.
//! - Do not start a shell. `system` and `popen` start one.

use core::ffi::CStr;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicPtr, Ordering};

use linux_raw_sys::auxvec::{AT_EXECFN, AT_SECURE};

use crate::args::Args;
use crate::errno::Errno;
use crate::fd::{BorrowedFd, OwnedFd, RawFd};
use crate::file::OFlags;
use crate::io::{self, Writer};
use crate::process::Pid;
use crate::signal::{SigSet, Signal};
use crate::sys;
use crate::text::Text;

pub mod descriptors;
mod fault;
pub mod memory;
#[cfg(all(feature = "pie", not(feature = "std")))]
mod relocation;
mod stack;
mod take_once;
#[cfg(feature = "std")]
mod with_std;

pub use fault::{FAULTS, on_fault};
pub use take_once::TakeOnce;
#[cfg(feature = "std")]
pub use with_std::start;

/// The arguments, environment and auxiliary vector that the kernel gave this process.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    args: Args<'static>,
    env: Args<'static>,
    auxv: *const usize,
}

impl Process {
    /// # Safety
    /// `stack` points to the initial stack that the kernel made, and nothing changes this stack later.
    unsafe fn new(stack: *const usize) -> Self {
        // SAFETY: on this stack, the arguments follow their count, the environment follows the null pointer after the arguments,
        // and the auxiliary vector follows the null pointer after the environment.
        unsafe {
            let args = stack.add(1);
            let env = args.add(*stack + 1);
            let mut auxv = env;
            while *auxv != 0 {
                auxv = auxv.add(1);
            }
            Self {
                args: Args::from_ptr(args.cast()),
                env: Args::from_ptr(env.cast()),
                auxv: auxv.add(1),
            }
        }
    }

    /// Returns the arguments; the first is the program's name.
    #[must_use]
    pub fn args(&self) -> Args<'static> {
        self.args
    }

    /// Returns the environment: `name=value` strings.
    #[must_use]
    pub fn env(&self) -> Args<'static> {
        self.env
    }

    /// Returns the same process without its first `count` arguments: what an applet is called with
    /// ([`applet::run`](crate::applet::run)), if its name is not the first argument.
    #[must_use]
    pub fn skip(self, count: usize) -> Self {
        Self {
            args: self.args.skip(count),
            ..self
        }
    }

    /// Iterates over the auxiliary vector (`getauxval(3)`): pairs of a key (`AT_…`) and its value.
    #[doc(alias = "getauxval")]
    pub fn auxv(&self) -> impl Iterator<Item = (usize, usize)> {
        let mut next = self.auxv;
        core::iter::from_fn(move || {
            // SAFETY: the vector consists of pairs. The last pair has the key 0, and the iterator does not advance past this pair.
            unsafe {
                let (key, value) = (*next, *next.add(1));
                (key != 0).then(|| {
                    next = next.add(2);
                    (key, value)
                })
            }
        })
    }

    /// Returns the path that was executed (`AT_EXECFN`, `getauxval(3)`). If it is a script's, this program is its interpreter.
    #[must_use]
    #[doc(alias("getauxval", "AT_EXECFN"))]
    pub fn execfn(&self) -> Option<&'static CStr> {
        let mut entries = self.auxv();
        let (_, address) = entries.find(|&(key, _)| key == AT_EXECFN as usize)?;
        // SAFETY: the kernel put the path, which ends with a null byte, above the initial stack. Nothing changes it later.
        Some(unsafe { CStr::from_ptr(core::ptr::with_exposed_provenance(address)) })
    }

    /// Returns whether the kernel runs this program with privileges that its caller may lack (`AT_SECURE`, `getauxval(3)`): the
    /// real and effective ids differ, or the file has a set-user-ID or set-group-ID bit, or capabilities. See
    /// [set-user-ID programs](self#set-user-id-programs).
    #[must_use]
    #[doc(alias("secure_getenv", "AT_SECURE"))]
    pub fn is_secure(&self) -> bool {
        let mut entries = self.auxv();
        entries.any(|(key, value)| key == AT_SECURE as usize && value != 0)
    }
}

/// The initial stack; null before [`start`] has run.
static STACK: AtomicPtr<usize> = AtomicPtr::new(core::ptr::null_mut());

/// Returns what the kernel gave this process, for code that has no [`Process`], such as an applet. Returns `None` before [`start`]
/// has run.
#[must_use]
pub fn process() -> Option<Process> {
    let stack = STACK.load(Ordering::Relaxed);
    // SAFETY: `start` stored the initial stack. The caller of `start` promises that it does not change.
    (!stack.is_null()).then(|| unsafe { Process::new(stack) })
}

/// Returns the environment that the kernel gave this process. This function is for code that has no [`Process`], such as a
/// panic handler. Before [`start`] has run, the environment is empty.
#[must_use]
pub fn environ() -> Args<'static> {
    process().map_or(Args::EMPTY, |process| process.env)
}

/// Duplicates a descriptor that this program has inherited. Returns `None` if the descriptor is not open, or if it has the
/// close-on-exec flag. The function sets this flag on the original descriptor, so a second call with the same number returns
/// `None`. Costs three system calls.
///
/// For the descriptors 0, 1 and 2, the function always returns `None`; use [`io::stdin`], `io::stdout` and `io::stderr`
/// instead.
#[must_use]
pub fn inherited(fd: RawFd) -> Option<OwnedFd> {
    if fd <= 2 || sys::fd::cloexec(fd) != Ok(false) {
        return None;
    }
    // SAFETY: the descriptor is open. If the program itself opened it, its owner still owns it after this function.
    let original = unsafe { BorrowedFd::borrow_raw(fd) };
    let duplicate = sys::fd::dup_cloexec(original, 3).ok()?;
    sys::fd::set_cloexec(original, true).ok()?;
    Some(duplicate)
}

/// Makes a child that is a copy of this process, such as a shell's subshell. Returns `None` in the child, and the child's id in
/// the parent. This function is safe, because it works only in a program that has no other threads;
/// [`spawn::fork`](crate::spawn::fork) is for all programs, and is unsafe.
///
/// The child has a copy of each open descriptor and of each [`OwnedFd`]. To close a descriptor that only the parent needs, drop
/// its `OwnedFd` in the child.
///
/// # Errors
/// `EAGAIN` if the limit on processes is reached; `ENOMEM` if memory is short; `ENOSYS` in a program that does not use
/// [`entry!`](crate::entry!), because such a program may have other threads. In a build that also enables the feature `std`, `EBUSY`
/// if the program has another thread, or if a thread has ended only a moment ago; there, the check costs one to two system calls.
pub fn fork() -> Result<Option<Pid>, Errno> {
    only_thread()?;
    // SAFETY: this is the program's only thread, so no other thread can hold a lock.
    unsafe { sys::clone::fork() }
}

/// Checks that this is the only thread of the program. Fails with `ENOSYS` if the runtime cannot know this.
///
/// If [`start`] has started the program and the library is built without the feature `std`, the program does not use the standard
/// library: two panic handlers would not link. Then nothing makes threads but unsafe code (`sys::clone`, `raw`, other assembly), which
/// is responsible for what they do. With `std`, the program may use `std::thread`, and the kernel is asked. A program that [`start`] has
/// not started may have threads, even if it is part of a build with this runtime.
fn only_thread() -> Result<(), Errno> {
    if STACK.load(Ordering::Relaxed).is_null() {
        return Err(Errno::ENOSYS);
    }
    #[cfg(feature = "std")]
    with_std::only_thread()?;
    Ok(())
}

/// Runs `main` and exits with the status that it returns. The `_start` that [`entry!`](crate::entry!) defines calls this.
///
/// # Safety
/// `stack` points to the initial stack that the kernel made (`argc`, `argv`, `envp`, `auxv`), and nothing changes this stack
/// later.
#[cfg(not(feature = "std"))]
pub unsafe fn start(stack: *const usize, main: fn(Process) -> i32) -> ! {
    // SAFETY: the caller upholds the safety contract.
    unsafe { run(stack, main) }
}

/// Runs `main` and exits, like [`start`]. If the program uses a libc, the libc must be initialised before.
///
/// # Safety
/// The same as for [`start`].
#[inline(always)]
unsafe fn run(stack: *const usize, main: fn(Process) -> i32) -> ! {
    // SAFETY: the caller promises the initial stack.
    let process = unsafe { Process::new(stack) };
    #[cfg(all(feature = "pie", not(feature = "std")))]
    // SAFETY: the kernel made the vector, and the program has used no address that needs relocation before this call.
    unsafe {
        relocation::relocate(process.auxv)
    };
    STACK.store(stack.cast_mut(), Ordering::Relaxed);
    if process.is_secure() {
        open_standard_descriptors();
    }
    sys::process::exit(main(process))
}

/// Opens `/dev/null` at each of the descriptors 0 to 2 that is not open. Otherwise a file that the program opens later would get
/// such a number, and the program would write its output or its messages into this file.
#[cold]
fn open_standard_descriptors() {
    for fd in 0..=2 {
        if sys::fd::cloexec(fd) == Err(Errno::EBADF) {
            // The file gets the lowest free number. This number is `fd`, because the lower descriptors are open.
            match sys::fd::open(c"/dev/null", OFlags::RDWR, 0) {
                Ok(null) => _ = null.into_raw_fd(),
                Err(_) => sys::process::exit(127),
            }
        }
    }
}

/// The default panic handler. It writes the message to standard error, and aborts.
pub fn panic(info: &PanicInfo<'_>) -> ! {
    describe(info, &mut Writer::new(io::stderr()));
    abort()
}

/// Writes the message of a panic and its location in the source, in one line. (The `Display` of [`PanicInfo`] needs 3 KiB of
/// code from `core::fmt` to write the line number.)
pub fn describe(info: &PanicInfo<'_>, stderr: &mut Writer<'_>) {
    if let Some(location) = info.location() {
        "panic at ".write(stderr);
        location.file().write(stderr);
        ":".write(stderr);
        location.line().write(stderr);
        ": ".write(stderr);
    }
    match info.message().as_str() {
        Some(message) => message.write(stderr),
        // The message is formatted at run time, so the program contains `core::fmt` anyway.
        None => drop(core::fmt::write(stderr, format_args!("{}", info.message()))),
    }
    "\n".write(stderr);
}

/// Ends the process with the signal `SIGABRT`. If the signal does not end the process (because the process is PID 1), the
/// process exits with status 134.
pub fn abort() -> ! {
    // SAFETY: the default action is not a handler.
    let _ = unsafe { sys::signal::set_action(Signal::ABRT, sys::signal::Disposition::Default, 0) };
    let _ = sys::signal::set_mask(SigSet::ALL.without(Signal::ABRT));
    let _ = sys::process::kill(sys::process::getpid().as_raw(), Some(Signal::ABRT));
    sys::process::exit(128 + Signal::ABRT.as_raw())
}

/// Declares the program's main function. The argument is a function of the type `fn(nestling::rt::Process) -> i32`. The value that
/// the function returns is the exit status. The macro defines `_start`, the panic handler and the memory functions. The module
/// [`rt`](crate::rt) lists what else a program needs.
///
/// On a panic, the program calls [`rt::panic`](crate::rt::panic). With `entry!(main, panic = handler)`, the program calls
/// `handler` instead. The type of `handler` is `fn(&core::panic::PanicInfo) -> !`. For example, a PID 1 needs its own handler,
/// because it must not end.
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        $crate::entry!($main, panic = $crate::rt::panic);
    };
    ($main:path, panic = $panic:path) => {
        #[allow(unsafe_code)]
        const _: () = {
            // The prefix makes the names unlikely to occur in the paths `$main` and `$panic`, which these items would hide.
            $crate::__start!(__nestling_start);

            unsafe extern "C" fn __nestling_start(stack: *const usize) -> ! {
                // SAFETY: `_start` passes the stack that the kernel made.
                unsafe { $crate::rt::start(stack, $main) }
            }

            $crate::__without_libc!($panic);
        };
    };
}

/// Defines the items that a libc or the standard library would provide.
#[cfg(not(feature = "std"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __without_libc {
    ($panic:path) => {
        #[panic_handler]
        fn __nestling_panic(info: &::core::panic::PanicInfo<'_>) -> ! {
            $panic(info)
        }

        /// The prebuilt `core` refers to this symbol in its tables for unwinding. This program never unwinds.
        #[unsafe(no_mangle)]
        extern "C" fn rust_eh_personality() {}

        /// The prebuilt `alloc` refers to this symbol in code that unwinds. This program never unwinds.
        #[unsafe(no_mangle)]
        extern "C" fn _Unwind_Resume() -> ! {
            $crate::rt::abort()
        }

        /// On aarch64, a constructor of `compiler_builtins` refers to this symbol, to choose between two implementations of
        /// atomics. In this program no constructor runs, so the implementation for all processors is used.
        #[unsafe(no_mangle)]
        extern "C" fn getauxval(_key: usize) -> usize {
            0
        }

        $crate::__global_allocator!();
        $crate::__memory_functions!();
    };
}

/// If a build's features make this crate depend on the standard library, the standard library and its libc provide these items.
/// Then the program needs the dynamic loader, which loads the libc.
#[cfg(feature = "std")]
#[doc(hidden)]
#[macro_export]
macro_rules! __without_libc {
    ($panic:path) => {
        const _: fn(&::core::panic::PanicInfo<'_>) -> ! = $panic;

        // SAFETY: the section `.interp` contains the path of the loader.
        #[used]
        #[unsafe(link_section = ".interp")]
        static __NESTLING_LOADER: [u8; $crate::arch::LOADER.len()] = *$crate::arch::LOADER;
    };
}

/// Defines the global allocator.
#[cfg(feature = "alloc")]
#[doc(hidden)]
#[macro_export]
macro_rules! __global_allocator {
    () => {
        #[global_allocator]
        static __NESTLING_HEAP: $crate::heap::Heap = $crate::heap::Heap::new();
    };
}

/// Defines nothing: without the feature `alloc`, a program has no global allocator.
#[cfg(not(feature = "alloc"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __global_allocator {
    () => {};
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(_: Signal) -> ! {
        sys::process::exit(1)
    }

    #[test]
    fn what_is_for_a_program_of_one_thread_is_refused_where_that_is_not_known() {
        assert_eq!(fork(), Err(Errno::ENOSYS));
        assert_eq!(on_fault(end), Err(Errno::ENOSYS));
    }
}
