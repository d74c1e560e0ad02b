//! Performs the same spawns with nestling's `Spawn` and `Command`, with the `posix_spawn` of glibc and of musl, and with the
//! standard library's `Command`. Each difference must be a row of the table in `src/spawn/differences.md`, and each row must be a
//! real difference.
//!
//! The test compares what the call returns, how the program ends, the state that the program finds
//! (`tests/started/probe`), the files that are made, and whether the parent is left as it was.

extern crate alloc;

mod differences;
mod generator;
mod outcome;
#[allow(dead_code)] // parts that only the peers use
#[path = "../../started/peers/situation.rs"]
mod situation;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CStr;
use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use differences::{DIFFERENCES, Difference, Peer};
use nestling_host_tests::{
    Arch, Scratch, built_with_musl, copy_executable, or_skip, run, say, write_executable,
};
use outcome::{Folder, Outcome};
use situation::{Situation, Word};

/// The library versions with which the table was made. With another version, a deviation from the table is printed and
/// is no failure.
const GLIBC: &str = "2.36";
const MUSL: &str = "1.2.3";

#[test]
fn the_table_lists_exactly_the_differences_from_other_ways_to_start_programs() {
    let probe = or_skip!(Arch::X86_64.probe());
    let situations = situations();
    assert!(situations.len() >= 200);
    let scratch = Scratch::new(&probe);
    let outcomes = play(&situations, &scratch, &probe);

    let mut wrong = Vec::new();
    let [ours, copied] = ["nestling", "nestling-copied"].map(|way| &outcomes[way]);
    for (number, situation) in situations.iter().enumerate() {
        for (part, ours, copied) in differing(&ours[number], &copied[number]) {
            // The status pipe of the copied-memory mode needs two numbers.
            if copied == "EMFILE"
                && differences::free(&Situation::parse(situation).expect("a situation")) <= 2
            {
                continue;
            }
            wrong.push(format!(
                "with copied memory, {part} is {copied} and not {ours}: {situation}"
            ));
        }
        let left = ours[number].get("left over").map_or("?", |left| left);
        if left != "nothing" {
            wrong.push(format!("left over: {left}: {situation}"));
        }
    }

    let mut silent = BTreeSet::new();
    for peer in Peer::ALL {
        let Some(theirs) = outcomes.get(way(peer)) else {
            continue;
        };
        for theirs in theirs {
            let what = theirs.get("no words for");
            silent.extend(what.map(|what| (peer, what.as_str())));
        }
        let strange = deviations(peer, &situations, ours, theirs);
        let strange = strange.iter().map(|line| format!("{peer:?}: {line}"));
        match foreign_version(peer) {
            Some(version) => strange.for_each(|line| say(&format!("# {version}, {line}"))),
            None => wrong.extend(strange),
        }
    }
    let both = |(peer, _): &(Peer, &str)| outcomes.contains_key(way(*peer));
    for entry in table("Not run")
        .filter(both)
        .collect::<BTreeSet<_>>()
        .symmetric_difference(&silent)
    {
        wrong.push(format!(
            "what a way does not play and what the table says: {entry:?}"
        ));
    }
    let count = situations.len();
    assert!(
        wrong.is_empty(),
        "{} of {count} situations:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    say(&format!("# {count} situations, by {} ways", outcomes.len()));
}

/// Compares the outcomes of a peer with ours. Returns the differences that are not in the table, and the rows of the table that no
/// situation shows.
fn deviations(
    peer: Peer,
    situations: &[String],
    ours: &[Outcome],
    theirs: &[Outcome],
) -> Vec<String> {
    let mut strange = Vec::new();
    let mut seen = BTreeSet::new();
    for (number, line) in situations.iter().enumerate() {
        if theirs[number].contains_key("no words for") {
            continue;
        }
        let situation = Situation::parse(line).expect("a situation");
        for (part, ours, theirs) in differing(&ours[number], &theirs[number]) {
            let fits = |row: &&Difference| {
                row.peers.contains(&peer)
                    && row.part == part
                    && (row.when)(&situation)
                    && (row.is_permitted)(ours, theirs)
            };
            let rows: Vec<_> = DIFFERENCES.iter().filter(fits).collect();
            match rows[..] {
                [row] => drop(seen.insert(row.what)),
                [] => strange.push(format!("{part} is {theirs} and not {ours}: {line}")),
                _ => strange.push(format!("two rows have it: {line}")),
            }
        }
    }
    for row in DIFFERENCES {
        if row.peers.contains(&peer) && !seen.contains(row.what) {
            strange.push(format!("no situation shows it: {}", row.what));
        }
    }
    strange
}

#[test]
fn the_table_in_the_documentation_has_the_rows_of_the_test() {
    let expected = DIFFERENCES
        .iter()
        .flat_map(|row| row.peers.iter().map(|&peer| (peer, row.what)));
    let expected: BTreeSet<_> = expected.collect();
    assert_eq!(table("Situation").collect::<BTreeSet<_>>(), expected);
}

/// Reads the table of the documentation that has this title. For each cell that reports a difference, returns its peer
/// and its row.
fn table(title: &str) -> impl Iterator<Item = (Peer, &'static str)> {
    let lines = include_str!("../../../../src/spawn/differences.md").lines();
    let start = lines.skip_while(move |line| !line.starts_with(&format!("| {title} |")));
    let rows = start.skip(2).take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| {
        let mut cells = row.trim_matches('|').split(" | ").map(str::trim);
        let what = cells.next().expect("a row");
        // The first cells are the row's title and nestling's own column.
        let columns = Peer::ALL.into_iter().zip(cells.skip(1));
        columns
            .filter(|(_, cell)| *cell != "=")
            .map(move |(peer, _)| (peer, what))
    })
}

fn situations() -> Vec<String> {
    let mut situations = generator::situations();
    // SAFETY: `geteuid` takes no argument.
    if unsafe { libc::geteuid() } != 0 {
        let all = situations.len();
        situations.retain(|line| {
            let situation = Situation::parse(line).expect("a situation");
            !situation.words.contains(&Word::Seteuid)
        });
        say(&format!(
            "skipped: {} situations: only root may",
            all - situations.len()
        ));
    }
    situations
}

/// The name by which the program `peers` knows this way to start a program.
fn way(peer: Peer) -> &'static str {
    match peer {
        Peer::Command => "nestling-command",
        Peer::Glibc => "glibc",
        Peer::Musl => "musl",
        Peer::Std => "std",
    }
}

/// Plays every situation by each available way, and returns the outcomes.
fn play(
    situations: &[String],
    scratch: &Scratch,
    probe: &Path,
) -> BTreeMap<&'static str, Vec<Outcome>> {
    let list = scratch.path().join("situations");
    fs::write(&list, situations.join("\n")).expect("the list");
    let peers = PathBuf::from(env!("CARGO_BIN_EXE_peers"));
    let mut ways = vec![
        ("nestling", "nestling", peers.clone()),
        ("nestling-copied", "nestling-copied", peers.clone()),
        ("nestling-command", "nestling-command", peers.clone()),
        ("glibc", "posix_spawn", peers.clone()),
        ("std", "std", peers),
    ];
    match built_with_musl("peers") {
        Ok(peers) => ways.push(("musl", "posix_spawn", peers)),
        Err(why) => say(&format!("skipped: musl: {why}")),
    }
    // All folders are made before the first process starts: a child that is forked during the copying would hold the
    // programs open for writing.
    let folders = ways
        .iter()
        .map(|(name, ..)| furnish(scratch.path().join(name), probe));
    let folders: Vec<Folder> = folders.collect();
    thread::scope(|scope| {
        let players = ways
            .iter()
            .zip(&folders)
            .map(|((name, way, peers), folder)| {
                let list = &list;
                let player = scope.spawn(move || outcomes(peers, way, list, folder));
                (*name, player)
            });
        // All players are started before the first wait.
        let players: Vec<_> = players.collect();
        let outcomes = players
            .into_iter()
            .map(|(name, player)| (name, player.join().expect(name)));
        outcomes.collect()
    })
}

fn outcomes(peers: &Path, way: &str, list: &Path, folder: &Folder) -> Vec<Outcome> {
    let busy = ["busy", "busy-bin/program"].map(|name| {
        let file = OpenOptions::new()
            .append(true)
            .open(folder.path().join(name));
        file.expect("a program, open for writing")
    });
    let output = run(peers.to_str().expect("a plain path"), |command| {
        command.arg(way).arg(list).current_dir(folder.path());
    });
    drop(busy);
    let (said, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && errors.is_empty(),
        "{way}: {}\n{said}{errors}",
        output.status
    );
    let said = said.split("= ").skip(1);
    let said = said.map(|said| said.split_once('\n').expect("a line").1);
    said.enumerate()
        .map(|(number, said)| folder.outcome(said, number))
        .collect()
}

/// The parts that differ: the part's name, the first outcome's value, the second's.
fn differing<'a>(first: &'a Outcome, second: &'a Outcome) -> Vec<(&'a str, &'a str, &'a str)> {
    let get = |outcome: &'a Outcome, part: &str| outcome.get(part).map_or("-", |value| value);
    let names: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    // If the results differ, the other parts except `left over` cannot be compared.
    let same = get(first, "result") == get(second, "result");
    let names = names
        .into_iter()
        .filter(|name| same || matches!(&***name, "result" | "left over"));
    let parts = names.map(|name| (name.as_str(), get(first, name), get(second, name)));
    parts.filter(|(_, first, second)| first != second).collect()
}

/// The version of a peer's library, if it is not the version of the table.
fn foreign_version(peer: Peer) -> Option<String> {
    match peer {
        Peer::Glibc => {
            // SAFETY: the function returns a C string.
            let version = unsafe { CStr::from_ptr(libc::gnu_get_libc_version()) };
            let version = version.to_str().expect("a version");
            (version != GLIBC).then(|| format!("glibc {version}"))
        }
        Peer::Musl => {
            // musl's loader prints the version in its second line when it is started without a program.
            let loader = Command::new("/lib/ld-musl-x86_64.so.1").output();
            let said = loader.map_or_else(
                |error| error.to_string().into_bytes(),
                |output| output.stderr,
            );
            let said = String::from_utf8_lossy(&said);
            let version = said.lines().find_map(|line| line.strip_prefix("Version "));
            let version = version.unwrap_or("of an unknown version");
            (version != MUSL).then(|| format!("musl {version}"))
        }
        Peer::Command | Peer::Std => None,
    }
}

/// Makes a folder with the files that the situations use. It is long because it lists them.
fn furnish(folder: PathBuf, probe: &Path) -> Folder {
    let permit = |name: &str, mode| {
        fs::set_permissions(folder.join(name), Permissions::from_mode(mode)).expect("permissions");
    };
    let file = |name: &str, mode: u32, content: &str| {
        fs::write(folder.join(name), content).expect("a file");
        permit(name, mode);
    };
    for directory in [
        "",
        "directory",
        "bin",
        "other-bin",
        "plain-bin",
        "directory-bin",
        "directory-bin/program",
        "text-bin",
        "script-bin",
        "busy-bin",
        "private",
        "closed",
        "kept",
    ] {
        fs::create_dir(folder.join(directory)).expect("a directory");
    }
    for name in [
        "stdin",
        "stdout",
        "stderr",
        "three",
        "file",
        "directory/inside",
        "plain",
        "plain-bin/program",
    ] {
        file(name, 0o644, name);
    }
    file("secret", 0, "");
    for name in [
        "probe",
        "busy",
        "bin/program",
        "busy-bin/program",
        "private/probe",
        "private/program",
    ] {
        copy_executable(probe, &folder.join(name));
    }
    // These files are executable, but have no format that the kernel can execute.
    for (name, content) in [
        ("text", "no program\n"),
        ("text-bin/program", "no program\n"),
        ("empty", ""),
        ("short", "\x7fELF"),
    ] {
        write_executable(&folder.join(name), content);
    }
    let interpreters = [
        ("script", folder.join("probe")),
        ("self-script", folder.join("self-script")),
        ("script-without", "/nope".into()),
        ("script-bin/program", "/nope".into()),
    ];
    for (name, interpreter) in interpreters {
        write_executable(
            &folder.join(name),
            &format!("#!{}\n", interpreter.display()),
        );
    }
    for (name, to) in [
        ("link", "file"),
        ("loop", "loop"),
        ("dangling", "nothing"),
        ("link-to-probe", "probe"),
    ] {
        symlink(to, folder.join(name)).expect("a link");
    }
    let fifo = Command::new("mkfifo").arg(folder.join("fifo")).status();
    assert!(fifo.expect("mkfifo").success());
    permit("", 0o777);
    permit("private", 0o700);
    permit("closed", 0);
    Folder::new(folder)
}
