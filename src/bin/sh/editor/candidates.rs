//! Finds the candidates of a completion: commands, files, variables, users and jobs.

use nestling::Signal;
use nestling::text::Text;

use crate::builtins::command::RESERVED;
use crate::execution::search::DEFAULT;
use crate::options;
use crate::shell::Shell;
use nestling_shell::editor::completion::{Candidates, Only, Word};
use nestling_shell::symbols::Symbol;

/// Returns the candidates for the word at the end of the line, or `None` in a comment.
pub fn of(shell: &mut Shell, line: &[u8]) -> Option<Candidates> {
    let word = Word::last(shell, line)?;
    let mut found = Candidates::of_word(&word);
    if let Some((start, braces)) = word.parameter {
        found.set_typed(line.get(start..).unwrap_or_default(), start);
        found.is_plain = true;
        variables(&mut found, shell, if braces { b'}' } else { b' ' });
    } else if word.is_unknown {
    } else if let Some(tilde) = word.tilde {
        let name = word.value.get(tilde + 1..).unwrap_or_default();
        found.set_typed(name, line.len() - name.len());
        found.is_plain = true;
        found.add_users();
    } else if word.is_pattern {
        found.add_paths(&word.pattern, shell.utf8);
    } else {
        let before = line.get(..word.start).unwrap_or_default();
        words(&mut found, shell, &word, before);
    }
    Some(found)
}

/// Finds words. `before` is the part of the line before the word.
fn words(found: &mut Candidates, shell: &mut Shell, word: &Word, before: &[u8]) {
    let command = word.command.as_deref().filter(|_| !word.is_target);
    let is_command = word.command.is_none() && !word.is_target && word.part == 0;
    let (value, at) = (&word.value[..], word.component.0);
    match command {
        _ if is_command && !nestling::text::contains(value, b'/') => {
            found.set_typed(value, word.start);
            commands(found, shell);
        }
        Some(b"fg" | b"bg" | b"kill" | b"wait" | b"jobs") if value.first() == Some(&b'%') => {
            found.set_typed(value, word.start);
            found.is_plain = true;
            jobs(found, shell, value);
        }
        Some(b"kill") if value.first() == Some(&b'-') => {
            found.set_typed(value, word.start);
            signals(found, b"-");
        }
        Some(b"kill") if before.trim_ascii_end().ends_with(b" -s") => {
            found.set_typed(value, word.start);
            signals(found, b"");
        }
        Some(b"set") if before.trim_ascii_end().ends_with(b"o") => {
            found.set_typed(value, word.start);
            options::named().for_each(|(_, _, name)| found.add(name.as_bytes(), b' '));
        }
        Some(b"alias" | b"unalias") if word.part == 0 => {
            found.set_typed(value, word.start);
            let aliases = shell.aliases.iter();
            aliases.for_each(|(name, _)| found.add(shell.symbols.name(name), b' '));
        }
        Some(b"export" | b"readonly" | b"unset" | b"local") if word.part == 0 => {
            found.set_typed(value, word.start);
            found.is_plain = true;
            variables(found, shell, b' ');
        }
        _ => {
            let only = match command {
                _ if is_command => Only::Executable,
                Some(b"cd" | b"rmdir") => Only::Directories,
                _ => Only::Files,
            };
            let (_, component, _) = word.component;
            let (directory, name) = value.split_at_checked(component).unwrap_or_default();
            found.set_typed(name, at);
            // A path may begin after a `=` or `:`, as in `PATH=/bin:/usr` and `of=/dev/sda`.
            let part = word.part.min(value.len());
            if part == 0 || command.is_some() {
                found.add_files(directory, only);
            }
            if part > 0 && found.is_empty() {
                let name = value.get(part.max(component)..).unwrap_or_default();
                found.set_typed(name, at);
                found.add_files(directory.get(part..).unwrap_or_default(), only);
            }
        }
    }
}

fn variables(found: &mut Candidates, shell: &Shell, end: u8) {
    for (symbol, variable) in shell.variables.iter() {
        if variable.value.is_some() {
            found.add(shell.symbols.name(symbol), end);
        }
    }
}

fn jobs(found: &mut Candidates, shell: &Shell, typed: &[u8]) {
    for slot in 0..shell.jobs.len() {
        if shell.jobs.state(slot).is_none() {
            continue;
        }
        let mut id = b"%".to_vec();
        let text = shell.jobs.text(slot);
        if typed.get(1).is_none_or(u8::is_ascii_digit) {
            (slot + 1).write(&mut id);
        } else {
            let name = text.split(|&byte| byte == b' ').next();
            name.unwrap_or_default().write(&mut id);
        }
        found.add(&id, b' ');
    }
}

fn signals(found: &mut Candidates, before: &[u8]) {
    // Real-time signals have no names and are left out. Their many numbers would fill the screen.
    for name in Signal::all().filter_map(Signal::name) {
        found.add(&[before, name.as_bytes()].concat(), b' ');
    }
}

/// Adds the names of commands: reserved words, built-ins, functions, aliases and programs.
fn commands(found: &mut Candidates, shell: &Shell) {
    for name in RESERVED {
        found.add(name.as_bytes(), b' ');
    }
    for builtin in shell.hooks.builtins {
        found.add(builtin.name.as_bytes(), b' ');
    }
    #[cfg(feature = "applets")]
    for applet in shell.applets.iter().copied().flatten() {
        found.add(applet.name.to_bytes(), b' ');
    }
    let functions = shell.functions.iter().map(|(name, _)| name);
    for name in functions.chain(shell.aliases.iter().map(|(name, _)| name)) {
        found.add(shell.symbols.name(name), b' ');
    }
    let path = shell.variables.get(Symbol::PATH).unwrap_or(DEFAULT);
    for directory in path.split(|&byte| byte == b':') {
        let mut directory = directory.to_vec();
        if !directory.is_empty() {
            directory.push(b'/');
        }
        found.add_files(&directory, Only::Programs);
    }
}
