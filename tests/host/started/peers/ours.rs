//! The way of nestling's `Spawn`.

use alloc::ffi::CString;
use alloc::vec::Vec;

use nestling::spawn::{Action, Attributes, Memory, Program, Scheduler, Spawn};
use nestling::{Arg, Args, OFlags, Policy, SigSet, Signal};

use crate::situation::{MODE, Situation, Word};
use crate::stage::{self, Answer};

pub fn shared(situation: &Situation) -> Answer {
    spawn(situation, Memory::Shared)
}

pub fn copied(situation: &Situation) -> Answer {
    spawn(situation, Memory::Copied)
}

fn spawn(situation: &Situation, memory: Memory) -> Answer {
    let (name, search) = situation.program();
    let path = stage::path();
    let program = match search {
        true => Program::Search {
            name,
            path: path.as_deref(),
        },
        false => Program::Path(name),
    };
    let (args, env) = (situation.args(), stage::environment(situation));
    let (args, env) = (array(&args), array(&env));

    let (mut actions, mut attributes) = (
        Vec::new(),
        Attributes {
            memory,
            ..Attributes::default()
        },
    );
    for word in &situation.words {
        match word {
            Word::Open(fd, flags, path) => actions.push(Action::Open {
                fd: *fd,
                path,
                flags: OFlags::from_bits(*flags as u32),
                mode: MODE,
            }),
            Word::Close(fd) => actions.push(Action::Close(*fd)),
            Word::Dup2(from, to) => actions.push(Action::Dup2 {
                from: *from,
                to: *to,
            }),
            Word::Chdir(path) => actions.push(Action::Chdir(path)),
            Word::Fchdir(fd) => actions.push(Action::Fchdir(*fd)),
            Word::CloseFrom(fd) => actions.push(Action::CloseFrom(*fd)),
            // For `posix_spawn` this is an attribute, which takes effect before the actions.
            Word::Resetids => actions.insert(0, Action::ResetIds),
            Word::Setsid => attributes.new_session = true,
            Word::Setpgroup(group) => attributes.process_group = Some(stage::group(group)),
            Word::Mask(signals) => attributes.signal_mask = Some(set(signals)),
            Word::Default(signals) => attributes.default_signals = set(signals),
            Word::Scheduler(policy, priority) => {
                let policy = Some(self::policy(*policy));
                attributes.scheduler = Some(Scheduler {
                    policy,
                    priority: *priority,
                });
            }
            Word::Priority(priority) => {
                attributes.scheduler = Some(Scheduler {
                    policy: None,
                    priority: *priority,
                });
            }
            _ => {}
        }
    }
    let spawn = Spawn {
        actions: &actions,
        attributes,
        ..Spawn::new(program, Args::new(&args), Args::new(&env))
    };
    match spawn.start() {
        Ok(child) => Answer::Started(child.id().as_raw()),
        Err(error) => match error.errno() {
            Some(errno) => Answer::Failed(errno.as_raw()),
            None => Answer::Killed,
        },
    }
}

fn array(strings: &[CString]) -> Vec<Option<Arg<'_>>> {
    strings
        .iter()
        .map(|string| Some(Arg::from(string.as_c_str())))
        .chain([None])
        .collect()
}

fn set(signals: &[i32]) -> SigSet {
    let signals = signals
        .iter()
        .filter_map(|&number| Signal::from_raw(number));
    signals.fold(SigSet::EMPTY, SigSet::with)
}

fn policy(number: i32) -> Policy {
    match number {
        libc::SCHED_FIFO => Policy::Fifo,
        libc::SCHED_RR => Policy::RoundRobin,
        libc::SCHED_BATCH => Policy::Batch,
        libc::SCHED_IDLE => Policy::Idle,
        _ => Policy::Other,
    }
}
