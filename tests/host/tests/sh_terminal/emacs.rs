//! Tests of the keys of emacs.

use crate::terminal::Terminal;

on_both! {
    fn what_is_typed_is_shown_and_executed(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("echo a\"b\"c").line("echo a\"b\"c|");
        terminal.keys("\r").rows(&["$ echo a\"b\"c", "abc", "$ |"]);
        terminal.keys("echo d\n").rows(&["$ echo a\"b\"c", "abc", "$ echo d", "d", "$ |"]);
    }

    fn keys_move_the_cursor(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("one two-three");
        terminal.keys("\x01").line("|one two-three");
        terminal.keys("\x06").line("o|ne two-three");
        terminal.keys("\x05").line("one two-three|");
        terminal.keys("\x02").line("one two-thre|e");
        terminal.keys("\x1bb").line("one two-|three");
        terminal.keys("\x1bb").line("one |two-three");
        terminal.keys("\x1bf").line("one two|-three");
        terminal.keys("\x1bB").line("one |two-three");
        terminal.keys("\x1bF").line("one two-three|");
        // The arrow keys in the two modes of terminals, and Home and End in five encodings.
        terminal.keys("\x1b[D").line("one two-thre|e");
        terminal.keys("\x1bOD").line("one two-thr|ee");
        terminal.keys("\x1b[C").line("one two-thre|e");
        terminal.keys("\x1bOC").line("one two-three|");
        for home in ["\x1b[H", "\x1bOH", "\x1b[1~", "\x1b[7~"] {
            terminal.keys(home).line("|one two-three");
            terminal.keys("\x1b[F").line("one two-three|");
        }
        for end in ["\x1bOF", "\x1b[4~", "\x1b[8~"] {
            terminal.keys("\x01").line("|one two-three");
            terminal.keys(end).line("one two-three|");
        }
        // With Control or Meta, the arrow keys move by words.
        terminal.keys("\x1b[1;5D").line("one two-|three");
        terminal.keys("\x1b[1;3D").line("one |two-three");
        terminal.keys("\x1b[1;5C").line("one two|-three");
        terminal.keys("\x1b[5D").line("one |two-three");
        terminal.keys("\x1b\x1b[D").line("|one two-three").keys("\x1b\x1b[C").line("one| two-three");
        // At both ends of the line, the cursor does not move.
        terminal.keys("\x05\x06").line("one two-three|");
        terminal.keys("\x01\x02\x1bb").line("|one two-three");
    }

    fn keys_delete(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("abcdef");
        terminal.keys("\x7f").line("abcde|");
        terminal.keys("\x08").line("abcd|");
        terminal.keys("\x01\x04").line("|bcd");
        terminal.keys("\x1b[3~").line("|cd");
        terminal.keys("\x05\x04\x1b[3~").line("cd|");
        terminal.keys("\x01\x7f").line("|cd");
        terminal.keys("\x05   x\x02\x02\x1b\\").line("cd|x");
    }

    fn what_is_killed_can_be_yanked(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("one two three/four");
        terminal.keys("\x1b\x7f").line("one two three/|");
        terminal.keys("\x17").line("one two |");
        // Consecutive kills form one text.
        terminal.keys("\x19").line("one two three/four|");
        terminal.keys("\x01\x0b").line("|");
        terminal.keys("\x19").line("one two three/four|");
        terminal.keys("\x02\x15").line("|r");
        terminal.keys("\x19").line("one two three/fou|r");
        terminal.keys("\x01\x1bd").line("| two three/four");
        terminal.keys("\x1bD").line("| three/four");
        terminal.keys("\x05 \x19").line(" three/four one two|");
        // Meta-y inserts the earlier killed texts in turn.
        terminal.keys("\x1by").line(" three/four one two three/fou|");
        terminal.keys("\x1by").line(" three/four one two three/four|");
        terminal.keys("\x1by").line(" three/four three/four|");
        terminal.keys("\x1by").line(" three/four one two|");
        terminal.keys("\x18\x7f").line("|");
    }

    fn kills_are_kept_for_the_next_line(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("echo one\x15true\r").line("|");
        terminal.keys("\x19").line("echo one|");
    }

    fn ctrl_g_abandons_the_line_without_a_trap(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run("trap 'echo trapped' INT");
        terminal.keys("\x0cone\x07").rows(&["$ one", "$ |"]);
        terminal.keys("echo $?\r").rows(&["$ one", "$ echo $?", "130", "$ |"]);
    }

    fn the_region_or_the_whole_line_is_quoted(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("it's so\x1bQ").line("'it'\\''s so'|");
        terminal.keys("\x15echo \x1b a  b\x1bQ").line("echo 'a  b'|");
    }

    fn the_region_or_the_whole_line_is_replaced_by_its_output(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("echo $((6 * 7))\x1b\x05").line("42|");
        terminal.keys("\x15a \x1b printf b; printf c\x1b\x05").line("a bc|");
        // A text that is not a complete command stays.
        terminal.keys("\x15if\x1b\x05").line("if|");
    }

    fn the_version_is_shown_above_the_line(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("\x0cone\x1b\x16").shows("sh (nestling) ").line("one|");
    }

    fn a_region_is_killed(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("one two three");
        terminal.keys("\x1bb\x1bb\x1b \x1bf").line("one two| three");
        terminal.keys("\x18\x18").line("one |two three");
        terminal.keys("\x18\x18").line("one two| three");
        terminal.keys("\x1b\x17").line("one | three");
        terminal.keys("\x05\x19").line("one  threetwo|");
        terminal.keys("\0\x01\x1b\x17").line("|");
    }

    fn words_change_their_case(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("one-a two-b three-c\x01");
        terminal.keys("\x1bu").line("ONE|-a two-b three-c");
        terminal.keys("\x1bc").line("ONE-A| two-b three-c");
        terminal.keys("\x1bU").line("ONE-A TWO-B| three-c");
        terminal.keys("\x1bC").line("ONE-A TWO-B Three-c|");
        terminal.keys("\x01\x1bl").line("one|-A TWO-B Three-c");
        terminal.keys("\x06\x1bL\x1bL").line("one-a two-b| Three-c");
    }

    fn characters_and_words_change_places(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("ab\x14").line("ba|");
        terminal.keys("c\x02\x14").line("bca|");
        terminal.keys("\x15one two three\x1bt").line("one three two|");
        terminal.keys("\x01\x06\x06\x06\x06\x06\x1bt").line("three one| two");
        terminal.keys("\x15\x0bx\x14\x01\x14\x1bt").line("|x");
    }

    fn a_change_is_undone(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("one two\x17").line("one |");
        terminal.keys("\x1f").line("one two|");
        terminal.keys("\x18\x15").line("one|");
        terminal.keys("\x1f").line("|");
        terminal.keys("\x1f").line("|");
        terminal.keys("one\x1b3\x7f").line("|");
        terminal.keys("\x1f").line("one|");
        terminal.keys("\x01\x1bu\x04x\x1br").line("|");
    }

    fn a_count_repeats_a_key(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("\x1b12a").line("aaaaaaaaaaaa|");
        terminal.keys("\x1b4\x02").line("aaaaaaaa|aaaa");
        terminal.keys("\x1b1\x1b0\x04").line("aaaaaaaa|");
        terminal.keys("\x1b3\x7f").line("aaaaa|");
        terminal.keys("\x1b0\x7f").line("aaaaa|");
        terminal.keys("\x15a b c d e\x1b2\x17").line("a b c |");
        terminal.keys("\x19").line("a b c d e|");
    }

    fn a_key_searches_for_a_character(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("abcabcabc\x01");
        terminal.keys("\x1dc").line("ab|cabcabc");
        terminal.keys("\x1b2\x1dc").line("abcabcab|c");
        terminal.keys("\x1b\x1da").line("abcabc|abc");
        terminal.keys("\x1b\x1dx").line("abcabc|abc");
    }

    fn a_quoted_key_is_text(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("a\x16\x03\x11\x01\x1e\x1bb").line("a^C^A^[b|");
        terminal.keys("\x02\x02\x02").line("a^C|^A^[b");
        terminal.keys("\x7f").line("a|^A^[b");
        // With a count, the character is inserted as often.
        terminal.keys("\x15\x0b\x1b3\x16\x03x").line("^C^C^Cx|");
    }

    fn keys_go_through_the_history(shell) {
        let mut terminal = Terminal::new(shell);
        for command in ["true one", "true two", ": three"] {
            terminal.run(command);
        }
        terminal.keys("typed");
        terminal.keys("\x10").line(": three|");
        terminal.keys("\x1b[A").line("true two|");
        terminal.keys("\x10\x10\x10").line("true one|");
        terminal.keys("\x0e").line("true two|");
        terminal.keys("\x1b[B\x1b[B").line("typed|");
        terminal.keys("\x0e").line("typed|");
        terminal.keys("\x1b<").line("true one|");
        terminal.keys("\x1b>").line("typed|");
        terminal.keys("\x1b2\x1bg").line("true two|");
        // Page Up searches for a command that begins with the typed text.
        terminal.keys("\x1b>\x15tr\x1b[5~").line("tr|ue two");
        terminal.keys("\x1b[5~").line("tr|ue one");
        terminal.keys("\x1b[5~").line("tr|ue one");
        terminal.keys("\x1b[6~").line("tr|ue two").keys("\x1b[6~").line("tr|").keys("\x1b[5~").line("tr|ue two");
        terminal.keys("\r").rows(&["$ true one", "$ true two", "$ : three", "$ true two", "$ |"]);
    }

    fn ctrl_o_repeats_a_sequence_of_commands(shell) {
        let mut terminal = Terminal::new(shell);
        for command in ["echo one", "echo two", "echo three"] {
            terminal.run(command);
        }
        terminal.keys("\x0c\x10\x10\x10\x0f").rows(&["$ echo one", "one", "$ echo two|"]);
        terminal.keys("\x0f\r").rows(&[
            "$ echo one", "one", "$ echo two", "two", "$ echo three", "three", "$ |",
        ]);
    }

    fn a_command_is_found_by_a_part_of_it(shell) {
        let mut terminal = Terminal::new(shell);
        for command in ["echo one", "true", "echo two", "echo oneself", "true again"] {
            terminal.run(command);
        }
        terminal.keys("typed\x12").row("(search)`': typed|");
        terminal.keys("o").row("(search)`o': ech|o oneself");
        terminal.keys("n").row("(search)`on': echo |oneself");
        terminal.keys("\x12").row("(search)`on': echo |one");
        terminal.keys("\x12").row("failed (search)`on': echo |one");
        terminal.keys("\x13").row("(forward search)`on': echo |oneself");
        terminal.keys("\x7f").row("(forward search)`o': ech|o oneself");
        // Ctrl-G abandons the search.
        terminal.keys("\x07").line("typed|");
        // Any other key accepts the found command and then has its usual effect.
        terminal.keys("\x12on\x05").line("echo oneself|");
        terminal.keys("\x0e").line("true again|");
        terminal.keys("\x0e").line("typed|");
        terminal.keys("\x15\x12\x12").row("(search)`on': echo |oneself");
        terminal.keys("\x1b").line("echo |oneself");
        terminal.keys("\x1b>\x12gain").row("(search)`gain': true a|gain");
        terminal.keys("\r").line("|");
        terminal.keys("\x12two\x03").line("|");
    }

    fn the_last_word_of_a_command_is_inserted(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run("true one two").run("true three four");
        terminal.keys(": \x1b.").line(": four|");
        terminal.keys("\x1b_").line(": two|");
        terminal.keys("\x1b.").line(": two|");
        terminal.keys(" \x1b.").line(": two four|");
        terminal.keys("\x15\x1b1\x1b.").line("three|");
    }

    fn a_comment_is_kept_in_the_history(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("rm -r /x\x02\x1b#").rows(&["$ #rm -r /x", "$ |"]);
        terminal.keys("\x10").line("#rm -r /x|");
    }

    fn the_screen_is_cleared(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run("echo one").keys("two\x02\x0c").rows(&["$ tw|o"]);
        terminal.keys("\r");
        terminal.shows("not found").keys("abc\x1b\x0c").rows(&["$ abc|"]);
    }

    fn ctrl_c_is_a_new_prompt(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("one\x02").line("on|e");
        terminal.keys("\x03").rows(&["$ one^C", "$ |"]);
        terminal.keys("echo $?\r").rows(&["$ one^C", "$ echo $?", "130", "$ |"]);
        // The same in the continuation of a command.
        terminal.keys("if true\r").row("> |");
        terminal.keys("\x03").line("|");
        terminal.run("\x0ctrap 'echo trapped' INT");
        terminal.keys("\x0ctwo\x03").rows(&["$ two^C", "trapped", "$ |"]);
        terminal.run("trap '' INT");
        terminal.keys("\x0cthree\x03").rows(&["$ three^C", "$ |"]);
        terminal.keys("if true\r").row("> |");
        terminal.keys("\x03").line("|");
    }

    fn a_line_with_an_event_shows_its_expansion(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("echo one two\r").line("|");
        terminal.keys("\x0cecho !$\r").rows(&["$ echo !$", "echo two", "two", "$ |"]);
        terminal.keys("\x0c!nope\r").rows(&["$ !nope", "sh: !nope: not in the history", "$ |"]).keys("\x10").line("echo two|");
        // A modifier that does not exist is an error, and the line is not executed.
        for typed in ["!!:s/one/two/", "!!:e", "!?one?:%", "!echo:-1"] {
            let answer = format!("sh: {typed}: not in the history");
            terminal.keys(format!("\x15\x0c{typed}\r")).rows(&[&format!("$ {typed}"), &answer, "$ |"]);
        }
        // The same with a command of several lines.
        terminal.keys("\x15\x0cif :\rthen echo a; fi\r").line("|");
        terminal.keys("\x0c!if\r").rows(&["$ !if", "if :", "then echo a; fi", "a", "$ |"]);
    }

    fn dollar_underscore_is_the_last_word_of_the_last_command(shell) {
        let mut terminal = Terminal::with(shell, 24, 80, &[("_", "/bin/x")]);
        terminal.run("mkdir -p new/dir && cd $_").keys("\x0cpwd | grep -c new/dir\r").rows(&["$ pwd | grep -c new/dir", "1", "$ |"]);
        terminal.keys("\x0c/bin/echo one two; x=3; echo $_; (: three; echo $_); f() { :; }; f four; echo $_\r");
        terminal.shows("\none two\ntwo\nthree\nfour\n$").line("|");
        // Programs do not inherit `_`, because its value would differ each time.
        terminal.keys("\x0cenv | grep -c ^_=\r").rows(&["$ env | grep -c ^_=", "0", "$ |"]);
        terminal.keys("\x0creadonly _; : x; echo still\r").shows("\nstill\n").line("|");
    }

    fn up_searches_for_the_typed_text_with_prefixsearch(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run(": one").run("true 1").run(": two").run("{ :\x1b\r}").run("true 2");
        terminal.run("set -o prefixsearch").keys("\x0c: \x1b[A").line(": |two");
        terminal.keys("\x1b[A").line(": |one").keys("\x1b[A").line(": |one").keys("\x1b[B").line(": |two").keys("\x1b[B").line(": |");
        // After more typing, the search uses the whole typed text. A command of several lines is passed over as a
        // whole.
        terminal.keys("\x15tr\x10").line("tr|ue 2").keys("\x10").line("tr|ue 1").keys("ue\x10").line("true|ue 1");
        terminal.keys("\x03\x0c{\x10").rows(&["$ {| :", "}"]).keys("\x0e").row("$ {|");
        // From an empty line, the search finds every command.
        terminal.keys("\x03\x0c\x10").line("set -o prefixsearch|").keys("\x10").line("true 2|").keys("\x10\x10\x10").line(": two|");
        terminal.keys("\x03").line("|").run("set +o prefixsearch").keys("\x0c: \x10").line("set +o prefixsearch|");
    }

    fn a_command_may_have_several_lines(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run(": before").keys("\x0c{ echo one\x1b\recho thrée; }").rows(&["$ { echo one", "echo thrée; }|"]);
        terminal.keys("\x1b[A").rows(&["$ { echo one|", "echo thrée; }"]);
        terminal.keys("\x02\x02x").rows(&["$ { echo ox|ne", "echo thrée; }"]);
        terminal.keys("\x1b[B").rows(&["$ { echo oxne", "echo thré|e; }"]);
        terminal.keys("\x1b[Ax").rows(&["$ { echo oxx|ne", "echo thrée; }"]);
        terminal.keys("\r").rows(&["$ { echo oxxne", "echo thrée; }", "oxxne", "thrée", "$ |"]);
        // From the first line, the key moves to the previous command.
        terminal.keys("\x0c\x10").rows(&["$ { echo oxxne", "echo thrée; }|"]).keys("\x10\x10").line(": before|");
        terminal.keys("\x0e").rows(&["$ { echo oxxne", "echo thrée; }|"]).keys("\x0e").rows(&["$ |"]);
    }

    fn ctrl_d_leaves_only_from_an_empty_line(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("one\x04\x04").line("one|");
        terminal.keys("\x01\x04\x04\x04\x0c").rows(&["$ |"]);
        terminal.keys("\x04");
        assert!(terminal.end().success());
    }

    fn a_paste_is_text(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("\x1b[200~echo one\recho two\x03\x1b[A\r\x1b[201~");
        terminal.rows(&["$ echo one", "echo two^C^[[A|"]);
        terminal.keys("\x7f\x7f\x7f\x7f\r").rows(&["$ echo one", "echo two", "one", "two", "$ |"]);
    }

    fn a_tab_behind_blanks_only_is_a_tab(shell) {
        let mut terminal = Terminal::with(shell, 24, 80, &[]);
        terminal.file("file");
        // A script with tabs, pasted where the terminal does not mark it.
        for mode in ["emacs", "vi"] {
            terminal.run(&format!("set -o {mode}"));
            terminal.keys("\x0cif true; then\r\t\techo one\r\tfi\r");
            terminal.rows(&["$ if true; then", ">               echo one", ">       fi", "one", "$ |"]);
        }
        terminal.run("set -o emacs");
        terminal.keys("\x0ccat <<-E\r\t\tone\rtw\to\rE\r").shows("\none\ntwo\n");
        // This is also true in the last line of a command of several lines. After any other text, Tab completes.
        terminal.keys("\x0c:\x1b\r \tcat f\t").rows(&["$ :", "        cat file |"]);
    }

    fn ctrl_c_ends_all_of_a_paste(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("\x1b[200~echo one\rread x\recho never\x1b[201~").keys("\r").shows("\none");
        terminal.until("read", |terminal| terminal.modes().c_lflag & libc::ICANON != 0 && terminal.sleeps());
        // The terminal turns the key into a signal: the shell does not read it.
        terminal.strike(b"\x03");
        terminal.line("|").keys("echo on\r").shows("\non").line("|");
        assert!(!terminal.screen().contents().contains("\nnever"));
    }

    fn a_count_before_a_paste_is_ignored(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("\x1b3\x1b[200~ab\x1b[201~c").line("abc|");
    }

    fn bracketed_paste_is_on_only_while_a_line_is_edited(shell) {
        let mut terminal = Terminal::new(shell);
        assert!(terminal.screen().bracketed_paste());
        terminal.keys("read x\r").rows(&["$ read x", "|"]);
        assert!(!terminal.screen().bracketed_paste());
        terminal.keys("x\r").line("|");
        assert!(terminal.screen().bracketed_paste());
        terminal.keys("exit\r").end();
        assert!(!terminal.screen().bracketed_paste());
    }

    fn characters_of_several_bytes_are_one(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("aäbか").line("aäbか|");
        terminal.keys("\x02\x02").line("aä|bか");
        terminal.keys("\x7f").line("a|bか");
        terminal.keys("\x06\x04").line("ab|");
        // The same with combining characters.
        terminal.keys("\x15e\u{301}x").line("e\u{301}x|");
        terminal.keys("\x02\x02").line("|e\u{301}x");
        terminal.keys("\x06").line("e\u{301}|x");
        terminal.keys("\x7f").line("|x");
        terminal.keys("\x0b漢字\x14").line("字漢|");
        terminal.keys("\x01echo \r").shows("\n字漢");
    }

    fn bytes_that_are_no_characters_do_no_harm(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys(b"echo \xff\xc3(\xe2\x82x").line("echo ??(??x|");
        terminal.keys("\x02\x02\x7f").line("echo ??(|?x");
    }

    fn the_terminals_special_characters_work(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run("stty erase ^F kill ^G intr ^B eof ^A").keys("ab\x06").line("a|");
        terminal.keys("\x07").line("|");
        terminal.keys("b\x02").line("|");
        terminal.keys("\x01").end();
    }

    fn a_syntax_error_stays_in_the_history(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("echo )\r").line("|");
        terminal.keys("\x10").line("echo )|");
    }

    fn typing_ahead_is_for_the_command_that_reads(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("read x; read y; echo \"[$x]\"\rone\rtwo\r").shows("[one]").line("|");
    }

    fn a_changed_command_of_the_history_is_kept_until_a_line_is_executed(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run(": one").run(": two").keys("typed");
        terminal.keys("\x10 x y").line(": two x y|");
        terminal.keys("\x10 z").line(": one z|");
        terminal.keys("\x0e").line(": two x y|");
        // Each changed command keeps its own undo.
        terminal.keys("\x1f").line(": two x|").keys("\x0e").line("typed|");
        terminal.keys("\x1f").line("|").keys("\x10").line(": two x|");
        terminal.keys("\x1br").line(": two|").keys("\x10").line(": one z|");
        // A search finds the command unchanged.
        terminal.keys("\x0e\x0e\x12z").row("(search)`z': : one |z").keys("\x07").line("|");
        terminal.keys("\x10\r").line("|").keys("\x10").line(": two|").keys("\x10").line(": one|");
    }

    fn reports_of_the_terminal_are_not_typed(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("one");
        for report in [
            "\x1b]11;rgb:0000/0000/0000\x07",
            "\x1b]11;rgb:0000/0000/0000\x1b\\",
            "\x1bP1$r0m\x1b\\",
            "\x1bP>|name(1)\x1b\\",
            "\x1b_Gi=1;OK\x1b\\",
            "\x1b^private\x1b\\",
            "\x1bXstring\x1b\\",
            "\x1b[M !!",
            "\x1b[<0;10;10M",
            "\x1b[5;7R",
            "\x1b[?1;2c",
            "\x1b[I",
        ] {
            terminal.keys(report).keys("x").line("onex|").keys("\x7f").line("one|");
        }
        // The same within a search and after a count.
        terminal.keys("\x15").run(": two");
        terminal.keys("\x12tw\x1b[I\x1b]0;x\x07o").row("(search)`two': : |two").keys("\x07");
        terminal.keys("\x1b3\x1b[Ix").line("xxx|");
        // A byte that cannot be part of a report ends the report.
        terminal.keys("\x15\x1b]lost\x15echo a\r").shows("\na");
    }

    fn keys_know_letters_beyond_ascii(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("écume ДОМ straße\x01\x1bu").line("ÉCUME| ДОМ straße");
        terminal.keys("\x1bl").line("ÉCUME дом| straße");
        terminal.keys("\x1bb\x1bc").line("ÉCUME Дом| straße");
        terminal.keys("\x1bu").line("ÉCUME Дом STRAßE|");
        terminal.keys("\x01\x1bl").line("écume| Дом STRAßE");
    }

    fn the_last_word_is_quoted_as_it_was(shell) {
        let mut terminal = Terminal::new(shell);
        for word in ["'a b'", "\"a  'b\"", "a\\ b", "$(echo a b)", "\"$(echo ')')\"", "${x:-a b}", "`echo a b`"] {
            terminal.run(&format!(": x {word} "));
            terminal.keys("\x1b.").line(&format!("{word}|")).keys("\x15\x1b1\x1b.").line("x|").keys("\x15");
        }
    }

    fn a_search_takes_a_paste(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run(": one two").run(": three");
        terminal.keys("\x12\x1b[200~one\x1b[201~").row("(search)`one': : |one two");
        terminal.keys(" t").row("(search)`one t': : |one two").keys("\x05").line(": one two|");
    }
}
