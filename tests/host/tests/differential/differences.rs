//! The permitted differences. Each is a row of the table in the documentation of `nestling::spawn`.

use crate::situation::{Situation, Word};

/// A way to start programs that is compared with nestling's [`Spawn`](nestling::spawn::Spawn): a column of the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Peer {
    Command,
    Glibc,
    Musl,
    Std,
}

impl Peer {
    pub const ALL: [Self; 4] = [Self::Command, Self::Glibc, Self::Musl, Self::Std];
}

pub struct Difference {
    /// The first cell of the row.
    pub what: &'static str,
    pub peers: &'static [Peer],
    /// The situations in which the difference occurs.
    pub when: fn(&Situation) -> bool,
    /// The part of the outcome that differs.
    pub part: &'static str,
    /// Whether the two values differ in the permitted way: the first is nestling's, the second the peer's.
    pub is_permitted: fn(&str, &str) -> bool,
}

use Peer::{Command, Glibc, Musl, Std};

/// The differences, in the order of the table. A difference of a situation fits at most one of them.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        what: "An `open` with `O_CLOEXEC`",
        peers: &[Command, Glibc, Musl, Std],
        when: |it| {
            has(
                it,
                |word| matches!(word, Word::Open(_, flags, _) if flags & libc::O_CLOEXEC != 0),
            )
        },
        part: "descriptors",
        is_permitted: |ours, theirs| ours.split(", ").count() < theirs.split(", ").count(),
    },
    Difference {
        what: "A `close` or `closefrom` of a descriptor number at or above the limit",
        peers: &[Glibc],
        when: |it| {
            has(
                it,
                |word| matches!(word, Word::Close(fd) | Word::CloseFrom(fd) if *fd >= limit(it)),
            )
        },
        part: "result",
        is_permitted: |ours, theirs| (ours, theirs) == ("started", "EBADF"),
    },
    Difference {
        what: "A step fails, and a later action has an invalid descriptor number",
        peers: &[Glibc, Musl],
        when: |it| {
            has(it, |word| match word {
                Word::Close(fd) | Word::CloseFrom(fd) | Word::Dup2(fd, _) => {
                    *fd < 0 || *fd >= limit(it)
                }
                _ => false,
            })
        },
        part: "result",
        is_permitted: |ours, theirs| ours != "started" && theirs == "EBADF",
    },
    Difference {
        what: "At most two descriptor numbers are free",
        peers: &[Command, Musl, Std],
        when: |it| free(it) <= 2,
        part: "result",
        is_permitted: |ours, theirs| ours != "EMFILE" && theirs == "EMFILE",
    },
    Difference {
        what: "Only two descriptor numbers are free, and the actions open files at both of them",
        peers: &[Glibc],
        when: |it| free(it) == 2,
        part: "result",
        is_permitted: |ours, theirs| (ours, theirs) == ("EMFILE", "started"),
    },
    Difference {
        what: "An open fails, and an earlier step fails, too",
        peers: &[Command, Std],
        when: |it| free(it) > 2 && has(it, |word| matches!(word, Word::Open(..) | Word::Dup2(..))),
        part: "result",
        is_permitted: |ours, theirs| ours != "started" && matches!(theirs, "ENOENT" | "EBADF"),
    },
    Difference {
        what: "A scheduling policy or priority",
        peers: &[Musl],
        when: |it| {
            has(it, |word| {
                matches!(word, Word::Scheduler(..) | Word::Priority(_))
            })
        },
        part: "result",
        is_permitted: |_, theirs| theirs == "ENOSYS",
    },
    Difference {
        what: "The policies `SCHED_BATCH` and `SCHED_IDLE`",
        peers: &[Glibc],
        when: |it| {
            has(it, |word| {
                matches!(
                    word,
                    Word::Scheduler(libc::SCHED_BATCH | libc::SCHED_IDLE, _)
                )
            })
        },
        part: "result",
        is_permitted: |_, theirs| theirs == "EINVAL",
    },
    Difference {
        what: "Setting the scheduling fails, and setting the process group fails, too",
        peers: &[Glibc],
        when: |it| {
            has(it, |word| matches!(word, Word::Scheduler(0..=2, _)))
                && has(it, |word| matches!(word, Word::Setpgroup(_)))
        },
        part: "result",
        is_permitted: |ours, theirs| (ours, theirs) == ("EPERM", "EINVAL"),
    },
    Difference {
        what: "A search for a name of more than 255 bytes, if no directory of `PATH` exists",
        peers: &[Glibc, Std],
        when: |it| matches!(it.program(), (name, true) if name.as_bytes().len() > 255),
        part: "result",
        is_permitted: |ours, theirs| (ours, theirs) == ("ENAMETOOLONG", "ENOENT"),
    },
    Difference {
        what: "A search finds a file whose format the kernel does not recognise",
        peers: &[Std],
        when: |it| it.program().1,
        part: "result",
        is_permitted: |ours, theirs| (ours, theirs) == ("ENOEXEC", "started"),
    },
    Difference {
        what: "Signals 32 and 33",
        peers: &[Glibc, Std],
        when: |_| true,
        part: "the C library's, ignored",
        is_permitted: |ours, theirs| (ours, theirs) == ("0", "180000000"),
    },
    Difference {
        what: "`SIGPIPE` is ignored",
        peers: &[Command, Std],
        when: |it| has(it, |word| matches!(word, Word::Ignore(libc::SIGPIPE))),
        part: "ignored",
        is_permitted: |ours, theirs| (ours, theirs) == ("1000", "0"),
    },
];

fn has(situation: &Situation, what: impl Fn(&Word) -> bool) -> bool {
    situation.words.iter().any(what)
}

/// The limit on descriptors in this situation: one more than the highest possible number.
fn limit(situation: &Situation) -> i32 {
    let limits = situation.words.iter().map(|word| match word {
        Word::Nofile(limit) | Word::Full(limit) => *limit,
        // The machine's own limit may be any; the numbers in the situations are far below it.
        _ => 100_000,
    });
    limits.min().unwrap_or(0)
}

/// How many descriptor numbers are free in the parent.
pub fn free(situation: &Situation) -> i32 {
    let taken = situation.words.iter().map(|word| match word {
        Word::Have(_) | Word::HaveCloexec(_) | Word::HaveDirectory(_) => 1,
        Word::Shut(_) => -1,
        Word::Full(limit) => *limit,
        _ => 0,
    });
    limit(situation) - 3 - taken.sum::<i32>()
}
