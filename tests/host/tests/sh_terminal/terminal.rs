//! Runs a shell at a pseudo-terminal and emulates its screen.

use std::env;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use nestling_host_tests::{Scratch, state, terminal};

/// An event that has not happened after this time never will.
const DEADLINE: Duration = Duration::from_secs(120);

pub struct Terminal {
    controller: File,
    /// Kept open, so that the terminal still exists when the shell has ended.
    terminal: File,
    screen: vt100::Parser,
    shell: Child,
    /// The number of bytes that the shell had read when the last keys were struck, and the number of these keys.
    read_before: u64,
    struck: u64,
    /// How often the bell has rung.
    pub bells: usize,
    scratch: Scratch,
}

/// The numbers of bytes and of calls by which the shell has read and written so far.
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

    /// Starts a shell at a terminal of this size, with these variables, in an empty directory that is its HOME. Waits
    /// for the prompt.
    pub fn with(shell: &Path, rows: u16, columns: u16, variables: &[(&str, &str)]) -> Self {
        let mut terminal = Self::start(shell, rows, columns, variables);
        terminal.line("|");
        terminal
    }

    /// The same as [`with`](Self::with), but does not wait for the prompt.
    pub fn start(shell: &Path, rows: u16, columns: u16, variables: &[(&str, &str)]) -> Self {
        Self::start_with(shell, (rows, columns), variables, &["-i"], &[])
    }

    /// The same as [`start`](Self::start), with these arguments, and with these files in the shell's directory: their
    /// names and contents.
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
        // SAFETY: the hook makes system calls only.
        unsafe { command.pre_exec(with_terminal) };
        // The size must be set before the shell starts.
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

    /// Makes an empty file in the shell's directory, and its parent directories.
    pub fn file(&self, name: &str) {
        let path = self.home().join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("directories");
        fs::write(path, "").expect("a file");
    }

    pub fn set_size(&mut self, rows: u16, columns: u16) {
        tell_size(&self.controller, rows, columns);
        self.screen.screen_mut().set_size(rows, columns);
    }

    /// Sets the size that the kernel returns for the terminal. The emulated screen keeps its size.
    pub fn claim_size(&mut self, rows: u16, columns: u16) {
        tell_size(&self.controller, rows, columns);
    }

    /// Strikes keys that the shell must read.
    pub fn keys(&mut self, keys: impl AsRef<[u8]>) -> &mut Self {
        let keys = keys.as_ref();
        self.read_before = self.counts().read;
        self.struck = keys.len() as u64;
        // A terminal takes at most 4,096 bytes at once.
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

    /// Strikes keys, whether the shell reads them or not.
    pub fn strike(&mut self, keys: &[u8]) {
        // A terminal becomes full if no process reads from it.
        let mut poll = libc::pollfd {
            fd: self.controller.as_raw_fd(),
            events: libc::POLLOUT,
            revents: 0,
        };
        while self.take_in_for(0) > 0 {}
        // SAFETY: the call gets a pointer to one descriptor.
        if unsafe { libc::poll(&mut poll, 1, 100) } == 1 {
            self.controller.write_all(keys).expect("keys");
        }
        self.read_before = self.counts().read;
        self.struck = 0;
    }

    /// Types a command at the prompt, and waits for the next prompt.
    pub fn run(&mut self, command: &str) -> &mut Self {
        self.keys(command).keys("\r");
        self.line("|")
    }

    /// Reads output for the screen. If no output is available, waits for it for a few milliseconds.
    pub fn take_in(&mut self) -> usize {
        self.take_in_for(5)
    }

    fn take_in_for(&mut self, milliseconds: i32) -> usize {
        let mut poll = libc::pollfd {
            fd: self.controller.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: the call gets a pointer to one descriptor.
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

    /// Whether the shell has read all keys and does nothing more.
    pub fn is_idle(&self) -> bool {
        self.counts().read >= self.read_before + self.struck && !self.has_input() && self.sleeps()
    }

    /// Whether the shell's process sleeps.
    pub fn sleeps(&self) -> bool {
        state(self.pid()) == Some('S')
    }

    /// Whether each child of the shell has ended, reaped or not.
    pub fn has_no_running_child(&self) -> bool {
        let pid = self.pid();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.expect("the shell");
        let mut children = children.split_whitespace();
        children.all(|child| state(child.parse().expect("a process id")) == Some('Z'))
    }

    fn has_input(&self) -> bool {
        let mut poll = libc::pollfd {
            fd: self.terminal.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: the call gets a pointer to one descriptor.
        unsafe { libc::poll(&mut poll, 1, 0) == 1 }
    }

    /// Waits until the shell has read all keys and the condition holds.
    pub fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) -> &mut Self {
        let start = Instant::now();
        // The condition may hold too early: the shell must have handled all keys first, and the screen must show all that it has
        // written until it came to rest.
        while self.take_in() > 0 || !holds(self) || self.take_in_for(0) > 0 {
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

    /// Waits until the row with the cursor shows the prompt and this text, in which `|` marks the cursor.
    #[track_caller]
    pub fn line(&mut self, expected: &str) -> &mut Self {
        let row = format!("$ {expected}");
        self.row(&row)
    }

    /// Waits until the row with the cursor shows this text, in which `|` marks the cursor.
    #[track_caller]
    pub fn row(&mut self, expected: &str) -> &mut Self {
        self.until(expected, |terminal| {
            terminal.is_idle() && terminal.cursor_row() == expected
        })
    }

    /// Waits until the screen shows these rows and then only empty ones; `|` marks the cursor.
    #[track_caller]
    pub fn rows(&mut self, expected: &[&str]) -> &mut Self {
        self.until(&expected.join("\n"), |terminal| {
            terminal.is_idle() && terminal.all_rows() == expected
        })
    }

    /// Waits until the screen shows this text.
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

    /// Returns the text of a row, with `|` at the cursor.
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

    /// How much the shell's process has read and written.
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

    /// Strikes one key, waits until the row with the cursor contains `shows`, and returns the cost of the key.
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
        // SAFETY: the arguments are numbers; the shell is not reaped yet, so its id is valid.
        unsafe { libc::kill(self.pid(), signal) };
    }

    /// Returns the terminal's modes.
    pub fn modes(&self) -> libc::termios {
        // SAFETY: all zeros are a valid structure, and the descriptor is a terminal.
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
        // SAFETY: the arguments are numbers. The processes that the shell has started get SIGHUP when the terminal is
        // closed.
        unsafe {
            libc::kill(-self.pid(), libc::SIGKILL);
        }
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

/// Sets the terminal's size.
fn tell_size(controller: &impl AsRawFd, rows: u16, columns: u16) {
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the pointer refers to a valid size.
    let answer = unsafe { libc::ioctl(controller.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    assert_eq!(answer, 0);
}

/// Runs in the child: starts a session whose controlling terminal is standard input.
fn with_terminal() -> std::io::Result<()> {
    // SAFETY: the calls take numbers only.
    unsafe {
        libc::setsid();
        for signal in 1..32 {
            libc::signal(signal, libc::SIG_DFL);
        }
        // Ends a shell that spins after this processor time.
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
