//! `wc [-clmw] [file...]`: counts lines, words, characters and bytes (XCU 3, `wc`).

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::text::Text;

use crate::common::bytes;
use crate::common::input::{self, blocks};
use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"wc",
    synopsis: "[-clmw] [file...]",
    run,
};

/// Lines, words, characters and bytes, in the order in which they are written.
type Counts = [u64; 4];

fn run(call: &Call<'_>) -> i32 {
    wc(call).unwrap_or_else(|status| status)
}

fn wc(call: &Call<'_>) -> Result<i32, i32> {
    let mut shown = [false; 4];
    let mut options = call.options("lwmc");
    while let Some(letter) = options.next()? {
        for (shown, of) in shown.iter_mut().zip(*b"lwmc") {
            *shown |= of == letter;
        }
    }
    if shown == [false; 4] {
        shown = [true, true, false, true];
    }
    let mut out = Output::new();
    let (mut total, mut files) = ([0; 4], 0);
    let named = options.operands().next().is_some();
    let status = input::each(call, options.operands(), &mut |path, fd| {
        let mut counts = [0; 4];
        let mut in_word = false;
        let outcome = blocks(fd, &mut |block| {
            add(block, shown, &mut in_word, &mut counts)
        });
        write(&mut out, counts, shown, named.then_some(path));
        for (total, count) in total.iter_mut().zip(counts) {
            *total += count;
        }
        outcome
    });
    files += options.operands().count();
    if files > 1 {
        write(&mut out, total, shown, Some(c"total"));
    }
    Ok(out.finish(call, status, 1))
}

fn add(block: &[u8], shown: [bool; 4], in_word: &mut bool, counts: &mut Counts) {
    let [lines, words, characters, all] = counts;
    *lines += bytes::count(block, b'\n');
    *all += block.len() as u64;
    if shown[1] || shown[2] {
        for &byte in block {
            let is_space = matches!(byte, b' ' | b'\t'..=b'\r');
            *words += u64::from(!is_space && !*in_word);
            *in_word = !is_space;
            // A byte that does not continue a character of UTF-8.
            *characters += u64::from(byte & 0xc0 != 0x80);
        }
    }
}

fn write(out: &mut Output, counts: Counts, shown: [bool; 4], name: Option<&CStr>) {
    let mut between: &[u8] = b"";
    for (count, _) in counts.iter().zip(shown).filter(|(_, shown)| *shown) {
        out.write(between);
        count.write(out);
        between = b" ";
    }
    if let Some(name) = name {
        out.write(b" ");
        out.write(name.to_bytes());
    }
    out.write(b"\n");
}
