//! `uname [-amnorsv]`: writes the names of the machine and its kernel (XCU 3, `uname`).

use nestling::applet::{Applet, Call};
use nestling::sys::machine;

use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"uname",
    synopsis: "[-amnorsv]",
    run,
};

fn run(call: &Call<'_>) -> i32 {
    uname(call).unwrap_or_else(|status| status)
}

fn uname(call: &Call<'_>) -> Result<i32, i32> {
    let order = b"snrvmo";
    let mut shown = [false; 6];
    let mut options = call.options("amnorsv");
    while let Some(letter) = options.next()? {
        for (shown, of) in shown.iter_mut().zip(order) {
            *shown |= letter == *of || letter == b'a';
        }
    }
    if let Some(extra) = options.operands().next() {
        return Err(call.misused(extra.to_bytes(), "no operand is needed"));
    }
    if shown == [false; 6] {
        shown[0] = true;
    }
    let names = machine::uname().map_err(|errno| call.fail(c"uname", errno))?;
    let texts = [
        names.sysname(),
        names.nodename(),
        names.release(),
        names.version(),
        names.machine(),
        c"GNU/Linux",
    ];
    let mut out = Output::new();
    let mut between: &[u8] = b"";
    for (text, _) in texts.into_iter().zip(shown).filter(|(_, shown)| *shown) {
        out.write(between);
        out.write(text.to_bytes());
        between = b" ";
    }
    out.write(b"\n");
    Ok(out.finish(call, 0, 1))
}
