//! Tests the library of the shell's parts without a shell: the parser, patterns, regular expressions and field splitting.

use std::rc::Rc;

use nestling::Errno;

use nestling_shell::expansion::splitting::{Kind, Run, Separators, escape, split};
use nestling_shell::map::Map;
use nestling_shell::pattern::Pattern;
use nestling_shell::regular::Regular;
use nestling_shell::symbols::Symbols;
use nestling_shell::syntax::arithmetic::parse;
use nestling_shell::syntax::tree::{Command, List, Part};
use nestling_shell::syntax::{
    Failure, Host, Source, Token, What, Wrong, complete_command, document,
};

/// A host with these lines; the first line is read first.
struct Lines {
    symbols: Symbols,
    aliases: Map<Rc<[u8]>>,
    lines: &'static [&'static str],
    /// For each line that was read: whether it continues a command.
    went_on: Vec<bool>,
    is_stack_low: bool,
}

impl Lines {
    fn new(lines: &'static [&'static str]) -> Self {
        Self {
            symbols: Symbols::new(["echo"].into_iter()),
            aliases: Map::default(),
            lines,
            went_on: Vec::new(),
            is_stack_low: false,
        }
    }

    fn next(&mut self, source: &mut Source) -> Result<Option<List>, Failure<&'static str>> {
        complete_command(self, source)
    }

    /// Returns the error in a text whose first command is wrong.
    fn wrong(&mut self, text: &str) -> Wrong {
        match self.next(&mut Source::text(text.as_bytes(), 1)) {
            Err(Failure::Wrong(Some(wrong))) => wrong,
            answer => panic!("{answer:?}"),
        }
    }
}

impl Host for Lines {
    type Divert = &'static str;

    fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    fn symbols_mut(&mut self) -> &mut Symbols {
        &mut self.symbols
    }

    fn aliases(&self) -> &Map<Rc<[u8]>> {
        &self.aliases
    }

    fn keeps_texts(&self) -> bool {
        false
    }

    fn is_stack_low(&self) -> bool {
        self.is_stack_low
    }

    fn read_line(&mut self, goes_on: bool) -> Result<Option<Vec<u8>>, &'static str> {
        let (line, rest) = self.lines.split_first().ok_or("no more lines")?;
        self.lines = rest;
        self.went_on.push(goes_on);
        Ok(Some(line.as_bytes().to_vec()))
    }

    fn cannot_read(&mut self, _: Errno) -> &'static str {
        "an error"
    }
}

/// Returns the words of the list's first command, which must be a simple command with literal text only.
fn words(list: &List) -> Vec<&str> {
    let [Command::Simple(simple), ..] = &*list.items[0].and_or.first.commands else {
        panic!("{list:?}");
    };
    let words = simple
        .words
        .iter()
        .map(|word| word.literal().expect("literal text"));
    words
        .map(|word| str::from_utf8(word).expect("UTF-8"))
        .collect()
}

#[test]
fn a_complete_command_ends_at_its_newline() {
    let mut host = Lines::new(&[]);
    let mut source = Source::text(b"a; b & c | d\ne f\n", 1);
    let list = host
        .next(&mut source)
        .expect("a command")
        .expect("a command");
    let asynchronous: Vec<bool> = list.items.iter().map(|item| item.asynchronous).collect();
    assert_eq!(asynchronous, [false, true, false]);
    assert_eq!(list.items[2].and_or.first.commands.len(), 2);
    let list = host
        .next(&mut source)
        .expect("a command")
        .expect("a command");
    assert_eq!(words(&list), ["e", "f"]);
    assert!(host.next(&mut source).expect("the end").is_none());
}

#[test]
fn a_command_asks_its_host_for_the_lines_that_it_needs_and_no_more() {
    let mut host = Lines::new(&["if a\n", "then b; fi\n", "c\n"]);
    let mut source = Source::interactive();
    host.next(&mut source)
        .expect("a command")
        .expect("a command");
    assert_eq!(host.went_on, [false, true]);
    host.next(&mut source)
        .expect("a command")
        .expect("a command");
    assert_eq!(host.went_on, [false, true, false]);
}

#[test]
fn an_error_of_reading_is_passed_on() {
    let mut host = Lines::new(&["{\n"]);
    let answer = host.next(&mut Source::interactive());
    assert!(
        matches!(answer, Err(Failure::Diverted("no more lines"))),
        "{answer:?}"
    );
}

#[test]
fn an_error_is_reported_with_its_line() {
    let mut host = Lines::new(&[]);
    let Wrong {
        line: 2,
        what: What::Unexpected(Token::Close, text),
    } = host.wrong("{\na ) b")
    else {
        panic!("no unexpected parenthesis");
    };
    assert_eq!(*text, *b")");
    let wrong = host.wrong("a\\\n'\n\n");
    assert!(
        matches!(wrong.what, What::Unclosed("'", "'", 2)),
        "{wrong:?}"
    );
    let wrong = host.wrong("f-g() { :; }");
    assert!(
        matches!(&wrong.what, What::Name(name) if **name == *b"f-g"),
        "{wrong:?}"
    );
    host.is_stack_low = true;
    let wrong = host.wrong("a");
    assert!(matches!(wrong.what, What::Deep), "{wrong:?}");
}

#[test]
fn aliases_come_from_the_host() {
    let mut host = Lines::new(&[]);
    let name = host.symbols.intern(b"a");
    host.aliases.insert(name, Rc::from(&b"echo b "[..]));
    let list = host
        .next(&mut Source::text(b"a a", 1))
        .expect("a command")
        .expect("a command");
    assert_eq!(words(&list), ["echo", "b", "echo", "b"]);
}

#[test]
fn a_document_has_expansions_and_no_quotes() {
    let mut host = Lines::new(&[]);
    let word = document(&mut host, b"'$a' ", 1).expect("a word");
    let [Part::Template(template)] = &*word.parts else {
        panic!("{word:?}");
    };
    let mut at = 0;
    let pieces: Vec<_> = std::iter::from_fn(|| template.next(&mut at)).collect();
    let [(b"'", Some(_)), (b"' ", None)] = pieces[..] else {
        panic!("{pieces:?}");
    };
    let word = document(&mut host, b"a$1`b`", 1).expect("a word");
    let [Part::Template(_), Part::Command(_)] = &*word.parts else {
        panic!("{word:?}");
    };
    assert!(document(&mut host, b"$(", 1).is_none());
}

#[test]
fn an_expression_has_variables_or_an_error() {
    let mut host = Lines::new(&[]);
    let expression = parse(&mut host, b"x + 2 * (y = 3)", Vec::new()).expect("an expression");
    let mut names = Vec::new();
    expression.names(&mut |name| names.push(name));
    let names: Vec<&[u8]> = names.iter().map(|&name| host.symbols.name(name)).collect();
    assert_eq!(names, [b"x", b"y"]);
    for (text, what) in [
        ("1 +", "operand expected"),
        ("(1", "')' expected"),
        ("09", "not a number"),
        ("1 2", "syntax error"),
    ] {
        assert_eq!(
            parse(&mut host, text.as_bytes(), Vec::new()).err(),
            Some(what),
            "{text}"
        );
    }
}

#[test]
fn names_that_have_no_mark_are_forgotten() {
    let mut symbols = Symbols::new(["echo"].into_iter());
    let (kept, forgotten) = (symbols.intern(b"kept"), symbols.intern(b"forgotten"));
    let mut marks = symbols.marks();
    marks.mark(kept);
    symbols.forget_unmarked(&marks);
    assert_eq!(symbols.find(b"forgotten"), None);
    assert_eq!(symbols.find(b"kept"), Some(kept));
    assert!(symbols.find(b"echo").is_some() && symbols.find(b"PATH").is_some());
    // The number of the forgotten symbol is used again.
    assert_eq!(symbols.intern(b"new"), forgotten);
}

#[test]
fn patterns_and_regular_expressions_match_alone() {
    assert!(Pattern::new(b"a*[0-9]", false).matches(b"abc5"));
    assert!(!Pattern::new(b"a*[0-9]", false).matches(b"abc"));
    assert!(Pattern::new("?".as_bytes(), true).matches("é".as_bytes()));
    assert!(
        Regular::new(b"^(a|b)+$", false)
            .expect("an expression")
            .matches(b"abba")
    );
    assert!(Regular::new(b"(", false).is_none());
}

/// Returns the fields of a text that results from an expansion. The part `quoted` of the text was quoted.
fn fields<'a>(ifs: Option<&[u8]>, text: &'a str, quoted: std::ops::Range<usize>) -> Vec<&'a str> {
    let run = |kind, start, end| Run { kind, start, end };
    let runs = [
        run(Kind::Expanded, 0, quoted.start),
        run(Kind::Quoted, quoted.start, quoted.end),
        run(Kind::Expanded, quoted.end, text.len()),
    ];
    let separators = Separators::new(ifs, true);
    let mut fields = Vec::new();
    split(text.as_bytes(), &runs, &separators, |start, end| {
        fields.push(&text[start..end]);
    });
    fields
}

#[test]
fn fields_end_at_the_separators_that_were_not_quoted() {
    assert_eq!(fields(None, " a b  c ", 2..3), ["a b", "c"]);
    assert_eq!(fields(Some(b":"), "a::b c:", 6..6), ["a", "", "b c"]);
    // A separator may have several bytes.
    assert_eq!(fields(Some("é".as_bytes()), "aéb:c", 5..5), ["a", "b:c"]);
    let runs = [Run {
        kind: Kind::Quoted,
        start: 1,
        end: 3,
    }];
    assert_eq!(*escape(b"**?*", &runs, 0, 4), *b"*\\*\\?*");
}
