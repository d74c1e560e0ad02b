//! Editing a line at the terminal, with emacs' keys (`emacs.rs`) or vi's keys (`vi.rs`).
//!
//! Line editors without std exist, but they do too little. `noline`, which is maintained, has UTF-8, emacs' basic keys and a
//! history, but no completion, search, undo, kill ring, wide characters or bracketed paste. `embedded-cli` and similar crates are
//! for command lines of one row and a fixed size. None of them has vi's keys.
//!
//! A key costs at most one write, and keys that arrive together are drawn together. Keys are read byte by byte, because input after
//! the end of the line belongs to the command that is executed next.

mod completion;
mod emacs;
pub mod kept;
mod search;
mod vi;

use alloc::vec::Vec;
use core::time::Duration;

use nestling::poll::{self, Events, PollFd};
use nestling::rt::descriptors;
use nestling::terminal::{self, Attributes, Mode as Term, Special, When};
use nestling::{BorrowedFd, Errno, SigSet, Signal, io, signals, sys};

use crate::builtins::fc;
use crate::expansion;
use crate::history::{self, History};
use crate::interactive::{self, Awaited};
use crate::jobs;
use crate::options::Opt;
use crate::reader;
use crate::shell::{Divert, Shell};
use crate::traps;
use nestling_shell::characters;
use nestling_shell::editor::buffer::Buffer;
use nestling_shell::editor::keys::{self, Key, PASTE_END};
use nestling_shell::editor::screen::Screen;
use nestling_shell::symbols::Symbol;

/// The byte that the key Ctrl-C sends.
const CTRL_C: u8 = 0x03;

/// How long a byte may follow an Escape and still belong to the same key, in hundredths of a second. KEYTIMEOUT overrides it.
const KEY_TIMEOUT: u64 = 5;

/// The reason why the reading of a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Line,
    /// Ctrl-D was typed on an empty line.
    Eof,
    /// The terminal was hung up, or nothing was typed for TMOUT seconds.
    Gone,
}

/// The result of a key: the end of the line, or `None` to read the next key.
type Act = Result<Option<End>, Divert>;

/// The editing mode, which decides what keys do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Emacs,
    Insert,
    /// Typed text replaces the text at the cursor.
    Replace,
    Command,
}

/// The kind of the previous key. The meaning of some keys depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Other,
    Kill,
    /// A yank that inserted this many bytes.
    Yank(usize),
    /// The last argument of a command: the command's number, and the number of bytes inserted.
    Argument(usize, usize),
    Tab,
    /// A key that showed another command that begins as the line did. `History` is a key that showed any other command.
    Beginning,
    History,
    /// A backslash in vi's insert mode, which quotes the next key.
    Backslash,
}

/// The state of a line that is being edited.
struct Session {
    terminal: BorrowedFd<'static>,
    /// The terminal's attributes while a command is executed.
    attributes: Attributes,
    is_raw: bool,
    buffer: Buffer,
    screen: Screen,
    /// Bytes to be read before those of the terminal, in reverse order.
    ahead: Vec<u8>,
    /// How many reads in a row returned nothing although the terminal was ready. This happens when the terminal is hung up.
    ends: u32,
    /// Escape is a key of its own, unless other bytes follow immediately.
    knows_escape: bool,
    /// A pattern of vi's search is being typed.
    asks: bool,
    /// The cursor is below the line, in a text that is shown there.
    is_below: bool,
    mode: Mode,
    last: Last,
    /// The number that was typed before a key.
    count: Option<usize>,
    mark: Option<usize>,
    /// The bytes of vi's current command, the number before it, and whether it changes the line.
    log: Vec<u8>,
    former_count: Option<usize>,
    is_change: bool,
    /// The number of macros expanded since the last key.
    macros: u32,
    sought: vi::Sought,
    /// The number of the command that is shown.
    number: usize,
    /// Edited lines that are not shown now: commands with changes, and the typed line. Each has its number in the history.
    edited: Vec<(usize, Buffer)>,
    /// Set when a lone Escape has just ended vi's insert mode: the mode and the cursor before it.
    escaped: Option<(Mode, usize)>,
}

/// Returns the terminal, if lines can be edited on it.
pub fn terminal(shell: &Shell) -> Option<(BorrowedFd<'static>, Attributes)> {
    let term = shell.variables.get(Symbol::TERM);
    if term.is_none_or(|term| matches!(term, b"" | b"dumb")) {
        return None;
    }
    descriptors::is_users(0).ok()?;
    let terminal = io::stdin();
    let attributes = terminal::attributes(terminal).ok()?;
    terminal::is_terminal(io::stderr()).then_some((terminal, attributes))
}

/// Reads a line into `line`, with its newline.
pub fn read(
    shell: &mut Shell,
    (terminal, mut attributes): (BorrowedFd<'static>, Attributes),
    prompt: &[u8],
    line: &mut Vec<u8>,
) -> Result<End, Divert> {
    // A program has left the terminal in a mode in which no command can be typed.
    if !attributes.has(Term::ICANON) || !attributes.has(Term::OPOST) {
        attributes.make_sane();
    }
    history::load(shell);
    let mut session = Session {
        terminal,
        attributes,
        is_raw: false,
        buffer: Buffer::new(shell.utf8),
        screen: Screen::new(prompt, shell.utf8, interactive::size(shell)),
        ahead: Vec::new(),
        ends: 0,
        knows_escape: false,
        asks: false,
        is_below: false,
        mode: if shell.options.has(Opt::Vi) {
            Mode::Insert
        } else {
            Mode::Emacs
        },
        last: Last::Other,
        count: None,
        mark: None,
        log: Vec::new(),
        former_count: None,
        is_change: false,
        macros: 0,
        sought: vi::Sought::default(),
        number: shell.interactive.history.end(),
        edited: Vec::new(),
        escaped: None,
    };
    if let Some(next) = shell.interactive.editor.next.take() {
        session.show(shell, next);
    }
    session.enter(shell);
    let answer = session.edit(shell);
    session.leave(shell);
    if answer == Ok(End::Line) {
        *line = session.buffer.take();
        line.push(b'\n');
    }
    answer
}

impl Session {
    fn enter(&mut self, shell: &mut Shell) {
        for signal in noted(shell).iter() {
            let _ = sys::caught::catch(signal);
        }
        let mut raw = self.attributes;
        for mode in [
            Term::ICANON,
            Term::ECHO,
            Term::ISIG,
            Term::IEXTEN,
            Term::IXON,
        ] {
            raw.set(mode, false);
        }
        raw.set(Term::ICRNL, true);
        raw.set_special(Special::Min, 0);
        raw.set_special(Special::Time, 0);
        self.set_attributes(&raw);
        self.is_raw = true;
        self.screen.begin();
    }

    /// Restores the terminal's mode for commands, and moves the cursor below the line.
    fn leave(&mut self, shell: &mut Shell) {
        if !core::mem::take(&mut self.is_raw) {
            return;
        }
        self.screen.notice.clear();
        self.screen.draw(self.buffer.text(), self.buffer.len());
        self.screen.leave();
        self.restore(shell);
    }

    /// Like [`leave`](Self::leave), but erases the line, so that the next output replaces it.
    fn step_aside(&mut self, shell: &mut Shell) {
        self.is_raw = false;
        self.screen.erase();
        self.screen.end();
        self.restore(shell);
    }

    fn restore(&mut self, shell: &mut Shell) {
        self.set_attributes(&{ self.attributes });
        for signal in noted(shell).iter() {
            let _ = sys::signal::reset(signal);
            // The signal would have ended the shell, but the terminal had to be restored first.
            if sys::caught::take(signal) && signal == Signal::HUP {
                let _ = sys::process::kill(shell.own_pid().as_raw(), Some(signal));
            }
        }
    }

    fn set_attributes(&self, attributes: &Attributes) {
        // In the background, SIGTTOU would interrupt the call again and again.
        let _guard = signals::block(SigSet::EMPTY.with(Signal::TTOU));
        let _ = terminal::set_attributes(self.terminal, When::Now, attributes);
    }

    /// Returns the next byte, or `None` if no more bytes will come.
    fn byte(&mut self, shell: &mut Shell) -> Result<Option<u8>, Divert> {
        loop {
            if let Some(byte) = self.ahead.pop() {
                if self.is_vi() {
                    self.log.push(byte);
                }
                return Ok(Some(byte));
            }
            let mut byte = [0];
            match sys::fd::read(self.terminal, &mut byte) {
                Ok(1) => {
                    self.ends = 0;
                    self.macros = 0;
                    self.buffer.struck();
                    self.ahead.extend(byte);
                    continue;
                }
                Ok(_) | Err(Errno::EAGAIN) if self.ends < 3 => {}
                // The shell is in the background, because a job has kept the terminal.
                Err(Errno::EINTR) if !sys::caught::take(Signal::TTIN) => {}
                Err(Errno::EINTR | Errno::EIO) if self.ends < 3 && jobs::take_terminal(shell) => {}
                _ => return Ok(None),
            }
            // No more input is waiting, so the line is drawn now.
            self.show_line();
            let noted = noted(shell);
            match interactive::wait_for_input(shell, noted) {
                Awaited::Input => self.ends += 1,
                Awaited::Late | Awaited::Gone => return Ok(None),
                Awaited::Signal if sys::caught::caught().contains(Signal::WINCH) => {
                    let size = interactive::size(shell);
                    if !self.is_below {
                        self.screen.resize(size);
                    }
                    // If a trap is set for SIGWINCH, the signal stays pending and the trap handles it.
                    if noted.contains(Signal::WINCH) {
                        sys::caught::take(Signal::WINCH);
                    } else {
                        self.step_aside(shell);
                        traps::run_pending(shell)?;
                        self.enter(shell);
                    }
                }
                Awaited::Signal if sys::caught::caught().contains(Signal::INT) => {
                    self.interrupt(shell)?;
                }
                Awaited::Signal
                    if shell.traps.pending()
                        || sys::caught::caught().bits() & noted.bits() != 0 =>
                {
                    self.leave(shell);
                    if shell.traps.pending() {
                        traps::run_pending(shell)?;
                    }
                    self.enter(shell);
                }
                // A job has changed its state, and `set -b` reports it immediately.
                Awaited::Signal => {
                    self.screen.erase();
                    jobs::notify(shell);
                }
            }
        }
    }

    /// Returns the next key. Skips reports of the terminal, and keys without an effect.
    fn key(&mut self, shell: &mut Shell) -> Result<Option<Key>, Divert> {
        let mut bytes = Vec::new();
        while let Some(byte) = self.byte(shell)? {
            bytes.push(byte);
            // The rest of a key whose bytes came too slowly after its Escape.
            if let Some((mode, at)) = self.escaped.take()
                && *bytes == *b"["
                && self.mode == Mode::Command
            {
                self.mode = mode;
                self.is_change = true;
                self.buffer.go(at);
                bytes.insert(0, 0x1b);
            }
            let key = match *bytes {
                [0x18] if self.is_vi() => Some(Key::C(b'X')),
                [0x1b] if self.is_lone_escape(shell) => {
                    if matches!(self.mode, Mode::Insert | Mode::Replace) {
                        self.escaped = Some((self.mode, self.buffer.at()));
                    }
                    Some(Key::C(b'['))
                }
                [0x1b, byte] if self.begins_report(shell, byte) => {
                    self.pass_over_report(shell)?;
                    Some(Key::Other)
                }
                [0x1b, byte] if self.is_vi() && !matches!(byte, b'[' | b'O') => {
                    self.log.pop();
                    self.ahead.push(byte);
                    Some(Key::C(b'['))
                }
                [0x1b, 0x1b] if !self.has_more(shell) => Some(Key::MC(b'[')),
                _ => keys::decode(&bytes, shell.utf8),
            };
            match key {
                Some(Key::C(letter)) => return Ok(Some(Key::C(self.usual(letter)))),
                Some(Key::Other) => bytes.clear(),
                Some(key) => return Ok(Some(key)),
                None => {}
            }
        }
        Ok(None)
    }

    /// Whether an Escape that was just read is a key of its own. In vi's command mode Escape does nothing, so the answer can wait
    /// until the next byte.
    fn is_lone_escape(&mut self, shell: &Shell) -> bool {
        let waits = self.is_vi() && (self.mode != Mode::Command || self.asks);
        (waits || self.knows_escape) && !self.has_more(shell)
    }

    /// Whether Escape and this byte begin a report of the terminal (OSC, DCS, SOS, PM, APC), not a key.
    fn begins_report(&mut self, shell: &Shell, byte: u8) -> bool {
        match byte {
            b']' => true,
            // Without vi's keys, Escape with one of these letters is not a key.
            b'P' | b'X' | b'^' if !self.is_vi() => true,
            // The next byte came immediately and is typical for a report. A user hardly types it here.
            b'P' | b'_' if self.has_more(shell) => {
                let next = self.peek();
                let begins: &[u8] = if byte == b'P' { b"01>!" } else { b"G" };
                next.is_some_and(|next| begins.contains(&next))
            }
            _ => false,
        }
    }

    /// Returns the next byte without consuming it, if it has arrived.
    fn peek(&mut self) -> Option<u8> {
        if self.ahead.is_empty() {
            let mut byte = [0];
            if sys::fd::read(self.terminal, &mut byte) == Ok(1) {
                self.ahead.extend(byte);
            }
        }
        self.ahead.last().copied()
    }

    /// Skips a report up to its end: BEL, or Escape and a backslash. A control character that no report contains also ends it.
    fn pass_over_report(&mut self, shell: &mut Shell) -> Result<(), Divert> {
        while let Some(byte) = self.byte(shell)? {
            match byte {
                0x07 => break,
                0x1b => {
                    if let Some(byte) = self.byte(shell)?
                        && byte != b'\\'
                    {
                        self.ahead.extend([byte, 0x1b]);
                    }
                    break;
                }
                ..0x20 => {
                    self.ahead.push(byte);
                    break;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Replaces a special character of this terminal by the control character that usually has its function.
    fn usual(&self, letter: u8) -> u8 {
        let specials = [
            (Special::Erase, b'?'),
            (Special::Intr, b'C'),
            (Special::Kill, b'U'),
            (Special::Eof, b'D'),
        ];
        let mut specials = specials.into_iter();
        let is = |special| self.attributes.special(special) ^ 0x40 == letter && letter != b'@';
        let special = specials.find(|&(special, _)| is(special));
        special.map_or(letter, |(_, usual)| usual)
    }

    fn is_vi(&self) -> bool {
        self.mode != Mode::Emacs
    }

    /// Draws the line.
    fn show_line(&mut self) {
        if !self.is_below {
            self.screen.draw(self.buffer.text(), self.buffer.at());
        }
        self.screen.flush();
    }

    /// Whether more bytes of the same key follow, within KEYTIMEOUT hundredths of a second.
    fn has_more(&mut self, shell: &Shell) -> bool {
        let mut polled = [PollFd::new(self.terminal, Events::IN)];
        if !self.ahead.is_empty() || poll::poll(&mut polled, Some(Duration::ZERO)) == Ok(1) {
            return true;
        }
        self.show_line();
        let timeout = shell.symbols.find(b"KEYTIMEOUT");
        let timeout = timeout.and_then(|name| shell.variables.get(name));
        let timeout = timeout.and_then(|hundredths| nestling::text::number(hundredths, 10));
        let timeout = timeout.unwrap_or(KEY_TIMEOUT).min(60 * 100);
        poll::poll(&mut polled, Some(Duration::from_millis(10 * timeout))) == Ok(1)
    }

    fn edit(&mut self, shell: &mut Shell) -> Result<End, Divert> {
        while let Some(key) = self.key(shell)? {
            if let Some(end) = self.act(shell, key)? {
                return Ok(end);
            }
            if core::mem::take(&mut self.buffer.refused) {
                self.screen.bell();
            }
        }
        Ok(End::Gone)
    }

    fn act(&mut self, shell: &mut Shell, key: Key) -> Act {
        match self.mode {
            Mode::Emacs => emacs::act(self, shell, key),
            Mode::Insert | Mode::Replace => vi::insert(self, shell, key),
            Mode::Command => vi::command(self, shell, key),
        }
    }

    // ---- Keys that several modes share ----

    fn kill(&mut self, shell: &mut Shell, start: usize, end: usize, joins: bool) {
        let forward = start == self.buffer.at();
        let text = self.buffer.part(start, end);
        if !text.is_empty() {
            shell.interactive.editor.kills.keep(text, joins, forward);
            self.buffer.replace(start, end, b"");
        }
        self.last = Last::Kill;
    }

    /// Shows the command with this number, or the typed line, with the changes made to it before. Returns false if the number does
    /// not exist.
    fn show(&mut self, shell: &Shell, number: usize) -> bool {
        let history = &shell.interactive.history;
        if number < history.first() || number > history.end() {
            self.screen.bell();
            return false;
        }
        self.put_aside(number, history.end());
        if let Some(place) = self.place_of_edited(number) {
            self.buffer = self.edited.swap_remove(place).1;
            self.buffer.go(self.buffer.len());
        } else {
            self.buffer
                .load(history.get(number).map_or(b"", |command| command));
        }
        true
    }

    /// Prepares to show the command with this number. Keeps the line that is shown now, if it was changed. The typed line has the
    /// number `end`.
    fn put_aside(&mut self, number: usize, end: usize) {
        let former = core::mem::replace(&mut self.number, number);
        if self.buffer.is_changed() || former == end {
            let buffer = Buffer::new(self.buffer.utf8);
            let buffer = core::mem::replace(&mut self.buffer, buffer);
            self.edited.push((former, buffer));
        }
    }

    fn place_of_edited(&self, number: usize) -> Option<usize> {
        self.edited.iter().position(|&(other, _)| other == number)
    }

    /// Returns a command of the history, with the changes made to it.
    fn command<'a>(&'a self, history: &'a History, number: usize) -> Option<&'a [u8]> {
        let command = history.get(number)?;
        let place = self.place_of_edited(number);
        let edited = place.and_then(|place| self.edited.get(place));
        Some(edited.map_or(command, |(_, buffer)| buffer.text()))
    }

    /// Moves to the previous or next line in a command of several lines. From the first or last line, moves to another command.
    fn go_up_or_down(&mut self, shell: &Shell, back: bool, last: Last) {
        match last {
            Last::Beginning => {
                self.last = last;
                return search::by_beginning(self, shell, back);
            }
            // After a move through the history, the key continues in the history, also through commands of several lines.
            Last::History => self.last = last,
            Last::Other
            | Last::Kill
            | Last::Yank(_)
            | Last::Argument(..)
            | Last::Tab
            | Last::Backslash => {}
        }
        let (buffer, at) = (&self.buffer, self.buffer.at());
        let is_newline = |byte: &u8| *byte == b'\n';
        let start_of = |at| {
            let before = buffer.part(0, at).iter().rposition(is_newline);
            before.map_or(0, |newline| newline + 1)
        };
        let start = start_of(at);
        let line = if back {
            start.checked_sub(1).map(start_of)
        } else {
            let rest = buffer.part(at, buffer.len()).iter();
            rest.clone().position(is_newline).map(|end| at + end + 1)
        };
        let Some(line) = line else {
            if shell.options.has(Opt::PrefixSearch) && last != Last::History && at > 0 {
                self.last = Last::Beginning;
                return search::by_beginning(self, shell, back);
            }
            self.last = Last::History;
            self.go_through_history(shell, back);
            return;
        };
        let column = characters::count(buffer.part(start, at), buffer.utf8);
        let end = buffer.part(line, buffer.len()).iter();
        let end = end
            .clone()
            .position(is_newline)
            .map_or(buffer.len(), |end| line + end);
        let (mut place, mut left) = (line, column);
        while left > 0 && place < end {
            place = buffer.after(place);
            left -= 1;
        }
        self.buffer.go(place.min(end));
    }

    /// Shows the previous or the next command.
    fn go_through_history(&mut self, shell: &Shell, back: bool) -> bool {
        let number = if back {
            self.number.saturating_sub(1)
        } else {
            self.number + 1
        };
        self.show(shell, number)
    }

    /// Returns the position of the `count`th occurrence of a character after the cursor, or before it if `back`.
    fn place_of(&self, character: &[u8], back: bool, count: usize) -> Option<usize> {
        let mut at = self.buffer.at();
        for _ in 0..count {
            loop {
                let next = if back {
                    self.buffer.before(at)
                } else {
                    self.buffer.after(at)
                };
                if next == at || next >= self.buffer.len() {
                    return None;
                }
                at = next;
                if self
                    .buffer
                    .part(at, self.buffer.len())
                    .starts_with(character)
                {
                    break;
                }
            }
        }
        Some(at)
    }

    /// Inserts the next byte `count` times, without its special meaning.
    fn insert_next(&mut self, shell: &mut Shell, count: usize) -> Result<(), Divert> {
        if let Some(byte) = self.byte(shell)?
            && byte != 0
        {
            self.buffer.insert(&alloc::vec![byte; count]);
        }
        Ok(())
    }

    /// Reads a paste and inserts it.
    fn paste(&mut self, shell: &mut Shell) -> Result<(), Divert> {
        let text = self.pasted(shell)?;
        self.buffer.struck();
        self.buffer.insert(&text);
        Ok(())
    }

    /// Reads the text of a paste up to its end.
    fn pasted(&mut self, shell: &mut Shell) -> Result<Vec<u8>, Divert> {
        let mut text = Vec::new();
        while let Some(byte) = self.byte(shell)? {
            // A Ctrl-C that nothing follows is no part of the paste. It cancels a paste whose end the line has lost.
            if byte == CTRL_C && !self.has_more(shell) {
                self.ahead.push(byte);
                return Ok(Vec::new());
            }
            text.push(byte);
            if text.ends_with(PASTE_END) {
                text.truncate(text.len() - PASTE_END.len());
                break;
            }
        }
        text.retain(|&byte| byte != 0);
        // Newlines in the text separate commands, but newlines at its end would execute the last command.
        while let Some(b'\n') = text.last() {
            text.pop();
        }
        Ok(text)
    }

    /// The range between the mark and the cursor, or the whole line if no mark is set.
    fn marked(&self) -> (usize, usize) {
        match self.mark {
            Some(_) => self.region(),
            None => (0, self.buffer.len()),
        }
    }

    /// The range between the mark and the cursor. Without a mark it begins at the beginning of the line.
    fn region(&self) -> (usize, usize) {
        let (at, mark) = (
            self.buffer.at(),
            self.mark.unwrap_or(0).min(self.buffer.len()),
        );
        (at.min(mark), at.max(mark))
    }

    /// Turns the line into a comment and ends it.
    fn comment(&mut self) -> Act {
        self.buffer.replace(0, 0, b"#");
        Ok(Some(End::Line))
    }

    /// Handles Ctrl-C: executes the trap for SIGINT and shows a new prompt.
    fn interrupt(&mut self, shell: &mut Shell) -> Act {
        self.buffer.go(self.buffer.len());
        self.buffer.insert(&[CTRL_C]);
        self.leave(shell);
        if !traps::forget_interrupt(shell) {
            sys::caught::mark(Signal::INT);
            if shell.traps.pending() {
                traps::run_pending(shell)?;
            }
            sys::caught::take(Signal::INT);
        }
        self.give_up(shell)
    }

    /// Leaves the line and shows a new prompt.
    fn give_up(&mut self, shell: &mut Shell) -> Act {
        self.leave(shell);
        shell.status = 128 + Signal::INT.as_raw();
        Err(Divert::Interrupt)
    }

    /// Executes the marked text and replaces it with the output.
    fn evaluate(&mut self, shell: &mut Shell) {
        let (start, end) = self.marked();
        let text = [b"$(", self.buffer.part(start, end), b")"].concat();
        self.leave(shell);
        let word = reader::document(shell, &text);
        let output = word.and_then(|word| expansion::document(shell, &word).ok());
        self.enter(shell);
        match output {
            Some(output) => self.buffer.replace(start, end, &output),
            None => self.screen.bell(),
        }
    }

    /// Edits the line with the editor in VISUAL or EDITOR, or with vi.
    fn edit_elsewhere(&mut self, shell: &mut Shell) -> Act {
        self.leave(shell);
        let editor = [Symbol::VISUAL, Symbol::EDITOR]
            .into_iter()
            .find_map(|name| {
                let value = shell.variables.get(name);
                value.filter(|editor| !editor.is_empty())
            });
        let editor = editor.unwrap_or(b"vi").to_vec();
        let text = [
            self.buffer.text(),
            b"
",
        ]
        .concat();
        let Some(text) = fc::edited(shell, &editor, &text)? else {
            self.enter(shell);
            return Ok(None);
        };
        nestling::eprint!(&text[..]);
        self.buffer.load(text.trim_ascii_end());
        Ok(Some(End::Line))
    }
}

/// Replaces each character of a text by the character that `other` returns.
fn recased(text: &[u8], utf8: bool, mut other: impl FnMut(u32) -> u32) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((code, length)) = characters::decode(rest, utf8) {
        let (character, more) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        match char::from_u32(other(code)) {
            Some(other) if utf8 || other.is_ascii() => {
                out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => out.extend_from_slice(character),
        }
        rest = more;
    }
    out
}

/// Signals that the editor catches while a line is edited, unless a trap is set for them.
fn noted(shell: &mut Shell) -> SigSet {
    let mut signals = SigSet::EMPTY;
    for signal in [Signal::WINCH, Signal::CONT, Signal::HUP] {
        if shell.traps.shown(Some(signal), true).is_none() {
            signals = signals.with(signal);
        }
    }
    signals
}
