//! `readlink [-n] [-f | -e | -m] file...`: writes what symbolic links contain; with `-f`, `-e` and `-m` the path without any links
//! (XCU 3, `readlink`). With `-f` the last component need not exist, with `-e` all must exist, and with `-m` none.

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::{Errno, sys};

use crate::common::output::Output;
use crate::common::paths::c_str;
use crate::common::resolve::{Missing, resolve};

pub const APPLET: Applet = Applet {
    name: c"readlink",
    synopsis: "[-n] [-f | -e | -m] file...",
    run: |call| readlink(call).unwrap_or_else(|status| status),
};

fn readlink(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("nfemqsvz");
    let (mut newline, mut missing, mut says, mut end) = (true, None, false, b"\n");
    while let Some(letter) = options.next()? {
        match letter {
            b'n' => newline = false,
            b'f' => missing = Some(Missing::Last),
            b'e' => missing = Some(Missing::None),
            b'm' => missing = Some(Missing::All),
            b'v' => says = true,
            b'z' => end = b"\0",
            _ => says = false,
        }
    }
    let count = options.operands().count();
    if count == 0 {
        return Ok(call.misused(b"", "an operand is missing"));
    }
    let (mut out, mut status) = (Output::new(), 0);
    for path in options.operands() {
        let outcome = match missing {
            Some(missing) => resolve(path, missing).map(|path| out.write(&path)),
            None => target(path, &mut out),
        };
        match outcome {
            Ok(()) if newline || count > 1 => out.write(end),
            Ok(()) => {}
            Err(errno) if says => status = call.fail(path, errno),
            Err(_) => status = 1,
        }
    }
    Ok(out.finish(call, status, 1))
}

fn target(path: &CStr, out: &mut Output) -> Result<(), Errno> {
    let mut text = alloc::vec![0; 4097];
    let room = text.get_mut(..4096).unwrap_or_default();
    sys::file::readlink(path, room)?;
    out.write(c_str(&text).to_bytes());
    Ok(())
}
