//! `which [-a] name...`: writes where the programs are that `PATH` finds.

use nestling::applet::{Applet, Call};
use nestling::{Access, sys, text};

use crate::common::output::Output;
use crate::common::paths::{c_str, join};

pub const APPLET: Applet = Applet {
    name: c"which",
    synopsis: "[-a] name...",
    run: |call| which(call).unwrap_or_else(|status| status),
};

fn which(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("a");
    let mut all = false;
    while options.next()?.is_some() {
        all = true;
    }
    let path = call
        .env
        .iter()
        .find_map(|it| text::after(it.to_bytes(), b"PATH="));
    let path = path.unwrap_or(b"/sbin:/usr/sbin:/bin:/usr/bin");
    let (mut out, mut status) = (
        Output::new(),
        i32::from(options.operands().next().is_none()),
    );
    for name in options.operands() {
        let name = name.to_bytes();
        let mut found = false;
        let path = if name.contains(&b'/') { b"" } else { path };
        for directory in path.split(|&byte| byte == b':') {
            let file = match directory {
                b"" if name.contains(&b'/') => join(name, b""),
                b"" => join(b".", name),
                directory => join(directory, name),
            };
            let file = c_str(&file);
            let is_program = sys::file::stat(file).is_ok_and(|it| it.is_file())
                && sys::file::access(file, Access::EXECUTE).is_ok();
            if is_program && (all || !found) {
                out.write(file.to_bytes());
                out.write(b"\n");
                found = true;
            }
        }
        if !found {
            status = 1;
        }
    }
    Ok(out.finish(call, status, 1))
}
