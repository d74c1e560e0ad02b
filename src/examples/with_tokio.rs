//! Runs all its arguments as shell commands at the same time, and prints how each command ended and what it wrote. After ten seconds,
//! it kills the commands that still run. `Cargo.toml` needs tokio with the features `io-util`, `net`, `rt` and `time`, and nestling
//! with `std`.

use std::error::Error;
use std::time::Duration;

use nestling::ExitStatus;
use nestling::command::{Child, Command, Stdio};
use tokio::io::{AsyncReadExt, Interest, unix::AsyncFd};
use tokio::net::unix::pipe::Receiver;

/// Reads the child's output, and waits until the child ends. If the future is dropped, the `Child` is also dropped, which kills the
/// child (`kill_on_drop`).
async fn wait(mut child: Child) -> Result<(ExitStatus, Vec<u8>), Box<dyn Error>> {
    let mut output = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let mut stdout = Receiver::from_owned_fd(stdout.into())?;
        stdout.read_to_end(&mut output).await?;
    }
    let pidfd = child.pidfd().ok_or("no pidfd: before Linux 5.3")?;
    #[allow(deprecated)] // The replacement is `unsafe`, and is missing in tokio before 1.54.
    AsyncFd::with_interest(pidfd, Interest::READABLE)?
        .readable()
        .await?
        .retain_ready();
    Ok((child.wait()?, output))
}

async fn run(command: String) {
    let child = Command::new("sh")
        .args(["-c", &command])
        .stdout(Stdio::piped())
        .create_pidfd(true)
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    // The error is a `Box<dyn Error>`, because an `io::Error` would not name the step that failed.
    let status = async { wait(child?).await };
    match tokio::time::timeout(Duration::from_secs(10), status).await {
        Ok(Ok((status, output))) => println!("{command}: {status}: {}", output.escape_ascii()),
        Ok(Err(error)) => println!("{command}: {error}"),
        Err(_) => println!("{command}: killed after ten seconds"),
    }
}

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = tokio::task::LocalSet::new();
    for command in std::env::args().skip(1) {
        local.spawn_local(run(command));
    }
    runtime.block_on(local);
    Ok(())
}
