//! `: [argument...]`, `true`, `false`: do nothing, and return a status (XCU 2.15 `colon`, 4 `true`, `false`).

use crate::shell::{Answer, Shell};
use nestling_shell::fields::Arguments;

pub fn run(_: &mut Shell, _: Arguments<'_>) -> Answer {
    Ok(0)
}

pub fn run_false(_: &mut Shell, _: Arguments<'_>) -> Answer {
    Ok(1)
}
