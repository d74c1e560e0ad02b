//! Information about a process from `/proc`.

use core::ffi::CStr;

use nestling::text::{self, Text, next_field};
use nestling::{AsFd, OFlags, sys};

use crate::buffer::path;

/// The index of the parent's id, for [`number`].
pub const PARENT: usize = 2;
/// The index of the controlling terminal's device number, for [`number`]. The number is 0 if the process has no controlling
/// terminal.
pub const TERMINAL: usize = 5;

/// Returns a number from `/proc/PID/stat`: `PID (NAME) STATE PARENT GROUP SESSION TERMINAL …`. The state has the index 1. The name
/// may contain any characters.
#[inline(never)]
pub fn number(pid: i32, index: usize) -> Option<i32> {
    let mut room = [0; 256];
    let text = of(pid, "/stat", &mut room);
    let name_end = text.iter().rposition(|&byte| byte == b')')?;
    let mut rest = text.get(name_end..)?;
    for _ in 0..index {
        next_field(&mut rest, b' ');
    }
    Some(text::number(next_field(&mut rest, b' '), 10)? as i32)
}

/// The name of a copy of process 1 that has not executed its program yet.
pub const COPY: &CStr = c"(init)";

/// Returns whether the process is such a copy.
#[inline(never)]
pub fn is_copy(pid: i32) -> bool {
    let mut room = [0; COPY.count_bytes()];
    of(pid, "/comm", &mut room) == COPY.to_bytes()
}

/// Reads the beginning of a file in `/proc/PID`.
#[inline(never)]
fn of<'r>(pid: i32, name: &str, room: &'r mut [u8]) -> &'r [u8] {
    let mut path = path("/proc/", b"");
    pid.write(&mut path);
    name.write(&mut path);
    beginning(path.as_c_str(), room)
}

/// Returns the beginning of a file, as far as one read returns it. If the file cannot be read, returns an empty slice.
#[inline(never)]
pub fn beginning<'r>(path: &CStr, room: &'r mut [u8]) -> &'r [u8] {
    let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0);
    let length = file.and_then(|file| sys::fd::read(file.as_fd(), room));
    room.get(..length.unwrap_or(0)).unwrap_or_default()
}
