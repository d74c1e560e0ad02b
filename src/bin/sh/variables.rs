//! Variables: values, attributes, the environment that programs get (XCU 2.5.3), and what `local`, an assignment before a function,
//! and a command substitution without a process take back.

use alloc::vec::Vec;
use core::mem;

use crate::symbols::Symbol;

/// One variable. One that is not set may have attributes all the same: `readonly x`.
#[derive(Debug, Default, Clone)]
pub struct Variable {
    pub value: Option<Vec<u8>>,
    pub exported: bool,
    pub readonly: bool,
    /// The number of the scope that has saved it last.
    scope: u32,
}

/// Every variable, by its symbol.
#[derive(Debug, Default)]
pub struct Variables {
    table: Vec<Variable>,
    /// What is to be restored, the latest last.
    saved: Vec<(Symbol, Variable)>,
    scopes: Vec<Scope>,
    /// A scope's end has restored PATH, or a variable of the locale.
    restored_path: bool,
    restored_locale: bool,
    /// Counted up whenever the environment of programs may have changed.
    environment_version: u64,
}

#[derive(Debug)]
struct Scope {
    /// How much was saved when it began.
    saved: usize,
    /// Whatever is changed is saved first.
    takes_back_all: bool,
}

/// A variable may not be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readonly;

impl Variables {
    pub fn get(&self, name: Symbol) -> Option<&[u8]> {
        self.table.get(name.index())?.value.as_deref()
    }

    /// The variable, if it was ever mentioned.
    pub fn variable(&self, name: Symbol) -> Option<&Variable> {
        self.table.get(name.index())
    }

    /// Every variable that is set or has an attribute, by symbol. (In no useful order.)
    pub fn iter(&self) -> impl Iterator<Item = (Symbol, &Variable)> {
        self.table
            .iter()
            .enumerate()
            .map(|(index, variable)| (Symbol::new(index), variable))
            .filter(|(_, variable)| {
                variable.value.is_some() || variable.exported || variable.readonly
            })
    }

    /// The exported variables that are set.
    pub fn exported(&self) -> impl Iterator<Item = (Symbol, &[u8])> {
        self.table
            .iter()
            .enumerate()
            .filter_map(|(index, variable)| {
                let value = variable.value.as_deref().filter(|_| variable.exported)?;
                Some((Symbol::new(index), value))
            })
    }

    /// Sets the value.
    pub fn set(&mut self, name: Symbol, value: &[u8]) -> Result<(), Readonly> {
        let variable = self.change(name)?;
        let place = variable.value.get_or_insert_default();
        place.clear();
        place.extend_from_slice(value);
        let exported = variable.exported;
        self.note(exported);
        Ok(())
    }

    /// Sets the value, without a copy of it.
    pub fn set_owned(&mut self, name: Symbol, value: Vec<u8>) -> Result<(), Readonly> {
        let variable = self.change(name)?;
        variable.value = Some(value);
        let exported = variable.exported;
        self.note(exported);
        Ok(())
    }

    /// Adds to the value.
    pub fn append(&mut self, name: Symbol, value: &[u8]) -> Result<(), Readonly> {
        let variable = self.change(name)?;
        variable
            .value
            .get_or_insert_default()
            .extend_from_slice(value);
        let exported = variable.exported;
        self.note(exported);
        Ok(())
    }

    /// Takes away the value and the attributes.
    pub fn unset(&mut self, name: Symbol) -> Result<(), Readonly> {
        if self.variable(name).is_none() {
            return Ok(());
        }
        let variable = self.change(name)?;
        let exported = variable.exported;
        variable.value = None;
        variable.exported = false;
        self.note(exported);
        Ok(())
    }

    pub fn export(&mut self, name: Symbol, exported: bool) {
        self.save_if_asked(name);
        self.at(name).exported = exported;
        self.note(true);
    }

    pub fn set_readonly(&mut self, name: Symbol) {
        self.save_if_asked(name);
        self.at(name).readonly = true;
    }

    /// Changes whenever the environment may have changed.
    pub fn environment_version(&self) -> u64 {
        self.environment_version
    }

    /// Begins a scope: what is [saved](Self::save) until [`leave`](Self::leave) is restored then; with `takes_back_all`, everything.
    pub fn enter(&mut self, takes_back_all: bool) {
        let saved = self.saved.len();
        self.scopes.push(Scope {
            saved,
            takes_back_all,
        });
    }

    /// Ends the scope.
    pub fn leave(&mut self) {
        let Some(scope) = self.scopes.pop() else {
            return;
        };
        while self.saved.len() > scope.saved
            && let Some((name, old)) = self.saved.pop()
        {
            match name {
                Symbol::PATH => self.restored_path = true,
                Symbol::LANG | Symbol::LC_ALL | Symbol::LC_CTYPE => self.restored_locale = true,
                _ => {}
            }
            let exported = old.exported;
            let replaced = mem::replace(self.at(name), old);
            self.note(exported || replaced.exported);
        }
    }

    /// Whether PATH was restored since this was asked last.
    pub fn take_restored_path(&mut self) -> bool {
        mem::take(&mut self.restored_path)
    }

    /// As [`take_restored_path`](Self::take_restored_path), of LANG, LC_ALL and LC_CTYPE.
    pub fn take_restored_locale(&mut self) -> bool {
        mem::take(&mut self.restored_locale)
    }

    /// Has the variable restored as it is now when the scope ends.
    pub fn save(&mut self, name: Symbol) {
        let depth = self.scopes.len() as u32;
        if depth == 0 || self.at(name).scope == depth {
            return;
        }
        let old = self.at(name).clone();
        self.at(name).scope = depth;
        self.saved.push((name, old));
    }

    /// Saves the variable for the innermost scope that takes back all, if there is one. Scopes inside it keep what they have
    /// saved: what *they* restore is what this one has seen, or changed.
    fn save_if_asked(&mut self, name: Symbol) {
        let Some(index) = self.scopes.iter().rposition(|scope| scope.takes_back_all) else {
            return;
        };
        let depth = index as u32 + 1;
        if self.at(name).scope >= depth {
            return;
        }
        let old = self.at(name).clone();
        self.at(name).scope = depth;
        let inner = self.scopes.get_mut(index + 1..).unwrap_or_default();
        let place = inner.first().map_or(self.saved.len(), |scope| scope.saved);
        for scope in inner {
            scope.saved += 1;
        }
        self.saved.insert(place, (name, old));
    }

    fn change(&mut self, name: Symbol) -> Result<&mut Variable, Readonly> {
        if !self.scopes.is_empty() {
            self.save_if_asked(name);
        }
        let variable = self.at(name);
        if variable.readonly {
            return Err(Readonly);
        }
        Ok(variable)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the table has just been made long enough"
    )]
    fn at(&mut self, name: Symbol) -> &mut Variable {
        let index = name.index();
        if index >= self.table.len() {
            self.table.resize_with(index + 1, Variable::default);
        }
        &mut self.table[index]
    }

    fn note(&mut self, exported: bool) {
        self.environment_version += u64::from(exported);
    }
}
