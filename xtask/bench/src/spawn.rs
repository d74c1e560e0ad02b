//! Measures how long nestling and others take to start a program and to wait for its end. `tests/bench/starter.rs`
//! starts the programs, in one process for each C library, for some milliseconds at a time, in turns.
//!
//! The program is the smallest possible one. The result is the median of the starts of a turn. If it is permitted, the
//! starter runs with a higher priority than all other processes.
//!
//! The first figures are those of small parents, on one CPU and on all. Then one property of the parent grows:
//!
//! - Its memory: the time of a method that copies the memory (`fork`) grows with the number of pages, because the kernel
//!   copies and write-protects the table entry of each page. The time of a method that shares the memory does not grow. All
//!   curves show that the machine behaves differently after 8 GiB were filled. Therefore, in another table, a small and a
//!   large parent, both alive, start programs in turns.
//! - Its open descriptors: the times of all methods grow alike, because the kernel copies the table of descriptors at each
//!   clone and closes the descriptors one by one at the exec.
//! - The actions: the times of all methods grow by the time of one system call for each action.
//! - The threads that start programs: beyond the number of CPUs, the times of all methods grow with the number of threads,
//!   which share the CPUs. Below it, the threads wait for each other in the kernel, at the lock of the memory that they
//!   share.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use duct::cmd;
use serde_json::{Value, json};

use super::{Emit, Table, in_turns, middle};
use cargo_nestling::arch::HOST;
use xtask::{
    compile::{self, Group, Profile},
    workspace::{Workspace, cargo},
};

const GNU: usize = 0;
const MUSL: usize = 1;

/// A method to start a program: its name in the tables, its name for the starter, and the starter that contains it.
struct Method {
    name: &'static str,
    word: &'static str,
    starter: usize,
    /// Whether its children can carry out actions.
    acts: bool,
}

const fn method(name: &'static str, word: &'static str, starter: usize, acts: bool) -> Method {
    Method {
        name,
        word,
        starter,
        acts,
    }
}

/// `limit` is the first method, so the ratios are relative to it. Musl's methods are adjacent: at each change between
/// starters, one gives up its memory and the other fills its own.
const METHODS: &[Method] = &[
    method(LIMIT, "limit", GNU, true),
    method(CORE, "core", GNU, true),
    method(MARK, "core-mark", GNU, true),
    method("nestling, copied", "core-copied", GNU, true),
    method("Command", "command", GNU, false),
    method("Command, copied", "command-copied", GNU, false),
    method(GLIBC, "posix_spawn", GNU, true),
    method(STD, "std", GNU, false),
    method("std, pre_exec", "std-pre-exec", GNU, true),
    method("tiny-std", "tiny-std", GNU, false),
    method("fork, execve", "fork", GNU, true),
    method("limit, on musl", "limit", MUSL, true),
    method(CORE_ON_MUSL, "core", MUSL, true),
    method(MUSL_SPAWN, "posix_spawn", MUSL, true),
];

const LIMIT: &str = "limit (vfork, execve)";
const CORE: &str = "nestling";
const MARK: &str = "nestling, mark";
const CORE_ON_MUSL: &str = "nestling, on musl";
const GLIBC: &str = "posix_spawn, glibc";
const MUSL_SPAWN: &str = "posix_spawn, musl";
const STD: &str = "std";

/// What the starter gets besides the method.
#[derive(Clone, Copy)]
struct Setting {
    milliseconds: u32,
    pinned: bool,
    memory: u64,
    descriptors: u64,
    actions: u64,
    threads: u64,
}

const SMALL: Setting = Setting {
    milliseconds: 10,
    pinned: true,
    memory: 0,
    descriptors: 3,
    actions: 0,
    threads: 1,
};

/// The property that grows, and its values.
struct Curve {
    name: &'static str,
    title: &'static str,
    points: &'static [u64],
    setting: fn(u64) -> Setting,
    acts: bool,
}

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

const CURVES: [Curve; 4] = [
    Curve {
        name: "memory",
        title: "the parent's memory",
        points: &[MIB, 16 * MIB, 128 * MIB, GIB, 4 * GIB, 8 * GIB],
        setting: |memory| Setting { memory, ..SMALL },
        acts: false,
    },
    Curve {
        name: "descriptors",
        title: "the parent's open descriptors",
        points: &[3, 100, 1_000, 10_000, 19_000, 100_000],
        setting: |descriptors| Setting {
            descriptors,
            ..SMALL
        },
        acts: false,
    },
    Curve {
        name: "actions",
        title: "the actions (dup2)",
        points: &[0, 1, 4, 16, 64, 256],
        setting: |actions| Setting { actions, ..SMALL },
        acts: true,
    },
    Curve {
        name: "threads",
        title: "the threads that start programs",
        points: &[1, 2, 4, 8, 16],
        setting: |threads| Setting {
            threads,
            pinned: false,
            milliseconds: 40,
            ..SMALL
        },
        acts: false,
    },
];

/// Runs the whole benchmark.
pub fn side_by_side(workspace: &Workspace, emit: Emit<'_>) -> Result<()> {
    let mut starters = Starters::new(workspace, SPEED)?;
    for (title, pinned) in [
        ("A start and a wait, on one CPU", true),
        ("A start and a wait, on all CPUs", false),
    ] {
        let rows = beside(&mut starters, Setting { pinned, ..SMALL }, 40)?;
        // Both of a pair run in one process: of two processes, one may be slower for its whole life.
        for (peer, ours) in [(GLIBC, CORE), (STD, CORE), (MUSL_SPAWN, CORE_ON_MUSL)] {
            let row = |name: &str| rows.iter().find(|(it, _)| it == name).cloned();
            if let (Some(peer), Some(ours)) = (row(peer), row(ours)) {
                emit(Table {
                    title: format!("{title}: nestling beside {}", peer.0),
                    unit: MICROSECONDS,
                    rows: vec![peer, ours],
                });
            }
        }
        emit(Table {
            title: title.into(),
            unit: MICROSECONDS,
            rows,
        });
    }
    emit(large_beside_small(&mut starters, 8 * GIB, 40)?);
    for curve in &CURVES {
        grow(workspace, &mut starters, curve, usize::MAX, 5, emit)?;
    }
    Ok(())
}

/// Runs a little of everything, to show that it can be measured.
pub fn short(workspace: &Workspace, emit: Emit<'_>) -> Result<()> {
    let mut starters = Starters::new(workspace, QUICK)?;
    emit(Table {
        title: "A start and a wait".into(),
        unit: MICROSECONDS,
        rows: beside(&mut starters, SMALL, 1)?,
    });
    emit(large_beside_small(&mut starters, 16 * MIB, 1)?);
    for curve in &CURVES {
        grow(workspace, &mut starters, curve, 2, 1, emit)?;
    }
    Ok(())
}

const MICROSECONDS: &str = "microseconds";

fn beside(
    starters: &mut Starters,
    setting: Setting,
    turns: usize,
) -> Result<Vec<(String, Vec<f64>)>> {
    let methods = starters.methods(|_| true);
    let values = in_turns(methods.len(), turns, |index| {
        let value = starters.measure(methods[index], setting)?;
        value.context("the system refuses a small process")
    })?;
    let names = methods.iter().map(|method| method.name.into());
    Ok(names.zip(values).collect())
}

/// Measures a parent of 1 MiB and one of `most` bytes, or of half the free memory if that is less, with the methods that
/// share the memory.
fn large_beside_small(starters: &mut Starters, most: u64, turns: usize) -> Result<Table> {
    let most = most.min(available()? / 2);
    let [small, large] = [MIB, most].map(|memory| Setting { memory, ..SMALL });
    let mut other = Starter::new(&starters.gnu, &starters.program)?;
    let methods = ["core", "core-mark", "limit"];
    let values = in_turns(2 * methods.len(), turns, |index| {
        let method = methods[index / 2];
        let value = match index % 2 {
            0 => starters.all[GNU].ask(method, small)?,
            _ => other.ask(method, large)?,
        };
        Ok(value.context("the system refuses the memory")? / 1e3)
    })?;
    starters.release()?;
    let names =
        [CORE, MARK, LIMIT].map(|name| [MIB, most].map(|size| format!("{name}, {}", amount(size))));
    Ok(Table {
        title: "A small parent and a large one, in turns".into(),
        unit: MICROSECONDS,
        rows: names.into_iter().flatten().zip(values).collect(),
    })
}

/// Makes a table for each method, and a plot of all. Reports and leaves out what the machine does not permit.
fn grow(
    workspace: &Workspace,
    starters: &mut Starters,
    curve: &Curve,
    count: usize,
    turns: usize,
    emit: Emit<'_>,
) -> Result<()> {
    let methods = starters.methods(|method| method.acts || !curve.acts);
    let mut points = Vec::new();
    for &point in curve.points.iter().take(count) {
        let setting = (curve.setting)(point);
        let fits = setting.memory <= available()? / 4 * 3;
        if fits && starters.can(methods[0], setting)? {
            points.push(point);
        } else {
            let name = amount(point);
            eprintln!(
                "bench: left out: {} at {name}: more than is allowed here",
                curve.title
            );
        }
    }
    let values = in_turns(points.len() * methods.len(), turns, |index| {
        let (point, method) = (
            points[index / methods.len()],
            methods[index % methods.len()],
        );
        let value = starters.measure(method, (curve.setting)(point))?;
        value.context("the system now refuses what it allowed before")
    })?;
    starters.release()?;

    let mut tables = Vec::new();
    for (number, method) in methods.iter().enumerate() {
        let values = values.iter().skip(number).step_by(methods.len());
        let rows = points
            .iter()
            .map(|&point| amount(point))
            .zip(values.cloned());
        tables.push(Table {
            title: format!("With {}: {}", curve.title, method.name),
            unit: MICROSECONDS,
            rows: rows.collect(),
        });
    }
    let path = workspace.target.join("bench");
    let path = path.join(format!("spawn-{}.svg", curve.name));
    plot(workspace, &path, curve.title, &tables, &methods)
        .with_context(|| format!("can't draw {}", path.display()))?;
    tables.into_iter().for_each(emit);
    Ok(())
}

/// Returns the value of a point in words.
fn amount(point: u64) -> String {
    match point {
        GIB.. => format!("{} GiB", point / GIB),
        MIB.. => format!("{} MiB", point / MIB),
        _ => point.to_string(),
    }
}

/// Returns how many bytes of memory are free.
fn available() -> Result<u64> {
    let info = fs::read_to_string("/proc/meminfo").context("can't read /proc/meminfo")?;
    let line = info.lines().find_map(|it| it.strip_prefix("MemAvailable:"));
    let size = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let size = size.and_then(|size| size.parse::<u64>().ok());
    Ok(size.context("/proc/meminfo has no MemAvailable")? * 1024)
}

/// Draws the medians of the tables, one line for each.
fn plot(
    workspace: &Workspace,
    path: &Path,
    title: &str,
    tables: &[Table],
    methods: &[&Method],
) -> Result<()> {
    let first = tables.first().context("nothing to draw")?;
    let points: Vec<&str> = first.rows.iter().map(|(name, _)| name.as_str()).collect();
    let lines = tables.iter().zip(methods).map(|(table, method)| {
        let medians = table
            .rows
            .iter()
            .map(|(_, values)| middle(values.iter().copied())[1]);
        json!({ "name": method.name, "values": medians.collect::<Vec<_>>() })
    });
    let lines: Vec<Value> = lines.collect();
    let curve = json!({ "title": title, "unit": MICROSECONDS, "points": points, "lines": lines });
    let build = [
        "run",
        "--quiet",
        "-p",
        "nestling-bench",
        "--features",
        "plot",
        "--bin",
        "plot",
        "--",
    ];
    let words = build.map(OsStr::new).into_iter().chain([path.as_os_str()]);
    cargo(words)
        .stdin_bytes(curve.to_string())
        .dir(&workspace.root)
        .run()?;
    Ok(())
}

/// Builds the smallest possible program: it only exits.
pub fn smallest_program(workspace: &Workspace) -> Result<PathBuf> {
    for group in Group::of(&[HOST])? {
        let what = ["-p", "nestling-cost", "--bin", "cost-base", "--quiet"];
        compile::command(&group, workspace, Profile::Release, &what).run()?;
    }
    let name = "cost-base";
    Ok(compile::path(workspace, HOST, Profile::Release, name))
}

/// The starters that could be built. Each of them runs.
struct Starters {
    all: Vec<Starter>,
    gnu: PathBuf,
    program: PathBuf,
}

impl Starters {
    fn new(workspace: &Workspace, profile: &str) -> Result<Self> {
        let program = smallest_program(workspace)?;
        let gnu = build(workspace, profile, HOST.triple())?;
        let mut all = vec![Starter::new(&gnu, &program)?];
        // The prebuilt standard library for musl contains all of musl.
        let triple = HOST.triple().replace("gnu", "musl");
        let add = cmd!("rustup", "target", "add", &triple);
        let added = add.stdout_null().stderr_null().unchecked().run();
        match added.map_err(anyhow::Error::from).and_then(|added| {
            ensure!(added.status.success(), "rustup can't add {triple}");
            build(workspace, profile, &triple)
        }) {
            Ok(path) => all.push(Starter::new(&path, &program)?),
            Err(error) => eprintln!("bench: left out: musl: {error:#}"),
        }
        Ok(Starters { all, gnu, program })
    }

    fn methods(&self, which: impl Fn(&Method) -> bool) -> Vec<&'static Method> {
        let there = METHODS
            .iter()
            .filter(|method| method.starter < self.all.len());
        there.filter(|method| which(method)).collect()
    }

    /// Returns the microseconds of one start, or `None` if the system refuses what the setting requires.
    fn measure(&mut self, method: &Method, setting: Setting) -> Result<Option<f64>> {
        // The memory is too small for both starters.
        for (index, other) in self.all.iter_mut().enumerate() {
            if index != method.starter && other.memory > MIB {
                other.ask("none", SMALL)?;
            }
        }
        let answer = self.all[method.starter].ask(method.word, setting)?;
        Ok(answer.map(|nanoseconds| nanoseconds / 1e3))
    }

    fn can(&mut self, method: &Method, setting: Setting) -> Result<bool> {
        // The free memory was checked before.
        let setting = Setting {
            memory: 0,
            ..setting
        };
        Ok(self.all[method.starter].ask("none", setting)?.is_some())
    }

    fn release(&mut self) -> Result<()> {
        for starter in &mut self.all {
            starter.ask("none", SMALL)?;
        }
        Ok(())
    }
}

/// Cargo's profile that optimises for speed. With the profile of nestling's own programs, which optimises for size, a
/// spawn takes a microsecond longer.
const SPEED: &str = "speed";
/// The profile of a quick build, for a run without measurements.
const QUICK: &str = "tests";

fn build(workspace: &Workspace, profile: &str, triple: &str) -> Result<PathBuf> {
    let what = [
        "build",
        "--quiet",
        "-p",
        "nestling-bench",
        "--bin",
        "starter",
    ];
    let build = cargo(
        what.into_iter()
            .chain(["--profile", profile, "--target", triple]),
    );
    build
        .dir(&workspace.root)
        .run()
        .with_context(|| format!("can't build the starter for {triple}"))?;
    Ok(workspace.target.join(triple).join(profile).join("starter"))
}

struct Starter {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    memory: u64,
}

impl Starter {
    fn new(path: &Path, program: &Path) -> Result<Self> {
        let mut process = Command::new(path)
            .arg(program)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("can't start {}", path.display()))?;
        let input = process.stdin.take();
        let output = process.stdout.take().context("no output")?;
        Ok(Starter {
            process,
            input,
            output: BufReader::new(output),
            memory: 0,
        })
    }

    fn ask(&mut self, word: &str, setting: Setting) -> Result<Option<f64>> {
        let Setting {
            milliseconds,
            pinned,
            memory,
            descriptors,
            actions,
            threads,
        } = setting;
        let pinned = u8::from(pinned);
        let input = self.input.as_mut().context("no input")?;
        writeln!(
            input,
            "{word} {milliseconds} {pinned} {memory} {descriptors} {actions} {threads}"
        )?;
        self.memory = memory;
        let mut answer = String::new();
        self.output.read_line(&mut answer)?;
        ensure!(!answer.is_empty(), "the starter has died at {word}");
        Ok(answer.trim_end().parse().ok())
    }
}

impl Drop for Starter {
    fn drop(&mut self) {
        // The end of its input ends the starter.
        self.input = None;
        let _ = self.process.wait();
    }
}
