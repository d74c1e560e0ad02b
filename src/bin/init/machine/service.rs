//! How a line of the inittab becomes a process.

use core::ffi::CStr;

use nestling::inittab::{Action, Entry, Setting};
use nestling::spawn::{Action as Do, Error, Program, Spawn, Step};
use nestling::terminal::{self, When};
use nestling::text::{self, Quoted, Text, next_field, trim_start};
use nestling::{Arg, Args, AsFd, BorrowedFd, Errno, OFlags, OwnedFd, Pid, SigSet, sys};

use super::lines::each_line;
use crate::USED;
use crate::buffer::{Buffer, next_string, path};
use crate::log::Line;
use crate::requests::{ASKFIRST, become_program};

/// Room for a line's words.
const WORDS: usize = 132;
/// Room for what the child does: as many limits as a line can name, and what it takes beside.
const ACTIONS: usize = 64;

/// Starts the process. If that fails, the answer is the errno, if there is one; and it is told, if it is to be.
pub fn start(entry: &Entry<'_>, env: Args<'_>, loudly: bool) -> Result<Pid, Option<Errno>> {
    let mut step = ("", &b""[..]);
    let mut buffer = Buffer::new();
    let mut list = [None; WORDS];
    let mut groups = [0];
    let mut actions = [Do::ResetIds; ACTIONS];
    let mut child = Child {
        actions: &mut actions,
        count: 0,
    };
    let asks = entry.action == Action::Askfirst;
    let what = words(entry, env, asks, &mut buffer, &mut list);
    let answer = prepare_and_start(entry, what, env, &mut child, &mut groups, loudly, &mut step);
    if let Err(Some(errno)) = answer
        && loudly
        && !step.0.is_empty()
    {
        let mut line = Line::about(entry.name());
        step.0.write(&mut line);
        Quoted(step.1).write(&mut line);
        line.tell_of(errno);
    }
    answer
}

/// `step` says what an error that is not told yet is of.
#[inline(never)]
fn prepare_and_start<'l, 'g>(
    entry: &Entry<'l>,
    (program, args): (Program<'_>, Args<'_>),
    env: Args<'_>,
    child: &mut Child<'_, 'g>,
    groups: &'g mut [u32; 1],
    loudly: bool,
    step: &mut (&str, &'l [u8]),
) -> Result<Pid, Option<Errno>> {
    let mut spawn = Spawn::new(program, args, env);
    spawn.attributes.new_session = true;
    spawn.attributes.signal_mask = Some(SigSet::EMPTY);
    let mut controls = entry.action == Action::Askfirst || entry.command().login;
    let (terminal, cgroup);
    if !entry.terminal().is_empty() {
        *step = ("terminal ", entry.terminal());
        controls = true;
        terminal = open_terminal(entry.terminal())?;
        let from = terminal.as_raw_fd();
        (0..3).for_each(|to| child.push(Do::Dup2 { from, to }));
    }

    let (mut uid, mut gid, mut path) = (None, None, None);
    for setting in entry.settings() {
        match setting {
            Setting::Limit(resource, limit) => child.push(Do::Limit(resource, limit)),
            Setting::Nice(nice) => spawn.attributes.nice = Some(nice),
            Setting::User(name) => {
                *step = ("user ", name);
                let (id, group) = look_up(c"/etc/passwd", name)?;
                uid = Some(id);
                gid = gid.or(Some(group));
            }
            Setting::Group(name) => {
                *step = ("group ", name);
                gid = Some(look_up(c"/etc/group", name)?.0);
            }
            Setting::Cgroup(name) => path = Some(name),
        }
    }
    if let Some(path) = path {
        *step = ("cgroup ", path);
        cgroup = open_cgroup(path)?;
        spawn.attributes.cgroup = Some(cgroup.as_fd());
    }
    if let Some(gid) = gid {
        *groups = [gid];
        child.push(Do::Groups(groups));
        child.push(Do::Gid(gid));
    }
    if let Some(uid) = uid {
        child.push(Do::Uid(uid));
    }
    if controls {
        child.push(Do::ControllingTerminal(0));
    }

    *step = ("", b"");
    loop {
        spawn.actions = child.actions.get(..child.count).unwrap_or_default();
        match spawn.start_using::<USED>() {
            Ok(child) => return Ok(child.id()),
            // It is no terminal, such as `null`, or it is another session's: the process has to do without.
            Err(Error::Failed {
                step: Step::Action(_, Do::ControllingTerminal(_)),
                ..
            }) => child.count -= 1,
            Err(error) => {
                if loudly {
                    let mut line = Line::about(entry.name());
                    error.write(&mut line);
                    line.tell();
                }
                return Err(error.errno());
            }
        }
    }
}

/// Becomes the process. Returns only if that failed, which is told.
pub fn become_it(entry: &Entry<'_>, env: Args<'_>) {
    let mut buffer = Buffer::new();
    let mut list = [None; WORDS];
    let (program, args) = words(entry, env, false, &mut buffer, &mut list);
    become_program(program, args, env, Some(SigSet::EMPTY));
}

/// What the child does.
struct Child<'c, 'a> {
    actions: &'c mut [Do<'a>; ACTIONS],
    count: usize,
}

impl<'a> Child<'_, 'a> {
    #[inline(never)]
    fn push(&mut self, action: Do<'a>) {
        if let Some(place) = self.actions.get_mut(self.count) {
            *place = action;
            self.count += 1;
        }
    }
}

/// The program and its arguments. If somebody is to be asked first, that is this program under the name that has it ask.
#[inline(never)]
fn words<'a>(
    entry: &Entry<'_>,
    env: Args<'a>,
    asks: bool,
    buffer: &'a mut Buffer,
    list: &'a mut [Option<Arg<'a>>; WORDS],
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
    let mut rest = buffer.bytes();
    for place in list.iter_mut().take(WORDS - 1) {
        if rest.is_empty() {
            break;
        }
        *place = Some(next_string(&mut rest).into());
    }
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

const SHELL: &CStr = c"/bin/sh";

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

/// Whatever a program, or the kernel, has left. If it is no terminal, there is nothing to do.
#[inline(never)]
pub fn make_sane(terminal: BorrowedFd<'_>) {
    if let Ok(mut attributes) = terminal::attributes(terminal) {
        attributes.make_sane();
        let _ = terminal::set_attributes(terminal, When::Now, &attributes);
    }
}

/// Makes the cgroup, if it is not there, in one that is.
fn open_cgroup(name: &[u8]) -> Result<OwnedFd, Errno> {
    let path = path("/sys/fs/cgroup/", name);
    let _ = sys::file::mkdir(path.as_c_str(), 0o755);
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    sys::fd::open(path.as_c_str(), flags, 0)
}

/// The third and the fourth field of whom the file names so, or numbers so in the third: of a user, uid and gid. A number that is
/// not there stands for itself.
#[inline(never)]
fn look_up(path: &CStr, name: &[u8]) -> Result<(u32, u32), Errno> {
    let id = |digits: &[u8]| text::number(digits, 10).and_then(|id| u32::try_from(id).ok());
    let mut found = id(name).map(|id| (id, id));
    let read = each_line(path, &mut |mut line| {
        let first = next_field(&mut line, b':');
        next_field(&mut line, b':');
        let third = next_field(&mut line, b':');
        let is_it = first == name || third == name;
        if is_it {
            let fourth = id(next_field(&mut line, b':'));
            found = id(third).map(|third| (third, fourth.unwrap_or(third)));
        }
        !is_it
    });
    found.ok_or(read.err().unwrap_or(Errno::ENOENT))
}
