//! `cargo xtask flags`: prints how nestling's own programs are compiled, as a configuration of cargo for other
//! projects.

use std::fmt::Write;

use anyhow::Result;

use crate::arch::{Arch, HOST};

pub fn flags(archs: &[Arch]) -> Result<()> {
    print!("{}", configuration(archs)?);
    Ok(())
}

fn configuration(archs: &[Arch]) -> Result<String> {
    let mut text = String::from(
        "# Written by nestling's `cargo xtask flags`.\n\n[profile.release]\npanic = \"abort\"\nopt-level = \"z\"\n\
         lto = \"fat\"\ncodegen-units = 1\nstrip = true\n",
    );
    for &arch in archs {
        writeln!(text, "\n[target.{}]", arch.triple())?;
        if arch != HOST {
            writeln!(text, "linker = \"rust-lld\"")?;
            writeln!(text, "runner = \"{}\"", arch.emulator())?;
        }
        let flags = arch.rustflags(true);
        writeln!(
            text,
            "rustflags = {:?}",
            flags.split(' ').collect::<Vec<_>>()
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_are_a_configuration_with_each_option_of_our_own_builds() {
        let text = configuration(&Arch::ALL).expect("text");
        for arch in Arch::ALL {
            let (_, section) = text.split_once(arch.triple()).expect("a section");
            let flags = section
                .lines()
                .find_map(|it| it.strip_prefix("rustflags = "));
            for flag in arch.rustflags(true).split(' ') {
                assert!(flags.is_some_and(|it| it.contains(&format!("{flag:?}"))));
            }
        }
        // The profile is copied from the workspace.
        let ours = include_str!("../../Cargo.toml");
        let (_, ours) = ours.split_once("[profile.release]").expect("a profile");
        let (_, theirs) = text.split_once("[profile.release]").expect("a profile");
        let lines = |text: &'static str| text.lines().skip(1).take_while(|it| !it.is_empty());
        for line in lines(ours) {
            assert!(theirs.contains(line), "{line}");
        }
    }
}
