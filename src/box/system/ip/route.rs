//! `ip route [show]`, `add|replace|delete default|NETWORK/LENGTH [via ADDRESS] [dev DEVICE] [src ADDRESS] [metric N]`.

use alloc::vec::Vec;

use nestling::text::Text;

use super::Words;
use super::internet::{self, INET, INET6, Prefix};
use super::link;
use super::netlink::{self, CREATE, EXCL, REPLACE, Request, find, u32_at};
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

const MAIN: u8 = 254;
/// The protocol of routes that were added by hand.
const BOOT: u8 = 3;
const UNIVERSE: u8 = 0;
const LINK: u8 = 253;
const HOST: u8 = 254;
const NOWHERE: u8 = 255;
const UNICAST: u8 = 1;

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

fn show(words: &Words<'_>, family: u8) -> Result<i32, i32> {
    let links = link::all().map_err(|errno| words.failed(c"links", errno))?;
    let family = if family == 0 { INET } else { family };
    let mut out = Output::new();
    let mut info = [0; INFO];
    info[0] = family;
    let outcome = Request::new(netlink::GETROUTE, 0, &info).list(&mut |body| {
        if let &[of, length, _, _, MAIN, _, scope, UNICAST, ..] = body
            && of == family
        {
            write(body, length, scope, &links, &mut out);
        }
    });
    outcome.map_err(|errno| words.failed(c"routes", errno))?;
    Ok(out.finish(words.call, 0, 1))
}

fn write(body: &[u8], length: u8, scope: u8, links: &[link::Link], out: &mut Output) {
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
    if let Some(index) = find(body, INFO, INTERFACE) {
        out.write(b" dev ");
        out.write(&link::name_of(links, u32_at(index, 0)));
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
    out.write(b"\n");
}
