//! `id [-u|-g|-G] [-nr] [user]`: writes the ids of a user and of the user's groups (XCU 3, `id`).

use alloc::vec::Vec;

use nestling::Errno;
use nestling::applet::{Applet, Call};
use nestling::sys::credentials::{getegid, geteuid, getgid, getgroups, getuid};
use nestling::text::{self, Text, next_field};
use nestling::users::{Group, User};

use crate::common::input;
use crate::common::names::{self, Kind, Names};
use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"id",
    synopsis: "[-u|-g|-G] [-nr] [user]",
    run,
};

struct Ids {
    uid: u32,
    gid: u32,
    euid: u32,
    egid: u32,
    /// The group comes first, then the supplementary groups.
    groups: Vec<u32>,
}

fn run(call: &Call<'_>) -> i32 {
    id(call).unwrap_or_else(|status| status)
}

fn id(call: &Call<'_>) -> Result<i32, i32> {
    let (mut only, mut named, mut real) = (None, false, false);
    let mut options = call.options("ugGnr");
    while let Some(letter) = options.next()? {
        match letter {
            b'n' => named = true,
            b'r' => real = true,
            letter if only.is_some_and(|only| only != letter) => {
                return Err(call.misused(b"", "only one of -u, -g and -G is possible"));
            }
            letter => only = Some(letter),
        }
    }
    if only.is_none() && (named || real) {
        return Err(call.misused(b"", "-n and -r need -u, -g or -G"));
    }
    let mut operands = options.operands();
    let ids = match operands.next() {
        Some(user) => of_user(user.to_bytes())
            .ok_or_else(|| call.complain(user.to_bytes(), "no such user"))?,
        None => own().map_err(|errno| call.fail(c"ids", errno))?,
    };
    if let Some(extra) = operands.next() {
        return Err(call.misused(extra.to_bytes(), "one user is enough"));
    }
    let (mut users, mut groups) = (Names::new(Kind::User), Names::new(Kind::Group));
    let mut out = Output::new();
    let mut put = |names: &mut Names, id: u32, before: &str| {
        before.write(&mut out);
        match (only, names.name(id)) {
            (Some(_), name) if named => out.write(name),
            (Some(_), _) => id.write(&mut out),
            (None, name) => {
                id.write(&mut out);
                // Without a name, `Names` has the number.
                if text::number(name, 10) != Some(id.into()) {
                    out.write(b"(");
                    out.write(name);
                    out.write(b")");
                }
            }
        }
    };
    match only {
        Some(b'u') => put(&mut users, if real { ids.uid } else { ids.euid }, ""),
        Some(b'g') => put(&mut groups, if real { ids.gid } else { ids.egid }, ""),
        Some(_) => {}
        None => {
            put(&mut users, ids.uid, "uid=");
            put(&mut groups, ids.gid, " gid=");
            if ids.euid != ids.uid {
                put(&mut users, ids.euid, " euid=");
            }
            if ids.egid != ids.gid {
                put(&mut groups, ids.egid, " egid=");
            }
        }
    }
    if matches!(only, None | Some(b'G')) {
        for (index, &group) in ids.groups.iter().enumerate() {
            let before = match (index, only) {
                (0, None) => " groups=",
                (0, Some(_)) => "",
                (_, None) => ",",
                (_, Some(_)) => " ",
            };
            put(&mut groups, group, before);
        }
    }
    out.write(b"\n");
    Ok(out.finish(call, 0, 1))
}

fn own() -> Result<Ids, Errno> {
    let mut ids = Ids {
        uid: getuid()?,
        gid: getgid()?,
        euid: geteuid()?,
        egid: getegid()?,
        groups: Vec::new(),
    };
    let mut supplementary = alloc::vec![0; 65536];
    let count = getgroups(&mut supplementary)?;
    ids.groups.push(ids.egid);
    for &group in supplementary.get(..count).unwrap_or_default() {
        if !ids.groups.contains(&group) {
            ids.groups.push(group);
        }
    }
    Ok(ids)
}

fn of_user(name: &[u8]) -> Option<Ids> {
    let uid = names::id(Kind::User, name)?;
    let users = input::whole(c"/etc/passwd").ok()?;
    let mut rest = &*users;
    let user = loop {
        if rest.is_empty() {
            return None;
        }
        let user = User::parse(next_field(&mut rest, b'\n'));
        if let Some(user) = user.filter(|user| user.uid == uid) {
            break user;
        }
    };
    let mut groups = alloc::vec![user.gid];
    let content = input::whole(c"/etc/group").unwrap_or_default();
    let mut rest = &*content;
    while !rest.is_empty() {
        if let Some(group) = Group::parse(next_field(&mut rest, b'\n'))
            && group.has_member(user.name)
            && !groups.contains(&group.gid)
        {
            groups.push(group.gid);
        }
    }
    Some(Ids {
        uid,
        gid: user.gid,
        euid: uid,
        egid: user.gid,
        groups,
    })
}
