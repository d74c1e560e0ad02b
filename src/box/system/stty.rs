//! `stty [-F device] [-a|-g]`, `stty [-F device] setting...`: shows or changes the settings of a terminal (XCU 3, `stty`).

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::terminal::{self, Attributes, Mode, Size, Special, When};
use nestling::text::{self, Text, next_field};
use nestling::{AsFd, BorrowedFd, OFlags, io, sys};

use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"stty",
    synopsis: "[-F device] [-a|-g|setting...]",
    run: |call| stty(call).unwrap_or_else(|status| status),
};

/// The modes, and their names in the same order.
const NAMES: &str = "parenb parodd hupcl cstopb cread clocal crtscts \
    ignbrk brkint ignpar parmrk inpck istrip inlcr igncr icrnl ixon ixoff ixany imaxbel iutf8 \
    opost ocrnl onlcr onocr onlret \
    isig icanon iexten echo echoe echok echonl noflsh tostop echoprt echoctl echoke";

const MODES: [Mode; 38] = [
    Mode::PARENB,
    Mode::PARODD,
    Mode::HUPCL,
    Mode::CSTOPB,
    Mode::CREAD,
    Mode::CLOCAL,
    Mode::CRTSCTS,
    Mode::IGNBRK,
    Mode::BRKINT,
    Mode::IGNPAR,
    Mode::PARMRK,
    Mode::INPCK,
    Mode::ISTRIP,
    Mode::INLCR,
    Mode::IGNCR,
    Mode::ICRNL,
    Mode::IXON,
    Mode::IXOFF,
    Mode::IXANY,
    Mode::IMAXBEL,
    Mode::IUTF8,
    Mode::OPOST,
    Mode::OCRNL,
    Mode::ONLCR,
    Mode::ONOCR,
    Mode::ONLRET,
    Mode::ISIG,
    Mode::ICANON,
    Mode::IEXTEN,
    Mode::ECHO,
    Mode::ECHOE,
    Mode::ECHOK,
    Mode::ECHONL,
    Mode::NOFLSH,
    Mode::TOSTOP,
    Mode::ECHOPRT,
    Mode::ECHOCTL,
    Mode::ECHOKE,
];

/// The indexes of the first modes of the lines of output, and the end.
const LINES: [usize; 5] = [0, 7, 21, 26, 38];

const CHARACTER_NAMES: &str =
    "intr quit erase kill eof eol eol2 start stop susp rprnt werase lnext min time";
const CHARACTERS: [Special; 15] = [
    Special::Intr,
    Special::Quit,
    Special::Erase,
    Special::Kill,
    Special::Eof,
    Special::Eol,
    Special::Eol2,
    Special::Start,
    Special::Stop,
    Special::Susp,
    Special::Reprint,
    Special::WordErase,
    Special::LiteralNext,
    Special::Min,
    Special::Time,
];

/// The modes that `raw` clears, as in the programs of GNU and busybox; they leave `echo` alone.
const RAW: [Mode; 15] = [
    Mode::IGNBRK,
    Mode::BRKINT,
    Mode::IGNPAR,
    Mode::PARMRK,
    Mode::INPCK,
    Mode::ISTRIP,
    Mode::INLCR,
    Mode::IGNCR,
    Mode::ICRNL,
    Mode::IXON,
    Mode::IXOFF,
    Mode::IXANY,
    Mode::IMAXBEL,
    Mode::OPOST,
    Mode::ISIG,
];

/// The modes that `cooked` sets.
const COOKED: [Mode; 7] = [
    Mode::BRKINT,
    Mode::IGNPAR,
    Mode::ISTRIP,
    Mode::ICRNL,
    Mode::IXON,
    Mode::OPOST,
    Mode::ISIG,
];

fn stty(call: &Call<'_>) -> Result<i32, i32> {
    // `-echo` is a setting, not an option of letters, so the arguments are read here.
    let mut words = call.args.skip(1);
    if words.first() == Some(c"--help") {
        return Err(call.options("").next().err().unwrap_or(0));
    }
    let mut device = None;
    if words.first() == Some(c"-F") {
        let path = words.skip(1).first();
        let path = path.ok_or_else(|| call.misused(b"-F", "a device is needed"))?;
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = sys::fd::open(path, flags, 0).map_err(|errno| call.fail(path, errno))?;
        device = Some((path, file));
        words = words.skip(2);
    }
    let (name, fd): (&CStr, BorrowedFd<'_>) = match &device {
        Some((path, file)) => (path, file.as_fd()),
        None => (c"standard input", io::stdin()),
    };
    let attributes = terminal::attributes(fd).map_err(|errno| call.fail(name, errno))?;
    let size = terminal::size(fd).unwrap_or(Size {
        rows: 0,
        columns: 0,
    });
    let mut out = Output::new();
    match words.first().map(CStr::to_bytes) {
        None => write(&attributes, size, false, &mut out),
        Some(b"-a") => write(&attributes, size, true, &mut out),
        Some(b"-g") => write_words(&attributes, &mut out),
        Some(_) => {
            let mut change = Change {
                call,
                attributes,
                size,
                out: &mut out,
            };
            let mut words = words.iter();
            while let Some(word) = words.next() {
                change.set(word.to_bytes(), &mut words)?;
            }
            let Change {
                attributes: new,
                size: new_size,
                ..
            } = change;
            if new != attributes {
                let outcome = terminal::set_attributes(fd, When::Drain, &new);
                outcome.map_err(|errno| call.fail(name, errno))?;
                // The kernel takes what the terminal can do, and does not tell.
                let is = terminal::attributes(fd).map_err(|errno| call.fail(name, errno))?;
                if is.to_words() != new.to_words() {
                    return Err(call.complain(name.to_bytes(), "cannot have all of these settings"));
                }
            }
            if (new_size.rows, new_size.columns) != (size.rows, size.columns) {
                let outcome = terminal::set_size(fd, new_size);
                outcome.map_err(|errno| call.fail(name, errno))?;
            }
        }
    }
    Ok(out.finish(call, 0, 1))
}

struct Change<'c, 'o> {
    call: &'c Call<'c>,
    attributes: Attributes,
    size: Size,
    out: &'o mut Output,
}

impl Change<'_, '_> {
    /// Carries out one setting. Takes its value from `words`.
    fn set(&mut self, word: &[u8], words: &mut dyn Iterator<Item = &CStr>) -> Result<(), i32> {
        let call = self.call;
        let invalid = |what: &[u8]| call.misused(what, "no such setting");
        let (name, on) = match word {
            [b'-', name @ ..] => (name, false),
            name => (name, true),
        };
        if let Some(mode) = text::position(NAMES, name).and_then(|it| MODES.get(it)) {
            self.attributes.set(*mode, on);
            return Ok(());
        }
        let mut value = || {
            let value = words.next().map(CStr::to_bytes);
            value.ok_or_else(|| call.misused(word, "a value is needed"))
        };
        let number = |value: &[u8]| text::number(value, 10).ok_or_else(|| invalid(value));
        let length = |value: &[u8]| u16::try_from(number(value)?).map_err(|_| invalid(value));
        let character = text::position(CHARACTER_NAMES, name).and_then(|it| CHARACTERS.get(it));
        match (name, on) {
            (b"raw", true) | (b"cooked", false) => self.make_raw(),
            (b"raw", false) | (b"cooked", true) => self.make_cooked(),
            (b"sane", true) => self.attributes.make_sane(),
            (b"nl", _) => {
                self.attributes.set(Mode::ICRNL, !on);
                self.attributes.set(Mode::ONLCR, !on);
            }
            (b"hup", _) => self.attributes.set(Mode::HUPCL, on),
            (b"cs5" | b"cs6" | b"cs7" | b"cs8", true) => {
                let digit = name.last().copied().unwrap_or_default();
                self.attributes.set_character_size(u32::from(digit - b'0'));
            }
            (b"size", true) => {
                self.size.rows.write(self.out);
                self.out.write(b" ");
                self.size.columns.write(self.out);
                self.out.write(b"\n");
            }
            (b"speed", true) => {
                self.attributes.speed().write(self.out);
                self.out.write(b"\n");
            }
            (b"rows", true) => self.size.rows = length(value()?)?,
            (b"cols" | b"columns", true) => self.size.columns = length(value()?)?,
            (b"ispeed" | b"ospeed", true) => self.set_speed(value()?)?,
            (name, true) if name.iter().all(u8::is_ascii_digit) => self.set_speed(name)?,
            (name, true) if text::contains(name, b':') => {
                self.set_words(name).ok_or_else(|| invalid(name))?;
            }
            (_, true) => {
                let special = *character.ok_or_else(|| invalid(word))?;
                let value = value()?;
                let byte = match special {
                    Special::Min | Special::Time => {
                        u8::try_from(number(value)?).map_err(|_| invalid(value))?
                    }
                    _ => parse_character(value).ok_or_else(|| invalid(value))?,
                };
                self.attributes.set_special(special, byte);
            }
            (_, false) => return Err(invalid(word)),
        }
        Ok(())
    }

    fn set_speed(&mut self, value: &[u8]) -> Result<(), i32> {
        let speed = text::number(value, 10).and_then(|it| u32::try_from(it).ok());
        let speed = speed.ok_or_else(|| self.call.misused(value, "not a speed"))?;
        self.attributes.set_speed(speed);
        Ok(())
    }

    fn make_raw(&mut self) {
        for mode in RAW {
            self.attributes.set(mode, false);
        }
        self.attributes.set(Mode::ICANON, false);
        self.attributes.set_special(Special::Min, 1);
        self.attributes.set_special(Special::Time, 0);
    }

    fn make_cooked(&mut self) {
        for mode in COOKED {
            self.attributes.set(mode, true);
        }
        self.attributes.set(Mode::ICANON, true);
        // The characters share their places with `min` and `time` on some architectures.
        self.attributes.set_special(Special::Eof, 4);
        self.attributes.set_special(Special::Eol, 0);
    }

    /// Sets what `-g` has written.
    fn set_words(&mut self, text: &[u8]) -> Option<()> {
        let (mut words, mut characters) = self.attributes.to_words();
        let mut rest = text;
        for word in &mut words {
            *word = u32::try_from(text::number(next_field(&mut rest, b':'), 16)?).ok()?;
        }
        for character in &mut characters {
            *character = u8::try_from(text::number(next_field(&mut rest, b':'), 16)?).ok()?;
        }
        self.attributes.set_words(words, characters);
        Some(())
    }
}

/// Reads a character: itself, `^C`, `^?`, or `undef` and `^-` for none.
fn parse_character(text: &[u8]) -> Option<u8> {
    match *text {
        [b'^', b'?'] => Some(0x7f),
        [b'^', b'-'] | [] => Some(0),
        [b'^', letter] => Some(letter & 0x1f),
        [byte] => Some(byte),
        _ if text == b"undef" => Some(0),
        _ => None,
    }
}

/// Writes the settings: all, or those that differ from `sane`.
fn write(attributes: &Attributes, size: Size, all: bool, out: &mut Output) {
    let mut sane = *attributes;
    sane.make_sane();
    "speed ".write(out);
    attributes.speed().write(out);
    " baud;".write(out);
    if all {
        " rows ".write(out);
        size.rows.write(out);
        "; columns ".write(out);
        size.columns.write(out);
        ";".write(out);
    }
    let mut between = "\n";
    for (index, &character) in CHARACTERS.iter().enumerate() {
        let byte = attributes.special(character);
        // In canonical mode, `min` and `time` mean nothing.
        let counts = matches!(character, Special::Min | Special::Time);
        let shown = byte != sane.special(character) && !(counts && attributes.has(Mode::ICANON));
        if all || shown {
            between.write(out);
            between = " ";
            out.write(text::word(CHARACTER_NAMES, b' ', index));
            " = ".write(out);
            match byte {
                number if counts => number.write(out),
                0 => "<undef>".write(out),
                0x7f => "^?".write(out),
                control @ ..0x20 => out.write(&[b'^', control + 0x40]),
                byte => out.write(&[byte]),
            }
            ";".write(out);
        }
    }
    let mut separator = "\n";
    for (index, &mode) in MODES.iter().enumerate() {
        if LINES.contains(&index) {
            separator = "\n";
        }
        let on = attributes.has(mode);
        if all || on != sane.has(mode) {
            separator.write(out);
            separator = " ";
            out.write(if on { b"" } else { b"-" });
            out.write(text::word(NAMES, b' ', index));
        }
        // The number of bits stands after the parity.
        if index == 1 && (all || attributes.character_size() != 8) {
            separator.write(out);
            separator = " ";
            "cs".write(out);
            attributes.character_size().write(out);
        }
    }
    "\n".write(out);
}

/// `-g`: writes the settings so that `stty` can read them.
fn write_words(attributes: &Attributes, out: &mut Output) {
    let (words, characters) = attributes.to_words();
    let all = words.into_iter().chain(characters.map(u32::from));
    for (index, number) in all.enumerate() {
        out.write(if index > 0 { b":" } else { b"" });
        crate::common::columns::hexadecimal(number, 1, out);
    }
    // libc's struct has places for more characters.
    for _ in characters.len()..32 {
        ":0".write(out);
    }
    "\n".write(out);
}
