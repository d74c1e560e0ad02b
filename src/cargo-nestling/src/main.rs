//! `cargo nestling`: makes, builds, runs, tests and boots projects that use nestling.
//!
//! This file is the command line. The library's modules carry out the commands: `build` and `run` are in `compile.rs`,
//! each other command is in the module of its name.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use cargo_nestling::{
    arch::{Arch, HOST, OnOne},
    boot::{self, Contents},
    compile,
    completions::{self, Shell},
    image::{self, Form},
    new::{self, Kind, Library},
    note, process,
    project::{Profile, Project},
    runner::Runner,
    test,
};
use clap::{Args, CommandFactory, Parser, Subcommand};

/// Make, build, run, test and boot programs that stand on nestling
///
/// Tools that are missing on this machine are installed from Debian, if this is Debian and the user is root; otherwise the message says
/// which command installs them. Kernels are downloaded once for all projects, to `$NESTLING_CACHE` or `$XDG_CACHE_HOME/nestling`.
#[derive(Parser)]
#[command(bin_name = "cargo nestling", version, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a project in a new folder
    New {
        /// The folder, whose name is the project's
        path: PathBuf,
        #[command(flatten)]
        kind: Template,
        #[command(flatten)]
        source: Source,
    },
    /// Build the programs, and print a table of their sizes
    Build {
        #[command(flatten)]
        on: OnSome,
        #[command(flatten)]
        profile: Optimised,
    },
    /// Build a program and run it, natively or under qemu-user
    ///
    /// The exit status is the program's. If the program runs under qemu-user, the programs that it starts run natively.
    Run {
        #[command(flatten)]
        on: OnOne,
        #[command(flatten)]
        profile: Optimised,
        /// The program, if there are several
        #[arg(long, value_name = "NAME")]
        bin: Option<String>,
        /// The program's arguments; put `--` before them if the first one begins with a dash
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Build and run the tests: programs in `tests/`, with `harness = false`, that exit with 0 if all is well, or 77 to be skipped
    Test(TestArguments),
    /// Boot a kernel in qemu-system with the programs, which are in `/bin`
    ///
    /// If the project has an init, that is process 1, and starts COMMAND as its service. Otherwise COMMAND, or without one the project's
    /// program, runs at the console, and the machine is switched off at its end. The exit status is that of COMMAND. Ctrl-A X switches
    /// the machine off.
    Boot(BootArguments),
    /// Build the release programs, and write an image with them
    Image {
        #[command(flatten)]
        on: OnOne,
        #[command(flatten)]
        form: Forms,
        #[command(flatten)]
        root: Root,
        /// The image's file
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Print a script with which a shell completes `cargo nestling`
    ///
    /// The manual page cargo-nestling(1) says where each shell looks for it.
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Args)]
struct TestArguments {
    /// Only the tests whose names contain this text; may be repeated
    #[arg(value_name = "NAME")]
    tests: Vec<String>,
    #[command(flatten)]
    on: OnSome,
    #[command(flatten)]
    profile: Optimised,
    /// Run the tests in this way; may be repeated. By default natively, or on a kernel where this machine cannot
    ///
    /// What this machine cannot do is skipped, and the summary at the end says why.
    #[arg(long, value_name = "WAY", value_parser = ["native", "qemu-user", "kernel", "kernel-old", "all"])]
    how: Vec<String>,
    /// The time that each test may take
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u32,
    #[command(flatten)]
    emulator: Emulator,
}

#[derive(Args)]
struct BootArguments {
    #[command(flatten)]
    on: OnOne,
    #[command(flatten)]
    profile: Optimised,
    #[command(flatten)]
    root: Root,
    /// Mount this image of an ext4 file system as the root, with what changes there kept; without COMMAND, its /sbin/init is process 1
    #[arg(long, value_name = "IMAGE", conflicts_with_all = ["init", "add", "root"])]
    disk: Option<PathBuf>,
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
    #[command(flatten)]
    emulator: Emulator,
    #[command(flatten)]
    source: Source,
    /// The command and its arguments, after `--`
    #[arg(last = true)]
    command: Vec<OsString>,
}

#[derive(Args)]
#[group(multiple = false)]
struct Template {
    /// A process 1: it mounts file systems, runs a service, reaps, and powers off
    #[arg(long)]
    init: bool,
    /// A prompt that runs commands with job control
    #[arg(long)]
    shell: bool,
    /// A program that starts another and tells how it ended: the default
    #[arg(long)]
    tool: bool,
    /// Several programs in one file, the applets
    #[arg(long = "box")]
    applets: bool,
}

impl Template {
    fn kind(&self) -> Kind {
        match self {
            Template { init: true, .. } => Kind::Init,
            Template { shell: true, .. } => Kind::Shell,
            Template { applets: true, .. } => Kind::Box,
            Template { .. } => Kind::Tool,
        }
    }
}

#[derive(Args)]
#[group(multiple = false, required = true)]
struct Forms {
    /// An archive of an OCI image, as `podman load` takes it
    #[arg(long)]
    oci: bool,
    /// An archive that a kernel boots
    #[arg(long)]
    initramfs: bool,
    /// An ext4 file system, with the init as /sbin/init
    #[arg(long)]
    disk: bool,
}

impl Forms {
    fn form(&self) -> Form {
        match self {
            Forms { oci: true, .. } => Form::Oci,
            Forms {
                initramfs: true, ..
            } => Form::Initramfs,
            Forms { .. } => Form::Disk,
        }
    }
}

#[derive(Args)]
struct Root {
    /// Make this program of this machine process 1
    #[arg(long, value_name = "FILE")]
    init: Option<PathBuf>,
    /// Add a file or directory of this machine, as DEST; may be repeated. Without DEST, a file goes to /bin, and a directory to /
    #[arg(long, value_name = "PATH[=DEST]")]
    add: Vec<String>,
    /// Start from the content of this directory; an `init` there is process 1
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

#[derive(Args)]
struct Emulator {
    /// Give these arguments to qemu-system, blanks between them: `--qemu "-m 2G -smp 2 -nic user"`; may be repeated
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    qemu: Vec<String>,
}

#[derive(Args)]
struct Source {
    /// Take nestling from this folder instead of crates.io: for those who develop nestling. A project always uses its own
    #[arg(long, value_name = "PATH")]
    nestling: Option<PathBuf>,
}

impl Source {
    fn library(self) -> Result<Library> {
        Ok(match self.nestling {
            Some(path) => {
                let folder = path.canonicalize();
                Library::Path(folder.with_context(|| format!("can't read {}", path.display()))?)
            }
            None => Library::published(),
        })
    }
}

impl From<Root> for Contents {
    fn from(Root { init, add, root }: Root) -> Contents {
        Contents { init, add, root }
    }
}

#[derive(Args)]
struct Optimised {
    /// Build with optimisations, and with the compiler options that make a program small
    #[arg(long)]
    release: bool,
}

impl Optimised {
    fn profile(&self) -> Profile {
        match self.release {
            true => Profile::Release,
            false => Profile::Debug,
        }
    }
}

#[derive(Args)]
struct OnSome {
    /// The architecture; may be repeated
    #[arg(long = "arch", value_name = "ARCH", value_parser = ["x86_64", "aarch64", "riscv64", "i386", "all"], default_value = HOST.name())]
    names: Vec<String>,
}

impl OnSome {
    fn archs(&self) -> Vec<Arch> {
        let named = |arch: &Arch| self.names.iter().any(|it| it == "all" || it == arch.name());
        Arch::ALL.into_iter().filter(named).collect()
    }
}

fn main() -> ExitCode {
    // Cargo passes the name of the subcommand as the first argument.
    let mut words: Vec<OsString> = env::args_os().collect();
    if words.get(1).is_some_and(|word| word == "nestling") {
        words.remove(1);
    }
    let result = perform(CommandLine::parse_from(words).command);
    process::before_exit();
    result.unwrap_or_else(|error| {
        note!("{error:#}");
        ExitCode::FAILURE
    })
}

fn perform(command: Command) -> Result<ExitCode> {
    process::end_children_on_signals()?;
    match command {
        Command::New { path, kind, source } => {
            new::new(&path, kind.kind(), &source.library()?)?;
            println!(
                "{}/: now `cargo nestling build`, `run`, `test` and `boot` work there",
                path.display()
            );
        }
        Command::Build { on, profile } => {
            compile::build(&Project::load()?, &on.archs(), profile.profile())?;
        }
        Command::Run {
            on,
            profile,
            bin,
            args,
        } => {
            let project = Project::load()?;
            return compile::run(
                &project,
                on.arch(),
                profile.profile(),
                bin.as_deref(),
                &args,
            );
        }
        Command::Test(arguments) => return test(arguments),
        Command::Boot(arguments) => return boot(arguments),
        Command::Image {
            on,
            form,
            root,
            output,
        } => {
            let output: &Path = &output;
            image::image(
                &Project::load()?,
                on.arch(),
                form.form(),
                &root.into(),
                output,
            )?;
        }
        Command::Completions { shell } => {
            completions::write(CommandLine::command(), shell, &mut std::io::stdout())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn test(arguments: TestArguments) -> Result<ExitCode> {
    let TestArguments { how, on, .. } = arguments;
    let is_named = |it: &Runner| how.iter().any(|name| name == it.name() || name == "all");
    let options = test::Options {
        runners: Runner::ALL.into_iter().filter(is_named).collect(),
        names: arguments.tests,
        profile: arguments.profile.profile(),
        limit: Duration::from_secs(arguments.timeout.into()),
        qemu: arguments.emulator.qemu,
    };
    Ok(
        match test::test(&Project::load()?, &on.archs(), &options)? {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        },
    )
}

fn boot(arguments: BootArguments) -> Result<ExitCode> {
    let (root, disk) = (arguments.root, arguments.disk);
    let is_complete = root.init.is_some() || root.root.is_some() || disk.is_some();
    let project = match Project::load() {
        Ok(project) => Some(project),
        Err(_) if is_complete => None,
        Err(error) => {
            bail!("{error:#}; with --init FILE or --root DIR, `boot` needs no project")
        }
    };
    let options = boot::Options {
        contents: root.into(),
        disk,
        kernel: arguments.kernel,
        append: arguments.append,
        qemu: arguments.emulator.qemu,
        command: arguments.command,
    };
    let library = arguments.source.library()?;
    let (arch, profile) = (arguments.on.arch(), arguments.profile.profile());
    boot::boot(project.as_ref(), &library, arch, profile, options)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn the_manual_has_the_commands_and_their_options() {
        let page = include_str!("../../man/cargo-nestling.1");
        let lines = page.lines().filter_map(|line| line.strip_prefix(".It "));
        let words: Vec<_> = lines.flat_map(|line| line.split(' ')).collect();
        let line = CommandLine::command();
        let mut options = BTreeSet::new();
        for command in line.get_subcommands() {
            assert!(
                words.contains(&command.get_name()),
                "{}",
                command.get_name()
            );
            let names = command.get_arguments().filter_map(|it| it.get_long());
            options.extend(names.map(String::from));
        }
        let listed = words.iter().filter_map(|word| word.strip_prefix('-'));
        let listed: BTreeSet<_> = listed.map(String::from).collect();
        // `boot` has the command after `--`.
        let listed: BTreeSet<_> = listed.into_iter().filter(|it| !it.is_empty()).collect();
        assert_eq!(options, listed);
    }
}
