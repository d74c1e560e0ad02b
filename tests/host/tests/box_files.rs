//! What no generated command line shows of the applets on files: trees that are deep or that change meanwhile, full disks, failing
//! system calls, holes, and other file systems.

use std::ffi::{CStr, CString};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Lines, Read};
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use nestling_host_tests::{Arch, installed, or_skip};

/// A folder that is removed at the end, in the system's directory for temporary files or in another.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        Self::within(&std::env::temp_dir(), name)
    }

    fn within(place: &Path, name: &str) -> Self {
        let path = place.join(format!("nestling-files-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn run(&self, program: &Path, arguments: &[&str]) -> Output {
        Command::new(program)
            .args(arguments)
            .current_dir(&self.0)
            .output()
            .expect("the box")
    }

    /// Runs an applet under strace, which makes a system call fail.
    fn run_with_fault(&self, program: &Path, fault: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new("strace");
        command.args(["-f", "-o", "/dev/null", "-e", &format!("inject={fault}")]);
        let command = command.arg(program).args(arguments);
        command.current_dir(&self.0).output().expect("strace")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[track_caller]
fn succeeds(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[track_caller]
fn fails_with(output: &Output, text: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(text), "{said}");
}

#[test]
fn rm_removes_trees_deeper_than_its_open_directories() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("deep");
    // 64 directories are open at most.
    for depth in [63, 64, 65, 66, 130, 300] {
        let mut path = folder.path("tree");
        for level in 0..depth {
            path.push("d");
            fs::create_dir_all(&path).expect("a directory");
            fs::write(path.join(format!("file\n{level}")), "x").expect("a file");
            symlink("..", path.join("up")).expect("a link");
        }
        succeeds(&folder.run(&ours, &["rm", "-r", "tree"]));
        assert!(!folder.path("tree").exists(), "{depth}");
    }
}

#[test]
fn trees_deeper_than_the_limit_on_descriptors_are_walked() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("few");
    let script = "p=tree; for i in $(seq 40); do p=$p/d; mkdir -p $p/e; echo x >$p/f; ln -s .. $p/up; done; ulimit -n 8; \
        $BOX find tree -name f -exec true {} + && $BOX find tree -name f | wc -l; $BOX du -a tree | wc -l; \
        $BOX grep -r x tree | wc -l; $BOX chmod -R g-x tree && $BOX chown -R $(id -u) tree && $BOX cp -a tree copy && \
        diff -r --no-dereference tree copy && $BOX rm -r tree && ls";
    assert_eq!(piped(&folder, &ours, script), "40\n161\n40\ncopy\n");
}

#[test]
fn rm_follows_no_link_out_of_the_tree() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("links");
    fs::create_dir_all(folder.path("kept/sub")).expect("a directory");
    fs::write(folder.path("kept/sub/file"), "x").expect("a file");
    fs::create_dir(folder.path("tree")).expect("a directory");
    symlink("../kept", folder.path("tree/link")).expect("a link");
    symlink("loop", folder.path("tree/loop")).expect("a link");
    succeeds(&folder.run(&ours, &["rm", "-rf", "tree"]));
    assert!(!folder.path("tree").exists());
    assert!(folder.path("kept/sub/file").exists());
}

#[test]
fn rm_stops_at_a_tree_that_was_moved_instead_of_removing_another() {
    let ours = or_skip!(Arch::X86_64.the_box());
    or_skip!(installed("strace"));
    let folder = Folder::new("moved");
    let mut path = folder.path("tree");
    for _ in 0..80 {
        path.push("d");
    }
    fs::create_dir_all(&path).expect("directories");
    // The first directory that was closed cannot be opened again: the 80th level is removed, and the way back fails.
    let fault = "openat:error=ESTALE:when=84";
    let output = folder.run_with_fault(&ours, fault, &["rm", "-r", "tree"]);
    fails_with(&output, "ESTALE");
    assert!(folder.path("tree/d").exists());
    succeeds(&folder.run(&ours, &["rm", "-r", "tree"]));
}

#[test]
fn rm_reports_a_directory_that_cannot_be_removed_once_and_goes_on() {
    let ours = or_skip!(Arch::X86_64.the_box());
    or_skip!(installed("strace"));
    let folder = Folder::new("kept");
    fs::create_dir_all(folder.path("tree/sub")).expect("a directory");
    fs::write(folder.path("tree/sub/file"), "x").expect("a file");
    let fault = "unlinkat:error=EPERM:when=1";
    let output = folder.run_with_fault(&ours, fault, &["rm", "-rf", "tree"]);
    fails_with(&output, "rm: tree/sub/file: EPERM");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(folder.path("tree/sub/file").exists());
}

#[test]
fn cp_keeps_holes_modes_times_and_links() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("kinds");
    let tree = folder.path("tree");
    fs::create_dir(&tree).expect("a directory");
    let sparse = File::create(tree.join("sparse")).expect("a file");
    sparse.write_all_at(b"begin", 0).expect("a write");
    sparse.write_all_at(b"middle", 8 << 20).expect("a write");
    sparse.set_len(16 << 20).expect("a length");
    fs::write(tree.join("one\nname"), "x").expect("a file");
    fs::hard_link(tree.join("one\nname"), tree.join("other")).expect("a link");
    symlink("nowhere", tree.join("dangling")).expect("a link");
    let mode = fs::Permissions::from_mode(0o4751);
    fs::set_permissions(tree.join("other"), mode).expect("a mode");
    fs::set_permissions(&tree, fs::Permissions::from_mode(0o555)).expect("a mode");
    succeeds(&folder.run(&ours, &["cp", "-a", "tree", "copy"]));
    let copy = folder.path("copy");
    for name in ["", "sparse", "one\nname", "other", "dangling"] {
        let [from, to] = [&tree, &copy].map(|it| it.join(name).symlink_metadata().expect(name));
        let about = |it: &fs::Metadata| (it.mode(), it.mtime(), it.mtime_nsec(), it.nlink());
        assert_eq!(about(&from), about(&to), "{name:?}");
    }
    let [from, to] = [&tree, &copy].map(|it| fs::read(it.join("sparse")).expect("the file"));
    assert!(from == to);
    let blocks = |it: &Path| it.join("sparse").metadata().expect("a file").blocks();
    assert!(blocks(&copy) <= blocks(&tree), "{}", blocks(&copy));
    let ino = |name: &str| copy.join(name).metadata().expect("a file").ino();
    assert_eq!(ino("one\nname"), ino("other"));
}

#[test]
fn cp_reads_and_writes_where_the_kernel_cannot_copy() {
    let ours = or_skip!(Arch::X86_64.the_box());
    or_skip!(installed("strace"));
    let folder = Folder::new("fallback");
    let bytes: Vec<u8> = (0..300_000_u32).map(|it| it as u8).collect();
    fs::write(folder.path("file"), &bytes).expect("a file");
    for errno in ["ENOSYS", "EXDEV", "EINVAL", "EOPNOTSUPP", "EPERM"] {
        let fault = format!("copy_file_range:error={errno}");
        succeeds(&folder.run_with_fault(&ours, &fault, &["cp", "file", "copy"]));
        assert!(fs::read(folder.path("copy")).expect("the copy") == bytes);
    }
}

#[test]
fn cp_overwrites_no_file_through_a_link_that_appears_meanwhile() {
    let ours = or_skip!(Arch::X86_64.the_box());
    or_skip!(installed("strace"));
    let folder = Folder::new("appears");
    fs::write(folder.path("file"), "new").expect("a file");
    fs::write(folder.path("kept"), "old").expect("a file");
    symlink("kept", folder.path("link")).expect("a link");
    // To cp, the link does not exist before it opens the target.
    let mut command = Command::new("strace");
    command.args(["-o", "/dev/null", "-P", "link", "-e"]);
    command.arg("inject=statx:error=ENOENT").arg(&ours);
    command.args(["cp", "file", "link"]).current_dir(&folder.0);
    fails_with(&command.output().expect("strace"), "cp: link: ELOOP");
    assert_eq!(fs::read(folder.path("kept")).expect("the file"), b"old");
    // A link that was there is followed, as by the other programs.
    succeeds(&folder.run(&ours, &["cp", "file", "link"]));
    assert_eq!(fs::read(folder.path("kept")).expect("the file"), b"new");
}

#[test]
fn cp_reports_a_full_disk_and_a_bad_one() {
    let ours = or_skip!(Arch::X86_64.the_box());
    or_skip!(installed("strace"));
    let folder = Folder::new("full");
    fs::write(folder.path("file"), "x").expect("a file");
    let fault = "copy_file_range:error=ENOSPC";
    fails_with(
        &folder.run_with_fault(&ours, fault, &["cp", "file", "copy"]),
        "cp: copy: ENOSPC",
    );
    // Of the other way of copying, the first read.
    let fault = "copy_file_range,read:error=EIO";
    fails_with(
        &folder.run_with_fault(&ours, fault, &["cp", "file", "copy"]),
        "cp: file: EIO",
    );
    fails_with(&folder.run(&ours, &["cp", "file", "/dev/full"]), "ENOSPC");
}

/// Another file system than that of the temporary files.
fn other_file_system(folder: &Folder) -> Option<Folder> {
    // Each test has a folder of its own there, too.
    let name = folder.0.file_name().expect("a name").to_string_lossy();
    let shared = Folder::within(Path::new("/dev/shm"), &name);
    let device = |it: &Folder| it.0.metadata().expect("a folder").dev();
    (device(&shared) != device(folder)).then_some(shared)
}

#[test]
fn mv_to_another_file_system_keeps_the_source_until_the_copy_is_complete() {
    let ours = or_skip!(Arch::X86_64.the_box());
    or_skip!(installed("strace"));
    let folder = Folder::new("move");
    let Some(other) = other_file_system(&folder) else {
        return;
    };
    fs::create_dir_all(folder.path("tree/sub")).expect("a directory");
    fs::write(folder.path("tree/sub/file"), "content").expect("a file");
    fs::hard_link(folder.path("tree/sub/file"), folder.path("tree/second")).expect("a link");
    symlink("sub", folder.path("tree/link")).expect("a link");
    let target = other.path("tree");
    let target = target.to_str().expect("a name");
    let faults = [
        "copy_file_range:error=ENOSPC",
        "syncfs:error=EIO",
        "fchmod:error=EIO",
        "symlinkat:error=EDQUOT",
        "linkat:error=EPERM",
        "utimensat:error=EROFS",
        "renameat2:error=EIO:when=2",
    ];
    for fault in faults {
        let output = folder.run_with_fault(&ours, fault, &["mv", "tree", target]);
        fails_with(&output, "mv: ");
        let left = fs::read_dir(&other.0).expect("the folder").count();
        assert_eq!(left, 0, "{fault}");
        assert_eq!(
            fs::read(folder.path("tree/sub/file")).expect("the source"),
            b"content"
        );
    }
    succeeds(&folder.run(&ours, &["mv", "tree", target]));
    assert!(!folder.path("tree").exists());
    let about = |name: &str| other.path(name).symlink_metadata().expect(name);
    assert_eq!(about("tree/second").ino(), about("tree/sub/file").ino());
    assert!(about("tree/link").is_symlink());
    assert_eq!(fs::read(other.path("tree/second")).expect("it"), b"content");
}

#[test]
fn cp_and_mv_do_not_replace_what_they_have_just_made() {
    let ours = or_skip!(Arch::X86_64.the_box());
    for applet in ["cp", "mv"] {
        let folder = Folder::new(&format!("just-made-{applet}"));
        for name in ["1", "2", "to"] {
            fs::create_dir(folder.path(name)).expect("a directory");
        }
        fs::write(folder.path("1/file"), "one").expect("a file");
        fs::write(folder.path("2/file"), "two").expect("a file");
        let output = folder.run(&ours, &[applet, "1/file", "2/file", "to"]);
        fails_with(&output, "to/file: not replaced");
        assert_eq!(fs::read(folder.path("to/file")).expect("the first"), b"one");
        assert_eq!(fs::read(folder.path("2/file")).expect("the second"), b"two");
        // With `-n`, nothing is replaced, and that is no error.
        fs::write(folder.path("1/file"), "one").expect("a file");
        succeeds(&folder.run(&ours, &[applet, "-n", "1/file", "2/file", "to"]));
    }
}

#[test]
fn a_tree_with_links_that_is_copied_twice_keeps_its_files() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("twice");
    fs::create_dir(folder.path("tree")).expect("a directory");
    fs::create_dir(folder.path("to")).expect("a directory");
    fs::write(folder.path("tree/file"), "x").expect("a file");
    fs::hard_link(folder.path("tree/file"), folder.path("tree/other")).expect("a link");
    succeeds(&folder.run(&ours, &["cp", "-a", "tree", "tree", "to"]));
    let ino = |name: &str| folder.path(name).metadata().expect(name).ino();
    assert_eq!(ino("to/tree/file"), ino("to/tree/other"));
}

#[test]
fn ln_and_mv_do_not_replace_a_file_by_a_link_to_itself() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("itself");
    fs::create_dir(folder.path("sub")).expect("a directory");
    fs::write(folder.path("sub/file"), "content").expect("a file");
    symlink("sub/file", folder.path("link")).expect("a link");
    symlink("sub", folder.path("other")).expect("a link");
    let whole = folder.path("sub/file");
    let calls: [&[&str]; 5] = [
        &["ln", "-sf", "sub/file", "sub/file"],
        &["ln", "-sf", "sub/file", "other/file"],
        &["ln", "-sf", whole.to_str().expect("a name"), "sub"],
        &["ln", "-f", "-L", "link", "sub/file"],
        &["mv", "link", "sub/file"],
    ];
    for call in calls {
        fails_with(&folder.run(&ours, call), "");
        assert_eq!(fs::read(&whole).expect("the file"), b"content", "{call:?}");
    }
}

#[test]
fn without_its_owner_a_copy_has_the_mode_and_the_times() {
    let ours = or_skip!(Arch::X86_64.the_box());
    or_skip!(installed("strace"));
    let folder = Folder::new("owner");
    let Some(other) = other_file_system(&folder) else {
        return;
    };
    let about = |path: &Path| {
        let it = path.symlink_metadata().expect("a file");
        (it.mode(), it.mtime(), it.mtime_nsec())
    };
    // Only root can keep the owner of another user's file.
    let is_root = folder.0.metadata().expect("a folder").uid() == 0;
    for (applet, is_error) in [("cp", is_root), ("mv", false)] {
        let path = folder.path("file");
        fs::write(&path, "content").expect("a file");
        let mode = fs::Permissions::from_mode(0o4640);
        fs::set_permissions(&path, mode).expect("a mode");
        let (mode, seconds, nanoseconds) = about(&path);
        let target = other.path(applet);
        let mut list = vec![applet, "file", target.to_str().expect("a name")];
        if applet == "cp" {
            list.insert(1, "-p");
        }
        // As on vfat, or on a server that does not trust root.
        let output = folder.run_with_fault(&ours, "fchownat:error=EPERM", &list);
        match is_error {
            true => fails_with(&output, "EPERM"),
            false => succeeds(&output),
        }
        let without_bits = mode & !0o4000;
        assert_eq!(
            about(&target),
            (without_bits, seconds, nanoseconds),
            "{applet}"
        );
    }
}

#[test]
fn cp_does_not_follow_a_link_in_the_target_to_another_directory() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("outside");
    for name in ["tree", "to", "outside"] {
        fs::create_dir(folder.path(name)).expect("a directory");
    }
    fs::write(folder.path("tree/file"), "x").expect("a file");
    symlink("../outside", folder.path("to/tree")).expect("a link");
    fails_with(
        &folder.run(&ours, &["cp", "-a", "tree", "to"]),
        "to/tree: EEXIST",
    );
    assert_eq!(fs::read_dir(folder.path("outside")).expect("it").count(), 0);
}

#[test]
fn mv_is_not_hindered_by_what_a_killed_mv_has_left() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("left");
    let Some(other) = other_file_system(&folder) else {
        return;
    };
    // In a new pid namespace, the shell is process 1, and mv has a small number, which the leftovers have.
    fs::write(folder.path("file"), "content").expect("a file");
    for pid in 1..20 {
        fs::write(other.path(&format!(".box-{pid}")), "").expect("a file");
    }
    let mut command = Command::new("unshare");
    command.args(["-Urpf", "sh", "-c", "\"$0\" mv file \"$1/file\""]);
    command.arg(&ours).arg(&other.0).current_dir(&folder.0);
    succeeds(&command.output().expect("unshare"));
    assert_eq!(fs::read(other.path("file")).expect("it"), b"content");
    assert_eq!(fs::read_dir(&other.0).expect("the folder").count(), 20);
}

#[test]
fn a_copied_directory_keeps_the_bit_that_it_inherits() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("inherited");
    fs::create_dir(folder.path("tree")).expect("a directory");
    fs::create_dir(folder.path("to")).expect("a directory");
    let set = |name: &str, mode| {
        fs::set_permissions(folder.path(name), fs::Permissions::from_mode(mode)).expect("a mode");
    };
    set("tree", 0o1555);
    set("to", 0o2775);
    succeeds(&folder.run(&ours, &["cp", "-R", "tree", "to"]));
    let mode = folder.path("to/tree").metadata().expect("it").mode();
    assert_eq!(mode & 0o7700, 0o3500);
}

#[test]
fn ln_replaces_a_file_only_with_the_complete_link() {
    let ours = or_skip!(Arch::X86_64.the_box());
    or_skip!(installed("strace"));
    let folder = Folder::new("replace");
    fs::write(folder.path("file"), "old").expect("a file");
    let fault = "renameat2:error=EIO";
    let output = folder.run_with_fault(&ours, fault, &["ln", "-sf", "new", "file"]);
    fails_with(&output, "ln: file: EIO");
    assert_eq!(fs::read(folder.path("file")).expect("the file"), b"old");
    assert_eq!(fs::read_dir(&folder.0).expect("the folder").count(), 1);
}

#[test]
fn tail_reads_files_of_the_kernel_and_ends_with_a_pipe() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("tail");
    let output = folder.run(&ours, &["tail", "-n", "1", "/proc/self/status"]);
    succeeds(&output);
    assert_eq!(output.stdout.iter().filter(|&&it| it == b'\n').count(), 1);
    let script = "seq 9 | \"$0\" tail -fn 2; seq 5 >f; \"$0\" tail -n 3 f >>f; cat f";
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", script]).arg(&ours).current_dir(&folder.0);
    let output = shell.output().expect("sh");
    succeeds(&output);
    let expected = "8\n9\n1\n2\n3\n4\n5\n3\n4\n5\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

/// Starts a program, and returns it with the lines that it writes.
fn start(command: &mut Command) -> (Child, Lines<BufReader<ChildStdout>>) {
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("a program");
    let output = child.stdout.take().expect("its output");
    (child, BufReader::new(output).lines())
}

#[test]
fn tail_follows_a_file_that_is_truncated_and_a_name_that_another_file_takes() {
    let ours = or_skip!(Arch::X86_64.the_box());
    for (option, replaces) in [("-f", false), ("-F", true)] {
        let folder = Folder::new(&format!("follow{option}"));
        let path = folder.path("log");
        fs::write(&path, "first\nsecond\n").expect("a file");
        let (mut tail, mut lines) = start(
            Command::new(&ours)
                .args(["tail", option, "log"])
                .current_dir(&folder.0),
        );
        let mut next = || lines.next().expect("a line").expect("a read");
        assert_eq!([next(), next()], ["first", "second"]);
        fs::write(&path, "third\n").expect("a file");
        assert_eq!(next(), "third", "{option}");
        if replaces {
            fs::write(folder.path("new"), "fourth and more\n").expect("a file");
            fs::rename(folder.path("new"), &path).expect("a new file");
            assert_eq!(next(), "fourth and more");
        }
        tail.kill().expect("a signal");
        tail.wait().expect("its status");
    }
}

#[test]
fn an_applet_writes_a_line_to_a_terminal_before_it_waits_for_the_next() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("lines");
    for applet in ["grep o", "cut -c1-3", "tr o o", "head -n 9", "tail -n +1"] {
        // The pipe ends when the test opens the fifo, after it has read the line.
        let _ = fs::remove_file(folder.path("fifo"));
        let script =
            format!("mkfifo fifo; {{ echo one; cat <fifo; }} | \"$BOX\" {applet}; echo end");
        let mut command = Command::new("script");
        let command = command.args(["-qec", &script, "/dev/null"]);
        let command = command.env("BOX", &ours).env("SHELL", "/bin/sh");
        let command = command.stdin(Stdio::null()).current_dir(&folder.0);
        let (mut terminal, mut lines) = start(command);
        let mut next = || lines.next().expect("a line").expect("a read");
        assert_eq!(next().trim_end(), "one", "{applet}");
        drop(File::options().write(true).open(folder.path("fifo")));
        assert_eq!(next().trim_end(), "end", "{applet}");
        terminal.wait().expect("its status");
    }
}

/// Reads 64 pages of this process's memory by `dd`, in blocks of 16 pages; the pages 19 and 20 cannot be read. Returns the first
/// byte of each page of the output: page `n` of the memory has the byte `n + 1`.
fn read_bad_memory(ours: &Path, words: &[&str]) -> Vec<u8> {
    const PAGE: usize = 4096;
    let (access, kind) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
    );
    // SAFETY: the mapping is new, and only this function uses it.
    let memory = unsafe {
        let start = libc::mmap(std::ptr::null_mut(), 64 * PAGE, access, kind, -1, 0);
        assert_ne!(start, libc::MAP_FAILED);
        for page in 0..64 {
            start.cast::<u8>().add(page * PAGE).write(page as u8 + 1);
        }
        assert_eq!(libc::munmap(start.byte_add(19 * PAGE), 2 * PAGE), 0);
        start
    };
    let mut command = Command::new(ours);
    command.arg("dd").arg(format!("skip={}", memory as usize));
    command.arg(format!("if=/proc/{}/mem", std::process::id()));
    command
        .args(["bs=64k", "count=4", "status=none"])
        .args(words);
    let output = command.output().expect("dd");
    // SAFETY: the mapping of above.
    unsafe { libc::munmap(memory, 64 * PAGE) };
    assert!(output.status.success(), "{output:?}");
    output.stdout.iter().copied().step_by(PAGE).collect()
}

#[test]
fn dd_leaves_out_what_it_cannot_read_and_nothing_else() {
    let ours = or_skip!(Arch::X86_64.the_box());
    // SAFETY: the call has no arguments. Only root may read another process's memory everywhere.
    if unsafe { libc::geteuid() } != 0 {
        return;
    }
    let whole: Vec<u8> = (1..=64)
        .map(|page| if (20..=32).contains(&page) { 0 } else { page })
        .collect();
    let short: Vec<u8> = whole.iter().copied().filter(|&page| page > 0).collect();
    for flags in ["iflag=skip_bytes", "iflag=skip_bytes,fullblock"] {
        let read = |conversion| read_bad_memory(&ours, &[flags, conversion]);
        assert_eq!(read("conv=noerror,sync"), whole, "{flags}");
        assert_eq!(read("conv=noerror"), short, "{flags}");
    }
}

#[test]
fn dd_reports_at_sigusr1_and_goes_on() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let mut command = Command::new(&ours);
    command.args(["dd", "if=/dev/zero", "bs=64k", "count=40"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut dd = command.spawn().expect("dd");
    let mut output = dd.stdout.take().expect("its output");
    // A pipe takes 64 KiB, so dd waits for this process after the second block.
    output.read_exact(&mut vec![0; 65536]).expect("a block");
    // SAFETY: the child was not waited for.
    assert_eq!(unsafe { libc::kill(dd.id() as i32, libc::SIGUSR1) }, 0);
    let copied = std::io::copy(&mut output, &mut std::io::sink()).expect("the rest");
    assert_eq!(copied, 39 * 65536);
    let output = dd.wait_with_output().expect("its status");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("records out").count(), 2, "{said}");
    assert!(
        said.ends_with("40+0 records out\n2621440 bytes copied\n"),
        "{said}"
    );
}

#[test]
fn cp_copies_what_a_file_of_sys_contains_and_no_more() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("sys");
    let path = "/sys/kernel/mm/transparent_hugepage/enabled";
    let Ok(content) = fs::read(path) else {
        return;
    };
    succeeds(&folder.run(&ours, &["cp", path, "copy"]));
    assert_eq!(fs::read(folder.path("copy")).expect("the copy"), content);
}

/// The list `user::rw-,user:1000:rw-,group::---,mask::rw-,other::---`: the mode shows the mask as the rights of the group.
const ACCESS_LIST: &[u8] = b"\x02\0\0\0\
    \x01\0\x06\0\xff\xff\xff\xff\
    \x02\0\x06\0\xe8\x03\0\0\
    \x04\0\0\0\xff\xff\xff\xff\
    \x10\0\x06\0\xff\xff\xff\xff\
    \x20\0\0\0\xff\xff\xff\xff";

fn attribute(path: &Path, name: &CStr) -> Option<Vec<u8>> {
    let path = CString::new(path.as_os_str().as_encoded_bytes()).expect("a path");
    let mut value = [0; 256];
    let length = nestling::sys::xattr::lgetxattr(&path, name, &mut value).ok()?;
    Some(value[..length].to_vec())
}

#[test]
fn cp_and_mv_keep_attributes_or_give_the_group_no_more_than_its_list() {
    let ours = or_skip!(Arch::X86_64.the_box());
    or_skip!(installed("strace"));
    let folder = Folder::new("attributes");
    let Some(other) = other_file_system(&folder) else {
        return;
    };
    let list = c"system.posix_acl_access";
    let make = |path: &Path| {
        let c_path = CString::new(path.as_os_str().as_encoded_bytes()).expect("a path");
        let set = |name, value| nestling::sys::xattr::lsetxattr(&c_path, name, value).is_ok();
        set(list, ACCESS_LIST) && set(c"user.colour", b"green")
    };
    let probe = other.path("probe");
    fs::write(&probe, "").expect("a file");
    let c_probe = CString::new(probe.as_os_str().as_encoded_bytes()).expect("a path");
    if nestling::sys::xattr::lsetxattr(&c_probe, list, ACCESS_LIST).is_err() {
        return;
    }
    for (name, is_directory) in [("file", false), ("tree", true)] {
        let path = folder.path(name);
        match is_directory {
            true => fs::create_dir(&path).expect("a directory"),
            false => fs::write(&path, "x").expect("a file"),
        }
        if !make(&path) {
            return;
        }
        let copy = other.path(name);
        let to = copy.to_str().expect("a name");
        succeeds(&folder.run(&ours, &["cp", "-a", name, to]));
        let about = |path: &Path| {
            let mode = path.metadata().expect("a file").mode() & 0o777;
            (mode, attribute(path, list), attribute(path, c"user.colour"))
        };
        // The other file system may have no attributes of users.
        let (mode, kept, _) = about(&copy);
        assert_eq!(mode & 0o070, 0o060, "{name}");
        assert_eq!(kept.as_deref(), Some(ACCESS_LIST), "{name}");
        succeeds(&folder.run(&ours, &["cp", "-a", name, "copy"]));
        assert_eq!(about(&folder.path("copy")), about(&path), "{name}");
        // Where the list cannot be stored, the rights of the mask are not those of the group.
        let _ = fs::remove_dir(&copy).or_else(|_| fs::remove_file(&copy));
        let _ =
            fs::remove_dir(folder.path("copy")).or_else(|_| fs::remove_file(folder.path("copy")));
        let call = if is_directory {
            "lsetxattr"
        } else {
            "fsetxattr"
        };
        let fault = format!("{call}:error=EOPNOTSUPP");
        succeeds(&folder.run_with_fault(&ours, &fault, &["mv", name, to]));
        assert_eq!(about(&copy).0 & 0o070, 0, "{name}");
    }
}

/// Runs the box and a shell's pipeline before it. Returns its output.
fn piped(folder: &Folder, ours: &Path, script: &str) -> String {
    let mut command = Command::new("sh");
    command.args(["-c", script]).env("BOX", ours);
    let output = command.current_dir(&folder.0).output().expect("a shell");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn cut_counts_a_byte_that_is_no_character_as_one() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("latin");
    let script = r"printf 'a\243b\n\303\251x\n\351\251z\n' | $BOX cut -c2 | od -An -tx1";
    assert_eq!(piped(&folder, &ours, script), " a3 0a 78 0a a9 0a\n");
}

#[test]
fn sort_orders_general_numbers_by_their_value() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("general");
    let script = r"printf '1e3\n5\n-inf\ninf\nnan\nabc\n-3e2\n0\n0.001e5\n1e-3\n.5\n +7\n9e99999\n11\n1e1\n-1\n0x1F\n' | $BOX sort -g";
    let expected = "abc nan -inf -3e2 -1 0 1e-3 .5 5  +7 1e1 11 0x1F 0.001e5 1e3 9e99999 inf ";
    let said = piped(&folder, &ours, script).replace('\n', " ");
    assert_eq!(said, expected);
    // A position behind every end.
    let script = r"printf 'b\na\n' | $BOX sort -s -k 2.18446744073709551615";
    assert_eq!(piped(&folder, &ours, script), "b\na\n");
}

#[test]
fn xargs_adapts_to_the_limits_and_takes_the_longest_argument_of_linux() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("limits");
    let script = "ulimit -s 512; seq 1 30000 >all; $BOX xargs env echo <all | tr ' ' '\\n' | cmp - all && echo same";
    assert_eq!(piped(&folder, &ours, script), "same\n");
    let script = "head -c 131000 /dev/zero | tr '\\0' a | $BOX xargs -n1 env printf %s | wc -c";
    assert_eq!(piped(&folder, &ours, script).trim(), "131000");
    // A word that does not end is refused at the limit.
    let script =
        "(ulimit -v 20000; $BOX xargs </dev/zero 2>&1; yes | tr -d '\\n' | $BOX xargs 2>&1)";
    let expected = "xargs: an argument is too long\n".repeat(2);
    assert_eq!(piped(&folder, &ours, script), expected);
    let script = r"printf 'a\0b c\n' | $BOX xargs echo 2>&1";
    let expected = "xargs: an argument ends at a null byte\na c\n";
    assert_eq!(piped(&folder, &ours, script), expected);
}

#[test]
fn xargs_with_p_runs_that_many_commands_at_the_same_time_and_no_more() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("parallel");
    // Two commands that wait for each other.
    let script = "mkfifo a b; echo 1 2 | $BOX xargs -P 2 -n 1 sh -c \
        'case $0 in 1) read x <a; echo >b;; 2) echo >a; read x <b;; esac'; echo $?";
    assert_eq!(piped(&folder, &ours, script), "0\n");
    let script = "mkdir runs; seq 30 | $BOX xargs -P 3 -n 1 sh -c \
        '>runs/$0; set -- \"$0\" runs/*; rm runs/$1; test $# -le 4'; echo $?";
    assert_eq!(piped(&folder, &ours, script), "0\n");
    // After a status of 255 no other starts, and those that run are waited for.
    let script = "mkfifo c; seq 9 | $BOX xargs -P 2 -n 1 sh -c \
        'case $0 in 1) read x <c; echo end;; 2) exit 255;; *) echo more;; esac' 2>said & \
        until test -s said; do :; done; grep -q 255 said && echo >c; wait $!; echo $?";
    assert_eq!(piped(&folder, &ours, script), "end\n124\n");
}

#[test]
fn cat_does_not_copy_a_file_to_its_own_end() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("own-end");
    // Without the check, the file grows up to the limit.
    let script = "ulimit -f 100; echo a >f; echo b >g; $BOX cat g f g >>f 2>&1; echo $?; cat f";
    let expected = "1\na\nb\ncat: f: the input is the output\nb\n";
    assert_eq!(piped(&folder, &ours, script), expected);
    let script = "echo a >f; $BOX cat <f >>f 2>/dev/null; echo $?; $BOX cat f >f; echo $?; cat f";
    assert_eq!(piped(&folder, &ours, script), "1\n0\n");
}

#[test]
fn cp_follows_no_link_that_takes_the_place_of_a_file() {
    let ours = or_skip!(Arch::X86_64.the_box());
    or_skip!(installed("strace"));
    let folder = Folder::new("takes-place");
    fs::create_dir_all(folder.path("tree/sub")).expect("a directory");
    fs::write(folder.path("tree/sub/file"), "x").expect("a file");
    let mut command = Command::new("strace");
    command.args(["-e", "trace=openat"]).arg(&ours);
    command.args(["cp", "-R", "tree", "copy"]);
    let output = command.current_dir(&folder.0).output().expect("strace");
    let said = String::from_utf8_lossy(&output.stderr);
    for name in ["\"tree\"", "\"sub\"", "\"file\""] {
        let reads = |line: &&str| line.contains(name) && line.contains("O_RDONLY");
        let line = said.lines().find(reads).unwrap_or_else(|| panic!("{said}"));
        assert!(line.contains("O_NOFOLLOW"), "{line}");
    }
}

#[test]
fn without_memory_an_applet_says_so_and_its_status_is_2() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let folder = Folder::new("memory");
    let script = "ulimit -v 20000; yes | $BOX sort 2>&1; echo $?; \
        $BOX dd bs=100M count=1 if=/dev/zero 2>&1; echo $?; \
        $BOX sh -c 'x=$(printf %09999999d 1); x=$x$x$x$x; echo $x | wc -c' 2>&1; echo $?";
    // The applet reports it, or the panic handler: that depends on which allocation fails.
    let expected = "ENOMEM: out of memory\n2\n".repeat(3);
    let said = piped(&folder, &ours, script);
    let errors: String = said
        .split_inclusive('\n')
        .map(|line| {
            line.rsplit_once(": ENOMEM")
                .map_or(line, |(name, _)| &line[name.len() + 2..])
        })
        .collect();
    assert_eq!(errors, expected, "{said}");
}
