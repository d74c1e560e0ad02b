//! `posix_spawn_file_actions_t`: the actions of a spawn. The program provides the memory of the object. The list of actions is
//! allocated with the libc's `malloc`.
//!
//! The object holds nestling's [`Action`]s in the order in which the child performs them. So a spawn uses the list directly and
//! needs no memory.

use core::ffi::{CStr, c_char, c_int, c_uint};
use core::ptr::{null_mut, slice_from_raw_parts};

use nestling::spawn::Action;
use nestling::{Errno, OFlags};

use crate::{answer, libc};

/// `posix_spawn_file_actions_t`.
#[repr(C)]
pub struct FileActions {
    /// The number of actions for which the list has memory.
    room: c_int,
    used: c_int,
    /// The list. Before the first action it contains [`Action::ResetIds`], which the child performs first if it is needed.
    list: *mut Action<'static>,
    /// Reserved for later versions of the libc.
    rest: [c_int; 16],
}

// The size in the headers of glibc and musl: 76 bytes on i386, otherwise 80.
const _: () = assert!(size_of::<FileActions>() == 72 + size_of::<usize>());

/// The actions of a spawn whose only action is this one.
static RESET_IDS: [Action<'static>; 1] = [Action::ResetIds];

/// Returns the actions of a spawn. If `resets_ids`, an action that resets the ids precedes the others.
pub(crate) fn of_spawn(actions: Option<&FileActions>, resets_ids: bool) -> &[Action<'_>] {
    let all: &[Action<'_>] = match actions {
        Some(it) if it.used > 0 => {
            let length = it.used as usize + 1;
            // SAFETY: `push` has written this many actions. They stay valid until the object changes.
            unsafe { &*slice_from_raw_parts(it.list, length) }
        }
        _ => &RESET_IDS,
    };
    all.get(usize::from(!resets_ids)..).unwrap_or_default()
}

/// Appends an action.
///
/// # Safety
/// `actions` is initialised and writable.
unsafe fn push(actions: *mut FileActions, action: Action<'static>) -> Result<(), Errno> {
    const MORE: c_int = 8;
    // SAFETY: the caller upholds the safety contract.
    let actions = unsafe { &mut *actions };
    if actions.used == actions.room {
        let room = actions.room + MORE;
        let size = (room as usize + 1) * size_of::<Action<'_>>();
        // SAFETY: the list is null, or `realloc` has returned it.
        let list: *mut Action<'_> = unsafe { libc::realloc(actions.list.cast(), size) }.cast();
        if list.is_null() {
            return Err(Errno::ENOMEM);
        }
        // SAFETY: the list has memory for the first action.
        unsafe { list.write(Action::ResetIds) };
        (actions.list, actions.room) = (list, room);
    }
    actions.used += 1;
    // SAFETY: after the first action, the list has memory for `room` actions.
    unsafe { actions.list.add(actions.used as usize).write(action) };
    Ok(())
}

/// Appends an action with a copy of the path.
///
/// # Safety
/// The same as for [`push`], and `path` is a C string.
unsafe fn push_with_path(
    actions: *mut FileActions,
    path: *const c_char,
    action: impl FnOnce(&'static CStr) -> Action<'static>,
) -> Result<(), Errno> {
    // SAFETY: the caller upholds the safety contract.
    let bytes = unsafe { CStr::from_ptr(path) }.to_bytes_with_nul();
    // SAFETY: `malloc` accepts any size.
    let copy: *mut u8 = unsafe { libc::malloc(bytes.len()) }.cast();
    if copy.is_null() {
        return Err(Errno::ENOMEM);
    }
    // SAFETY: the copy has this size, and no other code uses it. It stays valid until `posix_spawn_file_actions_destroy`, and no
    // spawn uses the action after that.
    unsafe {
        copy.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        let path = CStr::from_ptr(copy.cast());
        push(actions, action(path)).inspect_err(|_| libc::free(copy.cast()))
    }
}

/// Checks the number of a descriptor. POSIX requires `EBADF` for a negative number.
fn number(fd: c_int) -> Result<c_int, Errno> {
    (fd >= 0).then_some(fd).ok_or(Errno::EBADF)
}

/// Initialises the object without actions. Returns 0.
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
    // SAFETY: the caller upholds the safety contract.
    unsafe { actions.write(empty) };
    0
}

/// Frees the memory of the object. Returns 0.
///
/// # Safety
/// `actions` is initialised and writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_spawn_file_actions_destroy(actions: *mut FileActions) -> c_int {
    // SAFETY: the caller upholds the safety contract. `malloc` has returned the paths and the list, and no spawn uses them any
    // more.
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
/// `actions` is initialised and writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_spawn_file_actions_addclose(
    actions: *mut FileActions,
    fd: c_int,
) -> c_int {
    // SAFETY: the caller upholds the safety contract.
    answer(number(fd).and_then(|fd| unsafe { push(actions, Action::Close(fd)) }))
}

/// Adds `dup2(2)`. If the two numbers are the same, the descriptor stays open in the program. Returns 0, `EBADF` or `ENOMEM`.
///
/// # Safety
/// `actions` is initialised and writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_spawn_file_actions_adddup2(
    actions: *mut FileActions,
    from: c_int,
    to: c_int,
) -> c_int {
    let numbers = number(from).and_then(|from| Ok((from, number(to)?)));
    // SAFETY: the caller upholds the safety contract.
    answer(numbers.and_then(|(from, to)| unsafe { push(actions, Action::Dup2 { from, to }) }))
}

/// Adds `open(2)` for this descriptor number. The path is copied. Returns 0, `EBADF` or `ENOMEM`.
///
/// # Safety
/// `actions` is initialised and writable; `path` is a C string.
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
        // SAFETY: the caller upholds the safety contract.
        unsafe { push_with_path(actions, path, action) }
    };
    answer(number(fd).and_then(open))
}

/// Defines the functions for actions whose only argument is a path.
macro_rules! with_a_path {
    ($($what:literal $name:ident $action:ident)*) => {$(
        #[doc = concat!("Adds `", $what, "`, and copies the path. Returns 0 or `ENOMEM`.")]
        ///
        /// # Safety
        /// `actions` is initialised and writable; `path` is a C string.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(actions: *mut FileActions, path: *const c_char) -> c_int {
            // SAFETY: the caller upholds the safety contract.
            answer(unsafe { push_with_path(actions, path, Action::$action) })
        }
    )*};
}

with_a_path! {
    "chdir(2)" posix_spawn_file_actions_addchdir Chdir
    "chdir(2)" posix_spawn_file_actions_addchdir_np Chdir
}

/// Defines the functions for actions whose only argument is a descriptor.
macro_rules! with_a_descriptor {
    ($($what:literal $name:ident $action:ident)*) => {$(
        #[doc = concat!("Adds `", $what, "`. Returns 0, `EBADF` or `ENOMEM`.")]
        ///
        /// # Safety
        /// `actions` is initialised and writable.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(actions: *mut FileActions, fd: c_int) -> c_int {
            // SAFETY: the caller upholds the safety contract.
            answer(number(fd).and_then(|fd| unsafe { push(actions, Action::$action(fd)) }))
        }
    )*};
}

// The last function makes the child's own process group the foreground group of the terminal.
with_a_descriptor! {
    "fchdir(2)" posix_spawn_file_actions_addfchdir Fchdir
    "fchdir(2)" posix_spawn_file_actions_addfchdir_np Fchdir
    "closefrom(3)" posix_spawn_file_actions_addclosefrom_np CloseFrom
    "tcsetpgrp(3)" posix_spawn_file_actions_addtcsetpgrp_np SetForeground
}
