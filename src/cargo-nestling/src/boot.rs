//! `cargo nestling boot`: boots a machine with a project's programs, or with other programs.

use std::{
    ffi::OsString,
    fs::File,
    io::Write,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
    process::{self, ExitCode, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rustix::fs::{MemfdFlags, memfd_create};

use crate::{
    agent,
    arch::Arch,
    cache, compile,
    console::{Shown, converse, input},
    disk, drivers, elf,
    initramfs::Initramfs,
    kernel::{self, Age},
    machine::{Machine, Running},
    new::Library,
    note,
    project::{Profile, Project},
};

/// The contents of a machine's root.
#[derive(Default)]
pub struct Contents {
    /// A program of this machine that becomes process 1.
    pub init: Option<PathBuf>,
    /// Files and directories of this machine and their paths in the root: `PATH` or `PATH=DEST`.
    pub add: Vec<String>,
    /// A directory whose contents are copied into the root.
    pub root: Option<PathBuf>,
}

impl Contents {
    /// Checks that the named files exist.
    pub fn check(&self) -> Result<()> {
        if let Some(root) = &self.root {
            ensure!(root.is_dir(), "{} is no directory", root.display());
        }
        for words in &self.add {
            ensure!(!source(words).0.is_empty(), "--add {words}: no path");
        }
        let added = self.add.iter().map(|words| Path::new(source(words).0));
        for path in self.init.iter().map(PathBuf::as_path).chain(added) {
            let what = || format!("can't read {}", path.display());
            path.metadata().with_context(what)?;
        }
        Ok(())
    }

    /// Returns the root with the programs of a project, which must have been built, and whether it contains `/init`.
    pub fn archive(
        &self,
        project: Option<&Project>,
        arch: Arch,
        profile: Profile,
    ) -> Result<(Initramfs, bool)> {
        let mut archive = Initramfs::new();
        if let Some(root) = &self.root {
            archive.copy("", root)?;
        }
        let mut init = self.init.clone();
        if let Some(project) = project {
            for bin in &project.bins {
                let path = project.path(arch, profile, bin);
                archive.program(&format!("bin/{bin}"), &path)?;
                if init.is_none() && project.init.as_ref() == Some(bin) {
                    init = Some(path);
                }
            }
        }
        let mut added = Vec::new();
        for words in &self.add {
            let (path, place) = source(words);
            let name = path.rsplit('/').next().unwrap_or(path);
            let place = match place {
                "" if Path::new(path).is_dir() => name.into(),
                "" => format!("bin/{name}"),
                directory if directory.ends_with('/') => format!("{directory}{name}"),
                place => place.into(),
            };
            // A link is resolved here, because its target may not exist in the root.
            let from = Path::new(path).canonicalize();
            let from = from.with_context(|| format!("can't read {path}"))?;
            archive.copy(&place, &from)?;
            added.push((words, place));
        }
        for (words, place) in added {
            if let Some(problem) = archive
                .content(&place)
                .and_then(|it| obstacle(it, arch, &archive))
            {
                note!("warning: --add {words}: {problem}");
            }
        }
        if let Some(init) = &init {
            archive.program("init", init)?;
        }
        let has_init = archive.may_contain("init");
        if let Some(content) = archive.content("init") {
            let needed = elf::interpreter(content, arch);
            let what = || format!("the init is no program for {}", arch.name());
            if let Some(path) = needed.with_context(what)? {
                ensure!(
                    archive.may_contain(&path),
                    "the init needs {path}, which is not in the root; a static program would not need it"
                );
            }
        }
        Ok((archive, has_init))
    }
}

/// Divides the value of `--add` into the path on this machine and the place in the root.
fn source(words: &str) -> (&str, &str) {
    let (path, place) = words.split_once('=').unwrap_or((words, ""));
    match path.trim_end_matches('/') {
        "" if path.starts_with('/') => ("/", place),
        path => (path, place),
    }
}

/// Returns why the kernel could not execute this file, if it is a program or a script.
fn obstacle(content: &[u8], arch: Arch, archive: &Initramfs) -> Option<String> {
    if !content.starts_with(b"\x7fELF") && !content.starts_with(b"#!") {
        return None;
    }
    match elf::interpreter(content, arch) {
        Err(error) => Some(format!("{error:#}, and the machine is {}", arch.name())),
        Ok(Some(path)) if !archive.may_contain(&path) => {
            Some(format!("it needs {path}, which is not in the root"))
        }
        Ok(_) => None,
    }
}

/// A machine to boot.
pub struct Boot<'a> {
    /// Its architecture.
    pub arch: Arch,
    /// The kernel.
    pub kernel: &'a Path,
    /// The agent.
    pub agent: &'a Path,
    /// The root, or, with a disk, only the files that are needed to mount it.
    pub archive: Initramfs,
    /// The path of process 1, if the agent is not process 1.
    pub init: Option<&'a str>,
    /// An image of a disk that contains the root.
    pub disk: Option<&'a Path>,
    /// Additional arguments of the kernel.
    pub append: &'a str,
    /// Additional arguments of qemu: in each text, blanks separate them.
    pub qemu: &'a [String],
    /// The commands that the agent runs, as process 1 or as the service of another init.
    pub commands: &'a [Vec<OsString>],
}

impl Boot<'_> {
    /// Starts the machine.
    pub fn start(mut self, stdin: Stdio) -> Result<Running> {
        agent::place(&mut self.archive, self.agent, self.commands)?;
        if let Some(init) = self.init {
            self.archive.file(".nestling/init", init.as_bytes());
        }
        let words = self.qemu.iter().flat_map(|text| text.split_whitespace());
        let mut devices: Vec<_> = words.map(String::from).collect();
        if let Some(disk) = self.disk {
            devices.extend(disk::device("root", disk, "nvme,drive=NAME,serial=NAME"));
            self.archive.file(".nestling/disk", b"/dev/nvme0n1");
        }
        // A file in memory: other machines that start at the same time have their own, and none remains.
        let memory = memfd_create("initramfs", MemfdFlags::CLOEXEC).context("memfd_create")?;
        let mut memory = File::from(memory);
        memory.write_all(&self.archive.bytes()?)?;
        let path = format!("/proc/{}/fd/{}", process::id(), memory.as_raw_fd());
        let mut append = format!("rdinit={} {}", agent::PATH, self.append);
        if self.init.is_some() && !self.commands.is_empty() {
            append += &format!(" -- {}", agent::PATH);
        }
        let machine = Machine {
            arch: self.arch,
            kernel: self.kernel,
            initramfs: Path::new(&path),
            append: &append,
        };
        let mut running = machine.start_with(stdin, &devices)?;
        running.initramfs = Some(memory);
        Ok(running)
    }
}

/// The options of the command line.
pub struct Options {
    /// The contents of the root.
    pub contents: Contents,
    /// An image of a disk that contains the root.
    pub disk: Option<PathBuf>,
    /// A kernel to boot instead of Debian's.
    pub kernel: Option<PathBuf>,
    /// Additional arguments of the kernel.
    pub append: String,
    /// Additional arguments of qemu: in each text, blanks separate them.
    pub qemu: Vec<String>,
    /// The command to run in the machine.
    pub command: Vec<OsString>,
}

/// Builds a project's programs and boots a machine with them, whose console is this terminal. Returns the exit status
/// of the command. Without a command, that is 0 if the machine switches itself off. Without a project, the options name
/// what to boot, and the agent uses `library`.
pub fn boot(
    project: Option<&Project>,
    library: &Library,
    arch: Arch,
    profile: Profile,
    options: Options,
) -> Result<ExitCode> {
    let cache = cache::folder()?;
    let Options {
        contents,
        disk,
        kernel,
        append,
        qemu,
        mut command,
    } = options;
    // What the build would not find out is said before it.
    if let Some(image) = &disk {
        ensure!(image.is_file(), "there is no image {}", image.display());
    }
    if let Some(kernel) = &kernel {
        ensure!(kernel.is_file(), "there is no kernel {}", kernel.display());
    }
    contents.check()?;
    let own = project.filter(|_| disk.is_none());
    if let Some(project) = own {
        compile::programs(project, &[arch], profile)?;
    }
    let (mut archive, has_init) = match &disk {
        Some(_) => (Initramfs::default(), false),
        None => contents.archive(own, arch, profile)?,
    };
    let init = match (&disk, has_init) {
        (Some(_), _) if command.is_empty() => Some("/sbin/init"),
        (Some(_), _) => None,
        (None, true) => Some("/init"),
        (None, false) => None,
    };
    if let (Some(project), true) = (own, command.is_empty() && init.is_none()) {
        command.push(format!("/bin/{}", project.bin(None)?).into());
    }
    ensure!(
        init.is_some() || !command.is_empty(),
        "there is neither an init nor a command to run"
    );
    let is_debian = kernel.is_none();
    let (agent, kernel) = parts(project, library, arch, kernel)?;
    if disk.is_some() && is_debian {
        let release = || release(arch, &kernel, &agent);
        let modules = drivers::obtain(&cache, arch, release)?;
        archive.copy(".nestling/modules", &modules)?;
    }
    let commands = match command.is_empty() {
        true => vec![],
        false => vec![command],
    };
    let boot = Boot {
        arch,
        kernel: &kernel,
        agent: &agent,
        archive,
        init,
        disk: disk.as_deref(),
        append: &append,
        qemu: &qemu,
        commands: &commands,
    };
    let running = boot.start(input())?;
    let shown = match append.is_empty() {
        true => Shown::Machine,
        false => Shown::All,
    };
    let code = converse(running, shown, commands.len(), Duration::MAX, |_| {})?;
    Ok(ExitCode::from(code))
}

/// Boots a kernel to find out its release, which the agent reports.
pub fn release(arch: Arch, kernel: &Path, agent: &Path) -> Result<String> {
    let boot = Boot {
        arch,
        kernel,
        agent,
        archive: Initramfs::default(),
        init: None,
        disk: None,
        append: "",
        qemu: &[],
        commands: &[],
    };
    drivers::release(&mut boot.start(Stdio::null())?)
}

/// Returns what each machine needs: the agent, which is built if necessary, and a kernel, which is downloaded if
/// necessary.
pub fn parts(
    project: Option<&Project>,
    library: &Library,
    arch: Arch,
    kernel: Option<PathBuf>,
) -> Result<(PathBuf, PathBuf)> {
    let cache = cache::folder()?;
    let kernel = match kernel {
        Some(path) => {
            ensure!(path.is_file(), "there is no kernel {}", path.display());
            path
        }
        None => kernel::obtain(&cache, arch, Age::Current)?,
    };
    let agent = agent::build(project, library, &cache, arch)?;
    Ok((agent, kernel))
}
