//! The on-target suites on real kernels: as children of our PID 1, one after the other in one machine for each architecture.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::{
    arch::Arch,
    boot,
    compile::{self, Profile},
    initramfs::Initramfs,
    kernel,
    machine::{self, Event, Machine, Progress},
    report::{Outcome, Report},
    suite::{self, Captured},
    test::STARTED,
    workspace::Workspace,
};

/// How long one may say nothing: a test that hangs is stopped earlier, by the suite.
const SILENCE: Duration = Duration::from_secs(150);
/// How long one may run.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// The suite that asks what PID 1 does. It makes orphans, as many as it says in a note.
pub const PID1: &str = "pid1";
/// A command that can't be started.
const NONSENSE: &str = "/nonsense";

/// The machines, those that wait and those that are done.
pub struct Machines<'a> {
    workspace: &'a Workspace,
    suites: &'a [String],
    waiting: Mutex<VecDeque<(Arch, PathBuf)>>,
    done: Mutex<Vec<(Arch, Result<Session>)>>,
    /// Those that there can't be, and why.
    missing: Vec<(Arch, &'static str)>,
}

impl<'a> Machines<'a> {
    pub fn new(workspace: &'a Workspace, archs: &[Arch], suites: &'a [String]) -> Self {
        let (mut waiting, mut missing) = (VecDeque::new(), Vec::new());
        for &arch in archs {
            match (machine::emulator(arch), kernel::present(workspace, arch)) {
                (Ok(_), Some(path)) => waiting.push_back((arch, path)),
                (Ok(_), None) => missing.push((arch, "no kernel can be had: see the setup above")),
                (Err(_), _) => {
                    missing.push((arch, "no qemu-system can be had: see the setup above"))
                }
            }
        }
        Self {
            workspace,
            suites,
            waiting: Mutex::new(waiting),
            done: Mutex::default(),
            missing,
        }
    }

    /// Runs one after the other until none waits. Each thread that does it has a machine of its own.
    pub fn run(&self) {
        let next = || self.waiting.lock().ok()?.pop_front();
        while let Some((arch, kernel)) = next() {
            let session = Session::run(self.workspace, arch, &kernel, self.suites);
            if let Ok(mut done) = self.done.lock() {
                done.push((arch, session));
            }
        }
    }

    /// Reports on all of them. One that there can't be is a failure if kernels are `required`.
    pub fn tell(self, report: &mut Report, required: bool) {
        let none = |report: &mut Report, arch: Arch, outcome| {
            let manner = format!("{} kernel", arch.name());
            report.enter("machine", &manner, Duration::ZERO, outcome);
        };
        for (arch, reason) in self.missing {
            none(report, arch, Outcome::missing(reason, required));
        }
        let done = self
            .done
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        for (arch, session) in done {
            match session {
                Ok(session) => session.tell(report, arch, self.suites),
                Err(error) => none(report, arch, Outcome::of(false, format!("{error:#}"))),
            }
        }
    }
}

/// A command's end.
struct Finished {
    output: String,
    end: Event,
    time: Duration,
}

/// What a machine's console said from its start to its end.
#[derive(Default)]
struct Session {
    release: Option<String>,
    /// How many descriptors PID 1 had at its start.
    descriptors: usize,
    finished: Vec<Finished>,
    /// What came after the last command.
    rest: String,
    stopped: bool,
    time: Duration,
    /// What is wrong with the machine's own end.
    problem: Option<String>,
}

impl Session {
    fn run(workspace: &Workspace, arch: Arch, kernel: &Path, suites: &[String]) -> Result<Self> {
        let initramfs = workspace
            .scratch()?
            .join(format!("test-{}.cpio", arch.name()));
        archive(workspace, arch, suites)?.write(&initramfs)?;
        let machine = Machine {
            arch,
            kernel,
            initramfs: &initramfs,
            append: "NESTLING_HOW=kernel NESTLING_PROFILE=release NESTLING_PROBE=/bin/probe",
        };
        let mut running = machine.start(Stdio::null())?;
        let mut session = Session::default();
        let begin = Instant::now();
        let mut last = begin;
        let problem = loop {
            let limit = SILENCE.min(LIMIT.saturating_sub(begin.elapsed()));
            match running.wait(limit)? {
                Progress::Said(events) => {
                    for event in events {
                        match event {
                            Event::Text(text) => session.rest += &String::from_utf8_lossy(&text),
                            Event::Start {
                                release,
                                descriptors,
                            } => {
                                (session.release, session.descriptors) =
                                    (Some(release), descriptors);
                                session.rest.clear();
                                last = Instant::now();
                            }
                            Event::Stop { .. } => session.stopped = true,
                            end => {
                                session.finished.push(Finished {
                                    output: std::mem::take(&mut session.rest),
                                    end,
                                    time: last.elapsed(),
                                });
                                last = Instant::now();
                            }
                        }
                    }
                }
                Progress::Silent => {
                    break Some(format!(
                        "the machine hung and was stopped after {} s",
                        begin.elapsed().as_secs()
                    ));
                }
                Progress::Ended(_) if running.console.panicked() => {
                    break Some("the kernel panicked".into());
                }
                Progress::Ended(status) if status.success() && session.stopped => break None,
                Progress::Ended(status) => break Some(format!("qemu ended: {status}")),
            }
        };
        session.time = begin.elapsed();
        session.problem =
            problem.map(|what| format!("{what}; last on its console:\n{}", running.console.tail()));
        Ok(session)
    }

    fn tell(self, report: &mut Report, arch: Arch, suites: &[String]) {
        let release = self.release.as_deref().unwrap_or("unknown");
        let manner = format!("{} kernel {release} release", arch.name());
        let checks = self.checks(suites);
        report.enter("machine", &manner, self.time, checks);
        let mut finished = self.finished.into_iter().skip(1);
        // Why is said above, once.
        let mut missing = ["did not end"].into_iter();
        for name in suites {
            let (outcome, time) = match finished.next() {
                Some(it) => (judge(it.output, &it.end), it.time),
                None => {
                    let output = missing.next().unwrap_or("did not run");
                    (Outcome::of(false, output.into()), Duration::ZERO)
                }
            };
            report.enter(name, &manner, time, outcome);
        }
    }

    /// What the machine itself shows, beside the suites in it.
    fn checks(&self, suites: &[String]) -> Outcome {
        let first = self.finished.first();
        let failed_spawn = first.is_some_and(|it| {
            it.end == Event::Fail { code: 127 }
                && plain(&it.output)
                    == format!("init: exec \"{NONSENSE}\": ENOENT: no such file or directory\n")
        });
        let pid1 = suites.iter().position(|name| name == PID1);
        let orphans = pid1
            .and_then(|index| self.finished.get(index + 1))
            .map(|it| {
                let note = it.output.lines().find_map(|line| {
                    line.trim()
                        .strip_prefix("# ")?
                        .strip_suffix(" orphans")?
                        .parse::<usize>()
                        .ok()
                });
                matches!(it.end, Event::End { orphans, .. } if Some(orphans) == note)
            });
        let checks = [
            (
                "PID 1 starts with no descriptor open",
                self.release.is_some() && self.descriptors == 0,
            ),
            (
                "a failed spawn is reported and does not disturb PID 1",
                failed_spawn && self.finished.len() > 1,
            ),
            (
                "PID 1 reaps as many orphans as there were",
                orphans == Some(true),
            ),
            (
                "the machine powers off, and qemu exits with 0",
                self.problem.is_none(),
            ),
        ];
        let mut outcome = Outcome::default();
        for (name, good) in checks {
            outcome.passed += usize::from(good);
            outcome.failed += usize::from(!good);
            if !good {
                outcome.output += &format!("FAILED {name}\n");
            }
        }
        outcome.output += self.problem.as_deref().unwrap_or_default();
        outcome
    }
}

fn archive(workspace: &Workspace, arch: Arch, suites: &[String]) -> Result<Initramfs> {
    let built = |name: &str| compile::path(workspace, arch, Profile::Release, name);
    let mut archive = Initramfs::new();
    // The kernel opens it for PID 1 if it can: not this one.
    archive.directory("dev/console");
    boot::programs(&mut archive, workspace, arch)?;
    for name in STARTED {
        archive.program(&format!("bin/{name}"), &built(name))?;
    }
    archive.command(0, [NONSENSE.into()]);
    for (index, name) in (1..).zip(suites) {
        let path = format!("tests/{name}");
        archive.program(&path, &built(name))?;
        archive.command(index, [format!("/{path}").into_bytes()]);
    }
    Ok(archive)
}

fn judge(output: String, end: &Event) -> Outcome {
    match end {
        Event::End { status, .. } => suite::judge(Captured::new(plain(&output), *status)),
        _ => Outcome::of(false, plain(&output)),
    }
}

/// Without what a terminal needs for its line ends.
fn plain(text: &str) -> String {
    text.replace('\r', "")
}
