//! The parts of a line editor: the [line](buffer::Buffer) with its cursor and undo, the [keys](keys::Key) that a terminal sends, and
//! the [screen](screen::Screen), which draws the line with the fewest bytes.
//!
//! They read nothing themselves: the caller reads bytes, decodes them, changes the line, and draws it.

pub mod buffer;
pub mod case;
pub mod keys;
pub mod screen;
pub mod width;
