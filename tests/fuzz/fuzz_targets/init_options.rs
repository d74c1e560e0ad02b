//! The command line of `init` in a container.

#![no_main]
#![allow(dead_code)]

use std::ffi::CString;

use libfuzzer_sys::fuzz_target;
use nestling::{Arg, Args, Signal};

#[path = "../../../src/bin/init/container/options.rs"]
mod options;

/// What stands for init's log.
mod log {
    use nestling::text::Sink;

    pub struct Line(usize);

    impl Line {
        pub fn new(_: &str) -> Self {
            Self(0)
        }

        pub fn complain(self) {
            assert!(self.0 > 0);
        }
    }

    impl Sink for Line {
        fn put(&mut self, text: &[u8]) {
            self.0 += text.len();
        }
    }
}

/// The words between null bytes.
fn words(text: &[u8]) -> Vec<CString> {
    let mut words = vec![c"program".to_owned()];
    words.extend(
        text.split(|&byte| byte == 0)
            .map(|word| CString::new(word).expect("no null")),
    );
    words
}

fuzz_target!(|text: &[u8]| {
    let words = words(text);
    let mut list: Vec<Option<Arg<'_>>> =
        words.iter().map(|word| Some(Arg::from(&**word))).collect();
    list.push(None);
    let mut options = options::Options::new(Args::EMPTY);
    if options.read(Args::new(&list)) {
        for signal in Signal::all() {
            let _ = options.rewrite(signal);
        }
    }
});
