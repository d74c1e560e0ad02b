//! Addresses of the internet's protocols, as text and in the order of the network.

use alloc::vec::Vec;

use nestling::text::{self, Sink, Text, next_field};

use crate::common::columns::hexadecimal;

pub const INET: u8 = 2;
pub const INET6: u8 = 10;

/// An address with the number of bits of its network.
#[derive(Clone)]
pub struct Prefix {
    pub family: u8,
    /// 4 or 16 bytes.
    pub bytes: Vec<u8>,
    pub length: u8,
}

impl Prefix {
    /// Reads `192.0.2.1/24` or `2001:db8::1/64`. Without a length, it is all bits of the address.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut rest = text;
        let address = next_field(&mut rest, b'/');
        let (family, bytes) = match text::contains(address, b':') {
            true => (INET6, parse_6(address)?),
            false => (INET, parse_4(address)?),
        };
        let most = bytes.len() as u64 * 8;
        let length = match text::contains(text, b'/') {
            true => text::number(rest, 10).filter(|length| *length <= most)?,
            false => most,
        };
        Some(Self {
            family,
            bytes,
            length: length as u8,
        })
    }

    /// The last address of the network, to which all its machines listen.
    pub fn broadcast(&self) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        for (index, byte) in bytes.iter_mut().enumerate() {
            let fixed = usize::from(self.length).saturating_sub(8 * index).min(8);
            *byte |= 0xffu16.wrapping_shr(fixed as u32) as u8;
        }
        bytes
    }
}

fn parse_4(text: &[u8]) -> Option<Vec<u8>> {
    let part = |part: &[u8]| text::number(part, 10).and_then(|it| u8::try_from(it).ok());
    let bytes: Option<Vec<u8>> = text.split(|&byte| byte == b'.').map(part).collect();
    bytes.filter(|bytes| bytes.len() == 4)
}

/// Reads groups of four hexadecimal digits, of which `::` stands for as many zeros as are missing. An IPv4 address may be the end.
fn parse_6(text: &[u8]) -> Option<Vec<u8>> {
    let gap = text.windows(2).position(|it| it == b"::");
    let groups = |text: &[u8]| -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for group in text
            .split(|&byte| byte == b':')
            .filter(|_| !text.is_empty())
        {
            if text::contains(group, b'.') {
                bytes.extend(parse_4(group)?);
            } else {
                let number = text::number(group, 16).and_then(|it| u16::try_from(it).ok())?;
                bytes.extend(number.to_be_bytes());
            }
        }
        Some(bytes)
    };
    let mut bytes = groups(text.get(..gap.unwrap_or(text.len()))?)?;
    if let Some(gap) = gap {
        let end = groups(text.get(gap + 2..)?)?;
        bytes.resize(
            16usize
                .checked_sub(end.len())
                .filter(|it| *it > bytes.len())?,
            0,
        );
        bytes.extend(end);
    }
    Some(bytes).filter(|bytes| bytes.len() == 16)
}

/// Writes an address of 4 or 16 bytes.
pub fn write(bytes: &[u8], out: &mut impl Sink) {
    if bytes.len() != 16 {
        for (index, byte) in bytes.iter().enumerate() {
            out.put(if index > 0 { b"." } else { b"" });
            byte.write(out);
        }
        return;
    }
    let mut groups = [0; 8];
    for (group, pair) in groups.iter_mut().zip(bytes.chunks(2)) {
        *group = pair.iter().fold(0, |all, &byte| all << 8 | u32::from(byte));
    }
    // The first of the longest rows of zeros becomes `::`, if it has at least two groups (RFC 5952).
    let (mut gap, mut most) = (8, 1);
    for start in 0..8 {
        let zeros = groups.iter().skip(start).take_while(|it| **it == 0).count();
        if zeros > most {
            (gap, most) = (start, zeros);
        }
    }
    for (index, &group) in groups.iter().enumerate() {
        if index == gap {
            out.put(b"::");
        } else if index < gap || index >= gap + most {
            if index > 0 && index != gap + most {
                out.put(b":");
            }
            hexadecimal(group, 1, out);
        }
    }
}
