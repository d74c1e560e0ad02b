//! Disk images.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use duct::cmd;

use crate::apt;

/// Makes an ext4 image with the contents of a folder.
pub fn image(folder: &Path, image: &Path, megabytes: u32) -> Result<()> {
    let mke2fs = apt::obtain(|| apt::program("mke2fs", &["e2fsprogs"]))?;
    let _ = fs::remove_file(image);
    let size = format!("{megabytes}m");
    cmd!(mke2fs, "-q", "-F", "-t", "ext4", "-d", folder, image, size)
        .stdout_null()
        .run()
        .context("mke2fs")?;
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
