//! The modules of Debian's kernels that a machine needs if its root is on a disk.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use duct::cmd;

use crate::{
    arch::Arch,
    cache,
    machine::{Event, Progress, Running},
    packages,
};

/// The longest time without output.
const LIMIT: Duration = Duration::from_secs(150);

/// The modules that a machine loads if its kernel does not contain them.
const MODULES: [&str; 6] = [
    "crc32c_generic",
    "ext4",
    "nvme",
    "virtio_pci",
    "virtio_blk",
    "loop",
];

/// Returns the folder with the modules, which is in the folder `cache`, and downloads them if necessary. Its file `order` lists them in
/// the order in which they are to be loaded. `release` returns the kernel's release, which is part of the package's name.
pub fn obtain(
    cache: &Path,
    arch: Arch,
    release: impl FnOnce() -> Result<String>,
) -> Result<PathBuf> {
    obtain_those(cache, arch, "drivers", &MODULES, release)
}

/// Does the same for modules of the caller's choice, and those that they need. `name` names their folder.
pub fn obtain_those(
    cache: &Path,
    arch: Arch,
    name: &str,
    wanted: &[&str],
    release: impl FnOnce() -> Result<String>,
) -> Result<PathBuf> {
    let place = cache.join("disks").join(arch.name());
    let modules = place.join(name).join("modules");
    if modules.exists() {
        return Ok(modules);
    }
    let _alone = cache::lock(&place)?;
    if modules.exists() {
        return Ok(modules);
    }
    let release = release()?;
    let names = [
        format!("linux-modules-{release}"),
        format!("linux-image-{release}"),
    ];
    let package = packages::fetch(&place, arch, &[&names[0], &names[1]])?;
    let files = place.join("files");
    // The files are copied to another name and renamed when they are complete.
    let partial = place.join("partial");
    for folder in [&files, &partial] {
        // What an interrupted call has left may belong to another kernel.
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
    }
    cmd!("dpkg-deb", "-x", package, &files).run()?;
    fs::create_dir_all(&partial)?;
    let mut order = String::new();
    for module in wanted {
        copy_module(&files, module, &partial, &mut order)?;
    }
    fs::write(partial.join("order"), order)?;
    fs::remove_dir_all(files)?;
    fs::create_dir_all(place.join(name))?;
    fs::rename(partial, &modules)?;
    Ok(modules)
}

/// Waits until the machine reaches the agent, and returns the kernel's release, which the agent reports.
pub fn release(running: &mut Running) -> Result<String> {
    while let Progress::Said(events) = running.wait(LIMIT)? {
        for event in events {
            if let Event::Begin(release) = event {
                return Ok(release);
            }
        }
    }
    bail!(
        "the kernel does not reach the agent:\n{}",
        running.console.tail()
    )
}

/// Copies a module after those on which it depends, unless it is built in or was copied before.
fn copy_module(files: &Path, name: &str, to: &Path, order: &mut String) -> Result<()> {
    let file = format!("{name}.ko");
    if order.lines().any(|line| line == file) {
        return Ok(());
    }
    let pattern = name.replace(['_', '-'], "[-_]");
    let found = cmd!("find", files, "-name", format!("{pattern}.ko*")).read()?;
    let Some(found) = found.lines().next() else {
        return Ok(());
    };
    let copy = to.join(&file);
    match found.ends_with(".xz") {
        true => drop(
            cmd!("xz", "-dc", found)
                .stdout_file(File::create(&copy)?)
                .run()?,
        ),
        false => drop(fs::copy(found, &copy)?),
    }
    let bytes = fs::read(&copy)?;
    let key = b"\0depends=";
    let at = bytes.windows(key.len()).position(|it| it == key);
    let rest = &bytes[at.context("a module that depends on nothing")? + key.len()..];
    let end = rest.iter().position(|&it| it == 0).unwrap_or(0);
    let depends = String::from_utf8_lossy(&rest[..end]).into_owned();
    for other in depends.split(',').filter(|it| !it.is_empty()) {
        copy_module(files, other, to, order)?;
    }
    *order += &file;
    order.push('\n');
    Ok(())
}
