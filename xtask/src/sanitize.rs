//! Runs tests inside a checker: the unit tests in Miri, and with AddressSanitizer the tests whose own process spawns.

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

/// The time limit for one command, including its build.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// Runs the unit tests in Miri, which checks each memory access, also against Rust's rules for references. They run
/// once for this machine's architecture and once with pointers of 32 bits. `arch/miri.rs` emulates what assembly does.
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
        // The tests pass addresses to the kernel as numbers, and a heap keeps memory to the end.
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

/// Returns a command of the nightly toolchain, without the variables that refer to the toolchain that started xtask.
pub fn nightly(words: &[&str]) -> Expression {
    let words = [&["run", "nightly"], words].concat();
    ["RUSTUP_TOOLCHAIN", "CARGO", "LD_LIBRARY_PATH"]
        .into_iter()
        .fold(cmd("rustup", words), |command, variable| {
            command.env_remove(variable)
        })
}

/// Whether Miri is installed. If it is missing, tries to install it by rustup.
fn has_miri() -> bool {
    let works = || succeeds(nightly(&["cargo", "miri", "--version"]));
    let install = "toolchain install nightly --profile minimal --component miri,rust-src";
    works() || (succeeds(cmd("rustup", install.split(' '))) && works())
}

fn succeeds(command: Expression) -> bool {
    command.stdout_null().stderr_null().run().is_ok()
}

/// Runs the unit tests, the documentation's examples and the host tests that spawn, compiled so that they check each
/// memory access.
pub fn asan(workspace: &Workspace) -> Result<Outcome> {
    let instrumented = |words: &str, more: &[&str]| {
        let words = words.split(' ').chain(["--target", HOST.triple()]);
        let command = cargo(words.chain(more.iter().copied()));
        // The build has a folder of its own. With `--target`, build scripts are not instrumented.
        let command = command
            .env("CARGO_TARGET_DIR", workspace.target.join("xtask/asan"))
            .env("RUSTFLAGS", "-Zsanitizer=address")
            .env("RUSTDOCFLAGS", "-Zsanitizer=address")
            .env("ASAN_OPTIONS", OPTIONS)
            .env("NESTLING_SPAWNS", SPAWNS);
        run(workspace, "asan", &libtest::allow_json(command))
    };
    // A host test runs one of the examples.
    let built = instrumented("build -p nestling --features alloc,std --examples", &[])?;
    if !built.succeeded() {
        return Ok(Outcome::of(false, built.output));
    }
    let mut outcome = Outcome::default();
    for what in [
        "test -p nestling --lib --all-features",
        "test -p nestling --doc --all-features",
        "test -p nestling-host-tests --test std_program --test std_command",
    ] {
        let more = [&SEPARATED[..], &TOO_LARGE].concat();
        outcome.add(libtest::read(instrumented(what, &more)?));
    }
    Ok(outcome)
}

/// Runs the unit tests with ThreadSanitizer. The standard library is built with it, too, so that the sanitizer sees the
/// synchronisation in it.
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
        // Tests unwind in any case; with this setting, one build of the standard library is enough.
        .env("CARGO_PROFILE_DEV_PANIC", "unwind")
        .env("RUSTFLAGS", "-Zsanitizer=thread");
    Ok(libtest::read(run(workspace, "tsan", &command)?))
}

/// A test to skip. The sanitizer does not see the system calls that unmap memory. If the same addresses are mapped again, it
/// treats the new memory as the old.
const UNMAPS: [&str; 2] = ["--skip", "threads_share_a_heap"];

/// The number of spawns for each thread that spawns concurrently. It is small because a fork copies the page tables of
/// everything that the sanitizer has mapped.
const SPAWNS: &str = "60";

/// A test to skip: it needs a stack of a certain size at most, and instrumented functions use more.
const TOO_LARGE: [&str; 2] = ["--skip", "a_thread_with_the_smallest_stack"];

/// The separator before the arguments of a test program, and these arguments.
const SEPARATED: [&str; 4] = ["--", JSON[0], JSON[1], JSON[2]];

/// With this option off, the sanitizer does not move variables that a reference may outlive to a memory area of the
/// thread. For the sanitizer, the child of a spawn is the thread that spawns, so both would use that area at the same
/// time.
const OPTIONS: &str = "detect_stack_use_after_return=0";

fn run(workspace: &Workspace, name: &str, command: &Expression) -> Result<Captured> {
    let log = workspace.scratch()?.join(format!("{name}.log"));
    capture(LIMIT, &command.dir(&workspace.root), &log)
}
