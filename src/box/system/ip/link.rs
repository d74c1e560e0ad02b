//! `ip link [show [DEVICE]]`, `add [name] DEVICE type TYPE`, `delete DEVICE`,
//! `set DEVICE [up|down] [mtu N] [name NAME] [address ADDRESS]`.

use alloc::vec::Vec;

use nestling::Errno;
use nestling::text::{self, Text};

use super::Words;
use super::netlink::{self, CREATE, EXCL, Request, find, u16_at, u32_at};
use crate::common::bytes;
use crate::common::columns::hexadecimal;
use crate::common::output::Output;

/// The size of `struct ifinfomsg`: family, type (at 2), index (at 4), flags (at 8), mask of flags.
const INFO: usize = 16;

/// The types of the attributes (`IFLA_…`).
const ADDRESS: u16 = 1;
const BROADCAST: u16 = 2;
const NAME: u16 = 3;
const MTU: u16 = 4;
const LINK: u16 = 5;
const QDISC: u16 = 6;
const QUEUE: u16 = 13;
const LINK_INFO: u16 = 18;
const KIND: u16 = 1;

const UP: u32 = 1;
const RUNNING: u32 = 0x40;

/// The flags that are shown, in the order in which they are, and their bits.
const FLAG_NAMES: &str =
    "LOOPBACK BROADCAST POINTOPOINT MULTICAST NOARP ALLMULTI PROMISC UP LOWER_UP";
const FLAG_BITS: [u32; 9] = [8, 2, 0x10, 0x1000, 0x80, 0x200, 0x100, UP, 0x1_0000];

/// A network interface.
pub struct Link {
    pub index: u32,
    pub name: Vec<u8>,
    kind: u16,
    flags: u32,
    mtu: u32,
    queue: u32,
    qdisc: Vec<u8>,
    address: Vec<u8>,
    broadcast: Vec<u8>,
    /// The interface below it, or its peer; 0 for none.
    other: Option<u32>,
}

pub fn run(words: &mut Words<'_>) -> Result<i32, i32> {
    if words.rest.is_empty() {
        return show(words);
    }
    match words.choice("show list add delete set")? {
        0 | 1 => show(words),
        2 => add(words),
        3 => {
            let index = device(words)?;
            let request = Request::new(netlink::DELLINK, 0, &info(index, 0, 0));
            carry_out(words, request)
        }
        _ => set(words),
    }
}

/// Reads `[dev] DEVICE`.
fn device(words: &mut Words<'_>) -> Result<u32, i32> {
    if words.rest.first() == Some(c"dev") {
        words.next();
    }
    words.interface()
}

fn carry_out(words: &Words<'_>, request: Request) -> Result<i32, i32> {
    request
        .carry_out()
        .map_err(|errno| words.failed(c"link", errno))?;
    Ok(0)
}

fn info(index: u32, flags: u32, mask: u32) -> [u8; INFO] {
    let mut info = [0; INFO];
    let numbers = [index, flags, mask];
    let bytes = numbers.iter().flat_map(|number| number.to_ne_bytes());
    for (place, byte) in info.iter_mut().skip(4).zip(bytes) {
        *place = byte;
    }
    info
}

fn add(words: &mut Words<'_>) -> Result<i32, i32> {
    let (mut name, mut kind): (&[u8], &[u8]) = (b"", b"");
    while let Some(word) = words.next() {
        match word.to_bytes() {
            b"type" => kind = words.value()?.to_bytes(),
            b"name" | b"dev" => name = words.value()?.to_bytes(),
            word => name = word,
        }
    }
    if name.is_empty() || kind.is_empty() {
        return Err(words.call.misused(b"", "a name and a type are needed"));
    }
    let mut request = Request::new(netlink::NEWLINK, CREATE | EXCL, &info(0, 0, 0));
    request.attribute(NAME, &zero_ended(name));
    // A nested attribute: its value is an attribute.
    let mut nested = Vec::from((4 + kind.len() as u16).to_ne_bytes());
    nested.extend_from_slice(&KIND.to_ne_bytes());
    nested.extend_from_slice(kind);
    request.attribute(LINK_INFO, &nested);
    carry_out(words, request)
}

fn zero_ended(name: &[u8]) -> Vec<u8> {
    [name, b"\0"].concat()
}

fn set(words: &mut Words<'_>) -> Result<i32, i32> {
    let index = device(words)?;
    let (mut flags, mut mask, mut attributes) = (0, 0, Vec::new());
    while !words.rest.is_empty() {
        match words.choice("up down mtu name address")? {
            0 => (flags, mask) = (UP, UP),
            1 => (flags, mask) = (0, UP),
            2 => attributes.push((MTU, words.number()?.to_ne_bytes().to_vec())),
            3 => attributes.push((NAME, zero_ended(words.value()?.to_bytes()))),
            _ => {
                let text = words.value()?.to_bytes();
                let part = |part| text::number(part, 16).and_then(|it| u8::try_from(it).ok());
                let bytes = text.split(|&byte| byte == b':').map(part).collect();
                let bytes: Option<Vec<u8>> = bytes;
                let bytes = bytes.ok_or_else(|| words.call.complain(text, "not an address"))?;
                attributes.push((ADDRESS, bytes));
            }
        }
    }
    let mut request = Request::new(netlink::NEWLINK, 0, &info(index, flags, mask));
    for (kind, value) in attributes {
        request.attribute(kind, &value);
    }
    carry_out(words, request)
}

/// Returns all interfaces.
pub fn all() -> Result<Vec<Link>, Errno> {
    let mut links = Vec::new();
    Request::new(netlink::GETLINK, 0, &info(0, 0, 0)).list(&mut |body| {
        let bytes = |kind| find(body, INFO, kind).unwrap_or_default();
        let text = |kind| bytes(kind).strip_suffix(b"\0").unwrap_or_default().to_vec();
        links.push(Link {
            index: u32_at(body, 4),
            name: text(NAME),
            kind: u16_at(body, 2),
            flags: u32_at(body, 8),
            mtu: u32_at(bytes(MTU), 0),
            queue: u32_at(bytes(QUEUE), 0),
            qdisc: text(QDISC),
            address: bytes(ADDRESS).to_vec(),
            broadcast: bytes(BROADCAST).to_vec(),
            other: find(body, INFO, LINK).map(|value| u32_at(value, 0)),
        });
    })?;
    Ok(links)
}

/// Returns the name of an interface; `ifN` if there is none with this index here.
pub fn name_of(links: &[Link], index: u32) -> Vec<u8> {
    match links.iter().find(|it| it.index == index) {
        Some(link) => link.name.clone(),
        None => {
            let mut name = Vec::from(*b"if");
            index.write(&mut name);
            name
        }
    }
}

fn show(words: &mut Words<'_>) -> Result<i32, i32> {
    let only = match words.rest.is_empty() {
        true => None,
        false => Some(device(words)?),
    };
    let links = all().map_err(|errno| words.failed(c"links", errno))?;
    let mut out = Output::new();
    for link in links
        .iter()
        .filter(|it| only.is_none_or(|only| only == it.index))
    {
        write(link, &links, true, &mut out);
    }
    Ok(out.finish(words.call, 0, 1))
}

/// Writes the two lines about an interface; without `all`, only the first, as before the addresses of one family.
pub fn write(link: &Link, links: &[Link], all: bool, out: &mut Output) {
    link.index.write(out);
    out.write(b": ");
    out.write(&bytes::printable(&link.name));
    if let Some(other) = link.other {
        out.write(b"@");
        out.write(if other == 0 { b"NONE" } else { b"" });
        out.write(&if other == 0 {
            Vec::new()
        } else {
            bytes::printable(&name_of(links, other))
        });
    }
    out.write(b": <");
    let mut between: &[u8] = b"";
    if link.flags & (UP | RUNNING) == UP {
        out.write(b"NO-CARRIER");
        between = b",";
    }
    for (index, bit) in FLAG_BITS.iter().enumerate() {
        if link.flags & bit != 0 {
            out.write(between);
            out.write(text::word(FLAG_NAMES, b' ', index));
            between = b",";
        }
    }
    out.write(b"> mtu ");
    link.mtu.write(out);
    out.write(b" qdisc ");
    out.write(&link.qdisc);
    if link.queue > 0 {
        out.write(b" qlen ");
        link.queue.write(out);
    }
    if !all {
        return out.write(b"\n");
    }
    // The types of hardware that a rescue meets; all others are numbers.
    out.write(b"\n    link/");
    match link.kind {
        1 => out.write(b"ether"),
        772 => out.write(b"loopback"),
        other => other.write(out),
    }
    for (before, bytes) in [(&b" "[..], &link.address), (b" brd ", &link.broadcast)] {
        for (index, &byte) in bytes.iter().enumerate() {
            out.write(if index > 0 { b":" } else { before });
            hexadecimal(byte.into(), 2, out);
        }
    }
    out.write(b"\n");
}
