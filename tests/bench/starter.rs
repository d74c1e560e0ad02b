//! Starts a program again and again by one way of starting programs, and prints how long a start took. `cargo xtask
//! bench spawn` runs this program.
//!
//! `starter PROGRAM` reads lines of the form `WAY MILLISECONDS PINNED MEMORY DESCRIPTORS ACTIONS THREADS`. It answers
//! each line with the median time, in nanoseconds, of one start and of the wait for the program's end. It measures for
//! MILLISECONDS, in THREADS threads, in a process that has MEMORY bytes of memory and DESCRIPTORS open descriptors.
//! Each child does ACTIONS calls of `dup2`. The program is built for two targets, to measure two C libraries.

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

/// What each start works with.
struct Work {
    program: CString,
    actions: usize,
}

/// A way to start programs. It prepares once what a real program would prepare once; each call of the returned function
/// then starts the program and waits for its end.
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

/// The descriptor that a child's `dup2` copies, and the descriptor that it replaces.
const FROM: i32 = 1;
const TO: i32 = 10;

/// The shortest child: it calls `dup2`, then `execve`.
fn become_program(work: &Work) -> ! {
    let args: [*const c_char; 2] = [work.program.as_ptr(), null()];
    let env: [*const c_char; 1] = [null()];
    // SAFETY: this process does not own descriptor `TO`; both arrays end with null.
    unsafe {
        for _ in 0..work.actions {
            let _ = sys::fd::dup3(FROM, TO, OFlags::RDONLY);
        }
        let _ = sys::process::execve(&work.program, args.as_ptr(), env.as_ptr());
    }
    sys::process::exit(127)
}

/// Only the three necessary calls: the fastest that the kernel allows. (Not for real use: it ignores signal handlers
/// and errors.)
fn limit(work: &Work) -> Box<dyn FnMut() + '_> {
    unsafe extern "C" fn child(work: *mut c_void) -> ! {
        // SAFETY: the parent passes this pointer, and waits while the child uses it.
        become_program(unsafe { &*work.cast::<Work>() })
    }
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    let mut stack = vec![0_u128; 1024];
    Box::new(move || {
        let top = stack.as_mut_ptr_range().end.cast();
        let work = (&raw const *work).cast_mut().cast();
        // SAFETY: the parent continues only when the child has left the stack.
        let pid = unsafe { sys::clone::clone(flags as u32, top, null_mut(), child, work) };
        reap(pid.expect("a child"));
    })
}

fn fork(work: &Work) -> Box<dyn FnMut() + '_> {
    Box::new(|| {
        // SAFETY: the child makes only calls that are allowed in a signal handler.
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
    // SAFETY: the actions and attributes are initialised before they are used.
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
        // SAFETY: the actions are initialised, and both arrays end with null.
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
                // SAFETY: this process does not own descriptor `TO`.
                let _ = unsafe { sys::fd::dup3(FROM, TO, OFlags::RDONLY) };
            }
            Ok(())
        };
        let mut command = std::process::Command::new(program);
        // SAFETY: the hook makes system calls only.
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
        let status = command.env_clear().memory(memory).status();
        assert_eq!(status.expect("its status").code(), Some(0));
    })
}

/// The number of starts that are not measured, before those that are measured; of these, this is the least number.
const WARM_UP: usize = 2;
const LEAST: usize = 3;

/// The median time of one start, in nanoseconds. A start that another process interrupts does not move the median.
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

/// Memory that was touched page by page, like a heap that has grown over time.
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
        // SAFETY: the old pages are no longer used, and the new pages are not used yet.
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
    // A few more than the descriptors that will be open.
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

/// Closes the descriptors that a way has leaked (tiny-std's `Command` leaks some), because they would make the next
/// ways slower.
fn close_surplus(files: &[File]) {
    let first = 3 + files.len() as libc::c_uint;
    // SAFETY: this process does not use these descriptors.
    unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) };
}

/// Lets this process run on all the CPUs of `all`, or, if `pinned`, only on the last of them.
fn set_cpus(all: &libc::cpu_set_t, pinned: bool) {
    // SAFETY: the kernel reads this plain data.
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
    // Raises this process above all others where that is allowed, because other processes would disturb the figures.
    // SAFETY: the kernel writes this plain data.
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
