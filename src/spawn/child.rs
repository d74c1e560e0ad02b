//! The child: the only code that runs on the borrowed stack.
//!
//! It runs straight down, and each step that fails returns to the one place that reports it. It must never return,
//! allocate, panic or take a lock: the parent's memory is shared, and another thread of the parent may hold any lock.

use core::convert::Infallible;
use core::ffi::{CStr, c_void};

use super::actions::Action;
use super::attributes::{Attributes, Hook};
use super::job::Job;
use super::pipe::StatusPipe;
use super::report::{At, Attribute, Record};
use super::search::{Candidates, NAME_MAX};
use super::{Program, Shell, used};
use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, RawFd};
use crate::file::OFlags;
use crate::limits::Resource;
use crate::process::Pid;
use crate::signal::{SigSet, Signal};
use crate::sys::{self, signal};
use crate::text;

/// What the child runs.
///
/// # Safety
/// `job` is a [`Job`], of which nothing but its record, its mark, the buffer and a shell's room changes as long as the child uses it.
pub(super) unsafe extern "C" fn run<const USED: u32>(job: *mut c_void) -> ! {
    // SAFETY: the caller's promise.
    let job = unsafe { &*job.cast::<Job<'_, '_>>() };
    let (mut pipe, closed) = match job.means.get().pipe {
        // SAFETY: these are the child's own copies of the pipe's two ends.
        Some((read_end, write_end)) => unsafe { StatusPipe::new(read_end, write_end) },
        None => (StatusPipe::none(), Ok(())),
    };
    job.begin(At::STATUS_PIPE);
    let Err(errno) = closed.and_then(|()| carry_out::<USED>(job, &mut pipe));
    job.fail(errno);
    let means = job.means.get();
    if means.pipe.is_some() && pipe.send(job.record.get()).is_err() && !means.memory_shared {
        // An exit status could be taken for the program's.
        let _ = sys::process::kill(sys::process::getpid().as_raw(), Some(Signal::KILL));
    }
    sys::process::exit(127)
}

/// The steps, in order. An errno is that of the last which has begun.
pub(super) fn carry_out<const USED: u32>(
    job: &Job<'_, '_>,
    pipe: &mut StatusPipe,
) -> Result<Infallible, Errno> {
    before_the_actions::<USED>(job)?;
    for (index, action) in job.spawn.actions.iter().enumerate() {
        job.begin(At::action(index));
        act::<USED>(action, pipe)?;
    }
    after_the_actions::<USED>(job)?;
    Err(exec::<USED>(job, pipe))
}

fn before_the_actions<const USED: u32>(job: &Job<'_, '_>) -> Result<(), Errno> {
    let begin = |attribute| job.begin(At::attribute(attribute));
    let Attributes {
        cgroup,
        default_signals,
        new_session,
        process_group,
        scheduler,
        nice,
        // The parent's, and those that come after the actions.
        memory: _,
        notice: _,
        pidfd: _,
        no_new_privs: _,
        parent_death_signal: _,
        signal_mask: _,
        hook: _,
    } = job.spawn.attributes;
    if let Some(cgroup) = cgroup
        && !job.means.get().in_cgroup
    {
        begin(Attribute::Cgroup);
        join(cgroup)?;
    }
    begin(Attribute::DefaultSignals);
    reset_signals::<USED>(default_signals, job.means.get().handlers_reset)?;
    if new_session {
        begin(Attribute::NewSession);
        sys::process::setsid()?;
    }
    if let Some(group) = process_group {
        begin(Attribute::ProcessGroup);
        sys::process::setpgid(0, group)?;
    }
    if let Some(scheduler) = scheduler
        && USED & used::SCHEDULER != 0
    {
        begin(Attribute::Scheduler);
        match scheduler.policy {
            Some(policy) => sys::resource::sched_setscheduler(policy, scheduler.priority)?,
            None => sys::resource::sched_setparam(scheduler.priority)?,
        }
    }
    if let Some(nice) = nice {
        begin(Attribute::Nice);
        sys::resource::setpriority(nice)?;
    }
    Ok(())
}

fn after_the_actions<const USED: u32>(job: &Job<'_, '_>) -> Result<(), Errno> {
    let begin = |attribute| job.begin(At::attribute(attribute));
    let Attributes {
        no_new_privs,
        parent_death_signal,
        signal_mask,
        hook,
        // The parent's, and those that come before the actions.
        memory: _,
        notice: _,
        pidfd: _,
        cgroup: _,
        default_signals: _,
        new_session: _,
        process_group: _,
        scheduler: _,
        nice: _,
    } = job.spawn.attributes;
    if no_new_privs && USED & used::NO_NEW_PRIVS != 0 {
        begin(Attribute::NoNewPrivs);
        sys::credentials::set_no_new_privs()?;
    }
    if let Some(signal) = parent_death_signal
        && USED & used::PARENT_DEATH_SIGNAL != 0
    {
        begin(Attribute::ParentDeathSignal);
        die_with(job.parent, signal)?;
    }
    begin(Attribute::SignalMask);
    signal::set_mask(signal_mask.unwrap_or(job.mask))?;
    if let Some(hook) = hook
        && USED & used::HOOK != 0
    {
        begin(Attribute::Hook);
        run_hook(job, hook)?;
    }
    Ok(())
}

/// Runs a hook, and sees whether it has used more stack than there is.
fn run_hook(job: &Job<'_, '_>, hook: Hook<'_>) -> Result<(), Errno> {
    /// Any value that is not there by accident.
    const INTACT: usize = 0x5a17_c0de;
    let lowest = job.buffer.cast::<usize>();
    // SAFETY: it is the lowest word of the child's stack, aligned as that is.
    unsafe { lowest.write_volatile(INTACT) };
    let answer = (hook.function)();
    // SAFETY: as above.
    if unsafe { lowest.read_volatile() } != INTACT {
        // What lies below is the parent's, which can't go on with it, nor this child.
        let parent = job.parent.map_or(0, Pid::as_raw);
        if job.means.get().memory_shared && parent > 0 && parent == sys::process::getppid() {
            let _ = sys::process::kill(parent, Some(Signal::KILL));
        }
        let _ = sys::process::kill(sys::process::getpid().as_raw(), Some(Signal::KILL));
    }
    answer
}

/// Joins a cgroup the way that every kernel has.
fn join(cgroup: BorrowedFd<'_>) -> Result<(), Errno> {
    let procs = sys::fd::openat(cgroup, c"cgroup.procs", OFlags::WRONLY | OFlags::CLOEXEC, 0)?;
    sys::fd::write(procs.as_fd(), b"0").map(drop)
}

/// Handlers must go before the mask is restored, else one may run here, on the parent's memory. What is ignored stays so.
fn reset_signals<const USED: u32>(asked: SigSet, handlers_reset: bool) -> Result<(), Errno> {
    let mut defaults = SigSet::EMPTY;
    if USED & used::DEFAULT_SIGNALS != 0 {
        defaults = asked.without(Signal::KILL).without(Signal::STOP);
    }
    if handlers_reset && defaults == SigSet::EMPTY {
        return Ok(());
    }
    for signal in Signal::all() {
        let handled =
            || Ok(!handlers_reset && matches!(signal::action(signal)?, signal::Action::Handler(_)));
        if defaults.contains(signal) || handled()? {
            // SAFETY: the default is no handler.
            unsafe { signal::set_action(signal, signal::Action::Default, 0)? };
        }
    }
    Ok(())
}

/// Sets the parent-death signal, and sends it if the parent is dead already. A parent in another pid namespace can't be told
/// from a dead one.
fn die_with(parent: Option<Pid>, signal: Signal) -> Result<(), Errno> {
    sys::process::set_parent_death_signal(Some(signal))?;
    let now = sys::process::getppid();
    if now != 0 && parent.is_some_and(|parent| parent.as_raw() != now) {
        sys::process::kill(sys::process::try_getpid()?.as_raw(), Some(signal))?;
    }
    Ok(())
}

fn act<const USED: u32>(action: &Action<'_>, pipe: &mut StatusPipe) -> Result<(), Errno> {
    match *action {
        Action::Open {
            fd,
            path,
            flags,
            mode,
        } => if_used::<USED>(used::OPEN, || open(fd, path, flags, mode, pipe)),
        Action::Redirect {
            fd,
            path,
            flags,
            mode,
        } => if_used::<USED>(used::REDIRECT, || redirect(fd, path, flags, mode, pipe)),
        Action::Close(fd) => if_used::<USED>(used::CLOSE, || close(fd, pipe)),
        Action::Dup2 { from, to } => if_used::<USED>(used::DUP2, || dup2(from, to, pipe)),
        Action::Chdir(path) => if_used::<USED>(used::CHDIR, || sys::file::chdir(path)),
        Action::Fchdir(fd) => if_used::<USED>(used::FCHDIR, || sys::file::fchdir(pipe.named(fd)?)),
        Action::CloseFrom(first) => if_used::<USED>(used::CLOSE_FROM, || close_from(first, pipe)),
        Action::SetForeground(fd) => if_used::<USED>(used::SET_FOREGROUND, || {
            // SIGTTOU is blocked with the rest, so a background child may do this.
            sys::terminal::tcsetpgrp(pipe.named(fd)?, sys::process::getpgid(0)?)
        }),
        Action::ControllingTerminal(fd) => if_used::<USED>(used::CONTROLLING_TERMINAL, || {
            sys::terminal::set_controlling(pipe.named(fd)?)
        }),
        Action::Chroot(path) => if_used::<USED>(used::CHROOT, || sys::file::chroot(path)),
        Action::Umask(mask) => if_used::<USED>(used::UMASK, || {
            sys::file::umask(mask);
            Ok(())
        }),
        Action::Limit(resource, limit) => {
            if_used::<USED>(used::LIMIT, || sys::resource::setrlimit(resource, limit))
        }
        Action::Groups(groups) => {
            if_used::<USED>(used::GROUPS, || sys::credentials::setgroups(groups))
        }
        Action::Gid(gid) => if_used::<USED>(used::GID, || sys::credentials::setgid(gid)),
        Action::Uid(uid) => if_used::<USED>(used::UID, || sys::credentials::setuid(uid)),
        Action::ResetIds => if_used::<USED>(used::RESET_IDS, || {
            let unchanged = sys::credentials::UNCHANGED;
            sys::credentials::setresgid(unchanged, sys::credentials::getgid()?, unchanged)?;
            sys::credentials::setresuid(unchanged, sys::credentials::getuid()?, unchanged)
        }),
    }
}

/// Does what a program uses; where it does not, there is no code for it.
#[inline(always)]
fn if_used<const USED: u32>(
    what: u32,
    act: impl FnOnce() -> Result<(), Errno>,
) -> Result<(), Errno> {
    if USED & what == 0 {
        return Err(Errno::EINVAL);
    }
    act()
}

/// POSIX: what is open at `fd` is closed before the file is opened.
fn open(
    fd: RawFd,
    path: &CStr,
    flags: OFlags,
    mode: u32,
    pipe: &mut StatusPipe,
) -> Result<(), Errno> {
    close(fd, pipe)?;
    redirect(fd, path, flags, mode, pipe)
}

/// What is open at `fd` is closed after the file is opened, which it may be itself.
fn redirect(
    fd: RawFd,
    path: &CStr,
    flags: OFlags,
    mode: u32,
    pipe: &mut StatusPipe,
) -> Result<(), Errno> {
    if fd < 0 {
        return Err(Errno::EBADF);
    }
    // In this order: making way for the open may put the pipe on `fd`.
    pipe.make_way_for_open()?;
    pipe.make_way_for(fd)?;
    let opened = sys::fd::open(path, flags, mode)?.into_raw_fd();
    if opened != fd {
        let cloexec = if flags.contains(OFlags::CLOEXEC) {
            OFlags::CLOEXEC
        } else {
            OFlags::RDONLY
        };
        // SAFETY: the number is the caller's to fill, the pipe is elsewhere, and the first number was only for now.
        unsafe {
            sys::fd::dup3(opened, fd, cloexec)?;
            sys::fd::close(opened)?;
        }
    }
    pipe.opened(fd);
    Ok(())
}

/// The pipe's number is seen as closed, and closing what is closed is no error: so there the pipe can stay.
fn close(fd: RawFd, pipe: &mut StatusPipe) -> Result<(), Errno> {
    if fd < 0 {
        return Err(Errno::EBADF);
    }
    if pipe.is(fd) {
        return Ok(());
    }
    // SAFETY: the caller asked for it, and it isn't the pipe.
    match unsafe { sys::fd::close(fd) } {
        Ok(()) | Err(Errno::EBADF) => {
            pipe.closed(fd);
            Ok(())
        }
        Err(errno) => Err(errno),
    }
}

fn dup2(from: RawFd, to: RawFd, pipe: &mut StatusPipe) -> Result<(), Errno> {
    if from == to {
        return sys::fd::set_cloexec(pipe.named(from)?, false);
    }
    pipe.make_way_for(to)?;
    // Only now: the pipe may have moved to `from`, where nothing was open.
    let from = pipe.named(from)?.as_raw_fd();
    // SAFETY: the number is the caller's to fill, and the pipe is elsewhere.
    unsafe { sys::fd::dup3(from, to, OFlags::RDONLY)? };
    pipe.opened(to);
    Ok(())
}

/// Closes on both sides of the pipe.
fn close_from(first: RawFd, pipe: &mut StatusPipe) -> Result<(), Errno> {
    if first < 0 {
        return Err(Errno::EBADF);
    }
    let number = pipe.number();
    if first < number {
        close_range(first, number - 1)?;
        pipe.closed(first);
    }
    close_range(first.max(number.saturating_add(1)), RawFd::MAX)
}

fn close_range(first: RawFd, last: RawFd) -> Result<(), Errno> {
    // SAFETY: the caller asked for it, and the pipe isn't among them.
    match unsafe { sys::fd::close_range(first as u32, last as u32) } {
        // Before Linux 5.9, or forbidden by a seccomp filter.
        Err(Errno::ENOSYS | Errno::EPERM) => close_each(first, last),
        answer => answer,
    }
}

/// `close_range` for kernels that have none: asks `/proc` what is open, or tries every number where that can't be asked.
fn close_each(first: RawFd, last: RawFd) -> Result<(), Errno> {
    let close = |fd: RawFd| {
        if (first..=last).contains(&fd) {
            // SAFETY: the caller asked for it, and the pipe isn't among them.
            let _ = unsafe { sys::fd::close(fd) };
        }
    };
    if each_open_descriptor(close).is_err() {
        let limit = sys::resource::getrlimit(Resource::Nofile)?;
        // The kernel's own ceiling (fs.nr_open) is 2^20 unless someone has raised it.
        let end = limit.hard.min(1 << 20) as RawFd;
        (first..=last).take_while(|&fd| fd < end).for_each(close);
    }
    Ok(())
}

/// Calls `visit` with each descriptor that `/proc/self/fd` shows but the one it is read through. (`ReadDir` would take most of the
/// stack.)
fn each_open_descriptor(visit: impl Fn(RawFd)) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = sys::fd::open(c"/proc/self/fd", flags, 0)?;
    let mut buffer = [0; 512];
    loop {
        let length = sys::fd::getdents64(directory.as_fd(), &mut buffer)?;
        let mut entries = buffer.get(..length).unwrap_or_default();
        if entries.is_empty() {
            return Ok(());
        }
        while let Some((&[.., low, high, _], name)) = sys::fd::split_entry(entries) {
            let end = name.iter().position(|&byte| byte == 0).unwrap_or(0);
            let fd = text::number(name.get(..end).unwrap_or_default(), 10);
            if let Some(fd) = fd.and_then(|fd| RawFd::try_from(fd).ok())
                && fd != directory.as_raw_fd()
            {
                visit(fd);
            }
            let length = u16::from_ne_bytes([low, high]);
            entries = entries.get(length.into()..).unwrap_or_default();
        }
    }
}

/// Returns only what went wrong.
fn exec<const USED: u32>(job: &Job<'_, '_>, pipe: &StatusPipe) -> Errno {
    job.begin(At::EXEC);
    if !job.means.get().memory_shared && pipe.send(Record::REACHED).is_err() {
        // A program that runs while its parent believes that it doesn't would be worse.
        sys::process::exit(127);
    }

    match job.spawn.program {
        Program::Search { name, path } if !text::contains(name.to_bytes(), b'/') => {
            search::<USED>(job, name, path)
        }
        Program::Path(path) | Program::Search { name: path, .. } => {
            let (errno, _) = exec_path::<USED>(job, path);
            tell_what_is_missing(job, errno, || sys::file::faccessat(path).is_ok());
            errno
        }
        Program::Descriptor(fd) if USED & used::DESCRIPTOR != 0 => {
            let errno = match pipe.named(fd) {
                Ok(program) => noted(job, || {
                    let (args, env) = (job.spawn.args.as_ptr(), job.spawn.env.as_ptr());
                    // SAFETY: `Args` are what it asks for.
                    unsafe { sys::process::execveat(program, args, env) }
                }),
                Err(errno) => errno,
            };
            // A script's interpreter opens it by its number, which close-on-exec takes away: then that is the `ENOENT`.
            tell_what_is_missing(job, errno, || sys::fd::cloexec(fd) == Ok(false));
            errno
        }
        Program::Descriptor(_) => Errno::EINVAL,
    }
}

/// Tries an exec, which the parent sees is under way until it has failed.
fn noted(job: &Job<'_, '_>, exec: impl FnOnce() -> Errno) -> Errno {
    job.begin(At::REACHED);
    let errno = exec();
    job.begin(At::EXEC);
    errno
}

/// If the program is there, it is its interpreter that is not.
fn tell_what_is_missing(job: &Job<'_, '_>, errno: Errno, exists: impl FnOnce() -> bool) {
    if matches!(errno, Errno::ENOENT | Errno::ENOTDIR) && exists() {
        job.begin(At::INTERPRETER);
    }
}

/// POSIX XBD 8.3: tries each candidate; one that may not be executed is remembered while others are tried.
fn search<const USED: u32>(job: &Job<'_, '_>, name: &CStr, path: Option<&CStr>) -> Errno {
    // SAFETY: it is the child's, who uses less than the other half of its stack.
    let buffer = unsafe { &mut *job.buffer };
    // The kernel says so of the name itself only where the whole path is not too long already.
    if name.count_bytes() > NAME_MAX {
        return Errno::ENAMETOOLONG;
    }
    let mut answer = Errno::ENOENT;
    let mut candidates = Candidates::new(name, path);
    while let Some(path) = candidates.next(buffer) {
        match exec_path::<USED>(job, path) {
            (errno, Found::Yes) => {
                tell_what_is_missing(job, errno, || true);
                return errno;
            }
            (Errno::ENOENT | Errno::ENOTDIR, _) => {}
            (Errno::EACCES, _) => answer = Errno::EACCES,
            (errno, _) => return errno,
        }
    }
    tell_what_is_missing(job, answer, || {
        let mut candidates = Candidates::new(name, path);
        while let Some(path) = candidates.next(buffer) {
            if sys::file::faccessat(path).is_ok() {
                return true;
            }
        }
        false
    });
    answer
}

/// Whether a file was found that only a shell can run, so that an error is the shell's.
enum Found {
    Yes,
    CannotTell,
}

fn exec_path<const USED: u32>(job: &Job<'_, '_>, path: &CStr) -> (Errno, Found) {
    let mut found = Found::CannotTell;
    let errno = noted(job, || {
        let (args, env) = (job.spawn.args.as_ptr(), job.spawn.env.as_ptr());
        // SAFETY: `Args` are what it asks for.
        let errno = unsafe { sys::process::execve(path, args, env) };
        match job.spawn.shell {
            Some(shell) if errno == Errno::ENOEXEC && USED & used::SHELL != 0 => {
                found = Found::Yes;
                exec_shell(job, shell, path)
            }
            _ => errno,
        }
    });
    (errno, found)
}

/// POSIX XSH `exec`: a file that is no executable format is run by the shell, as `arg0 file arg1 …`.
fn exec_shell(job: &Job<'_, '_>, shell: Shell<'_>, file: &CStr) -> Errno {
    let args = job.spawn.args;
    let arg0 = args.first().unwrap_or(shell.path);
    let [first, second, rest @ ..] = shell.room else {
        return Errno::E2BIG;
    };
    first.set(arg0.as_ptr());
    second.set(file.as_ptr());
    let args = args.skip(1).as_slice();
    let [places @ .., null] = rest.get(..=args.len()).unwrap_or_default() else {
        return Errno::E2BIG;
    };
    for (place, arg) in places.iter().zip(args.iter().flatten()) {
        place.set(arg.as_ptr());
    }
    null.set(core::ptr::null());
    // SAFETY: the room now begins with a null-terminated array of C strings.
    unsafe {
        sys::process::execve(
            shell.path,
            shell.room.as_ptr().cast(),
            job.spawn.env.as_ptr(),
        )
    }
}
