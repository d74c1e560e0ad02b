//! Users and groups: the lines of `/etc/passwd` (`passwd(5)`) and of `/etc/group` (`group(5)`).
//!
//! This module does not use a name service. To look up a user or a group, compare its name or id with each line.

use crate::text::{next_field, number};

/// A user: a line of `/etc/passwd`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[doc(alias("getpwnam", "passwd"))]
pub struct User<'a> {
    /// The login name.
    pub name: &'a [u8],
    /// The user id.
    pub uid: u32,
    /// The id of the user's group.
    pub gid: u32,
    /// The home directory.
    pub home: &'a [u8],
    /// The program that a login starts. If it is empty, a login starts `/bin/sh`.
    pub shell: &'a [u8],
}

impl<'a> User<'a> {
    /// Reads a line without its newline. Returns `None` if the line does not name a user by a name and two numeric ids. In
    /// particular, the lines of the old NIS format (`+::0:0:::`) do not name a user.
    ///
    /// ```
    /// use nestling::users::User;
    /// let user = User::parse(b"www:x:33:34::/srv:").unwrap();
    /// assert_eq!((user.name, user.uid, user.gid, user.home), (&b"www"[..], 33, 34, &b"/srv"[..]));
    /// assert_eq!(User::parse(b"+::0:0:::"), None);
    /// assert_eq!(User::parse(b"www:x:"), None);
    /// ```
    #[must_use]
    pub fn parse(mut line: &'a [u8]) -> Option<Self> {
        let [name, _, uid, gid, _, home, shell] = [(); 7].map(|()| next_field(&mut line, b':'));
        Some(Self {
            name: plain(name)?,
            uid: id(uid)?,
            gid: id(gid)?,
            home,
            shell,
        })
    }
}

/// A group: a line of `/etc/group`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[doc(alias = "getgrnam")]
pub struct Group<'a> {
    /// The name.
    pub name: &'a [u8],
    /// The group id.
    pub gid: u32,
    /// The names of the members, with commas between them.
    pub members: &'a [u8],
}

impl<'a> Group<'a> {
    /// Reads a line without its newline. Returns `None` if the line does not name a group by a name and a numeric id.
    ///
    /// ```
    /// use nestling::users::Group;
    /// let group = Group::parse(b"audio:x:29:ann,bob").unwrap();
    /// assert_eq!((group.name, group.gid), (&b"audio"[..], 29));
    /// assert!(group.has_member(b"bob") && !group.has_member(b"an"));
    /// ```
    #[must_use]
    pub fn parse(mut line: &'a [u8]) -> Option<Self> {
        let [name, _, gid, members] = [(); 4].map(|()| next_field(&mut line, b':'));
        Some(Self {
            name: plain(name)?,
            gid: id(gid)?,
            members,
        })
    }

    /// Returns whether the group lists the user with this name as a member.
    #[must_use]
    pub fn has_member(&self, user: &[u8]) -> bool {
        let mut members = self.members;
        while !members.is_empty() {
            if next_field(&mut members, b',') == user {
                return !user.is_empty();
            }
        }
        false
    }
}

/// A name that is neither empty nor an entry of NIS.
fn plain(name: &[u8]) -> Option<&[u8]> {
    match name {
        [] | [b'+' | b'-', ..] => None,
        name => Some(name),
    }
}

/// Parses an id. `u32::MAX` is not an id: for the system calls, it means "leave unchanged".
fn id(digits: &[u8]) -> Option<u32> {
    let id = u32::try_from(number(digits, 10)?).ok()?;
    (id != u32::MAX).then_some(id)
}
