//! What `cargo xtask` and its benchmarks (`xtask/bench`) share: the workspace, builds for each architecture, the programs of a
//! machine, and the image of its disk.
#![allow(missing_docs, reason = "only the packages of this workspace use it")]

pub mod boot;
pub mod c_library;
pub mod compile;
pub mod root_disk;
pub mod workspace;
