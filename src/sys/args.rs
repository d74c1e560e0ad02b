//! Reading arrays of C strings: the arrays that `execve(2)` takes and that `_start` receives.

use core::ffi::{CStr, c_char};
use core::ptr::NonNull;

use crate::args::{Arg, Args};
use crate::text;

impl<'a> Arg<'a> {
    /// Returns the string. This takes time in proportion to the string's length.
    #[must_use]
    pub fn as_c_str(self) -> &'a CStr {
        // SAFETY: an `Arg` comes from a `&'a CStr`, or from `Args::from_ptr`, whose caller promises C strings that do not change
        // during `'a`.
        unsafe { CStr::from_ptr(self.as_ptr()) }
    }
}

// SAFETY: an `Arg` is a reference to a `CStr`, and `&CStr` is `Send` and `Sync`.
unsafe impl Send for Arg<'_> {}

// SAFETY: the same reason as for `Send`.
unsafe impl Sync for Arg<'_> {}

impl<'a> Args<'a> {
    /// Makes an `Args` from a C array of strings, such as `argv`.
    ///
    /// # Safety
    /// `array` points to an array of pointers to C strings that ends with a null pointer. Neither the array nor the strings
    /// change during `'a`.
    #[must_use]
    pub unsafe fn from_ptr(array: *const *const c_char) -> Self {
        // SAFETY: `Args` is a pointer to `Option<Arg>`s, which are pointers to C strings or null; the caller promises that `array`
        // is such a pointer.
        unsafe { core::mem::transmute::<*const *const c_char, Self>(array) }
    }

    /// Returns the strings, without the null pointer at the end. This takes time in proportion to their number.
    #[must_use]
    pub fn as_slice(self) -> &'a [Option<Arg<'a>>] {
        // SAFETY: `len` counts the strings before the array's null pointer.
        unsafe { core::slice::from_raw_parts(self.array().as_ptr(), self.len()) }
    }

    /// Returns the first string; `None` if the array is empty.
    pub fn first(self) -> Option<&'a CStr> {
        self.first_arg().map(Arg::as_c_str)
    }

    /// Returns the array without its first `count` strings. If the array has fewer than `count` strings, the result is empty.
    #[must_use]
    pub fn skip(self, count: usize) -> Self {
        let mut rest = self;
        for _ in 0..count {
            if rest.first_arg().is_none() {
                break;
            }
            // SAFETY: a string is not the last element of the array, because the last element is the null pointer.
            rest = unsafe { Self::from_ptr(rest.as_ptr().add(1)) };
        }
        rest
    }

    /// Iterates over the strings.
    pub fn iter(self) -> impl Iterator<Item = &'a CStr> {
        let mut rest = self;
        core::iter::from_fn(move || {
            let first = rest.first()?;
            rest = rest.skip(1);
            Some(first)
        })
    }

    /// Looks up `name` in an environment of `name=value` strings, and returns the value of the first match; `None` if no string
    /// matches.
    #[must_use]
    pub fn var(self, name: &CStr) -> Option<&'a CStr> {
        self.iter().find_map(|entry| {
            let value = text::after(text::after(entry.to_bytes(), name.to_bytes())?, b"=")?;
            tail(entry, entry.count_bytes() - value.len())
        })
    }

    fn first_arg(self) -> Option<Arg<'a>> {
        let array: NonNull<Option<Arg<'a>>> = self.array();
        // SAFETY: the array has at least one element, the null pointer.
        unsafe { *array.as_ptr() }
    }
}

/// Returns the C string at the start of the bytes; `None` if the bytes contain no null byte. (`CStr::from_bytes_until_nul` does
/// the same, but its code is 250 bytes larger.)
///
/// ```
/// assert_eq!(nestling::sys::args::head(b"name\0rest"), Some(c"name"));
/// assert_eq!(nestling::sys::args::head(b"name"), None);
/// ```
#[must_use]
pub fn head(bytes: &[u8]) -> Option<&CStr> {
    let length = bytes.iter().position(|&byte| byte == 0)?;
    let string = bytes.get(..=length)?;
    // SAFETY: the slice ends with its first null byte.
    Some(unsafe { CStr::from_bytes_with_nul_unchecked(string) })
}

/// Returns the part of the string that begins at byte `start`; `None` if the string has fewer than `start` bytes.
///
/// ```
/// assert_eq!(nestling::sys::args::tail(c"name=value", 5), Some(c"value"));
/// ```
#[must_use]
pub fn tail(string: &CStr, start: usize) -> Option<&CStr> {
    let rest = string
        .to_bytes_with_nul()
        .get(start..)
        .filter(|rest| !rest.is_empty())?;
    // SAFETY: `rest` is the end of a C string, and is not empty. So the only null byte of `rest` is its last byte.
    Some(unsafe { CStr::from_bytes_with_nul_unchecked(rest) })
}

/// Checks that both types have the size of their C types. `from_ptr` and the kernel rely on this.
const _: () = {
    assert!(size_of::<Option<Arg<'_>>>() == size_of::<*const c_char>());
    assert!(size_of::<Args<'_>>() == size_of::<*const *const c_char>());
};
