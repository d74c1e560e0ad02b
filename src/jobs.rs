//! Jobs: process groups and the terminal they share (POSIX XBD 11.1.4, XCU 2.11).
