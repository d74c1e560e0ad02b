//! Files, directories and text.

use nestling::applet::Applet;

mod cat;
mod chmod;
mod chown;
mod cp;
mod echo;
mod ln;
mod ls;
mod mkdir;
mod mv;
mod rm;
mod rmdir;
mod touch;
mod true_;
mod wc;

/// The applets, in the order of their names.
pub const APPLETS: &[Applet] = &[
    cat::APPLET,
    chmod::APPLET,
    chown::APPLET,
    cp::APPLET,
    echo::APPLET,
    true_::FALSE,
    ln::APPLET,
    ls::APPLET,
    mkdir::APPLET,
    mv::APPLET,
    rm::APPLET,
    rmdir::APPLET,
    touch::APPLET,
    true_::TRUE,
    wc::APPLET,
];
