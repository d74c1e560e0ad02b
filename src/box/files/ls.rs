//! `ls [-1ACFHLRSacdfghiklmnopqrstux] [file...]`: lists directories (XCU 3, `ls`). What it keeps in memory of a directory are the
//! names, and about 80 bytes for each file.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ffi::CStr;

use nestling::applet::{Applet, Call, Operands};
use nestling::dir::ReadDir;
use nestling::text::Text;
use nestling::{AsFd, BorrowedFd, Errno, FileType, OFlags, Stat, io, sys, terminal};
use nestling_shell::sort;

use crate::common::about;
use crate::common::bytes;
use crate::common::date::{self, Local};
use crate::common::names::{Bytes, Kind, Names};
use crate::common::number::Human;
use crate::common::output::Output;
use crate::common::paths::{c_str, join};

pub const APPLET: Applet = Applet {
    name: c"ls",
    synopsis: "[-1ACFHLRSacdfghiklmnopqrstux] [file...]",
    run: |call| ls(call).unwrap_or_else(|status| status),
};

/// How the files are ordered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Name,
    Time,
    Size,
    Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Lines,
    /// `-l`.
    Long,
    /// `-C`, and `-x`: across.
    Columns,
    Across,
    /// `-m`.
    Commas,
}

/// Which time is shown and compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Time {
    Modified,
    Changed,
    Accessed,
}

struct Ls<'a> {
    call: &'a Call<'a>,
    out: Output,
    /// `-a`: with `.` and `..`; `-A`: with all other hidden names.
    dots: bool,
    hidden: bool,
    /// `-R`, `-L`, `-i`, `-s`, `-F`, `-p`, `-h`, `-n`, `-q`, `-r`.
    recursive: bool,
    follows: bool,
    inodes: bool,
    blocks: bool,
    classify: bool,
    slashes: bool,
    human: bool,
    numbers: bool,
    printable: bool,
    reverse: bool,
    /// `-g`: without the owner; `-o`: without the group.
    owner: bool,
    group: bool,
    by: By,
    format: Format,
    time: Time,
    width: usize,
    users: Names,
    groups: Names,
    local: Local,
    now: i64,
    status: i32,
}

/// A file of a listing. Without `stat`, nothing but the name and the type is needed.
struct Entry {
    /// Where its name is in `Listing::names`.
    name: usize,
    file_type: FileType,
    about: Option<About>,
}

/// What of a `Stat` is shown.
struct About {
    mode: u32,
    nlink: u32,
    uid: u32,
    gid: u32,
    size: u64,
    blocks: u64,
    ino: u64,
    device: (u32, u32),
    time: (i64, u32),
}

/// The files of a directory, or the operands that are no directories.
#[derive(Default)]
struct Listing {
    /// With a null byte after each.
    names: Vec<u8>,
    entries: Vec<Entry>,
}

impl Listing {
    fn add(&mut self, name: &CStr, file_type: FileType, about: Option<About>) {
        let start = self.names.len();
        self.names.extend_from_slice(name.to_bytes_with_nul());
        self.entries.push(Entry {
            name: start,
            file_type,
            about,
        });
    }

    fn name(&self, entry: &Entry) -> &CStr {
        c_str(self.names.get(entry.name..).unwrap_or_default())
    }
}

/// It is long because each option has a field and an arm.
fn ls(call: &Call<'_>) -> Result<i32, i32> {
    let is_terminal = terminal::is_terminal(io::stdout());
    let mut ls = Ls {
        call,
        out: Output::new(),
        dots: false,
        hidden: false,
        recursive: false,
        follows: false,
        inodes: false,
        blocks: false,
        classify: false,
        slashes: false,
        human: false,
        numbers: false,
        printable: is_terminal,
        reverse: false,
        owner: true,
        group: true,
        by: By::Name,
        format: if is_terminal {
            Format::Columns
        } else {
            Format::Lines
        },
        time: Time::Modified,
        width: 80,
        users: Names::new(Kind::User),
        groups: Names::new(Kind::Group),
        local: Local::new(call),
        now: date::now(),
        status: 0,
    };
    if let Ok(size) = terminal::size(io::stdout())
        && size.columns > 0
    {
        ls.width = size.columns.into();
    }
    let (mut themselves, mut follows_operands) = (false, false);
    let mut options = call.options("1ACFHLRSacdfghiklmnopqrstux");
    options.wrong = 2;
    while let Some(letter) = options.next()? {
        match letter {
            b'1' if ls.format != Format::Long => ls.format = Format::Lines,
            b'C' => ls.format = Format::Columns,
            b'x' => ls.format = Format::Across,
            b'm' => ls.format = Format::Commas,
            b'l' => ls.format = Format::Long,
            b'n' => (ls.format, ls.numbers) = (Format::Long, true),
            b'g' => (ls.format, ls.owner) = (Format::Long, false),
            b'o' => (ls.format, ls.group) = (Format::Long, false),
            b'a' => (ls.dots, ls.hidden) = (true, true),
            b'A' => (ls.dots, ls.hidden) = (false, true),
            b'd' => themselves = true,
            b'f' => (ls.dots, ls.hidden, ls.by) = (true, true, By::Nothing),
            b'F' => ls.classify = true,
            b'H' => follows_operands = true,
            b'L' => ls.follows = true,
            b'R' => ls.recursive = true,
            b'S' => ls.by = By::Size,
            b't' => ls.by = By::Time,
            b'c' => ls.time = Time::Changed,
            b'u' => ls.time = Time::Accessed,
            b'h' => ls.human = true,
            b'i' => ls.inodes = true,
            b'p' => ls.slashes = true,
            b'q' => ls.printable = true,
            b'r' => ls.reverse = true,
            b's' => ls.blocks = true,
            _ => {}
        }
    }
    // Without -l, the time of -c and -u is that of the order.
    if ls.time != Time::Modified && ls.format != Format::Long && ls.by == By::Name {
        ls.by = By::Time;
    }
    let follow: fn(&CStr) -> Result<Stat, Errno> = if ls.follows || follows_operands {
        sys::file::stat
    } else if themselves || ls.classify || ls.format == Format::Long {
        sys::file::lstat
    } else {
        |path| sys::file::stat(path).or_else(|errno| dangling(path, errno))
    };
    ls.list(options.operands(), themselves, follow)
}

/// A link that leads nowhere is listed as itself; a loop of links is an error.
fn dangling(path: &CStr, errno: Errno) -> Result<Stat, Errno> {
    match errno {
        Errno::ENOENT => sys::file::lstat(path),
        errno => Err(errno),
    }
}

/// Whether a directory above in the path is the same.
fn contains_itself(path: &CStr) -> bool {
    let identity = |path: &CStr| sys::file::stat(path).ok().map(|it| (it.dev(), it.ino()));
    let last = identity(path);
    let bytes = path.to_bytes();
    let slashes = bytes.iter().enumerate().filter(|it| *it.1 == b'/');
    slashes.map(|(index, _)| index).any(|index| {
        let above = join(bytes.get(..index.max(1)).unwrap_or_default(), b"");
        identity(c_str(&above)) == last
    })
}

impl Ls<'_> {
    /// Lists the operands, or without one the current directory: first the files, or with `themselves` the directories, too, then what is in
    /// the directories. Returns the exit status.
    fn list(
        mut self,
        operands: Operands<'_>,
        themselves: bool,
        follow: fn(&CStr) -> Result<Stat, Errno>,
    ) -> Result<i32, i32> {
        let default = operands.clone().next().is_none().then_some(c".");
        let (mut files, mut directories) = (Listing::default(), Listing::default());
        for path in default.into_iter().chain(operands) {
            match follow(path) {
                Ok(stat) => match stat.is_dir() && !themselves {
                    true => &mut directories,
                    false => &mut files,
                }
                .add(path, stat.file_type(), Some(self.about(&stat))),
                // As in the programs of GNU, an operand that cannot be listed is worse than an entry.
                Err(errno) => {
                    self.call.fail(path, errno);
                    self.status = 2;
                }
            }
        }
        let several = files.entries.len() + directories.entries.len() > 1 || self.status > 0;
        let mut is_first = files.entries.is_empty();
        let here = OFlags::PATH | OFlags::CLOEXEC;
        let here = sys::fd::open(c".", here, 0).map_err(|errno| self.call.fail(c".", errno))?;
        self.write(&files, here.as_fd());
        // The last one is listed next. With `-R`, those that are found are added.
        let mut left: Vec<Vec<u8>> = Vec::new();
        for entry in self.sorted(&directories).into_iter().rev() {
            left.push(directories.name(entry).to_bytes_with_nul().to_vec());
        }
        while let Some(path) = left.pop() {
            let path = c_str(&path);
            if !core::mem::replace(&mut is_first, false) {
                self.out.write(b"\n");
            }
            if several || self.recursive {
                self.name(path.to_bytes());
                self.out.write(b":\n");
            }
            if let Err(errno) = self.directory(path, &mut left) {
                self.out.flush();
                self.call.fail(path, errno);
                self.status = 2;
            }
            if self.out.has_failed() {
                break;
            }
        }
        Ok(self.out.finish(self.call, self.status, 2))
    }

    fn about(&self, stat: &Stat) -> About {
        About {
            mode: stat.permissions(),
            nlink: stat.nlink(),
            uid: stat.uid(),
            gid: stat.gid(),
            size: stat.size(),
            blocks: stat.blocks(),
            ino: stat.ino(),
            device: stat.rdev(),
            time: match self.time {
                Time::Modified => stat.mtime(),
                Time::Changed => stat.ctime(),
                Time::Accessed => stat.atime(),
            },
        }
    }

    fn needs_stat(&self) -> bool {
        self.format == Format::Long
            || self.inodes
            || self.blocks
            || self.classify
            || self.follows
            || matches!(self.by, By::Time | By::Size)
    }

    /// Lists a directory. Its directories are added to `left` for `-R`.
    fn directory(&mut self, path: &CStr, left: &mut Vec<Vec<u8>>) -> Result<(), Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = sys::fd::open(path, flags, 0)?;
        if self.follows && self.recursive && contains_itself(path) {
            return Err(Errno::ELOOP);
        }
        let mut directory = ReadDir::with_buffer(directory, alloc::vec![0; 32 * 1024]);
        let mut listing = Listing::default();
        let mut outcome = Ok(());
        if self.dots {
            listing.add(c".", FileType::Directory, None);
            listing.add(c"..", FileType::Directory, None);
        }
        loop {
            match directory.next() {
                Ok(None) => break,
                Ok(Some(entry)) if !self.hidden && entry.name.to_bytes().starts_with(b".") => {}
                Ok(Some(entry)) => listing.add(entry.name, entry.file_type, None),
                Err(errno) => {
                    outcome = Err(errno);
                    break;
                }
            }
        }
        let mut entries = core::mem::take(&mut listing.entries);
        let needs_stat = self.needs_stat();
        entries.retain_mut(|entry| {
            let needs_type = entry.file_type == FileType::Unknown;
            if !needs_stat && !(needs_type && (self.recursive || self.slashes)) {
                return true;
            }
            let name = c_str(listing.names.get(entry.name..).unwrap_or_default());
            let stat = match self.follows {
                true => sys::file::statat(directory.as_fd(), name)
                    .or_else(|_| sys::file::lstatat(directory.as_fd(), name)),
                false => sys::file::lstatat(directory.as_fd(), name),
            };
            match stat {
                Ok(stat) => {
                    (entry.file_type, entry.about) = (stat.file_type(), Some(self.about(&stat)));
                    true
                }
                Err(errno) => {
                    self.out.flush();
                    let mut file = join(path.to_bytes(), name.to_bytes());
                    file.pop();
                    self.call.fail_at(&file, errno);
                    self.status = self.status.max(1);
                    false
                }
            }
        });
        listing.entries = entries;
        if self.format == Format::Long || self.blocks {
            let about = listing.entries.iter().filter_map(|it| it.about.as_ref());
            let blocks = about.map(|it| it.blocks).sum::<u64>();
            self.out.write(b"total ");
            match self.human {
                true => Human(blocks * 512).write(&mut self.out),
                false => (blocks / 2).write(&mut self.out),
            }
            self.out.write(b"\n");
        }
        self.write(&listing, directory.as_fd());
        if self.recursive {
            for entry in self.sorted(&listing).into_iter().rev() {
                let name = listing.name(entry).to_bytes();
                if entry.file_type == FileType::Directory && !matches!(name, b"." | b"..") {
                    left.push(join(path.to_bytes(), name));
                }
            }
        }
        outcome
    }

    fn sorted<'l>(&self, listing: &'l Listing) -> Vec<&'l Entry> {
        let entries = &listing.entries;
        let mut order: Vec<usize> = (0..entries.len()).collect();
        if self.by != By::Nothing {
            let names = |one: &Entry, other: &Entry| {
                sort::compare(listing.name(one).to_bytes(), listing.name(other).to_bytes())
            };
            sort::sort(&mut order, &|one, other| {
                let (Some(one), Some(other)) = (entries.get(one), entries.get(other)) else {
                    return Ordering::Equal;
                };
                let order = match (self.by, &one.about, &other.about) {
                    (By::Time, Some(one), Some(other)) => other.time.cmp(&one.time),
                    (By::Size, Some(one), Some(other)) => other.size.cmp(&one.size),
                    _ => Ordering::Equal,
                };
                order.then_with(|| names(one, other))
            });
            if self.reverse {
                order.reverse();
            }
        }
        order.into_iter().filter_map(|it| entries.get(it)).collect()
    }

    fn write(&mut self, listing: &Listing, directory: BorrowedFd<'_>) {
        let entries = self.sorted(listing);
        match self.format {
            Format::Long => self.long(listing, &entries, directory),
            Format::Lines => {
                for entry in entries {
                    self.short(listing, entry);
                    self.out.write(b"\n");
                }
            }
            Format::Columns | Format::Across | Format::Commas => self.columns(listing, &entries),
        }
    }

    /// Writes the inode number, the blocks, the name and the mark of its type.
    fn short(&mut self, listing: &Listing, entry: &Entry) {
        if let Some(about) = &entry.about {
            if self.inodes {
                about.ino.write(&mut self.out);
                self.out.write(b" ");
            }
            if self.blocks {
                match self.human {
                    true => Human(about.blocks * 512).write(&mut self.out),
                    false => (about.blocks / 2).write(&mut self.out),
                }
                self.out.write(b" ");
            }
        }
        self.name(listing.name(entry).to_bytes());
        self.out.write(self.mark(entry));
    }

    fn name(&mut self, name: &[u8]) {
        match self.printable {
            true => self.out.write(&bytes::printable(name)),
            false => self.out.write(name),
        }
    }

    fn mark(&self, entry: &Entry) -> &'static [u8] {
        let is_executable = entry.about.as_ref().is_some_and(|it| it.mode & 0o111 != 0);
        match entry.file_type {
            FileType::Directory if self.classify || self.slashes => b"/",
            _ if !self.classify => b"",
            FileType::Symlink if self.format == Format::Long => b"",
            FileType::Symlink => b"@",
            FileType::Fifo => b"|",
            FileType::Socket => b"=",
            FileType::File if is_executable => b"*",
            _ => b"",
        }
    }

    /// The columns are as wide as the longest name needs.
    fn columns(&mut self, listing: &Listing, entries: &[&Entry]) {
        let texts: Vec<Vec<u8>> = entries
            .iter()
            .map(|entry| {
                let out = core::mem::replace(&mut self.out, Output::in_memory());
                self.short(listing, entry);
                core::mem::replace(&mut self.out, out).into_bytes()
            })
            .collect();
        if self.format == Format::Commas {
            let mut column = 0;
            for (index, text) in texts.iter().enumerate() {
                let is_last = index + 1 == texts.len();
                if column > 0 && column + text.len() + 2 > self.width {
                    self.out.write(b"\n");
                    column = 0;
                } else if column > 0 {
                    self.out.write(b" ");
                }
                self.out.write(text);
                self.out.write(if is_last { b"\n" } else { b"," });
                column += text.len() + 2;
            }
            return;
        }
        let characters = |text: &[u8]| text.iter().filter(|&byte| byte & 0xc0 != 0x80).count();
        let widest = texts.iter().map(|it| characters(it)).max().unwrap_or(0) + 2;
        let columns = (self.width / widest).max(1);
        let rows = texts.len().div_ceil(columns);
        for row in 0..rows {
            for column in 0..columns {
                let index = match self.format {
                    Format::Across => row * columns + column,
                    _ => column * rows + row,
                };
                let Some(text) = texts.get(index) else {
                    break;
                };
                self.out.write(text);
                let next = match self.format {
                    Format::Across => index + 1,
                    _ => index + rows,
                };
                if column + 1 < columns && next < texts.len() {
                    self.pad(characters(text), widest);
                }
            }
            self.out.write(b"\n");
        }
    }

    fn pad(&mut self, length: usize, width: usize) {
        for _ in length..width {
            self.out.write(b" ");
        }
    }

    /// Writes a column; numbers at its right end.
    fn column(&mut self, text: &[u8], width: usize, is_number: bool) {
        if is_number {
            self.pad(text.len(), width);
        }
        self.out.write(text);
        if !is_number {
            self.pad(text.len(), width);
        }
        self.out.write(b" ");
    }

    fn long(&mut self, listing: &Listing, entries: &[&Entry], directory: BorrowedFd<'_>) {
        let mut widths = [0; 6];
        for entry in entries {
            if let Some(about) = &entry.about {
                for (width, text) in widths.iter_mut().zip(self.texts(entry, about)) {
                    *width = text.len().max(*width);
                }
            }
        }
        for entry in entries {
            let Some(about) = &entry.about else {
                continue;
            };
            let [inode, blocks, links, owner, group, size] = self.texts(entry, about);
            let [a, b, c, d, e, f] = widths;
            if self.inodes {
                self.column(&inode, a, true);
            }
            if self.blocks {
                self.column(&blocks, b, true);
            }
            self.out.write(&about::mode(entry.file_type, about.mode));
            self.out.write(b" ");
            self.column(&links, c, true);
            if self.owner {
                self.column(&owner, d, false);
            }
            if self.group {
                self.column(&group, e, false);
            }
            self.column(&size, f, true);
            about::time(&mut self.out, &self.local, about.time.0, self.now);
            self.out.write(b" ");
            let name = listing.name(entry);
            self.name(name.to_bytes());
            self.out.write(self.mark(entry));
            if entry.file_type == FileType::Symlink {
                let mut target = alloc::vec![0; 4097];
                let room = target.get_mut(..4096).unwrap_or_default();
                if sys::file::readlinkat(directory, name, room).is_ok() {
                    self.out.write(b" -> ");
                    self.name(c_str(&target).to_bytes());
                    let stat = sys::file::statat(directory, name);
                    if let Some(stat) = stat.ok().filter(|_| self.classify) {
                        let about = Some(self.about(&stat));
                        let file_type = stat.file_type();
                        self.out.write(self.mark(&Entry {
                            name: 0,
                            file_type,
                            about,
                        }));
                    }
                }
            }
            self.out.write(b"\n");
        }
    }

    /// The texts of the columns whose widths depend on all files.
    fn texts(&mut self, entry: &Entry, about: &About) -> [Vec<u8>; 6] {
        let number = |number: u64| {
            let mut text = Vec::new();
            number.write(&mut Bytes(&mut text));
            text
        };
        let bytes = |number_of: u64, plain: u64| match self.human {
            false => number(plain),
            true => {
                let mut text = Vec::new();
                Human(number_of).write(&mut Bytes(&mut text));
                text
            }
        };
        let size = match entry.file_type {
            FileType::CharDevice | FileType::BlockDevice => {
                let mut text = number(about.device.0.into());
                text.extend_from_slice(b", ");
                text.extend_from_slice(&number(about.device.1.into()));
                text
            }
            _ => bytes(about.size, about.size),
        };
        let blocks = bytes(about.blocks * 512, about.blocks / 2);
        let (owner, group) = match self.numbers {
            true => (number(about.uid.into()), number(about.gid.into())),
            false => (
                self.users.name(about.uid).to_vec(),
                self.groups.name(about.gid).to_vec(),
            ),
        };
        [
            number(about.ino),
            blocks,
            number(about.nlink.into()),
            owner,
            group,
            size,
        ]
    }
}
