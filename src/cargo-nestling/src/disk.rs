//! Disk images.

use std::{ffi::OsString, fmt::Write, fs, path::Path};

use anyhow::{Context, Result};
use duct::cmd;

use crate::apt;

/// Makes an ext4 image with the contents of a folder.
pub fn image(folder: &Path, image: &Path, megabytes: u32) -> Result<()> {
    let mke2fs = apt::obtain(|| apt::program("mke2fs", &["e2fsprogs"]))?;
    let _ = fs::remove_file(image);
    let size = format!("{megabytes}m");
    let (seed, format) = (format!("hash_seed={ID}"), ["-q", "-F", "-t", "ext4"]);
    let words = format.into_iter().chain(["-U", ID, "-E", &seed, "-d"]);
    let words = words.map(OsString::from);
    let words = words.chain([folder.into(), image.into(), size.into()]);
    cmd(mke2fs, words)
        .env(TIME.0, TIME.1)
        .stdout_null()
        .run()
        .context("mke2fs")?;
    Ok(())
}

/// The identifier of every image, so that the same files give the same bytes.
const ID: &str = "6e657374-6c69-6e67-8000-000000000000";
/// The variable that gives e2fsprogs its time.
const TIME: (&str, &str) = ("E2FSPROGS_FAKE_TIME", "1");

/// Gives these files of an image to root, and the same time to all of them.
pub fn normalise<'p>(image: &Path, paths: impl IntoIterator<Item = &'p str>) -> Result<()> {
    let debugfs = apt::obtain(|| apt::program("debugfs", &["e2fsprogs"]))?;
    let mut script = String::new();
    for path in ["", "lost+found"].into_iter().chain(paths) {
        for field in ["uid", "gid"] {
            writeln!(script, "set_inode_field \"/{path}\" {field} 0")?;
        }
        for field in ["atime", "ctime", "mtime", "crtime"] {
            writeln!(script, "set_inode_field \"/{path}\" {field} @1")?;
            writeln!(script, "set_inode_field \"/{path}\" {field}_extra 0")?;
        }
    }
    cmd!(debugfs, "-w", "-f", "-", image)
        .env(TIME.0, TIME.1)
        .stdin_bytes(script)
        .stdout_null()
        .stderr_null()
        .run()
        .context("debugfs")?;
    Ok(())
}

/// Returns the arguments with which qemu adds a disk. `NAME` in `kind` stands for the disk's name.
pub fn device(name: &str, path: &Path, kind: &str) -> [String; 4] {
    let file = path.display();
    [
        "-drive".into(),
        format!("file={file},format=raw,if=none,id={name},cache=unsafe"),
        "-device".into(),
        kind.replace("NAME", name),
    ]
}
