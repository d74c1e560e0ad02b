//! The examples of the documentation, run as the programs that they are.

use core::ffi::CStr;

use nestling::command::{Child, ChildStdout, Command, Stdio};
use nestling::io::Reader;
use nestling::{AsFd, OFlags, Signal, io, sys};
use nestling_tests::{Text, probe_path, show, text};

nestling_tests::suite! {
    once {
        the_supervisor_starts_again_what_ends,
        the_supervisor_ends_all_on_sigterm,
        the_supervisor_tells_what_cannot_be_started,
        the_pipeline_passes_its_data_from_end_to_end,
        the_pipeline_exits_as_its_last_command,
    }
}

/// An example lies beside the probe.
fn example(name: &str) -> Command {
    let folder = show(probe_path()).strip_suffix("probe");
    Command::new(text!("{}{name}", folder.expect("the probe")).as_str())
}

fn probe(words: &str) -> Text {
    text!("{} {words}", show(probe_path()))
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

fn the_supervisor_starts_again_what_ends() {
    let service = probe("exit 3");
    let (child, output) = supervisor(&[service.c_str()]);
    let mut reader = Reader::new(output.as_fd());
    for _ in 0..2 {
        expect_line(
            &mut reader,
            text!("{}: exit status: 3", service.as_str()).as_str(),
        );
    }
    end(child);
}

fn the_supervisor_ends_all_on_sigterm() {
    // Both services hold this pipe until they are gone, and read one that nobody writes to.
    let (alive, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let (quiet, _open) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let (service, short) = (probe("until-eof 0"), probe("exit 4"));
    let mut supervisor = example("supervisor");
    supervisor.args([service.c_str(), service.c_str(), short.c_str()]);
    supervisor.stdin(quiet).stdout(Stdio::piped()).fd(20, held);
    let mut child = supervisor.spawn().expect("the supervisor");
    drop(supervisor);
    // It has begun its work.
    let output = child.stdout.take().expect("a pipe");
    let mut reader = Reader::new(output.as_fd());
    expect_line(
        &mut reader,
        text!("{}: exit status: 4", short.as_str()).as_str(),
    );
    end(child);
    assert_eq!(
        io::read(alive.as_fd(), &mut [0; 1]),
        Ok(0),
        "nobody is left"
    );
}

fn the_supervisor_tells_what_cannot_be_started() {
    let (child, output) = supervisor(&[c"/nope now"]);
    let expected = r#"/nope now: exec "/nope": ENOENT: no such file or directory"#;
    let mut reader = Reader::new(output.as_fd());
    // It is tried again.
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
    let line = text!("{}: exit status: 0\n", copy.as_str());
    let told = text!("{0}{0}{0}", line.as_str());
    assert_eq!(core::str::from_utf8(&output.stderr), Ok(told.as_str()));
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
