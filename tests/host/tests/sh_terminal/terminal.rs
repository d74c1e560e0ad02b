//! A shell at a pseudo-terminal, and what its screen shows.

use std::env;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use nestling_host_tests::{Scratch, terminal};

/// What has not happened by then never will.
const DEADLINE: Duration = Duration::from_secs(30);

pub struct Terminal {
    controller: File,
    /// Kept open, so that the terminal stays when the shell has gone.
    terminal: File,
    screen: vt100::Parser,
    shell: Child,
    /// What the shell has read when the last keys were struck, and how many they were.
    read_before: u64,
    struck: u64,
    /// How often the bell has rung.
    pub bells: usize,
    scratch: Scratch,
}

/// What the shell has read and written so far: bytes, and calls.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub read: u64,
    pub written: u64,
    pub writes: u64,
}

impl Terminal {
    pub fn new(shell: &Path) -> Self {
        Self::with(shell, 24, 80, &[])
    }

    /// A shell at a terminal of this size, in an empty directory that is its HOME, with these variables. Its prompt is there.
    pub fn with(shell: &Path, rows: u16, columns: u16, variables: &[(&str, &str)]) -> Self {
        let mut terminal = Self::start(shell, rows, columns, variables);
        terminal.line("|");
        terminal
    }

    /// As [`with`](Self::with), but the prompt is not waited for.
    pub fn start(shell: &Path, rows: u16, columns: u16, variables: &[(&str, &str)]) -> Self {
        Self::start_with(shell, (rows, columns), variables, &["-i"], &[])
    }

    /// As [`start`](Self::start), with these arguments, and these files in its directory: their names and what is in them.
    pub fn start_with(
        shell: &Path,
        (rows, columns): (u16, u16),
        variables: &[(&str, &str)],
        arguments: &[&str],
        files: &[(&str, &str)],
    ) -> Self {
        let scratch = Scratch::new(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lib.rs")));
        let home = scratch.path().join("home");
        fs::create_dir(&home).expect("a directory");
        for (name, text) in files {
            fs::write(home.join(name), text).expect("a file");
        }
        let (controller, path) = terminal();
        let open = || {
            let mut options = File::options();
            options.read(true).write(true).custom_flags(libc::O_NOCTTY);
            options.open(&path).expect("the terminal")
        };
        let terminal = open();
        let mut command = Command::new(shell);
        command
            .env_clear()
            .current_dir(&home)
            .arg0("sh")
            .args(arguments);
        command.env("PATH", "/usr/bin:/bin").env("HOME", &home);
        command.env("TERM", "xterm").env("LC_ALL", "C.UTF-8");
        command
            .env("PS1", "$ ")
            .env("PS2", "> ")
            .env("TMPDIR", scratch.path());
        command.envs(variables.iter().copied());
        command.stdin(open()).stdout(open()).stderr(open());
        // SAFETY: system calls only.
        unsafe { command.pre_exec(with_terminal) };
        // The shell is to see it from the beginning.
        tell_size(&controller, rows, columns);
        Self {
            controller: controller.into(),
            terminal,
            screen: vt100::Parser::new(rows, columns, 0),
            shell: command.spawn().expect("the shell"),
            read_before: 0,
            struck: 0,
            bells: 0,
            scratch,
        }
    }

    pub fn home(&self) -> PathBuf {
        self.scratch.path().join("home")
    }

    pub fn pid(&self) -> i32 {
        self.shell.id() as i32
    }

    /// Makes an empty file in the shell's directory, and the directories it is in.
    pub fn file(&self, name: &str) {
        let path = self.home().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("directories");
        fs::write(path, "").expect("a file");
    }

    pub fn set_size(&mut self, rows: u16, columns: u16) {
        tell_size(&self.controller, rows, columns);
        self.screen.screen_mut().set_size(rows, columns);
    }

    /// Strikes keys.
    pub fn keys(&mut self, keys: impl AsRef<[u8]>) -> &mut Self {
        let keys = keys.as_ref();
        self.read_before = self.counts().read;
        self.struck = keys.len() as u64;
        // What is typed at once a terminal takes 4,096 bytes of.
        for part in keys.chunks(1024) {
            let before = self.counts().read;
            self.controller.write_all(part).expect("keys");
            if keys.len() > 1024 {
                self.until("the keys are read", |terminal| {
                    terminal.counts().read >= before + part.len() as u64
                });
            }
        }
        self
    }

    /// Strikes keys, and does not mind whether anybody reads them.
    pub fn strike(&mut self, keys: &[u8]) {
        // A terminal that nobody reads is full one day.
        let mut poll = libc::pollfd {
            fd: self.controller.as_raw_fd(),
            events: libc::POLLOUT,
            revents: 0,
        };
        while self.take_in_for(0) > 0 {}
        // SAFETY: one descriptor.
        if unsafe { libc::poll(&mut poll, 1, 100) } == 1 {
            self.controller.write_all(keys).expect("keys");
        }
        self.read_before = self.counts().read;
        self.struck = 0;
    }

    /// What is typed at a prompt; the next prompt is waited for.
    pub fn run(&mut self, command: &str) -> &mut Self {
        self.keys(command).keys("\r");
        self.line("|")
    }

    /// Takes in what is to be shown; waits a moment for it if there is nothing.
    pub fn take_in(&mut self) -> usize {
        self.take_in_for(5)
    }

    fn take_in_for(&mut self, milliseconds: i32) -> usize {
        let mut poll = libc::pollfd {
            fd: self.controller.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one descriptor.
        let count = unsafe { libc::poll(&mut poll, 1, milliseconds) };
        let mut buffer = [0; 16 * 1024];
        match count > 0 && poll.revents & libc::POLLIN != 0 {
            true => {
                let count = self.controller.read(&mut buffer).unwrap_or_default();
                self.screen.process(&buffer[..count]);
                self.bells += buffer[..count].iter().filter(|&&byte| byte == 7).count();
                count
            }
            false => 0,
        }
    }

    /// Whether the shell has read all keys, and does nothing.
    pub fn is_idle(&self) -> bool {
        self.counts().read >= self.read_before + self.struck && !self.has_input() && self.sleeps()
    }

    /// Whether the shell's process sleeps.
    pub fn sleeps(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        stat.rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with('S'))
    }

    fn has_input(&self) -> bool {
        let mut poll = libc::pollfd {
            fd: self.terminal.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one descriptor.
        unsafe { libc::poll(&mut poll, 1, 0) == 1 }
    }

    /// Waits until all keys are read and this holds of the screen.
    pub fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) -> &mut Self {
        let start = Instant::now();
        // What is right may not be the end of it: all keys have to be done with first.
        while self.take_in() > 0 || !holds(self) {
            if start.elapsed() > DEADLINE {
                panic!(
                    "{what}: not on the screen, but\n{} {:?}",
                    self.picture(),
                    self.all_rows()
                );
            }
        }
        self
    }

    /// Waits until the row with the cursor shows this after a prompt, with `|` where the cursor is.
    #[track_caller]
    pub fn line(&mut self, expected: &str) -> &mut Self {
        let row = format!("$ {expected}");
        self.row(&row)
    }

    /// Waits until the row with the cursor shows this, with `|` where that is.
    #[track_caller]
    pub fn row(&mut self, expected: &str) -> &mut Self {
        self.until(expected, |terminal| {
            terminal.is_idle() && terminal.cursor_row() == expected
        })
    }

    /// Waits until these are all rows, but for empty ones at the end, with `|` where the cursor is.
    #[track_caller]
    pub fn rows(&mut self, expected: &[&str]) -> &mut Self {
        self.until(&expected.join("\n"), |terminal| {
            terminal.is_idle() && terminal.all_rows() == expected
        })
    }

    /// Waits until some row shows this.
    #[track_caller]
    pub fn shows(&mut self, text: &str) -> &mut Self {
        self.until(text, |terminal| {
            terminal.is_idle() && terminal.screen.screen().contents().contains(text)
        })
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    pub fn cursor_row(&self) -> String {
        self.row_text(self.screen().cursor_position().0)
    }

    /// A row's text, with `|` where the cursor is.
    fn row_text(&self, row: u16) -> String {
        let screen = self.screen();
        let (cursor_row, cursor_column) = screen.cursor_position();
        let (mut text, mut column, mut length) = (String::new(), 0, 0);
        while column < screen.size().1 {
            if row == cursor_row && column == cursor_column {
                text.push('|');
                length = text.len();
            }
            let cell = screen.cell(row, column).expect("a cell");
            let contents = cell.contents();
            text.push_str(if contents.is_empty() { " " } else { contents });
            if !contents.trim().is_empty() {
                length = text.len();
            }
            column += if cell.is_wide() { 2 } else { 1 };
        }
        if row == cursor_row && cursor_column >= screen.size().1 {
            text.push('|');
            length = text.len();
        }
        text.truncate(length);
        text
    }

    pub fn all_rows(&self) -> Vec<String> {
        let rows = self.screen().size().0;
        let mut rows: Vec<String> = (0..rows).map(|row| self.row_text(row)).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows
    }

    fn picture(&self) -> String {
        let size = self.screen().size();
        let idle = if self.is_idle() { "" } else { " (not idle)" };
        format!(
            "{} by {}{idle}:\n{}",
            size.0,
            size.1,
            self.all_rows().join("\n")
        )
    }

    /// What the shell's process has read and written.
    pub fn counts(&self) -> Counts {
        let text = fs::read_to_string(format!("/proc/{}/io", self.pid())).unwrap_or_default();
        let number = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.map_or(0, |line| line.trim().parse().expect("a number"))
        };
        Counts {
            read: number("rchar:"),
            written: number("wchar:"),
            writes: number("syscw:"),
        }
    }

    /// Strikes one key, or what is one, waits until this is in the row with the cursor, and says what the key has cost.
    pub fn cost(&mut self, key: impl AsRef<[u8]>, shows: &str) -> Counts {
        let before = self.counts();
        self.keys(key).until(shows, |terminal| {
            terminal.is_idle() && terminal.cursor_row().contains(shows)
        });
        let after = self.counts();
        Counts {
            read: after.read - before.read,
            written: after.written - before.written,
            writes: after.writes - before.writes,
        }
    }

    /// Sends the shell a signal.
    pub fn signal(&self, signal: i32) {
        // SAFETY: numbers only; the shell is not reaped yet.
        unsafe { libc::kill(self.pid(), signal) };
    }

    /// The terminal's modes.
    pub fn modes(&self) -> libc::termios {
        // SAFETY: all zeros are one, and the descriptor is a terminal's.
        unsafe {
            let mut modes = std::mem::zeroed();
            assert_eq!(
                libc::tcgetattr(self.terminal.as_raw_fd(), &raw mut modes),
                0
            );
            modes
        }
    }

    /// Whether the shell has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.shell.try_wait().expect("the shell")
    }

    /// Waits for the shell's end.
    pub fn end(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            self.take_in();
            if let Some(status) = self.ended() {
                while self.take_in() > 0 {}
                return status;
            }
            assert!(
                start.elapsed() < DEADLINE,
                "the shell does not end:\n{}",
                self.picture()
            );
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // SAFETY: numbers only. What it has started gets SIGHUP when the terminal goes.
        unsafe {
            libc::kill(-self.pid(), libc::SIGKILL);
        }
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// Has the terminal this size.
fn tell_size(controller: &impl AsRawFd, rows: u16, columns: u16) {
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the size is one.
    let answer = unsafe { libc::ioctl(controller.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    assert_eq!(answer, 0);
}

/// In the child: a session of its own, whose terminal standard input is.
fn with_terminal() -> std::io::Result<()> {
    // SAFETY: numbers only.
    unsafe {
        libc::setsid();
        for signal in 1..32 {
            libc::signal(signal, libc::SIG_DFL);
        }
        // One that spins is not to do so for ever.
        let limit = libc::rlimit {
            rlim_cur: 60,
            rlim_max: 60,
        };
        libc::setrlimit(libc::RLIMIT_CPU, &raw const limit);
        match libc::ioctl(0, libc::TIOCSCTTY, 0) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        }
    }
}
