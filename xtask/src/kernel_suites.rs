//! The on-target suites on real kernels: as children of our PID 1, one after the other in one machine for each architecture.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::{
    arch::Arch,
    boot,
    compile::{self, Profile},
    debian,
    initramfs::Initramfs,
    kernel, life,
    machine::{self, Event, Machine, Progress},
    report::{Outcome, Report},
    suite::{self, Captured},
    test::STARTED,
    typing,
    workspace::Workspace,
};

/// How long one may say nothing: a test that hangs is stopped earlier, by the suite.
const SILENCE: Duration = Duration::from_secs(150);
/// How long one may run.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// The suite that asks what PID 1 does.
pub const PID1: &str = "pid1";
/// A command that can't be started.
const NONSENSE: &str = "nonsense";

/// The machines, those that wait and those that are done.
pub struct Machines<'a> {
    workspace: &'a Workspace,
    suites: &'a [String],
    waiting: Mutex<VecDeque<(Arch, PathBuf)>>,
    done: Mutex<Vec<Done>>,
    /// Those that there can't be, and why.
    missing: Vec<(Arch, &'static str)>,
}

impl<'a> Machines<'a> {
    pub fn new(workspace: &'a Workspace, archs: &[Arch], suites: &'a [String]) -> Self {
        let (mut waiting, mut missing) = (VecDeque::new(), Vec::new());
        for &arch in archs {
            match (machine::emulator(arch), kernel::present(workspace, arch)) {
                (Ok(_), Some(path)) => {
                    waiting.push_back((arch, path));
                    if arch == debian::ARCH && debian::present(workspace).is_none() {
                        missing
                            .push((arch, "Debian's initramfs can't be had: see the setup above"));
                    }
                }
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
            let mut others = vec![
                ("life", life::run(self.workspace, arch, &kernel)),
                ("typing", typing::run(self.workspace, arch, &kernel)),
            ];
            if let (debian::ARCH, Some(files)) = (arch, debian::present(self.workspace)) {
                others.push(("debian", debian::run(self.workspace, &kernel, &files)));
            }
            if let Ok(mut done) = self.done.lock() {
                done.push(Done {
                    arch,
                    session,
                    others,
                });
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
        for Done {
            arch,
            session,
            others,
        } in done
        {
            let release = session.as_ref().ok().and_then(|it| it.release.clone());
            let manner = manner(arch, release.as_deref());
            for (name, ran) in others {
                let (time, outcome) = ran.unwrap_or_else(|error| {
                    (Duration::ZERO, Outcome::of(false, format!("{error:#}")))
                });
                report.enter(name, &manner, time, outcome);
            }
            match session {
                Ok(session) => session.tell(report, arch, self.suites),
                Err(error) => none(report, arch, Outcome::of(false, format!("{error:#}"))),
            }
        }
    }
}

/// What was run on one kernel.
struct Done {
    arch: Arch,
    session: Result<Session>,
    /// By their names, those that have machines of their own.
    others: Vec<(&'static str, Result<(Duration, Outcome)>)>,
}

/// A process of the inittab that has ended, or could not be started.
struct Finished {
    name: String,
    output: String,
    /// How it ended; or why it could not be started.
    end: Result<ExitStatus, String>,
    time: Duration,
}

/// What a machine's console said from its start to its end.
#[derive(Default)]
struct Session {
    release: Option<String>,
    /// What the kernel said before.
    before: String,
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
                        let (name, end) = match event {
                            Event::Text(text) => {
                                session.rest += &String::from_utf8_lossy(&text);
                                continue;
                            }
                            Event::Begin(release) => {
                                session.release = Some(release);
                                session.before = std::mem::take(&mut session.rest);
                                last = Instant::now();
                                continue;
                            }
                            Event::Said(what) => {
                                session.stopped |= what == "power off";
                                continue;
                            }
                            Event::Start(_) => continue,
                            Event::End { name, status } => (name, Ok(status)),
                            Event::About { name, what } => (name, Err(what)),
                        };
                        let output = std::mem::take(&mut session.rest);
                        session.finished.push(Finished {
                            name: suite::name(&output).map_or(name, String::from),
                            output,
                            end,
                            time: last.elapsed(),
                        });
                        last = Instant::now();
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
        let manner = manner(arch, self.release.as_deref());
        let checks = self.checks(suites);
        report.enter("machine", &manner, self.time, checks);
        // Why is said above, once.
        let mut missing = ["did not end"].into_iter();
        for name in suites {
            let finished = self.finished.iter().find(|it| it.name == *name);
            let (outcome, time) = match finished {
                Some(it) => (judge(&it.output, &it.end), it.time),
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
        let said = format!("exec \"/{NONSENSE}\": ENOENT: no such file or directory");
        let failed_spawn = self.finished.first().is_some_and(|it| it.end == Err(said));
        let checks = [
            (
                "PID 1 starts without a console of the kernel's",
                self.before.contains("unable to open an initial console"),
            ),
            (
                "a failed spawn is reported and does not disturb PID 1",
                failed_spawn && self.finished.len() > suites.len(),
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

fn manner(arch: Arch, release: Option<&str>) -> String {
    let release = release.unwrap_or("unknown");
    format!("{} kernel {release} release", arch.name())
}

fn archive(workspace: &Workspace, arch: Arch, suites: &[String]) -> Result<Initramfs> {
    let built = |name: &str| compile::path(workspace, arch, Profile::Tests, name);
    let mut archive = Initramfs::new();
    // The kernel opens it for PID 1 if it can: not this one.
    archive.directory("dev/console");
    boot::programs(&mut archive, workspace, arch)?;
    for name in STARTED.into_iter().chain([suite::SUITES]) {
        archive.program(&format!("bin/{name}"), &built(name))?;
    }
    archive.link("bin/cat", "/bin/probe");
    let mut inittab = format!("::wait:/{NONSENSE}\n");
    for name in suites {
        inittab += &format!("::wait:/bin/{} {name}\n", suite::SUITES);
    }
    archive.file(
        "etc/inittab",
        format!("{inittab}::once:/bin/poweroff\n").as_bytes(),
    );
    Ok(archive)
}

fn judge(output: &str, end: &Result<ExitStatus, String>) -> Outcome {
    match end {
        Ok(status) => suite::judge(Captured::new(plain(output), *status)),
        Err(why) => Outcome::of(false, why.clone()),
    }
}

/// Without what a terminal needs for its line ends.
fn plain(text: &str) -> String {
    text.replace('\r', "")
}
