//! `ulimit [-H|-S] -a`, `ulimit [-H|-S] [-c|-d|-f|-n|-s|-t|-v] [newlimit]`: writes or sets resource limits (XCU 3, `ulimit`).
//!
//! It also has the letters of bash, busybox and dash. Both `-u` and `-p` mean the number of processes.

use nestling::text::{self, Text};
use nestling::{Resource, Rlimit, sys};

use super::getopt::{Getopt, refused, wrong};
use crate::shell::{Answer, Shell};
use nestling_shell::fields::Arguments;

/// An option letter, its resource, the size of its unit in units of the kernel, and its description.
type Limit = (u8, Resource, u64, &'static str);

const LIMITS: &[Limit] = &[
    (b'c', Resource::Core, 512, "core file size (512 bytes)"),
    (b'd', Resource::Data, 1024, "data segment size (KiB)"),
    (b'e', Resource::Nice, 1, "nice value"),
    (b'f', Resource::FileSize, 512, "file size (512 bytes)"),
    (b'i', Resource::Sigpending, 1, "pending signals"),
    (b'l', Resource::Memlock, 1024, "locked memory (KiB)"),
    (b'm', Resource::Rss, 1024, "resident memory (KiB)"),
    (b'n', Resource::Nofile, 1, "open files"),
    (b'q', Resource::Msgqueue, 1, "message queues (bytes)"),
    (b'r', Resource::Rtprio, 1, "real-time priority"),
    (b's', Resource::Stack, 1024, "stack size (KiB)"),
    (b't', Resource::Cpu, 1, "CPU time (seconds)"),
    (b'u', Resource::Nproc, 1, "processes"),
    (b'v', Resource::As, 1024, "address space (KiB)"),
    (b'x', Resource::Locks, 1, "file locks"),
];

fn limit(letter: u8) -> Option<&'static Limit> {
    let letter = if letter == b'p' { b'u' } else { letter };
    LIMITS.iter().find(|limit| limit.0 == letter)
}

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut options = Getopt::new(arguments, "HSacdefilmnpqrstuvx");
    let (mut hard, mut soft, mut all, mut letter) = (false, false, false, b'f');
    loop {
        match options.next(shell) {
            Ok(Some(b'H')) => hard = true,
            Ok(Some(b'S')) => soft = true,
            Ok(Some(b'a')) => all = true,
            Ok(Some(other)) => letter = other,
            Ok(None) => break,
            Err(_) => return Ok(2),
        }
    }
    let (name, operands) = (arguments.name(), options.operands());
    if operands.len() > usize::from(!all) {
        wrong(shell, name, b"", "too many operands");
        return Ok(2);
    }
    if all {
        for limit in LIMITS {
            shell.output.write(&[b'-', limit.0, b' ']);
            limit.3.write(&mut shell.output);
            let length = limit.3.len().min(30);
            shell.output.write(
                b"                              "
                    .get(length..)
                    .unwrap_or_default(),
            );
            say(shell, limit, hard && !soft);
        }
        return Ok(0);
    }
    let Some(limit) = limit(letter) else {
        return Ok(2);
    };
    match operands.get(0) {
        Some(operand) => set(shell, name, limit, operand, (soft, hard)),
        None => {
            say(shell, limit, hard && !soft);
            Ok(0)
        }
    }
}

/// Writes a limit.
fn say(shell: &mut Shell, &(_, resource, unit, _): &Limit, hard: bool) {
    let infinity = Rlimit::INFINITY;
    let limit = sys::resource::getrlimit(resource).unwrap_or(Rlimit {
        soft: infinity,
        hard: infinity,
    });
    match if hard { limit.hard } else { limit.soft } {
        Rlimit::INFINITY => "unlimited".write(&mut shell.output),
        number => (number / unit).write(&mut shell.output),
    }
    shell.output.write(b"\n");
}

/// Sets a limit. If neither `-S` nor `-H` is given, sets both the soft and the hard limit.
fn set(
    shell: &mut Shell,
    name: &[u8],
    limit: &Limit,
    operand: &[u8],
    (soft, hard): (bool, bool),
) -> Answer {
    let &(_, resource, unit, _) = limit;
    let mut limits = match sys::resource::getrlimit(resource) {
        Ok(limits) => limits,
        Err(errno) => {
            refused(shell, name, operand, errno);
            return Ok(1);
        }
    };
    let new = match operand {
        b"unlimited" => Some(Rlimit::INFINITY),
        b"hard" => Some(limits.hard),
        b"soft" => Some(limits.soft),
        _ => text::number(operand, 10).and_then(|number| number.checked_mul(unit)),
    };
    let Some(new) = new else {
        wrong(shell, name, operand, "not a limit");
        return Ok(2);
    };
    if soft || !hard {
        limits.soft = new;
    }
    if hard || !soft {
        limits.hard = new;
    }
    match sys::resource::setrlimit(resource, limits) {
        Ok(()) => {
            if resource == Resource::Stack {
                shell.stack.measure();
            }
            Ok(0)
        }
        Err(errno) => {
            refused(shell, name, operand, errno);
            Ok(1)
        }
    }
}
