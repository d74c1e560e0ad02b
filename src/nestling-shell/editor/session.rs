//! The state of a line that is edited, from the first key to the last.

use alloc::vec::Vec;

use nestling::terminal::{self, Attributes, Mode as Term, Special, When};
use nestling::{BorrowedFd, SigSet, Signal, signals};

use super::buffer::{Buffer, Kills};
use super::host::Host;
use super::keys::Key;
use super::screen::Screen;
use super::{emacs, vi};

/// The byte that the key Ctrl-C sends.
pub(super) const CTRL_C: u8 = 0x03;

/// The reason why the reading of a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The line is complete.
    Line,
    /// Ctrl-D was typed on an empty line.
    Eof,
    /// The terminal was hung up, or the host does not wait longer.
    Gone,
}

/// The result of a key: the end of the line, or `None` to read the next key.
pub(super) type Act<H> = Result<Option<End>, <H as Host>::Divert>;

/// The editing mode, which decides what keys do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Emacs,
    Insert,
    /// Typed text replaces the text at the cursor.
    Replace,
    Command,
}

/// The kind of the previous key. The meaning of some keys depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
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
pub(super) struct Session<'a> {
    /// What is kept between lines.
    pub(super) kept: &'a mut Editor,
    pub(super) terminal: BorrowedFd<'a>,
    /// The terminal's attributes while a command is executed.
    pub(super) attributes: Attributes,
    pub(super) is_raw: bool,
    pub(super) buffer: Buffer,
    pub(super) screen: Screen,
    /// Bytes to be read before those of the terminal, in reverse order.
    pub(super) ahead: Vec<u8>,
    /// How many reads in a row returned nothing although the terminal was ready. This happens when the terminal is hung up.
    pub(super) ends: u32,
    /// Escape is a key of its own, unless other bytes follow immediately.
    pub(super) knows_escape: bool,
    /// A pattern of vi's search is being typed.
    pub(super) asks: bool,
    /// The cursor is below the line, in a text that is shown there.
    pub(super) is_below: bool,
    pub(super) mode: Mode,
    pub(super) last: Last,
    /// The number that was typed before a key.
    pub(super) count: Option<usize>,
    pub(super) mark: Option<usize>,
    /// The bytes of vi's current command, the number before it, and whether it changes the line.
    pub(super) log: Vec<u8>,
    pub(super) former_count: Option<usize>,
    pub(super) is_change: bool,
    /// The number of macros expanded since the last key.
    pub(super) macros: u32,
    pub(super) sought: vi::Sought,
    /// The number of the command that is shown.
    pub(super) number: usize,
    /// Edited lines that are not shown now: commands with changes, and the typed line. Each has its number in the history.
    pub(super) edited: Vec<(usize, Buffer)>,
    /// Set when a lone Escape has just ended vi's insert mode: the mode and the cursor before it.
    pub(super) escaped: Option<(Mode, usize)>,
}

/// A line editor: what it keeps from line to line, such as killed texts and the last search.
#[derive(Debug, Default)]
pub struct Editor {
    pub(super) kills: Kills,
    /// The number of the command with which the next line begins (C-o).
    pub(super) next: Option<usize>,
    /// The text that was searched for last, and whether the search went backward.
    pub(super) pattern: Vec<u8>,
    pub(super) is_back: bool,
    pub(super) change: Change,
}

/// vi's last command that changed a line.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) keys: Vec<u8>,
    pub(super) count: Option<usize>,
}

impl Editor {
    /// Makes an editor.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the user edit a line at the terminal, and puts it into `line`, with its newline. The [prompt](Screen::new) and the line
    /// are written to standard error. `attributes` are those of the terminal; it gets them back at the end, and while the host executes
    /// something. A key costs at most one write.
    ///
    /// # Errors
    /// What [`Host::cancel`] returns, if the user cancels the line; otherwise what the host's other functions return.
    pub fn read<H: Host>(
        &mut self,
        host: &mut H,
        terminal: BorrowedFd<'_>,
        mut attributes: Attributes,
        prompt: &[u8],
        line: &mut Vec<u8>,
    ) -> Result<End, H::Divert> {
        // A program has left the terminal in a mode in which no command can be typed.
        if !attributes.has(Term::ICANON) || !attributes.has(Term::OPOST) {
            attributes.make_sane();
        }
        let mut session = Session {
            terminal,
            attributes,
            is_raw: false,
            buffer: Buffer::new(host.utf8()),
            screen: Screen::new(prompt, host.utf8(), host.size()),
            ahead: Vec::new(),
            ends: 0,
            knows_escape: false,
            asks: false,
            is_below: false,
            mode: if host.is_vi() {
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
            number: host.history().end(),
            edited: Vec::new(),
            escaped: None,
            kept: self,
        };
        if let Some(next) = session.kept.next.take() {
            session.show(host, next);
        }
        session.enter(host);
        let answer = session.edit(host);
        session.leave(host);
        if matches!(answer, Ok(End::Line)) {
            *line = session.buffer.take();
            line.push(b'\n');
        }
        answer
    }
}

impl Session<'_> {
    pub(super) fn enter<H: Host>(&mut self, host: &mut H) {
        host.enter();
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
    pub(super) fn leave<H: Host>(&mut self, host: &mut H) {
        if !core::mem::take(&mut self.is_raw) {
            return;
        }
        self.screen.notice.clear();
        self.screen.draw(self.buffer.text(), self.buffer.len());
        self.screen.leave();
        self.restore(host);
    }

    /// Like [`leave`](Self::leave), but erases the line, so that the next output replaces it.
    pub(super) fn step_aside<H: Host>(&mut self, host: &mut H) {
        self.is_raw = false;
        self.screen.erase();
        self.screen.end();
        self.restore(host);
    }

    fn restore<H: Host>(&mut self, host: &mut H) {
        self.set_attributes(&{ self.attributes });
        host.leave();
    }

    fn set_attributes(&self, attributes: &Attributes) {
        // In the background, SIGTTOU would interrupt the call again and again.
        let _guard = signals::block(SigSet::EMPTY.with(Signal::TTOU));
        let _ = terminal::set_attributes(self.terminal, When::Now, attributes);
    }

    pub(super) fn is_vi(&self) -> bool {
        self.mode != Mode::Emacs
    }

    /// Draws the line.
    pub(super) fn show_line(&mut self) {
        if !self.is_below {
            self.screen.draw(self.buffer.text(), self.buffer.at());
        }
        self.screen.flush();
    }

    fn edit<H: Host>(&mut self, host: &mut H) -> Result<End, H::Divert> {
        while let Some(key) = self.key(host)? {
            if let Some(end) = self.act(host, key)? {
                return Ok(end);
            }
            if core::mem::take(&mut self.buffer.refused) {
                self.screen.bell();
            }
        }
        Ok(End::Gone)
    }

    pub(super) fn act<H: Host>(&mut self, host: &mut H, key: Key) -> Act<H> {
        match self.mode {
            Mode::Emacs => emacs::act(self, host, key),
            Mode::Insert | Mode::Replace => vi::insert(self, host, key),
            Mode::Command => vi::command(self, host, key),
        }
    }
}
