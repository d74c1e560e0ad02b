//! The console, where the kernel did not open one: it starts PID 1 without any descriptor if it found no `/dev/console`.

use nestling::{OFlags, io, sys};

use super::service::make_sane;

/// Sees to it that descriptors 0, 1 and 2 are open: what is opened otherwise would become them, and get what is meant for
/// the console.
pub fn open() {
    let console = c"/dev/console";
    // Its number is the kernel's promise. A kernel without devtmpfs may not have made the file.
    let _ = sys::file::make_character_device(console, 0o600, 5, 1);
    let flags = OFlags::NOCTTY | OFlags::RDWR;
    for number in 0..3 {
        if sys::fd::cloexec(number).is_ok() {
            continue;
        }
        for (path, flags) in [
            (console, flags),
            (c"/dev/null", flags),
            (c"/", OFlags::RDONLY),
        ] {
            if let Ok(fd) = sys::fd::open(path, flags, 0) {
                // The lowest free number: this one. It stays open.
                fd.into_raw_fd();
                break;
            }
        }
    }
    make_sane(io::stderr());
}
