//! The extended attributes of a file that is copied (`xattr(7)`), among them access control lists and capabilities.

use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::sys::xattr::{fgetxattr, flistxattr, fsetxattr, lgetxattr, llistxattr, lsetxattr};
use nestling::{BorrowedFd, Errno};

use super::paths::c_str;

const ACCESS_LIST: &CStr = c"system.posix_acl_access";

/// A file, whose attributes are read or set. A path is that of a file that cannot be opened, or is a directory.
#[derive(Clone, Copy)]
pub enum File<'a> {
    Open(BorrowedFd<'a>),
    Path(&'a CStr),
}

impl File<'_> {
    fn list(self, names: &mut [u8]) -> Result<usize, Errno> {
        match self {
            Self::Open(fd) => flistxattr(fd, names),
            Self::Path(path) => llistxattr(path, names),
        }
    }

    fn get(self, name: &CStr, value: &mut [u8]) -> Result<usize, Errno> {
        match self {
            Self::Open(fd) => fgetxattr(fd, name, value),
            Self::Path(path) => lgetxattr(path, name, value),
        }
    }

    fn set(self, name: &CStr, value: &[u8]) -> Result<(), Errno> {
        match self {
            Self::Open(fd) => fsetxattr(fd, name, value),
            Self::Path(path) => lsetxattr(path, name, value),
        }
    }
}

/// Attributes with their values.
pub struct Attributes(Vec<(Vec<u8>, Vec<u8>)>);

impl Attributes {
    /// Reads all attributes of a file. A file system without attributes has none.
    pub fn of(file: File<'_>) -> Result<Self, Errno> {
        let names = match content(&mut |names| file.list(names)) {
            Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => Vec::new(),
            names => names?,
        };
        let mut attributes = Vec::new();
        for name in names.split_inclusive(|&byte| byte == 0) {
            match content(&mut |value| file.get(c_str(name), value)) {
                // The attribute was removed meanwhile, or only others may read it.
                Err(Errno::ENODATA | Errno::EOPNOTSUPP | Errno::EPERM | Errno::EACCES) => {}
                value => attributes.push((name.to_vec(), value?)),
            }
        }
        Ok(Self(attributes))
    }

    /// The mode of a file without its access control list. With the list, the bits of the group are those that the list allows to
    /// anybody in it; without it, the group must not get more than the list gives to the group.
    pub fn mode_without_list(&self, mode: u32) -> u32 {
        let list = self.0.iter().find(|it| c_str(&it.0) == ACCESS_LIST);
        let group = list.and_then(|(_, value)| rights_of_group(value));
        match group {
            Some(rights) => mode & !0o070 | mode & (rights << 3),
            None => mode,
        }
    }

    /// Gives a file the attributes. It does not get those that its file system cannot store, or that only others may set.
    pub fn set(&self, file: File<'_>) -> Result<(), Errno> {
        for (name, value) in &self.0 {
            match file.set(c_str(name), value) {
                Err(Errno::EOPNOTSUPP | Errno::EPERM | Errno::EACCES | Errno::EINVAL) => {}
                outcome => outcome?,
            }
        }
        Ok(())
    }
}

/// Reads what has any length: `read` returns the length for an empty buffer.
fn content(read: &mut dyn FnMut(&mut [u8]) -> Result<usize, Errno>) -> Result<Vec<u8>, Errno> {
    loop {
        let mut buffer = alloc::vec![0; read(&mut [])?];
        if buffer.is_empty() {
            return Ok(buffer);
        }
        match read(&mut buffer) {
            // It has grown meanwhile.
            Err(Errno::ERANGE) => {}
            length => {
                buffer.truncate(length?);
                return Ok(buffer);
            }
        }
    }
}

/// The rights of the file's group in an access control list: after a version of four bytes, the list has eight bytes for each
/// entry, which begin with a tag and the rights.
fn rights_of_group(list: &[u8]) -> Option<u32> {
    const GROUP_OBJ: [u8; 2] = [4, 0];
    let mut entries = list.get(4..)?.chunks_exact(8);
    let entry = entries.find(|it| it.starts_with(&GROUP_OBJ))?;
    entry.get(2).map(|&rights| u32::from(rights & 7))
}
