//! Prompts: PS1, PS2 and PS4 (XCU 2.5.3).

#[cfg(feature = "edit")]
mod escapes;

use alloc::vec::Vec;

use nestling::text::Text;
use nestling::{Signal, sys};

use crate::expansion::{self, characters};
use crate::options::Opt;
use crate::reader;
use crate::shell::{Bytes, Divert, Shell};
use crate::symbols::Symbol;

/// PS1, or PS2 where a command goes on.
pub fn of_line(shell: &mut Shell, goes_on: bool) -> Vec<u8> {
    let name = if goes_on { Symbol::PS2 } else { Symbol::PS1 };
    let text = value(shell, name);
    #[cfg(feature = "edit")]
    let text = escapes::replace(shell, &text, goes_on);
    let prompt = expand(shell, text, goes_on);
    shell.output.flush();
    if goes_on {
        return prompt;
    }
    let mut out = Bytes(Vec::new());
    let mut rest = &prompt[..];
    // `!` is the number of the command, and `!!` is `!`.
    while let Some(index) = rest.iter().position(|&byte| byte == b'!') {
        let (before, after) = rest.split_at_checked(index).unwrap_or_default();
        before.write(&mut out);
        rest = match after {
            [_, b'!', after @ ..] => {
                "!".write(&mut out);
                after
            }
            _ => {
                shell.interactive.number().write(&mut out);
                after.get(1..).unwrap_or_default()
            }
        };
    }
    rest.write(&mut out);
    out.0
}

/// PS4. One that is the environment's executes no command, assigns nothing and reports nothing: a script with `set -x` may have more
/// privileges than its caller.
pub fn of_trace(shell: &mut Shell) -> Vec<u8> {
    let text = value(shell, Symbol::PS4);
    let variable = shell.variables.variable(Symbol::PS4);
    shell.only_reads = variable.is_some_and(|variable| variable.imported);
    let prompt = expand(shell, text, true);
    shell.only_reads = false;
    prompt
}

fn value(shell: &Shell, name: Symbol) -> Vec<u8> {
    shell.variables.get(name).unwrap_or_default().to_vec()
}

/// Expands parameters, commands and arithmetic, which are not traced. `$?` is kept. What can't be expanded is the prompt as it is. SIGINT
/// abandons the line, if the prompt is within one.
pub fn expand(shell: &mut Shell, text: Vec<u8>, within: bool) -> Vec<u8> {
    if !text.iter().any(|byte| matches!(byte, b'$' | b'`' | b'\\')) {
        return text;
    }
    let before = (shell.status, shell.substitution_status);
    let traces = shell.options.has(Opt::Xtrace);
    shell.options.set(Opt::Xtrace, false);
    show_directories(shell);
    let word = reader::document(shell, &text);
    let expanded = word.map(|word| expansion::document(shell, &word));
    if within && let Some(Err(Divert::Interrupt)) = &expanded {
        sys::caught::mark(Signal::INT);
    }
    shell.variables.leave();
    shell.options.set(Opt::Xtrace, traces);
    (shell.status, shell.substitution_status) = before;
    expanded.and_then(Result::ok).unwrap_or(text)
}

/// Begins a scope in which PWD and OLDPWD are as they are shown: whoever has named a directory does not control the terminal.
fn show_directories(shell: &mut Shell) {
    shell.variables.enter(false);
    for name in [Symbol::PWD, Symbol::OLDPWD] {
        let value = shell.variables.get(name).unwrap_or_default();
        let shown = characters::printable(value, shell.utf8);
        if shown != value {
            shell.variables.save(name);
            // One that is read-only stays.
            let _ = shell.variables.set_owned(name, shown);
        }
    }
}
