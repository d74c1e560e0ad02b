//! `touch [-acmh] [-r file | -t time | -d date] file...`: sets the times of files, and makes files (XCU 3, `touch`).

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::sys::file::SetTime;
use nestling::time::Timestamp;
use nestling::{AsFd, Errno, OFlags, sys};

use crate::common::date::Local;

pub const APPLET: Applet = Applet {
    name: c"touch",
    synopsis: "[-acmh] [-r file | -t [[CC]YY]MMDDhhmm[.SS] | -d YYYY-MM-DDThh:mm:ss] file...",
    run,
};

struct Touch {
    /// `-c`.
    only_existing: bool,
    /// `-h`.
    links: bool,
    accessed: SetTime,
    modified: SetTime,
}

fn run(call: &Call<'_>) -> i32 {
    touch(call).unwrap_or_else(|status| status)
}

fn touch(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("acmhr:t:d:f");
    let mut touch = Touch {
        only_existing: false,
        links: false,
        accessed: SetTime::Now,
        modified: SetTime::Now,
    };
    let (mut accessed, mut modified) = (false, false);
    let mut sources = [false; 2];
    while let Some(letter) = options.next()? {
        sources[0] |= letter == b't';
        sources[1] |= matches!(letter, b'r' | b'd');
        let value = options.value;
        let wrong = || call.complain(value.to_bytes(), "not a time");
        match letter {
            b'a' => accessed = true,
            b'm' => modified = true,
            b'c' => touch.only_existing = true,
            b'h' => touch.links = true,
            b'r' => {
                let stat = sys::file::stat(value).map_err(|errno| call.fail(value, errno))?;
                (touch.accessed, touch.modified) = (of(stat.atime()), of(stat.mtime()));
            }
            b't' | b'd' => {
                let local = Local::new(call);
                let time = match letter {
                    b't' => local.digits(value.to_bytes()),
                    _ => local.text(value.to_bytes()),
                };
                let time = SetTime::To(time.ok_or_else(wrong)?);
                (touch.accessed, touch.modified) = (time, time);
            }
            _ => {}
        }
    }
    if accessed && !modified {
        touch.modified = SetTime::Keep;
    }
    if modified && !accessed {
        touch.accessed = SetTime::Keep;
    }
    if sources == [true; 2] {
        return Ok(call.misused(b"", "more than one time"));
    }
    if options.operands().next().is_none() {
        return Ok(call.misused(b"", "an operand is missing"));
    }
    let mut status = 0;
    for path in options.operands() {
        if let Err(errno) = touch.one(path) {
            status = call.fail(path, errno);
        }
    }
    Ok(status)
}

fn of((seconds, nanoseconds): (i64, u32)) -> SetTime {
    Timestamp::new(seconds, nanoseconds).map_or(SetTime::Now, SetTime::To)
}

impl Touch {
    fn one(&self, path: &CStr) -> Result<(), Errno> {
        let set = match self.links {
            true => sys::file::lutimensat,
            false => sys::file::utimensat,
        };
        match set(path, self.accessed, self.modified) {
            Err(Errno::ENOENT) if self.only_existing => {}
            Err(Errno::ENOENT) if !self.links => {
                let flags = OFlags::WRONLY | OFlags::CREAT | OFlags::CLOEXEC | OFlags::NOCTTY;
                let file = sys::fd::open(path, flags | OFlags::NONBLOCK, 0o666)?;
                sys::file::futimens(file.as_fd(), self.accessed, self.modified)?;
            }
            outcome => outcome?,
        }
        Ok(())
    }
}
