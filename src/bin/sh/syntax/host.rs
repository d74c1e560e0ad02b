//! The interface that the parser needs from the program that uses it.

use alloc::rc::Rc;
use alloc::vec::Vec;

use nestling::Errno;

use crate::map::Map;
use crate::symbols::Symbols;

pub trait Host {
    /// The reason why parsing stops, if it is not an error in the text.
    type Divert;

    fn symbols(&self) -> &Symbols;
    fn symbols_mut(&mut self) -> &mut Symbols;
    fn aliases(&self) -> &Map<Rc<[u8]>>;

    /// Whether each item of a list keeps its text, for the output of `jobs`.
    fn keeps_texts(&self) -> bool;

    /// Whether too little stack is left for another recursion.
    fn is_stack_low(&self) -> bool;

    /// Reads a line that the user types, with its newline. Returns `None` at the end of the input. If `goes_on`, the line continues
    /// a command.
    fn read_line(&mut self, goes_on: bool) -> Result<Option<Vec<u8>>, Self::Divert>;

    /// Reports that the program's descriptor cannot be read.
    fn cannot_read(&mut self, why: Errno) -> Self::Divert;
}
