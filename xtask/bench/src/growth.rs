//! Measures how the time of `sh` and of other shells grows with the input. Each construct runs with an input of some
//! size, and with 4 and 16 times that size.
//!
//! The exponent is computed from the times at 4 and 16 times the size: 1 means that the time is proportional to the
//! input, 2 that it grows with the square of the input.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, ensure};

use super::{Emit, Table, in_turns, middle};
use cargo_nestling::apt;

const TURNS: usize = 3;
const TIMES: [usize; 3] = [1, 4, 16];

/// The construct whose input is files in the scripts' folder.
const FILES: &str = "10 times `set -- *`, files";

/// A construct: its name, its least size, and a function that makes a script for a size.
type Construct = (&'static str, usize, fn(usize) -> String);

const CONSTRUCTS: [Construct; 9] = [
    ("`shift`, parameters", 2_500, |size| {
        format!("set -- $(seq {size}); while [ $# -gt 0 ]; do shift; done")
    }),
    ("1,000 times `f \"$@\"`, parameters", 625, |size| {
        format!(
            "f() {{ :; }}; set -- $(seq {size})
            i=0; while [ $i -lt 1000 ]; do f \"$@\"; i=$((i+1)); done"
        )
    }),
    ("`set -- \"$@\" x`, times", 250, |size| {
        format!("i=0; while [ $i -lt {size} ]; do set -- \"$@\" x; i=$((i+1)); done")
    }),
    ("1,000 times `\"$*\"`, parameters", 625, |size| {
        format!("set -- $(seq {size}); i=0; while [ $i -lt 1000 ]; do x=\"$*\"; i=$((i+1)); done")
    }),
    ("`alias`, definitions", 2_500, |size| {
        format!("i=0; while [ $i -lt {size} ]; do alias a$i=b; i=$((i+1)); done")
    }),
    (FILES, 1_250, |_| {
        "i=0; while [ $i -lt 10 ]; do set -- *; i=$((i+1)); done".into()
    }),
    (
        "a here-document with an expansion in each line, lines",
        10_000,
        |size| {
            let lines = "line of $v\n".repeat(size);
            format!("v=x; while read -r a; do break; done <<E\n{lines}E\n")
        },
    ),
    ("`eval`, lines", 6_250, |size| {
        format!("eval \"$(seq {size} | sed s/^/x=/)\"")
    }),
    ("a script, lines", 6_250, |size| {
        (0..size).map(|line| format!("x={line}; y=$x\n")).collect()
    }),
];

/// Reports the tables. The first shell is the one with which the others are compared.
pub fn tables(scratch: &Path, sh: &Path, emit: Emit<'_>) -> Result<()> {
    let peer = |name: &'static str, package: &'static [&'static str]| {
        apt::obtain(|| apt::program(name, package))
    };
    let busybox = peer("busybox", &["busybox-static"])?;
    let shells: [(&str, PathBuf, &[&str]); 5] = [
        ("dash", peer("dash", &["dash"])?, &[]),
        ("sh", sh.into(), &[]),
        ("ksh93u+m", peer("ksh93", &["ksh93u+m"])?, &[]),
        ("mksh", peer("mksh", &["mksh"])?, &[]),
        ("busybox ash", busybox, &["ash"]),
    ];
    let folder = scratch.join("growth");
    let files = folder.join("files");
    fs::create_dir_all(&files)?;
    let script = folder.join("script");
    for (title, least, make) in CONSTRUCTS {
        let mut times: Vec<Vec<f64>> = vec![Vec::new(); shells.len()];
        for size in TIMES.map(|times| least * times) {
            fs::write(&script, make(size))?;
            if title == FILES {
                // The files are not made in the order of their names.
                for file in 0..size {
                    fs::write(files.join(format!("file{}", file * 7919 % 100_003)), "")?;
                }
            }
            let values = in_turns(shells.len(), TURNS, |index| {
                let (name, path, arguments) = &shells[index];
                let mut command = Command::new(path);
                command.args(*arguments).arg(&script).current_dir(&files);
                let start = Instant::now();
                let status = command.stdin(Stdio::null()).status()?;
                if !status.success() {
                    // If another shell reaches a limit, only its row ends, not the benchmark.
                    ensure!(*name != "sh", "{name} failed");
                    eprintln!("{title}, {size}: {name}: {status}");
                    return Ok(f64::NAN);
                }
                Ok(start.elapsed().as_secs_f64() * 1e3)
            })
            .with_context(|| format!("{title}, {size}"))?;
            for (times, values) in times.iter_mut().zip(&values) {
                times.push(middle(values.iter().copied())[1]);
            }
            let names = shells.iter().map(|(name, ..)| String::from(*name));
            emit(Table {
                title: format!("{title}: {size}"),
                unit: "milliseconds",
                rows: names.zip(values).collect(),
            });
        }
        let rows = shells.iter().zip(&times).map(|((name, ..), times)| {
            let exponent = match times[..] {
                [_, four, sixteen] => (sixteen / four).ln() / 4_f64.ln(),
                _ => f64::NAN,
            };
            (String::from(*name), vec![exponent])
        });
        emit(Table {
            title: format!("{title}: growth"),
            unit: "exponent",
            rows: rows.collect(),
        });
    }
    fs::remove_dir_all(folder)?;
    Ok(())
}
