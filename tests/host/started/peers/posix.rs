//! The ways `posix_spawn` and `posix_spawnp` of the C library.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;
use core::ptr::null;

use crate::situation::{MODE, Situation, Word};
use crate::stage::{self, Answer};

pub fn spawn(situation: &Situation) -> Answer {
    match carry_out(situation) {
        Ok(pid) => Answer::Started(pid),
        #[cfg(target_feature = "crt-static")]
        Err(NO_FUNCTION) => Answer::CannotSay("`closefrom`"),
        Err(errno) => Answer::Failed(errno),
    }
}

/// Not an errno: it stands for an action or attribute for which the C library has no function.
#[cfg(target_feature = "crt-static")]
const NO_FUNCTION: c_int = 0;

fn carry_out(situation: &Situation) -> Result<libc::pid_t, c_int> {
    let mut actions = MaybeUninit::uninit();
    let mut attributes = MaybeUninit::uninit();
    let (program, search) = situation.program();
    let (args, env) = (situation.args(), stage::environment(situation));
    let (args, env) = (array(&args), array(&env));
    let mut pid = 0;
    let spawn = if search {
        libc::posix_spawnp
    } else {
        libc::posix_spawn
    };
    // SAFETY: both objects are initialised before they are used; the arrays end with null.
    unsafe {
        ok(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()))?;
        ok(libc::posix_spawnattr_init(attributes.as_mut_ptr()))?;
        let mut flags = 0;
        for word in &situation.words {
            add_action(actions.as_mut_ptr(), word)?;
            flags |= set_attribute(attributes.as_mut_ptr(), word)?;
        }
        ok(libc::posix_spawnattr_setflags(
            attributes.as_mut_ptr(),
            flags as _,
        ))?;
        let (args, env) = (args.as_ptr().cast(), env.as_ptr().cast());
        ok(spawn(
            &mut pid,
            program.as_ptr(),
            actions.as_ptr(),
            attributes.as_ptr(),
            args,
            env,
        ))?;
    }
    Ok(pid)
}

fn ok(answer: c_int) -> Result<(), c_int> {
    if answer == 0 { Ok(()) } else { Err(answer) }
}

fn array(strings: &[CString]) -> Vec<*const c_char> {
    strings
        .iter()
        .map(|string| string.as_ptr())
        .chain([null()])
        .collect()
}

/// Adds an action, if the word is one.
///
/// # Safety
///
/// `actions` must be initialised.
unsafe fn add_action(
    actions: *mut libc::posix_spawn_file_actions_t,
    word: &Word,
) -> Result<(), c_int> {
    // SAFETY: the caller has initialised `actions`; the functions copy the paths.
    ok(unsafe {
        match word {
            Word::Open(fd, flags, path) => {
                libc::posix_spawn_file_actions_addopen(actions, *fd, path.as_ptr(), *flags, MODE)
            }
            Word::Close(fd) => libc::posix_spawn_file_actions_addclose(actions, *fd),
            Word::Dup2(from, to) => libc::posix_spawn_file_actions_adddup2(actions, *from, *to),
            Word::Chdir(path) => libc::posix_spawn_file_actions_addchdir_np(actions, path.as_ptr()),
            Word::Fchdir(fd) => libc::posix_spawn_file_actions_addfchdir_np(actions, *fd),
            #[cfg(not(target_feature = "crt-static"))]
            Word::CloseFrom(fd) => libc::posix_spawn_file_actions_addclosefrom_np(actions, *fd),
            #[cfg(target_feature = "crt-static")]
            Word::CloseFrom(_) => return Err(NO_FUNCTION),
            _ => 0,
        }
    })
}

/// Sets an attribute, if the word is one, and returns its flag.
///
/// # Safety
///
/// `attributes` must be initialised.
unsafe fn set_attribute(
    attributes: *mut libc::posix_spawnattr_t,
    word: &Word,
) -> Result<c_int, c_int> {
    let priority = |sched_priority| libc::sched_param { sched_priority };
    // SAFETY: the caller has initialised `attributes`; the functions copy their arguments.
    unsafe {
        let (answer, flags) = match word {
            Word::Setsid => (0, libc::POSIX_SPAWN_SETSID.into()),
            Word::Setpgroup(group) => (
                libc::posix_spawnattr_setpgroup(attributes, stage::group(group)),
                libc::POSIX_SPAWN_SETPGROUP,
            ),
            Word::Mask(signals) => (
                libc::posix_spawnattr_setsigmask(attributes, &stage::set(signals)),
                libc::POSIX_SPAWN_SETSIGMASK,
            ),
            Word::Default(signals) => (
                libc::posix_spawnattr_setsigdefault(attributes, &stage::set(signals)),
                libc::POSIX_SPAWN_SETSIGDEF,
            ),
            Word::Resetids => (0, libc::POSIX_SPAWN_RESETIDS),
            Word::Scheduler(policy, number) => {
                ok(libc::posix_spawnattr_setschedpolicy(attributes, *policy))?;
                let answer = libc::posix_spawnattr_setschedparam(attributes, &priority(*number));
                (answer, libc::POSIX_SPAWN_SETSCHEDULER)
            }
            Word::Priority(number) => (
                libc::posix_spawnattr_setschedparam(attributes, &priority(*number)),
                libc::POSIX_SPAWN_SETSCHEDPARAM,
            ),
            _ => (0, 0),
        };
        ok(answer)?;
        Ok(flags as c_int)
    }
}
