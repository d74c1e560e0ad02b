//! `posix_spawn` and the related functions.

use core::ffi::{CStr, c_char, c_int};

use nestling::Errno;
use nestling::spawn::{Attributes, Error, Notice, Program, Spawn, Step};

use crate::actions::{self, FileActions};
use crate::attributes::SpawnAttributes;
use crate::{libc, reason};

/// The error for a child that was killed before its exec. No step of a spawn fails with it, so it shows that no step failed, and
/// that there is no child.
pub(crate) const KILLED: Errno = Errno::ECHILD;

/// How a function learns that the program runs. Programs in C often fork in another thread. If the spawn had a pipe, the child of such
/// a fork would keep it open, and the spawn would take longer. The mark also costs fewer system calls.
pub(crate) const NOTICE: Notice = Notice::Mark;

/// How the function finds the program.
enum Where {
    /// At the path `file`.
    Path,
    /// Searches for `file` in the directories of this process's `PATH`.
    Search,
}

/// The arguments of one of the functions. `place` receives the pid or the pidfd of the child.
struct Call {
    name: &'static str,
    place: *mut c_int,
    has_pidfd: bool,
    file: *const c_char,
    at: Where,
    actions: *const FileActions,
    attributes: *const SpawnAttributes,
    args: *const *const c_char,
    env: *const *const c_char,
}

impl Call {
    /// Starts the program. Returns 0 or the number of the error.
    ///
    /// # Safety
    /// The pointers must be valid as the documentation of `posix_spawn` requires.
    unsafe fn start(&self) -> c_int {
        let _uncancelled = libc::Uncancelled::new();
        if self.file.is_null() {
            return Errno::EFAULT.as_raw();
        }
        // SAFETY: the caller upholds the safety contract.
        let (file, actions, attributes, args, env) = unsafe {
            (
                CStr::from_ptr(self.file),
                self.actions.as_ref(),
                self.attributes.as_ref(),
                libc::args(self.args),
                libc::args(self.env),
            )
        };
        let resets_ids = attributes.is_some_and(SpawnAttributes::resets_ids);
        let program = match self.at {
            Where::Path => Program::Path(file),
            Where::Search => Program::Search {
                name: file,
                // SAFETY: the caller upholds the safety contract.
                path: unsafe { libc::environment() }.var(c"PATH"),
            },
        };
        let spawn = Spawn {
            actions: actions::of_spawn(actions, resets_ids),
            attributes: Attributes {
                pidfd: self.has_pidfd,
                notice: NOTICE,
                ..attributes.map_or_else(Attributes::default, SpawnAttributes::of_spawn)
            },
            ..Spawn::new(program, args, env)
        };
        let child = match spawn.start() {
            Ok(child) => child,
            Err(error) => return fail(self.name, &counted(error, resets_ids)).as_raw(),
        };
        let result = match self.has_pidfd {
            true => child.into_pidfd().map_or(-1, |pidfd| pidfd.into_raw_fd()),
            false => child.id().as_raw(),
        };
        if !self.place.is_null() {
            // SAFETY: the caller upholds the safety contract.
            unsafe { *self.place = result };
        }
        0
    }
}

/// Converts the index of an action in the error to the program's own index, which does not count
/// [`Action::ResetIds`](nestling::spawn::Action::ResetIds).
fn counted(error: Error<'_>, resets_ids: bool) -> Error<'_> {
    match error {
        Error::Failed {
            step: Step::Action(index, action),
            errno,
        } if resets_ids && index > 0 => Error::Failed {
            step: Step::Action(index - 1, action),
            errno,
        },
        error => error,
    }
}

/// Records the reason for `nestling_spawn_error`. Returns the reason's errno.
#[cold]
#[inline(never)]
pub(crate) fn fail(name: &'static str, error: &Error<'_>) -> Errno {
    reason::keep(name, error);
    error.errno().unwrap_or(KILLED)
}

/// Defines the functions. They differ in how they find the program, and in whether they store a pid or a pidfd.
macro_rules! functions {
    ($($what:literal $name:ident $at:ident $has_pidfd:literal)*) => {$(
        #[doc = $what]
        ///
        /// Returns 0, or the errno of the step that failed. Returns `ECHILD` if the child was killed before its exec. The function
        /// does not change `errno`. After an error, no pid or pidfd is stored, and no child and no zombie exists.
        ///
        /// # Safety
        /// `place` is null or writable. `file` is a C string. The objects are null or initialised. The arrays are null or end with
        /// null. No other thread changes the environment.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(
            place: *mut c_int,
            file: *const c_char,
            actions: *const FileActions,
            attributes: *const SpawnAttributes,
            args: *const *const c_char,
            env: *const *const c_char,
        ) -> c_int {
            let call = Call {
                name: stringify!($name),
                place,
                has_pidfd: $has_pidfd,
                file,
                at: Where::$at,
                actions,
                attributes,
                args,
                env,
            };
            // SAFETY: the caller upholds the safety contract.
            unsafe { call.start() }
        }
    )*};
}

functions! {
    "Starts the program at the path `file`, and stores its process id." posix_spawn Path false
    "Starts the program `file`, which it looks for along `PATH`, and stores its process id." posix_spawnp Search false
    "Starts the program at the path `file`, and stores a pidfd of it." pidfd_spawn Path true
    "Starts the program `file`, which it looks for along `PATH`, and stores a pidfd of it." pidfd_spawnp Search true
}
