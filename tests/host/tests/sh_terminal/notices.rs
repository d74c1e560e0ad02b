//! Tests of the messages that the shell prints on its own: about jobs, about stopped jobs at the exit, and about a time
//! limit for input.

use crate::terminal::Terminal;

on_both! {
    fn a_job_that_has_ended_is_reported_before_the_next_prompt(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("sleep 1000 &\r").shows("[1] ").line("|");
        terminal.keys("\x0ckill $!; wait; echo waited\r").shows("waited").line("|");
        terminal.keys("\x0c(exit 3) &\r").shows("[1] ").line("|");
        terminal.keys("while [ -d /proc/$! ]; do /bin/true; done\r");
        terminal.shows("[1] + Done(3) (exit 3)").line("|");
    }

    fn a_job_that_has_ended_waits_for_the_line_that_is_typed(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run("mkfifo fifo").keys("\x0ccat fifo &\r").shows("[1] ").line("|");
        terminal.keys("\x0ctyped").line("typed|");
        drop(std::fs::OpenOptions::new().write(true).open(terminal.home().join("fifo")).expect("the job"));
        // Otherwise the job may end after the line.
        terminal.until("the job's end", Terminal::has_no_running_child);
        terminal.keys("\x02").rows(&["$ type|d"]);
        terminal.keys("\x15\x0b\r").rows(&["$", "[1] + Done cat fifo", "$ |"]);
    }

    fn with_notify_a_job_is_reported_at_once_above_the_line(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run("set -b; mkfifo fifo").keys("cat fifo &\r").shows("[1] ").line("|");
        terminal.keys("\x0ctyped\x02").rows(&["$ type|d"]);
        drop(std::fs::OpenOptions::new().write(true).open(terminal.home().join("fifo")).expect("the job"));
        terminal.until("the notice", |terminal| terminal.all_rows().iter().any(|row| row == "[1] + Done cat fifo"));
        terminal.rows(&["[1] + Done cat fifo", "$ type|d"]);
        terminal.keys("\x15\x0becho on\r").shows("\non").line("|");
    }

    fn the_shell_warns_of_stopped_jobs_once_before_it_exits(shell) {
        for (first, second) in [("exit\r", "exit\r"), ("\x04", "\x04"), ("exit\r", "\x04"), ("\x04", "exit\r")] {
            let mut terminal = Terminal::new(shell);
            terminal.keys("/bin/sh -c 'kill -TSTP $$'\r").shows("[1] + Stopped /bin/sh").line("|");
            terminal.keys(first).shows("There are stopped jobs.").line("|");
            // After another command, the next attempt to exit prints the message again.
            terminal.keys("\x0c:\r").line("|");
            terminal.keys(first).shows("There are stopped jobs.").line("|");
            terminal.keys(second).end();
        }
    }

    fn kill_ends_a_stopped_job(shell) {
        for signal in ["", "-HUP", "-s TERM", "-INT"] {
            let mut terminal = Terminal::new(shell);
            terminal.keys("/bin/sh -c 'kill -TSTP $$; exec sleep 1000'\r").shows("[1] + Stopped /bin/sh").line("|");
            terminal.keys("\x0cp=$(jobs -p)\r").line("|").keys(format!("\x0ckill {signal} %1\r")).line("|");
            terminal.keys("\x0cwhile [ -d /proc/$p ]; do /bin/true; done; echo ended\r").shows("\nended");
        }
        // Other signals do not continue the job.
        let mut terminal = Terminal::new(shell);
        terminal.keys("/bin/sh -c 'kill -TSTP $$'\r").shows("[1] + Stopped /bin/sh").line("|");
        terminal.run("kill -USR1 %1").keys("\x0cjobs\r").shows("Stopped /bin/sh");
    }

    fn the_id_of_a_job_as_a_command_continues_it(shell) {
        let mut terminal = Terminal::new(shell);
        let job = "/bin/sh -c 'kill -TSTP $$; echo went on'";
        terminal.keys(format!("{job}\r")).shows("[1] + Stopped /bin/sh").line("|").keys("\x0c%9; %1\r");
        terminal.rows(&["$ %9; %1", "sh: fg: %9: no such job", job, "went on", "$ |"]);
    }

    fn disown_forgets_jobs_which_continue(shell) {
        let mut terminal = Terminal::new(shell);
        for (command, rest) in [("disown", "[1]   Running sleep 1001 &"), ("disown %1", "[2] + Running sleep 1002 &"), ("disown $!", "[1] + Running sleep 1001 &"), ("disown -a", ""), ("disown -r", ""), ("disown -h %1 %2; disown -a", "")] {
            terminal.run("sleep 1001 &").run("p=$!").run("sleep 1002 &").run("q=$!");
            terminal.keys(format!("\x0c{command}; jobs; kill -0 $p $q && echo th''ere; disown -a; kill $p $q\r")).shows("\nthere").line("|");
            terminal.until("the others", |terminal| terminal.all_rows().iter().filter(|row| row.contains("Running")).count() == usize::from(!rest.is_empty()));
        }
        // `wait` can wait for the job, which no longer counts as a stopped job.
        terminal.run("/bin/sh -c 'exit 7' &").run("disown").keys("\x0cwait $!; echo $?\r").shows("\n7").line("|");
        terminal.keys("\x0c/bin/sh -c 'kill -TSTP $$'\r").shows("[1] + Stopped /bin/sh").line("|");
        terminal.keys("\x0cdisown %1\r").shows("sh: disown: %1 is stopped: it goes on after kill -CONT -").line("|");
        terminal.keys("\x0cdisown %1\r").rows(&["$ disown %1", "sh: disown: %1: no such job", "$ |"]);
        terminal.keys("exit 3\r");
        assert_eq!(terminal.end().code(), Some(3));
    }

    fn suspend_stops_a_shell_until_it_is_continued(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("suspend\r").shows("sh: suspend: no shell is left that could continue this one").line("|");
        terminal.keys(format!("\x0cPS1='in> ' {} -i\r", shell.display())).row("in> |");
        terminal.strike(b"x=kept; suspend\r");
        terminal.shows("[1] + Stopped").line("|");
        terminal.keys("\x0cfg\r").row("in> |").strike(b"echo \"<$x>\"; sleep 0; suspend\r");
        terminal.shows("\n<kept>").shows("[1] + Stopped").line("|");
        // A background job cannot read from the terminal, so it stops again.
        terminal.keys("\x0cbg; wait %1; jobs\r").shows("[1] + Stopped (").line("|").keys("\x0cfg\r").row("in> |").strike(b"exit\r");
        terminal.line("|");
    }

    fn new_mail_is_reported(shell) {
        let mut terminal = Terminal::with(shell, 24, 80, &[("MAIL", "box"), ("MAILCHECK", "0")]);
        terminal.run(":").keys("\x0cecho >>box\r").rows(&["$ echo >>box", "You have new mail in box.", "$ |"]);
        terminal.keys("\x0c:\r").rows(&["$ :", "$ |"]).keys("\x0c>box\r").rows(&["$ >box", "$ |"]);
        terminal.keys("\x0cMAILPATH='a:b%$((1 + 1)) for b'\r").line("|").keys("\x0cecho >box; echo >a; echo >b\r");
        terminal.rows(&["$ echo >box; echo >a; echo >b", "You have new mail in a.", "2 for b", "$ |"]);
        // The shell looks for mail at most once in MAILCHECK seconds.
        terminal.run("MAILCHECK=1000").keys("\x0cecho >>a\r").rows(&["$ echo >>a", "$ |"]);
        terminal.keys("\x0cMAILCHECK=0\r").rows(&["$ MAILCHECK=0", "You have new mail in a.", "$ |"]);
        terminal.run("unset MAILPATH MAIL").keys("\x0cecho >>a; echo >>box\r").rows(&["$ echo >>a; echo >>box", "$ |"]);
    }

    fn without_stopped_jobs_the_shell_exits_at_once(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("sleep 1000 &\r").shows("[1] ").line("|");
        terminal.keys("kill $!; exit 5\r");
        assert_eq!(terminal.end().code(), Some(5));
    }

    fn ctrl_d_in_an_unfinished_command_abandons_it_and_does_not_exit(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("\\\r").row("> |");
        terminal.keys("\x04").row("$ |");
        terminal.run("set -o ignoreeof");
        terminal.keys("\\\r\x04").row("$ |");
        terminal.keys("if true\r\x04").row("$ |");
        terminal.keys("\x0cecho here\r").rows(&["$ echo here", "here", "$ |"]);
    }

    fn with_ignoreeof_only_exit_ends_the_shell(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run("set -o ignoreeof").keys("\x0c\x04").shows("Use \"exit\" to leave the shell.").line("|");
        terminal.keys("\x04\x04\x04").line("|");
        terminal.keys("exit 4\r");
        assert_eq!(terminal.end().code(), Some(4));
    }

    fn after_tmout_seconds_without_input_the_shell_ends(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run("trap 'echo left' EXIT");
        // All keys are struck at once: the time limit applies from the next prompt on, however late this test runs again.
        terminal.keys("(exit 3)\r").line("|").keys("TMOUT=1\rtyped");
        assert_eq!(terminal.end().code(), Some(0));
        let contents = terminal.screen().contents();
        assert!(contents.contains("\n$ typed\n"), "{contents}");
        assert!(contents.contains("There was no input for TMOUT seconds.\nleft"), "{contents}");
        assert!(terminal.modes().c_lflag & libc::ICANON != 0);
        // The time limit applies to the continuation of a command, too. 0, or a value that is not a number, means no
        // limit.
        let mut terminal = Terminal::with(shell, 24, 80, &[("TMOUT", "0")]);
        terminal.run("TMOUT=none").run("TMOUT=1").keys("if true\r");
        terminal.end();
    }

    fn without_editing_tmout_ends_the_shell_too(shell) {
        let mut terminal = Terminal::with(shell, 24, 80, &[("TERM", "dumb"), ("TMOUT", "1")]);
        terminal.end();
        assert!(terminal.screen().contents().contains("There was no input for TMOUT seconds."));
    }
}
