//! `umask [-S] [mask]`: writes or sets the file mode creation mask, which are the permission bits that new files do not get (XCU 3,
//! `umask`).

use nestling::sys;

use super::getopt::{Getopt, refused, wrong};
use crate::shell::{Answer, Shell};
use nestling_shell::fields::Arguments;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut options = Getopt::new(arguments, "S");
    let mut symbolic = false;
    loop {
        match options.next(shell) {
            Ok(Some(_)) => symbolic = true,
            Ok(None) => break,
            Err(_) => return Ok(2),
        }
    }
    let old = match sys::file::umask(0) {
        Ok(old) => old,
        Err(errno) => {
            refused(shell, arguments.name(), b"mask", errno);
            return Ok(1);
        }
    };
    let _ = sys::file::umask(old);
    let Some(operand) = options.operands().get(0) else {
        write(shell, old, symbolic);
        return Ok(0);
    };
    let new = match operand.first() {
        Some(b'0'..=b'9') => nestling::text::number(operand, 8).filter(|&mask| mask <= 0o7777),
        _ => modes(operand, !old & 0o777).map(|bits| (!bits & 0o777).into()),
    };
    let Some(new) = new else {
        wrong(shell, arguments.name(), operand, "not a mask");
        return Ok(2);
    };
    match sys::file::umask(new as u32 & 0o777) {
        Ok(_) => Ok(0),
        Err(errno) => {
            refused(shell, arguments.name(), operand, errno);
            Ok(1)
        }
    }
}

fn write(shell: &mut Shell, mask: u32, symbolic: bool) {
    if !symbolic {
        let digit = |shift: u32| b'0' + (mask >> shift & 7) as u8;
        return shell
            .output
            .write(&[b'0', digit(6), digit(3), digit(0), b'\n']);
    }
    for (shift, who) in [(6, b"u="), (3, b"g="), (0, b"o=")] {
        shell.output.write(who);
        for (bit, letter) in [(4, b"r"), (2, b"w"), (1, b"x")] {
            if mask >> shift & bit == 0 {
                shell.output.write(letter);
            }
        }
        shell.output.write(if shift == 0 { b"\n" } else { b"," });
    }
}

/// Applies a symbolic mode to permission bits (XCU 3, `chmod`, EXTENDED DESCRIPTION).
fn modes(text: &[u8], mut bits: u32) -> Option<u32> {
    for mut clause in text.split(|&byte| byte == b',') {
        let mut who = 0;
        while let [letter, rest @ ..] = clause
            && let Some(class) = class(*letter)
        {
            who |= class;
            clause = rest;
        }
        if who == 0 {
            who = 0o777;
        }
        if clause.is_empty() {
            return None;
        }
        while let [operator @ (b'+' | b'-' | b'='), rest @ ..] = clause {
            clause = rest;
            let mut what = 0;
            while let [letter, rest @ ..] = clause {
                what |= match letter {
                    b'r' => 0o444,
                    b'w' => 0o222,
                    b'x' => 0o111,
                    b'X' if bits & 0o111 != 0 => 0o111,
                    b'X' | b's' | b't' => 0,
                    b'u' => (bits >> 6 & 7) * 0o111,
                    b'g' => (bits >> 3 & 7) * 0o111,
                    b'o' => (bits & 7) * 0o111,
                    _ => break,
                };
                clause = rest;
            }
            what &= who;
            bits = match operator {
                b'+' => bits | what,
                b'-' => bits & !what,
                _ => bits & !who | what,
            };
        }
        if !clause.is_empty() {
            return None;
        }
    }
    Some(bits)
}

fn class(letter: u8) -> Option<u32> {
    Some(match letter {
        b'u' => 0o700,
        b'g' => 0o070,
        b'o' => 0o007,
        b'a' => 0o777,
        _ => return None,
    })
}
