//! Tests of the shell's history and of `fc` (XCU `sh`, `fc`): which commands are kept, shared and executed again. The
//! shells are interactive, and read their input from a pipe.

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nestling_host_tests::{Arch, Scratch, installed, or_skip, say, write_executable};

/// Runs a test for each architecture whose shell this machine can run.
macro_rules! on_both {
    ($($(#[$attribute:meta])* fn $name:ident($shell:ident) $body:block)*) => {
        $(fn $name($shell: &Path) $body)*

        mod on_x86_64 {
            $($(#[$attribute])* #[test] fn $name() { super::$name(&super::or_skip!(super::Arch::X86_64.sh())); })*
        }

        mod on_i386 {
            $($(#[$attribute])* #[test] fn $name() { super::$name(&super::or_skip!(super::Arch::I386.sh())); })*
        }
    };
}

/// A home directory with a history file.
struct Home<'a> {
    shell: &'a Path,
    scratch: Scratch,
}

impl<'a> Home<'a> {
    fn new(shell: &'a Path) -> Self {
        let scratch = Scratch::new(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lib.rs")));
        let program = scratch.path().join("editor");
        // An editor that first prints the file and then executes EDIT on it.
        let text = format!(
            "#!{}\ncat \"$1\"\neval \"$EDIT\"\n",
            shell.to_str().expect("a plain path")
        );
        write_executable(&program, &text);
        Self { shell, scratch }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.shell);
        command
            .env_clear()
            .arg("-i")
            .current_dir(self.scratch.path());
        command
            .env("PATH", "/usr/bin:/bin")
            .env("PS1", "")
            .env("PS2", "");
        command.env("HOME", self.scratch.path());
        command
    }

    fn start(&self, command: &mut Command) -> Child {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().expect("the shell")
    }

    /// Asserts that an interactive shell that reads `typed` writes `expected` to standard output.
    #[track_caller]
    fn types(&self, typed: &str, expected: &str) -> &Self {
        self.types_with(&mut self.command(), typed, expected)
    }

    #[track_caller]
    fn types_with(&self, command: &mut Command, typed: &str, expected: &str) -> &Self {
        let mut child = self.start(command);
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(typed.as_bytes()).expect("what is typed");
        drop(input);
        let output = child.wait_with_output().expect("the shell");
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert_eq!(out, expected, "typed:\n{typed}\nstandard error:\n{err}");
        self
    }

    /// Returns the contents of the history file.
    fn file(&self) -> String {
        let text = fs::read(self.path(".sh_history")).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    fn write(&self, text: impl AsRef<[u8]>) {
        fs::write(self.path(".sh_history"), text).expect("a history");
    }
}

on_both! {
    fn fc_lists_the_last_sixteen_commands_with_their_numbers(shell) {
        let home = Home::new(shell);
        home.types("fc -l; echo $?\n: one\n: two\nfc -l\n", "1\n1\tfc -l; echo $?\n2\t: one\n3\t: two\n");
        let home = Home::new(shell);
        let typed: String = (1..=20).map(|number| format!(": {number}\n")).collect();
        let listed: String = (5..=20).map(|number| format!("{number}\t: {number}\n")).collect();
        home.types(&format!("{typed}fc -l\n"), &listed);
    }

    fn history_lists_all_commands_or_the_last_ones(shell) {
        let home = Home::new(shell);
        home.types(": one\n: two\nhistory\nhistory 1\n", "1\t: one\n2\t: two\n3\thistory\n");
        Home::new(shell).types("history x 2>/dev/null; echo $?\n", "2\n");
    }

    fn fc_lists_ranges_by_number_distance_and_beginning(shell) {
        let typed = ": one\necho two >&2\n: three\n: four\n: five\n";
        let cases = [
            ("-l 2 4", "2\techo two >&2\n3\t: three\n4\t: four\n"),
            ("-l 4 2", "4\t: four\n3\t: three\n2\techo two >&2\n"),
            ("-lr 2 3", "3\t: three\n2\techo two >&2\n"),
            ("-l -r -- 2 3", "3\t: three\n2\techo two >&2\n"),
            ("-ln 2 3", "\techo two >&2\n\t: three\n"),
            ("-l -2", "4\t: four\n5\t: five\n"),
            ("-l -- -2 -2", "4\t: four\n"),
            ("-l 4", "4\t: four\n5\t: five\n"),
            ("-l +4 4", "4\t: four\n"),
            ("-l ec -3", "2\techo two >&2\n3\t: three\n"),
            // the most recent one of two
            ("-l ': f'", "5\t: five\n"),
            // numbers that are no longer or not yet in the history
            ("-l 4 99", "4\t: four\n5\t: five\n"),
            ("-nl -99 1", "\t: one\n"),
            ("-l 99", "5\t: five\n"),
        ];
        for (operands, expected) in cases {
            Home::new(shell).types(&format!("{typed}fc {operands}\n"), expected);
        }
    }

    fn fc_lists_a_command_of_several_lines_with_its_lines(shell) {
        Home::new(shell).types(
            "if true\nthen :\nfi\nfc -l\nfc -ln 1 1\n",
            "1\tif true\n\tthen :\n\tfi\n\tif true\n\tthen :\n\tfi\n",
        );
    }

    fn fc_reports_commands_that_are_not_in_the_history(shell) {
        for wrong in ["-l nothing", "-s nothing", "-s 99", "-s -99", "99", "-x", "-l 1 2 3", "-s no=yes", "-e"] {
            let typed = format!(": one\nfc {wrong}\necho $(($? > 0))\n");
            Home::new(shell).types(&typed, "1\n");
        }
    }

    fn fc_s_executes_a_command_again(shell) {
        let home = Home::new(shell);
        home.types("echo one\nfc -s\nfc -s\n", "one\none\none\n");
        assert_eq!(home.file(), "echo one\n");
        let typed = "echo a1\necho b2\nfc -s 1\nfc -s -- -2\nfc -s echo\nfc -s 'echo b'\n";
        Home::new(shell).types(typed, "a1\nb2\na1\nb2\nb2\nb2\n");
        // The form of the command before POSIX.
        Home::new(shell).types("echo one\nfc -e -\n", "one\none\n");
        // The status of `fc` is that of the command.
        Home::new(shell).types("(exit 7)\nfc -s\necho $?\n", "7\n");
    }

    fn fc_s_replaces_the_first_occurrence_of_a_text(shell) {
        let home = Home::new(shell);
        home.types("echo axa\nfc -s a=b\nfc -s x=y=z 'echo a'\n", "axa\nbxa\nay=za\n");
        assert_eq!(home.file(), "echo axa\necho bxa\necho ay=za\n");
    }

    fn commands_that_fc_executes_are_shown_and_redirected_like_fc(shell) {
        let home = Home::new(shell);
        let typed = "echo one\nfc -s >out\nfc -s 2>err\ncat out err\n";
        home.types(typed, "one\none\none\necho one\n");
        let home = Home::new(shell);
        home.types("x=1\necho $x\nx=2 fc -s\n", "1\n2\n");
    }

    fn fc_runs_an_editor_on_commands(shell) {
        let home = Home::new(shell);
        let mut command = home.command();
        command.env("FCEDIT", "./editor").env("EDIT", "echo 'echo edited' >\"$1\"");
        home.types_with(&mut command, "echo one\nfc\nfc -l 1\n", "one\necho one\nedited\n1\techo one\n2\techo edited\n");
        // Several commands, with the editor that the option names.
        let home = Home::new(shell);
        home.types(
            "echo 1\necho 2\necho 3\nfc -e ./editor 1 2\n",
            "1\n2\n3\necho 1\necho 2\n1\n2\n",
        );
        assert_eq!(home.file(), "echo 1\necho 2\necho 3\necho 1\necho 2\n");
        let home = Home::new(shell);
        home.types("echo 1\necho 2\nfc -re ./editor 1 2\n", "1\n2\necho 2\necho 1\n2\n1\n");
        let home = Home::new(shell);
        home.types("echo 1\necho 2\nfc -e ./editor 2 1\n", "1\n2\necho 2\necho 1\n2\n1\n");
    }

    fn after_an_editor_that_fails_nothing_is_executed(shell) {
        let home = Home::new(shell);
        // The file's path makes the command unique to this test.
        let command = format!(": {}\n", home.path("editor").display());
        let rest = "export EDIT='exit 3'\nfc -e ./editor :\necho $?\n";
        home.types(&format!("{command}{rest}"), &format!("{command}3\n"));
        assert_eq!(home.file(), format!("{command}export EDIT='exit 3'\necho $?\n"));
        let left = fs::read_dir("/tmp").expect("a directory").flatten();
        let own = |name: &str| name.starts_with("sh") && name.contains('.');
        let left = left.filter(|entry| own(&entry.file_name().to_string_lossy()));
        let text = |entry: &fs::DirEntry| fs::read_to_string(entry.path()).unwrap_or_default();
        assert_eq!(left.filter(|entry| text(entry) == command).count(), 0);
    }

    fn an_fc_that_executes_itself_ends(shell) {
        let home = Home::new(shell);
        let mut command = home.command();
        command.env("EDIT", "echo 'fc -s' >\"$1\"");
        home.types_with(&mut command, "echo one\nfc -e ./editor\n", "one\necho one\none\n");
    }

    fn without_a_user_there_is_no_history(shell) {
        let home = Home::new(shell);
        home.write("echo old\n");
        let mut command = home.command();
        command.args(["+i", "-c", "fc -l; echo $?"]);
        home.types_with(&mut command, "", "1\n");
    }

    fn the_file_is_the_users_alone(shell) {
        let home = Home::new(shell);
        home.types("umask 0\n: one\n", "");
        let mode = fs::metadata(home.path(".sh_history")).expect("a file").mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    fn a_shell_knows_what_was_typed_before_it(shell) {
        let home = Home::new(shell);
        home.types(": one\nif true\nthen echo \"a \\\nb\"\nfi\n: two \\\n", "a b\n");
        home.types("fc -l\n", "1\t: one\n2\tif true\n\tthen echo \"a \\\n\tb\"\n\tfi\n3\t: two \\ \n");
    }

    fn histfile_is_the_path_of_the_history(shell) {
        let home = Home::new(shell);
        let mut command = home.command();
        home.types_with(command.env("HISTFILE", home.path("elsewhere")), ": one\n", "");
        assert_eq!(fs::read_to_string(home.path("elsewhere")).expect("a history"), ": one\n");
        assert_eq!(home.file(), "");
        // With an empty HISTFILE there is no file.
        let mut command = home.command();
        home.types_with(command.env("HISTFILE", ""), ": one\n: two\nfc -l\n", "1\t: one\n2\t: two\n");
        assert_eq!(home.file(), "");
        // HISTFILE is a path that cannot exist.
        let mut command = home.command();
        home.types_with(command.env("HISTFILE", "/proc/nothing"), ": one\n: two\nfc -l\n", "1\t: one\n2\t: two\n");
        let mut command = home.command();
        home.types_with(command.env("HISTFILE", "/dev/null"), ": one\n: two\nfc -l\n", "1\t: one\n2\t: two\n");
    }

    fn histsize_limits_the_remembered_commands(shell) {
        let home = Home::new(shell);
        let mut command = home.command();
        home.types_with(command.env("HISTSIZE", "3"), ": one\n: two\n: three\nfc -l\n", "2\t: two\n3\t: three\n");
        // HISTSIZE does not shorten the file, whatever the file's length.
        let old: String = (0..2001).map(|number| format!(": old {number}\n")).collect();
        home.write(&old);
        home.types_with(command.env("HISTSIZE", "3"), ": new\n", "");
        assert_eq!(home.file(), old + ": new\n");
        home.write(": one\n: two\n: three\nfc -l\n");
        // The file contains all commands.
        home.types("fc -l\n", "1\t: one\n2\t: two\n3\t: three\n");
    }

    fn blank_lines_and_repeated_commands_are_not_kept(shell) {
        let home = Home::new(shell);
        home.types(": one\n\n  \n: one\n: two\n: one\n", "");
        assert_eq!(home.file(), ": one\n: two\n: one\n");
    }

    fn histcontrol_selects_commands_that_are_not_kept(shell) {
        for control in ["ignorespace", "erasedups:ignorespace", "ignoreboth"] {
            let home = Home::new(shell);
            let mut command = home.command();
            home.types_with(command.env("HISTCONTROL", control), " : one\n: two\n if :\nthen :; fi\nfc -ln\n", "\t: two\n");
            assert_eq!(home.file(), ": two\nfc -ln\n");
        }
        let home = Home::new(shell);
        let mut command = home.command();
        command.env("HISTCONTROL", "erasedups");
        home.types_with(&mut command, ": one\n : two\n: three\n: one\n", "");
        assert_eq!(home.file(), ": one\n : two\n: three\n: one\n");
        // Duplicates that an earlier shell has written are removed, too.
        home.types_with(&mut command, ": three\nfc -l\n", "1\t : two\n2\t: one\n3\t: three\n");
        home.types("fc -l\n", "1\t: one\n2\t : two\n3\t: three\n4\t: one\n5\t: three\n");
    }

    fn exclamation_marks_stand_for_commands_and_words_of_them(shell) {
        // The input comes after the command ": x y", which itself comes after `echo one "a b" c/d.e`.
        let cases = [
            ("!1", "one a b c/d.e\n"),
            ("!-2", "one a b c/d.e\n"),
            ("!echo", "one a b c/d.e\n"),
            ("!?a b?", "one a b c/d.e\n"),
            ("!?a b", "one a b c/d.e\n"),
            ("echo !!", ": x y\n"),
            ("echo !$", "y\n"),
            ("echo !^z", "xz\n"),
            ("echo !*", "x y\n"),
            ("echo !:0 !:2, !:1-2, !:1*, !:1-, !:0-$", ": y, x y, x y, x, : x y\n"),
            ("echo !echo:2", "a b\n"),
            ("echo !1:$:h !1:$:t !1:$:r !1:$:t:r", "c d.e c/d d\n"),
            ("echo !!5 !$$((1))", ": x y5 y1\n"),
            ("^:^echo^ z", "x y z\n"),
            ("echo '!!' \"!!\" \\!! x=! !", "!! !! !! x=! !\n"),
            ("echo [!z] ${!-n} $! !=; !(false) && echo yes", "[!z] n !=\nyes\n"),
            ("echo $((!1)) $(( !0 && 1 ))!$", "0 1y\n"),
            ("! : ; echo $? # !nope", "1\n"),
            ("echo no; !nope", ""),
            ("^nope^x^", ""),
            ("echo no !:9", ""),
            ("echo no !999", ""),
            ("echo no !-999", ""),
            ("!1:p", ""),
        ];
        for (typed, expected) in cases {
            let home = Home::new(shell);
            home.write("echo one \"a b\" c/d.e\n");
            home.types(&format!(": x y\n{typed}\n"), expected);
        }
        // The history keeps the expanded command, not the typed one.
        let home = Home::new(shell);
        home.types(": x\n!!y\n!nope\n!!:p\n!!z\n", "");
        assert_eq!(home.file(), ": x\n: xy\n: xyz\n");
        // There is no expansion in the continuation of a command, and none with +H.
        home.types("echo \\\n!!\nset +H\necho !!\n", "!!\n!!\n");
        home.types("cat <<E\n!!\nE\n", "!!\n");
    }

    fn a_syntax_error_is_kept(shell) {
        let home = Home::new(shell);
        home.types("echo )\n: one\n", "");
        assert_eq!(home.file(), "echo )\n: one\n");
    }

    fn with_nolog_functions_are_not_kept(shell) {
        let home = Home::new(shell);
        home.types("set -o nolog\nf() { :; }\nf\n", "");
        assert_eq!(home.file(), "set -o nolog\nf\n");
    }

    fn the_remains_of_a_crash_are_no_command_and_harm_none(shell) {
        for torn in [": to", "if true\\", "if true\\\nthen", "\0\0\0\0"] {
            let home = Home::new(shell);
            home.write(format!(": one\n{torn}"));
            home.types(": two\n", "");
            home.types("fc -l\n", "1\t: one\n2\t: two\n");
        }
    }

    fn shells_at_once_share_the_file(shell) {
        let home = Home::new(shell);
        let mut shells: Vec<Child> = (0..4).map(|_| home.start(&mut home.command())).collect();
        thread::scope(|scope| {
            for (number, child) in shells.iter_mut().enumerate() {
                let mut input = child.stdin.take().expect("a pipe");
                scope.spawn(move || {
                    for command in 0..100 {
                        writeln!(input, ": {number} {command} a command that is typed").expect("the shell");
                    }
                });
            }
        });
        shells.into_iter().for_each(|mut child| assert!(child.wait().expect("a shell").success()));
        let text = home.file();
        for number in 0..4 {
            let commands = text.lines().filter(|line| line.starts_with(&format!(": {number} ")));
            let expected = (0..100).map(|command| format!(": {number} {command} a command that is typed"));
            assert!(commands.eq(expected), "{text}");
        }
        assert_eq!(text.lines().count(), 400);
    }

    fn a_shell_that_is_killed_at_any_time_loses_nothing(shell) {
        let home = Home::new(shell);
        // The file is so long that the shells replace it again and again.
        let old: String = (0..9000).map(|number| format!(": old {number}\n")).collect();
        home.write(&old);
        let mut command = home.command();
        command.env("HISTSIZE", "4000").env("HISTFILESIZE", "4000");
        for round in 0..30_usize {
            let mut child = home.start(&mut command);
            let mut input = child.stdin.take().expect("a pipe");
            let typed: String = (0..50).map(|number| format!(": round {round} {number}\n")).collect();
            let _ = input.write_all(typed.as_bytes());
            let start = Instant::now();
            let beginning = format!(": round {round} ");
            while home.file().matches(&beginning).count() < round % 6 * 8 {
                assert!(start.elapsed() < Duration::from_secs(120));
            }
            thread::sleep(Duration::from_micros(round as u64 * 40));
            child.kill().expect("a shell");
            child.wait().expect("a shell");
            let text = home.file();
            assert!(text.contains(": old 8999\n"));
            if round % 10 == 0 {
                let long: String = (0..9000).map(|number| format!(": old {number}\n")).collect();
                let new = text.lines().filter(|line| line.starts_with(": round")).map(|line| format!("{line}\n"));
                home.write(long + &new.collect::<String>());
            }
        }
        home.types_with(&mut command, ": last\n", "");
        let text = home.file();
        let mut last = (0, 0);
        for line in text.lines().filter(|line| !line.contains('\0')) {
            let words: Vec<&str> = line.split(' ').collect();
            match *words {
                [":", "old", _] | [":", "last"] => {}
                [":", "round", round, number] => {
                    let entry = (round.parse().expect("a round"), number.parse().expect("a number"));
                    // The commands of each shell are there from its first one on, without a gap.
                    assert!(entry == (last.0, last.1 + 1) || entry.1 == 0 && entry.0 >= last.0, "{last:?} {entry:?}");
                    last = entry;
                }
                _ => panic!("{line:?} was never typed"),
            }
        }
        assert!(last.0 > 0, "{text}");
    }

    fn without_histfile_nothing_is_written(shell) {
        let home = Home::new(shell);
        home.types(": one\necho \"$HISTFILE\"\nunset HISTFILE\n: two\nfc -ln\n", &format!("{}\n\t: one\n\techo \"$HISTFILE\"\n\tunset HISTFILE\n\t: two\n", home.path(".sh_history").display()));
        assert_eq!(home.file(), ": one\necho \"$HISTFILE\"\nunset HISTFILE\n");
    }

    fn a_file_with_twice_the_lines_of_histfilesize_is_made_short_at_the_start(shell) {
        let home = Home::new(shell);
        let old: String = (0..2001).map(|number| format!(": old {number}\n")).collect();
        home.write(&old);
        let mut command = home.command();
        let command = command.env("HISTFILESIZE", "1000");
        home.types_with(command, ": new\n", "");
        let expected: String = (1001..2001).map(|number| format!(": old {number}\n")).collect();
        assert_eq!(home.file(), expected + ": new\n");
        let file = fs::metadata(home.path(".sh_history")).expect("a file");
        assert_eq!(file.mode() & 0o777, 0o600);
        assert!(!home.path(".sh_history.new").exists());
        // A history file of this length is not replaced, nor one that is a symbolic link.
        let text: String = old.lines().skip(1).map(|line| format!("{line}\n")).collect();
        home.write(&text);
        home.types_with(command, ": new\n", "");
        assert_eq!(home.file(), text + ": new\n");
    }

    fn a_limit_of_the_files_size_loses_only_commands(shell) {
        let home = Home::new(shell);
        home.types("ulimit -f 1\n", "");
        let typed: String = (0..60).map(|number| format!(": number {number}\n")).collect();
        home.types(&format!("ulimit -f 1\n{typed}echo here\n"), "here\n");
        let text = home.file();
        assert!(text.len() <= 512 && text.ends_with('\n'), "{text}");
        home.types(": new\n", "");
        assert_eq!(home.file(), text + ": new\n");
    }

    fn a_full_disk_loses_only_commands(shell) {
        or_skip!(installed("unshare"));
        let home = Home::new(shell);
        // The file system has two pages, of which five bytes are free.
        let script = r#"mount -t tmpfs -o size=8k,nr_blocks=2 none . && cd "$PWD" || exit 99
            export HISTFILE=$PWD/history
            head -c 8180 /dev/zero | tr '\0' x >history
            printf '\n: old\n' >>history
            printf '%s\n' ': new' ': newer' 'echo here' | "$SHELL" -i 2>/dev/null
            text=$(tail -c 11 history)
            printf '%s' "$text" >history
            printf '%s\n' ': one' ': two' | "$SHELL" -i 2>/dev/null
            tr '\0' N <history"#;
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", script]).current_dir(home.scratch.path());
        command.env("SHELL", home.shell).env("PS1", "").env("HOME", home.scratch.path());
        let output = command.output().expect("unshare");
        if output.status.code() == Some(99) || !output.stderr.is_empty() {
            return say(&format!("skipped: {}", String::from_utf8_lossy(&output.stderr)));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(text, "here\n: old\n: newN\n: one\n: two\n");
    }
}
