//! Taking down the file systems. Init stops swapping, unmounts the file systems or at least makes them read-only, and detaches loop
//! devices.
//!
//! A step may hang because of a disk or a server, so each step has a time limit. A path for which a step has hung is not tried
//! again.

use core::ffi::CStr;

use nestling::dir::ReadDir;
use nestling::sys::block::detach_loop;
use nestling::sys::mount::{MountFlags, UnmountFlags, mount, umount2};
use nestling::text::{self, Sink, next_field};
use nestling::{AsFd, Errno, OFlags, io, sys};

use super::Machine;
use super::lines::each_line;
use crate::buffer::{Buffer, next_string, path, put_string};
use crate::clock::now;

/// The mounts that init needs until the end. (They also include the root: for the root, `umount` would only remount it read-only,
/// and would succeed each time.)
const NEEDED: &str = "/ /proc /sys /dev /run";

/// The types of file systems that may stay mounted and do not write to a disk.
const VIRTUAL: &str = "rootfs tmpfs ramfs proc sysfs devtmpfs devpts cgroup2 cgroup";

/// The size of the part of the list of mounts that one round handles. It is the end of the list, which contains the innermost
/// mounts.
const ROOM: usize = 64 * 1024;

/// The numbers of steps of a round that have succeeded and failed.
#[derive(Default)]
struct Round {
    done: u32,
    failed: u32,
}

/// The operation that a round tries for each mount.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Try {
    Unmount,
    ReadOnly,
    /// Make the mount read-only, and report errors.
    ReadOnlyLoudly,
}

impl Machine {
    /// Unmounts all file systems, or makes them read-only. Repeats the rounds while at least one step succeeds and the time `end`
    /// is not reached. `hung` contains the paths for which a step has hung.
    pub fn take_down(&mut self, end: u32, hung: &mut Buffer) {
        for what in [Try::Unmount, Try::ReadOnly] {
            loop {
                self.swap_off(end, hung);
                let mut round = self.each_mount(end, what, hung);
                // A mount keeps its loop device in use, and the loop device keeps the file system of its file in use. So each round
                // detaches loop devices.
                round.done += self.detach_loops(end, hung);
                if round.failed == 0 {
                    break;
                }
                if round.done == 0 {
                    if what == Try::ReadOnly {
                        self.each_mount(end, Try::ReadOnlyLoudly, hung);
                    }
                    break;
                }
            }
        }
    }

    /// Tries the operation for each mount, beginning with the last mount of the list: a mount inside of another mount comes after
    /// it.
    #[inline(never)]
    fn each_mount(&mut self, end: u32, what: Try, hung: &mut Buffer) -> Round {
        let mut round = Round::default();
        let mut room = [0; ROOM];
        let mut rest = last_of(c"/proc/mounts", &mut room).unwrap_or_default();
        while let [before @ .., b'\n'] = rest {
            let start = before.iter().rposition(|&byte| byte == b'\n');
            let start = start.map_or(0, |it| it + 1);
            let (others, mut line) = before.split_at_checked(start).unwrap_or_default();
            rest = others;
            next_field(&mut line, b' ');
            let target = next_field(&mut line, b' ');
            let kind = next_field(&mut line, b' ');
            let options = next_field(&mut line, b' ');
            let is_meant = match what {
                Try::Unmount => text::position(NEEDED, target).is_none(),
                Try::ReadOnly | Try::ReadOnlyLoudly => {
                    text::position(VIRTUAL, kind).is_none()
                        && next_field(&mut &*options, b',') == b"rw"
                }
            };
            if !is_meant {
                continue;
            }
            let mut path = Buffer::new();
            unescape(target, &mut path);
            let path = path.as_c_str();
            let answer = match what {
                Try::Unmount => self.attempt(end, "umount", path, false, hung, &mut || {
                    umount2(path, UnmountFlags::default())
                }),
                Try::ReadOnly | Try::ReadOnlyLoudly => {
                    let loudly = what == Try::ReadOnlyLoudly;
                    self.attempt(end, "read-only", path, loudly, hung, &mut || {
                        let flags = MountFlags::REMOUNT | MountFlags::RDONLY;
                        mount(c"", path, c"", flags, c"")
                    })
                }
            };
            match answer {
                Some(Ok(())) => round.done += 1,
                Some(Err(_)) => round.failed += 1,
                None => {}
            }
        }
        round
    }

    fn swap_off(&mut self, end: u32, hung: &mut Buffer) {
        let _ = each_line(c"/proc/swaps", &mut |mut line| {
            let word = next_field(&mut line, b' ');
            // The first line contains the names of the columns.
            if word.starts_with(b"/") {
                let mut path = Buffer::new();
                unescape(word, &mut path);
                let path = path.as_c_str();
                self.attempt(end, "swapoff", path, false, hung, &mut || {
                    sys::machine::swapoff(path)
                });
            }
            true
        });
    }

    /// Detaches loop devices, and returns their number.
    fn detach_loops(&mut self, end: u32, hung: &mut Buffer) -> u32 {
        let mut count = 0;
        let Ok(mut devices) = ReadDir::open(c"/sys/block") else {
            return count;
        };
        while let Ok(Some(entry)) = devices.next() {
            let name = entry.name.to_bytes();
            let mut attached = path("/sys/block/", name);
            attached.put(b"/loop");
            let is_attached = || sys::file::faccessat(attached.as_c_str()).is_ok();
            if !name.starts_with(b"loop") || !is_attached() {
                continue;
            }
            let device = path("/dev/", name);
            let device = device.as_c_str();
            self.attempt(end, "detach", device, false, hung, &mut || {
                let flags = OFlags::RDONLY | OFlags::CLOEXEC;
                detach_loop(sys::fd::open(device, flags, 0)?.as_fd())
            });
            // A loop device that is in use stays attached. This is not an error.
            count += u32::from(!is_attached());
        }
        count
    }

    /// Carries out a step for this path, unless the time `end` is reached or a step for the path has hung before.
    #[inline(never)]
    fn attempt(
        &mut self,
        end: u32,
        name: &str,
        path: &CStr,
        loudly: bool,
        hung: &mut Buffer,
        step: &mut dyn FnMut() -> Result<(), Errno>,
    ) -> Option<Result<(), Errno>> {
        let mut rest = hung.bytes();
        while !rest.is_empty() {
            if next_string(&mut rest) == path {
                return None;
            }
        }
        if end <= now() {
            return None;
        }
        let answer = self.limited_step(end, name, path.to_bytes(), loudly, step);
        if answer.is_none() {
            put_string(hung, path.to_bytes());
        }
        answer
    }
}

/// Returns the end of a file, as many whole lines as fit into `room`.
fn last_of<'r>(path: &CStr, room: &'r mut [u8; ROOM]) -> Result<&'r [u8], Errno> {
    let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
    let (mut length, mut is_cut) = (0, false);
    loop {
        let Some(free @ [_, ..]) = room.get_mut(length..) else {
            // Discard the first half of the buffer.
            is_cut = true;
            let (first, second) = room.split_at_mut(ROOM / 2);
            for (to, from) in first.iter_mut().zip(second) {
                *to = *from;
            }
            length = ROOM / 2;
            continue;
        };
        let count = io::read(file.as_fd(), free)?;
        length += count;
        if count == 0 {
            break;
        }
    }
    let mut text = room.get(..length).unwrap_or_default();
    if is_cut {
        next_field(&mut text, b'\n');
    }
    Ok(text)
}

/// Decodes a word of the list of mounts, and writes the path to `path`. In the list, a blank or a similar character is a backslash
/// and three octal digits.
fn unescape(mut rest: &[u8], path: &mut Buffer) {
    while let [first, others @ ..] = rest {
        let digits = others.get(..3).filter(|_| *first == b'\\');
        match digits.and_then(|digits| text::number(digits, 8)) {
            Some(byte) => {
                path.put(&[byte as u8]);
                rest = rest.get(4..).unwrap_or_default();
            }
            None => {
                path.put(&[*first]);
                rest = others;
            }
        }
    }
}
