//! The end of the machine.

use nestling::sys;
use nestling::sys::reboot::{Reboot, reboot, sync};
use nestling::text::Text;

use super::report::Report;
use super::zombies;
use crate::log::complain;

/// Stops every process, writes what is not written yet, and switches the machine off.
pub fn power_off(report: &Report) -> ! {
    report.stop(zombies::stop_all());
    sync();
    let errno = reboot(Reboot::PowerOff);
    complain(|out| {
        "can't power off: ".write(out);
        errno.write(out);
    });
    // Whoever can look at the machine sees why it is still there.
    loop {
        let _ = sys::process::pause();
    }
}
