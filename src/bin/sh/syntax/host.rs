//! What the parser asks of the program that it is part of.

use alloc::rc::Rc;
use alloc::vec::Vec;

use nestling::Errno;

use crate::map::Map;
use crate::symbols::Symbols;

pub trait Host {
    /// Why no more is read, where that is no mistake in the text.
    type Divert;

    fn symbols(&self) -> &Symbols;
    fn symbols_mut(&mut self) -> &mut Symbols;
    fn aliases(&self) -> &Map<Rc<[u8]>>;

    /// Whether every item of a list is to have its text: for `jobs`.
    fn keeps_texts(&self) -> bool;

    /// Whether there is too little stack to recurse.
    fn is_stack_low(&self) -> bool;

    /// Reads a line of what the user types, with its newline; `None` at the end. The command may go on from the line before.
    fn read_line(&mut self, goes_on: bool) -> Result<Option<Vec<u8>>, Self::Divert>;

    /// The descriptor of the program cannot be read.
    fn cannot_read(&mut self, why: Errno) -> Self::Divert;
}
