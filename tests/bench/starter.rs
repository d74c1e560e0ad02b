//! Starts a program over and over, in one way or another, and says how long that took: what `cargo xtask bench spawn` measures.
//!
//! `starter PROGRAM` reads lines `WAY MILLISECONDS PINNED MEMORY DESCRIPTORS ACTIONS THREADS` and answers each with the
//! nanoseconds of one start and the wait for its end (the median): so many threads do that for so many milliseconds, in a process
//! that has so many bytes of memory and so many open descriptors, and each child does so many `dup2`. Built for two targets it
//! has two C libraries.

use std::ffi::{CString, c_char, c_void};
use std::fs::File;
use std::hint::black_box;
use std::io::{self, BufRead, Write};
use std::mem::{MaybeUninit, replace, zeroed};
use std::os::unix::process::CommandExt;
use std::ptr::{null, null_mut};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use nestling::spawn::{Action, Attributes, Memory, Notice, Program, Spawn};
use nestling::{Args, OFlags, Pid, args, command, sys, wait};

/// What each start is given.
struct Work {
    program: CString,
    actions: usize,
}

/// Prepares what can be prepared once, as a program would; each call then starts the program and waits.
type Way = fn(&Work) -> Box<dyn FnMut() + '_>;

fn way(name: &str) -> Option<Way> {
    Some(match name {
        "limit" => limit,
        "fork" => fork,
        "posix_spawn" => posix_spawn,
        "std" => standard,
        "std-pre-exec" => standard_with_pre_exec,
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        "tiny-std" => tiny,
        "core" => |work| core(work, Memory::Shared, Notice::Pipe),
        "core-mark" => |work| core(work, Memory::Shared, Notice::Mark),
        "core-copied" => |work| core(work, Memory::Copied, Notice::Pipe),
        "command" => |work| command(work, Memory::Shared),
        "command-copied" => |work| command(work, Memory::Copied),
        _ => return None,
    })
}

/// The descriptor that a child's `dup2` takes, and the one it replaces.
const FROM: i32 = 1;
const TO: i32 = 10;

/// What becomes of a child that has nothing but its exec in mind.
fn become_program(work: &Work) -> ! {
    let args: [*const c_char; 2] = [work.program.as_ptr(), null()];
    let env: [*const c_char; 1] = [null()];
    // SAFETY: the number is nobody's; both arrays end with null.
    unsafe {
        for _ in 0..work.actions {
            let _ = sys::fd::dup3(FROM, TO, OFlags::RDONLY);
        }
        let _ = sys::process::execve(&work.program, args.as_ptr(), env.as_ptr());
    }
    sys::process::exit(127)
}

/// Nothing but the three calls that there must be: what the kernel allows at best. (Unfit for use: signal handlers, and errors.)
fn limit(work: &Work) -> Box<dyn FnMut() + '_> {
    unsafe extern "C" fn child(work: *mut c_void) -> ! {
        // SAFETY: the parent, which waits meanwhile, gives it.
        become_program(unsafe { &*work.cast::<Work>() })
    }
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    let mut stack = vec![0_u128; 1024];
    Box::new(move || {
        let top = stack.as_mut_ptr_range().end.cast();
        let work = (&raw const *work).cast_mut().cast();
        // SAFETY: the parent goes on when the child has left the stack.
        let pid = unsafe { sys::clone::clone(flags as u32, top, null_mut(), child, work) };
        reap(pid.expect("a child"));
    })
}

fn fork(work: &Work) -> Box<dyn FnMut() + '_> {
    Box::new(|| {
        // SAFETY: the child does nothing that a signal handler may not.
        match unsafe { sys::clone::fork() }.expect("a child") {
            None => become_program(work),
            Some(pid) => reap(pid),
        }
    })
}

fn reap(pid: Pid) {
    let status = wait::wait(pid).expect("its status");
    assert_eq!(status.code(), Some(0));
}

fn posix_spawn(work: &Work) -> Box<dyn FnMut() + '_> {
    let mut actions = MaybeUninit::uninit();
    // SAFETY: they are made before they are used.
    unsafe {
        libc::posix_spawn_file_actions_init(actions.as_mut_ptr());
        for _ in 0..work.actions {
            libc::posix_spawn_file_actions_adddup2(actions.as_mut_ptr(), FROM, TO);
        }
    }
    let none = work.actions == 0;
    Box::new(move || {
        let actions = if none { null() } else { actions.as_ptr() };
        let args: [*const c_char; 2] = [work.program.as_ptr(), null()];
        let (args, env) = (args.as_ptr().cast(), [null_mut()]);
        let (mut pid, mut status) = (0, 0);
        // SAFETY: the actions are made, and both arrays end with null.
        unsafe {
            let program = work.program.as_ptr();
            let answer = libc::posix_spawn(&mut pid, program, actions, null(), args, env.as_ptr());
            assert_eq!(answer, 0);
            assert_eq!(libc::waitpid(pid, &mut status, 0), pid);
        }
        assert_eq!(status, 0);
    })
}

fn standard(work: &Work) -> Box<dyn FnMut() + '_> {
    let program = work.program.to_str().expect("a plain path");
    Box::new(move || {
        let status = std::process::Command::new(program).status();
        assert!(status.expect("its status").success());
    })
}

fn standard_with_pre_exec(work: &Work) -> Box<dyn FnMut() + '_> {
    let program = work.program.to_str().expect("a plain path");
    let actions = work.actions;
    Box::new(move || {
        let hook = move || {
            for _ in 0..actions {
                // SAFETY: the number is nobody's.
                let _ = unsafe { sys::fd::dup3(FROM, TO, OFlags::RDONLY) };
            }
            Ok(())
        };
        let mut command = std::process::Command::new(program);
        // SAFETY: the hook makes system calls, and nothing else.
        let status = unsafe { command.pre_exec(hook) }.status();
        assert!(status.expect("its status").success());
    })
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn tiny(work: &Work) -> Box<dyn FnMut() + '_> {
    use tiny_std::{UnixString, process::Command};
    let program = work.program.to_str().expect("a plain path");
    let program = UnixString::try_from_str(program).expect("a plain path");
    Box::new(move || {
        let mut command = Command::new(&program).expect("a command");
        let mut child = command.spawn().expect("a child");
        assert_eq!(child.wait().expect("its status"), 0);
    })
}

fn core(work: &Work, memory: Memory, notice: Notice) -> Box<dyn FnMut() + '_> {
    let actions = vec![Action::Dup2 { from: FROM, to: TO }; work.actions];
    Box::new(move || {
        let list = args![&*work.program];
        let program = Program::Path(&work.program);
        let spawn = Spawn {
            actions: &actions,
            attributes: Attributes {
                memory,
                notice,
                ..Attributes::default()
            },
            ..Spawn::new(program, Args::new(&list), Args::EMPTY)
        };
        let status = spawn.start().expect("a child").wait();
        assert_eq!(status.expect("its status").code(), Some(0));
    })
}

fn command(work: &Work, memory: Memory) -> Box<dyn FnMut() + '_> {
    Box::new(move || {
        let mut command = command::Command::new(work.program.as_bytes());
        let status = command.memory(memory).status();
        assert_eq!(status.expect("its status").code(), Some(0));
    })
}

/// Starts that do not count, before those that do, of which there are so many at least.
const WARM_UP: usize = 2;
const LEAST: usize = 3;

/// Nanoseconds of one start: the median, which those that another process has interrupted don't move.
fn measure(way: Way, work: &Work, budget: Duration, threads: usize) -> u128 {
    let begin = Barrier::new(threads);
    let run = || {
        let (mut start, mut times) = (way(work), Vec::with_capacity(100_000));
        (0..WARM_UP).for_each(|_| start());
        begin.wait();
        let begun = Instant::now();
        let mut now = begun;
        while times.len() < LEAST || now - begun < budget {
            start();
            let before = replace(&mut now, Instant::now());
            times.push((now - before).as_nanos());
        }
        times
    };
    let mut times = match threads {
        1 => run(),
        _ => thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
            let times = threads
                .into_iter()
                .flat_map(|it| it.join().expect("a thread"));
            times.collect()
        }),
    };
    times.sort_unstable();
    times[times.len() / 2]
}

/// Memory that is there page by page, as a heap that has grown over time has it.
#[derive(Default)]
struct Pages {
    address: usize,
    size: usize,
}

impl Pages {
    fn set(&mut self, size: usize) {
        if size == self.size {
            return;
        }
        // SAFETY: the old are nobody's any more, and the new ones nobody's yet.
        unsafe {
            if self.size > 0 {
                libc::munmap(self.address as *mut c_void, self.size);
            }
            if size > 0 {
                let protection = libc::PROT_READ | libc::PROT_WRITE;
                let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
                let pages = libc::mmap(null_mut(), size, protection, kind, -1, 0);
                assert_ne!(pages, libc::MAP_FAILED, "{}", io::Error::last_os_error());
                libc::madvise(pages, size, libc::MADV_NOHUGEPAGE);
                for offset in (0..size).step_by(4096) {
                    pages.cast::<u8>().add(offset).write_volatile(1);
                }
                self.address = pages as usize;
            }
        }
        self.size = size;
    }
}

fn set_descriptors(files: &mut Vec<File>, count: usize) -> io::Result<()> {
    let count = count.saturating_sub(3);
    // Some more than there will be.
    let want = count as libc::rlim_t + 100;
    // SAFETY: the kernel writes and reads the limits.
    unsafe {
        let mut limit = zeroed::<libc::rlimit>();
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        if limit.rlim_cur < want {
            limit.rlim_cur = want;
            limit.rlim_max = limit.rlim_max.max(want);
            if libc::setrlimit(libc::RLIMIT_NOFILE, &limit) != 0 {
                return Err(io::Error::last_os_error());
            }
        }
    }
    files.truncate(count);
    while files.len() < count {
        files.push(File::open("/dev/null")?);
    }
    Ok(())
}

/// Closes what a way has left open (tiny-std's `Command` does), else the next ones would be slower.
fn close_surplus(files: &[File]) {
    let first = 3 + files.len() as libc::c_uint;
    // SAFETY: they are nobody's.
    unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) };
}

/// The CPUs that this process may use, or of them the last.
fn set_cpus(all: &libc::cpu_set_t, pinned: bool) {
    // SAFETY: it is plain data, which the kernel reads.
    unsafe {
        let last = (0..libc::CPU_SETSIZE as usize).rfind(|&cpu| libc::CPU_ISSET(cpu, all));
        let mut one = zeroed();
        libc::CPU_SET(last.unwrap_or(0), &mut one);
        let set = if pinned { &one } else { all };
        libc::sched_setaffinity(0, size_of_val(set), set);
    }
}

fn main() -> io::Result<()> {
    let program = std::env::args().nth(1).expect("a program");
    let mut work = Work {
        program: CString::new(program)?,
        actions: 0,
    };
    let (mut pages, mut files) = (Pages::default(), Vec::new());
    // Before all others, where that is allowed: they would be in the figures.
    // SAFETY: these are plain data, which the kernel writes.
    let cpus = unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, -20);
        let mut cpus = zeroed();
        libc::sched_getaffinity(0, size_of_val(&cpus), &mut cpus);
        cpus
    };
    for line in io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.split(' ');
        let way = words.next().and_then(way);
        let mut number = || -> usize {
            let number = words.next().and_then(|word| word.parse().ok());
            number.expect("a number")
        };
        let budget = Duration::from_millis(number() as u64);
        set_cpus(&cpus, number() == 1);
        pages.set(number());
        let descriptors = set_descriptors(&mut files, number());
        work.actions = number();
        let answer = match (way, descriptors) {
            (_, Err(error)) => format!("can't: {error}"),
            (None, _) => "0".into(),
            (Some(way), _) => measure(way, &work, budget, number()).to_string(),
        };
        black_box(&pages);
        close_surplus(&files);
        println!("{answer}");
        io::stdout().flush()?;
    }
    Ok(())
}
