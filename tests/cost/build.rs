//! Passes the linker the same options as for nestling's own programs (see the `build.rs` of that package).

use std::env;

fn main() {
    let script = env::current_dir()
        .expect("cargo's working directory")
        .join("../../src/rt/release.ld");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", script.display());

    println!("cargo::rustc-link-arg-bins=-nostdlib");
    println!("cargo::rustc-link-arg-bins=-static");
    println!("cargo::rustc-link-arg-bins=-no-pie");
    println!("cargo::rustc-link-arg-bins=-znorelro");
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rustc-link-arg-bins=-T{}", script.display());
    }
}
