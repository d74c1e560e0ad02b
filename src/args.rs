//! Arguments and environments as `execve(2)` takes them: arrays of C strings that end with a null pointer, without a heap.

use core::ffi::{CStr, c_char};
use core::marker::PhantomData;
use core::ptr::NonNull;

/// One C string of an [`Args`]: a thin pointer, so that `[Option<Arg>]` is what the kernel reads.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Arg<'a>(NonNull<c_char>, PhantomData<&'a CStr>);

impl<'a> From<&'a CStr> for Arg<'a> {
    fn from(string: &'a CStr) -> Self {
        Self(NonNull::from(string).cast(), PhantomData)
    }
}

impl Arg<'_> {
    /// Where the string starts.
    pub fn as_ptr(self) -> *const c_char {
        self.0.as_ptr()
    }
}

/// A null-terminated array of C strings: a program's arguments or its environment.
///
/// Made by [`args!`](crate::args!), from a slice by [`new`](Self::new), or taken over from this program's own
/// (`rt::Process`).
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
    /// No strings at all.
    pub const EMPTY: Args<'static> = Args::new(&[None]);

    /// The strings of `list` up to its first `None`.
    ///
    /// # Panics
    /// If `list` does not end with `None`: the kernel would read on.
    #[expect(
        clippy::expect_used,
        reason = "documented, and evaluated by the compiler for a constant list"
    )]
    pub const fn new(list: &'a [Option<Arg<'a>>]) -> Self {
        Self::try_new(list).expect("the list of arguments does not end with None")
    }

    /// The strings of `list` up to its first `None`; nothing if `list` does not end with `None`.
    pub const fn try_new(list: &'a [Option<Arg<'a>>]) -> Option<Self> {
        match list {
            [.., None] => Some(Self(NonNull::from_ref(list).cast(), PhantomData)),
            _ => None,
        }
    }

    /// The array, as `execve` takes it.
    pub fn as_ptr(self) -> *const *const c_char {
        self.0.as_ptr().cast()
    }

    pub(crate) fn array(self) -> NonNull<Option<Arg<'a>>> {
        self.0
    }

    /// How many strings there are. Counts them each time.
    pub fn len(self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.first().is_none()
    }
}

/// The array for [`Args::new`](crate::Args::new): each C string, then the null pointer.
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
        Args::new(&[Some(Arg::from(c"a"))]);
    }
}
