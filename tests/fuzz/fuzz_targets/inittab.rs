//! The lines of an inittab.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nestling::inittab::Entry;

fuzz_target!(|text: &[u8]| {
    for line in text.split(|&byte| byte == b'\n') {
        match Entry::parse(line) {
            Ok(None) => {}
            Ok(Some(entry)) => {
                let _ = (entry.settings().count(), entry.name(), entry.has_terminal());
                assert!(
                    entry.terminal().len() <= line.len()
                        && entry.command().text.len() <= line.len()
                );
                assert!(!entry.command().text.is_empty());
            }
            Err(problem) => assert!(!problem.what.is_empty() && problem.word.len() <= line.len()),
        }
    }
});
