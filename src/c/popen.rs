//! `popen` and `pclose`.
//!
//! What they share is a list of the streams that are open. It has no lock, which a fork in another thread could leave locked: an entry is
//! taken, filled and given back by atomic operations, and stays in the list for ever.

use core::ffi::{CStr, c_char, c_int};
use core::ptr::{null_mut, without_provenance_mut};
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, Ordering};

use nestling::spawn::{Action, Error, Program, Spawn, Step};
use nestling::{Args, AsFd, BorrowedFd, Errno, OFlags, OwnedFd, Pid, sys, wait};

use crate::libc::{self, File, Uncancelled};
use crate::reason;
use crate::spawn::fail;

/// A stream that is open, or place for one.
struct Entry {
    /// The stream; null if the entry is free; [`taken`] while its other fields change.
    stream: AtomicPtr<File>,
    pid: AtomicI32,
    /// The descriptor, if children inherit it, otherwise -1.
    inherited: AtomicI32,
    /// Which pipe that is: a stream that was closed by `fclose` leaves its entry behind.
    pipe: AtomicU64,
    next: AtomicPtr<Entry>,
}

static FIRST: AtomicPtr<Entry> = AtomicPtr::new(null_mut());

/// No stream has this address.
fn taken() -> *mut File {
    without_provenance_mut(1)
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    entries_from(first())
}

fn first() -> *mut Entry {
    FIRST.load(Ordering::Acquire)
}

/// The entries from this one on.
fn entries_from(mut next: *mut Entry) -> impl Iterator<Item = &'static Entry> {
    core::iter::from_fn(move || {
        // SAFETY: it is null, or an entry, which stays.
        let entry = unsafe { next.as_ref() }?;
        next = entry.next.load(Ordering::Acquire);
        Some(entry)
    })
}

impl Entry {
    /// Takes the entry, if its stream is this one.
    fn take(&self, stream: *mut File) -> bool {
        let order = (Ordering::AcqRel, Ordering::Relaxed);
        self.stream
            .compare_exchange(stream, taken(), order.0, order.1)
            .is_ok()
    }

    /// Takes an entry for a new stream. A former stream at the same address was closed by `fclose`.
    fn take_for(stream: *mut File) -> Result<&'static Self, Errno> {
        for former in [stream, null_mut()] {
            if let Some(entry) = entries().find(|entry| entry.take(former)) {
                return Ok(entry);
            }
        }
        // SAFETY: any size will do.
        let place: *mut Self = unsafe { libc::malloc(size_of::<Self>()) }.cast();
        if place.is_null() {
            return Err(Errno::ENOMEM);
        }
        let mut first = first();
        let new = Self {
            stream: AtomicPtr::new(taken()),
            pid: AtomicI32::new(0),
            inherited: AtomicI32::new(-1),
            pipe: AtomicU64::new(0),
            next: AtomicPtr::new(first),
        };
        // SAFETY: the place has this size, and is never freed.
        let entry = unsafe {
            place.write(new);
            &*place
        };
        while let Err(other) =
            FIRST.compare_exchange(first, place, Ordering::AcqRel, Ordering::Acquire)
        {
            first = other;
            entry.next.store(first, Ordering::Release);
        }
        Ok(entry)
    }

    /// The descriptor of an open stream that children inherit.
    fn inherited(&self) -> Option<c_int> {
        let stream = self.stream.load(Ordering::Acquire);
        let fd = self.inherited.load(Ordering::Relaxed);
        if stream.is_null() || stream == taken() || fd < 0 {
            return None;
        }
        // SAFETY: for one call; if the number isn't open, the kernel says so.
        let stat = sys::file::fstat(unsafe { BorrowedFd::borrow_raw(fd) }).ok()?;
        (stat.ino() == self.pipe.load(Ordering::Relaxed)).then_some(fd)
    }

    fn give_back(&self) {
        self.stream.store(null_mut(), Ordering::Release);
    }
}

/// Starts `sh -c -- command` with a pipe from its standard output (`mode` begins with `r`) or to its standard input (`w`): POSIX XSH
/// `popen`. With `e` in the mode, later children of this process that are not made here do not inherit the stream. In the command, the
/// streams of earlier calls are closed.
///
/// Returns null if it fails, and sets `errno`: `EINVAL` if the mode is none, otherwise that of the step that failed.
///
/// # Safety
/// `command` and `mode` are C strings. No other thread changes the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn popen(command: *const c_char, mode: *const c_char) -> *mut File {
    let _uncancelled = Uncancelled::new();
    // SAFETY: the caller's promise.
    let (command, mode) = unsafe { (CStr::from_ptr(command), CStr::from_ptr(mode)) };
    let opened = Mode::parse(mode.to_bytes())
        .ok_or(Errno::EINVAL)
        .map_err(pipe_failed)
        // SAFETY: the caller's promise.
        .and_then(|mode| unsafe { open(command, &mode) });
    match opened {
        Ok(stream) => stream,
        Err(errno) => {
            libc::set_errno(errno);
            null_mut()
        }
    }
}

/// Keeps the reason of a failure that is not one of the spawn.
fn pipe_failed(errno: Errno) -> Errno {
    let step = Step::Pipe;
    reason::keep("popen", &Error::Failed { step, errno });
    errno
}

struct Mode {
    reads: bool,
    closes_on_exec: bool,
}

impl Mode {
    /// One of `r` and `w`, and any number of `e`.
    fn parse(mode: &[u8]) -> Option<Self> {
        let mut reads = None;
        let mut closes_on_exec = false;
        for &byte in mode {
            match byte {
                b'r' if reads != Some(false) => reads = Some(true),
                b'w' if reads != Some(true) => reads = Some(false),
                b'e' => closes_on_exec = true,
                _ => return None,
            }
        }
        reads.map(|reads| Self {
            reads,
            closes_on_exec,
        })
    }
}

/// # Safety
/// No other thread changes the environment.
unsafe fn open(command: &CStr, mode: &Mode) -> Result<*mut File, Errno> {
    let (from, to) = sys::fd::pipe2(OFlags::CLOEXEC).map_err(pipe_failed)?;
    let (own, theirs, name) = match mode.reads {
        true => (from, to, c"r"),
        false => (to, from, c"w"),
    };
    let pipe = sys::file::fstat(own.as_fd()).map_err(pipe_failed)?;
    // SAFETY: the stream becomes the owner.
    let stream = unsafe { libc::open_stream(own.as_raw_fd(), name) }.map_err(pipe_failed)?;
    let new = New {
        stream,
        fd: own.into_raw_fd(),
        pipe: pipe.ino(),
        theirs,
    };
    // SAFETY: the caller's promise.
    unsafe { new.start(command, mode) }.inspect_err(|_| {
        // SAFETY: nobody else has it.
        unsafe { libc::close_stream(stream) };
    })?;
    Ok(stream)
}

/// A stream, and what its command is to have.
struct New {
    stream: *mut File,
    fd: c_int,
    pipe: u64,
    theirs: OwnedFd,
}

impl New {
    /// # Safety
    /// As of [`open`].
    unsafe fn start(&self, command: &CStr, mode: &Mode) -> Result<(), Errno> {
        let target = c_int::from(mode.reads);
        let entry = Entry::take_for(self.stream).map_err(pipe_failed)?;
        let started = Actions::new(self.theirs.as_raw_fd(), target)
            .map_err(pipe_failed)
            .and_then(|actions| {
                let list = nestling::args![c"sh", c"-c", c"--", command];
                // SAFETY: the caller's promise.
                let env = unsafe { libc::environment() };
                let spawn = Spawn {
                    actions: actions.all(),
                    ..Spawn::new(Program::Path(c"/bin/sh"), Args::new(&list), env)
                };
                spawn.start().map_err(|error| fail("popen", &error))
            });
        let child = started.inspect_err(|_| entry.give_back())?;
        let inherited = if mode.closes_on_exec { -1 } else { self.fd };
        entry.pid.store(child.id().as_raw(), Ordering::Relaxed);
        entry.pipe.store(self.pipe, Ordering::Relaxed);
        entry.inherited.store(inherited, Ordering::Relaxed);
        entry.stream.store(self.stream, Ordering::Release);
        if !mode.closes_on_exec {
            // Only now: from now on, other commands close it.
            set_cloexec(self.fd, false);
        }
        Ok(())
    }
}

fn set_cloexec(fd: c_int, closes: bool) {
    // SAFETY: it is the stream's.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    // This cannot fail: the descriptor is open.
    let _ = sys::fd::set_cloexec(fd, closes);
}

/// The actions of a command: those that close earlier streams, and the one that puts the pipe in its place.
struct Actions {
    list: *mut Action<'static>,
    length: usize,
}

impl Actions {
    fn new(theirs: c_int, target: c_int) -> Result<Self, Errno> {
        // An entry that is made meanwhile is before this one.
        let first = first();
        let most = entries_from(first).count() + 1;
        // SAFETY: any size will do.
        let list: *mut Action<'_> = unsafe { libc::malloc(most * size_of::<Action<'_>>()) }.cast();
        if list.is_null() {
            return Err(Errno::ENOMEM);
        }
        let mut actions = Self { list, length: 0 };
        for fd in entries_from(first).filter_map(Entry::inherited) {
            actions.push(Action::Close(fd));
        }
        actions.push(Action::Dup2 {
            from: theirs,
            to: target,
        });
        Ok(actions)
    }

    fn push(&mut self, action: Action<'static>) {
        // SAFETY: there is room for one of each entry, and one more.
        unsafe { self.list.add(self.length).write(action) };
        self.length += 1;
    }

    fn all(&self) -> &[Action<'static>] {
        // SAFETY: so many were written.
        unsafe { core::slice::from_raw_parts(self.list, self.length) }
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: `malloc` has returned it.
        unsafe { libc::free(self.list.cast()) };
    }
}

/// Closes a stream of [`popen`], waits until its command has ended, and returns the command's status as `waitpid` has it (POSIX XSH
/// `pclose`). Returns -1 and sets `errno` if it cannot be had: `ECHILD` if another wait has reaped the command.
///
/// A stream that is not from here goes to the libc's `pclose`. In a static program there is none: then the error is `ECHILD`.
///
/// # Safety
/// `stream` is from `popen`, and nobody uses it afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pclose(stream: *mut File) -> c_int {
    let _uncancelled = Uncancelled::new();
    let is_one = !stream.is_null() && stream != taken();
    let Some(entry) = entries().find(|entry| is_one && entry.take(stream)) else {
        return match libc::libcs_pclose(pclose) {
            // SAFETY: the caller's promise.
            Some(function) => unsafe { function(stream) },
            None => failed(Errno::ECHILD),
        };
    };
    let pid = Pid::from_raw(entry.pid.load(Ordering::Relaxed));
    let inherited = entry.inherited.load(Ordering::Relaxed);
    if inherited >= 0 {
        // Before other commands no longer close it.
        set_cloexec(inherited, true);
    }
    entry.give_back();
    // SAFETY: the caller's promise. The status of the command is what counts.
    unsafe { libc::close_stream(stream) };
    match pid.ok_or(Errno::ECHILD).and_then(wait::wait) {
        Ok(status) => status.into_raw(),
        Err(errno) => failed(errno),
    }
}

fn failed(errno: Errno) -> c_int {
    libc::set_errno(errno);
    -1
}
