//! Starting a program without waiting for it.

use core::ptr;

use super::clone::Ends;
use super::features;
use super::parent;
use super::report::{Error, Record, StepCode};
use super::task::ChildTask;
use super::watch::Watch;
use super::{Action, Child, Program, Spawn};
use crate::args::Args;
use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd};
use crate::process::{ExitStatus, Pid};
use crate::signal::Signal;
use crate::sys;

/// A child that [`Spawn::begin`] has made. The child may not have executed its program yet.
///
/// A `Starting` owns the read end of the status pipe and, if the spawn asks for one, the child's pidfd. Dropping the `Starting`
/// closes these descriptors, and does not end the child: it continues, and executes its program or exits. The caller must then
/// reap the child with a wait for any child.
///
/// The kernel gives these descriptors the lowest free numbers. If the parent has closed one of the descriptors 0 to 2, the
/// status pipe or the pidfd can get this number.
///
/// A `Starting` borrows the program's name and the actions from the spawn, because an [`Error`] contains them.
///
/// # A supervisor that never waits for a start
///
/// An event loop waits for the status pipes of the services that are starting, and for the pidfds of those that run:
///
/// ```
/// use nestling::poll::{Events, PollFd, poll};
/// use nestling::spawn::{Action, Child, OwnedError, Program, Progress, Spawn, Starting};
/// use nestling::{Args, AsFd, BorrowedFd, OFlags, args};
///
/// enum Service<'a> {
///     Starting(Starting<'a>),
///     Running(Child),
/// }
///
/// impl<'a> Service<'a> {
///     /// What tells that something has happened to the service.
///     fn fd(&self) -> BorrowedFd<'_> {
///         match self {
///             Self::Starting(starting) => starting.as_fd(),
///             Self::Running(child) => child.pidfd().expect("the spawn asks for it"),
///         }
///     }
///
///     /// Something has happened. Nothing here waits. Returns `None` if the program has ended.
///     fn go_on(self) -> Result<Option<Self>, OwnedError> {
///         match self {
///             Self::Starting(starting) => match starting.try_finish()? {
///                 Progress::Running(child) => Ok(Some(Self::Running(child))),
///                 Progress::Pending(starting) => Ok(Some(Self::Starting(starting))),
///             },
///             Self::Running(mut child) => match child.try_wait() {
///                 Ok(None) => Ok(Some(Self::Running(child))),
///                 Ok(Some(_)) | Err(_) => Ok(None),
///             },
///         }
///     }
/// }
///
/// let commands = [args![c"sh", c"-c", c"exit 3"], args![c"no-such", c"", c""]];
/// let log = [Action::Open { fd: 1, path: c"/dev/null", flags: OFlags::WRONLY, mode: 0 }];
/// let (mut services, mut errors) = (Vec::new(), Vec::<OwnedError>::new());
/// for command in &commands {
///     let args = Args::new(command);
///     let name = args.first().unwrap();
///     let mut spawn = Spawn::new(Program::Search { name, path: None }, args, Args::EMPTY);
///     spawn.actions = &log;
///     spawn.attributes.pidfd = true;
///     match spawn.begin() {
///         Ok(starting) => services.push(Service::Starting(starting)),
///         Err(error) => errors.push(error.into()),
///     }
/// }
///
/// while !services.is_empty() {
///     let fds = services.iter().map(|it| PollFd::new(it.fd(), Events::IN));
///     let mut fds: Vec<_> = fds.collect();
///     poll(&mut fds, None).unwrap();
///     let happened: Vec<_> = fds.iter().map(|it| it.returned() != Events::default()).collect();
///     for (service, happened) in services.split_off(0).into_iter().zip(happened) {
///         match if happened { service.go_on() } else { Ok(Some(service)) } {
///             Ok(service) => services.extend(service),
///             Err(error) => errors.push(error),
///         }
///     }
/// }
/// assert_eq!(errors.len(), 1);
/// assert_eq!(errors[0].to_string(), "exec: ENOENT: no such file or directory");
/// ```
#[derive(Debug)]
#[must_use = "if it is dropped, nobody learns whether the program runs"]
pub struct Starting<'a> {
    child: Child,
    /// The status pipe's read end. It is non-blocking.
    pipe: OwnedFd,
    /// The last record from the child.
    record: Record,
    program: Program<'a>,
    actions: &'a [Action<'a>],
}

/// The state of a [`Starting`].
#[derive(Debug)]
pub enum Progress<'a> {
    /// The program runs, or has run and ended. The child reports that its exec begins, then searches `PATH` and executes the
    /// program. If a signal kills the child after this report, the result is also `Running`, and the child's status contains the
    /// signal.
    Running(Child),
    /// The program does not run yet, or the start has failed and the child has not ended yet.
    Pending(Starting<'a>),
}

impl<'a> Starting<'a> {
    pub(super) fn new(
        spawn: &Spawn<'a>,
        child: Child,
        (read_end, write_end): Ends,
        record: Record,
    ) -> Self {
        let mut it = Self {
            child,
            pipe: read_end,
            record,
            program: spawn.program,
            actions: spawn.actions,
        };
        // SAFETY: the parent owns its copy of the write end, and does not use it.
        if let Err(errno) = unsafe { sys::fd::close(write_end.into_raw_fd()) } {
            // While this copy is open, the read end never reaches end-of-file, so the parent cannot see whether the program runs.
            it.give_up(errno);
        }
        it
    }

    /// Returns the child's process id. After a wait has reaped the child, the kernel may give this id to another process.
    #[must_use]
    pub fn id(&self) -> Pid {
        self.child.id()
    }

    /// Returns whether the program runs. If the start has failed, this method reaps the child and returns the error.
    ///
    /// The method never blocks. While the child carries out its steps, the result is [`Progress::Pending`]. If the start fails,
    /// the result is also `Pending` until the child has ended. Costs one to three system calls; four after a failure.
    ///
    /// Call `try_finish` when the status pipe ([`AsFd`]) is readable or has the event `HUP`. The pipe is readable when the
    /// child has written a record. It has the event `HUP` when the child has executed its program or ended. An earlier call
    /// does no harm.
    ///
    /// When the child exits, the kernel first closes the child's end of the pipe. A wait can reap the child a moment later. If
    /// the pipe has the event `HUP` and the result is `Pending`, the pipe has no further event. Then do not poll the pipe in a
    /// loop: wait for `SIGCHLD` or for a pidfd of the child, and call `try_finish` again.
    ///
    /// If another thread forks during [`Spawn::begin`], the child of this fork holds the status pipe open. Then the result
    /// stays `Pending` until this child executes a program or ends. The spawned program may already run during this time.
    ///
    /// If a wait for any child has already reaped the child, the result may be `Running` although the program has ended. In
    /// this case, call [`ended`](Self::ended) instead.
    ///
    /// # Errors
    /// The errors of [`Spawn::start`]. If another wait has reaped the child, the signal that killed the child is not known.
    pub fn try_finish(mut self) -> Result<Progress<'a>, Error<'a>> {
        let pipe = self.read_reports();
        if let Err(errno) = pipe {
            self.give_up(errno);
        }
        if self.record.errno.is_none() {
            if pipe != Ok(Pipe::Ended) {
                return Ok(Progress::Pending(self));
            }
            if self.record == Record::REACHED {
                return Ok(Progress::Running(self.child));
            }
        }
        match self.child.try_wait() {
            Ok(None) | Err(Errno::EINTR) => Ok(Progress::Pending(self)),
            Ok(Some(status)) => Err(self.error(status.signal())),
            Err(_) => Err(self.error(None)),
        }
    }

    /// Waits until the program runs or the start has failed, as [`Spawn::start`] does.
    ///
    /// Unlike `start`, this method does not block the caller's signals.
    ///
    /// # Errors
    /// The errors of [`Spawn::start`].
    pub fn finish(self) -> Result<Child, Error<'a>> {
        let spawn = Spawn {
            actions: self.actions,
            ..Spawn::new(self.program, Args::EMPTY, Args::EMPTY)
        };
        // This task is only for the result: no child is made from it.
        let task = ChildTask::new(&spawn, ptr::slice_from_raw_parts_mut(ptr::null_mut(), 0));
        task.set_record(self.record);
        let mut watch = Watch::new(self.child.id());
        let mut waited = Ok(());
        // If the start has already failed, nothing is left to read.
        if self.record.errno.is_none() {
            waited = sys::fd::set_nonblocking(self.pipe.as_fd(), false)
                .and_then(|()| watch.receive(&task, self.pipe.as_fd()));
        }
        parent::conclude::<{ features::ALL }>(&task, &mut watch, waited, self.child)
            .map_err(|signal| task.failure(signal))
    }

    /// Returns the result of the start if a wait for any child has already reaped this child. `status` is the status that this
    /// wait returned. The method never blocks.
    ///
    /// Call it instead of [`try_finish`](Self::try_finish) when such a wait returns the child's [`id`](Self::id). If the program
    /// has run, the method returns `status`, which is the program's status. The child reports that its exec begins, then searches
    /// `PATH` and executes the program. If a signal kills the child after this report, the method also returns `status`, not an
    /// error.
    ///
    /// # Errors
    /// The errors of [`Spawn::start`]. If a signal killed the child before its exec, the error contains the signal of `status`.
    pub fn ended(mut self, status: ExitStatus) -> Result<ExitStatus, Error<'a>> {
        if let Err(errno) = self.read_reports() {
            self.record = Record::failure(StepCode::STATUS_PIPE, errno);
        }
        if self.record == Record::REACHED {
            return Ok(status);
        }
        Err(self.error(status.signal()))
    }

    /// Kills the child with `SIGKILL`, whether its program runs or not. The method does not wait for the child, and returns the
    /// child's id. The caller must reap the child. Costs one system call, and one to close the pipe.
    ///
    /// The method ignores an error of the kill. The kill fails with `EPERM` if the child has executed a set-user-ID program and
    /// the caller has no privilege. Then the child continues to run.
    ///
    /// If the spawn has no pidfd, do not call `cancel` after a wait has reaped the child: the method could kill another process
    /// that has the same id.
    ///
    /// ```
    /// use nestling::spawn::{Program, Spawn};
    /// use nestling::{Args, args};
    ///
    /// let list = args![c"sleep", c"600"];
    /// let search = Program::Search { name: c"sleep", path: None };
    /// let starting = Spawn::new(search, Args::new(&list), Args::EMPTY).begin().unwrap();
    /// let pid = starting.cancel();
    /// assert!(nestling::wait::wait(pid).unwrap().signal().is_some());
    /// ```
    #[must_use]
    pub fn cancel(self) -> Pid {
        let _ = self.child.signal(Signal::KILL);
        self.child.id()
    }

    /// Reads the child's reports that are in the pipe, without waiting.
    fn read_reports(&mut self) -> Result<Pipe, Errno> {
        while self.record.errno.is_none() {
            let mut bytes = [0; 8];
            match sys::fd::read(self.pipe.as_fd(), &mut bytes) {
                Ok(0) => return Ok(Pipe::Ended),
                Ok(8) => self.record = Record::from_bytes(bytes, self.actions.len())?,
                // A write and a read of a whole record are atomic, so any other length is not a record.
                Ok(_) => return Err(Errno::EPROTO),
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(Pipe::Open)
    }

    /// Kills the child after an error of the pipe. Otherwise, the program could run although the caller gets an error.
    fn give_up(&mut self, errno: Errno) {
        let _ = self.child.signal(Signal::KILL);
        self.record = Record::failure(StepCode::STATUS_PIPE, errno);
    }

    fn error(&self, signal: Option<Signal>) -> Error<'a> {
        self.record.error(self.program, self.actions, signal)
    }
}

/// Borrows the read end of the status pipe; [`try_finish`](Starting::try_finish) describes its events. Other children that are made
/// in the meantime also have this descriptor open until they execute their programs. So delete it from an
/// [`Epoll`](crate::poll::Epoll) before `try_finish` closes it.
impl AsFd for Starting<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

#[cfg(feature = "std")]
crate::fd::std_as_fd!(Starting<'_>);

/// The state of the status pipe after a read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pipe {
    /// More reports may come, or no more are needed.
    Open,
    /// All reports have been read, to the end of the pipe.
    Ended,
}
