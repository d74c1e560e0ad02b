//! A program that uses the standard library and has a heap of a gigabyte. It runs a command as another user, within limits.
//! Starting the command costs no more than in a small program. If a step fails, the error names the step. Usage, as root:
//! `run_as_user UID GID COMMAND [ARG…]`.

use std::env;
use std::process::ExitCode;

use nestling::command::Command;
use nestling::{Resource, Rlimit};

fn main() -> ExitCode {
    // A large heap makes `fork` slow, or makes it fail with `ENOMEM`.
    let heap = vec![1u8; 1 << 30];

    let mut words = env::args().skip(1);
    let mut id = || words.next().and_then(|word| word.parse().ok());
    let (Some(uid), Some(gid), Some(program)) = (id(), id(), words.next()) else {
        eprintln!("usage: run_as_user UID GID COMMAND [ARG…]");
        return ExitCode::from(125);
    };
    let exactly = |limit| Rlimit {
        soft: limit,
        hard: limit,
    };
    let status = Command::new(program)
        .args(words)
        .user(uid, gid)
        .no_new_privs(true)
        .umask(0o077)
        .limit(Resource::Nofile, exactly(64))
        .limit(Resource::Core, exactly(0))
        .limit(Resource::As, exactly(256 << 20))
        .current_dir("/")
        .status();
    drop(heap);
    match status {
        Ok(status) => ExitCode::from(status.shell_code() as u8),
        Err(error) => {
            eprintln!("run_as_user: {error}");
            ExitCode::from(error.shell_code() as u8)
        }
    }
}
