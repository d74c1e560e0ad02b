//! What the applets share. It imports nothing of the applets.

pub mod bytes;
pub mod input;
pub mod names;
pub mod output;
pub mod sort;
pub mod walk;
