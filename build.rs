//! Tells the linker what a program without libc needs, and what it can leave out: `nestling::rt` says why.

use std::{env, path::Path};

fn main() {
    let script = env::current_dir()
        .expect("cargo's working directory")
        .join("src/rt/release.ld");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", script.display());

    println!("cargo::rustc-link-arg-bins=-nostdlib");
    println!("cargo::rustc-link-arg-bins=-static");
    println!("cargo::rustc-link-arg-bins=-no-pie");
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
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rustc-link-arg-bins=-T{}", script.display());
        let has = |feature: &str| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
        if !["RT", "ALLOC", "EDIT", "STD"].into_iter().any(has) {
            println!(
                "cargo::warning=without features this builds the library alone; \
                 for the programs: cargo build --release --features rt,alloc,edit"
            );
        }
    }
}
