//! `posix_spawn` and its kin.

use core::ffi::{CStr, c_char, c_int};

use nestling::Errno;
use nestling::spawn::{Attributes, Error, Program, Spawn, Step};

use crate::actions::{self, FileActions};
use crate::attributes::SpawnAttributes;
use crate::{libc, reason};

/// The error of a child that was killed before its exec, which no step of a spawn has: it says that there is no child, and that no
/// step failed.
pub(crate) const KILLED: Errno = Errno::ECHILD;

/// Where the program is, as the functions have it.
enum Where {
    /// At this path.
    Path,
    /// Along the `PATH` of this program.
    Search,
}

/// The arguments of the functions, and where the id or pidfd of the child goes.
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
    /// Starts the program. Returns 0 or the error's number.
    ///
    /// # Safety
    /// The promises of the caller of `posix_spawn`: the pointers are those that its documentation describes.
    unsafe fn start(&self) -> c_int {
        let _uncancelled = libc::Uncancelled::new();
        if self.file.is_null() {
            return Errno::EFAULT.as_raw();
        }
        // SAFETY: the caller's promise.
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
                // SAFETY: the caller's promise, as of `getenv`.
                path: unsafe { libc::environment() }.var(c"PATH"),
            },
        };
        let spawn = Spawn {
            actions: actions::of_spawn(actions, resets_ids),
            attributes: Attributes {
                pidfd: self.has_pidfd,
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
            // SAFETY: the caller's promise.
            unsafe { *self.place = result };
        }
        0
    }
}

/// The error, with its action counted as the program counts them.
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

/// Keeps the reason for `nestling_spawn_error`. Returns its errno.
#[cold]
#[inline(never)]
pub(crate) fn fail(name: &'static str, error: &Error<'_>) -> Errno {
    reason::keep(name, error);
    error.errno().unwrap_or(KILLED)
}

/// Defines the functions, which differ in how they find the program and in what they return of the child.
macro_rules! functions {
    ($($what:literal $name:ident $at:ident $has_pidfd:literal)*) => {$(
        #[doc = $what]
        ///
        /// Returns 0, or the errno of the step that failed; `ECHILD` if the child was killed before its exec. The function leaves
        /// `errno` as it was. After an error, the child's id or pidfd is not stored, and there is no child and no zombie.
        ///
        /// # Safety
        /// `place` is null or writable, `file` is a C string, the objects are null or initialised, the arrays are null or end with
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
            // SAFETY: the caller's promise.
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
