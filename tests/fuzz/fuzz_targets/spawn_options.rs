//! The command line of `spawn`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nestling::text::{Sink, Text};
use nestling::{Arg, Args};

#[path = "../../../src/bin/spawn/options.rs"]
mod options;
#[path = "../words.rs"]
mod words;

struct Written(usize);

impl Sink for Written {
    fn put(&mut self, text: &[u8]) {
        self.0 += text.len();
    }
}

fuzz_target!(|text: &[u8]| {
    let words = words::of(text);
    let list = words::list(&words);
    let env = [Some(Arg::from(c"PATH=/bin")), Some(Arg::from(c"A=b")), None];
    let mut groups = [0; options::GROUPS];
    let mut options = options::Options::new(Args::new(&env), &mut groups);
    let mut written = Written(0);
    match options.read(Args::new(&list)) {
        Ok(options::Request::Start) => {
            let spawn = options.spawn();
            assert!(!spawn.args.is_empty() || text.windows(12).any(|it| it == b"--descriptor"));
            spawn
                .actions
                .iter()
                .for_each(|action| action.write(&mut written));
            let _ = options.warning();
        }
        Ok(options::Request::Help | options::Request::Version) => {}
        Err(problem) => {
            problem.write(&mut written);
            assert!(written.0 > 0);
        }
    }
});
