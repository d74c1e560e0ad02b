//! What the applets share. It imports nothing of the applets.

pub mod about;
pub mod ask;
pub mod attributes;
pub mod basic;
pub mod bytes;
pub mod columns;
pub mod copy;
pub mod date;
pub mod end;
pub mod fstab;
pub mod input;
pub mod links;
pub mod loops;
pub mod mode;
pub mod names;
pub mod number;
pub mod output;
pub mod paths;
pub mod remove;
pub mod resolve;
pub mod walk;
