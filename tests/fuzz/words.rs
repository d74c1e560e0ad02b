//! Makes command lines from fuzzed text.

use std::ffi::CString;

use nestling::Arg;

/// Returns the program's name and then the words that null bytes separate.
pub fn of(text: &[u8]) -> Vec<CString> {
    let mut words = vec![c"program".to_owned()];
    words.extend(
        text.split(|&byte| byte == 0)
            .map(|word| CString::new(word).expect("no null")),
    );
    words
}

/// Returns the words as an argument list.
pub fn list(words: &[CString]) -> Vec<Option<Arg<'_>>> {
    let words = words.iter().map(|word| Some(Arg::from(&**word)));
    words.chain([None]).collect()
}
