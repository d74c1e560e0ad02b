//! Tests of jobs on a terminal: who has the terminal, which job is stopped, and what a shell gets back.

use core::ffi::CStr;

use nestling::command::{Command, Pipeline};
use nestling::jobs::{self, ControllingTerminal, Foreground, Group, Job};
use nestling::spawn::{Action, Attributes, Child, Memory, Program, Spawn};
use nestling::sys::{self, process, signal};
use nestling::terminal::{self, Mode, Special, When};
use nestling::wait::{self, Options, Who};
use nestling::{
    Args, AsFd, Errno, ExitStatus, OFlags, OwnedFd, Pid, SigSet, Signal, args, signals,
};
use nestling_tests::{close, dup2, fails, fork, has_child, join, probe, probe_path, skip, started};

nestling_tests::suite! {
    in_both_modes {
        a_job_has_the_terminal_before_it_runs,
        an_interrupt_goes_to_the_foreground_job_only,
        a_stopped_job_is_resumed_in_the_foreground,
        a_job_resumed_in_the_background_has_no_terminal,
        a_background_reader_waits_for_its_turn,
        two_jobs_take_turns,
        a_pipeline_continues_without_its_first_member,
        a_job_that_did_not_start_gives_the_terminal_back,
        a_terminal_that_is_gone_is_an_error_and_no_hang,
        a_job_has_the_status_of_its_last_process,
    }
    once {
        a_thousand_turns_stop_no_shell,
        attributes_belong_to_the_shell_or_to_the_job,
        attributes_that_a_job_has_set_may_stay_after_its_exit,
        a_job_gets_its_attributes_back_and_leaves_them_when_it_exits,
        a_shell_prepares_for_its_jobs,
        a_pipeline_of_commands_is_a_job,
        a_killed_job_leaves_the_terminal_as_it_was,
        a_background_job_cannot_change_the_terminal,
        a_group_that_is_gone_does_not_get_the_terminal,
        a_signal_goes_to_every_member,
        the_group_of_process_1_is_not_everyone,
        a_shell_in_the_background_waits_until_it_is_not,
        a_shell_that_no_process_could_resume_gets_an_error,
        without_a_terminal_there_is_no_job_control,
    }
}

// ---- A shell in a session, with a terminal ----

struct Shell {
    terminal: ControllingTerminal,
    /// The terminal's controller: keyboard and screen.
    controller: OwnedFd,
}

/// Runs `shell` in a new foreground group. Its parent is the session's leader, which checks that the shell is never
/// stopped.
fn shell(shell: impl FnOnce(Shell)) {
    let pid = session(|controller| {
        let terminal = ControllingTerminal::open().expect("/dev/tty");
        terminal.take().expect("the foreground");
        let own = process::getpid();
        assert_eq!(terminal::foreground(terminal.as_fd()), Ok(Some(own)));
        shell(Shell {
            terminal,
            controller,
        });
        assert_eq!(signal::mask(), Ok(SigSet::EMPTY));
        assert!(!has_child(), "a job is left");
    });
    let (_, status) = wait::wait_for(Who::Child(pid), Options::STOPPED)
        .expect("the shell's end")
        .expect("a status");
    assert!(status.success(), "the shell: {status}");
}

/// Forks `shell` into a new background group of this session, which gets a new terminal.
fn session(shell: impl FnOnce(OwnedFd)) -> Pid {
    let pty = match terminal::openpty() {
        Ok(pty) => pty,
        Err(errno @ (Errno::ENOENT | Errno::EACCES)) => {
            skip(format_args!("no pseudo-terminals here: {errno}"))
        }
        Err(errno) => panic!("openpty: {errno}"),
    };
    terminal::set_controlling(pty.terminal.as_fd()).expect("a controlling terminal");
    // When the shell ends, the terminal is hung up. This process, the session's leader, must survive that.
    signal::ignore(Signal::HUP).expect("no end by SIGHUP");
    let (ready, tell) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let pid = fork(|| {
        signal::set_default(Signal::HUP).expect("an end by SIGHUP");
        process::setpgid(0, 0).expect("a group of its own");
        drop(tell);
        shell(pty.controller);
    });
    assert_eq!(sys::fd::read(ready.as_fd(), &mut [0]), Ok(0), "it is there");
    pid
}

impl Shell {
    /// Types these bytes.
    fn types(&self, bytes: &[u8]) {
        let count = sys::fd::write(self.controller.as_fd(), bytes);
        assert_eq!(count, Ok(bytes.len()));
    }

    fn foreground(&self) -> Option<Pid> {
        terminal::foreground(self.terminal.as_fd()).expect("a foreground group")
    }

    fn attributes(&self) -> terminal::Attributes {
        terminal::attributes(self.terminal.as_fd()).expect("its attributes")
    }

    fn lend(&self) -> Foreground<'_> {
        self.terminal.lend().expect("its attributes")
    }

    fn hand_over(&self, job: Group) -> Foreground<'_> {
        let lent = self.terminal.hand_over(job, None);
        assert_eq!(self.foreground(), Some(job.id()));
        lent.expect("the terminal to be handed over")
    }

    fn take_back(&self, lent: Foreground<'_>) -> terminal::Attributes {
        let attributes = lent.take_back().expect("the terminal");
        assert_eq!(self.foreground(), Some(process::getpid()));
        attributes
    }

    /// Starts the probe as a new job or as a member of one. Descriptor 0 is the terminal, 20 is `end`.
    fn start(&self, memory: Memory, member: Member, what: [&CStr; 2], end: &OwnedFd) -> Child {
        let number = self.terminal.as_fd().as_raw_fd();
        let actions = [
            dup2(number, 0),
            dup2(end.as_raw_fd(), 20),
            Action::SetForeground(number),
        ];
        let count = if member == Member::Foreground { 3 } else { 2 };
        let list = args![c"probe", what[0], what[1]];
        let mut spawn = Spawn {
            args: Args::new(&list),
            actions: &actions[..count],
            ..probe(memory)
        };
        spawn.attributes.process_group = Some(match member {
            Member::Foreground | Member::Background => 0,
            Member::Of(group) => group.id().as_raw(),
        });
        started(&spawn)
    }

    /// Starts a probe that reads the terminal until its end (Ctrl-D).
    fn reader(&self, memory: Memory, member: Member) -> Child {
        self.start(memory, member, [c"until-eof", c"0"], &self.controller)
    }

    /// Starts a probe that waits until the other side of `end` is closed.
    fn waiter(&self, memory: Memory, member: Member, end: &OwnedFd) -> Group {
        group(&self.start(memory, member, [c"until-eof", c"20"], end))
    }

    /// Starts a foreground job that reads the terminal.
    fn foreground_reader(&self, memory: Memory) -> Group {
        group(&self.reader(memory, Member::Foreground))
    }

    /// Starts a foreground job that runs `job` in a copy of the shell.
    fn forked(&self, job: impl FnOnce()) -> Group {
        let (ready, tell) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
        let pid = fork(|| {
            process::setpgid(0, 0).expect("a group of its own");
            self.terminal.take().expect("the foreground");
            drop(tell);
            job();
        });
        assert_eq!(sys::fd::read(ready.as_fd(), &mut [0]), Ok(0), "it is there");
        Group::new(pid)
    }
}

fn group(leader: &Child) -> Group {
    Group::new(leader.id())
}

#[derive(PartialEq)]
enum Member {
    Foreground,
    Background,
    Of(Group),
}

/// Waits for a change of state of one member.
fn wait_for_change(job: Group, options: Options) -> ExitStatus {
    let (_, status) = job.wait(options).expect("a member").expect("a status");
    status
}

/// Waits until a member stops.
fn stop(job: Group) -> Option<Signal> {
    wait_for_change(job, Options::STOPPED).stopped_signal()
}

/// Waits for the end of the only member.
fn end(job: Group) -> ExitStatus {
    let status = wait_for_change(job, Options::default());
    assert_eq!(job.exists(), Ok(false));
    status
}

// ---- The terminal goes around ----

fn a_job_has_the_terminal_before_it_runs(memory: Memory) {
    shell(|shell| {
        for _ in 0..20 {
            let lent = shell.lend();
            let job = shell.foreground_reader(memory);
            assert_eq!(shell.foreground(), Some(job.id()));
            // A background job would be stopped before it could read.
            shell.types(b"\x04");
            let status = wait_for_change(job, Options::STOPPED);
            assert!(status.success(), "{status}");
            shell.take_back(lent);
        }
    });
}

fn an_interrupt_goes_to_the_foreground_job_only(memory: Memory) {
    shell(|shell| {
        let (from, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
        let background = shell.waiter(memory, Member::Background, &from);
        for (key, signal) in [(b"\x03", Signal::INT), (b"\x1c", Signal::QUIT)] {
            let lent = shell.lend();
            let job = shell.foreground_reader(memory);
            shell.types(key);
            assert_eq!(end(job).signal(), Some(signal));
            shell.take_back(lent);
        }
        assert_eq!(
            background.wait(Options::NOHANG | Options::STOPPED),
            Ok(None)
        );
        drop(held);
        assert!(end(background).success());
    });
}

fn a_stopped_job_is_resumed_in_the_foreground(memory: Memory) {
    shell(|shell| {
        let lent = shell.lend();
        let job = shell.foreground_reader(memory);
        shell.types(b"\x1a");
        assert_eq!(stop(job), Some(Signal::TSTP));
        shell.take_back(lent);
        for _ in 0..3 {
            let lent = shell.hand_over(job);
            job.resume().expect("SIGCONT");
            assert!(wait_for_change(job, Options::CONTINUED).continued());
            shell.types(b"\x1a");
            assert_eq!(stop(job), Some(Signal::TSTP));
            shell.take_back(lent);
        }
        let lent = shell.hand_over(job);
        job.resume().expect("SIGCONT");
        shell.types(b"\x04");
        assert!(end(job).success());
        shell.take_back(lent);
    });
}

fn a_job_resumed_in_the_background_has_no_terminal(memory: Memory) {
    shell(|shell| {
        let lent = shell.lend();
        let job = shell.foreground_reader(memory);
        shell.types(b"\x1a");
        assert_eq!(stop(job), Some(Signal::TSTP));
        shell.take_back(lent);
        job.resume().expect("SIGCONT");
        // The job continues, and reads from the terminal in the background.
        assert_eq!(stop(job), Some(Signal::TTIN));
        assert_eq!(shell.foreground(), Some(process::getpid()));
        job.signal(Signal::KILL).expect("a signal");
        assert_eq!(end(job).signal(), Some(Signal::KILL));
    });
}

fn a_background_reader_waits_for_its_turn(memory: Memory) {
    shell(|shell| {
        let job = group(&shell.reader(memory, Member::Background));
        assert_eq!(stop(job), Some(Signal::TTIN));
        let lent = shell.hand_over(job);
        job.resume().expect("SIGCONT");
        shell.types(b"\x04");
        assert!(end(job).success());
        shell.take_back(lent);
    });
}

fn two_jobs_take_turns(memory: Memory) {
    shell(|shell| {
        let [first, second] = [(); 2].map(|()| {
            let lent = shell.lend();
            let job = shell.foreground_reader(memory);
            shell.types(b"\x1a");
            assert_eq!(stop(job), Some(Signal::TSTP));
            shell.take_back(lent);
            job
        });
        let turn = |job: Group, key: &[u8]| {
            let lent = shell.hand_over(job);
            job.resume().expect("SIGCONT");
            shell.types(key);
            let status = wait_for_change(job, Options::STOPPED);
            shell.take_back(lent);
            status
        };
        assert_eq!(turn(first, b"\x1a").stopped_signal(), Some(Signal::TSTP));
        assert_eq!(turn(second, b"\x1a").stopped_signal(), Some(Signal::TSTP));
        assert_eq!(turn(first, b"\x03").signal(), Some(Signal::INT));
        assert_eq!((first.exists(), second.exists()), (Ok(false), Ok(true)));
        assert!(turn(second, b"\x04").success());
    });
}

fn a_job_has_the_status_of_its_last_process(memory: Memory) {
    shell(|shell| {
        let lent = shell.lend();
        let first = group(&shell.reader(memory, Member::Foreground));
        let words = [c"exit", c"3"];
        let last = shell.start(memory, Member::Of(first), words, &shell.controller);
        let last = last.id();
        wait::peek(Who::Child(last), Options::default()).expect("its end");
        let mut job = Job::new(first, last);
        assert_eq!(job.try_wait(), Ok(None), "the first process runs");
        assert_eq!(wait::try_wait(last), Err(Errno::ECHILD), "reaped");
        shell.types(b"\x1a");
        let status = job.wait_in_foreground(lent).expect("a stop");
        assert_eq!(status.stopped_signal(), Some(Signal::TSTP));
        assert_eq!(shell.foreground(), Some(process::getpid()));
        assert_eq!(job.try_wait(), Ok(None), "it is stopped");
        shell.types(b"\x04");
        let status = job.continue_in_foreground(&shell.terminal);
        assert_eq!(status.expect("the end").code(), Some(3));
        assert_eq!(shell.foreground(), Some(process::getpid()));
        assert_eq!((job.wait(), job.try_wait()), (status, status.map(Some)));
        let gone = job.continue_in_foreground(&shell.terminal);
        assert_eq!(gone, Err(Errno::ESRCH));
        assert_eq!(Job::new(first, last).wait(), Err(Errno::ECHILD));
    });
}

fn a_pipeline_continues_without_its_first_member(memory: Memory) {
    shell(|shell| {
        let lent = shell.lend();
        let words = [c"exit", c"1"];
        let first = shell.start(memory, Member::Foreground, words, &shell.controller);
        let first = first.id();
        let job = Group::new(first);
        wait::peek(Who::Child(first), Options::default()).expect("its end");
        assert_eq!(job.exists(), Ok(true), "ended, not reaped");
        let second = shell.reader(memory, Member::Of(job));
        let third = shell.reader(memory, Member::Of(job));
        let ended = job.wait(Options::default()).expect("a member");
        assert_eq!(
            ended.map(|(pid, status)| (pid, status.code())),
            Some((first, Some(1)))
        );
        // The group exists, although no process has the group's number as its id any more. Both members are stopped.
        shell.types(b"\x1a");
        assert_eq!([stop(job), stop(job)], [Some(Signal::TSTP); 2]);
        shell.take_back(lent);
        let lent = shell.hand_over(job);
        job.resume().expect("SIGCONT");
        shell.types(b"\x04\x04");
        let mut ended = [(); 2].map(|()| job.wait(Options::default()).expect("a member"));
        ended.sort_by_key(|ended| ended.map(|(pid, _)| pid));
        let well = ExitStatus::default();
        assert_eq!(ended, [Some((second.id(), well)), Some((third.id(), well))]);
        shell.take_back(lent);
        assert_eq!(job.exists(), Ok(false));
        // The group no longer exists, so no process can join it.
        let mut late = probe(memory);
        late.attributes.process_group = Some(first.as_raw());
        let error = "attribute process group: EPERM: operation not permitted";
        fails(&late, error);
    });
}

fn a_job_that_did_not_start_gives_the_terminal_back(memory: Memory) {
    shell(|shell| {
        let before = shell.attributes();
        let lent = shell.lend();
        let number = shell.terminal.as_fd().as_raw_fd();
        let spawn = Spawn {
            program: Program::Path(c"/nope"),
            actions: &[Action::SetForeground(number)],
            attributes: Attributes {
                process_group: Some(0),
                memory,
                ..Attributes::default()
            },
            ..probe(memory)
        };
        fails(&spawn, "exec \"/nope\": ENOENT: no such file or directory");
        assert_ne!(shell.foreground(), Some(process::getpid()), "it had it");
        drop(lent);
        assert_eq!(shell.foreground(), Some(process::getpid()));
        assert_eq!(shell.attributes(), before);
    });
}

fn a_terminal_that_is_gone_is_an_error_and_no_hang(memory: Memory) {
    shell(|shell| {
        let lent = shell.lend();
        let (from, _held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
        let job = shell.waiter(memory, Member::Foreground, &from);
        signal::ignore(Signal::HUP).expect("no end by SIGHUP");
        close(shell.controller.as_raw_fd());
        // The session's leader may not have closed its copy yet.
        while terminal::attributes(shell.terminal.as_fd()).is_ok() {}
        assert_eq!(lent.take_back(), Err(Errno::ENOTTY));
        assert_eq!(shell.terminal.take(), Err(Errno::ENOTTY));
        assert_eq!(shell.terminal.lend().map(drop), Err(Errno::EIO));
        assert_eq!(
            shell.terminal.hand_over(job, None).map(drop),
            Err(Errno::EIO)
        );
        assert_eq!(shell.terminal.wait_until_foreground(), Err(Errno::EIO));
        // The job may have ended by SIGHUP already.
        let _ = job.signal(Signal::KILL);
        assert!(end(job).signal().is_some());
    });
}

fn a_thousand_turns_stop_no_shell() {
    shell(|shell| {
        let (from, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
        let lent = shell.lend();
        let job = shell.forked(|| {
            close(held.as_raw_fd());
            let _ = sys::fd::read(from.as_fd(), &mut [0]);
        });
        shell.take_back(lent);
        for _ in 0..1000 {
            let lent = shell.hand_over(job);
            shell.take_back(lent);
        }
        assert_eq!(signal::mask(), Ok(SigSet::EMPTY));
        drop(held);
        assert!(end(job).success());
    });
}

// ---- Attributes ----

/// Makes the terminal raw, with this `eof` character.
fn make_raw(terminal: &ControllingTerminal, eof: u8) -> terminal::Attributes {
    let mut raw = terminal::attributes(terminal.as_fd()).expect("its attributes");
    raw.make_raw();
    raw.set_special(Special::Eof, eof);
    terminal::set_attributes(terminal.as_fd(), When::Now, &raw).expect("a raw terminal");
    raw
}

fn stop_itself() {
    process::kill(process::getpid().as_raw(), Some(Signal::STOP)).expect("a stop");
}

fn attributes_belong_to_the_shell_or_to_the_job() {
    shell(|shell| {
        let shells = shell.attributes();
        let lent = shell.lend();
        let job = shell.forked(|| {
            let raw = make_raw(&shell.terminal, 7);
            stop_itself();
            assert_eq!(shell.attributes(), raw, "the job's again");
        });
        assert_eq!(stop(job), Some(Signal::STOP));
        let jobs = shell.take_back(lent);
        assert_eq!(
            (jobs.special(Special::Eof), jobs.has(Mode::ICANON)),
            (7, false)
        );
        assert_eq!(shell.attributes(), shells);

        let lent = shell
            .terminal
            .hand_over(job, Some(&jobs))
            .expect("the terminal");
        assert_eq!(shell.attributes(), jobs);
        job.resume().expect("SIGCONT");
        assert!(end(job).success());
        assert!(shell.take_back(lent) == jobs);
        assert_eq!(shell.attributes(), shells);
    });
}

fn a_job_gets_its_attributes_back_and_leaves_them_when_it_exits() {
    shell(|shell| {
        let shells = shell.attributes();
        let lent = shell.lend();
        let group = shell.forked(|| {
            let raw = make_raw(&shell.terminal, 7);
            stop_itself();
            assert_eq!(shell.attributes(), raw, "the job's again");
            make_raw(&shell.terminal, 8);
        });
        let mut job = Job::new(group, group.id());
        let status = job.wait_in_foreground(lent).expect("a stop");
        assert_eq!(status.stopped_signal(), Some(Signal::STOP));
        assert_eq!(shell.attributes(), shells);
        let status = job.continue_in_foreground(&shell.terminal);
        assert!(status.expect("the end").success());
        assert_eq!(shell.attributes().special(Special::Eof), 8);

        let before = shell.attributes();
        let lent = shell.lend();
        let group = shell.forked(|| {
            make_raw(&shell.terminal, 9);
            let own = process::getpid().as_raw();
            process::kill(own, Some(Signal::KILL)).expect("its end");
        });
        let status = Job::new(group, group.id()).wait_in_foreground(lent);
        assert_eq!(status.expect("the end").signal(), Some(Signal::KILL));
        assert_eq!(shell.attributes(), before);
    });
}

fn a_shell_prepares_for_its_jobs() {
    shell(|shell| {
        let terminal = ControllingTerminal::for_shell().expect("the terminal");
        assert_eq!(shell.foreground(), Some(process::getpid()));
        // No key ends or stops the shell: it reads the line that follows them.
        shell.types(b"\x03\x1c\x1a");
        shell.types(b"a\n");
        let mut line = [0; 8];
        assert_eq!(sys::fd::read(terminal.as_fd(), &mut line), Ok(2));
        assert_eq!(line[..2], *b"a\n");
    });
}

fn a_pipeline_of_commands_is_a_job() {
    shell(|shell| {
        let own = process::getpid();
        let input = sys::fd::open(c"/dev/tty", OFlags::RDWR | OFlags::CLOEXEC, 0);
        let mut reader = Command::new(probe_path());
        reader
            .args(["until-eof", "0"])
            .stdin(input.expect("the terminal"));
        let mut last = Command::new(probe_path());
        last.args(["exit", "3"]);
        let typist = fork(|| {
            while shell.foreground() == Some(own) {}
            shell.types(b"\x04");
        });
        let ran = reader.pipe(&mut last).run_job(Some(&shell.terminal));
        let (mut job, status) = ran.expect("a job");
        assert_eq!(status.code(), Some(3));
        assert_eq!(job.wait(), Ok(status));
        assert_eq!(shell.foreground(), Some(own));
        join(typist);

        let mut nothing = Command::new("/no/such");
        let error = last.pipe(&mut nothing).run_job(Some(&shell.terminal));
        assert_eq!(error.expect_err("no program").errno(), Some(Errno::ENOENT));
        assert_eq!(shell.foreground(), Some(own));

        let mut job = Pipeline::from_iter([&mut last])
            .start_job(None)
            .expect("a job");
        assert_eq!(shell.foreground(), Some(own));
        assert_eq!(job.wait().map(|it| it.code()), Ok(Some(3)));
        let nothing = Pipeline::from_iter([]).start_job(None);
        assert_eq!(
            nothing.expect_err("no command").errno(),
            Some(Errno::EINVAL)
        );
    });
}

fn attributes_that_a_job_has_set_may_stay_after_its_exit() {
    shell(|shell| {
        let lent = shell.lend();
        let job = shell.forked(|| {
            make_raw(&shell.terminal, 7);
        });
        assert!(end(job).success());
        lent.take_back_as_is().expect("the terminal");
        assert_eq!(shell.foreground(), Some(process::getpid()));
        assert_eq!(shell.attributes().special(Special::Eof), 7);
    });
}

fn a_killed_job_leaves_the_terminal_as_it_was() {
    shell(|shell| {
        let before = shell.attributes();
        let lent = shell.lend();
        let job = shell.forked(|| {
            make_raw(&shell.terminal, 7);
            stop_itself();
        });
        assert_eq!(stop(job), Some(Signal::STOP));
        job.signal(Signal::KILL).expect("a signal");
        assert_eq!(end(job).signal(), Some(Signal::KILL));
        assert_ne!(shell.attributes(), before);
        drop(lent);
        assert_eq!(shell.foreground(), Some(process::getpid()));
        assert_eq!(shell.attributes(), before);
    });
}

fn a_background_job_cannot_change_the_terminal() {
    shell(|shell| {
        let before = shell.attributes();
        let lent = shell.lend();
        let job = shell.forked(|| {
            stop_itself();
            make_raw(&shell.terminal, 7);
        });
        assert_eq!(stop(job), Some(Signal::STOP));
        shell.take_back(lent);
        job.resume().expect("SIGCONT");
        assert_eq!(stop(job), Some(Signal::TTOU));
        assert_eq!(shell.attributes(), before);
        job.signal(Signal::KILL).expect("a signal");
        assert_eq!(end(job).signal(), Some(Signal::KILL));
    });
}

// ---- Groups ----

fn a_group_that_is_gone_does_not_get_the_terminal() {
    shell(|shell| {
        let before = shell.attributes();
        let raw = {
            let mut raw = before;
            raw.make_raw();
            raw
        };
        let lent = shell.lend();
        let job = shell.forked(|| {});
        assert!(end(job).success());
        shell.take_back(lent);
        let answer = shell.terminal.hand_over(job, Some(&raw)).map(drop);
        assert_eq!(answer, Err(Errno::ESRCH));
        assert_eq!(shell.foreground(), Some(process::getpid()));
        assert_eq!(shell.attributes(), before);
        assert_eq!(job.wait(Options::default()), Err(Errno::ECHILD));
        assert_eq!(job.signal(Signal::TERM), Err(Errno::ESRCH));
        assert_eq!(job.resume(), Err(Errno::ESRCH));
    });
}

fn a_signal_goes_to_every_member() {
    let (from, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let member = |group: i32| {
        let pid = fork(|| {
            close(held.as_raw_fd());
            let _ = sys::fd::read(from.as_fd(), &mut [0]);
        });
        process::setpgid(pid.as_raw(), group).expect("a group");
        pid
    };
    let first = member(0);
    let job = Group::new(first);
    let second = member(first.as_raw());
    let other = member(0);
    job.signal(Signal::TERM).expect("a signal");
    for _ in 0..2 {
        let (pid, status) = job
            .wait(Options::default())
            .expect("a member")
            .expect("a status");
        assert!(pid == first || pid == second);
        assert_eq!(status.signal(), Some(Signal::TERM));
    }
    assert_eq!(job.wait(Options::default()), Err(Errno::ECHILD));
    drop(held);
    join(other);
}

fn the_group_of_process_1_is_not_everyone() {
    let group = Group::new(Pid::from_raw(1).expect("a pid"));
    assert_eq!(group.signal(Signal::URG), Err(Errno::EINVAL));
    assert_eq!(group.resume(), Err(Errno::EINVAL));
    assert_eq!(group.exists(), Err(Errno::EINVAL));
}

// ---- A shell's beginning ----

fn a_shell_in_the_background_waits_until_it_is_not() {
    let shell = session(|controller| {
        let terminal = ControllingTerminal::open().expect("/dev/tty");
        assert_eq!(sys::fd::write(controller.as_fd(), b"abc\n"), Ok(4));
        terminal.wait_until_foreground().expect("the foreground");
        terminal.wait_until_foreground().expect("it has it");
        let own = process::getpid();
        assert_eq!(terminal::foreground(terminal.as_fd()), Ok(Some(own)));
        // What was typed has not been lost.
        assert_eq!(sys::fd::read(terminal.as_fd(), &mut [0; 8]), Ok(4));
    });
    let job = Group::new(shell);
    let terminal = ControllingTerminal::open().expect("/dev/tty");
    assert_eq!(stop(job), Some(Signal::TTIN));
    // A job that is resumed in the background stops again.
    job.resume().expect("SIGCONT");
    assert_eq!(stop(job), Some(Signal::TTIN));
    let lent = terminal.hand_over(job, None).expect("the terminal");
    job.resume().expect("SIGCONT");
    let status = wait_for_change(job, Options::STOPPED);
    assert!(status.success(), "the shell: {status}");
    drop(lent);
}

fn a_shell_that_no_process_could_resume_gets_an_error() {
    let shell = session(|_controller| {
        let terminal = ControllingTerminal::open().expect("/dev/tty");
        let blocked = signals::block(SigSet::EMPTY.with(Signal::TTIN)).expect("a mask");
        assert_eq!(terminal.wait_until_foreground(), Err(Errno::EIO), "blocked");
        drop(blocked);
        let ignored = signals::ignore(Signal::TTIN).expect("no SIGTTIN");
        assert_eq!(terminal.wait_until_foreground(), Err(Errno::EIO), "ignored");
        drop(ignored);
        terminal.take().expect("the foreground");
        terminal.wait_until_foreground().expect("it has it");
        stop_itself();
    });
    let job = Group::new(shell);
    assert_eq!(stop(job), Some(Signal::STOP));
    // The session's leader, whose parent belongs to another session, is itself in the background now.
    let terminal = ControllingTerminal::open().expect("/dev/tty");
    assert_eq!(
        terminal.wait_until_foreground(),
        Err(Errno::EIO),
        "an orphan"
    );
    job.resume().expect("SIGCONT");
    assert!(end(job).success());
}

fn without_a_terminal_there_is_no_job_control() {
    assert_eq!(ControllingTerminal::open().map(drop), Err(Errno::ENXIO));
    let for_shell = ControllingTerminal::for_shell();
    assert_eq!(for_shell.map(drop), Err(Errno::ENXIO));
    let (from, _held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let pipe = ControllingTerminal::new(from);
    assert_eq!(pipe.wait_until_foreground(), Err(Errno::ENOTTY));
    assert_eq!(pipe.take(), Err(Errno::ENOTTY));
    assert_eq!(pipe.lend().map(drop), Err(Errno::ENOTTY));
    let own = Group::new(process::getpid());
    assert_eq!(pipe.hand_over(own, None).map(drop), Err(Errno::ENOTTY));
    let signals = [
        Signal::INT,
        Signal::QUIT,
        Signal::TSTP,
        Signal::TTIN,
        Signal::TTOU,
    ];
    assert!(jobs::SIGNALS.iter().eq(signals));
}
