//! `swapon [-a] [-p priority] [device...]`, `swapoff [-a] [device...]`: start and stop swapping.

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::sys::machine;
use nestling::text;

use crate::common::fstab;

pub const ON: Applet = Applet {
    name: c"swapon",
    synopsis: "-a | [-p priority] device...",
    run: |call| swap(call, true).unwrap_or_else(|status| status),
};

pub const OFF: Applet = Applet {
    name: c"swapoff",
    synopsis: "-a | device...",
    run: |call| swap(call, false).unwrap_or_else(|status| status),
};

const FSTAB: &CStr = c"/etc/fstab";
const SWAPS: &CStr = c"/proc/swaps";

fn swap(call: &Call<'_>, on: bool) -> Result<i32, i32> {
    let (mut all, mut priority) = (false, None);
    let mut options = call.options(if on { "ap:" } else { "a" });
    while let Some(letter) = options.next()? {
        match letter {
            b'a' => all = true,
            _ => {
                let value = options.value.to_bytes();
                let number = number(value).ok_or_else(|| call.misused(value, "not a priority"))?;
                priority = Some(number);
            }
        }
    }
    let one = |device: &CStr, priority| {
        let outcome = match on {
            true => machine::swapon(device, priority),
            false => machine::swapoff(device),
        };
        outcome.map_or_else(|errno| call.fail(device, errno), |()| 0)
    };
    if options.operands().next().is_none() && !all {
        return Err(call.misused(b"", "a device is needed"));
    }
    let mut status = 0;
    for device in options.operands() {
        status |= one(&fstab::device(device.to_bytes()), priority);
    }
    if all {
        let path = if on { FSTAB } else { SWAPS };
        let lines = fstab::lines(path).map_err(|errno| call.fail(path, errno))?;
        let used = fstab::lines(SWAPS).unwrap_or_default();
        for line in lines {
            let is_used = used
                .iter()
                .any(|it| it.source == fstab::resolved(&line.source));
            if !on && line.source.to_bytes().starts_with(b"/") {
                status |= one(&line.source, None);
            } else if on
                && line.kind.as_c_str() == c"swap"
                && fstab::option(&line.options, b"noauto").is_none()
                && !is_used
            {
                let own = fstab::option(&line.options, b"pri").and_then(number);
                status |= one(&line.source, own.or(priority));
            }
        }
    }
    Ok(status)
}

fn number(text: &[u8]) -> Option<u16> {
    let number = text::number(text, 10)?;
    u16::try_from(number).ok().filter(|it| *it <= 32767)
}
