//! `set [-abCEefHhmnpuvx] [-o option] [argument...]`, `set [+abCEefHhmnpuvx] [+o option] [argument...]`, `set -- [argument...]`:
//! sets options and positional parameters, or lists options or variables (XCU 2.15, `set`).

use nestling::sys::credentials;
use nestling::text::Text;

use super::getopt::wrong;
use super::listing;
use crate::jobs;
use crate::options::{self, Opt, Options};
use crate::shell::{Answer, Shell, text};
use nestling_shell::fields::{Arguments, Parameters};

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    if arguments.len() == 1 {
        listing::write(shell, "", |variable| variable.value.is_some());
        return Ok(0);
    }
    let (name, mut index, mut status) = (arguments.name(), 1, 0);
    let mut sets_parameters = false;
    while let Some([sign @ (b'-' | b'+'), letters @ ..]) = arguments.get(index) {
        let on = *sign == b'-';
        index += 1;
        match (on, letters) {
            (true, b"-") => {
                sets_parameters = true;
                break;
            }
            // A `-` alone was used before `--` existed. It also turns off `-x` and `-v`.
            (true, b"") => {
                shell.options.set(Opt::Xtrace, false);
                shell.options.set(Opt::Verbose, false);
                break;
            }
            (false, b"") => {
                index -= 1;
                break;
            }
            _ => {}
        }
        for letter in letters {
            let written = [*sign, *letter];
            let option = match letter {
                b'o' => match arguments.get(index) {
                    None => {
                        list(shell, on);
                        continue;
                    }
                    Some(option) => {
                        index += 1;
                        options::by_name(option).ok_or(option)
                    }
                },
                letter => options::by_letter(*letter).ok_or(&written[..]),
            };
            match option {
                Ok(option) => {
                    if !change(shell, option, on) {
                        status = 1;
                    }
                }
                Err(unknown) => return Err(wrong(shell, name, unknown, "no such option").into()),
            }
        }
    }
    if sets_parameters || index < arguments.len() {
        shell.positional = Parameters::of(arguments.skip(index));
    }
    Ok(status)
}

/// Turns an option on or off, together with its effects. If that fails, reports the error and returns false.
pub fn change(shell: &mut Shell, option: Opt, on: bool) -> bool {
    let before = shell.options.has(option);
    shell.options.set(option, on);
    match option {
        Opt::Monitor if !jobs::set_monitor(shell, on) => {
            shell.options.set(option, before);
            return false;
        }
        Opt::Privileged if before && !on && !drop_privileges(shell) => {
            shell.options.set(option, before);
            return false;
        }
        Opt::Vi if on => shell.options.set(Opt::Emacs, false),
        Opt::Emacs if on => shell.options.set(Opt::Vi, false),
        _ => {}
    }
    true
}

/// Sets the effective and saved ids to the real ids. If that fails, reports the error and returns false.
pub fn drop_privileges(shell: &mut Shell) -> bool {
    let drop = || {
        let (uid, gid) = (credentials::getuid()?, credentials::getgid()?);
        credentials::setresgid(gid, gid, gid)?;
        credentials::setresuid(uid, uid, uid)
    };
    let dropped = drop();
    if let Err(errno) = dropped {
        shell.complain(text!("cannot drop privileges: ", errno));
    }
    dropped.is_ok()
}

/// Restores the options that were in effect before `local -`.
pub fn restore(shell: &mut Shell, former: Options) {
    for &(option, ..) in options::named() {
        if shell.options.has(option) != former.has(option) {
            change(shell, option, former.has(option));
        }
    }
}

/// Lists the options: as a table for people if `to_be_read`, else as commands that set them.
fn list(shell: &mut Shell, to_be_read: bool) {
    let (options, out) = (shell.options, &mut shell.output);
    for &(option, _, name) in options::named() {
        let on = options.has(option);
        if to_be_read {
            name.write(out);
            let pad = "                ".get(name.len()..).unwrap_or_default();
            pad.write(out);
            (if on { "on\n" } else { "off\n" }).write(out);
        } else {
            (if on { "set -o " } else { "set +o " }).write(out);
            name.write(out);
            "\n".write(out);
        }
    }
}
