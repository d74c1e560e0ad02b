//! `cargo xtask test` and `cargo xtask check`: build what the selected items need, then run the items, some of them at
//! the same time.

use std::{
    ffi::OsString,
    path::PathBuf,
    process::ExitCode,
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use duct::Expression;

use crate::{
    api,
    arch::{Arch, HOST},
    compile::{self, BOX, Group, PROGRAMS, Profile, SCRIPT_SHELL, SHELL, TESTS},
    deny, fuzz,
    host::{self, Program},
    kernel::{self, Age},
    machine,
    machine_suite::MachineSuite,
    memcheck,
    plan::{self, Check, Config, Host, Item, Kind, Selection},
    process::{Captured, capture},
    report::{Outcome, Report},
    runner::Runner,
    sanitize,
    session::{self, Session},
    setup::{self, Needs},
    size, suite,
    workspace::{UNWINDING, Workspace, cargo},
};

/// The time limit of a command that builds or that checks the whole workspace.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// How `cargo xtask test` runs the selected items.
#[derive(Default)]
pub struct Options {
    /// A part of the names of the cases to run; empty for all.
    pub case: String,
    /// Whether a missing kernel is a failure.
    pub require_kernels: bool,
    /// Whether the differential and fuzz suites run in their longer form.
    pub long: bool,
}

/// Prints the selected items, one in each line.
pub fn list(workspace: &Workspace, selection: &Selection) -> Result<()> {
    for item in selection.of(plan::all(workspace, &natives(workspace)?)?)? {
        println!("{:<15}{}", item.suite, item.label());
    }
    Ok(())
}

pub fn test(workspace: &Workspace, selection: &Selection, options: &Options) -> Result<ExitCode> {
    let natives = natives(workspace)?;
    let mut items = selection.of(plan::all(workspace, &natives)?)?;
    if !options.case.is_empty() {
        items.retain(|item| matches!(item.kind, Kind::Host(_) | Kind::OnTarget(_)));
    }
    let mut needs = needs(&items, &natives);
    // An existing root is used in any case.
    needs.debian_root = items
        .iter()
        .any(|it| matches!(it.kind, Kind::Machine(_, MachineSuite::DebianRoot)))
        && (options.long || !selection.suites.is_empty());
    setup::setup(&needs)?;
    println!();
    let run = Run {
        workspace,
        options,
        natives,
        shipped: Profile::Release,
        report: Report::new(workspace)?,
    };
    run.all(&items, &needs)
}

/// The checks for the daily work: those that one architecture and a short build allow.
pub fn check(workspace: &Workspace) -> Result<ExitCode> {
    let mut items = plan::all(workspace, &[HOST])?;
    items.retain(|item| match item.kind {
        Kind::Check(check) => matches!(check, Check::Fmt | Check::Clippy),
        Kind::Host(host) => match host {
            Host::Xtask | Host::Unit => true,
            Host::CargoNestling | Host::Doc => false,
            Host::Program => item.suite == "sh_conformance",
        },
        Kind::OnTarget(config) => {
            let expected = Config {
                arch: HOST,
                runner: Runner::Native,
                profile: Profile::Debug,
            };
            config == expected
        }
        Kind::Size(_) | Kind::Machine(..) => false,
    });
    let run = Run {
        workspace,
        options: &Options::default(),
        natives: vec![HOST],
        shipped: Profile::Debug,
        report: Report::new(workspace)?,
    };
    run.all(&items, &Needs::default())
}

/// The architectures whose programs this machine can run itself.
fn natives(workspace: &Workspace) -> Result<Vec<Arch>> {
    let mut natives = Vec::new();
    for arch in Arch::ALL {
        if Runner::best(&workspace.scratch()?, arch)? == Runner::Native {
            natives.push(arch);
        }
    }
    Ok(natives)
}

/// What the items need on this machine.
fn needs(items: &[Item], natives: &[Arch]) -> Needs {
    let mut needs = Needs::default();
    for item in items {
        match item.kind {
            Kind::Check(_) => {}
            Kind::Host(_) => {
                needs.host = true;
                needs.archs.extend(natives);
            }
            Kind::Size(arch) => needs.archs.push(arch),
            Kind::OnTarget(config) => {
                needs.archs.push(config.arch);
                if config.runner == Runner::QemuUser {
                    needs.archs.push(HOST);
                    needs.emulators.push(config.arch);
                }
                let age = plan::age(config.runner);
                needs.kernels.extend(age.map(|age| (config.arch, age)));
            }
            Kind::Machine(arch, _) => {
                needs.archs.push(arch);
                needs.kernels.push((arch, Age::Current));
            }
        }
    }
    needs.in_order();
    needs
}

/// A build of on-target programs: the arguments of cargo, the profile, and the architectures.
type Build = (&'static [&'static str], Profile, Vec<Arch>);

/// A task that uses at most one core most of the time; several tasks run at the same time.
struct Task<'a> {
    /// The estimated seconds on an idle machine. The slowest tasks start first.
    seconds: u32,
    /// Whether it waits for longer than it computes.
    waits: bool,
    run: Box<dyn FnOnce() + Send + 'a>,
}

struct Run<'a> {
    workspace: &'a Workspace,
    options: &'a Options,
    natives: Vec<Arch>,
    /// The profile of the programs that ship.
    shipped: Profile,
    report: Report,
}

impl Run<'_> {
    fn all(self, items: &[Item], needs: &Needs) -> Result<ExitCode> {
        // The builds use the time in which the files come from the network.
        let (broken, programs) = thread::scope(|scope| {
            scope.spawn(|| setup::fetch_files(self.workspace, needs));
            self.build(items)
        })?;
        let environment = host::environment(
            self.workspace,
            &self.natives,
            self.shipped,
            self.options.long,
        );
        let mut tasks = self.tasks(items, &broken, &programs, &environment)?;
        tasks.sort_by_key(|task| std::cmp::Reverse(task.seconds));
        in_parallel(tasks);
        Ok(match self.report.close(&self.options.case)? {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }

    /// Builds what the items need. Returns the architectures for which a build failed, and the test programs of this
    /// machine.
    fn build(&self, items: &[Item]) -> Result<(Vec<Arch>, Vec<Program>)> {
        let (mut shipped, mut optimised, mut unoptimised) = (Vec::new(), Vec::new(), Vec::new());
        for build in self.builds(items) {
            match build.1 {
                Profile::Release => shipped.push(build),
                Profile::Tests => optimised.push(build),
                Profile::Debug => unoptimised.push(build),
            }
        }
        let broken = Mutex::new(Vec::new());
        let fail = |archs: &[Arch]| {
            let mut broken = broken.lock().unwrap_or_else(PoisonError::into_inner);
            broken.extend(archs);
        };
        // Each profile has a folder of its own, which cargo locks, so builds of different profiles do not wait for each
        // other.
        let programs = thread::scope(|scope| {
            for builds in [shipped, optimised] {
                scope.spawn(|| self.on_target(builds, &fail));
            }
            let programs = self.host_programs(items);
            self.on_target(unoptimised, &fail);
            programs
        });
        let broken = broken.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((broken, programs?))
    }

    fn builds(&self, items: &[Item]) -> Vec<Build> {
        let mut builds: Vec<Build> = Vec::new();
        let mut add = |what, profile, arch| {
            let known = builds.iter_mut();
            let same = |it: &&mut Build| it.0 == what && it.1 == profile;
            match known.into_iter().find(same) {
                Some((_, _, archs)) if archs.contains(&arch) => {}
                Some((_, _, archs)) => archs.push(arch),
                None => builds.push((what, profile, vec![arch])),
            }
        };
        for item in items {
            match item.kind {
                Kind::Check(_) => {}
                Kind::Host(Host::Xtask | Host::CargoNestling | Host::Unit | Host::Doc) => {}
                Kind::Host(Host::Program) => {
                    for &arch in &self.natives {
                        add(SHELL, self.shipped, arch);
                        add(BOX, self.shipped, arch);
                        if self.shipped == Profile::Release {
                            add(PROGRAMS, self.shipped, arch);
                            add(TESTS, Profile::Tests, arch);
                        }
                    }
                }
                Kind::Size(arch) => {
                    for what in [PROGRAMS, SHELL, BOX] {
                        add(what, Profile::Release, arch);
                    }
                    if self.measures_all(arch) {
                        add(SCRIPT_SHELL, Profile::Release, arch);
                    }
                }
                Kind::OnTarget(config) => {
                    add(TESTS, config.profile, config.arch);
                    match config.runner {
                        Runner::Native => add(SHELL, self.shipped, config.arch),
                        Runner::QemuUser => {
                            add(TESTS, config.profile, HOST);
                            add(SHELL, self.shipped, HOST);
                        }
                        Runner::Kernel | Runner::OldKernel => {
                            add(PROGRAMS, Profile::Release, config.arch);
                            add(SHELL, Profile::Release, config.arch);
                        }
                    }
                }
                Kind::Machine(arch, suite) => {
                    add(TESTS, Profile::Tests, arch);
                    add(PROGRAMS, Profile::Release, arch);
                    add(SHELL, Profile::Release, arch);
                    if matches!(suite, MachineSuite::Rescue | MachineSuite::Typing) {
                        add(BOX, Profile::Release, arch);
                    }
                }
            }
        }
        builds
    }

    /// Builds programs for targets and reports on each build.
    fn on_target(&self, builds: Vec<Build>, fail: &(dyn Fn(&[Arch]) + Sync)) {
        for (what, profile, archs) in builds {
            let name = what[1];
            let groups = match Group::of(&archs) {
                Ok(groups) => groups,
                Err(error) => {
                    let outcome = Outcome::of(false, format!("{error:#}"));
                    self.report.enter("build", name, Duration::ZERO, outcome);
                    fail(&archs);
                    continue;
                }
            };
            for group in groups {
                let label = format!("{name} {} {}", profile.name(), group.name());
                self.report.suite("build", &label, || {
                    let command = compile::command(&group, self.workspace, profile, what);
                    let captured = self.capture(&format!("build {}", label), &command)?;
                    if !captured.succeeded() {
                        fail(&group.archs);
                    }
                    Ok(whole(captured))
                });
            }
        }
    }

    /// Builds the test programs of this machine.
    fn host_programs(&self, items: &[Item]) -> Result<Vec<Program>> {
        let mut builds: Vec<Vec<&str>> = Vec::new();
        let mut tests = Vec::new();
        for item in items {
            match item.kind {
                Kind::Host(Host::Xtask) => builds.push(vec!["-p", "xtask", "-p", "xtask-bench"]),
                Kind::Host(Host::CargoNestling) => builds.push(vec!["-p", "cargo-nestling"]),
                Kind::Host(Host::Unit) => {
                    builds.push(vec!["-p", "nestling", "--lib", "--all-features"]);
                }
                Kind::Host(Host::Program) => tests.extend(["--test", &item.suite]),
                Kind::Host(Host::Doc)
                | Kind::Check(_)
                | Kind::Size(_)
                | Kind::OnTarget(_)
                | Kind::Machine(..) => {}
            }
        }
        // Two tests run examples of the documentation.
        let examples: [(_, &[&str]); 2] = [
            ("std_command", &["run_as_user", "with_rustix"]),
            ("sh_editor", &["edit_commands"]),
        ];
        let examples = examples.iter().filter(|(test, _)| tests.contains(test));
        let examples: Vec<_> = examples.flat_map(|(_, names)| *names).collect();
        if !examples.is_empty() {
            self.report.suite("build", "examples", || {
                let words =
                    "build -p nestling -p nestling-shell --features nestling/alloc,nestling/std";
                let mut words: Vec<_> = words.split(' ').chain(UNWINDING).collect();
                words.extend(examples.iter().flat_map(|name| ["--example", name]));
                Ok(whole(self.capture("build examples", &cargo(words))?))
            });
        }
        if !tests.is_empty() {
            builds.push([&["-p", "nestling-host-tests"], &tests[..]].concat());
        }
        let mut programs = Vec::new();
        for arguments in builds {
            let label = format!("{} tests", arguments[1]);
            self.report.suite("build", &label, || {
                let command = host::build(&arguments);
                let captured = self.capture(&format!("build {label}"), &command)?;
                programs.extend(host::programs(&captured));
                Ok(whole(captured))
            });
        }
        Ok(programs)
    }

    fn tasks<'b>(
        &'b self,
        items: &'b [Item],
        broken: &[Arch],
        programs: &'b [Program],
        environment: &'b [(String, OsString)],
    ) -> Result<Vec<Task<'b>>> {
        let mut tasks = Vec::new();
        let mut checks = Vec::new();
        let mut sessions: Vec<(Config, Vec<&str>)> = Vec::new();
        for item in items {
            let mut add = |seconds, run: Box<dyn FnOnce() -> Result<Outcome> + Send + 'b>| {
                let run = move || self.report.suite(&item.suite, &item.label(), run);
                let (waits, run) = (waits(item), Box::new(run));
                tasks.push(Task {
                    seconds,
                    waits,
                    run,
                });
            };
            match item.kind {
                Kind::Check(check) => checks.push((item, check)),
                Kind::Host(Host::Doc) => {
                    let case = &self.options.case;
                    add(5, Box::new(|| host::run_doc_tests(self.workspace, case)));
                }
                Kind::Host(Host::Xtask | Host::CargoNestling | Host::Unit | Host::Program) => {
                    let names = test_programs(item);
                    // A program that could not be built has been reported already.
                    for program in programs.iter().filter(|it| names.contains(&&*it.name)) {
                        let case = &self.options.case;
                        let run = || host::run(self.workspace, program, environment, case);
                        add(seconds_of(&program.name), Box::new(run));
                    }
                }
                Kind::Size(arch) | Kind::Machine(arch, _) if broken.contains(&arch) => {}
                Kind::Size(arch) => {
                    let all = self.measures_all(arch);
                    add(1, Box::new(move || size::suite(self.workspace, arch, all)));
                }
                Kind::OnTarget(config) if broken.contains(&config.arch) => {}
                Kind::OnTarget(config) if plan::age(config.runner).is_some() => {
                    match sessions.iter_mut().find(|(it, _)| *it == config) {
                        Some((_, suites)) => suites.push(&item.suite),
                        None => sessions.push((config, vec![&item.suite])),
                    }
                }
                Kind::OnTarget(config) => {
                    let (case, shell) = (&self.options.case, self.shipped);
                    let seconds = match config.runner {
                        Runner::QemuUser => 10,
                        Runner::Native | Runner::Kernel | Runner::OldKernel => 1,
                    };
                    let name = &item.suite;
                    let run = move || suite::run(self.workspace, name, config, case, shell);
                    add(seconds, Box::new(run));
                }
                Kind::Machine(arch, suite) => {
                    let run = move || match self.kernel(arch, Age::Current) {
                        Ok(kernel) => suite.run(self.workspace, arch, &kernel, self.options.long),
                        Err(reason) => Ok(Outcome::missing(reason, false)),
                    };
                    add(90, Box::new(run));
                }
            }
        }
        for (config, suites) in sessions {
            tasks.push(Task {
                seconds: 200,
                waits: false,
                run: Box::new(move || self.session(config, &suites)),
            });
        }
        // Cargo lets only one command at a time use its folder.
        tasks.push(Task {
            seconds: 300,
            waits: false,
            run: Box::new(move || {
                checks
                    .into_iter()
                    .for_each(|(item, it)| self.check(item, it))
            }),
        });
        Ok(tasks)
    }

    /// Whether the sizes of an architecture include the program that nothing else in a plain run uses there. The program of x86_64
    /// is the largest, so its limit is exceeded first.
    fn measures_all(&self, arch: Arch) -> bool {
        self.options.long || self.natives.contains(&arch)
    }

    fn session(&self, config: Config, suites: &[&str]) {
        let Some(age) = plan::age(config.runner) else {
            return;
        };
        let kernel = match self.kernel(config.arch, age) {
            Ok(kernel) => kernel,
            Err(reason) => {
                let required = self.options.require_kernels && age == Age::Current;
                return session::missing(&self.report, config, reason, required);
            }
        };
        let session = Session {
            config,
            kernel: &kernel,
            suites,
            case: &self.options.case,
        };
        if let Err(error) = session.run(self.workspace, &self.report) {
            session::missing(&self.report, config, &format!("{error:#}"), true);
        }
    }

    /// Returns the kernel to boot, or the reason why there is none.
    fn kernel(&self, arch: Arch, age: Age) -> Result<PathBuf, &'static str> {
        if machine::emulator(arch).is_err() {
            return Err("no qemu-system can be had: see the setup above");
        }
        kernel::present(&self.workspace.target.join("xtask"), arch, age).ok_or(match age {
            Age::Current => "no kernel can be had: see the setup above",
            Age::Old => "no old kernel can be had, as its support has ended: see the setup above",
        })
    }

    /// Runs a check that consists of one command, or of several similar ones.
    fn check(&self, item: &Item, check: Check) {
        let one =
            |name: &str, command| -> Result<Outcome> { Ok(whole(self.capture(name, &command)?)) };
        self.report.suite(&item.suite, "", || match check {
            Check::Fmt => match setup::works("fmt") {
                true => one(
                    "fmt",
                    cargo("fmt --all --check -- --color never".split(' ')),
                ),
                false => Ok(Outcome::missing("rustfmt is not installed", false)),
            },
            Check::Clippy => match setup::works("clippy") {
                true => self.clippy(),
                false => Ok(Outcome::missing("clippy is not installed", false)),
            },
            Check::Doc => {
                let doc = ["doc", "--workspace", "--no-deps", "--all-features"];
                let doc = cargo([&doc, &UNWINDING[..]].concat());
                let mut outcome = one("doc", doc.env("RUSTDOCFLAGS", "-D warnings"))?;
                if self.options.long {
                    // docs.rs does the same; it marks each item with the features that the item needs.
                    let words = [
                        "cargo",
                        "doc",
                        "-p",
                        "nestling",
                        "--no-deps",
                        "--all-features",
                    ];
                    let doc = sanitize::nightly(&words);
                    let flags = "--cfg docsrs -D warnings";
                    outcome.add(one("doc as on docs.rs", doc.env("RUSTDOCFLAGS", flags))?);
                }
                Ok(outcome)
            }
            Check::Features => {
                let mut outcome = Outcome::default();
                for features in ["", "rt", "alloc", "std"] {
                    // With `rt` or `std`, the short form runs only the examples: they are what most often needs another
                    // feature. With `alloc` alone, one unit test concerns a program whose environment is unknown.
                    let all = self.options.long || matches!(features, "" | "alloc");
                    let part: &[&str] = if all { &[] } else { &["--doc"] };
                    let words = ["test", "-p", "nestling", "--features", features];
                    let command = cargo([&words[..], part].concat());
                    let captured = self.capture("features", &command)?;
                    let name = match features {
                        "" => "without features",
                        one => one,
                    };
                    let check = (name, captured.succeeded());
                    outcome.add(Outcome::of_checks([check], captured.output));
                }
                Ok(outcome)
            }
            Check::Bench => {
                let xtask = std::env::current_exe().context("the path of xtask")?;
                one("bench", duct::cmd(xtask, ["bench", "--short"]))
            }
            Check::Deny => deny::deny(self.workspace, self.options.long),
            Check::Api => api::api(self.workspace, self.options.long),
            Check::Miri => sanitize::miri(self.workspace),
            Check::Asan => sanitize::asan(self.workspace),
            Check::Tsan => sanitize::tsan(self.workspace),
            Check::Memcheck => memcheck::memcheck(self.workspace),
            Check::Fuzz => fuzz::fuzz(self.workspace, self.options.long),
        });
    }

    /// Checks the tools, which unwind as their tests do, and then all else, whose programs cannot.
    fn clippy(&self) -> Result<Outcome> {
        const TOOLS: [&str; 3] = ["cargo-nestling", "xtask", "xtask-bench"];
        let tools = TOOLS.iter().flat_map(|name| ["--package", name]);
        let others = TOOLS.iter().flat_map(|name| ["--exclude", name]);
        let mut outcome = Outcome::default();
        for packages in [
            tools.chain(UNWINDING).collect::<Vec<_>>(),
            ["--workspace"].into_iter().chain(others).collect(),
        ] {
            let targets = ["--all-targets", "--all-features", "--", "-D", "warnings"];
            let words = [&["clippy"], &packages[..], &targets].concat();
            outcome.add(whole(self.capture("clippy", &cargo(words))?));
        }
        Ok(outcome)
    }

    fn capture(&self, name: &str, command: &Expression) -> Result<Captured> {
        let log = self.workspace.scratch()?.join(format!("{name}.log"));
        capture(LIMIT, &command.dir(&self.workspace.root), &log)
    }
}

fn whole(captured: Captured) -> Outcome {
    Outcome::of(captured.succeeded(), captured.output)
}

/// Runs the tasks in their order, two for each core at the same time: one that computes and one that waits, as long as there are both.
/// Thus no core is idle while something has to be computed.
fn in_parallel(tasks: Vec<Task<'_>>) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let waiting = Mutex::new(tasks);
    let next = |waits| {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let index = waiting.iter().position(|task| task.waits == waits);
        // Without a task of this kind, the first one of the other kind.
        (!waiting.is_empty()).then(|| waiting.remove(index.unwrap_or(0)))
    };
    thread::scope(|scope| {
        for waits in [false, true].into_iter().cycle().take(2 * cores) {
            let next = &next;
            scope.spawn(move || {
                while let Some(task) = next(waits) {
                    (task.run)();
                }
            });
        }
    });
}

/// Returns cargo's names of the test programs of an item: of its library, its program, and its tests.
fn test_programs(item: &Item) -> Vec<&str> {
    match item.kind {
        Kind::Host(Host::CargoNestling) => {
            vec!["cargo_nestling", "cargo-nestling", "projects", "shells"]
        }
        Kind::Host(Host::Xtask) => vec!["xtask", "bench"],
        Kind::Host(Host::Unit) => vec!["nestling"],
        _ => vec![&item.suite],
    }
}

/// Whether an item waits for longer than it computes: for services, or for a disk that does not answer.
fn waits(item: &Item) -> bool {
    match item.kind {
        Kind::Host(_) => ["init_faults", "machine_life", "sh_terminal"].contains(&&*item.suite),
        Kind::Machine(_, suite) => matches!(suite, MachineSuite::Disk | MachineSuite::Life),
        Kind::Check(_) | Kind::Size(_) | Kind::OnTarget(_) => false,
    }
}

/// The estimated seconds of a test program of this machine.
fn seconds_of(name: &str) -> u32 {
    match name {
        "faults" | "init_faults" | "sh_differential" | "container" | "machine_life" => 100,
        "sh_fuzz" | "sh_conformance" | "differential" | "sh_terminal" | "sh_signals"
        | "sh_redirections" => 60,
        _ => 20,
    }
}
