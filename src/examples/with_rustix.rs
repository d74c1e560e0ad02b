//! Runs a shell command, and prints each piece of its output with the length of the piece. Then waits until the command has ended.
//! rustix makes the pipe and waits; nestling starts the child and reaps it.

use std::error::Error;

use nestling::ExitStatus;
use nestling::command::Command;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, read};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{WaitId, WaitIdOptions, waitid};

// An `io::Error` would not name the step that failed.
fn main() -> Result<(), Box<dyn Error>> {
    let script = std::env::args()
        .nth(1)
        .unwrap_or("echo one; echo two".into());
    let (from, to) = pipe_with(PipeFlags::CLOEXEC)?;
    let mut command = Command::new("sh");
    command.args(["-c", &script]).stdout(to).create_pidfd(true);
    let mut child = command.spawn()?;
    drop(command); // this also closes the pipe's write end
    let mut buffer = [0; 4096];
    loop {
        poll(&mut [PollFd::new(&from, PollFlags::IN)], None)?;
        match read(&from, &mut buffer)? {
            0 => break,
            length => println!("{length}: {}", buffer[..length].escape_ascii()),
        }
    }
    if let Some(pidfd) = child.pidfd() {
        // `NOWAIT` does not reap the child, because nestling will reap it.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(Errno::INTR) = waitid(WaitId::PidFd(pidfd.into()), options) {}
    }
    let status: ExitStatus = child.wait()?;
    println!("{status}");
    Ok(())
}
