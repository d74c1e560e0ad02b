//! The tests that run inside of a checker: the unit tests in Miri, and with AddressSanitizer the tests whose own process spawns.

use std::time::Duration;

use anyhow::Result;
use duct::{Expression, cmd};

use crate::{
    arch::{Arch, HOST},
    libtest::{self, JSON},
    process::{Captured, capture},
    report::Outcome,
    workspace::{Workspace, cargo},
};

/// For one command, which also builds.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// The unit tests, interpreted: each access to memory is checked, also against Rust's rules for references. Once as this machine has
/// it, and once with pointers of 32 bits. What assembly does is emulated by `arch/miri.rs`.
pub fn miri(workspace: &Workspace) -> Result<Outcome> {
    if !has_miri() {
        let reason = "no Miri: `rustup toolchain install nightly --component miri,rust-src` fails";
        return Ok(Outcome::missing(reason, false));
    }
    let mut outcome = Outcome::default();
    for arch in [HOST, Arch::I386] {
        let words = "cargo miri test -p nestling --lib --all-features --target";
        let words: Vec<&str> = words
            .split(' ')
            .chain([arch.triple()])
            .chain(SEPARATED)
            .collect();
        // The kernel takes addresses as numbers, and a heap keeps memory to the end.
        let flags = "-Zmiri-permissive-provenance -Zmiri-ignore-leaks";
        let command = nightly(&words).env("MIRIFLAGS", flags);
        let mut one = libtest::read(run(workspace, "miri", &command)?);
        for (name, _) in &mut one.cases {
            *name = format!("{}: {name}", arch.name());
        }
        outcome.add(one);
    }
    Ok(outcome)
}

/// A command of the nightly toolchain, without the variables that point at the one which xtask was started with.
pub fn nightly(words: &[&str]) -> Expression {
    let words = [&["run", "nightly"], words].concat();
    ["RUSTUP_TOOLCHAIN", "CARGO", "LD_LIBRARY_PATH"]
        .into_iter()
        .fold(cmd("rustup", words), |command, variable| {
            command.env_remove(variable)
        })
}

/// Whether there is Miri. If there is none, rustup may add it.
fn has_miri() -> bool {
    let works = || succeeds(nightly(&["cargo", "miri", "--version"]));
    let install = "toolchain install nightly --profile minimal --component miri,rust-src";
    works() || (succeeds(cmd("rustup", install.split(' '))) && works())
}

fn succeeds(command: Expression) -> bool {
    command.stdout_null().stderr_null().run().is_ok()
}

/// The unit tests, the documentation's examples and the host tests that spawn, as code that checks each access to memory.
pub fn asan(workspace: &Workspace) -> Result<Outcome> {
    let instrumented = |words: &str, more: &[&str]| {
        let words = words.split(' ').chain(["--target", HOST.triple()]);
        let command = cargo(words.chain(more.iter().copied()));
        // In a folder of its own. With `--target`, build scripts are not instrumented.
        let command = command
            .env("CARGO_TARGET_DIR", workspace.target.join("xtask/asan"))
            .env("RUSTFLAGS", "-Zsanitizer=address")
            .env("RUSTDOCFLAGS", "-Zsanitizer=address")
            .env("ASAN_OPTIONS", OPTIONS)
            .env("NESTLING_SPAWNS", SPAWNS);
        run(workspace, "asan", &libtest::allow_json(command))
    };
    // A host test runs one of them.
    let built = instrumented("build -p nestling --features alloc,std --examples", &[])?;
    if !built.succeeded() {
        return Ok(Outcome::of(false, built.output));
    }
    let mut outcome = Outcome::default();
    for what in [
        "test -p nestling --lib --all-features",
        "test -p nestling --doc --all-features",
        "test -p nestling-host-tests --test std_program --test toolkit",
    ] {
        let more = [&SEPARATED[..], &TOO_LARGE, &BUILDS].concat();
        outcome.add(libtest::read(instrumented(what, &more)?));
    }
    Ok(outcome)
}

/// The unit tests with ThreadSanitizer, and the standard library built anew with it, so that it sees what threads agree upon there.
pub fn tsan(workspace: &Workspace) -> Result<Outcome> {
    if !has_miri() {
        let reason = "no nightly toolchain with the library's source: see miri";
        return Ok(Outcome::missing(reason, false));
    }
    let words = "cargo test -Zbuild-std -p nestling --lib --all-features --target";
    let words: Vec<&str> = words
        .split(' ')
        .chain([HOST.triple()])
        .chain(SEPARATED)
        .chain(UNMAPS)
        .collect();
    let command = nightly(&words)
        .env("CARGO_TARGET_DIR", workspace.target.join("xtask/tsan"))
        // Tests unwind: one standard library is enough.
        .env("CARGO_PROFILE_DEV_PANIC", "unwind")
        .env("RUSTFLAGS", "-Zsanitizer=thread");
    Ok(libtest::read(run(workspace, "tsan", &command)?))
}

/// The sanitizer does not see a system call that unmaps memory: what is mapped there next it takes for the same.
const UNMAPS: [&str; 2] = ["--skip", "threads_share_a_heap"];

/// How many spawns each thread makes that spawns beside others: a fork copies the page tables of all that the sanitizer has mapped.
const SPAWNS: &str = "60";

/// What needs a stack of this size at most: instrumented functions take more.
const TOO_LARGE: [&str; 2] = ["--skip", "a_thread_with_the_smallest_stack"];

/// What builds programs for other architectures, with the flags of this build.
const BUILDS: [&str; 2] = ["--skip", "the_documented_project_builds"];

/// What stands before the arguments of a test program, and these.
const SEPARATED: [&str; 4] = ["--", JSON[0], JSON[1], JSON[2]];

/// The sanitizer keeps variables that a reference may outlive in a place that each thread has for itself. To it the child of a spawn is the
/// thread that spawns: both would use that place at once.
const OPTIONS: &str = "detect_stack_use_after_return=0";

fn run(workspace: &Workspace, name: &str, command: &Expression) -> Result<Captured> {
    let log = workspace.scratch()?.join(format!("{name}.log"));
    capture(LIMIT, &command.dir(&workspace.root), &log)
}
