//! The harness of the on-target suites. All suites (`tests/suites/*.rs`) are one program without libc, whose first
//! argument is the name of a suite. The macro `suite!` lists the tests of a suite; `suites!` lists the suites.
//!
//! Each test runs in a forked child of its own, which starts in a known state: descriptors 0, 1 and 2 are open and the
//! limit is 64, no signal is blocked or handled, the umask is 022, the child leads a session, and the working directory
//! is empty. So a test may change all of that, and its panic or hang does not reach other tests. A test reports to the
//! main process through shared memory, not through a descriptor.
//!
//! The main process writes one line for each test: `ok NAME`, `FAILED NAME: reason` or `skipped NAME: reason`. The last line
//! is `N passed, N failed, N skipped`. Lines that begin with `# ` are notes; the first note is `# suite NAME`. A second
//! argument selects the tests whose names contain it. A third argument names tests to skip, one in each line, as `NAME:
//! reason`.
//!
//! Three variables of the environment are read: `NESTLING_PROBE`, the path of `probe` (default: the program `probe` in
//! the directory of this program); `NESTLING_HOW`, what runs this program (`native`, `qemu-user`, `kernel`);
//! `NESTLING_PROFILE`, how it was built (`debug`, `release`).

#![no_std]

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char};
use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::ptr::{self, null};
use core::sync::atomic::{
    AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicUsize, Ordering::Relaxed,
};

use linux_raw_sys::general as linux;
use nestling::rt::Process;
use nestling::spawn::{Action, Attributes, Child, Error, Memory, Notice, Program, Spawn};
use nestling::sys::{self, process, signal};
use nestling::{Args, AsFd, BorrowedFd, Errno, ExitStatus, OFlags, OwnedFd, Pid, Resource, Rlimit};
use nestling::{SigSet, Signal};

// ---- The main process, which runs the tests ----

/// A test. Its name is the sentence that it proves.
pub struct Test {
    /// The name of the test's function.
    pub name: &'static str,
    /// How often the test runs, and its function.
    pub run: Run,
}

/// How often a test runs, and the function that it runs.
pub enum Run {
    /// The test runs once.
    Once(fn()),
    /// The test runs twice: with the parent's memory shared, and with a copy of it.
    InBothModes(fn(Memory)),
    /// The test runs three times: with shared memory, with copied memory, and with shared memory and the kernel's mark.
    /// [`notice`] tells whether it runs with the mark.
    InAllModes(fn(Memory)),
}

/// Returns the mount point of the cgroup2 hierarchy. If it is not mounted, skips the test.
pub fn cgroup2() -> &'static str {
    let mounts = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
    let hierarchy = mounts
        .into_iter()
        .find(|mount| sys::file::faccessat(format_text!("{mount}/cgroup.procs").c_str()).is_ok());
    hierarchy.unwrap_or_else(|| skip("no cgroup2 is mounted"))
}

/// How often a test repeats a random step: `natively` times on the host, and a tenth of that on an emulated machine.
pub fn rounds(natively: usize) -> usize {
    match runner() {
        "native" => natively,
        _ => natively / 10,
    }
}

/// A suite's name and its tests.
pub type Suite = (&'static str, &'static [Test]);

/// Makes the constant `TESTS` of a suite: `suite! { in_all_modes { a, b } in_both_modes { c } once { d } }`. Each of
/// the three groups may be left out.
#[macro_export]
macro_rules! suite {
    ($(in_all_modes { $($all:ident),* $(,)? })? $(in_both_modes { $($both:ident),* $(,)? })? $(once { $($once:ident),* $(,)? })?) => {
        pub const TESTS: &[$crate::Test] = &[
            $($($crate::Test {
                name: stringify!($all),
                run: $crate::Run::InAllModes($all),
            },)*)?
            $($($crate::Test {
                name: stringify!($both),
                run: $crate::Run::InBothModes($both),
            },)*)?
            $($($crate::Test { name: stringify!($once), run: $crate::Run::Once($once) },)*)?
        ];
    };
}

/// Makes the program of these suites. Each name is a module.
#[macro_export]
macro_rules! suites {
    ($($name:ident),* $(,)?) => {
        nestling::entry!(main, panic = $crate::panic);

        fn main(process: nestling::rt::Process) -> i32 {
            $crate::run(process, &[$((stringify!($name), $name::TESTS),)*])
        }
    };
}

/// Runs what the arguments select, and returns the program's exit status.
pub fn run(process: Process, suites: &[Suite]) -> i32 {
    let mut words = process.args().skip(1).iter().map(show);
    let mut word = || words.next().unwrap_or("");
    let (name, wanted, except) = (word(), word(), word());
    if name == "--list" {
        for (suite, tests) in suites {
            each(tests, |case, _| say(format_args!("{suite} {case}")));
        }
        return 0;
    }
    let Some((suite, tests)) = suites.iter().find(|(suite, _)| *suite == name) else {
        say(format_args!("no such suite: {name:?}; these are:"));
        suites
            .iter()
            .for_each(|(suite, _)| say(format_args!("{suite}")));
        return 2;
    };
    say(format_args!("# suite {suite}"));
    prepare(process);
    // SAFETY: the handler sends `SIGKILL` to the test that hangs; `kill` is allowed in a signal handler.
    unsafe { signal::set_action(Signal::ALRM, signal::Disposition::Handler(kill_the_test), 0) }
        .expect("a handler for the alarm");
    let mut counts = [0; 3];
    each(tests, |case, test| {
        if !case.as_str().contains(wanted) {
        } else if let Some(reason) = why_not(case.as_str(), except) {
            counts[2] += 1;
            say(format_args!("skipped {case}: {reason}"));
        } else {
            run_one(case, &mut counts, test);
        }
    });
    let [passed, failed, skipped] = counts;
    say(format_args!(
        "{passed} passed, {failed} failed, {skipped} skipped"
    ));
    i32::from(failed > 0)
}

/// Returns the reason why a case is skipped, if the third argument names it.
fn why_not<'a>(case: &str, except: &'a str) -> Option<&'a str> {
    let test = case.split(' ').next()?;
    except
        .lines()
        .find_map(|line| line.strip_prefix(test)?.strip_prefix(": "))
}

/// Calls `visit` for each case of these tests, with the case's name and a function that runs it.
fn each(tests: &[Test], mut visit: impl FnMut(&Text, &dyn Fn())) {
    let modes = [
        (Memory::Shared, Notice::Pipe, "shared"),
        (Memory::Copied, Notice::Pipe, "copied"),
        (Memory::Shared, Notice::Mark, "mark"),
    ];
    for test in tests {
        let (run, modes) = match test.run {
            Run::Once(run) => {
                visit(&format_text!("{}", test.name), &run);
                continue;
            }
            Run::InBothModes(run) => (run, &modes[..2]),
            Run::InAllModes(run) => (run, &modes[..]),
        };
        for &(memory, notice, mode) in modes {
            visit(&format_text!("{} ({mode})", test.name), &|| {
                MARK.store(notice == Notice::Mark, Relaxed);
                run(memory);
            });
        }
    }
}

/// Whether the spawns of the running test use the mark.
static MARK: AtomicBool = AtomicBool::new(false);

/// How the spawns of this test notice that the program runs: by the status pipe or by the mark.
pub fn notice() -> Notice {
    match MARK.load(Relaxed) {
        true => Notice::Mark,
        false => Notice::Pipe,
    }
}

/// Whether a spawn in this mode uses the mark and so has no status pipe. (A spawn with a hook or with a new session
/// uses the pipe in any mode.)
pub fn is_marked(memory: Memory) -> bool {
    memory == Memory::Shared && notice() == Notice::Mark && !emulated()
}

fn run_one(name: &Text, counts: &mut [u32; 3], test: &dyn Fn()) {
    remove(scratch());
    make_directory(scratch()).expect("the test's directory");
    mailbox().clear();
    mailbox()
        .numbers
        .iter()
        .for_each(|number| number.store(0, Relaxed));
    let pid = fork(|| {
        enter_the_known_state();
        test();
    });
    RUNNING.store(pid.as_raw(), Relaxed);
    set_timer(&[0, 0, HANG_LIMIT, 0]);
    let status = nestling::wait::wait(pid).expect("the test's end");
    set_timer(&[0; 4]);
    RUNNING.store(0, Relaxed);
    // Kills the processes that are left in the test's session.
    let _ = process::kill(-pid.as_raw(), Some(Signal::KILL));
    remove(scratch());

    let said = mailbox().read();
    let (index, verdict) = match said.strip_prefix(SKIPPED) {
        _ if said.is_empty() && status.success() => (0, format_text!("ok {name}")),
        Some(reason) if status.success() => (2, format_text!("skipped {name}: {reason}")),
        _ if status.signal() == Some(Signal::KILL) && said.is_empty() => (
            1,
            format_text!("FAILED {name}: killed, probably because it hung"),
        ),
        _ if said.is_empty() => (1, format_text!("FAILED {name}: {status}")),
        _ => (1, format_text!("FAILED {name}: {said}")),
    };
    counts[index] += 1;
    say(format_args!("{verdict}"));
}

/// A test that runs for this many seconds hangs. On a busy machine the slowest test takes a tenth of that.
const HANG_LIMIT: usize = 120;

static RUNNING: AtomicI32 = AtomicI32::new(0);

unsafe extern "C" fn kill_the_test(_: i32) {
    let pid = RUNNING.load(Relaxed);
    if pid > 0 {
        let _ = process::kill(pid, Some(Signal::KILL));
    }
}

fn enter_the_known_state() {
    process::setsid().expect("a session");
    for signal in Signal::all() {
        // SAFETY: the default action runs no handler. The call fails for the signals that an emulator reserves for
        // itself.
        let _ = unsafe { signal::set_action(signal, signal::Disposition::Default, 0) };
    }
    signal::set_mask(SigSet::EMPTY).expect("no signal blocked");
    for fd in 3..1024 {
        close(fd);
    }
    limit_descriptors(DESCRIPTORS as u64);
    sys::file::umask(0o022).expect("umask");
    sys::file::chdir(scratch()).expect("an empty directory");
}

/// Ends the test as skipped, for a reason why it cannot run here.
pub fn skip(reason: impl fmt::Display) -> ! {
    mailbox().write(format_args!("{SKIPPED}{reason}"));
    process::exit(0)
}

/// A message that begins with this byte is the reason of a skipped test.
const SKIPPED: &str = "\u{1}";

/// Reports a panic's message to the main process, which prints it in the test's line.
pub fn panic(info: &PanicInfo<'_>) -> ! {
    if MAILBOX.load(Relaxed).is_null() {
        nestling::rt::panic(info);
    }
    mailbox().write(format_args!("{info}"));
    process::exit(101)
}

/// Writes a line of the report. A line that begins with `# ` is a note.
pub fn say(line: fmt::Arguments<'_>) {
    // SAFETY: the descriptor is only written to; if it is closed, the write fails.
    let mut out = nestling::io::Writer::new(unsafe { BorrowedFd::borrow_raw(1) });
    let _ = writeln!(out, "{line}");
}

/// What runs this program: `native`, `qemu-user` or `kernel`.
pub fn runner() -> &'static str {
    variable(c"NESTLING_HOW").unwrap_or("native")
}

/// Whether qemu-user emulates the kernel. It copies memory instead of sharing it, and it lacks some system calls.
pub fn emulated() -> bool {
    runner() == "qemu-user"
}

/// Skips the test if this process is not root's.
pub fn need_root() {
    if sys::credentials::geteuid() != Ok(0) {
        skip("needs root");
    }
}

/// Skips a test with shared memory on a kernel before Linux 5.16. There, a child that dies before its exec by a signal
/// that dumps core also ends all processes that share its memory.
pub fn need_core_dumps_to_spare_sharers(memory: Memory) {
    let names = sys::machine::uname().expect("the kernel's names");
    let mut numbers = show(names.release()).split(['.', '-']).map(str::parse);
    let mut number = || numbers.next().and_then(Result::ok).unwrap_or(0);
    let release: (u32, u32) = (number(), number());
    if matches!(memory, Memory::Shared) && release < (5, 16) {
        skip("before Linux 5.16 a core dump ends all that share the memory");
    }
}

/// Skips the test if `/bin/sh` does not exist. The machines of the kernel tests have nestling's own shell.
pub fn need_shell() {
    if sys::file::faccessat(c"/bin/sh").is_err() {
        skip("there is no shell");
    }
}

// ---- What a test shares with its children and with the main process ----

/// Memory that forked children share with the main process.
pub struct Mailbox {
    length: AtomicUsize,
    text: UnsafeCell<[u8; 2048]>,
    /// Numbers for the tests.
    pub numbers: [AtomicU32; 70],
}

static MAILBOX: AtomicPtr<Mailbox> = AtomicPtr::new(ptr::null_mut());

/// The suite's mailbox.
pub fn mailbox() -> &'static Mailbox {
    // SAFETY: `prepare` has stored a mapping that is never unmapped.
    unsafe { &*MAILBOX.load(Relaxed) }
}

impl Mailbox {
    /// Writes the message if none was written before: a later message is often a consequence of the first.
    fn write(&self, message: fmt::Arguments<'_>) {
        let message = format_text!("{message}");
        if self.length.load(Relaxed) == 0 {
            // SAFETY: the main process reads the text only after the test's end.
            let room = unsafe { &mut *self.text.get() };
            for (slot, &byte) in room.iter_mut().zip(message.as_str().as_bytes()) {
                *slot = if byte == b'\n' { b' ' } else { byte };
            }
            self.length.store(message.length.min(room.len()), Relaxed);
        }
    }

    /// Reads the message.
    pub fn read(&self) -> &str {
        // SAFETY: no process writes the text at this time.
        let text = unsafe { &*self.text.get() };
        core::str::from_utf8(&text[..self.length.load(Relaxed)]).unwrap_or("(not UTF-8)")
    }

    /// Removes a message that a test expected.
    pub fn clear(&self) {
        self.length.store(0, Relaxed);
    }
}

/// Maps `size` bytes of zeros that forked children share. They are never unmapped.
pub fn shared_memory(size: usize) -> *mut u8 {
    #[cfg(not(target_arch = "x86"))]
    use linux::__NR_mmap;
    #[cfg(target_arch = "x86")]
    use linux::__NR_mmap2 as __NR_mmap;
    let protection = (linux::PROT_READ | linux::PROT_WRITE) as usize;
    let flags = (linux::MAP_SHARED | linux::MAP_ANONYMOUS) as usize;
    // SAFETY: a new mapping replaces no other mapping.
    let answer = unsafe { call(__NR_mmap, [0, size, protection, flags, usize::MAX, 0]) };
    answer.expect("mmap") as *mut u8
}

// ---- Processes, signals, descriptors, files ----

/// Makes a system call for which the library has no function.
///
/// # Safety
///
/// The same as of the system call.
pub unsafe fn call<const N: usize>(number: u32, arguments: [usize; N]) -> Result<usize, Errno> {
    let mut all = [0; 6];
    all[..N].copy_from_slice(&arguments);
    let [a, b, c, d, e, f] = all;
    // SAFETY: the caller upholds the safety contract. A call with fewer arguments ignores the others.
    let answer = unsafe { nestling::arch::syscall6(number as usize, a, b, c, d, e, f) };
    match answer as isize {
        errno @ -4095..=-1 => Err(Errno::from_raw(-errno as i32).expect("an errno")),
        _ => Ok(answer),
    }
}

const HERE: usize = linux::AT_FDCWD as usize;

/// Runs `child` in a copy of this process, which then exits with 0.
pub fn fork(child: impl FnOnce()) -> Pid {
    // SAFETY: without CLONE_VM the child has a stack and memory of its own.
    let answer = unsafe { call(linux::__NR_clone, [linux::SIGCHLD as usize]) };
    match answer.expect("fork") {
        0 => {
            child();
            process::exit(0)
        }
        pid => Pid::from_raw(pid as i32).expect("a process id"),
    }
}

/// Waits for a forked helper, which must exit with status 0.
pub fn join(helper: Pid) {
    let status = nestling::wait::wait(helper).expect("the helper's status");
    assert!(status.success(), "a helper ended by {status}");
}

/// Whether this process has a child, running or ended. It reaps none.
pub fn has_child() -> bool {
    let options = (linux::WEXITED | linux::WNOHANG | linux::WNOWAIT) as usize;
    let mut info = core::mem::MaybeUninit::<linux::siginfo_t>::uninit();
    let info = info.as_mut_ptr() as usize;
    // SAFETY: the kernel writes one `siginfo_t`. (With a null pointer, valgrind would complain.)
    let answer = unsafe {
        call(
            linux::__NR_waitid,
            [linux::P_ALL as usize, 0, info, options],
        )
    };
    answer != Err(Errno::ECHILD)
}

/// Calls `setitimer` with the interval and the first time, each in seconds and microseconds.
pub fn set_timer(timer: &[usize; 4]) {
    let (real, timer) = (linux::ITIMER_REAL as usize, timer.as_ptr() as usize);
    // SAFETY: the kernel reads four numbers.
    unsafe { call(linux::__NR_setitimer, [real, timer, 0]) }.expect("setitimer");
}

/// Calls `prctl` with a number as the argument.
pub fn prctl(option: u32, argument: usize) -> Result<usize, Errno> {
    // SAFETY: the options that the tests use take numbers.
    unsafe { call(linux::__NR_prctl, [option as usize, argument]) }
}

/// Calls `ioctl` with a pointer to a number, which the request reads or writes.
pub fn ioctl(fd: i32, request: u32, number: &mut i32) -> Result<usize, Errno> {
    let number = &raw mut *number as usize;
    // SAFETY: the requests that the tests use only read or write that number.
    unsafe { call(linux::__NR_ioctl, [fd as usize, request as usize, number]) }
}

/// Sets a handler for each signal of `signals`. It counts the signals of this process for [`handled`], and those of any
/// other process for [`strayed`].
pub fn handle(signals: impl Iterator<Item = Signal>, flags: u32) {
    mailbox().numbers[0].store(process::getpid().as_raw() as u32, Relaxed);
    for signal in signals {
        // SAFETY: the handler only counts, which is allowed in a signal handler.
        unsafe { signal::set_action(signal, signal::Disposition::Handler(count), flags) }
            .unwrap_or_else(|errno| panic!("a handler for {signal}: {errno}"));
    }
}

unsafe extern "C" fn count(signal: i32) {
    let here = process::getpid().as_raw() as u32 == mailbox().numbers[0].load(Relaxed);
    mailbox().numbers[if here { signal as usize } else { STRAYED }].fetch_add(1, Relaxed);
}

const STRAYED: usize = 65;

/// How often the handler of `signal` ran in the process that set it.
pub fn handled(signal: Signal) -> u32 {
    mailbox().numbers[signal.as_raw() as usize].load(Relaxed)
}

/// How often a handler ran in another process than the one that set it.
pub fn strayed() -> u32 {
    mailbox().numbers[STRAYED].load(Relaxed)
}

/// The signals that a program can handle: all but `SIGKILL` and `SIGSTOP`. Under qemu-user, the real-time signals are
/// left out, which qemu numbers differently, and so are the signals of faults, because qemu crashes when one is sent.
pub fn handleable() -> impl Iterator<Item = Signal> {
    let faults = [
        Signal::ILL,
        Signal::TRAP,
        Signal::BUS,
        Signal::FPE,
        Signal::SEGV,
    ];
    let emulators = move |signal: Signal| faults.contains(&signal) || signal.as_raw() > 31;
    Signal::all().filter(move |&signal| match signal {
        Signal::KILL | Signal::STOP => false,
        signal => !(emulated() && emulators(signal)),
    })
}

/// The limit on descriptors in a test.
pub const DESCRIPTORS: usize = 64;

/// Sets the soft limit on descriptors and returns the old one.
pub fn limit_descriptors(soft: u64) -> u64 {
    let old = sys::resource::getrlimit(Resource::Nofile).expect("a limit");
    let limit = Rlimit { soft, ..old };
    sys::resource::setrlimit(Resource::Nofile, limit).expect("setrlimit");
    old.soft
}

/// Closes a descriptor; one that is not open is no error.
pub fn close(fd: i32) {
    // SAFETY: the test owns its descriptors.
    let _ = unsafe { sys::fd::close(fd) };
}

/// Borrows a descriptor by its number.
pub fn fd(fd: i32) -> BorrowedFd<'static> {
    // SAFETY: the tests may use any descriptor that has this number. A call with a closed descriptor fails.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

/// Makes `numbers`, which must be in ascending order, the only open descriptors. Each one refers to a file of its own:
/// `fd0` and so on.
pub fn open_only(numbers: impl IntoIterator<Item = i32>) {
    for fd in 0..DESCRIPTORS as i32 {
        close(fd);
    }
    for number in numbers {
        let flags = OFlags::RDWR | OFlags::CREAT;
        let file = sys::fd::open(format_text!("fd{number}").c_str(), flags, 0o600).expect("a file");
        if file.as_raw_fd() == number {
            let _ = file.into_raw_fd();
        } else {
            // SAFETY: the test owns this number.
            unsafe { sys::fd::dup3(file.as_raw_fd(), number, OFlags::default()) }.expect("dup3");
        }
    }
}

/// The open descriptors: for each number, the inode of its file and the close-on-exec flag.
#[derive(Clone, Copy, PartialEq)]
pub struct Table(pub [Option<(u64, bool)>; DESCRIPTORS]);

impl Table {
    /// Reads which descriptors are open now.
    pub fn now() -> Self {
        Self(core::array::from_fn(|fd| {
            let cloexec = sys::fd::cloexec(fd as i32).ok()?;
            Some((inode(fd as i32), cloexec))
        }))
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (fd, entry) in self.0.iter().enumerate() {
            if let Some((inode, cloexec)) = entry {
                write!(
                    f,
                    "{fd}={inode}{} ",
                    if *cloexec { "(cloexec)" } else { "" }
                )?;
            }
        }
        Ok(())
    }
}

/// Returns the inode number of an open file.
pub fn inode(fd: i32) -> u64 {
    statx(fd, c"", linux::AT_EMPTY_PATH).map_or(0, |file| file.stx_ino)
}

/// Returns the permissions of a file.
pub fn mode(path: &CStr) -> u32 {
    let file = statx(linux::AT_FDCWD, path, 0).expect("statx");
    u32::from(file.stx_mode) & 0o7777
}

fn statx(fd: i32, path: &CStr, flags: u32) -> Result<linux::statx, Errno> {
    // SAFETY: the structure consists of numbers only.
    let mut file: linux::statx = unsafe { core::mem::zeroed() };
    let (mask, pointer) = (linux::STATX_BASIC_STATS as usize, &raw mut file as usize);
    let arguments = [
        fd as usize,
        path.as_ptr() as usize,
        flags as usize,
        mask,
        pointer,
    ];
    // SAFETY: the kernel reads a C string and writes one `statx`.
    unsafe { call(linux::__NR_statx, arguments) }.map(|_| file)
}

/// Makes a file with this content and these permissions.
pub fn make_file(path: &CStr, mode: u32, content: &[u8]) {
    let flags = OFlags::WRONLY | OFlags::CREAT | OFlags::TRUNC | OFlags::CLOEXEC;
    let file = sys::fd::open(path, flags, mode).expect("a new file");
    let mut writer = nestling::io::Writer::new(file.as_fd());
    writer.write(content).expect("the file's content");
}

/// Reads a file, even if all descriptors below the limit are in use.
pub fn read_file(path: &CStr) -> Result<Text<8192>, Errno> {
    let limit = limit_descriptors(DESCRIPTORS as u64 + 1);
    let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0);
    limit_descriptors(limit);
    let (file, mut text) = (file?, Text::new());
    loop {
        match sys::fd::read(file.as_fd(), &mut text.bytes[text.length..])? {
            0 => return Ok(text),
            count => text.length += count,
        }
    }
}

/// Returns this process's nice value in the form in which a probe reports it.
pub fn own_nice() -> Text {
    let stat = read_file(c"/proc/self/stat").expect("/proc");
    // The field before it, the command's name, may contain blanks.
    let fields = stat.as_str().rsplit(") ").next().unwrap_or_default();
    format_text!("{}", fields.split(' ').nth(16).unwrap_or_default())
}

/// Makes a directory.
pub fn make_directory(path: &CStr) -> Result<(), Errno> {
    let path = path.as_ptr() as usize;
    // SAFETY: the kernel reads a C string.
    unsafe {
        call(linux::__NR_mkdirat, [HERE, path, 0o777])?;
        call(linux::__NR_fchmodat, [HERE, path, 0o777]).map(drop)
    }
}

/// Makes a named pipe.
pub fn make_fifo(path: &CStr) {
    let mode = (linux::S_IFIFO | 0o600) as usize;
    // SAFETY: the kernel reads a C string.
    unsafe { call(linux::__NR_mknodat, [HERE, path.as_ptr() as usize, mode]) }.expect("mkfifo");
}

/// Makes a symbolic link.
pub fn make_link(path: &CStr, target: &CStr) {
    let (target, path) = (target.as_ptr() as usize, path.as_ptr() as usize);
    // SAFETY: the kernel reads two C strings.
    unsafe { call(linux::__NR_symlinkat, [target, HERE, path]) }.expect("symlink");
}

/// Removes a file, or a directory with its contents, as far as possible.
pub fn remove(path: &CStr) {
    // SAFETY: the kernel reads a C string.
    let unlink = |flags: u32| unsafe {
        call(
            linux::__NR_unlinkat,
            [HERE, path.as_ptr() as usize, flags as usize],
        )
    };
    if !matches!(unlink(0), Err(Errno::EISDIR | Errno::EPERM)) {
        return;
    }
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    if let Ok(directory) = sys::fd::open(path, flags, 0) {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = sys::fd::getdents64(directory.as_fd(), &mut buffer) {
            let mut rest = &buffer[..length];
            while let Some(size) = rest.get(16..18) {
                let name = CStr::from_bytes_until_nul(&rest[19..]).expect("a name");
                if name != c"." && name != c".." {
                    remove(format_text!("{}/{}", show(path), show(name)).c_str());
                }
                rest = &rest[usize::from(u16::from_ne_bytes([size[0], size[1]]))..];
            }
        }
    }
    let _ = unlink(linux::AT_REMOVEDIR);
}

/// Installs a seccomp filter: from now on the system call `number` fails with `errno`, or, without one, the call kills
/// the process. If `flag` is not 0, the filter applies only to calls whose first argument has one of the bits of
/// `flag`. Programs that this process starts keep the filter.
pub fn forbid(number: u32, flag: u32, errno: Option<Errno>) {
    use linux_raw_sys::prctl::{PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP};
    use linux_raw_sys::ptrace::{SECCOMP_MODE_FILTER, sock_filter, sock_fprog};
    use linux_raw_sys::ptrace::{SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS};
    // The instructions of BPF: load a word of `struct seccomp_data`; compare, and skip `jt` or `jf` instructions;
    // return a result.
    const LOAD: u16 = 0x20;
    const IF_EQUAL: u16 = 0x15;
    const IF_ANY_BIT: u16 = 0x45;
    const RETURN: u16 = 0x06;
    let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    let answer = errno.map_or(SECCOMP_RET_KILL_PROCESS, |errno| {
        SECCOMP_RET_ERRNO | errno.as_raw() as u32
    });
    let mut filter = [
        step(LOAD, 0, 0, 0), // the call's number
        step(IF_EQUAL, 0, 3, number),
        step(LOAD, 0, 0, 16), // the first argument's lower half
        step(IF_ANY_BIT, 0, 1, flag),
        step(RETURN, 0, 0, answer),
        step(RETURN, 0, 0, SECCOMP_RET_ALLOW),
    ];
    if flag == 0 {
        filter[3] = step(IF_ANY_BIT, 0, 0, 0); // both branches continue with the next instruction
    }
    let program = sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    let (set, mode) = (PR_SET_SECCOMP as usize, SECCOMP_MODE_FILTER as usize);
    prctl(PR_SET_NO_NEW_PRIVS, 1).expect("no new privileges");
    // SAFETY: the kernel reads the filter.
    let answer = unsafe { call(linux::__NR_prctl, [set, mode, &raw const program as usize]) };
    if let Err(errno) = answer {
        skip(format_args!("no seccomp filters here: {errno}"));
    }
}

// ---- Spawning the probe ----

/// Returns a spawn of `probe`, which writes a report that [`state`] reads.
pub fn probe(memory: Memory) -> Spawn<'static> {
    // SAFETY: `prepare` has filled both arrays.
    let (args, env) = unsafe {
        let world = &*WORLD.0.get();
        (
            Args::from_ptr(world.args.as_ptr()),
            Args::from_ptr(world.env.as_ptr()),
        )
    };
    Spawn {
        attributes: Attributes {
            memory,
            notice: notice(),
            ..Attributes::default()
        },
        ..Spawn::new(Program::Path(probe_path()), args, env)
    }
}

/// Starts a program. Asserts that the parent's mask and descriptors are as before, and that a failed spawn leaves no
/// child.
pub fn start<'a>(spawn: &Spawn<'a>) -> Result<Child, Error<'a>> {
    let (mask, mut table, had_child) = (signal::mask(), Table::now(), has_child());
    let outcome = spawn.start();
    assert_eq!(
        signal::mask(),
        mask,
        "the parent's signal mask after the spawn"
    );
    if let Ok(child) = &outcome
        && let Some(pidfd) = child.pidfd()
    {
        let number = pidfd.as_raw_fd();
        table.0[number as usize] = Some((inode(number), true));
    }
    assert_eq!(
        Table::now(),
        table,
        "the parent's descriptors after the spawn"
    );
    if outcome.is_err() && !had_child {
        assert!(!has_child(), "a failed spawn left a child");
    }
    outcome
}

/// Starts a program; panics if the spawn fails.
pub fn started(spawn: &Spawn<'_>) -> Child {
    start(spawn).unwrap_or_else(|error| panic!("the spawn failed: {error}"))
}

/// Starts a program, waits for it and returns its exit status.
pub fn status(spawn: &Spawn<'_>) -> ExitStatus {
    started(spawn).wait().expect("the program's status")
}

/// Starts `probe`, waits for it and returns its report.
pub fn state(spawn: &Spawn<'_>) -> State {
    let status = status(spawn);
    assert!(status.success(), "the probe ended by {status}");
    State::read(format_text!("{}/out", show(scratch())).c_str())
}

/// Asserts that a spawn fails with an error whose text is `expected`.
pub fn fails(spawn: &Spawn<'_>, expected: impl fmt::Display) {
    match start(spawn) {
        Ok(mut child) => panic!("the spawn should fail; it ended by {:?}", child.wait()),
        Err(error) => assert_eq!(
            *format_text!("{error}").as_str(),
            format_text!("{expected}")
        ),
    }
}

/// Returns an `Open` action for reading.
pub fn open(fd: i32, path: &CStr) -> Action<'_> {
    Action::Open {
        fd,
        path,
        flags: OFlags::RDONLY,
        mode: 0,
    }
}

/// Returns a `Redirect` action for reading.
pub fn redirect(fd: i32, path: &CStr) -> Action<'_> {
    Action::Redirect {
        fd,
        path,
        flags: OFlags::RDONLY,
        mode: 0,
    }
}

/// Returns a `Dup2` action.
pub fn dup2(from: i32, to: i32) -> Action<'static> {
    Action::Dup2 { from, to }
}

/// The report of a probe: lines of the form `name: value`.
pub struct State(Text<8192>);

impl State {
    /// Reads the report that a probe has written to a file.
    pub fn read(path: &CStr) -> Self {
        Self(read_file(path).expect("what the probe found"))
    }
}

impl core::ops::Index<&str> for State {
    type Output = str;

    fn index(&self, name: &str) -> &str {
        let mut lines = self.0.as_str().lines();
        lines
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map_or("(nothing)", str::trim_start)
    }
}

// ---- What is the same for all tests ----

struct World {
    process: Option<Process>,
    probe: Text,
    scratch: Text,
    out: Text,
    args: [*const c_char; 3],
    env: [*const c_char; 2],
}

struct Global(UnsafeCell<World>);

// SAFETY: only `prepare` writes it, before it is used; the program has one thread.
unsafe impl Sync for Global {}

static WORLD: Global = Global(UnsafeCell::new(World {
    process: None,
    probe: Text::new(),
    scratch: Text::new(),
    out: Text::new(),
    args: [c"probe".as_ptr(), c"state".as_ptr(), null()],
    env: [null(); 2],
}));

fn world() -> &'static World {
    // SAFETY: `WORLD` no longer changes.
    unsafe { &*WORLD.0.get() }
}

fn prepare(process: Process) {
    MAILBOX.store(shared_memory(size_of::<Mailbox>()).cast(), Relaxed);
    // SAFETY: no other reference to it exists yet.
    let world = unsafe { &mut *WORLD.0.get() };
    world.process = Some(process);
    let own = process.args().first().map_or("", show);
    let beside = own.rsplit_once('/').map_or("", |(directory, _)| directory);
    match process.env().var(c"NESTLING_PROBE") {
        Some(path) => world.probe = format_text!("{}", show(path)),
        None if beside.starts_with('/') => world.probe = format_text!("{beside}/probe"),
        None => world.probe = format_text!("{}/{beside}/probe", directory().as_str()),
    }
    let tmp = if sys::file::faccessat(c"/tmp").is_ok() {
        "/tmp"
    } else {
        ""
    };
    world.scratch = format_text!("{tmp}/nestling-test-{}", process::getpid());
    world.out = format_text!("NESTLING_OUT={}/out", world.scratch);
    world.env[0] = world.out.c_str().as_ptr();
}

/// The process as it was at the start of this program.
pub fn this_process() -> Process {
    world().process.expect("a suite")
}

fn variable(name: &CStr) -> Option<&'static str> {
    this_process().env().var(name).map(show)
}

/// Returns the working directory.
pub fn directory() -> Text {
    let mut text = Text::new();
    let (pointer, size) = (text.bytes.as_mut_ptr() as usize, text.bytes.len());
    // SAFETY: the kernel writes at most `size` bytes.
    let length = unsafe { call(linux::__NR_getcwd, [pointer, size]) };
    text.length = length.expect("getcwd") - 1;
    text
}

/// Returns the path of `probe`.
pub fn probe_path() -> &'static CStr {
    world().probe.c_str()
}

/// Returns the path of the test's own directory.
pub fn scratch() -> &'static CStr {
    world().scratch.c_str()
}

/// Copies `probe` into the test's directory, for a child that cannot reach the original path.
pub fn copy_probe(path: &CStr) {
    let from = sys::fd::open(probe_path(), OFlags::CLOEXEC, 0).expect("the probe");
    let flags = OFlags::WRONLY | OFlags::CREAT | OFlags::CLOEXEC;
    let to = sys::fd::open(path, flags, 0o755).expect("a new file");
    // A debug build of `probe` has megabytes, and an emulator may run this loop: hence a large buffer.
    let mut buffer = [0; 65536];
    while let Ok(count @ 1..) = sys::fd::read(from.as_fd(), &mut buffer) {
        let written = sys::fd::write(to.as_fd(), &buffer[..count]);
        assert_eq!(written, Ok(count), "the copy");
    }
}

/// Opens `probe` for `execveat`.
pub fn open_probe() -> OwnedFd {
    sys::fd::open(probe_path(), OFlags::PATH | OFlags::CLOEXEC, 0).expect("the probe")
}

// ---- Text without a heap ----

/// A text of limited length that is also a C string.
#[derive(Clone, Copy)]
pub struct Text<const SIZE: usize = 512> {
    bytes: [u8; SIZE],
    length: usize,
}

/// Formats a text of at most 511 bytes, like `format!`.
#[macro_export]
macro_rules! format_text {
    ($($arguments:tt)*) => {{
        let mut text = $crate::Text::<512>::new();
        let _ = ::core::fmt::Write::write_fmt(&mut text, format_args!($($arguments)*));
        text
    }};
}

impl<const SIZE: usize> Text<SIZE> {
    /// Returns an empty text.
    pub const fn new() -> Self {
        Self {
            bytes: [0; SIZE],
            length: 0,
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or("(not UTF-8)")
    }

    /// The text as a C string.
    pub fn c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).expect("room for a null")
    }
}

impl<const SIZE: usize> Default for Text<SIZE> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const SIZE: usize> fmt::Write for Text<SIZE> {
    /// Leaves out what does not fit; the last byte stays null.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let free = &mut self.bytes[self.length..SIZE - 1];
        let count = free.len().min(text.len());
        free[..count].copy_from_slice(&text.as_bytes()[..count]);
        self.length += count;
        Ok(())
    }
}

impl PartialEq<Text> for str {
    fn eq(&self, text: &Text) -> bool {
        self == text.as_str()
    }
}

impl<const SIZE: usize> fmt::Debug for Text<SIZE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const SIZE: usize> fmt::Display for Text<SIZE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns a C string as text.
pub fn show(string: &CStr) -> &str {
    string.to_str().unwrap_or("(not UTF-8)")
}
