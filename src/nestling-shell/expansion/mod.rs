//! Word expansions: XCU 2.6.

pub mod pathname;
pub mod splitting;
