//! Expands words, with variables of its own: the expansions without a shell.
//!
//! `cargo run -p nestling-shell --example expand_words`

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use nestling::Errno;
use nestling::text::Text;
use nestling_shell::expansion::{self, Error};
use nestling_shell::fields::{Fields, Parameters};
use nestling_shell::map::Map;
use nestling_shell::symbols::{Symbol, Symbols};
use nestling_shell::syntax::tree::{Command, Substitution};
use nestling_shell::syntax::{self, Source, complete_command};

#[derive(Default)]
struct Variables {
    symbols: Symbols,
    aliases: Map<Rc<[u8]>>,
    values: BTreeMap<Symbol, Vec<u8>>,
    positional: Parameters,
}

impl syntax::Host for Variables {
    type Divert = String;

    fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    fn symbols_mut(&mut self) -> &mut Symbols {
        &mut self.symbols
    }

    fn aliases(&self) -> &Map<Rc<[u8]>> {
        &self.aliases
    }

    fn cannot_read(&mut self, why: Errno) -> String {
        why.to_string()
    }
}

impl expansion::Host for Variables {
    fn value(&mut self, name: Symbol) -> Option<Cow<'_, [u8]>> {
        self.stored(name).map(Cow::Borrowed)
    }

    fn stored(&self, name: Symbol) -> Option<&[u8]> {
        self.values.get(&name).map(Vec::as_slice)
    }

    fn assign(&mut self, name: Symbol, value: &[u8]) -> Result<(), String> {
        self.values.insert(name, value.to_vec());
        Ok(())
    }

    fn positional(&self) -> &Parameters {
        &self.positional
    }

    fn special(&self, _sign: u8) -> Option<Cow<'_, [u8]>> {
        None
    }

    fn substitute(&mut self, _: &Substitution) -> Result<Vec<u8>, String> {
        Err("commands are not executed".into())
    }

    fn substitute_process(&mut self, _: bool, _: &Substitution) -> Result<Vec<u8>, String> {
        Err("commands are not executed".into())
    }

    fn fail(&mut self, error: Error<'_>) -> String {
        let mut message = Vec::new();
        error.write(&mut message);
        String::from_utf8_lossy(&message).into_owned()
    }
}

impl Variables {
    /// Returns the fields that the words of a command expand to.
    fn expand(&mut self, words: &str) -> Result<Vec<String>, String> {
        let mut source = Source::text(words.as_bytes(), 1);
        let list = match complete_command(self, &mut source) {
            Ok(list) => list.unwrap_or_default(),
            Err(failure) => return Err(format!("{failure:?}")),
        };
        let mut fields = Fields::new();
        for item in &*list.items {
            for command in &item.and_or.first.commands {
                if let Command::Simple(simple) = command {
                    expansion::fields(self, &simple.words, &mut fields)?;
                }
            }
        }
        let text = |field| String::from_utf8_lossy(field).into_owned();
        Ok(fields.iter().map(text).collect())
    }
}

fn main() {
    let mut variables = Variables {
        symbols: Symbols::new([].into_iter()),
        ..Variables::default()
    };
    let home = variables.symbols.intern(b"HOME");
    variables.values.insert(home, b"/home/me".to_vec());
    let fields = variables.expand("cp ~/a.c ${n:=3} $((n * 2)) \"${HOME%/*} x\"");
    assert_eq!(
        fields,
        Ok(["cp", "/home/me/a.c", "3", "6", "/home x"]
            .map(String::from)
            .to_vec())
    );
    let fields = variables.expand("echo $((1 / 0))");
    assert_eq!(fields, Err("arithmetic: division by zero".into()));
    println!("{fields:?}");
}
