//! `ip address [show [[dev] DEVICE]]`, `add ADDRESS/LENGTH [broadcast +|ADDRESS] dev DEVICE`, `delete ADDRESS/LENGTH dev DEVICE`,
//! `flush dev DEVICE`.

use alloc::vec::Vec;

use nestling::text::{self, Text};

use super::Words;
use super::internet::{self, INET, Prefix};
use super::link;
use super::netlink::{self, CREATE, EXCL, Request, find, u32_at};
use crate::common::bytes;
use crate::common::output::Output;

/// The size of `struct ifaddrmsg`: family, length of the prefix, flags, scope, index (at 4).
const INFO: usize = 8;

/// The types of the attributes (`IFA_…`).
const ADDRESS: u16 = 1;
const LOCAL: u16 = 2;
const LABEL: u16 = 3;
const BROADCAST: u16 = 4;
const FLAGS: u16 = 8;

/// The flags (`IFA_F_…`) from the lowest on. `dynamic` is an address without the flag for a permanent one.
const FLAG_NAMES: &str = "secondary nodad optimistic dadfailed home deprecated tentative dynamic mngtmpaddr noprefixroute \
    autojoin stable-privacy";
const DYNAMIC: usize = 7;

const HOST: u8 = 254;
const LINK: u8 = 253;
const SITE: u8 = 200;

pub fn run(words: &mut Words<'_>, family: u8) -> Result<i32, i32> {
    if words.rest.is_empty() {
        return show(words, family, None);
    }
    match words.choice("show list add delete flush")? {
        0 | 1 => {
            let only = device(words)?;
            show(words, family, only)
        }
        2 => change(words, family, true),
        3 => change(words, family, false),
        _ => {
            let index = device(words)?;
            let index = index.ok_or_else(|| words.call.misused(b"", "a device is needed"))?;
            flush(words, family, index)
        }
    }
}

/// Reads `[dev] DEVICE`, if there are words.
fn device(words: &mut Words<'_>) -> Result<Option<u32>, i32> {
    if words.rest.first() == Some(c"dev") {
        words.next();
    }
    match words.rest.is_empty() {
        true => Ok(None),
        false => words.interface().map(Some),
    }
}

fn change(words: &mut Words<'_>, family: u8, adds: bool) -> Result<i32, i32> {
    let mut has_length = false;
    let (mut address, mut index, mut broadcast): (Option<Prefix>, _, _) = (None, None, None);
    while let Some(word) = words.rest.first() {
        match word.to_bytes() {
            b"dev" => {
                words.next();
                index = Some(words.interface()?);
            }
            b"broadcast" | b"brd" => {
                words.next();
                broadcast = Some(match words.rest.first() {
                    Some(word) if word == c"+" => {
                        words.next();
                        None
                    }
                    _ => Some(words.prefix()?.bytes),
                });
            }
            b"local" => drop(words.next()),
            word => {
                has_length = text::contains(word, b'/');
                let prefix = words.prefix()?;
                if family != 0 && prefix.family != family {
                    return Err(words.call.complain(word, "an address of another family"));
                }
                address = Some(prefix);
            }
        }
    }
    let (Some(address), Some(index)) = (address, index) else {
        return Err(words
            .call
            .misused(b"", "an address and a device are needed"));
    };
    let broadcast = broadcast.map(|it| it.unwrap_or_else(|| address.broadcast()));
    let (kind, flags) = match adds {
        true => (netlink::NEWADDR, CREATE | EXCL),
        false => (netlink::DELADDR, 0),
    };
    // An address is deleted with any length of its network if there is none.
    let network = (adds || has_length || address.family != INET).then_some(&*address.bytes);
    let request = request(kind, flags, index, &address, network, broadcast.as_deref());
    request
        .carry_out()
        .map_err(|errno| words.failed(c"address", errno))?;
    Ok(0)
}

fn request(
    kind: u16,
    flags: u16,
    index: u32,
    of: &Prefix,
    network: Option<&[u8]>,
    broadcast: Option<&[u8]>,
) -> Request {
    let is_local = of.family == INET && of.bytes.first() == Some(&127);
    let mut info = Vec::from([of.family, of.length, 0, if is_local { HOST } else { 0 }]);
    info.extend_from_slice(&index.to_ne_bytes());
    let mut request = Request::new(kind, flags, &info);
    request.attribute(LOCAL, &of.bytes);
    if let Some(network) = network {
        request.attribute(ADDRESS, network);
    }
    if let Some(broadcast) = broadcast {
        request.attribute(BROADCAST, broadcast);
    }
    request
}

/// An address of an interface: the struct and the attributes.
fn all(words: &Words<'_>, family: u8) -> Result<Vec<Vec<u8>>, i32> {
    let mut all = Vec::new();
    let request = Request::new(netlink::GETADDR, 0, &[family, 0, 0, 0, 0, 0, 0, 0]);
    let outcome = request.list(&mut |body| all.push(body.to_vec()));
    outcome.map_err(|errno| words.failed(c"addresses", errno))?;
    // The kernel lists every family if it does not know the one that was named.
    all.retain(|body| family == 0 || body.first() == Some(&family));
    Ok(all)
}

fn flush(words: &Words<'_>, family: u8, index: u32) -> Result<i32, i32> {
    for body in all(words, family)? {
        let (&[family, length, ..], true) = (body.as_slice(), u32_at(&body, 4) == index) else {
            continue;
        };
        let bytes = find(&body, INFO, LOCAL).or(find(&body, INFO, ADDRESS));
        let address = Prefix {
            family,
            bytes: bytes.unwrap_or_default().to_vec(),
            length,
        };
        let outcome = request(
            netlink::DELADDR,
            0,
            index,
            &address,
            Some(&address.bytes),
            None,
        )
        .carry_out();
        outcome.map_err(|errno| words.failed(c"address", errno))?;
    }
    Ok(0)
}

fn show(words: &Words<'_>, family: u8, only: Option<u32>) -> Result<i32, i32> {
    let links = link::all().map_err(|errno| words.failed(c"links", errno))?;
    let addresses = all(words, family)?;
    let mut out = Output::new();
    for link in links
        .iter()
        .filter(|it| only.is_none_or(|only| only == it.index))
    {
        let of_link = |body: &&Vec<u8>| u32_at(body, 4) == link.index;
        if family != 0 && !addresses.iter().any(|body| of_link(&body)) {
            continue;
        }
        link::write(link, &links, family == 0, &mut out);
        for body in addresses.iter().filter(of_link) {
            write(body, &mut out);
        }
    }
    Ok(out.finish(words.call, 0, 1))
}

fn write(body: &[u8], out: &mut Output) {
    let &[family, length, flags, scope, ..] = body else {
        return;
    };
    let (address, local) = (find(body, INFO, ADDRESS), find(body, INFO, LOCAL));
    out.write(if family == INET {
        b"    inet "
    } else {
        b"    inet6 "
    });
    internet::write(local.or(address).unwrap_or_default(), out);
    if let (Some(local), Some(peer)) = (local, address)
        && local != peer
    {
        out.write(b" peer ");
        internet::write(peer, out);
    }
    out.write(b"/");
    length.write(out);
    if let Some(broadcast) = find(body, INFO, BROADCAST) {
        out.write(b" brd ");
        internet::write(broadcast, out);
    }
    out.write(b" scope ");
    match scope {
        0 => out.write(b"global"),
        HOST => out.write(b"host"),
        LINK => out.write(b"link"),
        SITE => out.write(b"site"),
        other => other.write(out),
    }
    let flags = find(body, INFO, FLAGS).map_or(flags.into(), |it| u32_at(it, 0));
    let mut index = 0;
    loop {
        let name = match text::word(FLAG_NAMES, b' ', index) {
            b"" => break,
            b"secondary" if family != INET => b"temporary",
            name => name,
        };
        if (flags >> index & 1 == 0) == (index == DYNAMIC) {
            out.write(b" ");
            out.write(name);
        }
        index += 1;
    }
    if let Some(label) = find(body, INFO, LABEL) {
        out.write(b" ");
        let label = label.strip_suffix(b"\0").unwrap_or(label);
        out.write(&bytes::printable(label));
    }
    out.write(b"\n       valid_lft ");
    // `struct ifa_cacheinfo` begins with both times in seconds; all ones is forever.
    let times = find(body, INFO, 6).unwrap_or(&[0xff; 8]);
    for (before, at) in [("", 4), (" preferred_lft ", 0)] {
        before.write(out);
        match u32_at(times, at) {
            u32::MAX => out.write(b"forever"),
            seconds => {
                seconds.write(out);
                out.write(b"sec");
            }
        }
    }
    out.write(b"\n");
}
