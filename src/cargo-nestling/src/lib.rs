//! The parts that `cargo nestling` and nestling's own `cargo xtask` share: they find and install tools, build for four
//! architectures, and boot machines.
//!
//! The interface may change with each release: this package promises only the programs.

pub mod agent;
pub mod apt;
pub mod arch;
pub mod boot;
pub mod build;
pub mod cache;
pub mod compile;
pub mod completions;
pub mod console;
pub mod disk;
pub mod drivers;
pub mod elf;
pub mod image;
pub mod initramfs;
pub mod kernel;
pub mod machine;
pub mod new;
pub mod packages;
pub mod process;
pub mod project;
pub mod run;
pub mod runner;
pub mod test;
pub mod toolchain;

/// Reports on standard error what the program is doing.
#[macro_export]
macro_rules! note {
    ($($word:tt)*) => {
        eprintln!("{}: {}", $crate::program(), format_args!($($word)*))
    };
}

/// Returns the name of the running program, with which its messages begin.
pub fn program() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
