//! A line editor, with emacs' or vi's keys, history and completion.
//!
//! [`Editor::read`] reads a line. The caller implements the trait [`Host`]: it has the history, finds the candidates of a completion,
//! and may act on signals while a line is edited. [`emacs`] and [`vi`] list the keys.
//!
//! The parts can be used alone: the [line](buffer::Buffer) with its cursor and undo, the [keys](keys::Key) that a terminal sends, and
//! the [screen](screen::Screen), which draws the line with the fewest bytes.
//!
//! Line editors without std exist, but they do too little. `noline`, which is maintained, has UTF-8, emacs' basic keys and a
//! history, but no completion, search, undo, kill ring, wide characters or bracketed paste. `embedded-cli` and similar crates are
//! for command lines of one row and a fixed size. None of them has vi's keys.
//!
//! A key costs at most one write, and keys that arrive together are drawn together. Keys are read byte by byte, because input after
//! the end of the line belongs to the command that is executed next.

mod actions;
pub mod buffer;
pub mod case;
pub mod completion;
pub mod emacs;
pub mod history;
mod host;
mod input;
pub mod keys;
pub mod screen;
mod search;
mod session;
pub mod vi;
pub mod width;
pub mod words;

pub use host::{Event, Host};
pub use session::{Editor, End};
