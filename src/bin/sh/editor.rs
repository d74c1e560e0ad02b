//! Gives the [line editor](nestling_shell::editor) what it needs from the shell.

mod candidates;

use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use nestling::rt::descriptors;
use nestling::terminal::{self, Attributes};
use nestling::{BorrowedFd, SigSet, Signal, io, sys};

use crate::builtins::fc;
use crate::expansion;
use crate::history;
use crate::interactive::waiting::{Awaited, size, wait_for_input};
use crate::jobs;
use crate::options::Opt;
use crate::reader;
use crate::shell::{Divert, Shell};
use crate::traps;
pub use nestling_shell::editor::End;
use nestling_shell::editor::completion::Candidates;
use nestling_shell::editor::history::History;
use nestling_shell::editor::{Event, Host};
use nestling_shell::symbols::Symbol;

/// How long a byte may follow an Escape and still belong to the same key, in hundredths of a second. KEYTIMEOUT overrides it.
const KEY_TIMEOUT: u64 = 5;

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
    (terminal, attributes): (BorrowedFd<'static>, Attributes),
    prompt: &[u8],
    line: &mut Vec<u8>,
) -> Result<End, Divert> {
    history::load(shell);
    let mut editor = mem::take(&mut shell.interactive.editor);
    let answer = editor.read(shell, terminal, attributes, prompt, line);
    shell.interactive.editor = editor;
    answer
}

impl Host for Shell {
    type Divert = Divert;

    #[inline]
    fn history(&self) -> &History {
        &self.interactive.history.commands
    }

    fn cancel(&mut self) -> Divert {
        self.status = 128 + Signal::INT.as_raw();
        Divert::Interrupt
    }

    /// Executes the trap for SIGINT.
    fn interrupt(&mut self) -> Divert {
        if !traps::forget_interrupt(self) {
            sys::caught::mark(Signal::INT);
            if self.traps.pending()
                && let Err(divert) = traps::run_pending(self)
            {
                return divert;
            }
            sys::caught::take(Signal::INT);
        }
        self.cancel()
    }

    fn complete(&mut self, line: &[u8]) -> Option<Candidates> {
        candidates::of(self, line)
    }

    #[inline]
    fn is_vi(&self) -> bool {
        self.options.has(Opt::Vi)
    }

    #[inline]
    fn utf8(&self) -> bool {
        self.utf8
    }

    fn key_timeout(&self) -> Duration {
        let timeout = self.symbols.find(b"KEYTIMEOUT");
        let timeout = timeout.and_then(|name| self.variables.get(name));
        let timeout = timeout.and_then(|hundredths| nestling::text::number(hundredths, 10));
        let timeout = timeout.unwrap_or(KEY_TIMEOUT).min(60 * 100);
        Duration::from_millis(10 * timeout)
    }

    #[inline]
    fn searches_beginning(&self) -> bool {
        self.options.has(Opt::PrefixSearch)
    }

    /// The alias whose name is `_` and the letter.
    fn keys_of_macro(&self, letter: &[u8]) -> Option<&[u8]> {
        let name = self.symbols.find(&[b"_", letter].concat())?;
        self.aliases.get(name).map(|text| &**text)
    }

    fn evaluate(&mut self, text: &[u8]) -> Option<Vec<u8>> {
        let text = [b"$(", text, b")"].concat();
        let word = reader::document(self, &text)?;
        expansion::document(self, &word).ok()
    }

    /// Starts the editor in VISUAL or EDITOR, or vi.
    fn edit(&mut self, text: &[u8]) -> Result<Option<Vec<u8>>, Divert> {
        let editor = [Symbol::VISUAL, Symbol::EDITOR]
            .into_iter()
            .find_map(|name| {
                let value = self.variables.get(name);
                value.filter(|editor| !editor.is_empty())
            });
        let editor = editor.unwrap_or(b"vi").to_vec();
        fc::edited(self, &editor, &[text, b"\n"].concat())
    }

    fn show_version(&mut self) {
        nestling::println!("sh (nestling) ", env!("CARGO_PKG_VERSION"));
    }

    #[inline]
    fn size(&mut self) -> [usize; 2] {
        size(self)
    }

    fn enter(&mut self) {
        for signal in noted(self).iter() {
            let _ = sys::caught::catch(signal);
        }
    }

    fn leave(&mut self) {
        for signal in noted(self).iter() {
            let _ = sys::signal::reset(signal);
            // The signal would have ended the shell, but the terminal had to be restored first.
            if sys::caught::take(signal) && signal == Signal::HUP {
                let _ = sys::process::kill(self.own_pid().as_raw(), Some(signal));
            }
        }
    }

    fn wait(&mut self, _terminal: BorrowedFd<'_>) -> Event {
        let noted = noted(self);
        let awaited = wait_for_input(self, noted);
        let caught = sys::caught::caught();
        match awaited {
            Awaited::Input => Event::Input,
            Awaited::Late | Awaited::Gone => Event::End,
            Awaited::Signal if caught.contains(Signal::WINCH) => {
                // If a trap is set for SIGWINCH, the signal stays pending and the trap handles it.
                let pending = !noted.contains(Signal::WINCH);
                if !pending {
                    sys::caught::take(Signal::WINCH);
                }
                Event::Resized { pending }
            }
            Awaited::Signal if caught.contains(Signal::INT) => Event::Interrupt,
            Awaited::Signal if self.traps.pending() || caught.bits() & noted.bits() != 0 => {
                Event::Pending
            }
            // A job has changed its state, and `set -b` reports it immediately.
            Awaited::Signal => Event::Notice,
        }
    }

    fn take_terminal(&mut self) -> bool {
        jobs::take_terminal(self)
    }

    fn run_pending(&mut self) -> Result<(), Divert> {
        traps::run_pending(self)
    }

    fn notify(&mut self) {
        jobs::notify(self);
    }
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
