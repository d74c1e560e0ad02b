//! The environment of programs: the exported variables (XCU 2.5.3, 2.13).

use alloc::vec::Vec;

use crate::variables::Variables;
use nestling_shell::fields::Fields;
use nestling_shell::symbols::Symbols;

/// The environment as it was last updated. It is made again only after an exported variable has changed.
#[derive(Debug, Default)]
pub struct Environment {
    version: Option<u64>,
    strings: Fields,
}

impl Environment {
    /// Updates the environment if a variable has changed. It contains the foreign strings, then the exported variables.
    pub fn update(&mut self, foreign: &[Vec<u8>], variables: &Variables, symbols: &Symbols) {
        let version = Some(variables.environment_version());
        if self.version != version {
            self.version = version;
            let strings = &mut self.strings;
            strings.clear();
            for string in foreign {
                strings.push(string);
            }
            for (name, value) in variables.exported() {
                strings.extend(symbols.name(name));
                strings.extend(b"=");
                strings.extend(value);
                strings.end();
            }
        }
    }

    pub fn strings(&self) -> &Fields {
        &self.strings
    }
}
