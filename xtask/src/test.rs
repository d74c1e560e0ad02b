//! `cargo xtask test`: every check and test there is.

use std::{process::ExitCode, thread, time::Duration};

use anyhow::Result;
use duct::Expression;

use crate::{
    arch::{Arch, HOST},
    compile::{self, Group, PROGRAMS, Profile, SCRIPT_SHELL, SHELL, TESTS},
    how::How,
    kernel_suites::{Machines, PID1},
    libtest,
    report::{Outcome, Report},
    setup, size,
    suite::{self, Captured, Way},
    workspace::{Workspace, cargo},
};

/// The programs that the suites start. (The host tests run another, `victim`, under strace.)
pub const STARTED: [&str; 4] = ["pipeline", "probe", "service", "supervisor"];

/// For each of the kinds of host tests, their build included.
const LIMIT: Duration = Duration::from_secs(20 * 60);

pub fn test(workspace: &Workspace, archs: &[Arch], require_kernels: bool) -> Result<ExitCode> {
    // Under qemu-user a suite starts this machine's programs, and the host tests use them too.
    let mut built = archs.to_vec();
    if !built.contains(&HOST) {
        built.push(HOST);
    }
    setup::setup(workspace, &built)?;
    let groups = Group::of(&built)?;
    println!();

    let mut report = Report::default();
    check(
        &mut report,
        workspace,
        "fmt",
        cargo("fmt --all --check -- --color never".split(' ')),
    );
    for (what, profile) in [
        (TESTS, Profile::Debug),
        (TESTS, Profile::Tests),
        (PROGRAMS, Profile::Release),
        (SHELL, Profile::Release),
        (SCRIPT_SHELL, Profile::Release),
    ] {
        for group in &groups {
            let manner = format!("{} {} {}", what[1], profile.name(), group.name());
            report.suite("build", &manner, || {
                let captured = capture(workspace, group.command(workspace, profile, what))?;
                if !captured.succeeded() {
                    built.retain(|arch| !group.archs.contains(arch));
                }
                Ok(whole(captured))
            });
        }
    }
    let clippy = "clippy --workspace --all-targets --all-features -- -D warnings";
    check(&mut report, workspace, "clippy", cargo(clippy.split(' ')));
    let doc = cargo(["doc", "--workspace", "--no-deps", "--all-features"]);
    check(
        &mut report,
        workspace,
        "doc",
        doc.env("RUSTDOCFLAGS", "-D warnings"),
    );
    // That they can be measured, not how they are.
    let bench = cargo(["xtask", "bench", "--short"]);
    check(&mut report, workspace, "bench", bench);
    let suites = workspace.suites()?;
    let archs: Vec<_> = archs
        .iter()
        .copied()
        .filter(|it| built.contains(it))
        .collect();
    let machines = Machines::new(workspace, &archs, &suites);
    thread::scope(|scope| -> Result<()> {
        // A machine keeps one core busy, the tests below another.
        scope.spawn(|| machines.run());
        host_tests(&mut report, workspace, &built)?;
        for &arch in &archs {
            on_target(&mut report, workspace, arch, &suites)?;
            report.suite("size", arch.name(), || size::suite(workspace, arch));
        }
        machines.run();
        Ok(())
    })?;
    machines.tell(&mut report, require_kernels);
    Ok(if report.close() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A suite that is one command and succeeds or fails as a whole.
fn check(report: &mut Report, workspace: &Workspace, name: &str, command: Expression) {
    report.suite(name, "", || capture(workspace, command).map(whole));
}

fn whole(captured: Captured) -> Outcome {
    Outcome::of(captured.succeeded(), captured.output)
}

fn capture(workspace: &Workspace, command: Expression) -> Result<Captured> {
    suite::capture(
        &command.dir(&workspace.root),
        &workspace.scratch()?.join("command.log"),
    )
}

/// The tests that run as ordinary programs of this machine.
fn host_tests(report: &mut Report, workspace: &Workspace, built: &[Arch]) -> Result<()> {
    // Some of them start nestling's own programs under strace and gdb, which must see them run natively.
    let mut programs = Vec::new();
    for &arch in built {
        for (bin, profile) in [
            ("spawn", Profile::Release),
            ("init", Profile::Release),
            ("sh", Profile::Release),
            ("probe", Profile::Tests),
        ] {
            if How::best(workspace, arch)? == How::Native {
                let variable = format!("NESTLING_{bin}_{}", arch.name()).to_uppercase();
                programs.push((variable, compile::path(workspace, arch, profile, bin)));
            }
        }
    }
    let suites: [(&str, &[&str]); 4] = [
        ("xtask tests", &["-p", "xtask"]),
        ("unit tests", &["-p", "nestling", "--lib", "--all-features"]),
        ("doc tests", &["-p", "nestling", "--doc", "--all-features"]),
        ("host tests", &["-p", "nestling-host-tests"]),
    ];
    for (name, args) in suites {
        let command = cargo([&["test"], args].concat());
        let command = programs
            .iter()
            .fold(command, |it, (variable, path)| it.env(variable, path));
        let log = workspace.scratch()?.join("host-tests.log");
        report.suite(name, HOST.name(), || {
            suite::capture_within(LIMIT, &command.dir(&workspace.root), &log).map(libtest::judge)
        });
    }
    Ok(())
}

/// The on-target suites: in both profiles as this machine runs them best, and the optimised ones under
/// qemu-user in any case.
fn on_target(
    report: &mut Report,
    workspace: &Workspace,
    arch: Arch,
    suites: &[String],
) -> Result<()> {
    let best = How::best(workspace, arch)?;
    let mut ways = vec![(best, Profile::Debug), (best, Profile::Tests)];
    if best != How::QemuUser {
        ways.push((How::QemuUser, Profile::Tests));
    }
    for (how, profile) in ways {
        let way = Way { arch, how, profile };
        // One needs our PID 1.
        for name in suites.iter().filter(|name| *name != PID1) {
            report.suite(name, &way.name(), || suite::run(workspace, name, way));
        }
    }
    Ok(())
}
