//! `posix_spawn_file_actions_t`: the actions of a spawn. The program reserves the memory of the object itself; what grows is the libc's
//! `malloc`'s.
//!
//! The object holds nestling's own [`Action`]s, in the order in which the child carries them out. So a spawn takes them as they are, and
//! needs no memory.

use core::ffi::{CStr, c_char, c_int, c_uint};
use core::ptr::{null_mut, slice_from_raw_parts};

use nestling::spawn::Action;
use nestling::{Errno, OFlags};

use crate::{answer, libc};

/// `posix_spawn_file_actions_t`.
#[repr(C)]
pub struct FileActions {
    /// How many actions the list has room for.
    room: c_int,
    used: c_int,
    /// The actions, and before the first one a place with [`Action::ResetIds`], which is carried out before all others.
    list: *mut Action<'static>,
    /// For the libc's future.
    rest: [c_int; 16],
}

// What the headers of glibc and musl reserve: 76 bytes on i386, otherwise 80.
const _: () = assert!(size_of::<FileActions>() == 72 + size_of::<usize>());

/// The actions of a spawn that has none but this one.
static RESET_IDS: [Action<'static>; 1] = [Action::ResetIds];

/// The actions of a spawn, those of POSIX after one that resets the ids, if `resets_ids` is true.
pub(crate) fn of_spawn(actions: Option<&FileActions>, resets_ids: bool) -> &[Action<'_>] {
    let all: &[Action<'_>] = match actions {
        Some(it) if it.used > 0 => {
            let length = it.used as usize + 1;
            // SAFETY: so many are there, see `push`. They are the object's until it changes.
            unsafe { &*slice_from_raw_parts(it.list, length) }
        }
        _ => &RESET_IDS,
    };
    all.get(usize::from(!resets_ids)..).unwrap_or_default()
}

/// Appends an action.
///
/// # Safety
/// `actions` are initialised and writable.
unsafe fn push(actions: *mut FileActions, action: Action<'static>) -> Result<(), Errno> {
    const MORE: c_int = 8;
    // SAFETY: the caller's promise.
    let actions = unsafe { &mut *actions };
    if actions.used == actions.room {
        let room = actions.room + MORE;
        let size = (room as usize + 1) * size_of::<Action<'_>>();
        // SAFETY: the list is null or from here.
        let list: *mut Action<'_> = unsafe { libc::realloc(actions.list.cast(), size) }.cast();
        if list.is_null() {
            return Err(Errno::ENOMEM);
        }
        // SAFETY: the first place is there.
        unsafe { list.write(Action::ResetIds) };
        (actions.list, actions.room) = (list, room);
    }
    actions.used += 1;
    // SAFETY: there is room for `room` actions behind the first place.
    unsafe { actions.list.add(actions.used as usize).write(action) };
    Ok(())
}

/// Appends the action for a path, which is copied.
///
/// # Safety
/// As of [`push`]; `path` is a C string.
unsafe fn push_with_path(
    actions: *mut FileActions,
    path: *const c_char,
    action: impl FnOnce(&'static CStr) -> Action<'static>,
) -> Result<(), Errno> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { CStr::from_ptr(path) }.to_bytes_with_nul();
    // SAFETY: any size will do.
    let copy: *mut u8 = unsafe { libc::malloc(bytes.len()) }.cast();
    if copy.is_null() {
        return Err(Errno::ENOMEM);
    }
    // SAFETY: the copy has this size and nobody else has it. It stays until `posix_spawn_file_actions_destroy`, after which no spawn
    // uses the action.
    unsafe {
        copy.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        let path = CStr::from_ptr(copy.cast());
        push(actions, action(path)).inspect_err(|_| libc::free(copy.cast()))
    }
}

/// A descriptor's number. POSIX has the functions here return `EBADF` for a negative one.
fn number(fd: c_int) -> Result<c_int, Errno> {
    (fd >= 0).then_some(fd).ok_or(Errno::EBADF)
}

/// Initialises the object: it has no actions. Returns 0.
///
/// # Safety
/// `actions` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_spawn_file_actions_init(actions: *mut FileActions) -> c_int {
    let empty = FileActions {
        room: 0,
        used: 0,
        list: null_mut(),
        rest: [0; 16],
    };
    // SAFETY: the caller's promise.
    unsafe { actions.write(empty) };
    0
}

/// Frees what the object holds. Returns 0.
///
/// # Safety
/// `actions` are initialised and writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_spawn_file_actions_destroy(actions: *mut FileActions) -> c_int {
    // SAFETY: the caller's promise. `malloc` has returned the paths and the list, and no spawn uses them any more.
    unsafe {
        for action in of_spawn(Some(&*actions), false) {
            if let Action::Open { path, .. } | Action::Chdir(path) = action {
                libc::free(path.as_ptr().cast_mut().cast());
            }
        }
        libc::free((*actions).list.cast());
        posix_spawn_file_actions_init(actions)
    }
}

/// Adds `close(2)`. Returns 0, `EBADF` or `ENOMEM`.
///
/// # Safety
/// `actions` are initialised and writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_spawn_file_actions_addclose(
    actions: *mut FileActions,
    fd: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    answer(number(fd).and_then(|fd| unsafe { push(actions, Action::Close(fd)) }))
}

/// Adds `dup2(2)`; if the numbers are the same, the descriptor stays open in the program. Returns 0, `EBADF` or `ENOMEM`.
///
/// # Safety
/// `actions` are initialised and writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_spawn_file_actions_adddup2(
    actions: *mut FileActions,
    from: c_int,
    to: c_int,
) -> c_int {
    let numbers = number(from).and_then(|from| Ok((from, number(to)?)));
    // SAFETY: the caller's promise.
    answer(numbers.and_then(|(from, to)| unsafe { push(actions, Action::Dup2 { from, to }) }))
}

/// Adds `open(2)` at this number, and copies the path. Returns 0, `EBADF` or `ENOMEM`.
///
/// # Safety
/// `actions` are initialised and writable; `path` is a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_spawn_file_actions_addopen(
    actions: *mut FileActions,
    fd: c_int,
    path: *const c_char,
    flags: c_int,
    mode: c_uint,
) -> c_int {
    let flags = OFlags::from_bits(flags as u32);
    let open = |fd| {
        let action = move |path| Action::Open {
            fd,
            path,
            flags,
            mode,
        };
        // SAFETY: the caller's promise.
        unsafe { push_with_path(actions, path, action) }
    };
    answer(number(fd).and_then(open))
}

/// Defines functions of actions that have nothing but a path.
macro_rules! with_a_path {
    ($($what:literal $name:ident $action:ident)*) => {$(
        #[doc = concat!("Adds `", $what, "`, and copies the path. Returns 0 or `ENOMEM`.")]
        ///
        /// # Safety
        /// `actions` are initialised and writable; `path` is a C string.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(actions: *mut FileActions, path: *const c_char) -> c_int {
            // SAFETY: the caller's promise.
            answer(unsafe { push_with_path(actions, path, Action::$action) })
        }
    )*};
}

with_a_path! {
    "chdir(2)" posix_spawn_file_actions_addchdir Chdir
    "chdir(2)" posix_spawn_file_actions_addchdir_np Chdir
}

/// Defines functions of actions that have nothing but a descriptor.
macro_rules! with_a_descriptor {
    ($($what:literal $name:ident $action:ident)*) => {$(
        #[doc = concat!("Adds `", $what, "`. Returns 0, `EBADF` or `ENOMEM`.")]
        ///
        /// # Safety
        /// `actions` are initialised and writable.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(actions: *mut FileActions, fd: c_int) -> c_int {
            // SAFETY: the caller's promise.
            answer(number(fd).and_then(|fd| unsafe { push(actions, Action::$action(fd)) }))
        }
    )*};
}

// The last one puts the child's own process group into the foreground.
with_a_descriptor! {
    "fchdir(2)" posix_spawn_file_actions_addfchdir Fchdir
    "fchdir(2)" posix_spawn_file_actions_addfchdir_np Fchdir
    "closefrom(3)" posix_spawn_file_actions_addclosefrom_np CloseFrom
    "tcsetpgrp(3)" posix_spawn_file_actions_addtcsetpgrp_np SetForeground
}
