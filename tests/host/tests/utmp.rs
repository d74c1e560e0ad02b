//! Tests that coreutils' `who` and util-linux' `last` can read the records that `nestling::utmp` writes.

use std::ffi::CString;
use std::fs;

use nestling::utmp::{self, Kind, Record};
use nestling_host_tests::{installed, or_skip, run};

const BOOT: i64 = 1_700_000_000;

#[test]
fn who_and_last_read_the_written_records() {
    or_skip!(installed("who"));
    or_skip!(installed("last"));
    let folder = std::env::temp_dir().join(format!("nestling-utmp-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a directory");
    let [utmp, wtmp] = ["utmp", "wtmp"].map(|name| {
        let path = folder.join(name);
        fs::write(&path, "").expect("a file");
        CString::new(path.to_str().expect("a plain path")).expect("a path")
    });
    let record = |kind, pid, line: &str, user: &str, seconds| {
        let id = &line.as_bytes()[line.len().saturating_sub(4)..];
        Record::new(
            kind,
            pid,
            line.as_bytes(),
            id,
            user.as_bytes(),
            b"6.1.0",
            seconds,
        )
    };
    let (old, boot) = (
        record(Kind::Boot, 0, "~", "reboot", BOOT - 9),
        record(Kind::Boot, 0, "~", "reboot", BOOT),
    );
    for it in [old, boot] {
        utmp::replace(&utmp, &it).expect("utmp");
        utmp::append(&wtmp, &it).expect("wtmp");
    }
    let login = record(Kind::User, 77, "ttyS0", "somebody", BOOT + 60);
    utmp::append(&utmp, &login).expect("utmp");
    utmp::append(&wtmp, &login).expect("wtmp");
    let said = |program: &str, args: &[&str]| {
        let output = run(program, |command| {
            command.env("TZ", "UTC").env("LC_ALL", "C").args(args);
        });
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let [utmp_path, wtmp_path] = [&utmp, &wtmp].map(|it| it.to_str().expect("a plain path"));
    let who = said("who", &["-b", utmp_path]);
    assert!(
        who.contains("system boot") && who.contains("2023-11-14 22:13")
            || who.contains("Nov 14 22:13"),
        "{who}"
    );
    assert_eq!(said("who", &[utmp_path]).matches("somebody").count(), 1);

    let ended = utmp::end(&utmp, 77, BOOT + 120)
        .expect("utmp")
        .expect("a record");
    utmp::append(&wtmp, &ended).expect("wtmp");
    assert_eq!(utmp::end(&utmp, 77, BOOT + 121), Ok(None));
    assert_eq!(said("who", &[utmp_path]), "");
    let down = record(Kind::RunLevel, 0, "~~", "shutdown", BOOT + 180);
    utmp::append(&wtmp, &down).expect("wtmp");
    let last = said("last", &["-x", "-f", wtmp_path]);
    let line = |word: &str| {
        last.lines()
            .find(|line| line.starts_with(word))
            .unwrap_or_default()
    };
    assert!(line("somebody").contains("(00:01)"), "{last}");
    assert!(line("shutdown").contains("system down"), "{last}");
    assert!(line("reboot").contains("(00:03)"), "{last}");
    fs::remove_dir_all(folder).expect("nothing left");
}

#[test]
fn a_missing_file_is_not_created() {
    let path = CString::new("/tmp/nestling-no-such-file").expect("a path");
    let record = Record::new(Kind::Boot, 0, b"~", b"~~", b"reboot", b"", BOOT);
    assert_eq!(utmp::append(&path, &record), Err(nestling::Errno::ENOENT));
    assert_eq!(utmp::replace(&path, &record), Err(nestling::Errno::ENOENT));
    assert_eq!(utmp::end(&path, 1, BOOT), Err(nestling::Errno::ENOENT));
}
