//! Tests that programs as they are do the same with the functions of the package `nestling-c`, preloaded, as with those of glibc.
//!
//! A second preloaded library (`tests/host/c/count.c`) counts the calls of each function, and whose function it was.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use nestling_host_tests::{Scratch, built_c_library, installed, is_long, or_skip, run};

/// The preloaded library without its folder, as in the lines of `count.c`.
const OURS: &str = "libnestling_c.so";

#[test]
fn make_does_the_same_with_four_jobs() {
    let makefile = "\
all: 1.all 2.all 3.all; @cat $^; nope; echo $$?; exit 3
%.all: %.a %.b %.c; @sort $^ > $@
%.a: ; @echo $@ > $@
%.b: ; @sh -c 'echo $@ > $@'
%.c: FROM_SHELL := $(shell echo found)
%.c: ; @echo $(FROM_SHELL) $@ > $@
.PHONY: all
";
    let files = [("Makefile", makefile)];
    do_the_same("make", &["-j4"], &files, &["posix_spawn"]);
}

#[test]
fn ninja_does_the_same() {
    let rules = "\
rule copy
  command = cat $in > $out
rule fail
  command = echo wrong; exit 3
build a: copy build.ninja
build b: copy a
build c: fail b
";
    let files = [("build.ninja", rules)];
    do_the_same("ninja", &["-j1"], &files, &["posix_spawn"]);
}

#[test]
fn python_does_the_same() {
    let script = r#"
import os, subprocess, sys
print(subprocess.run(["/bin/sh", "-c", "echo a; exit 3"], close_fds=False, stdout=subprocess.PIPE))
print(subprocess.run("echo b; exit 4", shell=True, close_fds=False, capture_output=True))
print(subprocess.run(["cat"], input=b"in", capture_output=True))
for start in (lambda: subprocess.run(["/nope"], close_fds=False), lambda: os.posix_spawn("/nope", ["x"], {})):
    try: start()
    except OSError as error: print(error)
sys.stdout.flush()
actions = [(os.POSIX_SPAWN_OPEN, 7, "/dev/null", os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, 1, 5), (os.POSIX_SPAWN_CLOSE, 7)]
pid = os.posix_spawn("/bin/sh", ["sh", "-c", "echo $A >&5; exit 5"], {"A": "b"}, file_actions=actions,
                     setpgroup=0, setsigmask=[10], setsigdef=[15])
print(os.waitpid(pid, 0)[1])
pid = os.posix_spawnp("sh", ["sh", "-c", "exit 6"], os.environ, setsid=True)
print(os.waitpid(pid, 0)[1])
print(os.popen("echo c; exit 7").read(), os.popen("cat", "w").close())
print(os.system("exit 8"))
"#;
    let calls = ["posix_spawn", "posix_spawnp", "system"];
    do_the_same("/usr/bin/python3", &["-c", script], &[], &calls);
}

#[test]
fn gawk_does_the_same() {
    let script = r#"BEGIN {
        command = "echo in; exit 3"; command | getline line; print line, close(command)
        print "b\na" | "sort"; print close("sort")
        print "to" |& "cat"; close("cat", "to"); "cat" |& getline line; print line, close("cat")
        print system("echo out; exit 4")
    }"#;
    let calls = ["pclose", "popen", "system"];
    do_the_same("gawk", &[script], &[], &calls);
}

/// These programs fork by themselves.
#[test]
fn perl_and_git_do_the_same() {
    let script = r#"$| = 1; print `echo back; exit 3`, $? >> 8; system("echo sys; exit 4"); print $? >> 8;
        open(F, "echo from|"); print <F>; close F; open(G, "|cat"); print G "to\n"; close G;
        print system("sh", "-c", "exit 5") >> 8; exec "echo", "end""#;
    do_the_same("perl", &["-e", script], &[], &[]);
    let commands = "git init -q r; cd r; git -c alias.x='!echo alias; exit 3' x; echo $?; echo text | git hash-object --stdin";
    or_skip!(installed("git"));
    do_the_same("sh", &["-c", commands], &[], &[]);
}

#[test]
fn a_jvm_does_the_same() {
    let class = r#"
public class T {
    public static void main(String[] arguments) throws Exception {
        Process child = new ProcessBuilder("sh", "-c", "echo java; exit 6").start();
        System.out.print(new String(child.getInputStream().readAllBytes()));
        System.out.println(child.waitFor());
        try { new ProcessBuilder("/nope").start(); } catch (java.io.IOException error) { System.out.println(error.getMessage()); }
    }
}
"#;
    if is_long() {
        do_the_same("java", &["T.java"], &[("T.java", class)], &["posix_spawn"]);
    }
}

/// Runs the program with glibc's functions and with these. Asserts that it writes the same and calls the same functions as often,
/// among them `calls`.
fn do_the_same(program: &str, words: &[&str], files: &[(&str, &str)], calls: &[&str]) {
    or_skip!(installed(program));
    or_skip!(installed("gcc"));
    let library = or_skip!(built_c_library("x86_64-unknown-linux-gnu")).join(OURS);
    let scratch = Scratch::new(Path::new("/bin/true"));
    let counter = scratch.path().join("count.so");
    let output = run("gcc", |command| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/c/count.c");
        command.args(["-O1", "-Wall", "-shared", "-fPIC", source, "-o"]);
        command.arg(&counter);
    });
    assert!(output.status.success(), "{output:?}");
    let play = |preloaded: &[&PathBuf]| {
        let (folder, counted) = (
            scratch.path().join("folder"),
            scratch.path().join("counted"),
        );
        fs::create_dir(&folder).expect("a folder");
        fs::write(&counted, "").expect("a file");
        for (name, text) in files {
            fs::write(folder.join(name), text).expect("a file");
        }
        let preloaded: Vec<_> = preloaded
            .iter()
            .map(|it| it.display().to_string())
            .collect();
        let output = run("env", |command| {
            command
                .arg("-i")
                .arg(format!("PATH={}", env::var("PATH").expect("a PATH")));
            command.args(["LC_ALL=C", "TERM=dumb"]);
            command.arg(format!("HOME={}", folder.display()));
            command.arg(format!("COUNTED={}", counted.display()));
            command.arg(format!("LD_PRELOAD={}", preloaded.join(":")));
            command.arg(program).args(words).current_dir(&folder);
        });
        let (mut calls, mut libraries) = (BTreeMap::new(), BTreeSet::new());
        for line in fs::read_to_string(&counted).expect("the calls").lines() {
            let (function, library) = line.split_once(' ').expect("a function and a library");
            *calls.entry(function.to_owned()).or_insert(0) += 1;
            libraries.insert(library.to_owned());
        }
        fs::remove_dir_all(folder).expect("the folder");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let written = (output.status, text(output.stdout), text(output.stderr));
        ((written, calls), libraries)
    };
    let (theirs, _) = play(&[&counter]);
    let (ours, libraries) = play(&[&counter, &library]);
    assert_eq!(ours, theirs, "{program}");
    let (_, counts) = ours;
    assert!(libraries.iter().all(|it| it == OURS), "{libraries:?}");
    for call in calls {
        assert!(counts.contains_key(*call), "{program} calls {counts:?}");
    }
}
