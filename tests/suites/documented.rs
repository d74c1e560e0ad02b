//! Runs the examples of the documentation as programs.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::command::{Child, ChildStdout, Command, Stdio};
use nestling::io::Reader;
use nestling::sys::mount::{MountFlags, mount};
use nestling::sys::namespace::{Namespaces, unshare};
use nestling::{AsFd, OFlags, Signal, io, sys, terminal};
use nestling_tests::{
    Text, format_text, make_directory, make_file, need_root, probe_path, read_file, runner, show,
    skip,
};

nestling_tests::suite! {
    once {
        the_supervisor_restarts_programs_that_end,
        the_supervisor_ends_all_on_sigterm,
        the_supervisor_reports_a_program_that_cannot_be_started,
        the_pipeline_passes_its_data_from_end_to_end,
        the_pipeline_exits_as_its_last_command,
        the_shell_runs_pipelines_with_redirections,
        the_shell_reports_a_failure_and_continues,
        the_shell_does_not_wait_for_a_job_in_the_background,
        the_shell_stops_and_resumes_a_job_on_a_terminal,
        the_example_of_process_1_restarts_its_service_and_powers_off,
        the_example_of_process_1_refuses_to_be_another_process,
    }
}

/// Returns the command of an example. Its program is in the directory of the probe.
fn example(name: &str) -> Command {
    let folder = show(probe_path()).strip_suffix("probe");
    Command::new(format_text!("{}{name}", folder.expect("the probe")).as_str())
}

fn probe(words: &str) -> Text {
    format_text!("{} {words}", show(probe_path()))
}

fn supervisor(services: &[&CStr]) -> (Child, ChildStdout) {
    let mut supervisor = example("supervisor");
    supervisor.args(services).stdout(Stdio::piped());
    let mut child = supervisor.spawn().expect("the supervisor");
    let output = child.stdout.take().expect("a pipe");
    (child, output)
}

fn expect_line(reader: &mut Reader<'_>, expected: &str) {
    let mut line = [0; 512];
    let length = reader.fill_until(b'\n', &mut line).expect("a line");
    let line = core::str::from_utf8(&line[..length]).expect("text");
    assert_eq!(line.trim_end(), expected);
}

fn end(mut supervisor: Child) {
    supervisor.signal(Signal::TERM).expect("a signal");
    assert!(supervisor.wait().expect("its end").success());
}

fn the_supervisor_restarts_programs_that_end() {
    let service = probe("exit 3");
    let (child, output) = supervisor(&[service.c_str()]);
    let mut reader = Reader::new(output.as_fd());
    for _ in 0..2 {
        expect_line(
            &mut reader,
            format_text!("{}: exit status: 3", service.as_str()).as_str(),
        );
    }
    end(child);
}

fn the_supervisor_ends_all_on_sigterm() {
    // Both services hold this pipe until they have ended, and read from another one that stays open without data.
    let (alive, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let (quiet, _open) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let (service, short) = (probe("until-eof 0"), probe("exit 4"));
    let mut supervisor = example("supervisor");
    supervisor.args([service.c_str(), service.c_str(), short.c_str()]);
    supervisor.stdin(quiet).stdout(Stdio::piped()).fd(20, held);
    let mut child = supervisor.spawn().expect("the supervisor");
    drop(supervisor);
    // After this line, the supervisor has started its work.
    let output = child.stdout.take().expect("a pipe");
    let mut reader = Reader::new(output.as_fd());
    expect_line(
        &mut reader,
        format_text!("{}: exit status: 4", short.as_str()).as_str(),
    );
    end(child);
    assert_eq!(
        io::read(alive.as_fd(), &mut [0; 1]),
        Ok(0),
        "no service is left"
    );
}

fn the_supervisor_reports_a_program_that_cannot_be_started() {
    let (child, output) = supervisor(&[c"/nope now"]);
    let expected = r#"/nope now: exec "/nope": ENOENT: no such file or directory"#;
    let mut reader = Reader::new(output.as_fd());
    // The supervisor tries again.
    expect_line(&mut reader, expected);
    expect_line(&mut reader, expected);
    end(child);
}

fn the_pipeline_passes_its_data_from_end_to_end() {
    let copy = probe("copy");
    let mut pipeline = example("pipeline");
    pipeline.args([copy.c_str(); 3]).stdin(Stdio::piped());
    pipeline.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipeline.spawn().expect("the pipeline");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(b"through three").expect("a write");
    drop(input);
    let output = child.wait_with_output().expect("its output");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, b"through three");
    let line = format_text!("{}: exit status: 0\n", show(probe_path()));
    let reported = format_text!("{0}{0}{0}", line.as_str());
    assert_eq!(core::str::from_utf8(&output.stderr), Ok(reported.as_str()));
}

fn the_pipeline_exits_as_its_last_command() {
    let run = |commands: &[&CStr]| {
        let output = example("pipeline").args(commands).output();
        output.expect("the pipeline").status.code()
    };
    let (three, zero) = (probe("exit 3"), probe("exit 0"));
    assert_eq!(run(&[zero.c_str(), three.c_str()]), Some(3));
    assert_eq!(run(&[three.c_str(), zero.c_str()]), Some(0));
    assert_eq!(run(&[zero.c_str(), c"/nope"]), Some(127));
    assert_eq!(run(&[probe("kill 15").c_str()]), Some(128 + 15));
}

/// Runs the shell with these lines as its input. Returns what it writes to standard error, and its exit status.
fn shell(lines: &str) -> (String, Option<i32>) {
    let output = example("shell").input(lines).output().expect("the shell");
    let text = String::from_utf8(output.stderr).expect("text");
    (text, output.status.code())
}

fn the_shell_runs_pipelines_with_redirections() {
    make_file(c"file", 0o600, b"words");
    make_directory(c"directory").expect("a directory");
    let copy = probe("copy");
    let lines = format_text!(
        "{0} < file | {0} | {0} > out\n{0} < file >> out\n\ncd directory\n{0} < ../file > out\n{1}",
        copy.as_str(),
        probe("exit 3").as_str() // the last line without a newline
    );
    assert_eq!(shell(lines.as_str()), (String::new(), Some(3)));
    for (path, expected) in [(c"out", "wordswords"), (c"directory/out", "words")] {
        assert_eq!(read_file(path).expect("a file").as_str(), expected);
    }
}

fn the_shell_reports_a_failure_and_continues() {
    let copy = probe("copy");
    let failed = "nope: ENOENT: no such file or directory\n";
    let lines = format_text!("{} < nope\n", copy.as_str());
    assert_eq!(shell(lines.as_str()), (failed.into(), Some(1)));
    assert_eq!(shell("cd nope\n"), (failed.into(), Some(1)));
    let failed = format!("exec \"/nope\": {}", failed.split_at(6).1);
    assert_eq!(shell("/nope\nexit\n"), (failed.clone(), Some(127)));
    let lines = format_text!("/nope\n{}\nexit\n/nope\n", probe("exit 0").as_str());
    assert_eq!(shell(lines.as_str()), (failed, Some(0)));
}

fn the_shell_does_not_wait_for_a_job_in_the_background() {
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let lines = format_text!(
        "{} &\n{}\n",
        probe("until-eof 20").as_str(),
        probe("exit 4").as_str()
    );
    let status = example("shell").input(lines.as_str()).fd(20, end).status();
    assert_eq!(status.expect("the shell").code(), Some(4));
    drop(held);
}

fn the_shell_stops_and_resumes_a_job_on_a_terminal() {
    let Ok(pty) = terminal::openpty() else {
        skip("no terminals here");
    };
    let side = || pty.terminal.try_clone().expect("a descriptor");
    let mut shell = example("shell");
    shell.stdin(side()).stdout(side()).stderr(side());
    let mut shell = shell
        .setsid(true)
        .controlling_terminal(0)
        .spawn()
        .expect("the shell");
    let controller = pty.controller.as_fd();
    let mut seen = Vec::new();
    // Types, and reads until the terminal has shown all texts of `expected`, one after the other.
    let mut talk = |typed: &str, expected: &[&str]| {
        io::write_all(controller, typed.as_bytes()).expect("a key");
        for part in expected {
            let position = |seen: &[u8]| {
                seen.windows(part.len())
                    .position(|it| it == part.as_bytes())
            };
            while position(&seen).is_none() {
                let mut buffer = [0; 256];
                let length = io::read(controller, &mut buffer).expect("what it shows");
                seen.extend_from_slice(&buffer[..length]);
            }
            let end = position(&seen).map(|start| start + part.len());
            seen.drain(..end.unwrap_or_default());
        }
    };
    let copy = format_text!("{}\n", probe("copy").as_str());
    talk("", &["$ "]);
    talk(copy.as_str(), &["copy\r\n"]);
    talk("one\n", &["one\r\n", "one\r\n"]); // the terminal's echo, and the job's output
    talk("\x1a", &["$ "]);
    talk("fg\n", &["fg\r\n"]);
    talk("two\n", &["two\r\n", "two\r\n"]);
    talk("\x04", &["$ "]);
    talk("exit\n", &["exit\r\n"]);
    assert_eq!(shell.wait().expect("its end").code(), Some(0));
}

/// The example runs in new namespaces, where the kernel kills it by `SIGINT` in place of switching the machine off.
/// Nevertheless, the test runs only on a machine of its own.
fn the_example_of_process_1_restarts_its_service_and_powers_off() {
    need_root();
    if runner() != "kernel" {
        skip("needs a machine of its own");
    }
    unshare(Namespaces::PID | Namespaces::MOUNT).expect("namespaces");
    let private = MountFlags::PRIVATE | MountFlags::REC;
    mount(c"", c"/", c"", private, c"").expect("a tree of its own");
    // It also runs in a new root, which becomes read-only at the end.
    make_directory(c"root").expect("a directory");
    mount(c"root", c"root", c"tmpfs", MountFlags::default(), c"").expect("a tmpfs");
    for (from, to) in [
        (example("pid1").get_program(), c"root/pid1"),
        (probe_path(), c"root/probe"),
    ] {
        let open = |path, flags, mode| sys::fd::open(path, flags | OFlags::CLOEXEC, mode);
        let from = open(from, OFlags::RDONLY, 0).expect("a program");
        let to = open(to, OFlags::WRONLY | OFlags::CREAT, 0o755).expect("a copy");
        io::copy(from.as_fd(), to.as_fd()).expect("its bytes");
    }
    let mut command = Command::new("/pid1");
    command.args(["/probe", "exit", "3"]).chroot("root");
    let mut child = command.stderr(Stdio::piped()).spawn().expect("process 1");
    let output = child.stderr.take().expect("a pipe");
    let mut reader = Reader::new(output.as_fd());
    for _ in 0..2 {
        expect_line(&mut reader, "pid1: the service has ended: exit status: 3");
    }
    child.signal(Signal::TERM).expect("a signal");
    assert_eq!(child.wait().expect("its end").signal(), Some(Signal::INT));
}

fn the_example_of_process_1_refuses_to_be_another_process() {
    let output = example("pid1").output().expect("an output");
    assert_eq!(output.stderr, b"pid1: this is a process 1\n");
    assert_eq!(output.status.code(), Some(1));
}
