//! A machine in qemu-system: started with a kernel and an initramfs, its console read as it comes.
//!
//! Our PID 1 tells over the same console what it does.

use std::{
    io::{Read, Write},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

use crate::{
    apt::{self, Missing},
    arch::Arch,
    process::Guard,
};

/// qemu-system's program for the architecture.
pub fn emulator(arch: Arch) -> Result<PathBuf, Missing> {
    // Which package has it differs from release to release; each says that it provides these.
    let (name, packages): (_, &[_]) = match arch {
        Arch::X86_64 => ("qemu-system-x86_64", &["qemu-system-x86-64"]),
        Arch::I386 => ("qemu-system-i386", &["qemu-system-i386"]),
        Arch::Aarch64 => ("qemu-system-aarch64", &["qemu-system-aarch64"]),
        Arch::Riscv64 => ("qemu-system-riscv64", &["qemu-system-riscv64", "opensbi"]),
    };
    apt::program(name, packages)
}

/// The machine, and what its kernel must be told: first the serial line's name.
fn hardware(arch: Arch) -> (&'static [&'static str], &'static str) {
    match arch {
        // Against Meltdown the kernel changes page tables at each system call, which takes qemu long. On a busy host the timer may be
        // late in the check of whether it works, and the kernel panics.
        Arch::X86_64 | Arch::I386 => (
            &["-M", "pc", "-vga", "none"],
            "console=ttyS0 mitigations=off no_timer_check",
        ),
        // With a random address the kernel keeps page tables of its own, and qemu takes four times as long over it all.
        Arch::Aarch64 => (
            &["-M", "virt", "-cpu", "cortex-a57"],
            "console=ttyAMA0 nokaslr",
        ),
        // With the fewest levels of page tables: qemu walks them.
        Arch::Riscv64 => (
            &["-M", "virt", "-cpu", "rv64,sv48=off,sv57=off"],
            "console=ttyS0",
        ),
    }
}

/// What to start.
pub struct Machine<'a> {
    /// Its architecture.
    pub arch: Arch,
    /// The kernel's file.
    pub kernel: &'a Path,
    /// The archive's file.
    pub initramfs: &'a Path,
    /// What the kernel's command line has beside what makes the machine work.
    pub append: &'a str,
}

impl Machine<'_> {
    /// Starts it. Its console's input is `stdin`.
    pub fn start(&self, stdin: Stdio) -> Result<Running> {
        self.start_with(stdin, &[])
    }

    /// Starts it with more devices, in qemu's words.
    pub fn start_with(&self, stdin: Stdio, devices: &[String]) -> Result<Running> {
        let emulator = apt::obtain(|| emulator(self.arch))?;
        let (hardware, words) = hardware(self.arch);
        // A panic ends the machine at once, and a machine that ends does not start again. Debian's kernels clear each page that they
        // hand out, the kernel's own among them, which is a quarter of what qemu does.
        let append = format!("{words} quiet panic=-1 init_on_alloc=0 {}", self.append);
        let mut command = Command::new(&emulator);
        command
            .args(hardware)
            .args(["-m", "512", "-nic", "none", "-nographic", "-no-reboot"])
            .arg("-kernel")
            .arg(self.kernel)
            .arg("-initrd")
            .arg(self.initramfs)
            .args(["-append", append.trim_end()])
            .args(devices)
            .stdin(stdin)
            .stdout(Stdio::piped());
        let (mut child, guard) = Guard::emulator(&mut command)
            .with_context(|| format!("can't start {}", emulator.display()))?;
        let input = child.stdin.take();
        let mut output = child.stdout.take().context("qemu's output")?;
        let (sender, chunks) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Ok(Running {
            child,
            guard,
            input,
            chunks,
            console: Console::default(),
        })
    }
}

/// A machine that runs. Dropped, it is switched off.
pub struct Running {
    child: Child,
    guard: Option<Guard>,
    /// What qemu reads, where that is a pipe.
    input: Option<ChildStdin>,
    chunks: Receiver<Vec<u8>>,
    /// What came over its console.
    pub console: Console,
}

/// What waiting for the machine gave.
pub enum Progress {
    /// It said this.
    Said(Vec<Event>),
    /// Nothing for that long.
    Silent,
    /// qemu has ended.
    Ended(ExitStatus),
}

impl Running {
    /// Has keys struck: what the console's input gets. It must be a pipe.
    pub fn strike(&mut self, keys: &str) -> Result<()> {
        let input = self.input.as_mut().context("no pipe to qemu")?;
        Ok(input.write_all(keys.as_bytes())?)
    }

    /// Presses Ctrl-Alt-Del on the machine's keyboard.
    pub fn press_ctrl_alt_del(&mut self) -> Result<()> {
        self.command("sendkey ctrl-alt-delete")
    }

    /// Gives a command to qemu's monitor, which Ctrl-A c leads to and from.
    pub fn command(&mut self, command: &str) -> Result<()> {
        self.strike(&format!("\x01c{command}\n\x01c"))
    }

    /// Ends it at once: where its disk hangs, it would not end by itself.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits until it says something, at most for this time.
    pub fn wait(&mut self, limit: Duration) -> Result<Progress> {
        Ok(match self.chunks.recv_timeout(limit) {
            Ok(chunk) => Progress::Said(self.console.feed(&chunk)),
            Err(RecvTimeoutError::Timeout) => Progress::Silent,
            Err(RecvTimeoutError::Disconnected) => Progress::Ended(self.child.wait()?),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let (Ok(None), Some(guard)) = (self.child.try_wait(), &self.guard) {
            guard.end();
            let _ = self.child.wait();
        }
    }
}

/// What comes over the console, in its order.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// Something that PID 1 did not say.
    Text(Vec<u8>),
    /// PID 1 runs, on this release of the kernel.
    Begin(String),
    /// It has started a process of this name.
    Start(String),
    /// A process has ended.
    End {
        /// Its name.
        name: String,
        /// How.
        status: ExitStatus,
    },
    /// Something else about a process, such as why it could not be started.
    About {
        /// The process's name.
        name: String,
        /// In PID 1's words.
        what: String,
    },
    /// Something about the machine.
    Said(String),
}

impl Event {
    /// Reads a line of PID 1's, without the program's name that it begins with.
    fn parse(line: &str) -> Event {
        if let Some(release) = line.strip_prefix("started on Linux ") {
            return Event::Begin(release.into());
        }
        let Some((name, what)) = line
            .split_once(": ")
            .filter(|(name, _)| !name.contains(' '))
        else {
            return Event::Said(line.into());
        };
        let name = name.into();
        if what.starts_with("started, ") {
            return Event::Start(name);
        }
        let number = |start| {
            what.strip_prefix(start)?
                .split([' ', ';'])
                .next()?
                .parse()
                .ok()
        };
        let status = number("exit status: ").map(|code: i32| code << 8);
        match status.or(number("signal: ")) {
            Some(status) => Event::End {
                name,
                status: ExitStatus::from_raw(status),
            },
            None => Event::About {
                name,
                what: what.into(),
            },
        }
    }
}

/// Divides what comes over the console into what PID 1 says and the rest.
#[derive(Default)]
pub struct Console {
    /// What may be the beginning of a line of PID 1's.
    pending: Vec<u8>,
    /// All of it, for the case that something goes wrong.
    transcript: Vec<u8>,
}

/// How a line of PID 1's begins, wherever the cursor is.
const MARK: &[u8] = b"\rinit: ";

impl Console {
    /// Takes what has come.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.transcript.extend(bytes);
        let mut events = Vec::new();
        let mut text = Vec::new();
        for &byte in bytes {
            if byte == b'\r' && self.pending.len() < MARK.len() {
                text.append(&mut self.pending);
            }
            if byte != b'\r' && self.pending.is_empty() {
                text.push(byte);
                continue;
            }
            self.pending.push(byte);
            let common = self.pending.len().min(MARK.len());
            if self.pending[..common] != MARK[..common] {
                text.append(&mut self.pending);
            } else if byte == b'\n' {
                let line = std::mem::take(&mut self.pending);
                let line = String::from_utf8_lossy(&line[MARK.len()..]);
                if !text.is_empty() {
                    events.push(Event::Text(std::mem::take(&mut text)));
                }
                events.push(Event::parse(line.trim_end()));
            }
        }
        if !text.is_empty() {
            events.push(Event::Text(text));
        }
        events
    }

    /// All that was said, in what any terminal can show.
    pub fn transcript(&self) -> String {
        String::from_utf8_lossy(&self.transcript).replace('\r', "")
    }

    /// Whether the kernel has panicked.
    pub fn panicked(&self) -> bool {
        let panic = b"Kernel panic - not syncing";
        self.transcript.windows(panic.len()).any(|it| it == panic)
    }

    /// The last lines, or from the kernel's panic on, in what any terminal can show.
    pub fn tail(&self) -> String {
        let text = String::from_utf8_lossy(&self.transcript);
        let lines: Vec<_> = text
            .lines()
            .map(|line| line.replace(|it: char| it.is_control() && it != '\t', ""))
            .filter(|line| !line.trim().is_empty())
            .collect();
        let panic = lines.iter().position(|line| line.contains("Kernel panic"));
        let first = panic.map_or(lines.len(), |it| it.saturating_sub(10));
        lines[first.min(lines.len().saturating_sub(30))..].join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pid_1_says_is_taken_out_of_the_text_however_it_is_cut() {
        let said = b"OpenSBI\r\n\rinit: started on Linux 6.1.0\r\n$ \rinit: sh: exit status: 3; it\r\n\rinitial\r\n\rinit: a: signal: 9 (SIGKILL)\r\n\r";
        for cut in 0..said.len() {
            let mut console = Console::default();
            let mut text = Vec::new();
            let mut others = Vec::new();
            for part in [&said[..cut], &said[cut..]] {
                for event in console.feed(part) {
                    match event {
                        Event::Text(more) => text.extend(more),
                        other => others.push(other),
                    }
                }
            }
            assert_eq!(text, b"OpenSBI\r\n$ \rinitial\r\n");
            let end = |name: &str, status| Event::End {
                name: name.into(),
                status: ExitStatus::from_raw(status),
            };
            let begin = Event::Begin("6.1.0".into());
            assert_eq!(others, [begin, end("sh", 3 << 8), end("a", 9)]);
        }
    }

    #[test]
    fn a_line_of_pid_1s_is_about_a_process_or_the_machine() {
        let about = Event::About {
            name: "sh".into(),
            what: "exec \"sh\": ENOENT".into(),
        };
        assert_eq!(Event::parse("sh: exec \"sh\": ENOENT"), about);
        assert_eq!(
            Event::parse("sh: started, process 7"),
            Event::Start("sh".into())
        );
        for line in ["power off", "power off: stopping the machine"] {
            assert_eq!(Event::parse(line), Event::Said(line.into()));
        }
    }
}
