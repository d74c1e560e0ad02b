//! The environment that programs get: the exported variables (XCU 2.5.3, 2.13).

use crate::fields::Fields;
use crate::shell::Shell;

/// It as it was worked out last: nothing is done again while no exported variable changes.
#[derive(Debug, Default)]
pub struct Environment {
    version: Option<u64>,
    strings: Fields,
}

/// Takes it out of the shell, for as long as it is borrowed. To be put back.
pub fn take(shell: &mut Shell) -> Environment {
    let mut environment = core::mem::take(&mut shell.environment);
    let version = Some(shell.variables.environment_version());
    if environment.version != version {
        environment.version = version;
        let strings = &mut environment.strings;
        strings.clear();
        for string in &shell.foreign_environment {
            strings.push(string);
        }
        for (name, value) in shell.variables.exported() {
            strings.extend(shell.symbols.name(name));
            strings.extend(b"=");
            strings.extend(value);
            strings.end();
        }
    }
    environment
}

impl Environment {
    pub fn strings(&self) -> &Fields {
        &self.strings
    }
}
