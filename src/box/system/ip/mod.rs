//! `ip [-46] link|address|route ...`: shows and changes network interfaces, their addresses, and routes, by the words of iproute2's and
//! busybox's `ip`. Each word may be shortened.

mod address;
mod internet;
mod link;
mod netlink;
mod route;

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::{Args, Errno, text};

use internet::{INET, INET6, Prefix};

pub const APPLET: Applet = Applet {
    name: c"ip",
    synopsis: "[-46] link [show|add|delete|set] | address [show|add|delete|flush] | route [show|add|replace|delete]",
    run: |call| ip(call).unwrap_or_else(|status| status),
};

fn ip(call: &Call<'_>) -> Result<i32, i32> {
    let mut family = 0;
    let mut options = call.options("+46");
    while let Some(letter) = options.next()? {
        family = if letter == b'4' { INET } else { INET6 };
    }
    let words = &mut Words {
        call,
        rest: options.command(),
    };
    match words.choice("address link route")? {
        0 => address::run(words, family),
        1 => link::run(words),
        _ => route::run(words, family),
    }
}

/// The arguments that have not been read.
struct Words<'a> {
    call: &'a Call<'a>,
    rest: Args<'a>,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a CStr> {
        let first = self.rest.first();
        self.rest = self.rest.skip(1);
        first
    }

    /// Returns the next word, which must be there.
    fn value(&mut self) -> Result<&'a CStr, i32> {
        let value = self.next();
        value.ok_or_else(|| self.call.misused(b"", "the arguments end too early"))
    }

    /// Returns the index of the first word of a list that begins with the next argument.
    fn choice(&mut self, list: &'static str) -> Result<usize, i32> {
        let word = self.value()?.to_bytes();
        let mut index = 0;
        loop {
            match text::word(list, b' ', index) {
                b"" => return Err(self.call.misused(word, "unknown word")),
                one if !word.is_empty() && one.starts_with(word) => return Ok(index),
                _ => index += 1,
            }
        }
    }

    /// The next word as an address.
    fn prefix(&mut self) -> Result<Prefix, i32> {
        let word = self.value()?.to_bytes();
        Prefix::parse(word).ok_or_else(|| self.call.complain(word, "not an address"))
    }

    /// The next word as a number.
    fn number(&mut self) -> Result<u32, i32> {
        let word = self.value()?.to_bytes();
        let number = text::number(word, 10).and_then(|it| u32::try_from(it).ok());
        number.ok_or_else(|| self.call.complain(word, "not a number"))
    }

    /// The next word as the index of an interface.
    fn interface(&mut self) -> Result<u32, i32> {
        let name = self.value()?;
        let links = link::all().map_err(|errno| self.failed(c"links", errno))?;
        let found = links.iter().find(|it| it.name == name.to_bytes());
        let index = found.map(|it| it.index);
        index.ok_or_else(|| self.failed(name, Errno::ENODEV))
    }

    /// Reports what the kernel refused. Returns the exit status of iproute2's `ip`.
    fn failed(&self, what: &CStr, errno: Errno) -> i32 {
        self.call.fail(what, errno);
        match errno {
            Errno::ENODEV => 1,
            _ => 2,
        }
    }
}
