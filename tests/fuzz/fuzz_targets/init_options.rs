//! The command line of `init` in a container.

#![no_main]
#![allow(dead_code)]

use libfuzzer_sys::fuzz_target;
use nestling::{Args, Signal};

#[path = "../../../src/bin/init/container/options.rs"]
mod options;
#[path = "../words.rs"]
mod words;

/// Takes the place of init's module `log`.
mod log {
    use nestling::text::Sink;

    pub struct Line(usize);

    impl Line {
        pub fn new(_: &str) -> Self {
            Self(0)
        }

        pub fn warn(self) {
            assert!(self.0 > 0);
        }
    }

    impl Sink for Line {
        fn put(&mut self, text: &[u8]) {
            self.0 += text.len();
        }
    }
}

fuzz_target!(|text: &[u8]| {
    let words = words::of(text);
    let list = words::list(&words);
    let mut options = options::Options::new(Args::EMPTY);
    if options.read(Args::new(&list)) {
        for signal in Signal::all() {
            let _ = options.rewrite(signal);
        }
    }
});
