//! Arguments and environments in the form that `execve(2)` takes: an array of pointers to C strings, with a null pointer as its
//! last element. Only `ArgList` needs a heap.

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

#[cfg(any(feature = "alloc", feature = "std"))]
mod owned {
    use alloc::ffi::CString;
    use alloc::vec::Vec;
    use core::ffi::CStr;

    use super::Arg;

    impl<'a> From<&'a CString> for Arg<'a> {
        fn from(string: &'a CString) -> Self {
            string.as_c_str().into()
        }
    }

    /// Owned arguments or variables, for a list that is made at run time. (`Command` makes such lists itself.)
    ///
    /// ```
    /// use nestling::spawn::{Program, Spawn};
    /// use nestling::{ArgList, Args};
    /// use std::ffi::CString;
    ///
    /// let mut list = ArgList::from_iter([c"sh", c"-c"]);
    /// list.push(CString::new(format!("exit {}", 3)).unwrap());
    /// let array = list.array();
    /// let search = Program::Search { name: c"sh", path: None };
    /// let mut child = Spawn::new(search, Args::new(&array), Args::EMPTY).start().unwrap();
    /// assert_eq!(child.wait().unwrap().code(), Some(3));
    /// ```
    #[derive(Clone, PartialEq, Eq, Debug, Default)]
    pub struct ArgList(Vec<CString>);

    impl ArgList {
        /// Makes an empty list.
        #[must_use]
        pub const fn new() -> Self {
            Self(Vec::new())
        }

        /// Appends a string.
        pub fn push(&mut self, string: impl Into<CString>) {
            self.0.push(string.into());
        }

        /// Makes the array for [`Args::new`](super::Args::new): pointers to the strings of this list, then a null pointer.
        #[must_use]
        pub fn array(&self) -> Vec<Option<Arg<'_>>> {
            array(self.0.iter().map(CString::as_c_str))
        }
    }

    impl<S: Into<CString>> FromIterator<S> for ArgList {
        fn from_iter<I: IntoIterator<Item = S>>(strings: I) -> Self {
            Self(strings.into_iter().map(Into::into).collect())
        }
    }

    impl<S: Into<CString>> Extend<S> for ArgList {
        fn extend<I: IntoIterator<Item = S>>(&mut self, strings: I) {
            self.0.extend(strings.into_iter().map(Into::into));
        }
    }

    /// The array of these strings.
    pub(crate) fn array<'a>(strings: impl Iterator<Item = &'a CStr>) -> Vec<Option<Arg<'a>>> {
        strings
            .map(|it| Some(Arg::from(it)))
            .chain([None])
            .collect()
    }
}

#[cfg(any(feature = "alloc", feature = "std"))]
pub use owned::ArgList;
#[cfg(any(feature = "alloc", feature = "std"))]
pub(crate) use owned::array;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(any(feature = "alloc", feature = "std"))]
    fn an_owned_list_is_an_array_of_its_strings() {
        let mut list = ArgList::from_iter([c"a", c""]);
        list.push(std::ffi::CString::from(c"b"));
        list.extend([c"c"]);
        assert!(Args::new(&list.array()).iter().eq([c"a", c"", c"b", c"c"]));
        assert!(Args::new(&ArgList::new().array()).is_empty());
        assert_eq!(list.clone(), list);
    }

    #[test]
    #[cfg(any(feature = "alloc", feature = "std"))]
    fn an_array_is_made_of_owned_and_borrowed_strings() {
        let owned = std::ffi::CString::from(c"a");
        let list = args![&owned, c"b"];
        assert!(Args::new(&list).iter().eq([c"a", c"b"]));
    }

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
