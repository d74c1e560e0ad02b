//! `stat [-Lt] [-c format] file...`: writes what the file system knows about files. The format has GNU's and busybox's letters:
//! `a A b B d D f F g G h i m n N o s t T u U W x X y Y z Z`, without `m`, `o` and `W`.

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::text::Text;
use nestling::{FileType, Stat, sys};

use crate::common::about;
use crate::common::date::Local;
use crate::common::names::{Kind, Names};
use crate::common::output::Output;
use crate::common::paths::c_str;

pub const APPLET: Applet = Applet {
    name: c"stat",
    synopsis: "[-L] [-c format] file...",
    run: |call| stat(call).unwrap_or_else(|status| status),
};

const FORMAT: &[u8] =
    b"  File: %N\n  Size: %s\tBlocks: %b\tIO Block: %o\t%F\nDevice: %D\tInode: %i\tLinks: %h\n\
Access: (%a/%A)  Uid: (%u/%U)   Gid: (%g/%G)\nAccess: %x\nModify: %y\nChange: %z\n";

struct Stats {
    out: Output,
    local: Local,
    users: Names,
    groups: Names,
}

fn stat(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("Lc:");
    let (mut follows, mut format) = (false, None);
    while let Some(letter) = options.next()? {
        match letter {
            b'L' => follows = true,
            _ => format = Some(options.value.to_bytes()),
        }
    }
    if options.operands().next().is_none() {
        return Ok(call.misused(b"", "an operand is missing"));
    }
    let mut stats = Stats {
        out: Output::new(),
        local: Local::new(call),
        users: Names::new(Kind::User),
        groups: Names::new(Kind::Group),
    };
    let mut status = 0;
    for path in options.operands() {
        let stat = match follows {
            true => sys::file::stat(path),
            false => sys::file::lstat(path),
        };
        match stat {
            Err(errno) => status = call.fail(path, errno),
            Ok(stat) => {
                stats.file(path, &stat, format.unwrap_or(FORMAT));
                if format.is_some() {
                    stats.out.write(b"\n");
                }
            }
        }
    }
    Ok(stats.out.finish(call, status, 1))
}

impl Stats {
    fn file(&mut self, path: &CStr, stat: &Stat, format: &[u8]) {
        let mut rest = format;
        while let [first, more @ ..] = rest {
            rest = more;
            let [letter, more @ ..] = rest else {
                self.out.write(&[*first]);
                break;
            };
            if *first != b'%' {
                self.out.write(&[*first]);
                continue;
            }
            rest = more;
            self.field(*letter, path, stat);
        }
    }

    fn field(&mut self, letter: u8, path: &CStr, stat: &Stat) {
        let out = &mut self.out;
        match letter {
            b'a' => octal(out, stat.permissions()),
            b'A' => out.write(&about::mode(stat.file_type(), stat.permissions())),
            b'b' => stat.blocks().write(out),
            b'B' => out.write(b"512"),
            b'd' => device(stat.dev()).write(out),
            b'D' => hexadecimal(out, device(stat.dev())),
            b'f' => hexadecimal(
                out,
                u64::from((stat.file_type() as u32) << 12 | stat.permissions()),
            ),
            b'F' => out.write(kind(stat)),
            b'g' => stat.gid().write(out),
            b'G' => out.write(self.groups.name(stat.gid())),
            b'h' => stat.nlink().write(out),
            b'i' => stat.ino().write(out),
            b'n' => out.write(path.to_bytes()),
            b'N' => {
                out.write(b"'");
                out.write(path.to_bytes());
                out.write(b"'");
                if stat.is_symlink() {
                    let mut target = alloc::vec![0; 4097];
                    let room = target.get_mut(..4096).unwrap_or_default();
                    let _ = sys::file::readlink(path, room);
                    out.write(b" -> '");
                    out.write(c_str(&target).to_bytes());
                    out.write(b"'");
                }
            }
            b'o' => stat.block_size().write(out),
            b's' => stat.size().write(out),
            b't' => hexadecimal(out, stat.rdev().0.into()),
            b'T' => hexadecimal(out, stat.rdev().1.into()),
            b'u' => stat.uid().write(out),
            b'U' => out.write(self.users.name(stat.uid())),
            b'x' => time(out, &self.local, stat.atime()),
            b'X' => stat.atime().0.write(out),
            b'y' => time(out, &self.local, stat.mtime()),
            b'Y' => stat.mtime().0.write(out),
            b'z' => time(out, &self.local, stat.ctime()),
            b'Z' => stat.ctime().0.write(out),
            b'%' => out.write(b"%"),
            _ => out.write(b"?"),
        }
    }
}

/// The number of a device as the kernel's 64 bits have it.
fn device((major, minor): (u32, u32)) -> u64 {
    u64::from(minor & 0xff | (major & 0xfff) << 8) | u64::from(minor & 0xffff_ff00) << 12
}

fn octal(out: &mut Output, number: u32) {
    digits(out, number.into(), 3);
}

fn hexadecimal(out: &mut Output, number: u64) {
    digits(out, number, 4);
}

fn digits(out: &mut Output, number: u64, bits: u32) {
    if number >> bits > 0 {
        digits(out, number >> bits, bits);
    }
    let digit = number & ((1 << bits) - 1);
    out.write(&[char::from_digit(digit as u32, 16).map_or(b'?', |it| it as u8)]);
}

fn kind(stat: &Stat) -> &'static [u8] {
    match stat.file_type() {
        FileType::Unknown => b"unknown",
        FileType::Fifo => b"fifo",
        FileType::CharDevice => b"character special file",
        FileType::Directory => b"directory",
        FileType::BlockDevice => b"block special file",
        FileType::File if stat.size() == 0 => b"regular empty file",
        FileType::File => b"regular file",
        FileType::Symlink => b"symbolic link",
        FileType::Socket => b"socket",
    }
}

fn time(out: &mut Output, local: &Local, (seconds, nanoseconds): (i64, u32)) {
    let date = local.date(seconds);
    let parts = [
        (date.year, 4, b"-"),
        (date.month.into(), 2, b"-"),
        (date.day.into(), 2, b" "),
        (date.hour.into(), 2, b":"),
        (date.minute.into(), 2, b":"),
        (date.second.into(), 2, b"."),
        (nanoseconds.into(), 9, b" "),
    ];
    for (number, width, after) in parts {
        about::padded(out, number, width, b'0');
        out.write(after);
    }
    about::offset(out, local.zone().at(seconds).offset);
}
