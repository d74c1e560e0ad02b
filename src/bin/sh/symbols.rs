//! Names as numbers: each name that a program mentions is kept once.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// A name: of a variable, a function, a command, an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol(u32);

impl Symbol {
    /// For tables that have an entry for each name.
    pub fn index(self) -> usize {
        self.0 as usize
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
        #[cfg_attr(not(feature = "edit"), allow(dead_code))]
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
    LANG LC_ALL LC_CTYPE REPLY TERM FUNCNAME HOSTNAME EPOCHSECONDS OPTERR HISTFILE HISTSIZE FCEDIT VISUAL EDITOR TMOUT
}

/// The number of the first built-in's name.
pub const FIRST_BUILTIN: usize = KNOWN.len();

/// Every name so far.
#[derive(Debug, Default)]
pub struct Symbols {
    names: Vec<Box<[u8]>>,
    /// Where each is: open addressing, a power of two; 0 is empty, else the symbol's number and 1.
    slots: Vec<u32>,
}

impl Symbols {
    pub fn new() -> Self {
        let mut symbols = Self::default();
        let builtins = crate::builtins::BUILTINS.iter().map(|builtin| builtin.name);
        for name in KNOWN.iter().copied().chain(builtins) {
            symbols.intern(name.as_bytes());
        }
        symbols
    }

    /// The name.
    pub fn name(&self, symbol: Symbol) -> &[u8] {
        self.names.get(symbol.index()).map_or(&[], |name| name)
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
            *place = self.names.len() as u32 + 1;
        }
        self.names.push(name.into());
        Symbol::new(self.names.len() - 1)
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
                .is_none_or(|other| **other != *name)
        {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(256);
        self.slots.clear();
        self.slots.resize(size, 0);
        for (index, name) in self.names.iter().enumerate() {
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
