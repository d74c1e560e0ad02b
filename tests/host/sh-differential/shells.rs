//! Runs a script, in a place of its own, and tells what became of it.

use std::fs::{self, File};
use std::io::{Read, Seek};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nestling::command::{Command, Stdio};
use nestling::poll::{Events, PollFd, poll};
use nestling::{Resource, Rlimit, sys};

/// A shell, and the options that make it one of the standard's.
pub struct Shell {
    pub name: &'static str,
    pub program: PathBuf,
    pub options: &'static [&'static str],
}

/// What a script may use up.
pub struct Bounds {
    pub time: Duration,
    pub limits: &'static [(Resource, u64)],
    pub path: &'static str,
}

/// What a script wrote to its standard output, and how it ended.
pub struct Outcome {
    pub output: Vec<u8>,
    pub end: String,
}

/// A directory, in which one script after another finds an empty one to be in.
pub struct Place {
    folder: PathBuf,
    output: File,
    /// How many directories, named by numbers, are in the one that is otherwise empty.
    pub directories: usize,
}

impl Place {
    pub fn new(folder: PathBuf) -> Self {
        fs::create_dir_all(&folder).expect("a directory");
        let output = sys::fd::memfd_create(c"output").expect("a file in memory");
        Self { folder, output: File::from(OwnedFd::from(output)), directories: 0 }
    }

    /// The script that [`run`](Self::run) runs.
    pub fn write(&self, script: &[u8]) {
        fs::write(self.folder.join("script"), script).expect("a script");
    }

    pub fn run(&mut self, shell: &Shell, options: &[&str], bounds: &Bounds) -> Outcome {
        let inside = self.folder.join("inside");
        clear(&inside);
        fs::create_dir(&inside).expect("a directory");
        for number in 0..self.directories {
            fs::create_dir(inside.join(number.to_string())).expect("a directory");
        }
        self.output.set_len(0).expect("an empty file");
        self.output.rewind().expect("its beginning");
        let output: OwnedFd = self.output.try_clone().expect("a duplicate").into();

        let mut command = Command::new(shell.program.as_path());
        command.args(shell.options).args(options).arg("../script").env_clear();
        command.env("PATH", bounds.path).env("HOME", "/").env("LC_ALL", "C");
        command.current_dir(inside.as_path()).setsid(true).create_pidfd(true);
        command.stdin(Stdio::null()).stdout(nestling::OwnedFd::from(output)).stderr(Stdio::null());
        for &(resource, limit) in bounds.limits {
            command.limit(resource, Rlimit { soft: limit, hard: limit });
        }
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", shell.name));
        let over = {
            let pidfd = child.pidfd().expect("a pidfd");
            poll(&mut [PollFd::new(pidfd, Events::IN)], Some(bounds.time)).expect("a poll") == 0
        };
        if over {
            // It leads a group of its own, in which the processes that it has started are, too.
            let _ = sys::process::kill(-child.id().as_raw(), Some(nestling::Signal::KILL));
        }
        let status = child.wait().expect("its status");
        let mut output = Vec::new();
        self.output.rewind().expect("its beginning");
        self.output.read_to_end(&mut output).expect("the output");
        Outcome { output, end: if over { "hang".into() } else { status.to_string() } }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        clear(&self.folder);
    }
}

fn clear(folder: &Path) {
    if fs::remove_dir_all(folder).is_err() && folder.exists() {
        panic!("{} can't be emptied", folder.display());
    }
}
