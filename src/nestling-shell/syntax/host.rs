//! The interface that the parser needs from the program that uses it.

use alloc::rc::Rc;
use alloc::vec::Vec;

use nestling::Errno;

use crate::map::Map;
use crate::stack;
use crate::symbols::Symbols;

/// What the parser needs from the program that uses it.
pub trait Host {
    /// The reason why parsing stops, if it is not an error in the text.
    type Divert;

    /// Returns the names.
    fn symbols(&self) -> &Symbols;
    /// Returns the names, so that new ones can be added.
    fn symbols_mut(&mut self) -> &mut Symbols;
    /// Returns the aliases: for each name, the text that replaces it.
    fn aliases(&self) -> &Map<Rc<[u8]>>;

    /// Whether each item of a list keeps its text, for the output of `jobs`.
    fn keeps_texts(&self) -> bool {
        false
    }

    /// Whether too little stack is left for another recursion.
    fn is_stack_low(&self) -> bool {
        stack::is_low()
    }

    /// Reads a line that the user types, with its newline. Returns `None` at the end of the input. If `_goes_on`, the line
    /// continues a command. Only a source of [typed lines](super::Source::interactive) calls this.
    fn read_line(&mut self, _goes_on: bool) -> Result<Option<Vec<u8>>, Self::Divert> {
        Ok(None)
    }

    /// Reports that the program's descriptor cannot be read.
    fn cannot_read(&mut self, why: Errno) -> Self::Divert;
}
