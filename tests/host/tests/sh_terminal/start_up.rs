//! Tests of start-up files: an error or Ctrl-C in one of them must not lock its user out (XCU 2.8.1).

use std::path::Path;

use crate::terminal::Terminal;

/// Errors that would end a shell that is not interactive.
const ERRORS: [&str; 14] = [
    "echo a; )\n",
    "echo \"a\n",
    "PS1=\"a\n",
    "PS1='a\n",
    "if true; then\n",
    "readonly X=1; X=x\n",
    "readonly X=1; f() { local X; for i in 1; do X=x; done; }; f\n",
    ". /nonexistent\n",
    "set -u; echo $NOPE\n",
    "echo ${NOPE?bad}\n",
    "exec </nonexistent\n",
    "exec /nonexistent\n",
    "shift 99\n",
    "eval 'eval \")\"'\n",
];

/// Starts a shell with ENV set to the file `rc`, and as a login shell if it gets a file `profile`.
fn start(shell: &Path, rc: &str, profile: Option<&str>) -> Terminal {
    let files = [("rc", rc), (".profile", profile.unwrap_or_default())];
    let arguments = match profile {
        Some(_) => &["-l", "-i"][..],
        None => &["-i"],
    };
    let variables = [("ENV", "$HOME/rc")];
    Terminal::start_with(shell, (24, 80), &variables, arguments, &files)
}

/// Asserts that the shell has reached its prompt and executes a typed command.
fn is_at_the_prompt(terminal: &mut Terminal) {
    terminal.until("the prompt", |terminal| {
        terminal.is_idle() && terminal.cursor_row() == "$ |"
    });
    terminal
        .keys("case $- in *i*) echo o''n;; esac\r")
        .shows("\non");
}

on_both! {
    fn an_error_in_the_file_of_env_leads_to_the_prompt(shell) {
        for error in ERRORS {
            is_at_the_prompt(&mut start(shell, error, None));
        }
    }

    fn an_error_in_the_profile_leads_to_the_next_file_and_to_the_prompt(shell) {
        for error in ERRORS {
            let mut terminal = start(shell, "set +u; PS1='$ '; echo ne''xt\n", Some(error));
            terminal.shows("next");
            is_at_the_prompt(&mut terminal);
        }
    }

    fn the_file_that_the_manual_shows_works(shell) {
        let manual = include_str!("../../../../src/man/nestling-sh.1");
        let (_, text) = manual.split_once("as functions:\n.Bd -literal -offset indent\n").expect("the file");
        let (text, _) = text.split_once(".Ed\n").expect("its end");
        let text = text.replace("\\(aq", "'").replace("\\-", "-").replace("\\e", "\\");
        let mut terminal = Terminal::start_with(shell, (24, 80), &[("ENV", "$HOME/rc")], &["-i"], &[("rc", &text)]);
        terminal.until("the prompt", |terminal| terminal.is_idle() && terminal.cursor_row().contains(":~"));
        for (command, output, status) in [("cd /; pushd usr", "/usr\n/", 0), ("pushd /etc", "/etc\n/usr\n/", 0), ("pushd", "/usr\n/etc\n/", 0), ("pushd /nope", "sh: cd: /nope: no such file or directory", 1), ("dirs", "/usr\n/etc\n/", 0), ("popd", "/etc\n/", 0), ("popd", "/", 0), ("popd", "sh: cd: ", 1)] {
            terminal.keys(format!("\x0cPS1='$?$ '; {command}\r"));
            terminal.until(output, |terminal| {
                let contents = terminal.screen().contents();
                terminal.is_idle() && contents.contains(&format!("{command}\n{output}")) && terminal.cursor_row() == format!("{status}$ |")
            });
        }
    }

    fn debians_files_for_bash_leave_a_usable_prompt(shell) {
        for file in ["/etc/skel/.bashrc", "/etc/bash.bashrc"] {
            if Path::new(file).exists() {
                let mut terminal = Terminal::start_with(shell, (24, 80), &[("ENV", file)], &["-i"], &[]);
                terminal.until(file, |terminal| terminal.is_idle() && terminal.cursor_row().contains(":~"));
                terminal.keys("case $- in *i*) echo o''n;; esac\r").shows("\non");
            }
        }
    }

    fn an_error_in_the_value_of_env_leads_to_the_prompt(shell) {
        for value in ["${NOPE?bad}", "$(echo \"", "`", "${", "$((1/0))", "$(exit 3)", "\"/"] {
            let variables = [("ENV", value)];
            is_at_the_prompt(&mut Terminal::start_with(shell, (24, 80), &variables, &["-i"], &[]));
        }
    }

    fn ctrl_c_in_a_start_up_file_leads_to_the_next_and_to_the_prompt(shell) {
        // The program itself reports that it has the terminal.
        let waits = "sh -c 'echo wai''ts; exec sleep 100'; echo n''o\n";
        let mut terminal = start(shell, "PS1='$ '; echo ne''xt\n", Some(waits));
        terminal.shows("waits").strike(b"\x03");
        terminal.shows("next");
        is_at_the_prompt(&mut terminal);
        let mut terminal = start(shell, waits, None);
        terminal.shows("waits").strike(b"\x03");
        is_at_the_prompt(&mut terminal);
        // The shell itself runs this loop.
        let loops = "echo loo''ps; while :; do :; done\n";
        let mut terminal = start(shell, loops, None);
        terminal.until("loops", |terminal| terminal.screen().contents().contains("loops"));
        terminal.strike(b"\x03");
        is_at_the_prompt(&mut terminal);
    }

    fn exit_and_set_e_in_a_start_up_file_end_the_shell(shell) {
        for (file, status) in [("exit 3\n", 3), ("set -e; false\n", 1), (". ./nested\n", 4)] {
            let files = [("rc", file), ("nested", "exit 4")];
            let variables = [("ENV", "$HOME/rc")];
            let mut terminal =
                Terminal::start_with(shell, (24, 80), &variables, &["-i"], &files);
            assert_eq!(terminal.end().code(), Some(status), "{file}");
            let files = [(".profile", file), ("nested", "exit 4")];
            let mut terminal =
                Terminal::start_with(shell, (24, 80), &[], &["-l", "-i"], &files);
            assert_eq!(terminal.end().code(), Some(status), "{file}");
        }
    }
}
