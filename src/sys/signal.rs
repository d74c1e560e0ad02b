//! Signals: actions, masks, and receiving blocked signals without a handler.

use core::time::Duration;

use linux_raw_sys::general as linux;

use super::time::timespec;
use super::{done, result, small};
use crate::arch::{self, nr, syscall2, syscall3, syscall4};
use crate::errno::Errno;
use crate::fd::{BorrowedFd, OwnedFd};
use crate::file::OFlags;
use crate::process::{ExitStatus, Pid};
use crate::signal::{SigSet, Signal};

macro_rules! action_flags {
    ($($name:ident $what:literal)*) => {$(
        #[doc = concat!("A flag of [`set_action`]: ", $what)]
        pub const $name: u32 = linux::$name;
    )*};
}

action_flags! {
    SA_NOCLDSTOP "the process gets no `SIGCHLD` when a child stops or continues."
    SA_NOCLDWAIT "the kernel reaps the process's children itself."
    SA_NODEFER "while the handler runs, the signal is not blocked."
    SA_ONSTACK "the handler runs on the alternate stack, if there is one (`sigaltstack(2)`)."
    SA_RESETHAND "before the handler runs, the signal's action becomes the default."
    SA_RESTART "system calls that the handler interrupts are repeated, where `signal(7)` says so."
}

/// What a process does when it gets a signal.
#[derive(Clone, Copy, Debug)]
pub enum Disposition {
    /// The default action of the signal (`SIG_DFL`).
    Default,
    /// Ignore the signal (`SIG_IGN`).
    Ignore,
    /// Call this function. The function may only do what `signal-safety(7)` allows.
    Handler(unsafe extern "C" fn(i32)),
}

/// The complete action for a signal (handler, flags and mask). [`restore_action`] sets it again.
#[derive(Debug)]
pub struct SavedAction {
    signal: Signal,
    action: KernelAction,
}

impl SavedAction {
    pub(crate) fn is_ignored(&self) -> bool {
        matches!(self.action.action(), Disposition::Ignore)
    }
}

/// Information about a signal that [`sigtimedwait`] or [`read_signalfd`] has taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[doc(alias = "siginfo_t")]
pub struct SigInfo {
    /// The signal.
    pub signal: Signal,
    /// The cause of the signal: a constant `SI_…`, or `CLD_…` for a child (`sigaction(2)`). It is positive if the kernel itself
    /// sent the signal.
    pub code: i32,
    /// The number at this position of the kernel's struct. Whether it is valid depends on `code`. The same holds for `uid` and
    /// `status`.
    pid: i32,
    uid: u32,
    status: i32,
}

impl SigInfo {
    fn new(signal: i32, code: i32, pid: i32, uid: u32, status: i32) -> Result<Self, Errno> {
        Ok(Self {
            signal: Signal::from_raw(signal).ok_or(Errno::EINVAL)?,
            code,
            pid,
            uid,
            status,
        })
    }

    /// Returns the id of the process that sent the signal; for `SIGCHLD` from the kernel, the child's id. Returns `None` if no
    /// process sent the signal, or if the process is outside of this pid namespace.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        Pid::from_raw(self.pid).filter(|_| self.is_a_childs() || self.was_sent())
    }

    /// Returns the real user id of the process that sent the signal; for `SIGCHLD` from the kernel, the child's user id.
    #[must_use]
    pub fn uid(&self) -> Option<u32> {
        (self.is_a_childs() || self.was_sent()).then_some(self.uid)
    }

    /// For `SIGCHLD` from the kernel, returns how the child ended, stopped or continued; otherwise, `None`. This method does
    /// not reap the child.
    #[must_use]
    pub fn status(&self) -> Option<ExitStatus> {
        let status = ExitStatus::from_siginfo(self.code as u32, self.status);
        self.is_a_childs().then_some(status)
    }

    fn is_a_childs(&self) -> bool {
        let why = self.code as u32;
        self.signal == Signal::CHLD && matches!(why, linux::CLD_EXITED..=linux::CLD_CONTINUED)
    }

    /// Returns whether a process sent the signal. For a signal of a timer or of `O_ASYNC`, `pid` and `uid` contain other values.
    fn was_sent(&self) -> bool {
        self.code <= linux::SI_USER as i32
            && !matches!(self.code, linux::SI_TIMER | linux::SI_SIGIO)
    }
}

/// `rt_sigprocmask(SIG_SETMASK)`: sets this thread's signal mask, and returns the previous mask.
#[doc(alias("sigprocmask", "pthread_sigmask"))]
pub fn set_mask(mask: SigSet) -> Result<SigSet, Errno> {
    sigprocmask(linux::SIG_SETMASK, Some(&mask))
}

/// `rt_sigprocmask(SIG_BLOCK)`: adds signals to this thread's signal mask, and returns the previous mask.
#[doc(alias = "sigprocmask")]
pub fn block(signals: SigSet) -> Result<SigSet, Errno> {
    sigprocmask(linux::SIG_BLOCK, Some(&signals))
}

/// `rt_sigprocmask(SIG_UNBLOCK)`: removes signals from this thread's signal mask, and returns the previous mask.
#[doc(alias = "sigprocmask")]
pub fn unblock(signals: SigSet) -> Result<SigSet, Errno> {
    sigprocmask(linux::SIG_UNBLOCK, Some(&signals))
}

/// `rt_sigprocmask`: returns this thread's signal mask.
#[doc(alias = "sigprocmask")]
pub fn mask() -> Result<SigSet, Errno> {
    sigprocmask(linux::SIG_SETMASK, None)
}

fn sigprocmask(how: u32, new: Option<&SigSet>) -> Result<SigSet, Errno> {
    let new = new.map_or(0, |set| &raw const *set as usize);
    let mut old = SigSet::EMPTY;
    // SAFETY: the kernel writes one set, and reads one unless the pointer to it is null. Each set has 8 bytes, the size of
    // `SigSet`.
    let answer = unsafe {
        syscall4(
            linux::__NR_rt_sigprocmask as usize,
            how as usize,
            new,
            &raw mut old as usize,
            size_of::<SigSet>(),
        )
    };
    small(answer).map(|_| old)
}

/// `rt_sigpending`: returns the blocked signals that are pending for this thread or for the whole process.
pub fn sigpending() -> Result<SigSet, Errno> {
    let mut pending = SigSet::EMPTY;
    // SAFETY: the kernel writes one set of 8 bytes, the size of `SigSet`.
    let answer = unsafe {
        syscall2(
            linux::__NR_rt_sigpending as usize,
            &raw mut pending as usize,
            size_of::<SigSet>(),
        )
    };
    small(answer).map(|_| pending)
}

/// `rt_sigaction`: sets this process's action for a signal. `flags` (`SA_…`) have an effect only if the action is a handler.
/// While the handler runs, the kernel blocks this signal (unless `flags` contains `SA_NODEFER`), but no other signals.
///
/// # Safety
/// A handler only does what a signal handler may do (`signal-safety(7)`), because it can interrupt any code.
#[doc(alias = "sigaction")]
pub unsafe fn set_action(signal: Signal, action: Disposition, flags: u32) -> Result<(), Errno> {
    let new = kernel_action(action, flags);
    // SAFETY: the kernel reads one action. The caller upholds the safety contract for the handler.
    done(unsafe { sigaction(signal, &raw const new as usize, 0) })
}

/// Calls [`set_action`] with [`Disposition::Default`].
#[doc(alias = "SIG_DFL")]
pub fn reset(signal: Signal) -> Result<(), Errno> {
    // SAFETY: the action is not a handler.
    unsafe { set_action(signal, Disposition::Default, 0) }
}

/// `rt_sigaction`: returns this process's action for a signal.
#[doc(alias = "sigaction")]
pub fn action(signal: Signal) -> Result<Disposition, Errno> {
    let mut old = kernel_action(Disposition::Default, 0);
    // SAFETY: the kernel writes one action.
    result(unsafe { sigaction(signal, 0, &raw mut old as usize) })?;
    Ok(old.action())
}

/// `rt_sigaction`: does the same as [`set_action`], and returns the previous action, which you can pass to [`restore_action`].
///
/// # Safety
/// The same as for [`set_action`].
#[doc(alias = "sigaction")]
pub unsafe fn replace_action(
    signal: Signal,
    action: Disposition,
    flags: u32,
) -> Result<SavedAction, Errno> {
    let new = kernel_action(action, flags);
    let mut old = kernel_action(Disposition::Default, 0);
    // SAFETY: the kernel reads one action and writes one. The caller upholds the safety contract for the handler.
    result(unsafe { sigaction(signal, &raw const new as usize, &raw mut old as usize) })?;
    Ok(SavedAction {
        signal,
        action: old,
    })
}

/// Calls [`replace_action`] with [`Disposition::Ignore`].
pub fn ignore(signal: Signal) -> Result<SavedAction, Errno> {
    // SAFETY: the action is not a handler.
    unsafe { replace_action(signal, Disposition::Ignore, 0) }
}

/// Calls [`replace_action`] with [`Disposition::Default`].
pub fn set_default(signal: Signal) -> Result<SavedAction, Errno> {
    // SAFETY: the action is not a handler.
    unsafe { replace_action(signal, Disposition::Default, 0) }
}

/// `rt_sigaction`: restores an action that [`replace_action`], [`ignore`] or [`set_default`] has returned, including its flags
/// and its mask.
pub fn restore_action(saved: &SavedAction) -> Result<(), Errno> {
    // SAFETY: the kernel reads one action. This action was in effect before, so the code that set its handler has upheld the safety
    // contract.
    done(unsafe { sigaction(saved.signal, &raw const saved.action as usize, 0) })
}

/// An action in the kernel's format. On riscv64 the kernel's struct has three words, but qemu-user reads and writes four words
/// there, so this struct has a fourth word.
#[derive(Debug)]
#[repr(C)]
struct KernelAction {
    action: linux::kernel_sigaction,
    fourth: [usize; FOURTH],
}

impl KernelAction {
    fn action(&self) -> Disposition {
        match self.action.sa_handler_kernel {
            None => Disposition::Default,
            Some(handler) if handler as usize == SIG_IGN => Disposition::Ignore,
            Some(handler) => Disposition::Handler(handler),
        }
    }
}

const FOURTH: usize =
    4usize.saturating_sub(size_of::<linux::kernel_sigaction>() / size_of::<usize>());

fn kernel_action(action: Disposition, flags: u32) -> KernelAction {
    let action = match action {
        Disposition::Default => arch::sigaction(None, 0),
        // SAFETY: the kernel's `SIG_IGN` is a handler with the address 1. No code calls it.
        Disposition::Ignore => arch::sigaction(
            unsafe { core::mem::transmute::<usize, linux::__kernel_sighandler_t>(SIG_IGN) },
            0,
        ),
        Disposition::Handler(handler) => arch::sigaction(Some(handler), flags),
    };
    KernelAction {
        action,
        fourth: [0; FOURTH],
    }
}

/// Calls `rt_sigaction`. `new` and `old` are the addresses of actions, or 0.
///
/// # Safety
/// An action at `new` is readable, and its handler only does what a signal handler may do. An action at `old` is writable.
unsafe fn sigaction(signal: Signal, new: usize, old: usize) -> usize {
    // SAFETY: the caller upholds the safety contract. The set in an action has 8 bytes, the size of `SigSet`.
    unsafe {
        syscall4(
            linux::__NR_rt_sigaction as usize,
            signal.as_raw() as usize,
            new,
            old,
            size_of::<SigSet>(),
        )
    }
}

const SIG_IGN: usize = 1;

/// `sigaltstack`: sets the alternate stack of this thread: handlers with the flag `SA_ONSTACK` run on it. An exec removes this
/// setting.
///
/// # Safety
/// The memory is writable, and nothing else uses it, while a handler may run on it.
#[cfg(feature = "rt")]
pub unsafe fn sigaltstack(stack: *mut [u8]) -> Result<(), Errno> {
    let stack = linux::stack_t {
        ss_sp: stack.cast(),
        ss_flags: 0,
        ss_size: stack.len() as _,
    };
    // SAFETY: the kernel reads one `stack_t`. The caller upholds the safety contract for the stack.
    let answer = unsafe {
        syscall2(
            linux::__NR_sigaltstack as usize,
            &raw const stack as usize,
            0,
        )
    };
    done(answer)
}

/// `rt_sigtimedwait`: waits until a signal of the set is pending, and takes it: the signal is then no longer pending, and the
/// kernel does not carry out its action. The thread must block the signals of the set. Fails with `EAGAIN` after the time
/// `timeout`, and with `EINTR` after a handler has run.
pub fn sigtimedwait(signals: SigSet, timeout: Option<Duration>) -> Result<SigInfo, Errno> {
    let timeout = timeout.map(timespec);
    let timeout = timeout.as_ref().map_or(0, |time| &raw const *time as usize);
    // SAFETY: `siginfo_t` consists of integers and addresses, so all zeros is a valid value.
    let mut info: linux::siginfo_t = unsafe { core::mem::zeroed() };
    // SAFETY: the kernel reads one set of 8 bytes, the size of `SigSet`, and writes one `siginfo_t`. It reads one time unless the
    // pointer to it is null.
    let answer = unsafe {
        syscall4(
            nr::RT_SIGTIMEDWAIT as usize,
            &raw const signals as usize,
            &raw mut info as usize,
            timeout,
            size_of::<SigSet>(),
        )
    };
    small(answer)?;
    // SAFETY: these fields of the union are integers, and all bytes are initialised, because `info` was zeroed. Which of them are
    // valid depends on `si_code`.
    let (fields, child) = unsafe {
        let fields = info.__bindgen_anon_1.__bindgen_anon_1;
        (fields, fields._sifields._sigchld)
    };
    SigInfo::new(
        fields.si_signo,
        fields.si_code,
        child._pid,
        child._uid,
        child._status,
    )
}

/// `signalfd4`: makes a descriptor from which a program can read pending signals of the set. The program must block these
/// signals. The descriptor closes on exec. `flags` is `NONBLOCK` or empty.
pub fn signalfd(signals: SigSet, flags: OFlags) -> Result<OwnedFd, Errno> {
    let answer = signalfd4(-1, signals, flags | OFlags::CLOEXEC);
    // SAFETY: the kernel has just opened this descriptor.
    small(answer).map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `signalfd4`: replaces the set of signals of a signalfd.
pub fn set_signalfd(signalfd: BorrowedFd<'_>, signals: SigSet) -> Result<(), Errno> {
    done(signalfd4(signalfd.fd, signals, OFlags::default()))
}

fn signalfd4(fd: i32, signals: SigSet, flags: OFlags) -> usize {
    // SAFETY: the kernel reads one set of 8 bytes, the size of `SigSet`. The flags of this call have the values of `O_NONBLOCK` and
    // `O_CLOEXEC`.
    unsafe {
        syscall4(
            linux::__NR_signalfd4 as usize,
            fd as usize,
            &raw const signals as usize,
            size_of::<SigSet>(),
            flags.bits() as usize,
        )
    }
}

/// `read` of a signalfd: takes one pending signal. The kernel then does not carry out the signal's action.
pub fn read_signalfd(signalfd: BorrowedFd<'_>) -> Result<SigInfo, Errno> {
    // A `struct signalfd_siginfo`. All of its fields that are used here have 32 bits.
    let mut info = [0i32; 32];
    // SAFETY: the kernel writes at most the array's size.
    let answer = unsafe {
        syscall3(
            linux::__NR_read as usize,
            signalfd.fd as usize,
            info.as_mut_ptr() as usize,
            size_of_val(&info),
        )
    };
    small(answer)?;
    let [signal, _, code, pid, uid, _, _, _, _, _, status, ..] = info;
    SigInfo::new(signal, code, pid, uid as u32, status)
}
