//! Generates command lines, runs the programs, and compares what they did.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use nestling_host_tests::{is_long, say};

/// From `linux/capability.h`.
const CAP_SYS_BOOT: libc::c_ulong = 22;
const CAP_SYS_TIME: libc::c_ulong = 25;

/// An applet, and the command lines with which it runs: each list of operands with no option and with each option, and the first
/// list of operands with each pair of options. Words are separated by spaces.
pub struct Entry {
    pub applet: &'static str,
    /// An option may have an option-argument: `-n 3`.
    pub options: &'static [&'static str],
    /// The empty text is a command line without operands. An applet without operands here runs in a test of its own only.
    pub operands: &'static [&'static str],
    /// Standard input.
    pub input: &'static str,
    /// How standard output is compared.
    pub output: Output,
    /// Whether the applet changes files: then each run has a folder of its own, and the files are compared afterwards.
    pub changes: bool,
    /// Whether the applet runs as root in namespaces of its own, where it changes nothing of this machine. Two shell commands run
    /// there before and after it; the output of the second is compared.
    pub room: Option<(&'static str, &'static str)>,
}

impl Entry {
    /// An applet that reads files and standard input, and writes to standard output.
    pub const READS: Self = Self {
        applet: "",
        options: &[],
        operands: &[
            "",
            "text",
            "text numbers",
            "none text",
            "empty",
            "-",
            "-- -dash",
            "dir",
            "odd\nname",
            "unended binary",
            "/proc/self/mem",
        ],
        input: "one\ntwo words\n",
        output: Output::Exact,
        changes: false,
        room: None,
    };
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "for the applets that are being written")]
pub enum Output {
    Exact,
    /// Blanks in a row are one, and those at the ends of lines none.
    Blanks,
    /// The lines may have any order.
    Unordered,
    /// Only whether something was written.
    Some,
}

/// A difference that is right: an applet, words of which each is a word of the command line or the name of a fault, what differs
/// (`status`, `output`, `errors` or `files`), and why.
pub struct Difference {
    pub applet: &'static str,
    pub words: &'static [&'static str],
    pub what: &'static str,
    pub why: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    None,
    /// Standard output is a full disk.
    FullDisk,
    ClosedOutput,
    ClosedInput,
}

impl Fault {
    const ALL: [Self; 4] = [
        Self::None,
        Self::FullDisk,
        Self::ClosedOutput,
        Self::ClosedInput,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::FullDisk => "full-disk",
            Self::ClosedOutput => "closed-output",
            Self::ClosedInput => "closed-input",
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Outcome {
    status: Option<i32>,
    output: Vec<u8>,
    /// Whether something was written to standard error.
    errors: bool,
    files: BTreeMap<String, String>,
    /// What was written to standard error, for reports.
    said: String,
}

/// Compares all entries, in parallel.
pub fn compare(ours: &Path, entries: &[Entry], differences: &[Difference]) {
    let only = env::var("NESTLING_BOX_ONLY").unwrap_or_default();
    let all = is_long() || !only.is_empty();
    let entries: Vec<&Entry> = entries
        .iter()
        .filter(|it| only.is_empty() || it.applet == only)
        .collect();
    let (next, failures, used) = (
        AtomicUsize::new(0),
        Mutex::new(Vec::new()),
        Mutex::new(BTreeSet::new()),
    );
    let count = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, |it| it.get().min(4)) {
            scope.spawn(|| {
                let shared = Folder::new();
                while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for (index, (words, fault)) in lines(entry).into_iter().enumerate() {
                        if !all && index % 16 != 0 {
                            continue;
                        }
                        count.fetch_add(1, Ordering::Relaxed);
                        for (what, text) in judge(ours, entry, &words, fault, &shared) {
                            let row = differences.iter().position(|row| {
                                let has =
                                    |word: &&str| words.contains(word) || *word == fault.name();
                                row.applet == entry.applet
                                    && row.what == what
                                    && row.words.iter().all(has)
                            });
                            match row {
                                Some(row) => drop(used.lock().expect("no panic").insert(row)),
                                None => failures.lock().expect("no panic").push(text),
                            }
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic");
    for failure in &failures {
        say(failure);
    }
    let count = count.into_inner();
    say(&format!(
        "{count} command lines of {} applets",
        entries.len()
    ));
    assert!(
        failures.is_empty(),
        "{} differences without a row",
        failures.len()
    );
    let used = used.into_inner().expect("no panic");
    for (index, row) in differences.iter().enumerate() {
        assert!(!row.why.is_empty(), "{}: no reason", row.applet);
        let ran = all && entries.iter().any(|it| it.applet == row.applet);
        assert!(
            !ran || used.contains(&index),
            "no difference: {} {:?} ({})",
            row.applet,
            row.words,
            row.what
        );
    }
}

/// The command lines of an entry, and the faults.
fn lines(entry: &Entry) -> Vec<(Vec<&'static str>, Fault)> {
    let words = |texts: &[&'static str]| -> Vec<&'static str> {
        texts
            .iter()
            .flat_map(|text| text.split(' '))
            .filter(|word| !word.is_empty())
            .collect()
    };
    let mut lines = Vec::new();
    if entry.operands.is_empty() {
        return lines;
    }
    for operands in entry.operands {
        lines.push((words(&[operands]), Fault::None));
        lines.extend(
            entry
                .options
                .iter()
                .map(|option| (words(&[option, operands]), Fault::None)),
        );
    }
    let first = entry.operands.first().copied().unwrap_or_default();
    let most = entry.operands.get(1).copied().unwrap_or(first);
    for (index, one) in entry.options.iter().enumerate() {
        for other in entry.options.iter().skip(index + 1) {
            lines.push((words(&[one, other, most]), Fault::None));
        }
    }
    for fault in Fault::ALL.into_iter().skip(1) {
        lines.push((words(&[first]), fault));
        lines.push((words(&[most]), fault));
    }
    lines.push((vec!["-\u{1}"], Fault::None));
    lines
}

/// Runs a command line by all programs. Returns what differs, and a text about it.
fn judge(
    ours: &Path,
    entry: &Entry,
    words: &[&str],
    fault: Fault,
    shared: &Folder,
) -> Vec<(&'static str, String)> {
    let run = |program: &Path, first: Option<&str>| {
        let own = entry.changes.then(Folder::new);
        let folder = own.as_ref().unwrap_or(shared);
        let arguments: Vec<&str> = first.into_iter().chain(words.iter().copied()).collect();
        play(program, &arguments, entry, fault, folder)
    };
    let mine = run(ours, Some(entry.applet));
    let mut others = vec![(
        "busybox",
        run(Path::new("/usr/bin/busybox"), Some(entry.applet)),
    )];
    // Without the applet in this busybox, only the system's program counts.
    others.retain(|(_, it)| !(it.status == Some(127) && it.said.contains("applet not found")));
    let system =
        ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].map(|it| Path::new(it).join(entry.applet));
    if let Some(path) = system.iter().find(|path| path.exists()) {
        others.push(("system", run(path, None)));
    }
    let mut differing = Vec::new();
    let mut check = |what: &'static str,
                     same: &dyn Fn(&Outcome) -> bool,
                     shown: &dyn Fn(&Outcome) -> String| {
        if !others.is_empty() && !others.iter().any(|(_, other)| same(other)) {
            let mut text = format!(
                "{} {words:?} {}: {what} differs\n  ours: {}\n",
                entry.applet,
                fault.name(),
                shown(&mine)
            );
            for (name, other) in &others {
                text += &format!("  {name}: {}\n", shown(other));
            }
            differing.push((what, text));
        }
    };
    check("status", &|it| it.status == mine.status, &|it| {
        format!("{:?} {}", it.status, it.said.trim_end())
    });
    check("output", &|it| it.output == mine.output, &|it| {
        String::from_utf8_lossy(&it.output)
            .escape_debug()
            .to_string()
    });
    check("errors", &|it| it.errors == mine.errors, &|it| {
        it.said.trim_end().into()
    });
    let first = others.first().map(|(_, other)| &other.files);
    check("files", &|it| it.files == mine.files, &|it| {
        // What all have is not shown.
        let is_shared = |name: &String, what: &String| {
            mine.files.get(name) == Some(what) && first.is_some_and(|it| it.get(name) == Some(what))
        };
        let shown = it
            .files
            .iter()
            .filter(|(name, what)| !is_shared(name, what));
        format!("{:?}", shown.take(10).collect::<Vec<_>>())
    });
    differing
}

fn play(
    program: &Path,
    arguments: &[&str],
    entry: &Entry,
    fault: Fault,
    folder: &Folder,
) -> Outcome {
    let mut command = Command::new(program);
    if let Some((before, after)) = entry.room {
        command = Command::new("unshare");
        command.args("-Urmnupf --mount-proc --propagation private sh -c".split(' '));
        command.arg(format!(
            "{before}\n\"$@\"; status=$?; {after}\nexit $status"
        ));
        command.arg("sh").arg(program);
    }
    command
        .args(arguments)
        .current_dir(folder.path())
        .env_clear();
    command
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC");
    command.stdin(Stdio::from(folder.input(entry.input)));
    if fault == Fault::FullDisk {
        command.stdout(File::create("/dev/full").expect("/dev/full"));
    } else {
        command.stdout(Stdio::piped());
    }
    command.stderr(Stdio::piped());
    let closed = match fault {
        Fault::ClosedOutput => Some(1),
        Fault::ClosedInput => Some(0),
        Fault::None | Fault::FullDisk => None,
    };
    // SAFETY: the child is a copy of this process that does nothing else before its exec.
    unsafe {
        command.pre_exec(move || {
            // No wrong option may set the clock or end the machine: a test may run as root.
            for capability in [CAP_SYS_BOOT, CAP_SYS_TIME] {
                libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0);
            }
            if let Some(fd) = closed {
                libc::close(fd);
            }
            Ok(())
        })
    };
    let child = command
        .spawn()
        .unwrap_or_else(|why| panic!("{}: {why}", program.display()));
    let output = child.wait_with_output().expect("an exit status");
    Outcome {
        status: output
            .status
            .code()
            .or(output.status.signal().map(|it| 128 + it)),
        output: normal(output.stdout, entry.output),
        errors: !output.stderr.is_empty(),
        files: if entry.changes {
            folder.files()
        } else {
            BTreeMap::new()
        },
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn normal(output: Vec<u8>, how: Output) -> Vec<u8> {
    let lines = || output.split_inclusive(|&byte| byte == b'\n');
    match how {
        Output::Exact => output,
        Output::Some => vec![u8::from(!output.is_empty())],
        Output::Blanks => {
            let squeeze = |line: &[u8]| {
                let words = line
                    .split(|byte| byte.is_ascii_whitespace())
                    .filter(|it| !it.is_empty());
                words.collect::<Vec<_>>().join(&b' ')
            };
            lines().map(squeeze).collect::<Vec<_>>().join(&b'\n')
        }
        Output::Unordered => {
            let mut lines: Vec<&[u8]> = lines().collect();
            lines.sort_unstable();
            lines.concat()
        }
    }
}

/// Runs a program without any of this, and returns its exit status, its output and its errors.
pub fn run(program: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .expect("a program");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// The output of a program that succeeds.
pub fn plain(program: &Path, arguments: &[&str]) -> String {
    let (status, output, errors) = run(program, arguments);
    assert_eq!((status, &*errors), (Some(0), ""));
    output
}

/// A folder with files of all kinds. `input` lies beside it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder =
            Self(env::temp_dir().join(format!("nestling-box-{}-{number}", std::process::id())));
        let path = folder.path();
        fs::create_dir_all(path.join("dir/sub")).expect("a folder");
        let long = "x".repeat(100_000) + "\nshort\n";
        let files: [(&str, &[u8]); 12] = [
            (
                "text",
                b"The quick brown fox\njumps over\n\nthe lazy dog.\nthe end\nthe end\n",
            ),
            ("numbers", b"10\n9\n-3\n2 b\n2 a\n10\n0x1f\n"),
            ("empty", b""),
            ("unended", b"a line\nno newline"),
            ("binary", b"\0\x01\xff\xfe\0\n\xc3\xa9\xc3\n\0"),
            ("columns", b"a:b:c:d\n1:2:3\n\n:x:\nno colon\n"),
            ("long", long.as_bytes()),
            ("-dash", b"dash\n"),
            ("odd\nname", b"odd\n"),
            (".hidden", b"hidden\n"),
            ("dir/inner", b"inner\n"),
            ("dir/sub/deep", b"deep\n"),
        ];
        for (name, content) in files {
            fs::write(path.join(name), content).expect("a file");
        }
        symlink("text", path.join("link")).expect("a link");
        symlink("nowhere", path.join("dangling")).expect("a link");
        symlink("loop", path.join("loop")).expect("a link");
        symlink("..", path.join("dir/up")).expect("a link");
        fs::set_permissions(path.join("numbers"), fs::Permissions::from_mode(0o750))
            .expect("a mode");
        // The same times in each folder; `text` is newer than the others.
        for name in [
            "text",
            "numbers",
            "empty",
            "unended",
            "binary",
            "columns",
            "long",
            "-dash",
            "odd\nname",
            ".hidden",
            "dir/inner",
            "dir/sub/deep",
            "dir/sub",
            "dir",
            ".",
        ] {
            let seconds = 1_577_836_800 + 3600 * u64::from(name == "text");
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            let file = File::open(path.join(name)).expect("a file");
            file.set_modified(time).expect("a time");
        }
        folder
    }

    /// The folder in which the programs run.
    pub fn path(&self) -> PathBuf {
        self.0.join("run")
    }

    fn input(&self, text: &str) -> File {
        let path = self.0.join("input");
        fs::write(&path, text).expect("a file");
        File::open(path).expect("a file")
    }

    /// The names in the folder, each with its type, mode, and content.
    fn files(&self) -> BTreeMap<String, String> {
        let (mut files, mut left) = (BTreeMap::new(), vec![self.path()]);
        while let Some(path) = left.pop() {
            let Ok(about) = path.symlink_metadata() else {
                continue;
            };
            let content = if about.is_dir() {
                let entries = fs::read_dir(&path).into_iter().flatten().flatten();
                left.extend(entries.map(|entry| entry.path()));
                "directory".into()
            } else if about.is_symlink() {
                format!("-> {}", fs::read_link(&path).expect("a link").display())
            } else if about.is_file() {
                let bytes = fs::read(&path).unwrap_or_default();
                match bytes.len() {
                    0..200 => String::from_utf8_lossy(&bytes).into_owned(),
                    length => format!("{length} bytes"),
                }
            } else {
                format!("device {:x}", about.rdev())
            };
            let name = path
                .strip_prefix(self.path())
                .expect("a name in the folder");
            let described = format!("{:o} {} {content:?}", about.mode(), about.nlink());
            files.insert(name.to_string_lossy().into_owned(), described);
        }
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // It is in the system's directory for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
