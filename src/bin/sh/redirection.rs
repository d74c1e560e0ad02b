//! Redirection: XCU 2.7.
//!
//! The words of a redirection are expanded first. The result is an [`Effect`]. Then either this process performs it, or the child
//! of a spawn does, as an action.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::rt::descriptors;
use nestling::spawn::Action;
use nestling::{AsFd, Errno, FileType, OFlags, OwnedFd, RawFd, io, sys};

use crate::expansion;
use crate::options::Opt;
use crate::shell::{Divert, Shell, number, text};
use nestling_shell::syntax::tree::{Redirection, RedirectionKind};

/// The effect of a redirection.
#[derive(Debug)]
pub enum Effect {
    Open {
        fd: RawFd,
        path: CString,
        flags: OFlags,
    },
    /// A here-document, or the error from making it.
    Document {
        fd: RawFd,
        text: Result<OwnedFd, Errno>,
    },
    Duplicate {
        from: RawFd,
        to: RawFd,
    },
    Close(RawFd),
    /// An error: in `n>&word` or `n<&word`, the word is not a number. The fields are `n` and the word.
    NoNumber(RawFd, Vec<u8>),
}

/// The reason why a redirection failed. It was reported.
#[derive(Debug)]
pub enum Failed {
    /// The redirection itself failed: the command fails with the status 1 (XCU 2.8.1).
    Redirection,
    /// The expansion of its words failed.
    Expansion(Divert),
}

impl Effect {
    fn fd(&self) -> RawFd {
        match *self {
            Self::Open { fd, .. }
            | Self::Document { fd, .. }
            | Self::Close(fd)
            | Self::NoNumber(fd, _) => fd,
            Self::Duplicate { to, .. } => to,
        }
    }

    /// Returns the action for the child of a spawn, or `None` if the effect is an error.
    pub fn action(&self) -> Option<Action<'_>> {
        Some(match *self {
            Self::Open {
                fd,
                ref path,
                flags,
            } => Action::Redirect {
                fd,
                path,
                flags,
                mode: 0o666,
            },
            Self::Document { fd, ref text } => Action::Dup2 {
                from: text.as_ref().ok()?.as_raw_fd(),
                to: fd,
            },
            Self::Duplicate { from, to } => Action::Dup2 { from, to },
            Self::Close(fd) => Action::Close(fd),
            Self::NoNumber(..) => return None,
        })
    }

    /// Must be called if a child has performed this effect and another child is to perform it again: the file that it created now
    /// exists.
    pub fn was_done(&mut self) {
        if let Self::Open { flags, .. } = self {
            *flags = OFlags::from_bits(flags.bits() & !OFlags::EXCL.bits());
        }
    }

    /// Performs the effect in this process.
    pub fn carry_out(&self) -> Result<(), Errno> {
        match *self {
            Self::Open {
                fd,
                ref path,
                flags,
            } => {
                let opened = match open(path, flags) {
                    Err(Errno::EEXIST) => open_no_regular(path),
                    answer => answer,
                };
                descriptors::give(fd, opened?)
            }
            Self::Document { fd, ref text } => {
                descriptors::assign(fd, text.as_ref().map_err(|&errno| errno)?.as_fd())
            }
            Self::Duplicate { from, to } => descriptors::copy(from, to),
            Self::Close(fd) => descriptors::close(fd),
            Self::NoNumber(..) => Err(Errno::EBADF),
        }
    }
}

fn open(path: &CStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    loop {
        match sys::fd::open(path, flags | OFlags::CLOEXEC, 0o666) {
            Err(Errno::EINTR) => {}
            answer => return answer,
        }
    }
}

/// With `set -C`, opens an existing file that is not a regular file. The file is checked again after it is opened, because it may
/// have changed since the first check.
fn open_no_regular(path: &CStr) -> Result<OwnedFd, Errno> {
    if sys::file::stat(path).is_ok_and(|stat| !stat.is_file()) {
        let opened = open(path, OFlags::WRONLY)?;
        if !sys::file::fstat(opened.as_fd())?.is_file() {
            return Ok(opened);
        }
    }
    Err(Errno::EEXIST)
}

/// Expands the words of redirections and returns their effects.
pub fn effects(shell: &mut Shell, redirections: &[Redirection]) -> Result<Vec<Effect>, Divert> {
    let mut effects = Vec::with_capacity(redirections.len());
    for redirection in redirections {
        let [effect, second] = evaluate(shell, redirection)?;
        effects.extend(effect);
        effects.extend(second);
    }
    Ok(effects)
}

/// Whether a spawn can perform these effects. It cannot if one is known to fail. It cannot if one opens a FIFO, because that may
/// wait for the FIFO's other end (`fifo(7)`) and would keep the shell waiting, too. It cannot if one opens an existing file with
/// `set -C`. `assigned` are the descriptors that will already be open in the child.
pub fn need_no_wait(effects: &[Effect], assigned: [Option<RawFd>; 2]) -> bool {
    effects
        .iter()
        .enumerate()
        .all(|(index, effect)| match effect {
            Effect::Open { path, flags, .. } => !sys::file::stat(path).is_ok_and(|stat| {
                stat.file_type() == FileType::Fifo || flags.contains(OFlags::EXCL)
            }),
            &Effect::Duplicate { from, .. } => {
                let before = effects.get(..index).unwrap_or_default();
                match before.iter().rev().find(|earlier| earlier.fd() == from) {
                    Some(Effect::Close(_)) => false,
                    Some(_) => true,
                    None => assigned.contains(&Some(from)) || descriptors::of_user(from).is_ok(),
                }
            }
            Effect::Document { text, .. } => text.is_ok(),
            Effect::Close(_) => true,
            Effect::NoNumber(..) => false,
        })
}

/// Performs effects in this process permanently. Reports the first one that fails and returns false.
pub fn carry_out_all(shell: &mut Shell, effects: &[Effect]) -> bool {
    effects.iter().all(|effect| {
        let done = effect.carry_out();
        if let Err(errno) = done {
            complain(shell, effect, errno);
        }
        done.is_ok()
    })
}

/// The least number that `{name}>file` assigns to a descriptor.
const FIRST_FREE: RawFd = 10;

/// Expands a redirection. It has one effect, or up to two for [`RedirectionKind::Both`].
fn evaluate(shell: &mut Shell, redirection: &Redirection) -> Result<[Option<Effect>; 2], Divert> {
    let Some(variable) = redirection.variable else {
        return evaluate_for(shell, redirection, redirection.fd);
    };
    // `{name}>file` is performed immediately and permanently.
    let mut numbers = FIRST_FREE..;
    let free = numbers.find(|&fd| sys::fd::cloexec(fd) == Err(Errno::EBADF));
    let mut effects = evaluate_for(shell, redirection, free.unwrap_or(-1))?;
    let value = if let [Some(Effect::Close(fd)), _] = &mut effects {
        let value = shell.variables.get(variable).unwrap_or_default();
        let number = nestling::text::number(value, 10);
        *fd = number.and_then(|fd| RawFd::try_from(fd).ok()).unwrap_or(-1);
        None
    } else {
        free
    };
    if effects
        .iter()
        .flatten()
        .any(|effect| effect.carry_out().is_err())
    {
        // The effect will fail again when it is performed, and will then be reported.
        return Ok(effects);
    }
    if let Some(fd) = value {
        shell.assign(variable, &number(fd.into()))?;
    }
    Ok([None, None])
}

fn evaluate_for(
    shell: &mut Shell,
    redirection: &Redirection,
    fd: RawFd,
) -> Result<[Option<Effect>; 2], Divert> {
    let create = OFlags::WRONLY | OFlags::CREAT;
    let truncate = create | OFlags::TRUNC;
    let one = |effect| Ok([Some(effect), None]);
    let (word, flags) = match &redirection.kind {
        RedirectionKind::Read(word) => (word, OFlags::RDONLY),
        RedirectionKind::Write(word) => (word, truncate),
        RedirectionKind::Clobber(word) => (word, truncate),
        RedirectionKind::Append(word) => (word, create | OFlags::APPEND),
        RedirectionKind::ReadWrite(word) => (word, OFlags::RDWR | OFlags::CREAT),
        RedirectionKind::Duplicate(word) => {
            let target = expansion::single(shell, word)?;
            return one(duplication(fd, &target).unwrap_or(Effect::NoNumber(fd, target)));
        }
        RedirectionKind::Both(is_file, word) => {
            let target = expansion::single(shell, word)?;
            let duplication = duplication(fd, &target);
            return match duplication.filter(|_| !is_file) {
                Some(effect) => one(effect),
                None if target.is_empty() && !is_file => one(Effect::NoNumber(fd, target)),
                None => Ok([
                    Some(file(shell, fd, target, truncate, true)),
                    Some(Effect::Duplicate { from: fd, to: 2 }),
                ]),
            };
        }
        RedirectionKind::HereDocument(cell) => {
            let text = match cell.get() {
                Some(word) => expansion::single(shell, word)?,
                None => Vec::new(),
            };
            return one(document(fd, &text));
        }
        RedirectionKind::HereString(word) => {
            let mut text = expansion::single(shell, word)?;
            text.push(b'\n');
            return one(document(fd, &text));
        }
    };
    let path = expansion::single(shell, word)?;
    let keeps = matches!(redirection.kind, RedirectionKind::Write(_));
    one(file(shell, fd, path, flags, keeps))
}

/// Returns the effect of `>&` or `<&` with a number or `-`, or `None` for another word.
fn duplication(fd: RawFd, target: &[u8]) -> Option<Effect> {
    if target == b"-" {
        return Some(Effect::Close(fd));
    }
    let from = nestling::text::number(target, 10).and_then(|from| RawFd::try_from(from).ok())?;
    Some(Effect::Duplicate { from, to: fd })
}

/// Opens a file. With `keeps` and `set -C`, an existing file is not overwritten.
fn file(shell: &Shell, fd: RawFd, path: Vec<u8>, flags: OFlags, keeps: bool) -> Effect {
    // The call does not fail: strings of the shell have no null bytes.
    let path = CString::new(path).unwrap_or_default();
    let flags = match keeps && shell.options.has(Opt::Noclobber) {
        true => OFlags::WRONLY | OFlags::CREAT | OFlags::EXCL,
        false => flags,
    };
    Effect::Open { fd, path, flags }
}

/// Makes a descriptor from which the text of a here-document can be read. It is a pipe if the text fits in any pipe, else a file in
/// memory.
fn document(fd: RawFd, text: &[u8]) -> Effect {
    const FITS: usize = 4096;
    let made = if text.len() <= FITS {
        sys::fd::pipe2(OFlags::CLOEXEC).and_then(|(read_end, write_end)| {
            io::write_all(write_end.as_fd(), text)?;
            Ok(read_end)
        })
    } else {
        sys::fd::memfd_create(c"here-document").and_then(|file| {
            io::write_all(file.as_fd(), text)?;
            sys::fd::lseek(file.as_fd(), nestling::SeekFrom::Start(0))?;
            Ok(file)
        })
    };
    let text = made.and_then(descriptors::private);
    Effect::Document { fd, text }
}

/// Reports an effect that failed.
fn complain(shell: &mut Shell, effect: &Effect, errno: Errno) {
    match effect {
        Effect::Open { path, flags, .. } if flags.contains(OFlags::EXCL) => {
            shell.complain(text!("cannot create ", &**path, ": ", errno));
        }
        Effect::Open { path, flags, .. } => {
            let purpose = match flags.bits() & 3 {
                0 => "reading",
                1 => "writing",
                _ => "reading and writing",
            };
            shell.complain(text!(
                "cannot open ",
                &**path,
                " for ",
                purpose,
                ": ",
                errno
            ));
        }
        Effect::Duplicate { from, to } => shell.complain(text!(
            "cannot duplicate descriptor ",
            *from,
            " to ",
            *to,
            ": ",
            errno
        )),
        Effect::Document { .. } => shell.complain(text!("here-document: ", errno)),
        Effect::Close(fd) => shell.complain(text!("cannot close descriptor ", *fd, ": ", errno)),
        Effect::NoNumber(_, text) => {
            shell.complain(text!(&text[..], ": not a file descriptor"));
        }
    }
}

/// The number of saved descriptors ([`Shell::saved`]) before redirections, for [`restore`].
#[derive(Debug)]
pub struct Saved(usize);

/// Performs redirections in this process. If one fails, undoes those before it.
pub fn apply(shell: &mut Shell, redirections: &[Redirection]) -> Result<Saved, Failed> {
    let saved = Saved(shell.saved.len());
    if redirections.is_empty() {
        return Ok(saved);
    }
    shell.output.flush();
    for redirection in redirections {
        let effect = evaluate(shell, redirection).map_err(Failed::Expansion);
        let answer = effect.and_then(|effects| {
            let mut effects = effects.iter().flatten();
            effects.try_for_each(|effect| apply_one(shell, effect, &saved))
        });
        if let Err(failed) = answer {
            restore(shell, saved);
            return Err(failed);
        }
    }
    Ok(saved)
}

/// Like [`apply`], for redirections that are already expanded.
pub fn apply_effects(shell: &mut Shell, effects: &[Effect]) -> Result<Saved, Failed> {
    let saved = Saved(shell.saved.len());
    for effect in effects {
        if let Err(failed) = apply_one(shell, effect, &saved) {
            restore(shell, saved);
            return Err(failed);
        }
    }
    Ok(saved)
}

fn apply_one(shell: &mut Shell, effect: &Effect, saved: &Saved) -> Result<(), Failed> {
    let fd = effect.fd();
    let mut answer = Ok(());
    let mut since = shell.saved.iter().skip(saved.0);
    if !since.any(|&(other, _)| other == fd) {
        answer = descriptors::save(fd).map(|former| shell.saved.push((fd, former)));
    }
    if let Err(errno) = answer.and_then(|()| effect.carry_out()) {
        complain(shell, effect, errno);
        return Err(Failed::Redirection);
    }
    Ok(())
}

pub fn restore(shell: &mut Shell, saved: Saved) {
    if shell.saved.len() > saved.0 {
        shell.output.flush();
    }
    while shell.saved.len() > saved.0
        && let Some((fd, former)) = shell.saved.pop()
    {
        // The error is ignored. Restoring should not fail, because this state was possible before.
        let _ = descriptors::restore(fd, former);
    }
}

impl Saved {
    /// Makes the redirections permanent, for `exec`.
    pub fn keep(self, shell: &mut Shell) {
        shell.saved.truncate(self.0);
    }
}
