//! The folder for files that all projects use, such as kernels.

use std::{env, fs, path::PathBuf};

use anyhow::{Context, Result};

/// Returns the folder: `$NESTLING_CACHE`, or `nestling` in the cache folder of the XDG Base Directory Specification.
pub fn folder() -> Result<PathBuf> {
    let absolute = |name| {
        let path = PathBuf::from(env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let own = absolute("NESTLING_CACHE");
    let xdg = || Some(absolute("XDG_CACHE_HOME")?.join("nestling"));
    let home = || Some(absolute("HOME")?.join(".cache/nestling"));
    let path = own.or_else(xdg).or_else(home);
    let path =
        path.context("neither NESTLING_CACHE, XDG_CACHE_HOME nor HOME is an absolute path")?;
    fs::create_dir_all(&path).with_context(|| format!("can't make {}", path.display()))?;
    Ok(path)
}
