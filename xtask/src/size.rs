//! `cargo xtask size`: prints the sizes of the release programs, checks that they contain nothing that a static program
//! must not contain, and prints what each part of nestling adds to a program.

use std::{collections::BTreeMap, fs, process::ExitCode};

use anyhow::{Context, Result, ensure};
use cargo_nestling::elf::{self, SIZES};

use crate::{
    arch::Arch,
    compile::{self, Group, Profile},
    report::Outcome,
    workspace::Workspace,
};

/// The greatest permitted size of a program's file, in bytes.
const LIMITS: &[(&str, u64)] = &[
    ("init", 50 * 1024),
    (SCRIPT_SHELL, 216 * 1024),
    ("sh", 300 * 1024),
    ("spawn", 26 * 1024),
];

/// The shell without the parts for people at a terminal.
const SCRIPT_SHELL: &str = "cost-sh";

const PROPERTIES: [&str; 7] = {
    let [interpreter, dynamic, symbol, writable, constants] = elf::PROPERTIES;
    let more = ("no panic", "within limit");
    [
        interpreter,
        dynamic,
        symbol,
        writable,
        constants,
        more.0,
        more.1,
    ]
};

/// The programs of `tests/cost`, grouped by the features with which they are built: all programs of one cargo command
/// get the same features.
const COSTS: &[(&str, &[&str])] = &[
    ("", &["base", "print", "spawn", "system", "popen"]),
    ("alloc", &["heap", "command", "output"]),
];

struct Measure {
    sizes: [u64; SIZES.len()],
    /// The result of each check; `None` if the check does not apply.
    verdicts: [Option<bool>; PROPERTIES.len()],
}

/// `update` makes the present sizes the new baseline.
pub fn size(workspace: &Workspace, archs: &[Arch], update: bool) -> Result<ExitCode> {
    compile::programs(workspace, archs, Profile::Release, &["--quiet"])?;
    let mut baseline = Baseline::read(workspace)?;
    let sizes = SIZES.map(|name| format!("{name:>8}")).concat();
    println!(
        "program   arch   {sizes}  change   {}",
        PROPERTIES.join("  ")
    );
    let mut well = true;
    for bin in programs() {
        for &arch in archs {
            let Measure { sizes, verdicts } = measure(workspace, arch, bin)?;
            let change = match baseline.set(bin, arch, sizes[0]) {
                Some(before) => format!("{:+}", sizes[0].wrapping_sub(before).cast_signed()),
                None => "new".into(),
            };
            print!(
                "{bin:<10}{:<7}{}{change:>8} ",
                arch.name(),
                sizes.map(|it| format!("{it:>8}")).concat()
            );
            for (property, verdict) in PROPERTIES.iter().zip(verdicts) {
                let word = verdict.map_or("-", |good| if good { "ok" } else { "VIOLATED" });
                print!("  {word:<0$}", property.len());
            }
            println!();
            well &= !verdicts.contains(&Some(false));
        }
    }
    if update {
        baseline.write(workspace)?;
    }
    costs(workspace, archs)?;
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The accepted sizes of the programs' files, from a file in the repository. Each line contains a program, an
/// architecture and the bytes.
struct Baseline(BTreeMap<(String, String), u64>);

impl Baseline {
    const FILE: &str = "xtask/sizes.txt";

    fn read(workspace: &Workspace) -> Result<Baseline> {
        let path = workspace.root.join(Self::FILE);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let parse = |line: &str| {
            let mut words = line.split_whitespace();
            let key = (words.next()?.to_owned(), words.next()?.to_owned());
            Some((key, words.next()?.parse().ok()?))
        };
        let rows = text
            .lines()
            .map(|line| parse(line).with_context(|| format!("{}: {line:?}", path.display())));
        Ok(Baseline(rows.collect::<Result<_>>()?))
    }

    /// Replaces the size of a program, and returns the old one.
    fn set(&mut self, bin: &str, arch: Arch, bytes: u64) -> Option<u64> {
        self.0.insert((bin.into(), arch.name().into()), bytes)
    }

    fn write(&self, workspace: &Workspace) -> Result<()> {
        let rows = self.0.iter();
        let lines = rows.map(|((bin, arch), bytes)| format!("{bin:<8} {arch:<8}{bytes:>8}\n"));
        let path = workspace.root.join(Self::FILE);
        fs::write(&path, lines.collect::<String>())
            .with_context(|| format!("can't write {}", path.display()))
    }
}

/// Prints for each architecture what the smallest program takes, and how much more the programs take that use one part
/// of nestling: bytes of the file, and of memory (text, rodata, data and bss).
fn costs(workspace: &Workspace, archs: &[Arch]) -> Result<()> {
    println!();
    let names = archs.iter().map(|arch| format!("{:>16}", arch.name()));
    println!("cost      {}", names.collect::<String>());
    println!("          {}", "    file  memory".repeat(archs.len()));
    let groups = Group::of(archs)?;
    let mut base: Vec<[u64; 2]> = Vec::new();
    for (features, names) in COSTS {
        let package = ["-p", "nestling-cost", "--bins", "--quiet"];
        for group in &groups {
            let what = [&package[..], &["--features", features]].concat();
            let build = compile::command(group, workspace, Profile::Release, &what);
            let built = build.unchecked().run()?.status.success();
            ensure!(built, "the build for {} failed", group.name());
        }
        for name in *names {
            let bytes = archs.iter().map(|&arch| {
                let [file, memory @ ..] = measure(workspace, arch, &format!("cost-{name}"))?.sizes;
                Ok([file, memory.iter().sum()])
            });
            let bytes = bytes.collect::<Result<Vec<_>>>()?;
            print!("{name:<10}");
            for (index, [file, memory]) in bytes.iter().enumerate() {
                match base.get(index) {
                    None => print!("{file:>8}{memory:>8}"),
                    Some([base_file, base_memory]) => {
                        let [file, memory] = [(file, base_file), (memory, base_memory)]
                            .map(|(bytes, base)| bytes.wrapping_sub(*base).cast_signed());
                        print!("{file:>+8}{memory:>+8}");
                    }
                }
            }
            println!();
            if base.is_empty() {
                base = bytes;
            }
        }
    }
    Ok(())
}

/// The checks of the first table for one architecture, as a suite: a case for each program and property. The programs are all,
/// or all but the shell for scripts.
pub fn suite(workspace: &Workspace, arch: Arch, all: bool) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for bin in programs().filter(|bin| all || *bin != SCRIPT_SHELL) {
        let Measure { sizes, verdicts } = measure(workspace, arch, bin)?;
        for (property, good) in PROPERTIES
            .iter()
            .zip(verdicts)
            .filter_map(|(it, good)| Some((it, good?)))
        {
            let name = format!("{bin}: {property}");
            let line = match good {
                true => String::new(),
                false => format!("FAILED {name} ({} bytes)\n", sizes[0]),
            };
            outcome.add(Outcome::of_checks([(&*name, good)], line));
        }
    }
    Ok(outcome)
}

fn programs() -> impl Iterator<Item = &'static str> {
    compile::SHIPPED.into_iter().chain([SCRIPT_SHELL, "box"])
}

fn measure(workspace: &Workspace, arch: Arch, bin: &str) -> Result<Measure> {
    let path = compile::path(workspace, arch, Profile::Release, bin);
    let elf::Measure { sizes, properties } = elf::measure(&path)?;
    let [interpreter, dynamic, symbol, writable, constants] = properties.map(Some);
    // Each panic contains the path of its source file, which init's panic handler prints; so this text shows that a
    // program can panic.
    let panics = fs::read(&path)?.windows(4).any(|it| it == b"src/");
    let limit = LIMITS.iter().find(|(name, _)| *name == bin);
    Ok(Measure {
        sizes,
        verdicts: [
            interpreter,
            dynamic,
            symbol,
            writable,
            constants,
            (bin == "init").then_some(!panics),
            limit.map(|(_, limit)| sizes[0] <= *limit),
        ],
    })
}
