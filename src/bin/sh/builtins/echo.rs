//! `echo [-neE] [string...]`: writes strings (XCU 3, `echo`).
//!
//! POSIX leaves open what backslashes and `-n` mean, except in XSI. This `echo` behaves as in bash and busybox, which scripts for
//! Linux expect: `-n` leaves out the newline, and escape sequences have a meaning only after `-e`. Portable scripts (`configure`)
//! test for this behaviour first, or use `printf`.

use super::escapes::{self, EscapeContext};
use crate::shell::{Answer, Shell};
use nestling_shell::fields::Arguments;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let (mut newline, mut escaped, mut first) = (true, false, 1);
    while let Some([b'-', letters @ ..]) = arguments.get(first)
        && !letters.is_empty()
        && letters
            .iter()
            .all(|letter| matches!(letter, b'n' | b'e' | b'E'))
    {
        for letter in letters {
            match letter {
                b'n' => newline = false,
                letter => escaped = *letter == b'e',
            }
        }
        first += 1;
    }
    let out = &mut shell.output;
    for (index, argument) in arguments.skip(first).iter().enumerate() {
        if index > 0 {
            out.write(b" ");
        }
        if !escaped {
            out.write(argument);
        } else if !escapes::write(argument, EscapeContext::Echo, &mut |part| out.write(part)) {
            return Ok(0);
        }
    }
    if newline {
        out.write(b"\n");
    }
    Ok(0)
}
