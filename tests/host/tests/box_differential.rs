//! Runs each applet of `box` beside busybox's and the system's own program (coreutils, procps …), with generated command lines and
//! faults. Where the others agree, ours agrees, too; where they do not, ours does as one of them. Each other difference is a row of a
//! table with its reason, and each row must be a real difference.
//!
//! An applet has one entry in `box-differential/files.rs` or `system.rs`; `box-differential/run.rs` says what an entry means.
//! `NESTLING_BOX_ONLY=NAME` runs one applet with all its command lines, and `NESTLING_BOX_X86_64=target/debug/nestling-box` takes a
//! debug build. Without these, the short form runs every sixteenth command line, and the long form runs all.

#[path = "../box-differential/files.rs"]
mod files;
#[path = "../box-differential/run.rs"]
mod run;
#[path = "../box-differential/system.rs"]
mod system;

use nestling_host_tests::{Arch, installed, or_skip};

#[test]
fn applets_on_files_do_as_those_of_busybox_and_gnu_or_the_table_says_why_not() {
    or_skip!(installed("busybox"));
    run::compare(
        &or_skip!(Arch::X86_64.the_box()),
        files::ENTRIES,
        files::DIFFERENCES,
    );
}

#[test]
fn applets_on_the_system_do_as_those_of_busybox_and_debian_or_the_table_says_why_not() {
    or_skip!(installed("busybox"));
    run::compare(
        &or_skip!(Arch::X86_64.the_box()),
        system::ENTRIES,
        system::DIFFERENCES,
    );
}

/// The names of init and the shell, which have tests of their own.
const PROGRAMS: &[&str] = &[
    "askfirst",
    "halt",
    "init",
    "poweroff",
    "reboot",
    "sh",
    "switch_root",
    "telinit",
];

#[test]
fn each_applet_has_an_entry_and_box_lists_it() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let listed = run::plain(&ours, &["--list"]);
    let listed: Vec<&str> = listed.lines().collect();
    let entries: Vec<&str> = files::ENTRIES
        .iter()
        .chain(system::ENTRIES)
        .map(|it| it.applet)
        .collect();
    let is_tested = |it: &&&str| entries.contains(it) || PROGRAMS.contains(it);
    let untested: Vec<&&str> = listed.iter().filter(|it| !is_tested(it)).collect();
    let missing: Vec<&&str> = entries.iter().filter(|it| !listed.contains(it)).collect();
    assert!(untested.is_empty(), "no entry for {untested:?}");
    assert!(missing.is_empty(), "box has no {missing:?}");
}

#[test]
fn install_makes_a_link_for_each_applet_and_leaves_other_files_alone() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = run::Folder::new();
    let directory = folder.path().join("dir");
    std::fs::write(directory.join("cat"), "mine").expect("a file");
    let directory = directory.to_str().expect("a name");
    let (status, _, said) = run::run(&ours, &["--install", directory]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("cat") && said.contains("EEXIST"), "{said}");
    let own = std::fs::canonicalize(&ours).expect("the box");
    for name in run::plain(&ours, &["--list"])
        .lines()
        .filter(|it| *it != "cat")
    {
        let link = std::fs::read_link(format!("{directory}/{name}")).expect(name);
        assert_eq!(link, own);
    }
    assert_eq!(
        std::fs::read(format!("{directory}/cat")).expect("a file"),
        b"mine"
    );
    std::fs::remove_file(format!("{directory}/cat")).expect("the file");
    // Links that are there already are no error.
    assert_eq!(
        run::run(&ours, &["--install", directory]),
        (Some(0), String::new(), String::new())
    );
    let (status, output, _) = run::run(format!("{directory}/echo").as_ref(), &["a", "b"]);
    assert_eq!((status, &*output), (Some(0), "a b\n"));
}
