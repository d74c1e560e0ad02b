#!/bin/sh
# Builds Debian's busybox with the applets of `box` alone, and prints the sizes of both:
#
#     xtask/busybox-size.sh BOX [FOLDER]
#
# BOX is a release build of `box` that this machine can run: `target/x86_64-unknown-linux-gnu/release/nestling-box`. FOLDER takes the
# sources and the builds (by default target/xtask/busybox). It needs apt-get, make, bzip2 and gcc, and musl-gcc for the second build.
#
# The source and the configuration are those of Debian's package busybox-static; every applet that is not in `box --list` is switched
# off. There are two builds without Debian's hardening flags, which add to the size: with glibc, as Debian's is, and with musl.
set -eu

box=$(realpath "$1")
folder=${2:-$(dirname "$0")/../target/xtask/busybox}
mkdir -p "$folder/lists/partial"
cd "$folder"
here=$PWD

if ! [ -e source/debian/config/pkg/static ]; then
    . /etc/os-release
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $VERSION_CODENAME main" >sources.list
    set -- -q -o "Dir::Etc::sourcelist=$here/sources.list" -o Dir::Etc::sourceparts=/dev/null -o "Dir::State::Lists=$here/lists"
    apt-get "$@" update
    apt-get "$@" source --download-only busybox
    rm -rf source
    mkdir source
    tar -x -C source --strip-components 1 -f busybox_*.orig.tar.*
    tar -x -C source -f busybox_*.debian.tar.*
fi

# A line for each applet of busybox: the option and the name. The shell is ash; one of its names has an option of its own.
grep -rhs --include='*.c' '^//applet:IF_' source |
    sed -n 's/^\/\/applet:IF_\([A-Z0-9_]*\)(.*APPLET[A-Z_]*( *\([^ ,]*\) *,.*/\1 \2/p' |
    sed 's/ test1$/ [/; s/^ASH .*/ASH sh/; s/^SH_IS_ASH .*/SH_IS_ASH sh/; /^BUSYBOX /d; /^SH_IS_HUSH/d; s/^HUSH .*/HUSH hush/' >applets
"$box" --list | sed 's/^/ours /' >ours
awk '$1 == "ours" { ours[$2] = 1; next } { if ($2 in ours) keep[$1] = 1; all[$1] = 1 }
    END { for (option in all) if (!(option in keep)) print option }' ours applets >off
echo 'applets of box that busybox does not have:' \
    $(awk '$1 == "ours" { name[$2] = 1; next } { delete name[$2] } END { for (it in name) print it }' ours applets)

build() {
    rm -rf "$1"
    mkdir "$1"
    {
        sed 's/.*/# CONFIG_& is not set/' off
        sed 's/.*/^CONFIG_&=/' off >off.patterns
        grep -v -f off.patterns source/debian/config/pkg/static
    } >"$1/.config"
    sed -i "/^CONFIG_EXTRA_CFLAGS=/d; $4" "$1/.config"
    echo "CONFIG_EXTRA_CFLAGS=\"$3\"" >>"$1/.config"
    (
        make -C "$1" -f "$here/source/Makefile" KBUILD_SRC="$here/source" oldconfig </dev/null
        make -C "$1" -j2 CC="$2" busybox
    ) >"$1.log" 2>&1 || { tail -5 "$1.log"; return 1; }
    strip -o "$1/stripped" "$1/busybox"
    "$1/busybox" --list >"$1.list"
    ours=$(stat -c %s "$box") theirs=$(stat -c %s "$1/stripped")
    echo "$1: busybox $theirs bytes ($(wc -l <"$1.list") names), box $ours bytes: $(awk "BEGIN { printf \"%.3f\", $ours / $theirs }")"
}

build glibc gcc '' ''
# musl has no GNU regular expressions, which this option is for.
! command -v musl-gcc >/dev/null || build musl musl-gcc "-idirafter /usr/include -idirafter /usr/include/$(gcc -print-multiarch)" 's/^CONFIG_EXTRA_COMPAT=y/# CONFIG_EXTRA_COMPAT is not set/'
