//! A machine in qemu-system: started with a kernel and an initramfs, its console read as it comes.
//!
//! Our PID 1 reports over the same console: `src/bin/init/report.rs` describes its lines.

use std::{
    io::Read,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

use crate::{
    apt::{self, Missing},
    arch::Arch,
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
        Arch::X86_64 | Arch::I386 => (&["-M", "pc", "-vga", "none"], "console=ttyS0"),
        // With a random address the kernel keeps page tables of its own, and qemu takes four times as long over it all.
        Arch::Aarch64 => (
            &["-M", "virt", "-cpu", "cortex-a57"],
            "console=ttyAMA0 nokaslr",
        ),
        Arch::Riscv64 => (&["-M", "virt"], "console=ttyS0"),
    }
}

/// What to start.
pub struct Machine<'a> {
    pub arch: Arch,
    pub kernel: &'a Path,
    pub initramfs: &'a Path,
    /// What the kernel's command line has beside what makes the machine work.
    pub append: &'a str,
}

impl Machine<'_> {
    /// Starts it. Its console's input is `stdin`.
    pub fn start(&self, stdin: Stdio) -> Result<Running> {
        let emulator = apt::obtain(|| emulator(self.arch))?;
        let (hardware, words) = hardware(self.arch);
        // A panic ends the machine at once, and a machine that ends does not start again.
        let append = format!("{words} quiet panic=-1 NESTLING_REPORT=1 {}", self.append);
        let mut child = Command::new(&emulator)
            .args(hardware)
            .args(["-m", "512", "-nic", "none", "-nographic", "-no-reboot"])
            .arg("-kernel")
            .arg(self.kernel)
            .arg("-initrd")
            .arg(self.initramfs)
            .args(["-append", append.trim_end()])
            .stdin(stdin)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("can't start {}", emulator.display()))?;
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
            chunks,
            console: Console::default(),
        })
    }
}

/// A machine that runs. Dropped, it is switched off.
pub struct Running {
    child: Child,
    chunks: Receiver<Vec<u8>>,
    pub console: Console,
}

/// What waiting for the machine gave.
pub enum Progress {
    Said(Vec<Event>),
    /// Nothing for that long.
    Silent,
    Ended(ExitStatus),
}

impl Running {
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
        // By SIGTERM, which lets qemu restore the terminal; where it has ended already, that goes to nobody.
        if let Ok(None) = self.child.try_wait()
            && let Some(pid) = rustix::process::Pid::from_raw(self.child.id() as i32)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

/// What comes over the console, in its order.
#[derive(Debug, PartialEq)]
pub enum Event {
    Text(Vec<u8>),
    /// PID 1 runs.
    Start {
        release: String,
        descriptors: usize,
    },
    /// A command has ended.
    End {
        status: ExitStatus,
        orphans: usize,
    },
    /// A command could not be started.
    Fail {
        code: u8,
    },
    /// The machine is about to power off.
    Stop {
        orphans: usize,
    },
}

impl Event {
    /// Reads a line of the report, without its end.
    fn parse(line: &[u8]) -> Option<Event> {
        let line = str::from_utf8(line).ok()?.strip_prefix("\x1einit ")?;
        let words: Vec<_> = line.split_whitespace().collect();
        Some(match *words {
            ["start", release, descriptors] => Event::Start {
                release: release.into(),
                descriptors: descriptors.parse().ok()?,
            },
            ["end", status, orphans] => Event::End {
                status: ExitStatus::from_raw(status.parse().ok()?),
                orphans: orphans.parse().ok()?,
            },
            ["fail", code] => Event::Fail {
                code: code.parse().ok()?,
            },
            ["stop", orphans] => Event::Stop {
                orphans: orphans.parse().ok()?,
            },
            _ => return None,
        })
    }
}

/// Divides what comes over the console into text and report.
#[derive(Default)]
pub struct Console {
    /// The beginning of a line of the report.
    pending: Vec<u8>,
    /// All of it, for the case that something goes wrong.
    transcript: Vec<u8>,
}

const MARK: u8 = 0x1e;
/// No line of the report is longer.
const LONGEST: usize = 256;

impl Console {
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.transcript.extend(bytes);
        let mut events = Vec::new();
        let mut text = Vec::new();
        for &byte in bytes {
            match (byte, self.pending.is_empty()) {
                (MARK, _) => {
                    text.append(&mut self.pending);
                    self.pending.push(MARK);
                }
                (_, true) => text.push(byte),
                (b'\n', false) => match Event::parse(&self.pending) {
                    Some(event) => {
                        if !text.is_empty() {
                            events.push(Event::Text(std::mem::take(&mut text)));
                        }
                        self.pending.clear();
                        events.push(event);
                    }
                    None => {
                        text.append(&mut self.pending);
                        text.push(byte);
                    }
                },
                (_, false) => {
                    self.pending.push(byte);
                    if self.pending.len() > LONGEST {
                        text.append(&mut self.pending);
                    }
                }
            }
        }
        if !text.is_empty() {
            events.push(Event::Text(text));
        }
        events
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
    fn a_report_is_taken_out_of_the_text_however_it_is_cut() {
        let said = b"OpenSBI\r\n\x1einit start 6.1.0 0\r\nhalf a line\x1einit end 256 7\r\n\x1einit x\n\x1e";
        for cut in 0..said.len() {
            let mut console = Console::default();
            let mut text = Vec::new();
            let mut reports = Vec::new();
            for part in [&said[..cut], &said[cut..]] {
                for event in console.feed(part) {
                    match event {
                        Event::Text(more) => text.extend(more),
                        report => reports.push(report),
                    }
                }
            }
            assert_eq!(text, b"OpenSBI\r\nhalf a line\x1einit x\n");
            let start = Event::Start {
                release: "6.1.0".into(),
                descriptors: 0,
            };
            let end = Event::End {
                status: ExitStatus::from_raw(256),
                orphans: 7,
            };
            assert_eq!(reports, [start, end]);
        }
    }
}
