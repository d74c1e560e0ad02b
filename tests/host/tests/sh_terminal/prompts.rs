//! Tests of prompts: the expansion of PS1 and PS2.

use std::fs;
use std::path::Path;

use crate::terminal::Terminal;

/// Starts a shell with this PS1, and asserts that its prompt is `prompt`.
#[track_caller]
fn shows(shell: &Path, ps1: &str, prompt: &str) -> Terminal {
    let mut terminal = Terminal::start(shell, 24, 80, &[("PS1", ps1)]);
    terminal.row(&format!("{prompt}|"));
    terminal
}

on_both! {
    fn parameters_commands_and_arithmetic_are_expanded_each_time(shell) {
        let mut terminal = shows(shell, "<$(pwd | wc -l)`echo x`$((1 + 2))${x-unset}> ", "<1x3unset> ");
        terminal.keys("x=set\r").row("<1x3set> |");
    }

    fn a_prompt_can_show_the_status_and_keeps_it(shell) {
        let mut terminal = shows(shell, "$?$(exit 9)> ", "0> ");
        terminal.keys("(exit 3)\r").row("3> |");
        terminal.keys("echo \"[$?]\"\r").shows("[3]").row("0> |");
    }

    fn an_exclamation_mark_is_the_next_commands_number(shell) {
        let mut terminal = shows(shell, "!!!> ", "!1> ");
        terminal.keys(": one\r").row("!2> |");
        // The number does not change within a command.
        terminal.keys(": one\r").row("!2> |");
        terminal.keys("\r").row("!2> |");
        terminal.keys("fc -l 1\r").shows("1       : one").row("!3> |");
        let mut terminal = shows(shell, "\\!.\\#> ", "1.1> ");
        terminal.keys(":\r").row("2.2> |").keys("\r").row("2.3> |");
    }

    fn ps2_is_the_prompt_of_an_unfinished_command_of_a_paste(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("\x1b[200~echo one\n{ echo two\x1b[201~\r").rows(&["$ echo one", "{ echo two", "one", "> |"]);
        terminal.keys("}\r").rows(&["$ echo one", "{ echo two", "one", "> }", "two", "$ |"]);
        // An empty line, a comment or the end of an alias's value is no unfinished command.
        terminal.run("alias x='echo one\n'");
        terminal.keys("\x0c\x1b[200~echo one\n\n# two\x1b[201~\r").rows(&["$ echo one", "", "# two", "one", "$ |"]);
        terminal.keys("\x0cx\r").rows(&["$ x", "one", "$ |"]);
    }

    fn ctrl_c_cancels_a_paste_whose_end_was_lost(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("\x1b[200~echo lost\r\x03").rows(&["$ ^C", "$ |"]).keys("echo alive\r").rows(&["$ ^C", "$ echo alive", "alive", "$ |"]);
        // Within a paste, Ctrl-C is text like any other.
        terminal.keys("\x0c\x1b[200~echo a\x03b\x1b[201~").row("$ echo a^Cb|");
    }

    fn ps2_is_the_prompt_of_an_unfinished_command_and_has_no_numbers(shell) {
        let mut terminal = Terminal::with(shell, 24, 80, &[("PS2", "$((1 + 1))!\\W: ")]);
        terminal.keys("if true\r").row("2!~: |");
        terminal.keys("then echo a; fi\r").rows(&["$ if true", "2!~: then echo a; fi", "a", "$ |"]);
    }

    fn escapes_are_replaced(shell) {
        let host = fs::read_to_string("/proc/sys/kernel/hostname").expect("a name");
        let host = host.trim();
        // SAFETY: `geteuid` takes no argument.
        let uid = unsafe { libc::geteuid() };
        let users = fs::read_to_string("/etc/passwd").expect("users");
        let is_user = |line: &&str| line.split(':').nth(2) == Some(&uid.to_string());
        let user = users.lines().find(is_user).and_then(|line| line.split(':').next()).expect("a user");
        let sign = if uid == 0 { "#" } else { "$" };
        let cases = [
            ("\\u@\\h ", format!("{user}@{} ", host.split('.').next().expect("a name"))),
            ("\\H:\\w\\$ ", format!("{host}:~{sign} ")),
            ("\\s\\j\\\\\\101\\60> ", "sh0\\A0> ".into()),
            ("a\\nb> ", "b> ".into()),
            ("\\q\\", "\\q\\".into()),
            ("\\[\\e[1m\\]x\\[\\e[0m\\]> ", "x> ".into()),
        ];
        for (ps1, prompt) in cases {
            shows(shell, ps1, &prompt);
        }
        let mut terminal = shows(shell, "\\[\\e[1m\\]x\\[\\e[0m\\]> ", "x> ");
        terminal.keys("ab\x02").row("x> a|b");
        assert!(terminal.screen().cell(0, 0).is_some_and(vt100::Cell::bold));
        assert!(!terminal.screen().cell(0, 3).is_some_and(vt100::Cell::bold));
    }

    fn the_terminals_name_is_shown(shell) {
        let mut terminal = Terminal::with(shell, 24, 80, &[]);
        terminal.keys("PS1='<\\l>$ '\r").until("a name", |terminal| terminal.cursor_row().ends_with(">$ |"));
        let row = terminal.cursor_row();
        let name = row.trim_start_matches('<').trim_end_matches(">$ |");
        terminal.keys("\x0ctty\r").shows(&format!("\n/dev/pts/{name}\n"));
    }

    fn prompt_command_is_executed_before_each_prompt_and_keeps_the_status(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("PROMPT_COMMAND='x=$?; echo \"<$x>\"; false'\r").shows("\n<0>\n$ ").line("|");
        terminal.keys("\x0c(exit 3)\r").rows(&["$ (exit 3)", "<3>", "$ |"]);
        terminal.keys("\x0cecho $?\r").rows(&["$ echo $?", "3", "<0>", "$ |"]);
        // It is not executed within a command, and is not added to the history.
        terminal.keys("\x0cif false\r").row("> |").keys("then :; fi\r").rows(&["$ if false", "> then :; fi", "<0>", "$ |"]);
        terminal.keys("\x0c\x10").rows(&["$ if false", "then :; fi|"]);
    }

    fn an_error_in_prompt_command_leads_to_the_prompt(shell) {
        let mut terminal = Terminal::new(shell);
        for command in [")", "readonly x=1; x=2", "set -u; echo $nope", "kill -INT $$", "exec </nope", "return 4", "break"] {
            terminal.keys(format!("\x0cset +u; PROMPT_COMMAND='{command}; echo no'\r")).line("|");
            terminal.keys("\x0cPROMPT_COMMAND=; echo a''t $?\r").shows("\nat 0\n").line("|");
        }
        terminal.keys("PROMPT_COMMAND='exit 7'\r");
        assert_eq!(terminal.end().code(), Some(7));
    }

    fn escapes_show_the_time(shell) {
        let now = |zone: &str| {
            let format = "+%a %b %d,%A %B %Y %j %Z %z,%H:%M:%S,%I:%M:%S,%I:%M %p,%H:%M> |";
            let mut date = std::process::Command::new("date");
            let now = date.args(["-d", "-0 seconds", format]).env("TZ", zone).env("LC_ALL", "C").output().expect("date");
            String::from_utf8(now.stdout).expect("text").trim_end().to_owned()
        };
        // The comparison ignores minutes and seconds.
        let minute = |text: &str| text.split(':').next().map(str::to_owned);
        for zone in ["JST-9", "CET-1CEST,M3.5.0,M10.5.0/3", "<-0330>3:30", "", "/etc/localtime"] {
            let ps1 = "\\d,\\D{%A %B %Y %j %Z %z},\\t,\\T,\\@,\\A> ";
            // The hour may end before the prompt, or after it.
            let before = now(zone);
            let mut terminal = Terminal::start(shell, 24, 120, &[("PS1", ps1), ("TZ", zone)]);
            terminal.until("the time", |terminal| {
                let row = terminal.cursor_row();
                let fits = |time: &str| row.len() == time.len() && minute(&row) == minute(time);
                row.ends_with("> |") && (fits(&before) || fits(&now(zone)))
            });
        }
        // A change takes effect at the next prompt.
        let mut terminal = Terminal::start(shell, 24, 80, &[("PS1", "\\D{%Z%z}> "), ("TZ", "")]);
        terminal.row("UTC+0000> |");
        terminal.keys("TZ=ABC-5\r").row("ABC+0500> |");
    }

    fn the_directory_is_shown_and_never_executed(shell) {
        let mut terminal = shows(shell, "\\w> ", "~> ");
        for name in ["$(echo x)", "`echo y`", "${HOME}", "a!b", "\\u", "é ü"] {
            fs::create_dir(terminal.home().join(name)).expect("a directory");
            terminal.keys(format!("cd '{name}'\r")).row(&format!("~/{name}> |"));
            terminal.keys("cd ..\r").row("~> |");
        }
        terminal.keys("cd /usr/bin\r").row("/usr/bin> |");
        terminal.keys("PS1='\\W> '\r").row("bin> |");
        terminal.keys("cd\r").row("~> |").keys("cd /\r").row("/> |");
    }

    fn substitutions_have_backslashes_of_their_own(shell) {
        shows(shell, "$(echo 'a\\wb' '\\u)')\\w> ", "a\\wb \\u)~> ");
        shows(shell, "`printf '\\101'`\\w> ", "A~> ");
        shows(shell, "${x-\\w}\\w> ", "\\w~> ");
    }

    fn a_prompt_that_cannot_be_expanded_is_shown_unchanged(shell) {
        shows(shell, "$(> ", "$(> ");
        let mut terminal = shows(shell, "${x?no}> ", "${x?no}> ");
        terminal.keys("x=1\r").row("1> |");
    }

    fn a_prompt_is_not_traced(shell) {
        let mut terminal = shows(shell, "$(true)> ", "> ");
        terminal.keys("set -x\r").row("> |");
        terminal.keys("PS4='$((2 + 3))$(true) '; echo a\r");
        terminal.rows(&["> set -x", "> PS4='$((2 + 3))$(true) '; echo a", "+ PS4='$((2 + 3))$(true) '", "5 echo a", "a", "> |"]);
    }

    fn escape_sequences_take_no_columns(shell) {
        let sequences = ["\x1b(B", "\x1b]0;title\x07", "\x1b]0;title\x1b\\", "\x1bPx\x1b\\", "\x1b_x\x1b\\", "\x1b[1m", "\x1b="];
        for sequence in sequences {
            let sequence = sequence.replace('\\', "\\\\");
            let mut terminal = shows(shell, &format!("{sequence}a{sequence}b> "), "ab> ");
            terminal.keys("cd\x02").row("ab> c|d").keys("x").row("ab> cx|d");
        }
    }
}
