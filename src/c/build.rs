//! Passes options for the shared library to the linker, and tells the compiler whether the standard library is in this build.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(has_std)");
    // nestling's build.rs sets this variable.
    if env::var_os("DEP_NESTLING_STD").is_some() {
        println!("cargo::rustc-cfg=has_std");
    }
    let linker = env::var("RUSTC_LINKER").unwrap_or("cc".into());
    let is_driver = !linker
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains("ld"));
    let prefix = if is_driver { "-Wl," } else { "" };
    // `nodelete`: the library contains a destructor for threads, so it must stay loaded after `dlclose`. `now`: the child of a
    // spawn must not call the dynamic linker to bind a function. `Bsymbolic-functions`: the library calls its own functions, also after
    // `dlopen`, when the libc's come first.
    for option in [
        "-soname=libnestling.so.0",
        "-znodelete",
        "-znow",
        "-Bsymbolic-functions",
    ] {
        println!("cargo::rustc-cdylib-link-arg={prefix}{option}");
    }
}
