//! Tests of the manual pages in `src/man`: their format, their examples, and whether they list the same options as the
//! programs.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use nestling::Resource;
use nestling::inittab::Entry;
use nestling_host_tests::{Arch, Scratch, installed, options_of_help, or_skip, run, say};

/// The directory of the pages.
const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/man");

const SPAWN: &str = include_str!("../../../src/man/spawn.1");
const INIT: &str = include_str!("../../../src/man/init.8");
const INITTAB: &str = include_str!("../../../src/man/inittab.5");
const SH: &str = include_str!("../../../src/man/nestling-sh.1");
const BOX: &str = include_str!("../../../src/man/box.1");
const LIBRARY: &str = include_str!("../../../src/man/nestling.3");

/// Runs a command that must succeed, and returns its output.
fn output(program: &Path, words: &[&str]) -> String {
    let output = run(program.to_str().expect("a plain path"), |command| {
        command.args(words);
    });
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The options that a page lists between `start` and `end`: the words after `Fl` in its `.It` lines.
fn options_of_page(page: &str, start: &str, end: &str) -> BTreeSet<String> {
    let page = &page[page.find(start).expect(start)..];
    let page = &page[..page.find(end).expect(end)];
    let mut options = BTreeSet::new();
    for line in page.lines().filter(|line| line.starts_with(".It Fl ")) {
        let mut is_option = false;
        for word in line.split(' ') {
            match word {
                "Fl" => is_option = true,
                "," => {}
                _ if is_option && word.chars().all(|c| c.is_alphanumeric() || c == '-') => {
                    options.insert(format!("-{word}"));
                    // as in `.It Fl h , i`
                    is_option = line.contains(&format!(" {word} , "));
                }
                _ => is_option = false,
            }
        }
    }
    options
}

/// The blocks between `.Bd -literal` and `.Ed` in a page, from `start` on, as a reader sees them.
fn literal_blocks(page: &str, start: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut rest = &page[page.find(start).expect(start)..];
    while let Some(begin) = rest.find(".Bd -literal -offset indent\n") {
        rest = &rest[begin + ".Bd -literal -offset indent\n".len()..];
        let end = rest.find(".Ed\n").expect(".Ed");
        let mut text = String::from(&rest[..end]);
        for plain in ["'", "`", "~", "^"] {
            assert!(
                !text.contains(plain),
                "groff prints another character for {plain}: {text}"
            );
        }
        for (escape, character) in [
            ("\\-", "-"),
            ("\\(aq", "'"),
            ("\\(ga", "`"),
            ("\\(ti", "~"),
            ("\\(ha", "^"),
            ("\\&", ""),
        ] {
            text = text.replace(escape, character);
        }
        let unknown = text.replace("\\e", "");
        assert!(!unknown.contains('\\'), "an unknown escape: {text}");
        text = text.replace("\\e", "\\");
        blocks.push(text);
        rest = &rest[end..];
    }
    assert!(!blocks.is_empty(), "no examples");
    blocks
}

/// Runs the examples of a page. A line that begins with `$ ` is a command; `# ` begins a command that needs root; `> `
/// continues a command. The lines after a command are its output.
fn run_examples(page: &str) {
    let programs = || {
        let arch = Arch::X86_64;
        Ok::<_, String>((arch.spawn()?, arch.init()?, arch.sh()?, arch.the_box()?))
    };
    let (spawn, init, sh, the_box) = or_skip!(programs());
    let scratch = Scratch::new(&spawn);
    let bin = scratch.path().join("bin");
    fs::create_dir(&bin).expect("a directory");
    for (program, name) in [
        (spawn, "spawn"),
        (init, "init"),
        (sh, "nestling-sh"),
        (the_box, "box"),
    ] {
        symlink(program, bin.join(name)).expect("a link");
    }
    // SAFETY: `geteuid` takes no argument.
    let is_root = unsafe { libc::geteuid() } == 0;
    for block in literal_blocks(page, ".Sh EXAMPLES") {
        let (mut script, mut expected, mut needs_root) = (String::new(), String::new(), false);
        let mut lines = block.lines().peekable();
        while let Some(line) = lines.next() {
            let command = line.strip_prefix("$ ").or(line.strip_prefix("# "));
            needs_root |= line.starts_with("# ");
            script = command.expect(line).into();
            while let Some(more) = lines.next_if(|line| line.starts_with("> ")) {
                script += "\n";
                script += &more[2..];
            }
            expected.clear();
            while let Some(line) =
                lines.next_if(|line| !line.starts_with("$ ") && !line.starts_with("# "))
            {
                expected += line;
                expected += "\n";
            }
            if needs_root && !is_root {
                say(&format!("skipped: only root may {script}"));
                continue;
            }
            let output = run("sh", |command| {
                command.args(["-c", &format!("exec 2>&1\n{script}")]);
                command.current_dir(scratch.path()).env("LC_ALL", "C");
                let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", bin.display());
                command.env("PATH", path);
            });
            let printed = String::from_utf8_lossy(&output.stdout);
            assert_eq!(printed, expected, "{script}");
        }
        assert!(!script.is_empty(), "an example without a command: {block}");
    }
}

#[test]
fn mandoc_has_no_complaint_about_any_page() {
    or_skip!(installed("mandoc"));
    let mut pages = 0;
    for page in fs::read_dir(PAGES).expect("the pages") {
        let page = page.expect("a page").path();
        let output = Command::new("mandoc")
            .args(["-T", "lint", "-W", "style"])
            .arg(&page)
            .output()
            .expect("mandoc");
        let said = String::from_utf8_lossy(&output.stdout);
        // Which other pages are installed depends on the machine.
        let said: Vec<_> = said
            .lines()
            .filter(|line| !line.contains("referenced manual not found"))
            .collect();
        assert!(said.is_empty(), "{said:#?}");
        pages += 1;
    }
    assert_eq!(pages, 8);
}

#[test]
fn the_manual_of_spawn_has_the_options_of_its_help() {
    let spawn = or_skip!(Arch::X86_64.spawn());
    let help = options_of_help(&output(&spawn, &["--help"]));
    let mut page = options_of_page(SPAWN, ".Ss Steps", ".Ss Limits");
    assert!(page.remove("--help"), "{page:?}");
    assert_eq!(help, page);
}

#[test]
fn the_manual_of_init_has_the_options_of_its_help() {
    let init = or_skip!(Arch::X86_64.init());
    let mut help = options_of_help(&output(&init, &["--help"]));
    // `-vv` contains `-v`, too.
    assert!(help.contains("-v"), "{help:?}");
    help.remove("-vv");
    let page = options_of_page(INIT, ".Sh CONTAINERS", ".Sh MACHINES");
    assert_eq!(help, page);
}

#[test]
fn the_manual_of_poweroff_has_the_options_of_its_help() {
    let init = or_skip!(Arch::X86_64.init());
    let scratch = Scratch::new(&init);
    let poweroff = scratch.path().join("poweroff");
    symlink(init, &poweroff).expect("a link");
    let help = options_of_help(&output(&poweroff, &["--help"]));
    let mut page = options_of_page(INIT, ".Ss Commands", ".Sh ENVIRONMENT");
    for unlisted in ["-h", "-i", "--help"] {
        assert!(page.remove(unlisted), "{unlisted}: {page:?}");
    }
    assert_eq!(help, page);
}

#[test]
fn the_manual_of_the_shell_has_its_options_and_built_ins() {
    let sh = or_skip!(Arch::X86_64.sh());
    let mut options = BTreeSet::new();
    for letter in ('a'..='z').chain('A'..='Z') {
        // With `-m`, a terminal would stop the shell.
        let said = run("setsid", |command| {
            command.arg("-w").arg(&sh);
            command.args([&format!("-{letter}"), "-c", ":"]);
        });
        if !String::from_utf8_lossy(&said.stderr).contains("no such option") {
            options.insert(format!("-{letter}"));
        }
    }
    options.insert("-o".into());
    options.insert("--login".into());
    for option in ["--help", "--version"] {
        output(&sh, &[option]);
        options.insert(option.into());
    }
    let page = options_of_page(SH, ".Ss Options", ".Ss Files");
    assert_eq!(options, page);

    let names = output(&sh, &["-c", "set -o"]);
    let names: BTreeSet<_> = names
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    let listed = SH.lines().filter(|line| line.starts_with(".It Fl "));
    let listed: BTreeSet<_> = listed
        .filter_map(|line| line.split_once("Fl o Cm "))
        .map(|(_, name)| name)
        .collect();
    assert_eq!(names, listed);

    let built_ins = output(&sh, &["-c", "help"]);
    let built_ins: BTreeSet<_> = built_ins.split_whitespace().collect();
    let listed = SH.lines().filter_map(|line| line.strip_prefix(".It Ic "));
    let listed: BTreeSet<_> = listed.map(|name| name.trim_start_matches("\\&")).collect();
    assert_eq!(built_ins, listed);
}

/// An item of a list as a reader sees it: `Ic ls Oo Fl a Oc` is `ls [-a]`.
fn item(markup: &str) -> String {
    let (mut text, mut before) = (String::new(), "");
    for word in markup.split(' ') {
        let (word, after) = match word {
            "Ic" | "Ar" | "Cm" | "No" => continue,
            "Fl" => ("-", ""),
            "Oo" => ("[", ""),
            "Bro" => ("{", ""),
            "Oc" => ("]", " "),
            "Brc" => ("}", " "),
            "Ns" => ("", ""),
            plain => (plain, " "),
        };
        let is_end = ["]", "}", ""].contains(&word);
        text += if is_end { "" } else { before };
        text += word;
        before = after;
    }
    text.replace("\\&", "").replace("\\-", "-")
}

#[test]
fn the_manual_of_box_has_its_applets_with_their_synopses() {
    let the_box = or_skip!(Arch::X86_64.the_box());
    let help = output(&the_box, &["--help"]);
    let (_, synopses) = help.split_once("\n\n").expect("the applets");
    let items = BOX.lines().filter_map(|line| line.strip_prefix(".It "));
    let items: Vec<_> = items.filter(|it| it.starts_with("Ic ")).map(item).collect();
    for (synopsis, item) in synopses.lines().zip(&items) {
        assert_eq!(synopsis, item);
    }
    let names = output(&the_box, &["--list"]);
    let names: Vec<_> = names.lines().collect();
    let listed = items.iter().filter_map(|item| item.split(' ').next());
    assert_eq!(names, listed.collect::<Vec<_>>());
}

#[test]
fn the_inittab_in_the_manual_of_box_is_valid() {
    let (_, machine) = BOX.split_once(".Ss A machine").expect("the inittab");
    let (inittab, _) = machine.split_once(".Sh EXIT").expect("its end");
    for line in literal_blocks(inittab, "\n").concat().lines() {
        let entry = Entry::parse(line.as_bytes());
        assert!(entry.is_ok_and(|it| it.is_some()), "{line}");
    }
}

#[test]
fn the_manual_of_the_inittab_has_its_actions() {
    let source = include_str!("../../../src/inittab.rs");
    let (_, rest) = source
        .split_once("const NAMES: &str = \"")
        .expect("the names");
    let (names, _) = rest.split_once('"').expect("a string");
    let names: Vec<_> = names.split(' ').collect();
    let (_, actions) = INITTAB.split_once(".Ss The action").expect("the actions");
    let (actions, _) = actions.split_once(".Ss The process").expect("their end");
    let listed: Vec<_> = actions
        .lines()
        .filter_map(|line| line.strip_prefix(".It Cm "))
        .collect();
    assert_eq!(names, listed);
}

#[test]
fn the_manuals_name_each_resource() {
    // Linux has 16 resource limits. In the inittab, `nice` means the nice value.
    for (page, count) in [(SPAWN, 16), (INITTAB, 15)] {
        let (_, list) = page.split_once("\n.Cm as , ").expect("the resources");
        let (list, _) = list.split_once("\nor\n.Cm stack .\n").expect("their end");
        let mut names: BTreeSet<_> = list.split(" , ").collect();
        names.extend(["as", "stack"]);
        for name in &names {
            assert!(Resource::from_name(name.as_bytes()).is_some(), "{name}");
        }
        assert_eq!(names.len(), count, "{names:?}");
    }
}

#[test]
fn the_examples_of_spawn_run() {
    run_examples(SPAWN);
}

#[test]
fn the_examples_of_init_run() {
    run_examples(INIT);
}

#[test]
fn the_examples_of_the_shell_run() {
    run_examples(SH);
}

#[test]
fn the_examples_of_box_run() {
    run_examples(BOX);
}

#[test]
fn the_example_of_the_inittab_is_valid() {
    for block in literal_blocks(INITTAB, ".Sh EXAMPLES") {
        let entries = block.lines().map(|line| {
            let entry = Entry::parse(line.as_bytes());
            entry.unwrap_or_else(|problem| panic!("{line}: {problem}"))
        });
        assert!(entries.flatten().count() > 0, "{block}");
    }
}

#[test]
fn the_example_of_the_library_is_one_that_its_documentation_runs() {
    let documentation: String = include_str!("../../../src/lib.rs")
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    for block in literal_blocks(LIBRARY, ".Sh EXAMPLES") {
        assert!(
            documentation.contains(&format!("```\n{block}```\n")),
            "{block}"
        );
    }
}

#[test]
fn the_manual_of_the_library_names_each_module_and_feature() {
    let listed = |tag: &str| -> BTreeSet<&str> {
        let lines = LIBRARY.lines().filter_map(|line| line.strip_prefix(tag));
        lines.flat_map(|line| line.split(" , ")).collect()
    };
    let library = include_str!("../../../src/lib.rs");
    let modules = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod "));
    let mut modules: BTreeSet<_> = modules.map(|name| name.trim_end_matches(';')).collect();
    for hidden in ["arch", "examples"] {
        assert!(modules.remove(hidden), "{modules:?}");
    }
    assert_eq!(modules, listed(".It Sy "));

    let manifest = include_str!("../../../Cargo.toml");
    let (_, features) = manifest.split_once("[features]\n").expect("the features");
    let (features, _) = features.split_once("\n[").expect("their end");
    let features = features.lines().filter_map(|line| line.split_once(" = "));
    let features = features
        .map(|(name, _)| name)
        .filter(|name| !name.starts_with('#'));
    let features: BTreeSet<_> = features.filter(|name| *name != "default").collect();
    assert_eq!(features, listed(".It Cm "));
}
