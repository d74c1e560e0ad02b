//! The file `/etc/inittab` in busybox's format. It says which processes init starts, and when.
//!
//! A line has the form `ID:OPTIONS:ACTION:PROCESS`. Blank lines and lines that begin with `#` are ignored.
//!
//! - `ID` is the process's terminal, such as `tty1` or `/dev/tty1`. If `ID` is empty, the terminal is the console.
//! - `OPTIONS` contains settings of the process, separated by commas: `user=` and `group=` with a name or a number, `nice=`
//!   with a nice value, `cgroup=` with a path below `/sys/fs/cgroup`, and resource limits with their [names](Resource::name),
//!   such as `nofile=1024` or `core=unlimited`. (The limit [`Resource::Nice`] cannot be set.) The run levels of sysvinit's
//!   format are ignored: digits and the letters `a`, `b`, `c` and `s`. Anything else makes the line invalid: a mistyped `user=`
//!   must not start the process as root.
//! - `ACTION` is one of busybox's actions; [`Action`] lists them.
//! - `PROCESS` is the rest of the line: the command that init runs ([`Entry::command`]).
//!
//! ```
//! use nestling::inittab::{Action, Command, Entry, Setting};
//! use nestling::{Resource, Rlimit};
//!
//! let entry = Entry::parse(b"tty1:nofile=64:respawn:-/bin/sh -i").unwrap().unwrap();
//! assert_eq!((entry.terminal(), entry.action, entry.name()), (&b"tty1"[..], Action::Respawn, &b"sh"[..]));
//! assert_eq!(entry.command(), Command { login: true, shell: false, text: b"/bin/sh -i" });
//! let limit = Rlimit { soft: 64, hard: 64 };
//! assert!(entry.settings().eq([Setting::Limit(Resource::Nofile, limit)]));
//!
//! let problem = Entry::parse(b"::respwan:httpd").unwrap_err();
//! assert_eq!(problem.to_string(), r#"no such action: "respwan""#);
//! ```

use crate::limits::{Resource, Rlimit};
use crate::text::{self, Quoted, Sink, Text, next_field, trim_start};

/// An entry's action. It determines when init starts the entry's process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Action {
    /// Init starts the process when the machine starts, before entries with other actions. Init starts the next entry after
    /// this process has ended.
    Sysinit,
    /// Init starts the process after the `Sysinit` entries. Init starts the next entry after this process has ended.
    Wait,
    /// Init starts the process after the `Wait` entries, and does not wait until the process ends.
    Once,
    /// Init starts the process after the `Wait` entries, and starts it again each time that it ends.
    Respawn,
    /// Like `Respawn`, but before each start, init waits until somebody presses Enter at the process's terminal.
    Askfirst,
    /// Init starts the process when a user presses Ctrl-Alt-Del.
    CtrlAltDel,
    /// Init starts the process before the machine stops. Init starts the next entry after this process has ended.
    Shutdown,
    /// When init restarts, init executes this program in place of itself. Such an entry takes no settings.
    Restart,
}

impl Action {
    const ALL: [Self; 8] = [
        Self::Sysinit,
        Self::Wait,
        Self::Once,
        Self::Respawn,
        Self::Askfirst,
        Self::CtrlAltDel,
        Self::Shutdown,
        Self::Restart,
    ];

    /// The names of the actions, in the order of their numbers.
    const NAMES: &str = "sysinit wait once respawn askfirst ctrlaltdel shutdown restart";

    fn from_name(name: &[u8]) -> Option<Self> {
        text::position(Self::NAMES, name).and_then(|index| Self::ALL.get(index).copied())
    }
}

/// An entry of the file: a line that is neither blank nor a comment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    id: &'a [u8],
    options: &'a [u8],
    /// When init starts the process.
    pub action: Action,
    process: &'a [u8],
}

/// A setting in an entry's options.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Setting<'a> {
    /// The process's user, by name or number.
    User(&'a [u8]),
    /// The process's group, by name or number.
    Group(&'a [u8]),
    /// The process's nice value.
    Nice(i32),
    /// The path of the process's cgroup below `/sys/fs/cgroup`.
    Cgroup(&'a [u8]),
    /// A resource limit of the process. The soft limit and the hard limit are equal.
    Limit(Resource, Rlimit),
}

/// How init runs an entry's process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Command<'a> {
    /// Whether init puts a dash before the program's `argv[0]`, as for a login shell. If `login` is true, the process gets its
    /// terminal as the controlling terminal, even if the terminal is the console.
    pub login: bool,
    /// Whether init runs the process with `sh -c "exec TEXT"`, because the text contains characters that are special to a
    /// shell. If `shell` is false, init splits the text at blanks into the program and its arguments.
    pub shell: bool,
    /// The command, without a leading dash (a leading dash means a login shell).
    pub text: &'a [u8],
}

/// A problem that makes a line invalid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Problem<'a> {
    /// A description of the problem.
    pub what: &'static str,
    /// The part of the line that is wrong; empty if the whole line is wrong.
    pub word: &'a [u8],
}

/// If a process contains one of these characters, init runs it with a shell. busybox has the same list.
const SPECIAL: &[u8] = b"~`!$^&*()=|\\{}[];\"'<>?";

impl<'a> Entry<'a> {
    /// Parses a line. If the line is blank or a comment, returns `None`.
    ///
    /// # Errors
    /// A [`Problem`] if the line is invalid.
    pub fn parse(line: &'a [u8]) -> Result<Option<Self>, Problem<'a>> {
        let mut line = trim_start(line);
        while let [before @ .., b' ' | b'\t' | b'\r'] = line {
            line = before;
        }
        if let [] | [b'#', ..] = line {
            return Ok(None);
        }
        if line.iter().filter(|&&byte| byte == b':').count() < 3 {
            return Err(problem("not of the form ID:OPTIONS:ACTION:PROCESS", b""));
        }
        let mut rest = line;
        let id = next_field(&mut rest, b':');
        let options = next_field(&mut rest, b':');
        let action = next_field(&mut rest, b':');
        let entry = Self {
            id,
            options,
            action: Action::from_name(action).ok_or(problem("no such action: ", action))?,
            process: trim_start(rest),
        };
        if entry.command().text.is_empty() {
            return Err(problem("no process to start", b""));
        }
        let mut rest = options;
        while !rest.is_empty() {
            let option = next_field(&mut rest, b',');
            match setting(option) {
                Ok(None) => continue,
                Ok(Some(_)) if entry.action != Action::Restart => {}
                // A setting of a `restart` entry is also an error, because the program of this entry replaces process 1.
                Ok(Some(_)) | Err(()) => return Err(problem("invalid setting: ", option)),
            }
            let mut others = rest;
            while !others.is_empty() {
                if name(next_field(&mut others, b',')) == name(option) {
                    return Err(problem("setting given twice: ", option));
                }
            }
        }
        Ok(Some(entry))
    }

    /// Returns the name of the entry's terminal, relative to `/dev`. An empty name means the console.
    #[must_use]
    pub fn terminal(&self) -> &'a [u8] {
        text::after(self.id, b"/dev/").unwrap_or(self.id)
    }

    /// Returns whether the entry's terminal becomes the controlling terminal of the process. This is the case if the entry
    /// names a terminal, runs a login shell, or has the action `askfirst`.
    #[must_use]
    pub fn has_terminal(&self) -> bool {
        !self.id.is_empty() || self.action == Action::Askfirst || self.command().login
    }

    /// Iterates over the settings in the entry's options.
    pub fn settings(&self) -> impl Iterator<Item = Setting<'a>> {
        let mut rest = self.options;
        core::iter::from_fn(move || {
            while !rest.is_empty() {
                if let Ok(Some(setting)) = setting(next_field(&mut rest, b',')) {
                    return Some(setting);
                }
            }
            None
        })
    }

    /// Returns how init runs the process.
    #[must_use]
    pub fn command(&self) -> Command<'a> {
        let text = text::after(self.process, b"-");
        let (login, text) = (text.is_some(), text.unwrap_or(self.process));
        Command {
            login,
            shell: text.iter().any(|&byte| text::contains(SPECIAL, byte)),
            text,
        }
    }

    /// Returns the process's name: the name of its program, without directories.
    pub fn name(&self) -> &'a [u8] {
        let text = self.command().text;
        let end = text.iter().position(u8::is_ascii_whitespace);
        let program = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
        match program.iter().rposition(|&byte| byte == b'/') {
            Some(slash) => program.get(slash + 1..).unwrap_or_default(),
            None => program,
        }
    }
}

/// Returns the name of a setting.
#[inline(never)]
fn name(mut option: &[u8]) -> &[u8] {
    next_field(&mut option, b'=')
}

/// Parses an option. Returns the setting; `None` if the option consists of run levels; an error if it is neither.
#[inline(never)]
fn setting(option: &[u8]) -> Result<Option<Setting<'_>>, ()> {
    let mut value = option;
    let name = next_field(&mut value, b'=');
    let resource = Resource::from_name(name);
    let is_level = |byte: &u8| text::contains(b"0123456789abcsABCS", *byte);
    if resource.is_none() && option.iter().all(is_level) {
        return Ok(None);
    }
    let setting = match (text::position("user group cgroup nice", name), value) {
        (Some(0..=2), []) => None,
        (Some(0), _) => Some(Setting::User(value)),
        (Some(1), _) => Some(Setting::Group(value)),
        (Some(2), _) => is_below(value).then_some(Setting::Cgroup(value)),
        (Some(_), [b'-', value @ ..]) => nice(value, 20).map(|number| Setting::Nice(-number)),
        (Some(_), _) => nice(value, 19).map(Setting::Nice),
        (None, _) => {
            let resource = resource.ok_or(())?;
            let limit = match value {
                b"unlimited" => Some(Rlimit::INFINITY),
                _ => text::number(value, 10),
            };
            limit.map(|limit| {
                let (soft, hard) = (limit, limit);
                Setting::Limit(resource, Rlimit { soft, hard })
            })
        }
    };
    setting.map(Some).ok_or(())
}

/// Returns whether the path stays below the directory where it starts.
fn is_below(path: &[u8]) -> bool {
    let mut parts = path.split(|&byte| byte == b'/');
    !parts.any(|part| matches!(part, b"" | b"." | b".."))
}

fn nice(digits: &[u8], most: u64) -> Option<i32> {
    let number = text::number(digits, 10).filter(|&number| number <= most)?;
    Some(number as i32)
}

text::display_text!(Problem<'_>);

impl Text for Problem<'_> {
    fn write(&self, out: &mut impl Sink) {
        self.what.write(out);
        if !self.word.is_empty() {
            Quoted(self.word).write(out);
        }
    }
}

fn problem<'a>(what: &'static str, word: &'a [u8]) -> Problem<'a> {
    Problem { what, word }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn entry(line: &str) -> Entry<'_> {
        Entry::parse(line.as_bytes()).unwrap().unwrap()
    }

    fn settings(options: &str) -> Vec<Setting<'_>> {
        let all = Entry {
            options: options.as_bytes(),
            ..entry("::once:x")
        };
        all.settings().collect()
    }

    #[test]
    fn each_action_is_found_by_its_name() {
        for (index, action) in Action::ALL.into_iter().enumerate() {
            let name = text::word_str(Action::NAMES, b' ', index);
            assert_eq!(entry(&std::format!("::{name}:x")).action, action);
        }
    }

    #[test]
    fn what_says_nothing_is_no_entry() {
        for line in ["", "  ", "# tty1::respawn:getty", "  # indented"] {
            assert_eq!(Entry::parse(line.as_bytes()), Ok(None), "{line:?}");
        }
    }

    #[test]
    fn the_process_is_the_rest_of_the_line_with_its_colons() {
        let entry = entry("  ttyS0::respawn: getty -L :0: 9600\t");
        assert_eq!(entry.terminal(), b"ttyS0");
        assert_eq!(entry.command().text, b"getty -L :0: 9600");
    }

    #[test]
    fn a_bad_line_is_refused_with_its_reason() {
        for (line, reason) in [
            ("getty", "not of the form ID:OPTIONS:ACTION:PROCESS"),
            ("::respawn", "not of the form ID:OPTIONS:ACTION:PROCESS"),
            ("::off:x", r#"no such action: "off""#),
            ("::once:", "no process to start"),
            ("::once: -", "no process to start"),
            (":nofile=many:once:x", r#"invalid setting: "nofile=many""#),
            (":2,user=:once:x", r#"invalid setting: "user=""#),
            (":nice=20:once:x", r#"invalid setting: "nice=20""#),
            (":nice=-21:once:x", r#"invalid setting: "nice=-21""#),
            (":uid=33:once:x", r#"invalid setting: "uid=33""#),
            (":2,usr=www:once:x", r#"invalid setting: "usr=www""#),
            (":User=www:once:x", r#"invalid setting: "User=www""#),
            (": user=www:once:x", r#"invalid setting: " user=www""#),
            (":user:once:x", r#"invalid setting: "user""#),
            (":user=www:restart:x", r#"invalid setting: "user=www""#),
            (":User:once:x", r#"invalid setting: "User""#),
            (":user=www,as:once:x", r#"invalid setting: "as""#),
            (":2=3:once:x", r#"invalid setting: "2=3""#),
            (
                ":user=www,2,user=root:once:x",
                r#"setting given twice: "user=www""#,
            ),
            (":cgroup=..:once:x", r#"invalid setting: "cgroup=..""#),
            (
                ":cgroup=a/../b:once:x",
                r#"invalid setting: "cgroup=a/../b""#,
            ),
            (":cgroup=/a:once:x", r#"invalid setting: "cgroup=/a""#),
            (":cgroup=a//b:once:x", r#"invalid setting: "cgroup=a//b""#),
            (":cgroup=a/:once:x", r#"invalid setting: "cgroup=a/""#),
            (":cgroup=.:once:x", r#"invalid setting: "cgroup=.""#),
        ] {
            let problem = Entry::parse(line.as_bytes()).unwrap_err();
            assert_eq!(std::string::ToString::to_string(&problem), reason, "{line}");
        }
    }

    #[test]
    fn each_setting_is_read_and_run_levels_are_passed_over() {
        for levels in ["2345", "S", "0,6", "1,,abc"] {
            let line = std::format!(":{levels}:once:x");
            assert_eq!(entry(&line).settings().count(), 0, "{levels}");
        }
        let limit = |soft| Rlimit { soft, hard: soft };
        assert_eq!(
            settings("user=www,2,group=33,nice=-5,cgroup=a/b,core=0,as=unlimited"),
            [
                Setting::User(b"www"),
                Setting::Group(b"33"),
                Setting::Nice(-5),
                Setting::Cgroup(b"a/b"),
                Setting::Limit(Resource::Core, limit(0)),
                Setting::Limit(Resource::As, limit(Rlimit::INFINITY)),
            ]
        );
        assert_eq!(settings("nice=-20"), [Setting::Nice(-20)]);
    }

    #[test]
    fn each_of_the_shells_characters_calls_for_a_shell_and_no_other_does() {
        for byte in 0x21..0x7f_u8 {
            let line = [b"::once:x ", &[byte][..]].concat();
            let entry = Entry::parse(&line).unwrap().unwrap();
            let expected = "~`!$^&*()=|\\{}[];\"'<>?".contains(char::from(byte));
            assert_eq!(entry.command().shell, expected, "{}", char::from(byte));
        }
    }

    #[test]
    fn a_name_is_the_programs_without_dash_and_directories() {
        for (process, name) in [
            ("-/bin/sh", "sh"),
            ("httpd -f /a/b", "httpd"),
            ("/usr/sbin/ntpd\t-n", "ntpd"),
            ("/bin/", ""),
        ] {
            let line = std::format!("::once:{process}");
            assert_eq!(entry(&line).name(), name.as_bytes());
        }
    }
}
