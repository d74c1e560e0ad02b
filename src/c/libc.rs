//! The program's libc: the functions of glibc (2.34 or newer) and musl (1.2) that this library uses, and a few numbers that are the
//! same in both.

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_void};
use core::marker::PhantomData;
use core::mem::transmute;

use nestling::{Args, Errno, Pid};

/// A stream. Only the libc accesses its fields.
pub enum File {}

unsafe extern "C" {
    pub fn malloc(size: usize) -> *mut c_void;
    pub fn realloc(block: *mut c_void, size: usize) -> *mut c_void;
    pub fn free(block: *mut c_void);
    pub fn pthread_key_create(
        key: *mut c_uint,
        destructor: Option<unsafe extern "C" fn(*mut c_void)>,
    ) -> c_int;
    pub fn pthread_key_delete(key: c_uint) -> c_int;
    pub fn pthread_getspecific(key: c_uint) -> *mut c_void;
    pub fn pthread_setspecific(key: c_uint, value: *const c_void) -> c_int;
    pub fn pthread_testcancel();
    fn fdopen(fd: c_int, mode: *const c_char) -> *mut File;
    fn fclose(stream: *mut File) -> c_int;
    fn pthread_setcancelstate(state: c_int, former: *mut c_int) -> c_int;
    fn waitid(kind: c_int, id: c_uint, info: *mut c_void, options: c_int) -> c_int;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    fn __errno_location() -> *mut c_int;
    fn getauxval(key: c_ulong) -> c_ulong;
    static mut environ: *const *const c_char;
}

/// Returns the environment of the program.
///
/// # Safety
/// No other thread changes the environment while the result is used. (POSIX requires the same for `getenv`.)
pub unsafe fn environment<'a>() -> Args<'a> {
    // SAFETY: `environ` is null or an array of C strings that ends with null.
    unsafe { args(environ) }
}

/// Converts an array of C strings, as `execve` takes it. A null pointer stands for an empty array.
///
/// # Safety
/// `array` is null, or points to an array of pointers to C strings whose last element is null. The array and the strings do not
/// change while the result is used.
pub unsafe fn args<'a>(array: *const *const c_char) -> Args<'a> {
    if array.is_null() {
        return Args::EMPTY;
    }
    // SAFETY: the caller upholds the safety contract.
    unsafe { Args::from_ptr(array) }
}

/// Whether the caller of the program may have fewer privileges than the program.
pub fn is_secure() -> bool {
    const AT_SECURE: c_ulong = 23;
    // SAFETY: `getauxval` takes only a number.
    unsafe { getauxval(AT_SECURE) != 0 }
}

/// A guard that disables the cancellation of this thread until it is dropped.
pub struct Uncancelled {
    former: c_int,
    /// The cancellation state belongs to one thread, so the guard must stay in that thread.
    not_send: PhantomData<*const ()>,
}

impl Uncancelled {
    pub fn new() -> Self {
        const PTHREAD_CANCEL_DISABLE: c_int = 1;
        let mut former = 0;
        // SAFETY: the call writes the former state to `former`.
        unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &mut former) };
        Self {
            former,
            not_send: PhantomData,
        }
    }
}

impl Uncancelled {
    /// Restores the thread's former cancellation state until [`resume`](Self::resume).
    ///
    /// # Safety
    /// If the thread is cancelled, the destructors of its Rust frames do not run. So none of these frames has a destructor that
    /// must run.
    pub unsafe fn pause(&self) {
        // SAFETY: `pthread_setcancelstate` has returned this state.
        unsafe { pthread_setcancelstate(self.former, &mut 0) };
    }

    /// Disables the cancellation again.
    pub fn resume(&self) {
        core::mem::forget(Self::new());
    }
}

impl Drop for Uncancelled {
    fn drop(&mut self) {
        // SAFETY: `pthread_setcancelstate` has returned this state.
        unsafe { pthread_setcancelstate(self.former, &mut 0) };
    }
}

/// A guard that restores the program's `errno` when it is dropped.
pub struct KeptErrno(c_int);

impl KeptErrno {
    pub fn new() -> Self {
        // SAFETY: the libc returns the address of this thread's `errno`.
        Self(unsafe { *__errno_location() })
    }
}

impl Drop for KeptErrno {
    fn drop(&mut self) {
        // SAFETY: as in `new`.
        unsafe { *__errno_location() = self.0 };
    }
}

/// Sets the program's `errno`.
pub fn set_errno(errno: Errno) {
    // SAFETY: as in [`KeptErrno::new`].
    unsafe { *__errno_location() = errno.as_raw() };
}

/// Waits until the child has ended but does not reap it. Also returns if the child does not exist. This is a cancellation point.
///
/// # Safety
/// If the thread can be cancelled, the same as for [`Uncancelled::pause`].
pub unsafe fn wait_until_ended(id: Pid) {
    const P_PID: c_int = 1;
    const WEXITED: c_int = 4;
    const WNOWAIT: c_int = 0x0100_0000;
    // `siginfo_t` has 128 bytes.
    let mut info = [0u64; 16];
    let id = id.as_raw().unsigned_abs();
    let place = info.as_mut_ptr().cast();
    // SAFETY: `waitid` writes to `info`. If the thread is cancelled here, this frame has no destructor, and forced unwinding may
    // pass over frames without destructors (Rust's RFC 2945).
    while unsafe { waitid(P_PID, id, place, WEXITED | WNOWAIT) } != 0 && errno() == EINTR {}
}

const EINTR: c_int = 4;

fn errno() -> c_int {
    // SAFETY: as in [`KeptErrno::new`].
    unsafe { *__errno_location() }
}

/// `fdopen`.
///
/// # Safety
/// The descriptor is open, and the stream becomes its owner.
pub unsafe fn open_stream(fd: c_int, mode: &CStr) -> Result<*mut File, Errno> {
    type Function = unsafe extern "C" fn(c_int, *const c_char) -> *mut File;
    // SAFETY: the function has this type.
    let function = newest(c"fdopen").map_or(fdopen as Function, |it| unsafe { transmute(it) });
    // SAFETY: the caller upholds the safety contract.
    let stream = unsafe { function(fd, mode.as_ptr()) };
    match stream.is_null() {
        true => Err(Errno::from_raw(errno()).unwrap_or(Errno::ENOMEM)),
        false => Ok(stream),
    }
}

/// `fclose`.
///
/// # Safety
/// `stream` is open, and is not used afterwards.
pub unsafe fn close_stream(stream: *mut File) -> c_int {
    type Function = unsafe extern "C" fn(*mut File) -> c_int;
    // SAFETY: the function has this type.
    let function = newest(c"fclose").map_or(fclose as Function, |it| unsafe { transmute(it) });
    // SAFETY: the caller upholds the safety contract.
    unsafe { function(stream) }
}

/// Returns the newest version of a function, to which a program that is linked today would be bound. glibc for i386 has two kinds
/// of streams, and a name without a version would be bound to the function for the older kind. `None` means that the name without a
/// version is sufficient.
fn newest(name: &CStr) -> Option<*mut c_void> {
    const RTLD_DEFAULT: *mut c_void = core::ptr::null_mut();
    if usize::BITS == 64 {
        return None;
    }
    // SAFETY: `dlsym` takes only a name.
    let found = unsafe { dlsym(RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

/// Returns the libc's `pclose`, if the libc comes after this library in the dynamic linker's order.
pub fn libcs_pclose(own: Pclose) -> Option<Pclose> {
    let next = core::ptr::without_provenance_mut(usize::MAX);
    // If this library was loaded with `dlopen`, no library comes after it. Then the libc comes before it.
    let default = core::ptr::null_mut();
    let found = [next, default].into_iter().find_map(|library| {
        // SAFETY: `dlsym` takes only a name. In both libcs, `RTLD_NEXT` is -1 and `RTLD_DEFAULT` is 0.
        let found = unsafe { dlsym(library, c"pclose".as_ptr()) };
        (!found.is_null() && found != own as *mut c_void).then_some(found)
    });
    // SAFETY: the function has this type.
    found.map(|it| unsafe { transmute::<*mut c_void, Pclose>(it) })
}

/// The type of `pclose`.
pub type Pclose = unsafe extern "C" fn(*mut File) -> c_int;

/// The heap that the crate `alloc` needs in a build of the whole workspace. This library does not use it.
struct Heap;

// SAFETY: the heap is the libc's `malloc`. It supports every alignment up to that of the largest number, and greater alignments are
// refused.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > 2 * size_of::<usize>() {
            return core::ptr::null_mut();
        }
        // SAFETY: `malloc` accepts any size.
        unsafe { malloc(layout.size()).cast() }
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: `malloc` has returned it.
        unsafe { free(block.cast()) }
    }
}

#[global_allocator]
static HEAP: Heap = Heap;
