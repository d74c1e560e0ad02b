//! The interface that the line editor needs from the program that uses it.

use alloc::vec::Vec;
use core::time::Duration;

use nestling::poll::{self, Events, PollFd};
use nestling::{BorrowedFd, Errno, io, terminal};

use super::completion::Candidates;
use super::history::History;

/// What the line editor needs from the program that uses it. Only the history and [`cancel`](Self::cancel) have no default.
pub trait Host {
    /// The reason why the user's line is given up. [`Editor::read`](super::Editor::read) returns it.
    type Divert;

    /// Returns the commands that can be recalled.
    fn history(&self) -> &History;

    /// Called after the user has canceled the line with Ctrl-G or Ctrl-C. Returns what the editor returns then.
    fn cancel(&mut self) -> Self::Divert;

    /// Called instead of [`cancel`](Self::cancel) after Ctrl-C, and after [`Event::Interrupt`].
    fn interrupt(&mut self) -> Self::Divert {
        self.cancel()
    }

    /// Returns the candidates for the word at the end of this text, which is the line up to the cursor. `None` means that nothing
    /// can be completed here.
    fn complete(&mut self, line: &[u8]) -> Option<Candidates> {
        let _ = line;
        None
    }

    /// Whether the keys are those of vi. If not, they are those of emacs.
    fn is_vi(&self) -> bool {
        false
    }

    /// Whether characters are encoded in UTF-8. If not, each byte is a character.
    fn utf8(&self) -> bool {
        true
    }

    /// Returns the time in which the next byte must follow an Escape to belong to the same key.
    fn key_timeout(&self) -> Duration {
        Duration::from_millis(50)
    }

    /// Whether Up and Down, after a text, show only commands that begin with that text.
    fn searches_beginning(&self) -> bool {
        false
    }

    /// Returns the keys that vi's command `@` and this letter stand for.
    fn keys_of_macro(&self, letter: &[u8]) -> Option<&[u8]> {
        let _ = letter;
        None
    }

    /// Executes the marked text (the key `M-C-e`). Returns the output, which replaces it, or `None` after a failure.
    fn evaluate(&mut self, text: &[u8]) -> Option<Vec<u8>> {
        let _ = text;
        None
    }

    /// Lets the user edit the text with another editor (vi's command `v`, emacs' `C-x C-e`). Returns the edited text, which ends the
    /// line, or `None` to continue with the unchanged line.
    ///
    /// # Errors
    /// The reason why the line is given up.
    fn edit(&mut self, text: &[u8]) -> Result<Option<Vec<u8>>, Self::Divert> {
        let _ = text;
        Ok(None)
    }

    /// Writes the program's version to the terminal (the key `M-C-v`).
    fn show_version(&mut self) {}

    // ---- The terminal and signals ----

    /// Returns the numbers of the terminal's columns and rows, 0 for one that is not known.
    fn size(&mut self) -> [usize; 2] {
        let size = terminal::size(io::stderr()).unwrap_or_default();
        [size.columns.into(), size.rows.into()]
    }

    /// Called before the terminal gets the mode in which a line is edited. The host may begin to catch signals here.
    fn enter(&mut self) {}

    /// Called after the terminal got back the mode that it had before [`enter`](Self::enter). This happens at the end of a line, and
    /// before the host executes something.
    fn leave(&mut self) {}

    /// Waits until the terminal has input, or something else happens. By default, only a signal handler ends the wait for input
    /// early: it may have been one for `SIGWINCH`.
    fn wait(&mut self, terminal: BorrowedFd<'_>) -> Event {
        match poll::poll(&mut [PollFd::new(terminal, Events::IN)], None) {
            Err(Errno::EINTR) => Event::Resized { pending: false },
            _ => Event::Input,
        }
    }

    /// Makes the process group of this process the one in the foreground, after another one has kept the terminal. Returns false if
    /// that is not possible.
    fn take_terminal(&mut self) -> bool {
        false
    }

    /// Called after [`wait`](Self::wait) has returned [`Event::Pending`], with the terminal in its usual mode. A shell executes the
    /// traps of signals here.
    ///
    /// # Errors
    /// The reason why the line is given up.
    fn run_pending(&mut self) -> Result<(), Self::Divert> {
        Ok(())
    }

    /// Called after [`wait`](Self::wait) has returned [`Event::Notice`]. Writes lines to the terminal. They replace the edited line on
    /// the screen, which is drawn again after them.
    fn notify(&mut self) {}
}

/// What has ended a [`wait`](Host::wait).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The terminal has input.
    Input,
    /// No input will come.
    End,
    /// The terminal may have another [size](Host::size).
    Resized {
        /// Whether [`Host::run_pending`] is called, too.
        pending: bool,
    },
    /// The line is to be canceled, as by Ctrl-C: `SIGINT` has arrived.
    Interrupt,
    /// [`Host::run_pending`] is to be called.
    Pending,
    /// [`Host::notify`] is to be called.
    Notice,
}
