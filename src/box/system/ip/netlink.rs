//! Requests to the kernel about the network, and its answers (`netlink(7)`, `rtnetlink(7)`).

use alloc::vec::Vec;

use nestling::sys::socket;
use nestling::{AsFd, Errno, io};

/// Types of requests (`RTM_…`). A request and the answer about the same thing differ in the type's last two bits.
pub const NEWLINK: u16 = 16;
pub const DELLINK: u16 = 17;
pub const GETLINK: u16 = 18;
pub const NEWADDR: u16 = 20;
pub const DELADDR: u16 = 21;
pub const GETADDR: u16 = 22;
pub const NEWROUTE: u16 = 24;
pub const DELROUTE: u16 = 25;
pub const GETROUTE: u16 = 26;

/// Flags of requests (`NLM_F_…`).
pub const REPLACE: u16 = 0x100;
pub const EXCL: u16 = 0x200;
pub const CREATE: u16 = 0x400;
const REQUEST: u16 = 1;
const ACK: u16 = 4;
const DUMP: u16 = 0x300;

const ERROR: u16 = 2;
const DONE: u16 = 3;

/// The size of `struct nlmsghdr`: length, type, flags, sequence number, port.
const HEADER: usize = 16;
const ANSWER: usize = 32 * 1024;

/// A request: its header, a struct that depends on its type, and attributes.
pub struct Request(Vec<u8>);

impl Request {
    pub fn new(kind: u16, flags: u16, body: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(&(flags | REQUEST).to_ne_bytes());
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(body);
        Self(bytes)
    }

    /// Adds an attribute (`struct rtattr`): length, type, value, and padding up to a multiple of four bytes.
    pub fn attribute(&mut self, kind: u16, value: &[u8]) {
        let length = 4 + value.len() as u16;
        self.0.extend_from_slice(&length.to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    /// Lets the kernel carry out the request.
    pub fn carry_out(self) -> Result<(), Errno> {
        self.talk(ACK, &mut |_| {})
    }

    /// Calls `with` for each thing that the kernel lists, with the struct and the attributes.
    pub fn list(self, with: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
        self.talk(DUMP, with)
    }

    fn talk(mut self, flags: u16, with: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
        let length = (self.0.len() as u32).to_ne_bytes();
        let of_request = u16_at(&self.0, 6) | flags;
        put(&mut self.0, 0, &length);
        put(&mut self.0, 6, &of_request.to_ne_bytes());
        let socket = socket::route()?;
        io::write_all(socket.as_fd(), &self.0)?;
        let mut buffer = alloc::vec![0; ANSWER];
        loop {
            let length = io::read(socket.as_fd(), &mut buffer)?;
            let mut rest = buffer.get(..length).unwrap_or_default();
            while rest.len() >= HEADER {
                let length = u32_at(rest, 0) as usize;
                let body = rest.get(HEADER..length).ok_or(Errno::EPROTO)?;
                match u16_at(rest, 4) {
                    DONE => return Ok(()),
                    ERROR => {
                        // The negative number of an error, or 0.
                        let number = u32_at(body, 0).wrapping_neg();
                        return Errno::from_raw(number as i32).map_or(Ok(()), Err);
                    }
                    _ => with(body),
                }
                rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            }
        }
    }
}

/// Returns the value of an attribute. `start` is the length of the struct before the attributes.
pub fn find(body: &[u8], start: usize, wanted: u16) -> Option<&[u8]> {
    let mut rest = body.get(start..)?;
    while rest.len() >= 4 {
        let length = usize::from(u16_at(rest, 0));
        let value = rest.get(4..length)?;
        if u16_at(rest, 2) & 0x3fff == wanted {
            return Some(value);
        }
        rest = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

/// Returns the number at this place; 0 if the bytes end before it.
pub fn u16_at(bytes: &[u8], at: usize) -> u16 {
    let bytes = bytes.get(at..).and_then(|it| it.first_chunk());
    u16::from_ne_bytes(bytes.copied().unwrap_or_default())
}

pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.get(at..).and_then(|it| it.first_chunk());
    u32::from_ne_bytes(bytes.copied().unwrap_or_default())
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    for (place, byte) in bytes.iter_mut().skip(at).zip(value) {
        *place = *byte;
    }
}
