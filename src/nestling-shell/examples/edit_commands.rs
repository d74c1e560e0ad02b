//! Reads commands that the user edits: with emacs' keys, or with vi's if `EDITOR` contains `vi`, with a history, and with completion of
//! commands and files.
//!
//! `cargo run -p nestling-shell --example edit_commands`

use std::env;
use std::fs;

use nestling::{io, terminal};
use nestling_shell::editor::completion::{Candidates, Only};
use nestling_shell::editor::history::History;
use nestling_shell::editor::words::words;
use nestling_shell::editor::{Editor, End, Host};

const COMMANDS: [&str; 3] = ["help", "quit", "show"];

/// What the editor needs from this program.
struct Program {
    history: History,
    is_vi: bool,
}

impl Host for Program {
    /// A line that was canceled is not an error here: the program shows the next prompt.
    type Divert = ();

    fn history(&self) -> &History {
        &self.history
    }

    fn cancel(&mut self) {}

    fn is_vi(&self) -> bool {
        self.is_vi
    }

    fn complete(&mut self, line: &[u8]) -> Option<Candidates> {
        let start = line.iter().rposition(|byte| *byte == b' ');
        let start = start.map_or(0, |blank| blank + 1);
        let mut found = Candidates::new(start);
        let word = &line[start..];
        if start == 0 {
            found.set_typed(word, start);
            COMMANDS
                .iter()
                .for_each(|name| found.add(name.as_bytes(), b' '));
        } else {
            let slash = word.iter().rposition(|byte| *byte == b'/');
            let (directory, name) = word.split_at(slash.map_or(0, |slash| slash + 1));
            found.set_typed(name, start + directory.len());
            found.add_files(directory, Only::Files);
        }
        Some(found)
    }
}

fn main() {
    let Ok(attributes) = terminal::attributes(io::stdin()) else {
        return eprintln!("Standard input is not a terminal.");
    };
    let mut program = Program {
        history: History::default(),
        is_vi: env::var("EDITOR").is_ok_and(|editor| editor.contains("vi")),
    };
    let mut editor = Editor::new();
    loop {
        let mut line = Vec::new();
        let prompt = b"command: ";
        match editor.read(&mut program, io::stdin(), attributes, prompt, &mut line) {
            Err(()) => continue,
            Ok(End::Eof | End::Gone) => return,
            Ok(End::Line) => {}
        }
        let line = line.trim_ascii();
        if !line.is_empty() {
            program.history.push(line, 1000, false);
        }
        let words: Vec<_> = words(line)
            .into_iter()
            .map(String::from_utf8_lossy)
            .collect();
        match &*words.iter().map(|word| &**word).collect::<Vec<_>>() {
            [] => {}
            ["quit"] => return,
            ["show", file] => match fs::read_to_string(file) {
                Ok(text) => print!("{text}"),
                Err(error) => println!("{file}: {error}"),
            },
            _ => println!("Commands: help, quit, show FILE"),
        }
    }
}
