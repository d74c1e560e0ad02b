//! Compares `sh` with dash: how long scripts take, and how much memory the shells use.
//!
//! dash is the first shell, so the ratios are relative to dash.

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, ensure};

use super::{Emit, Table, growth, in_turns};
use cargo_nestling::{apt, arch::HOST};
use xtask::{
    compile::{self, Group, Profile},
    workspace::Workspace,
};

const TURNS: usize = 5;

/// The scripts. Each runs by itself; `$1` is a program that does nothing.
const SCRIPTS: [(&str, &str); 13] = [
    (
        "10,000 external commands",
        "i=0; while [ $i -lt 10000 ]; do $1; i=$((i+1)); done",
    ),
    (
        "1,000,000 rounds of a loop with arithmetic",
        "i=0 s=0; while [ $i -lt 1000000 ]; do s=$(((s+i*3)%1000)); i=$((i+1)); done",
    ),
    (
        "100,000 command substitutions of a built-in",
        "i=0; while [ $i -lt 100000 ]; do x=$(echo $i); i=$((i+1)); done",
    ),
    (
        "1,000 pipelines of two commands",
        "i=0; while [ $i -lt 1000 ]; do $1 | $1; i=$((i+1)); done",
    ),
    (
        "10,000 calls of a function with a `case`",
        "f() { case $1 in *[!0-9]*) return 1;; [0-4]*) v=${1%?}x;; *) v=y${1#?};; esac; }
        i=0; while [ $i -lt 10000 ]; do f $i; f a$i; f \"$v\"; i=$((i+1)); done",
    ),
    (
        "10,000 here-documents of two lines",
        "i=0; while [ $i -lt 10000 ]; do read x <<E\nline $i\nanother\nE\ni=$((i+1)); done",
    ),
    (
        "100,000 words split, matched and joined",
        "IFS=:; l=a:b:c:d:e:f:g:h:i:j; i=0; while [ $i -lt 10000 ]; do for w in $l; do r=$r${w#[a-c]}; done; r=; i=$((i+1)); done",
    ),
    // Commands that a copy of the shell executes, and commands with redirections.
    (
        "1,000 times `$(:; echo)`",
        "i=0; while [ $i -lt 1000 ]; do x=$(:; echo $i); i=$((i+1)); done",
    ),
    (
        "1,000 times `$(f)` of a function",
        "f() { echo $1; }; i=0; while [ $i -lt 1000 ]; do x=$(f $i); i=$((i+1)); done",
    ),
    (
        "1,000 times `$(:; program)`",
        "i=0; while [ $i -lt 1000 ]; do x=$(:; $1); i=$((i+1)); done",
    ),
    (
        "1,000 times `f | program` of a function",
        "f() { v=$1; }; i=0; while [ $i -lt 1000 ]; do f $i | $1; i=$((i+1)); done",
    ),
    (
        "1,000 times `program <file`",
        "i=0; while [ $i -lt 1000 ]; do $1 <$1; i=$((i+1)); done",
    ),
    (
        "1,000 commands that are not found",
        "i=0; while [ $i -lt 1000 ]; do no_such_program 2>/dev/null; i=$((i+1)); done",
    ),
];

/// What `perf` counts for each script, if the machine has it: the event, the unit, and the number of events in a unit.
/// The counts do not depend on how busy the machine is.
const COUNTED: [(&str, &str, f64); 2] = [
    ("instructions", "million instructions", 1e6),
    ("page-faults", "page faults", 1.0),
];

/// To measure the time of a whole process, this many processes are started for one value.
const STARTS: u32 = 300;

struct Shell {
    name: &'static str,
    path: PathBuf,
}

pub fn side_by_side(workspace: &Workspace, emit: Emit<'_>) -> Result<()> {
    compile::programs(workspace, &[HOST], Profile::Release, &["--quiet"])?;
    for group in Group::of(&[HOST])? {
        let what = ["-p", "nestling-cost", "--bin", "cost-base", "--quiet"];
        compile::command(&group, workspace, Profile::Release, &what).run()?;
    }
    let idle = compile::path(workspace, HOST, Profile::Release, "cost-base");
    let shells = [
        Shell {
            name: "dash",
            path: apt::obtain(|| apt::program("dash", &["dash"]))?,
        },
        Shell {
            name: "sh",
            path: compile::path(workspace, HOST, Profile::Release, "sh"),
        },
    ];
    let scratch = workspace.scratch()?;
    let mut table = |title: &str, unit, values: Vec<Vec<f64>>| {
        let names = shells.iter().map(|it| String::from(it.name));
        let rows = names.zip(values).collect();
        emit(Table {
            title: title.into(),
            unit,
            rows,
        });
    };
    scripts(&shells, &idle, &scratch, &mut table)?;
    long_inputs(&shells, &idle, &scratch, &mut table)?;
    processes(&shells, &idle, &mut table)?;
    growth::tables(&scratch, &shells[1].path, emit)
}

/// Emits a table with this title and unit: the values of each shell.
type EmitValues<'a> = &'a mut dyn FnMut(&str, &'static str, Vec<Vec<f64>>);

/// The time of each of the [`SCRIPTS`], and what `perf` counts.
fn scripts(shells: &[Shell], idle: &Path, scratch: &Path, table: EmitValues<'_>) -> Result<()> {
    let counts = scratch.join("counts");
    for (title, script) in SCRIPTS {
        let values = in_turns(shells.len(), TURNS, |index| {
            milliseconds(&shells[index], script, idle, Path::new("/dev/null"))
        });
        table(title, "milliseconds", values.with_context(|| title)?);
        for (event, unit, one) in COUNTED {
            let counts = shells
                .iter()
                .map(|shell| Ok(vec![count(&counts, shell, script, idle, event)? / one]));
            match counts.collect::<Result<_>>() {
                Ok(values) => table(title, unit, values),
                Err(why) => eprintln!("{title}: {why:#}"),
            }
        }
    }
    Ok(())
}

/// The time that the shells take to read many lines: of a here-document, and of a file.
fn long_inputs(shells: &[Shell], idle: &Path, scratch: &Path, table: EmitValues<'_>) -> Result<()> {
    let long = scratch.join("long-script");
    let lines: String = (0..50_000)
        .map(|line| format!("line {line} of $v\n"))
        .collect();
    fs::write(
        &long,
        format!("v=many\nwhile read -r a b; do :; done <<E\n{lines}E\n"),
    )?;
    let script = format!(". {}", long.display());
    let values = in_turns(shells.len(), TURNS, |index| {
        milliseconds(&shells[index], &script, idle, Path::new("/dev/null"))
    })?;
    table(
        "A here-document of 50,000 lines, expanded and read",
        "milliseconds",
        values,
    );
    let input = scratch.join("long-input");
    fs::write(&input, "some words of a line\n".repeat(100_000))?;
    let script = "while read -r a b; do :; done";
    let values = in_turns(shells.len(), TURNS, |index| {
        milliseconds(&shells[index], script, idle, &input)
    })?;
    table(
        "`read` of 100,000 lines from a file",
        "milliseconds",
        values,
    );
    fs::remove_file(long)?;
    Ok(fs::remove_file(input)?)
}

/// What the shells cost as processes: their starts, commands from a large shell, memory, and the size of the file.
fn processes(shells: &[Shell], idle: &Path, table: EmitValues<'_>) -> Result<()> {
    let values = in_turns(shells.len(), 21, |index| start(&shells[index]))?;
    table("Start and end of `sh -c :`", "microseconds", values);
    for (title, count) in [
        ("External commands, with no variables", 0),
        ("External commands, with 1 GiB of variables", 1024),
    ] {
        let values = in_turns(shells.len(), TURNS, |index| {
            with_variables(&shells[index], count, idle)
        })?;
        table(title, "microseconds each", values);
    }
    for (title, file, line) in [
        ("Resident memory when idle (VmRSS)", "status", "VmRSS:"),
        (
            "What only it has (Private_Dirty)",
            "smaps_rollup",
            "Private_Dirty:",
        ),
    ] {
        let values = in_turns(shells.len(), 3, |index| memory(&shells[index], file, line))?;
        table(title, "KiB", values);
    }
    let sizes = shells
        .iter()
        .map(|it| Ok(vec![fs::metadata(&it.path)?.len() as f64]));
    table("File", "bytes", sizes.collect::<Result<_>>()?);
    Ok(())
}

/// Returns how long a shell takes for a script, in milliseconds.
fn milliseconds(shell: &Shell, script: &str, program: &Path, input: &Path) -> Result<f64> {
    let mut command = Command::new(&shell.path);
    command
        .args(["-c", script, "sh"])
        .arg(program)
        .stdin(fs::File::open(input)?);
    let start = Instant::now();
    ensure!(command.status()?.success(), "{} failed", shell.name);
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

/// Counts how often an event happens while a shell and its children run a script, including the kernel's part.
fn count(output: &Path, shell: &Shell, script: &str, program: &Path, event: &str) -> Result<f64> {
    let mut perf = Command::new("perf");
    perf.args(["stat", "-x,", "-e", event, "-o"]).arg(output);
    perf.arg(&shell.path)
        .args(["-c", script, "sh"])
        .arg(program);
    ensure!(perf.status().context("perf")?.success(), "perf failed");
    let text = fs::read_to_string(output)?;
    let line = text.lines().find(|line| line.contains(event));
    let count = line
        .and_then(|line| line.split(',').next())
        .context("no count")?;
    let number = count.parse();
    number.with_context(|| format!("{event}: {count}"))
}

fn start(shell: &Shell) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..STARTS {
        ensure!(
            Command::new(&shell.path)
                .args(["-c", ":"])
                .status()?
                .success(),
            "{} failed",
            shell.name
        );
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(STARTS))
}

/// A shell that has run a script, has printed a line, and now waits for a line.
struct Waiting(Child);

impl Waiting {
    fn start(shell: &Shell, script: &str, program: &Path) -> Result<Self> {
        let mut command = Command::new(&shell.path);
        command.args(["-c", script, "sh"]).arg(program);
        let mut waiting = Self(
            command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?,
        );
        waiting.wait_for_line()?;
        Ok(waiting)
    }

    /// Waits for a line of the shell.
    fn wait_for_line(&mut self) -> Result<()> {
        let output = self.0.stdout.as_mut().context("a pipe")?;
        output.read_exact(&mut [0]).context("it has ended")
    }

    fn send_line(&mut self) -> Result<()> {
        let input = self.0.stdin.as_mut().context("a pipe")?;
        Ok(input.write_all(b"\n")?)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // The shell may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns the cost of an external command, in microseconds, in a shell that has this number of variables of 1 MiB
/// each.
fn with_variables(shell: &Shell, variables: u32, program: &Path) -> Result<f64> {
    const COMMANDS: u32 = 500;
    let script = format!(
        "v=x; while [ ${{#v}} -lt 1048576 ]; do v=$v$v; done
        i=0; while [ $i -lt {variables} ]; do eval v$i=\\$v; i=$((i+1)); done; echo; read x
        i=0; while [ $i -lt {COMMANDS} ]; do $1; i=$((i+1)); done; echo; read x"
    );
    let mut shell = Waiting::start(shell, &script, program)?;
    let start = Instant::now();
    shell.send_line()?;
    shell.wait_for_line()?;
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(COMMANDS))
}

/// Returns the value of a line of the shell's /proc/PID/FILE, in KiB, while the shell waits.
fn memory(shell: &Shell, file: &str, line: &str) -> Result<f64> {
    let waiting = Waiting::start(shell, "echo; read x", Path::new("true"))?;
    let path = format!("/proc/{}/{file}", waiting.0.id());
    let text = fs::read_to_string(&path).context(path)?;
    let words = text.lines().find_map(|it| it.strip_prefix(line));
    let number = words.and_then(|it| it.split_whitespace().next());
    Ok(number.context("no such line")?.parse()?)
}
