//! Tests the line editor without a shell: its parts, and the whole with two programs that use it at a terminal: an example, and a
//! host that has every function.

#[allow(dead_code)] // parts that only the shell's tests use
#[path = "sh_terminal/terminal.rs"]
mod terminal;

use std::env;

use nestling::poll::{self, Events, PollFd};
use nestling::{BorrowedFd, io};
use nestling_shell::editor::buffer::{Buffer, Kills};
use nestling_shell::editor::history::History;
use nestling_shell::editor::keys::{Key, decode};
use nestling_shell::editor::words;
use nestling_shell::editor::{Editor, End, Event, Host};
use terminal::Terminal;

/// Returns the keys that bytes stand for. All bytes must belong to a key.
fn keys(bytes: &[u8]) -> Vec<Key> {
    let (mut keys, mut start) = (Vec::new(), 0);
    for end in 1..=bytes.len() {
        if let Some(key) = decode(&bytes[start..end], true) {
            keys.push(key);
            start = end;
        }
    }
    assert_eq!(start, bytes.len(), "{bytes:?}");
    keys
}

#[test]
fn bytes_of_a_terminal_become_keys() {
    let text = |text: &str| Key::Text(text.as_bytes().to_vec());
    assert_eq!(
        keys("aé\x01\x1b[D\x1bOC\x1b[3~\x1bf\x1b[1;5D\x18\x15\x7f".as_bytes()),
        [
            text("a"),
            text("é"),
            Key::C(b'A'),
            Key::C(b'B'),
            Key::C(b'F'),
            Key::Delete,
            Key::M(b'f'),
            Key::M(b'b'),
            Key::XC(b'U'),
            Key::C(b'?'),
        ]
    );
    assert_eq!(decode(b"\x1b[", true), None);
    assert_eq!(decode("é".as_bytes(), false), Some(text("é")));
}

#[test]
fn changes_of_one_command_are_undone_together() {
    let mut line = Buffer::new(true);
    line.begin();
    line.insert("aéb".as_bytes());
    assert_eq!((line.at(), line.len()), (4, 4));
    // The cursor moves by characters.
    assert_eq!(line.before(3), 1);
    assert_eq!(line.after(1), 3);
    line.begin();
    line.replace(1, 3, b"e");
    line.replace(0, 1, b"");
    assert_eq!(line.text(), b"eb");
    assert!(line.undo());
    assert_eq!(line.text(), "aéb".as_bytes());
    assert!(line.undo());
    assert_eq!(line.text(), b"");
    assert!(!line.undo());
}

#[test]
fn killed_texts_are_joined_or_rotate() {
    let mut kills = Kills::default();
    kills.keep(b"two", false, true);
    kills.keep(b" three", true, true);
    kills.keep(b"one ", true, false);
    assert_eq!(kills.last(), b"one two three");
    kills.keep(b"other", false, true);
    kills.rotate();
    assert_eq!(kills.last(), b"one two three");
}

#[test]
fn commands_keep_their_numbers_when_older_ones_are_forgotten() {
    let mut history = History::default();
    for command in ["one", "two", "two", "three"] {
        history.push(command.as_bytes(), 2, false);
    }
    assert_eq!((history.first(), history.end()), (2, 4));
    assert_eq!(history.get(1), None);
    assert_eq!(history.get(2).map(|command| &**command), Some(&b"two"[..]));
    assert_eq!(
        history.find(4, |command| command.starts_with(b"t")),
        Some(3)
    );
    assert_eq!(
        history.find(3, |command| command.starts_with(b"t")),
        Some(2)
    );
    history.push(b"two", 2, true);
    assert!(history.is_last(b"two"));
    assert_eq!(history.iter().count(), 2);
    history.pop();
    assert!(history.is_last(b"three"));
}

#[test]
fn blanks_in_quotes_and_substitutions_do_not_separate_words() {
    let command = b"a 'b c' \"d e\" f\\ g $(h i) ${j k}";
    let expected: [&[u8]; 6] = [b"a", b"'b c'", b"\"d e\"", b"f\\ g", b"$(h i)", b"${j k}"];
    assert_eq!(words::words(command), expected);
    assert_eq!(words::word(command, Some(1)), b"'b c'");
    assert_eq!(words::word(command, None), b"${j k}");
    assert_eq!(words::word(b"", None), b"");
}

/// Starts the example `edit_commands` at a terminal, in a directory with the file `letter`.
fn example(variables: &[(&str, &str)]) -> Terminal {
    // The path of this test is TARGET/debug/deps/NAME.
    let test = env::current_exe().expect("this test");
    let folder = test.ancestors().nth(2).expect("a target directory");
    let example = folder.join("examples/edit_commands");
    assert!(
        example.exists(),
        "the example: cargo build -p nestling-shell --examples"
    );
    let files = [("letter", "Dear reader\n")];
    let mut terminal = Terminal::start_with(&example, (24, 80), variables, &[], &files);
    terminal.row("command: |");
    terminal
}

#[test]
fn a_program_without_a_shell_has_emacs_keys_history_search_and_completion() {
    let mut terminal = example(&[]);
    terminal.keys("sw\x02ho").row("command: sho|w");
    terminal.keys("\x05 l\t").row("command: show letter |");
    terminal.keys("\r");
    terminal.rows(&["command: show letter", "Dear reader", "command: |"]);
    terminal.keys("h\t").row("command: help |");
    terminal.keys("\r\x10\x10").row("command: show letter|");
    terminal.keys("\x0e").row("command: help|");
    terminal.keys("\x12tt").row("(search)`tt': show le|tter");
    terminal.keys("\x05").row("command: show letter|");
    // Ctrl-C leads to the next prompt.
    terminal.keys("\x03").shows("show letter^C\ncommand: ");
    assert_eq!(terminal.cursor_row(), "command: |");
    terminal.keys("\x04");
    assert!(terminal.end().success());
}

#[test]
fn a_program_without_a_shell_has_vis_keys() {
    let mut terminal = example(&[("EDITOR", "vi")]);
    terminal.keys("show letter\r").shows("Dear reader");
    terminal.keys("help\x1b").row("command: hel|p");
    terminal.keys("kk").row("command: |show letter");
    terminal.keys("wdwx").row("command: sho|w");
    terminal.keys("u").row("command: show|");
    terminal.keys("u").row("command: show |letter");
    terminal.keys("cwfile").row("command: show file|");
    // The changed command can be found as it is now.
    terminal.keys("\x1bjj").row("command: |help");
    terminal.keys("/file").row("/file|");
    terminal.keys("\r").row("command: |show file");
    terminal.keys("ccquit\r");
    assert!(terminal.end().success());
}

/// A host that has every function.
#[derive(Default)]
struct Full {
    history: History,
    /// The event that the next wait returns.
    event: Option<Event>,
    is_vi: bool,
}

impl Host for Full {
    type Divert = &'static str;

    fn history(&self) -> &History {
        &self.history
    }

    fn cancel(&mut self) -> &'static str {
        "canceled"
    }

    fn interrupt(&mut self) -> &'static str {
        "interrupted"
    }

    fn is_vi(&self) -> bool {
        self.is_vi
    }

    fn searches_beginning(&self) -> bool {
        true
    }

    fn keys_of_macro(&self, letter: &[u8]) -> Option<&[u8]> {
        (letter == b"m").then_some(b"imacro")
    }

    fn evaluate(&mut self, text: &[u8]) -> Option<Vec<u8>> {
        let event = match text {
            b"input" => Event::Input,
            b"end" => Event::End,
            b"narrow" => Event::Resized { pending: false },
            b"wide" => Event::Resized { pending: true },
            b"interrupt" => Event::Interrupt,
            b"pending" => Event::Pending,
            b"notice" => Event::Notice,
            b"fails" => return None,
            _ => return Some(text.to_ascii_uppercase()),
        };
        self.event = Some(event);
        Some([text, b" is next"].concat())
    }

    fn edit(&mut self, text: &[u8]) -> Result<Option<Vec<u8>>, &'static str> {
        match text {
            b"no" => Ok(None),
            b"error" => Err("no other editor"),
            _ => Ok(Some([text, b", elsewhere\n"].concat())),
        }
    }

    fn show_version(&mut self) {
        nestling::println!("version 1");
    }

    fn wait(&mut self, terminal: BorrowedFd<'_>) -> Event {
        self.event.take().unwrap_or_else(|| {
            let _ = poll::poll(&mut [PollFd::new(terminal, Events::IN)], None);
            Event::Input
        })
    }

    fn run_pending(&mut self) -> Result<(), &'static str> {
        nestling::println!("what was pending");
        Ok(())
    }

    fn notify(&mut self) {
        nestling::println!("a notice");
    }
}

/// Reads lines at the terminal, and writes what the editor returns. The line `vi` switches to vi's keys.
fn read_lines() {
    let attributes = nestling::terminal::attributes(io::stdin()).expect("a terminal");
    let (mut host, mut editor) = (Full::default(), Editor::new());
    loop {
        let mut line = Vec::new();
        let answer = editor.read(&mut host, io::stdin(), attributes, b"> ", &mut line);
        let typed = String::from_utf8_lossy(&line);
        nestling::println!(format!("{answer:?} {typed:?}"));
        match answer {
            Ok(End::Line) => host.history.push(line.trim_ascii_end(), 100, false),
            Ok(End::Eof | End::Gone) => return,
            Err(_) => {}
        }
        host.is_vi |= line == b"vi\n";
    }
}

/// Starts this program again, so that the test `name` calls [`read_lines`] at a terminal.
fn full(name: &str) -> Terminal {
    let test = env::current_exe().expect("this test");
    let arguments = ["--exact", name, "--nocapture"];
    let variables = [("NESTLING_EDITS", "1")];
    let mut terminal = Terminal::start_with(&test, (24, 80), &variables, &arguments, &[]);
    terminal.row("> |");
    terminal
}

#[test]
fn keys_call_the_hosts_functions() {
    if env::var_os("NESTLING_EDITS").is_some() {
        return read_lines();
    }
    let mut terminal = full("keys_call_the_hosts_functions");
    terminal.keys("loud\x1b\x05").row("> LOUD|");
    terminal.keys("\x15fails\x1b\x05");
    terminal.until("the bell", |terminal| terminal.bells == 1);
    terminal.keys("\x1b\x16").shows("version 1\n> fails");
    terminal.keys("\x07").shows("Err(\"canceled\") \"\"\n>");
    terminal.keys("a\x03").shows("Err(\"interrupted\") \"\"\n>");
    terminal.keys("no\x18\x05").shows("> no\n> no");
    terminal.keys("\x15error\x18\x05");
    terminal.shows("Err(\"no other editor\") \"\"\n>");
    terminal
        .keys("here\x18\x05")
        .shows("here, elsewhere\nOk(Line) \"here, elsewhere\\n\"\n>");
    terminal.keys("hello\rother\rvi\r").shows("\"vi\\n\"\n>");
    // What was killed or deleted in one line can be inserted into the next one.
    terminal.keys("he\x10").row("> he|llo");
    terminal.keys("\x10").row("> he|re, elsewhere");
    terminal.keys("\x1b0D@m").row("> macro|");
    terminal.keys("\r").shows("\"macro\\n\"\n>");
    terminal.keys("\x1bp").row("> here, elsewher|e");
    terminal.keys("cc\x04");
    terminal.until("the end", |terminal| {
        terminal.screen().contents().contains("Ok(Eof) \"\"")
    });
    assert!(terminal.end().success());
}

#[test]
fn a_wait_of_the_host_can_end_without_a_key() {
    if env::var_os("NESTLING_EDITS").is_some() {
        return read_lines();
    }
    let mut terminal = full("a_wait_of_the_host_can_end_without_a_key");
    terminal.keys("input\x1b\x05").row("> input is next|");
    terminal.keys("\x15notice\x1b\x05");
    terminal.shows("a notice\n> notice is next");
    terminal.keys("\x15pending\x1b\x05");
    terminal.shows("> pending is next\nwhat was pending\n> pending is next");
    terminal.keys("\x15").row("> |").set_size(24, 10);
    terminal.keys("narrow\x1b\x05").row("s next|");
    terminal.keys("\x15").row("> |").set_size(24, 80);
    terminal.keys("wide\x1b\x05");
    terminal.shows("what was pending\n> wide is next");
    terminal.keys("\x15interrupt\x1b\x05");
    terminal.shows("> interrupt is next^C\nErr(\"interrupted\") \"\"\n>");
    terminal.keys("end\x1b\x05");
    terminal.until("the end", |terminal| {
        let screen = terminal.screen().contents();
        screen.contains("> end is next\nOk(Gone) \"\"")
    });
    assert!(terminal.end().success());
}
