//! How a copy of process 1 executes the process of a line of the inittab.
//!
//! The copy does everything that can take long. So a disk that does not respond, or a terminal that cannot be opened, delays only
//! this service.

use core::ffi::CStr;

use nestling::inittab::{Action, Entry, Setting};
use nestling::rt::descriptors::assign;
use nestling::spawn::Program;
use nestling::terminal::{self, When};
use nestling::text::{self, Quoted, Sink, Text, next_field, trim_start};
use nestling::{Arg, Args, AsFd, BorrowedFd, Errno, OFlags, OwnedFd, SigSet, c_str, io, sys};

use super::STRINGS;
use super::descriptor_limit;
use super::lines::each_line;
use super::recovery::log_exec_error;
use super::table::LINE;
use crate::buffer::{Buffer, next_string, path, put_string};
use crate::exec::{SHELL, exec};
use crate::log::Line;
use crate::names::ASKFIRST;

/// The maximum number of words of a line. Each word has at least one byte and a blank. (The array has some additional elements for
/// words that init adds.)
const WORDS: usize = LINE / 2 + 8;
/// The maximum number of a user's groups.
const GROUPS: usize = 1024;

/// The arguments, groups and environment of the process. They are not on the stack, so a copy of process 1 needs memory only for
/// the pages that it writes to.
#[repr(C)]
struct Given {
    words: Buffer,
    list: [Option<Arg<'static>>; WORDS],
    /// The strings of the user's environment.
    strings: Buffer,
    groups: [u32; GROUPS],
    env: Environment,
}

/// An array for the strings of an environment.
pub type Environment = [Option<Arg<'static>>; STRINGS];

nestling::take_once!(static GIVEN: Given = Given {
    words: Buffer::new(),
    list: [None; WORDS],
    strings: Buffer::new(),
    groups: [0; GROUPS],
    env: [None; STRINGS],
});

/// Executes the process of the entry, in a copy of process 1. If this fails, writes the failed step to `to`, a pipe to process 1,
/// and returns the number of the errno. `report` is the read end of this pipe.
#[inline(never)]
pub fn become_it(
    entry: &Entry<'_>,
    env: Args<'static>,
    report: OwnedFd,
    to: BorrowedFd<'_>,
) -> i32 {
    let Some(given) = GIVEN.take() else {
        return Errno::EBUSY.as_raw();
    };
    // Write to the page before reading it. A read would first map a page of zeros, and the write would then cause a second page
    // fault.
    given.words.clear();
    let mut step = ("", &b""[..]);
    let asks = entry.action == Action::Askfirst;
    let (program, args) = words(entry, env, asks, &mut given.words, &mut given.list);
    let mut additions = [None; 5];
    let (strings, groups) = (&mut given.strings, &mut given.groups);
    let mut prepared =
        prepare(entry, env, strings, groups, &mut additions, &mut step).map(|()| env);
    if prepared.is_ok() && additions.iter().any(Option::is_some) {
        prepared = extended(env, &additions, &mut given.env).ok_or(Errno::E2BIG);
    }
    let mut line = Line::about(entry.name());
    if prepared.is_ok() {
        // An empty pipe means that the exec is the next step.
        let _ = sys::fd::read(report.as_fd(), &mut [0]);
    }
    // Close the read end of this process. If process 1 has failed in the meantime, the pipe then has no reader.
    drop(report);
    let errno = match prepared {
        Ok(env) => exec(program, args, env, Some(SigSet::EMPTY), &mut |error| {
            error.write(&mut line);
            error.errno().map_or(0, Errno::as_raw)
        }),
        Err(errno) => {
            step.0.write(&mut line);
            Quoted(step.1).write(&mut line);
            ": ".write(&mut line);
            errno.write(&mut line);
            errno.as_raw()
        }
    };
    // `exec` has unblocked `SIGPIPE`.
    let _ = sys::signal::set_mask(SigSet::ALL);
    line.send(to);
    errno
}

/// Applies the settings of the service's line to this process, and stores the additional strings of its environment in `additions`.
/// After an error, `step` describes the failed step.
fn prepare<'l>(
    entry: &Entry<'l>,
    env: Args<'static>,
    strings: &'static mut Buffer,
    groups: &mut [u32; GROUPS],
    additions: &mut [Option<Arg<'static>>; 5],
    step: &mut (&str, &'l [u8]),
) -> Result<(), Errno> {
    begin_session(entry, step)?;
    let (mut uid, mut gid) = (None, None);
    let mut user_name = &b""[..];
    for setting in entry.settings() {
        match setting {
            Setting::Limit(..) => {}
            Setting::Nice(number) => {
                *step = ("nice of ", entry.name());
                sys::resource::setpriority(number)?;
            }
            Setting::User(name) => {
                *step = ("user ", name);
                let (id, group) = look_up_user(name, strings)?;
                user_name = name;
                uid = Some(id);
                gid = gid.or(Some(group));
            }
            Setting::Group(name) => {
                *step = ("group ", name);
                gid = Some(look_up_group(name)?);
            }
            Setting::Cgroup(name) => {
                *step = ("cgroup ", name);
                join_cgroup(name)?;
            }
        }
    }
    let mut count = 0;
    if let Some(gid) = gid {
        *step = ("groups of ", user_name);
        groups[0] = gid;
        count = 1 + groups_of(login_name(strings), gid, groups)?;
    }
    if uid.is_some_and(|it| it != 0) && !entry.has_terminal() {
        *step = ("terminal of ", entry.name());
        lend_output()?;
    }
    // The limits come after the steps that open files, because a limit on descriptors could make these steps fail.
    *step = ("limits of ", entry.name());
    descriptor_limit::restore();
    for setting in entry.settings() {
        if let Setting::Limit(resource, limit) = setting {
            sys::resource::setrlimit(resource, limit)?;
        }
    }
    if let Some(gid) = gid {
        *step = ("groups of ", user_name);
        sys::credentials::setgroups(groups.get(..count).unwrap_or_default())?;
        sys::credentials::setgid(gid)?;
    }
    if let Some(uid) = uid {
        *step = ("user ", user_name);
        sys::credentials::setuid(uid)?;
    }

    *step = ("environment of ", entry.name());
    let user_strings = match uid {
        Some(_) => strings.bytes(),
        None => b"",
    };
    let home = add_to_environment(env, user_strings, additions);
    // Errors of the next two steps are ignored. The home directory may be missing. The terminal may not be a terminal (such as
    // `null`), or may belong to another session.
    if !home.is_empty() {
        let _ = sys::file::chdir(home);
    }
    if entry.has_terminal() {
        let _ = sys::terminal::set_controlling(io::stdin());
    }
    Ok(())
}

/// Starts a session. If the line names a terminal, sets the three standard descriptors to this terminal.
fn begin_session<'l>(entry: &Entry<'l>, step: &mut (&str, &'l [u8])) -> Result<(), Errno> {
    *step = ("session of ", entry.name());
    sys::process::setsid()?;
    if !entry.terminal().is_empty() {
        *step = ("terminal ", entry.terminal());
        let terminal = open_terminal(entry.terminal())?;
        for number in 0..3 {
            assign(number, terminal.as_fd())?;
        }
    }
    Ok(())
}

/// Stores the additional strings of the environment in `additions`: `TERM` for a serial line, and the user's variables from
/// `strings`, each of which ends with a null byte. Returns the user's home directory, or an empty string.
fn add_to_environment(
    env: Args<'static>,
    mut rest: &'static [u8],
    additions: &mut [Option<Arg<'static>>; 5],
) -> &'static CStr {
    let [own_term, users @ ..] = additions;
    if env.var(c"TERM") == Some(c"linux") && is_serial(io::stdout()) {
        *own_term = Some(TERM.into());
    }
    let mut home = c"";
    for place in users {
        if !rest.is_empty() {
            let string = next_string(&mut rest);
            if home.is_empty() {
                home = c_str::tail(string, "HOME=".len()).unwrap_or_default();
            }
            *place = Some(string.into());
        }
    }
    home
}

/// The variable that replaces the kernel's `TERM=linux` on a serial line.
const TERM: &CStr = c"TERM=vt102";

/// Returns whether the descriptor is a terminal, but not a virtual console.
fn is_serial(terminal: BorrowedFd<'_>) -> bool {
    terminal::is_terminal(terminal) && !terminal::is_virtual_console(terminal)
}

/// Returns the environment with the additional strings. They replace the strings with the same names. Returns `None` if the array
/// `room` is too small.
#[inline(never)]
pub fn extended<'a>(
    env: Args<'a>,
    additions: &[Option<Arg<'a>>],
    room: &'a mut [Option<Arg<'a>>; STRINGS],
) -> Option<Args<'a>> {
    let mut places = room.iter_mut();
    let is_replaced = |string: &CStr| {
        let name = next_field(&mut string.to_bytes(), b'=');
        let mut new = additions.iter().flatten();
        new.any(|it| next_field(&mut it.as_c_str().to_bytes(), b'=') == name)
    };
    let old = env.iter().filter(|string| !is_replaced(string));
    for string in additions
        .iter()
        .flatten()
        .copied()
        .chain(old.map(Arg::from))
    {
        *places.next()? = Some(string);
    }
    Args::try_new(room)
}

/// Replaces init with the process of the entry. If the exec fails, reports the error and returns.
pub fn become_successor(entry: &Entry<'_>, env: Args<'static>) {
    if let Some(given) = GIVEN.take() {
        descriptor_limit::restore();
        let (program, args) = words(entry, env, false, &mut given.words, &mut given.list);
        exec(program, args, env, Some(SigSet::EMPTY), &mut log_exec_error);
    }
}

/// Returns the program and its arguments. If `asks` is true, the program is init itself with the name [`ASKFIRST`], which waits for
/// Enter and then executes the entry's program.
#[inline(never)]
fn words<'a>(
    entry: &Entry<'_>,
    env: Args<'a>,
    asks: bool,
    buffer: &'a mut Buffer,
    list: &'a mut [Option<Arg<'a>>],
) -> (Program<'a>, Args<'a>) {
    let command = entry.command();
    if asks {
        put_string(buffer, ASKFIRST.as_bytes());
        let name = if command.shell {
            SHELL.to_bytes()
        } else {
            next_field(&mut trim_start(command.text), b' ')
        };
        put_string(buffer, name);
    }
    if command.login {
        "-".write(buffer);
    }
    if command.shell {
        "sh\0-c\0exec ".write(buffer);
        put_string(buffer, command.text);
    } else {
        let mut rest = command.text;
        while !rest.is_empty() {
            let word = next_field(&mut rest, b' ');
            if !word.is_empty() {
                put_string(buffer, word);
            }
        }
    }
    let (mut rest, mut count) = (buffer.bytes(), 0);
    for place in list.iter_mut().rev().skip(1).rev() {
        if rest.is_empty() {
            break;
        }
        *place = Some(next_string(&mut rest).into());
        count += 1;
    }
    // Use only the elements that were written, because an access to the last element of the array would need another page.
    let list = list.get(..=count).unwrap_or_default();
    let program = if asks {
        Program::Path(c"/proc/self/exe")
    } else {
        let first = buffer.as_c_str();
        let name = match (command.shell, command.login) {
            (true, _) => SHELL,
            (false, true) => c_str::tail(first, 1).unwrap_or_default(),
            (false, false) => first,
        };
        let path = env.var(c"PATH");
        Program::Search { name, path }
    };
    (program, Args::try_new(list).unwrap_or(Args::EMPTY))
}

// ---- Terminals, cgroups, users and groups ----

/// Opens the terminal without waiting for a carrier on a serial line, and sets sane attributes.
fn open_terminal(name: &[u8]) -> Result<OwnedFd, Errno> {
    let path = path("/dev/", name);
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let terminal = sys::fd::open(path.as_c_str(), flags, 0)?;
    sys::fd::set_nonblocking(terminal.as_fd(), false)?;
    make_sane(terminal.as_fd());
    Ok(terminal)
}

/// Makes standard descriptors that are terminals usable only for output. If a user could read such a terminal, the user could make
/// it the controlling terminal, insert input (`TIOCSTI`), and read the input of other users.
#[inline(never)]
fn lend_output() -> Result<(), Errno> {
    let outputs = [
        (io::stdin(), c"/dev/null", OFlags::RDONLY),
        (io::stdout(), c"/proc/self/fd/1", OFlags::WRONLY),
        (io::stderr(), c"/proc/self/fd/2", OFlags::WRONLY),
    ];
    for (terminal, path, mode) in outputs {
        if terminal::is_terminal(terminal) {
            let flags = mode | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let file = sys::fd::open(path, flags, 0)?;
            sys::fd::set_nonblocking(file.as_fd(), false)?;
            assign(terminal.as_raw_fd(), file.as_fd())?;
        }
    }
    Ok(())
}

/// Sets sane attributes, whatever a program or the kernel has set before. Does nothing if the descriptor is not a terminal.
#[inline(never)]
pub fn make_sane(terminal: BorrowedFd<'_>) {
    if let Ok(mut attributes) = terminal::attributes(terminal) {
        attributes.make_sane();
        let _ = terminal::set_attributes(terminal, When::Now, &attributes);
    }
}

/// Joins the cgroup. Makes the cgroup if it is missing; its parent must exist.
fn join_cgroup(name: &[u8]) -> Result<(), Errno> {
    let mut path = path("/sys/fs/cgroup/", name);
    let _ = sys::file::mkdir(path.as_c_str(), 0o755);
    path.put(b"/cgroup.procs");
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let processes = sys::fd::open(path.as_c_str(), flags, 0)?;
    sys::fd::write(processes.as_fd(), b"0").map(drop)
}

fn id(digits: &[u8]) -> Option<u32> {
    u32::try_from(text::number(digits, 10)?).ok()
}

/// Returns the first fields of a line of `/etc/passwd` or `/etc/group`.
#[inline(never)]
fn fields(mut line: &[u8]) -> [&[u8]; 7] {
    [(); 7].map(|()| next_field(&mut line, b':'))
}

/// Returns whether the setting means the line with this name and this id. Lines for NIS (`+::`), and lines whose name is a number,
/// do not match.
fn is_meant(setting: &[u8], name: &[u8], number: &[u8]) -> bool {
    let is_name = !matches!(name, [] | [b'+' | b'-', ..]) && id(name).is_none();
    is_name && (name == setting || id(number).is_some_and(|it| id(setting) == Some(it)))
}

/// Looks up a user by name or number, and returns the user id and the group id. Writes the user's variables to `strings`: `HOME`
/// first, then `USER`, `LOGNAME` and `SHELL`. A number that is not in `/etc/passwd` is used as both ids, and has no variables.
fn look_up_user(name: &[u8], strings: &mut Buffer) -> Result<(u32, u32), Errno> {
    let mut found = id(name).map(|id| (id, id));
    let read = each_line(c"/etc/passwd", &mut |line| {
        let [login, _, uid, gid, _, home, shell] = fields(line);
        let is_it = is_meant(name, login, uid);
        if is_it {
            found = id(uid).zip(id(gid));
            strings.clear();
            let shell = if shell.is_empty() {
                SHELL.to_bytes()
            } else {
                shell
            };
            let mut set = |name: &str, value| {
                name.write(strings);
                put_string(strings, value);
            };
            set("HOME=", home);
            set("USER=", login);
            set("LOGNAME=", login);
            set("SHELL=", shell);
            if strings.is_full() {
                found = None;
            }
        }
        !is_it
    });
    found.ok_or(read.err().unwrap_or(Errno::ENOENT))
}

/// Returns the login name in the variables of a user.
fn login_name(strings: &Buffer) -> &[u8] {
    let mut rest = strings.bytes();
    next_string(&mut rest);
    text::after(next_string(&mut rest).to_bytes(), b"USER=").unwrap_or_default()
}

/// Looks up a group by name or number, and returns the group id.
fn look_up_group(name: &[u8]) -> Result<u32, Errno> {
    let mut found = id(name);
    let read = each_line(c"/etc/group", &mut |line| {
        let [group, _, gid, ..] = fields(line);
        let is_it = is_meant(name, group, gid);
        if is_it {
            found = id(gid);
        }
        !is_it
    });
    found.ok_or(read.err().unwrap_or(Errno::ENOENT))
}

/// Writes the user's supplementary groups, except `gid`, to `groups` after the first element. Returns their number. If the name is
/// empty, returns 0.
fn groups_of(user: &[u8], gid: u32, groups: &mut [u32; GROUPS]) -> Result<usize, Errno> {
    let mut count = 0;
    if user.is_empty() {
        return Ok(count);
    }
    let mut is_full = false;
    // If the file is missing, the user has no supplementary groups.
    let _ = each_line(c"/etc/group", &mut |line| {
        let [_, _, group, mut members, ..] = fields(line);
        while let Some(group) = id(group)
            && group != gid
            && !members.is_empty()
        {
            if next_field(&mut members, b',') == user {
                match groups.get_mut(count + 1) {
                    Some(place) => {
                        *place = group;
                        count += 1;
                    }
                    None => is_full = true,
                }
                break;
            }
        }
        !is_full
    });
    if is_full {
        Err(Errno::E2BIG)
    } else {
        Ok(count)
    }
}
