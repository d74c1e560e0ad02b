//! `free [-bkmgt]`: shows how much memory is used. The numbers are those of `/proc/meminfo`.

use nestling::applet::{Applet, Call};
use nestling::text::{self, next_field, trim_start};

use crate::common::columns;
use crate::common::input;
use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"free",
    synopsis: "[-b|-k|-m|-g] [-t]",
    run,
};

const PATH: &core::ffi::CStr = c"/proc/meminfo";

fn run(call: &Call<'_>) -> i32 {
    free(call).unwrap_or_else(|status| status)
}

fn free(call: &Call<'_>) -> Result<i32, i32> {
    let (mut shift, mut sum) = (10, false);
    let mut options = call.options("bkmgt");
    while let Some(letter) = options.next()? {
        match letter {
            b'b' => shift = 0,
            b'k' => shift = 10,
            b'm' => shift = 20,
            b'g' => shift = 30,
            _ => sum = true,
        }
    }
    let content = input::whole(PATH).map_err(|errno| call.fail(PATH, errno))?;
    let bytes = |name: &[u8]| bytes_of(&content, name);
    let [total, free] = [bytes(b"MemTotal"), bytes(b"MemFree")];
    let cache = bytes(b"Buffers") + bytes(b"Cached") + bytes(b"SReclaimable");
    let (available, shared) = (bytes(b"MemAvailable"), bytes(b"Shmem"));
    let [swap, swap_free] = [bytes(b"SwapTotal"), bytes(b"SwapFree")];
    let used = total.saturating_sub(available);
    let mut out = Output::new();
    out.write(
        b"               total        used        free      shared  buff/cache   available\n",
    );
    let mut line = |name: &[u8], numbers: &[u64]| {
        columns::left(&mut out, name, 8);
        for number in numbers {
            columns::number(&mut out, number >> shift, 12);
        }
        out.write(b"\n");
    };
    line(b"Mem:", &[total, used, free, shared, cache, available]);
    let swap_used = swap.saturating_sub(swap_free);
    line(b"Swap:", &[swap, swap_used, swap_free]);
    if sum {
        line(
            b"Total:",
            &[total + swap, used + swap_used, free + swap_free],
        );
    }
    Ok(out.finish(call, 0, 1))
}

/// Returns the number of a line `NAME: NUMBER kB`, in bytes; 0 if there is no such line.
fn bytes_of(content: &[u8], name: &[u8]) -> u64 {
    let mut rest = content;
    while !rest.is_empty() {
        let mut line = next_field(&mut rest, b'\n');
        if next_field(&mut line, b':') == name {
            line = trim_start(line);
            return text::number(next_field(&mut line, b' '), 10).unwrap_or(0) << 10;
        }
    }
    0
}
