//! Builds the program that `boot` and `test` put into each machine: `agent.rs`, with the library that the project uses.

use std::{
    env,
    ffi::OsString,
    fs,
    io::stdin,
    os::unix::ffi::OsStrExt,
    path::{self, Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use rustix::termios::tcgetwinsize;

use crate::{
    arch::Arch,
    build::Group,
    cache,
    initramfs::Initramfs,
    new::{self, Library},
    process,
    project::Project,
};

/// The path of the agent in a machine.
pub const PATH: &str = "/.nestling/agent";

/// The name of the agent's package. It is unlikely to be the name of a project's program.
const NAME: &str = "nestling-agent";

/// Builds the agent, and returns its path. For a project, it is built in the project's folder with the project's settings, so that cargo
/// builds nestling only once if the project uses the same features of it. Without a project, it is built in `folder`, with
/// `library`; `CARGO_TARGET_DIR` is respected.
pub fn build(
    project: Option<&Project>,
    library: &Library,
    folder: &Path,
    arch: Arch,
) -> Result<PathBuf> {
    let (place, here, target, library) = match project {
        Some(it) => {
            let place = it.scratch()?.join("agent");
            (
                place,
                it.root.clone(),
                it.target.clone(),
                it.library.clone(),
            )
        }
        None => {
            let place = folder.join("agent");
            let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
            let target = target.unwrap_or_else(|| place.join("target"));
            (
                place.clone(),
                place,
                path::absolute(target)?,
                library.clone(),
            )
        }
    };
    let _alone = cache::lock(&place)?;
    let mut files = new::package(NAME, &library, &["rt", "alloc"]);
    // A configuration below that of the project would add its options to the project's.
    files.retain(|(name, _)| project.is_none() || *name != ".cargo/config.toml");
    files.push(("src/main.rs", include_str!("../agent.rs").into()));
    new::write(&place, &files)?;
    let lock = place.join("Cargo.lock");
    if !lock.exists() {
        // The same versions as in the project, or as in the library's folder.
        let _ = match (project, &library) {
            (Some(project), _) => fs::copy(&project.lock, lock),
            (None, Library::Path(library)) => fs::copy(library.join("Cargo.lock"), lock),
            (None, Library::Version(_)) => Ok(0),
        };
    }
    let manifest = place.join("Cargo.toml");
    let manifest = manifest.to_str().context("a path that is no text")?;
    for group in Group::of(&[arch])? {
        let words = ["build", "--quiet", "--manifest-path", manifest];
        let command = group.command(&words, |_| String::new());
        let command = command.dir(&here).env("CARGO_TARGET_DIR", &target);
        let built = process::run(&command.stdout_to_stderr().unchecked())?;
        ensure!(built.status.success(), "the agent: {}", group.failure());
    }
    Ok(target.join(arch.triple()).join("debug").join(NAME))
}

/// Puts the agent into a machine, the commands that it runs there, and the size of this terminal, if standard input is one.
pub fn place(archive: &mut Initramfs, agent: &Path, commands: &[Vec<OsString>]) -> Result<()> {
    archive.program(PATH, agent)?;
    let mut bytes = Vec::new();
    for command in commands {
        bytes.extend(format!("{}\0", command.len()).into_bytes());
        for word in command {
            bytes.extend(word.as_bytes());
            bytes.push(0);
        }
    }
    archive.file(".nestling/commands", &bytes);
    if let Ok(size) = tcgetwinsize(stdin()) {
        let size = format!("{} {}", size.ws_row, size.ws_col);
        archive.file(".nestling/terminal", size.as_bytes());
    }
    Ok(())
}
