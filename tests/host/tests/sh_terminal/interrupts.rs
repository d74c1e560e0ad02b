//! Tests of Ctrl-C while the shell waits for something other than a job: the shell abandons the line.

use crate::terminal::Terminal;

/// Commands that print a line when they have begun and then wait. (A program prints the line itself, at a point where
/// it can no longer miss a signal.)
const WAITS: [&str; 5] = [
    "sh -c 'echo wai\"\"ts >/dev/tty; exec sleep 100'",
    "echo wai''ts >/dev/tty; while :; do :; done",
    "echo wai''ts >/dev/tty; while :; do sleep 100; done",
    "echo wai''ts >/dev/tty; read y",
    "sh -c 'trap \"exit 0\" INT; echo wai\"\"ts >/dev/tty; while :; do :; done'",
];

/// Lines with such a command (at `@`) in a command substitution; Ctrl-C must keep the rest of the line from running.
const LINES: [&str; 12] = [
    "x=$(@); echo n''o",
    "x=$(@; echo n''o); echo n''o",
    "echo $(@) n''o",
    "rm -f $(@; echo keep); echo n''o",
    "for i in a $(@) b; do echo n''o; done",
    "case $(@) in *) echo n''o;; esac",
    "f() { local x=$(@); echo n''o; }; f; echo n''o",
    "while :; do x=$(@); echo n''o; done",
    "x=$(y=$(@); echo n''o); echo n''o",
    "if x=$(@); then echo n''o; else echo n''o; fi",
    "x=${y:-$(@)}; echo n''o",
    "cat <<<$(@); echo n''o",
];

on_both! {
    fn ctrl_c_during_a_command_substitution_abandons_the_line(shell) {
        let mut terminal = Terminal::with(shell, 24, 200, &[]);
        terminal.file("keep");
        for line in LINES {
            for waits in WAITS {
                let line = line.replace('@', waits);
                terminal.keys("clear\r").row("$ |");
                terminal.keys(&line).keys("\r");
                terminal.until("waits", |terminal| {
                    terminal.all_rows().iter().any(|row| row.starts_with("waits"))
                });
                terminal.strike(b"\x03");
                terminal.row("$ |");
                let rows = terminal.all_rows();
                assert!(!rows.iter().any(|row| row.starts_with("no")), "{rows:?}");
                terminal.run("echo $?");
                let rows = terminal.all_rows();
                assert!(rows.iter().any(|row| row == "130"), "{rows:?}");
            }
        }
        assert!(terminal.home().join("keep").exists());
    }

    fn ctrl_c_during_a_command_substitution_runs_a_trap_and_the_line_continues(shell) {
        let mut terminal = Terminal::with(shell, 24, 200, &[]);
        terminal.run("trap 'echo tr''ap' INT");
        for waits in WAITS {
            terminal.keys("clear\r").row("$ |");
            terminal.keys(format!("x=$({waits}); echo o''n\r"));
            terminal.until("waits", |terminal| {
                terminal.all_rows().iter().any(|row| row.starts_with("waits"))
            });
            terminal.strike(b"\x03");
            terminal.row("$ |");
            let rows = terminal.all_rows().join("\n");
            assert!(rows.contains("trap\non"), "{rows}");
        }
    }

    fn ctrl_c_during_a_command_substitution_of_ps2_or_ps4_abandons_the_line(shell) {
        // This waits only once, because the prompts of other commands expand it, too.
        let prompt = "$([ -e once ] && rm once && echo wai\"\"ts >/dev/tty && sleep 100)> ";
        for (prepare, line) in [
            (format!("PS2='{prompt}'"), "if rm keep\r"),
            (format!("PS4='{prompt}'; set -x"), "rm keep\r"),
        ] {
            let mut terminal = Terminal::with(shell, 24, 200, &[]);
            terminal.file("keep");
            terminal.keys(&prepare).keys("\r").row("$ |");
            terminal.file("once");
            terminal.keys(line);
            terminal.until("waits", |terminal| {
                terminal.all_rows().iter().any(|row| row.starts_with("waits"))
            });
            terminal.strike(b"\x03");
            terminal.row("$ |");
            terminal.run("echo $?");
            let rows = terminal.all_rows();
            assert!(rows.iter().any(|row| row == "130"), "{rows:?}");
            assert!(terminal.home().join("keep").exists());
        }
    }

    fn ctrl_c_before_a_job_has_the_terminal_is_for_the_job(shell) {
        let mut terminal = Terminal::with(shell, 24, 200, &[]);
        // The shell opens the two FIFOs itself, and SIGINT comes between the two opens.
        terminal.run("mkfifo p q");
        terminal.run("(: <q; kill -INT $$; : >p) &");
        terminal.keys("clear\r").row("$ |");
        terminal.keys("sleep 1000 {w}>q {r}<p\r");
        terminal.until("the prompt", |terminal| {
            let rows = terminal.all_rows();
            let begun = rows.iter().any(|row| row.starts_with("$ sleep"));
            begun && rows.last().is_some_and(|row| row == "$ |")
        });
        terminal.run("echo $?");
        let rows = terminal.all_rows();
        assert!(rows.iter().any(|row| row == "130"), "{rows:?}");
    }

    fn ctrl_c_ends_what_a_builtin_writes(shell) {
        const LENGTH: u64 = 500_000;
        for (trap, ends) in [("", true), ("trap : INT", false)] {
            let mut terminal = Terminal::new(shell);
            terminal.run(trap).run(&format!("x=$(head -c {LENGTH} /dev/zero | tr '\\0' x)"));
            let before = terminal.counts().written;
            // The test does not read the output, so the terminal's buffer is full before the end of the output.
            terminal.keys("echo $x; echo n''o\r");
            while !terminal.is_idle() {
                std::thread::yield_now();
            }
            terminal.signal(libc::SIGINT);
            terminal.line("|");
            let written = terminal.counts().written - before;
            assert_eq!(written < LENGTH, ends, "{written}");
            assert_eq!(terminal.all_rows().iter().any(|row| row == "no"), !ends);
        }
    }
}
