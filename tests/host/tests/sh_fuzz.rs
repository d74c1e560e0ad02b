//! Runs mangled scripts: `sh -n` must read each to its end, and neither `sh -n` nor running the script may crash the
//! shell.
//!
//! The scripts are those of `sh_differential`, in which tokens and bytes were removed, repeated, exchanged or inserted.
//! A script runs as a user who owns only an empty directory, finds no program, and has low resource limits; therefore
//! this test needs root.
//!
//! `NESTLING_SH_FUZZ=SECONDS` runs the test for that time, `NESTLING_SH_FUZZ_FROM=NUMBER` sets the first script; the
//! scripts that fail are kept in the temporary directory.

#[allow(dead_code)] // parts that only the comparison uses
#[path = "../sh-differential/generator.rs"]
mod generator;
#[allow(dead_code)] // parts that only the comparison uses
#[path = "../sh-differential/shells.rs"]
mod shells;

use std::env;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use generator::Random;
use nestling::Resource;
use nestling_host_tests::{Arch, is_long, or_skip, say};
use shells::{Bounds, Shell, Workspace, is_root};

/// The number of scripts without `NESTLING_SH_FUZZ`.
const SHORT: usize = 1500;
/// How long the test runs with `cargo xtask test --long`.
const LONG_SECONDS: u64 = 600;

/// The limits for `sh -n`; the scripts have a few kilobytes.
const READING: Bounds = Bounds {
    time: Duration::from_secs(10),
    limits: &[
        (Resource::Cpu, 5),
        (Resource::As, 64 << 20),
        (Resource::Core, 0),
    ],
    path: "",
};

const RUNNING: Bounds = Bounds {
    time: Duration::from_secs(1),
    limits: &[
        (Resource::Cpu, 5),
        (Resource::As, 512 << 20),
        (Resource::Nproc, 64),
        (Resource::FileSize, 1 << 20),
        (Resource::Core, 0),
    ],
    path: "",
};

/// A script may need endless memory and so exhaust the limits of `RUNNING`. If the shell ends by a signal, the script
/// runs once more with these limits.
const MORE: Bounds = Bounds {
    limits: &[
        (Resource::Cpu, 5),
        (Resource::As, 4 << 30),
        (Resource::Nproc, 64),
        (Resource::FileSize, 1 << 20),
        (Resource::Core, 0),
    ],
    ..RUNNING
};

#[test]
fn no_script_crashes_the_shell_and_sh_n_reads_each_to_its_end() {
    let shell = Shell {
        name: "sh",
        program: or_skip!(Arch::X86_64.sh()),
        options: &[],
    };
    if !is_root() {
        return say("skipped: only root may run a script as a user who owns nothing");
    }
    let folder = env::temp_dir().join(format!("nestling-sh-fuzz-{}", std::process::id()));
    let shell = &shell.copied(&folder);
    let corpus = &corpus();
    let time = env::var("NESTLING_SH_FUZZ")
        .ok()
        .and_then(|time| time.parse().ok())
        .or(is_long().then_some(LONG_SECONDS))
        .map(Duration::from_secs);
    let from = env::var("NESTLING_SH_FUZZ_FROM")
        .ok()
        .and_then(|from| from.parse().ok())
        .unwrap_or(0);
    let (start, next, failures) = (
        Instant::now(),
        AtomicUsize::new(from),
        Mutex::new(Vec::new()),
    );
    let is_over = |number| match time {
        Some(time) => start.elapsed() > time,
        None => number >= from + SHORT,
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for core in 0..cores {
            let (folder, next, failures, is_over) = (&folder, &next, &failures, &is_over);
            scope.spawn(move || {
                let mut workspace = Workspace::new(folder.join(core.to_string()));
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if is_over(number) {
                        break;
                    }
                    let mut script = mangled(corpus, &mut Random::new("fuzz", number));
                    let Some(what) = failure(&mut workspace, shell, &script) else {
                        continue;
                    };
                    reduce(&mut script, |shorter| {
                        failure(&mut workspace, shell, shorter).as_ref() == Some(&what)
                    });
                    if time.is_some() {
                        let path = env::temp_dir().join(format!("nestling-sh-fuzz-{number}.sh"));
                        fs::write(&path, &script).expect("a file");
                        say(&format!("# {what}: {}", path.display()));
                    }
                    let text = script.escape_ascii();
                    failures
                        .lock()
                        .expect("no panic")
                        .push(format!("{number}: {what}: {text}"));
                }
            });
        }
    });
    // The folder is in the system's temporary directory; an error has no consequence.
    let _ = fs::remove_dir_all(&folder);
    let count = next.into_inner() - from - cores;
    say(&format!("# {count} scripts, each read by `sh -n` and run"));
    let failures = failures.into_inner().expect("no panic");
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Returns what the shell does wrong with a script, if anything.
fn failure(workspace: &mut Workspace, shell: &Shell, script: &[u8]) -> Option<String> {
    workspace.write(script);
    let read = workspace.run(shell, &["-n"], &READING).end;
    if read == "hang" || read.starts_with("signal") {
        return Some(format!("sh -n: {read}"));
    }
    let crashed = |end: &str| {
        ["SEGV", "ABRT", "ILL", "BUS", "FPE", "TRAP", "SYS"]
            .iter()
            .any(|name| end.contains(name))
    };
    if !crashed(&workspace.run(shell, &[], &RUNNING).end) {
        return None;
    }
    Some(workspace.run(shell, &[], &MORE).end)
        .filter(|end| crashed(end))
        .map(|end| format!("sh: {end}"))
}

/// Returns the scripts to start from, without those that send signals, which could look like a crash.
fn corpus() -> Vec<Vec<u8>> {
    let mut scripts = generator::written();
    scripts.extend(generator::generated());
    let snippets = scripts.iter().flat_map(|script| &script.snippets);
    snippets
        .map(|snippet| snippet.replace("kill", "killed").into_bytes())
        .collect()
}

/// Tokens to insert, or to put around a part of a script; most of them mean something to a shell.
const TOKENS: &[&str] = &[
    "$(",
    "$((",
    "))",
    ")",
    "`",
    "\"",
    "'",
    "\\",
    "${",
    "}",
    "{",
    "(",
    ";",
    ";;",
    "&",
    "&&",
    "|",
    "||",
    "\n",
    "<<E\n",
    "\nE\n",
    "<<-'E'\n",
    "<",
    ">",
    ">&",
    "<&-",
    "$@",
    "\"$@\"",
    "$*",
    "$#",
    "${#",
    "${x:-",
    "${x%",
    "${x##",
    "${x:1:2}",
    "${x/a/b}",
    "if ",
    "then ",
    "fi ",
    "while ",
    "do ",
    "done ",
    "case ",
    " in ",
    "esac ",
    "for ",
    "!",
    "f() ",
    "[[ ",
    " =~ ^(a|[[:alpha:]]{2,})*$",
    " ]]",
    "$'",
    "\\x",
    "\0",
    "\u{ff}",
    "=",
    "*",
    "?",
    "[",
    "[!",
    "[[:alpha:]]",
    "]",
    "~",
    "#",
    " ",
    "\t",
    "1",
    "-",
    "99999999999999999999",
    "<(",
    "alias a='a b ",
    "eval ",
    ". ./script",
    "trap ",
    "set -",
    "local ",
    "export ",
    "read ",
    "printf '%*s' ",
    "IFS=",
    "$RANDOM",
    "$LINENO",
    "\r",
    "+=",
    "<<<",
    "|&",
    "function ",
];

const PAIRS: &[(&str, &str)] = &[
    ("$(", ")"),
    ("(", ")"),
    ("{ ", "; }"),
    ("$((", "))"),
    ("\"", "\""),
    ("'", "'"),
    ("`", "`"),
    ("${x-", "}"),
    ("\"${x:-", "}\""),
    ("if ", "; then :; fi"),
    ("while ", "; do break; done"),
    ("case ", " in a) esac"),
    ("f() { ", "; }; f"),
    ("eval '", "'"),
    ("! ", ""),
    ("cat <<E\n", "\nE\n"),
    ("$(( (", ") ))"),
    ("[[ ", " ]]"),
    ("alias a='", "'\na"),
    ("-", ""),
    ("[", "]"),
    ("*(", ")"),
];

fn mangled(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut script = corpus[random.below(corpus.len())].clone();
    for _ in 0..1 + random.below(6) {
        let (start, end) = part(&script, random);
        match random.below(10) {
            0 => drop(script.drain(start..end)),
            1 => {
                let copy = script[start..end].to_vec();
                let at = part(&script, random).0;
                script.splice(at..at, copy);
            }
            2 | 3 => {
                let token = TOKENS[random.below(TOKENS.len())];
                script.splice(start..start, token.bytes());
            }
            4 => {
                let token = TOKENS[random.below(TOKENS.len())];
                script.splice(start..end, token.bytes());
            }
            5 => {
                let other = &corpus[random.below(corpus.len())];
                let (from, to) = part(other, random);
                script.splice(start..end, other[from..to].iter().copied());
            }
            6 => {
                let (open, close) = PAIRS[random.below(PAIRS.len())];
                // Sometimes so many that a recursive function would use up its stack.
                let count = [1, 1, 1, 2, 3, 30, 3000, 30_000][random.below(8)];
                script.splice(end..end, close.repeat(count).into_bytes());
                script.splice(start..start, open.repeat(count).into_bytes());
            }
            7 => script.truncate(start),
            8 => {
                if let Some(byte) = script.get_mut(start) {
                    *byte = random.next() as u8;
                }
            }
            _ => script.insert(start, random.next() as u8),
        }
    }
    script
}

/// Returns the beginning and the end of a random part of a script: a few bytes or a few words.
fn part(script: &[u8], random: &mut Random) -> (usize, usize) {
    let start = random.below(script.len() + 1);
    if random.below(3) == 0 {
        return (start, (start + random.below(8)).min(script.len()));
    }
    let is_edge = |&at: &usize| {
        script
            .get(at)
            .is_none_or(|byte| b" \n;|&()<>\"'`$}".contains(byte))
    };
    let start = (start..=script.len()).find(is_edge).unwrap_or(start);
    let mut end = start;
    for _ in 0..1 + random.below(4) {
        end = (end + 1..=script.len())
            .find(is_edge)
            .unwrap_or(script.len());
    }
    (start, end)
}

/// Removes everything from the script that is not needed for the failure, for at most 20 seconds.
fn reduce(script: &mut Vec<u8>, mut fails: impl FnMut(&[u8]) -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    let mut length = script.len() / 2;
    while length > 0 {
        let mut start = 0;
        while start < script.len() && Instant::now() < end {
            let mut shorter = script.clone();
            shorter.drain(start..(start + length).min(script.len()));
            if fails(&shorter) {
                *script = shorter;
            } else {
                start += length;
            }
        }
        length /= 2;
    }
}
