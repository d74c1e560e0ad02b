//! Runs one suite of the on-target tests and reads its report.
//!
//! A suite prints `ok NAME`, `FAILED NAME: reason` and `skipped NAME: reason`, last `N passed, N failed, N skipped`, and
//! exits 0 or 1.

use std::{fs, os::unix::process::CommandExt, path::Path, process::ExitStatus, time::Duration};

use anyhow::{Context, Result};
use duct::{Expression, cmd};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::{
    arch::{Arch, HOST},
    compile::{self, Profile},
    how::How,
    report::Outcome,
    workspace::Workspace,
};

const LIMIT: Duration = Duration::from_secs(120);

/// The program of the on-target suites; its first argument is a suite's name.
pub const SUITES: &str = "suites";

/// What a command printed, on both outputs, and how it ended.
pub struct Captured {
    pub output: String,
    /// `None` if its time was up.
    status: Option<ExitStatus>,
}

impl Captured {
    pub fn new(output: String, status: ExitStatus) -> Captured {
        Captured {
            output,
            status: Some(status),
        }
    }

    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    pub fn ending(&self) -> String {
        self.status.map_or_else(
            || "killed after its time was up".into(),
            |status| status.to_string(),
        )
    }
}

/// Runs a command in a process group of its own to its end or until its time is up, and kills what is left of the group.
pub fn capture_within(limit: Duration, command: &Expression, log: &Path) -> Result<Captured> {
    // Into a file: a pipe would be held open by whatever the command leaves behind, and never end.
    let handle = quiet(command, log)
        .before_spawn(|it| {
            it.process_group(0);
            Ok(())
        })
        .start()
        .with_context(|| format!("can't start {command:?}"))?;
    let group = handle
        .pids()
        .first()
        .and_then(|&pid| Pid::from_raw(pid as i32));
    let status = handle.wait_timeout(limit)?.map(|output| output.status);
    if let Some(group) = group {
        // There is usually nobody left.
        let _ = kill_process_group(group, Signal::KILL);
    }
    Ok(Captured {
        output: read(log)?,
        status,
    })
}

/// Runs a command that can be trusted to end, such as a build; an interrupt from the keyboard reaches it.
pub fn capture(command: &Expression, log: &Path) -> Result<Captured> {
    let status = quiet(command, log)
        .run()
        .with_context(|| format!("can't start {command:?}"))?
        .status;
    Ok(Captured {
        output: read(log)?,
        status: Some(status),
    })
}

fn quiet(command: &Expression, log: &Path) -> Expression {
    command
        .stdin_null()
        .stderr_to_stdout()
        .stdout_path(log)
        .unchecked()
}

fn read(log: &Path) -> Result<String> {
    let bytes = fs::read(log).with_context(|| format!("can't read {}", log.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A way to run the suites.
#[derive(Clone, Copy)]
pub struct Way {
    pub arch: Arch,
    pub how: How,
    pub profile: Profile,
}

impl Way {
    pub fn name(self) -> String {
        format!(
            "{} {} {}",
            self.arch.name(),
            self.how.name(),
            self.profile.name()
        )
    }
}

pub fn run(workspace: &Workspace, name: &str, way: Way) -> Result<Outcome> {
    let Way { arch, how, profile } = way;
    // What a program starts under qemu-user runs on this machine's kernel, so it must be this machine's.
    let probe_arch = if how == How::Native { arch } else { HOST };
    let mut line = how.command(arch, &compile::path(workspace, arch, profile, SUITES));
    line.push(name.into());
    let command = cmd(&line[0], &line[1..])
        .dir(&workspace.root)
        .env(
            "NESTLING_PROBE",
            compile::path(workspace, probe_arch, profile, "probe"),
        )
        .env(
            "NESTLING_SH",
            compile::path(workspace, probe_arch, Profile::Release, "sh"),
        )
        .env("NESTLING_HOW", how.name())
        .env("NESTLING_PROFILE", profile.name());
    let log = workspace
        .scratch()?
        .join(format!("{name} {}.log", way.name()));
    Ok(judge(capture_within(LIMIT, &command, &log)?))
}

/// The suite whose output this is.
pub fn name(output: &str) -> Option<&str> {
    output
        .lines()
        .find_map(|line| line.trim_end().strip_prefix("# suite "))
}

/// Reads what a suite printed.
pub fn judge(captured: Captured) -> Outcome {
    let lines = || captured.output.lines();
    let totals = lines().last().and_then(totals);
    let wrong = match (totals, captured.status.and_then(|status| status.code())) {
        (None, _) => Some("ended without totals"),
        (Some((0, 0, 0)), _) => Some("ran no test"),
        (Some((_, 0, _)), Some(0)) | (Some((_, 1.., _)), Some(1)) => None,
        _ => Some("ended otherwise than its totals say"),
    };
    let (passed, failed, _) = totals.unwrap_or_default();
    let skipped = lines()
        .filter_map(|line| line.strip_prefix("skipped "))
        .map(String::from)
        .collect();
    // What passed says nothing about what did not.
    let mut output: Vec<_> = lines().filter(|line| !line.starts_with("ok ")).collect();
    let ending = captured.ending();
    output.extend(wrong.iter().flat_map(|wrong| [wrong, &*ending]));
    let (failed, output) = (failed + wrong.iter().len(), output.join("\n"));
    Outcome {
        passed,
        failed,
        skipped,
        output,
    }
}

/// Reads `N passed, N failed, N skipped`.
fn totals(line: &str) -> Option<(usize, usize, usize)> {
    let mut parts = line.split(", ");
    let mut next = |word| parts.next()?.strip_suffix(word)?.parse().ok();
    let totals = (next(" passed")?, next(" failed")?, next(" skipped")?);
    parts.next().is_none().then_some(totals)
}
