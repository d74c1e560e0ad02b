//! This process's environment, which children get by default.

use core::ffi::CStr;

use crate::args::Args;

/// Whether this library knows the environment. In a program that has another runtime, and uses neither `rt` nor `std`, it does not.
#[cfg(any(feature = "alloc", feature = "std"))]
pub(crate) const IS_KNOWN: bool = cfg!(any(feature = "rt", feature = "std"));

/// Calls `with` with the unchanged environment, including malformed entries, and with the value of `PATH`.
///
/// With the standard library, `with` must only pass the environment to the kernel. If another thread changes the environment at the
/// same time (which `set_var` forbids), the exec may fail, or the child may get a wrong environment, but this process does not read
/// freed memory.
#[cfg(feature = "std")]
pub(crate) fn environ<R>(with: impl FnOnce(Args<'_>, Option<&CStr>) -> R) -> R {
    use std::ffi::CString;
    use std::os::unix::ffi::OsStringExt;

    let path = std::env::var_os("PATH").and_then(|path| CString::new(path.into_vec()).ok());
    crate::sys::process::environ(|environ| with(environ, path.as_deref()))
}

/// Calls `with` with the variables of the environment, for a caller that changes some of them. With the standard library, `with`
/// gets a copy, so another thread may change the environment at the same time. As with std's `Command`, the copy has no malformed
/// entries.
#[cfg(feature = "std")]
pub(crate) fn variables<R>(with: impl FnOnce(Args<'_>) -> R) -> R {
    use std::ffi::{CString, OsString};
    use std::os::unix::ffi::OsStringExt;
    use std::vec::Vec;

    let entry = |(mut name, value): (OsString, OsString)| {
        name.push("=");
        name.push(value);
        // The strings of an environment contain no null bytes.
        CString::new(name.into_vec()).ok()
    };
    let entries: Vec<CString> = std::env::vars_os().filter_map(entry).collect();
    let list = crate::args::array(entries.iter().map(CString::as_c_str));
    with(Args::new(&list))
}

/// Without a libc, this is the environment that the kernel gave to the program at its start. In a program with another runtime, it
/// is empty.
#[cfg(not(feature = "std"))]
pub(crate) fn environ<R>(with: impl FnOnce(Args<'_>, Option<&CStr>) -> R) -> R {
    variables(|environ| with(environ, environ.var(c"PATH")))
}

/// Calls `with` with the environment, including malformed entries.
#[cfg(not(feature = "std"))]
pub(crate) fn variables<R>(with: impl FnOnce(Args<'_>) -> R) -> R {
    #[cfg(feature = "rt")]
    let environ = crate::rt::environ();
    #[cfg(not(feature = "rt"))]
    let environ = Args::EMPTY;
    with(environ)
}
