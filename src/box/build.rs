//! Tells the linker what a program without libc needs, and what it can leave out: `nestling::rt` says why.

use std::{env, path::Path};

fn main() {
    // From the build script of `nestling`.
    let script = env::var("DEP_NESTLING_SCRIPT").expect("the linker's script");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={script}");

    println!("cargo::rustc-link-arg-bins=-nostdlib");
    // `cc` puts a bare `-znorelro` before rustc's `-z relro`, which would win.
    let linker = env::var("RUSTC_LINKER").unwrap_or("cc".into());
    let is_driver = !Path::new(&linker)
        .file_name()
        .is_some_and(|name| name.to_string_lossy().contains("ld"));
    let norelro = if is_driver {
        "-Wl,-znorelro"
    } else {
        "-znorelro"
    };
    println!("cargo::rustc-link-arg-bins={norelro}");
    if env::var_os("CARGO_FEATURE_PIE").is_some() {
        let (kind, relocations) = match is_driver {
            true => (["-static-pie"; 2], "-Wl,-z,pack-relative-relocs"),
            false => (["-pie", "--no-dynamic-linker"], "-zpack-relative-relocs"),
        };
        for argument in kind.into_iter().chain([relocations]) {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    } else {
        println!("cargo::rustc-link-arg-bins=-static");
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rustc-link-arg-bins=-T{script}");
    }
}
