//! `popen` and `pclose`.
//!
//! Both functions use a list of the open streams. The list has no lock, because a fork in another thread could leave a lock locked.
//! An entry is taken, filled and released with atomic operations, and stays in the list for ever.

use core::ffi::{CStr, c_char, c_int};
use core::ptr::{null_mut, without_provenance_mut};
use core::sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, Ordering};

use nestling::spawn::{Action, Attributes, Error, Program, Spawn, Step};
use nestling::{Args, AsFd, BorrowedFd, Errno, OFlags, OwnedFd, Pid, sys, wait};

use crate::libc::{self, File, Uncancelled};
use crate::reason;
use crate::spawn::{NOTICE, fail};

/// An entry of the list: an open stream, or a free entry.
struct Entry {
    /// The stream. Null if the entry is free; [`taken`] while its other fields change.
    stream: AtomicPtr<File>,
    pid: AtomicI32,
    /// The descriptor if children inherit it, otherwise -1.
    inherited: AtomicI32,
    /// The inode of the pipe. If the stream was closed with `fclose`, its entry stays, and the descriptor may belong to another
    /// file.
    pipe: AtomicU64,
    next: AtomicPtr<Entry>,
}

static FIRST: AtomicPtr<Entry> = AtomicPtr::new(null_mut());

/// A marker that is not the address of any stream.
fn taken() -> *mut File {
    without_provenance_mut(1)
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    entries_from(first())
}

fn first() -> *mut Entry {
    FIRST.load(Ordering::Acquire)
}

/// Returns this entry and the entries after it.
fn entries_from(mut next: *mut Entry) -> impl Iterator<Item = &'static Entry> {
    core::iter::from_fn(move || {
        // SAFETY: the pointer is null or points to an entry, and entries are never freed.
        let entry = unsafe { next.as_ref() }?;
        next = entry.next.load(Ordering::Acquire);
        Some(entry)
    })
}

impl Entry {
    /// Takes the entry if it has this stream.
    fn take(&self, stream: *mut File) -> bool {
        let order = (Ordering::AcqRel, Ordering::Relaxed);
        self.stream
            .compare_exchange(stream, taken(), order.0, order.1)
            .is_ok()
    }

    /// Takes an entry for a new stream. If an entry has the address of the new stream, the earlier stream was closed with `fclose`.
    fn take_for(stream: *mut File) -> Result<&'static Self, Errno> {
        for former in [stream, null_mut()] {
            if let Some(entry) = entries().find(|entry| entry.take(former)) {
                return Ok(entry);
            }
        }
        // SAFETY: `malloc` accepts any size.
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
        // SAFETY: the memory has this size, and is never freed.
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

    /// If children inherit the stream, returns its descriptor.
    fn inherited(&self) -> Option<c_int> {
        let stream = self.stream.load(Ordering::Acquire);
        let fd = self.inherited.load(Ordering::Relaxed);
        if stream.is_null() || stream == taken() || fd < 0 {
            return None;
        }
        // SAFETY: the descriptor is borrowed for one call. If it is not open, the kernel returns an error.
        let stat = sys::file::fstat(unsafe { BorrowedFd::borrow_raw(fd) }).ok()?;
        (stat.ino() == self.pipe.load(Ordering::Relaxed)).then_some(fd)
    }

    fn give_back(&self) {
        self.stream.store(null_mut(), Ordering::Release);
    }
}

/// Starts `sh -c -- command` with a pipe from its standard output (if `mode` begins with `r`) or to its standard input (`w`): POSIX
/// XSH `popen`. With `e` in the mode, the stream is not inherited by later children that other functions start. In the command, the
/// streams of earlier calls are closed.
///
/// If it fails, returns null and sets `errno`: to `EINVAL` for an invalid mode, otherwise to the error of the step that failed.
///
/// # Safety
/// `command` and `mode` are C strings. No other thread changes the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn popen(command: *const c_char, mode: *const c_char) -> *mut File {
    let _uncancelled = Uncancelled::new();
    // SAFETY: the caller upholds the safety contract.
    let (command, mode) = unsafe { (CStr::from_ptr(command), CStr::from_ptr(mode)) };
    let opened = Mode::parse(mode.to_bytes())
        .ok_or(Errno::EINVAL)
        .map_err(pipe_failed)
        // SAFETY: the caller upholds the safety contract.
        .and_then(|mode| unsafe { open(command, &mode) });
    match opened {
        Ok(stream) => stream,
        Err(errno) => {
            libc::set_errno(errno);
            null_mut()
        }
    }
}

/// Records the reason of a failure outside of the spawn.
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
    /// Parses a mode: one of `r` and `w`, and any number of `e`.
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
    // SAFETY: the descriptor is open, and the stream becomes its owner.
    let stream = unsafe { libc::open_stream(own.as_raw_fd(), name) }.map_err(pipe_failed)?;
    let new = New {
        stream,
        fd: own.into_raw_fd(),
        pipe: pipe.ino(),
        theirs,
    };
    // SAFETY: the caller upholds the safety contract.
    unsafe { new.start(command, mode) }.inspect_err(|_| {
        // SAFETY: no other code has the stream.
        unsafe { libc::close_stream(stream) };
    })?;
    Ok(stream)
}

/// A new stream, and the descriptors for its command.
struct New {
    stream: *mut File,
    fd: c_int,
    pipe: u64,
    theirs: OwnedFd,
}

impl New {
    /// # Safety
    /// The same as for [`open`].
    unsafe fn start(&self, command: &CStr, mode: &Mode) -> Result<(), Errno> {
        let target = c_int::from(mode.reads);
        let entry = Entry::take_for(self.stream).map_err(pipe_failed)?;
        let started = Actions::new(self.theirs.as_raw_fd(), target)
            .map_err(pipe_failed)
            .and_then(|actions| {
                let list = nestling::args![c"sh", c"-c", c"--", command];
                // SAFETY: the caller upholds the safety contract.
                let env = unsafe { libc::environment() };
                let spawn = Spawn {
                    actions: actions.all(),
                    attributes: Attributes {
                        notice: NOTICE,
                        ..Attributes::default()
                    },
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
            // This comes last, because only now other commands close the descriptor.
            set_cloexec(self.fd, false);
        }
        Ok(())
    }
}

fn set_cloexec(fd: c_int, closes: bool) {
    // SAFETY: the stream owns the descriptor and is open.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    // The call cannot fail: the descriptor is open.
    let _ = sys::fd::set_cloexec(fd, closes);
}

/// The actions of a command: they close the earlier streams, and make the pipe its standard input or output.
struct Actions {
    list: *mut Action<'static>,
    length: usize,
}

impl Actions {
    fn new(theirs: c_int, target: c_int) -> Result<Self, Errno> {
        // Entries that are added in the meantime come before this one.
        let first = first();
        let most = entries_from(first).count() + 1;
        // SAFETY: `malloc` accepts any size.
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
        // SAFETY: the list has memory for one action for each entry, and one more.
        unsafe { self.list.add(self.length).write(action) };
        self.length += 1;
    }

    fn all(&self) -> &[Action<'static>] {
        // SAFETY: this many actions were written.
        unsafe { core::slice::from_raw_parts(self.list, self.length) }
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: `malloc` has returned it.
        unsafe { libc::free(self.list.cast()) };
    }
}

/// Closes a stream of [`popen`], waits until its command has ended, and returns the command's status in the format of `waitpid`
/// (POSIX XSH `pclose`). If the status is not available, returns -1 and sets `errno`: `ECHILD` if another wait has reaped the
/// command.
///
/// A stream that this library did not open is passed to the libc's `pclose`. In a static program that function does not exist, and
/// the error is `ECHILD`.
///
/// # Safety
/// `popen` has returned `stream`, and it is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pclose(stream: *mut File) -> c_int {
    let _uncancelled = Uncancelled::new();
    let is_one = !stream.is_null() && stream != taken();
    let Some(entry) = entries().find(|entry| is_one && entry.take(stream)) else {
        return match libc::libcs_pclose(pclose) {
            // SAFETY: the caller upholds the safety contract.
            Some(function) => unsafe { function(stream) },
            None => failed(Errno::ECHILD),
        };
    };
    let pid = Pid::from_raw(entry.pid.load(Ordering::Relaxed));
    let inherited = entry.inherited.load(Ordering::Relaxed);
    if inherited >= 0 {
        // This comes first, because after `give_back` other commands do not close the descriptor any more.
        set_cloexec(inherited, true);
    }
    entry.give_back();
    // SAFETY: the caller upholds the safety contract. The result is ignored, because only the status of the command matters.
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
