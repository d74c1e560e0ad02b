//! A machine in qemu-system: it starts with a kernel and an initramfs, and its console is read while it runs.
//!
//! The agent reports over the same console what happens, in lines that [`Event`] reads.

use std::{
    fs::File,
    io::{self, Read, Write, stdin},
    iter,
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

/// Finds the program of qemu-system for the architecture.
pub fn emulator(arch: Arch) -> Result<PathBuf, Missing> {
    // The package differs from release to release; each of these packages provides the name.
    let (name, packages): (_, &[_]) = match arch {
        Arch::X86_64 => ("qemu-system-x86_64", &["qemu-system-x86-64"]),
        Arch::I386 => ("qemu-system-i386", &["qemu-system-i386"]),
        Arch::Aarch64 => ("qemu-system-aarch64", &["qemu-system-aarch64"]),
        Arch::Riscv64 => ("qemu-system-riscv64", &["qemu-system-riscv64", "opensbi"]),
    };
    apt::program(name, packages)
}

/// qemu's arguments for the machine, and the kernel's arguments for it. The kernel's first argument is the name of the
/// serial line.
fn hardware(arch: Arch) -> (&'static [&'static str], &'static str) {
    match arch {
        // Against Meltdown, the kernel changes page tables at each system call, which is slow in qemu. On a busy host,
        // the kernel's check of the timer may fail because the timer is late, and the kernel would panic.
        Arch::X86_64 | Arch::I386 => (
            &["-M", "pc", "-vga", "none"],
            "console=ttyS0 mitigations=off no_timer_check",
        ),
        // With a random address, the kernel keeps page tables of its own, and qemu takes four times as long.
        Arch::Aarch64 => (
            &["-M", "virt", "-cpu", "cortex-a57"],
            "console=ttyAMA0 nokaslr",
        ),
        // The fewest levels of page tables, because qemu walks them.
        Arch::Riscv64 => (
            &["-M", "virt", "-cpu", "rv64,sv48=off,sv57=off"],
            "console=ttyS0",
        ),
    }
}

/// A machine to start.
pub struct Machine<'a> {
    /// Its architecture.
    pub arch: Arch,
    /// The path of the kernel.
    pub kernel: &'a Path,
    /// The path of the archive.
    pub initramfs: &'a Path,
    /// Additional arguments of the kernel.
    pub append: &'a str,
}

impl Machine<'_> {
    /// Starts the machine. `stdin` is the input of its console.
    pub fn start(&self, stdin: Stdio) -> Result<Running> {
        self.start_with(stdin, &[])
    }

    /// Starts the machine with additional devices, given as arguments of qemu.
    pub fn start_with(&self, stdin: Stdio, devices: &[String]) -> Result<Running> {
        let emulator = apt::obtain(|| emulator(self.arch))?;
        let (hardware, words) = hardware(self.arch);
        // A panic ends the machine at once, and a machine that ends does not restart. By default, Debian's kernels
        // clear each page that they allocate, also for themselves; that is a quarter of qemu's work, so it is switched
        // off.
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
            initramfs: None,
            console: Console::default(),
        })
    }
}

/// A running machine. It is switched off on drop.
pub struct Running {
    child: Child,
    guard: Option<Guard>,
    /// qemu's standard input, if it is a pipe.
    input: Option<ChildStdin>,
    chunks: Receiver<Vec<u8>>,
    /// The initramfs, if it is a file in memory: qemu opens it by its number in this process.
    pub(crate) initramfs: Option<File>,
    /// The output of the machine's console.
    pub console: Console,
}

/// The result of waiting for the machine.
pub enum Progress {
    /// The console has shown these events.
    Said(Vec<Event>),
    /// The console was silent for the whole time.
    Silent,
    /// qemu has ended.
    Ended(ExitStatus),
}

impl Running {
    /// Strikes keys: writes them to the console's input, which must be a pipe.
    pub fn strike(&mut self, keys: &str) -> Result<()> {
        let input = self.input.as_mut().context("no pipe to qemu")?;
        Ok(input.write_all(keys.as_bytes())?)
    }

    /// Presses Ctrl-Alt-Del on the machine's keyboard.
    pub fn press_ctrl_alt_del(&mut self) -> Result<()> {
        self.command("sendkey ctrl-alt-delete")
    }

    /// Gives a command to qemu's monitor. Ctrl-A c switches to the monitor and back.
    pub fn command(&mut self, command: &str) -> Result<()> {
        self.strike(&format!("\x01c{command}\n\x01c"))
    }

    /// Passes this program's standard input to the console, if the console's input is a pipe. At its end, Ctrl-D tells the machine's
    /// terminal. Later calls do nothing.
    pub fn pass_stdin(&mut self) {
        if let Some(mut input) = self.input.take() {
            thread::spawn(move || pass(&mut stdin().lock(), &mut input));
        }
    }

    /// Ends the machine at once. A machine whose disk hangs would not end by itself.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits until the console shows something, for at most this time.
    pub fn wait(&mut self, limit: Duration) -> Result<Progress> {
        Ok(match self.chunks.recv_timeout(limit) {
            Ok(chunk) => Progress::Said(self.console.feed(&chunk)),
            Err(RecvTimeoutError::Timeout) => Progress::Silent,
            Err(RecvTimeoutError::Disconnected) => Progress::Ended(self.child.wait()?),
        })
    }
}

/// Copies text for a terminal behind qemu's serial line.
fn pass(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    const END: u8 = 0x04; // Ctrl-D; in the middle of a line it must be there twice
    const ESCAPE: u8 = 0x01; // Ctrl-A is a command for qemu; if it is doubled, the machine gets it
    let mut buffer = [0; 4096];
    let mut last = b'\n';
    loop {
        let bytes = match from.read(&mut buffer)? {
            0 => break,
            count => &buffer[..count],
        };
        let doubled = |&byte: &u8| iter::repeat_n(byte, 1 + usize::from(byte == ESCAPE));
        to.write_all(&bytes.iter().flat_map(doubled).collect::<Vec<_>>())?;
        last = bytes.last().copied().unwrap_or(last);
    }
    to.write_all(&[END, END][usize::from(last == b'\n')..])
}

impl Drop for Running {
    fn drop(&mut self) {
        if let (Ok(None), Some(guard)) = (self.child.try_wait(), &self.guard) {
            guard.end();
            let _ = self.child.wait();
        }
    }
}

/// An event on the console, in the order of the output.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// Text that the agent did not write as an event.
    Text(Vec<u8>),
    /// The agent runs on this release of the kernel: as process 1, or as a service of an init.
    Begin(String),
    /// The agent has started a command.
    Start,
    /// A command has ended, or could not be started.
    End(ExitStatus),
    /// As process 1, the agent switches the machine off.
    PowerOff,
}

/// The beginning of a line of the agent that is an event. The carriage return moves the cursor of a terminal to the left margin.
const MARK: &[u8] = b"\rnestling: ";

impl Event {
    /// Reads a line of the agent, without [`MARK`] and the line's end: `begin RELEASE`, `start`, `end exit STATUS`, `end signal NUMBER`
    /// or `power-off`. Returns `None` if the line is none of these.
    fn parse(line: &[u8]) -> Option<Event> {
        let line = str::from_utf8(line).ok()?;
        let words: Vec<_> = line.split(' ').collect();
        Some(match *words {
            ["begin", release] if !release.is_empty() => Event::Begin(release.into()),
            ["start"] => Event::Start,
            ["end", "exit", code] => Event::End(ExitStatus::from_raw(
                i32::from(code.parse::<u8>().ok()?) << 8,
            )),
            ["end", "signal", number] => {
                let number = number.parse().ok().filter(|it| (1..=64).contains(it));
                Event::End(ExitStatus::from_raw(number?))
            }
            ["power-off"] => Event::PowerOff,
            _ => return None,
        })
    }
}

/// Divides the console's output into the agent's events and other text.
#[derive(Default)]
pub struct Console {
    /// Bytes that may be the beginning of an event's line.
    pending: Vec<u8>,
    /// The whole output, for error messages.
    transcript: Vec<u8>,
}

impl Console {
    /// Takes new output.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.transcript.extend(bytes);
        let mut events = Vec::new();
        let mut text = Vec::new();
        for &byte in bytes {
            // Another carriage return may be the beginning of the mark.
            if byte == b'\r' && self.pending.len() <= MARK.len() {
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
                let line = &self.pending[MARK.len()..];
                match Event::parse(line.trim_ascii_end()) {
                    Some(event) => {
                        if !text.is_empty() {
                            events.push(Event::Text(std::mem::take(&mut text)));
                        }
                        events.push(event);
                    }
                    None => text.extend(&self.pending),
                }
                self.pending.clear();
            }
        }
        if !text.is_empty() {
            events.push(Event::Text(text));
        }
        events
    }

    /// Returns the whole output as text that any terminal can show.
    pub fn transcript(&self) -> String {
        String::from_utf8_lossy(&self.transcript).replace('\r', "")
    }

    /// Whether the kernel has panicked.
    pub fn panicked(&self) -> bool {
        let panic = b"Kernel panic - not syncing";
        self.transcript.windows(panic.len()).any(|it| it == panic)
    }

    /// Returns the last lines, or those from the kernel's panic on, as text that any terminal can show.
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
    fn events_are_separated_from_the_text_however_they_are_split() {
        let said = b"OpenSBI\r\n\rnestling: begin 6.1.0\r\n$ \rinit: sh: exit status: 3\r\n\rnestling: start\r\n\r\rnestling: end exit 4\r\n\
            \rnestling: end\r\n\rnestling: end signal 9\r\n\rnestling: power-off\r\n\rnestling";
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
            let expected = "OpenSBI\r\n$ \rinit: sh: exit status: 3\r\n\r\rnestling: end\r\n";
            assert_eq!(String::from_utf8_lossy(&text), expected);
            assert_eq!(
                others,
                [
                    Event::Begin("6.1.0".into()),
                    Event::Start,
                    Event::End(ExitStatus::from_raw(4 << 8)),
                    Event::End(ExitStatus::from_raw(9)),
                    Event::PowerOff,
                ]
            );
        }
    }

    #[test]
    fn a_line_that_is_not_exactly_an_event_is_none() {
        for line in [
            "",
            " ",
            "begin",
            "begin ",
            "begin 6.1 now",
            "Begin 6.1",
            "start ",
            "start 7",
            "end",
            "end ",
            "end 3",
            "end exit",
            "end exit ",
            "end exit -1",
            "end exit 256",
            "end exit 3 4",
            "end exit  3",
            "end signal 0",
            "end signal -9",
            "end signal 65",
            "end signal KILL",
            "power-off now",
            "power off",
        ] {
            assert_eq!(Event::parse(line.as_bytes()), None, "{line:?}");
        }
        assert_eq!(Event::parse(b"begin \xff"), None);
    }

    #[test]
    fn input_for_a_terminal_ends_with_ctrl_d_and_contains_no_command_for_qemu() {
        for (text, passed) in [
            (&b""[..], &b"\x04"[..]),
            (b"a\x01b\n", b"a\x01\x01b\n\x04"),
            (b"a", b"a\x04\x04"),
        ] {
            let mut to = Vec::new();
            pass(&mut &*text, &mut to).expect("a copy");
            assert_eq!(to, passed);
        }
    }
}
