//! How a line of the inittab becomes a process.

use core::ffi::CStr;

use nestling::inittab::{Action, Command, Entry, Setting};
use nestling::io;
use nestling::spawn::{Action as Do, Attributes, Error, Program, Spawn, Step};
use nestling::terminal::{self, When};
use nestling::text::{self, Quoted, Text};
use nestling::{Arg, Args, AsFd, Errno, OFlags, OwnedFd, Pid, SigSet, sys};

use crate::log::tell;

/// Room for a line's process, with `exec ` and what begins a login shell's name.
const BYTES: usize = 272;
/// Room for its words.
const WORDS: usize = 132;
/// Room for what the child does: as many limits as a line can name, and what it takes beside.
const ACTIONS: usize = 64;

/// Starts the process. If that fails, the answer is the errno, if there is one; and it is told, if it is to be.
pub fn start(entry: &Entry<'_>, env: Args<'_>, loudly: bool) -> Result<Pid, Option<Errno>> {
    let mut child = Child {
        actions: [Do::ResetIds; ACTIONS],
        count: 0,
    };
    let mut attributes = Attributes {
        new_session: true,
        signal_mask: Some(SigSet::EMPTY),
        ..Attributes::default()
    };
    let complain = |what: &str, which: &[u8], errno: Errno| {
        if loudly {
            tell(entry.name(), &|out| {
                what.write(out);
                Quoted(which).write(out);
                ": ".write(out);
                errno.write(out);
            });
        }
        Some(errno)
    };

    let terminal = match entry.terminal() {
        [] => None,
        name => Some(open_terminal(name).map_err(|errno| complain("terminal ", name, errno))?),
    };
    if let Some(terminal) = &terminal {
        let from = terminal.as_raw_fd();
        (0..3).for_each(|to| child.push(Do::Dup2 { from, to }));
    }
    // Whatever process 1 has is no business of a service's.
    child.push(Do::CloseFrom(3));
    let asks = entry.action == Action::Askfirst;
    let controls = child.count;
    if terminal.is_some() || asks || entry.command().login {
        child.push(Do::ControllingTerminal(0));
    }

    let (mut uid, mut gid, mut users_gid, mut cgroup) = (None, None, None, None);
    for setting in entry.settings().flatten() {
        let (what, name, answer) = match setting {
            Setting::Limit(resource, limit) => {
                child.push(Do::Limit(resource, limit));
                continue;
            }
            Setting::Nice(nice) => {
                attributes.nice = Some(nice);
                continue;
            }
            Setting::User(name) => {
                let answer = look_up(c"/etc/passwd", name);
                let answer = answer.map(|(id, group)| (uid, users_gid) = (Some(id), Some(group)));
                ("user ", name, answer)
            }
            Setting::Group(name) => {
                let answer = look_up(c"/etc/group", name).map(|(id, _)| gid = Some(id));
                ("group ", name, answer)
            }
            Setting::Cgroup(path) => {
                let answer = open_cgroup(path).map(|it| cgroup = Some(it));
                ("cgroup ", path, answer)
            }
        };
        answer.map_err(|errno| complain(what, name, errno))?;
    }
    attributes.cgroup = cgroup.as_ref().map(AsFd::as_fd);
    let gid = gid.or(users_gid);
    let groups = [gid.unwrap_or_default()];
    if let Some(gid) = gid {
        child.push(Do::Groups(&groups));
        child.push(Do::Gid(gid));
    }
    if let Some(uid) = uid {
        child.push(Do::Uid(uid));
    }

    let words = Words::new(entry.command());
    let mut list = [None; WORDS];
    let (program, args) = words.program(env, asks, &mut list);
    loop {
        let spawn = Spawn {
            actions: child.actions.get(..child.count).unwrap_or_default(),
            attributes,
            ..Spawn::new(program, args, env)
        };
        let error = match spawn.start() {
            Ok(child) => return Ok(child.id()),
            Err(error) => error,
        };
        match error {
            // It is no terminal, such as `null`, or it is another session's: the process has to do without.
            Error::Failed {
                step: Step::Action(_, Do::ControllingTerminal(_)),
                ..
            } => {
                if let Some(place) = child.actions.get_mut(controls) {
                    *place = Do::ResetIds;
                }
            }
            error => {
                if loudly {
                    tell(entry.name(), &|out| error.write(out));
                }
                return Err(error.errno());
            }
        }
    }
}

/// Becomes the process. Returns only if that failed, which is told.
pub fn become_it(entry: &Entry<'_>, env: Args<'_>) {
    let words = Words::new(entry.command());
    let mut list = [None; WORDS];
    let (program, args) = words.program(env, false, &mut list);
    let error = Spawn {
        attributes: Attributes {
            signal_mask: Some(SigSet::EMPTY),
            ..Attributes::default()
        },
        ..Spawn::new(program, args, env)
    }
    .exec_without_actions();
    tell(entry.name(), &|out| error.write(out));
}

/// What the child does.
struct Child<'a> {
    actions: [Do<'a>; ACTIONS],
    count: usize,
}

impl<'a> Child<'a> {
    #[inline(never)]
    fn push(&mut self, action: Do<'a>) {
        if let Some(place) = self.actions.get_mut(self.count) {
            *place = action;
            self.count += 1;
        }
    }
}

// ---- Words ----

/// The words of a process, a null after each.
struct Words {
    bytes: [u8; BYTES],
    length: usize,
    login: bool,
    shell: bool,
}

impl Words {
    fn new(command: Command<'_>) -> Self {
        let mut words = Self {
            bytes: [0; BYTES],
            length: 0,
            login: command.login,
            shell: command.shell,
        };
        if command.login {
            words.put(b"-");
        }
        if command.shell {
            words.put(b"sh\0-c\0exec ");
            words.put(command.text);
        } else {
            for word in command.text.split(u8::is_ascii_whitespace) {
                if !word.is_empty() {
                    words.put(word);
                    words.put(b"\0");
                }
            }
        }
        words.put(b"\0");
        words
    }

    fn put(&mut self, text: &[u8]) {
        let free = self.bytes.get_mut(self.length..).unwrap_or_default();
        free.iter_mut()
            .zip(text)
            .for_each(|(place, &byte)| *place = byte);
        self.length += text.len();
    }

    /// The program and its arguments. If somebody is to be asked first, that is this program under the name that has it ask.
    fn program<'a>(
        &'a self,
        env: Args<'a>,
        asks: bool,
        list: &'a mut [Option<Arg<'a>>; WORDS],
    ) -> (Program<'a>, Args<'a>) {
        let mut rest = self.bytes.get(..self.length).unwrap_or_default();
        let words = core::iter::from_fn(move || {
            let word = CStr::from_bytes_until_nul(rest).ok()?;
            rest = rest.get(word.count_bytes() + 1..)?;
            Some(word).filter(|word| !word.is_empty())
        });
        let first = CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default();
        let name = match (self.shell, self.login) {
            (true, _) => c"/bin/sh",
            (false, true) => sys::args::tail(first, 1).unwrap_or_default(),
            (false, false) => first,
        };
        let asking = [crate::requests::ASKFIRST, name];
        let before = asking.into_iter().take(if asks { 2 } else { 0 });
        for (place, word) in list.iter_mut().take(WORDS - 1).zip(before.chain(words)) {
            *place = Some(word.into());
        }
        let program = if asks {
            Program::Path(c"/proc/self/exe")
        } else {
            let path = env.var(c"PATH");
            Program::Search { name, path }
        };
        (program, Args::try_new(list).unwrap_or(Args::EMPTY))
    }
}

// ---- What the settings name ----

/// Opens the terminal, without waiting for a line to have a carrier, and makes it sane.
fn open_terminal(name: &[u8]) -> Result<OwnedFd, Errno> {
    let mut room = [0; BYTES];
    let path = join([b"/dev/", name], &mut room);
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let terminal = sys::fd::open(path, flags, 0)?;
    sys::fd::set_nonblocking(terminal.as_fd(), false)?;
    make_sane(terminal.as_fd());
    Ok(terminal)
}

/// Whatever a program, or the kernel, has left. If it is no terminal, there is nothing to do.
pub fn make_sane(terminal: nestling::BorrowedFd<'_>) {
    if let Ok(mut attributes) = terminal::attributes(terminal) {
        attributes.make_sane();
        let _ = terminal::set_attributes(terminal, When::Now, &attributes);
    }
}

/// Makes the cgroup, if it is not there, in one that is.
fn open_cgroup(path: &[u8]) -> Result<OwnedFd, Errno> {
    let mut room = [0; BYTES];
    let path = join([b"/sys/fs/cgroup/", path], &mut room);
    match sys::file::mkdir(path, 0o755) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(errno) => return Err(errno),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    sys::fd::open(path, flags, 0)
}

fn join<'a>(parts: [&[u8]; 2], room: &'a mut [u8; BYTES]) -> &'a CStr {
    let bytes = parts.into_iter().flatten();
    room.iter_mut()
        .take(BYTES - 1)
        .zip(bytes)
        .for_each(|(place, &byte)| *place = byte);
    CStr::from_bytes_until_nul(room).unwrap_or_default()
}

/// The third and the fourth field of whom the file names so, or numbers so in the third: of a user, uid and gid. A number that is
/// not there stands for itself.
fn look_up(path: &CStr, name: &[u8]) -> Result<(u32, u32), Errno> {
    let id = |digits: &[u8]| text::number(digits, 10).and_then(|id| u32::try_from(id).ok());
    let number = id(name);
    let itself = number.map(|id| (id, id)).ok_or(Errno::ENOENT);
    let Ok(file) = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0) else {
        return itself;
    };
    let (mut reader, mut line) = (io::Reader::new(file.as_fd()), [0; 512]);
    loop {
        let length = reader.fill_until(b'\n', &mut line)?;
        if length == 0 {
            return itself;
        }
        let mut fields = line
            .get(..length)
            .unwrap_or_default()
            .split(|&byte| byte == b':' || byte == b'\n');
        let (first, _, third) = (fields.next(), fields.next(), fields.next());
        let third = third.and_then(id);
        if first == Some(name) || (number.is_some() && third == number) {
            let fourth = fields.next().and_then(id).or(third);
            return third.zip(fourth).ok_or(Errno::EINVAL);
        }
    }
}
