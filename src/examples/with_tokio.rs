//! Runs all its arguments as shell commands at the same time, and prints how each command ended. After ten seconds, it kills the
//! commands that still run. `Cargo.toml` needs tokio with the features `net`, `rt` and `time`, and nestling with `std`.

use std::io::{Error, ErrorKind, Result};
use std::time::Duration;

use nestling::ExitStatus;
use nestling::command::{Child, Command};
use tokio::io::{Interest, unix::AsyncFd};

/// Waits until the child ends. If the future is dropped, the `Child` is also dropped, which kills the child (`kill_on_drop`).
async fn wait(mut child: Child) -> Result<ExitStatus> {
    let pidfd = child.pidfd().ok_or(ErrorKind::Unsupported)?; // before Linux 5.3
    #[allow(deprecated)] // The replacement is `unsafe`, and is missing in tokio before 1.54.
    AsyncFd::with_interest(pidfd, Interest::READABLE)?
        .readable()
        .await?
        .retain_ready();
    Ok(child.wait()?)
}

async fn run(command: String) {
    let child = Command::new("sh")
        .args(["-c", &command])
        .create_pidfd(true)
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let status = async { wait(child.map_err(Error::from)?).await };
    match tokio::time::timeout(Duration::from_secs(10), status).await {
        Ok(Ok(status)) => println!("{command}: {status}"),
        Ok(Err(error)) => println!("{command}: {error}"),
        Err(_) => println!("{command}: killed after ten seconds"),
    }
}

fn main() -> Result<()> {
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
