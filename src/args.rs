//! Arguments and environments in the form that `execve(2)` takes: an array of pointers to C strings, with a null pointer as its
//! last element. This module needs no heap.

use core::ffi::{CStr, c_char};
use core::marker::PhantomData;
use core::ptr::NonNull;

/// A C string of an [`Args`]. An `Arg` is a single pointer, like C's `char *`, so that the kernel can read an array of
/// `Option<Arg>`.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Arg<'a>(NonNull<c_char>, PhantomData<&'a CStr>);

impl<'a> From<&'a CStr> for Arg<'a> {
    fn from(string: &'a CStr) -> Self {
        Self(NonNull::from(string).cast(), PhantomData)
    }
}

impl Arg<'_> {
    /// Returns a pointer to the string's first byte.
    #[must_use]
    pub fn as_ptr(self) -> *const c_char {
        self.0.as_ptr()
    }
}

/// A null-terminated array of C strings: a program's arguments or its environment.
///
/// [`args!`](crate::args!) makes the array, and [`new`](Self::new) makes an `Args` from the array. `rt::Process` returns the
/// arguments and the environment of this program.
///
/// ```
/// let list = nestling::args![c"echo", c"hello"];
/// let args = nestling::Args::new(&list);
/// assert_eq!(args.len(), 2);
/// ```
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Args<'a>(NonNull<Option<Arg<'a>>>, PhantomData<&'a [Option<Arg<'a>>]>);

impl<'a> Args<'a> {
    /// An `Args` without strings.
    pub const EMPTY: Args<'static> = Args::new(&[None]);

    /// Makes an `Args` from the strings of `list` before its first `None`.
    ///
    /// # Panics
    /// Panics if `list` does not end with `None`. Without this check, the kernel would read past the end of `list`.
    #[expect(
        clippy::expect_used,
        reason = "documented, and evaluated by the compiler for a constant list"
    )]
    #[must_use]
    pub const fn new(list: &'a [Option<Arg<'a>>]) -> Self {
        Self::try_new(list).expect("the list of arguments does not end with None")
    }

    /// Does the same as [`new`](Self::new), but returns `None` instead of panicking.
    #[must_use]
    pub const fn try_new(list: &'a [Option<Arg<'a>>]) -> Option<Self> {
        match list {
            [.., None] => Some(Self(NonNull::from_ref(list).cast(), PhantomData)),
            _ => None,
        }
    }

    /// Returns a pointer to the array, in the form that `execve` takes.
    #[must_use]
    pub fn as_ptr(self) -> *const *const c_char {
        self.0.as_ptr().cast()
    }

    pub(crate) fn array(self) -> NonNull<Option<Arg<'a>>> {
        self.0
    }

    /// Returns the number of strings. This takes time in proportion to their number.
    #[must_use]
    pub fn len(self) -> usize {
        self.iter().count()
    }

    /// Returns whether the `Args` has no strings.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.first().is_none()
    }
}

/// Makes the array for [`Args::new`](crate::Args::new): first the C strings, then the null pointer.
///
/// ```
/// let list = nestling::args![c"ls", c"-l"];
/// assert_eq!(list.len(), 3);
/// ```
#[macro_export]
macro_rules! args {
    ($($string:expr),* $(,)?) => {
        [$(::core::option::Option::Some($crate::Arg::from($string)),)* ::core::option::Option::None]
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_read_back_as_it_was_made() {
        let list = args![c"a", c"", c"b"];
        let args = Args::new(&list);
        assert!(args.iter().eq([c"a", c"", c"b"]));
        assert_eq!(args.first(), Some(c"a"));
        assert!(args.skip(2).iter().eq([c"b"]));
        assert!(args.skip(3).is_empty());
        assert!(args.skip(9).is_empty());
    }

    #[test]
    fn no_strings_is_an_array_too() {
        assert!(Args::EMPTY.is_empty());
        assert_eq!(Args::EMPTY.len(), 0);
    }

    #[test]
    #[should_panic(expected = "does not end with None")]
    fn a_list_without_its_end_is_refused() {
        let _ = Args::new(&[Some(Arg::from(c"a"))]);
    }
}
