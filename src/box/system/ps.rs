//! `ps [-Aadef] [-o format]... [-p pid...]`: lists processes (XCU 3, `ps`). `ps ax` and `ps aux` are `ps -A` in the words of BSD.

use alloc::vec::Vec;

use nestling::applet::{Applet, Call};
use nestling::dir::ReadDir;
use nestling::sys;
use nestling::text::{self, Text, next_field, trim_start};

use crate::common::bytes;
use crate::common::columns::{self, decimal, join};
use crate::common::input;
use crate::common::names::{Kind, Names};
use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"ps",
    synopsis: "[-Aadef] [-o format]... [-p pid...] | ax | aux",
    run: |call| ps(call).unwrap_or_else(|status| status),
};

/// The names of the columns in POSIX's order and those of procps; `HEADERS` and `WIDTHS` have the same order. A width below 0 is that
/// of text, which begins at the left.
const NAMES: &str =
    "ruser user rgroup group pid ppid pgid sid nice vsz rss etime time tty tname stat comm args";
const HEADERS: &str =
    "RUSER USER RGROUP GROUP PID PPID PGID SID NI VSZ RSS ELAPSED TIME TT TTY STAT COMMAND COMMAND";
const WIDTHS: [i8; 18] = [
    -8, -8, -8, -8, 7, 7, 7, 7, 3, 6, 5, 11, 8, -8, -8, -4, -15, -27,
];

/// The ticks of the clock in a second, as `/proc` counts them on all architectures.
const TICKS: u64 = 100;

/// A column: its place in the lists, and its header.
struct Column {
    place: usize,
    header: Vec<u8>,
}

/// A process, by the fields of `/proc/PID/stat` from the state on, and what other files have.
struct Process {
    pid: u64,
    comm: Vec<u8>,
    fields: Vec<Vec<u8>>,
    /// Real and effective ids of user and group.
    ids: [u32; 4],
    resident: u64,
}

/// Indexes of `Process::fields`.
const STATE: usize = 0;
const PARENT: usize = 1;
const GROUP: usize = 2;
const SESSION: usize = 3;
const TERMINAL: usize = 4;
const TERMINAL_GROUP: usize = 5;
const USER_TIME: usize = 11;
const SYSTEM_TIME: usize = 12;
const NICE: usize = 16;
const THREADS: usize = 17;
const START: usize = 19;
const SIZE: usize = 20;

impl Process {
    /// Reads a process; `None` if it has ended.
    fn read(pid: u64) -> Option<Self> {
        let file = |name: &[u8]| input::whole(&join(&[b"/proc/", &decimal(pid), name])).ok();
        let stat = file(b"/stat")?;
        // The name stands in parentheses, and may contain more of them.
        let start = stat.iter().position(|&byte| byte == b'(')? + 1;
        let end = stat.iter().rposition(|&byte| byte == b')')?;
        let fields = stat.get(end + 2..)?.trim_ascii_end();
        let mut process = Self {
            pid,
            comm: bytes::printable(stat.get(start..end)?),
            fields: fields.split(|&byte| byte == b' ').map(Vec::from).collect(),
            ids: [0; 4],
            resident: 0,
        };
        let status = file(b"/status")?;
        for mut line in status.split(|&byte| byte == b'\n') {
            let name = next_field(&mut line, b':');
            let mut number = || {
                line = trim_start(line);
                text::number(next_field(&mut line, b' '), 10).unwrap_or(0)
            };
            match name {
                b"Uid" => (process.ids[0], process.ids[1]) = (number() as u32, number() as u32),
                b"Gid" => (process.ids[2], process.ids[3]) = (number() as u32, number() as u32),
                b"VmRSS" => process.resident = number(),
                _ => {}
            }
        }
        Some(process)
    }

    fn field(&self, index: usize) -> &[u8] {
        self.fields.get(index).map_or(b"", |field| field)
    }

    fn number(&self, index: usize) -> u64 {
        text::number(self.field(index), 10).unwrap_or(0)
    }

    /// The name of the terminal, by its device's number; `?` for none.
    fn terminal(&self) -> Vec<u8> {
        let device = self.number(TERMINAL);
        let (major, minor) = (device >> 8 & 0xfff, device & 0xff | device >> 12 & 0xf_ff00);
        let (name, number): (&[u8], _) = match (major, minor) {
            (136..=143, _) => (b"pts/", Some((major - 136) * 256 + minor)),
            (4, 0..64) => (b"tty", Some(minor)),
            (4, _) => (b"ttyS", Some(minor - 64)),
            (204, 64..) => (b"ttyAMA", Some(minor - 64)),
            (5, 1) => (b"console", None),
            (0, _) => (b"?", None),
            _ => (b"tty", None),
        };
        let mut all = name.to_vec();
        if let Some(number) = number {
            number.write(&mut all);
        }
        all
    }

    fn state(&self) -> Vec<u8> {
        let mut state = self.field(STATE).to_vec();
        match self.field(NICE) {
            [b'-', ..] => state.push(b'<'),
            [b'0'] | [] => {}
            _ => state.push(b'N'),
        }
        if self.number(SESSION) == self.pid {
            state.push(b's');
        }
        if self.number(THREADS) > 1 {
            state.push(b'l');
        }
        if self.field(TERMINAL_GROUP) == self.field(GROUP) {
            state.push(b'+');
        }
        state
    }

    /// The arguments; the name in brackets for a process without them, as those of the kernel are.
    fn arguments(&self) -> Vec<u8> {
        let path = join(&[b"/proc/", &decimal(self.pid), b"/cmdline"]);
        let mut all = input::whole(&path).unwrap_or_default();
        while all.last() == Some(&0) {
            all.pop();
        }
        for byte in &mut all {
            if let 0 | b'\t' | b'\n' = *byte {
                *byte = b' ';
            }
        }
        match all.is_empty() {
            true => [b"[", &*self.comm, b"]"].concat(),
            false => bytes::printable(&all),
        }
    }
}

/// What all columns need.
struct Context {
    users: Names,
    groups: Names,
    /// The seconds since the machine started.
    uptime: u64,
}

impl Context {
    fn text(&mut self, process: &Process, place: usize) -> Vec<u8> {
        let [ruser, user, rgroup, group] = process.ids;
        match text::word(NAMES, b' ', place) {
            b"ruser" => self.users.name(ruser).to_vec(),
            b"user" => self.users.name(user).to_vec(),
            b"rgroup" => self.groups.name(rgroup).to_vec(),
            b"group" => self.groups.name(group).to_vec(),
            b"pid" => decimal(process.pid),
            b"ppid" => process.field(PARENT).to_vec(),
            b"pgid" => process.field(GROUP).to_vec(),
            b"sid" => process.field(SESSION).to_vec(),
            b"nice" => process.field(NICE).to_vec(),
            b"vsz" => decimal(process.number(SIZE) / 1024),
            b"rss" => decimal(process.resident),
            b"etime" => time(
                self.uptime.saturating_sub(process.number(START) / TICKS),
                false,
            ),
            b"time" => {
                let ticks = process.number(USER_TIME) + process.number(SYSTEM_TIME);
                time(ticks / TICKS, true)
            }
            b"tty" | b"tname" => process.terminal(),
            b"stat" => process.state(),
            b"comm" => process.comm.clone(),
            _ => process.arguments(),
        }
    }
}

/// Writes a time as `[[dd-]hh:]mm:ss`; with `hours`, the hours are always there.
fn time(seconds: u64, hours: bool) -> Vec<u8> {
    let mut text = Vec::new();
    let mut two = |number: u64, after: &[u8]| {
        if number < 10 {
            text.push(b'0');
        }
        number.write(&mut text);
        text.extend_from_slice(after);
    };
    let (days, rest) = (seconds / 86400, seconds % 86400);
    if days > 0 {
        two(days, b"-");
    }
    if hours || days > 0 || rest >= 3600 {
        two(rest / 3600, b":");
    }
    two(rest / 60 % 60, b":");
    two(rest % 60, b"");
    text
}

fn ps(call: &Call<'_>) -> Result<i32, i32> {
    let (mut all, mut with_terminal, mut leaders) = (false, false, true);
    let (mut columns, mut pids, mut full) = (Vec::new(), Vec::new(), "pid,tname,time,comm=CMD");
    let mut options = call.options("Aadefo:p:");
    while let Some(letter) = options.next()? {
        let value = options.value.to_bytes();
        match letter {
            b'A' | b'e' => all = true,
            b'a' => (with_terminal, leaders) = (true, false),
            b'd' => (all, leaders) = (true, false),
            b'f' => full = "user,pid,ppid,tname,time,args=CMD",
            b'o' => {
                parse(value, &mut columns).ok_or_else(|| call.misused(value, "no such column"))?
            }
            _ => {
                for word in value.split(|byte| b" ,".contains(byte)) {
                    let pid = text::number(word, 10);
                    pids.push(pid.ok_or_else(|| call.misused(word, "not a process id"))?);
                }
            }
        }
    }
    for operand in options.operands() {
        let operand = operand.to_bytes();
        if operand.is_empty() || !operand.iter().all(|letter| b"auxw".contains(letter)) {
            return Err(call.misused(operand, "no operand is needed"));
        }
        all |= text::contains(operand, b'x') || text::contains(operand, b'a');
        full = match text::contains(operand, b'u') {
            true => "user,pid,vsz,rss,tname,stat,time,args",
            false => "pid,tname,stat,time,args",
        };
    }
    if columns.is_empty() {
        let _ = parse(full.as_bytes(), &mut columns);
    }
    let uptime =
        input::whole(c"/proc/uptime").map_err(|errno| call.fail(c"/proc/uptime", errno))?;
    let mut context = Context {
        users: Names::new(Kind::User),
        groups: Names::new(Kind::Group),
        uptime: text::number(next_field(&mut &*uptime, b'.'), 10).unwrap_or(0),
    };
    let own = Process::read(sys::process::getpid().as_raw() as u64);
    let selected = |process: &Process| {
        let has_terminal = process.number(TERMINAL) != 0;
        let leads = process.number(SESSION) == process.pid;
        let same = own.as_ref().is_some_and(|own| {
            own.field(TERMINAL) == process.field(TERMINAL) && own.ids[1] == process.ids[1]
        });
        match (pids.is_empty(), all) {
            (false, false) => pids.contains(&process.pid),
            (_, true) => leaders || !leads,
            (true, false) if with_terminal => has_terminal && !leads,
            (true, false) => same,
        }
    };
    list(call, &columns, &mut context, &selected)
}

/// Lists the processes that are selected. Returns the exit status.
fn list(
    call: &Call<'_>,
    columns: &[Column],
    context: &mut Context,
    selected: &dyn Fn(&Process) -> bool,
) -> Result<i32, i32> {
    let mut out = Output::new();
    if columns.iter().any(|column| !column.header.is_empty()) {
        row(columns, &mut |column| column.header.clone(), &mut out);
    }
    let directory = c"/proc";
    let mut entries = ReadDir::open(directory).map_err(|errno| call.fail(directory, errno))?;
    let mut found = false;
    // The kernel lists processes in the order of their ids.
    while let Some(entry) = entries
        .next()
        .map_err(|errno| call.fail(directory, errno))?
    {
        let process = text::number(entry.name.to_bytes(), 10).and_then(Process::read);
        if let Some(process) = process.filter(|it| selected(it)) {
            found = true;
            row(
                columns,
                &mut |column| context.text(&process, column.place),
                &mut out,
            );
        }
    }
    Ok(out.finish(call, i32::from(!found), 1))
}

/// Reads `name,name=,name=header`: a header reaches to the end of the text (POSIX), unless it is empty, as in the programs of GNU and
/// busybox. Without `=`, the column's own header is used.
fn parse(format: &[u8], columns: &mut Vec<Column>) -> Option<()> {
    let mut rest = format;
    while !rest.is_empty() {
        let mut after = rest;
        let mut word = next_field(&mut after, b',');
        let header = text::contains(word, b'=').then(|| {
            next_field(&mut rest, b'=');
            match rest {
                [b',', ..] => next_field(&mut rest, b','),
                _ => core::mem::take(&mut rest),
            }
        });
        if header.is_none() {
            rest = after;
        }
        let name: &[u8] = match next_field(&mut word, b'=') {
            b"cmd" | b"command" => b"args",
            b"ucmd" => b"comm",
            b"ni" => b"nice",
            b"tt" => b"tty",
            b"uname" => b"user",
            b"pgrp" => b"pgid",
            b"vsize" => b"vsz",
            name => name,
        };
        let place = text::position(NAMES, name)?;
        columns.push(Column {
            place,
            header: header
                .unwrap_or_else(|| text::word(HEADERS, b' ', place))
                .to_vec(),
        });
    }
    (!columns.is_empty()).then_some(())
}

fn row(columns: &[Column], text: &mut dyn FnMut(&Column) -> Vec<u8>, out: &mut Output) {
    for (index, column) in columns.iter().enumerate() {
        let text = text(column);
        let width = WIDTHS.get(column.place).copied().unwrap_or_default();
        let least = usize::from(width.unsigned_abs()).max(column.header.len());
        if index > 0 {
            out.write(b" ");
        }
        match width < 0 {
            false => columns::right(out, &text, least),
            // The last column needs no blanks after it.
            true if index + 1 == columns.len() => out.write(&text),
            true => columns::left(out, &text, least),
        }
    }
    out.write(b"\n");
}
