//! Reads the keys.

use alloc::vec::Vec;
use core::time::Duration;

use nestling::poll::{self, Events, PollFd};
use nestling::terminal::Special;
use nestling::{Errno, Signal, sys};

use super::host::{Event, Host};
use super::keys::{self, Key, PASTE_END};
use super::session::{CTRL_C, Mode, Session};

impl Session<'_> {
    /// Returns the next byte, or `None` if no more bytes will come.
    pub(super) fn byte<H: Host>(&mut self, host: &mut H) -> Result<Option<u8>, H::Divert> {
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
                // This process is in the background, because a job has kept the terminal.
                Err(Errno::EINTR) if !sys::caught::take(Signal::TTIN) => {}
                Err(Errno::EINTR | Errno::EIO) if self.ends < 3 && host.take_terminal() => {}
                _ => return Ok(None),
            }
            // No more input is waiting, so the line is drawn now.
            self.show_line();
            match host.wait(self.terminal) {
                Event::Input => self.ends += 1,
                Event::End => return Ok(None),
                Event::Resized { pending } => {
                    let size = host.size();
                    if !self.is_below {
                        self.screen.resize(size);
                    }
                    if pending {
                        self.step_aside(host);
                        host.run_pending()?;
                        self.enter(host);
                    }
                }
                Event::Interrupt => return Err(self.interrupt(host)),
                Event::Pending => {
                    self.leave(host);
                    host.run_pending()?;
                    self.enter(host);
                }
                Event::Notice => {
                    self.screen.erase();
                    host.notify();
                }
            }
        }
    }

    /// Returns the next key. Skips reports of the terminal, and keys without an effect.
    pub(super) fn key<H: Host>(&mut self, host: &mut H) -> Result<Option<Key>, H::Divert> {
        let mut bytes = Vec::new();
        while let Some(byte) = self.byte(host)? {
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
                [0x1b] if self.is_lone_escape(host) => {
                    if matches!(self.mode, Mode::Insert | Mode::Replace) {
                        self.escaped = Some((self.mode, self.buffer.at()));
                    }
                    Some(Key::C(b'['))
                }
                [0x1b, byte] if self.begins_report(host, byte) => {
                    self.pass_over_report(host)?;
                    Some(Key::Other)
                }
                [0x1b, byte] if self.is_vi() && !matches!(byte, b'[' | b'O') => {
                    self.log.pop();
                    self.ahead.push(byte);
                    Some(Key::C(b'['))
                }
                [0x1b, 0x1b] if !self.has_more(host) => Some(Key::MC(b'[')),
                _ => keys::decode(&bytes, host.utf8()),
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
    fn is_lone_escape<H: Host>(&mut self, host: &H) -> bool {
        let waits = self.is_vi() && (self.mode != Mode::Command || self.asks);
        (waits || self.knows_escape) && !self.has_more(host)
    }

    /// Whether Escape and this byte begin a report of the terminal (OSC, DCS, SOS, PM, APC), not a key.
    fn begins_report<H: Host>(&mut self, host: &H, byte: u8) -> bool {
        match byte {
            b']' => true,
            // Without vi's keys, Escape with one of these letters is not a key.
            b'P' | b'X' | b'^' if !self.is_vi() => true,
            // The next byte came immediately and is typical for a report. A user hardly types it here.
            b'P' | b'_' if self.has_more(host) => {
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
    fn pass_over_report<H: Host>(&mut self, host: &mut H) -> Result<(), H::Divert> {
        while let Some(byte) = self.byte(host)? {
            match byte {
                0x07 => break,
                0x1b => {
                    if let Some(byte) = self.byte(host)?
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

    /// Whether more bytes of the same key follow, within the [time](Host::key_timeout) for that.
    pub(super) fn has_more<H: Host>(&mut self, host: &H) -> bool {
        let mut polled = [PollFd::new(self.terminal, Events::IN)];
        if !self.ahead.is_empty() || poll::poll(&mut polled, Some(Duration::ZERO)) == Ok(1) {
            return true;
        }
        self.show_line();
        poll::poll(&mut polled, Some(host.key_timeout())) == Ok(1)
    }

    /// Inserts the next byte `count` times, without its special meaning.
    pub(super) fn insert_next<H: Host>(
        &mut self,
        host: &mut H,
        count: usize,
    ) -> Result<(), H::Divert> {
        if let Some(byte) = self.byte(host)?
            && byte != 0
        {
            self.buffer.insert(&alloc::vec![byte; count]);
        }
        Ok(())
    }

    /// Reads a paste and inserts it.
    pub(super) fn paste<H: Host>(&mut self, host: &mut H) -> Result<(), H::Divert> {
        let text = self.pasted(host)?;
        self.buffer.struck();
        self.buffer.insert(&text);
        Ok(())
    }

    /// Reads the text of a paste up to its end.
    pub(super) fn pasted<H: Host>(&mut self, host: &mut H) -> Result<Vec<u8>, H::Divert> {
        let mut text = Vec::new();
        while let Some(byte) = self.byte(host)? {
            // A Ctrl-C that nothing follows is no part of the paste. It cancels a paste whose end the line has lost.
            if byte == CTRL_C && !self.has_more(host) {
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
}
