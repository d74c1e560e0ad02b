//! The program that the host tests run under `strace -e inject=…`. It makes one spawn, then prints the result and
//! whether the spawn left everything as it was (invariants 2 and 3 of ARCHITECTURE.md).
//!
//! Its command line is `victim KIND MODE [TERMINAL]`. The kinds are those of [`spawn_of_kind`]. The mode is `shared`,
//! `copied`, `mark` (shared memory with the kernel's mark), `finish` (the spawn is begun, then finished) or `try` (the
//! same without blocking, after the child has ended). The working directory must contain the files that the kinds name;
//! the host tests make them. With `child` as its last argument, the program is the one that is spawned.
//!
//! Two pairs of marker calls, which always fail, divide the trace. Between the two calls with [`PADDING`] are calls whose failure
//! has no effect. Between the two calls with [`SPAWN`] is the spawn and nothing else. For each name of a system call, strace counts
//! the calls of each process, so the padding makes sure that the child's first calls have numbers that belong to no other call in
//! this process.

#![no_std]
#![no_main]

use core::cell::Cell;
use core::fmt::Write;

use nestling::io::Writer;
use nestling::raw;
use nestling::rt::Process;
use nestling::spawn::{
    Action, Attributes, CapabilitySet, Child, Error, IdMap, Memory, NewNamespaces, Notice, Program,
    Progress, Scheduler, Shell, Spawn, Step,
};
use nestling::sys::{self, namespace::Namespaces};
use nestling::{
    Args, AsFd, BorrowedFd, Capabilities, Errno, ExitStatus, OFlags, OwnedFd, Policy, RawFd,
    Resource, Rlimit, SigSet, Signal, args,
};

nestling::entry!(main);

/// The exit status of the spawned program.
const CHILD: i32 = 7;
/// Process groups that cannot exist: a call that asks for one is a marker.
const PADDING: i32 = 0x7fff_0000;
const SPAWN: i32 = 0x7fff_0001;
/// How many calls of each name the padding makes. The child makes fewer calls of each name that this process also
/// calls.
const PADDING_LENGTH: usize = 24;

/// Numbers that are far from those of the status pipe, 3 and 4.
const DIRECTORY: RawFd = 40;
const CLOSED: RawFd = 41;
const CGROUP: RawFd = 42;
const PROGRAM: RawFd = 43;
const TERMINAL: RawFd = 44;
/// The descriptors below this number are compared before and after the spawn.
const COMPARED: RawFd = 64;

fn main(process: Process) -> i32 {
    let args = process.args();
    if args.iter().last() == Some(c"child") {
        return CHILD;
    }
    padding();
    let [kind, memory, terminal] = [1, 2, 3].map(|index| args.skip(index).first());
    let mode = match memory.map(|memory| memory.to_bytes()) {
        Some(b"shared") => (Memory::Shared, Notice::Pipe, Call::Start),
        Some(b"mark") => (Memory::Shared, Notice::Mark, Call::Start),
        Some(b"copied") => (Memory::Copied, Notice::Pipe, Call::Start),
        Some(b"finish") => (Memory::Copied, Notice::Pipe, Call::Finish),
        Some(b"try") => (Memory::Copied, Notice::Pipe, Call::Try),
        _ => return 2,
    };
    if mode.2 == Call::Try {
        sys::signal::block(CHILD_ENDED).expect("a mask");
    }
    let kept = (
        open_at(DIRECTORY, c"."),
        open_at(CLOSED, c"/dev/null"),
        open_at(CGROUP, c"cgroup"),
        open_at(PROGRAM, c"program"),
        terminal.map(|path| open_at(TERMINAL, path)),
    );
    // SAFETY: the handler does nothing.
    let handled = unsafe {
        sys::signal::set_action(Signal::USR1, sys::signal::Disposition::Handler(handler), 0)
    };
    handled.expect("a handler");

    let spawned = spawn_of_kind(kind.unwrap_or(c"").to_bytes(), mode);
    drop(kept);
    spawned
}

extern "C" fn handler(_: i32) {}

/// How the program makes the spawn.
#[derive(Clone, Copy, PartialEq)]
enum Call {
    Start,
    Finish,
    Try,
}

const CHILD_ENDED: SigSet = SigSet::EMPTY.with(Signal::CHLD);

fn spawned<'a>(spawn: &Spawn<'a>, call: Call) -> Result<Child, Error<'a>> {
    let mut starting = match call {
        Call::Start => return spawn.start(),
        Call::Finish => return spawn.begin()?.finish(),
        Call::Try => spawn.begin()?,
    };
    // When the child has ended, its whole report is in the pipe, so the following calls are always the same.
    sys::signal::sigtimedwait(CHILD_ENDED, None).expect("its end");
    loop {
        match starting.try_finish()? {
            Progress::Running(child) => return Ok(child),
            Progress::Pending(it) => starting = it,
        }
    }
}

/// Makes calls that fail or do nothing, so that an injected failure has no effect.
fn padding() {
    let _ = sys::process::getpgid(PADDING);
    // SAFETY: no descriptor has the number -1.
    let nothing = unsafe { BorrowedFd::borrow_raw(-1) };
    for _ in 0..PADDING_LENGTH {
        // SAFETY: no descriptor has the number -1.
        let _ = unsafe { sys::fd::close(-1) };
        let _ = sys::fd::set_cloexec(nothing, true);
        let _ = sys::fd::openat(nothing, c"x", OFlags::RDONLY, 0);
        let _ = sys::fd::read(nothing, &mut []);
        let _ = sys::fd::write(nothing, &[]);
        let _ = sys::signal::mask();
        let _ = sys::process::getpid();
        let _ = sys::process::getppid();
        let _ = sys::credentials::geteuid();
        let _ = sys::credentials::getegid();
        // SAFETY: without a header, the call changes nothing.
        let _ = unsafe { raw::syscall2(raw::nr::CAPGET, 0, 0) };
        let _ = sys::process::set_dumpable(usize::MAX);
        let _ = sys::resource::getrlimit(Resource::Core);
        let _ = sys::file::faccessat(c"");
        let _ = sys::file::umask(0o22);
    }
    // Without `clone3`, the child reads the action of each signal, and may set it.
    for _ in 0..2 * Signal::all().count() {
        let _ = sys::signal::action(Signal::USR1);
    }
    let _ = sys::process::getpgid(PADDING);
}

/// Opens a file at the given descriptor.
fn open_at(number: RawFd, path: &core::ffi::CStr) -> OwnedFd {
    let opened = sys::fd::open(path, OFlags::RDONLY | OFlags::NOCTTY, 0).expect("a file to open");
    sys::fd::dup_cloexec(opened.as_fd(), number).expect("room for a descriptor")
}

/// A list of spawns, one for each kind that the suite `faults` names.
fn spawn_of_kind(kind: &[u8], (memory, notice, call): (Memory, Notice, Call)) -> i32 {
    let program = args![c"program", c"child"];
    let program = Args::new(&program);
    let root = sys::credentials::geteuid() == Ok(0);
    let ids = [sys::credentials::getuid(), sys::credentials::getgid()];
    let [uid, gid] = ids.map(|id| id.expect("an id"));
    let null = |fd| Action::Open {
        fd,
        path: c"/dev/null",
        flags: OFlags::RDONLY,
        mode: 0,
    };
    let limit = |resource, limit| {
        let limit = Rlimit {
            soft: limit,
            hard: limit,
        };
        Action::Limit(resource, limit)
    };
    // SAFETY: the descriptor is open until the program ends.
    let cgroup = unsafe { BorrowedFd::borrow_raw(CGROUP) };
    let plain = Attributes {
        memory,
        notice,
        ..Attributes::default()
    };
    let everything = Attributes {
        pidfd: true,
        cgroup: Some(cgroup),
        default_signals: SigSet::EMPTY.with(Signal::INT).with(Signal::USR2),
        new_session: true,
        scheduler: Some(Scheduler {
            policy: Some(Policy::Batch),
            priority: 0,
        }),
        nice: Some(19),
        no_new_privs: true,
        parent_death_signal: Some(Signal::TERM),
        signal_mask: Some(SigSet::EMPTY.with(Signal::HUP)),
        ..plain
    };
    let oom = Attributes {
        oom_score_adj: Some(1000),
        ..plain
    };
    let (users, groups) = ([IdMap::one(0, uid)], [IdMap::one(0, gid)]);
    let new = NewNamespaces {
        users: &users,
        groups: &groups,
        ..NewNamespaces::new(Namespaces::USER | Namespaces::UTS)
    };
    let namespaces = Attributes {
        namespaces: Some(&new),
        ..plain
    };
    let group = Attributes {
        process_group: Some(0),
        scheduler: Some(Scheduler {
            policy: None,
            priority: 0,
        }),
        ..plain
    };
    let session = Attributes {
        new_session: true,
        ..plain
    };

    let every_action = [
        null(0),
        null(20),
        Action::Close(CLOSED),
        Action::Dup2 { from: 1, to: 5 }, // the number of the pipe at this point
        Action::Dup2 {
            from: DIRECTORY,
            to: DIRECTORY,
        },
        Action::Chdir(c"."),
        Action::Fchdir(DIRECTORY),
        Action::CloseFrom(3),
        limit(Resource::Core, 0),
        Action::Gid(gid),
        Action::Uid(uid),
        Action::ResetIds,
        Action::Capabilities(CapabilitySet::Inheritable, Capabilities::EMPTY),
        Action::Capabilities(CapabilitySet::Ambient, Capabilities::EMPTY),
        Action::Groups(&[0]),
        Action::Chroot(c"/"),
    ];
    // Only root may perform the last two actions.
    let every_action = &every_action[..every_action.len() - if root { 0 } else { 2 }];
    let on_terminal = [
        Action::ControllingTerminal(TERMINAL),
        Action::SetForeground(TERMINAL),
    ];
    // Where `close_range` is refused and `/proc` cannot be read, the library tries every number below the limit; so the
    // limit is low here.
    let close_few = [limit(Resource::Nofile, 16), Action::CloseFrom(3)];

    let room = Shell::room::<8>();
    let mut ruler = [Action::Umask(0); 40];
    let spawn = |program_: Program<'static>, attributes| Spawn {
        attributes,
        ..Spawn::new(program_, program, Args::EMPTY)
    };
    let path = Program::Path(c"./program");
    let search = Program::Search {
        name: c"program",
        path: Some(c"empty:here:forbidden:."),
    };
    match kind {
        b"plain" => run(&spawn(path, plain), call, 1),
        b"twice" => run(&spawn(path, plain), call, 2),
        b"everything" => run(
            &Spawn {
                actions: ruled(every_action, &mut ruler),
                ..spawn(path, everything)
            },
            call,
            1,
        ),
        b"group" => run(&spawn(path, group), call, 1),
        b"oom" => run(
            &Spawn {
                actions: ruled(&[], &mut ruler),
                ..spawn(path, oom)
            },
            call,
            1,
        ),
        b"namespaces" => run(
            &Spawn {
                actions: ruled(&[], &mut ruler),
                ..spawn(path, namespaces)
            },
            call,
            1,
        ),
        b"terminal" => run(
            &Spawn {
                actions: ruled(&on_terminal, &mut ruler),
                ..spawn(path, session)
            },
            call,
            1,
        ),
        b"close" => run(
            &Spawn {
                actions: ruled(&close_few, &mut ruler),
                ..spawn(path, plain)
            },
            call,
            1,
        ),
        b"search" => run(&spawn(search, plain), call, 1),
        b"descriptor" => run(&spawn(Program::Descriptor(PROGRAM), plain), call, 1),
        b"shell" => run(
            &Spawn {
                shell: Some(Shell {
                    path: c"./program",
                    room: &room[..],
                }),
                ..spawn(Program::Path(c"./script"), plain)
            },
            call,
            1,
        ),
        b"missing" => run(&spawn(Program::Path(c"./missing"), plain), call, 1),
        b"lost" => run(
            &spawn(
                Program::Search {
                    name: c"missing",
                    path: Some(c"empty:."),
                },
                plain,
            ),
            call,
            1,
        ),
        _ => 2,
    }
}

/// Puts an `umask` before and after each action. In a trace, these calls show where each action begins. The mask is the
/// index of the action.
fn ruled<'r, 'a>(actions: &[Action<'a>], ruler: &'r mut [Action<'a>]) -> &'r [Action<'a>] {
    for (index, slot) in ruler.iter_mut().enumerate() {
        *slot = match actions.get(index / 2) {
            Some(&action) if index % 2 == 1 => action,
            _ => Action::Umask(index as u32),
        };
    }
    &ruler[..2 * actions.len() + 1]
}

/// The state that a spawn must leave as it was.
#[derive(PartialEq)]
struct State {
    /// For each descriptor: nothing if it is closed, otherwise its close-on-exec flag.
    descriptors: [Option<bool>; COMPARED as usize],
    mask: SigSet,
    umask: u32,
    /// Whether the working directory still is the directory with this file.
    here: bool,
    handled: bool,
    /// A checksum of memory that a child may have written to.
    memory: u32,
}

static DATA: [Cell4; 1024] = [const { Cell4(Cell::new(0x5a5a_5a5a)) }; 1024];

/// The pattern in this program's stack frame around that of the spawn.
const PAINT: u32 = 0xa5a5_a5a5;
const PAINTED: usize = 8192;

/// Memory that the compiler must not treat as constant.
struct Cell4(Cell<u32>);
// SAFETY: this program has one thread.
unsafe impl Sync for Cell4 {}

impl State {
    fn now() -> Self {
        let umask = sys::file::umask(0).expect("a mask");
        let _ = sys::file::umask(umask);
        Self {
            descriptors: core::array::from_fn(|fd| sys::fd::cloexec(fd as RawFd).ok()),
            mask: sys::signal::mask().expect("a signal mask"),
            umask,
            here: sys::file::faccessat(c"here").is_ok(),
            handled: matches!(
                sys::signal::action(Signal::USR1),
                Ok(sys::signal::Disposition::Handler(_))
            ),
            memory: DATA
                .iter()
                .fold(0, |sum, cell| sum.rotate_left(1).wrapping_add(cell.0.get())),
        }
    }
}

fn run(spawn: &Spawn<'_>, call: Call, times: usize) -> i32 {
    // SAFETY: standard output is open as long as the program runs.
    let mut out = Writer::new(unsafe { BorrowedFd::borrow_raw(1) });
    for _ in 0..times {
        let _ = report(spawn, call, &mut out);
    }
    0
}

fn report(spawn: &Spawn<'_>, call: Call, out: &mut Writer<'_>) -> core::fmt::Result {
    let before = State::now();
    let stack = core::hint::black_box([PAINT; PAINTED]);
    let _ = sys::process::getpgid(SPAWN);
    let outcome = spawned(spawn, call);
    let _ = sys::process::getpgid(SPAWN);
    let mut frame_is_ours = true;
    match outcome {
        Ok(child) => {
            let (status, untouched) = wait_on_the_spawns_frame(child);
            frame_is_ours = untouched;
            match status {
                Ok(status) => writeln!(out, "ok {}", status.shell_code())?,
                Err(errno) => writeln!(out, "wait {}", errno.name())?,
            }
        }
        Err(Error::Killed { signal }) => {
            writeln!(out, "killed {}", signal.map_or(0, Signal::as_raw))?;
        }
        Err(error @ Error::Failed { step, errno }) => {
            describe(step, out)?;
            writeln!(out, " {}\n{error}", errno.name())?;
        }
    }
    let after = State::now();
    let no_child = sys::process::wait4(-1, WNOHANG) == Err(Errno::ECHILD);
    let mut holds = true;
    for (fd, (before, after)) in before.descriptors.iter().zip(after.descriptors).enumerate() {
        if *before != after {
            holds = false;
            writeln!(out, "not held: descriptor {fd}")?;
        }
    }
    for (what, held) in [
        ("signal mask", before.mask == after.mask),
        ("umask", before.umask == after.umask),
        ("working directory", before.here && after.here),
        ("handler", before.handled && after.handled),
        ("memory", before.memory == after.memory),
        (
            "stack",
            core::hint::black_box(&stack)
                .iter()
                .all(|&word| word == PAINT),
        ),
        ("frame", frame_is_ours),
        ("no child left", no_child),
    ] {
        if !held {
            holds = false;
            writeln!(out, "not held: {what}")?;
        }
    }
    if holds {
        out.write_str("invariants hold\n")?;
    }
    Ok(())
}

/// Waits for the program in a frame that occupies the place of the spawn's frame and is filled with the pattern.
/// Returns the status, and whether the pattern is unchanged, which shows that no late write has reached the frame.
#[inline(never)]
fn wait_on_the_spawns_frame(mut child: Child) -> (Result<ExitStatus, Errno>, bool) {
    let frame = core::hint::black_box([PAINT; PAINTED]);
    let status = child.wait();
    let untouched = core::hint::black_box(&frame);
    (status, untouched.iter().all(|&word| word == PAINT))
}

/// Prints a step in a form that the host tests read.
fn describe(step: Step<'_>, out: &mut Writer<'_>) -> core::fmt::Result {
    match step {
        Step::Action(index, _) => write!(out, "failed action {index}"),
        Step::Attribute(attribute) => write!(out, "failed {attribute:?}"),
        Step::Exec(_, missing) => write!(out, "failed Exec {missing:?}"),
        Step::BlockSignals => out.write_str("failed BlockSignals"),
        Step::StatusPipe => out.write_str("failed StatusPipe"),
        Step::Clone => out.write_str("failed Clone"),
        _ => out.write_str("failed otherwise"),
    }
}

/// `WNOHANG` has the same value on every architecture.
const WNOHANG: u32 = 1;
