//! Builds for several architectures at once.

use anyhow::Result;
use duct::Expression;

use crate::{apt, arch::Arch, toolchain::Rust};

/// Architectures that one cargo command builds for. One command keeps the cores busier than one build after the other.
pub struct Group {
    /// The architectures; at least one.
    pub archs: Vec<Arch>,
    rust: Rust,
}

impl Group {
    /// Groups architectures by the toolchain that builds for them, and installs a toolchain if necessary.
    pub fn of(archs: &[Arch]) -> Result<Vec<Group>> {
        let mut groups: Vec<Group> = Vec::new();
        for &arch in archs {
            let rust = apt::obtain(|| Rust::find(arch))?;
            match groups.iter_mut().find(|group| group.rust == rust) {
                Some(group) => group.archs.push(arch),
                None => groups.push(Group {
                    archs: vec![arch],
                    rust,
                }),
            }
        }
        Ok(groups)
    }

    /// Returns the names of the architectures.
    pub fn name(&self) -> String {
        self.archs
            .iter()
            .map(|arch| arch.name())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Returns the message for a build that has failed.
    pub fn failure(&self) -> String {
        let linker = match apt::program("cc", &[]) {
            Ok(_) => "",
            // Build scripts, too, are programs of this machine.
            Err(_) => {
                ": there is no `cc`, which links for this machine; on Debian, `apt-get install gcc libc6-dev` installs it"
            }
        };
        format!("the build for {} failed{linker}", self.name())
    }

    /// Returns a cargo command that builds for these architectures. `flags` returns the compiler's flags for each.
    pub fn command(&self, words: &[&str], flags: impl Fn(Arch) -> String) -> Expression {
        let mut command = self.rust.cargo(words, &self.archs);
        for &arch in &self.archs {
            let flags = flags(arch);
            if !flags.is_empty() {
                command = command.env(arch.cargo_variable("RUSTFLAGS"), flags);
            }
        }
        command
    }
}
