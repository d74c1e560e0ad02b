//! MAIL, MAILPATH and MAILCHECK (XCU 2.5.3): reports new mail before a prompt.

use alloc::ffi::CString;

use nestling::time::{self, Clock};
use nestling::{sys, text};

use crate::prompt;
use crate::shell::Shell;

/// The time between checks of the files in seconds, if MAILCHECK is not set.
const INTERVAL: u64 = 600;

/// If it is time for a check, reports each file that has grown since the last one.
pub fn check(shell: &mut Shell) {
    let variable = |name: &[u8]| shell.variables.get(shell.symbols.find(name)?);
    let several = variable(b"MAILPATH");
    let Some(paths) = several.or_else(|| variable(b"MAIL")).map(<[u8]>::to_vec) else {
        return;
    };
    let is_list = several.is_some();
    let interval = variable(b"MAILCHECK").and_then(|value| text::number(value, 10));
    let interval = interval.unwrap_or(INTERVAL).min(1 << 32) as i64;
    let now = time::now(Clock::Monotonic).map_or(0, |now| now.seconds());
    let looked = shell.interactive.mail.looked;
    if looked.is_some_and(|looked| now - looked < interval) {
        return;
    }
    shell.interactive.mail.looked = Some(now);
    for path in paths.split(|&byte| is_list && byte == b':') {
        let mut parts = path.splitn(2, |&byte| is_list && byte == b'%');
        let Ok(path) = CString::new(parts.next().unwrap_or_default()) else {
            continue;
        };
        let size = sys::file::stat(&path).map_or(0, |stat| stat.size());
        let files = &mut shell.interactive.mail.files;
        let former = match files.iter_mut().find(|(other, _)| *other == path) {
            Some((_, former)) => core::mem::replace(former, size),
            // On the first check, the file may contain old mail, which is not reported.
            None => {
                files.push((path, size));
                continue;
            }
        };
        if size > former {
            match parts.next() {
                Some(message) => {
                    let message = prompt::expand(shell, message.to_vec(), false);
                    nestling::eprintln!(&message[..]);
                }
                None => nestling::eprintln!("You have new mail in ", path.as_bytes(), "."),
            }
        }
    }
}
