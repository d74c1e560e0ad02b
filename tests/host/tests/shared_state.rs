//! Tests what a child that shares its parent's memory could change in the parent, and what a concurrent fork finds.

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::thread;

use nestling::command::Command;
use nestling::spawn::set_dumpable;
use nestling::spawn::{Action, Program, Spawn, fork};
use nestling::sys::process::{dumpable, exit};
use nestling::sys::signal::{self, Disposition};
use nestling::system::system;
use nestling::{Args, OFlags, Pid, Signal, args, wait};
use nestling_host_tests::{alone, say};

/// Synchronises a child or command with another thread of its parent. The child opens the first FIFO to report that it
/// has arrived; the second FIFO lets it continue.
struct Meeting {
    folder: PathBuf,
}

impl Meeting {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("nestling-meeting-{}", std::process::id()));
        // A test that becomes another user cannot remove its folder; a later process may have the same id.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).expect("a folder");
        let it = Self { folder };
        for name in ["there", "go on"] {
            let path = it.path(name);
            // SAFETY: the calls take C strings; any user may use both FIFOs.
            unsafe {
                assert_eq!(libc::mkfifo(path.as_ptr(), 0o666), 0);
                assert_eq!(libc::chmod(path.as_ptr(), 0o666), 0);
            }
        }
        it
    }

    fn path(&self, name: &str) -> CString {
        let path = self.folder.join(name);
        CString::new(path.to_str().expect("text")).expect("no null")
    }

    /// Runs `waiting` in another thread, and runs `something` while `waiting` is stopped between the two FIFOs.
    fn while_it_waits(&self, waiting: impl FnOnce() + Send, something: impl FnOnce()) {
        thread::scope(|scope| {
            let other = scope.spawn(waiting);
            let there = File::open(self.folder.join("there")).expect("it comes");
            // Even if `something` panics, the other thread must end.
            let outcome = catch_unwind(AssertUnwindSafe(something));
            let go_on = OpenOptions::new()
                .write(true)
                .open(self.folder.join("go on"));
            let go_on = go_on.expect("it waits");
            other.join().expect("its end");
            drop((there, go_on));
            if let Err(panic) = outcome {
                resume_unwind(panic);
            }
        });
    }

    /// The same with a spawn whose child already runs as another user.
    fn while_a_child_of_another_user_waits(&self, something: impl FnOnce()) {
        let spawn = || {
            let [there, go_on] = ["there", "go on"].map(|name| self.path(name));
            let open = |fd, path, flags| Action::Open {
                fd,
                path,
                flags,
                mode: 0,
            };
            let list = args![c"true"];
            let mut child = Spawn {
                actions: &[
                    Action::Uid(12345),
                    open(20, &there, OFlags::WRONLY),
                    open(21, &go_on, OFlags::RDONLY),
                ],
                ..Spawn::new(Program::Path(c"/bin/true"), Args::new(&list), Args::EMPTY)
            }
            .start()
            .expect("a spawn");
            assert!(child.wait().expect("its end").success());
        };
        self.while_it_waits(spawn, something);
    }
}

impl Drop for Meeting {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Runs a test in a process of its own, if the user is root. Only root can become another user.
fn alone_as_root(name: &str, test: impl FnOnce()) {
    // SAFETY: `geteuid` takes no argument.
    if unsafe { libc::geteuid() } != 0 {
        return say("skipped: only root can become another user");
    }
    alone(name, test);
}

/// Forks this process, which has several threads. Returns whether the condition holds in the child.
fn a_fork_finds(what: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child needs no lock of the standard library.
    match unsafe { fork() }.expect("a fork") {
        None => exit(i32::from(!what())),
        Some(child) => ended_well(child),
    }
}

fn ended_well(child: Pid) -> bool {
    let status = wait::wait(child).expect("its end");
    say(&format!("# the fork: {status}"));
    status.success()
}

#[test]
fn a_process_that_becomes_undumpable_during_a_spawn_stays_so() {
    alone_as_root(
        "a_process_that_becomes_undumpable_during_a_spawn_stays_so",
        || {
            let meeting = Meeting::new();
            assert_eq!(dumpable(), Ok(1));
            meeting.while_a_child_of_another_user_waits(|| {
                set_dumpable(0).expect("a change");
            });
            assert_eq!(dumpable(), Ok(0));
            meeting.while_a_child_of_another_user_waits(|| {
                set_dumpable(1).expect("a change");
                assert_eq!(dumpable(), Ok(0), "the child's user could read the memory");
            });
            assert_eq!(dumpable(), Ok(1));
        },
    );
}

#[test]
fn a_process_that_changes_its_own_ids_during_a_spawn_stays_as_the_kernel_has_it() {
    alone_as_root(
        "a_process_that_changes_its_own_ids_during_a_spawn_stays_as_the_kernel_has_it",
        || {
            let suid_dumpable = fs::read_to_string("/proc/sys/fs/suid_dumpable");
            if suid_dumpable.is_ok_and(|value| value.trim() == "1") {
                return say("skipped: the kernel leaves it dumpable");
            }
            let meeting = Meeting::new();
            // SAFETY: `getegid` takes no argument.
            let group = unsafe { libc::getegid() };
            meeting.while_a_child_of_another_user_waits(|| {
                // The thread that ends the first spawn is another one and has its old ids: the C library could not
                // change them now. SAFETY: the call takes numbers only; no other thread reads the ids of this one.
                let changed = unsafe { libc::syscall(libc::SYS_setresuid, -1, 12346, -1) };
                assert_eq!(changed, 0);
                let status = Command::new("/bin/true").gid(group).status();
                assert!(status.expect("true").success());
            });
            assert_eq!(dumpable(), Ok(0));
        },
    );
}

#[test]
fn a_process_that_is_forked_during_a_spawn_counts_its_own_spawns_only() {
    alone_as_root(
        "a_process_that_is_forked_during_a_spawn_counts_its_own_spawns_only",
        || {
            Meeting::new().while_a_child_of_another_user_waits(|| {
                assert!(a_fork_finds(|| {
                    let list = args![c"true"];
                    let program = Program::Path(c"/bin/true");
                    let spawn = Spawn {
                        actions: &[Action::Uid(12345)],
                        ..Spawn::new(program, Args::new(&list), Args::EMPTY)
                    };
                    set_dumpable(1).is_ok()
                        && dumpable() == Ok(1)
                        && spawn.start().is_ok_and(|mut child| child.wait().is_ok())
                        && dumpable() == Ok(1)
                }));
            });
            assert_eq!(dumpable(), Ok(1));
        },
    );
}

#[test]
fn a_process_that_is_forked_during_a_system_counts_its_own_calls_only() {
    alone(
        "a_process_that_is_forked_during_a_system_counts_its_own_calls_only",
        || {
            let meeting = Meeting::new();
            let folder = meeting.folder.to_str().expect("text");
            let command = format!("cd {folder} && : >there && : <'go on'");
            let command = CString::new(command).expect("no null");
            let waiting = || assert!(system(&*command).expect("a shell").success());
            meeting.while_it_waits(waiting, || {
                assert!(a_fork_finds(|| {
                    // SAFETY: the default action runs no handler.
                    let cleared =
                        unsafe { signal::set_action(Signal::INT, Disposition::Default, 0) };
                    cleared.is_ok()
                        && system(c"kill -INT $PPID").is_ok_and(|status| status.success())
                        && matches!(signal::action(Signal::INT), Ok(Disposition::Default))
                }));
            });
        },
    );
}
