//! Tests of the machine life of `init`, as process 1 of namespaces that belong to an ordinary user, where the end of
//! the machine is the end of the namespaces. The tests show, by strace, which signal and which program name ends the
//! machine in which way, and what init does to mounts and swap before the end.
//!
//! (The suite `life` of xtask tests the same on a real kernel.)

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

use nestling_host_tests::{
    Arch, Call, Scratch, calls, copy_executable, installed, run, say, write_executable,
};

/// A machine that has not started. Its directory `etc` becomes `/etc` of the machine.
struct Machine {
    init: PathBuf,
    scratch: Scratch,
}

/// The record of a finished life of the machine.
struct Life {
    /// The system calls of process 1 from its start on.
    calls: Vec<Call>,
    /// The system calls of all processes, including those of process 1 and of its copies.
    all: Vec<Call>,
    /// The text on the console, and the output of the services.
    said: String,
}

impl Machine {
    fn new(arch: Arch) -> Result<Self, String> {
        installed("strace")?;
        let init = arch.init()?;
        let scratch = Scratch::new(&init);
        fs::create_dir(scratch.path().join("etc")).expect("a directory");
        let machine = Self { init, scratch };
        // Replaces this machine's own files, which must not concern init.
        for name in ["utmp", "wtmp"] {
            fs::write(machine.etc(name), "").expect("a file");
        }
        Ok(machine)
    }

    fn etc(&self, name: &str) -> PathBuf {
        self.scratch.path().join("etc").join(name)
    }

    /// Puts a copy of init into `/etc` under another name. (A copy, because the path of the original may be hidden by
    /// then.)
    fn is_named(&self, name: &str) {
        copy_executable(&self.init, &self.etc(name));
    }

    /// Runs the machine with this inittab, after this script has prepared its mounts.
    fn live(&self, inittab: &str, script: &str) -> Result<Life, String> {
        let prefix = self.scratch.path().join("trace");
        let trace = prefix.to_str().expect("a plain path");
        let said = self.live_under(&["strace", "-f", "-o", trace], inittab, script)?;
        let init = self.init.to_str().expect("a plain path");
        let exec = format!("execve(\"{init}\", ");
        let trace = fs::read_to_string(&prefix).expect("a trace");
        let start = trace.find(&exec).expect("a trace of process 1");
        let start = trace[..start].rfind('\n').map_or(0, |it| it + 1);
        let lines = whole(&trace[start..]);
        let (pid, _) = lines[0];
        let of = |one: bool| {
            let lines = lines.iter().filter(|(its, _)| !one || *its == pid);
            calls(
                &lines
                    .map(|(_, line)| format!("{line}\n"))
                    .collect::<String>(),
            )
        };
        let (all, calls) = (of(false), of(true));
        Ok(Life { calls, all, said })
    }

    /// The same under this tracer, or without one. Returns the text on the console.
    fn live_under(&self, tracer: &[&str], inittab: &str, script: &str) -> Result<String, String> {
        fs::write(self.etc("inittab"), inittab).expect("a file");
        let namespaces = "--user --map-root-user --pid --fork --mount --mount-proc --kill-child";
        let script = format!(
            "set -e; mount --bind \"$0\" /etc; [ ! -e /dev/kmsg ] || mount --bind /dev/null /dev/kmsg
            [ ! -e /var/log/wtmp ] || mount --bind /etc/wtmp /var/log/wtmp
            mount -t tmpfs run /run; : >/run/utmp; mount --bind /etc/utmp /run/utmp
            {script}
            echo prepared; exec \"$1\""
        );
        let Output {
            status,
            stdout,
            stderr,
        } = run("env", |command| {
            command.args(["-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]);
            command
                .args(tracer)
                .arg("unshare")
                .args(namespaces.split(' '));
            command.args(["sh", "-c", &script]);
            command.arg(self.etc("")).arg(&self.init);
        });
        let said = [stdout, stderr].concat();
        let said = String::from_utf8_lossy(&said).replace('\r', "");
        if !said.contains("prepared\n") {
            return Err(format!("no namespaces here: {status}: {said}"));
        }
        Ok(said)
    }
}

/// Splits the trace of several processes into lines, with the process ids. Where strace shows a call in two lines,
/// because another process made a call before the first ended, the lines are joined.
fn whole(trace: &str) -> Vec<(u32, String)> {
    let mut lines: Vec<(u32, String)> = Vec::new();
    for line in trace.lines() {
        let Some((pid, line)) = line.split_once(' ') else {
            continue;
        };
        let pid = pid.parse().expect("a process id");
        let line = line.trim_start();
        let mut pending = lines.iter_mut().rev();
        match line.strip_prefix("<... ") {
            None => lines.push((pid, line.into())),
            Some(resumed) => {
                // The call may have begun before this trace.
                let Some((_, begun)) = pending.find(|(its, _)| *its == pid) else {
                    continue;
                };
                let end = begun.find(" <unfinished").unwrap_or(begun.len());
                begun.truncate(end);
                *begun += resumed.split_once("resumed>").map_or("", |(_, it)| it);
            }
        }
    }
    lines
}

impl Life {
    /// The index of the first call of process 1 that begins with this text.
    fn index_of(&self, call: &str) -> Option<usize> {
        self.calls.iter().position(|it| it.line.starts_with(call))
    }

    /// The index of the first call of any process that begins with this text.
    fn index_in_all(&self, call: &str) -> usize {
        let index = self.all.iter().position(|it| it.line.starts_with(call));
        index.unwrap_or_else(|| panic!("{call}: {}", self.said))
    }

    /// The index of the call that ends the machine.
    fn end(&self) -> Option<usize> {
        let is_end = |it: &Call| it.name == "reboot" && !it.line.contains("CMD_CAD");
        self.calls.iter().position(is_end)
    }

    fn succeeded(&self, call: &str) -> bool {
        let mut calls = self.all.iter();
        calls.any(|it| it.line.starts_with(call) && it.succeeded())
    }
}

/// The call that ends the machine, as strace shows it.
fn end(kind: &str) -> String {
    format!("reboot(LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_{kind}")
}

fn on_each(test: impl Fn(&Machine) -> Result<(), String>) {
    for arch in [Arch::X86_64, Arch::I386] {
        let answer = Machine::new(arch).and_then(|machine| test(&machine));
        if let Err(why) = answer {
            say(&format!("skipped: {why}"));
        }
    }
}

#[test]
fn each_power_signal_ends_the_machine_in_its_way() {
    on_each(|machine| {
        for (signal, kind) in [
            // The signals of busybox.
            (libc::SIGUSR1, "HALT"),
            (libc::SIGUSR2, "POWER_OFF"),
            (libc::SIGTERM, "RESTART"),
            // The signals of sysvinit and of systemd.
            (libc::SIGPWR, "POWER_OFF"),
            (37, "HALT"),
            (38, "POWER_OFF"),
            (39, "RESTART"),
        ] {
            let inittab = format!("::once:kill -{signal} 1\n::shutdown:echo down\n");
            let life = machine.live(&inittab, "")?;
            assert!(
                life.index_of(&end(kind)).is_some(),
                "{signal}: {}",
                life.said
            );
            assert!(life.said.contains("\ndown\n"), "{signal}: {}", life.said);
        }
        Ok(())
    });
}

#[test]
fn each_name_ends_the_machine_in_its_way() {
    on_each(|machine| {
        for (name, kind) in [
            ("halt", "HALT"),
            ("poweroff", "POWER_OFF"),
            ("reboot", "RESTART"),
        ] {
            machine.is_named(name);
            let life = machine.live(&format!("::once:/etc/{name}\n"), "")?;
            assert!(life.index_of(&end(kind)).is_some(), "{name}: {}", life.said);
        }
        Ok(())
    });
}

#[test]
fn a_forced_end_does_not_ask_process_1() {
    on_each(|machine| {
        machine.is_named("halt");
        let life = machine.live("::once:/etc/halt -f\n::shutdown:echo down\n", "")?;
        assert!(!life.said.contains("stopping the machine"), "{}", life.said);
        // The call of `halt` kills process 1. If that happens at the entry of a call of process 1, strace cannot read this call, and
        // shows the last one that it has read, as unfinished: in one of a hundred lives, that of `halt`.
        let own = life.end().and_then(|index| life.calls.get(index));
        let own = own.filter(|it| !it.line.ends_with("<unfinished ...>"));
        assert!(own.is_none(), "{:?}", own.map(|it| &it.line));
        assert!(
            life.all.iter().any(|it| it.line.starts_with(&end("HALT"))),
            "{}",
            life.said
        );
        Ok(())
    });
}

#[test]
fn a_command_that_ends_the_machine_refuses_unknown_options() {
    on_each(|machine| {
        machine.is_named("halt");
        let inittab = "::wait:/etc/halt -x\n::once:kill -USR2 1\n";
        let life = machine.live(inittab, "")?;
        let said = "halt: \"-x\": invalid argument; see --help\n";
        assert!(life.said.contains(said), "{}", life.said);
        Ok(())
    });
}

#[test]
fn a_service_has_no_descriptors_but_the_standard_ones_whatever_process_1_was_started_with() {
    on_each(|machine| {
        let inittab = "::sysinit:echo /proc/self/fd/*\n::once:kill -USR1 1\n";
        let life = machine.live(
            inittab,
            "mkfifo /etc/pipe; exec 3</dev/null 7</dev/zero 9<>/etc/pipe",
        )?;
        // Descriptor 3 is the shell's own, open on the directory that it lists.
        let only = "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n";
        assert!(life.said.contains(only), "{}", life.said);
        Ok(())
    });
}

#[test]
fn a_line_with_the_shells_special_characters_is_run_by_the_shell() {
    on_each(|machine| {
        let inittab = "::sysinit:echo \"a  b\" $((6 * 7))\n\
            ::sysinit:-echo \"$0: it logs in\"\n\
            ::once:kill -USR1 1; exit\n";
        let life = machine.live(inittab, "")?;
        assert!(life.said.contains("a  b 42\n"), "{}", life.said);
        assert!(life.said.contains("-sh: it logs in\n"), "{}", life.said);
        Ok(())
    });
}

#[test]
fn a_restart_becomes_another_program() {
    on_each(|machine| {
        let inittab = "::once:kill -QUIT 1\n::restart:echo other\n";
        let life = machine.live(inittab, "")?;
        assert!(life.said.contains("\nother\n"), "{}", life.said);
        assert_eq!(life.end(), None);
        Ok(())
    });
}

#[test]
fn switch_root_deletes_all_in_the_old_root_and_nothing_where_its_links_lead() {
    on_each(|machine| {
        let scratch = machine.scratch.path().join("tmpfs");
        for name in ["root", "seen"] {
            fs::create_dir_all(scratch.join(name)).expect("a directory");
        }
        // The new root's init is a link to a program that prints the usage of `halt`.
        let script = "set -e; cd $0; mount -t tmpfs old root; mount --bind root seen
            mkdir root/new root/a root/a/b; touch root/init root/file root/a/b/file; cp $1 root/switch_root
            mount -t tmpfs new root/new; ln -s /program root/new/halt; cp $1 root/new/program
            ln -s ../new root/a/link; ln -s new root/link
            echo prepared
            unshare --pid --fork chroot root /switch_root /new /halt --help 2>&1
            ls -d seen/file seen/a 2>/dev/null || :";
        let Output {
            status,
            stdout,
            stderr,
        } = run("unshare", |command| {
            command.args("--user --map-root-user --mount".split(' '));
            command.args(["sh", "-c", script]).arg(&scratch);
            command.arg(&machine.init);
        });
        let said = String::from_utf8_lossy(&stdout);
        let Some(said) = said.strip_prefix("prepared\n") else {
            let stderr = String::from_utf8_lossy(&stderr);
            return Err(format!("no mounts here: {status}: {stderr}"));
        };
        assert!(said.starts_with("Usage: poweroff|reboot|halt"), "{said}");
        assert!(!said.contains("seen/"), "{said}");
        Ok(())
    });
}

#[test]
fn switch_root_deletes_nothing_where_the_root_is_an_overlay() {
    on_each(|machine| {
        let scratch = machine.scratch.path().join("overlay");
        for name in ["lower", "upper/new", "work", "root"] {
            fs::create_dir_all(scratch.join(name)).expect("a directory");
        }
        copy_executable(&machine.init, &scratch.join("upper/switch_root"));
        for name in ["init", "file"] {
            fs::write(scratch.join("upper").join(name), "").expect("a file");
        }
        let script = "cd $0; mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay root &&
            mount -t tmpfs new root/new && echo prepared && exec chroot root /switch_root /new /bin/true";
        let Output {
            status,
            stdout,
            stderr,
        } = run("unshare", |command| {
            command.args("--user --map-root-user --pid --fork --mount --kill-child".split(' '));
            command.args(["sh", "-c", script]).arg(&scratch);
        });
        let said = String::from_utf8_lossy(&stderr);
        if stdout != b"prepared\n" {
            return Err(format!("no overlay here: {status}: {said}"));
        }
        let expected =
            "init: switch_root: the root is not an initramfs: EINVAL: invalid argument\n";
        assert_eq!((status.code(), &*said), (Some(1), expected));
        assert!(scratch.join("upper/file").exists());
        Ok(())
    });
}

#[test]
fn a_container_that_must_not_reboot_ends_with_its_init() {
    on_each(|machine| {
        // Podman and Docker give their containers no CAP_SYS_BOOT.
        let script = "exec setpriv --bounding-set=-sys_boot \"$1\"";
        let script = format!("echo prepared; {script}");
        let said = machine.live_under(&[], "::once:kill -TERM 1\n", &script)?;
        assert!(said.contains("init: reboot: EPERM"), "{said}");
        Ok(())
    });
}

#[test]
fn ctrl_alt_del_runs_its_entry_or_else_reboots() {
    on_each(|machine| {
        let inittab = "::once:kill -INT 1\n::ctrlaltdel:kill -USR1 1\n";
        let life = machine.live(inittab, "")?;
        assert!(life.index_of(&end("HALT")).is_some(), "{}", life.said);
        // Without an inittab, init executes a script.
        fs::write(
            machine.etc("rc"),
            "#!/bin/sh\nrm /etc/inittab; kill -HUP 1\n",
        )
        .expect("a file");
        let inittab = "::wait:sh /etc/rc\n::once:kill -INT 1\n";
        let life = machine.live(inittab, "")?;
        assert!(life.index_of(&end("RESTART")).is_some(), "{}", life.said);
        // After a fault there is no inittab either, nor where init must not trust the existing one.
        fs::write(
            machine.etc("rc"),
            format!(
                "#!/bin/sh\n( kill -ABRT 1; {} kill -INT 1 ) &\n",
                until_said("continues after a fault")
            ),
        )
        .expect("a file");
        let script = "chmod 755 /etc/rc; chmod 666 /etc/inittab; exec 2>/etc/log";
        let life = machine.live("::once:kill -USR1 1\n", script)?;
        assert!(life.index_of(&end("RESTART")).is_some());
        Ok(())
    });
}

#[test]
fn a_request_that_cannot_wait_for_the_inittab_does_not_keep_it_from_being_read() {
    on_each(|machine| {
        // At first, the inittab is a FIFO: its open waits until a process opens the FIFO for writing, and init refuses
        // to read it.
        let script = format!(
            "mkfifo /etc/fifo; mv /etc/fifo /etc/inittab; kill -HUP 1; kill -QUIT 1\n{}\
             : <>/etc/inittab\n{}kill -USR1 1\n",
            until_said("no entry has the action restart"),
            until_said("/etc/inittab: "),
        );
        fs::write(machine.etc("script"), script).expect("a file");
        let life = machine.live("::once:sh /etc/script\n", "exec 2>/etc/log")?;
        assert!(life.index_of(&end("HALT")).is_some());
        // This FIFO never gets a writer.
        fs::remove_file(machine.etc("inittab")).expect("a FIFO");
        let script = format!(
            "rm /etc/inittab; mkfifo /etc/inittab; exec 2>/etc/log; ( {} kill -INT 1 ) &",
            until_said("started on Linux").replace('\n', ";")
        );
        let life = machine.live("", &script)?;
        assert!(life.index_of(&end("RESTART")).is_some());
        Ok(())
    });
}

#[test]
fn at_the_end_mounts_are_unmounted_and_swap_is_off() {
    on_each(|machine| {
        for directory in ["outer", "with a blank"] {
            fs::create_dir(machine.etc(directory)).expect("a directory");
        }
        let swaps =
            "Filename\t\t\t\tType\t\tSize\n/dev/swap1 partition 9 0 -2\n/a\\040file file 9 0 -3\n";
        fs::write(machine.etc("swaps"), swaps).expect("a file");
        let script = "mount --bind /usr /etc/outer; mount --bind /usr/lib /etc/outer/lib
            mount --bind /usr '/etc/with a blank'; mount -t tmpfs virtual /etc/outer/src
            mkdir /etc/outer/src/deep; mount -t tmpfs deep /etc/outer/src/deep
            mount --bind /etc/swaps /proc/swaps";
        let life = machine.live("::once:kill -USR2 1\n", script)?;
        let index = |call: &str| life.index_in_all(call);
        let tried = |call: &str| life.all.iter().any(|it| it.line.starts_with(call));
        let end = index(&self::end("POWER_OFF"));
        for (target, swap) in [("/dev/swap1", true), ("/a file", true), ("Filename", false)] {
            let call = format!("swapoff(\"{target}\")");
            assert_eq!(tried(&call), swap, "{call}");
        }
        for target in [
            "/etc/outer/src/deep",
            "/etc/outer/src",
            "/etc/outer/lib",
            "/etc/outer",
            "/etc/with a blank",
        ] {
            let call = format!("umount2(\"{target}\", 0)");
            assert!(life.succeeded(&call), "{call}: {}", life.said);
            assert!(index("swapoff(") < index(&call) && index(&call) < end);
        }
        let inner = index("umount2(\"/etc/outer/src/deep\"");
        assert!(inner < index("umount2(\"/etc/outer\""));
        for target in ["/", "/proc", "/dev", "/sys", "/run"] {
            assert!(!tried(&format!("umount2(\"{target}\"")), "{target}");
        }
        // The root mount belongs to another namespace.
        let read_only = index("mount(\"\", \"/\", ");
        assert!(index("umount2(") < read_only);
        assert!(read_only < end);
        assert!(
            life.said.contains("init: read-only \"/\": EPERM"),
            "{}",
            life.said
        );
        let last = life.calls.iter().rev().find(|call| call.name != "write");
        assert!(last.is_some_and(|call| call.line.starts_with("reboot(")));
        let sync = life.all.iter().rposition(|call| call.name == "sync");
        assert!(sync.is_some_and(|sync| sync > read_only));
        Ok(())
    });
}

#[test]
fn the_start_and_the_end_of_the_machine_are_in_utmp_and_wtmp() {
    on_each(|machine| {
        for program in ["who", "last"] {
            installed(program)?;
        }
        // A descriptor beside the standard ones could be the saved table of a process 1 that has failed.
        let script = "exec 5</dev/null";
        // A copy of init writes the record of the start. Without a wtmp, the record is in utmp alone.
        let file = "f=/run/utmp; [ ! -e /var/log/wtmp ] || f=/var/log/wtmp";
        let is_there = "until [ -s $f ]; do sleep 0.01; done";
        let inittab = format!("::wait:{file}; {is_there}\n::once:kill -USR1 1\n");
        let life = machine.live(&inittab, script)?;
        let said = |program: &str, args: &[&str], file: &str| {
            let output = run(program, |command| {
                command.args(args).arg(machine.etc(file));
            });
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let who = said("who", &["-b"], "utmp");
        assert_eq!(
            who.matches("system boot").count(),
            1,
            "{who}: {}",
            life.said
        );
        if fs::exists("/var/log/wtmp").expect("an answer") {
            let last = said("last", &["-x", "-f"], "wtmp");
            let lines: Vec<&str> = last.lines().take(2).collect();
            assert!(lines[0].starts_with("shutdown "), "{last}: {}", life.said);
            assert!(lines[1].starts_with("reboot "), "{last}: {}", life.said);
        }
        Ok(())
    });
}

#[test]
fn a_script_without_an_interpreters_name_is_run_by_the_shell() {
    on_each(|machine| {
        let script = machine.etc("script");
        write_executable(&script, "echo \"script $1 $2\"\n");
        let life = machine.live("::wait:/etc/script a b\n::once:kill -USR1 1\n", "")?;
        assert!(life.said.contains("script a b\n"), "{}", life.said);
        Ok(())
    });
}

#[test]
fn after_a_reread_new_services_start_when_the_removed_ones_have_ended() {
    on_each(|machine| {
        // The old process holds a lock until it has ended, which takes a while.
        fs::write(
            machine.etc("old"),
            "mkdir /etc/lock; trap 'sleep 1; rmdir /etc/lock; exit' TERM; kill -HUP 1
            while :; do sleep 0.1; done\n",
        )
        .expect("a file");
        fs::write(
            machine.etc("new"),
            "mkdir /etc/lock && echo \"the lock is mine\"; kill -USR1 1\n",
        )
        .expect("a file");
        let script = "echo '::respawn:/bin/sh /etc/new' >/etc/inittab.new";
        let inittab = "::wait:mv /etc/inittab.new /etc/inittab\n::respawn:/bin/sh /etc/old\n";
        let life = machine.live(inittab, script)?;
        assert!(life.said.contains("the lock is mine\n"), "{}", life.said);
        Ok(())
    });
}

#[test]
fn a_line_whose_copy_of_init_is_killed_before_its_program_runs_is_tried_again() {
    on_each(|machine| {
        // The copy of init waits for a reader of the FIFO. The script kills two copies, the first by SIGSEGV, then puts
        // a file in the FIFO's place. A third copy may wait for the FIFO already, so the script reads from it. Init has other
        // copies, too: only that of a line leads a session. Until init has reaped the first, `kill` would take it for the second.
        let script = "cd /sys/fs; mount -t tmpfs cgroup cgroup; mkdir cgroup/x; mkfifo cgroup/fifo
            ln cgroup/fifo cgroup/x/cgroup.procs; : >cgroup/file; : >cgroup/faults
            ( set +e; while [ -p cgroup/x/cgroup.procs ]; do for process in /proc/[0-9]*; do
                pid=${process#/proc/}; [ $pid != 1 ] && [ \"$(readlink $process/exe)\" = \"$1\" ] &&
                    read -r pid name state parent group session rest <$process/stat &&
                    [ $session = $pid ] || continue
                if rm cgroup/faults; then
                    kill -SEGV $pid; while [ -e $process ]; do :; done
                else
                    kill -9 $pid && mv cgroup/file cgroup/x/cgroup.procs
                fi
                break
            done; done; cat <>cgroup/fifo ) >/dev/null 2>&1 &
            cd /";
        let inittab = ":cgroup=x:wait:/bin/echo the line has run\n::once:/bin/kill -USR1 1\n";
        let life = machine.live(inittab, script)?;
        assert!(
            life.said.contains("echo: signal: 9 (SIGKILL)\n"),
            "{}",
            life.said
        );
        assert!(life.said.contains("the line has run\n"), "{}", life.said);
        Ok(())
    });
}

#[test]
fn a_line_with_a_mistyped_user_or_a_user_whose_name_misleads_starts_nothing() {
    on_each(|machine| {
        fs::write(machine.etc("passwd"), "+:x:0:0::/:\nnogid:x:44::::\n").expect("a file");
        let options = ["uid=33", "User=33", " user=33", "user", "user=0,user=33"];
        let options =
            options
                .iter()
                .chain(&["user=33", "user=+", "cgroup=../../etc", "user=nogid"]);
        let lines = options.map(|it| format!(":{it}:wait:/bin/echo the line {it} has run\n"));
        let inittab = lines.collect::<String>() + "::once:/bin/kill -USR1 1\n";
        let life = machine.live(&inittab, "")?;
        assert!(!life.said.contains("has run"), "{}", life.said);
        for said in [
            "line 1: invalid setting: \"uid=33\"\n",
            "line 5: setting given twice: \"user=0\"\n",
            "echo: user \"+\": ENOENT",
            "echo: user \"nogid\": ENOENT",
            "line 8: invalid setting: \"cgroup=../../etc\"\n",
        ] {
            assert!(life.said.contains(said), "{said}: {}", life.said);
        }
        Ok(())
    });
}

#[test]
fn a_failure_is_slowed_down_and_a_login_is_not() {
    on_each(|machine| {
        // The login ends twice with status 0 after two seconds, and then fails.
        let login = "echo x >>/etc/logins; case $(wc -l </etc/logins) in
            1|2|3) sleep 2; exit 0;; 4) exit 7;; *) kill -USR1 1; sleep 9;; esac\n";
        fs::write(machine.etc("login"), login).expect("a file");
        let life = machine.live("::respawn:/bin/sh /etc/login\n", "")?;
        let slow = life.said.matches("restarts in 1 s").count();
        assert_eq!(slow, 1, "{}", life.said);
        assert!(
            life.said.contains("sh: exit status: 7; restarts in 1 s"),
            "{}",
            life.said
        );
        assert_eq!(
            life.said.matches("sh: exit status: 0\n").count(),
            3,
            "{}",
            life.said
        );
        Ok(())
    });
}

#[test]
fn a_service_that_repeatedly_ends_at_once_with_status_0_is_slowed_down() {
    on_each(|machine| {
        // A process that runs for two seconds does not end at once. So this one is as short as possible, and not traced.
        let script = until_said("restarts in 1 s") + "kill -USR1 1\n";
        fs::write(machine.etc("script"), script).expect("a file");
        let inittab = "::respawn:/bin/true\n::once:/bin/sh /etc/script\n";
        machine.live_under(&[], inittab, "exec 2>/etc/log")?;
        let log = fs::read_to_string(machine.etc("log")).expect("the log");
        let count = log.matches("true: exit status: 0\n").count();
        assert_eq!(count, 10, "{log}");
        assert!(
            log.contains("true: exit status: 0; restarts in 1 s"),
            "{log}"
        );
        Ok(())
    });
}

#[test]
fn an_inittab_may_be_long_and_its_errors_do_not_flood_the_console() {
    on_each(|machine| {
        let word = "w".repeat(1000);
        let words = (0..500).map(|it| format!(" {it}")).collect::<String>();
        let mut inittab = format!("::wait:echo {word} long\n::wait:echo{words} many\n");
        (0..300).for_each(|it| inittab += &format!("::wait:echo service {it}\n"));
        (0..1000).for_each(|it| inittab += &format!("::nonsense:{it}\n"));
        inittab += &format!("::once:echo {}\n", "w".repeat(5000));
        inittab += "::once:kill -USR1 1\n";
        let life = machine.live(&inittab, "")?;
        for said in [
            &format!("{word} long\n"),
            "498 499 many\n",
            "\nservice 299\n",
            "/etc/inittab, line 303: no such action: \"nonsense\"\n",
            "/etc/inittab: 991 more invalid lines\n",
        ] {
            assert!(life.said.contains(said), "{said}: {}", life.said);
        }
        assert_eq!(life.said.matches("no such action").count(), 10);
        // One of the invalid lines is too long.
        assert!(!life.said.contains(&"w".repeat(1001)));
        Ok(())
    });
}

#[test]
fn the_environment_may_have_a_thousand_strings() {
    on_each(|machine| {
        let exports = (0..500)
            .map(|it| format!("export V{it}={it}; "))
            .collect::<String>();
        let inittab = "::wait:echo \"$V0 $V499\"\n::once:kill -USR1 1\n";
        let life = machine.live(inittab, &exports)?;
        assert!(life.said.contains("\n0 499\n"), "{}", life.said);
        Ok(())
    });
}

#[test]
fn poweroff_reboot_and_halt_have_the_options_of_busybox_and_sysvinit() {
    on_each(|machine| {
        for (command, kind) in [
            ("halt -p", "POWER_OFF"),
            ("halt -d 1 -h", "HALT"),
            ("reboot -d1 -i", "RESTART"),
            ("poweroff -n -p", "POWER_OFF"),
        ] {
            let name = command.split(' ').next().unwrap_or_default();
            machine.is_named(name);
            let life = machine.live(&format!("::once:/etc/{command}\n"), "")?;
            assert!(
                life.index_of(&end(kind)).is_some(),
                "{command}: {}",
                life.said
            );
        }
        // With `-f`, the command itself ends the machine at once. It writes the buffers to the disks before (`sync`),
        // except with `-n`.
        for (command, syncs) in [("poweroff -f", true), ("poweroff -nf", false)] {
            let life = machine.live(&format!("::once:/etc/{command}\n"), "")?;
            let end = life.index_in_all(&end("POWER_OFF"));
            let sync = life.all[..end].iter().any(|it| it.name == "sync");
            assert_eq!(sync, syncs, "{command}: {}", life.said);
        }
        machine.is_named("poweroff");
        let inittab = "::wait:/etc/poweroff --help\n::wait:/etc/poweroff -d x\n\
            ::wait:/etc/poweroff now\n::once:kill -USR1 1\n";
        let life = machine.live(inittab, "")?;
        for said in [
            "Usage: poweroff|reboot|halt ",
            "poweroff: \"-d\": invalid argument",
            "poweroff: \"now\": invalid argument",
        ] {
            assert!(life.said.contains(said), "{said}: {}", life.said);
        }
        Ok(())
    });
}

#[test]
fn init_with_a_runlevel_sends_a_request_to_the_running_process_1() {
    on_each(|machine| {
        machine.is_named("init");
        machine.is_named("telinit");
        for (command, kind) in [("init 0", "POWER_OFF"), ("telinit 6", "RESTART")] {
            let life = machine.live(&format!("::once:/etc/{command}\n"), "")?;
            assert!(
                life.index_of(&end(kind)).is_some(),
                "{command}: {}",
                life.said
            );
        }
        let script = "echo '::once:kill -USR1 1' >/etc/inittab.new";
        fs::write(
            machine.etc("reread"),
            "mv /etc/inittab.new /etc/inittab; /etc/init q\n",
        )
        .expect("a file");
        let life = machine.live("::once:/bin/sh /etc/reread\n", script)?;
        assert!(life.index_of(&end("HALT")).is_some(), "{}", life.said);
        Ok(())
    });
}

#[test]
fn a_message_of_init_does_not_overwrite_a_prompt_and_the_environment_selects_the_messages() {
    on_each(|machine| {
        fs::write(
            machine.etc("login"),
            "printf 'login: '; kill -USR1 1; sleep 9\n",
        )
        .expect("a file");
        let life = machine.live("::respawn:/bin/sh /etc/login\n", "")?;
        // The services' output comes over a different pipe from init's messages.
        assert!(life.said.contains("\n\ninit: halt: "), "{}", life.said);
        let inittab = "::wait:true\n::nonsense:true\n::once:kill -USR1 1\n";
        for (log, notes, errors) in [
            ("all", true, true),
            ("errors", false, true),
            ("nothing", false, false),
        ] {
            let life = machine.live(inittab, &format!("export INIT_LOG={log}"))?;
            assert_eq!(
                life.said.contains("init: true: started"),
                notes,
                "{}",
                life.said
            );
            assert_eq!(
                life.said.contains("no such action"),
                errors,
                "{}",
                life.said
            );
        }
        Ok(())
    });
}

/// Makes a line with `cgroup=x` wait forever before its program runs, because this FIFO has no reader.
const HELD_CGROUP: &str =
    "cd /sys/fs; mount -t tmpfs cgroup cgroup; mkdir cgroup/x; mkfifo cgroup/x/cgroup.procs; cd /";

/// A script that waits until `/etc/log` contains this message of init.
fn until_said(text: &str) -> String {
    format!("until grep -q '{text}' /etc/log; do sleep 0.1; done\n")
}

/// `SIGRTMIN+1`.
const SINGLE_USER: i32 = 35;

#[test]
fn process_1_itself_opens_no_file_of_a_disk_once_it_is_up() {
    on_each(|machine| {
        // Each request that makes init read files. At the last one, the inittab is a FIFO without a writer.
        let script = until_said("single-user mode")
            + "kill -INT 1\nmv /etc/fifo /etc/inittab; kill -HUP 1; kill -USR1 1\n";
        fs::write(machine.etc("script"), script).expect("a file");
        let inittab =
            format!("null::once:/bin/kill -{SINGLE_USER} 1\n::once:/bin/sh /etc/script\n");
        // The shell of single-user mode ends at once.
        let script = "mkfifo /etc/fifo; mount --bind /dev/null /dev/console; exec 2>/etc/log";
        let life = machine.live(&inittab, script)?;
        assert!(life.end().is_some());
        let started = life
            .calls
            .iter()
            .position(|it| it.name.starts_with("rt_sigtimedwait"));
        let known = [
            "/dev/kmsg",
            "/proc/self/fd/2",
            "/proc/mounts",
            "/proc/swaps",
            "/sys/block",
        ];
        let takes_path = |it: &&Call| {
            let has_path = it.line.contains("(\"") || it.line.contains("(AT_FDCWD, \"");
            has_path && it.name != "memfd_create"
        };
        for call in life.calls[started.expect("a wait")..]
            .iter()
            .filter(takes_path)
        {
            let is_known = known
                .iter()
                .any(|it| call.line.contains(&format!("\"{it}")));
            assert!(is_known, "{}", call.line);
        }
        Ok(())
    });
}

#[test]
fn a_copy_that_is_pending_when_process_1_fails_is_starting_afterwards() {
    on_each(|machine| {
        let script = format!(
            "kill -ABRT 1\n{}{}cat /sys/fs/cgroup/x/cgroup.procs\n{}kill -USR1 1\n",
            until_said("continues after a fault"),
            until_said("echo: starting, process"),
            until_said("echo: exec ")
        );
        fs::write(machine.etc("script"), script).expect("a file");
        let inittab = ":cgroup=x:once:/nonexistent/echo\n::once:/bin/sh /etc/script\n";
        // The kernel forbids the execution of the file in memory that holds the table, whether init asks for that or
        // not.
        let noexec = "echo 1 2>/dev/null >/proc/sys/vm/memfd_noexec || :";
        let script = format!("{HELD_CGROUP}; {noexec}; exec 2>/etc/log");
        let life = machine.live(inittab, &script)?;
        assert!(life.index_of(&end("HALT")).is_some());
        let log = fs::read_to_string(machine.etc("log")).expect("the log");
        let (_, after) = log.split_once("continues after a fault").expect("a fault");
        assert!(after.contains("echo: starting, process "), "{log}");
        // After the fault, the pipe of the service's copy is lost, so the copy itself reports that its program does not
        // exist.
        assert!(after.contains("echo: exec "), "{log}");
        // Init does not look at existing mounts again, because a mount may not answer.
        let again = life.index_of("execve(\"/proc/self/exe\"").expect("a fault");
        let mut calls = life.calls[again..].iter();
        assert!(!calls.any(|it| it.line.starts_with("mkdir(\"/tmp\"")));
        Ok(())
    });
}

#[test]
fn a_fault_while_the_machine_ends_does_not_stop_its_end() {
    on_each(|machine| {
        let script = format!(
            "echo the last words; kill -SEGV 1\n{}echo and more\n",
            until_said("continues after a fault")
        );
        fs::write(machine.etc("script"), script).expect("a file");
        let inittab = "::once:kill -USR2 1\n::shutdown:/bin/sh /etc/script\n";
        let life = machine.live(inittab, "exec 2>/etc/log")?;
        assert!(life.index_of(&end("POWER_OFF")).is_some(), "{}", life.said);
        assert_eq!(life.said.matches("words\n").count(), 1, "{}", life.said);
        assert!(life.said.contains("and more\n"), "{}", life.said);
        let log = fs::read_to_string(machine.etc("log")).expect("the log");
        assert!(log.contains("continues after a fault"), "{log}");
        Ok(())
    });
}

#[test]
fn a_machine_without_files_in_memory_comes_up() {
    on_each(|machine| {
        let trace = machine.scratch.path().join("trace");
        let trace = trace.to_str().expect("a plain path");
        let tracer = [
            "strace",
            "-f",
            "-o",
            trace,
            "-e",
            "trace=memfd_create",
            "-e",
            "inject=memfd_create:error=ENOSYS",
        ];
        let inittab = "::wait:echo it has run\n::once:kill -USR1 1\n";
        let said = machine.live_under(&tracer, inittab, "")?;
        assert!(said.contains("it has run\n"), "{said}");
        Ok(())
    });
}

#[test]
fn init_writes_to_a_pipe_that_it_cannot_open_by_name() {
    on_each(|machine| {
        // Without /proc, the pipe on standard error has no path.
        let script = "mount -t tmpfs none /proc; mkdir /proc/self; exec 2>&1";
        let inittab = "::wait:/nonexistent/program\n::once:kill -USR1 1\n";
        let life = machine.live(inittab, script)?;
        assert!(life.said.contains("program: exec "), "{}", life.said);
        Ok(())
    });
}

#[test]
fn a_thousand_services_that_do_not_come_to_run_leave_descriptors_for_others() {
    on_each(|machine| {
        let mut inittab = (0..1020)
            .map(|it| format!(":cgroup=x:once:/bin/true {it}\n"))
            .collect::<String>();
        inittab += "::wait:echo the limit is $(ulimit -n)\nnull::once:kill -USR1 1\n";
        let script = format!("{HELD_CGROUP}; ulimit -S -n 1000; export INIT_LOG=nothing");
        // (Under strace this would take a minute.)
        let said = machine.live_under(&[], &inittab, &script)?;
        assert!(said.contains("the limit is 1000\n"), "{said}");
        Ok(())
    });
}

#[test]
fn a_console_that_takes_a_part_of_a_line_delays_nothing() {
    on_each(|machine| {
        let (master, slave) = terminal();
        // The long names make the lines longer than init's buffer.
        let name = "n".repeat(200);
        let mut inittab = (0..4)
            .map(|it| format!("::wait:/nonexistent/{name}{it}\n"))
            .collect::<String>();
        inittab += "::once:kill -USR1 1\n";
        let path = fs::read_link(format!("/proc/self/fd/{}", slave.as_raw_fd()));
        let path = path.expect("the terminal's path");
        let script = format!("exec 2<>{}", path.display());
        let life = machine.live(&inittab, &script)?;
        drop(master);
        assert!(life.index_of(&end("HALT")).is_some(), "{}", life.said);
        Ok(())
    });
}

#[test]
fn a_line_that_the_console_refuses_for_a_moment_is_written_again() {
    on_each(|machine| {
        // A terminal refuses a write that must not wait (EAGAIN) while another process writes to it. Here strace refuses each
        // second write to the console.
        let console = machine.scratch.path().join("console");
        let path = console.to_str().expect("a plain path");
        let tracer = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", path];
        let refused = ["-e", "inject=write:error=EAGAIN:when=1+2"];
        let inittab = "::wait:/bin/true\n::wait:/bin/false\n::once:kill -USR1 1\n";
        let script = format!("exec 2>>{path}");
        machine.live_under(&[&tracer[..], &refused].concat(), inittab, &script)?;
        let said = fs::read_to_string(&console).expect("the console");
        for line in [
            "init: started on Linux ",
            "init: true: started, process ",
            "init: true: exit status: 0\n",
            "init: false: started, process ",
            "init: false: exit status: 1\n",
            "init: halt: stopping the machine\n",
            "init: halt\n",
        ] {
            assert_eq!(said.matches(line).count(), 1, "{line:?}: {said}");
        }
        Ok(())
    });
}

/// Opens a terminal and returns its two sides. Nothing reads its output, and its buffer is almost full.
fn terminal() -> (OwnedFd, OwnedFd) {
    let (mut master, mut slave) = (0, 0);
    let null = std::ptr::null_mut();
    // SAFETY: the call writes two descriptors; null stands for no name and no settings.
    let answer = unsafe { libc::openpty(&mut master, &mut slave, null, null.cast(), null.cast()) };
    assert_eq!(answer, 0);
    // SAFETY: both descriptors are new.
    let [master, slave] = [master, slave].map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
    let set = |flags: i32| {
        // SAFETY: `fcntl` takes numbers only.
        unsafe { libc::fcntl(slave.as_raw_fd(), libc::F_SETFL, flags) }
    };
    set(libc::O_RDWR | libc::O_NONBLOCK);
    let mut file = File::from(slave.try_clone().expect("a descriptor"));
    while file.write(&[b'.'; 100]).is_ok() {}
    while file.write(b".").is_ok() {}
    // Read from the master until the buffer has a little room again.
    let mut reader = File::from(master.try_clone().expect("a descriptor"));
    while file.write(b".").is_err() {
        reader.read_exact(&mut [0; 64]).expect("what was written");
    }
    set(libc::O_RDWR);
    (master, slave)
}

/// Returns the contents of init's saved table with one service, which has this line.
fn store(line: &[u8]) -> Vec<u8> {
    // A record of process 1 itself, a record of a service that is due, and the service's line.
    let mut store = vec![0; 1024 * 20];
    store[0] = 6;
    store[20] = 1;
    store[36..38].copy_from_slice(&(line.len() as u16).to_ne_bytes());
    store[38..40].copy_from_slice(&(line.len() as u16).to_ne_bytes());
    store.extend(line);
    store
}

#[test]
fn a_file_that_is_no_sealed_store_is_not_taken_for_one() {
    on_each(|machine| {
        let store = store(b"::once:/bin/echo the line of a stranger");
        fs::write(machine.etc("store"), store).expect("a file");
        let inittab = "::once:/bin/kill -USR1 1\n";
        // The number is higher than the descriptors that the caller of this test may have left open.
        let script = "echo prepared; exec bash -c 'exec 900<>/etc/store; exec \"$1\"' bash \"$1\"";
        let life = machine.live(inittab, script)?;
        assert!(life.said.contains("started on Linux"), "{}", life.said);
        assert!(!life.said.contains("a stranger"), "{}", life.said);
        Ok(())
    });
}

#[test]
fn an_inittab_that_others_may_write_is_refused_unless_the_command_line_says_otherwise() {
    on_each(|machine| {
        let mode = |name: &str, mode| {
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(machine.etc(name), mode).expect("a mode");
        };
        // Without an inittab, init starts a shell without a password. With an inittab that it cannot use, init starts
        // sulogin.
        write_executable(&machine.etc("sulogin"), "#!/bin/sh\nkill -USR1 1\n");
        const SULOGIN: &str =
            "mount --bind /etc/sulogin /sbin/sulogin; mount --bind /dev/null /dev/console\n";
        let inittab = "::sysinit:echo it has run\n::once:kill -USR1 1\n";
        fs::write(machine.etc("inittab"), inittab).expect("a file");
        for (given, says, runs) in [
            (0o666, "", false),
            (0o620, "", false),
            (0o666, "export INITTAB=any", true),
        ] {
            mode("inittab", given);
            let life = machine.live(inittab, &format!("{SULOGIN}{says}"))?;
            assert_eq!(life.said.contains("it has run\n"), runs, "{}", life.said);
            let refused = "init: others than root may write the inittab\n";
            assert_eq!(life.said.contains(refused), !runs, "{}", life.said);
            let asks = life.said.contains("init: sulogin: started");
            assert_eq!(asks, !runs, "{}", life.said);
        }
        let link = "rm /etc/inittab; ln -s /not/mounted /etc/inittab";
        let life = machine.live(inittab, &format!("{SULOGIN}{link}"))?;
        assert!(
            life.said.contains("init: sulogin: started"),
            "{}",
            life.said
        );
        fs::remove_file(machine.etc("inittab")).expect("the link");
        Ok(())
    });
}

#[test]
fn no_line_of_an_inittab_that_is_too_long_takes_effect() {
    on_each(|machine| {
        fs::write(machine.etc("rc"), "#!/bin/sh\nkill -USR1 1\n").expect("a file");
        let filler = format!("#{}\n", "x".repeat(1023)).repeat(1024);
        let inittab = format!("::sysinit:echo it has run\n::once:kill -USR1 1\n{filler}");
        let life = machine.live(&inittab, "chmod 755 /etc/rc")?;
        let refused = "init: /etc/inittab: EFBIG";
        assert!(life.said.contains(refused), "{}", life.said);
        assert!(!life.said.contains("it has run"), "{}", life.said);
        Ok(())
    });
}

#[test]
fn a_name_in_inits_log_has_no_control_characters() {
    on_each(|machine| {
        let inittab =
            "::wait:/bin/\x1bctitle\x07 \n::wait:/bin/\u{9b}2J\n::once:/bin/kill -USR1 1\n";
        let life = machine.live(inittab, "")?;
        let is_control = |it: char| it.is_control() && it != '\n';
        assert!(!life.said.contains(is_control), "{:?}", life.said);
        assert!(
            life.said.contains("init: \"\\x1bctitle\\x07\": exec "),
            "{}",
            life.said
        );
        Ok(())
    });
}
