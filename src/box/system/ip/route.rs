//! `ip route [show [table TABLE] [dev DEVICE] [default|NETWORK/LENGTH]]`, `add|replace|delete default|NETWORK/LENGTH [via ADDRESS] [dev DEVICE] [src ADDRESS] [metric N]`.

use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::text::{self, Text};

use super::Words;
use super::internet::{self, INET, INET6, Prefix};
use super::link;
use super::netlink::{self, CREATE, EXCL, REPLACE, Request, find, u16_at, u32_at};
use crate::common::bytes;
use crate::common::output::Output;

/// The size of `struct rtmsg`: family, lengths of the destination's and source's prefix, type of service, table, protocol, scope, type,
/// flags.
const INFO: usize = 12;

/// The types of the attributes (`RTA_…`).
const DESTINATION: u16 = 1;
const INTERFACE: u16 = 4;
const GATEWAY: u16 = 5;
const METRIC: u16 = 6;
const SOURCE: u16 = 7;
const MULTIPATH: u16 = 9;
const TABLE: u16 = 15;

/// The size of `struct rtnexthop`.
const HOP: usize = 8;

const MAIN: u8 = 254;
const LOCAL: u32 = 255;
const TABLES: [(&str, Option<u32>); 4] = [
    ("all", None),
    ("main", Some(MAIN as u32)),
    ("local", Some(LOCAL)),
    ("default", Some(253)),
];
/// The protocol of routes that were added by hand.
const BOOT: u8 = 3;
const UNIVERSE: u8 = 0;
const LINK: u8 = 253;
const HOST: u8 = 254;
const NOWHERE: u8 = 255;
const UNICAST: u8 = 1;
/// The names of the types of routes, by their numbers.
const KINDS: &str =
    "none unicast local broadcast anycast multicast blackhole unreachable prohibit throw nat";

pub fn run(words: &mut Words<'_>, family: u8) -> Result<i32, i32> {
    if words.rest.is_empty() {
        return show(words, family);
    }
    match words.choice("show list add replace delete")? {
        0 | 1 => show(words, family),
        2 => change(words, family, netlink::NEWROUTE, CREATE | EXCL),
        3 => change(words, family, netlink::NEWROUTE, CREATE | REPLACE),
        _ => change(words, family, netlink::DELROUTE, 0),
    }
}

fn change(words: &mut Words<'_>, family: u8, kind: u16, flags: u16) -> Result<i32, i32> {
    let (mut to, mut attributes, mut has_gateway) = (None, Vec::new(), false);
    let mut family = family;
    while let Some(word) = words.rest.first() {
        match word.to_bytes() {
            b"default" => {
                words.next();
                to = Some(None);
            }
            b"via" => {
                words.next();
                let gateway = words.prefix()?;
                has_gateway = true;
                family = gateway.family;
                attributes.push((GATEWAY, gateway.bytes));
            }
            b"src" => {
                words.next();
                attributes.push((SOURCE, words.prefix()?.bytes));
            }
            b"dev" => {
                words.next();
                attributes.push((INTERFACE, words.interface()?.to_ne_bytes().to_vec()));
            }
            b"metric" => {
                words.next();
                attributes.push((METRIC, words.number()?.to_ne_bytes().to_vec()));
            }
            _ => to = Some(Some(words.prefix()?)),
        }
    }
    let Some(to) = to else {
        return Err(words.call.misused(b"", "a network is needed"));
    };
    let to: Option<Prefix> = to;
    family = to.as_ref().map_or(family, |to| to.family);
    family = if family == 0 { INET } else { family };
    let (protocol, scope, unicast) = match (kind == netlink::DELROUTE, has_gateway) {
        // These fit every route.
        (true, _) => (0, NOWHERE, 0),
        (false, true) => (BOOT, UNIVERSE, UNICAST),
        (false, false) if family == INET6 => (BOOT, UNIVERSE, UNICAST),
        (false, false) => (BOOT, LINK, UNICAST),
    };
    let length = to.as_ref().map_or(0, |to| to.length);
    let info = [
        family, length, 0, 0, MAIN, protocol, scope, unicast, 0, 0, 0, 0,
    ];
    let mut request = Request::new(kind, flags, &info);
    if let Some(to) = to {
        request.attribute(DESTINATION, &to.bytes);
    }
    for (kind, value) in attributes {
        request.attribute(kind, &value);
    }
    request
        .carry_out()
        .map_err(|errno| words.failed(c"route", errno))?;
    Ok(0)
}

/// Which routes are shown.
struct Wanted {
    /// `None` for all tables.
    table: Option<u32>,
    interface: Option<u32>,
    /// The network; `Some(None)` is `default`.
    to: Option<Option<Prefix>>,
}

fn show(words: &mut Words<'_>, mut family: u8) -> Result<i32, i32> {
    let mut wanted = Wanted {
        table: Some(MAIN.into()),
        interface: None,
        to: None,
    };
    while let Some(word) = words.rest.first() {
        match word.to_bytes() {
            b"table" => {
                words.next();
                let name = words.rest.first().map(CStr::to_bytes).unwrap_or_default();
                let known = TABLES.into_iter().find(|it| it.0.as_bytes() == name);
                wanted.table = match known {
                    Some((_, number)) => {
                        words.next();
                        number
                    }
                    None => Some(words.number()?),
                };
            }
            b"dev" => {
                words.next();
                wanted.interface = Some(words.interface()?);
            }
            b"default" => {
                words.next();
                wanted.to = Some(None);
            }
            _ => {
                let to = words.prefix()?;
                family = to.family;
                wanted.to = Some(Some(to));
            }
        }
    }
    let links = link::all().map_err(|errno| words.failed(c"links", errno))?;
    let family = if family == 0 { INET } else { family };
    let mut out = Output::new();
    let mut info = [0; INFO];
    info[0] = family;
    let outcome = Request::new(netlink::GETROUTE, 0, &info).list(&mut |body| {
        if body.first() == Some(&family) && wanted.has(body) {
            write(body, wanted.table.is_none(), &links, &mut out);
        }
    });
    outcome.map_err(|errno| words.failed(c"routes", errno))?;
    Ok(out.finish(words.call, 0, 1))
}

impl Wanted {
    fn has(&self, body: &[u8]) -> bool {
        let &[_, length, ..] = body else {
            return false;
        };
        let to = find(body, INFO, DESTINATION);
        let is_to = match &self.to {
            None => true,
            Some(None) => to.is_none() && length == 0,
            Some(Some(wanted)) => to == Some(&wanted.bytes) && length == wanted.length,
        };
        let through = |wanted: u32| {
            find(body, INFO, INTERFACE).is_some_and(|index| u32_at(index, 0) == wanted)
                || next_hops(body).any(|hop| u32_at(hop, 4) == wanted)
        };
        is_to && self.table.is_none_or(|it| it == table(body)) && self.interface.is_none_or(through)
    }
}

fn table(body: &[u8]) -> u32 {
    let small = body.get(4).copied().unwrap_or_default();
    find(body, INFO, TABLE).map_or(small.into(), |it| u32_at(it, 0))
}

/// The next hops of a route with several: each a `struct rtnexthop` (length, flags, weight - 1, interface) with attributes.
fn next_hops(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = find(body, INFO, MULTIPATH).unwrap_or_default();
    core::iter::from_fn(move || {
        let length = usize::from(u16_at(rest, 0));
        let hop = rest.get(..length).filter(|it| it.len() >= HOP)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(hop)
    })
}

fn write(body: &[u8], with_table: bool, links: &[link::Link], out: &mut Output) {
    let &[_, length, _, _, _, _, scope, kind, ..] = body else {
        return;
    };
    if kind != UNICAST {
        out.write(text::word(KINDS, b' ', kind.into()));
        out.write(b" ");
    }
    match find(body, INFO, DESTINATION) {
        None => out.write(b"default"),
        Some(bytes) => {
            internet::write(bytes, out);
            if usize::from(length) != 8 * bytes.len() {
                out.write(b"/");
                length.write(out);
            }
        }
    }
    if let Some(gateway) = find(body, INFO, GATEWAY) {
        out.write(b" via ");
        internet::write(gateway, out);
    }
    let device = |index: u32, out: &mut Output| {
        out.write(b" dev ");
        out.write(&bytes::printable(&link::name_of(links, index)));
    };
    if let Some(index) = find(body, INFO, INTERFACE) {
        device(u32_at(index, 0), out);
    }
    if with_table && table(body) != MAIN.into() {
        out.write(b" table ");
        match table(body) {
            LOCAL => out.write(b"local"),
            number => number.write(out),
        }
    }
    match scope {
        LINK => out.write(b" scope link"),
        HOST => out.write(b" scope host"),
        _ => {}
    }
    if let Some(source) = find(body, INFO, SOURCE) {
        out.write(b" src ");
        internet::write(source, out);
    }
    if let Some(metric) = find(body, INFO, METRIC) {
        out.write(b" metric ");
        u32_at(metric, 0).write(out);
    }
    for hop in next_hops(body) {
        out.write(b"\n\tnexthop");
        if let Some(gateway) = find(hop, HOP, GATEWAY) {
            out.write(b" via ");
            internet::write(gateway, out);
        }
        device(u32_at(hop, 4), out);
        out.write(b" weight ");
        (u32::from(hop.get(3).copied().unwrap_or_default()) + 1).write(out);
    }
    out.write(b"\n");
}
