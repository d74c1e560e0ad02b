//! Prints the simple commands of a script, each with its line and its words: the parser without a shell.
//!
//! `cargo run -p nestling-shell --example print_commands`

use std::rc::Rc;

use nestling::Errno;
use nestling_shell::map::Map;
use nestling_shell::symbols::Symbols;
use nestling_shell::syntax::tree::{Command, CompoundKind, List};
use nestling_shell::syntax::{Failure, Host, Source, complete_command};

/// What the parser needs: names, and aliases, of which there are none.
#[derive(Default)]
struct Parser {
    symbols: Symbols,
    aliases: Map<Rc<[u8]>>,
}

impl Host for Parser {
    type Divert = Errno;

    fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    fn symbols_mut(&mut self) -> &mut Symbols {
        &mut self.symbols
    }

    fn aliases(&self) -> &Map<Rc<[u8]>> {
        &self.aliases
    }

    fn cannot_read(&mut self, why: Errno) -> Errno {
        why
    }
}

/// Prints the commands of a list, and those in its groups and conditions.
fn print(list: &List) {
    for item in &*list.items {
        let rest = item.and_or.rest.iter().map(|(_, pipeline)| pipeline);
        for pipeline in [&item.and_or.first].into_iter().chain(rest) {
            for command in &pipeline.commands {
                match command {
                    Command::Simple(simple) => {
                        // A word with an expansion has no text before it is expanded.
                        let text = |word| String::from_utf8_lossy(word).into_owned();
                        let words = simple.words.iter().map(|word| word.literal());
                        let words: Vec<String> =
                            words.map(|word| word.map_or("…".into(), text)).collect();
                        println!("line {}: {}", simple.line, words.join(" "));
                    }
                    Command::Compound(compound) => match &compound.kind {
                        CompoundKind::Group(list) | CompoundKind::Subshell(list) => print(list),
                        CompoundKind::If { branches, .. } => branches
                            .iter()
                            .flat_map(|(condition, body)| [condition, body])
                            .for_each(print),
                        CompoundKind::For { body, .. } => print(body),
                        CompoundKind::Loop {
                            condition, body, ..
                        } => [condition, body].into_iter().for_each(print),
                        CompoundKind::Case { .. } | CompoundKind::Conditional(_) => {}
                    },
                    Command::Function(_) => {}
                }
            }
        }
    }
}

fn main() {
    let script = b"if test -e file\nthen cat file | sort; fi\necho $HOME &\n";
    let mut parser = Parser::default();
    let mut source = Source::text(script, 1);
    loop {
        match complete_command(&mut parser, &mut source) {
            Ok(Some(list)) => print(&list),
            Ok(None) => break,
            Err(Failure::Wrong(wrong)) => return eprintln!("syntax error: {wrong:?}"),
            Err(Failure::Diverted(errno)) => return eprintln!("the script: {errno}"),
        }
    }
}
