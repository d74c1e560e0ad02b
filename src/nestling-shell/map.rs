//! A table indexed by names: of functions, of aliases, and of the locations of programs.

use alloc::vec::Vec;

use crate::sort::sort;
use crate::symbols::{Symbol, Symbols};

/// A table with an entry for each symbol up to the greatest one that has a value. A lookup only needs an index.
#[derive(Debug)]
pub struct Map<V> {
    entries: Vec<Option<V>>,
    count: usize,
}

impl<V> Default for Map<V> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            count: 0,
        }
    }
}

impl<V> Map<V> {
    /// Returns the value of a name.
    #[inline]
    pub fn get(&self, name: Symbol) -> Option<&V> {
        self.entries.get(name.index())?.as_ref()
    }

    /// Sets the value of a name.
    pub fn insert(&mut self, name: Symbol, value: V) {
        let index = name.index();
        if index >= self.entries.len() {
            self.entries.resize_with(index + 1, || None);
        }
        if let Some(entry) = self.entries.get_mut(index)
            && entry.replace(value).is_none()
        {
            self.count += 1;
        }
    }

    /// Removes a value. Returns whether it existed.
    pub fn remove(&mut self, name: Symbol) -> bool {
        let entry = self.entries.get_mut(name.index());
        let was_there = entry.and_then(Option::take).is_some();
        self.count -= usize::from(was_there);
        was_there
    }

    /// Whether no name has a value.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns all values in no useful order.
    pub fn iter(&self) -> impl Iterator<Item = (Symbol, &V)> {
        let entries = self.entries.iter().enumerate();
        entries.filter_map(|(index, entry)| Some((Symbol::new(index), entry.as_ref()?)))
    }
}

/// Returns the symbols in the order of their names.
pub fn sorted(names: impl Iterator<Item = Symbol>, symbols: &Symbols) -> Vec<Symbol> {
    let mut indices: Vec<usize> = names.map(Symbol::index).collect();
    sort(&mut indices, &|one, other| {
        symbols
            .name(Symbol::new(one))
            .cmp(symbols.name(Symbol::new(other)))
    });
    indices.into_iter().map(Symbol::new).collect()
}
