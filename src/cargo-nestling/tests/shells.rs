//! Tests of what `cargo nestling completions` prints: bash, zsh and fish load it, and complete commands, options and values, and what
//! else cargo has.

use std::{
    collections::BTreeSet,
    env, fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

/// Completes the last word of a command line in bash, where cargo has a function already (`$2` is a command that defines it), or not.
const BASH: &str = r#"
eval "$2"
source "$0"
COMP_WORDS=($1)
[[ $1 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
[[ $(complete -p ${COMP_WORDS[0]}) =~ -F\ ([^\ ]+) ]]
${BASH_REMATCH[1]} ${COMP_WORDS[0]} "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;

const FISH: &str = "source $argv[1]; complete -C $argv[2]";

/// Prints what the function hands to zsh's `_arguments` for the command, and to `_describe`, without the explanations. (Zsh itself
/// completes only at a terminal.)
const ZSH: &str = r#"
compdef() { print -r -- "$@" >&2 }
_describe() { print -rl -- ${${(P)@[-1]}%%:*} }
_arguments() {
    if [[ $@[-1] == "*::: :->cargo-nestling" && -n $wanted ]]; then
        state=cargo-nestling line=($wanted)
        return
    fi
    for word; do
        word=${word#\(*\)}
        word=${word#\*}
        case $word in
            -?*[[]*) print -r -- ${${word%%[[]*}%%=} ;;
            *:_cargo-nestling_commands) _cargo-nestling_commands ;;
        esac
    done
}
source $1
words=() CURRENT=1 wanted=$2
_cargo-nestling
"#;

/// Writes the script for a shell to a file.
fn script(shell: &str) -> PathBuf {
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-nestling"))
        .args(["nestling", "completions", shell])
        .output()
        .expect("cargo-nestling");
    assert!(output.status.success(), "{output:?}");
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("completions.{shell}"));
    fs::write(&path, output.stdout).expect("a file");
    path
}

/// Runs a shell, and returns the first word of each line that it prints.
fn words(shell: &str, options: &[&str], words: &[&str]) -> Option<BTreeSet<String>> {
    let path = env::var_os("PATH").unwrap_or_default();
    if !env::split_paths(&path).any(|folder| folder.join(shell).exists()) {
        // Prints past the test harness, which would capture the text.
        let _ = writeln!(std::io::stderr(), "skipped: {shell} is not installed");
        return None;
    }
    let output = Command::new(shell)
        .args(options)
        .args(words)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .expect(shell);
    let printed = String::from_utf8_lossy(&output.stdout);
    let lines = printed.lines().filter_map(|line| line.split('\t').next());
    let found: BTreeSet<_> = lines
        .filter(|it| !it.is_empty())
        .map(String::from)
        .collect();
    assert!(!found.is_empty(), "{shell} {words:?}: {output:?}");
    Some(found)
}

/// The long options that the help of a command lists.
fn options(command: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-nestling"))
        .args(["nestling", command, "-h"])
        .output()
        .expect("cargo-nestling");
    let help = String::from_utf8_lossy(&output.stdout);
    let words = help.split(|c: char| !c.is_alphanumeric() && c != '-');
    let options = words.filter(|it| it.len() > 2 && it.starts_with("--"));
    options.map(String::from).collect()
}

const COMMANDS: [&str; 7] = [
    "new",
    "build",
    "run",
    "test",
    "boot",
    "image",
    "completions",
];

/// The set without what does not begin with `start`.
fn beginning(found: &BTreeSet<String>, start: &str) -> BTreeSet<String> {
    found
        .iter()
        .filter(|it| it.starts_with(start))
        .cloned()
        .collect()
}

/// Checks that all commands, and all of their options, are among what `complete` returns.
fn check(shell: &str, complete: impl Fn(&str) -> Option<BTreeSet<String>>) {
    let Some(found) = complete("cargo nestling ") else {
        return;
    };
    for command in COMMANDS {
        assert!(found.contains(command), "{shell}: {found:?}");
        let found = complete(&format!("cargo nestling {command} --")).expect("options");
        let found = beginning(&found, "--");
        assert_eq!(found, options(command), "{shell} {command}");
    }
}

#[test]
fn bash_completes_cargo_nestling_and_leaves_cargos_other_commands_alone() {
    let script = script("bash");
    let script = script.to_str().expect("a plain path");
    let own = "_cargo() { COMPREPLY=(other \"$2\"); }; complete -F _cargo cargo";
    let later = "_completion_loader() { _cargo() { COMPREPLY=(other \"$2\"); }; complete -F _cargo cargo; }";
    let complete =
        |line: &str, cargo| words("bash", &["--norc", "-c", BASH, script], &[line, cargo]);
    check("bash", |line| complete(line, own));
    let names = |names: &[&str]| Some(names.iter().map(|it| String::from(*it)).collect());
    for cargo in [own, later] {
        let Some(found) = complete("cargo buil", cargo) else {
            return;
        };
        assert_eq!(Some(found), names(&["other", "buil"]), "{cargo}");
    }
    assert_eq!(complete("cargo nestling bo", ""), names(&["boot"]));
    assert_eq!(
        complete("cargo nestling boot --arch ris", ""),
        names(&["riscv64"])
    );
    assert_eq!(complete("cargo-nestling im", ""), names(&["image"]));
}

#[test]
fn zsh_completes_cargo_nestling() {
    let script = script("zsh");
    let script = script.to_str().expect("a plain path");
    check("zsh", |line| {
        let command = line.split(' ').nth(2).unwrap_or_default();
        words("zsh", &["-f", "-c", ZSH, "zsh", script], &[command])
    });
}

#[test]
fn fish_completes_cargo_nestling() {
    let script = script("fish");
    let script = script.to_str().expect("a plain path");
    let complete = |line: &str| words("fish", &["--no-config", "-c", FISH, script], &[line]);
    check("fish", complete);
    let Some(found) = complete("cargo nestling boot --arch ris") else {
        return;
    };
    assert!(found.contains("riscv64"), "{found:?}");
    let found = complete("cargo-nestling im").expect("commands");
    assert!(found.contains("image"), "{found:?}");
}
