//! The types that a program's name, an argument or a path can have.

use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::CStr;

/// A string of bytes. [`Command`](super::Command) converts it to a C string, so it must not contain a null byte.
pub trait AsBytes {
    /// Returns the bytes of the string, without a null byte at the end.
    fn bytes(&self) -> &[u8];
}

macro_rules! as_bytes {
    ($($type:ty: |$this:ident| $bytes:expr),* $(,)?) => {$(
        impl AsBytes for $type {
            fn bytes(&self) -> &[u8] {
                let $this = self;
                $bytes
            }
        }
    )*};
}

as_bytes! {
    str: |it| it.as_bytes(),
    String: |it| it.as_bytes(),
    [u8]: |it| it,
    Vec<u8>: |it| it,
    CStr: |it| it.to_bytes(),
    CString: |it| it.as_bytes(),
}

#[cfg(feature = "std")]
as_bytes! {
    std::ffi::OsStr: |it| std::os::unix::ffi::OsStrExt::as_bytes(it),
    std::ffi::OsString: |it| std::os::unix::ffi::OsStrExt::as_bytes(it.as_os_str()),
    std::path::Path: |it| std::os::unix::ffi::OsStrExt::as_bytes(it.as_os_str()),
    std::path::PathBuf: |it| std::os::unix::ffi::OsStrExt::as_bytes(it.as_os_str()),
}

impl<T: AsBytes + ?Sized> AsBytes for &T {
    fn bytes(&self) -> &[u8] {
        (**self).bytes()
    }
}

impl<const N: usize> AsBytes for [u8; N] {
    fn bytes(&self) -> &[u8] {
        self
    }
}
