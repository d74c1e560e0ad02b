//! `ls [-1Aad] [file...]`: lists directories (XCU 3, `ls`).

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::dir::ReadDir;
use nestling::{Errno, Stat, sys};

use crate::common::output::Output;
use crate::common::sort;

pub const APPLET: Applet = Applet {
    name: c"ls",
    synopsis: "[-1Aad] [file...]",
    run,
};

struct Ls {
    out: Output,
    /// `-a`: with `.` and `..`; `-A`: with all other hidden names.
    dots: bool,
    hidden: bool,
    status: i32,
}

fn run(call: &Call<'_>) -> i32 {
    ls(call).unwrap_or_else(|status| status)
}

fn ls(call: &Call<'_>) -> Result<i32, i32> {
    let (mut dots, mut hidden, mut themselves) = (false, false, false);
    let mut options = call.options("1Aad");
    options.wrong = 2;
    while let Some(letter) = options.next()? {
        match letter {
            b'a' => (dots, hidden) = (true, true),
            b'A' => (dots, hidden) = (false, true),
            b'd' => themselves = true,
            _ => {}
        }
    }
    let mut ls = Ls {
        out: Output::new(),
        dots,
        hidden,
        status: 0,
    };
    let operands = options.operands();
    let default = operands.clone().next().is_none().then_some(c".");
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for path in default.into_iter().chain(operands) {
        let stat = match themselves {
            true => sys::file::lstat(path),
            false => sys::file::stat(path).or_else(|errno| dangling(path, errno)),
        };
        match stat {
            Ok(stat) if stat.is_dir() && !themselves => directories.push(path),
            Ok(_) => files.push(path),
            // As in the programs of GNU, an operand that cannot be listed is worse than an entry.
            Err(errno) => {
                call.fail(path, errno);
                ls.status = 2;
            }
        }
    }
    let several = files.len() + directories.len() > 1 || ls.status > 0;
    let has_files = !files.is_empty();
    ls.names(&files);
    for (index, path) in sorted(&directories).into_iter().enumerate() {
        if index > 0 || has_files {
            ls.out.write(b"\n");
        }
        if several {
            ls.out.write(path.to_bytes());
            ls.out.write(b":\n");
        }
        if let Err(errno) = ls.directory(path) {
            call.fail(path, errno);
            ls.status = 2;
        }
    }
    Ok(ls.out.finish(call, ls.status, 2))
}

/// A link that leads nowhere is listed as itself; a loop of links is an error.
fn dangling(path: &CStr, errno: Errno) -> Result<Stat, Errno> {
    match errno {
        Errno::ENOENT => sys::file::lstat(path),
        errno => Err(errno),
    }
}

impl Ls {
    fn directory(&mut self, path: &CStr) -> Result<(), Errno> {
        let mut names: Vec<CString> = Vec::new();
        if self.dots {
            names.extend([c".".into(), c"..".into()]);
        }
        let mut directory = ReadDir::open(path)?;
        let outcome = loop {
            match directory.next() {
                Ok(None) => break Ok(()),
                Ok(Some(entry)) if !self.hidden && entry.name.to_bytes().starts_with(b".") => {}
                Ok(Some(entry)) => names.push(entry.name.into()),
                Err(errno) => break Err(errno),
            }
        };
        let names: Vec<&CStr> = names.iter().map(|name| &**name).collect();
        self.names(&names);
        outcome
    }

    fn names(&mut self, names: &[&CStr]) {
        for name in sorted(names) {
            self.out.write(name.to_bytes());
            self.out.write(b"\n");
        }
    }
}

fn sorted<'n>(names: &[&'n CStr]) -> Vec<&'n CStr> {
    let name = |index: usize| names.get(index).copied().unwrap_or_default();
    let mut order: Vec<usize> = (0..names.len()).collect();
    sort::sort(&mut order, &|one, other| {
        sort::compare(name(one).to_bytes(), name(other).to_bytes())
    });
    order.into_iter().map(name).collect()
}
