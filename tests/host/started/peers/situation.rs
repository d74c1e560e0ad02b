//! The language of situations. A situation is a line of words. Each word states one thing: a property of the parent, an
//! attribute or an action of the child, or the program that it runs.
//!
//! ```text
//! have:3 ignore:PIPE setsid open:1,wc,new/out dup:1,2 chdir:directory run:./probe arg:x
//! ```
//!
//! Paths are relative to the folder that the test has made. `differential/main.rs` puts the files there.

use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;

pub struct Situation {
    pub words: Vec<Word>,
}

/// A word. Signals are the numbers of `signal(7)`; the flags of an open are those of `open(2)`.
#[derive(Debug, PartialEq)]
pub enum Word {
    // ---- The parent ----
    /// The descriptor is not open.
    Shut(i32),
    /// The descriptor is open on the file `three`.
    Have(i32),
    /// The descriptor is open on the file `three`, with the close-on-exec flag.
    HaveCloexec(i32),
    /// The descriptor is open on the directory `directory`.
    HaveDirectory(i32),
    /// The limit on descriptors: numbers must be below it.
    Nofile(i32),
    /// The limit on descriptors, with every number below it open.
    Full(i32),
    Ignore(i32),
    Handle(i32),
    Block(i32),
    /// The signal is blocked and pending.
    Pending(i32),
    Umask(u32),
    /// The parent is not root.
    Unprivileged,
    /// The parent is root with the effective ids of an ordinary user and group.
    Seteuid,
    /// The number of processes that the user may have.
    Nproc(u64),
    /// The number of bytes that a file may have.
    FileSize(u64),
    /// The value of `PATH`. Without this word `PATH` is not set.
    Path(String),

    // ---- Attributes ----
    Setsid,
    Setpgroup(Group),
    Mask(Vec<i32>),
    Default(Vec<i32>),
    Resetids,
    /// The scheduling policy and the priority.
    Scheduler(i32, i32),
    /// The priority, without a policy.
    Priority(i32),

    // ---- Actions ----
    Open(i32, i32, CString),
    Close(i32),
    Dup2(i32, i32),
    Chdir(CString),
    Fchdir(i32),
    CloseFrom(i32),

    // ---- The program ----
    /// The program's path.
    Run(CString),
    /// The program's name, to search for along `PATH`.
    Search(CString),
    /// An argument of the program.
    Arg(CString),
    /// An argument that has this many bytes.
    LongArg(usize),
}

/// A process group to join.
#[derive(Debug, PartialEq)]
pub enum Group {
    Number(i32),
    /// The parent's process group.
    Parents,
    /// A process group of another session: that of process 1.
    Foreign,
}

/// The permissions of the files that `open` makes, before the umask is applied.
pub const MODE: u32 = 0o664;

impl Situation {
    pub fn parse(line: &str) -> Option<Self> {
        let words = line.split(' ').map(word).collect::<Option<_>>()?;
        Some(Self { words })
    }

    /// The program: its path, or its name to search for along `PATH`. The second value is true if the program is given by its name.
    pub fn program(&self) -> (&CString, bool) {
        let program = self.words.iter().find_map(|word| match word {
            Word::Run(path) => Some((path, false)),
            Word::Search(name) => Some((name, true)),
            _ => None,
        });
        program.expect("a situation has a program")
    }

    /// The program's arguments. The first is its name.
    pub fn args(&self) -> Vec<CString> {
        let (program, _) = self.program();
        let others = self.words.iter().filter_map(|word| match word {
            Word::Arg(arg) => Some(arg.clone()),
            Word::LongArg(length) => Some(c_string(&"x".repeat(*length))),
            _ => None,
        });
        [program.clone()].into_iter().chain(others).collect()
    }

    pub fn path(&self) -> Option<&str> {
        self.words.iter().find_map(|word| match word {
            Word::Path(path) => Some(&**path),
            _ => None,
        })
    }
}

fn word(word: &str) -> Option<Word> {
    let (name, value) = word.split_once(':').unwrap_or((word, ""));
    let number = || value.parse().ok();
    let pair = || {
        let (first, second) = value.split_once(',')?;
        Some((first.parse().ok()?, second.parse().ok()?))
    };
    Some(match name {
        "shut" => Word::Shut(number()?),
        "have" => Word::Have(number()?),
        "have-cloexec" => Word::HaveCloexec(number()?),
        "have-directory" => Word::HaveDirectory(number()?),
        "nofile" => Word::Nofile(number()?),
        "full" => Word::Full(number()?),
        "ignore" => Word::Ignore(signal(value)?),
        "handle" => Word::Handle(signal(value)?),
        "block" => Word::Block(signal(value)?),
        "pending" => Word::Pending(signal(value)?),
        "umask" => Word::Umask(u32::from_str_radix(value, 8).ok()?),
        "unprivileged" => Word::Unprivileged,
        "seteuid" => Word::Seteuid,
        "nproc" => Word::Nproc(value.parse().ok()?),
        "fsize" => Word::FileSize(value.parse().ok()?),
        "path" => Word::Path(value.split(':').map(repeated).collect::<Vec<_>>().join(":")),
        "setsid" => Word::Setsid,
        "setpgroup" => Word::Setpgroup(match value {
            "parents" => Group::Parents,
            "foreign" => Group::Foreign,
            _ => Group::Number(number()?),
        }),
        "mask" => Word::Mask(signals(value)?),
        "default" => Word::Default(signals(value)?),
        "resetids" => Word::Resetids,
        "scheduler" => {
            let (policy, priority) = pair()?;
            Word::Scheduler(policy, priority)
        }
        "priority" => Word::Priority(number()?),
        "open" => {
            let mut parts = value.splitn(3, ',');
            let (fd, flags, path) = (parts.next()?, parts.next()?, parts.next()?);
            Word::Open(
                fd.parse().ok()?,
                open_flags(flags)?,
                c_string(&repeated(path)),
            )
        }
        "close" => Word::Close(number()?),
        "dup2" => {
            let (from, to) = pair()?;
            Word::Dup2(from, to)
        }
        "chdir" => Word::Chdir(c_string(&repeated(value))),
        "fchdir" => Word::Fchdir(number()?),
        "closefrom" => Word::CloseFrom(number()?),
        "run" => Word::Run(c_string(&repeated(value))),
        "search" => Word::Search(c_string(&repeated(value))),
        "arg" => Word::Arg(c_string(value)),
        "long-arg" => Word::LongArg(value.parse().ok()?),
        _ => return None,
    })
}

fn c_string(text: &str) -> CString {
    CString::new(text).expect("a line without nulls")
}

/// Expands a path such as `x*300` to 300 times `x`.
fn repeated(path: &str) -> String {
    match path.rsplit_once('*') {
        Some((part, count)) => part.repeat(count.parse().expect("how many")),
        None => path.into(),
    }
}

fn signals(list: &str) -> Option<Vec<i32>> {
    list.split(',')
        .filter(|name| !name.is_empty())
        .map(signal)
        .collect()
}

fn signal(name: &str) -> Option<i32> {
    Some(match name {
        "HUP" => libc::SIGHUP,
        "INT" => libc::SIGINT,
        "KILL" => libc::SIGKILL,
        "USR1" => libc::SIGUSR1,
        "USR2" => libc::SIGUSR2,
        "PIPE" => libc::SIGPIPE,
        "TERM" => libc::SIGTERM,
        "CHLD" => libc::SIGCHLD,
        "TTOU" => libc::SIGTTOU,
        _ => return name.parse().ok(),
    })
}

fn open_flags(letters: &str) -> Option<i32> {
    letters.chars().try_fold(0, |flags, letter| {
        Some(
            flags
                | match letter {
                    'r' => libc::O_RDONLY,
                    'w' => libc::O_WRONLY,
                    'b' => libc::O_RDWR,
                    'a' => libc::O_APPEND,
                    'c' => libc::O_CREAT,
                    'd' => libc::O_DIRECTORY,
                    'e' => libc::O_CLOEXEC,
                    'f' => libc::O_NOFOLLOW,
                    'k' => libc::O_NONBLOCK,
                    'p' => libc::O_PATH,
                    't' => libc::O_TRUNC,
                    'x' => libc::O_EXCL,
                    _ => return None,
                },
        )
    })
}
