//! Files, directories and text.

use nestling::applet::Applet;

mod cat;
mod echo;
mod ls;
mod true_;
mod wc;

/// The applets, in the order of their names.
pub const APPLETS: &[Applet] = &[
    cat::APPLET,
    echo::APPLET,
    true_::FALSE,
    ls::APPLET,
    true_::TRUE,
    wc::APPLET,
];
