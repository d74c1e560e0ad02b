//! The suite `life`: tests init's machine life on a real kernel, from start to power-off, by the output on its console.
//!
//! Init starts `tests/started/service.rs` under several names. One of them, the director, causes the events.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::{
    arch::Arch,
    boot::{self, SERVICE},
    compile::{self, Profile},
    initramfs::Initramfs,
    machine::{Machine, Progress},
    report::Outcome,
    typing::{self, Exchange},
    workspace::Workspace,
};

/// The time after which a silent machine has failed. Init waits for a service that ignores SIGTERM.
const SILENCE: Duration = Duration::from_secs(120);
const LIMIT: Duration = Duration::from_secs(900);

const INITTAB: &str = "\
# a comment
::respawn:/bin/steady
::respwan:/bin/steady
:nofile=64,nice=5:respawn:/bin/other
null::respawn:/bin/stubborn
::respawn:/bin/crash
::wait:/bin/rc
::once:/bin/director
::sysinit:/bin/nonsense
::shutdown:/bin/last
";

/// What the console must show, in this order; other text may come between. The order of the parts of an entry may be
/// free: see [`Exchange`].
const ORDER: &[(&str, &[&str])] = &[
    (
        "a bad line is reported with file, line and reason, and the rest works",
        &[
            "init: started on Linux ",
            "init: /etc/inittab, line 3: no such action: \"respwan\"\n",
            "init: nonsense: exec \"/bin/nonsense\": ENOENT: no such file or directory\n",
        ],
    ),
    (
        "sysinit comes first, then wait",
        &["init: rc: started, process ", "init: rc: exit status: 0\n"],
    ),
    (
        "a service that ends at once is slowed down, and init reports that",
        &["init: crash: exit status: 3; restarts in 1 s\0director: all services are up\n"],
    ),
    (
        "after a fault, PID 1 executes itself again, also after a second fault in the pause; then it reads a new inittab",
        &[
            "init: SIGSEGV\n",
            "init: SIGSEGV\n",
            "init: continues after a fault\n",
            "director: what is new has come, what is old has gone\n",
        ],
    ),
    (
        "Ctrl-Alt-Del starts its entry; SIGABRT has the effect of a fault, and the services are as before",
        &[
            // This line may be missing: the fault may come before init has noticed that the program runs.
            "cad is here\n\0init: SIGABRT\n",
            "init: continues after a fault\n",
            "director: all others are what they were\n",
        ],
    ),
    (
        "the machine stops in order, and at last kills what is left",
        &[
            "init: power off: stopping the machine\n",
            "last is here\n",
            "init: last: exit status: 0\n",
            "init: SIGTERM to all processes\n",
            "init: SIGKILL to the remaining processes\n",
            "init: stubborn: signal: 9 (SIGKILL)\n",
            "init: power off\n",
        ],
    ),
];

/// These services start in the order of the inittab's actions. Each has started its program before the next one starts,
/// so the process ids show the order.
const IN_TURN: &[&str] = &["rc", "director", "steady", "other", "stubborn", "crash"];

/// What the director prints if there is a keyboard.
const PRESS: &str = "director: press Ctrl-Alt-Del\n";

/// What the console must not show.
const NEVER: &[(&str, &str)] = &[
    (
        "the end of a service that is slowed down is reported once",
        "init: crash: exit status: 3\n",
    ),
    ("nothing fails", "FAILED"),
];

/// The inittab of another machine, and what its console must show.
const MOVING_INITTAB: &str = "\
:user=www:wait:/bin/who
:user=www,group=adm,cgroup=web:wait:/bin/who
:group=9,user=77,nice=3:wait:/bin/who
:user=homeless:wait:/bin/who
:user=nobody-knows:wait:/bin/who
:cgroup=no/such:wait:/bin/who
:usr=www:wait:/bin/who
:user=99:wait:/bin/who
::once:/bin/mover
::restart:switch_root /new /bin/init
";
const MOVING_ORDER: &[(&str, &[&str])] = &[
    (
        "a line with a mistyped user is reported, and starts nothing",
        &["init: /etc/inittab, line 7: invalid setting: \"usr=www\"\n"],
    ),
    (
        "a service has the user, the groups, the environment, the directory and the cgroup of its options, and a serial line's TERM",
        &[
            "uid 33, gid 34, groups 4, 34, 60, cgroup /, nice 0\n",
            "HOME /run, USER www, LOGNAME www, SHELL /bin/other, TERM vt102, in /run\n",
            "uid 33, gid 4, groups 4, 60, cgroup /web, nice 0\n",
            "uid 77, gid 9, groups 9, cgroup /, nice 3\n",
            "HOME /, USER -, LOGNAME -, SHELL -, TERM vt102, in /\n",
            "uid 88, gid 88, groups 88, cgroup /, nice 0\n",
            "HOME /nonexistent, USER homeless, LOGNAME homeless, SHELL /bin/sh, TERM vt102, in /\n",
            "init: who: user \"nobody-knows\": ENOENT: no such file or directory\n",
            "init: who: cgroup \"no/such\": ENOENT: no such file or directory\n",
            // A number is a user id, even if a user has this number as a name.
            "uid 99, gid 99, groups 99, cgroup /, nice 0\n",
        ],
    ),
    (
        "switch_root continues in another root, to which the mounts are moved",
        &[
            "init: restart: stopping the machine\n",
            "init: started on Linux ",
            "arrived in the new root\n",
            "init: power off\n",
        ],
    ),
];

/// The inittab of a machine with services that are never started, and the output that its console must show.
const HELD_INITTAB: &str = "\
::respawn:/bin/steady
::once:/bin/holder
::shutdown:/bin/last
";
const HELD_ORDER: &[(&str, &[&str])] = &[
    (
        "a service that never comes to run is reported, and process 1 continues",
        &[
            "init: steady: started, process \0holder: three do not come to run\n",
            "init: continues after a fault\n",
            "holder: three do not come to run after a fault, either\n",
            "holder: orphans are reaped, and what has ended is started again\n",
        ],
    ),
    (
        "init reads a new inittab, and kills the services that were removed from it",
        &["holder: what is new has come, what is gone is stopped\n"],
    ),
    (
        "init continues when the read of the inittab blocks",
        &["holder: process 1 goes on where the inittab does not answer\n"],
    ),
    (
        "init powers off although a line with wait never comes to run",
        &[
            "init: behind: starting, process ",
            "init: power off: stopping the machine\n",
            "last is here\n",
            "init: SIGKILL to the remaining processes\n",
            "init: power off\n",
        ],
    ),
];
const USERS: &str =
    "root:x:0:0::/:\nwww:x:33:34::/run:/bin/other\n99:x:0:0::/:\nhomeless:x:88:88::/nonexistent:\n";
const GROUPS: &str = "root:x:0:\nadm:x:4:www\nother:x:5:wwwx,xwww\ngames:x:60:games,www\n";

/// The inittab of the machines with words for init on their command line.
const MODES_INITTAB: &str = "\
::sysinit:/bin/rc
::wait:/bin/last
null::respawn:/bin/steady
::respawn:-/bin/sh
";

/// A part of a conversation: its name, and what is typed and printed.
type Part = (&'static str, &'static [Exchange]);

/// Words on the command line, and the conversations that follow. The last keys end the machine.
const MODES: &[(&str, &[Part])] = &[
    (
        "splash TERM=ansi single",
        &[
            (
                "single: after sysinit a shell has the console",
                &[
                    ("", &["rc is here\n", PROMPT]),
                    (
                        "test -e /run/steady || echo not yet\r",
                        &["\nnot yet\n", PROMPT],
                    ),
                ],
            ),
            (
                "when the shell has ended, the rest starts",
                &[("exit\r", &["last is here\n", STEADY_AND_PROMPT])],
            ),
            (
                "init s: all services are stopped, and a shell has the console",
                &[
                    (
                        "init s\r",
                        &[
                            "init: single-user mode\n",
                            "init: steady: signal: ",
                            // The shell may print a prompt before it ends.
                            "init: sh: started, process ",
                        ],
                    ),
                    ("echo alone, $TERM\r", &["\nalone, ansi\n", PROMPT]),
                ],
            ),
            (
                "when the shell has ended, the services start again",
                &[("exit\r", &[STEADY_AND_PROMPT])],
            ),
            (
                "init 0: the machine is switched off",
                &[(
                    "init 0\r",
                    &[
                        "init: power off: stopping the machine\n",
                        "init: power off\n",
                    ],
                )],
            ),
        ],
    ),
    (
        "emergency splash",
        &[
            (
                "emergency: a shell has the console before anything else starts",
                &[
                    ("", &[PROMPT]),
                    (
                        "test -e /run/rc || echo before all\r",
                        &["\nbefore all\n", PROMPT],
                    ),
                ],
            ),
            (
                "when the shell has ended, everything starts",
                &[(
                    "exit\r",
                    &["rc is here\n", "last is here\n", STEADY_AND_PROMPT],
                )],
            ),
            (
                "telinit 6: the machine is started again",
                &[(
                    "telinit 6\r",
                    &["init: reboot: stopping the machine\n", "init: reboot\n"],
                )],
            ),
        ],
    ),
    (
        "single 6",
        &[(
            "the last word counts, and level 6 is a reboot",
            &[(
                "",
                &["init: reboot: stopping the machine\n", "init: reboot\n"],
            )],
        )],
    ),
];

const PROMPT: &str = "# ";
/// Either may come first: a service may run before init has noticed it.
const STEADY_AND_PROMPT: &str = "init: steady: started, process \0# ";

pub fn run(workspace: &Workspace, arch: Arch, kernel: &Path) -> Result<Outcome> {
    let mut all = Outcome::default();
    for (inittab, order) in [
        (INITTAB, ORDER),
        (MOVING_INITTAB, MOVING_ORDER),
        (HELD_INITTAB, HELD_ORDER),
    ] {
        all.add(live(workspace, arch, kernel, inittab, order)?);
    }
    // The words have the same meaning on each architecture, and not all machines have a second serial line.
    if arch == Arch::X86_64 {
        let initramfs = initramfs(workspace, arch, MODES_INITTAB)?;
        for (append, talk) in MODES {
            let machine = Machine {
                arch,
                kernel,
                initramfs: &initramfs,
                append,
            };
            all.add(typing::talk(&machine, talk)?);
        }
        all.add(another_console(workspace, arch, kernel, &initramfs)?);
    }
    Ok(all)
}

/// Boots a machine whose kernel command line tells init to use the second serial port as its console.
fn another_console(
    workspace: &Workspace,
    arch: Arch,
    kernel: &Path,
    initramfs: &Path,
) -> Result<Outcome> {
    let machine = Machine {
        arch,
        kernel,
        initramfs,
        append: "CONSOLE=/dev/ttyS1 0",
    };
    let said = workspace.scratch()?.join("life-second-line.txt");
    let second = format!("file:{}", said.display());
    let devices = ["-serial", "mon:stdio", "-serial", &second].map(String::from);
    let mut running = machine.start_with(Stdio::null(), &devices)?;
    while let Progress::Said(_) = running.wait(SILENCE)? {}
    let first = running.console.transcript();
    let second = fs::read_to_string(said)?;
    let is_there = second.contains("init: started on Linux ");
    let checks = [
        (
            "init writes its messages to CONSOLE=",
            is_there && !first.contains("init: "),
        ),
        (
            "level 0 on the command line powers off before anything is started",
            second.contains("init: power off\r\n") && !second.contains("rc is here"),
        ),
    ];
    let output = format!("on the console:\n{first}\non the second line:\n{second}");
    Ok(Outcome::of_checks(checks, output))
}

/// Returns the initramfs of a machine with this inittab.
fn initramfs(workspace: &Workspace, arch: Arch, inittab: &str) -> Result<PathBuf> {
    let mut archive = Initramfs::new();
    boot::programs(&mut archive, workspace, arch)?;
    let service = compile::path(workspace, arch, Profile::Tests, SERVICE);
    archive.program(&format!("bin/{SERVICE}"), &service)?;
    // A file of its own, not a link, because the holder blocks its execution.
    archive.program("bin/behind", &service)?;
    for name in [
        "cad", "crash", "director", "extra", "holder", "last", "late", "mover", "other", "rc",
        "steady", "stubborn", "who",
    ] {
        archive.link(&format!("bin/{name}"), SERVICE);
    }
    for name in ["init", "telinit"] {
        archive.link(&format!("bin/{name}"), "/init");
    }
    for (name, content) in [("inittab", inittab), ("passwd", USERS), ("group", GROUPS)] {
        archive.file(&format!("etc/{name}"), content.as_bytes());
    }
    let initramfs = workspace
        .scratch()?
        .join(format!("life-{}.cpio", arch.name()));
    archive.write(&initramfs)?;
    Ok(initramfs)
}

/// Boots a machine with this inittab, and checks that its console shows these texts in this order.
fn live(
    workspace: &Workspace,
    arch: Arch,
    kernel: &Path,
    inittab: &str,
    order: &[(&str, &[&str])],
) -> Result<Outcome> {
    let initramfs = initramfs(workspace, arch, inittab)?;
    let has_keyboard = matches!(arch, Arch::X86_64 | Arch::I386);
    let machine = Machine {
        arch,
        kernel,
        initramfs: &initramfs,
        // Words that the kernel does not know and passes to init; one of them is a `PATH`, as an initramfs exports it.
        // Another word tells the director whether Ctrl-Alt-Del can be pressed.
        append: match has_keyboard {
            true => "splash PATH=/bin KEYBOARD=yes",
            false => "splash PATH=/bin",
        },
    };
    let begin = Instant::now();
    let mut running = machine.start(Stdio::piped())?;
    let mut pressed = false;
    let problem = loop {
        match running.wait(SILENCE.min(LIMIT.saturating_sub(begin.elapsed())))? {
            Progress::Said(_) => {
                if !pressed && running.console.transcript().contains(PRESS) {
                    running.press_ctrl_alt_del()?;
                    pressed = true;
                }
            }
            Progress::Silent => break Some("the machine hung"),
            Progress::Ended(status) if status.success() => break None,
            Progress::Ended(_) => break Some("qemu failed"),
        }
    };
    Ok(judge(&running.console.transcript(), order, problem))
}

fn judge(transcript: &str, order: &[(&str, &[&str])], problem: Option<&str>) -> Outcome {
    let mut rest = transcript;
    let mut checks = Vec::new();
    for (name, said) in order {
        let found = said.iter().all(|said| {
            let end = typing::end_of(said, rest);
            rest = &rest[end.unwrap_or_default()..];
            end.is_some()
        });
        checks.push((*name, found));
    }
    if order == ORDER {
        let places = IN_TURN.iter().map(|name| {
            let said = format!("init: {name}: started, process ");
            let (_, rest) = transcript.split_once(&said)?;
            rest.split_whitespace().next()?.parse::<u32>().ok()
        });
        let places: Option<Vec<u32>> = places.collect();
        checks.push((
            "then once and respawn, in the order of the inittab",
            places.is_some_and(|it| it.is_sorted()),
        ));
    }
    for (name, said) in NEVER {
        checks.push((*name, !transcript.contains(said)));
    }
    checks.push(("the machine powers off", problem.is_none()));
    let output = format!(
        "{}\non the console:\n{transcript}",
        problem.unwrap_or_default()
    );
    Outcome::of_checks(checks, output)
}
