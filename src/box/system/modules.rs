//! Kernel modules: `insmod`, `lsmod` and `modprobe`.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::applet::{Applet, Call, Operands};
use nestling::sys::machine;
use nestling::text::{self, next_field, trim_start};
use nestling::{AsFd, Errno, OFlags, sys};

use crate::common::columns::{self, join};
use crate::common::input::{self, Lines};
use crate::common::output::Output;

pub const INSMOD: Applet = Applet {
    name: c"insmod",
    synopsis: "file [parameter=value...]",
    run: |call| insmod(call).unwrap_or_else(|status| status),
};

pub const LSMOD: Applet = Applet {
    name: c"lsmod",
    synopsis: "",
    run: |call| lsmod(call).unwrap_or_else(|status| status),
};

pub const MODPROBE: Applet = Applet {
    name: c"modprobe",
    synopsis: "[-qr] module [parameter=value...] | -a [-qr] module...",
    run: |call| modprobe(call).unwrap_or_else(|status| status),
};

const LOADED: &CStr = c"/proc/modules";

fn insmod(call: &Call<'_>) -> Result<i32, i32> {
    // Parameters may begin with anything.
    let mut options = call.options("+");
    while options.next()?.is_some() {}
    let mut operands = options.operands();
    let Some(path) = operands.next() else {
        return Err(call.misused(b"", "a file is needed"));
    };
    Ok(match load(path, &parameters(operands)) {
        Ok(()) => 0,
        Err(errno) => call.fail(path, errno),
    })
}

/// The operands, separated by spaces. A value with a space gets quotes, which the kernel removes.
fn parameters(operands: Operands<'_>) -> Vec<u8> {
    let mut all = Vec::new();
    for operand in operands {
        let operand = operand.to_bytes();
        let quotes = text::contains(operand, b' ') && !text::contains(operand, b'"');
        let name = operand
            .iter()
            .position(|&byte| byte == b'=')
            .filter(|_| quotes);
        let (name, value) = operand
            .split_at_checked(name.map_or(0, |it| it + 1))
            .unwrap_or_default();
        let quote: &[u8] = if quotes { b"\"" } else { b"" };
        for part in [name, quote, value, quote, b" "] {
            all.extend_from_slice(part);
        }
    }
    all
}

fn load(path: &CStr, parameters: &[u8]) -> Result<(), Errno> {
    let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
    let parameters = join(&[parameters]);
    // The kernel decompresses `.ko.xz`, `.ko.zst` and `.ko.gz`, if it was built so. Without the flag it logs that it sees no module.
    let compressed: [&[u8]; 3] = [b".ko.xz", b".ko.zst", b".ko.gz"];
    if compressed.iter().any(|end| path.to_bytes().ends_with(end)) {
        return machine::finit_compressed_module(file.as_fd(), &parameters);
    }
    machine::finit_module(file.as_fd(), &parameters)
}

fn lsmod(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("");
    while options.next()?.is_some() {}
    let content = input::whole(LOADED).map_err(|errno| call.fail(LOADED, errno))?;
    let (mut out, mut rest) = (Output::new(), &*content);
    out.write(b"Module                  Size  Used by\n");
    while !rest.is_empty() {
        let mut line = next_field(&mut rest, b'\n');
        let [name, size, count, users] = [(); 4].map(|()| next_field(&mut line, b' '));
        columns::left(&mut out, name, 19);
        out.write(b" ");
        columns::right(&mut out, size, 8);
        out.write(b"  ");
        out.write(count);
        let users = users.strip_suffix(b",").unwrap_or(users);
        if users != b"-" && !users.is_empty() {
            out.write(b" ");
            out.write(users);
        }
        out.write(b"\n");
    }
    Ok(out.finish(call, 0, 1))
}

fn modprobe(call: &Call<'_>) -> Result<i32, i32> {
    let (mut all, mut quiet, mut removes) = (false, false, false);
    let mut options = call.options("+aqr");
    while let Some(letter) = options.next()? {
        match letter {
            b'a' => all = true,
            b'q' => quiet = true,
            _ => removes = true,
        }
    }
    let mut operands = options.operands();
    let first = operands.next();
    let Some(first) = first else {
        return Err(call.misused(b"", "a module is needed"));
    };
    let release = machine::uname().map_err(|errno| call.fail(c"uname", errno))?;
    let tree = Tree(join(&[
        b"/lib/modules/",
        release.release().to_bytes(),
        b"/",
    ]));
    let (parameters, more) = match all || removes {
        true => (Vec::new(), Some(operands)),
        false => (parameters(operands), None),
    };
    let mut status = 0;
    for name in [first].into_iter().chain(more.into_iter().flatten()) {
        let outcome = match removes {
            true => tree.remove(name.to_bytes()),
            false => tree.add(name.to_bytes(), &parameters),
        };
        match outcome {
            Ok(()) => {}
            Err(Errno::ENOENT) if quiet => status = 1,
            Err(Errno::ENOENT) => status = call.complain(name.to_bytes(), "no such module"),
            Err(errno) => status = call.fail(name, errno),
        }
    }
    Ok(status)
}

/// The directory with the modules of this kernel, and a slash.
struct Tree(CString);

impl Tree {
    /// Loads a module with those that it needs; for an alias, each module that has it.
    fn add(&self, name: &[u8], parameters: &[u8]) -> Result<(), Errno> {
        match self.add_module(name, parameters) {
            Err(Errno::ENOENT) => {}
            outcome => return outcome,
        }
        let mut outcome = Err(Errno::ENOENT);
        for module in self.aliases(name) {
            outcome = self.add_module(&module, parameters);
        }
        outcome
    }

    fn add_module(&self, name: &[u8], parameters: &[u8]) -> Result<(), Errno> {
        let name = name_of(name);
        if self.is_built_in(&name) {
            return Ok(());
        }
        let paths = self.needed(&name)?;
        // The module comes first, and then those that it needs, each after those that need it.
        for (index, path) in paths.iter().enumerate().rev() {
            let mut all = options(&name_of(path));
            if index == 0 {
                all.extend_from_slice(parameters);
            }
            match load(&join(&[self.0.to_bytes(), path]), &all) {
                Ok(()) | Err(Errno::EEXIST) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    /// Removes a module, and those that it needed, as far as nothing else uses them.
    fn remove(&self, name: &[u8]) -> Result<(), Errno> {
        let mut outcome = Ok(());
        for (index, path) in self.needed(&name_of(name))?.iter().enumerate() {
            let answer = machine::delete_module(&join(&[&name_of(path)]));
            if index == 0 {
                outcome = answer;
            }
        }
        outcome
    }

    /// Returns the paths of a module and of those that it needs, from `modules.dep`.
    fn needed(&self, name: &[u8]) -> Result<Vec<Vec<u8>>, Errno> {
        let mut paths = Vec::new();
        self.each_line(b"modules.dep", &mut |mut line| {
            let path = next_field(&mut line, b':');
            if paths.is_empty() && name_of(path) == name {
                paths.push(path.to_vec());
                let words = line.split(|&byte| byte == b' ');
                paths.extend(words.filter(|word| !word.is_empty()).map(Vec::from));
            }
        })?;
        match paths.is_empty() {
            true => Err(Errno::ENOENT),
            false => Ok(paths),
        }
    }

    fn is_built_in(&self, name: &[u8]) -> bool {
        let mut found = false;
        let _ = self.each_line(b"modules.builtin", &mut |line| {
            found |= name_of(line) == name
        });
        found
    }

    /// Returns the modules with an alias that fits: `alias pci:v00008086d* e1000e`.
    fn aliases(&self, name: &[u8]) -> Vec<Vec<u8>> {
        let mut modules = Vec::new();
        let _ = self.each_line(b"modules.alias", &mut |mut line| {
            if next_field(&mut line, b' ') == b"alias" && fits(next_field(&mut line, b' '), name) {
                modules.push(line.to_vec());
            }
        });
        modules
    }

    fn each_line(&self, file: &[u8], with: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
        each_line(&join(&[self.0.to_bytes(), file]), with)
    }
}

fn each_line(path: &CStr, with: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
    let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
    let mut lines = Lines::new(file.as_fd());
    while let Some(line) = lines.next()? {
        with(line.strip_suffix(b"\n").unwrap_or(line));
    }
    Ok(())
}

/// The parameters for a module from the lines `options MODULE PARAMETERS` of `/etc/modprobe.d`.
fn options(name: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    let directory = c"/etc/modprobe.d";
    let Ok(mut entries) = nestling::dir::ReadDir::open(directory) else {
        return all;
    };
    while let Ok(Some(entry)) = entries.next() {
        let file = entry.name.to_bytes();
        if !file.ends_with(b".conf") {
            continue;
        }
        let _ = each_line(
            &join(&[directory.to_bytes(), b"/", file]),
            &mut |mut line| {
                if next_field(&mut line, b' ') == b"options" {
                    line = trim_start(line);
                    if name_of(next_field(&mut line, b' ')) == name {
                        all.extend_from_slice(line);
                        all.push(b' ');
                    }
                }
            },
        );
    }
    all
}

/// Returns the name of a module, of its file or of its path: the last component, without `.ko…`, and with `_` for `-`.
fn name_of(path: &[u8]) -> Vec<u8> {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let end = name.windows(3).position(|it| it == b".ko");
    let name = name.get(..end.unwrap_or(name.len())).unwrap_or_default();
    let underscored = name
        .iter()
        .map(|&byte| if byte == b'-' { b'_' } else { byte });
    underscored.collect()
}

/// Whether a text fits a pattern with `*`, `?` and `[a-z]`.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    // Where to go on if the rest does not fit: after the last `*`, with one more byte for it.
    let mut again: Option<(&[u8], &[u8])> = None;
    loop {
        let next = match (pattern, text) {
            ([], []) => return true,
            ([b'*', rest @ ..], _) => {
                again = Some((rest, text));
                pattern = rest;
                continue;
            }
            ([b'[', rest @ ..], [byte, more @ ..]) => in_set(rest, *byte).map(|rest| (rest, more)),
            ([one, rest @ ..], [byte, more @ ..]) if *one == b'?' || one == byte => {
                Some((rest, more))
            }
            _ => None,
        };
        if let Some(next) = next {
            (pattern, text) = next;
            continue;
        }
        let Some((rest, [_, more @ ..])) = again else {
            return false;
        };
        again = Some((rest, more));
        (pattern, text) = (rest, more);
    }
}

/// Returns the pattern after a set if the byte is in the set, which begins after its `[`.
fn in_set(mut set: &[u8], byte: u8) -> Option<&[u8]> {
    let mut found = false;
    loop {
        set = match set {
            [b']', rest @ ..] => return found.then_some(rest),
            [first, b'-', last, rest @ ..] if *last != b']' => {
                found |= (*first..=*last).contains(&byte);
                rest
            }
            [one, rest @ ..] => {
                found |= *one == byte;
                rest
            }
            [] => return None,
        };
    }
}
