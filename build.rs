//! Tells the build scripts of programs without libc where the linker's script is: `nestling::rt` says why.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

fn main() {
    let mut script = env::current_dir()
        .expect("cargo's working directory")
        .join("src/rt/release.ld");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", script.display());

    let has = |feature: &str| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    if has("PIE") {
        script = with_relocations(&script);
    }
    // For the `build.rs` of a program that depends on this crate: its variable `DEP_NESTLING_SCRIPT`.
    println!("cargo::metadata=script={}", script.display());
    // For that of a library without the standard library, which has a panic handler of its own only where none is in the build.
    if has("STD") {
        println!("cargo::metadata=std=true");
    }
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if is_release && !["RT", "ALLOC", "STD"].into_iter().any(has) {
        println!(
            "cargo::warning=without features this builds the library alone; \
             for the programs: cargo build --release -p nestling-programs"
        );
    }
}

/// The script for a program that relocates itself: it is linked for the address 0, and the data that is relocated is in a writable
/// section.
fn with_relocations(script: &Path) -> PathBuf {
    const TABLES: &str = " .data.rel.ro .data.rel.ro.* .got .got.plt";
    let text = fs::read_to_string(script).expect("the linker's script");
    let text = text
        .replace("0x200000 + ", "")
        .replace(TABLES, "")
        .replace(
            ".data : { *(",
            &format!(".dynamic : {{ *(.dynamic) }} :data :dynamic\n    .data : {{ *({TABLES} "),
        )
        .replace(
            "} :constants\n",
            "} :constants\n    .relr.dyn : { *(.relr.dyn) } :constants\n",
        )
        .replace(
            "stack PT_GNU",
            "dynamic PT_DYNAMIC FLAGS(6);\n    stack PT_GNU",
        )
        .replace(
            "*(.eh_frame ",
            "*(.dynsym .dynstr .hash .gnu.hash .eh_frame ",
        );
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("a folder")).join("release.ld");
    fs::write(&out, text).expect("the folder is writable");
    out
}
