//! The program's libc: what this library uses of glibc (2.34 or newer) and musl (1.2), and the few numbers that are the same in both.

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_void};
use core::marker::PhantomData;
use core::mem::transmute;

use nestling::{Args, Errno, Pid};

/// A stream, which only the libc looks into.
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
    static environ: *const *const c_char;
}

/// The environment of the program.
///
/// # Safety
/// No other thread changes the environment while the result is used: POSIX says the same of `getenv`.
pub unsafe fn environment<'a>() -> Args<'a> {
    // SAFETY: libc keeps an array of C strings there, or null.
    unsafe { args(environ) }
}

/// An array of C strings, as `execve` takes it; null stands for an empty one.
///
/// # Safety
/// `array` is null, or points to pointers to C strings, of which the last is null. They do not change while the result is used.
pub unsafe fn args<'a>(array: *const *const c_char) -> Args<'a> {
    if array.is_null() {
        return Args::EMPTY;
    }
    // SAFETY: the caller's promise.
    unsafe { Args::from_ptr(array) }
}

/// Whether the caller of the program may have fewer privileges than the program.
pub fn is_secure() -> bool {
    const AT_SECURE: c_ulong = 23;
    // SAFETY: a number is all it takes.
    unsafe { getauxval(AT_SECURE) != 0 }
}

/// The cancellation of this thread is disabled until this is dropped.
pub struct Uncancelled {
    former: c_int,
    /// The state is this thread's.
    not_send: PhantomData<*const ()>,
}

impl Uncancelled {
    pub fn new() -> Self {
        const PTHREAD_CANCEL_DISABLE: c_int = 1;
        let mut former = 0;
        // SAFETY: it writes the former state.
        unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &mut former) };
        Self {
            former,
            not_send: PhantomData,
        }
    }
}

impl Uncancelled {
    /// The thread can be cancelled as before, until [`resume`](Self::resume).
    ///
    /// # Safety
    /// A cancelled thread runs no destructor of Rust's: its frames have none that must run.
    pub unsafe fn pause(&self) {
        // SAFETY: the state is one that it has returned.
        unsafe { pthread_setcancelstate(self.former, &mut 0) };
    }

    /// Disables the cancellation again.
    pub fn resume(&self) {
        core::mem::forget(Self::new());
    }
}

impl Drop for Uncancelled {
    fn drop(&mut self) {
        // SAFETY: the state is one that it has returned.
        unsafe { pthread_setcancelstate(self.former, &mut 0) };
    }
}

/// The program's `errno` is restored when this is dropped.
pub struct KeptErrno(c_int);

impl KeptErrno {
    pub fn new() -> Self {
        // SAFETY: libc returns the place of this thread's.
        Self(unsafe { *__errno_location() })
    }
}

impl Drop for KeptErrno {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { *__errno_location() = self.0 };
    }
}

/// Sets the program's `errno`.
pub fn set_errno(errno: Errno) {
    // SAFETY: as above.
    unsafe { *__errno_location() = errno.as_raw() };
}

/// Waits until the child has ended, and leaves it to be reaped; or until there is no such child. It is a cancellation point.
///
/// # Safety
/// As of [`Uncancelled::pause`], if the thread can be cancelled.
pub unsafe fn wait_until_ended(id: Pid) {
    const P_PID: c_int = 1;
    const WEXITED: c_int = 4;
    const WNOWAIT: c_int = 0x0100_0000;
    // `siginfo_t` has 128 bytes.
    let mut info = [0u64; 16];
    let id = id.as_raw().unsigned_abs();
    let place = info.as_mut_ptr().cast();
    // SAFETY: it writes to `info`. A frame that is left here holds nothing: unwinding by force may pass over frames without destructors
    // (Rust's RFC 2945).
    while unsafe { waitid(P_PID, id, place, WEXITED | WNOWAIT) } != 0 && errno() == EINTR {}
}

const EINTR: c_int = 4;

fn errno() -> c_int {
    // SAFETY: as above.
    unsafe { *__errno_location() }
}

/// `fdopen`.
///
/// # Safety
/// The stream owns the descriptor.
pub unsafe fn open_stream(fd: c_int, mode: &CStr) -> Result<*mut File, Errno> {
    type Function = unsafe extern "C" fn(c_int, *const c_char) -> *mut File;
    // SAFETY: that is its type.
    let function = newest(c"fdopen").map_or(fdopen as Function, |it| unsafe { transmute(it) });
    // SAFETY: the caller's promise.
    let stream = unsafe { function(fd, mode.as_ptr()) };
    match stream.is_null() {
        true => Err(Errno::from_raw(errno()).unwrap_or(Errno::ENOMEM)),
        false => Ok(stream),
    }
}

/// `fclose`.
///
/// # Safety
/// `stream` is open, and nobody uses it afterwards.
pub unsafe fn close_stream(stream: *mut File) -> c_int {
    type Function = unsafe extern "C" fn(*mut File) -> c_int;
    // SAFETY: that is its type.
    let function = newest(c"fclose").map_or(fclose as Function, |it| unsafe { transmute(it) });
    // SAFETY: the caller's promise.
    unsafe { function(stream) }
}

/// A function as a program that is linked today would have it. glibc for i386 has streams of two kinds, and would bind a name without a
/// version to the function for the older kind. `None` means that the name alone will do.
fn newest(name: &CStr) -> Option<*mut c_void> {
    const RTLD_DEFAULT: *mut c_void = core::ptr::null_mut();
    if usize::BITS == 64 {
        return None;
    }
    // SAFETY: a name is all it takes.
    let found = unsafe { dlsym(RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

/// The libc's `pclose`, if there is one behind this library's.
pub fn libcs_pclose(own: Pclose) -> Option<Pclose> {
    let next = core::ptr::without_provenance_mut(usize::MAX);
    // After `dlopen` nothing is behind it: then the libc's is before it.
    let default = core::ptr::null_mut();
    let found = [next, default].into_iter().find_map(|library| {
        // SAFETY: a name is all it takes. `RTLD_NEXT` is -1 in both libcs, and `RTLD_DEFAULT` 0.
        let found = unsafe { dlsym(library, c"pclose".as_ptr()) };
        (!found.is_null() && found != own as *mut c_void).then_some(found)
    });
    // SAFETY: that is its type.
    found.map(|it| unsafe { transmute::<*mut c_void, Pclose>(it) })
}

/// The type of `pclose`.
pub type Pclose = unsafe extern "C" fn(*mut File) -> c_int;

/// The heap that the crate `alloc` wants where a build of the whole workspace has it. This library does not use it.
struct Heap;

// SAFETY: it is libc's, which serves any alignment up to that of the largest number; more is refused.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > 2 * size_of::<usize>() {
            return core::ptr::null_mut();
        }
        // SAFETY: any size will do.
        unsafe { malloc(layout.size()).cast() }
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: `malloc` has returned it.
        unsafe { free(block.cast()) }
    }
}

#[global_allocator]
static HEAP: Heap = Heap;
