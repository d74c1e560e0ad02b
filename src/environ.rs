//! The environment that children get where nobody says otherwise: this process's own.

use core::ffi::CStr;

use crate::args::Args;

/// Calls `with` with the environment as it is, malformed entries included, and its `PATH`.
///
/// With the standard library, `with` only gives it to the kernel: another thread may change it in spite of what `set_var` requires, and
/// then an exec fails, or the child has another environment, but this process reads nothing that has gone.
#[cfg(feature = "std")]
pub(crate) fn environ<R>(with: impl FnOnce(Args<'_>, Option<&CStr>) -> R) -> R {
    use std::ffi::CString;
    use std::os::unix::ffi::OsStringExt;

    let path = std::env::var_os("PATH").and_then(|path| CString::new(path.into_vec()).ok());
    crate::sys::process::environ(|environ| with(environ, path.as_deref()))
}

/// Calls `with` with the environment's variables, to change them. Where the standard library has it, they are copied, so that another
/// thread may change it meanwhile; as with std's `Command`, the copy has no malformed entries.
#[cfg(feature = "std")]
pub(crate) fn variables<R>(with: impl FnOnce(Args<'_>) -> R) -> R {
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

/// Without libc, it is what the kernel gave at the start. In a program whose runtime is not known here, it is empty.
#[cfg(not(feature = "std"))]
pub(crate) fn environ<R>(with: impl FnOnce(Args<'_>, Option<&CStr>) -> R) -> R {
    variables(|environ| with(environ, environ.var(c"PATH")))
}

/// As above, with the malformed entries.
#[cfg(not(feature = "std"))]
pub(crate) fn variables<R>(with: impl FnOnce(Args<'_>) -> R) -> R {
    #[cfg(feature = "rt")]
    let environ = crate::rt::environ();
    #[cfg(not(feature = "rt"))]
    let environ = Args::EMPTY;
    with(environ)
}
