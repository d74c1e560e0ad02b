//! Files, directories and text.

use nestling::applet::Applet;

mod cat;
mod chmod;
mod chown;
mod cp;
mod cut;
mod date;
mod dd;
mod df;
mod du;
mod echo;
mod env;
mod find;
mod grep;
mod head;
mod ln;
mod ls;
mod mkdir;
mod mknod;
mod mv;
mod pwd;
mod readlink;
mod rm;
mod rmdir;
mod sort;
mod stat;
mod sync;
mod tail;
mod tee;
mod test;
mod touch;
mod tr;
mod true_;
mod uniq;
mod wc;
mod which;
mod xargs;

/// The applets, in the order of their names.
pub const APPLETS: &[Applet] = &[
    test::BRACKET,
    cat::APPLET,
    chmod::APPLET,
    chown::APPLET,
    cp::APPLET,
    cut::APPLET,
    date::APPLET,
    dd::APPLET,
    df::APPLET,
    du::APPLET,
    echo::APPLET,
    env::APPLET,
    true_::FALSE,
    find::APPLET,
    grep::APPLET,
    head::APPLET,
    ln::APPLET,
    ls::APPLET,
    mkdir::APPLET,
    mknod::MKFIFO,
    mknod::MKNOD,
    mv::APPLET,
    pwd::APPLET,
    readlink::APPLET,
    rm::APPLET,
    rmdir::APPLET,
    sort::APPLET,
    stat::APPLET,
    sync::APPLET,
    tail::APPLET,
    tee::APPLET,
    test::TEST,
    touch::APPLET,
    tr::APPLET,
    true_::TRUE,
    uniq::APPLET,
    wc::APPLET,
    which::APPLET,
    xargs::APPLET,
];
