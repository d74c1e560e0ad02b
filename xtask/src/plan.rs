//! Everything that `cargo xtask test` can run, by name, and the selection of a part of it.

use std::fmt;

use anyhow::{Result, bail};

use crate::{
    arch::{Arch, HOST},
    compile::Profile,
    kernel::Age,
    machine_suite::MachineSuite,
    runner::Runner,
    workspace::Workspace,
};

/// How an on-target suite runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Config {
    pub arch: Arch,
    pub runner: Runner,
    pub profile: Profile,
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (arch, runner) = (self.arch.name(), self.runner.name());
        write!(f, "{arch} {runner} {}", self.profile.name())
    }
}

/// The kind of an item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A check of the whole workspace, which has no architecture.
    Check(Check),
    /// Tests that are ordinary programs of this machine.
    Host(Host),
    /// The sizes of the release programs of one architecture.
    Size(Arch),
    OnTarget(Config),
    /// A machine of its own, with the current kernel.
    Machine(Arch, MachineSuite),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Check {
    Fmt,
    Clippy,
    Doc,
    /// The unit and documentation tests without features, and with each feature alone.
    Features,
    /// Checks that the benchmarks can run, without measuring.
    Bench,
    /// Checks the licences, sources and versions of the dependencies.
    Deny,
    /// Checks that the library's public interface is the listed one.
    Api,
    /// The unit tests in Miri.
    Miri,
    /// The tests that AddressSanitizer can check.
    Asan,
    Tsan,
    /// The on-target tests in valgrind's memcheck.
    Memcheck,
    /// The fuzzers.
    Fuzz,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// The tests of xtask.
    Xtask,
    /// The tests of `cargo nestling`.
    CargoNestling,
    /// The unit tests of the library.
    Unit,
    /// The examples in the documentation.
    Doc,
    /// A suite of the host tests: a file or folder of `tests/host/tests`.
    Program,
}

/// The smallest part that can be selected: a suite in one configuration.
pub struct Item {
    pub suite: String,
    pub kind: Kind,
}

impl Item {
    fn new(suite: impl Into<String>, kind: Kind) -> Item {
        Item {
            suite: suite.into(),
            kind,
        }
    }

    /// The architecture, the runner and the profile, if the item has them.
    fn config(&self) -> (Option<Arch>, Option<Runner>, Option<Profile>) {
        match self.kind {
            Kind::Check(_) => (None, None, None),
            Kind::Host(_) => (Some(HOST), Some(Runner::Native), None),
            Kind::Size(arch) => (Some(arch), None, Some(Profile::Release)),
            Kind::OnTarget(it) => (Some(it.arch), Some(it.runner), Some(it.profile)),
            Kind::Machine(arch, _) => (Some(arch), Some(Runner::Kernel), Some(Profile::Release)),
        }
    }

    /// Whether a plain run leaves the item out. It then runs with `--long`, or if its suite is named.
    fn is_long(&self) -> bool {
        match self.kind {
            Kind::Check(check) => matches!(
                check,
                Check::Bench
                    | Check::Miri
                    | Check::Asan
                    | Check::Tsan
                    | Check::Memcheck
                    | Check::Fuzz
            ),
            Kind::Machine(_, suite) => {
                matches!(suite, MachineSuite::Manual | MachineSuite::Rescue)
            }
            Kind::OnTarget(config) => shows_nothing_new(&self.suite, config),
            Kind::Host(_) | Kind::Size(_) => false,
        }
    }

    /// The configuration in words, to be printed after the suite's name.
    pub fn label(&self) -> String {
        let (arch, runner, profile) = self.config();
        let words = [
            arch.map(Arch::name),
            runner.map(Runner::name),
            profile.map(Profile::name),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// The age of the kernel that a runner boots.
pub fn age(runner: Runner) -> Option<Age> {
    match runner {
        Runner::Kernel => Some(Age::Current),
        Runner::OldKernel => Some(Age::Old),
        Runner::Native | Runner::QemuUser => None,
    }
}

/// Returns all items. `natives` are the architectures whose programs this machine can run itself.
pub fn all(workspace: &Workspace, natives: &[Arch]) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    for (name, check) in [
        ("fmt", Check::Fmt),
        ("clippy", Check::Clippy),
        ("doc", Check::Doc),
        ("features", Check::Features),
        ("bench", Check::Bench),
        ("deny", Check::Deny),
        ("api", Check::Api),
        ("miri", Check::Miri),
        ("asan", Check::Asan),
        ("tsan", Check::Tsan),
        ("memcheck", Check::Memcheck),
        ("fuzz", Check::Fuzz),
    ] {
        items.push(Item::new(name, Kind::Check(check)));
    }
    for (name, host) in [
        ("xtask", Host::Xtask),
        ("cargo-nestling", Host::CargoNestling),
        ("unit", Host::Unit),
        ("doc-tests", Host::Doc),
    ] {
        items.push(Item::new(name, Kind::Host(host)));
    }
    for name in workspace.host_tests()? {
        items.push(Item::new(name, Kind::Host(Host::Program)));
    }
    let suites = workspace.suites()?;
    for arch in Arch::ALL {
        items.push(Item::new("size", Kind::Size(arch)));
        for suite in MachineSuite::ALL {
            if suite.exists_for(arch) {
                items.push(Item::new(suite.name(), Kind::Machine(arch, suite)));
            }
        }
        for (runner, profile) in configs(arch, natives.contains(&arch)) {
            for suite in &suites {
                // This suite needs nestling's PID 1.
                if suite == PID1 && age(runner).is_none() {
                    continue;
                }
                let config = Config {
                    arch,
                    runner,
                    profile,
                };
                items.push(Item::new(suite, Kind::OnTarget(config)));
            }
        }
    }
    Ok(items)
}

/// Suites on which another release of the kernel has no effect. Their subjects are memory, text and the program itself, and what is
/// made of spawns, signals and terminals without a call that old kernels lack. (`command` uses pidfds, `close_range` and cgroups.)
const SAME_ON_ANY_KERNEL: &[&str] = &[
    "documented",
    "heap",
    "jobs",
    "popen",
    "raw",
    "runtime",
    "shell",
    "stack",
    "system",
];

/// Suites about assembly, registers and the borrowed stack: an unoptimised program differs there for each architecture.
const UNLIKE_UNOPTIMISED: &[&str] = &["exec", "invariants", "raw", "runtime", "signals", "stack"];

/// Whether other configurations of a plain run show what this one can show.
fn shows_nothing_new(suite: &str, config: Config) -> bool {
    match config.runner {
        Runner::Native | Runner::Kernel => false,
        Runner::OldKernel => SAME_ON_ANY_KERNEL.contains(&suite),
        // What the emulator does otherwise than a kernel is the same for each guest of 64 bits, so two of them are enough; i386 is
        // the guest of 32 bits.
        Runner::QemuUser if config.arch == HOST => true,
        // The code above the assembly is the same as that of the unoptimised programs that run natively.
        Runner::QemuUser => {
            config.profile == Profile::Debug && !UNLIKE_UNOPTIMISED.contains(&suite)
        }
    }
}

/// The suite that tests PID 1.
pub const PID1: &str = "pid1";

/// The configurations of the on-target suites: both profiles by the best runner of this machine, the optimised programs
/// under qemu-user in any case, and on each kernel.
fn configs(arch: Arch, native: bool) -> Vec<(Runner, Profile)> {
    let mut configs = vec![
        (Runner::QemuUser, Profile::Tests),
        (Runner::Kernel, Profile::Tests),
    ];
    if native {
        configs.push((Runner::Native, Profile::Debug));
        configs.push((Runner::Native, Profile::Tests));
    } else {
        configs.push((Runner::QemuUser, Profile::Debug));
    }
    if Age::Old.exists_for(arch) {
        configs.push((Runner::OldKernel, Profile::Tests));
    }
    configs
}

/// A selection; an empty list selects everything.
#[derive(Default)]
pub struct Selection {
    pub suites: Vec<String>,
    pub archs: Vec<Arch>,
    pub runners: Vec<Runner>,
    /// The names of the profiles.
    pub profiles: Vec<String>,
    /// Whether everything includes the items that take long.
    pub long: bool,
}

impl Selection {
    /// Returns the selected items in their order.
    pub fn of(&self, mut items: Vec<Item>) -> Result<Vec<Item>> {
        for suite in &self.suites {
            if !items.iter().any(|it| it.suite == *suite) {
                let mut names: Vec<_> = items.iter().map(|it| &*it.suite).collect();
                names.sort_unstable();
                names.dedup();
                bail!(
                    "no suite is named {suite:?}; there are {}",
                    names.join(", ")
                );
            }
        }
        items.retain(|item| {
            let (arch, runner, profile) = item.config();
            (self.long || !item.is_long() || !self.suites.is_empty())
                && (self.suites.is_empty() || self.suites.contains(&item.suite))
                && (self.archs.is_empty() || arch.is_none_or(|it| self.archs.contains(&it)))
                && (self.runners.is_empty() || runner.is_some_and(|it| self.runners.contains(&it)))
                && (self.profiles.is_empty()
                    || profile.is_some_and(|it| self.profiles.iter().any(|name| name == it.name())))
        });
        if items.is_empty() {
            bail!("nothing runs in this way; `cargo xtask test --list` prints what does");
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn items() -> Vec<Item> {
        let config = |runner, profile| Config {
            arch: HOST,
            runner,
            profile,
        };
        vec![
            Item::new("fmt", Kind::Check(Check::Fmt)),
            Item::new("miri", Kind::Check(Check::Miri)),
            Item::new("unit", Kind::Host(Host::Unit)),
            Item::new(
                "wait",
                Kind::OnTarget(config(Runner::Native, Profile::Debug)),
            ),
            Item::new(
                "wait",
                Kind::OnTarget(config(Runner::Kernel, Profile::Tests)),
            ),
        ]
    }

    fn selected(selection: &Selection) -> Vec<String> {
        let items = selection.of(items()).expect("items");
        items
            .iter()
            .map(|it| format!("{} {}", it.suite, it.label()).trim_end().to_owned())
            .collect()
    }

    #[test]
    fn a_wrong_name_is_an_error_that_lists_the_right_names() {
        let suites = vec!["weit".to_owned()];
        let error = Selection {
            suites,
            ..Selection::default()
        }
        .of(items())
        .err();
        let text = error.expect("an error").to_string();
        assert_eq!(
            text,
            "no suite is named \"weit\"; there are fmt, miri, unit, wait"
        );
    }

    #[test]
    fn a_part_is_selected_by_suite_runner_and_profile() {
        let host = HOST.name();
        assert_eq!(selected(&Selection::default()).len(), 4);
        let runners = vec![Runner::Native];
        let native = Selection {
            runners,
            ..Selection::default()
        };
        let expected = [
            format!("unit {host} native"),
            format!("wait {host} native debug"),
        ];
        assert_eq!(selected(&native), expected);
        let (suites, profiles) = (vec!["wait".to_owned()], vec!["release".to_owned()]);
        let release = Selection {
            suites,
            profiles,
            ..Selection::default()
        };
        assert_eq!(selected(&release), [format!("wait {host} kernel release")]);
    }

    #[test]
    fn long_checks_are_selected_by_the_long_form_or_by_name() {
        let long = Selection {
            long: true,
            ..Selection::default()
        };
        assert!(selected(&long).contains(&"miri".to_owned()));
        let suites = vec!["miri".to_owned()];
        let named = Selection {
            suites,
            ..Selection::default()
        };
        assert_eq!(selected(&named), ["miri"]);
        assert!(!selected(&Selection::default()).contains(&"miri".to_owned()));
    }

    #[test]
    fn a_plain_run_leaves_out_what_another_configuration_shows() {
        let foreign = Arch::ALL.into_iter().filter(|&it| it != HOST);
        let emulated = |arch, profile| Config {
            arch,
            runner: Runner::QemuUser,
            profile,
        };
        for arch in foreign {
            for suite in ["command", "stack"] {
                let optimised = emulated(arch, Profile::Tests);
                assert!(!shows_nothing_new(suite, optimised), "{suite} {optimised}");
            }
            let unoptimised = emulated(arch, Profile::Debug);
            assert!(!shows_nothing_new("stack", unoptimised), "{unoptimised}");
            assert!(shows_nothing_new("command", unoptimised), "{unoptimised}");
        }
        assert!(shows_nothing_new("stack", emulated(HOST, Profile::Tests)));
        for arch in Arch::ALL {
            for (runner, expected) in [
                (Runner::Native, false),
                (Runner::Kernel, false),
                (Runner::OldKernel, true),
            ] {
                let config = Config {
                    arch,
                    runner,
                    profile: Profile::Tests,
                };
                for suite in ["heap", "jobs"] {
                    assert_eq!(shows_nothing_new(suite, config), expected, "{config}");
                }
                for suite in ["command", "wait"] {
                    assert!(!shows_nothing_new(suite, config), "{config}");
                }
            }
        }
    }

    #[test]
    fn an_empty_selection_is_an_error() {
        let (suites, runners) = (vec!["fmt".to_owned()], vec![Runner::Kernel]);
        let selection = Selection {
            suites,
            runners,
            ..Selection::default()
        };
        assert!(selection.of(items()).is_err());
    }

    /// Whether a row's path covers a file: `NAME` is any name, and a folder covers what is in it.
    fn covers(row: &str, file: &str) -> bool {
        let (mut row, mut file) = (row.split('/'), file.split('/'));
        loop {
            match (row.next(), file.next()) {
                (Some(""), Some(_)) | (None, None) => return true,
                (Some(part), Some(name)) => match part.split_once("NAME") {
                    Some((start, end)) if name.starts_with(start) && name.ends_with(end) => {}
                    None if part == name => {}
                    Some(_) | None => return false,
                },
                (Some(_), None) | (None, Some(_)) => return false,
            }
        }
    }

    /// Adds the paths of the files in a folder, without those that programs make there.
    fn add_files(folder: &Path, prefix: &str, to: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("a name");
            let path = format!("{prefix}{name}");
            match entry.file_type().expect("a type").is_dir() {
                _ if name.starts_with('.') => {}
                true if ["target", "corpus", "artifacts", "coverage"].contains(&&*name) => {}
                true => add_files(&entry.path(), &format!("{path}/"), to),
                false => to.push(path),
            }
        }
    }

    #[test]
    fn the_readme_of_the_tests_says_of_each_file_what_it_is() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests");
        let readme = fs::read_to_string(folder.join("README.md")).expect("the README");
        let rows = readme.lines().filter_map(|line| line.strip_prefix("| `"));
        let rows: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
        let mut files = Vec::new();
        add_files(&folder, "", &mut files);
        // Other programs define what these files are.
        let known = [
            "Cargo.toml",
            "Cargo.lock",
            "build.rs",
            "clippy.toml",
            "README.md",
        ];
        for file in &files {
            let name = file.rsplit('/').next().unwrap_or(file);
            let described = rows.iter().filter(|row| covers(row, file)).count();
            assert!(described > 0 || known.contains(&name), "no row for {file}");
        }
        for row in rows {
            assert!(files.iter().any(|it| covers(row, it)), "no file for {row}");
        }
    }
}
