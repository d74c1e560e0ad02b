//! What no generated command line of the applets of `src/box/system` shows. Everything runs in namespaces of its own.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use nestling_host_tests::{Arch, installed, or_skip};

/// Runs a script as the first process of namespaces of its own, with `box` as `$0`. Returns how `unshare` ended, and the output.
fn as_process_1(ours: &Path, script: &str) -> (Option<i32>, String) {
    let output = Command::new("unshare")
        .args(["-Urmnupf", "--mount-proc", "sh", "-c", script])
        .arg(ours)
        .output()
        .expect("unshare");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let signal = output.status.signal().map(|signal| 128 + signal);
    (output.status.code().or(signal), text)
}

#[test]
fn reboot_poweroff_and_halt_send_process_1_the_signals_of_init() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let script = "for signal in TERM USR1 USR2; do trap \"echo $signal\" $signal; done
        for name in reboot poweroff halt; do \"$0\" $name -n; done";
    let expected = (Some(0), "TERM\nUSR2\nUSR1\n".into());
    assert_eq!(as_process_1(&ours, script), expected);
}

#[test]
fn halt_with_the_option_p_switches_off_and_sysvinits_other_options_have_no_effect() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let script = "for signal in TERM USR1 USR2; do trap \"echo $signal\" $signal; done
        \"$0\" halt -p; \"$0\" halt -hi -d 0; \"$0\" poweroff -pd0; \"$0\" reboot -x 2>&1; echo $?";
    let expected = "USR2\nUSR1\nUSR2\ninit: reboot: \"-x\": invalid argument; see --help\n1\n";
    assert_eq!(as_process_1(&ours, script), (Some(0), expected.into()));
}

#[test]
fn with_the_option_f_the_kernel_ends_the_machine_without_init() {
    let ours = or_skip!(Arch::X86_64.the_box());
    // In a namespace, the kernel ends process 1 by SIGHUP for a restart, and by SIGINT for the others. A shell cannot survive that.
    for (name, signal) in [("reboot", 1), ("poweroff", 2), ("halt", 2)] {
        let script = format!("\"$0\" {name} -fn; echo survived");
        assert_eq!(
            as_process_1(&ours, &script),
            (Some(128 + signal), String::new())
        );
    }
}

/// Runs a script in a file system of its own. Returns its output, and a line for each mount that it has made.
fn mounts(ours: &Path, script: &str) -> String {
    let script = format!(
        "mount -t tmpfs none /mnt && cd /mnt && mkdir a b c && {{ {script}\n}} 2>&1
        sed -n '/^none .mnt /,$s:^\\([^ ]*\\) /mnt/:\\1 :p' /proc/mounts | cut -d' ' -f1-4"
    );
    as_process_1(ours, &script).1
}

#[test]
fn a_remount_keeps_the_flags_that_it_does_not_name() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let script = "mount -t tmpfs -o nosuid,noexec,size=1m x a; \"$0\" mount -o remount,ro a";
    let said = mounts(&ours, script);
    assert!(said.starts_with("x a tmpfs ro,nosuid,noexec,"), "{said}");
    let said = mounts(&ours, &format!("{script}; \"$0\" mount -o remount,rw a"));
    assert!(said.starts_with("x a tmpfs rw,nosuid,noexec,"), "{said}");
}

#[test]
fn mount_has_the_options_of_util_linux_that_are_flags_and_its_long_options() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let script = "\"$0\" mount -nv -t tmpfs -o nodiratime,loud,noiversion,_netdev x a
        touch x; \"$0\" mount -t tmpfs x b
        \"$0\" mount --bind b c; \"$0\" mount --make-private c; \"$0\" mount --remount c";
    let said = mounts(&ours, script);
    let mut lines = said.lines();
    assert_eq!(
        lines.next(),
        Some("mount: remount: no such option"),
        "{said}"
    );
    assert!(said.contains("x a tmpfs rw,nodiratime,"), "{said}");
    // A file system that is on no device does not make a loop device of a file with its name.
    assert!(said.contains("\nx b tmpfs rw,"), "{said}");
    assert!(said.contains("\nx c tmpfs rw,"), "{said}");
}

#[test]
fn umount_takes_a_list_of_types_and_what_is_mounted_below() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let tree = "mount -t tmpfs x a; mkdir a/s; mount -t ramfs y a/s; mount -t ramfs z b;";
    let said = mounts(&ours, &format!("{tree} \"$0\" umount -R a"));
    assert_eq!(said.split(',').next(), Some("z b ramfs rw"), "{said}");
    let said = mounts(&ours, &format!("{tree} \"$0\" umount -a -t ext3,ramfs"));
    assert!(said.starts_with("x a tmpfs"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

/// Runs a script in a terminal of its own, with `box` as `$BOX`. Returns the output.
fn in_terminal(ours: &Path, script: &str) -> String {
    // At the end of its input, `script` would send ^D, which the terminal may echo.
    let (input, _open) = std::io::pipe().expect("a pipe");
    let output = Command::new("script")
        .args(["-qec", script, "/dev/null"])
        .env("BOX", ours)
        .env("SHELL", "/bin/sh")
        .stdin(input)
        .output()
        .expect("script");
    String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")
}

#[test]
fn stty_sets_what_the_program_of_gnu_sets_and_reads_what_it_writes() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let settings = [
        "-echo",
        "raw",
        "raw -echo",
        "cooked",
        "sane",
        "intr ^G erase ^H kill undef",
        "-icanon min 3 time 7",
        "cs7 parenb -parodd",
        "-ixon ixany -onlcr ocrnl tostop",
        "rows 13 cols 77",
        "rprnt ^P werase ^X lnext ^Y eol2 x",
    ];
    // Each starts from the same settings. (`sane` of GNU leaves what `cooked` sets.) `script` may make a terminal with any size.
    let script = settings.map(|it| {
        format!(
            "stty sane -iutf8 -ignpar -istrip 38400 rows 24 cols 80; $PROGRAM {it} 2>/dev/null || echo failed; stty -g; stty size; $PROGRAM -g"
        )
    });
    let with = |program: &str| in_terminal(&ours, &script.join("\n").replace("$PROGRAM", program));
    let (mine, other) = (with("$BOX stty"), with("stty"));
    // A terminal of this kind cannot have characters of seven bits.
    assert_eq!(mine.lines().count(), 3 * settings.len() + 1, "{mine}");
    assert_eq!(mine, other);
    let script = "stty -echo intr ^G; saved=$(stty -g); stty sane; $BOX stty $saved; stty -g; echo $saved; $BOX stty 9600; $BOX stty speed; stty speed
        $BOX stty 123456; $BOX stty speed; $BOX stty 4000000; stty speed; $BOX stty min 256 2>&1";
    let said = in_terminal(&ours, script);
    let mut lines = said.lines();
    assert_eq!(lines.next(), lines.next(), "{said}");
    // The other program knows the speed by its number alone.
    for speed in [
        "9600",
        "9600",
        "123456",
        "4000000",
        "stty: 256: no such setting",
    ] {
        assert_eq!(lines.next(), Some(speed), "{said}");
    }
}

#[test]
fn names_that_others_chose_cannot_write_escapes_and_newlines_into_lists() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let script = r#"odd=$(printf 'e\033[31mE\r\302\233x'); mkdir "$odd"; mount -t tmpfs "$odd" "$odd"
        sh -c 'printf "a\nb\033\tc\377" >/proc/$$/comm; "$0" ps -o comm= -p $$; "$0" ps -o args= -p $$; :' "$0"
        "$0" mount | sed -n 's/ type.*//; s/.*E.*/&/p'; "$0" df "$odd" | sed -n 's/ .*\// /; s/.*E.*/&/p'
        umount "$odd"; odd=$(printf 'e\033x'); ip link set lo down; ip link set lo name "$odd"; "$0" ip link | sed 's/ <.*//'"#;
    let said = mounts(&ours, script);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.first(), Some(&"a?b??c?"), "{said:?}");
    assert_eq!(
        lines.get(2),
        Some(&"e?[31mE??x on /mnt/e?[31mE??x"),
        "{said:?}"
    );
    assert_eq!(lines.get(3), Some(&"e?[31mE??x e?[31mE??x"), "{said:?}");
    assert!(said.contains("\n1: e?x:"), "{said:?}");
    assert!(!said.contains('\x1b'), "{said:?}");
}

#[test]
fn df_of_a_device_shows_the_file_system_on_it() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let mounts = std::fs::read_to_string("/proc/self/mounts").expect("mounts");
    let is_device = |path: &str| {
        use std::os::unix::fs::FileTypeExt;
        std::fs::metadata(path).is_ok_and(|it| it.file_type().is_block_device())
    };
    let sources = mounts.lines().filter_map(|line| line.split(' ').next());
    // A machine without a disk has nothing to show.
    let Some(device) = sources
        .filter(|it| it.starts_with('/'))
        .find(|it| is_device(it))
    else {
        return;
    };
    let output = Command::new(&ours).args(["df", device]).output();
    let text = String::from_utf8_lossy(&output.expect("the box").stdout).into_owned();
    assert!(text.contains(&format!("\n{device} ")), "{text}");
}

#[test]
fn ip_shows_the_next_hops_of_a_route_and_only_the_routes_that_are_named() {
    let ours = or_skip!(Arch::X86_64.the_box());
    let script = "ip link add v0 type veth peer name v1; ip link set v1 up; ip link set v0 up; ip addr add 10.1.2.3/16 dev v0
        ip route add 10.7.0.0/16 nexthop via 10.1.0.1 dev v0 nexthop via 10.1.0.2 dev v0 weight 2
        ip route add 10.8.0.0/16 dev v0 table 100
        \"$0\" ip route show 10.7.0.0/16; \"$0\" ip route show table 100; \"$0\" ip route list table all | grep -c 'table 100'
        \"$0\" ip route show nonsense; echo $?";
    let expected = "10.7.0.0/16\n\tnexthop via 10.1.0.1 dev v0 weight 1\n\tnexthop via 10.1.0.2 dev v0 weight 2\n\
        10.8.0.0/16 dev v0 scope link\n1\n1\n";
    assert_eq!(as_process_1(&ours, script), (Some(0), expected.into()));
}

/// Runs `modprobe` with these words in a root directory that has modules in compressed files, and answers each attempt to load one
/// with `answer`. Returns the exit status, and a line for each attempt: the file, the parameters and the flags.
fn modprobe(ours: &Path, answer: &str, words: &str) -> String {
    let script = format!(
        r#"mount -t tmpfs none /mnt && cd /mnt && cp "$0" box || exit
        tree=lib/modules/$(uname -r); mkdir -p $tree/k etc/modprobe.d
        touch $tree/k/leaf.ko.xz $tree/k/base-part.ko.zst
        echo 'k/leaf.ko.xz: k/base-part.ko.zst' >$tree/modules.dep
        echo 'k/base-part.ko.zst:' >>$tree/modules.dep
        echo 'alias pci:v00001AF4d*sv*bc0[0-2]* leaf' >$tree/modules.alias
        echo 'alias net-?f base_part' >>$tree/modules.alias
        echo 'kernel/inside.ko' >$tree/modules.builtin
        echo 'options leaf debug=1' >etc/modprobe.d/leaf.conf
        strace -qq -y -o log -e trace=finit_module -e inject=finit_module:{answer} chroot . /box modprobe {words}
        echo $?; sed 's:^[^/]*/.*/k/::; s/ = .*//' log"#
    );
    as_process_1(ours, &script).1
}

#[test]
fn modprobe_finds_aliases_and_loads_compressed_modules_after_those_that_they_need() {
    let ours = or_skip!(Arch::X86_64.the_box());
    or_skip!(installed("strace"));
    // The kernel logs a complaint about a compressed file without the flag.
    let flag = "MODULE_INIT_COMPRESSED_FILE";
    let both =
        format!("0\nbase-part.ko.zst>, \"\", {flag})\nleaf.ko.xz>, \"debug=1 x=2 \", {flag})\n");
    for name in ["leaf", "pci:v00001AF4d00001000sv1sd2bc02sc00"] {
        assert_eq!(modprobe(&ours, "retval=0", &format!("{name} x=2")), both);
    }
    let base = format!("0\nbase-part.ko.zst>, \"\", {flag})\n");
    for name in ["base-part", "base_part", "net-pf"] {
        assert_eq!(modprobe(&ours, "retval=0", name), base);
    }
    assert_eq!(modprobe(&ours, "retval=0", "inside"), "0\n");
    for name in ["nonsense", "net-f", "pci:v00001AF4d1sv2bc03"] {
        assert_eq!(modprobe(&ours, "retval=0", name), "1\n");
    }
}
