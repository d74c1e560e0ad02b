//! Variables: their values and attributes, the environment of programs (XCU 2.5.3), and the restoring of variables after `local`
//! and after an assignment before a command.

use alloc::vec::Vec;
use core::mem;

use nestling_shell::symbols::Symbol;

/// A variable. A variable without a value may have attributes: `readonly x`.
#[derive(Debug, Default, Clone)]
pub struct Variable {
    pub value: Option<Vec<u8>>,
    pub exported: bool,
    pub readonly: bool,
    /// Whether the value, or its beginning, comes from the environment.
    pub imported: bool,
    /// The number of the innermost scope that has saved the variable.
    scope: u32,
}

/// Every variable, indexed by its symbol.
#[derive(Debug, Default)]
pub struct Variables {
    table: Vec<Variable>,
    /// The variables to restore, the latest last.
    saved: Vec<Saved>,
    scopes: Vec<Scope>,
    /// The offset of `getopts` in the argument with the number OPTIND.
    pub getopts_offset: usize,
    /// Whether the end of a scope has restored PATH, or a variable of the locale.
    restored_path: bool,
    restored_locale: bool,
    /// A counter that increases when the environment of programs may have changed.
    environment_version: u64,
    /// A short value that was replaced. Its memory is used for the next value.
    pub spare: Vec<u8>,
}

/// The greatest capacity of a spare value. A variable keeps its whole capacity.
const SPARE: usize = 32;

#[derive(Debug)]
struct Scope {
    /// The number of saved variables at the scope's beginning.
    saved: usize,
    /// Whether the scope belongs to a function; otherwise it belongs to one command.
    is_function: bool,
}

#[derive(Debug)]
struct Saved {
    name: Symbol,
    variable: Variable,
    /// For OPTIND: the value of [`Variables::getopts_offset`].
    offset: usize,
}

/// The variable is read-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readonly;

impl Variables {
    pub fn get(&self, name: Symbol) -> Option<&[u8]> {
        self.table.get(name.index())?.value.as_deref()
    }

    /// Returns the variable, if its name was ever used for a variable.
    pub fn variable(&self, name: Symbol) -> Option<&Variable> {
        self.table.get(name.index())
    }

    /// Returns every variable that is set or has an attribute, with its symbol, in no useful order.
    pub fn iter(&self) -> impl Iterator<Item = (Symbol, &Variable)> {
        self.table
            .iter()
            .enumerate()
            .map(|(index, variable)| (Symbol::new(index), variable))
            .filter(|(_, variable)| {
                variable.value.is_some() || variable.exported || variable.readonly
            })
    }

    /// Calls `visit` with the name of every variable that is set, has an attribute, or will be restored.
    pub fn names(&self, visit: &mut dyn FnMut(Symbol)) {
        self.iter().for_each(|(name, _)| visit(name));
        self.saved.iter().for_each(|saved| visit(saved.name));
    }

    /// Returns the exported variables that are set.
    pub fn exported(&self) -> impl Iterator<Item = (Symbol, &[u8])> {
        self.table
            .iter()
            .enumerate()
            .filter_map(|(index, variable)| {
                let value = variable.value.as_deref().filter(|_| variable.exported)?;
                Some((Symbol::new(index), value))
            })
    }

    /// Sets a variable's value.
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

    /// Sets a variable's value without copying it.
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

    /// Appends to a variable's value.
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

    /// Records that the value comes from the environment, and exports the variable.
    pub fn import(&mut self, name: Symbol) {
        let variable = self.at(name);
        (variable.exported, variable.imported) = (true, true);
        self.note(true);
    }

    /// Removes a variable's value and its attributes.
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

    /// A number that changes when the environment may have changed.
    pub fn environment_version(&self) -> u64 {
        self.environment_version
    }

    /// Begins a scope for a function or for one command. [`leave`](Self::leave) restores the variables that are [saved](Self::save)
    /// in the scope.
    pub fn enter(&mut self, is_function: bool) {
        let saved = self.saved.len();
        self.scopes.push(Scope { saved, is_function });
    }

    /// Ends the innermost scope.
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

    /// Whether PATH was restored since the last call.
    pub fn take_restored_path(&mut self) -> bool {
        mem::take(&mut self.restored_path)
    }

    /// Like [`take_restored_path`](Self::take_restored_path), for LANG, LC_ALL and LC_CTYPE.
    pub fn take_restored_locale(&mut self) -> bool {
        mem::take(&mut self.restored_locale)
    }

    /// Saves a variable, to be restored when the innermost scope ends.
    pub fn save(&mut self, name: Symbol) {
        self.save_in(self.scopes.len(), name);
    }

    /// `local`: saves a variable, to be restored when the innermost function returns. Returns false if the variable is already
    /// local.
    pub fn save_local(&mut self, name: Symbol) -> bool {
        let function = self.scopes.iter().rposition(|scope| scope.is_function);
        self.save_in(function.map_or(0, |index| index + 1), name)
    }

    /// Saves a variable in the scope of this depth; the outermost scope has the depth 1. The scopes inside of it keep what they
    /// have saved.
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
