//! `find [-H | -L] [path...] [expression]`: walks trees and looks for files (XCU 3, `find`). It takes no memory for the files that it
//! finds, except for the arguments of `-exec ... +`.

use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::command::Command;
use nestling::dir::ReadDir;
use nestling::{Errno, FileType, OFlags, Stat, eprintln, sys, text};
use nestling_shell::pattern::Pattern;

use crate::common::bytes::substitute;
use crate::common::names::Names;
use crate::common::output::Output;
use crate::common::walk::{Follow, Visit, Walk, When};
use crate::common::{ask, date, mode, names, number};

pub const APPLET: Applet = Applet {
    name: c"find",
    synopsis: "[-H | -L] [path...] [expression]",
    run: |call| find(call).unwrap_or_else(|status| status),
};

/// A part of the expression. The numbers are places in `Find::nodes`.
enum Node {
    And(usize, usize),
    Or(usize, usize),
    Not(usize),
    True,
    False,
    Name(Pattern),
    NameOfAnyCase(Pattern),
    Path(Pattern),
    Type(FileType),
    /// The bits, and how they are compared: `-` all, `/` any, otherwise exactly.
    Permissions(u32, u8),
    /// The size in units of this many bytes, rounded up.
    Size(Compare, u64),
    /// The age in units of this many seconds, and which time.
    Age(Compare, i64, fn(&Stat) -> (i64, u32)),
    Newer((i64, u32)),
    User(u32),
    Group(u32),
    /// `-nouser` and `-nogroup`: the kind of name that the file's id does not have.
    Nameless(names::Kind),
    Links(Compare),
    Inode(Compare),
    Empty,
    Prune,
    Print(u8),
    /// `-exec` and `-ok`: the words, and whether it is asked.
    Execute(Vec<Vec<u8>>, bool),
    /// `-exec ... +`: the words, and the place in `Find::batches`.
    ExecuteAll(Vec<Vec<u8>>, usize),
    Delete,
    Quit,
}

/// `n`, `+n` or `-n`.
#[derive(Clone, Copy)]
struct Compare(u8, u64);

impl Compare {
    fn parse(text: &[u8]) -> Option<Self> {
        let (sign, digits) = match text {
            [sign @ (b'+' | b'-'), digits @ ..] => (*sign, digits),
            digits => (b'=', digits),
        };
        Some(Self(sign, text::number(digits, 10)?))
    }

    fn holds(self, number: u64) -> bool {
        match self.0 {
            b'+' => number > self.1,
            b'-' => number < self.1,
            _ => number == self.1,
        }
    }
}

struct Find<'a> {
    call: &'a Call<'a>,
    nodes: Vec<Node>,
    /// The files for the next command of each `-exec ... +`.
    batches: Vec<Vec<Vec<u8>>>,
    users: Names,
    groups: Names,
    out: Output,
    now: i64,
    depth: bool,
    one_device: bool,
    least: u64,
    most: u64,
    has_action: bool,
    prunes: bool,
    quits: bool,
    status: i32,
}

/// How many bytes of paths `-exec ... +` collects.
const LONG: usize = 96 * 1024;

fn find(call: &Call<'_>) -> Result<i32, i32> {
    let mut find = Find {
        call,
        nodes: Vec::new(),
        batches: Vec::new(),
        users: Names::new(names::Kind::User),
        groups: Names::new(names::Kind::Group),
        out: Output::new(),
        now: date::now(),
        depth: false,
        one_device: false,
        least: 0,
        most: u64::MAX,
        has_action: false,
        prunes: false,
        quits: false,
        status: 0,
    };
    let mut follow = Follow::Never;
    let (mut paths, mut words): (Vec<&CStr>, Vec<&CStr>) = (Vec::new(), Vec::new());
    let mut has_ended = false;
    for word in call.args.skip(1).iter() {
        match word.to_bytes() {
            _ if !words.is_empty() => words.push(word),
            b"--" if paths.is_empty() && !has_ended => has_ended = true,
            b"-H" if paths.is_empty() => follow = Follow::Start,
            b"-L" | b"-follow" if paths.is_empty() => follow = Follow::Always,
            b"-P" if paths.is_empty() => follow = Follow::Never,
            b"--help" => return Ok(call.options("").next().err().unwrap_or(0)),
            [b'-', _, ..] | b"!" | b"(" => words.push(word),
            _ => paths.push(word),
        }
    }
    if paths.is_empty() {
        paths.push(c".");
    }
    let mut rest = &words[..];
    let mut root = match rest.is_empty() {
        true => find.add(Node::True),
        false => find.or(&mut rest)?,
    };
    if let Some(extra) = rest.first() {
        return Err(call.misused(extra.to_bytes(), "unexpected"));
    }
    if !find.has_action {
        let print = find.add(Node::Print(b'\n'));
        root = find.add(Node::And(root, print));
    }
    for path in paths {
        find.walk(path, follow, root);
        if find.quits || find.out.has_failed() {
            break;
        }
    }
    find.finish();
    let status = find.status;
    Ok(find.out.finish(call, status, 1))
}

// ---- The expression ----

impl Find<'_> {
    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn or(&mut self, rest: &mut &[&CStr]) -> Result<usize, i32> {
        let mut left = self.and(rest)?;
        while let [word, more @ ..] = *rest
            && matches!(word.to_bytes(), b"-o" | b"-or")
        {
            *rest = more;
            let right = self.and(rest)?;
            left = self.add(Node::Or(left, right));
        }
        Ok(left)
    }

    fn and(&mut self, rest: &mut &[&CStr]) -> Result<usize, i32> {
        let mut left = self.primary(rest)?;
        while let [word, more @ ..] = *rest
            && !matches!(word.to_bytes(), b"-o" | b"-or" | b")")
        {
            if matches!(word.to_bytes(), b"-a" | b"-and") {
                *rest = more;
            }
            let right = self.primary(rest)?;
            left = self.add(Node::And(left, right));
        }
        Ok(left)
    }

    fn primary(&mut self, rest: &mut &[&CStr]) -> Result<usize, i32> {
        let call = self.call;
        let Some((word, more)) = rest.split_first() else {
            return Err(call.misused(b"", "the expression ends too early"));
        };
        *rest = more;
        let name = word.to_bytes();
        match name {
            b"!" | b"-not" => {
                let node = self.primary(rest)?;
                return Ok(self.add(Node::Not(node)));
            }
            b"(" => {
                let node = self.or(rest)?;
                let Some((_, more)) = rest.split_first().filter(|it| *it.0 == c")") else {
                    return Err(call.misused(b"", "')' is missing"));
                };
                *rest = more;
                return Ok(node);
            }
            b"-exec" | b"-ok" => return self.execute(name == b"-ok", rest),
            _ => {}
        }
        let simple = match name {
            b"-print" => Some(Node::Print(b'\n')),
            b"-print0" => Some(Node::Print(0)),
            b"-prune" => Some(Node::Prune),
            b"-empty" => Some(Node::Empty),
            b"-true" => Some(Node::True),
            b"-false" => Some(Node::False),
            b"-quit" => Some(Node::Quit),
            b"-nouser" => Some(Node::Nameless(names::Kind::User)),
            b"-nogroup" => Some(Node::Nameless(names::Kind::Group)),
            b"-delete" => {
                self.depth = true;
                Some(Node::Delete)
            }
            b"-depth" => {
                self.depth = true;
                Some(Node::True)
            }
            b"-xdev" | b"-mount" => {
                self.one_device = true;
                Some(Node::True)
            }
            _ => None,
        };
        if let Some(node) = simple {
            self.has_action |= matches!(node, Node::Print(_) | Node::Delete);
            return Ok(self.add(node));
        }
        let Some((value, more)) = rest.split_first() else {
            return Err(call.misused(name, "no such primary, or its argument is missing"));
        };
        *rest = more;
        match self.with_value(name, value)? {
            Some(node) => Ok(self.add(node)),
            None => Err(call.misused(value.to_bytes(), "wrong argument")),
        }
    }

    /// A primary with an argument; `None` if the argument is wrong.
    fn with_value(&mut self, name: &[u8], path: &CStr) -> Result<Option<Node>, i32> {
        let value = path.to_bytes();
        let day = 24 * 60 * 60;
        Ok(match name {
            b"-name" => Some(Node::Name(Pattern::new(value, true))),
            b"-iname" => {
                let lower = value.to_ascii_lowercase();
                Some(Node::NameOfAnyCase(Pattern::new(&lower, true)))
            }
            b"-path" | b"-wholename" => Some(Node::Path(Pattern::new(value, true))),
            b"-type" => {
                let types = [
                    (b'f', FileType::File),
                    (b'd', FileType::Directory),
                    (b'l', FileType::Symlink),
                    (b'b', FileType::BlockDevice),
                    (b'c', FileType::CharDevice),
                    (b'p', FileType::Fifo),
                    (b's', FileType::Socket),
                ];
                let found = types.into_iter().find(|it| value == [it.0]);
                found.map(|it| Node::Type(it.1))
            }
            b"-perm" => {
                let (how, text) = match value {
                    [how @ (b'-' | b'/'), text @ ..] => (*how, text),
                    text => (b'=', text),
                };
                mode::change(text, 0, false, 0).map(|bits| Node::Permissions(bits, how))
            }
            b"-size" => size(value),
            b"-mtime" => Compare::parse(value).map(|it| Node::Age(it, day, Stat::mtime)),
            b"-atime" => Compare::parse(value).map(|it| Node::Age(it, day, Stat::atime)),
            b"-ctime" => Compare::parse(value).map(|it| Node::Age(it, day, Stat::ctime)),
            b"-mmin" => Compare::parse(value).map(|it| Node::Age(it, 60, Stat::mtime)),
            b"-amin" => Compare::parse(value).map(|it| Node::Age(it, 60, Stat::atime)),
            b"-cmin" => Compare::parse(value).map(|it| Node::Age(it, 60, Stat::ctime)),
            b"-newer" => {
                let stat = sys::file::stat(path).map_err(|errno| self.call.fail(path, errno))?;
                Some(Node::Newer(stat.mtime()))
            }
            b"-user" => names::id(names::Kind::User, value).map(Node::User),
            b"-group" => names::id(names::Kind::Group, value).map(Node::Group),
            b"-links" => Compare::parse(value).map(Node::Links),
            b"-inum" => Compare::parse(value).map(Node::Inode),
            b"-maxdepth" | b"-mindepth" => text::number(value, 10).map(|number| {
                match name {
                    b"-maxdepth" => self.most = number,
                    _ => self.least = number,
                }
                Node::True
            }),
            name => return Err(self.call.misused(name, "no such primary")),
        })
    }

    fn execute(&mut self, asks: bool, rest: &mut &[&CStr]) -> Result<usize, i32> {
        let is_end = |index: usize, word: &CStr| {
            let before = index.checked_sub(1).and_then(|it| rest.get(it));
            word == c";" || word == c"+" && before.is_some_and(|it| *it == c"{}")
        };
        let end = rest
            .iter()
            .enumerate()
            .position(|(index, word)| is_end(index, word));
        let Some((words, [end, more @ ..])) = end.and_then(|end| rest.split_at_checked(end)) else {
            return Err(self.call.misused(b"-exec", "';' or '+' is missing"));
        };
        *rest = more;
        self.has_action = true;
        let mut words: Vec<Vec<u8>> = words.iter().map(|word| word.to_bytes().to_vec()).collect();
        if words.is_empty() {
            return Err(self.call.misused(b"-exec", "a command is missing"));
        }
        if *end == c"+" {
            words.pop();
            self.batches.push(Vec::new());
            let place = self.batches.len() - 1;
            return Ok(self.add(Node::ExecuteAll(words, place)));
        }
        Ok(self.add(Node::Execute(words, asks)))
    }
}

/// `-size n[bcwkMG]`.
fn size(text: &[u8]) -> Option<Node> {
    let (digits, unit) = match text {
        [digits @ .., b'c'] => (digits, 1),
        [digits @ .., b'w'] => (digits, 2),
        [digits @ .., b'b'] => (digits, 512),
        [.., letter @ (b'k' | b'M' | b'G')] => (
            text.strip_suffix(&[*letter])?,
            number::count(&[b'1', *letter])?,
        ),
        digits => (digits, 512),
    };
    Compare::parse(digits).map(|it| Node::Size(it, unit))
}

// ---- The walk ----

impl Find<'_> {
    fn walk(&mut self, path: &CStr, follow: Follow, root: usize) {
        let mut walk = match Walk::new(path, follow) {
            Ok(walk) => walk,
            Err(errno) => return self.fail(path, errno),
        };
        let mut device = None;
        while let Some(visit) = walk.next() {
            let depth = visit.depth as u64;
            let is_visited = match visit.when {
                When::Only => true,
                When::Before => !self.depth,
                When::After => self.depth,
                When::Failed(errno) => {
                    self.fail(visit.path, errno);
                    continue;
                }
            };
            self.prunes = false;
            if visit.when == When::Before {
                if depth >= self.most {
                    self.prunes = true;
                }
                if self.one_device {
                    let here = visit.stat().ok().map(|it| it.dev());
                    device = device.or(here);
                    self.prunes |= device != here;
                }
            }
            if is_visited && depth >= self.least && depth <= self.most {
                self.holds(root, &visit);
            }
            let is_directory = visit.when == When::Before;
            if self.quits || self.out.has_failed() {
                return;
            }
            if self.prunes && is_directory {
                walk.skip();
            }
        }
    }

    fn fail(&mut self, path: &CStr, errno: Errno) {
        self.out.flush();
        self.status = self.call.fail(path, errno);
    }

    fn stat(&mut self, visit: &Visit<'_>) -> Option<Stat> {
        let stat = visit.stat().or_else(|errno| match visit.file_type {
            // With -L, a link that leads nowhere is the link.
            FileType::Symlink => sys::file::lstatat(visit.parent, visit.name),
            _ => Err(errno),
        });
        match stat {
            Ok(stat) => Some(stat),
            Err(errno) => {
                self.fail(visit.path, errno);
                None
            }
        }
    }

    /// Whether a part of the expression holds for a file. The depth of the recursion is that of the expression.
    fn holds(&mut self, node: usize, visit: &Visit<'_>) -> bool {
        let nodes = core::mem::take(&mut self.nodes);
        let holds = self.holds_of(&nodes, node, visit);
        self.nodes = nodes;
        holds
    }

    fn holds_of(&mut self, nodes: &[Node], node: usize, visit: &Visit<'_>) -> bool {
        let Some(node) = nodes.get(node) else {
            return false;
        };
        match node {
            Node::And(left, right) => {
                self.holds_of(nodes, *left, visit)
                    && !self.quits
                    && self.holds_of(nodes, *right, visit)
            }
            Node::Or(left, right) => {
                self.holds_of(nodes, *left, visit)
                    || !self.quits && self.holds_of(nodes, *right, visit)
            }
            Node::Not(node) => !self.holds_of(nodes, *node, visit),
            Node::True => true,
            Node::False => false,
            Node::Name(pattern) => pattern.matches(name(visit)),
            Node::NameOfAnyCase(pattern) => pattern.matches(&name(visit).to_ascii_lowercase()),
            Node::Path(pattern) => pattern.matches(visit.path.to_bytes()),
            Node::Type(file_type) => visit.file_type == *file_type,
            Node::Prune => {
                self.prunes = true;
                true
            }
            Node::Print(end) => {
                self.out.write(visit.path.to_bytes());
                self.out.write(&[*end]);
                true
            }
            Node::Execute(words, asks) => self.run_one(words, *asks, visit),
            Node::ExecuteAll(words, place) => {
                let Some(batch) = self.batches.get_mut(*place) else {
                    return false;
                };
                batch.push(visit.path.to_bytes().to_vec());
                if batch.iter().map(Vec::len).sum::<usize>() > LONG || batch.len() > LONG / 16 {
                    self.run_batch(words, *place);
                }
                true
            }
            Node::Delete => self.delete(visit),
            Node::Quit => {
                self.quits = true;
                true
            }
            Node::Empty => self.is_empty(visit),
            Node::Nameless(kind) => {
                let Some(stat) = self.stat(visit) else {
                    return false;
                };
                match kind {
                    names::Kind::User => !self.users.has(stat.uid()),
                    names::Kind::Group => !self.groups.has(stat.gid()),
                }
            }
            node => {
                let now = self.now;
                self.stat(visit)
                    .is_some_and(|stat| holds_for(node, &stat, now))
            }
        }
    }

    fn is_empty(&mut self, visit: &Visit<'_>) -> bool {
        match visit.file_type {
            FileType::File => self.stat(visit).is_some_and(|it| it.size() == 0),
            FileType::Directory => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
                let directory = sys::fd::openat(visit.parent, visit.name, flags, 0);
                match directory.and_then(|it| ReadDir::new(it).next().map(|it| it.is_none())) {
                    Ok(is_empty) => is_empty,
                    Err(errno) => {
                        self.fail(visit.path, errno);
                        false
                    }
                }
            }
            _ => false,
        }
    }

    fn delete(&mut self, visit: &Visit<'_>) -> bool {
        if visit.name == c"." {
            return true;
        }
        let outcome = match visit.when {
            When::After => sys::file::rmdirat(visit.parent, visit.name),
            _ => sys::file::unlinkat(visit.parent, visit.name),
        };
        if let Err(errno) = outcome {
            self.fail(visit.path, errno);
        }
        outcome.is_ok()
    }

    fn run_one(&mut self, words: &[Vec<u8>], asks: bool, visit: &Visit<'_>) -> bool {
        self.out.flush();
        let program = words.first().map(|it| &it[..]).unwrap_or_default();
        if asks
            && !ask::confirms(
                self.call,
                core::str::from_utf8(program).unwrap_or("run"),
                visit.path.to_bytes(),
            )
        {
            return false;
        }
        let words: Vec<Vec<u8>> = words
            .iter()
            .map(|word| substitute(word, b"{}", visit.path.to_bytes()))
            .collect();
        run(&words)
    }

    fn run_batch(&mut self, words: &[Vec<u8>], place: usize) {
        self.out.flush();
        let mut all = words.to_vec();
        if let Some(batch) = self.batches.get_mut(place) {
            all.append(batch);
        }
        if !run(&all) {
            self.status = 1;
        }
    }

    /// Runs the commands of `-exec ... +` for the files that are left.
    fn finish(&mut self) {
        let nodes = core::mem::take(&mut self.nodes);
        for node in &nodes {
            if let Node::ExecuteAll(words, place) = node
                && self.batches.get(*place).is_some_and(|it| !it.is_empty())
            {
                self.run_batch(words, *place);
            }
        }
    }
}

/// The last component; for the start, that of its path.
fn name<'v>(visit: &Visit<'v>) -> &'v [u8] {
    crate::common::paths::base(visit.name.to_bytes())
}

/// The parts of the expression that depend on the file's properties.
fn holds_for(node: &Node, stat: &Stat, now: i64) -> bool {
    match node {
        Node::Permissions(bits, b'-') => stat.permissions() & bits == *bits,
        Node::Permissions(bits, b'/') => *bits == 0 || stat.permissions() & bits != 0,
        Node::Permissions(bits, _) => stat.permissions() == *bits,
        Node::Size(compare, unit) => compare.holds(stat.size().div_ceil(*unit)),
        Node::Age(compare, unit, time) => {
            let age = now.saturating_sub(time(stat).0).max(0) / unit;
            compare.holds(age as u64)
        }
        Node::Newer(time) => stat.mtime() > *time,
        Node::User(uid) => stat.uid() == *uid,
        Node::Group(gid) => stat.gid() == *gid,
        Node::Links(compare) => compare.holds(stat.nlink().into()),
        Node::Inode(compare) => compare.holds(stat.ino()),
        // These do not need the properties.
        Node::And(..)
        | Node::Or(..)
        | Node::Not(_)
        | Node::True
        | Node::False
        | Node::Name(_)
        | Node::NameOfAnyCase(_)
        | Node::Path(_)
        | Node::Type(_)
        | Node::Empty
        | Node::Nameless(_)
        | Node::Prune
        | Node::Print(_)
        | Node::Execute(..)
        | Node::ExecuteAll(..)
        | Node::Delete
        | Node::Quit => false,
    }
}

/// Runs a command. Returns whether it succeeded.
fn run(words: &[Vec<u8>]) -> bool {
    let Some((program, arguments)) = words.split_first() else {
        return false;
    };
    let mut command = Command::new(&program[..]);
    command.args(arguments.iter().map(|it| &it[..]));
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("find: ", error);
            false
        }
    }
}
