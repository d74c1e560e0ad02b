//! Tests of the edited line on the screen: rows, sizes, the terminal's modes, and how many bytes and calls a key costs.

use nestling_host_tests::write_executable;

use crate::terminal::Terminal;

/// The number of columns that the first row of a line has after the prompt.
const FIRST: usize = 78;

on_both! {
    fn a_long_line_continues_in_the_next_row(shell) {
        let mut terminal = Terminal::with(shell, 6, 20, &[]);
        terminal.keys("0123456789abcdefg").line("0123456789abcdefg|");
        // The row is full: the cursor is already in the next row, where the next character will be.
        terminal.keys("h").rows(&["$ 0123456789abcdefgh", "|"]);
        terminal.keys("i").rows(&["$ 0123456789abcdefgh", "i|"]);
        terminal.keys("\x7f\x7f").rows(&["$ 0123456789abcdefg|"]);
        terminal.keys("\x01xyz").rows(&["$ xyz|0123456789abcde", "fg"]);
        terminal.keys("\x1b[3~").rows(&["$ xyz|123456789abcdef", "g"]);
        terminal.keys("\x15").rows(&["$ |123456789abcdefg"]);
        terminal.keys("\x0b").rows(&["$ |"]);
    }

    fn a_command_is_executed_below_all_rows_of_its_line(shell) {
        let mut terminal = Terminal::with(shell, 6, 20, &[]);
        terminal.keys("echo 0123456789abcdef").keys("\x01\r");
        terminal.rows(&["$ echo 0123456789abc", "def", "0123456789abcdef", "$ |"]);
    }

    fn a_wide_character_that_does_not_fit_begins_the_next_row(shell) {
        let mut terminal = Terminal::with(shell, 6, 11, &[]);
        terminal.keys("字字字字字").rows(&["$ 字字字字", "字|"]);
        terminal.keys("\x01a").rows(&["$ a|字字字字", "字"]);
        terminal.keys("b").rows(&["$ ab|字字字", "字字"]);
    }

    fn a_line_with_more_rows_than_the_screen_scrolls_in_it(shell) {
        let mut terminal = Terminal::with(shell, 4, 10, &[]);
        terminal.keys("01234567abcdefghijABCDEFGHIJklmnopqrstKLMNO");
        terminal.rows(&["abcdefghij", "ABCDEFGHIJ", "klmnopqrst", "KLMNO|"]);
        terminal.keys("\x01").rows(&["$ |01234567", "abcdefghij", "ABCDEFGHIJ", "klmnopqrst"]);
        terminal.keys("x").rows(&["$ x|0123456", "7abcdefghi", "jABCDEFGHI", "Jklmnopqrs"]);
        terminal.keys("\x05").rows(&["7abcdefghi", "jABCDEFGHI", "Jklmnopqrs", "tKLMNO|"]);
        terminal.keys("\x15").rows(&["$ |"]);
    }

    fn a_new_size_has_the_line_drawn_again(shell) {
        let mut terminal = Terminal::with(shell, 6, 40, &[]);
        terminal.keys("0123456789abcdefghijklmn\x02\x02");
        terminal.line("0123456789abcdefghijkl|mn");
        terminal.set_size(6, 20);
        terminal.until("narrow", |terminal| terminal.all_rows() == ["$ 0123456789abcdefgh", "ijkl|mn"]);
        terminal.set_size(6, 60);
        terminal.until("wide", |terminal| terminal.all_rows() == ["$ 0123456789abcdefghijkl|mn"]);
        terminal.keys("\x7f").rows(&["$ 0123456789abcdefghijk|mn"]);
    }

    fn a_full_row_leaves_no_empty_row_behind_it(shell) {
        let mut terminal = Terminal::with(shell, 6, 20, &[]);
        terminal.keys("PS1=0123456789abcdefghij\r");
        terminal.rows(&["$ PS1=0123456789abcd", "efghij", "0123456789abcdefghij", "|"]);
        terminal.keys("\r");
        terminal.rows(&["$ PS1=0123456789abcd", "efghij", "0123456789abcdefghij", "0123456789abcdefghij", "|"]);
        // The first line of a prompt of two lines, and the prompt that continues a command, may also fill the row.
        let mut terminal = Terminal::with(shell, 8, 20, &[("PS2", "0123456789abcdefghij")]);
        terminal.keys("PS1='0123456789abcdefghij\\n> '\r").row("> |").keys("\x0c{\r");
        terminal.rows(&["0123456789abcdefghij", "> {", "0123456789abcdefghij", "|"]);
    }

    fn columns_and_lines_are_those_of_the_terminal(shell) {
        let mut terminal = Terminal::with(shell, 6, 40, &[("COLUMNS", "7")]);
        terminal.keys("echo $COLUMNS $LINES\r").rows(&["$ echo $COLUMNS $LINES", "40 6", "$ |"]);
        // The variables are exported only if they were exported before.
        terminal.keys("\x0cenv | grep -c 'LINES\\|COLUMNS=40'\r").shows("\n1\n").line("|");
        // The size changes while a line is edited, before a trap, and while a program runs.
        terminal.keys("\x0cecho $COLUMNS $LINES").line("echo $COLUMNS $LINES|").set_size(8, 50);
        terminal.line("echo $COLUMNS $LINES|").keys("\r").shows("\n50 8\n").line("|");
        terminal.keys("\x0ctrap 'echo \"<$COLUMNS>\"' WINCH\r").line("|").set_size(8, 60);
        terminal.shows("<60>");
        terminal.keys("\x0ctrap - WINCH\r").line("|").keys("\x0c/bin/sh -c 'echo wai''ts; exec cat'\r");
        terminal.shows("\nwaits").set_size(8, 44);
        terminal.strike(b"\x04");
        terminal.line("|").keys("\x0cecho $COLUMNS\r").shows("\n44\n");
        terminal.keys("readonly LINES\r").line("|").set_size(7, 44);
        terminal.line("|").keys("\x0cecho $LINES\r").shows("\n8\n").line("|");
    }

    fn where_a_terminal_does_not_know_its_size_columns_and_lines_say_it(shell) {
        let mut terminal = Terminal::with(shell, 10, 100, &[]);
        terminal.claim_size(0, 0);
        terminal.run("unset COLUMNS LINES");
        // The screen may be wider than the shell knows, so the shell overwrites nothing.
        terminal.keys("\x0cprintf shown\r").rows(&["$ printf shown", "shown$ |"]);
        terminal.keys("\x15COLUMNS=100\r\x0cprintf shown\r").rows(&["$ printf shown", "shown", "$ |"]);
        let text = "x".repeat(90);
        terminal.keys(&text).line(&format!("{text}|"));
        // A terminal that knows its columns may still not know its rows.
        terminal.claim_size(0, 100);
        let text = "x".repeat(450);
        terminal.keys("\x15unset LINES\r\x0c").line("|").keys(&text);
        let rows = [98, 100, 100, 100, 52].map(|length| &text[..length]);
        terminal.rows(&[&format!("$ {}", rows[0]), rows[1], rows[2], rows[3], &format!("{}|", rows[4])]);
    }

    fn a_tab_goes_to_the_next_stop(shell) {
        let mut terminal = Terminal::with(shell, 6, 20, &[]);
        terminal.keys("a\x16\tb").rows(&["$ a     b|"]);
        terminal.keys("\x02\x02").rows(&["$ a|     b"]).keys("xyz").rows(&["$ axyz|  b"]);
        terminal.keys("12").rows(&["$ axyz12|        b"]).keys("\x06\x06\x16\tc").rows(&["$ axyz12        b", "c|"]);
        terminal.keys("\x02\x7f\x7f\x7f").rows(&["$ axyz12|c"]);
    }

    fn the_prompt_begins_on_a_line_of_its_own(shell) {
        let mut terminal = Terminal::with(shell, 6, 20, &[]);
        terminal.keys("printf abc\r").rows(&["$ printf abc", "abc", "$ |"]);
        terminal.keys("\x0cprintf 0123456789abcdefghij\r");
        terminal.rows(&["$ printf 0123456789a", "bcdefghij", "0123456789abcdefghij", "$ |"]);
    }

    fn modes_that_a_program_has_left_broken_are_restored(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run("stty raw -echo").keys("\x0cecho on\r").rows(&["$ echo on", "on", "$ |"]);
        terminal.keys("\x0cread x; echo \"[$x]\"\r").rows(&["$ read x; echo \"[$x]\"", "|"]);
        terminal.keys("line\r").rows(&["$ read x; echo \"[$x]\"", "line", "[line]", "$ |"]);
        // The shell leaves modes that a user may have chosen.
        terminal.run("stty -echoctl -onlcr").run("stty onlcr");
        assert!(terminal.modes().c_lflag & libc::ECHOCTL == 0);
    }

    fn the_modes_are_as_before_while_a_command_runs_and_after_the_shell(shell) {
        let mut terminal = Terminal::new(shell);
        assert!(terminal.modes().c_lflag & libc::ICANON == 0);
        terminal.keys("read x\r").rows(&["$ read x", "|"]);
        let whole = libc::ICANON | libc::ECHO | libc::ISIG | libc::IEXTEN;
        assert!(terminal.modes().c_lflag & whole == whole);
        terminal.keys("x\r").line("|").keys("\x04").end();
        assert!(terminal.modes().c_lflag & whole == whole);
        let mut terminal = Terminal::new(shell);
        terminal.keys("typed").line("typed|").signal(libc::SIGHUP);
        terminal.end();
        assert!(terminal.modes().c_lflag & whole == whole);
    }

    fn signals_do_no_harm_to_the_line(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("typed\x02").line("type|d");
        for signal in [libc::SIGQUIT, libc::SIGTERM, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU, libc::SIGCONT, libc::SIGCHLD] {
            terminal.signal(signal);
            terminal.keys("x").line("typex|d").keys("\x7f").line("type|d");
        }
        // The signal has the same effect as Ctrl-C.
        terminal.keys("\x0c").rows(&["$ type|d"]).signal(libc::SIGINT);
        terminal.rows(&["$ typed^C", "$ |"]);
        terminal.keys("trap 'echo trapped' USR1\r").line("|").keys("\x0ctyped").line("typed|");
        terminal.signal(libc::SIGUSR1);
        terminal.shows("\ntrapped").line("typed|");
    }

    fn a_dumb_terminal_is_read_plainly(shell) {
        let mut terminal = Terminal::with(shell, 24, 80, &[("TERM", "dumb")]);
        terminal.keys("echo a\x7fb\r");
        // The terminal itself has edited the line, so the shell has read fewer keys than were struck.
        terminal.until("b", |terminal| terminal.all_rows() == ["$ echo b", "b", "$ |"]);
        assert!(!terminal.screen().bracketed_paste());
    }

    fn a_line_is_edited_in_an_editor_and_executed(shell) {
        for (keys, variable) in [("\x18\x05", "VISUAL"), ("\x18e", "EDITOR")] {
            let mut terminal = Terminal::new(shell);
            let editor = terminal.home().join("editor");
            write_executable(&editor, "#!/bin/sh\n{ cat \"$1\"; echo 'echo two'; } >new\ncat new >\"$1\"\n");
            terminal.run(&format!("{variable}=./editor"));
            terminal.keys(format!("\x0cecho one{keys}"));
            terminal.rows(&["$ echo one", "echo one", "echo two", "one", "two", "$ |"]);
            // The history contains the commands as they were executed.
            terminal.keys("\x10").line("echo two|").keys("\x10").line("echo one|");
        }
    }

    fn an_editor_that_fails_leaves_the_line(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run("VISUAL=false").keys("\x0cecho one\x18\x05").line("echo one|");
    }

    fn a_key_costs_one_write_at_most_and_in_a_long_line_no_more_than_in_a_short_one(shell) {
        let mut table = Vec::new();
        for (rows, length) in [(24, 40), (60, 4000)] {
            let mut terminal = Terminal::with(shell, rows, 80, &[]);
            let text: String = ('a'..='z').cycle().take(length).collect();
            terminal.keys(&text);
            terminal.until("the line", |terminal| terminal.is_idle());
            let rows = (length.saturating_sub(FIRST)).div_ceil(80) as u64;
            for (key, what, bytes) in [
                ("x", "a character at the end", 1),
                ("\x7f", "Backspace at the end", 6),
                ("\x02", "to the left", 4),
                ("x", "a character before the last", 6),
                ("\x7f", "Backspace before the last", 6),
                ("\x01", "Home", 16),
                ("\x06", "to the right", 4),
                // Each visible row passes a character on to the next row.
                ("x", "a character at the start", 6 + 12 * rows + 12),
                ("\x7f", "Backspace at the start", 6 + 12 * rows + 12),
                ("\x1bu", "a word in capitals", 100),
                ("\x05", "End", 16),
                ("\x1c", "nothing", 0),
            ] {
                let cost = terminal.cost(key, "");
                table.push(format!("{length} characters, {what}: {} bytes", cost.written));
                assert!(cost.writes <= 1, "{what}: {cost:?}");
                assert!(cost.written <= bytes || what == "a word in capitals", "{what} of {length}: {cost:?}");
            }
        }
        nestling_host_tests::say(&format!("# {}", table.join("; ")));
    }

    fn a_paste_may_have_any_length(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("x='").line("x='|");
        terminal.keys(format!("\x1b[200~{}\x1b[201~", "p".repeat(300_000)));
        terminal.keys("'\x01\x0b\x19\r");
        terminal.keys("\x0cecho ${#x}\r").rows(&["$ echo ${#x}", "300000", "$ |"]);
        // The shell rings the bell if a count would make the text too long, and leaves the text as it is.
        terminal.keys("\x0c").rows(&["$ |"]);
        let bells = terminal.bells;
        terminal.keys("\x10\x10").until("the paste", |terminal| terminal.cursor_row().ends_with("'|"));
        terminal.keys("\x1b9\x1b9\x1b9\x1b9\x19\x15").keys("echo still\x0b\x0c").line("echo still|");
        assert_eq!(terminal.bells, bells + 1);
    }

    fn a_terminal_that_a_program_has_left_without_waiting_waits_again(shell) {
        let mut terminal = Terminal::new(shell);
        let leaves = "dd iflag=nonblock count=0 2>/dev/null";
        // What `cat` reads, the shell does not read.
        let shows = |terminal: &mut Terminal, rows: &[&str]| {
            terminal.until(&rows.join("\n"), |terminal| terminal.all_rows() == rows);
        };
        terminal.run(leaves);
        terminal.keys("\x0ccat\r").rows(&["$ cat", "|"]).keys("echo no\r");
        shows(&mut terminal, &["$ cat", "echo no", "echo no", "|"]);
        terminal.keys("\x04");
        shows(&mut terminal, &["$ cat", "echo no", "echo no", "$ |"]);
        // The same for `read`, and for a program that then reads the rest.
        terminal.keys(format!("clear; {leaves}; read x; cat\r")).rows(&["|"]).keys("one\r");
        terminal.rows(&["one", "|"]).keys("two\r");
        shows(&mut terminal, &["one", "two", "two", "|"]);
        terminal.keys("\x04");
        shows(&mut terminal, &["one", "two", "two", "$ |"]);
        terminal.keys("\x0cecho \"[$x]\"\r").shows("[one]");
    }

    fn a_trap_for_a_new_size_is_executed_while_a_line_is_edited(shell) {
        let mut terminal = Terminal::with(shell, 6, 40, &[]);
        terminal.run("trap 'echo resized' WINCH").keys("\x0ctyped\x02").rows(&["$ type|d"]);
        terminal.set_size(6, 30);
        terminal.until("the trap", |terminal| terminal.all_rows() == ["resized", "$ type|d"]);
        // A trap that writes nothing leaves the screen as it is.
        terminal.keys("\x15\x0b").run("trap '>ran' WINCH").keys("\x0ctyped\x02").rows(&["$ type|d"]);
        terminal.set_size(6, 40);
        let ran = terminal.home().join("ran");
        terminal.until("the trap", |terminal| ran.exists() && terminal.is_idle());
        terminal.keys("x").rows(&["$ typex|d"]);
    }
}
