//! The applets of `src/box/system`.

use crate::run::{Difference, Entry, Output};

pub const ENTRIES: &[Entry] = &[
    Entry {
        applet: "dmesg",
        options: &["-r", "-s 8192"],
        operands: &["", "extra", "-n x", "-n 9"],
        output: Output::Some,
        room: Some(("", "")),
        ..Entry::READS
    },
    Entry {
        applet: "free",
        options: &["-b", "-k", "-m", "-g"],
        operands: &[""],
        output: Output::Some,
        ..Entry::READS
    },
    Entry {
        applet: "hostname",
        options: &[],
        operands: &["", "-s", "new-name", "a.b", "-F -dash", "-F none"],
        room: Some(("hostname one.two", "uname -n")),
        ..Entry::READS
    },
    Entry {
        applet: "id",
        options: &["-u", "-g", "-G", "-n", "-r"],
        operands: &["", "root", "daemon", "no-user", "-un nobody"],
        ..Entry::READS
    },
    Entry {
        applet: "insmod",
        options: &[],
        operands: &["text", "", "nowhere", "text a=b", "dir"],
        room: Some(("", "")),
        ..Entry::READS
    },
    Entry {
        applet: "ip",
        options: &[],
        operands: &[
            "link show dev lo",
            "addr show dev lo",
            "route",
            "",
            "-4 addr show dev lo",
            "-6 a s dev lo",
            "link show nosuch",
            "link set lo down",
            "link set dev lo mtu 1400",
            "link set v0 name eth7",
            "link set v0 address 02:00:00:00:00:09",
            "link set nosuch up",
            "link add b0 type bridge",
            "link add name v0 type bridge",
            "link del v0",
            "addr add 192.0.2.1/24 dev v0",
            "a add 192.0.2.1/24 broadcast + dev v0",
            "addr add 2001:db8::1/64 dev v0",
            "addr add 10.0.0.1 dev v0",
            "addr add 10.1.2.3/8 dev v0",
            "addr add 300.0.2.1/24 dev v0",
            "addr add 192.0.2.1/33 dev v0",
            "addr del 10.1.2.3/16 dev v0",
            "addr del 10.1.2.4/16 dev v0",
            "addr flush dev v0",
            "route add default via 10.1.0.1",
            "route add default via 11.1.0.1",
            "r a 192.0.2.0/24 via 10.1.0.1 dev v0 metric 7",
            "route add 192.0.2.0/24 dev v0 src 10.1.2.3",
            "route del 10.1.0.0/16",
            "route del 192.0.2.0/24",
            "route replace 10.9.0.0/16 dev v0",
            "route show table 100",
            "route list dev v1",
            "route show 10.1.0.0/16",
            "route show default",
            "route show nonsense",
            "addr del 10.1.2.3 dev v0",
            "addr del 10.1.2.9 dev v0",
            "-4 addr add fd00::9/64 dev v0",
            "-4 addr show dev v1",
            "nosuch",
            "link nosuch",
        ],
        output: Output::Blanks,
        room: Some((
            "ip link set lo up; ip link add v0 address 02:00:00:00:00:01 type veth peer name v1 address 02:00:00:00:00:02
            ip link set v1 up; ip link set v0 up; ip addr add 10.1.2.3/16 dev v0
            ip addr add 10.3.0.1/16 dev v1 label v1:a; ip addr add 10.3.0.2/16 dev v1
            ip route add blackhole 10.5.0.0/16; ip route add unreachable 10.6.0.0/16; ip route add 10.8.0.0/16 dev v0 table 100",
            "ip -o link | sed 's/<[^>]*>//; s/ state [A-Z]*//; s/ qdisc [a-z]*//' | grep -v b0; ip link show lo; ip -4 -o addr
            ip -6 addr show dev v0 scope global | grep -o 'inet6 [^ ]*'; { ip route; ip -6 route | grep db8; } | sed 's/ linkdown//'",
        )),
        ..Entry::READS
    },
    Entry {
        applet: "kill",
        options: &["-0", "-s URG", "-l"],
        operands: &["1", "", "999999", "none", "-- 1", "-17 1", "-nosuch 1"],
        output: Output::Blanks,
        room: Some(("", "")),
        ..Entry::READS
    },
    Entry {
        applet: "losetup",
        options: &[],
        operands: &[
            "nowhere",
            "-d",
            "-d nowhere",
            "-d text",
            "a b c",
            "text empty",
            "-f a b",
        ],
        room: Some(("", "")),
        ..Entry::READS
    },
    Entry {
        applet: "lsmod",
        operands: &[],
        ..Entry::READS
    },
    Entry {
        applet: "modprobe",
        options: &["-a", "-r"],
        operands: &["nosuch", "", "text a=b"],
        room: Some(("", "")),
        ..Entry::READS
    },
    Entry {
        applet: "mount",
        options: &["-r"],
        operands: &[
            "",
            "-t tmpfs none dir",
            "-t tmpfs none nowhere",
            "-o rbind,ro dir/sub dir",
            "dir",
            "-t tmpfs -o size=1m,nosuid,nodev x dir",
            "-t tmpfs -o noexec,noatime,mode=700 x dir",
            "-t tmpfs -o nosuch=1 x dir",
            "-t nosuch x dir",
            "-o bind,noexec,nosuid dir/sub dir",
            "-o remount,ro /mnt",
            "-o remount,nosuid /mnt",
            "-o remount,bind,ro /mnt",
            "-o remount,ro dir",
            "-o move /mnt dir",
            "-o shared /mnt",
            "-o rprivate /mnt",
            "-o bind text dir/inner",
            "a b c",
        ],
        output: Output::Blanks,
        room: Some((
            "mount -t tmpfs mine /mnt",
            "grep -e /dir -e /mnt /proc/self/mountinfo | cut -d ' ' -f 4-7,9-",
        )),
        ..Entry::READS
    },
    Entry {
        applet: "ps",
        options: &[],
        operands: &[
            "-p 1 -o pid,ppid,pgid,nice,comm",
            "-o pid= -p 1",
            "-A -o pid=,ppid=PP",
            "-o user,group,ruser,rgroup -p 1",
            "-p 1 -o tty=T",
            "-p 999999",
            "-o nosuch",
            "-p x",
        ],
        output: Output::Blanks,
        room: Some(("", "")),
        ..Entry::READS
    },
    Entry {
        applet: "sleep",
        options: &[],
        operands: &[
            "0", "", "0.001", "0 0", ".001s", "x", "1x", "-1", "0m", "0 x", "0.0.1", ".",
        ],
        ..Entry::READS
    },
    Entry {
        applet: "stty",
        options: &[],
        operands: &["", "-a", "-g", "echo", "-F text", "-F nowhere -a"],
        ..Entry::READS
    },
    Entry {
        applet: "swapoff",
        options: &[],
        operands: &["nowhere", "", "text", "-a"],
        room: Some(("", "")),
        ..Entry::READS
    },
    Entry {
        applet: "swapon",
        options: &[],
        operands: &["nowhere", "text", "-p 3 text", "-p x text", "-p 32768 text"],
        room: Some(("", "")),
        ..Entry::READS
    },
    Entry {
        applet: "umount",
        options: &["-l"],
        operands: &[
            "/mnt",
            "",
            "dir",
            "nowhere",
            "mine",
            "/mnt/../mnt",
            "/mnt dir",
        ],
        output: Output::Blanks,
        room: Some((
            "mount -t tmpfs mine /mnt",
            "grep -e /dir -e /mnt /proc/self/mountinfo | cut -d ' ' -f 4-7,9-",
        )),
        ..Entry::READS
    },
    Entry {
        applet: "uname",
        options: &["-a", "-m", "-n", "-o", "-r", "-s", "-v"],
        operands: &["", "extra"],
        ..Entry::READS
    },
];

pub const DIFFERENCES: &[Difference] = &[
    Difference {
        applet: "insmod",
        words: &[],
        what: "status",
        why: "busybox's status is the number of the error",
    },
    Difference {
        applet: "ip",
        words: &["full-disk"],
        what: "status",
        why: "the others do not notice that standard output is a full disk",
    },
    Difference {
        applet: "ip",
        words: &["closed-output"],
        what: "status",
        why: "the others do not notice that standard output is closed",
    },
    Difference {
        applet: "ip",
        words: &["-6", "a"],
        what: "output",
        why: "the others have no qdisc here, because the kernel's list of links for IPv6 has none; ours takes the whole list",
    },
    Difference {
        applet: "ip",
        words: &["link", "nosuch"],
        what: "status",
        why: "the others have 2 and 255 for a word that they do not know; ours has 1, as for other wrong arguments",
    },
    Difference {
        applet: "kill",
        words: &["-l"],
        what: "output",
        why: "ours has a name on each line, as in POSIX, and the real-time signals; all its operands are numbers or names",
    },
    Difference {
        applet: "mount",
        words: &["closed-output"],
        what: "status",
        why: "the others do not notice that standard output is closed",
    },
    Difference {
        applet: "hostname",
        words: &["full-disk"],
        what: "status",
        why: "the others do not notice that standard output is a full disk",
    },
    Difference {
        applet: "hostname",
        words: &["closed-output"],
        what: "status",
        why: "the others do not notice that standard output is closed",
    },
];
