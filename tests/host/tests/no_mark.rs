//! Tests with kernels that accept `CLONE_CHILD_CLEARTID` but do not clear the word as Linux does. A tracer plays such a
//! kernel. There, a spawn that relied on the kernel's mark alone would wait forever.

#![cfg(target_arch = "x86_64")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Error;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};

use nestling_host_tests::{Arch, Scratch, or_skip};

/// What the kernel does with the flag `CLONE_CHILD_CLEARTID`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kernel {
    /// The kernel never clears the mark.
    Ignores,
    /// The kernel clears the mark of a process's first child only.
    IgnoresFromTheSecond,
    /// The kernel clears the mark when a child ends, but not when it executes a program.
    ClearsAtExit,
}

const KERNELS: [Kernel; 3] = [
    Kernel::Ignores,
    Kernel::IgnoresFromTheSecond,
    Kernel::ClearsAtExit,
];

/// The point at which the tracer kills a child that shares its parent's memory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Death {
    None,
    AtSignalMask,
    AtExec,
}

/// The result of running a program under the tracer.
struct Outcome {
    status: ExitStatus,
    stdout: String,
    /// How often each process asked for the mark.
    asked: BTreeMap<i32, usize>,
}

const CLONE_VM: u64 = 0x100;
const CLONE_THREAD: u64 = 0x1_0000;
const CLONE_CHILD_CLEARTID: u64 = 0x20_0000;
const AUDIT_ARCH_I386: u32 = 0x4000_0003;

/// The system calls that the tracer watches: their numbers on x86_64 and on i386.
const CLONE: [u64; 2] = [56, 120];
const CLONE3: [u64; 2] = [435, 435];
const RT_SIGPROCMASK: [u64; 2] = [14, 175];
const EXECVE: [u64; 2] = [59, 11];

/// The kernel's `struct ptrace_syscall_info`, at the entry of a call.
#[repr(C)]
#[derive(Default)]
struct SyscallInfo {
    op: u8,
    pad: [u8; 3],
    arch: u32,
    ip: u64,
    sp: u64,
    number: u64,
    arguments: [u64; 6],
}

const ENTRY: u8 = 1;

/// Calls `ptrace` with numbers and with addresses of this process.
fn ptrace(request: u32, pid: i32, address: usize, data: usize) -> Result<i64, Error> {
    // SAFETY: the kernel writes the results to valid addresses: the callers own them.
    match unsafe { libc::syscall(libc::SYS_ptrace, request, pid, address, data) } {
        -1 => Err(Error::last_os_error()),
        answer => Ok(answer),
    }
}

/// Reads eight bytes of a process's memory.
fn peek(pid: i32, address: u64) -> u64 {
    let mut word = 0u64;
    let data = &raw mut word as usize;
    ptrace(libc::PTRACE_PEEKDATA, pid, address as usize, data).expect("the word");
    word
}

fn poke(pid: i32, address: u64, word: u64) {
    ptrace(libc::PTRACE_POKEDATA, pid, address as usize, word as usize).expect("a word");
}

struct Tracer {
    kernel: Kernel,
    death: Death,
    known: BTreeSet<i32>,
    asked: BTreeMap<i32, usize>,
    /// For each process that is about to make a child: the address of that child's mark.
    next: BTreeMap<i32, u64>,
    /// For each child that still shares memory: the address of its mark, if the kernel is to clear it.
    marks: BTreeMap<i32, u64>,
    /// The children that share their parent's memory.
    sharing: BTreeSet<i32>,
}

/// Runs a program and all its descendants to their ends on such a kernel.
fn trace(kernel: Kernel, death: Death, scratch: &Scratch, program: &[&str]) -> Outcome {
    let stdout = scratch.path().join("stdout");
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).current_dir(scratch.path());
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command.stdout(fs::File::create(&stdout).expect("a file"));
    // SAFETY: the hook makes two system calls. The alarm ends the program if the tracer hangs.
    unsafe {
        command.pre_exec(|| {
            libc::alarm(120);
            ptrace(libc::PTRACE_TRACEME, 0, 0, 0).map(drop)
        })
    };
    #[allow(clippy::zombie_processes, reason = "`run` reaps it")]
    let root = command.spawn().expect("the program").id() as i32;
    let mut tracer = Tracer {
        kernel,
        death,
        known: BTreeSet::new(),
        asked: BTreeMap::new(),
        next: BTreeMap::new(),
        marks: BTreeMap::new(),
        sharing: BTreeSet::new(),
    };
    let status = tracer.run(root);
    Outcome {
        status,
        stdout: fs::read_to_string(stdout).expect("the output"),
        asked: tracer.asked,
    }
}

impl Tracer {
    fn run(&mut self, root: i32) -> ExitStatus {
        let mut ended = None;
        loop {
            let mut status = 0;
            // SAFETY: the kernel writes one number. `__WNOTHREAD` leaves out the children of other threads.
            let pid = unsafe { libc::waitpid(-1, &mut status, libc::__WALL | libc::__WNOTHREAD) };
            if pid < 0 {
                return ended.expect("the program's end");
            }
            if !libc::WIFSTOPPED(status) {
                if pid == root {
                    ended = Some(ExitStatus::from_raw(status));
                }
                continue;
            }
            let signal = self.see_stop(pid, status);
            // A process that was killed in the meantime no longer exists.
            let _ = ptrace(libc::PTRACE_SYSCALL, pid, 0, signal as usize);
        }
    }

    /// Handles a stop of a process, and returns the signal that the process must get.
    fn see_stop(&mut self, pid: i32, status: i32) -> i32 {
        let signal = libc::WSTOPSIG(status);
        if self.known.insert(pid) {
            let options = libc::PTRACE_O_TRACESYSGOOD
                | libc::PTRACE_O_TRACEFORK
                | libc::PTRACE_O_TRACEVFORK
                | libc::PTRACE_O_TRACECLONE
                | libc::PTRACE_O_TRACEEXEC
                | libc::PTRACE_O_TRACEEXIT
                | libc::PTRACE_O_EXITKILL;
            let _ = ptrace(libc::PTRACE_SETOPTIONS, pid, 0, options as usize);
            // This is the first stop of a new process.
            return 0;
        }
        match (signal, status >> 16) {
            (signal, 0) if signal == libc::SIGTRAP | 0x80 => self.see_call(pid),
            (
                libc::SIGTRAP,
                libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE,
            ) => {
                let mut child = 0usize;
                ptrace(libc::PTRACE_GETEVENTMSG, pid, 0, &raw mut child as usize).expect("its id");
                if let Some(mark) = self.next.remove(&pid) {
                    self.sharing.insert(child as i32);
                    if mark != 0 && self.kernel == Kernel::ClearsAtExit {
                        self.marks.insert(child as i32, mark);
                    }
                }
            }
            (libc::SIGTRAP, libc::PTRACE_EVENT_EXEC) => {
                self.marks.remove(&pid);
                self.sharing.remove(&pid);
            }
            (libc::SIGTRAP, libc::PTRACE_EVENT_EXIT) => {
                if let Some(mark) = self.marks.remove(&pid) {
                    poke(pid, mark, peek(pid, mark) & !0xffff_ffff);
                }
            }
            (signal, 0) => return signal,
            _ => {}
        }
        0
    }

    fn see_call(&mut self, pid: i32) {
        let mut info = SyscallInfo::default();
        let data = &raw mut info as usize;
        let read = ptrace(0x420e, pid, size_of::<SyscallInfo>(), data);
        if read.is_err() || info.op != ENTRY {
            return;
        }
        let is_i386 = info.arch == AUDIT_ARCH_I386;
        let is = |numbers: [u64; 2]| info.number == numbers[usize::from(is_i386)];
        let dies = match self.death {
            Death::None => false,
            Death::AtSignalMask => is(RT_SIGPROCMASK),
            Death::AtExec => is(EXECVE),
        };
        if dies && self.sharing.contains(&pid) {
            // SAFETY: `kill` takes numbers only.
            unsafe { libc::kill(pid, libc::SIGKILL) };
            return;
        }
        let [first, ..] = info.arguments;
        let (flags, mark) = if is(CLONE3) {
            (peek(pid, first), peek(pid, first + 16))
        } else if is(CLONE) {
            // The mark's address is the fourth argument on x86_64 and the fifth on i386. On both, the library tries
            // `clone3` before `clone`.
            (first, info.arguments[if is_i386 { 4 } else { 3 }])
        } else {
            return;
        };
        if flags & (CLONE_VM | CLONE_THREAD) != CLONE_VM {
            return;
        }
        self.next.insert(pid, 0);
        if flags & CLONE_CHILD_CLEARTID == 0 {
            return;
        }
        let asked = self.asked.entry(pid).or_default();
        *asked += 1;
        if self.kernel == Kernel::IgnoresFromTheSecond && *asked == 1 {
            return;
        }
        self.next.insert(pid, mark);
        let flags = flags & !CLONE_CHILD_CLEARTID;
        if is(CLONE3) {
            poke(pid, first, flags);
            return;
        }
        // SAFETY: the structure consists of numbers only.
        let mut registers: libc::user_regs_struct = unsafe { std::mem::zeroed() };
        let data = &raw mut registers as usize;
        ptrace(libc::PTRACE_GETREGS, pid, 0, data).expect("its registers");
        *if is_i386 {
            &mut registers.rbx
        } else {
            &mut registers.rdi
        } = flags;
        ptrace(libc::PTRACE_SETREGS, pid, 0, data).expect("its registers");
    }
}

/// Runs a test on each of these kernels, with the programs of each architecture.
fn everywhere(test: impl Fn(Kernel, Arch)) {
    for arch in [Arch::X86_64, Arch::I386] {
        // The message is printed once for each architecture that is missing.
        or_skip!(arch.victim());
        for kernel in KERNELS {
            test(kernel, arch);
        }
    }
}

#[test]
fn spawn_runs_its_program() {
    everywhere(|kernel, arch| {
        let (spawn, victim) = (or_skip!(arch.spawn()), or_skip!(arch.victim()));
        let scratch = Scratch::new(&victim);
        let program = [
            spawn.to_str().expect("a plain path"),
            "--",
            "/bin/echo",
            "hi",
        ];
        let outcome = trace(kernel, Death::None, &scratch, &program);
        assert_eq!(outcome.stdout, "hi\n", "{kernel:?} {arch:?}");
        assert!(outcome.status.success(), "{kernel:?} {arch:?}");
        assert!(outcome.asked.is_empty(), "it has the pipe");
    });
}

#[test]
fn init_runs_its_command() {
    everywhere(|kernel, arch| {
        let (init, victim) = (or_skip!(arch.init()), or_skip!(arch.victim()));
        let scratch = Scratch::new(&victim);
        let command = "/bin/echo hi; exit 3";
        let program = [
            init.to_str().expect("a plain path"),
            "--",
            "/bin/sh",
            "-c",
            command,
        ];
        let outcome = trace(kernel, Death::None, &scratch, &program);
        assert_eq!(outcome.stdout, "hi\n", "{kernel:?} {arch:?}");
        assert_eq!(outcome.status.code(), Some(3), "{kernel:?} {arch:?}");
    });
}

#[test]
fn sh_runs_programs_pipelines_substitutions_and_background_jobs() {
    let script = "/bin/echo 1
        /bin/echo 2 | /bin/cat | /bin/cat
        x=$(/bin/echo 3; /bin/echo 4); echo \"$x\"
        { /bin/echo 5; /bin/echo 6; } | while read n; do /bin/echo $n; done
        /bin/echo 7 & wait $!; echo $?
        (/bin/echo 8; /bin/echo 9)
        /bin/sh -c 'exit 10'; echo $?
        ./missing; echo $?";
    everywhere(|kernel, arch| {
        let (sh, victim) = (or_skip!(arch.sh()), or_skip!(arch.victim()));
        let scratch = Scratch::new(&victim);
        let program = [sh.to_str().expect("a plain path"), "-c", script];
        let outcome = trace(kernel, Death::None, &scratch, &program);
        let expected = "1\n2\n3\n4\n5\n6\n7\n0\n8\n9\n10\n127\n";
        assert_eq!(outcome.stdout, expected, "{kernel:?} {arch:?}");
        assert!(outcome.status.success(), "{kernel:?} {arch:?}");
        // A process that has noticed the kernel's fault uses the pipe from then on.
        let most = match kernel {
            Kernel::Ignores | Kernel::ClearsAtExit => 1,
            Kernel::IgnoresFromTheSecond => 2,
        };
        let asked = outcome.asked;
        assert!(
            !asked.is_empty() && asked.values().all(|&times| times <= most),
            "{asked:?}"
        );
    });
}

/// The program that reads the FIFO ends only if the shell that started it continues.
#[test]
fn the_shell_notices_that_a_program_runs() {
    everywhere(|kernel, arch| {
        let (sh, victim) = (or_skip!(arch.sh()), or_skip!(arch.victim()));
        let scratch = Scratch::new(&victim);
        let fifo = scratch.path().join("fifo");
        let name = std::ffi::CString::new(fifo.to_str().expect("a plain path")).expect("no null");
        // SAFETY: the argument is a C string.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        // The test concerns the first child whose mark the kernel does not clear.
        let script = match kernel {
            Kernel::Ignores | Kernel::ClearsAtExit => "/bin/cat fifo & echo 1 >fifo; wait",
            Kernel::IgnoresFromTheSecond => "/bin/true; /bin/cat fifo & echo 1 >fifo; wait",
        };
        let program = [sh.to_str().expect("a plain path"), "-c", script];
        let outcome = trace(kernel, Death::None, &scratch, &program);
        assert_eq!(outcome.stdout, "1\n", "{kernel:?} {arch:?}");
    });
}

/// The victim's output about two spawns with the mark.
fn victim(kernel: Kernel, arch: Arch, death: Death) -> String {
    let victim = arch.victim().expect("it is there");
    let scratch = Scratch::new(&victim);
    let outcome = trace(kernel, death, &scratch, &["./program", "twice", "mark"]);
    assert!(outcome.status.success(), "{kernel:?} {arch:?}");
    assert!(!outcome.asked.is_empty(), "{kernel:?} {arch:?}");
    outcome.stdout
}

#[test]
fn a_spawn_leaves_everything_as_it_was_and_nothing_writes_to_its_frame_afterwards() {
    everywhere(|kernel, arch| {
        let said = victim(kernel, arch, Death::None);
        assert_eq!(
            said,
            "ok 7\ninvariants hold\n".repeat(2),
            "{kernel:?} {arch:?}"
        );
    });
}

#[test]
fn a_child_that_is_killed_before_its_exec_is_reported() {
    everywhere(|kernel, arch| {
        let said = victim(kernel, arch, Death::AtSignalMask);
        assert_eq!(
            said,
            "killed 9\ninvariants hold\n".repeat(2),
            "{kernel:?} {arch:?}"
        );
    });
}

/// The spawn succeeds, because the child was the new program already when it was killed.
#[test]
fn a_child_that_is_killed_in_its_exec_is_reported() {
    everywhere(|kernel, arch| {
        let said = victim(kernel, arch, Death::AtExec);
        assert_eq!(
            said,
            "ok 137\ninvariants hold\n".repeat(2),
            "{kernel:?} {arch:?}"
        );
    });
}
