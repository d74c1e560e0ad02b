//! Walks a tree of files, without recursion: neither the depth of the tree nor the length of its paths is limited. Where a system
//! call needs a name, it gets the name in an open directory, so a directory that is renamed during the walk, or replaced by a
//! link, leads nowhere else.

use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::dir::ReadDir;
use nestling::{AsFd, BorrowedFd, Errno, FileType, OFlags, OwnedFd, Resource, Stat, c_str, sys};

/// How many directories are open at most. Of directories above these, the names that are left are read into memory.
const OPEN: usize = 64;
/// How many descriptors are left for the rest of the program: the walk's first one, a directory that is opened before another is
/// closed, and files.
const OTHERS: u64 = 5;

/// Which symbolic links are followed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// None (`-P`).
    Never,
    /// The one that the walk starts with (`-H`).
    Start,
    /// All (`-L`).
    Always,
}

/// At which point of the walk a file is visited.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The file is not a directory.
    Only,
    /// The directory, before what is in it.
    Before,
    /// The directory, after what is in it. Each `Before` has its `After`.
    After,
    /// The file does not exist (at the start only), or the directory cannot be read, or not to its end. With [`Follow::Always`],
    /// `ELOOP`: the directory contains itself.
    Failed(Errno),
}

/// A file on the walk.
pub struct Visit<'w> {
    pub when: When,
    /// The path from the start of the walk, for messages and patterns.
    pub path: &'w CStr,
    /// The directory that `name` is in.
    pub parent: BorrowedFd<'w>,
    /// The last component; for the start, the path that it was given as.
    pub name: &'w CStr,
    pub file_type: FileType,
    /// How far below the start the file is.
    pub depth: usize,
    follows: bool,
}

impl Visit<'_> {
    /// Returns the file's properties; those of a link's target if the walk follows this link.
    pub fn stat(&self) -> Result<Stat, Errno> {
        stat(self.parent, self.name, self.follows)
    }

    /// The flag for opening the file, so that a link that takes its place is not followed.
    pub fn nofollow(&self) -> OFlags {
        nofollow(self.follows)
    }
}

/// The flag of `open` that makes a symbolic link an error, unless links are followed.
fn nofollow(follows: bool) -> OFlags {
    match follows {
        true => OFlags::default(),
        false => OFlags::NOFOLLOW,
    }
}

pub struct Walk {
    follow: Follow,
    here: OwnedFd,
    /// The path of the file that is visited, with a null byte.
    path: Vec<u8>,
    /// Where the last component of the path begins.
    name: usize,
    file_type: FileType,
    levels: Vec<Level>,
    /// How many of the levels are open at most.
    open: usize,
    next: Next,
}

enum Next {
    Start,
    /// To read the directory that was visited before what is in it.
    Descend,
    /// To visit the directory after what is in it, without having read it.
    Leave,
    /// To go on in the last level.
    Continue,
    /// To remove the last level.
    Ascend,
    End,
}

/// A directory on the way to the visited file.
struct Level {
    names: Names,
    /// The length of its path, and where its name begins.
    path: usize,
    name: usize,
    /// The device and the inode number, for directories that are closed in between and for loops.
    id: Option<((u32, u32), u64)>,
    /// Whether an error ended the reading of the directory.
    failed: bool,
}

enum Names {
    Open(ReadDir<Vec<u8>>),
    /// The types and names, each with a null byte, that were left when the directory was closed; and where the next begins.
    Closed(Vec<u8>, usize),
    /// The same, open again.
    Reopened(OwnedFd, Vec<u8>, usize),
}

impl Walk {
    pub fn new(start: &CStr, follow: Follow) -> Result<Self, Errno> {
        let limit = sys::resource::getrlimit(Resource::Nofile).map_or(0, |it| it.soft);
        let here = sys::fd::open(c".", OFlags::PATH | OFlags::CLOEXEC, 0)?;
        // Those with smaller numbers are open.
        let taken = here.as_raw_fd() as u64 + OTHERS;
        Ok(Self {
            follow,
            open: limit.saturating_sub(taken).clamp(2, OPEN as u64) as usize,
            here,
            path: start.to_bytes_with_nul().to_vec(),
            name: 0,
            file_type: FileType::Unknown,
            levels: Vec::new(),
            next: Next::Start,
        })
    }

    /// Does not enter the directory that was visited last, at [`When::Before`]. Its `After` follows.
    pub fn skip(&mut self) {
        if matches!(self.next, Next::Descend) {
            self.next = Next::Leave;
        }
    }

    /// Returns the next file; `None` at the end of the walk.
    pub fn next(&mut self) -> Option<Visit<'_>> {
        let when = match core::mem::replace(&mut self.next, Next::Continue) {
            Next::Start => match stat(self.here.as_fd(), self.start(), self.follows()) {
                Err(errno) => {
                    self.next = Next::End;
                    When::Failed(errno)
                }
                Ok(stat) => {
                    self.file_type = stat.file_type();
                    let when = self.visit_file();
                    if when == When::Only {
                        self.next = Next::End;
                    }
                    when
                }
            },
            Next::Descend => match self.descend() {
                Ok(()) => self.go_on()?,
                Err(errno) => {
                    self.next = Next::Leave;
                    When::Failed(errno)
                }
            },
            Next::Leave => {
                if self.levels.is_empty() {
                    self.next = Next::End;
                }
                When::After
            }
            Next::Ascend => {
                self.levels.pop();
                if self.levels.is_empty() {
                    return None;
                }
                self.go_on()?
            }
            Next::Continue => self.go_on()?,
            Next::End => {
                self.next = Next::End;
                return None;
            }
        };
        // After what is in it, a directory is still the last level.
        let is_level = matches!(self.next, Next::Ascend);
        let depth = self.levels.len() - usize::from(is_level);
        let parent = depth.checked_sub(1).and_then(|it| self.levels.get(it));
        let name = self.path.get(self.name..).and_then(c_str::head);
        Some(Visit {
            when,
            path: c_str::head(&self.path).unwrap_or_default(),
            parent: parent.and_then(Level::fd).unwrap_or(self.here.as_fd()),
            name: name.unwrap_or_default(),
            file_type: self.file_type,
            depth,
            follows: match self.follow {
                Follow::Never => false,
                Follow::Start => depth == 0,
                Follow::Always => true,
            },
        })
    }

    fn start(&self) -> &CStr {
        c_str::head(&self.path).unwrap_or_default()
    }

    fn follows(&self) -> bool {
        match self.follow {
            Follow::Never => false,
            Follow::Start => self.levels.is_empty(),
            Follow::Always => true,
        }
    }

    fn visit_file(&mut self) -> When {
        match self.file_type {
            FileType::Directory => {
                self.next = Next::Descend;
                When::Before
            }
            _ => When::Only,
        }
    }

    /// Opens the directory that is visited, and makes it the last level.
    fn descend(&mut self) -> Result<(), Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let flags = flags | nofollow(self.follows());
        let name = self.path.get(self.name..).and_then(c_str::head);
        let parent = self.levels.last().and_then(Level::fd);
        let parent = parent.unwrap_or(self.here.as_fd());
        let directory = sys::fd::openat(parent, name.unwrap_or_default(), flags, 0)?;
        let mut id = None;
        if self.follow == Follow::Always {
            id = Some(identity(directory.as_fd())?);
            if self.levels.iter().any(|level| level.id == id) {
                return Err(Errno::ELOOP);
            }
        }
        if let Some(above) = self.levels.len().checked_sub(self.open)
            && let Some(level) = self.levels.get_mut(above)
        {
            level.close()?;
        }
        self.levels.push(Level {
            names: Names::Open(ReadDir::with_buffer(directory, alloc::vec![0; 4096])),
            path: self.path.len() - 1,
            name: self.name,
            id,
            failed: false,
        });
        Ok(())
    }

    /// Visits the next file of the last level, or the level itself.
    fn go_on(&mut self) -> Option<When> {
        let level = self.levels.last_mut()?;
        self.path.truncate(level.path);
        let entry = match level.next(&mut self.path) {
            Ok(entry) => entry,
            Err(errno) => {
                (self.name, self.file_type) = (level.name, FileType::Directory);
                self.path.truncate(level.path);
                self.path.push(0);
                level.failed = true;
                return Some(When::Failed(errno));
            }
        };
        self.path.push(0);
        let Some((name, file_type)) = entry else {
            (self.name, self.file_type) = (level.name, FileType::Directory);
            self.next = Next::Ascend;
            return Some(match self.reopen() {
                Ok(()) => When::After,
                Err(errno) => {
                    // Without the directory above, the walk cannot continue.
                    self.levels.clear();
                    self.next = Next::End;
                    When::Failed(errno)
                }
            });
        };
        (self.name, self.file_type) = (name, file_type);
        let follows_link = file_type == FileType::Symlink && self.follow == Follow::Always;
        if file_type == FileType::Unknown || follows_link {
            let parent = self.levels.last().and_then(Level::fd)?;
            let name = self.path.get(name..).and_then(c_str::head)?;
            // A link that leads nowhere is visited as a link, and a file that is gone as one of unknown type.
            let stat = stat(parent, name, follows_link);
            self.file_type = stat.map_or(file_type, |stat| stat.file_type());
        }
        Some(self.visit_file())
    }

    /// Opens the directory above the last level again, if it was closed.
    fn reopen(&mut self) -> Result<(), Errno> {
        let [.., above, last] = &mut self.levels[..] else {
            return Ok(());
        };
        let Names::Closed(names, next) = &mut above.names else {
            return Ok(());
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = match (self.follow, last.fd()) {
            (Follow::Never | Follow::Start, Some(fd)) => sys::fd::openat(fd, c"..", flags, 0)?,
            // The directory above may be that of a link.
            _ => {
                let mut path = self.path.get(..above.path).unwrap_or_default().to_vec();
                path.push(0);
                let path = c_str::head(&path).unwrap_or_default();
                sys::fd::openat(self.here.as_fd(), path, flags, 0)?
            }
        };
        if above.id != Some(identity(directory.as_fd())?) {
            return Err(Errno::ESTALE);
        }
        above.names = Names::Reopened(directory, core::mem::take(names), *next);
        Ok(())
    }
}

impl Level {
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.names {
            Names::Open(directory) => Some(directory.as_fd()),
            Names::Reopened(directory, ..) => Some(directory.as_fd()),
            Names::Closed(..) => None,
        }
    }

    /// Appends a slash and the next name to the path. Returns where the name begins, and the type of the file.
    fn next(&mut self, path: &mut Vec<u8>) -> Result<Option<(usize, FileType)>, Errno> {
        if self.failed {
            return Ok(None);
        }
        let (name, file_type) = match &mut self.names {
            Names::Open(directory) => match directory.next()? {
                None => return Ok(None),
                Some(entry) => (entry.name.to_bytes(), entry.file_type),
            },
            Names::Closed(names, next) | Names::Reopened(_, names, next) => {
                let rest = names.get(*next..).unwrap_or_default();
                let Some((&kind, rest)) = rest.split_first() else {
                    return Ok(None);
                };
                let name = c_str::head(rest).unwrap_or_default().to_bytes();
                *next += name.len() + 2;
                (name, of_number(kind))
            }
        };
        if path.last() != Some(&b'/') {
            path.push(b'/');
        }
        let start = path.len();
        path.extend_from_slice(name);
        Ok(Some((start, file_type)))
    }

    /// Reads the names that are left, and closes the directory.
    fn close(&mut self) -> Result<(), Errno> {
        let id = match self.fd() {
            Some(fd) => identity(fd)?,
            None => return Ok(()),
        };
        self.id = Some(id);
        let mut left = Vec::new();
        match &mut self.names {
            Names::Open(directory) => {
                while let Some(entry) = directory.next()? {
                    left.push(entry.file_type as u8);
                    left.extend_from_slice(entry.name.to_bytes_with_nul());
                }
            }
            Names::Closed(names, next) | Names::Reopened(_, names, next) => {
                left.extend_from_slice(names.get(*next..).unwrap_or_default());
            }
        }
        self.names = Names::Closed(left, 0);
        Ok(())
    }
}

const TYPES: [FileType; 8] = [
    FileType::Unknown,
    FileType::Fifo,
    FileType::CharDevice,
    FileType::Directory,
    FileType::BlockDevice,
    FileType::File,
    FileType::Symlink,
    FileType::Socket,
];

fn of_number(number: u8) -> FileType {
    let found = TYPES.into_iter().find(|&it| it as u8 == number);
    found.unwrap_or(FileType::Unknown)
}

fn stat(directory: BorrowedFd<'_>, name: &CStr, follows: bool) -> Result<Stat, Errno> {
    match follows {
        true => sys::file::statat(directory, name),
        false => sys::file::lstatat(directory, name),
    }
}

fn identity(fd: BorrowedFd<'_>) -> Result<((u32, u32), u64), Errno> {
    sys::file::fstat(fd).map(|stat| (stat.dev(), stat.ino()))
}
