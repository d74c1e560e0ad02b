//! Runs a script in a directory of its own and returns its outcome.
//!
//! The scripts are generated, so they may do anything: if the tests run as root, the scripts run as a user who owns no
//! other files.

use std::fs::{self, File, Permissions};
use std::io::{Read, Seek};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nestling::command::{Command, Stdio};
use nestling::poll::{Events, PollFd, poll};
use nestling::wait::{Options, Who, wait_for};
use nestling::{AsFd, OFlags, Resource, Rlimit, sys};
use nestling_host_tests::copy_executable;

/// A descriptor that the shell and all its descendants have open. It is closed when the last of them has ended.
const HELD: i32 = 19;

/// The user id for the scripts if the tests run as root.
const NOBODY: u32 = 64_321;

/// A shell, with the options that make it follow the standard.
pub struct Shell {
    pub name: &'static str,
    pub program: PathBuf,
    pub options: &'static [&'static str],
}

impl Shell {
    /// Copies the shell to a folder where every user can start it.
    pub fn copied(&self, folder: &Path) -> Self {
        fs::create_dir_all(folder).expect("a directory");
        fs::set_permissions(folder, Permissions::from_mode(0o755))
            .expect("a directory for all to enter");
        let program = folder.join(self.name);
        copy_executable(&self.program, &program);
        Self { program, ..*self }
    }
}

/// Limits of the resources that a script may use.
pub struct Bounds {
    pub time: Duration,
    pub limits: &'static [(Resource, u64)],
    pub path: &'static str,
}

/// What a script wrote to its standard output, and its exit status.
pub struct Outcome {
    pub output: Vec<u8>,
    pub end: String,
}

/// A directory in which each script finds an empty directory to work in.
pub struct Workspace {
    folder: PathBuf,
    output: File,
    /// How many directories with numbers as names are in the script's directory, which otherwise is empty.
    pub directories: usize,
}

impl Workspace {
    pub fn new(folder: PathBuf) -> Self {
        fs::create_dir_all(&folder).expect("a directory");
        fs::set_permissions(&folder, Permissions::from_mode(0o755))
            .expect("a directory for all to enter");
        sys::machine::set_child_subreaper(true).expect("orphans as children");
        let output = sys::fd::memfd_create(c"output").expect("a file in memory");
        Self {
            folder,
            output: File::from(OwnedFd::from(output)),
            directories: 0,
        }
    }

    /// Writes the file of the script that [`run`](Self::run) runs.
    pub fn write(&self, script: &[u8]) {
        fs::write(self.folder.join("script"), script).expect("a script");
    }

    pub fn run(&mut self, shell: &Shell, options: &[&str], bounds: &Bounds) -> Outcome {
        let inside = self.folder.join("inside");
        clear(&inside);
        make(&inside);
        for number in 0..self.directories {
            make(&inside.join(number.to_string()));
        }
        self.output.set_len(0).expect("an empty file");
        self.output.rewind().expect("its beginning");
        let output: OwnedFd = self.output.try_clone().expect("a duplicate").into();

        let mut command = command(shell, options, bounds, output, &inside);
        let (held, end_held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
        command.fd(HELD, end_held);
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", shell.name));
        drop(command);
        let end = Instant::now() + bounds.time;
        let over = {
            let pidfd = child.pidfd().expect("a pidfd");
            poll(&mut [PollFd::new(pidfd, Events::IN)], Some(bounds.time)).expect("a poll") == 0
        };
        // The shell leads a process group, to which the processes that it starts belong, too.
        let group = child.id();
        let kill = || {
            let _ = sys::process::kill(-group.as_raw(), Some(nestling::Signal::KILL));
        };
        if over {
            kill();
        }
        // A subshell may outlive the shell and send it a signal. That is no error until the shell is reaped.
        let left = end.saturating_duration_since(Instant::now());
        let _ = poll(
            &mut [PollFd::new(held.as_fd(), Events::default())],
            Some(left),
        );
        let status = child.wait().expect("its status");
        // A process that has closed the descriptor may still write something; it has become a child of this process.
        while let Ok(ended) = wait_for(Who::Group(group), Options::NOHANG) {
            if Instant::now() > end {
                kill();
            } else if ended.is_none() {
                thread::sleep(Duration::from_millis(1));
            }
        }
        let mut output = Vec::new();
        self.output.rewind().expect("its beginning");
        self.output.read_to_end(&mut output).expect("the output");
        Outcome {
            output,
            end: if over {
                "hang".into()
            } else {
                status.to_string()
            },
        }
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        clear(&self.folder);
    }
}

/// The command that runs the script in the directory `inside`.
fn command(
    shell: &Shell,
    options: &[&str],
    bounds: &Bounds,
    output: OwnedFd,
    inside: &Path,
) -> Command {
    let mut command = Command::new(shell.program.as_path());
    command
        .args(shell.options)
        .args(options)
        .arg("../script")
        .env_clear();
    command
        .env("PATH", bounds.path)
        .env("HOME", "/home/none")
        .env("LC_ALL", "C");
    command.current_dir(inside).setsid(true).create_pidfd(true);
    command
        .stdin(Stdio::null())
        .stdout(nestling::OwnedFd::from(output))
        .stderr(Stdio::null());
    if is_root() {
        command.uid(NOBODY).gid(NOBODY).groups(&[]);
    }
    for &(resource, limit) in bounds.limits {
        command.limit(
            resource,
            Rlimit {
                soft: limit,
                hard: limit,
            },
        );
    }
    command
}

pub fn is_root() -> bool {
    // SAFETY: `geteuid` takes no argument.
    unsafe { libc::geteuid() == 0 }
}

/// Makes a directory that belongs to the scripts' user.
fn make(folder: &Path) {
    fs::create_dir(folder).expect("a directory");
    if is_root() {
        chown(folder, Some(NOBODY), Some(NOBODY)).expect("another owner");
    }
}

fn clear(folder: &Path) {
    if fs::remove_dir_all(folder).is_err() && folder.exists() {
        panic!("{} can't be emptied", folder.display());
    }
}
