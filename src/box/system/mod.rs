//! Processes, devices, file systems, modules and the network.

use nestling::applet::Applet;

mod dmesg;
mod free;
mod hostname;
mod id;
mod ip;
mod kill;
mod losetup;
mod modules;
mod mount;
mod ps;
mod sleep;
mod stty;
mod swap;
mod umount;
mod uname;

/// The applets, in the order of their names.
pub const APPLETS: &[Applet] = &[
    dmesg::APPLET,
    free::APPLET,
    hostname::APPLET,
    id::APPLET,
    modules::INSMOD,
    ip::APPLET,
    kill::APPLET,
    losetup::APPLET,
    modules::LSMOD,
    modules::MODPROBE,
    mount::APPLET,
    ps::APPLET,
    sleep::APPLET,
    stty::APPLET,
    swap::OFF,
    swap::ON,
    umount::APPLET,
    uname::APPLET,
];
