//! Strikes random keys at a shell on a terminal. The shell must accept any keys, at any size of the terminal and with
//! signals, and afterwards must still execute a command at its prompt. The shell runs as a user who owns only an empty
//! directory and finds no program; therefore this test needs root.
//!
//! `NESTLING_SH_FUZZ=SECONDS` runs the test for that time; `NESTLING_SH_FUZZ_FROM=NUMBER` sets the first session.

#[allow(dead_code)] // parts that only the comparison uses
#[path = "../sh-differential/generator.rs"]
mod generator;
#[allow(dead_code)] // parts that only the tests of single keys use
#[path = "sh_terminal/terminal.rs"]
mod terminal;

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::panic;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use generator::Random;
use nestling_host_tests::{Arch, copy_executable, is_long, or_skip, say};
use terminal::Terminal;

/// The number of sessions without `NESTLING_SH_FUZZ`, and the number of times that keys are struck in each.
const SHORT: usize = 6;
/// How long the test runs with `cargo xtask test --long`.
const LONG_SECONDS: u64 = 600;
const BURSTS: usize = 20;

/// The user who runs the shell.
const NOBODY: u32 = 64_322;

const PIECES: &[&str] = &[
    "echo ",
    "true",
    "false",
    ": ",
    "ab cd",
    "foo-bar/baz",
    "x",
    "'",
    "\"",
    "\\",
    "$",
    "$x",
    "${x",
    "}",
    "$(",
    ")",
    "`",
    "$((",
    "))",
    "(",
    "|",
    "||",
    "&&",
    ";",
    "# ",
    "*",
    "[a-",
    "~",
    "~ro",
    "%",
    "!",
    "=",
    " ",
    "  ",
    "if ",
    "then ",
    "else ",
    "fi",
    "while ",
    "until ",
    "do ",
    "done",
    "for i in a b; ",
    "case x in ",
    "esac",
    "{ ",
    "f() ",
    "<<X\r",
    "X\r",
    "x=ab",
    "read y\r",
    "jobs\r",
    "fc -l\r",
    "fc -s\r",
    "history\r",
    "wait\r",
    "cd a\r",
    "cd ..\r",
    "true &\r",
    "vi_\r",
    "em_\r",
    "nb_\r",
    "é",
    "ß",
    "漢",
    "字かな",
    "e\u{301}",
    "\u{301}",
    "\u{200b}",
    "👩\u{200d}👩",
    "🦀",
    "\u{a0}",
    "1",
    "2",
    "9",
    "0",
    "40",
];

const KEYS: &[&str] = &[
    "\x1b[A",
    "\x1b[B",
    "\x1b[C",
    "\x1b[D",
    "\x1bOA",
    "\x1bOB",
    "\x1b[H",
    "\x1b[F",
    "\x1b[1~",
    "\x1b[3~",
    "\x1b[4~",
    "\x1b[5~",
    "\x1b[6~",
    "\x1b[1;5C",
    "\x1b[1;5D",
    "\x1b[1;3C",
    "\x1b[3;5~",
    "\x1b[[A",
    "\x1b[15~",
    "\x1b[Z",
    "\x1b[200~",
    "\x1b[201~",
    "\x1b[",
    "\x1b[1;2;3;4;5;6;7;8;9;10;11;12",
    "\x1bO",
    "\x18\x15",
    "\x18\x18",
    "\x18\x7f",
    "\x18\x05",
    "\x1d",
    "\x1b\x1d",
    "\x1b\x1b",
    "\x1b\x7f",
    "\x1b\t",
    "\t\t",
];

const SIGNALS: &[i32] = &[
    libc::SIGWINCH,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGCONT,
    libc::SIGCHLD,
];

#[test]
fn no_keys_end_or_hang_the_shell_or_leave_the_terminal_in_a_bad_state() {
    let shell = or_skip!(Arch::X86_64.sh());
    // SAFETY: `geteuid` takes no argument.
    if unsafe { libc::geteuid() } != 0 {
        return say("skipped: only root may strike keys as a user who owns nothing");
    }
    let number = |name: &str| env::var(name).ok()?.parse::<u64>().ok();
    let time = number("NESTLING_SH_FUZZ").or(is_long().then_some(LONG_SECONDS));
    let time = time.map(Duration::from_secs);
    let from = number("NESTLING_SH_FUZZ_FROM").unwrap_or(0) as usize;
    let folder = env::temp_dir().join(format!("nestling-sh-keys-{}", std::process::id()));
    fs::create_dir(&folder).expect("a directory");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("its mode");
    let copy = folder.join("sh");
    copy_executable(&shell, &copy);
    let temporary = folder.join("tmp");
    fs::create_dir(&temporary).expect("a directory");
    chown(&temporary, Some(NOBODY), Some(NOBODY)).expect("its owner");
    // SAFETY: no other thread runs yet that could read the environment.
    unsafe { env::set_var("TMPDIR", &temporary) };
    become_nobody();
    // Whether a panic comes from the crate that emulates the screen: it cannot handle every output, which is no fault
    // of the shell.
    static IS_THE_SCREENS: AtomicBool = AtomicBool::new(false);
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let file = info.location().map_or("", |file| file.file());
        IS_THE_SCREENS.store(file.contains("/vt100-"), Ordering::Relaxed);
        if !file.contains("/vt100-") {
            usual(info);
        }
    }));
    let start = Instant::now();
    let (mut failures, mut given_up) = (Vec::new(), 0);
    let mut session = from;
    while match time {
        Some(time) => start.elapsed() < time,
        None => session < from + SHORT,
    } {
        let strikes = panic::catch_unwind(|| strike(&copy, session));
        if strikes.is_err() && IS_THE_SCREENS.load(Ordering::Relaxed) {
            given_up += 1;
        } else if let Err(error) = strikes {
            let what = error.downcast_ref::<String>().cloned().unwrap_or_default();
            say(&format!("# session {session}: {what}"));
            failures.push(format!("{session}: {what}"));
        }
        session += 1;
    }
    say(&format!(
        "# {} sessions of {BURSTS} bursts of keys; {given_up} of them the screen gave up",
        session - from
    ));
    let _ = fs::remove_dir_all(&temporary);
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Makes this process and all that it starts run as that user, with low resource limits.
fn become_nobody() {
    let limits = [
        (libc::RLIMIT_NPROC, 100),
        (libc::RLIMIT_FSIZE, 1 << 20),
        (libc::RLIMIT_CORE, 0),
    ];
    // SAFETY: the arguments are numbers, and limits that live as long as the calls.
    unsafe {
        for (resource, limit) in limits {
            let limit = libc::rlimit {
                rlim_cur: limit,
                rlim_max: limit,
            };
            assert_eq!(libc::setrlimit(resource, &raw const limit), 0);
        }
        assert_eq!(libc::setgroups(0, std::ptr::null()), 0);
        assert_eq!(libc::setresgid(NOBODY, NOBODY, NOBODY), 0);
        assert_eq!(libc::setresuid(NOBODY, NOBODY, NOBODY), 0);
    }
}

/// Runs a session of a shell.
fn strike(shell: &Path, session: usize) {
    let random = &mut Random::new("keys", session);
    let timeout = if session.is_multiple_of(2) { "0" } else { "5" };
    let variables = [
        ("PATH", "/nowhere"),
        ("HISTSIZE", "50"),
        ("PS1", "$ "),
        ("KEYTIMEOUT", timeout),
    ];
    let mut terminal = Terminal::with(shell, 24, 80, &variables);
    // Disables the commands that would end the session.
    terminal.run("set -o ignoreeof; alias vi_='\\set -o vi' em_='\\unset -f echo; \\set -o emacs' nb_='\\set -b' set=: exit=: exec=: kill=: trap=: return=:");
    for name in ["ab", "a b", "abc/d", "é", "-x"] {
        terminal.file(name);
    }
    for burst in 0..BURSTS {
        let mut log = Vec::new();
        for _ in 0..1 + random.below(40) {
            let keys = piece(random);
            log.extend_from_slice(&keys);
            if random.below(8) == 0 {
                // As on a slow line, keys that belong together arrive in two parts.
                let (first, rest) = keys.split_at(random.below(keys.len() + 1));
                terminal.strike(first);
                terminal.take_in();
                terminal.strike(rest);
            } else {
                terminal.strike(&keys);
            }
            match random.below(60) {
                0 => {
                    let (rows, columns) =
                        (2 + random.below(40) as u16, 4 + random.below(120) as u16);
                    log.extend_from_slice(format!("<{rows} {columns}>").as_bytes());
                    terminal.set_size(rows, columns);
                }
                1 => terminal.signal(SIGNALS[random.below(SIGNALS.len())]),
                2..8 => drop(terminal.take_in()),
                _ => {}
            }
        }
        let what = format!("burst {burst}: {}", log.escape_ascii());
        recover(&mut terminal, &what);
    }
    terminal.keys("\\set +o ignoreeof\r\\exit 7\r\\exit 7\r");
    let status = terminal.end();
    let modes = terminal.modes();
    let whole = libc::ICANON | libc::ECHO | libc::ISIG | libc::IEXTEN;
    assert!(
        modes.c_lflag & whole == whole && modes.c_oflag & libc::OPOST != 0,
        "the modes"
    );
    assert!(!terminal.screen().bracketed_paste(), "pastes are marked");
    assert_eq!(status.code(), Some(7), "{status}");
}

/// Returns one key, or a few keys that belong together.
fn piece(random: &mut Random) -> Vec<u8> {
    match random.below(10) {
        0..4 => PIECES[random.below(PIECES.len())].as_bytes().to_vec(),
        4 | 5 => KEYS[random.below(KEYS.len())].as_bytes().to_vec(),
        6 | 7 => vec![random.below(32) as u8],
        // a character with Meta
        8 => vec![0x1b, 0x20 + random.below(96) as u8],
        9 if random.below(4) == 0 => paste(random),
        // Commands of vi, and bytes that are no characters; no letters that could form the name of a command.
        _ => match random.below(4) {
            0 => vec![0x80 + random.below(128) as u8],
            _ => vec![b"hlwbeWBE0$^|fFtT;,aAiIrRcCdDxXyYpPuU.~kj-+GnN/?_@#=*\\"[random.below(53)]],
        },
    }
}

/// A paste of several lines, whose end may be missing.
fn paste(random: &mut Random) -> Vec<u8> {
    let mut keys = b"\x1b[200~".to_vec();
    for _ in 0..random.below(20) {
        let (piece, times) = (
            PIECES[random.below(PIECES.len())],
            1 + random.below(9).pow(2),
        );
        keys.extend_from_slice(piece.repeat(times).as_bytes());
        keys.extend(Some(b'\r').filter(|_| random.below(4) == 0));
    }
    if random.below(8) > 0 {
        keys.extend_from_slice(b"\x1b[201~");
    }
    keys
}

/// After any keys, Ctrl-C must lead to a prompt at which a command is executed.
fn recover(terminal: &mut Terminal, what: &str) {
    terminal.set_size(24, 80);
    // The end of a paste. It is sent twice, because the first may be quoted.
    terminal.strike(b"\x1b[201~\x03");
    let mut tries = 0;
    loop {
        terminal.strike(b"\x03");
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            if let Some(status) = terminal.ended() {
                panic!("{status}, {:?}: {what}", terminal.all_rows());
            }
            terminal.take_in();
            if terminal.is_idle()
                && terminal.modes().c_lflag & libc::ICANON == 0
                && terminal.cursor_row() == "$ |"
            {
                break;
            }
            // The shell waits for input outside of its line editor.
            if terminal.sleeps() && start.elapsed() > Duration::from_millis(300) {
                break;
            }
        }
        if terminal.cursor_row() == "$ |" {
            break;
        }
        tries += 1;
        assert!(
            tries < 20,
            "no prompt, but {:?}: {what}",
            terminal.all_rows()
        );
    }
    terminal.keys("em_\r");
    settle(terminal, "$ |", what);
    terminal.keys("echo 字 $((6 * 7))\x02");
    settle(terminal, "$ echo 字 $((6 * 7)|)", what);
    terminal.keys("\r").until(what, |terminal| {
        terminal.is_idle() && terminal.all_rows().iter().any(|row| row == "字 42")
    });
    settle(terminal, "$ |", what);
}

/// Waits until the edited line is `line`. Background processes that the keys have started may write into it at any
/// time; Ctrl-L shows it again.
fn settle(terminal: &mut Terminal, line: &str, what: &str) {
    for _ in 0..20 {
        terminal.keys("\x0c");
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(1) {
            terminal.take_in();
            if terminal.is_idle() && terminal.cursor_row() == line {
                return;
            }
        }
    }
    panic!("not {line:?}, but {:?}: {what}", terminal.all_rows());
}
