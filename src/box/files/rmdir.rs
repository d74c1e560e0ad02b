//! `rmdir [-p] directory...`: removes empty directories (XCU 3, `rmdir`).

use alloc::vec::Vec;

use nestling::applet::{Applet, Call};
use nestling::sys;

use crate::common::paths::{c_str, trimmed};

pub const APPLET: Applet = Applet {
    name: c"rmdir",
    synopsis: "[-p] directory...",
    run,
};

fn run(call: &Call<'_>) -> i32 {
    rmdir(call).unwrap_or_else(|status| status)
}

fn rmdir(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("p");
    let mut parents = false;
    while options.next()?.is_some() {
        parents = true;
    }
    if options.operands().next().is_none() {
        return Ok(call.misused(b"", "an operand is missing"));
    }
    let mut status = 0;
    for path in options.operands() {
        let mut part: Vec<u8> = path.to_bytes_with_nul().to_vec();
        loop {
            let outcome = sys::file::rmdir(c_str(&part));
            if let Err(errno) = outcome {
                status = call.fail(c_str(&part), errno);
                break;
            }
            let bytes = trimmed(part.strip_suffix(b"\0").unwrap_or_default());
            let Some(slash) = bytes.iter().rposition(|&byte| byte == b'/') else {
                break;
            };
            if !parents || slash == 0 {
                break;
            }
            part.truncate(slash);
            part.push(0);
        }
    }
    Ok(status)
}
