//! The folder for files that all projects use, such as kernels.

use std::{
    env,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::note;

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

/// Makes a folder if necessary, and locks it against other processes that also call this function, until the file is dropped. Waits for
/// a process that has the lock.
pub fn lock(folder: &Path) -> Result<File> {
    let what = || format!("can't lock {}", folder.display());
    fs::create_dir_all(folder).with_context(what)?;
    let file = File::create(folder.join("lock")).with_context(what)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            note!(
                "waiting for another process, which uses {}",
                folder.display()
            );
            file.lock().with_context(what)?;
        }
        Err(TryLockError::Error(error)) => return Err(error).with_context(what),
    }
    Ok(file)
}
