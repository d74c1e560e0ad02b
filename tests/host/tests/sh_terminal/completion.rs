//! Tests of completion by Tab.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::terminal::Terminal;

/// Makes a program.
fn program(terminal: &Terminal, name: &str) {
    terminal.file(name);
    let path = terminal.home().join(name);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its mode");
}

on_both! {
    fn a_file_is_completed_and_a_space_follows(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.file("letter");
        terminal.keys("cat le\t").line("cat letter |");
        terminal.keys("\x15cat nothing\t").line("cat nothing|");
        // The text after the cursor stays.
        terminal.keys("\x15cat le more\x02\x02\x02\x02\x02\t").line("cat letter | more");
    }

    fn a_directory_gets_a_slash_and_the_next_tab_goes_into_it(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.file("folder/inner/file");
        terminal.keys("ls fo\t").line("ls folder/|");
        terminal.keys("\t").line("ls folder/inner/|");
        terminal.keys("\t").line("ls folder/inner/file |");
        terminal.keys("\x15ls folder\x01\x06\x06\x06\x06\x06\t").line("ls folder/|lder");
        terminal.keys("\x15\x0bls fo/inner\x1bb\x02\t").line("ls folder|/inner");
        terminal.keys("\x15\x0bls ..\t").line("ls ../|");
    }

    fn several_files_are_completed_as_far_as_they_agree_and_then_listed(shell) {
        let mut terminal = Terminal::new(shell);
        for name in ["report1", "report2", "reports/x", "other"] {
            terminal.file(name);
        }
        terminal.keys("cat r\t").line("cat report|");
        terminal.keys("\t").rows(&["$ cat report", "report1   report2   reports/", "$ cat report|"]);
        terminal.keys("s\t").line("cat reports/|");
        terminal.keys("\x15\x0ccat re\t\t").rows(&["$ cat report", "report1   report2   reports/", "$ cat report|"]);
    }

    fn a_list_is_in_columns_as_wide_as_the_screen_allows(shell) {
        let mut terminal = Terminal::with(shell, 12, 20, &[]);
        for name in ["xa", "xbbb", "xc", "xd", "xeee", "xf", "xg"] {
            terminal.file(name);
        }
        terminal.keys("ls x\t\t").rows(&["$ ls x", "xa    xd    xg", "xbbb  xeee", "xc    xf", "$ ls x|"]);
        // The list leaves the cursor where it was.
        terminal.keys("\x15\x0cls xz\x02\t\t").rows(&["$ ls xz", "xa    xd    xg", "xbbb  xeee", "xc    xf", "$ ls x|z"]);
    }

    fn very_many_names_are_listed_only_if_the_user_agrees(shell) {
        let mut terminal = Terminal::with(shell, 24, 80, &[]);
        (0..101).for_each(|number| terminal.file(&format!("many{number:03}")));
        terminal.keys("ls m\t").line("ls many|");
        let asks = "List all 101 possibilities (y/n)?";
        for no in ["n", "\x03", "\x07", "\x7f"] {
            terminal.keys("\x0c\t\t").row(&format!("{asks} |"));
            terminal.keys("x").row(&format!("{asks} |")).keys(no).rows(&["$ ls many", asks, "$ ls many|"]);
        }
        for yes in ["y", " ", "\t"] {
            terminal.keys("\x0c\t\t").row(&format!("{asks} |")).keys(yes).shows("many100").line("ls many|");
        }
    }

    fn a_list_longer_than_the_screen_is_shown_by_pages(shell) {
        let mut terminal = Terminal::with(shell, 6, 12, &[]);
        (0..15).for_each(|number| terminal.file(&format!("name-{number:02}")));
        terminal.keys("ls n\t\t").rows(&["name-00", "name-01", "name-02", "name-03", "name-04", "--More--|"]);
        terminal.keys("\r").rows(&["name-01", "name-02", "name-03", "name-04", "name-05", "--More--|"]);
        terminal.keys(" ").rows(&["name-06", "name-07", "name-08", "name-09", "name-10", "--More--|"]);
        terminal.keys(" ").rows(&["name-10", "name-11", "name-12", "name-13", "name-14", "$ ls name-|"]);
        for end in ["q", "\x03"] {
            terminal.keys("\x0c\t\t").row("--More--|").keys(end);
            terminal.rows(&["name-00", "name-01", "name-02", "name-03", "name-04", "$ ls name-|"]);
        }
    }

    fn hidden_files_are_found_by_their_dot_only(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.file(".hidden");
        terminal.file("shown");
        terminal.keys("cat \t").line("cat shown |");
        terminal.keys("\x15cat .h\t").line("cat .hidden |");
    }

    fn special_characters_in_a_name_are_quoted(shell) {
        let mut terminal = Terminal::new(shell);
        for name in ["a b", "b'c", "c\"d", "d$e", "e\\f", "f*g", "g;h&i|j", "(h)", "i`j", "j\nk", "#k", "~l", "é ü", "m\x1b[31m"] {
            terminal.file(name);
        }
        for (typed, expected) in [
            ("a", "a\\ b |"),
            ("b", "b\\'c |"),
            ("c", "c\\\"d |"),
            ("d", "d\\$e |"),
            ("e", "e\\\\f |"),
            ("f", "f\\*g |"),
            ("g", "g\\;h\\&i\\|j |"),
            ("\\(", "\\(h\\) |"),
            ("i", "i\\`j |"),
            ("j", "j$'\\012'k |"),
            ("\\#", "\\#k |"),
            ("\\~", "\\~l |"),
            ("é", "é\\ ü |"),
            ("m", "m$'\\033'\\[31m |"),
            ("'a", "'a b' |"),
            ("\"a", "\"a b\" |"),
            ("$'a", "$'a b' |"),
            ("'b", "'b'\\''c' |"),
            ("\"b", "\"b'c\" |"),
            ("$'b", "$'b\\'c' |"),
            ("'c", "'c\"d' |"),
            ("\"c", "\"c\\\"d\" |"),
            ("\"d", "\"d\\$e\" |"),
            ("'d", "'d$e' |"),
            ("\"j", "\"j\"$'\\012'\"k\" |"),
            ("'j", "'j'$'\\012''k' |"),
            ("$'j", "$'j\\012k' |"),
            ("\"a\"\\ ", "\"a\"\\ b |"),
        ] {
            terminal.keys(format!("\x15echo {typed}\t")).line(&format!("echo {expected}"));
        }
    }

    fn a_completed_word_names_the_file(shell) {
        let mut terminal = Terminal::new(shell);
        for name in ["a b", "b'c", "c\"d", "d$e", "e\\f", "f*g", "g;h&i|j", "i`j", "j\nk", "é ü", "m\x1b[31m", "n\u{7f}"] {
            terminal.file(name);
        }
        for quote in ["", "'", "\"", "$'"] {
            for letter in "abcdefgijémn".chars() {
                terminal.keys(format!("\x0c[ -f {quote}{letter}\t")).shows(" ").keys("] && echo found\r");
                terminal.shows("\nfound").line("|");
            }
        }
    }

    fn names_beyond_ascii_are_completed_by_whole_characters(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.file("naé");
        terminal.file("naè");
        terminal.keys("cat n\t").line("cat na|");
        terminal.keys("é\t").line("cat naé |");
        terminal.file("日本語");
        terminal.keys("\x15cat 日\t").line("cat 日本語 |");
    }

    fn homes_and_parameters_are_expanded_for_the_search_and_stay_in_the_line(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.file("in home/a file");
        terminal.run("cd /");
        terminal.keys("cat ~/in\t").line("cat ~/in\\ home/|");
        terminal.keys("\t").line("cat ~/in\\ home/a\\ file |");
        terminal.keys("\x15cat $HOME/in\t").line("cat $HOME/in\\ home/|");
        terminal.keys("\x15cat \"${HOME}/in\t").line("cat \"${HOME}/in home/|");
        terminal.keys("\t").line("cat \"${HOME}/in home/a file\" |");
        terminal.keys("\x15x=~/in\t").line("x=~/in\\ home/|");
        terminal.keys("\x15ls ~root/../etc/host\t").line("ls ~root/../etc/host|");
    }

    fn parts_after_an_equals_sign_or_colon_are_completed_as_files(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.file("folder/x");
        terminal.keys("PATH=/bin:fo\t").line("PATH=/bin:folder/|");
        terminal.keys("\x15dd of=fol\t").line("dd of=folder/|");
        terminal.keys("\t").line("dd of=folder/x |");
        terminal.file("a=b");
        terminal.keys("\x15cat a=\t").line("cat a=b |");
    }

    fn commands_are_completed_where_one_begins(shell) {
        let mut terminal = Terminal::with(shell, 24, 80, &[("PATH", "bin:")]);
        program(&terminal, "bin/zprogram");
        terminal.file("bin/zfile");
        terminal.file("zother");
        program(&terminal, "zzhere");
        terminal.run("zfunction() { :; }; alias zalias=:");
        for (typed, expected) in [
            ("zp", "zprogram |"),
            ("zfu", "zfunction |"),
            ("za", "zalias |"),
            ("zz", "zzhere |"),
            ("zfi", "zfi|"),
            ("unal", "unalias |"),
            ("whi", "while |"),
            ("true; zp", "true; zprogram |"),
            ("true|zp", "true|zprogram |"),
            ("true && zp", "true && zprogram |"),
            ("true &zp", "true &zprogram |"),
            ("(zp", "(zprogram |"),
            ("{ zp", "{ zprogram |"),
            ("! zp", "! zprogram |"),
            ("if zp", "if zprogram |"),
            ("if true; then zp", "if true; then zprogram |"),
            ("while zp", "while zprogram |"),
            ("for x in a; do zp", "for x in a; do zprogram |"),
            ("echo $(zp", "echo $(zprogram |"),
            ("echo \"`zp", "echo \"`zprogram |"),
            ("x=1 zp", "x=1 zprogram |"),
            (">out zp", ">out zprogram |"),
            ("2>out zp", "2>out zprogram |"),
            ("exec zp", "exec zprogram |"),
            ("command zp", "command zprogram |"),
            ("bin/z", "bin/zprogram |"),
            ("echo zp", "echo zp|"),
            ("echo zo", "echo zother |"),
            ("echo $(true) zo", "echo $(true) zother |"),
            ("echo '; zp", "echo '; zp|"),
            ("true >zo", "true >zother |"),
            (">zo", ">zother |"),
            ("true 2>&1 >>zo", "true 2>&1 >>zother |"),
            ("echo a\\; zo", "echo a\\; zother |"),
            ("# zo", "# zo|"),
        ] {
            terminal.keys(format!("\x15{typed}\t")).line(expected);
        }
    }

    fn for_cd_only_directories_are_completed(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.file("entry");
        terminal.file("enter/x");
        terminal.keys("cd en\t").line("cd enter/|");
        terminal.keys("\x15ls en\t").line("ls ent|");
    }

    fn variables_are_completed(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run("variable=1 variant=2");
        terminal.keys("echo $vari\t").line("echo $varia|");
        terminal.keys("b\t").line("echo $variable |");
        terminal.keys("\x15echo ${variab\t").line("echo ${variable}|");
        terminal.keys("\x15echo \"$variab\t").line("echo \"$variable|");
        terminal.keys("\x15echo '$variab\t").line("echo '$variab|");
        terminal.keys("\x15export variab\t").line("export variable |");
        terminal.keys("\x15\x0cecho $varia\t\t").rows(&["$ echo $varia", "variable  variant", "$ echo $varia|"]);
    }

    fn users_are_completed(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.keys("ls ~roo\t").line("ls ~root/|");
    }

    fn jobs_are_completed(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run("sleep 1000 &").keys("kill %\t").line("kill %1 |");
        terminal.keys("\x15fg %sl\t").line("fg %sleep |");
        terminal.keys("\x15echo %sl\t").line("echo %sl|");
        terminal.keys("\x15kill %1\r").line("|");
    }

    fn signals_options_and_aliases_are_completed(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.run("alias long_name=ls");
        for (typed, line) in [("kill -US", "kill -USR"), ("kill -TER", "kill -TERM "), ("kill -s TER", "kill -s TERM "), ("kill -n -", "kill -n -"), ("kill -RT", "kill -RT"), ("set -o pipe", "set -o pipefail "), ("set +o no", "set +o no"), ("unalias lo", "unalias long_name "), ("command -v long_", "command -v long_name ")] {
            terminal.keys(format!("\x15{typed}\t")).line(&format!("{line}|"));
        }
    }

    fn a_pattern_is_replaced_by_what_it_matches(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.file("one file");
        terminal.keys("cat *e\t").line("cat one\\ file |");
        terminal.file("other");
        terminal.keys("\x15\x0ccat o*\t").line("cat o*|");
        terminal.keys("\t").rows(&["$ cat o*", "one file  other", "$ cat o*|"]);
    }

    fn all_possible_completions_can_be_inserted(shell) {
        let mut terminal = Terminal::new(shell);
        for name in ["dir/a b", "dir/ac"] {
            terminal.file(name);
        }
        terminal.keys("ls dir/a\x1b*").line("ls dir/a\\ b dir/ac |");
        terminal.keys("\x15ls d*/a*\x1b*").line("ls dir/a\\ b dir/ac |");
        terminal.keys("\x15\x0cls dir/a\x1b=").rows(&["$ ls dir/a", "a b  ac", "$ ls dir/a|"]);
    }

    fn a_list_shows_no_control_characters(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.file("x\x1b[31m");
        terminal.file("xé");
        terminal.keys("ls x\t\t").rows(&["$ ls x", "x?[31m  xé", "$ ls x|"]);
    }

    fn a_tab_costs_one_write(shell) {
        let mut terminal = Terminal::new(shell);
        terminal.file("letter1");
        terminal.file("letter2");
        terminal.keys("cat le").line("cat le|");
        assert_eq!(terminal.cost("\t", "letter").writes, 1);
        terminal.cost("\t", "letter");
        assert_eq!(terminal.cost("\t", "letter").writes, 1);
    }
}
