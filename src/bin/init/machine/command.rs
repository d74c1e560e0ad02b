//! A command of the list: a file in `/etc/init`, named by its place in three digits, its arguments as `/proc/PID/cmdline`
//! has them, each followed by a null.

use core::ffi::CStr;

use nestling::{Arg, Args, AsFd, Errno, OFlags, sys};

/// How long a command may be, and how many arguments it may have.
const BYTES: usize = 4096;
pub const STRINGS: usize = 256;

pub struct Command {
    bytes: [u8; BYTES],
    length: usize,
}

/// The file's path, as a C string.
pub fn path(index: u8) -> [u8; 14] {
    let mut path = *b"/etc/init/000\0";
    let [.., hundreds, tens, ones, _] = &mut path;
    *hundreds += index / 100;
    *tens += index / 10 % 10;
    *ones += index % 10;
    path
}

impl Command {
    /// Reads a command; `None` after the last.
    pub fn read(index: u8) -> Option<Result<Self, Errno>> {
        match Self::read_file(&path(index)) {
            Err(Errno::ENOENT) => None,
            answer => Some(answer),
        }
    }

    fn read_file(path: &[u8]) -> Result<Self, Errno> {
        let path = CStr::from_bytes_with_nul(path).map_err(|_| Errno::EINVAL)?;
        let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
        let mut command = Self {
            bytes: [0; BYTES],
            length: 0,
        };
        loop {
            let free = command.bytes.get_mut(command.length..).unwrap_or_default();
            if free.is_empty() {
                return Err(Errno::E2BIG);
            }
            match sys::fd::read(file.as_fd(), free)? {
                0 => break,
                count => command.length += count,
            }
        }
        let count = command.strings().count();
        if count > STRINGS {
            return Err(Errno::E2BIG);
        }
        Ok(command)
    }

    fn strings(&self) -> impl Iterator<Item = &CStr> {
        let mut rest = self.bytes.get(..self.length).unwrap_or_default();
        core::iter::from_fn(move || {
            let string = CStr::from_bytes_until_nul(rest).ok()?;
            rest = rest.get(string.count_bytes() + 1..).unwrap_or_default();
            Some(string)
        })
    }

    /// The arguments, in `room`.
    pub fn args<'a>(&'a self, room: &'a mut [Option<Arg<'a>>; STRINGS + 1]) -> Args<'a> {
        for (place, string) in room.iter_mut().take(STRINGS).zip(self.strings()) {
            *place = Some(string.into());
        }
        Args::try_new(room).unwrap_or(Args::EMPTY)
    }
}
