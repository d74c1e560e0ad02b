//! Variables: values, attributes, the environment that programs get (XCU 2.5.3), and what `local` and an assignment before a command
//! take back.

use alloc::vec::Vec;
use core::mem;

use crate::symbols::Symbol;

/// One variable. One that is not set may have attributes all the same: `readonly x`.
#[derive(Debug, Default, Clone)]
pub struct Variable {
    pub value: Option<Vec<u8>>,
    pub exported: bool,
    pub readonly: bool,
    /// The value, or its beginning, is the environment's.
    pub imported: bool,
    /// The number of the scope that has saved it last.
    scope: u32,
}

/// Every variable, by its symbol.
#[derive(Debug, Default)]
pub struct Variables {
    table: Vec<Variable>,
    /// What is to be restored, the latest last.
    saved: Vec<Saved>,
    scopes: Vec<Scope>,
    /// `getopts`: how far it is in the argument of OPTIND.
    pub getopts_offset: usize,
    /// A scope's end has restored PATH, or a variable of the locale.
    restored_path: bool,
    restored_locale: bool,
    /// Counted up whenever the environment of programs may have changed.
    environment_version: u64,
    /// The short value that was replaced last: the next one has its room.
    pub spare: Vec<u8>,
}

/// How long a spare value is at most: a variable keeps all of the room.
const SPARE: usize = 32;

#[derive(Debug)]
struct Scope {
    /// How much was saved when it began.
    saved: usize,
    /// It is a function's; else one command's.
    is_function: bool,
}

#[derive(Debug)]
struct Saved {
    name: Symbol,
    variable: Variable,
    /// For OPTIND: [`Variables::getopts_offset`].
    offset: usize,
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

    /// Every variable that is set, has an attribute, or will be restored.
    pub fn names(&self, visit: &mut dyn FnMut(Symbol)) {
        self.iter().for_each(|(name, _)| visit(name));
        self.saved.iter().for_each(|saved| visit(saved.name));
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
        variable.imported = false;
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
        let old = variable.value.replace(value);
        variable.imported = false;
        let exported = variable.exported;
        self.note(exported);
        self.spare = old
            .filter(|old| old.capacity() <= SPARE)
            .unwrap_or_default();
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

    /// Notes that the value is the environment's, and exports it.
    pub fn import(&mut self, name: Symbol) {
        let variable = self.at(name);
        (variable.exported, variable.imported) = (true, true);
        self.note(true);
    }

    /// Takes away the value and the attributes.
    pub fn unset(&mut self, name: Symbol) -> Result<(), Readonly> {
        if self.variable(name).is_none() {
            return Ok(());
        }
        let variable = self.change(name)?;
        let exported = variable.exported;
        (variable.value, variable.imported) = (None, false);
        variable.exported = false;
        self.note(exported);
        Ok(())
    }

    pub fn export(&mut self, name: Symbol, exported: bool) {
        self.at(name).exported = exported;
        self.note(true);
    }

    pub fn set_readonly(&mut self, name: Symbol) {
        self.at(name).readonly = true;
    }

    /// Changes whenever the environment may have changed.
    pub fn environment_version(&self) -> u64 {
        self.environment_version
    }

    /// Begins a scope, of a function or of one command: what is [saved](Self::save) until [`leave`](Self::leave) is restored then.
    pub fn enter(&mut self, is_function: bool) {
        let saved = self.saved.len();
        self.scopes.push(Scope { saved, is_function });
    }

    /// Ends the scope.
    pub fn leave(&mut self) {
        let Some(scope) = self.scopes.pop() else {
            return;
        };
        while self.saved.len() > scope.saved
            && let Some(saved) = self.saved.pop()
        {
            match saved.name {
                Symbol::PATH => self.restored_path = true,
                Symbol::LANG | Symbol::LC_ALL | Symbol::LC_CTYPE => self.restored_locale = true,
                Symbol::OPTIND => self.getopts_offset = saved.offset,
                _ => {}
            }
            let exported = saved.variable.exported;
            let replaced = mem::replace(self.at(saved.name), saved.variable);
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
        self.save_in(self.scopes.len(), name);
    }

    /// `local`: has the variable restored when the innermost function returns. Whether that is new: else it is local already.
    pub fn save_local(&mut self, name: Symbol) -> bool {
        let function = self.scopes.iter().rposition(|scope| scope.is_function);
        self.save_in(function.map_or(0, |index| index + 1), name)
    }

    /// In the scope of this depth, 1 being the outermost. Scopes inside it keep what they have saved.
    fn save_in(&mut self, depth: usize, name: Symbol) -> bool {
        if depth == 0 || self.at(name).scope as usize >= depth {
            return false;
        }
        let variable = self.at(name).clone();
        self.at(name).scope = depth as u32;
        let inner = self.scopes.get_mut(depth..).unwrap_or_default();
        let place = inner.first().map_or(self.saved.len(), |scope| scope.saved);
        for scope in inner {
            scope.saved += 1;
        }
        let offset = self.getopts_offset;
        self.saved.insert(
            place,
            Saved {
                name,
                variable,
                offset,
            },
        );
        true
    }

    fn change(&mut self, name: Symbol) -> Result<&mut Variable, Readonly> {
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
