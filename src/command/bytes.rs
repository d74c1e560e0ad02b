//! The types that a program's name, an argument or a path can have.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::sync::Arc;
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
    std::path::Component<'_>: |it| std::os::unix::ffi::OsStrExt::as_bytes(it.as_os_str()),
}

macro_rules! bytes_of_what_it_holds {
    ($([$($parameters:tt)*] $type:ty;)*) => {$(
        impl<$($parameters)*> AsBytes for $type {
            fn bytes(&self) -> &[u8] {
                (**self).bytes()
            }
        }
    )*};
}

bytes_of_what_it_holds! {
    [T: AsBytes + ?Sized] &T;
    [T: AsBytes + ?Sized] &mut T;
    [T: AsBytes + ?Sized] Box<T>;
    [T: AsBytes + ?Sized] Rc<T>;
    [T: AsBytes + ?Sized] Arc<T>;
    [T: AsBytes + ToOwned + ?Sized] Cow<'_, T>;
}

impl<const N: usize> AsBytes for [u8; N] {
    fn bytes(&self) -> &[u8] {
        self
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::path::Path;

    #[test]
    fn what_stds_command_takes_is_taken() {
        fn check<T: AsBytes + AsRef<OsStr>>(it: T) {
            assert_eq!(it.bytes(), it.as_ref().as_encoded_bytes());
            assert_eq!(it.bytes(), b"word");
        }
        let (word, path) = (OsStr::new("word"), Path::new("word"));
        check("word");
        check(String::from("word"));
        check(Cow::Borrowed(word));
        check(word);
        check(word.to_owned());
        check(path);
        check(path.to_owned());
        check(path.components().next().expect("a component"));
        // std's `Command` accepts these types only behind a reference, or not at all.
        for held in [Cow::Borrowed("word"), Cow::Owned("word".into())] {
            assert_eq!(held.bytes(), b"word");
        }
        assert_eq!(Box::<Path>::from(path).bytes(), b"word");
        assert_eq!(Rc::<str>::from("word").bytes(), b"word");
        assert_eq!(Arc::<OsStr>::from(word).bytes(), b"word");
    }
}
