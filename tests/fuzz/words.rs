//! Command lines of fuzzed text.

use std::ffi::CString;

use nestling::Arg;

/// The program's name, then the words between null bytes.
pub fn of(text: &[u8]) -> Vec<CString> {
    let mut words = vec![c"program".to_owned()];
    words.extend(
        text.split(|&byte| byte == 0)
            .map(|word| CString::new(word).expect("no null")),
    );
    words
}

/// The words as an argument list.
pub fn list(words: &[CString]) -> Vec<Option<Arg<'_>>> {
    let words = words.iter().map(|word| Some(Arg::from(&**word)));
    words.chain([None]).collect()
}
