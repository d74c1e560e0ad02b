//! Tells the linker what a program without libc needs, and what it can leave out: `nestling::rt` says why.

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
        script = with_relocations(&script);
    } else {
        println!("cargo::rustc-link-arg-bins=-static");
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    // For the `build.rs` of a program that depends on this crate: its variable `DEP_NESTLING_SCRIPT`.
    println!("cargo::metadata=script={}", script.display());
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

/// The script for a program that relocates itself: it is linked for the address 0, and what is relocated is variable.
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
