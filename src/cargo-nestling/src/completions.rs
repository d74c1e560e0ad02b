//! `cargo nestling completions`: scripts with which shells complete the command line of a subcommand of cargo.

use std::io::Write;

use anyhow::Result;
use clap::{Command, ValueEnum};
use clap_complete::{generate, shells};

/// A shell that completes command lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Shell {
    /// GNU's shell.
    Bash,
    /// The Z shell.
    Zsh,
    /// The friendly interactive shell.
    Fish,
}

/// The name of the program, and the function that completes it.
const PROGRAM: &str = "cargo-nestling";

/// The command whose completions bash gets: with a dash in its name, clap_complete 4.6 gives parts of its function different names.
const IN_BASH: &str = "nestling";

/// Makes bash complete `cargo nestling` and `cargo-nestling` by the function of `nestling`, and all else by cargo's own function, which
/// bash-completion loads when it is needed.
const FOR_CARGO_IN_BASH: &str = r#"
complete -r nestling

_nestling_alone() {
    COMP_WORDS[0]=nestling
    _nestling nestling "$2" "$3"
}

_nestling_of_cargo() {
    if [[ $COMP_CWORD -gt 1 && ${COMP_WORDS[1]} == nestling ]]; then
        COMP_WORDS=("${COMP_WORDS[@]:1}")
        ((--COMP_CWORD))
        _nestling nestling "$2" "$3"
        return
    fi
    if [[ ! -v _nestling_other_of_cargo ]]; then
        complete -r cargo
        declare -F _completion_loader >/dev/null && _completion_loader cargo
        _nestling_take_cargo
    fi
    [[ -n $_nestling_other_of_cargo ]] && "$_nestling_other_of_cargo" "$@"
}

# Puts the function above in the place of the one that completes cargo's commands now.
_nestling_take_cargo() {
    _nestling_other_of_cargo=
    [[ $(complete -p cargo 2>/dev/null) =~ \ -F\ ([^\ ]+) ]] && _nestling_other_of_cargo=${BASH_REMATCH[1]}
    complete -o bashdefault -o default -F _nestling_of_cargo cargo
}

complete -o bashdefault -o default -F _nestling_alone cargo-nestling
if complete -p cargo &>/dev/null; then
    _nestling_take_cargo
else
    complete -o bashdefault -o default -F _nestling_of_cargo cargo
fi
"#;

/// Writes the script for a shell. `line` is the command line of the program `cargo-nestling`.
pub fn write(line: Command, shell: Shell, to: &mut impl Write) -> Result<()> {
    let mut line = line.name(PROGRAM).bin_name(PROGRAM);
    match shell {
        Shell::Bash => {
            let mut line = line.name(IN_BASH).bin_name(IN_BASH);
            generate(shells::Bash, &mut line, IN_BASH, to);
            to.write_all(FOR_CARGO_IN_BASH.as_bytes())?;
        }
        // Cargo's own function in zsh calls the one of this name.
        Shell::Zsh => generate(shells::Zsh, &mut line, PROGRAM, to),
        Shell::Fish => {
            generate(shells::Fish, &mut line, PROGRAM, to);
            // What other commands of cargo take is not known here.
            let mut cargo = Command::new("cargo")
                .disable_help_flag(true)
                .disable_help_subcommand(true)
                .subcommand(line.name("nestling").bin_name("cargo nestling"));
            generate(shells::Fish, &mut cargo, "cargo", to);
        }
    }
    Ok(())
}
