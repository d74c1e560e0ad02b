//! The line on the screen: rows of characters, of which only those are drawn that have changed, in one write.
//!
//! What is inserted or deleted moves what is behind it by the terminal's own means, so that a long line costs a few bytes for each row
//! that is seen, and a key at its end one byte. A line with more rows than the screen scrolls in it.

use alloc::vec::Vec;
use core::ops::Range;

use nestling::text::{Sink, Text};
use nestling::{io, terminal};

use super::width::width;
use crate::expansion::characters;

/// What moves in a row is looked for up to so many characters.
const MOVES: usize = 8;

/// A character with what combines with it, as it is shown.
#[derive(Debug, Clone, Copy)]
struct Glyph {
    start: usize,
    end: usize,
    width: usize,
}

/// Prompt and line as they are to be shown.
#[derive(Debug, Default)]
struct Image {
    text: Vec<u8>,
    glyphs: Vec<Glyph>,
    /// Each row's first glyph.
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

    /// Whether the next row begins because this one has no room.
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
            // It belongs to the one before, if there is one.
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

    /// The text from its first character on, one character: how many bytes of it there are.
    fn add_character(&mut self, text: &[u8], utf8: bool, columns: usize) -> usize {
        let Some((code, length)) = characters::decode(text, utf8) else {
            return 0;
        };
        match code {
            0x0a => self.new_row(),
            // To the next stop, or the row's end.
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

    /// A prompt: escape sequences in it, and what stands between `\[` and `\]`, take no columns.
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

/// How long the escape sequence is that the text begins with (ECMA-48).
fn escape_length(text: &[u8]) -> usize {
    let rest = text.get(2..).unwrap_or_default();
    let find = |is: fn(&u8) -> bool| rest.iter().position(is).map(|end| end + 3);
    let end = match text.get(1) {
        Some(b'[') => find(|byte| (0x40..0x7f).contains(byte)),
        // OSC, DCS, SOS, PM, APC: up to BEL or ST.
        Some(b']' | b'P' | b'X' | b'^' | b'_') => {
            let end = find(|byte| matches!(byte, 7 | 0x1b));
            let is_st = |&end: &usize| text.get(end - 1..=end) == Some(b"\x1b\\");
            end.map(|end| end + usize::from(is_st(&end)))
        }
        // `ESC ( B` and the like.
        Some(0x20..0x30) => find(|byte| byte >= &0x30),
        _ => Some(2),
    };
    end.unwrap_or(text.len()).min(text.len())
}

#[derive(Debug)]
pub struct Screen {
    columns: usize,
    height: usize,
    /// The prompt, of which the last line is part of the image.
    prompt: Vec<u8>,
    /// Shown instead of the prompt's last line, if it is not empty.
    pub notice: Vec<u8>,
    pub utf8: bool,
    image: Image,
    /// Which of its rows are on the screen, as they are there, and which is the first that can be seen.
    drawn: Range<usize>,
    top: usize,
    /// Where the cursor is, from where the image begins on the screen, and the lowest row there ever was.
    row: usize,
    column: usize,
    lowest: usize,
    /// What is to be written.
    out: Vec<u8>,
}

impl Sink for Screen {
    fn put(&mut self, text: &[u8]) {
        self.out.extend_from_slice(text);
    }
}

impl Screen {
    pub fn new(prompt: &[u8], utf8: bool) -> Self {
        let mut screen = Self {
            columns: 80,
            height: 24,
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
        screen.measure();
        screen
    }

    /// One system call.
    fn measure(&mut self) {
        if let Ok(size) = terminal::size(io::stderr())
            && size.columns > 2
        {
            self.columns = size.columns.into();
            self.height = usize::from(size.rows).max(2);
        }
    }

    pub fn columns(&self) -> usize {
        self.columns
    }

    pub fn height(&self) -> usize {
        self.height
    }

    /// Begins on a line of its own: the cursor goes to the next if what was written last has left it somewhere in one.
    pub fn begin(&mut self) {
        // From the first column the spaces just fill the line; from another one they go beyond it.
        self.put(b"\x1b[?2004h \x08");
        self.command(self.columns - 2, b'C');
        self.put(b"  \r\x1b[K");
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

    /// The cursor goes below the line, to where others may write.
    pub fn leave(&mut self) {
        self.go_below();
        self.end();
        self.drawn = 0..0;
    }

    /// Pastes are not marked any more.
    pub fn end(&mut self) {
        self.put(b"\x1b[?2004l");
        self.flush();
    }

    /// The cursor goes to the row below the last one: to that itself, if it is empty because the one before is full.
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

    /// The cursor goes below the line, for a text that is to stand there.
    pub fn begin_below(&mut self, line: &[u8]) {
        self.draw(line, line.len());
        self.go_below();
    }

    /// The line begins again below such a text.
    pub fn end_below(&mut self) {
        self.measure();
        self.start();
    }

    /// Takes the line away, at once, for a text that is to stand above it.
    pub fn erase(&mut self) {
        self.go(0, 0);
        self.put(b"\r\x1b[J");
        self.flush();
        self.drawn = 0..0;
        (self.top, self.row, self.column, self.lowest) = (0, 0, 0, 0);
    }

    /// An empty screen.
    pub fn clear(&mut self) {
        self.put(b"\x1b[H\x1b[2J");
        self.start();
    }

    /// The terminal may have another size: all is drawn again.
    pub fn resize(&mut self) {
        // Some terminals wrap lines again, others don't: the row of the cursor is the lower of the two.
        let row = self.row;
        self.measure();
        self.row = row.min(self.height - 1);
        self.column = self.columns;
        self.go(0, 0);
        self.put(b"\r\x1b[J");
        self.drawn = 0..0;
        (self.top, self.lowest) = (0, 0);
    }

    pub fn bell(&mut self) {
        self.put(b"\x07");
    }

    /// Writes what there is, at once.
    pub fn flush(&mut self) {
        if !self.out.is_empty() {
            // Nobody is left to be told.
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
            // It is at the end of the row, and whether it is in it or beyond depends on the terminal.
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

    /// Shows the line; what is written is kept for [`flush`](Self::flush).
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

    /// Has the screen begin with another row.
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
            // Only up to the last that differs.
            while let ([more_new @ .., new], [.., old]) =
                (new_rest, old_rest.get(..new_rest.len()).unwrap_or_default())
                && former.bytes(*old) == image.bytes(*new)
                && old.width == new.width
            {
                new_rest = more_new;
            }
        }
        if !new_rest.is_empty() || erased {
            // Where the row above has just been filled, the terminal itself goes on here.
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
