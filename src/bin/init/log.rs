//! What init says.

use nestling::io::{self, Writer};
use nestling::text::Text;

/// Says in words, on a line, what went wrong.
pub fn complain(say: impl FnOnce(&mut Writer<'_>)) {
    let mut stderr = Writer::new(io::stderr());
    "init: ".write(&mut stderr);
    say(&mut stderr);
    "\n".write(&mut stderr);
}
