//! Prompts: PS1, PS2 and PS4 (XCU 2.5.3).

#[cfg(feature = "edit")]
mod escapes;

use alloc::vec::Vec;

use nestling::text::Text;
use nestling::{Signal, sys};

use crate::expansion;
use crate::options::Opt;
use crate::reader;
use crate::shell::{Divert, Shell};
use nestling_shell::characters;
use nestling_shell::symbols::Symbol;

/// Returns the prompt for a line: PS1, or PS2 if the line continues a command.
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
    let mut out = Vec::new();
    let mut rest = &prompt[..];
    // `!` stands for the command's number, and `!!` for `!`.
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
    out
}

/// Returns the prompt for `set -x`: PS4. If PS4 comes from the environment, its expansion executes no command, assigns to no
/// variable and reports no error, because a script with `set -x` may have more privileges than its caller.
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

/// Expands parameters, commands and arithmetic in a prompt. The expansion is not traced and does not change `$?`. If it fails,
/// returns the text unchanged. If the prompt is `within` a command, SIGINT abandons that command.
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

/// Begins a scope in which PWD and OLDPWD have no control characters. Otherwise a directory's name could control the terminal.
fn show_directories(shell: &mut Shell) {
    shell.variables.enter(false);
    for name in [Symbol::PWD, Symbol::OLDPWD] {
        let value = shell.variables.get(name).unwrap_or_default();
        let shown = characters::printable(value, shell.utf8);
        if shown != value {
            shell.variables.save(name);
            // If the variable is read-only, it stays as it is.
            let _ = shell.variables.set_owned(name, shown);
        }
    }
}
