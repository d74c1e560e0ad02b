//! Paths without symbolic links, `.` and `..`.

use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::{Errno, sys};

use super::paths::{c_str, join, trimmed};

/// Which components need not exist.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    None,
    Last,
    All,
}

/// How many links are followed, as in the kernel.
const LINKS: usize = 40;

/// Returns the absolute path of a file. Fails with `ELOOP` after 40 links.
pub fn resolve(path: &CStr, missing: Missing) -> Result<Vec<u8>, Errno> {
    let mut resolved = Vec::new();
    if path.is_empty() {
        return Err(Errno::ENOENT);
    }
    if !path.to_bytes().starts_with(b"/") {
        let mut buffer = alloc::vec![0; 4096];
        resolved.extend_from_slice(trimmed(sys::file::getcwd(&mut buffer)?.to_bytes()));
        if resolved == b"/" {
            resolved.clear();
        }
    }
    // What is left, in the order in which it comes.
    let mut rest = path.to_bytes().to_vec();
    let mut links = 0;
    while !rest.is_empty() {
        let length = rest.iter().position(|&byte| byte == b'/');
        let name: Vec<u8> = rest.drain(..length.unwrap_or(rest.len())).collect();
        let slashes = rest.iter().take_while(|&&byte| byte == b'/').count();
        rest.drain(..slashes);
        match &name[..] {
            b"" | b"." => continue,
            b".." => {
                let slash = resolved.iter().rposition(|&byte| byte == b'/');
                resolved.truncate(slash.unwrap_or(0));
                continue;
            }
            _ => {}
        }
        let before = resolved.len();
        resolved.push(b'/');
        resolved.extend_from_slice(&name);
        let mut target = alloc::vec![0; 4097];
        let room = target.get_mut(..4096).unwrap_or_default();
        match sys::file::readlink(c_str(&join(&resolved, b"")), room) {
            Ok(_) => {
                links += 1;
                if links > LINKS {
                    return Err(Errno::ELOOP);
                }
                let target = c_str(&target).to_bytes();
                let keep = if target.starts_with(b"/") { 0 } else { before };
                resolved.truncate(keep);
                // A slash after the link tells that it leads to a directory.
                let slash: &[u8] = if slashes > 0 { b"/" } else { b"" };
                rest = [target, slash, &rest].concat();
            }
            // No link; but below it there can only be something if it is a directory.
            Err(Errno::EINVAL) if rest.is_empty() && slashes == 0 => {}
            Err(Errno::EINVAL) => {
                let stat = sys::file::stat(c_str(&join(&resolved, b"")))?;
                if !stat.is_dir() && missing != Missing::All {
                    return Err(Errno::ENOTDIR);
                }
            }
            Err(Errno::ENOENT) if missing == Missing::Last && rest.is_empty() => {}
            Err(_) if missing == Missing::All => {}
            Err(errno) => return Err(errno),
        }
    }
    if resolved.is_empty() {
        resolved.push(b'/');
    }
    Ok(resolved)
}
