//! `cargo xtask`: builds nestling for four architectures, runs it, tests it and measures it.
//!
//! This file is the command line. The command `build` is in `compile.rs`, the command `bench` in the package `xtask/bench`, and each
//! other command in the module of its name.

mod api;
mod cargo_tool;
mod debian;
mod debian_root;
mod deny;
mod disk;
mod dist;
mod flags;
mod fuzz;
mod host;
mod libtest;
mod life;
mod machine_suite;
mod manual;
mod memcheck;
mod plan;
mod report;
mod rescue;
mod run;
mod sanitize;
mod session;
mod setup;
mod size;
mod suite;
mod test;
mod typing;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use anyhow::Result;
use cargo_nestling::{
    apt,
    arch::{self, Arch, HOST, OnOne},
    initramfs, kernel, machine, packages, process,
    runner::{self, Runner},
    toolchain,
};
use clap::{Parser, Subcommand};
use plan::Selection;
use setup::Needs;
use test::Options;
use xtask::{
    boot, c_library,
    compile::{self, Profile},
    root_disk,
    workspace::{self, UNWINDING, Workspace, cargo},
};

/// Build, run, test and measure nestling.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what building and testing need, and list what is installed and what is missing
    Setup {
        #[command(flatten)]
        on: On,
    },
    /// Build the programs, and print their paths and sizes
    Build {
        #[command(flatten)]
        on: On,
        /// Build unoptimised programs, with debug information
        #[arg(long)]
        debug: bool,
        /// Build the libraries for programs in C instead: `posix_spawn`, `system` and `popen` in place of the libc's
        #[arg(long)]
        c_abi: bool,
    },
    /// Build a program and run it, natively or under qemu-user
    ///
    /// The exit status is the program's. If the program runs under qemu-user, the programs that it starts run natively.
    Run {
        #[command(flatten)]
        on: On,
        /// The program, such as `spawn`
        bin: String,
        /// The program's arguments; put `--` before them if the first one begins with a dash
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Boot a kernel in qemu-system with nestling's `init` as PID 1, and run a command on it
    ///
    /// The command uses the virtual machine's console, and its exit status becomes xtask's. The virtual machine contains
    /// `/init` and, in `/bin`, nestling's other programs. Ctrl-A X switches it off.
    Boot {
        #[command(flatten)]
        on: OnOne,
        /// Boot this kernel instead of Debian's; initramfs and serial console must be built into it
        #[arg(long, value_name = "PATH")]
        kernel: Option<PathBuf>,
        /// Append this to the kernel's command line, and show the messages of the firmware and the kernel
        #[arg(
            long,
            default_value = "",
            allow_hyphen_values = true,
            hide_default_value = true
        )]
        append: String,
        /// The command and its arguments, after `--`
        #[arg(last = true)]
        command: Vec<OsString>,
    },
    /// Run the most important checks, in two minutes: formatting, lints, unit tests, on-target suites, conformance of the shell
    ///
    /// The on-target suites run natively. The command does not need root, and downloads only crates. If a test needs a program that
    /// is missing, the test is skipped.
    Check,
    /// Run `setup`, then all checks and tests, or the selected ones
    Test {
        /// Run only these suites, such as `stipulations`, `unit` or `faults`
        suites: Vec<String>,
        /// Run only the cases whose names contain NAME, such as `a_stack_may`
        #[arg(
            long,
            value_name = "NAME",
            default_value = "",
            hide_default_value = true
        )]
        case: String,
        #[command(flatten)]
        on: On,
        /// Run tests only in this way; may be repeated
        #[arg(long, value_name = "WAY", value_parser = ["native", "qemu-user", "kernel", "kernel-old"])]
        how: Vec<String>,
        /// Run only tests that were built with this profile; may be repeated
        #[arg(long, value_parser = ["debug", "release"])]
        profile: Vec<String>,
        /// List the tests that would run, and do not run them
        #[arg(long)]
        list: bool,
        /// Also run what takes long: the longer forms of suites, further configurations, the benchmarks, Miri, sanitizers; and make
        /// what the suite debian-root needs
        #[arg(long)]
        long: bool,
        /// Fail if there is no kernel to boot, instead of skipping the tests that need it
        #[arg(long)]
        require_kernels: bool,
    },
    /// Compare the speed of nestling's programs with others, and print tables (also to `target/bench`)
    ///
    /// The benchmarks are a package of their own, `xtask/bench`, which this command builds and starts.
    #[command(disable_help_flag = true)]
    Bench {
        /// The arguments; `--help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Print a configuration for cargo with which other projects compile as nestling's own release programs are compiled
    ///
    /// Write it to the project's `.cargo/config.toml`. The documentation of `nestling::rt` describes the rest of a project.
    Flags {
        #[command(flatten)]
        on: On,
    },
    /// Make the archives and images that people download, in `target/dist`
    ///
    /// Each archive contains the release programs, the libraries for C, the manual pages, the licences of all crates in them, an SBOM
    /// and SHA-256 sums. The date of the files is that of the commit, or `SOURCE_DATE_EPOCH`. The image `.oci.tar` is for containers,
    /// and `.cpio.gz` is the initramfs of a machine.
    Dist {
        #[command(flatten)]
        on: On,
        /// Make packages for Debian, too, of the programs and of the library for C; needs `dpkg-deb`
        #[arg(long)]
        deb: bool,
        /// Make the image of a disk that starts on x86_64 with UEFI, too; downloads Debian's kernel and boot loader
        #[arg(long)]
        disk: bool,
    },
    /// Print a table of the release programs' sizes, and check that they contain nothing forbidden
    ///
    /// A second table shows what each part of nestling adds to the smallest program, in bytes of its file and of its memory.
    ///
    /// The column `change` compares each file with `xtask/sizes.txt`.
    Size {
        #[command(flatten)]
        on: On,
        /// Write the sizes to `xtask/sizes.txt`
        #[arg(long)]
        update: bool,
    },
}

#[derive(clap::Args)]
struct On {
    /// The architecture; may be repeated
    #[arg(long = "arch", value_name = "ARCH", value_parser = ["x86_64", "aarch64", "riscv64", "i386", "all"])]
    names: Vec<String>,
}

impl On {
    fn archs(&self, default: &[Arch]) -> Vec<Arch> {
        if self.names.is_empty() {
            return default.to_vec();
        }
        let named = |arch: &Arch| {
            self.names
                .iter()
                .any(|name| name == "all" || name == arch.name())
        };
        Arch::ALL.into_iter().filter(named).collect()
    }
}

fn main() -> ExitCode {
    perform(CommandLine::parse().command).unwrap_or_else(|error| {
        eprintln!("xtask: {error:#}");
        ExitCode::FAILURE
    })
}

fn perform(command: Command) -> Result<ExitCode> {
    process::end_children_on_signals()?;
    let workspace = Workspace::load()?;
    match command {
        Command::Setup { on } => {
            let needs = Needs::everything(&on.archs(&[HOST]));
            setup::setup(&needs)?;
            setup::fetch_files(&workspace, &needs);
        }
        Command::Build { on, debug, c_abi } => {
            let profile = if debug {
                Profile::Debug
            } else {
                Profile::Release
            };
            let archs = on.archs(&[HOST]);
            match c_abi {
                true => c_library::build(&workspace, &archs, profile)?,
                false => compile::build(&workspace, &archs, profile)?,
            }
        }
        Command::Run { on, bin, args } => {
            return run::run(&workspace, &on.archs(&[HOST]), &bin, &args);
        }
        Command::Boot {
            on,
            kernel,
            append,
            command,
        } => return boot::boot(&workspace, on.arch(), kernel, &append, command),
        Command::Check => return test::check(&workspace),
        Command::Test {
            suites,
            case,
            on,
            how,
            profile,
            list,
            long,
            require_kernels,
        } => {
            let runners = Runner::ALL.into_iter();
            let selection = Selection {
                suites,
                archs: on.archs(&[]),
                runners: runners
                    .filter(|it| how.iter().any(|name| name == it.name()))
                    .collect(),
                profiles: profile,
                long,
            };
            if list {
                test::list(&workspace, &selection)?;
                return Ok(ExitCode::SUCCESS);
            }
            let options = Options {
                case,
                require_kernels,
                long,
            };
            return test::test(&workspace, &selection, &options);
        }
        Command::Bench { args } => return bench(&workspace, &args),
        Command::Flags { on } => flags::flags(&on.archs(&Arch::ALL))?,
        Command::Dist { on, deb, disk } => {
            dist::dist(&workspace, &on.archs(&[HOST]), deb, disk)?;
        }
        Command::Size { on, update } => return size::size(&workspace, &on.archs(&[HOST]), update),
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the benchmarks and starts them with these arguments. The exit status is theirs.
fn bench(workspace: &Workspace, args: &[OsString]) -> Result<ExitCode> {
    let words = [
        &["run", "--quiet", "--package", "xtask-bench"],
        &UNWINDING[..],
        &["--"],
    ]
    .concat();
    let words = words.into_iter().map(OsString::from);
    let command = cargo(words.chain(args.iter().cloned())).dir(&workspace.root);
    let status = command.unchecked().run()?.status;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
