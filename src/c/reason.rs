//! The reason why the last spawn of a thread failed.
//!
//! The text is in memory from `malloc`. The thread has a pointer to it through a key of the libc, and the libc frees the memory
//! when the thread ends.

use core::ffi::{c_char, c_void};
use core::ptr::{null, null_mut};

use nestling::spawn::Error;
use nestling::text::{Sink, Text};
use nestling::{BorrowedFd, io};

use crate::libc;
use crate::thread::ThreadPointer;

/// The header before a text in its memory.
#[derive(Clone, Copy)]
struct Kept {
    /// The length of the whole line in bytes.
    length: usize,
    /// The length of the part before the reason: the names of this library and of the function.
    prefix: usize,
}

/// Records the reason, and writes it to standard error if `NESTLING_VERBOSE` is 1. `errno` does not change. If there is too little
/// memory, no reason is recorded.
pub fn keep(function: &str, error: &Error<'_>) {
    let _errno = libc::KeptErrno::new();
    let mut count = Bytes {
        place: null_mut(),
        length: 0,
        room: 0,
    };
    let prefix = write(function, error, &mut count);
    let kept = Kept {
        length: count.length,
        prefix,
    };
    // SAFETY: `malloc` accepts any size.
    let block = unsafe { libc::malloc(size_of::<Kept>() + kept.length) };
    if !block.is_null() {
        // SAFETY: the block has this size, and `malloc` aligns it for any type.
        unsafe {
            block.cast::<Kept>().write(kept);
            let place = block.cast::<Kept>().add(1).cast::<u8>();
            write(
                function,
                error,
                &mut Bytes {
                    place,
                    length: 0,
                    room: kept.length,
                },
            );
            if is_verbose() {
                let line = core::slice::from_raw_parts(place, kept.length);
                // An error of this write cannot be reported.
                let _ = io::write_all(BorrowedFd::borrow_raw(2), line);
            }
        }
    }
    replace(block);
}

/// Writes the whole line. Returns the length of the part before the reason.
fn write(function: &str, error: &Error<'_>, out: &mut Bytes) -> usize {
    for part in ["nestling: ", function, ": "] {
        part.write(out);
    }
    let prefix = out.length;
    error.write(out);
    "\n".write(out);
    prefix
}

/// A buffer of `room` bytes. Bytes beyond its end are only counted.
struct Bytes {
    place: *mut u8,
    length: usize,
    room: usize,
}

impl Sink for Bytes {
    fn put(&mut self, text: &[u8]) {
        for &byte in text {
            if self.length < self.room {
                // SAFETY: the buffer has `room` bytes.
                unsafe { self.place.add(self.length).write(byte) };
            }
            self.length += 1;
        }
    }
}

fn is_verbose() -> bool {
    // SAFETY: the caller of a spawn promises that the environment does not change.
    let value = unsafe { libc::environment() }.var(c"NESTLING_VERBOSE");
    value == Some(c"1") && !libc::is_secure()
}

/// The current text of each thread.
static TEXT: ThreadPointer = ThreadPointer::new(libc::free);

/// Replaces the thread's text, and frees the former one.
fn replace(block: *mut c_void) {
    let former = TEXT.get();
    // SAFETY: both pointers are null or from `malloc`, and only this thread has them.
    unsafe {
        match TEXT.set(block) {
            true => libc::free(former),
            false => libc::free(block),
        }
    }
}

/// See `nestling.h`.
///
/// # Safety
/// `buffer` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nestling_spawn_error(buffer: *mut c_char, size: usize) -> usize {
    // SAFETY: the text belongs to this thread, and only `keep` changes it. The caller upholds the safety contract for the buffer.
    unsafe {
        let block = TEXT.get();
        let (mut text, mut length): (*const u8, usize) = (null(), 0);
        if !block.is_null() {
            let kept = *block.cast::<Kept>();
            // The newline is left out.
            length = kept.length - kept.prefix - 1;
            text = block.cast::<Kept>().add(1).cast::<u8>().add(kept.prefix);
        }
        if let Some(last) = size.checked_sub(1) {
            let count = length.min(last);
            if count > 0 {
                buffer.cast::<u8>().copy_from_nonoverlapping(text, count);
            }
            buffer.add(count).write(0);
        }
        length
    }
}
