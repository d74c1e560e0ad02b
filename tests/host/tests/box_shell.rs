//! Tests how the shell of `box` finds the applets, and what runs then. `src/bin/sh/execution/search.rs` describes the rules.
//!
//! In each test, the file `word` contains `applet`, and the program `cat` in PATH writes its arguments. So `cat word` writes which of
//! the two has run.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use nestling_host_tests::{Arch, Scratch, or_skip, write_executable};

#[allow(dead_code)] // parts that only the tests of the shell use
#[path = "sh_terminal/terminal.rs"]
mod terminal;

/// A directory with the file `word`, the directory `path` with the program `cat`, and the link `sh` to `box`.
struct Place(Scratch);

impl Place {
    fn new() -> Result<Self, String> {
        let scratch = Scratch::new(&Arch::X86_64.the_box()?);
        let path = scratch.path();
        fs::write(path.join("word"), "applet\n").expect("a file");
        fs::create_dir(path.join("path")).expect("a directory");
        symlink("/bin/echo", path.join("path/cat")).expect("a link");
        symlink("program", path.join("sh")).expect("a link");
        Ok(Self(scratch))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.0.path());
        command.env_clear().env("PATH", self.0.path().join("path"));
        command
    }

    /// Runs a script with the shell of `box`. Returns the status, and the two outputs, one after the other.
    fn run(&self, script: &str) -> (i32, String) {
        result(self.command("./sh").args(["-c", script, "sh"]))
    }

    #[track_caller]
    fn check(&self, script: &str, output: &str) {
        assert_eq!(self.run(script), (0, output.into()), "{script}");
    }
}

fn result(command: &mut Command) -> (i32, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("box");
    let text = [stdout, stderr].concat();
    let text = String::from_utf8(text).expect("text");
    (status.code().expect("an exit status"), text)
}

#[test]
fn box_has_a_version_and_an_applet_names_a_long_option_that_it_lacks() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let version = concat!("box (nestling) ", env!("CARGO_PKG_VERSION"), "\n");
    let said = result(Command::new(&ours).arg("--version"));
    assert_eq!(said, (0, version.into()));
    let (status, said) = result(Command::new(&ours).args(["wc", "--nonsense"]));
    assert_eq!(status, 1);
    assert!(
        said.starts_with("wc: --nonsense: no such option\n"),
        "{said}"
    );
}

#[test]
fn an_applet_is_found_after_functions_and_built_ins_and_before_path() {
    let place = or_skip!(Place::new());
    for (script, output) in [
        ("cat word", "applet\n"),
        ("path/cat word", "word\n"),
        (
            "cat() { echo function; }; cat word; command cat word; unset -f cat; cat word",
            "function\napplet\napplet\n",
        ),
        (
            "alias cat='echo alias'\neval 'cat word; \\cat word'",
            "alias word\napplet\n",
        ),
        (
            "type echo; echo -n -x; echo",
            "echo is a shell builtin\n-x\n",
        ),
        (
            "command -p cat word; PATH=; cat word; unset PATH; cat word",
            "applet\napplet\napplet\n",
        ),
        ("hash cat; hash; cat word; hash", "applet\n"),
        (
            "x=cat; $x word; \"$x\" word; c''at word",
            "applet\napplet\napplet\n",
        ),
        ("exec cat word", "applet\n"),
        (
            "(cat word); cat word & wait $!; echo $(cat word) \"$(cat word)\"",
            "applet\napplet\napplet applet\n",
        ),
        (
            "cat word | cat | wc -l; ! false | cat nothing 2>/dev/null",
            "1\n",
        ),
        (
            "if cat missing 2>out; then echo yes; else echo $?; fi; cat out",
            "1\ncat: missing: ENOENT: no such file or directory\n",
        ),
        (
            "sh -c 'cat $0' word; echo 'cat word' | sh",
            "applet\napplet\n",
        ),
    ] {
        place.check(script, output);
    }
    let missing = (127, "sh: line 1: missing: not found\n".into());
    assert_eq!(place.run("missing"), missing);
}

#[test]
fn after_set_o_pathfirst_an_applet_is_found_if_path_has_no_program() {
    let place = or_skip!(Place::new());
    for (script, output) in [
        (
            "set -o pathfirst; cat word; wc -l <word; PATH=; cat word",
            "word\n1\napplet\n",
        ),
        (
            "set -o pathfirst; cat word; set +o pathfirst; cat word",
            "word\napplet\n",
        ),
        (
            "set -o pathfirst; hash cat wc; hash | { read x; echo ${x##*/}; read x || echo one; }",
            "cat\none\n",
        ),
        ("set -o pathfirst; exec wc -l <word", "1\n"),
    ] {
        place.check(script, output);
    }
    let on = result(place.command("./sh").args([
        "-o",
        "pathfirst",
        "-c",
        "cat word; set -o | grep pathfirst",
    ]));
    assert_eq!(on.1.lines().next(), Some("word"));
}

#[test]
fn type_and_command_v_say_what_would_run() {
    let place = or_skip!(Place::new());
    let program = place.0.path().join("path/cat");
    let program = program.display();
    for (script, output) in [
        (
            "type cat; command -V cat; command -v cat; command -pv cat",
            "cat is an applet\ncat is an applet\ncat\ncat\n".to_owned(),
        ),
        (
            "type -p cat; type -a cat",
            format!("cat is an applet\ncat is {program}\n"),
        ),
        (
            "set -o pathfirst; type cat; type -p cat; type -a cat; type wc",
            format!(
                "cat is {program}\n{program}\ncat is {program}\ncat is an applet\nwc is an applet\n"
            ),
        ),
        (
            "cat() { :; }; type cat; command -v cat",
            "cat is a function\ncat\n".to_owned(),
        ),
    ] {
        place.check(script, &output);
    }
}

#[test]
fn redirections_and_assignments_of_an_applet_are_those_of_a_program() {
    let place = or_skip!(Place::new());
    for (script, output) in [
        ("cat <word >out; cat out", "applet\n"),
        ("cat <<end\nhere\nend", "here\n"),
        (
            "cat word >&-; echo $?",
            "1\ncat: standard output: EBADF: bad file descriptor\n",
        ),
        ("cat 3<word <&3 3<&-", "applet\n"),
        ("x=1 cat word; echo \"[$x]\"", "applet\n[]\n"),
        (
            "cat word >out 2>&1 missing; cat out",
            "applet\ncat: missing: ENOENT: no such file or directory\n",
        ),
        (
            "cat <missing; echo $?",
            "1\nsh: line 1: cannot open missing for reading: no such file or directory\n",
        ),
    ] {
        place.check(script, output);
    }
}

#[test]
fn exec_a_with_another_name_runs_no_applet() {
    let place = or_skip!(Place::new());
    place.check("exec -a other cat word", "word\n");
    place.check("exec -a cat cat word", "applet\n");
    let missing = (127, "sh: line 1: wc: not found\n".into());
    assert_eq!(place.run("exec -a other wc word"), missing);
}

#[test]
fn a_script_without_an_interpreter_runs_in_the_shell_whatever_its_name() {
    let place = or_skip!(Place::new());
    let text = "echo \"script ${0##*/} $*\"; cat word\n";
    for name in ["cat2", "wc"] {
        write_executable(&place.0.path().join("path").join(name), text);
        place.check(
            &format!("./path/{name} a b"),
            &format!("script {name} a b\napplet\n"),
        );
        place.check(
            &format!("exec ./path/{name} a b"),
            &format!("script {name} a b\napplet\n"),
        );
    }
    place.check("cat2 a", "script cat2 a\napplet\n");
    place.check("set -o pathfirst; wc a", "script wc a\napplet\n");
}

#[test]
fn without_proc_the_program_in_path_runs() {
    let place = or_skip!(Place::new());
    let run = |script: &str| {
        let mount = "mount -t tmpfs none /proc || exit 99; exec ./sh -c \"$0\" sh";
        result(
            place
                .command("/usr/bin/unshare")
                .args(["-Urm", "/bin/sh", "-c", mount, script])
                .env(
                    "PATH",
                    format!("{}:/usr/bin:/bin", place.0.path().join("path").display()),
                ),
        )
    };
    if run("").0 == 99 {
        nestling_host_tests::say("skipped: no mount in a namespace");
        return;
    }
    assert_eq!(
        run("cat word; PATH=${PATH%%:*}; cat word; (cat word); exec cat word"),
        (0, "word\nword\nword\nword\n".into())
    );
    let (_, text) = run("type cat; command -v cat; PATH=/nonexistent; type wc");
    let cat = place.0.path().join("path/cat");
    assert_eq!(
        text,
        format!(
            "cat is {0}\n{0}\nsh: line 1: type: wc: not found\n",
            cat.display()
        )
    );
    let why = "sh: line 1: wc: /proc/self/exe: no such file or directory\n";
    assert_eq!(run("PATH=/nonexistent; wc word"), (127, why.into()));
    assert_eq!(run("PATH=/nonexistent; exec wc word"), (127, why.into()));
}

#[test]
fn init_and_the_shell_are_applets_by_a_link_or_by_the_first_argument() {
    let place = or_skip!(Place::new());
    for (script, status) in [
        ("init ./sh -c 'exit 3'", 3),
        ("init -- ./sh -c 'exit 4'", 4),
        ("sh -c 'exit 5'", 5),
        ("exec -a -sh sh -c 'exit 6'", 127),
    ] {
        assert_eq!(place.run(script).0, status, "{script}");
    }
    symlink("program", place.0.path().join("box")).expect("a link");
    let by_argument =
        result(
            place
                .command("./box")
                .args(["sh", "-c", "echo $0 $1; cat word", "a", "b"]),
        );
    assert_eq!(by_argument, (0, "a b\napplet\n".into()));
}

#[test]
fn an_applet_has_its_name_as_that_of_its_process() {
    let place = or_skip!(Place::new());
    symlink("program", place.0.path().join("box")).expect("a link");
    for (script, output) in [
        ("cat /proc/self/comm; (cat /proc/self/comm)", "cat\ncat\n"),
        ("exec cat /proc/self/comm", "cat\n"),
        ("cat /proc/self/comm & wait", "cat\n"),
        ("sh -c 'cat /proc/$$/comm; :'", "sh\n"),
        // The kernel names these processes after the file.
        ("./box cat /proc/self/comm", "box\n"),
        ("cat /proc/$$/comm; :", "sh\n"),
    ] {
        place.check(script, output);
    }
    let script = place.0.path().join("script");
    write_executable(&script, "#!./sh\ncat /proc/$$/comm; :\n");
    assert_eq!(
        result(&mut place.command("./script")),
        (0, "script\n".into())
    );
}

#[test]
fn a_link_executed_with_another_argument_0_runs_its_applet() {
    let place = or_skip!(Place::new());
    let link = |name: &str| symlink("program", place.0.path().join(name)).expect("a link");
    ["cat", "tools"].into_iter().for_each(link);
    let run = |file: &str, argument_0: &str| {
        use std::os::unix::process::CommandExt as _;
        result(place.command(file).arg0(argument_0).arg("word"))
    };
    for argument_0 in ["other", "", "-", "-other", "a/other", "other/"] {
        assert_eq!(run("./cat", argument_0), (0, "applet\n".into()));
    }
    // Argument 0 comes first, also that of a login shell.
    for argument_0 in ["echo", "-echo", "a/echo"] {
        assert_eq!(run("./cat", argument_0), (0, "word\n".into()));
    }
    let unknown = |name: &str| (127, format!("box: {name}: no such applet\n"));
    assert_eq!(run("./tools", "other"), unknown("other"));
    assert_eq!(run("./tools", ""), unknown("word"));
    // The name of a script is not that of a link: `wc` would write the number of its lines.
    let script = place.0.path().join("wc");
    write_executable(&script, "#!./tools\n");
    assert_eq!(result(&mut place.command("./wc")), unknown("tools"));
}

#[test]
fn tab_completes_the_names_of_applets() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let mut terminal = terminal::Terminal::new(&ours);
    terminal.keys("switch_r\t").line("switch_root |");
    terminal.keys("\x15type askf\t").line("type askfirst |");
}
