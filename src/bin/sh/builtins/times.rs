//! `times`: writes the user and system processor times of the shell and of its children (XCU 2.15, `times`).

use core::time::Duration;

use nestling::sys;
use nestling::text::Text;

use crate::output::Output;
use crate::shell::{Answer, Shell};
use nestling_shell::fields::Arguments;

pub fn run(shell: &mut Shell, _: Arguments<'_>) -> Answer {
    for children in [false, true] {
        let (user, system) = sys::resource::getrusage(children).unwrap_or_default();
        write(user, b" ", &mut shell.output);
        write(system, b"\n", &mut shell.output);
    }
    Ok(0)
}

/// Writes a time in the form `1m2.003456s`.
fn write(time: Duration, end: &[u8], out: &mut Output) {
    let seconds = time.as_secs();
    (seconds / 60).write(out);
    "m".write(out);
    (seconds % 60).write(out);
    let mut fraction = *b".000000s";
    let mut micros = time.subsec_micros();
    for digit in fraction.iter_mut().take(7).skip(1).rev() {
        *digit = b'0' + (micros % 10) as u8;
        micros /= 10;
    }
    out.write(&fraction);
    out.write(end);
}
