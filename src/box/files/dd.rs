//! `dd [if=file] [of=file] [bs=n] [ibs=n] [obs=n] [count=n] [skip=n] [seek=n] [conv=list] [iflag=list] [oflag=list] [status=word]`:
//! copies a file in blocks (XCU 3, `dd`). `conv=` has `notrunc`, `noerror`, `sync`, `fsync`, `fdatasync` and `sparse`; the flags are
//! `append`, `direct`, `sync`, `nonblock`, `fullblock`, `count_bytes`, `skip_bytes` and `seek_bytes`.

use alloc::vec::Vec;
use core::ffi::CStr;
use core::time::Duration;

use nestling::applet::{Applet, Call};
use nestling::{
    AsFd, BorrowedFd, Errno, OFlags, OwnedFd, SeekFrom, SigSet, Signal, c_str, eprintln, io,
    signals, sys, text,
};

use crate::common::number;

pub const APPLET: Applet = Applet {
    name: c"dd",
    synopsis: "[if=file] [of=file] [bs=n] [ibs=n] [obs=n] [count=n] [skip=n] [seek=n] [conv=word,...] [iflag=word,...] [oflag=word,...] [status=none|noxfer]",
    run: |call| dd(call).unwrap_or_else(|status| status),
};

struct Dd<'a> {
    call: &'a Call<'a>,
    input: Option<&'a CStr>,
    output: Option<&'a CStr>,
    input_block: usize,
    output_block: usize,
    /// `bs=`: each block is written as it was read.
    same: bool,
    count: Option<u64>,
    skip: u64,
    seek: u64,
    set: u32,
    reports: bool,
    /// Whole and partial blocks that were read and written.
    read: (u64, u64),
    written: (u64, u64),
    bytes: u64,
    /// What was not written yet, if the block sizes differ.
    left: Vec<u8>,
}

/// The words of `conv=`, `iflag=` and `oflag=`; each is a bit of `Dd::set`.
const WORDS: &str = "notrunc noerror sync fsync fdatasync sparse excl nocreat append direct nonblock fullblock count_bytes skip_bytes seek_bytes sync_output";

const NOTRUNC: u32 = 1 << 0;
const NOERROR: u32 = 1 << 1;
const PAD: u32 = 1 << 2;
const FSYNC: u32 = 1 << 3 | 1 << 4;
const SPARSE: u32 = 1 << 5;
const EXCL: u32 = 1 << 6;
const NOCREAT: u32 = 1 << 7;
const APPEND: u32 = 1 << 8;
const DIRECT: u32 = 1 << 9;
const NONBLOCK: u32 = 1 << 10;
const FULLBLOCK: u32 = 1 << 11;
const COUNT_BYTES: u32 = 1 << 12;
const SKIP_BYTES: u32 = 1 << 13;
const SEEK_BYTES: u32 = 1 << 14;
const SYNC_OUTPUT: u32 = 1 << 15;

/// It is long because each operand has an arm, and they share the word and its value.
fn dd(call: &Call<'_>) -> Result<i32, i32> {
    let mut dd = Dd {
        call,
        input: None,
        output: None,
        input_block: 512,
        output_block: 512,
        same: false,
        count: None,
        skip: 0,
        seek: 0,
        set: 0,
        reports: true,
        read: (0, 0),
        written: (0, 0),
        bytes: 0,
        left: Vec::new(),
    };
    let mut is_direct_input = false;
    for word in call.args.skip(1).iter() {
        let bytes = word.to_bytes();
        if bytes == b"--" {
            continue;
        }
        let equals = bytes.iter().position(|&byte| byte == b'=');
        let Some((name, value)) = equals.and_then(|it| bytes.split_at_checked(it)) else {
            return match bytes {
                b"--help" => Err(call.options("").next().err().unwrap_or(0)),
                _ => Err(call.misused(bytes, "not an operand of dd")),
            };
        };
        let path = c_str::tail(word, name.len() + 1).unwrap_or_default();
        let value = value.get(1..).unwrap_or_default();
        let wrong = || call.misused(bytes, "wrong value");
        let number = || product(value).ok_or_else(wrong);
        let size = || match number()? {
            size @ 1..=0x4000_0000 => Ok(size as usize),
            _ => Err(wrong()),
        };
        match name {
            b"if" => dd.input = Some(path),
            b"of" => dd.output = Some(path),
            b"bs" => {
                dd.input_block = size()?;
                (dd.output_block, dd.same) = (dd.input_block, true);
            }
            b"ibs" if !dd.same => dd.input_block = size()?,
            b"obs" if !dd.same => dd.output_block = size()?,
            b"ibs" | b"obs" => _ = size()?,
            b"count" => dd.count = Some(number()?),
            b"skip" | b"iseek" => dd.skip = number()?,
            b"seek" | b"oseek" => dd.seek = number()?,
            b"status" => match value {
                b"none" => dd.reports = false,
                b"noxfer" | b"progress" => {}
                _ => return Err(wrong()),
            },
            b"conv" | b"iflag" | b"oflag" => {
                for word in value.split(|&byte| byte == b',') {
                    let place = text::position(WORDS, word).ok_or_else(wrong)?;
                    let bit = match (1 << place, name) {
                        (PAD, b"oflag" | b"iflag") => SYNC_OUTPUT,
                        (DIRECT, b"iflag") => {
                            is_direct_input = true;
                            0
                        }
                        (bit, _) => bit,
                    };
                    dd.set |= bit;
                }
            }
            _ => return Err(call.misused(bytes, "not an operand of dd")),
        }
    }
    let status = match dd.run(is_direct_input) {
        Ok(()) => 0,
        Err((path, errno)) => call.fail(path, errno),
    };
    if dd.reports && (status == 0 || dd.read != (0, 0)) {
        dd.report();
    }
    Ok(status)
}

/// A number with a suffix, or a product: `2x1k`.
fn product(text: &[u8]) -> Option<u64> {
    let mut product = 1_u64;
    for factor in text.split(|&byte| byte == b'x') {
        product = product.checked_mul(number::count(factor)?)?;
    }
    Some(product)
}

/// The file, and its error.
type Failed<'a> = (&'a CStr, Errno);

impl<'a> Dd<'a> {
    fn has(&self, bit: u32) -> bool {
        self.set & bit != 0
    }

    fn run(&mut self, is_direct_input: bool) -> Result<(), Failed<'a>> {
        let _blocked = signals::block(SigSet::EMPTY.with(Signal::USR1));
        let input_name = self.input.unwrap_or(c"standard input");
        let output_name = self.output.unwrap_or(c"standard output");
        let failed = |errno| (input_name, errno);
        let mut flags = OFlags::RDONLY | OFlags::CLOEXEC;
        if is_direct_input {
            flags = flags | OFlags::DIRECT;
        }
        if self.has(NONBLOCK) {
            flags = flags | OFlags::NONBLOCK;
        }
        let input = match self.input {
            Some(path) => Some(sys::fd::open(path, flags, 0).map_err(failed)?),
            None => None,
        };
        let from = input.as_ref().map_or(io::stdin(), AsFd::as_fd);
        let output = self.open_output().map_err(|errno| (output_name, errno))?;
        let to = output.as_ref().map_or(io::stdout(), AsFd::as_fd);
        self.skip_input(from).map_err(failed)?;
        let copied = self.copy(from, to, input_name, output_name);
        // What was read is written, also after an error.
        let rest = core::mem::take(&mut self.left);
        let written = self.write(to, &rest).map_err(|errno| (output_name, errno));
        copied.and(written)?;
        if self.has(FSYNC) {
            sys::fd::fsync(to).map_err(|errno| (output_name, errno))?;
        }
        Ok(())
    }

    fn open_output(&self) -> Result<Option<OwnedFd>, Errno> {
        let seek = match self.has(SEEK_BYTES) {
            true => self.seek,
            false => self
                .seek
                .checked_mul(self.output_block as u64)
                .ok_or(Errno::EOVERFLOW)?,
        };
        let Some(path) = self.output else {
            if seek > 0 && sys::fd::lseek(io::stdout(), SeekFrom::Current(seek as i64)).is_err() {
                return Err(Errno::ESPIPE);
            }
            return Ok(None);
        };
        let mut flags = OFlags::WRONLY | OFlags::CLOEXEC;
        let extra = [
            (APPEND, OFlags::APPEND),
            (DIRECT, OFlags::DIRECT),
            (EXCL, OFlags::EXCL),
            (SYNC_OUTPUT, OFlags::SYNC),
            (NONBLOCK, OFlags::NONBLOCK),
        ];
        for (bit, flag) in extra {
            if self.has(bit) {
                flags = flags | flag;
            }
        }
        if !self.has(NOCREAT) {
            flags = flags | OFlags::CREAT;
        }
        if !self.has(NOTRUNC) && seek == 0 {
            flags = flags | OFlags::TRUNC;
        }
        let file = sys::fd::open(path, flags, 0o666)?;
        if seek > 0 {
            let stat = sys::file::fstat(file.as_fd())?;
            if !self.has(NOTRUNC) && stat.is_file() {
                sys::fd::ftruncate(file.as_fd(), seek)?;
            }
            sys::fd::lseek(file.as_fd(), SeekFrom::Start(seek))?;
        }
        Ok(Some(file))
    }

    fn skip_input(&self, from: BorrowedFd<'_>) -> Result<(), Errno> {
        let mut left = match self.has(SKIP_BYTES) {
            true => self.skip,
            false => self
                .skip
                .checked_mul(self.input_block as u64)
                .ok_or(Errno::EOVERFLOW)?,
        };
        if left == 0 || sys::fd::lseek(from, SeekFrom::Current(left as i64)).is_ok() {
            return Ok(());
        }
        let mut block = alloc::vec![0; self.input_block];
        while left > 0 {
            let most = left.min(block.len() as u64) as usize;
            match io::read(from, block.get_mut(..most).unwrap_or_default())? {
                0 => break,
                length => left -= length as u64,
            }
        }
        Ok(())
    }

    fn copy(
        &mut self,
        from: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        input: &'a CStr,
        output: &'a CStr,
    ) -> Result<(), Failed<'a>> {
        // Direct reads and writes need aligned memory.
        let mut memory = alloc::vec![0; self.input_block + ALIGNMENT];
        let start = memory.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        let block = memory.get_mut(start..start + self.input_block);
        let block = block.unwrap_or_default();
        let mut left = self.count.unwrap_or(u64::MAX);
        // The bytes of the last block, if it was not whole: an error after it is one within the same block.
        let mut partial = 0;
        let mut reported = 0;
        while left > 0 {
            if self.bytes >= reported + 64 * 1024 {
                reported = self.bytes;
                self.report_if_asked();
            }
            let most = match self.has(COUNT_BYTES) {
                true => left.min(block.len() as u64) as usize,
                false => block.len(),
            };
            let room = block.get_mut(..most).unwrap_or_default();
            let outcome = match self.has(FULLBLOCK) {
                true => fill(from, room),
                false => io::read(from, room),
            };
            let mut length = match outcome {
                Ok(0) => break,
                Ok(length) => length,
                Err(errno) if self.has(NOERROR) => {
                    self.call.fail(input, errno);
                    // The rest of the bad block is left out; with `sync`, a block of which nothing was read becomes zeros.
                    let rest = most.saturating_sub(partial) as i64;
                    if sys::fd::lseek(from, SeekFrom::Current(rest)).is_err() {
                        return Err((input, errno));
                    }
                    if core::mem::take(&mut partial) > 0 || !self.has(PAD) {
                        continue;
                    }
                    0
                }
                Err(errno) => return Err((input, errno)),
            };
            partial = if length < most { length } else { 0 };
            left -= match self.has(COUNT_BYTES) {
                true => length as u64,
                false => 1,
            };
            if length == block.len() {
                self.read.0 += 1;
            } else {
                self.read.1 += u64::from(length > 0);
                if self.has(PAD) {
                    block.get_mut(length..).unwrap_or_default().fill(0);
                    length = block.len();
                }
            }
            let bytes = block.get(..length).unwrap_or_default();
            self.add(to, bytes).map_err(|errno| (output, errno))?;
        }
        Ok(())
    }

    /// Writes the bytes, in blocks of the output's size.
    fn add(&mut self, to: BorrowedFd<'_>, bytes: &[u8]) -> Result<(), Errno> {
        if self.same || self.left.is_empty() && bytes.len() == self.output_block {
            return self.write(to, bytes);
        }
        let mut left = core::mem::take(&mut self.left);
        left.extend_from_slice(bytes);
        let mut rest = &left[..];
        while let Some((block, more)) = rest.split_at_checked(self.output_block) {
            self.write(to, block)?;
            rest = more;
        }
        let written = left.len() - rest.len();
        left.drain(..written);
        self.left = left;
        Ok(())
    }

    fn write(&mut self, to: BorrowedFd<'_>, bytes: &[u8]) -> Result<(), Errno> {
        let is_hole = self.has(SPARSE) && !bytes.is_empty() && bytes.iter().all(|&byte| byte == 0);
        if is_hole && let Ok(end) = sys::fd::lseek(to, SeekFrom::Current(bytes.len() as i64)) {
            // The end of the file is set even if the hole is its last part.
            let stat = sys::file::fstat(to)?;
            if stat.is_file() && stat.size() < end {
                sys::fd::ftruncate(to, end)?;
            }
            self.bytes += bytes.len() as u64;
            self.count_written(bytes.len());
            return Ok(());
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = match sys::fd::write(to, rest) {
                Err(Errno::EINTR) => continue,
                // The last block may be no multiple of a sector.
                Err(Errno::EINVAL) if self.has(DIRECT) && bytes.len() < self.output_block => {
                    sys::fd::set_direct(to, false)?;
                    self.set &= !DIRECT;
                    continue;
                }
                outcome => outcome?,
            };
            self.bytes += length as u64;
            rest = rest.get(length..).unwrap_or_default();
        }
        if !bytes.is_empty() {
            self.count_written(bytes.len());
        }
        Ok(())
    }

    fn count_written(&mut self, length: usize) {
        match length == self.output_block {
            true => self.written.0 += 1,
            false => self.written.1 += 1,
        }
    }

    /// Reports how far the copy is if somebody has sent SIGUSR1, as the other implementations of `dd` do.
    fn report_if_asked(&self) {
        let asked = signals::wait_timeout(SigSet::EMPTY.with(Signal::USR1), Duration::ZERO);
        if matches!(asked, Ok(Some(_))) {
            self.report();
        }
    }

    /// Writes what was copied to standard error, as POSIX says.
    fn report(&self) {
        let (read, written) = (self.read, self.written);
        eprintln!(read.0, "+", read.1, " records in");
        eprintln!(written.0, "+", written.1, " records out");
        eprintln!(self.bytes, " bytes copied");
    }
}

/// Reads until the buffer is full, or up to the end or an error. The next read returns an error again if something was read before.
fn fill(from: BorrowedFd<'_>, room: &mut [u8]) -> Result<usize, Errno> {
    let mut length = 0;
    while let Some(rest) = room.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match io::read(from, rest) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(errno) if length == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(length)
}

/// What direct input and output needs at most.
const ALIGNMENT: usize = 4096;
