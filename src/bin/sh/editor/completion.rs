//! Completion by Tab.

use super::Session;
use crate::shell::Shell;

pub fn complete(session: &mut Session, _shell: &mut Shell, _again: bool) {
    session.screen.bell();
}

/// Puts all words there that could be meant.
pub fn insert_all(session: &mut Session, _shell: &mut Shell) {
    session.screen.bell();
}

/// The last word of a command.
pub fn last_word(command: &[u8]) -> &[u8] {
    let command = command.trim_ascii_end();
    let start = command
        .iter()
        .rposition(|byte| byte.is_ascii_whitespace())
        .map_or(0, |place| place + 1);
    command.get(start..).unwrap_or_default()
}
