//! Replacements for assembly in unit tests that run in Miri, because Miri cannot run assembly. The items of this file replace the
//! items with the same names in the machine's file. A small model of the kernel is enough for a heap, a lock, and one spawn at a
//! time; other system calls fail with `ENOSYS`. A child is a thread, so Miri checks how the parent and the child use the memory
//! that they share.

use core::ffi::{CStr, c_void};
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::boxed::Box;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;
use std::vec::Vec;

use linux_raw_sys::{errno, general as linux};

use super::ChildFunction;
use super::machine::nr;

// ---- System calls ----

/// # Safety
/// The same as for the system call.
pub unsafe fn syscall0(number: usize) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { syscall6(number, 0, 0, 0, 0, 0, 0) }
}

/// # Safety
/// The same as for the system call.
pub unsafe fn syscall1(number: usize, a1: usize) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { syscall6(number, a1, 0, 0, 0, 0, 0) }
}

/// # Safety
/// The same as for the system call.
pub unsafe fn syscall2(number: usize, a1: usize, a2: usize) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { syscall6(number, a1, a2, 0, 0, 0, 0) }
}

/// # Safety
/// The same as for the system call.
pub unsafe fn syscall3(number: usize, a1: usize, a2: usize, a3: usize) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { syscall6(number, a1, a2, a3, 0, 0, 0) }
}

/// # Safety
/// The same as for the system call.
pub unsafe fn syscall4(number: usize, a1: usize, a2: usize, a3: usize, a4: usize) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { syscall6(number, a1, a2, a3, a4, 0, 0) }
}

/// # Safety
/// The same as for the system call.
pub unsafe fn syscall5(
    number: usize,
    a1: usize,
    a2: usize,
    a3: usize,
    a4: usize,
    a5: usize,
) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { syscall6(number, a1, a2, a3, a4, a5, 0) }
}

/// # Safety
/// The same as for the system call.
pub unsafe fn syscall6(
    number: usize,
    a1: usize,
    a2: usize,
    a3: usize,
    a4: usize,
    _a5: usize,
    _a6: usize,
) -> usize {
    const MMAP: u32 = nr::MMAP;
    const PPOLL: u32 = nr::PPOLL;
    // SAFETY: the caller upholds the safety contract.
    unsafe {
        match number as u32 {
            MMAP => alloc_zeroed(pages(a2)).expose_provenance(),
            linux::__NR_munmap => unmap(ptr::with_exposed_provenance_mut(a1), a2),
            linux::__NR_mremap => remap(ptr::with_exposed_provenance_mut(a1), a2, a3),
            linux::__NR_futex => {
                // A waiter polls the word, so no thread sleeps and a wake does nothing. A wait with a timeout fails at once.
                thread::yield_now();
                let is_limited = a2 as u32 == linux::FUTEX_WAIT && a4 != 0;
                if is_limited {
                    negative(errno::ETIMEDOUT)
                } else {
                    0
                }
            }
            linux::__NR_rt_sigprocmask | linux::__NR_rt_sigaction => 0,
            linux::__NR_pipe2 => {
                *kernel() = Kernel {
                    write_ends: 1,
                    ..Kernel::NEW
                };
                ptr::with_exposed_provenance_mut::<[i32; 2]>(a1).write([READ_END, WRITE_END]);
                0
            }
            linux::__NR_close => {
                if a1 as i32 == WRITE_END {
                    kernel().write_ends -= 1;
                    CHANGED.notify_all();
                }
                0
            }
            linux::__NR_write => {
                let bytes = ptr::with_exposed_provenance::<u8>(a2);
                write(core::slice::from_raw_parts(bytes, a3))
            }
            PPOLL => poll(&mut *ptr::with_exposed_provenance_mut(a1)),
            linux::__NR_read => read(ptr::with_exposed_provenance_mut(a2), a3),
            linux::__NR_execve => {
                let path = CStr::from_ptr(ptr::with_exposed_provenance(a1));
                if path == c"/bin/true" {
                    // The program `true` ends at once.
                    leave(0);
                }
                negative(errno::ENOENT)
            }
            linux::__NR_exit_group => leave((a1 as i32) << 8),
            linux::__NR_wait4 => {
                let status = wait_until(|kernel| kernel.status.is_some()).status.take();
                ptr::with_exposed_provenance_mut::<i32>(a2).write(status.unwrap_or_default());
                a1
            }
            _ => negative(errno::ENOSYS),
        }
    }
}

/// Moves a mapping to one of another length.
///
/// # Safety
/// The same as for `mremap`.
unsafe fn remap(old: *mut u8, old_length: usize, length: usize) -> usize {
    // SAFETY: the caller passes a mapping; the new one is at least as long as what is copied.
    unsafe {
        let new = alloc_zeroed(pages(length));
        ptr::copy_nonoverlapping(old, new, pages(old_length).size().min(pages(length).size()));
        unmap(old, old_length);
        new.expose_provenance()
    }
}

/// Writes to the pipe.
fn write(bytes: &[u8]) -> usize {
    kernel().written.extend_from_slice(bytes);
    CHANGED.notify_all();
    bytes.len()
}

/// Returns what the pipe has for its reader. The timeout expires at once. So a parent checks its child between the child's steps.
fn poll(polled: &mut linux::pollfd) -> usize {
    thread::yield_now();
    let kernel = kernel();
    if !kernel.written.is_empty() {
        polled.revents |= linux::POLLIN as i16;
    }
    if kernel.write_ends == 0 {
        polled.revents |= linux::POLLHUP as i16;
    }
    usize::from(polled.revents != 0)
}

/// Reads from the pipe.
///
/// # Safety
/// `target` has room for `room` bytes.
unsafe fn read(target: *mut u8, room: usize) -> usize {
    let mut kernel = kernel();
    let count = kernel.written.len().min(room);
    // SAFETY: the caller promises the room.
    unsafe { target.copy_from_nonoverlapping(kernel.written.as_ptr(), count) };
    kernel.written.drain(..count);
    count
}

fn negative(errno: u32) -> usize {
    (errno as usize).wrapping_neg()
}

/// Returns the layout of a mapping of this length.
fn pages(length: usize) -> Layout {
    const PAGE: usize = 4096;
    Layout::from_size_align(length.next_multiple_of(PAGE), PAGE).expect("a possible length")
}

/// # Safety
/// The range is one whole mapping, and is not used after this call.
unsafe fn unmap(address: *mut u8, length: usize) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe { dealloc(address, pages(length)) };
    0
}

// ---- Making a child ----

/// The kernel's state for one spawn.
struct Kernel {
    /// The number of open write ends of the pipe.
    write_ends: u32,
    written: Vec<u8>,
    /// The address of the number that is cleared when the child no longer shares the memory, or 0.
    mark: usize,
    /// The child's status, if it has ended.
    status: Option<i32>,
}

impl Kernel {
    const NEW: Self = Self {
        write_ends: 0,
        written: Vec::new(),
        mark: 0,
        status: None,
    };
}

static KERNEL: Mutex<Kernel> = Mutex::new(Kernel::NEW);
static CHANGED: Condvar = Condvar::new();

const READ_END: i32 = 100;
const WRITE_END: i32 = 101;

fn kernel() -> MutexGuard<'static, Kernel> {
    KERNEL.lock().expect("no thread has failed")
}

fn wait_until(is_so: impl Fn(&Kernel) -> bool) -> MutexGuard<'static, Kernel> {
    let waited = CHANGED.wait_while(kernel(), |kernel| !is_so(kernel));
    waited.expect("no thread has failed")
}

/// The panic payload with which a child ends: its wait status. Unwinding removes the child's stack frames.
struct Left(i32);

fn leave(status: i32) -> ! {
    panic::resume_unwind(Box::new(Left(status)))
}

/// `clone3` with shared memory. The child does not use the stack in the arguments.
///
/// # Safety
/// The same as for the function of this name in the other files of `arch/`.
pub unsafe fn clone(
    number: usize,
    first: usize,
    _second: usize,
    _child_tid: usize,
    function: ChildFunction,
    argument: *mut c_void,
) -> usize {
    const PID: usize = 1000;
    struct Argument(*mut c_void);
    // SAFETY: the tests check whether the child uses the pointer correctly.
    unsafe impl Send for Argument {}
    if number as u32 != linux::__NR_clone3 {
        return negative(errno::ENOSYS);
    }
    // SAFETY: the caller promises the arguments of a `clone3` call.
    let arguments = unsafe { &*ptr::with_exposed_provenance::<linux::clone_args>(first) };
    let mut kernel = kernel();
    kernel.write_ends *= 2;
    kernel.mark = arguments.child_tid as usize;
    drop(kernel);
    let argument = Argument(argument);
    thread::spawn(move || {
        let argument = argument;
        let child = || -> () {
            // SAFETY: the caller upholds the safety contract.
            unsafe { function(argument.0) }
        };
        let left = panic::catch_unwind(AssertUnwindSafe(child)).expect_err("it does not return");
        let Left(status) = *left.downcast().expect("it has not failed");
        let mut kernel = self::kernel();
        kernel.write_ends = kernel.write_ends.saturating_sub(1);
        kernel.status = Some(status);
        if kernel.mark != 0 {
            let mark = ptr::with_exposed_provenance_mut(kernel.mark);
            // SAFETY: the parent keeps the number valid until it is cleared.
            unsafe { AtomicU32::from_ptr(mark) }.store(0, Ordering::Release);
        }
        CHANGED.notify_all();
    });
    PID
}

// ---- Valgrind ----

pub fn on_valgrind() -> bool {
    false
}

// ---- Memory ----

/// # Safety
/// The same as for the function of this name in the other files of `arch/`.
pub unsafe fn copy_forward(target: *mut u8, source: *const u8, count: usize) {
    for i in 0..count {
        // SAFETY: the caller upholds the safety contract.
        unsafe { target.add(i).write(source.add(i).read()) };
    }
}

/// # Safety
/// The same as for the function of this name in the other files of `arch/`.
pub unsafe fn copy_backward(target: *mut u8, source: *const u8, count: usize) {
    for i in (0..count).rev() {
        // SAFETY: the caller upholds the safety contract.
        unsafe { target.add(i).write(source.add(i).read()) };
    }
}

/// # Safety
/// The same as for the function of this name in the other files of `arch/`.
pub unsafe fn fill(target: *mut u8, value: u8, count: usize) {
    // SAFETY: the caller upholds the safety contract.
    unsafe { target.write_bytes(value, count) };
}
