//! The command line: options into actions and attributes, in arrays of a fixed size.

use core::cell::Cell;
use core::ffi::{CStr, c_char};
use core::fmt::{self, Display};

use nestling::rt::Process;
use nestling::spawn::{Action, Memory, Program, Scheduler, Shell, Spawn};
use nestling::text::{self, Quoted};
use nestling::{
    Arg, Args, AsFd, Errno, OFlags, OwnedFd, Policy, RawFd, Resource, Rlimit, SigSet, Signal, sys,
};

/// How many groups a command line may name.
pub const GROUPS: usize = 64;
/// How many actions it may have.
const ACTIONS: usize = 64;
/// How many strings the environment may have where an option changes it, and the arguments likewise.
const STRINGS: usize = 1024;

/// What to start, and how, as the command line says.
pub struct Options<'a> {
    /// All but the lists, and what an option changes them to.
    spawn: Spawn<'a>,
    actions: List<Action<'a>, ACTIONS>,
    /// Where the rest of the groups goes.
    groups: &'a mut [u32],
    changed_args: Option<Strings<'a>>,
    changed_env: Option<Strings<'a>>,
    arg0: Option<&'a CStr>,
    descriptor: Option<RawFd>,
    cgroup: Option<OwnedFd>,
    shell: Option<&'a CStr>,
    shell_args: [Cell<*const c_char>; STRINGS],
}

impl<'a> Options<'a> {
    /// No options yet. The groups that they name are put into `groups`.
    pub fn new(process: Process, groups: &'a mut [u32]) -> Self {
        Self {
            spawn: Spawn::new(Program::Path(c""), Args::EMPTY, process.env()),
            actions: List::new(Action::ResetIds),
            groups,
            changed_args: None,
            changed_env: None,
            arg0: None,
            descriptor: None,
            cgroup: None,
            shell: None,
            shell_args: Shell::room(),
        }
    }

    /// Reads the command line up to the program and its arguments: whether to start it. Not if help is asked for.
    pub fn read(&mut self, args: Args<'a>) -> Result<bool, Problem<'a>> {
        let mut words = Words(args.skip(1));
        while let Some(Word {
            option,
            name,
            value,
        }) = words.option()
        {
            let known = OPTIONS.iter().find(|(known, _)| known.as_bytes() == name);
            let kind = known.map(|(_, kind)| kind);
            let value = match kind {
                Some(Kind::Help) => return Ok(false),
                Some(Kind::Flag(_)) | None => value,
                Some(_) => value.or_else(|| words.next()),
            };
            let answer = match kind {
                Some(kind) => self.set(kind, value),
                None => Err(Wrong::NoSuchOption),
            };
            answer.map_err(|wrong| Problem {
                option,
                value,
                wrong,
            })?;
        }
        let args = words.0;
        self.spawn.args = args;
        if args.is_empty() && self.descriptor.is_none() {
            return Err(Problem {
                option: b"PROGRAM",
                value: None,
                wrong: Wrong::Missing,
            });
        }
        if let Some(arg0) = self.arg0 {
            let mut changed = List::new(None);
            let mut fits = changed.push_string(arg0);
            for arg in args.skip(1).iter() {
                fits = changed.push_string(arg);
            }
            let wrong = Wrong::TooMany;
            fits.ok_or(Problem {
                option: b"--arg0",
                value: self.arg0,
                wrong,
            })?;
            self.changed_args = Some(changed);
        }
        Ok(true)
    }

    fn set(&mut self, kind: &Kind, value: Option<&'a CStr>) -> Result<(), Wrong> {
        let action = match (kind, value) {
            (Kind::Flag(set), None) => return set(self),
            (Kind::Help | Kind::Flag(_), Some(_)) => return Err(Wrong::TakesNoValue),
            (_, None) => return Err(Wrong::NoValue),
            (Kind::Other(set), Some(value)) => return set(self, value),
            (Kind::Descriptor(action), Some(value)) => action(natural(value.to_bytes())?),
            (Kind::Id(action), Some(value)) => action(id(value.to_bytes())?),
            (Kind::Path(action), Some(value)) => action(value),
        };
        self.add(action)
    }

    #[inline(never)]
    fn add(&mut self, action: Action<'a>) -> Result<(), Wrong> {
        self.actions.push(action).ok_or(Wrong::TooMany)
    }

    /// Takes a variable out of the environment, which can be changed further then.
    fn env_without(&mut self, name: &[u8]) -> Result<&mut Strings<'a>, Wrong> {
        let mut kept = List::new(None);
        let mut keep = |entry: &'a CStr| {
            let value = entry.to_bytes().strip_prefix(name);
            match value.is_some_and(|value| value.starts_with(b"=")) {
                true => Ok(()),
                false => kept.push_string(entry).ok_or(Wrong::TooMany),
            }
        };
        match self.changed_env.take() {
            None => self.spawn.env.iter().try_for_each(&mut keep)?,
            Some(list) => {
                let strings = list.items().iter().flatten().map(|arg| arg.as_c_str());
                strings.into_iter().try_for_each(&mut keep)?;
            }
        }
        Ok(self.changed_env.insert(kept))
    }

    /// `--env NAME=VALUE`
    fn set_variable(&mut self, value: &'a CStr) -> Result<(), Wrong> {
        let (name, _) = split(value, b'=').ok_or(Wrong::Value)?;
        let env = self.env_without(name)?;
        env.push_string(value).ok_or(Wrong::TooMany)
    }

    /// `--groups GID,…`
    fn add_groups(&mut self, value: &'a CStr) -> Result<(), Wrong> {
        let mut count = 0;
        for group in parts(value) {
            *self.groups.get_mut(count).ok_or(Wrong::TooMany)? = id(group)?;
            count += 1;
        }
        let groups = core::mem::take(&mut self.groups).split_at_mut_checked(count);
        let (used, rest) = groups.ok_or(Wrong::TooMany)?;
        self.groups = rest;
        self.add(Action::Groups(used))
    }

    /// What to start.
    pub fn spawn(&self) -> Spawn<'_> {
        let mut spawn = self.spawn;
        spawn.env = self.env();
        spawn.program = match (self.descriptor, spawn.args.first()) {
            (None, Some(name)) => Program::Search {
                name,
                path: spawn.env.var(c"PATH"),
            },
            (descriptor, _) => Program::Descriptor(descriptor.unwrap_or(-1)),
        };
        spawn.args = self.changed_args.as_ref().map_or(spawn.args, List::strings);
        spawn.actions = self.actions.items();
        spawn.attributes.cgroup = self.cgroup.as_ref().map(AsFd::as_fd);
        spawn.shell = self.shell.map(|path| Shell {
            path,
            room: &self.shell_args,
        });
        spawn
    }

    fn env(&self) -> Args<'_> {
        self.changed_env
            .as_ref()
            .map_or(self.spawn.env, List::strings)
    }
}

/// An option: what its value is, and what it does.
enum Kind {
    Help,
    Flag(fn(&mut Options<'_>) -> Result<(), Wrong>),
    Descriptor(fn(RawFd) -> Action<'static>),
    Id(fn(u32) -> Action<'static>),
    Path(for<'a> fn(&'a CStr) -> Action<'a>),
    Other(for<'a> fn(&mut Options<'a>, &'a CStr) -> Result<(), Wrong>),
}

static OPTIONS: [(&str, Kind); 32] = [
    ("help", Kind::Help),
    // Actions.
    (
        "open",
        Kind::Other(|options, value| options.add(open(value)?)),
    ),
    (
        "dup",
        Kind::Other(|options, value| options.add(dup(value)?)),
    ),
    ("close", Kind::Descriptor(Action::Close)),
    ("close-from", Kind::Descriptor(Action::CloseFrom)),
    ("chdir", Kind::Path(|path| Action::Chdir(path))),
    ("fchdir", Kind::Descriptor(Action::Fchdir)),
    ("chroot", Kind::Path(|path| Action::Chroot(path))),
    (
        "umask",
        Kind::Other(|options, value| options.add(Action::Umask(octal(value.to_bytes())?))),
    ),
    (
        "limit",
        Kind::Other(|options, value| options.add(limit(value)?)),
    ),
    (
        "reset-ids",
        Kind::Flag(|options| options.add(Action::ResetIds)),
    ),
    (
        "groups",
        Kind::Other(|options, value| options.add_groups(value)),
    ),
    ("gid", Kind::Id(Action::Gid)),
    ("uid", Kind::Id(Action::Uid)),
    ("terminal", Kind::Descriptor(Action::ControllingTerminal)),
    ("foreground", Kind::Descriptor(Action::SetForeground)),
    // Attributes.
    (
        "setsid",
        Kind::Flag(|options| {
            options.spawn.attributes.new_session = true;
            Ok(())
        }),
    ),
    (
        "setpgid",
        Kind::Other(|options, value| {
            options.spawn.attributes.process_group = Some(natural(value.to_bytes())?);
            Ok(())
        }),
    ),
    (
        "nice",
        Kind::Other(|options, value| {
            options.spawn.attributes.nice = Some(integer(value.to_bytes())?);
            Ok(())
        }),
    ),
    (
        "sched",
        Kind::Other(|options, value| {
            options.spawn.attributes.scheduler = Some(scheduler(value)?);
            Ok(())
        }),
    ),
    (
        "no-new-privs",
        Kind::Flag(|options| {
            options.spawn.attributes.no_new_privs = true;
            Ok(())
        }),
    ),
    (
        "cgroup",
        Kind::Other(|options, value| {
            options.cgroup = Some(directory(value)?);
            Ok(())
        }),
    ),
    (
        "default",
        Kind::Other(|options, value| {
            options.spawn.attributes.default_signals = signals(value)?;
            Ok(())
        }),
    ),
    (
        "block",
        Kind::Other(|options, value| {
            options.spawn.attributes.signal_mask = Some(signals(value)?);
            Ok(())
        }),
    ),
    (
        "parent-death",
        Kind::Other(|options, value| {
            options.spawn.attributes.parent_death_signal =
                Some(Signal::from_name(value.to_bytes()).ok_or(Wrong::Value)?);
            Ok(())
        }),
    ),
    (
        "copy",
        Kind::Flag(|options| {
            options.spawn.attributes.memory = Memory::Copied;
            Ok(())
        }),
    ),
    // The program.
    (
        "env",
        Kind::Other(|options, value| options.set_variable(value)),
    ),
    (
        "unset",
        Kind::Other(|options, value| options.env_without(value.to_bytes()).map(drop)),
    ),
    (
        "clear-env",
        Kind::Flag(|options| {
            options.changed_env = Some(List::new(None));
            Ok(())
        }),
    ),
    (
        "arg0",
        Kind::Other(|options, value| {
            options.arg0 = Some(value);
            Ok(())
        }),
    ),
    (
        "shell",
        Kind::Other(|options, value| {
            options.shell = Some(value);
            Ok(())
        }),
    ),
    (
        "descriptor",
        Kind::Other(|options, value| {
            options.descriptor = Some(natural(value.to_bytes())?);
            Ok(())
        }),
    ),
];

/// `--dup FROM,TO`
fn dup(value: &CStr) -> Result<Action<'_>, Wrong> {
    let (from, to) = split(value, b',').ok_or(Wrong::Value)?;
    Ok(Action::Dup2 {
        from: natural(from)?,
        to: natural(to.to_bytes())?,
    })
}

/// `--open FD,HOW[,MODE]=FILE`
fn open(value: &CStr) -> Result<Action<'_>, Wrong> {
    let (fd, how) = split(value, b',').ok_or(Wrong::Value)?;
    let (_, path) = split(how, b'=').ok_or(Wrong::Value)?;
    let mut flags = OFlags::default();
    let mut mode = 0o666;
    let mut letters = how.to_bytes();
    loop {
        let (&letter, rest) = letters.split_first().ok_or(Wrong::Value)?;
        letters = rest;
        flags = flags
            | match letter {
                b'r' => OFlags::RDONLY,
                b'w' => OFlags::WRONLY,
                b'b' => OFlags::RDWR,
                b'c' => OFlags::CREAT,
                b'x' => OFlags::CREAT | OFlags::EXCL,
                b't' => OFlags::TRUNC,
                b'a' => OFlags::APPEND,
                b'=' => break,
                b',' => {
                    let (_, digits) = split(how, b',').ok_or(Wrong::Value)?;
                    let (digits, _) = split(digits, b'=').ok_or(Wrong::Value)?;
                    mode = octal(digits)?;
                    break;
                }
                _ => return Err(Wrong::Value),
            };
    }
    Ok(Action::Open {
        fd: natural(fd)?,
        path,
        flags,
        mode,
    })
}

/// `--limit NAME=SOFT[:HARD]`
fn limit(value: &CStr) -> Result<Action<'_>, Wrong> {
    let (name, limits) = split(value, b'=').ok_or(Wrong::Value)?;
    let resource = Resource::from_name(name).ok_or(Wrong::Value)?;
    let (soft, hard) = match split(limits, b':') {
        Some((soft, hard)) => (soft, hard.to_bytes()),
        None => (limits.to_bytes(), limits.to_bytes()),
    };
    let limit = |digits: &[u8]| match digits {
        b"unlimited" => Ok(Rlimit::INFINITY),
        _ => number(digits, 10, u64::MAX),
    };
    Ok(Action::Limit(
        resource,
        Rlimit {
            soft: limit(soft)?,
            hard: limit(hard)?,
        },
    ))
}

/// `--sched POLICY[,PRIORITY]`
fn scheduler(value: &CStr) -> Result<Scheduler, Wrong> {
    let (name, priority) = match split(value, b',') {
        Some((name, priority)) => (name, natural(priority.to_bytes())?),
        None => (value.to_bytes(), 0),
    };
    let policy = match name {
        b"other" => Policy::Other,
        b"fifo" => Policy::Fifo,
        b"rr" => Policy::RoundRobin,
        b"batch" => Policy::Batch,
        b"idle" => Policy::Idle,
        _ => return Err(Wrong::Value),
    };
    Ok(Scheduler {
        policy: Some(policy),
        priority,
    })
}

/// `SIGNAL,…`
fn signals(value: &CStr) -> Result<SigSet, Wrong> {
    parts(value).try_fold(SigSet::EMPTY, |set, part| {
        Ok(set.with(Signal::from_name(part).ok_or(Wrong::Value)?))
    })
}

fn directory(path: &CStr) -> Result<OwnedFd, Wrong> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    sys::fd::open(path, flags, 0).map_err(Wrong::Errno)
}

/// The words of the command line that are still to be read.
struct Words<'a>(Args<'a>);

/// A word that is an option: all of it or what is before its `=`, the same without the dashes, and what is after the `=`.
struct Word<'a> {
    option: &'a [u8],
    name: &'a [u8],
    value: Option<&'a CStr>,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a CStr> {
        let next = self.0.first();
        self.0 = self.0.skip(1);
        next
    }

    /// The next word, if it is an option. The first `--` ends the options, and is passed over.
    fn option(&mut self) -> Option<Word<'a>> {
        let word = self.0.first()?;
        let name = word.to_bytes().strip_prefix(b"--")?;
        self.0 = self.0.skip(1);
        if name.is_empty() {
            return None;
        }
        let (before, value) = match split(word, b'=') {
            Some((before, after)) => (before, Some(after)),
            None => (word.to_bytes(), None),
        };
        Some(Word {
            option: before,
            name: before.get(2..)?,
            value,
        })
    }
}

/// What is before the first such byte and what is after.
#[inline(never)]
fn split(string: &CStr, byte: u8) -> Option<(&[u8], &CStr)> {
    let bytes = string.to_bytes();
    let at = bytes.iter().position(|&other| other == byte)?;
    Some((bytes.get(..at)?, sys::args::tail(string, at + 1)?))
}

/// The parts between commas; none if the string is empty.
fn parts(string: &CStr) -> impl Iterator<Item = &[u8]> {
    let mut rest = (!string.is_empty()).then_some(string);
    core::iter::from_fn(move || {
        let all = rest?;
        let (first, others) = match split(all, b',') {
            Some((first, others)) => (first, Some(others)),
            None => (all.to_bytes(), None),
        };
        rest = others;
        Some(first)
    })
}

#[inline(never)]
fn number(digits: &[u8], base: u32, most: u64) -> Result<u64, Wrong> {
    text::number(digits, base)
        .filter(|&number| number <= most)
        .ok_or(Wrong::Value)
}

fn natural(digits: &[u8]) -> Result<i32, Wrong> {
    Ok(number(digits, 10, i32::MAX as u64)? as i32)
}

fn octal(digits: &[u8]) -> Result<u32, Wrong> {
    Ok(number(digits, 8, 0o7777)? as u32)
}

fn id(digits: &[u8]) -> Result<u32, Wrong> {
    // The number above is no id: the system calls take it for "none".
    Ok(number(digits, 10, u64::from(u32::MAX) - 1)? as u32)
}

fn integer(digits: &[u8]) -> Result<i32, Wrong> {
    match digits {
        [b'-', digits @ ..] => Ok(-natural(digits)?),
        _ => natural(digits),
    }
}

/// What is wrong with the command line.
pub struct Problem<'a> {
    option: &'a [u8],
    value: Option<&'a CStr>,
    wrong: Wrong,
}

#[derive(Clone, Copy)]
enum Wrong {
    NoSuchOption,
    TakesNoValue,
    NoValue,
    Value,
    TooMany,
    Missing,
    Errno(Errno),
}

impl Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Quoted(self.option).fmt(f)?;
        if let Some(value) = self.value {
            f.write_str(" ")?;
            Quoted(value.to_bytes()).fmt(f)?;
        }
        f.write_str(": ")?;
        match self.wrong {
            Wrong::Errno(errno) => errno.fmt(f),
            Wrong::NoSuchOption => f.write_str("no such option"),
            Wrong::TakesNoValue => f.write_str("it takes no value"),
            Wrong::NoValue => f.write_str("a value must follow"),
            Wrong::Value => f.write_str("not understood"),
            Wrong::TooMany => f.write_str("too many of them"),
            Wrong::Missing => f.write_str("missing"),
        }?;
        f.write_str("; see spawn --help")
    }
}

/// A list in an array.
struct List<T, const N: usize> {
    items: [T; N],
    length: usize,
}

type Strings<'a> = List<Option<Arg<'a>>, STRINGS>;

impl<T: Copy, const N: usize> List<T, N> {
    fn new(filler: T) -> Self {
        Self {
            items: [filler; N],
            length: 0,
        }
    }

    /// Adds an item, if there is room.
    fn push(&mut self, item: T) -> Option<()> {
        *self.items.get_mut(self.length)? = item;
        self.length += 1;
        Some(())
    }

    fn items(&self) -> &[T] {
        self.items.get(..self.length).unwrap_or_default()
    }
}

impl<'a> Strings<'a> {
    /// Adds a string, if there is room for it and the null.
    fn push_string(&mut self, string: &'a CStr) -> Option<()> {
        (self.length + 1 < STRINGS).then_some(())?;
        self.push(Some(Arg::from(string)))
    }

    fn strings(&self) -> Args<'_> {
        self.items
            .get(..=self.length)
            .and_then(Args::try_new)
            .unwrap_or(Args::EMPTY)
    }
}
