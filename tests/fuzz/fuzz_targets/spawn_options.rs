//! The command line of `spawn`.

#![no_main]

use std::ffi::CString;

use libfuzzer_sys::fuzz_target;
use nestling::text::{Sink, Text};
use nestling::{Arg, Args};

#[path = "../../../src/bin/spawn/options.rs"]
mod options;

struct Written(usize);

impl Sink for Written {
    fn put(&mut self, text: &[u8]) {
        self.0 += text.len();
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
    let env = [Some(Arg::from(c"PATH=/bin")), Some(Arg::from(c"A=b")), None];
    let mut groups = [0; options::GROUPS];
    let mut options = options::Options::new(Args::new(&env), &mut groups);
    let mut written = Written(0);
    match options.read(Args::new(&list)) {
        Ok(true) => {
            let spawn = options.spawn();
            assert!(!spawn.args.is_empty() || text.windows(12).any(|it| it == b"--descriptor"));
            spawn
                .actions
                .iter()
                .for_each(|action| action.write(&mut written));
            let _ = options.warning();
        }
        Ok(false) => {}
        Err(problem) => {
            problem.write(&mut written);
            assert!(written.0 > 0);
        }
    }
});
