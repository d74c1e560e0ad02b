//! Runs the on-target suites on a real kernel: one after the other in one machine. Nestling's PID 1 starts the agent of `cargo nestling`, which
//! starts the suites and reports when each has ended.

use std::{
    ffi::OsString,
    path::Path,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::Result;
use cargo_nestling::agent;

use crate::{
    boot, compile,
    initramfs::Initramfs,
    machine::{Event, Machine, Progress},
    plan::Config,
    process::Captured,
    report::{Outcome, Report},
    runner::Runner,
    suite::{self, STARTED, SUITES},
    workspace::Workspace,
};

/// The time after which a silent suite has failed. A test that hangs is stopped earlier, by the suite.
const SILENCE: Duration = Duration::from_secs(300);
/// The time limit of the machine.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// What init must write about a line of the inittab with a program that does not exist.
const FAILED: &str = "init: nonsense: exec \"/nonsense\": ENOENT: no such file or directory\n";

/// The name under which the checks of the machine itself are reported.
pub const BOOT: &str = "boot";

/// The suites that run in one machine.
pub struct Session<'a> {
    pub config: Config,
    pub kernel: &'a Path,
    pub suites: &'a [&'a str],
    /// A part of the names of the cases to run.
    pub case: &'a str,
}

/// The state of a running machine.
struct Course<'a> {
    session: &'a Session<'a>,
    report: &'a Report,
    /// The text that the console has shown since the last event.
    text: String,
    /// The text that the console had shown when the agent began.
    before: String,
    /// The suites that have not ended.
    waiting: Vec<&'a str>,
    /// The time when the last suite ended.
    last: Instant,
}

impl Session<'_> {
    /// Boots the machine, and reports on each suite as it ends.
    pub fn run(&self, workspace: &Workspace, report: &Report) -> Result<()> {
        let Config { arch, .. } = self.config;
        let initramfs = workspace
            .scratch()?
            .join(format!("test-{}.cpio", self.config));
        self.archive(workspace)?.write(&initramfs)?;
        let variables = format!(
            "NESTLING_HOW={} NESTLING_PROFILE={} NESTLING_PROBE=/bin/probe",
            Runner::Kernel.name(),
            self.config.profile.name()
        );
        let machine = Machine {
            arch,
            kernel: self.kernel,
            initramfs: &initramfs,
            append: &variables,
        };
        let begin = Instant::now();
        let mut running = machine.start(Stdio::null())?;
        let mut course = Course {
            session: self,
            report,
            text: String::new(),
            before: String::new(),
            waiting: self.suites.to_vec(),
            last: begin,
        };
        let problem = loop {
            let limit = SILENCE.min(LIMIT.saturating_sub(begin.elapsed()));
            match running.wait(limit)? {
                Progress::Said(events) => events.into_iter().for_each(|it| course.event(it)),
                Progress::Silent => {
                    break Some(format!(
                        "the machine hung and was stopped after {} s",
                        begin.elapsed().as_secs()
                    ));
                }
                Progress::Ended(_) if running.console.panicked() => {
                    break Some("the kernel panicked".into());
                }
                Progress::Ended(status) => {
                    let is_off = running.console.transcript().contains("init: power off\n");
                    break (!status.success() || !is_off).then(|| format!("qemu ended: {status}"));
                }
            }
        };
        let tail = running.console.tail();
        let problem = problem.map(|what| format!("{what}; last on its console:\n{tail}"));
        course.end(begin.elapsed(), problem);
        Ok(())
    }

    fn archive(&self, workspace: &Workspace) -> Result<Initramfs> {
        let Config { arch, profile, .. } = self.config;
        let mut archive = Initramfs::new();
        // This directory prevents the kernel from opening the console for PID 1.
        archive.directory("dev/console");
        boot::programs(&mut archive, workspace, arch)?;
        for name in STARTED.into_iter().chain([SUITES]) {
            let path = compile::path(workspace, arch, profile, name);
            archive.program(&format!("bin/{name}"), &path)?;
        }
        archive.link("bin/cat", "/bin/probe");
        let program = format!("/bin/{SUITES}");
        let words = |name: &&str| [&program, *name, self.case].map(OsString::from).to_vec();
        let commands: Vec<_> = self.suites.iter().map(words).collect();
        let agent = compile::path(workspace, arch, profile, "agent");
        agent::place(&mut archive, &agent, &commands)?;
        let inittab = format!(
            "::wait:/nonsense\n::wait:{}\n::once:/bin/poweroff\n",
            agent::PATH
        );
        archive.file("etc/inittab", inittab.as_bytes());
        Ok(archive)
    }
}

impl Course<'_> {
    fn event(&mut self, event: Event) {
        match event {
            Event::Text(text) => self.text += &String::from_utf8_lossy(&text),
            Event::Begin(release) => {
                self.before = std::mem::take(&mut self.text).replace('\r', "");
                self.last = Instant::now();
                let label = self.session.config.to_string();
                self.report.describe(&label, &format!("Linux {release}"));
            }
            Event::Start | Event::PowerOff => {}
            Event::End(status) => self.suite_ended(status),
        }
    }

    fn suite_ended(&mut self, status: ExitStatus) {
        // The carriage returns, which a terminal needs, are removed.
        let output = std::mem::take(&mut self.text).replace('\r', "");
        let name = suite::name(&output).unwrap_or_default();
        let Some(index) = self.waiting.iter().position(|it| *it == name) else {
            // What is missing is reported at the end.
            self.text = output;
            return;
        };
        let name = self.waiting.remove(index);
        let outcome = suite::read(Captured::new(output, status), self.session.case);
        let label = self.session.config.to_string();
        self.report
            .enter(name, &label, self.last.elapsed(), outcome);
        self.last = Instant::now();
    }

    /// Reports the checks of the machine itself and the suites that did not end.
    fn end(self, time: Duration, problem: Option<String>) {
        let label = self.session.config.to_string();
        let mut missing = Vec::new();
        for name in &self.waiting {
            missing.push((
                *name,
                Outcome::of(false, format!("did not end\n{}", self.text)),
            ));
        }
        let all_ran = missing.is_empty();
        let checks = [
            (
                "PID 1 starts without a console from the kernel",
                self.before.contains("unable to open an initial console"),
            ),
            (
                "a failed spawn is reported and does not disturb PID 1",
                self.before.contains(FAILED) && all_ran,
            ),
            (
                "the machine powers off, and qemu exits with 0",
                problem.is_none(),
            ),
        ];
        let failed = checks.iter().filter(|(_, good)| !good);
        let mut output: String = failed.map(|(name, _)| format!("FAILED {name}\n")).collect();
        output += &problem.unwrap_or_default();
        self.report
            .enter(BOOT, &label, time, Outcome::of_checks(checks, output));
        for (name, outcome) in missing {
            self.report.enter(name, &label, Duration::ZERO, outcome);
        }
    }
}

/// Reports that no machine is available, and why.
pub fn missing(report: &Report, config: Config, reason: &str, required: bool) {
    let outcome = Outcome::missing(reason, required);
    report.enter(BOOT, &config.to_string(), Duration::ZERO, outcome);
}
