//! The applets of `src/box/system`.

use crate::run::{Difference, Entry};

pub const ENTRIES: &[Entry] = &[];

pub const DIFFERENCES: &[Difference] = &[];
