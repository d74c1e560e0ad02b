//! Why the last spawn of a thread failed.
//!
//! The text lies in memory of `malloc`'s, which the thread has through a key of the libc's: the libc frees it when the thread ends.

use core::ffi::{c_char, c_void};
use core::ptr::{null, null_mut};

use nestling::spawn::Error;
use nestling::text::{Sink, Text};
use nestling::{BorrowedFd, io};

use crate::libc;
use crate::thread::ThreadPointer;

/// What precedes a text in its memory.
#[derive(Clone, Copy)]
struct Kept {
    /// The bytes of the whole line.
    length: usize,
    /// Those of them before the reason: the names of this library and of the function.
    prefix: usize,
}

/// Keeps the reason, and writes it to the standard error if `NESTLING_VERBOSE` is 1. Leaves `errno` as it was. Where there is no
/// memory, the thread has no reason.
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
    // SAFETY: any size will do.
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
                // There is nowhere to report an error of the report.
                let _ = io::write_all(BorrowedFd::borrow_raw(2), line);
            }
        }
    }
    replace(block);
}

/// Writes the whole line. Returns the length of what precedes the reason.
fn write(function: &str, error: &Error<'_>, out: &mut Bytes) -> usize {
    for part in ["nestling: ", function, ": "] {
        part.write(out);
    }
    let prefix = out.length;
    error.write(out);
    "\n".write(out);
    prefix
}

/// Memory for so many bytes; more are only counted.
struct Bytes {
    place: *mut u8,
    length: usize,
    room: usize,
}

impl Sink for Bytes {
    fn put(&mut self, text: &[u8]) {
        for &byte in text {
            if self.length < self.room {
                // SAFETY: there is room for `room` bytes.
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

/// Each thread's text.
static TEXT: ThreadPointer = ThreadPointer::new(libc::free);

/// Gives the thread another text, and frees the former.
fn replace(block: *mut c_void) {
    let former = TEXT.get();
    // SAFETY: both are null or from `malloc`, and this thread's alone.
    unsafe {
        match TEXT.set(block) {
            true => libc::free(former),
            false => libc::free(block),
        }
    }
}

/// `nestling.h` describes it.
///
/// # Safety
/// `buffer` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn nestling_spawn_error(buffer: *mut c_char, size: usize) -> usize {
    // SAFETY: the text is this thread's, which only `keep` changes. The buffer is the caller's promise.
    unsafe {
        let block = TEXT.get();
        let (mut text, mut length): (*const u8, usize) = (null(), 0);
        if !block.is_null() {
            let kept = *block.cast::<Kept>();
            // Without the newline.
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
