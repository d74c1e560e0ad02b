//! `hostname [-s] [-F file] [name]`: writes or sets the name of the machine.

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::sys::machine;
use nestling::text::{next_field, trim_start};

use crate::common::input;
use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"hostname",
    synopsis: "[-s] [-F file] [name]",
    run,
};

fn run(call: &Call<'_>) -> i32 {
    hostname(call).unwrap_or_else(|status| status)
}

fn hostname(call: &Call<'_>) -> Result<i32, i32> {
    let (mut short, mut file): (_, Option<&CStr>) = (false, None);
    let mut options = call.options("sF:");
    while let Some(letter) = options.next()? {
        match letter {
            b's' => short = true,
            _ => file = Some(options.value),
        }
    }
    let failed = |errno| call.fail(c"sethostname", errno);
    if let Some(path) = file {
        let content = input::whole(path).map_err(|errno| call.fail(path, errno))?;
        let mut rest = &*content;
        while !rest.is_empty() {
            let mut line = trim_start(next_field(&mut rest, b'\n'));
            let name = next_field(&mut line, b' ');
            if !name.is_empty() && !name.starts_with(b"#") {
                machine::sethostname(name).map_err(failed)?;
                return Ok(0);
            }
        }
        return Err(call.complain(path.to_bytes(), "no name in the file"));
    }
    if let Some(name) = options.operands().next() {
        machine::sethostname(name.to_bytes()).map_err(failed)?;
        return Ok(0);
    }
    let names = machine::uname().map_err(|errno| call.fail(c"uname", errno))?;
    let mut name = names.nodename().to_bytes();
    if short {
        let mut rest = name;
        name = next_field(&mut rest, b'.');
    }
    let mut out = Output::new();
    out.write(name);
    out.write(b"\n");
    Ok(out.finish(call, 0, 1))
}
