//! What all ways to start programs share: making the parent that a situation describes, anew for each situation, and
//! reporting its state after the spawn has succeeded or failed.

use alloc::ffi::CString;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::ffi::{CStr, c_int};
use core::fmt::Write;
use core::mem::{MaybeUninit, zeroed};
use core::ptr::{null, null_mut};
use core::sync::atomic::{AtomicU32, Ordering};

use crate::Way;
use crate::situation::{Group, Situation, Word};

/// The outcome of a spawn.
pub enum Answer {
    /// A child was started.
    Started(libc::pid_t),
    /// The spawn failed with this errno.
    Failed(c_int),
    /// The spawn failed because the child was killed before its exec.
    Killed,
    /// The way cannot express this.
    CannotSay(&'static str),
}

/// The id of an ordinary user and group.
const NOBODY: u32 = 65534;

/// The descriptors of a situation have lower numbers than this.
const DESCRIPTORS: c_int = 400;

/// Plays a situation in a process of its own, and prints the outcome. Afterwards, the report of its program is in
/// `kept/report.N`, and the files that it made are in `kept/new.N`, where `N` is `number`.
pub fn play(situation: &Situation, number: usize, way: Way) {
    // SAFETY: this process has one thread; the memory is newly mapped and is never unmapped.
    let text = unsafe {
        let (protection, flags) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
        );
        let memory = libc::mmap(null_mut(), TEXT, protection, flags, -1, 0);
        assert!(memory != libc::MAP_FAILED);
        let text = memory.cast::<u8>();
        match libc::fork() {
            0 => {
                let said = perform(situation, way);
                assert!(said.len() < TEXT);
                text.copy_from_nonoverlapping(said.as_ptr(), said.len());
                libc::_exit(0);
            }
            parent => {
                let status = wait(parent).expect("the parent");
                if status != 0 {
                    print(&format!("parent: status {status}\n"));
                }
                CStr::from_ptr(text.cast()).to_string_lossy().to_string()
            }
        }
    };
    print(&text);
    for name in ["report", "new"] {
        let (from, to) = (c_string(name), c_string(&format!("kept/{name}.{number}")));
        // SAFETY: both arguments are paths. If there is no report, the call fails without harm.
        unsafe { libc::rename(from.as_ptr(), to.as_ptr()) };
    }
    make_new();
}

const TEXT: usize = 8192;

/// Makes the folder for the files that a situation's actions create.
pub fn make_new() {
    // SAFETY: the kernel reads the path.
    unsafe {
        assert_eq!(libc::mkdir(c"new".as_ptr(), 0o777), 0);
        assert_eq!(libc::chmod(c"new".as_ptr(), 0o777), 0);
    }
}

/// Makes this process the parent of the situation, starts the program and waits for it. Returns the description of the
/// outcome.
fn perform(situation: &Situation, way: Way) -> String {
    prepare(situation);
    let before = State::now();
    let answer = way(situation);
    let mut said = String::new();
    let mut child = 0;
    match answer {
        Answer::Started(pid) => {
            child = pid;
            said.push_str("result: started\nend: ");
            match wait(pid) {
                Ok(status) if libc::WIFEXITED(status) => {
                    writeln!(said, "exited {}", libc::WEXITSTATUS(status))
                }
                Ok(status) => writeln!(said, "killed by {}", libc::WTERMSIG(status)),
                Err(errno) => writeln!(said, "wait: errno {errno}"),
            }
        }
        Answer::Failed(errno) => writeln!(said, "result: errno {errno}"),
        Answer::Killed => writeln!(said, "result: killed"),
        Answer::CannotSay(what) => return format!("no words for: {what}\n"),
    }
    .expect("text");
    let after = State::now();
    // SAFETY: the calls only return ids.
    let ids = unsafe { [libc::getpid(), child, libc::getpgrp(), libc::getsid(0)] };
    let left = match (before == after, wait(-1)) {
        (true, Err(libc::ECHILD)) => "nothing".into(),
        (_, child) => format!("{before:?}, now {after:?}, child {child:?}"),
    };
    writeln!(said, "left over: {left}\nids: {ids:?}").expect("text");
    said
}

fn prepare(situation: &Situation) {
    // SAFETY: this process belongs to this situation alone and has one thread. Each call gets valid arguments.
    unsafe {
        for fd in 3..DESCRIPTORS {
            libc::close(fd);
        }
        for (fd, path) in [(0, c"stdin"), (1, c"stdout"), (2, c"stderr")] {
            open(
                fd,
                path,
                if fd == 0 {
                    libc::O_RDONLY
                } else {
                    libc::O_WRONLY
                },
            );
        }
        for signal in 1..=64 {
            // This calls the kernel directly. The C library refuses the signals that it reserves, and glibc's
            // `posix_spawn`, which may have started this program, has left those signals ignored. In a `struct
            // sigaction`, zeros mean the default action.
            let (default, size) = ([0u64; 8], size_of::<u64>());
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                default.as_ptr(),
                null::<u64>(),
                size,
            );
        }
        libc::sigprocmask(libc::SIG_SETMASK, &set(&[]), null_mut());
        libc::umask(0o022);
        assert_eq!(libc::clearenv(), 0);
        for word in &situation.words {
            become_(word);
        }
    }
}

/// Changes this process as a word of the situation says.
///
/// # Safety
///
/// The process must belong to the situation alone and have one thread.
unsafe fn become_(word: &Word) {
    let limit = |resource, soft| {
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: the call writes the variable before it is read.
        unsafe {
            assert_eq!(libc::getrlimit(resource, &mut limit), 0);
            limit.rlim_cur = soft;
            assert_eq!(libc::setrlimit(resource, &limit), 0);
        }
    };
    // SAFETY: the caller upholds the safety contract of these calls.
    unsafe {
        match word {
            Word::Shut(fd) => assert_eq!(libc::close(*fd), 0),
            Word::Have(fd) => open(*fd, c"three", libc::O_RDONLY),
            Word::HaveCloexec(fd) => {
                open(*fd, c"three", libc::O_RDONLY);
                assert_eq!(libc::fcntl(*fd, libc::F_SETFD, libc::FD_CLOEXEC), 0);
            }
            Word::HaveDirectory(fd) => open(*fd, c"directory", libc::O_RDONLY),
            Word::Nofile(count) => limit(libc::RLIMIT_NOFILE, *count as u64),
            Word::Full(count) => {
                limit(libc::RLIMIT_NOFILE, *count as u64);
                while libc::open(c"three".as_ptr(), libc::O_RDONLY) >= 0 {}
            }
            Word::Ignore(signal) => {
                libc::signal(*signal, libc::SIG_IGN);
            }
            Word::Handle(signal) => {
                let mut action: libc::sigaction = zeroed();
                action.sa_sigaction = count as extern "C" fn(c_int) as usize;
                assert_eq!(libc::sigaction(*signal, &action, null_mut()), 0);
            }
            Word::Block(signal) => block(*signal),
            Word::Pending(signal) => {
                block(*signal);
                libc::raise(*signal);
            }
            Word::Umask(mask) => {
                libc::umask(*mask);
            }
            Word::Unprivileged if libc::geteuid() == 0 => {
                assert_eq!(libc::setgroups(0, null()), 0);
                assert_eq!(libc::setgid(NOBODY), 0);
                assert_eq!(libc::setuid(NOBODY), 0);
            }
            Word::Seteuid => {
                assert_eq!(libc::setegid(NOBODY), 0);
                assert_eq!(libc::seteuid(NOBODY), 0);
            }
            Word::Nproc(count) => limit(libc::RLIMIT_NPROC, *count),
            Word::FileSize(size) => limit(libc::RLIMIT_FSIZE, *size),
            Word::Path(path) => {
                let path = c_string(path);
                assert_eq!(libc::setenv(c"PATH".as_ptr(), path.as_ptr(), 1), 0);
            }
            _ => {}
        }
    }
}

/// Opens a file at the given descriptor.
///
/// # Safety
///
/// The number must belong to the situation.
unsafe fn open(fd: c_int, path: &CStr, flags: c_int) {
    // SAFETY: the caller upholds the safety contract of these calls.
    unsafe {
        let opened = libc::open(path.as_ptr(), flags);
        assert!(opened >= 0, "{path:?}");
        if opened != fd {
            assert_eq!(libc::dup2(opened, fd), fd);
            libc::close(opened);
        }
    }
}

fn block(signal: c_int) {
    // SAFETY: the call reads a signal set.
    unsafe { libc::sigprocmask(libc::SIG_BLOCK, &set(&[signal]), null_mut()) };
}

static HANDLED: AtomicU32 = AtomicU32::new(0);

extern "C" fn count(signal: c_int) {
    // `SIGCHLD` becomes pending when the child ends.
    if signal != libc::SIGCHLD {
        HANDLED.fetch_add(1, Ordering::Relaxed);
    }
}

/// The state that a spawn must leave as it was.
#[derive(PartialEq, Debug)]
struct State {
    /// The open descriptors, each with its close-on-exec flag.
    descriptors: Vec<(c_int, c_int)>,
    blocked: Vec<c_int>,
    actions: Vec<usize>,
    handled: u32,
    ids: [u32; 4],
    umask: u32,
    dumpable: c_int,
    directory: Option<CString>,
    path: Option<CString>,
}

impl State {
    fn now() -> Self {
        // SAFETY: these calls read state; the mask is restored.
        unsafe {
            let flags = |fd| (fd, libc::fcntl(fd, libc::F_GETFD));
            let mut mask = MaybeUninit::uninit();
            libc::sigprocmask(libc::SIG_BLOCK, null(), mask.as_mut_ptr());
            let mask = mask.assume_init();
            let action = |signal| {
                let mut action: libc::sigaction = zeroed();
                libc::sigaction(signal, null(), &mut action);
                action.sa_sigaction
            };
            let umask = libc::umask(0);
            libc::umask(umask);
            let mut directory = vec![0; 4096];
            let known = !libc::getcwd(directory.as_mut_ptr().cast(), directory.len()).is_null();
            Self {
                descriptors: (0..DESCRIPTORS)
                    .map(flags)
                    .filter(|&(_, flags)| flags >= 0)
                    .collect(),
                blocked: (1..=64)
                    .filter(|&signal| libc::sigismember(&mask, signal) == 1)
                    .collect(),
                actions: (1..=64).map(action).collect(),
                handled: HANDLED.load(Ordering::Relaxed),
                ids: [
                    libc::getuid(),
                    libc::geteuid(),
                    libc::getgid(),
                    libc::getegid(),
                ],
                umask,
                dumpable: libc::prctl(libc::PR_GET_DUMPABLE),
                directory: known.then(|| CStr::from_ptr(directory.as_ptr().cast()).into()),
                path: variable(c"PATH"),
            }
        }
    }
}

/// Waits for a child. Returns its status, or the errno.
fn wait(pid: libc::pid_t) -> Result<c_int, c_int> {
    loop {
        let mut status = 0;
        // SAFETY: `waitpid` writes the status; the rest reads this thread's errno.
        let (answer, errno) = unsafe {
            let flags = if pid == -1 { libc::WNOHANG } else { 0 };
            (
                libc::waitpid(pid, &mut status, flags),
                *libc::__errno_location(),
            )
        };
        match answer {
            -1 if errno == libc::EINTR => {}
            -1 => return Err(errno),
            _ => return Ok(status),
        }
    }
}

// ---- What the ways use ----

/// The program's environment: the path of its report, and `PATH`.
pub fn environment(situation: &Situation) -> Vec<CString> {
    let mut directory = vec![0; 4096];
    // SAFETY: the buffer is passed with its length.
    let directory = unsafe {
        assert!(!libc::getcwd(directory.as_mut_ptr().cast(), directory.len()).is_null());
        CStr::from_ptr(directory.as_ptr().cast())
    };
    let report = format!("NESTLING_OUT={}/report", directory.to_string_lossy());
    let path = situation.path().map(|path| format!("PATH={path}"));
    [report]
        .into_iter()
        .chain(path)
        .map(|entry| c_string(&entry))
        .collect()
}

/// `PATH` of the parent.
pub fn path() -> Option<CString> {
    variable(c"PATH")
}

fn variable(name: &CStr) -> Option<CString> {
    // SAFETY: this process has one thread, so the environment does not change during the call.
    unsafe {
        let value = libc::getenv(name.as_ptr());
        (!value.is_null()).then(|| CStr::from_ptr(value).into())
    }
}

pub fn group(group: &Group) -> libc::pid_t {
    match group {
        Group::Number(number) => *number,
        // SAFETY: `getpgrp` takes no argument.
        Group::Parents => unsafe { libc::getpgrp() },
        Group::Foreign => 1,
    }
}

pub fn set(signals: &[c_int]) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the set is initialised before signals are added.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for &signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    }
}

fn c_string(text: &str) -> CString {
    CString::new(text).expect("no nulls")
}

// ---- What the main program uses ----

pub fn read(path: &CStr) -> String {
    let mut text = Vec::new();
    // SAFETY: the buffer is passed with its length.
    unsafe {
        let file = libc::open(path.as_ptr(), libc::O_RDONLY);
        assert!(file >= 0, "{path:?}");
        loop {
            let mut room = [0; 4096];
            match libc::read(file, room.as_mut_ptr().cast(), room.len()) {
                0 => break,
                count => text.extend_from_slice(&room[..usize::try_from(count).expect("a file")]),
            }
        }
        libc::close(file);
    }
    String::from_utf8(text).expect("text")
}

pub fn print(text: &str) {
    // SAFETY: the text is passed with its length.
    unsafe { libc::write(1, text.as_ptr().cast(), text.len()) };
}
