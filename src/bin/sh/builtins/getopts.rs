//! `getopts optstring name [param...]`: finds the next option of a script or a function (XCU 3, `getopts`). With OPTERR=0 it
//! reports no errors (as in bash and busybox).

use alloc::vec::Vec;

use super::getopt::{operands, wrong};
use crate::shell::{Answer, Flow, Shell, number};
use nestling_shell::fields::Arguments;
use nestling_shell::symbols::{Symbol, is_name};

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let operands = operands(arguments);
    let (Some(letters), Some(name)) = (operands.get(0), operands.get(1)) else {
        wrong(shell, arguments.name(), b"", "an operand is missing");
        return Ok(2);
    };
    if !is_name(name) {
        wrong(shell, arguments.name(), name, "not a name");
        return Ok(2);
    }
    let found = if operands.len() > 2 {
        let params = operands.skip(2);
        next(shell, letters, params.len(), &|index| params.get(index))
    } else {
        let params = shell.positional.clone();
        next(shell, letters, params.len(), &|index| params.get(index))
    };
    let name = shell.symbol(name);
    if settle(shell, name, &found).is_err() {
        return Ok(2);
    }
    Ok(i32::from(found.at_end))
}

/// The result of one call of `getopts`.
struct Found {
    /// Whether no option is left.
    at_end: bool,
    /// The value for the variable that the `name` operand names.
    letter: u8,
    /// The value for OPTARG. OPTARG is unset if this is `None`.
    argument: Option<Vec<u8>>,
    /// OPTIND, and how many bytes of that parameter have been parsed.
    index: usize,
    offset: usize,
}

/// Finds the next option among `count` parameters.
fn next<'a>(
    shell: &mut Shell,
    letters: &[u8],
    count: usize,
    param: &dyn Fn(usize) -> Option<&'a [u8]>,
) -> Found {
    let index = shell.variables.get(Symbol::OPTIND).unwrap_or_default();
    let index = nestling::text::number(index, 10).unwrap_or_default();
    let mut index = usize::try_from(index)
        .unwrap_or(usize::MAX)
        .clamp(1, count + 1);
    let mut offset = shell.variables.getopts_offset;
    let word = param(index - 1).unwrap_or_default();
    // The parameters may differ from those of the previous call.
    if offset >= word.len() {
        offset = 0;
    }
    if offset == 0 {
        if word == b"--" {
            index += 1;
        }
        if !matches!(word, [b'-', _, ..]) || word == b"--" {
            return Found {
                at_end: true,
                letter: b'?',
                argument: None,
                index,
                offset: 0,
            };
        }
        offset = 1;
    }
    let letter = word.get(offset).copied().unwrap_or_default();
    let rest = word.get(offset + 1..).unwrap_or_default();
    let quiet = letters.first() == Some(&b':');
    let place = letters
        .iter()
        .position(|&other| other == letter && letter != b':');
    let has_argument = place.is_some_and(|place| letters.get(place + 1) == Some(&b':'));
    let mut found = Found {
        at_end: false,
        letter,
        argument: None,
        index,
        offset: offset + 1,
    };
    if has_argument || rest.is_empty() {
        (found.index, found.offset) = (index + 1, 0);
    }
    let problem = match place {
        None => "no such option",
        Some(_) if !has_argument => return found,
        Some(_) => {
            let argument = if rest.is_empty() {
                param(index)
            } else {
                Some(rest)
            };
            found.index += usize::from(rest.is_empty());
            if let Some(argument) = argument {
                found.argument = Some(argument.into());
                return found;
            }
            found.index = count + 1;
            "an argument is missing"
        }
    };
    found.letter = if quiet && has_argument { b':' } else { b'?' };
    if quiet {
        found.argument = Some([letter].into());
    } else if shell.variables.get(Symbol::OPTERR) != Some(b"0") {
        // `wrong` reports the option as if it were the utility's name: the error is in the script's arguments, not in those of
        // `getopts`.
        wrong(shell, &[b'-', letter], b"", problem);
    }
    found
}

/// Sets OPTIND, OPTARG and the variable `name`.
fn settle(shell: &mut Shell, name: Symbol, found: &Found) -> Flow {
    shell.assign(Symbol::OPTIND, &number(found.index as i64))?;
    // The assignment to OPTIND has reset this offset.
    shell.variables.getopts_offset = found.offset;
    match &found.argument {
        Some(argument) => shell.assign(Symbol::OPTARG, argument)?,
        None if shell.variables.unset(Symbol::OPTARG).is_err() => {
            return Err(shell.is_readonly(Symbol::OPTARG));
        }
        None => {}
    }
    shell.assign(name, &[found.letter])
}
