//! Runs the same scripts by nestling's `sh` and by the other shells that are installed. Where the other shells agree
//! and nestling's differs, the difference must be in the table of `sh-differential/differences.md`, and each row of the
//! table must be a real difference.
//!
//! The test compares what a script writes to its standard output and how it ends. Scripts are made from grammars
//! (`sh-differential/grammars/`) or written by hand (`sh-differential/scripts/`).
//!
//! The short form runs the hand-written scripts and every fourth generated one. The long form (`cargo xtask test
//! --long`) runs all scripts, and checks that each row of the table is shown by one.
//!
//! `NESTLING_SH_REDUCE=1` shows each difference by the smallest script that still has it. `NESTLING_SH_ONLY=NAME` runs
//! only the scripts whose names begin with NAME. `NESTLING_SH_WRITE=FOLDER` keeps the scripts in FOLDER.
//! `NESTLING_SH_KINDS=1` prints, for each grammar, on how many snippets the other shells agree.

#[path = "../sh-differential/generator.rs"]
mod generator;
#[path = "../sh-differential/shells.rs"]
mod shells;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use generator::Script;
use nestling::Resource;
use nestling_host_tests::{Arch, installed, is_long, or_skip, say};
use shells::{Bounds, Outcome, Shell, Workspace};

/// With these versions of the shells, each row of the table is shown. With other versions, a row that is not shown
/// is printed and is no failure.
const VERSIONS: &str = "bash 5.2.15-2+b8\ndash 0.5.12-2\nmksh 59c-28+deb12u1\nyash 2.52-2\n";

const BOUNDS: Bounds = Bounds {
    time: Duration::from_secs(10),
    limits: &[(Resource::FileSize, 16 << 20), (Resource::Core, 0)],
    path: "/usr/bin:/bin",
};

#[test]
fn where_other_shells_agree_ours_agrees_too_or_the_table_says_why_not() {
    let ours = or_skip!(ours());
    let others = others();
    if others.len() < 3 {
        return say(&format!(
            "skipped: only {} other shells are installed",
            others.len()
        ));
    }
    let (scripts, all) = scripts();

    if let Some(folder) = env::var_os("NESTLING_SH_WRITE") {
        for script in &scripts {
            let name = script.name.replace('/', "-");
            std::fs::write(Path::new(&folder).join(name), script.text()).expect("a script");
        }
    }

    let (mut compared, mut agreed) = (0, 0);
    let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut differences = Vec::new();
    for (script, result) in scripts.iter().zip(play(&scripts, &ours, &others)) {
        compared += result.parts;
        agreed += result.agreed;
        let kind = script.name.split(['-', '/']).next().unwrap_or_default();
        let kind = kinds.entry(kind).or_default();
        *kind = (kind.0 + result.parts, kind.1 + result.agreed);
        differences.extend(result.differences);
    }
    let rows = rows();
    let mut shown = BTreeSet::new();
    let mut wrong = Vec::new();
    for difference in &differences {
        match rows.iter().find(|row| row.fits(difference)) {
            Some(row) => drop(shown.insert(row.key)),
            None => wrong.push(difference.to_string()),
        }
    }
    if all {
        if scripts.len() < 5000 {
            wrong.push(format!("only {} scripts", scripts.len()));
        }
        for row in rows.iter().filter(|row| !shown.contains(row.key)) {
            let line = format!("no script shows it: {}", row.key);
            match versions() == VERSIONS {
                true => wrong.push(line),
                false => say(&format!("# {line}")),
            }
        }
    }
    let names: Vec<_> = others.iter().map(|shell| shell.name).collect();
    let (count, names) = (scripts.len(), names.join(", "));
    if env::var_os("NESTLING_SH_KINDS").is_some() {
        for (kind, (parts, agreed)) in kinds {
            say(&format!(
                "# {kind}: {parts}, of which they agree on {agreed}"
            ));
        }
    }
    say(&format!(
        "# {count} scripts, {compared} parts; on {agreed}, {names} agree"
    ));
    assert!(
        wrong.is_empty(),
        "{} differences:\n\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

/// The scripts to run, and whether these are all.
fn scripts() -> (Vec<Script>, bool) {
    let mut scripts = generator::written();
    let written = scripts.len();
    scripts.extend(generator::generated());
    let only = env::var("NESTLING_SH_ONLY").unwrap_or_default();
    if !only.is_empty() {
        scripts.retain(|script| script.name.starts_with(&only));
        return (scripts, false);
    }
    if !is_long() {
        let mut number = 0;
        scripts.retain(|_| {
            number += 1;
            number <= written || number % 16 == 0
        });
    }
    (scripts, is_long())
}

/// The shell under test.
fn ours() -> Result<Shell, String> {
    let program = Arch::X86_64.sh()?;
    Ok(Shell {
        name: "sh",
        program,
        options: &[],
    })
}

/// The shells that it is compared with.
fn others() -> Vec<Shell> {
    let mut shells = Vec::new();
    for (name, options) in [
        ("bash", &["--posix"][..]),
        ("dash", &[]),
        ("mksh", &["-o", "posix"]),
        ("yash", &["-o", "posixly-correct"]),
    ] {
        // dash has no option `--version`; its error message shows that it is installed.
        match installed(name) {
            Ok(()) => shells.push(Shell {
                name,
                program: PathBuf::from("/usr/bin").join(name),
                options,
            }),
            Err(why) => say(&format!("# skipped: {why}")),
        }
    }
    shells
}

fn versions() -> String {
    let mut query = Command::new("dpkg-query");
    query.args([
        "-W",
        "-f",
        "${Package} ${Version}\n",
        "bash",
        "dash",
        "mksh",
        "yash",
    ]);
    query.output().map_or(String::new(), |output| {
        String::from_utf8_lossy(&output.stdout).into()
    })
}

/// The outcome of a script by all shells.
struct Comparison {
    parts: usize,
    /// The number of parts on which all other shells agree.
    agreed: usize,
    differences: Vec<Difference>,
}

struct Difference {
    /// The name of the script, and the index of the snippet if there are several.
    name: String,
    snippet: String,
    ours: String,
    theirs: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            name,
            snippet,
            ours,
            theirs,
        } = self;
        write!(
            f,
            "{name}:\n{}\n  ours:   {ours}\n  theirs: {theirs}",
            snippet.trim_end()
        )
    }
}

/// A row of the table.
struct Row {
    /// The name of a script, or, in backquotes, a text that a snippet contains.
    key: &'static str,
}

impl Row {
    fn fits(&self, difference: &Difference) -> bool {
        match self
            .key
            .strip_prefix('`')
            .and_then(|key| key.strip_suffix('`'))
        {
            Some(text) => difference.snippet.contains(text),
            None => difference.name == self.key,
        }
    }
}

fn rows() -> Vec<Row> {
    let lines = include_str!("../sh-differential/differences.md").lines();
    let rows = lines.filter(|line| line.starts_with("| ")).skip(1);
    rows.filter_map(|line| line.trim_matches('|').split(" | ").next())
        .map(|key| Row { key: key.trim() })
        .collect()
}

/// Runs the scripts, on as many threads as there are cores.
fn play(scripts: &[Script], ours: &Shell, others: &[Shell]) -> Vec<Comparison> {
    let folder = env::temp_dir().join(format!("nestling-sh-{}", std::process::id()));
    let ours = &ours.copied(&folder);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for core in 0..cores {
            let (folder, next, results) = (&folder, &next, &results);
            scope.spawn(move || {
                let mut workspace = Workspace::new(folder.join(core.to_string()));
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(script) = scripts.get(number) else {
                        break;
                    };
                    let mut result = compare(script, &mut workspace, ours, others);
                    if env::var_os("NESTLING_SH_REDUCE").is_some() {
                        for difference in &mut result.differences {
                            reduce(difference, &mut workspace, ours, others);
                        }
                    }
                    results.lock().expect("no panic").insert(number, result);
                }
            });
        }
    });
    // The folder is in the system's temporary directory; an error has no consequence.
    let _ = std::fs::remove_dir_all(&folder);
    results
        .into_inner()
        .expect("no panic")
        .into_values()
        .collect()
}

fn compare(
    script: &Script,
    workspace: &mut Workspace,
    ours: &Shell,
    others: &[Shell],
) -> Comparison {
    let text = script.text();
    workspace.write(text.as_bytes());
    workspace.directories = if script.snippets.len() > 1 {
        script.snippets.len()
    } else {
        0
    };
    let mut outcomes = others.iter().map(|shell| {
        let outcome = workspace.run(shell, &[], &BOUNDS);
        if outcome.end == "hang" {
            say(&format!("# {} hangs: {}", shell.name, script.name));
        }
        parts(&outcome)
    });
    let mut theirs: Vec<Option<String>> = outcomes
        .next()
        .unwrap_or_default()
        .into_iter()
        .map(Some)
        .collect();
    for outcome in outcomes {
        theirs.resize(theirs.len().max(outcome.len()), None);
        for (index, part) in theirs.iter_mut().enumerate() {
            if part.as_ref() != outcome.get(index) {
                *part = None;
            }
        }
    }
    let mine = parts(&workspace.run(ours, &[], &BOUNDS));
    let mut differences = Vec::new();
    for (index, part) in theirs.iter().enumerate() {
        let Some(theirs) = part else { continue };
        let ours = mine.get(index);
        if ours == Some(theirs) {
            continue;
        }
        let several = script.snippets.len() > 1;
        differences.push(Difference {
            name: if several {
                format!("{}.{index}", script.name)
            } else {
                script.name.clone()
            },
            snippet: script.snippets.get(index).cloned().unwrap_or_default(),
            ours: ours.map_or("nothing".into(), Clone::clone),
            theirs: theirs.clone(),
        });
        // After a shell's last part, parts no longer correspond to snippets.
        if mine.len() <= index + 1 {
            break;
        }
    }
    Comparison {
        parts: theirs.len(),
        agreed: theirs.iter().flatten().count(),
        differences,
    }
}

/// Returns what each snippet has written and its exit status, then the remaining output and how the shell ended.
fn parts(outcome: &Outcome) -> Vec<String> {
    let output = String::from_utf8_lossy(&outcome.output).into_owned();
    let mut parts = vec![String::new()];
    for line in output.split_inclusive('\n') {
        let part = parts.last_mut().expect("one");
        part.push_str(line);
        if line.starts_with("@@ ") {
            parts.push(String::new());
        }
    }
    parts.last_mut().expect("one").push_str(&outcome.end);
    parts.iter().map(|part| format!("{part:?}")).collect()
}

/// Reduces a snippet as far as possible: first lines are removed, then words, then characters.
fn reduce(difference: &mut Difference, workspace: &mut Workspace, ours: &Shell, others: &[Shell]) {
    let mut tries = 400;
    let mut shows = |snippet: &str| -> Option<Difference> {
        if tries == 0 {
            return None;
        }
        tries -= 1;
        let script = Script {
            name: String::new(),
            snippets: vec![snippet.into()],
        };
        compare(&script, workspace, ours, others).differences.pop()
    };
    if shows(&difference.snippet).is_none() {
        return;
    }
    let lines = |text: &str| lengths(text, |byte| byte == b'\n');
    let words = |text: &str| lengths(text, |byte| b" ;\n".contains(&byte));
    let characters = |text: &str| text.chars().map(char::len_utf8).collect();
    for cut in [&lines as &dyn Fn(&str) -> Vec<usize>, &words, &characters] {
        let mut index = 0;
        loop {
            let lengths = cut(&difference.snippet);
            let Some(&length) = lengths.get(index) else {
                break;
            };
            let start: usize = lengths[..index].iter().sum();
            let mut shorter = difference.snippet.clone();
            shorter.replace_range(start..start + length, "");
            match shows(&shorter) {
                Some(found) => {
                    difference.snippet = shorter;
                    difference.ours = found.ours;
                    difference.theirs = found.theirs;
                }
                None => index += 1,
            }
        }
    }
}

/// Returns the lengths of the pieces of a text that each end with such a byte.
fn lengths(text: &str, ends: impl Fn(u8) -> bool) -> Vec<usize> {
    text.as_bytes()
        .split_inclusive(|&byte| ends(byte))
        .map(<[u8]>::len)
        .collect()
}
