//! The command line: options into actions and attributes, in arrays of a fixed size.

use core::cell::Cell;
use core::ffi::{CStr, c_char};
use core::fmt::{self, Display};

use nestling::rt::Process;
use nestling::spawn::{Action, Attributes, Memory, Program, Scheduler, Shell, Spawn};
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

/// What the command line asks for.
pub enum Request<'a> {
    Start(Options<'a>),
    Help,
}

/// What to start, and how.
pub struct Options<'a> {
    args: Args<'a>,
    descriptor: Option<RawFd>,
    arg0: Option<&'a CStr>,
    /// The arguments, if that changes them.
    changed_args: Option<Strings<'a>>,
    env: Args<'a>,
    /// The environment, if an option changes it.
    changed_env: Option<Strings<'a>>,
    actions: List<Action<'a>, ACTIONS>,
    /// Where the rest of the groups goes.
    groups: &'a mut [u32],
    attributes: Attributes<'a>,
    cgroup: Option<OwnedFd>,
    shell: Option<&'a CStr>,
    shell_args: [Cell<*const c_char>; STRINGS],
}

impl<'a> Options<'a> {
    /// Reads the command line. The groups it names are put into `groups`.
    pub fn parse(process: Process, groups: &'a mut [u32]) -> Result<Request<'a>, Problem<'a>> {
        let mut words = Words(process.args().skip(1));
        let mut options = Self {
            args: Args::EMPTY,
            descriptor: None,
            arg0: None,
            changed_args: None,
            env: process.env(),
            changed_env: None,
            actions: List::new(Action::ResetIds),
            groups,
            attributes: Attributes::default(),
            cgroup: None,
            shell: None,
            shell_args: Shell::room(),
        };
        while let Some(Word {
            option,
            name,
            value,
        }) = words.option()
        {
            let known = OPTIONS.iter().find(|(known, _)| known.as_bytes() == name);
            let kind = known.map(|(_, kind)| kind);
            let value = match kind {
                Some(Kind::Help) => return Ok(Request::Help),
                Some(Kind::Flag(_)) | None => value,
                Some(_) => value.or_else(|| words.next()),
            };
            let answer = match kind {
                Some(kind) => options.set(kind, value),
                None => Err(Wrong::NoSuchOption),
            };
            answer.map_err(|wrong| Problem {
                option,
                value,
                wrong,
            })?;
        }
        options.args = words.0;
        if options.args.is_empty() && options.descriptor.is_none() {
            let wrong = Wrong::Missing;
            return Err(Problem {
                option: b"PROGRAM",
                value: None,
                wrong,
            });
        }
        if let Some(arg0) = options.arg0 {
            let args = core::iter::once(arg0).chain(options.args.skip(1).iter());
            let wrong = Wrong::TooManyArguments;
            let problem = Problem {
                option: b"--arg0",
                value: options.arg0,
                wrong,
            };
            options.changed_args = Some(List::collect(args).ok_or(problem)?);
        }
        Ok(Request::Start(options))
    }

    fn set(&mut self, kind: &Kind, value: Option<&'a CStr>) -> Result<(), Wrong> {
        let action = match (kind, value.map(Value::of)) {
            (Kind::Flag(set), None) => return set(self),
            (Kind::Help | Kind::Flag(_), Some(_)) => return Err(Wrong::TakesNoValue),
            (_, None) => return Err(Wrong::NoValue),
            (Kind::Other(set), Some(value)) => return set(self, value),
            (Kind::Descriptor(action), Some(value)) => action(value.natural()?),
            (Kind::Id(action), Some(value)) => action(value.id()?),
            (Kind::Path(action), Some(value)) => action(value.string),
        };
        self.add(action)
    }

    #[inline(never)]
    fn add(&mut self, action: Action<'a>) -> Result<(), Wrong> {
        self.actions.push(action).ok_or(Wrong::TooManyActions)
    }

    /// Takes a variable out of the environment, which can be changed further then.
    fn env_without(&mut self, name: &[u8]) -> Result<&mut Strings<'a>, Wrong> {
        let mut env = match self.changed_env.take() {
            Some(env) => env,
            None => List::collect(self.env.iter()).ok_or(Wrong::TooManyVariables)?,
        };
        env.retain(|entry| {
            let value = entry.and_then(|entry| entry.as_c_str().to_bytes().strip_prefix(name));
            !value.is_some_and(|value| value.starts_with(b"="))
        });
        Ok(self.changed_env.insert(env))
    }

    /// `--env NAME=VALUE`
    fn set_variable(&mut self, value: Value<'a>) -> Result<(), Wrong> {
        let (name, _) = value.split(b'=').ok_or(Wrong::NoVariable)?;
        let env = self.env_without(name.bytes)?;
        env.push_string(value.string).ok_or(Wrong::TooManyVariables)
    }

    /// `--groups GID,…`
    fn add_groups(&mut self, value: Value<'a>) -> Result<(), Wrong> {
        let mut count = 0;
        for group in value.list() {
            *self.groups.get_mut(count).ok_or(Wrong::TooManyGroups)? = group.id()?;
            count += 1;
        }
        let groups = core::mem::take(&mut self.groups).split_at_mut_checked(count);
        let (used, rest) = groups.ok_or(Wrong::TooManyGroups)?;
        self.groups = rest;
        self.add(Action::Groups(used))
    }

    /// What was asked for, borrowed.
    pub fn spawn(&self) -> Spawn<'_> {
        let env = self.changed_env.as_ref().map_or(self.env, List::strings);
        let program = match (self.descriptor, self.args.first()) {
            (None, Some(name)) => Program::Search {
                name,
                path: env.var(c"PATH"),
            },
            (descriptor, _) => Program::Descriptor(descriptor.unwrap_or(-1)),
        };
        Spawn {
            actions: self.actions.items(),
            attributes: Attributes {
                cgroup: self.cgroup.as_ref().map(AsFd::as_fd),
                ..self.attributes
            },
            shell: self.shell.map(|path| Shell {
                path,
                room: &self.shell_args,
            }),
            ..Spawn::new(
                program,
                self.changed_args.as_ref().map_or(self.args, List::strings),
                env,
            )
        }
    }
}

/// An option: what its value is, and what it does.
enum Kind {
    Help,
    Flag(fn(&mut Options<'_>) -> Result<(), Wrong>),
    Descriptor(fn(RawFd) -> Action<'static>),
    Id(fn(u32) -> Action<'static>),
    Path(for<'a> fn(&'a CStr) -> Action<'a>),
    Other(for<'a> fn(&mut Options<'a>, Value<'a>) -> Result<(), Wrong>),
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
        Kind::Other(|options, value| options.add(Action::Umask(value.octal()?))),
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
            options.attributes.new_session = true;
            Ok(())
        }),
    ),
    (
        "setpgid",
        Kind::Other(|options, value| {
            options.attributes.process_group = Some(value.natural()?);
            Ok(())
        }),
    ),
    (
        "nice",
        Kind::Other(|options, value| {
            options.attributes.nice = Some(value.integer()?);
            Ok(())
        }),
    ),
    (
        "sched",
        Kind::Other(|options, value| {
            options.attributes.scheduler = Some(scheduler(value)?);
            Ok(())
        }),
    ),
    (
        "no-new-privs",
        Kind::Flag(|options| {
            options.attributes.no_new_privs = true;
            Ok(())
        }),
    ),
    (
        "cgroup",
        Kind::Other(|options, value| {
            options.cgroup = Some(directory(value.string)?);
            Ok(())
        }),
    ),
    (
        "default",
        Kind::Other(|options, value| {
            options.attributes.default_signals = value.signals()?;
            Ok(())
        }),
    ),
    (
        "block",
        Kind::Other(|options, value| {
            options.attributes.signal_mask = Some(value.signals()?);
            Ok(())
        }),
    ),
    (
        "parent-death",
        Kind::Other(|options, value| {
            options.attributes.parent_death_signal = Some(value.signal()?);
            Ok(())
        }),
    ),
    (
        "copy",
        Kind::Flag(|options| {
            options.attributes.memory = Memory::Copied;
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
        Kind::Other(|options, value| options.env_without(value.bytes).map(drop)),
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
            options.arg0 = Some(value.string);
            Ok(())
        }),
    ),
    (
        "shell",
        Kind::Other(|options, value| {
            options.shell = Some(value.string);
            Ok(())
        }),
    ),
    (
        "descriptor",
        Kind::Other(|options, value| {
            options.descriptor = Some(value.natural()?);
            Ok(())
        }),
    ),
];

/// `--dup FROM,TO`
fn dup(value: Value<'_>) -> Result<Action<'_>, Wrong> {
    let (from, to) = value.split(b',').ok_or(Wrong::NoPair)?;
    Ok(Action::Dup2 {
        from: from.natural()?,
        to: to.natural()?,
    })
}

/// `--open FD,HOW[,MODE]=FILE`
fn open(value: Value<'_>) -> Result<Action<'_>, Wrong> {
    let wrong = Wrong::NoOpen;
    let (how, path) = value.split(b'=').ok_or(wrong)?;
    let (fd, how) = how.split(b',').ok_or(wrong)?;
    let (how, mode) = match how.split(b',') {
        Some((how, mode)) => (how, mode.octal()?),
        None => (how, 0o666),
    };
    let mut flags = OFlags::default();
    for letter in how.bytes {
        let flag = match letter {
            b'r' => OFlags::RDONLY,
            b'w' => OFlags::WRONLY,
            b'b' => OFlags::RDWR,
            b'c' => OFlags::CREAT,
            b'x' => OFlags::CREAT | OFlags::EXCL,
            b't' => OFlags::TRUNC,
            b'a' => OFlags::APPEND,
            _ => return Err(wrong),
        };
        flags = flags | flag;
    }
    Ok(Action::Open {
        fd: fd.natural()?,
        path: path.string,
        flags,
        mode,
    })
}

/// `--limit NAME=SOFT[:HARD]`
fn limit(value: Value<'_>) -> Result<Action<'_>, Wrong> {
    let (name, limits) = value.split(b'=').ok_or(Wrong::NoLimit)?;
    let resource = Resource::from_name(name.bytes).ok_or(Wrong::NoSuchLimit)?;
    let (soft, hard) = limits.split(b':').unwrap_or((limits, limits));
    let limit = |value: Value<'_>| match value.bytes {
        b"unlimited" => Ok(Rlimit::INFINITY),
        _ => value.number(10),
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
fn scheduler(value: Value<'_>) -> Result<Scheduler, Wrong> {
    let (name, priority) = match value.split(b',') {
        Some((name, priority)) => (name, priority.integer()?),
        None => (value, 0),
    };
    let policy = match name.bytes {
        b"other" => Policy::Other,
        b"fifo" => Policy::Fifo,
        b"rr" => Policy::RoundRobin,
        b"batch" => Policy::Batch,
        b"idle" => Policy::Idle,
        _ => return Err(Wrong::NoPolicy),
    };
    Ok(Scheduler {
        policy: Some(policy),
        priority,
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
        let (before, value) = match Value::of(word).split(b'=') {
            Some((before, after)) => (before.bytes, Some(after.string)),
            None => (word.to_bytes(), None),
        };
        Some(Word {
            option: before,
            name: before.get(2..)?,
            value,
        })
    }
}

/// An option's value, or a part of it.
#[derive(Clone, Copy)]
struct Value<'a> {
    /// From the part on to the end of the word.
    string: &'a CStr,
    /// The part.
    bytes: &'a [u8],
}

impl<'a> Value<'a> {
    fn of(string: &'a CStr) -> Self {
        Self {
            string,
            bytes: string.to_bytes(),
        }
    }

    /// What is before the first such byte and what is after.
    #[inline(never)]
    fn split(self, byte: u8) -> Option<(Self, Self)> {
        let at = self.bytes.iter().position(|&other| other == byte)?;
        let (before, after) = (self.bytes.get(..at)?, self.bytes.get(at + 1..)?);
        let string = sys::args::tail(self.string, at + 1)?;
        Some((
            Self {
                bytes: before,
                ..self
            },
            Self {
                string,
                bytes: after,
            },
        ))
    }

    /// The parts between commas; none if it is empty.
    fn list(self) -> impl Iterator<Item = Self> {
        let mut rest = (!self.bytes.is_empty()).then_some(self);
        core::iter::from_fn(move || {
            let all = rest?;
            let (first, others) = match all.split(b',') {
                Some((first, others)) => (first, Some(others)),
                None => (all, None),
            };
            rest = others;
            Some(first)
        })
    }

    fn number(self, base: u32) -> Result<u64, Wrong> {
        text::number(self.bytes, base).ok_or(Wrong::NoNumber)
    }

    #[inline(never)]
    fn octal(self) -> Result<u32, Wrong> {
        let number = self.number(8).ok().filter(|&number| number <= 0o7777);
        Ok(number.ok_or(Wrong::NoPermissions)? as u32)
    }

    #[inline(never)]
    fn id(self) -> Result<u32, Wrong> {
        // The last one is no id: it stands for "none" in the system calls.
        let number = self
            .number(10)
            .ok()
            .filter(|&number| number < u32::MAX.into());
        Ok(number.ok_or(Wrong::NoId)? as u32)
    }

    #[inline(never)]
    fn natural(self) -> Result<i32, Wrong> {
        self.number(10)?.try_into().map_err(|_| Wrong::TooLarge)
    }

    #[inline(never)]
    fn integer(self) -> Result<i32, Wrong> {
        match self.bytes {
            [b'-', bytes @ ..] => Ok(-Self { bytes, ..self }.natural()?),
            _ => self.natural(),
        }
    }

    #[inline(never)]
    fn signal(self) -> Result<Signal, Wrong> {
        Signal::from_name(self.bytes).ok_or(Wrong::NoSignal)
    }

    fn signals(self) -> Result<SigSet, Wrong> {
        self.list()
            .try_fold(SigSet::EMPTY, |set, part| Ok(set.with(part.signal()?)))
    }
}

/// What is wrong with the command line.
pub struct Problem<'a> {
    option: &'a [u8],
    value: Option<&'a CStr>,
    wrong: Wrong,
}

/// A byte, so that a result with it is light.
#[derive(Clone, Copy)]
enum Wrong {
    Errno(Errno),
    NoSuchOption,
    TakesNoValue,
    NoValue,
    Missing,
    TooManyActions,
    TooManyGroups,
    TooManyArguments,
    NoPair,
    NoVariable,
    NoOpen,
    NoLimit,
    NoSuchLimit,
    NoPolicy,
    NoNumber,
    NoPermissions,
    NoId,
    TooLarge,
    NoSignal,
    TooManyVariables,
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
            wrong => {
                f.write_str(wrong.text())?;
                f.write_str("; see spawn --help")
            }
        }
    }
}

impl Wrong {
    fn text(self) -> &'static str {
        match self {
            Self::Errno(_) => "",
            Self::NoSuchOption => "no such option",
            Self::TakesNoValue => "it takes no value",
            Self::NoValue => "a value must follow",
            Self::Missing => "missing",
            Self::TooManyActions => "too many actions",
            Self::TooManyGroups => "too many groups",
            Self::TooManyArguments => "too many arguments beside it",
            Self::NoPair => "expected FROM,TO",
            Self::NoVariable => "expected NAME=VALUE",
            Self::NoOpen => "expected FD,HOW[,MODE]=FILE",
            Self::NoLimit => "expected NAME=SOFT[:HARD]",
            Self::NoSuchLimit => "there is no such limit",
            Self::NoPolicy => "expected other, fifo, rr, batch or idle",
            Self::NoNumber => "expected a number",
            Self::NoPermissions => "expected octal permissions",
            Self::NoId => "expected a numeric id",
            Self::TooLarge => "too large a number",
            Self::NoSignal => "expected the name or number of a signal",
            Self::TooManyVariables => "too many variables",
        }
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
    /// The strings, if there is room for them and the null.
    fn collect(strings: impl Iterator<Item = &'a CStr>) -> Option<Self> {
        let mut list = Self::new(None);
        for string in strings {
            list.push_string(string)?;
        }
        Some(list)
    }

    fn push_string(&mut self, string: &'a CStr) -> Option<()> {
        (self.length + 1 < STRINGS).then_some(())?;
        self.push(Some(Arg::from(string)))
    }

    fn retain(&mut self, keep: impl Fn(Option<Arg<'a>>) -> bool) {
        let old = core::mem::replace(self, Self::new(None));
        for &item in old.items().iter().filter(|item| keep(**item)) {
            self.push(item);
        }
    }

    fn strings(&self) -> Args<'_> {
        self.items
            .get(..=self.length)
            .and_then(Args::try_new)
            .unwrap_or(Args::EMPTY)
    }
}
