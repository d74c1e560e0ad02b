//! The applets of `src/box/files`.

use crate::run::{Difference, Entry, Output};

pub const ENTRIES: &[Entry] = &[
    Entry {
        applet: "cat",
        options: &["-u"],
        ..Entry::READS
    },
    Entry {
        applet: "echo",
        options: &["-n", "-e", "-E", "-ne", "-x", "--help"],
        operands: &[
            "a b",
            "",
            "-",
            "-- a",
            r"a\tb\c\n",
            r"\0101\x41\e\q\\",
            r"a\",
        ],
        ..Entry::READS
    },
    Entry {
        applet: "false",
        operands: &["", "a"],
        ..Entry::READS
    },
    Entry {
        applet: "ls",
        options: &["-1", "-a", "-A", "-d"],
        operands: &[
            "",
            "dir",
            "text dir",
            "none text",
            "-- -dash",
            "link",
            "dangling",
            "loop",
            "dir/up",
            "odd\nname",
            "dir text dir/sub",
        ],
        ..Entry::READS
    },
    Entry {
        applet: "true",
        operands: &["", "a"],
        ..Entry::READS
    },
    Entry {
        applet: "wc",
        options: &["-l", "-w", "-c", "-m"],
        output: Output::Blanks,
        ..Entry::READS
    },
];

pub const DIFFERENCES: &[Difference] = &[Difference {
    applet: "wc",
    words: &["binary"],
    what: "output",
    why: "in POSIX, all characters but white space belong to words; the others leave out those that are not printable",
}];
