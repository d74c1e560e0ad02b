//! How a copy of process 1 becomes the process of a line of the inittab.
//!
//! All that can take long happens in the copy: what is on a disk that does not answer, or a terminal that does not open, holds up the
//! service and nothing else.

use core::ffi::CStr;

use nestling::inittab::{Action, Entry, Setting};
use nestling::rt::descriptors::assign;
use nestling::spawn::Program;
use nestling::terminal::{self, When};
use nestling::text::{self, Quoted, Sink, Text, next_field, trim_start};
use nestling::{Arg, Args, AsFd, BorrowedFd, Errno, OFlags, OwnedFd, SigSet, io, sys};

use super::STRINGS;
use super::again::log_exec_error;
use super::descriptors;
use super::lines::each_line;
use super::table::LINE;
use crate::buffer::{Buffer, next_string, path};
use crate::log::Line;
use crate::requests::{ASKFIRST, SHELL, exec};

/// Room for the words of a line, which has at least one byte and a blank for each.
const WORDS: usize = LINE / 2 + 8;
/// Room for the groups of a user.
const GROUPS: usize = 1024;

/// What the process is given. It lies outside of the stack: a copy of process 1 gets only those of its pages that it writes to.
#[repr(C)]
struct Given {
    words: Buffer,
    list: [Option<Arg<'static>>; WORDS],
    /// The strings of the user's environment.
    strings: Buffer,
    groups: [u32; GROUPS],
    env: Environment,
}

/// Room for the strings of an environment.
pub type Environment = [Option<Arg<'static>>; STRINGS];

nestling::take_once!(static GIVEN: Given = Given {
    words: Buffer::new(),
    list: [None; WORDS],
    strings: Buffer::new(),
    groups: [0; GROUPS],
    env: [None; STRINGS],
});

/// In a copy of process 1: becomes the service's process. Returns only if that failed: the number of the errno. The copy writes the
/// step that failed to `to`, a pipe to process 1, whose read end is `report`.
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
    // A page that is written to first is got once; a page that is read first, twice.
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
        // An empty pipe says that the exec is next.
        let _ = sys::fd::read(report.as_fd(), &mut [0]);
    }
    // If process 1 has failed meanwhile, no end of the pipe is left that could be read.
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
    // The exec has unblocked SIGPIPE.
    let _ = sys::signal::set_mask(SigSet::ALL);
    line.send(to);
    errno
}

/// Applies the settings of the service's line to this process, and collects the strings that its environment has beside init's. After
/// an error, `step` names the step that failed.
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
    // Only now: the files that are opened above may exceed the limits.
    *step = ("limits of ", entry.name());
    descriptors::restore();
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
    // The service starts even if the last two fail: the directory may not exist, and the "terminal" may be no terminal, such as `null`, or
    // may belong to another session.
    if !home.is_empty() {
        let _ = sys::file::chdir(home);
    }
    if entry.has_terminal() {
        let _ = sys::terminal::set_controlling(io::stdin());
    }
    Ok(())
}

/// Begins a session. If the line names a terminal, the three standard descriptors are this terminal.
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

/// Puts the strings that the environment needs beside init's to `additions`: `TERM` for a serial line, and those of the user, each of
/// which ends with a null. Returns the user's home directory, or an empty string.
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
                home = sys::args::tail(string, "HOME=".len()).unwrap_or_default();
            }
            *place = Some(string.into());
        }
    }
    home
}

/// What the kernel's `TERM=linux` becomes on a serial line.
const TERM: &CStr = c"TERM=vt102";

/// Whether it is a terminal that is no virtual console.
fn is_serial(terminal: BorrowedFd<'_>) -> bool {
    terminal::is_terminal(terminal) && !terminal::is_virtual_console(terminal)
}

/// The environment with these strings, in the place of those that have their names. `None` if there is no room for all.
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

/// Replaces init with the process. Returns only if the exec failed, and reports the error.
pub fn become_successor(entry: &Entry<'_>, env: Args<'static>) {
    if let Some(given) = GIVEN.take() {
        descriptors::restore();
        let (program, args) = words(entry, env, false, &mut given.words, &mut given.list);
        exec(program, args, env, Some(SigSet::EMPTY), &mut log_exec_error);
    }
}

/// The program and its arguments. If somebody is to be asked first, that is this program under the name that has it ask.
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
        buffer.put_string(ASKFIRST.as_bytes());
        buffer.put_string(if command.shell {
            SHELL.to_bytes()
        } else {
            next_field(&mut trim_start(command.text), b' ')
        });
    }
    if command.login {
        "-".write(buffer);
    }
    if command.shell {
        "sh\0-c\0exec ".write(buffer);
        buffer.put_string(command.text);
    } else {
        let mut rest = command.text;
        while !rest.is_empty() {
            let word = next_field(&mut rest, b' ');
            if !word.is_empty() {
                buffer.put_string(word);
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
    // A look at the last place would get another page.
    let list = list.get(..=count).unwrap_or_default();
    let program = if asks {
        Program::Path(c"/proc/self/exe")
    } else {
        let first = buffer.as_c_str();
        let name = match (command.shell, command.login) {
            (true, _) => SHELL,
            (false, true) => sys::args::tail(first, 1).unwrap_or_default(),
            (false, false) => first,
        };
        let path = env.var(c"PATH");
        Program::Search { name, path }
    };
    (program, Args::try_new(list).unwrap_or(Args::EMPTY))
}

// ---- What the settings name ----

/// Opens the terminal, without waiting for a line to have a carrier, and makes it sane.
fn open_terminal(name: &[u8]) -> Result<OwnedFd, Errno> {
    let path = path("/dev/", name);
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let terminal = sys::fd::open(path.as_c_str(), flags, 0)?;
    sys::fd::set_nonblocking(terminal.as_fd(), false)?;
    make_sane(terminal.as_fd());
    Ok(terminal)
}

/// Leaves the terminals among the standard descriptors for output only. Where a user could read one, that user could make it a controlling
/// terminal, type into it, and read what others type.
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

/// Whatever a program, or the kernel, has left. If it is no terminal, there is nothing to do.
#[inline(never)]
pub fn make_sane(terminal: BorrowedFd<'_>) {
    if let Ok(mut attributes) = terminal::attributes(terminal) {
        attributes.make_sane();
        let _ = terminal::set_attributes(terminal, When::Now, &attributes);
    }
}

/// Makes the cgroup, if it is not there, in one that is, and joins it.
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

/// The first fields of a line of `/etc/passwd` or `/etc/group`.
#[inline(never)]
fn fields(mut line: &[u8]) -> [&[u8]; 7] {
    [(); 7].map(|()| next_field(&mut line, b':'))
}

/// Whether the setting means the line with this name and number. Lines for NIS (`+::`), and lines with a number as the name, do not count.
fn is_meant(setting: &[u8], name: &[u8], number: &[u8]) -> bool {
    let is_name = !matches!(name, [] | [b'+' | b'-', ..]) && id(name).is_none();
    is_name && (name == setting || id(number).is_some_and(|it| id(setting) == Some(it)))
}

/// The uid and gid of a user, by name or number; and the user's part of the environment: `HOME`, which comes first, `USER`,
/// `LOGNAME` and `SHELL`. A number that is not there stands for itself, and has none.
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
                strings.put_string(value);
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

/// The name in a user's part of the environment.
fn login_name(strings: &Buffer) -> &[u8] {
    let mut rest = strings.bytes();
    next_string(&mut rest);
    text::after(next_string(&mut rest).to_bytes(), b"USER=").unwrap_or_default()
}

/// The gid of a group, by name or number.
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

/// Puts the groups of the user of this name behind the first, which is `gid`: how many. Of no one, there are none.
fn groups_of(user: &[u8], gid: u32, groups: &mut [u32; GROUPS]) -> Result<usize, Errno> {
    let mut count = 0;
    if user.is_empty() {
        return Ok(count);
    }
    let mut is_full = false;
    // Without the file there are none.
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
