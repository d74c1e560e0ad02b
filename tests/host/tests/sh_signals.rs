//! Scripts that are sent a signal while they wait, and lines that are typed at a prompt, by nestling's `sh` and by the other shells
//! that are installed.
//!
//! A script is made of what waits ([`WAITS`]), where it does ([`PLACES`]), and what it has trapped ([`TRAPS`]); the signal goes to its
//! process, to its group, or comes by a key at a terminal. When nothing happens any more it is sent; after that what waits gets a line to
//! read, time and again ([`run`]). What is compared is what the script writes, how it ends, and how often it had to be released or
//! continued.
//!
//! At a prompt the same is typed for an interactive shell ([`LINES`]), with a key when it waits ([`run::converse`]).
//!
//! Where the others agree and ours does otherwise, and where they differ among themselves, a row of `sh-differential/signals.md` has to
//! say so. A row's first column is a pattern of names (`*` is any text), its second those that ours is as: one of them it has to be as.
//!
//! There are more scripts than are run every time: `NESTLING_LONG=1` runs all; `NESTLING_SH_ONLY=PATTERN` those whose names
//! fit; `NESTLING_SH_SHOW=1` shows what each shell makes of each script.

#[path = "../sh-differential/signals.rs"]
mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use nestling::{Signal, sys};
use nestling_host_tests::{Arch, Scratch, installed, is_long, say};
use run::{Shell, Target, Typed};

/// Of all scripts one in so many is run every time, and of all lines.
const ONE_IN: usize = 32;
const ONE_LINE_IN: usize = 64;

/// What waits: for a line from the driver.
const WAITS: [(&str, &str); 4] = [
    ("program", "head -n 1 <&7 >/dev/null"),
    ("read", "read y <&7"),
    ("shell", "sh -c 'read y <&7; echo sh'"),
    ("subshell", "{ (read y <&7; echo sub); }"),
];

/// Where it waits: `@`.
const PLACES: [(&str, &str); 32] = [
    ("alone", "@"),
    ("sequence", "@; s $?; echo b"),
    ("and", "@ && echo a"),
    ("or", "@ || echo a"),
    ("not", "! @; s $?"),
    ("if", "if @; then echo a; else echo b; fi"),
    ("while", "while @; do echo a; break; done"),
    ("loop", "for i in 1 2; do @; echo a; break; done"),
    ("function", "f() { @; echo f; }; f"),
    ("eval", "eval \"{ @; }; echo e\""),
    ("group", "{ @; echo a; } 2>/dev/null"),
    ("group-to-file", "{ @; echo a; } >f; cat f"),
    ("here-document", "cat <<E\n$(@; echo a)\nE"),
    ("here-document-to-it", "{ @; cat; } <<E\na\nE"),
    ("subshell", "(@; echo a)"),
    ("subshell-alone", "(@)"),
    ("subshell-trap", "(trap 'echo in' $SIG; @; echo a)"),
    ("subshell-exit-trap", "(trap 'echo in' EXIT; @; echo a)"),
    ("substitution", "x=$(@; echo a); s $?; echo \"<$x>\""),
    ("substitution-alone", "x=$(@); s $?; echo \"<$x>\""),
    ("substitution-word", "echo a $(@) \"$(@; echo b)\""),
    (
        "substitution-for",
        "for i in a $(@; echo b); do echo $i; done",
    ),
    ("substitution-case", "case $(@) in *) echo a;; esac"),
    (
        "substitution-nested",
        "x=$(y=$(@; echo a); echo \"$y\"b); echo \"<$x>\"",
    ),
    (
        "substitution-trap",
        "x=$(trap 'echo in' $SIG; @; echo a); echo \"<$x>\"",
    ),
    (
        "substitution-errexit",
        "set -e; x=$(@; echo a); echo \"<$x>\"",
    ),
    ("pipeline-first", "{ @; echo a; } | cat; s $?"),
    ("pipeline-last", "echo a | { @; cat; }; s $?"),
    ("pipeline-both", "{ @; echo a; } | { @; cat; }"),
    ("background", "@ & wait $!; s $?"),
    ("background-list", "{ @; echo a; } & wait; s $?"),
    ("exit-trap", "trap 'echo exit' EXIT; @; echo a"),
];

/// What the script has trapped.
const TRAPS: [(&str, &str); 5] = [
    ("default", ""),
    ("trap", "trap 'echo trap' $SIG"),
    ("exit", "trap 'echo trap; exit 7' $SIG"),
    ("ignore", "trap '' $SIG"),
    ("both", "trap 'echo trap' $SIG; trap 'echo exit' EXIT"),
];

const SIGNALS: [(&str, Signal); 7] = [
    ("INT", Signal::INT),
    ("TERM", Signal::TERM),
    ("HUP", Signal::HUP),
    ("USR1", Signal::USR1),
    ("QUIT", Signal::QUIT),
    ("TSTP", Signal::TSTP),
    ("CONT", Signal::CONT),
];

/// A status as a line: yash's are 256 more for signals.
const PRELUDE: &str =
    "s() { case $1 in 38?|39?|4??) echo \"s$(($1 - 256))\";; *) echo \"s$1\";; esac; }\n";

/// What is typed at a prompt, where it waits at `@`.
const LINES: [(&str, &str); 21] = [
    ("alone", "@; echo a >>out"),
    ("assignment", "x=$(@); echo a >>out"),
    ("assignment-list", "x=$(@; echo b); echo a >>out"),
    ("remove", "rm -f $(@; echo keep); echo a >>out"),
    ("word", "echo $(@) >>out; echo a >>out"),
    (
        "here-document",
        "cat <<E >>out; echo a >>out\n$(@; echo b)\nE",
    ),
    (
        "for",
        "for i in b $(@) c; do echo $i >>out; done; echo a >>out",
    ),
    ("case", "case $(@) in *) echo a >>out;; esac"),
    ("if", "if x=$(@); then echo a >>out; else echo b >>out; fi"),
    (
        "loop",
        "for i in 1 2; do x=$(@); echo b >>out; break; done; echo a >>out",
    ),
    ("function", "f() { x=$(@); echo b >>out; }; f; echo a >>out"),
    ("nested", "x=$(y=$(@); echo b >>out); echo a >>out"),
    ("arithmetic", "x=$((1 + $(@; echo 1))); echo a >>out"),
    ("redirection", "echo b >>$(@; echo out); echo a >>out"),
    ("prefix", "x=$(@) env echo b >>out; echo a >>out"),
    ("eval", "eval \"x=\\$(@)\"; echo a >>out"),
    ("and-or", "x=$(@) && echo a >>out || echo b >>out"),
    ("parameter", "echo ${z:-$(@)} >>out; echo a >>out"),
    ("subshell", "(@; echo b >>out); echo a >>out"),
    ("pipeline", "{ @; echo b; } | cat >>out; echo a >>out"),
    ("wait", "{ @; } & wait; echo a >>out"),
];

/// What it waits in there; the last never comes to rest, and says so itself.
const TYPED_WAITS: [(&str, &str); 5] = [
    ("program", "head -n 1 <&7 >/dev/null"),
    ("read", "read y <&7"),
    ("shell", "sh -c 'read y <&7; echo sh'"),
    ("trap", "sh -c 'trap : INT QUIT; read y <&7; echo sh'"),
    (SPINS, "echo w >>out; while :; do :; done"),
];

const SPINS: &str = "spins";

/// What is typed before.
const TYPED_BEFORE: [(&str, &str); 4] = [
    ("default", ":"),
    ("trap", "trap 'echo trap >>out' $SIG"),
    ("ignore", "trap '' $SIG"),
    ("no-monitor", "set +m"),
];

struct Line {
    name: String,
    lines: Vec<String>,
    signal: Signal,
}

fn lines() -> Vec<Line> {
    let mut lines = Vec::new();
    for (place, text) in LINES {
        for (wait, wait_text) in TYPED_WAITS {
            for (before, before_text) in TYPED_BEFORE {
                for (name, signal) in SIGNALS {
                    let is_typed = matches!(signal, Signal::INT | Signal::QUIT | Signal::TSTP);
                    let goes_on = before == "ignore"
                        || place == "wait"
                        || (place == "alone" && before == "trap");
                    let ends = wait != SPINS || (signal == Signal::INT && !goes_on);
                    if !is_typed || !ends {
                        continue;
                    }
                    let text = text.replace('@', wait_text);
                    let lines_of_it = [PRELUDE.trim_end(), &before_text.replace("$SIG", name)];
                    let lines_of_it = lines_of_it.into_iter().map(String::from);
                    let text = format!("echo w >>out; {text}");
                    lines.push(Line {
                        name: format!("{place} {wait} {before} {name} prompt"),
                        lines: lines_of_it
                            .chain(text.split('\n').map(String::from))
                            .collect(),
                        signal,
                    });
                }
            }
        }
    }
    lines
}

/// What is typed when the key was struck.
const LAST: &str = "s $? >>out; [ -e keep ] || echo gone >>out; echo end >>out";

struct Script {
    name: String,
    text: String,
    signal: Signal,
    target: Target,
}

fn scripts() -> Vec<Script> {
    let mut scripts = Vec::new();
    for (place, place_text) in PLACES {
        for (wait, wait_text) in WAITS {
            for (trap, trap_text) in TRAPS {
                for (name, signal) in SIGNALS {
                    for target in [Target::Process, Target::Group, Target::Key] {
                        let is_typed = matches!(signal, Signal::INT | Signal::QUIT | Signal::TSTP);
                        if target == Target::Key && !is_typed {
                            continue;
                        }
                        let body = place_text.replace('@', wait_text);
                        scripts.push(Script {
                            name: format!("{place} {wait} {trap} {name} {}", target.name()),
                            text: format!("SIG={name}\n{PRELUDE}{trap_text}\n{body}\n"),
                            signal,
                            target,
                        });
                    }
                }
            }
        }
    }
    scripts
}

#[test]
fn a_signal_does_to_a_script_what_it_does_with_other_shells_or_the_table_says_why_not() {
    let Some(shells) = shells() else { return };
    let scripts = chosen(scripts(), ONE_IN, |script| &script.name);
    let outcomes = play(&shells, &scripts, |shell, folder, script| {
        run::run(shell, folder, &script.text, script.signal, script.target)
    });
    let names = scripts.iter().map(|script| &script.name[..]).collect();
    judge(&shells, "scripts", names, outcomes);
}

#[test]
fn a_key_does_to_what_is_typed_what_it_does_with_other_shells_or_the_table_says_why_not() {
    let Some(shells) = shells() else { return };
    let lines = chosen(lines(), ONE_LINE_IN, |line| &line.name);
    let outcomes = play(&shells, &lines, |shell, folder, line| {
        let typed = Typed {
            lines: &line.lines,
            begins: 1 + usize::from(line.name.contains(SPINS)),
            spins: line.name.contains(SPINS),
            signal: line.signal,
            last: LAST,
        };
        run::converse(shell, folder, &typed)
    });
    let names = lines.iter().map(|line| &line.name[..]).collect();
    judge(&shells, "lines", names, outcomes);
}

/// Ours and the others, if there are enough.
fn shells() -> Option<Vec<Shell>> {
    let ours = match Arch::X86_64.sh() {
        Ok(program) => Shell {
            name: "sh",
            program,
            options: &[],
        },
        Err(why) => {
            say(&format!("skipped: {why}"));
            return None;
        }
    };
    let others = others();
    if others.len() < 3 {
        let count = others.len();
        say(&format!("skipped: only {count} other shells are installed"));
        return None;
    }
    Some([ours].into_iter().chain(others).collect())
}

/// Those that are run.
fn chosen<T>(all: Vec<T>, one_in: usize, name: impl Fn(&T) -> &str) -> Vec<T> {
    let only = env::var("NESTLING_SH_ONLY").ok();
    let all = all.into_iter().enumerate();
    let chosen = all.filter(|(index, one)| match &only {
        Some(pattern) => fits(pattern, name(one)),
        // One after the other of every kind: the number of signals and targets and so on has no factor in common with it.
        None => is_long() || (index * 7919) % (one_in * 1009) < 1009,
    });
    chosen.map(|(_, one)| one).collect()
}

/// Holds what each shell has done, ours first, against the others and the table's part of this heading.
fn judge(shells: &[Shell], heading: &str, names: Vec<&str>, outcomes: Vec<Vec<String>>) {
    let others = &shells[1..];
    let rows = rows(heading);
    let mut shown = BTreeSet::new();
    let mut wrong = Vec::new();
    let (mut agreed, count) = (0, names.len());
    for (name, outcomes) in names.into_iter().zip(outcomes) {
        let (mine, theirs) = outcomes.split_first().expect("ours is the first");
        let show = || {
            let lines = shells.iter().zip(&outcomes);
            let lines = lines.map(|(shell, outcome)| format!("  {:5} {outcome}\n", shell.name));
            format!("{name}\n{}", lines.collect::<String>())
        };
        if env::var_os("NESTLING_SH_SHOW").is_some() {
            say(&show());
        }
        if theirs.windows(2).all(|pair| pair[0] == pair[1]) {
            agreed += 1;
            if *mine == theirs[0] {
                continue;
            }
        }
        let is_as = |row: &&Row| {
            let mut all = others.iter().zip(theirs);
            all.any(|(shell, theirs)| row.is_as.contains(&shell.name) && mine == theirs)
        };
        let mut fitting = rows.iter().filter(|row| fits(row.pattern, name));
        match fitting.find(is_as) {
            Some(row) => drop(shown.insert(row.pattern)),
            None => wrong.push(show()),
        }
    }
    if env::var_os("NESTLING_SH_ONLY").is_none() && others.len() == 5 {
        for row in rows.iter().filter(|row| !shown.contains(row.pattern)) {
            let line = format!("no script shows it: {}", row.pattern);
            match is_long() {
                true => wrong.push(line),
                false => say(&format!("# {line}")),
            }
        }
    }
    say(&format!(
        "# {count} {heading}; on {agreed} the other {} shells agree; {} without a row",
        others.len(),
        wrong.len()
    ));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn others() -> Vec<Shell> {
    let mut shells = Vec::new();
    for (name, program, options) in [
        ("bash", "bash", &["--posix"][..]),
        ("dash", "dash", &[]),
        ("mksh", "mksh", &["-o", "posix"]),
        ("yash", "yash", &["-o", "posixly-correct"]),
        ("ash", "busybox", &["ash"]),
    ] {
        match installed(program) {
            Ok(()) => shells.push(Shell {
                name,
                program: PathBuf::from("/usr/bin").join(program),
                options,
            }),
            Err(why) => say(&format!("# skipped: {why}")),
        }
    }
    shells
}

/// A row of the table.
struct Row {
    pattern: &'static str,
    is_as: Vec<&'static str>,
}

fn rows(heading: &str) -> Vec<Row> {
    let mut parts = include_str!("../sh-differential/signals.md").split("\n## ");
    let part = parts.find(|part| part.to_lowercase().starts_with(heading));
    let lines = part.expect("its part of the table").lines();
    let rows = lines.filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|line| {
        let mut columns = line.trim_matches('|').split(" | ").map(str::trim);
        let pattern = columns.next().expect("a pattern").trim_matches('`');
        let is_as = columns.next().expect("shells").split(", ");
        Row {
            pattern,
            is_as: is_as.collect(),
        }
    })
    .collect()
}

/// Whether a name is of a pattern: word by word, `*` is any, `a/b` is `a` or `b`.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<_>, Vec<_>) =
        (pattern.split(' ').collect(), name.split(' ').collect());
    let fits_word = |(pattern, word): (&&str, &&str)| {
        pattern.split('/').any(|one| match one.strip_suffix('*') {
            Some(start) => word.starts_with(start),
            None => one == *word,
        })
    };
    pattern.len() == name.len() && pattern.iter().zip(&name).all(fits_word)
}

/// Runs all, on as many cores as there are: of each what ours makes of it, and then the others.
fn play<T: Sync>(
    shells: &[Shell],
    all: &[T],
    run: impl Fn(&Shell, &Path, &T) -> String + Sync,
) -> Vec<Vec<String>> {
    sys::machine::set_child_subreaper(true).expect("orphans as children");
    let scratch = Scratch::new(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lib.rs")));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for core in 0..2 * cores {
            let (scratch, next, results, run) = (&scratch, &next, &results, &run);
            scope.spawn(move || {
                let folder = scratch.path().join(core.to_string());
                fs::create_dir_all(&folder).expect("a directory");
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = all.get(number) else {
                        break;
                    };
                    let outcomes = shells.iter().map(|shell| run(shell, &folder, one));
                    let outcomes: Vec<String> = outcomes.collect();
                    results.lock().expect("no panic").insert(number, outcomes);
                }
            });
        }
    });
    results
        .into_inner()
        .expect("no panic")
        .into_values()
        .collect()
}
