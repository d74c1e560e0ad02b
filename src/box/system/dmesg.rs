//! `dmesg [-cCr] [-n level] [-s size]`: writes the messages of the kernel.

use alloc::vec::Vec;

use nestling::applet::{Applet, Call};
use nestling::sys::machine;
use nestling::text;

use crate::common::bytes;
use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"dmesg",
    synopsis: "[-cr] [-s size] | -C | -n level",
    run,
};

fn run(call: &Call<'_>) -> i32 {
    dmesg(call).unwrap_or_else(|status| status)
}

fn dmesg(call: &Call<'_>) -> Result<i32, i32> {
    let failed = |errno| call.fail(c"the kernel's log", errno);
    let (mut clears, mut raw, mut silent, mut size) = (false, false, false, None);
    let mut options = call.options("cCn:rs:");
    while let Some(letter) = options.next()? {
        let value = options.value.to_bytes();
        let number = text::number(value, 10);
        match (letter, number) {
            (b'c', _) => clears = true,
            (b'C', _) => (clears, silent) = (true, true),
            (b'r', _) => raw = true,
            (b's', Some(number)) => size = Some(number as usize),
            (b'n', Some(level @ 1..=8)) => {
                machine::set_console_level(level as i32).map_err(failed)?;
                return Ok(0);
            }
            _ => return Err(call.misused(value, "not a number that is possible")),
        }
    }
    if let Some(extra) = options.operands().next() {
        return Err(call.misused(extra.to_bytes(), "no operand is needed"));
    }
    let size = match size {
        Some(size) => size,
        None => machine::kernel_log_size().map_err(failed)?,
    };
    let mut messages = Vec::new();
    if messages.try_reserve_exact(size).is_err() {
        return Err(call.complain(b"-s", "too large"));
    }
    messages.resize(size, 0);
    let length = machine::read_kernel_log(&mut messages, clears).map_err(failed)?;
    let mut out = Output::new();
    let messages = messages
        .get(..length)
        .filter(|_| !silent)
        .unwrap_or_default();
    for line in messages.split_inclusive(|&byte| byte == b'\n') {
        match raw {
            true => out.write(line),
            false => write(without_level(line), &mut out),
        }
    }
    if messages.last().is_some_and(|&byte| byte != b'\n') {
        out.write(b"\n");
    }
    Ok(out.finish(call, 0, 1))
}

/// Writes a line; programs may have written what is in it to `/dev/kmsg`.
fn write(line: &[u8], out: &mut Output) {
    for part in line.split_inclusive(|byte| matches!(byte, b'\t' | b'\n')) {
        let (text, end) = match part {
            [text @ .., b'\t' | b'\n'] => part.split_at(text.len()),
            text => (text, &[][..]),
        };
        out.write(&bytes::printable(text));
        out.write(end);
    }
}

/// Returns the line without its `<6>`.
fn without_level(line: &[u8]) -> &[u8] {
    let end = line.iter().position(|&byte| byte == b'>');
    match (line, end) {
        ([b'<', ..], Some(end)) => line.get(end + 1..).unwrap_or_default(),
        _ => line,
    }
}
