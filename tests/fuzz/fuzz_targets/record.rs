//! The record that crosses the status pipe.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nestling::spawn::{Action, fuzz_record};
use nestling::text::Sink;

struct Written(usize);

impl Sink for Written {
    fn put(&mut self, text: &[u8]) {
        self.0 += text.len();
    }
}

fuzz_target!(|input: ([u8; 8], u8)| {
    let (bytes, count) = input;
    let actions = vec![Action::Umask(0o22); count.into()];
    fuzz_record(bytes, &actions, &mut Written(0));
});
