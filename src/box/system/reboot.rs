//! `reboot [-fn]`, `poweroff [-fn]`, `halt [-fn]`: end the machine. They send the signals that init expects, which are those of
//! busybox's init, too. With `-f`, init is not asked: the machine ends at once, without an end of its services.

use nestling::applet::{Applet, Call};
use nestling::sys::reboot::{self, Reboot};
use nestling::{Signal, sys};

const SYNOPSIS: &str = "[-fn]";

pub const REBOOT: Applet = Applet {
    name: c"reboot",
    synopsis: SYNOPSIS,
    run: |call| end(call, Reboot::Restart, Signal::TERM),
};

pub const POWEROFF: Applet = Applet {
    name: c"poweroff",
    synopsis: SYNOPSIS,
    run: |call| end(call, Reboot::PowerOff, Signal::USR2),
};

pub const HALT: Applet = Applet {
    name: c"halt",
    synopsis: SYNOPSIS,
    run: |call| end(call, Reboot::Halt, Signal::USR1),
};

fn end(call: &Call<'_>, how: Reboot, signal: Signal) -> i32 {
    end_by(call, how, signal).unwrap_or_else(|status| status)
}

fn end_by(call: &Call<'_>, how: Reboot, signal: Signal) -> Result<i32, i32> {
    let (mut at_once, mut syncs) = (false, true);
    let mut options = call.options("fn");
    while let Some(letter) = options.next()? {
        match letter {
            b'f' => at_once = true,
            _ => syncs = false,
        }
    }
    if let Some(extra) = options.operands().next() {
        return Err(call.misused(extra.to_bytes(), "no operand is needed"));
    }
    if syncs {
        reboot::sync();
    }
    if at_once {
        return Err(call.fail(c"reboot", reboot::reboot(how)));
    }
    sys::process::kill(1, Some(signal)).map_err(|errno| call.fail(c"process 1", errno))?;
    Ok(0)
}
