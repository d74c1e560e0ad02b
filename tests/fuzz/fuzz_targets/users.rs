//! The lines of `/etc/passwd` and `/etc/group`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nestling::users::{Group, User};

fuzz_target!(|text: &[u8]| {
    for line in text.split(|&byte| byte == b'\n') {
        if let Some(user) = User::parse(line) {
            assert!(!matches!(user.name, [] | [b'+' | b'-', ..]));
            assert!(user.uid != u32::MAX && user.gid != u32::MAX);
            assert!(line.starts_with(user.name));
        }
        if let Some(group) = Group::parse(line) {
            assert!(group.gid != u32::MAX && !group.has_member(b""));
            for member in group.members.split(|&byte| byte == b',') {
                assert_eq!(group.has_member(member), !member.is_empty());
            }
        }
    }
});
