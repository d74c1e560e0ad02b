//! Names as numbers: each name that a program mentions is kept once.
//!
//! When there are many, those are [forgotten](Symbols::forget_unmarked) that nothing has any more. So `eval "v$i=1; unset v$i"` does not
//! fill the memory.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::stack;

/// A name: of a variable, a function, a command, an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol(u32);

impl Symbol {
    /// For tables that have an entry for each name.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// Whether the shell itself gives a meaning to the variable.
    pub fn is_known(self) -> bool {
        self.index() < FIRST_BUILTIN
    }

    /// The symbol of an index.
    pub const fn new(index: usize) -> Self {
        Self(index as u32)
    }
}

/// The names that the shell itself knows, in the order of [`KNOWN`].
macro_rules! known {
    ($($name:ident)*) => {
        /// Symbols of names that the shell itself gives a meaning.
        #[allow(non_upper_case_globals)]
        #[allow(dead_code, reason = "some are the line editor's")]
        impl Symbol {
            known!(@ 0usize; $($name)*);
        }
        const KNOWN: &[&str] = &[$(stringify!($name)),*];
    };
    (@ $index:expr; $name:ident $($rest:ident)*) => {
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

/// The number of the first built-in's name.
pub const FIRST_BUILTIN: usize = KNOWN.len();

/// So many names are kept in any case.
const FEW: usize = 4096;

/// Every name so far.
#[derive(Debug, Default)]
pub struct Symbols {
    /// `None` where one was forgotten.
    names: Vec<Option<Box<[u8]>>>,
    /// The symbols of those.
    free: Vec<Symbol>,
    /// So many, the first, the shell itself knows.
    known: usize,
    /// With so many names it is time to forget some.
    limit: usize,
    /// Where each is: open addressing, a power of two; 0 is empty, else the symbol's number and 1.
    slots: Vec<u32>,
}

impl Symbols {
    /// The names that the shell knows, those of its built-ins from [`FIRST_BUILTIN`] on.
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

    /// The name.
    pub fn name(&self, symbol: Symbol) -> &[u8] {
        let name = self.names.get(symbol.index());
        name.and_then(Option::as_deref).unwrap_or_default()
    }

    /// The symbol of a name, a new one if need be.
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

    /// Whether some should be [forgotten](Self::forget_unmarked).
    #[inline]
    pub fn are_many(&self) -> bool {
        self.names.len() - self.free.len() > self.limit
    }

    /// Marks for them, of which only the names that the shell itself knows have one.
    pub fn marks(&self) -> Marks {
        let mut marks = Marks {
            are_used: vec![false; self.names.len()],
            has_failed: false,
        };
        (0..self.known).for_each(|index| marks.mark(Symbol::new(index)));
        marks
    }

    /// Forgets the names that have no mark.
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

    /// The symbol of a name that has one.
    pub fn find(&self, name: &[u8]) -> Option<Symbol> {
        match self.slots.get(self.slot(name)) {
            Some(&number) if number != 0 => Some(Symbol(number - 1)),
            _ => None,
        }
    }

    /// Where a name is, or would be.
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

/// Whether it is a name: XBD 3.216.
pub fn is_name(text: &[u8]) -> bool {
    !matches!(text, [] | [b'0'..=b'9', ..])
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// FNV-1a.
fn hash(name: &[u8]) -> usize {
    name.iter().fold(0x811c_9dc5_u32, |hash, &byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    }) as usize
}

/// The names that something has.
#[derive(Debug)]
pub struct Marks {
    are_used: Vec<bool>,
    /// Whether a tree was not seen whole, since there was too little stack.
    has_failed: bool,
}

impl Marks {
    pub fn mark(&mut self, name: Symbol) {
        if let Some(is_used) = self.are_used.get_mut(name.index()) {
            *is_used = true;
        }
    }

    /// Whether there is little stack left: then nothing is forgotten.
    pub fn is_too_deep(&mut self) -> bool {
        self.has_failed |= stack::is_low();
        self.has_failed
    }
}
