//! The command line. It converts options to actions and attributes, in arrays of a fixed size.

use core::cell::Cell;
use core::ffi::{CStr, c_char};

use nestling::spawn::{Action, CapabilitySet, Memory, Program, Scheduler, Shell, Spawn};
use nestling::text::{self, Quoted, Sink, Text};
use nestling::users::{Group, User};
use nestling::{
    Arg, Args, AsFd, Capabilities, Errno, OFlags, OwnedFd, Policy, RawFd, Resource, Rlimit, SigSet,
    Signal, c_str, io, sys,
};

/// The maximum number of groups on the command line.
pub const GROUPS: usize = 64;
/// The maximum number of actions on the command line.
const ACTIONS: usize = 64;
/// The maximum number of strings, including the null pointer at the end, of an environment or an argument list that an option
/// changes.
const STRINGS: usize = 1024;
/// The maximum size of `/etc/passwd` and of `/etc/group`, in bytes.
const FILE: usize = 256 * 1024;

/// The program to start and its settings, as the command line specifies them.
pub struct Options<'a> {
    /// The spawn, except for the fields that the other fields of this struct replace in [`spawn`](Self::spawn).
    spawn: Spawn<'a>,
    actions: List<Action<'a>, ACTIONS>,
    /// The unused part of the array of groups.
    groups: &'a mut [u32],
    changed_args: Option<Strings<'a>>,
    changed_env: Option<Strings<'a>>,
    arg0: Option<&'a CStr>,
    /// The reason why the last value was rejected.
    wrong: Wrong,

    descriptor: Option<RawFd>,
    cgroup: Option<OwnedFd>,

    shell: Option<&'a CStr>,
    shell_args: [Cell<*const c_char>; STRINGS],
}

/// What the command line asks for.
pub enum Request {
    Start,
    Help,
    Version,
}

impl<'a> Options<'a> {
    /// Makes an `Options` before the command line is read. `groups` is the array for the groups on the command line.
    pub fn new(env: Args<'a>, groups: &'a mut [u32]) -> Self {
        Self {
            spawn: Spawn::new(Program::Path(c""), Args::EMPTY, env),
            actions: List::new(Action::ResetIds),
            groups,
            changed_args: None,
            changed_env: None,
            arg0: None,
            wrong: Wrong::Value,

            descriptor: None,
            cgroup: None,
            shell: None,
            shell_args: Shell::room(),
        }
    }

    /// Reads the command line.
    pub fn read(&mut self, args: Args<'a>) -> Result<Request, Problem<'a>> {
        let mut words = Words(args.skip(1));
        while let Some(Word {
            option,
            name,
            value,
        }) = words.option()
        {
            let mut problem = Problem {
                option,
                value,
                wrong: Wrong::NoSuchOption,
            };
            let name = Name::of(name).ok_or(problem)?;
            if matches!(name, Name::Help) {
                return Ok(Request::Help);
            }
            if matches!(name, Name::Version) {
                return Ok(Request::Version);
            }
            if name.has_value() && value.is_none() {
                problem.value = words.next();
            }
            let answer = match (name.has_value(), problem.value) {
                (true, None) => Err(Wrong::NoValue),
                (false, Some(_)) => Err(Wrong::TakesNoValue),
                (_, value) => self.set(name, value.unwrap_or_default()).ok_or(self.wrong),
            };
            answer.map_err(|wrong| Problem { wrong, ..problem })?;
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
        Ok(Request::Start)
    }

    fn set(&mut self, name: Name, value: &'a CStr) -> Option<()> {
        let digits = value.to_bytes();
        let attributes = &mut self.spawn.attributes;
        let action = match name {
            Name::Help | Name::Version => None,

            Name::Open => Some(open(value)?),
            Name::Dup => Some(dup(value)?),
            Name::Close => Some(Action::Close(natural(digits)?)),
            Name::CloseFrom => Some(Action::CloseFrom(natural(digits)?)),
            Name::Chdir => Some(Action::Chdir(value)),
            Name::Fchdir => Some(Action::Fchdir(natural(digits)?)),
            Name::Chroot => {
                // Without the `chdir`, the working directory would still be outside of the new root directory.
                let pushed = self.actions.push(Action::Chroot(value));
                pushed.map_or_else(|| self.too_many(), |()| Some(Some(Action::Chdir(c"/"))))?
            }
            Name::Umask => Some(Action::Umask(octal(digits)?)),
            Name::Limit => Some(limit(value)?),
            Name::ResetIds => Some(Action::ResetIds),
            Name::Groups => Some(Action::Groups(self.groups(value)?)),
            Name::Gid => Some(Action::Gid(id(digits)?)),
            Name::Uid => Some(Action::Uid(id(digits)?)),
            Name::User => match self.user(digits) {
                Ok(action) => Some(action),
                Err(wrong) => {
                    self.wrong = wrong;
                    return None;
                }
            },
            Name::Bounding => Some(capabilities(CapabilitySet::Bounding, value)?),
            Name::Inheritable => Some(capabilities(CapabilitySet::Inheritable, value)?),
            Name::Ambient => Some(capabilities(CapabilitySet::Ambient, value)?),
            Name::Securebits => Some(Action::Securebits(octal(digits)?)),
            Name::Terminal => Some(Action::ControllingTerminal(natural(digits)?)),
            Name::Foreground => Some(Action::SetForeground(natural(digits)?)),

            Name::SetSid => put(&mut attributes.new_session, true),
            Name::SetPgid => put(&mut attributes.process_group, Some(natural(digits)?)),
            Name::Nice => put(&mut attributes.nice, Some(integer(digits)?)),
            Name::OomScoreAdj => put(&mut attributes.oom_score_adj, Some(integer(digits)?)),
            Name::Sched => put(&mut attributes.scheduler, Some(scheduler(value)?)),
            Name::NoNewPrivs => put(&mut attributes.no_new_privs, true),
            Name::Cgroup => self.open_cgroup(value)?,
            Name::Default => put(&mut attributes.default_signals, signals(value)?),
            Name::Block => put(&mut attributes.signal_mask, Some(signals(value)?)),
            Name::ParentDeath => put(&mut attributes.parent_death_signal, Some(signal(digits)?)),
            Name::Copy => put(&mut attributes.memory, Memory::Copied),

            Name::Env => self.set_variable(value)?,
            Name::Unset => self.env_without(digits).map(|_| None)?,
            Name::ClearEnv => put(&mut self.changed_env, Some(List::new(None))),
            Name::Arg0 => put(&mut self.arg0, Some(value)),
            Name::Shell => put(&mut self.shell, Some(value)),
            Name::Descriptor => put(&mut self.descriptor, Some(natural(digits)?)),
        };
        action
            .map_or(Some(()), |action| self.actions.push(action))
            .or_else(|| self.too_many())
    }

    /// Removes a variable from the environment, and returns the environment, to which the caller can add strings.
    fn env_without(&mut self, name: &[u8]) -> Option<&mut Strings<'a>> {
        if name.is_empty() || text::contains(name, b'=') {
            return None;
        }
        let old = self.changed_env.take();
        let env = self.changed_env.insert(List::new(None));
        let mut strings = old
            .as_ref()
            .map_or(self.spawn.env.as_slice(), List::items)
            .iter();
        while let Some(Some(entry)) = strings.next() {
            let value = text::after(entry.as_c_str().to_bytes(), name);
            if matches!(value, Some([b'=', ..])) {
                continue;
            }
            if env.push_string(entry.as_c_str()).is_none() {
                self.wrong = Wrong::TooMany;
                return None;
            }
        }
        Some(env)
    }

    /// Opens the directory of `--cgroup DIR`.
    fn open_cgroup(&mut self, path: &CStr) -> Option<Option<Action<'a>>> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match sys::fd::open(path, flags, 0) {
            Ok(directory) => Some(put(&mut self.cgroup, Some(directory))),
            Err(errno) => {
                self.wrong = Wrong::Errno(errno);
                None
            }
        }
    }

    /// Sets the variable of `--env NAME=VALUE`.
    fn set_variable(&mut self, value: &'a CStr) -> Option<Option<Action<'a>>> {
        let (name, _) = split(value, b'=')?;
        match self.env_without(name)?.push_string(value) {
            Some(()) => Some(None),
            None => self.too_many(),
        }
    }

    fn too_many<T>(&mut self) -> Option<T> {
        self.wrong = Wrong::TooMany;
        None
    }

    /// Parses the value of `--groups GID,…`.
    fn groups(&mut self, value: &CStr) -> Option<&'a [u32]> {
        let mut count = 0;
        let mut rest = list(value);
        while let Some(group) = next_part(&mut rest) {
            let group = id(group)?;
            match self.groups.get_mut(count) {
                Some(place) => *place = group,
                None => return self.too_many(),
            }
            count += 1;
        }
        let (used, rest) = core::mem::take(&mut self.groups).split_at_mut_checked(count)?;
        self.groups = rest;
        Some(used)
    }

    /// Converts `--user NAME` to actions that set the user's groups, group id and user id. Returns the last of them. (This function is
    /// separate, so that the array for a file is on the stack only when it is needed.)
    #[inline(never)]
    fn user(&mut self, name: &[u8]) -> Result<Action<'a>, Wrong> {
        let mut text = [0; FILE];
        let mut lines = read(c"/etc/passwd", &mut text)?;
        let (uid, gid) = loop {
            if lines.is_empty() {
                return Err(Wrong::NoSuchUser);
            }
            match User::parse(text::next_field(&mut lines, b'\n')) {
                Some(user) if user.name == name => break (user.uid, user.gid),
                _ => {}
            }
        };
        let groups = core::mem::take(&mut self.groups);
        let mut count = 0;
        let mut found = Some(gid);
        let mut lines = read(c"/etc/group", &mut text)?;
        loop {
            if let Some(group) = found {
                *groups.get_mut(count).ok_or(Wrong::TooMany)? = group;
                count += 1;
            }
            if lines.is_empty() {
                break;
            }
            found = Group::parse(text::next_field(&mut lines, b'\n'))
                .filter(|group| group.gid != gid && group.has_member(name))
                .map(|group| group.gid);
        }
        let (used, rest) = groups.split_at_mut_checked(count).unwrap_or_default();
        self.groups = rest;
        for action in [Action::Groups(used), Action::Gid(gid)] {
            self.actions.push(action).ok_or(Wrong::TooMany)?;
        }
        Ok(Action::Uid(uid))
    }

    /// Returns a warning if root's actions set a user id, but do not set both the groups and the group id.
    pub fn warning(&self) -> Option<Problem<'a>> {
        let kinds = self.actions.items().iter().fold(0, |kinds, action| {
            kinds
                | match action {
                    Action::Uid(1..) => 1,
                    Action::Gid(_) => 2,
                    Action::Groups(_) => 4,
                    _ => 0,
                }
        });
        let keeps_groups = kinds & 1 != 0 && kinds != 7;
        (keeps_groups && sys::credentials::geteuid() == Ok(0)).then_some(Problem {
            option: b"--uid",
            value: None,
            wrong: Wrong::KeepsGroups,
        })
    }

    /// Returns the spawn that the command line describes.
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

macro_rules! options {
    ($($option:ident $name:literal)*) => {
        /// The options.
        #[derive(Clone, Copy)]
        enum Name {
            $($option),*
        }

        impl Name {
            fn of(name: &[u8]) -> Option<Self> {
                let index = text::position(concat!($($name, " "),*), name)?;
                [$(Self::$option),*].get(index).copied()
            }
        }
    };
}

options! {
    Help "help"
    Version "version"
    SetSid "setsid"
    NoNewPrivs "no-new-privs"
    Copy "copy"
    ClearEnv "clear-env"
    ResetIds "reset-ids"
    Open "open"
    Dup "dup"
    Close "close"
    CloseFrom "close-from"
    Chdir "chdir"
    Fchdir "fchdir"
    Chroot "chroot"
    Umask "umask"
    Limit "limit"
    Groups "groups"
    Gid "gid"
    Uid "uid"
    User "user"
    Bounding "bounding"
    Inheritable "inheritable"
    Ambient "ambient"
    Securebits "securebits"
    Terminal "terminal"
    Foreground "foreground"
    SetPgid "setpgid"
    Nice "nice"
    OomScoreAdj "oom-score-adj"
    Sched "sched"
    Cgroup "cgroup"
    Default "default"
    Block "block"
    ParentDeath "parent-death"
    Env "env"
    Unset "unset"
    Arg0 "arg0"
    Shell "shell"
    Descriptor "descriptor"
}

impl Name {
    fn has_value(self) -> bool {
        self as u8 > Self::ResetIds as u8
    }
}

/// Reads a file. If it is too long, the part that does not fit might name the user: fails with [`Wrong::TooMany`].
fn read<'t>(path: &CStr, text: &'t mut [u8; FILE]) -> Result<&'t [u8], Wrong> {
    let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0).map_err(Wrong::Errno)?;
    let length = io::fill(file.as_fd(), text).map_err(Wrong::Errno)?;
    match text.get(..length) {
        Some(text) if length < FILE => Ok(text),
        _ => Err(Wrong::TooMany),
    }
}

/// Sets a field for an option that is not an action.
fn put<'a, T>(place: &mut T, value: T) -> Option<Action<'a>> {
    *place = value;
    None
}

/// Parses the value of `--dup FROM,TO`.
fn dup(value: &CStr) -> Option<Action<'_>> {
    let (from, to) = split(value, b',')?;
    Some(Action::Dup2 {
        from: natural(from)?,
        to: natural(to.to_bytes())?,
    })
}

/// Parses the value of `--open FD,HOW[,MODE]=FILE`.
fn open(value: &CStr) -> Option<Action<'_>> {
    let (fd, how) = split(value, b',')?;
    let (_, path) = split(how, b'=')?;
    let (access, mut letters) = how.to_bytes().split_first()?;
    let mut flags = match access {
        b'r' => OFlags::RDONLY,
        b'w' => OFlags::WRONLY,
        b'b' => OFlags::RDWR,
        _ => return None,
    };
    let mut mode = 0o666;
    while let Some((letter, rest)) = letters.split_first() {
        letters = rest;
        let flag = match letter {
            b'c' => OFlags::CREAT,
            b'x' => OFlags::CREAT | OFlags::EXCL,
            b't' => OFlags::TRUNC,
            b'a' => OFlags::APPEND,
            b'=' => break,
            b',' => {
                let (_, digits) = split(how, b',')?;
                let (digits, _) = split(digits, b'=')?;
                mode = octal(digits)?;
                break;
            }
            _ => return None,
        };
        flags = flags | flag;
    }
    Some(Action::Open {
        fd: natural(fd)?,
        path,
        flags,
        mode,
    })
}

/// Parses the value of `--limit NAME=SOFT[:HARD]`.
fn limit(value: &CStr) -> Option<Action<'_>> {
    let (name, limits) = split(value, b'=')?;
    let resource = Resource::from_name(name)?;
    let (soft, hard) = match split(limits, b':') {
        Some((soft, hard)) => (soft, hard.to_bytes()),
        None => (limits.to_bytes(), limits.to_bytes()),
    };
    let limit = |digits: &[u8]| match digits {
        b"unlimited" => Some(Rlimit::INFINITY),
        _ => number(digits, 10, u64::MAX),
    };
    Some(Action::Limit(
        resource,
        Rlimit {
            soft: limit(soft)?,
            hard: limit(hard)?,
        },
    ))
}

/// Parses the value of `--bounding CAP,…`, and of the options for the other sets of capabilities.
fn capabilities(which: CapabilitySet, value: &CStr) -> Option<Action<'_>> {
    let mut set = Capabilities::EMPTY;
    let mut rest = list(value);
    while let Some(name) = next_part(&mut rest) {
        set = set | Capabilities::from_name(name)?;
    }
    Some(Action::Capabilities(which, set))
}

/// Parses the value of `--sched POLICY[,PRIORITY]`.
fn scheduler(value: &CStr) -> Option<Scheduler> {
    let (name, priority) = match split(value, b',') {
        Some((name, priority)) => (name, natural(priority.to_bytes())?),
        None => (value.to_bytes(), 0),
    };
    let policy = Policy::from_name(name)?;
    Some(Scheduler {
        policy: Some(policy),
        priority,
    })
}

fn signal(name: &[u8]) -> Option<Signal> {
    Signal::from_name(name)
}

/// Parses a list of signals, `SIGNAL,…`.
fn signals(value: &CStr) -> Option<SigSet> {
    let mut set = SigSet::EMPTY;
    let mut rest = list(value);
    while let Some(name) = next_part(&mut rest) {
        set = set.with(signal(name)?);
    }
    Some(set)
}

/// The rest of the command line, which is not read yet.
struct Words<'a>(Args<'a>);

/// A word that is an option. `option` is the part before the `=` (or the whole word if it has no `=`), `name` is `option` without
/// the dashes, and `value` is the part after the `=`.
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

    /// Returns the next word if it is an option. The word `--` ends the options; the method skips it and returns `None`.
    fn option(&mut self) -> Option<Word<'a>> {
        let word = self.0.first()?;
        let name = text::after(word.to_bytes(), b"--")?;
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

/// Returns the parts of the string before and after the first `byte`.
#[inline(never)]
fn split(string: &CStr, byte: u8) -> Option<(&[u8], &CStr)> {
    let bytes = string.to_bytes();
    let at = bytes.iter().position(|&other| other == byte)?;
    Some((bytes.get(..at)?, c_str::tail(string, at + 1)?))
}

/// Removes the part before the next comma from `rest`, and returns it; `None` if nothing is left.
fn next_part<'a>(rest: &mut Option<&'a CStr>) -> Option<&'a [u8]> {
    let all = (*rest)?;
    let (part, others) = match split(all, b',') {
        Some((part, others)) => (part, Some(others)),
        None => (all.to_bytes(), None),
    };
    *rest = others;
    Some(part)
}

/// Returns a list whose elements are separated by commas, for [`next_part`]. An empty string is an empty list.
fn list(value: &CStr) -> Option<&CStr> {
    (!value.is_empty()).then_some(value)
}

#[inline(never)]
fn number(digits: &[u8], base: u32, most: u64) -> Option<u64> {
    text::number(digits, base).filter(|&number| number <= most)
}

fn natural(digits: &[u8]) -> Option<i32> {
    Some(number(digits, 10, i32::MAX as u64)? as i32)
}

fn octal(digits: &[u8]) -> Option<u32> {
    Some(number(digits, 8, 0o7777)? as u32)
}

fn id(digits: &[u8]) -> Option<u32> {
    // The next number, `u32::MAX`, is not an id: for the system calls, it means "no change".
    Some(number(digits, 10, u64::from(u32::MAX) - 1)? as u32)
}

fn integer(digits: &[u8]) -> Option<i32> {
    match digits {
        [b'-', digits @ ..] => Some(-natural(digits)?),
        _ => natural(digits),
    }
}

/// An error in the command line, or a warning about it.
#[derive(Clone, Copy)]
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
    NoSuchUser,
    KeepsGroups,
    Errno(Errno),
}

impl Text for Problem<'_> {
    fn write(&self, out: &mut impl Sink) {
        Quoted(self.option).write(out);
        if let Some(value) = self.value {
            " ".write(out);
            Quoted(value.to_bytes()).write(out);
        }
        ": ".write(out);
        let what = match self.wrong {
            Wrong::Errno(errno) => return errno.write(out),

            Wrong::NoSuchOption => "no such option",
            Wrong::TakesNoValue => "takes no value",
            Wrong::NoValue => "needs a value",
            Wrong::Value => "invalid value",
            Wrong::TooMany => "too many",
            Wrong::Missing => "missing",
            Wrong::NoSuchUser => "no such user in /etc/passwd",
            Wrong::KeepsGroups => "warning: without --groups and --gid, root's stay",
        };
        what.write(out);
        "; see spawn --help".write(out);
    }
}

/// A list of at most `N` items, stored in an array.
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

    /// Adds an item; returns `None` if the list is full.
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
    /// Adds a string; returns `None` if the list has no room for the string and a null pointer after it.
    #[inline(never)]
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
