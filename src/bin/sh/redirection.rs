//! Redirection: XCU 2.7.
//!
//! A redirection is worked out first, to an [`Effect`] whose words are expanded; then either this process carries it out, or the
//! child of a spawn does, as an action.

use alloc::ffi::CString;
use alloc::vec::Vec;

use nestling::rt::descriptors;
use nestling::spawn::Action;
use nestling::{AsFd, Errno, OFlags, OwnedFd, RawFd, io, sys};

use crate::expansion;
use crate::options::Opt;
use crate::output::Output;
use crate::shell::{Divert, Shell, text};
use crate::syntax::tree::{Redirection, RedirectionKind, Word};

/// What a redirection does.
#[derive(Debug)]
pub enum Effect {
    Open {
        fd: RawFd,
        path: CString,
        flags: OFlags,
    },
    /// A here-document.
    Document {
        fd: RawFd,
        text: OwnedFd,
    },
    Duplicate {
        from: RawFd,
        to: RawFd,
    },
    Close(RawFd),
}

/// A redirection was not possible, which is reported.
#[derive(Debug)]
pub enum Failed {
    /// It failed: the command fails with this status 1 (XCU 2.8.1).
    Redirection,
    /// What its words expand to failed.
    Expansion(Divert),
}

impl Effect {
    fn fd(&self) -> RawFd {
        match *self {
            Self::Open { fd, .. } | Self::Document { fd, .. } | Self::Close(fd) => fd,
            Self::Duplicate { to, .. } => to,
        }
    }

    /// What a spawn's child is to do.
    pub fn action(&self) -> Action<'_> {
        match *self {
            Self::Open {
                fd,
                ref path,
                flags,
            } => Action::Open {
                fd,
                path,
                flags,
                mode: 0o666,
            },
            Self::Document { fd, ref text } => Action::Dup2 {
                from: text.as_raw_fd(),
                to: fd,
            },
            Self::Duplicate { from, to } => Action::Dup2 { from, to },
            Self::Close(fd) => Action::Close(fd),
        }
    }

    /// Whether opening it may wait for somebody else (`fifo(7)`): a spawn would keep the shell waiting too.
    pub fn may_wait(&self) -> bool {
        const FIFO: nestling::FileType = nestling::FileType::Fifo;
        matches!(self, Self::Open { path, .. } if sys::file::stat(path).is_ok_and(|stat| stat.file_type() == FIFO))
    }

    /// Has this process carry it out.
    pub fn carry_out(&self) -> Result<(), Errno> {
        match *self {
            Self::Open {
                fd,
                ref path,
                flags,
            } => {
                let opened = loop {
                    match sys::fd::open(path, flags | OFlags::CLOEXEC, 0o666) {
                        Err(Errno::EINTR) => {}
                        answer => break answer?,
                    }
                };
                descriptors::give(fd, opened)
            }
            Self::Document { fd, ref text } => descriptors::assign(fd, text.as_fd()),
            Self::Duplicate { from, to } => descriptors::copy(from, to),
            Self::Close(fd) => descriptors::close(fd),
        }
    }
}

/// Works out redirections. `assigned` are numbers that are open in the child by then, though not here.
pub fn effects(
    shell: &mut Shell,
    redirections: &[Redirection],
    assigned: &[RawFd],
) -> Result<Vec<Effect>, Failed> {
    let mut effects = Vec::with_capacity(redirections.len());
    for redirection in redirections {
        let effect = match evaluate(shell, redirection) {
            Ok(effect) => effect,
            Err(failed) => {
                // Those before it are done.
                let _ = open_all(shell, None, &effects);
                return Err(failed);
            }
        };
        if let Effect::Duplicate { from, .. } = effect {
            let last = effects
                .iter()
                .rev()
                .find(|earlier: &&Effect| earlier.fd() == from);
            let is_open = match last {
                Some(Effect::Close(_)) => Err(Errno::EBADF),
                Some(_) => Ok(()),
                None if assigned.contains(&from) => Ok(()),
                None => descriptors::is_users(from),
            };
            if let Err(errno) = is_open {
                open_all(shell, None, &effects)?;
                shell.complain(text!(from, ": ", errno));
                return Err(Failed::Redirection);
            }
        }
        effects.push(effect);
    }
    Ok(effects)
}

/// Opens the files of a command that will not be executed: they come before whatever keeps it from that, and are made.
pub fn open_all(
    shell: &mut Shell,
    stdout: Option<&OwnedFd>,
    effects: &[Effect],
) -> Result<(), Failed> {
    for (index, effect) in effects.iter().enumerate() {
        let Effect::Open { path, flags, .. } = effect else {
            continue;
        };
        match sys::fd::open(path, *flags | OFlags::CLOEXEC | OFlags::NONBLOCK, 0o666) {
            // A FIFO that nobody reads.
            Ok(_) | Err(Errno::ENXIO) => {}
            Err(errno) => {
                let before = effects.get(..index).unwrap_or_default();
                meanwhile(shell, stdout, before, &|shell| {
                    complain(shell, &effect.action(), errno)
                });
                return Err(Failed::Redirection);
            }
        }
    }
    Ok(())
}

fn evaluate(shell: &mut Shell, redirection: &Redirection) -> Result<Effect, Failed> {
    let fd = redirection.fd;
    let create = OFlags::WRONLY | OFlags::CREAT;
    let truncate = create | OFlags::TRUNC;
    let (word, flags) = match &redirection.kind {
        RedirectionKind::Read(word) => (word, OFlags::RDONLY),
        RedirectionKind::Write(word) => (word, truncate),
        RedirectionKind::Clobber(word) => (word, truncate),
        RedirectionKind::Append(word) => (word, create | OFlags::APPEND),
        RedirectionKind::ReadWrite(word) => (word, OFlags::RDWR | OFlags::CREAT),
        RedirectionKind::Duplicate(word) => {
            let target = expansion::single(shell, word).map_err(Failed::Expansion)?;
            if target == b"-" {
                return Ok(Effect::Close(fd));
            }
            let number =
                nestling::text::number(&target, 10).and_then(|number| RawFd::try_from(number).ok());
            return match number {
                Some(from) => Ok(Effect::Duplicate { from, to: fd }),
                None => {
                    shell.complain(text!(&target[..], ": not a file descriptor"));
                    Err(Failed::Redirection)
                }
            };
        }
        RedirectionKind::HereDocument(cell) => {
            let text = match cell.get() {
                Some(word) => expansion::single(shell, word).map_err(Failed::Expansion)?,
                None => Vec::new(),
            };
            return document(shell, fd, &text);
        }
        RedirectionKind::HereString(word) => {
            let mut text = expansion::single(shell, word).map_err(Failed::Expansion)?;
            text.push(b'\n');
            return document(shell, fd, &text);
        }
    };
    let path = path(shell, word)?;
    let mut flags = flags;
    if matches!(redirection.kind, RedirectionKind::Write(_)) && shell.options.has(Opt::Noclobber) {
        flags = match sys::file::stat(&path) {
            Ok(stat) if stat.is_file() => {
                shell.complain(text!("cannot create ", &*path, ": file exists"));
                return Err(Failed::Redirection);
            }
            Ok(_) => OFlags::WRONLY,
            Err(_) => create | OFlags::EXCL,
        };
    }
    Ok(Effect::Open { fd, path, flags })
}

fn path(shell: &mut Shell, word: &Word) -> Result<CString, Failed> {
    let bytes = expansion::single(shell, word).map_err(Failed::Expansion)?;
    CString::new(bytes).map_err(|_| Failed::Redirection)
}

/// A here-document's text as something to read: a pipe while it fits into the smallest that there is, else a file in memory.
fn document(shell: &mut Shell, fd: RawFd, text: &[u8]) -> Result<Effect, Failed> {
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
    match made.and_then(descriptors::private) {
        Ok(text) => Ok(Effect::Document { fd, text }),
        Err(errno) => {
            shell.complain(text!("here-document: ", errno));
            Err(Failed::Redirection)
        }
    }
}

/// Reports that an effect failed.
pub fn complain(shell: &mut Shell, effect: &Action<'_>, errno: Errno) {
    match *effect {
        Action::Open { path, flags, .. } => {
            let purpose = match flags.bits() & 3 {
                0 => "reading",
                1 => "writing",
                _ => "reading and writing",
            };
            shell.complain(text!("cannot open ", path, " for ", purpose, ": ", errno));
        }
        Action::Dup2 { from, to } => shell.complain(text!(
            "cannot duplicate descriptor ",
            from,
            " to ",
            to,
            ": ",
            errno
        )),
        _ => shell.complain(text!(errno)),
    }
}

/// Has what is reported about a command that did not start go where its standard error goes, `stdout` being its place in a pipeline.
pub fn meanwhile(
    shell: &mut Shell,
    stdout: Option<&OwnedFd>,
    effects: &[Effect],
    report: &dyn Fn(&mut Shell),
) {
    if !effects.iter().any(|effect| effect.fd() == 2) {
        return report(shell);
    }
    let mut saved = Vec::new();
    if let Some(stdout) = stdout
        && let Ok(former) = descriptors::save(1)
    {
        saved.push((1, former));
        let _ = descriptors::assign(1, stdout.as_fd());
    }
    for effect in effects {
        // What can't be had now was had before.
        if let Ok(former) = descriptors::save(effect.fd()) {
            saved.push((effect.fd(), former));
            let _ = effect.carry_out();
        }
    }
    report(shell);
    while let Some((fd, former)) = saved.pop() {
        let _ = descriptors::restore(fd, former);
    }
}

/// What was before redirections, for [`restore`].
#[derive(Debug, Default)]
pub struct Saved {
    descriptors: Vec<(RawFd, Option<OwnedFd>)>,
    /// What built-ins wrote went to a command substitution.
    output: Option<Output>,
}

/// Carries out redirections in this process. After a failure what was done is undone.
pub fn apply(shell: &mut Shell, redirections: &[Redirection]) -> Result<Saved, Failed> {
    let mut saved = Saved::default();
    if redirections.is_empty() {
        return Ok(saved);
    }
    shell.output.flush();
    for redirection in redirections {
        if let Err(failed) = apply_one(shell, redirection, &mut saved) {
            restore(shell, saved);
            return Err(failed);
        }
    }
    Ok(saved)
}

fn apply_one(
    shell: &mut Shell,
    redirection: &Redirection,
    saved: &mut Saved,
) -> Result<(), Failed> {
    let effect = evaluate(shell, redirection)?;
    let fd = effect.fd();
    let mut answer = Ok(());
    if !saved.descriptors.iter().any(|&(other, _)| other == fd) {
        answer = descriptors::save(fd).map(|former| {
            shell
                .private
                .extend(former.as_ref().map(OwnedFd::as_raw_fd));
            saved.descriptors.push((fd, former));
        });
    }
    if let Err(errno) = answer.and_then(|()| effect.carry_out()) {
        complain(shell, &effect.action(), errno);
        return Err(Failed::Redirection);
    }
    if fd == 1 && shell.output.captures() && saved.output.is_none() {
        saved.output = Some(shell.output.capture(false));
    }
    Ok(())
}

pub fn restore(shell: &mut Shell, mut saved: Saved) {
    if !saved.descriptors.is_empty() {
        shell.output.flush();
    }
    while let Some((fd, former)) = saved.descriptors.pop() {
        if former.is_some() {
            shell.private.pop();
        }
        // It was possible before.
        let _ = descriptors::restore(fd, former);
    }
    if let Some(output) = saved.output.take() {
        shell.output.restore(output);
    }
}

impl Saved {
    /// The redirections stay: `exec`.
    pub fn keep(self, shell: &mut Shell) {
        let kept = self
            .descriptors
            .iter()
            .filter(|(_, former)| former.is_some())
            .count();
        shell
            .private
            .truncate(shell.private.len().saturating_sub(kept));
    }
}
