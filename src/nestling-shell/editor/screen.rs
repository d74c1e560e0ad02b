//! The line on the screen. Only the characters that changed are drawn, in one write.
//!
//! When text is inserted or deleted, terminal commands move the text after it. So a key in a long line costs a few bytes for each
//! visible row, and a key at the end of the line costs one byte. A line with more rows than the screen is scrolled.

use alloc::vec::Vec;
use core::ops::Range;

use nestling::io;
use nestling::text::{Sink, Text};

use super::width::width;
use crate::characters;

/// The greatest number of characters by which the rest of a row may have moved. Larger moves are drawn again.
const MOVES: usize = 8;

/// A character with its combining characters, as it is shown.
#[derive(Debug, Clone, Copy)]
struct Glyph {
    start: usize,
    end: usize,
    width: usize,
}

/// The prompt and the line in the form in which they are shown.
#[derive(Debug, Default)]
struct Image {
    text: Vec<u8>,
    glyphs: Vec<Glyph>,
    /// The index of each row's first glyph.
    rows: Vec<usize>,
    column: usize,
    cursor: (usize, usize),
}

impl Image {
    fn row(&self, row: usize) -> &[Glyph] {
        let Some(&start) = self.rows.get(row) else {
            return &[];
        };
        let end = self.rows.get(row + 1).copied().unwrap_or(self.glyphs.len());
        self.glyphs.get(start..end).unwrap_or_default()
    }

    /// Whether the row is full, so that the next row is its continuation.
    fn is_full(&self, row: usize, columns: usize) -> bool {
        let widths = self.row(row).iter().map(|glyph| glyph.width);
        widths.sum::<usize>() >= columns
    }

    fn bytes(&self, glyph: Glyph) -> &[u8] {
        self.text.get(glyph.start..glyph.end).unwrap_or_default()
    }

    fn new_row(&mut self) {
        self.rows.push(self.glyphs.len());
        self.column = 0;
    }

    fn add(&mut self, text: &[u8], width: usize, columns: usize) {
        let start = match self.glyphs.last_mut() {
            // A combining character belongs to the previous glyph, if any.
            Some(last) if width == 0 => {
                self.text.extend_from_slice(text);
                last.end = self.text.len();
                return;
            }
            Some(last) => last.end,
            None => 0,
        };
        self.text.extend_from_slice(text);
        if width == 0 {
            return;
        }
        if self.column + width > columns {
            self.new_row();
        }
        let end = self.text.len();
        self.glyphs.push(Glyph { start, end, width });
        self.column += width;
        if self.column >= columns {
            self.new_row();
        }
    }

    /// Adds the first character of the text. Returns its length in bytes.
    fn add_character(&mut self, text: &[u8], utf8: bool, columns: usize) -> usize {
        let Some((code, length)) = characters::decode(text, utf8) else {
            return 0;
        };
        match code {
            0x0a => self.new_row(),
            // A tab extends to the next tab stop, or to the end of the row.
            0x09 => {
                let to_stop = 8 - self.column % 8;
                for _ in 0..to_stop.min(columns - self.column) {
                    self.add(b" ", 1, columns);
                }
            }
            ..0x20 | 0x7f => {
                self.add(b"^", 1, columns);
                self.add(&[code as u8 ^ 0x40], 1, columns);
            }
            characters::INVALID.. | 0x80..0xa0 => self.add(b"?", 1, columns),
            _ => self.add(text.get(..length).unwrap_or_default(), width(code), columns),
        }
        length
    }

    /// Adds a prompt. Its escape sequences, and the text between `\[` and `\]`, take no columns.
    fn add_prompt(&mut self, mut prompt: &[u8], utf8: bool, columns: usize) {
        let mut hidden = false;
        while let [first, rest @ ..] = prompt {
            let length = match first {
                1 | 2 => {
                    hidden = *first == 1;
                    prompt = rest;
                    continue;
                }
                0x1b => escape_length(prompt),
                _ if hidden => 1,
                0x20.. => self.add_character(prompt, utf8, columns),
                _ => 1,
            };
            let (now, later) = prompt.split_at_checked(length).unwrap_or((prompt, &[]));
            if hidden || *first < 0x20 {
                self.add(now, 0, columns);
            }
            prompt = later;
        }
    }
}

/// Returns the length of the escape sequence at the beginning of the text (ECMA-48).
fn escape_length(text: &[u8]) -> usize {
    let rest = text.get(2..).unwrap_or_default();
    let find = |is: fn(&u8) -> bool| rest.iter().position(is).map(|end| end + 3);
    let end = match text.get(1) {
        Some(b'[') => find(|byte| (0x40..0x7f).contains(byte)),
        // OSC, DCS, SOS, PM and APC end with BEL or ST.
        Some(b']' | b'P' | b'X' | b'^' | b'_') => {
            let end = find(|byte| matches!(byte, 7 | 0x1b));
            let is_st = |&end: &usize| text.get(end - 1..=end) == Some(b"\x1b\\");
            end.map(|end| end + usize::from(is_st(&end)))
        }
        // Sequences such as `ESC ( B`.
        Some(0x20..0x30) => find(|byte| byte >= &0x30),
        _ => Some(2),
    };
    end.unwrap_or(text.len()).min(text.len())
}

/// Draws a prompt and a line on the terminal at standard error. Output is collected, and written by [`flush`](Self::flush).
#[derive(Debug)]
pub struct Screen {
    columns: usize,
    height: usize,
    /// Whether the number of columns is known from the terminal or from the variable COLUMNS.
    knows_columns: bool,
    /// The whole prompt. Only its last line is part of the image.
    prompt: Vec<u8>,
    /// A text that replaces the prompt's last line, unless it is empty.
    pub notice: Vec<u8>,
    /// Whether the terminal uses UTF-8.
    pub utf8: bool,
    image: Image,
    /// The rows of the image that are drawn on the screen, and the first row that is visible.
    drawn: Range<usize>,
    top: usize,
    /// The cursor's position relative to the first visible row, and the lowest row used so far.
    row: usize,
    column: usize,
    lowest: usize,
    /// The bytes that are not written yet.
    out: Vec<u8>,
}

impl Sink for Screen {
    fn put(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
    }
}

impl Screen {
    /// Makes a screen for a prompt, whose bytes 1 and 2 enclose text that takes no columns. `size` is the numbers of columns and rows;
    /// 0 is unknown.
    pub fn new(prompt: &[u8], utf8: bool, size: [usize; 2]) -> Self {
        let mut screen = Self {
            columns: 80,
            height: 24,
            knows_columns: false,
            prompt: prompt.to_vec(),
            notice: Vec::new(),
            utf8,
            image: Image::default(),
            drawn: 0..0,
            top: 0,
            row: 0,
            column: 0,
            lowest: 0,
            out: Vec::new(),
        };
        screen.measure(size);
        screen
    }

    /// Sets the size of the screen. The number 0 means "unknown" and changes nothing.
    fn measure(&mut self, [columns, rows]: [usize; 2]) {
        self.knows_columns = columns > 2;
        if self.knows_columns {
            self.columns = columns;
        }
        if rows > 0 {
            self.height = rows.max(2);
        }
    }

    /// Returns the number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Returns the number of rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Starts on a new line: if the last output did not end with a newline, the cursor moves to the next line. If the width is not
    /// known, the prompt follows that output, because the screen may be wider than 80 columns, and the output would be erased.
    pub fn begin(&mut self) {
        self.put(b"\x1b[?2004h");
        if self.knows_columns {
            // From the first column, the two spaces exactly fill the line. From another column, they continue on the next line.
            self.put(b" \x08");
            self.command(self.columns - 2, b'C');
            self.put(b"  \r\x1b[K");
        }
        self.start();
    }

    fn start(&mut self) {
        let head = self.prompt.len() - last_line(&self.prompt).len();
        for &byte in self.prompt.get(..head).unwrap_or_default() {
            match byte {
                1 | 2 => {}
                b'\n' => self.out.extend_from_slice(b"\r\n"),
                byte => self.out.push(byte),
            }
        }
        self.drawn = 0..0;
        (self.top, self.row, self.column, self.lowest) = (0, 0, 0, 0);
    }

    /// Moves the cursor below the line, where other programs can write.
    pub fn leave(&mut self) {
        self.go_below();
        self.end();
        self.drawn = 0..0;
    }

    /// Turns off the terminal's marking of pastes, and writes all output.
    pub fn end(&mut self) {
        self.put(b"\x1b[?2004l");
        self.flush();
    }

    /// Moves the cursor to the row below the line. If the line's last row is empty because the row before it is full, moves it to
    /// that empty row.
    fn go_below(&mut self) {
        let last = self.drawn.end.saturating_sub(self.top + 1);
        self.go(last, 0);
        let rows = self.image.rows.len();
        let is_spare = rows == self.drawn.end
            && rows > 1
            && self.image.row(rows - 1).is_empty()
            && self.image.is_full(rows - 2, self.columns);
        if !is_spare {
            self.put(b"\r\n");
        }
    }

    /// Moves the cursor below the line, where a text will be written.
    pub fn begin_below(&mut self, line: &[u8]) {
        self.draw(line, line.len());
        self.go_below();
    }

    /// Draws the line again below such a text.
    pub fn end_below(&mut self, size: [usize; 2]) {
        self.measure(size);
        self.start();
    }

    /// Erases the line immediately, so that a text can be written in its place.
    pub fn erase(&mut self) {
        self.go(0, 0);
        self.put(b"\r\x1b[J");
        self.flush();
        self.drawn = 0..0;
        (self.top, self.row, self.column, self.lowest) = (0, 0, 0, 0);
    }

    /// Clears the screen.
    pub fn clear(&mut self) {
        self.put(b"\x1b[H\x1b[2J");
        self.start();
    }

    /// The terminal's size may have changed, so everything is drawn again.
    pub fn resize(&mut self, size: [usize; 2]) {
        // After a change of size, some terminals wrap the line again and others do not. The cursor is assumed to stay in its row,
        // or in the last row if the screen has become shorter.
        let row = self.row;
        self.measure(size);
        self.row = row.min(self.height - 1);
        self.column = self.columns;
        self.go(0, 0);
        self.put(b"\r\x1b[J");
        self.drawn = 0..0;
        (self.top, self.lowest) = (0, 0);
    }

    /// Rings the bell.
    pub fn bell(&mut self) {
        self.put(b"\x07");
    }

    /// Writes all output to the terminal.
    pub fn flush(&mut self) {
        if !self.out.is_empty() {
            // If standard error fails, an error cannot be reported.
            let _ = io::write_all(io::stderr(), &self.out);
            self.out.clear();
        }
    }

    fn command(&mut self, count: usize, last: u8) {
        self.put(b"\x1b[");
        if count != 1 {
            count.write(self);
        }
        self.out.push(last);
    }

    /// Moves the cursor.
    fn go(&mut self, row: usize, column: usize) {
        if self.column >= self.columns {
            // The cursor is after the last column. Terminals differ in whether this position is in the row or in the next one.
            if row == self.row + 1 && row > self.lowest {
                self.put(b" \r");
                self.row = row;
                self.lowest = row;
            } else {
                self.put(b"\r");
            }
            self.column = 0;
        }
        if row < self.row {
            self.command(self.row - row, b'A');
        } else if row > self.row {
            let inside = row.min(self.lowest).saturating_sub(self.row);
            if inside > 2 {
                self.command(inside, b'B');
                self.row += inside;
            }
            while self.row < row {
                self.put(b"\r\n");
                self.column = 0;
                self.row += 1;
            }
            self.lowest = self.lowest.max(row);
        }
        self.row = row;
        if column == 0 && self.column != 0 {
            self.put(b"\r");
        } else if column > self.column {
            self.command(column - self.column, b'C');
        } else if self.column - column > 3 {
            self.command(self.column - column, b'D');
        } else {
            (column..self.column).for_each(|_| self.out.push(8));
        }
        self.column = column;
    }

    /// Draws the line. The output is kept until [`flush`](Self::flush).
    pub fn draw(&mut self, line: &[u8], at: usize) {
        let image = self.lay_out(line, at);
        let total = image.rows.len();
        let cursor = image.cursor.0;
        let mut top = self.top.min(total.saturating_sub(self.height)).min(cursor);
        if cursor >= top + self.height {
            top = cursor + 1 - self.height;
        }
        self.scroll(top);
        for row in top..total.min(top + self.height) {
            self.draw_row(&image, row);
        }
        let end = total.min(top + self.height);
        if self.drawn.end > end {
            self.go(end - top, 0);
            self.put(b"\x1b[J");
        }
        self.drawn = top..end;
        self.go(cursor - top, image.cursor.1);
        self.image = image;
    }

    fn lay_out(&self, line: &[u8], at: usize) -> Image {
        let mut image = Image::default();
        image.new_row();
        let prompt = if self.notice.is_empty() {
            last_line(&self.prompt)
        } else {
            &self.notice
        };
        image.add_prompt(prompt, self.utf8, self.columns);
        let mut place = 0;
        let mut cursor = None;
        while place < line.len() {
            if place >= at {
                cursor = cursor.or(Some((image.rows.len() - 1, image.column)));
            }
            let rest = line.get(place..).unwrap_or_default();
            place += image.add_character(rest, self.utf8, self.columns).max(1);
        }
        image.cursor = cursor.unwrap_or((image.rows.len() - 1, image.column));
        image
    }

    /// Scrolls so that `top` is the first visible row.
    fn scroll(&mut self, top: usize) {
        let distance = top.abs_diff(self.top);
        if distance == 0 {
            return;
        }
        if distance >= self.height {
            self.go(0, 0);
            self.put(b"\x1b[J");
            self.drawn = top..top;
        } else if top > self.top {
            self.go(self.height - 1, 0);
            (0..distance).for_each(|_| self.put(b"\r\n"));
            self.drawn.start = self.drawn.start.max(top);
            self.drawn.end = self.drawn.end.max(top);
        } else {
            self.go(0, 0);
            self.command(distance, b'L');
            self.drawn.end = self.drawn.end.min(top + self.height);
        }
        self.top = top;
    }

    /// Draws a row: only the part that differs from what the screen shows. It is long because its steps share what they compare: both
    /// rows, and where they begin and cease to differ.
    fn draw_row(&mut self, image: &Image, row: usize) {
        let screen_row = row - self.top;
        let former = core::mem::take(&mut self.image);
        let old = if self.drawn.contains(&row) {
            former.row(row)
        } else {
            &[]
        };
        let new = image.row(row);
        let same = |old: &[Glyph], new: &[Glyph]| {
            old.len() == new.len()
                && old
                    .iter()
                    .zip(new)
                    .all(|(&old, &new)| former.bytes(old) == image.bytes(new))
        };
        let columns = |glyphs: &[Glyph]| glyphs.iter().map(|glyph| glyph.width).sum::<usize>();
        let equal = old
            .iter()
            .zip(new)
            .take_while(|&(&old, &new)| former.bytes(old) == image.bytes(new))
            .count();
        let (before, mut new_rest) = new.split_at_checked(equal).unwrap_or_default();
        let (_, old_rest) = old.split_at_checked(equal).unwrap_or_default();
        let mut at = columns(before);
        let mut erased = columns(old) > columns(new);
        if (1..=new_rest.len().min(MOVES)).any(|count| {
            let Some((inserted, moved)) = new_rest.split_at_checked(count) else {
                return false;
            };
            let (kept, lost) = old_rest
                .split_at_checked(moved.len())
                .unwrap_or((&[], old_rest));
            let fits = lost.is_empty() || columns(new) == self.columns;
            if moved.len() < 3 || !fits || !same(kept, moved) {
                return false;
            }
            self.go(screen_row, at);
            self.command(columns(inserted), b'@');
            self.print(image, inserted);
            new_rest = &[];
            erased = false;
            true
        }) {
        } else if old_rest.len() > 3
            && let Some(count) = (1..=old_rest.len().min(MOVES)).find(|&count| {
                let kept = old_rest.get(count..).unwrap_or_default();
                kept.len() >= 3 && same(kept, new_rest.get(..kept.len()).unwrap_or_default())
            })
        {
            let (deleted, kept) = old_rest.split_at_checked(count).unwrap_or_default();
            self.go(screen_row, at);
            self.command(columns(deleted), b'P');
            let (kept, more) = new_rest.split_at_checked(kept.len()).unwrap_or_default();
            at += columns(kept);
            new_rest = more;
            erased = false;
        } else if old_rest.len() == new_rest.len() && columns(old_rest) == columns(new_rest) {
            // Equal glyphs at the end of the row are not drawn again.
            while let ([more_new @ .., new], [.., old]) =
                (new_rest, old_rest.get(..new_rest.len()).unwrap_or_default())
                && former.bytes(*old) == image.bytes(*new)
                && old.width == new.width
            {
                new_rest = more_new;
            }
        }
        if !new_rest.is_empty() || erased {
            // If the previous row has just been filled, the terminal itself continues in this row.
            let wraps = at == 0
                && old.is_empty()
                && !new_rest.is_empty()
                && self.column == self.columns
                && screen_row == self.row + 1
                && screen_row > self.lowest;
            if wraps {
                self.row = screen_row;
                self.lowest = screen_row;
                self.column = 0;
            } else {
                self.go(screen_row, at);
            }
            self.print(image, new_rest);
            if erased {
                self.put(b"\x1b[K");
            }
        } else if screen_row > self.lowest {
            self.go(screen_row, 0);
        }
        self.image = former;
    }

    fn print(&mut self, image: &Image, glyphs: &[Glyph]) {
        for &glyph in glyphs {
            self.out.extend_from_slice(image.bytes(glyph));
            self.column += glyph.width;
        }
    }
}

fn last_line(prompt: &[u8]) -> &[u8] {
    prompt
        .rsplit(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default()
}
