//! Tests the expansion of words, and the last word for completion, without a shell: a host of variables takes its place.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use nestling::Errno;
use nestling::text::Text;
use nestling_shell::editor::completion::Word;
use nestling_shell::expansion::{self, Error};
use nestling_shell::fields::{Fields, Parameters};
use nestling_shell::map::Map;
use nestling_shell::symbols::{Symbol, Symbols};
use nestling_shell::syntax::tree::{Command, Substitution};
use nestling_shell::syntax::{self, Source, complete_command};

/// A host with variables and positional parameters. A command substitution returns the number of its commands.
struct Variables {
    symbols: Symbols,
    aliases: Map<Rc<[u8]>>,
    values: BTreeMap<Symbol, Vec<u8>>,
    positional: Parameters,
    refuses_unset: bool,
    is_stack_low: bool,
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

    fn is_stack_low(&self) -> bool {
        self.is_stack_low
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
        if self.symbols.name(name) == b"constant" {
            return Err("constant".into());
        }
        self.values.insert(name, value.to_vec());
        Ok(())
    }

    fn positional(&self) -> &Parameters {
        &self.positional
    }

    fn special(&self, sign: u8) -> Option<Cow<'_, [u8]>> {
        (sign == b'0').then_some(Cow::Borrowed(b"name"))
    }

    fn substitute(&mut self, substitution: &Substitution) -> Result<Vec<u8>, String> {
        Ok(substitution.list.items.len().to_string().into_bytes())
    }

    fn substitute_process(&mut self, _: bool, _: &Substitution) -> Result<Vec<u8>, String> {
        Err("no process".into())
    }

    fn fail(&mut self, error: Error<'_>) -> String {
        let mut message = Vec::new();
        error.write(&mut message);
        String::from_utf8(message).expect("UTF-8")
    }

    fn refuses_unset(&self) -> bool {
        self.refuses_unset
    }
}

impl Variables {
    fn new() -> Self {
        let mut positional = Fields::new();
        for field in ["one", "two words", ""] {
            positional.push(field.as_bytes());
        }
        let mut variables = Self {
            symbols: Symbols::new([].into_iter()),
            aliases: Map::default(),
            values: BTreeMap::new(),
            positional: Parameters::new(positional),
            refuses_unset: false,
            is_stack_low: false,
        };
        for (name, value) in [("HOME", "/home/me"), ("list", "a  b"), ("path", "/x/y.c")] {
            let name = variables.symbols.intern(name.as_bytes());
            variables.values.insert(name, value.into());
        }
        variables
    }

    /// Returns the fields of a command's words.
    fn expand(&mut self, words: &str) -> Result<Vec<String>, String> {
        let mut source = Source::text(words.as_bytes(), 1);
        let list = complete_command(self, &mut source).expect("no syntax error");
        let list = list.expect("a command");
        let [Command::Simple(simple)] = &*list.items[0].and_or.first.commands else {
            panic!("{list:?}");
        };
        let mut fields = Fields::new();
        expansion::fields(self, &simple.words, &mut fields)?;
        let text = |field: &[u8]| String::from_utf8(field.to_vec()).expect("UTF-8");
        Ok(fields.iter().map(text).collect())
    }
}

/// Asserts what words expand to, each with the same variables.
fn check(cases: &[(&str, &[&str])]) {
    let mut variables = Variables::new();
    for (words, fields) in cases {
        let expanded = variables.expand(words).expect("no error");
        assert_eq!(expanded, *fields, "{words}");
    }
}

#[test]
fn unquoted_values_are_split_and_quoted_values_are_not() {
    check(&[
        ("$list \"$list\" '$list'", &["a", "b", "a  b", "$list"]),
        ("$unset \"$unset\" x$unset", &["", "x"]),
        ("\"$@\"", &["one", "two words", ""]),
        ("$*", &["one", "two", "words"]),
        ("\"$*\" $# $0", &["one two words ", "name"]),
    ]);
}

#[test]
fn parameters_are_modified() {
    check(&[
        ("${path##*/} ${path%.c}.o ${#path}", &["y.c", "/x/y.o", "6"]),
        (
            "${unset-default} ${list:+set} ${unset:=2} $unset",
            &["default", "set", "2", "2"],
        ),
        (
            "${path/x/z} ${path:1:3} ${2#two }",
            &["/z/y.c", "x/y", "words"],
        ),
        ("~/a ~+ '~'", &["/home/me/a", "~+", "~"]),
    ]);
}

#[test]
fn arithmetic_computes_with_the_hosts_variables() {
    check(&[
        ("$((n = 6 * 7)) $n", &["42", "42"]),
        ("$((n > 40 && unset == 0)) $((-7 / 2))", &["1", "-3"]),
        ("$((n++ + ++n)) $n", &["86", "44"]),
    ]);
}

#[test]
fn the_host_executes_commands() {
    check(&[("x$(a; b)y `c`", &["x2y", "1"])]);
    let mut variables = Variables::new();
    assert_eq!(variables.expand("a <(b)"), Err("no process".into()));
}

#[test]
fn an_error_ends_the_expansion_with_a_message() {
    let mut variables = Variables::new();
    for (words, message) in [
        ("${unset?not there}", "unset: not there"),
        ("${unset:?}", "unset: parameter null or not set"),
        ("${9=x}", "9: cannot be assigned to"),
        ("${list%%%}${%}", "%: bad substitution"),
        ("$((1 / 0))", "arithmetic: division by zero"),
        ("$((1 +))", "arithmetic: 1 +: operand expected"),
        ("${constant:=1}", "constant"),
    ] {
        assert_eq!(variables.expand(words), Err(message.into()), "{words}");
    }
    variables.refuses_unset = true;
    assert_eq!(
        variables.expand("$unset"),
        Err("unset: parameter not set".into())
    );
}

#[test]
fn deep_words_end_before_the_stack_does() {
    let mut variables = Variables::new();
    let mut source = Source::text(b"$list", 1);
    let list = complete_command(&mut variables, &mut source);
    let list = list.expect("no syntax error").expect("a command");
    let [Command::Simple(simple)] = &*list.items[0].and_or.first.commands else {
        panic!("{list:?}");
    };
    variables.is_stack_low = true;
    let answer = expansion::fields(&mut variables, &simple.words, &mut Fields::new());
    assert_eq!(answer, Err("nested too deeply".into()));
}

#[test]
fn the_last_word_of_an_incomplete_command_is_what_completion_needs() {
    let last = |line: &str| Word::last(&mut Variables::new(), line.as_bytes());
    let word = last("x=1 cat <in \"a b/$HOME/c").expect("a word");
    assert_eq!((word.start, word.quote), (12, b'"'));
    assert_eq!(word.command.as_deref(), Some(&b"cat"[..]));
    assert_eq!(word.value, b"a b//home/me/c");
    assert_eq!(word.component.0, 23);
    assert!(!word.is_target && !word.is_unknown && !word.is_pattern);

    let word = last("echo $(sort <fi").expect("a word");
    assert_eq!(word.command.as_deref(), Some(&b"sort"[..]));
    assert!(word.is_target);

    let word = last("sudo ls; env do").expect("a word");
    assert_eq!((word.command, word.value), (None, b"do".to_vec()));

    assert_eq!(
        last("echo ${HO").expect("a word").parameter,
        Some((7, true))
    );
    assert_eq!(last("ls ~us").expect("a word").tilde, Some(0));
    assert!(last("ls a*").expect("a word").is_pattern);
    assert!(last("ls $(x)").expect("a word").is_unknown);
    assert!(last("ls # comment").is_none());
}
