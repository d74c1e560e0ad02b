//! Processes, devices, file systems, modules and the network.

use nestling::applet::Applet;

/// The applets, in the order of their names.
pub const APPLETS: &[Applet] = &[];
