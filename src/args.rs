//! Arguments and environments in the form that `execve(2)` takes: an array of pointers to C strings, with a null pointer as its
//! last element. Only `ArgList` needs a heap.

use core::ffi::{CStr, c_char};
use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::{c_str, text};

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

impl<'a> Arg<'a> {
    /// Returns a pointer to the string's first byte.
    #[must_use]
    pub fn as_ptr(self) -> *const c_char {
        self.0.as_ptr()
    }

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
        unsafe { core::slice::from_raw_parts(self.0.as_ptr(), self.len()) }
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
            c_str::tail(entry, entry.count_bytes() - value.len())
        })
    }

    fn first_arg(self) -> Option<Arg<'a>> {
        // SAFETY: the array has at least one element, the null pointer.
        unsafe { *self.0.as_ptr() }
    }
}

/// Checks that both types have the size of their C types. `from_ptr` and the kernel rely on this.
const _: () = {
    assert!(size_of::<Option<Arg<'_>>>() == size_of::<*const c_char>());
    assert!(size_of::<Args<'_>>() == size_of::<*const *const c_char>());
};

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
