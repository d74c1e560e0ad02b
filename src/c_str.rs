//! Parts of C strings, without a copy.

use core::ffi::CStr;

/// Returns the C string at the start of the bytes; `None` if the bytes contain no null byte. (`CStr::from_bytes_until_nul` does
/// the same, but its code is 250 bytes larger.)
///
/// ```
/// assert_eq!(nestling::c_str::head(b"name\0rest"), Some(c"name"));
/// assert_eq!(nestling::c_str::head(b"name"), None);
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
/// assert_eq!(nestling::c_str::tail(c"name=value", 5), Some(c"value"));
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
