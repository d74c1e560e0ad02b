//! The search for a program along `PATH` (POSIX XBD 8.3, XSH `exec`).

use core::ffi::CStr;
use core::mem::MaybeUninit;
use core::slice;

use crate::text::next_field;

/// The default for `PATH`: a spawn searches these directories if the caller passes no `PATH`. The programs `init` and `sh` set
/// `PATH` to this value if it is not set.
pub const DEFAULT_PATH: &CStr = match CStr::from_bytes_with_nul(
    DEFAULT_PATH_VARIABLE
        .to_bytes_with_nul()
        .split_at("PATH=".len())
        .1,
) {
    Ok(path) => path,
    Err(_) => c"",
};

/// The variable `PATH` with the value [`DEFAULT_PATH`], as a string of an environment.
pub const DEFAULT_PATH_VARIABLE: &CStr = c"PATH=/usr/bin:/bin:/usr/sbin:/sbin";

/// The maximum length of a path, including its null byte.
const PATH_MAX: usize = linux_raw_sys::general::PATH_MAX as usize;

/// A buffer for one path.
pub(super) type PathBuffer = [MaybeUninit<u8>; PATH_MAX];

/// The maximum length of a file's name (`NAME_MAX`).
pub(super) const NAME_MAX: usize = linux_raw_sys::general::NAME_MAX as usize;

/// The pathnames that a search tries for `name`. Each is written to the caller's buffer.
pub(super) struct Candidates<'a> {
    name: &'a [u8],
    path: Option<&'a [u8]>,
}

impl<'a> Candidates<'a> {
    /// `name` must not contain a slash. An empty name has no candidates.
    pub fn new(name: &'a CStr, path: Option<&'a CStr>) -> Self {
        let path = path.unwrap_or(DEFAULT_PATH).to_bytes();
        Self {
            name: name.to_bytes(),
            path: (!name.is_empty()).then_some(path),
        }
    }

    /// Returns the next pathname. Skips a pathname that is too long for the kernel.
    pub fn next<'b>(&mut self, buffer: &'b mut PathBuffer) -> Option<&'b CStr> {
        let mut joined = None;
        while joined.is_none() {
            let path = self.path?;
            let mut rest = path;
            let directory = next_field(&mut rest, b':');
            self.path = (directory.len() < path.len()).then_some(rest);
            // An empty element means the working directory.
            let slash: &[u8] = if directory.is_empty() { b"" } else { b"/" };
            joined = join([directory, slash, self.name, b"\0"], buffer);
        }
        let path = buffer.get(..joined?)?;
        // SAFETY: `join` has initialised these bytes. The parts are bytes of C strings without null bytes, and the last part is a
        // null byte.
        Some(unsafe {
            let path = slice::from_raw_parts(path.as_ptr().cast(), path.len());
            CStr::from_bytes_with_nul_unchecked(path)
        })
    }
}

/// Writes the parts to the buffer, one after the other, and returns their length. Returns `None` if they do not fit.
fn join(parts: [&[u8]; 4], buffer: &mut PathBuffer) -> Option<usize> {
    let mut length = 0;
    for part in parts {
        for &byte in part {
            buffer.get_mut(length)?.write(byte);
            length += 1;
        }
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    fn candidates(name: &CStr, path: Option<&CStr>) -> Vec<String> {
        let mut buffer = [MaybeUninit::uninit(); PATH_MAX];
        let mut candidates = Candidates::new(name, path);
        core::iter::from_fn(|| {
            candidates
                .next(&mut buffer)
                .map(|path| path.to_str().unwrap().into())
        })
        .collect()
    }

    #[test]
    fn a_program_is_looked_for_in_each_directory_in_turn() {
        assert_eq!(candidates(c"p", Some(c"/a:/b/c")), ["/a/p", "/b/c/p"]);
    }

    #[test]
    fn an_empty_element_is_the_working_directory() {
        assert_eq!(
            candidates(c"p", Some(c":/a::/b:")),
            ["p", "/a/p", "p", "/b/p", "p"]
        );
        assert_eq!(candidates(c"p", Some(c"")), ["p"]);
    }

    #[test]
    fn an_empty_name_is_nowhere() {
        assert!(candidates(c"", Some(c"/a")).is_empty());
    }

    #[test]
    fn without_a_path_the_default_one_is_used() {
        assert_eq!(
            candidates(c"p", None),
            ["/usr/bin/p", "/bin/p", "/usr/sbin/p", "/sbin/p"]
        );
    }

    #[test]
    fn a_pathname_that_is_too_long_is_passed_over() {
        let longest = "x".repeat(PATH_MAX - "//p\0".len());
        let path = std::ffi::CString::new(std::format!("/{longest}:/{longest}y:/a")).unwrap();
        assert_eq!(
            candidates(c"p", Some(&path)),
            [std::format!("/{longest}/p"), "/a/p".into()]
        );
    }
}
