//! Sends a signal to scripts while they wait, and types lines at a prompt, with nestling's `sh` and with the other
//! shells that are installed.
//!
//! A script combines a waiting command ([`WAITS`]), the construct in which it waits ([`PLACES`]), and the traps that
//! are set ([`TRAPS`]). The signal goes to the script's process, to its process group, or comes from a key at a
//! terminal. The signal is sent when all processes rest; then the waiting command gets a line to read, several times if
//! necessary ([`run`]). The test compares what the script writes, how it ends, and how often it had to be released or
//! continued.
//!
//! At a prompt, the same lines are typed into each interactive shell ([`LINES`]), and a key is struck when the shell
//! waits ([`run::converse`]).
//!
//! If the other shells agree and nestling's differs, or if they differ among themselves, a row of
//! `sh-differential/signals.md` must state that. The first column of a row is a pattern of names (`*` is any text). The
//! second column lists the shells with which nestling's may agree; it must agree with one of them.
//!
//! Not all scripts run every time: `NESTLING_LONG=1` runs all, `NESTLING_SH_ONLY=PATTERN` those whose names match, and
//! `NESTLING_SH_SHOW=1` shows what each shell does with each script.

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

/// One in this many of the scripts, and of the typed lines, runs every time.
const ONE_IN: usize = 32;
const ONE_LINE_IN: usize = 64;

/// Commands that wait for a line from the driver.
const WAITS: [(&str, &str); 4] = [
    ("program", "head -n 1 <&7 >/dev/null"),
    ("read", "read y <&7"),
    ("shell", "sh -c 'read y <&7; echo sh'"),
    ("subshell", "{ (read y <&7; echo sub); }"),
];

/// The constructs in which a command waits; `@` stands for the command.
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

/// The traps that the script sets.
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

/// Writes a status as a line. For signals, yash's statuses are 256 greater; this is corrected.
const PRELUDE: &str =
    "s() { case $1 in 38?|39?|4??) echo \"s$(($1 - 256))\";; *) echo \"s$1\";; esac; }\n";

/// Lines that are typed at a prompt; `@` stands for the waiting command.
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

/// The waiting commands in these lines. The last one never comes to rest, and itself reports that it has begun.
const TYPED_WAITS: [(&str, &str); 5] = [
    ("program", "head -n 1 <&7 >/dev/null"),
    ("read", "read y <&7"),
    ("shell", "sh -c 'read y <&7; echo sh'"),
    ("trap", "sh -c 'trap : INT QUIT; read y <&7; echo sh'"),
    (SPINS, "echo w >>out; while :; do :; done"),
];

const SPINS: &str = "spins";

/// Lines that are typed before.
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

/// The line that is typed after the key was struck.
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
fn a_signal_affects_a_script_as_in_other_shells_or_the_table_says_why_not() {
    let Some(shells) = shells() else { return };
    let scripts = chosen(scripts(), ONE_IN, |script| &script.name);
    let outcomes = play(&shells, &scripts, |shell, folder, script| {
        run::run(shell, folder, &script.text, script.signal, script.target)
    });
    let names = scripts.iter().map(|script| &script.name[..]).collect();
    judge(&shells, "scripts", names, outcomes);
}

#[test]
fn a_key_affects_typed_lines_as_in_other_shells_or_the_table_says_why_not() {
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

/// Returns nestling's shell and the others, if enough others are installed.
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

/// Returns the selected elements.
fn chosen<T>(all: Vec<T>, one_in: usize, name: impl Fn(&T) -> &str) -> Vec<T> {
    let only = env::var("NESTLING_SH_ONLY").ok();
    let all = all.into_iter().enumerate();
    let chosen = all.filter(|(index, one)| match &only {
        Some(pattern) => fits(pattern, name(one)),
        // Takes elements of every kind in turn: 7919 has no factor in common with the numbers of signals, targets and
        // so on.
        None => is_long() || (index * 7919) % (one_in * 1009) < 1009,
    });
    chosen.map(|(_, one)| one).collect()
}

/// Compares the outcomes of the shells, nestling's first, and compares the differences with the part of the table under
/// this heading.
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

/// Whether a name matches a pattern: both are compared word by word, `*` matches any word, and `a/b` matches `a` or
/// `b`.
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

/// Runs all elements on as many threads as there are cores. Returns the outcomes of each: nestling's, then those of the
/// others.
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
