//! Editing a line at the terminal, with emacs' keys.
//!
//! There are line editors without std, but none that is enough: `noline` has UTF-8, emacs' basic keys and a history, but no completion,
//! search, undo, kill ring, wide characters, wrapping or paste; `embedded-cli` is for command lines of one row and fixed size.
//!
//! A key costs one write at most, and what comes at once is drawn at once. Keys are read byte by byte: what is typed ahead belongs to
//! the command that is started.

mod buffer;
mod completion;
mod keys;
mod screen;
mod search;
mod width;

use alloc::vec::Vec;

use nestling::rt::descriptors;
use nestling::terminal::{self, Attributes, Mode, Special, When};
use nestling::{BorrowedFd, Errno, Signal, io, signals, sys};

use crate::history;
use crate::interactive::{self, Awaited};
use crate::jobs;
use crate::shell::{Divert, Shell};
use crate::symbols::Symbol;
use crate::traps;
use buffer::{Buffer, Kills, is_alphanumeric, is_not_blank};
use keys::{DELETE, ESCAPE, Key, META, NONE, PASTE, PASTE_END, control};
use screen::Screen;

/// How the reading of a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Line,
    /// Ctrl-D on an empty line.
    Eof,
    /// The terminal is gone, or nobody was there for TMOUT seconds.
    Gone,
}

/// What is kept between lines.
#[derive(Debug, Default)]
pub struct Kept {
    kills: Kills,
}

/// What the key before was, for keys that do something else then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    Other,
    Kill,
    /// So many bytes were put in.
    Yank(usize),
    /// And the number of the command they are from.
    Argument(usize, usize),
    Tab,
}

/// A line that is being edited.
struct Session {
    terminal: BorrowedFd<'static>,
    /// The terminal's attributes for commands.
    attributes: Attributes,
    is_raw: bool,
    buffer: Buffer,
    screen: Screen,
    /// Bytes of a key of which there is more to come.
    bytes: Vec<u8>,
    last: Last,
    /// The number of the command that is shown, and what was typed before another one was.
    number: usize,
    typed: Vec<u8>,
}

/// The terminal, if lines can be edited on it.
pub fn terminal(shell: &Shell) -> Option<(BorrowedFd<'static>, Attributes)> {
    if shell.variables.get(Symbol::TERM).is_none_or(|term| matches!(term, b"" | b"dumb")) {
        return None;
    }
    let terminal = descriptors::of_user(0).ok()?;
    let attributes = terminal::attributes(terminal).ok()?;
    terminal::is_terminal(io::stderr()).then_some((terminal, attributes))
}

/// Reads a line, its newline included, into `line`.
pub fn read(
    shell: &mut Shell,
    (terminal, mut attributes): (BorrowedFd<'static>, Attributes),
    prompt: &[u8],
    line: &mut Vec<u8>,
) -> Result<End, Divert> {
    // A program has left them so that nobody could work.
    if !attributes.has(Mode::ICANON) || !attributes.has(Mode::OPOST) {
        attributes.make_sane();
    }
    let awaited = sys::caught::catch(Signal::WINCH);
    debug_assert!(awaited.is_ok());
    history::load(shell);
    let mut session = Session {
        terminal,
        attributes,
        is_raw: false,
        buffer: Buffer { utf8: shell.utf8, ..Buffer::default() },
        screen: Screen::new(prompt, shell.utf8),
        bytes: Vec::new(),
        last: Last::Other,
        number: shell.interactive.history.end(),
        typed: Vec::new(),
    };
    session.enter();
    let answer = session.edit(shell);
    if session.is_raw {
        session.leave();
    }
    if answer == Ok(End::Line) {
        *line = session.buffer.take();
        line.push(b'\n');
    }
    answer
}

impl Session {
    fn enter(&mut self) {
        let mut raw = self.attributes;
        for mode in [Mode::ICANON, Mode::ECHO, Mode::ISIG, Mode::IEXTEN, Mode::IXON] {
            raw.set(mode, false);
        }
        raw.set(Mode::ICRNL, true);
        raw.set_special(Special::Min, 0);
        raw.set_special(Special::Time, 0);
        self.set_attributes(&raw);
        self.is_raw = true;
        self.screen.begin();
    }

    /// Has the terminal as commands want it, and the cursor below the line.
    fn leave(&mut self) {
        self.screen.notice.clear();
        self.screen.draw(self.buffer.text(), self.buffer.len());
        self.screen.leave();
        self.set_attributes(&{ self.attributes });
        self.is_raw = false;
    }

    fn set_attributes(&self, attributes: &Attributes) {
        // Else it would be asked again and again, in the background.
        let _guard = signals::block(nestling::SigSet::EMPTY.with(Signal::TTOU));
        let _ = terminal::set_attributes(self.terminal, When::Now, attributes);
    }

    /// The next byte; `None` if there is none any more.
    fn byte(&mut self, shell: &mut Shell) -> Result<Option<u8>, Divert> {
        let mut was_ready = false;
        loop {
            let mut byte = [0];
            match sys::fd::read(self.terminal, &mut byte) {
                Ok(1) => return Ok(byte.first().copied()),
                Ok(_) if was_ready => return Ok(None),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(Errno::EIO | Errno::EAGAIN) if !was_ready && jobs::take_terminal(shell) => {}
                Err(_) => return Ok(None),
            }
            // Nothing more has come: it is time to show what has.
            self.screen.draw(self.buffer.text(), self.buffer.at());
            self.screen.flush();
            was_ready = false;
            match interactive::wait(shell, &[Signal::WINCH]) {
                Awaited::Input => was_ready = true,
                Awaited::Late | Awaited::Gone => return Ok(None),
                Awaited::Signal if sys::caught::take(Signal::WINCH) => self.screen.resize(),
                Awaited::Signal => {
                    self.leave();
                    if shell.traps.pending() {
                        traps::run_pending(shell)?;
                    } else {
                        jobs::notify(shell);
                    }
                    self.enter();
                }
            }
        }
    }

    /// The next key.
    fn key(&mut self, shell: &mut Shell) -> Result<Option<Key>, Divert> {
        loop {
            let Some(byte) = self.byte(shell)? else { return Ok(None) };
            self.bytes.push(byte);
            if let Some(key) = keys::decode(&self.bytes, shell.utf8) {
                self.bytes.clear();
                return Ok(Some(key));
            }
        }
    }

    fn edit(&mut self, shell: &mut Shell) -> Result<End, Divert> {
        while let Some(key) = self.key(shell)? {
            if let Some(end) = self.act(shell, key)? {
                return Ok(end);
            }
        }
        Ok(End::Gone)
    }

    fn act(&mut self, shell: &mut Shell, key: Key) -> Result<Option<End>, Divert> {
        let last = core::mem::replace(&mut self.last, Last::Other);
        let code = match key {
            Key::Text(text) => {
                self.buffer.insert(&text);
                return Ok(None);
            }
            Key::Code(code) => code,
        };
        let (at, end) = (self.buffer.at(), self.buffer.len());
        const A: u16 = control(b'a');
        const B: u16 = control(b'b');
        const C: u16 = control(b'c');
        const D: u16 = control(b'd');
        const E: u16 = control(b'e');
        const F: u16 = control(b'f');
        const G: u16 = control(b'g');
        const H: u16 = control(b'h');
        const I: u16 = control(b'i');
        const J: u16 = control(b'j');
        const K: u16 = control(b'k');
        const L: u16 = control(b'l');
        const M: u16 = control(b'm');
        const N: u16 = control(b'n');
        const P: u16 = control(b'p');
        const R: u16 = control(b'r');
        const T: u16 = control(b't');
        const U: u16 = control(b'u');
        const V: u16 = control(b'v');
        const W: u16 = control(b'w');
        const X: u16 = control(b'x');
        const Y: u16 = control(b'y');
        const UNDERSCORE: u16 = control(b'_');
        const BACKSPACE: u16 = 0x7f;
        const META_H: u16 = META | H;
        const META_BACKSPACE: u16 = META | BACKSPACE;
        match code {
            J | M => return Ok(Some(End::Line)),
            C => return self.interrupt(shell),
            D if end == 0 => return Ok(Some(End::Eof)),
            A => self.buffer.go(0),
            E => self.buffer.go(end),
            B => self.buffer.go(self.buffer.before(at)),
            F => self.buffer.go(self.buffer.after(at)),
            D | DELETE => self.buffer.replace(at, self.buffer.after(at), b""),
            H | BACKSPACE => self.buffer.replace(self.buffer.before(at), at, b""),
            K => self.kill(shell, at, end, last),
            U => self.kill(shell, 0, at, last),
            W => self.kill(shell, self.buffer.word_before(at, is_not_blank), at, last),
            META_H | META_BACKSPACE => self.kill(shell, self.buffer.word_before(at, is_alphanumeric), at, last),
            Y => {
                let kill = shell.interactive.editor.kills.last();
                self.buffer.insert(kill);
                self.last = Last::Yank(kill.len());
            }
            T => self.transpose(),
            UNDERSCORE if !self.buffer.undo() => self.screen.bell(),
            UNDERSCORE => {}
            L => self.screen.clear(),
            P | N => self.go_through_history(shell, code == P),
            R => return search::search(self, shell),
            I => {
                completion::complete(self, shell, last == Last::Tab);
                self.last = Last::Tab;
            }
            V => {
                if let Some(byte) = self.byte(shell)? {
                    self.buffer.insert(&[byte]);
                }
            }
            X => match self.key(shell)? {
                Some(Key::Code(E)) => return self.edit_elsewhere(shell),
                Some(Key::Code(U)) => drop(self.buffer.undo()),
                _ => {}
            },
            PASTE => self.paste(shell)?,
            G | NONE | ESCAPE => {}
            _ => self.act_on_words(shell, code, last),
        }
        Ok(None)
    }

    /// Keys with Meta.
    fn act_on_words(&mut self, shell: &mut Shell, code: u16, last: Last) {
        let at = self.buffer.at();
        let after = self.buffer.word_after(at, is_alphanumeric);
        let Some(letter) = code.checked_sub(META) else { return };
        match letter as u8 {
            b'b' => self.buffer.go(self.buffer.word_before(at, is_alphanumeric)),
            b'f' => self.buffer.go(after),
            b'd' => self.kill(shell, at, after, last),
            letter @ (b'u' | b'l' | b'c') => {
                let mut word = self.buffer.part(at, after).to_vec();
                let mut is_first = true;
                for byte in &mut word {
                    *byte = if letter == b'u' || letter == b'c' && is_first {
                        byte.to_ascii_uppercase()
                    } else {
                        byte.to_ascii_lowercase()
                    };
                    is_first &= !is_alphanumeric(*byte);
                }
                self.buffer.replace(at, after, &word);
            }
            b'y' => {
                if let Last::Yank(length) = last {
                    let kills = &mut shell.interactive.editor.kills;
                    kills.rotate();
                    self.buffer.replace(at - length, at, kills.last());
                    self.last = Last::Yank(kills.last().len());
                }
            }
            b'.' | b'_' => self.last_argument(shell, last),
            b'<' => {
                self.number = shell.interactive.history.first() + 1;
                self.go_through_history(shell, true);
            }
            b'>' => {
                self.number = shell.interactive.history.end() - 1;
                self.go_through_history(shell, false);
            }
            _ => {}
        }
    }

    fn kill(&mut self, shell: &mut Shell, start: usize, end: usize, last: Last) {
        let forward = start == self.buffer.at();
        let text = self.buffer.part(start, end);
        if !text.is_empty() {
            shell.interactive.editor.kills.keep(text, last == Last::Kill, forward);
            self.buffer.replace(start, end, b"");
        }
        self.last = Last::Kill;
    }

    /// The character before the cursor changes places with the one there, or at the end with the one before.
    fn transpose(&mut self) {
        let mut at = self.buffer.at();
        if at == self.buffer.len() {
            at = self.buffer.before(at);
        }
        let (before, after) = (self.buffer.before(at), self.buffer.after(at));
        if before < at {
            let mut text = self.buffer.part(at, after).to_vec();
            text.extend_from_slice(self.buffer.part(before, at));
            self.buffer.replace(before, after, &text);
        }
    }

    fn go_through_history(&mut self, shell: &Shell, back: bool) {
        let history = &shell.interactive.history;
        let number = if back { self.number.saturating_sub(1) } else { self.number + 1 };
        if number < history.first() || number > history.end() {
            return self.screen.bell();
        }
        if self.number == history.end() {
            self.typed = self.buffer.text().to_vec();
        }
        self.number = number;
        match history.get(number) {
            Some(command) => self.buffer.set(command),
            None => self.buffer.set(&{ core::mem::take(&mut self.typed) }),
        }
    }

    /// The last word of the command before; again, of the one before that.
    fn last_argument(&mut self, shell: &Shell, last: Last) {
        let history = &shell.interactive.history;
        let (number, length) = match last {
            Last::Argument(number, length) => (number, length),
            _ => (history.end(), 0),
        };
        let at = self.buffer.at();
        let Some(command) = history.get(number - 1) else { return self.screen.bell() };
        let word = completion::last_word(command);
        self.buffer.replace(at - length, at, word);
        self.last = Last::Argument(number - 1, word.len());
    }

    /// What comes up to the end of the paste is text.
    fn paste(&mut self, shell: &mut Shell) -> Result<(), Divert> {
        let mut text = Vec::new();
        while let Some(byte) = self.byte(shell)? {
            text.push(byte);
            if text.ends_with(PASTE_END) {
                text.truncate(text.len() - PASTE_END.len());
                break;
            }
        }
        // Commands are separated in it, but not at its end.
        self.buffer.insert(text.trim_ascii_end());
        Ok(())
    }

    /// Ctrl-C: a trap for SIGINT, and a new prompt.
    fn interrupt(&mut self, shell: &mut Shell) -> Result<Option<End>, Divert> {
        self.screen.notice.clear();
        self.screen.draw(self.buffer.text(), self.buffer.len());
        self.leave();
        self.buffer.take();
        sys::caught::mark(Signal::INT);
        if shell.traps.pending() {
            interactive::interrupt(shell)?;
        }
        sys::caught::take(Signal::INT);
        Ok(Some(End::Line))
    }

    /// Ctrl-X Ctrl-E.
    fn edit_elsewhere(&mut self, shell: &mut Shell) -> Result<Option<End>, Divert> {
        self.leave();
        let edited = interactive::edit_file(shell, None, self.buffer.text())?;
        let Some(text) = edited else {
            self.enter();
            return Ok(None);
        };
        nestling::eprint!(&text[..]);
        self.buffer.set(text.trim_ascii_end());
        Ok(Some(End::Line))
    }
}
