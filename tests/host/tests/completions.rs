//! Tests of the completions in `src/completions`: bash, zsh and fish load them, and complete options, values and programs.

use std::collections::BTreeSet;

use nestling_host_tests::{Arch, installed, options_of_help, or_skip, run};

/// The directory of the completions.
const COMPLETIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/completions");

/// Completes the last word of a command line, whose words contain no blanks.
const BASH: &str = r#"
source "$0/$1.bash"
COMP_WORDS=($2)
[[ $2 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_nestling_$1
printf '%s\n' "${COMPREPLY[@]}"
"#;

const FISH: &str = r#"source $argv[1]/$argv[2].fish; complete -C $argv[3]"#;

/// What the function hands to zsh's `_arguments`, without the explanations. (Zsh itself completes only at a terminal.)
const ZSH: &str = r#"
_arguments() {
    for word; do
        word=${word#\(*\)}
        word=${word#\*}
        [[ $word == -?*[[]* ]] && print -r -- ${${word%%[[]*}%%=*}
    done
}
source $1/_$2
"#;

/// Returns the possibilities with which a shell completes a command line of a program.
fn completed(shell: &str, program: &str, line: &str) -> BTreeSet<String> {
    let (options, script): (&[&str], &str) = match shell {
        "bash" => (&["--norc", "-c"], BASH),
        "fish" => (&["--no-config", "-c"], FISH),
        _ => (&["-f", "-c"], ZSH),
    };
    let output = run(shell, |command| {
        command.args(options).arg(script);
        if shell == "zsh" {
            command.arg("zsh");
        }
        command
            .args([COMPLETIONS, program, line])
            .env("LC_ALL", "C");
    });
    let printed = String::from_utf8_lossy(&output.stdout);
    let words = printed
        .lines()
        .map(|line| line.split('\t').next().expect("a word"));
    let words: BTreeSet<_> = words
        .filter(|it| !it.trim().is_empty())
        .map(String::from)
        .collect();
    assert!(!words.is_empty(), "{shell} {line}: {output:?}");
    words
}

/// Checks the completions of one shell.
fn check(shell: &str) {
    or_skip!(installed(shell));
    let programs = || {
        let arch = Arch::X86_64;
        Ok::<_, String>([("spawn", arch.spawn()?), ("init", arch.init()?)])
    };
    for (name, path) in or_skip!(programs()) {
        let help = run(path.to_str().expect("a plain path"), |command| {
            command.arg("--help");
        });
        let mut expected = options_of_help(&String::from_utf8_lossy(&help.stdout));
        expected.insert("--help".into());
        let lines: &[&str] = match name {
            "spawn" => &["spawn --"],
            _ => &["init -", "init --"],
        };
        let mut options = BTreeSet::new();
        for line in lines {
            options.extend(completed(shell, name, line));
        }
        assert_eq!(options, expected, "{shell}");
    }
    if shell == "zsh" {
        return;
    }
    for (program, line, expected) in [
        ("spawn", "spawn --sched r", "rr"),
        ("spawn", "spawn --setsid --nice 5 una", "uname"),
        ("spawn", "nestling-spawn --clear-env una", "uname"),
        ("init", "init -v una", "uname"),
        ("init", "nestling-init -e 143 una", "uname"),
    ] {
        let found = completed(shell, program, line);
        assert!(found.contains(expected), "{shell} {line}: {found:?}");
    }
}

#[test]
fn bash_completes_options_values_and_programs() {
    check("bash");
}

#[test]
fn zsh_completes_options() {
    check("zsh");
}

#[test]
fn fish_completes_options_values_and_programs() {
    check("fish");
}
