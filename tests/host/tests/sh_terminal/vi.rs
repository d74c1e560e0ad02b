//! Tests of the keys of vi, as POSIX specifies them (XCU `sh`, Command Line Editing).

use std::path::Path;

use crate::terminal::Terminal;

/// Starts a shell with `set -o vi`.
fn vi(shell: &Path) -> Terminal {
    let mut terminal = Terminal::new(shell);
    terminal.run("set -o vi").keys("\x0c").rows(&["$ |"]);
    terminal
}

on_both! {
    fn a_line_begins_in_the_mode_for_text(shell) {
        let mut terminal = vi(shell);
        terminal.keys("echo hl").line("echo hl|");
        terminal.keys("\x7fi").line("echo hi|");
        terminal.keys("\r").rows(&["$ echo hi", "hi", "$ |"]);
        terminal.keys("echo ho\x1b\r").rows(&["$ echo hi", "hi", "$ echo ho", "ho", "$ |"]);
    }

    fn a_percent_sign_goes_to_the_partner_of_a_bracket(shell) {
        let mut terminal = vi(shell);
        terminal.keys("a (b {c} [d]) e\x1b0%").line("a (b {c} [d]|) e");
        terminal.keys("%").line("a |(b {c} [d]) e");
        terminal.keys("lll%").line("a (b {c|} [d]) e");
        terminal.keys("%d%").line("a (b | [d]) e");
        terminal.keys("$hhd%").line("a | e");
        terminal.keys("%").line("a | e");
    }

    fn g_goes_to_the_latest_command_or_that_of_a_number(shell) {
        let mut terminal = vi(shell);
        terminal.run(": one").run(": two");
        terminal.keys("\x1bkkg").line("|: two").keys("1g").line("|set -o vi");
    }

    fn keys_that_are_special_in_text(shell) {
        let mut terminal = vi(shell);
        terminal.keys("one two-three\x17").line("one two-|");
        terminal.keys("\x17\x17").line("one |");
        terminal.keys("\x16\x01\x16\x1b").line("one ^A^[|");
        terminal.keys("\x15").line("|");
        terminal.keys("ab\\\x7f").line("ab^?|");
        terminal.keys("\x08\x08").line("a|");
        terminal.keys("\\\\\x1b").line("a\\|\\");
        terminal.keys("\x03").line("|");
        terminal.keys("x\x04\x04").line("x|");
        terminal.keys("\x7f\x04").end();
    }

    fn motions_move_by_characters(shell) {
        let mut terminal = vi(shell);
        terminal.keys("abcdef\x1b").line("abcde|f");
        terminal.keys("h").line("abcd|ef");
        terminal.keys("2h").line("ab|cdef");
        terminal.keys("l ").line("abcd|ef");
        terminal.keys("9l").line("abcde|f");
        terminal.keys("9h").line("|abcdef");
        terminal.keys("3|").line("ab|cdef");
        terminal.keys("$").line("abcde|f");
        terminal.keys("0").line("|abcdef");
        terminal.keys("10l").line("abcde|f");
        // Arrow keys and other keys with escape sequences.
        terminal.keys("\x1b[D\x1bOD").line("abc|def");
        terminal.keys("\x1b[H").line("|abcdef");
        terminal.keys("\x1b[C\x1b[3~").line("a|cdef");
        terminal.keys("I  \x1b").line(" | acdef");
        terminal.keys("$^").line("  |acdef");
    }

    fn motions_move_by_words(shell) {
        let mut terminal = vi(shell);
        terminal.keys("one two-three  f.g h\x1b0");
        terminal.keys("w").line("one |two-three  f.g h");
        terminal.keys("w").line("one two|-three  f.g h");
        terminal.keys("2w").line("one two-three  |f.g h");
        terminal.keys("9w").line("one two-three  f.g |h");
        terminal.keys("b").line("one two-three  f.|g h");
        terminal.keys("B").line("one two-three  |f.g h");
        terminal.keys("2B").line("|one two-three  f.g h");
        terminal.keys("2W").line("one two-three  |f.g h");
        terminal.keys("3b").line("one |two-three  f.g h");
        terminal.keys("e").line("one tw|o-three  f.g h");
        terminal.keys("e").line("one two|-three  f.g h");
        terminal.keys("E").line("one two-thre|e  f.g h");
        terminal.keys("2E").line("one two-three  f.g |h");
        terminal.keys("0e").line("on|e two-three  f.g h");
    }

    fn a_motion_searches_for_a_character(shell) {
        let mut terminal = vi(shell);
        terminal.keys("a.b.c.d\x1b0");
        terminal.keys("f.").line("a|.b.c.d");
        terminal.keys(";").line("a.b|.c.d");
        terminal.keys(",").line("a|.b.c.d");
        terminal.keys("2;").line("a.b.c|.d");
        terminal.keys("Fa").line("|a.b.c.d");
        terminal.keys("td").line("a.b.c|.d");
        terminal.keys("Tb").line("a.b|.c.d");
        terminal.keys("2T.").line("a.b|.c.d");
        terminal.keys("fx").line("a.b|.c.d");
        terminal.keys("0df.").line("|b.c.d");
        terminal.keys("dt.").line("|.c.d");
        terminal.keys("$dF.").line(".c|d");
    }

    fn text_is_inserted(shell) {
        let mut terminal = vi(shell);
        terminal.keys("bd\x1bix").line("bx|d");
        terminal.keys("\x1bay").line("bxy|d");
        terminal.keys("\x1bIz").line("z|bxyd");
        terminal.keys("\x1bAe").line("zbxyde|");
        terminal.keys("\x1b0Rno").line("no|xyde");
        terminal.keys("xyzzyx").line("noxyzzyx|");
    }

    fn text_is_deleted_and_put(shell) {
        let mut terminal = vi(shell);
        terminal.keys("one two three\x1b0");
        terminal.keys("x").line("|ne two three");
        terminal.keys("p").line("n|oe two three");
        terminal.keys("u").line("n|e two three");
        terminal.keys("0P").line("|one two three");
        terminal.keys("dw").line("|two three");
        terminal.keys("$p").line("two threeone|");
        terminal.keys("X").line("two threeon|");
        terminal.keys("2X").line("two three|");
        terminal.keys("xh").line("two thr|ee");
        terminal.keys("D").line("two th|r");
        terminal.keys("dd").line("|");
        terminal.keys("p").line("two th|r");
        terminal.keys("0d2wy0").line("|");
        terminal.keys("P").line("two th|r");
        terminal.keys("0yw$p").line("two thrtwo|");
        terminal.keys("0lYP").line("two thrtwo| wo thrtwo");
        terminal.keys("U0").line("|");
    }

    fn a_deletion_goes_as_far_as_the_motion(shell) {
        let mut terminal = vi(shell);
        terminal.keys("one two-x three\x1b");
        terminal.keys("db").line("one two-x |e");
        terminal.keys("u").line("one two-x thre|e");
        terminal.keys("0de").line("| two-x three");
        terminal.keys("dW").line("|two-x three");
        terminal.keys("d2w").line("|x three");
        terminal.keys("d$").line("|");
        terminal.keys("u4ld0").line("|ree");
        terminal.keys("dl").line("|ee");
        terminal.keys("ldh").line("|e");
    }

    fn text_is_changed(shell) {
        let mut terminal = vi(shell);
        terminal.keys("one two three\x1b0");
        // The blank after the word stays.
        terminal.keys("cwx").line("x| two three");
        terminal.keys("\x1bwc2wy").line("x y|");
        terminal.keys("\x1b0Cz").line("z|");
        terminal.keys(" yz\x1bSnew").line("new|");
        terminal.keys("er\x1bccold").line("old|");
        terminal.keys("\x1b0rb").line("|bld");
        terminal.keys("2rx").line("x|xd");
        terminal.keys("0~").line("X|xd");
        terminal.keys("9~").line("XX|D");
        terminal.keys("0sabc").line("abc|XD");
        terminal.keys("\x1bc0y").line("y|cXD");
    }

    fn a_change_is_undone_and_repeated(shell) {
        let mut terminal = vi(shell);
        terminal.keys("one two three four\x1b0");
        terminal.keys("cwx y\x1b").line("x |y two three four");
        terminal.keys("u").line("|one two three four");
        terminal.keys("w.").line("one x |y three four");
        terminal.keys("uu").line("|");
        terminal.keys("ione two three four\x1b0dw.").line("|three four");
        terminal.keys("u").line("|two three four");
        terminal.keys("2.").line("|four");
        terminal.keys("u.").line("|four");
        terminal.keys("3x").line("|r");
        terminal.keys("ccabcdefg\x1b03x").line("|defg");
        terminal.keys(".").line("|g");
        // The repetition works in the next line, too.
        terminal.keys("ccaxa\rxyz\x1b.").line("ax|a");
        terminal.keys("U").line("|");
    }

    fn commands_of_the_history_are_shown(shell) {
        let mut terminal = vi(shell);
        for command in ["true one", "true two", "true three"] {
            terminal.run(command);
        }
        terminal.keys("typed\x1bk").line("|true three");
        terminal.keys("-").line("|true two");
        terminal.keys("j").line("|true three");
        terminal.keys("+").line("|typed");
        terminal.keys("2k").line("|true two");
        terminal.keys("G").line("|set -o vi");
        terminal.keys("3G").line("|true two");
        terminal.keys("99G").line("|true two");
        terminal.keys("99k").line("|set -o vi");
        terminal.keys("99j").line("|typed");
        terminal.keys("\x1b[A").line("|true three");
        terminal.keys("\x1b[B").line("|typed");
        terminal.keys("ax_\x1b_").line("tx_ three|yped");
        terminal.keys("\x1b1_").line("tx_ three true|yped");
    }

    fn commands_of_the_history_are_searched(shell) {
        let mut terminal = vi(shell);
        for command in ["true one", "echo a true b", "true two*", "true three"] {
            terminal.run(command);
        }
        terminal.keys("\x0ctyped\x1b/").row("/|");
        terminal.keys("tru").row("/tru|");
        terminal.keys("\r").line("|true three");
        terminal.keys("n").line("|true two*");
        terminal.keys("n").line("|echo a true b");
        terminal.keys("N").line("|true two*");
        terminal.keys("/^true\r").line("|true one");
        terminal.keys("?t*o\\*\r").line("|true two*");
        terminal.keys("/[a]\r").line("|echo a true b");
        terminal.keys("/nowhere\r").line("|echo a true b");
        terminal.keys("?e\x7f\x7f").line("|echo a true b");
        terminal.keys("/\r").line("|echo a true b");
        terminal.keys("?true\r?\r").line("|true three");
    }

    fn a_line_becomes_a_comment(shell) {
        let mut terminal = vi(shell);
        terminal.keys("rm -r /x\x1b#").rows(&["$ #rm -r /x", "$ |"]);
        terminal.keys("\x1bk").line("|#rm -r /x");
    }

    fn an_alias_is_a_macro(shell) {
        let mut terminal = vi(shell);
        terminal.run("alias _q='I\"\x16\x1bA\"\x16\x1b' _z=@z");
        terminal.keys("\x0cone two\x1b@q").line("\"one two|\"");
        // A macro that calls itself without end is stopped.
        terminal.keys("@z@y0").line("|\"one two\"");
    }

    fn the_screen_is_shown_again(shell) {
        let mut terminal = vi(shell);
        terminal.run("echo one").keys("two\x1b\x0c").rows(&["$ tw|o"]);
    }

    fn ctrl_c_is_a_new_prompt_in_any_mode(shell) {
        let mut terminal = vi(shell);
        for keys in ["one\x03", "one\x1b\x03", "one\x1bd\x03", "one\x1b/x\x03\x03"] {
            terminal.keys("\x0c").rows(&["$ |"]);
            terminal.keys(keys).rows(&["$ one^C", "$ |"]);
        }
    }

    fn characters_of_several_bytes_are_one_for_vi(shell) {
        let mut terminal = vi(shell);
        terminal.keys("aäかe\u{301}b\x1b").line("aäかe\u{301}|b");
        terminal.keys("h").line("aäか|e\u{301}b");
        terminal.keys("x").line("aäか|b");
        terminal.keys("2hrか").line("a|かかb");
        terminal.keys("fか~").line("aかか|b");
        terminal.keys("Fかx").line("aか|b");
    }

    fn emacs_and_vi_exclude_each_other(shell) {
        let mut terminal = vi(shell);
        terminal.run("set -o | grep -E 'vi |emacs '").shows("vi              on").shows("emacs           off");
        terminal.run("set -o emacs").keys("abc\x01x").line("x|abc");
        terminal.keys("\x15\x0b\x0c");
        terminal.run("set -o | grep -E 'vi |emacs '").shows("vi              off").shows("emacs           on");
    }

    fn a_key_may_come_slowly(shell) {
        let mut terminal = vi(shell);
        terminal.run("KEYTIMEOUT=1");
        terminal.keys("abc");
        // The shell handles each part of the sequence before the next part comes.
        terminal.keys("\x1b").line("ab|c").keys("[").line("abc|").keys("D").line("ab|c");
        terminal.keys("x").line("abx|c");
        terminal.keys("\x1b").line("ab|xc").keys("\x1b").line("ab|xc").keys("[").line("ab|xc").keys("D").line("a|bxc");
        terminal.keys("D").line("|a");
    }

    fn keytimeout_sets_how_long_a_key_may_follow_escape(shell) {
        let mut terminal = vi(shell);
        terminal.run("KEYTIMEOUT=6000");
        // The shell does not know yet whether Escape is a key of its own.
        terminal.keys("abc\x1b").line("abc|").keys("[D").line("ab|c");
        terminal.keys("\x1bx").line("a|c");
    }

    fn reports_of_the_terminal_are_not_typed(shell) {
        let mut terminal = vi(shell);
        for report in ["\x1b]11;rgb:0000/0000\x07", "\x1bP1$r0m\x1b\\", "\x1bP>|name\x1b\\", "\x1b_Gi=1;OK\x1b\\", "\x1b[M !!"] {
            terminal.keys("one").keys(report).keys("x").line("onex|");
            terminal.keys("\x1b").line("one|x").keys(report).keys("x").line("on|e").keys("S");
        }
    }

    fn a_tilde_knows_letters_beyond_ascii(shell) {
        let mut terminal = vi(shell);
        terminal.keys("éДß1a\x1b0").line("|éДß1a").keys("9~").line("Éдß1|A");
    }
}
