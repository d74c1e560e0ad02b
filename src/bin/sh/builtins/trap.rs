//! `trap [action condition...]`, `trap n [condition...]`, `trap -p [condition...]`: XCU 2.15 `trap`.

use nestling::Signal;
use nestling::text::Text;

use super::getopt::Getopt;
use crate::shell::{Answer, Shell, text};
use crate::traps::{self, Condition};
use nestling_shell::fields::Arguments;
use nestling_shell::quoting::Quoted;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut options = Getopt::new(arguments, "p");
    let mut print = false;
    while options.next(shell)?.is_some() {
        print = true;
    }
    let mut operands = options.operands();
    if operands.is_empty() {
        show(shell, Named::Condition(None), print);
        // C libraries reserve signals 32 and 33 for themselves, and may leave them ignored.
        for signal in Signal::all().filter(|signal| !matches!(signal.as_raw(), 32 | 33)) {
            show(shell, Named::Condition(Some(signal)), print);
        }
        show(shell, Named::Error, print);
        return Ok(0);
    }
    let mut action = None;
    if !print && !is_number(operands.name()) && operands.len() > 1 {
        action = Some(operands.name()).filter(|&action| action != b"-");
        operands = operands.skip(1);
    }
    let mut status = 0;
    for name in operands.iter() {
        match condition(name) {
            Some(condition) if print => show(shell, condition, true),
            Some(Named::Error) => shell.traps.set_error(action),
            Some(Named::Condition(condition)) => traps::set(shell, condition, action),
            None => {
                shell.complain(text!("trap: ", name, ": no such signal"));
                status = 1;
            }
        }
    }
    Ok(status)
}

fn is_number(operand: &[u8]) -> bool {
    operand.iter().all(u8::is_ascii_digit) && !operand.is_empty()
}

/// The condition that an action belongs to.
#[derive(Clone, Copy)]
enum Named {
    /// ERR: a command has failed (as in bash, ksh and busybox).
    Error,
    Condition(Condition),
}

fn condition(name: &[u8]) -> Option<Named> {
    match name {
        b"0" | b"EXIT" | b"exit" => Some(Named::Condition(None)),
        b"ERR" | b"err" => Some(Named::Error),
        _ => Signal::from_name(name).map(|signal| Named::Condition(Some(signal))),
    }
}

/// Writes the command that sets a condition's action. Writes nothing for a condition with its default action, unless `all` is set.
fn show(shell: &mut Shell, condition: Named, all: bool) {
    let interactive = shell.is_interactive();
    let action = match condition {
        Named::Error => shell.traps.error().cloned(),
        Named::Condition(condition) => shell.traps.shown(condition, interactive),
    };
    let output = &mut shell.output;
    match action {
        Some(action) => {
            text!("trap -- ", Quoted(&action), " ").write(output);
        }
        None if all && !matches!(condition, Named::Error) => output.write(b"trap -- - "),
        None => return,
    }
    match condition {
        Named::Condition(Some(signal)) => signal.short().write(output),
        Named::Condition(None) => output.write(b"EXIT"),
        Named::Error => output.write(b"ERR"),
    }
    output.write(b"\n");
}
