//! The environment that children get where nobody says otherwise: this process's own.

use crate::args::Args;

/// Calls `with` with the environment, as it is now. Where the standard library has it, it is copied, so that another thread
/// may change it meanwhile.
#[cfg(feature = "std")]
pub(crate) fn environ<R>(with: impl FnOnce(Args<'_>) -> R) -> R {
    use std::ffi::{CString, OsString};
    use std::os::unix::ffi::OsStringExt;
    use std::vec::Vec;

    let entry = |(mut name, value): (OsString, OsString)| {
        name.push("=");
        name.push(value);
        // The kernel's own strings have no null byte within.
        CString::new(name.into_vec()).ok()
    };
    let entries: Vec<CString> = std::env::vars_os().filter_map(entry).collect();
    let list: Vec<_> = entries
        .iter()
        .map(|entry| Some(entry.as_c_str().into()))
        .chain([None])
        .collect();
    with(Args::new(&list))
}

/// Without libc, it is what the kernel gave at the start.
#[cfg(all(feature = "rt", not(feature = "std")))]
pub(crate) fn environ<R>(with: impl FnOnce(Args<'_>) -> R) -> R {
    with(crate::rt::environ())
}

/// In a program whose runtime is not known here, it is empty.
#[cfg(not(any(feature = "rt", feature = "std")))]
pub(crate) fn environ<R>(with: impl FnOnce(Args<'_>) -> R) -> R {
    with(Args::EMPTY)
}
