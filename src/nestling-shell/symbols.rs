//! Names as numbers: each name that a program contains is stored once.
//!
//! When there are many names, those that are not used any more are [forgotten](Symbols::forget_unmarked). So `eval "v$i=1; unset
//! v$i"` in a loop does not fill the memory.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::stack;

/// A name of a variable, a function, a command or an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol(u32);

impl Symbol {
    /// The index for tables that have an entry for each name.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// Whether the variable of this name has a meaning for the shell itself.
    pub fn is_known(self) -> bool {
        self.index() < FIRST_BUILTIN
    }

    /// Makes a symbol from its index.
    pub const fn new(index: usize) -> Self {
        Self(index as u32)
    }
}

/// Defines the symbols of the names that the shell itself uses. Their order is that of [`KNOWN`].
macro_rules! known {
    ($($name:ident)*) => {
        /// The symbols of names that have a meaning for the shell itself.
        #[allow(non_upper_case_globals)]
        #[allow(dead_code, reason = "some are the line editor's")]
        impl Symbol {
            known!(@ 0usize; $($name)*);
        }
        const KNOWN: &[&str] = &[$(stringify!($name)),*];
    };
    (@ $index:expr; $name:ident $($rest:ident)*) => {
        /// The name of a variable that a shell itself uses.
        pub const $name: Self = Self::new($index);
        known!(@ $index + 1usize; $($rest)*);
    };
    (@ $index:expr;) => {};
}

known! {
    IFS PATH HOME PWD OLDPWD CDPATH ENV PS1 PS2 PS4 PPID OPTIND OPTARG LINENO RANDOM SECONDS
    LANG LC_ALL LC_CTYPE REPLY TERM FUNCNAME HOSTNAME EPOCHSECONDS OPTERR HISTFILE FCEDIT VISUAL EDITOR TMOUT
    COLUMNS LINES PROMPT_COMMAND
}

/// The index of the first built-in's name.
pub const FIRST_BUILTIN: usize = KNOWN.len();

/// Up to this many names are kept even if they are not used.
const FEW: usize = 4096;

/// All names.
#[derive(Debug, Default)]
pub struct Symbols {
    /// The names by index. `None` is a name that was forgotten.
    names: Vec<Option<Box<[u8]>>>,
    /// The symbols of the forgotten names.
    free: Vec<Symbol>,
    /// The number of names that the shell itself uses. These names have the lowest indexes.
    known: usize,
    /// When there are more names than this, unused names are forgotten.
    limit: usize,
    /// A hash table with open addressing, whose length is a power of two. An entry is 0 if it is empty, else the symbol's index
    /// plus 1.
    slots: Vec<u32>,
}

impl Symbols {
    /// Makes a table of the names that the shell itself uses. The names of the built-ins begin at [`FIRST_BUILTIN`].
    pub fn new(builtins: impl Iterator<Item = &'static str>) -> Self {
        let mut symbols = Self {
            limit: FEW,
            ..Self::default()
        };
        for name in KNOWN.iter().copied().chain(builtins) {
            symbols.intern(name.as_bytes());
        }
        symbols.known = symbols.names.len();
        symbols
    }

    /// Returns a symbol's name.
    pub fn name(&self, symbol: Symbol) -> &[u8] {
        let name = self.names.get(symbol.index());
        name.and_then(Option::as_deref).unwrap_or_default()
    }

    /// Returns the symbol of a name. Makes a new symbol if the name has none.
    pub fn intern(&mut self, name: &[u8]) -> Symbol {
        if self.names.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot(name);
        if let Some(place) = self.slots.get_mut(slot) {
            if *place != 0 {
                return Symbol(*place - 1);
            }
            let symbol = self
                .free
                .last()
                .map_or(self.names.len(), |free| free.index());
            *place = symbol as u32 + 1;
        }
        match self.free.pop() {
            Some(symbol) => {
                if let Some(free) = self.names.get_mut(symbol.index()) {
                    *free = Some(name.into());
                }
                symbol
            }
            None => {
                self.names.push(Some(name.into()));
                Symbol::new(self.names.len() - 1)
            }
        }
    }

    /// Whether there are so many names that unused ones should be [forgotten](Self::forget_unmarked).
    #[inline]
    pub fn are_many(&self) -> bool {
        self.names.len() - self.free.len() > self.limit
    }

    /// Returns marks for all names. Only the names that the shell itself uses are marked.
    pub fn marks(&self) -> Marks {
        let mut marks = Marks {
            are_used: vec![false; self.names.len()],
            has_failed: false,
        };
        (0..self.known).for_each(|index| marks.mark(Symbol::new(index)));
        marks
    }

    /// Forgets the names that are not marked.
    pub fn forget_unmarked(&mut self, marks: &Marks) {
        if !marks.has_failed {
            let all = self.names.iter_mut().zip(&marks.are_used).enumerate();
            for (index, (name, is_used)) in all {
                if !is_used && name.take().is_some() {
                    self.free.push(Symbol::new(index));
                }
            }
            self.rehash(self.slots.len());
        }
        self.limit = FEW.max(2 * (self.names.len() - self.free.len()));
    }

    /// Returns the symbol of a name, if it has one.
    pub fn find(&self, name: &[u8]) -> Option<Symbol> {
        match self.slots.get(self.slot(name)) {
            Some(&number) if number != 0 => Some(Symbol(number - 1)),
            _ => None,
        }
    }

    /// Returns the entry of a name in the hash table, or the empty entry where it would be.
    fn slot(&self, name: &[u8]) -> usize {
        let mask = self.slots.len().wrapping_sub(1);
        let mut slot = hash(name) & mask;
        while let Some(&number) = self.slots.get(slot)
            && number != 0
            && self
                .names
                .get(number as usize - 1)
                .is_none_or(|other| other.as_deref() != Some(name))
        {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        self.rehash((self.slots.len() * 2).max(256));
    }

    fn rehash(&mut self, size: usize) {
        self.slots.clear();
        self.slots.resize(size, 0);
        for (index, name) in self.names.iter().enumerate() {
            let Some(name) = name else { continue };
            let mask = size - 1;
            let mut slot = hash(name) & mask;
            while self.slots.get(slot).is_some_and(|&number| number != 0) {
                slot = (slot + 1) & mask;
            }
            if let Some(place) = self.slots.get_mut(slot) {
                *place = index as u32 + 1;
            }
        }
    }
}

/// Whether a text is a valid name: XBD 3.216.
pub fn is_name(text: &[u8]) -> bool {
    !matches!(text, [] | [b'0'..=b'9', ..])
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// The FNV-1a hash.
fn hash(name: &[u8]) -> usize {
    name.iter().fold(0x811c_9dc5_u32, |hash, &byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    }) as usize
}

/// The set of names that are in use.
#[derive(Debug)]
pub struct Marks {
    are_used: Vec<bool>,
    /// Whether a tree was not searched completely, because too little stack was left.
    has_failed: bool,
}

impl Marks {
    /// Marks a name as used.
    pub fn mark(&mut self, name: Symbol) {
        if let Some(is_used) = self.are_used.get_mut(name.index()) {
            *is_used = true;
        }
    }

    /// Whether too little stack is left to search deeper. Then no name is forgotten.
    pub fn is_too_deep(&mut self) -> bool {
        self.has_failed |= stack::is_low();
        self.has_failed
    }
}
