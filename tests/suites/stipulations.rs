//! Tests of the three stipulations that hide the status pipe from the actions. The pipe occupies the very number that
//! an action names. With the kernel's mark there is no pipe, and the same must hold. The parent's pipe takes the two
//! lowest free numbers, the read end the lower one; `open_only` determines which numbers are free.

use core::sync::atomic::Ordering::Relaxed;

use linux_raw_sys::general as linux;
use nestling::spawn::{Action, Hook, Memory, Notice, Program, Spawn};
use nestling::sys::{self, resource};
use nestling::{Args, Errno, OFlags, RawFd, Resource, Rlimit, args};
use nestling_tests::{
    DESCRIPTORS, State, Table, close, dup2, emulated, fails, fd, forbid, fork, format_text, inode,
    join, mailbox, make_file, open, open_only, probe, redirect, remove, rounds, scratch, show,
    skip, start, state,
};

nestling_tests::suite! {
    in_all_modes {
        stipulation_a_holds_for_dup2,
        stipulation_a_holds_for_close,
        stipulation_a_holds_for_close_from,
        stipulation_a_holds_for_open,
        stipulation_a_holds_for_redirect,
        stipulation_b_open_gets_its_number_if_the_pipe_has_the_lowest,
        stipulation_b_the_pipe_is_not_on_the_number_that_open_returns,
        stipulation_b_holds_for_many_opens_in_a_row,
        stipulation_b_an_open_needs_no_more_numbers_than_without_the_pipe,
        a_pipe_that_cannot_move_up_moves_down,
        the_pipes_numbers_are_closed_to_every_action_that_names_them,
        the_pipes_numbers_are_closed_to_the_exec,
        a_number_to_which_the_pipe_moves_is_closed_to_the_action_that_moved_it,
        a_failure_is_reported_through_a_pipe_that_has_moved,
        any_of_descriptors_0_to_2_may_be_closed,
        no_descriptor_need_be_open,
        random_actions_have_the_same_effect_as_without_the_pipe,
    }
    in_both_modes {
        stipulation_c_a_pipe_that_cannot_move_fails_the_action,
        a_full_table_is_reported_where_there_must_be_a_pipe,
        two_free_numbers_are_enough,
    }
    once {
        the_mark_needs_no_descriptor,
        the_mark_replaces_a_pipe_that_cannot_be_made,
    }
}

fn with<'a>(memory: Memory, actions: &'a [Action<'a>]) -> Spawn<'a> {
    Spawn {
        actions,
        ..probe(memory)
    }
}

/// The positions of the pipe that the tests try: the other open descriptors, the read end, the write end.
const PLACES: [(&[RawFd], RawFd, RawFd); 5] = [
    (&[0, 1, 2], 3, 4),
    (&[0, 1, 2, 4], 3, 5),
    (&[0, 1, 2, 3, 4, 5, 7, 8], 6, 9),
    (&[2, 3], 0, 1),
    (&[0, 2, 3, 4, 5], 1, 6),
];

/// Asserts that the program has exactly the expected descriptors: those of `before` without those of `closed`, and
/// those of `opened`.
fn expect(
    memory: Memory,
    actions: &[Action<'_>],
    before: &[RawFd],
    closed: &[RawFd],
    opened: &[RawFd],
) {
    let found = state(&with(memory, actions));
    let mut expected = nestling_tests::Text::<512>::new();
    for number in 0..DESCRIPTORS as RawFd {
        if opened.contains(&number) || before.contains(&number) && !closed.contains(&number) {
            let _ = core::fmt::Write::write_fmt(&mut expected, format_args!("{number} "));
        }
    }
    assert_eq!(
        &found["fds"],
        expected.as_str().trim(),
        "{actions:?} with {before:?} open"
    );
    remove(c"out");
}

fn stipulation_a_holds_for_dup2(memory: Memory) {
    for (before, read_end, write_end) in PLACES {
        open_only(before.iter().copied());
        for to in [read_end, write_end] {
            let found = state(&with(memory, &[dup2(2, to)]));
            let same = format_text!("{}", inode(2));
            assert_eq!(
                &found[format_text!("inode {to}").as_str()],
                same.as_str(),
                "dup2 onto {to}"
            );
        }
        let both = [dup2(2, write_end), dup2(2, read_end)];
        expect(memory, &both, before, &[], &[read_end, write_end]);
        // After the pipe has moved, the next action names the number to which it may have moved.
        let after = write_end + 1;
        let thrice = [dup2(2, write_end), dup2(2, after), dup2(2, after + 1)];
        expect(memory, &thrice, before, &[], &[write_end, after, after + 1]);
    }
}

fn stipulation_a_holds_for_close(memory: Memory) {
    for (before, read_end, write_end) in PLACES {
        open_only(before.iter().copied());
        let actions = [
            Action::Close(write_end),
            Action::Close(read_end),
            Action::Close(2),
        ];
        expect(memory, &actions, before, &[2], &[]);
        // A number that was closed is free for a later action.
        let actions = [
            Action::Close(write_end),
            dup2(2, write_end),
            Action::Close(write_end),
        ];
        expect(memory, &actions, before, &[], &[]);
    }
}

fn stipulation_a_holds_for_close_from(memory: Memory) {
    for (before, _, write_end) in PLACES {
        open_only(before.iter().copied());
        for first in (write_end - 1).max(0)..=write_end + 1 {
            let closed: [RawFd; 64] = core::array::from_fn(|i| first + i as RawFd);
            expect(memory, &[Action::CloseFrom(first)], before, &closed, &[]);
            if first > 2 {
                // The closed numbers are free for later actions, whether the pipe occupies them or not.
                let actions = [Action::CloseFrom(first), dup2(2, write_end), dup2(2, first)];
                expect(memory, &actions, before, &closed, &[write_end, first]);
            }
        }
    }
}

fn stipulation_a_holds_for_open(memory: Memory) {
    make_file(c"file", 0o600, b"");
    for (before, read_end, write_end) in PLACES {
        open_only(before.iter().copied());
        for target in [read_end, write_end] {
            expect(memory, &[open(target, c"file")], before, &[], &[target]);
        }
        let both = [open(write_end, c"file"), open(read_end, c"fd2")];
        let found = state(&with(memory, &both));
        let read_end = &found[format_text!("inode {read_end}").as_str()];
        assert_eq!(read_end, format_text!("{}", inode(2)).as_str());
        assert_ne!(&found[format_text!("inode {write_end}").as_str()], read_end);
    }
}

fn stipulation_a_holds_for_redirect(memory: Memory) {
    for (before, read_end, write_end) in PLACES {
        open_only(before.iter().copied());
        for target in [read_end, write_end] {
            expect(memory, &[redirect(target, c"fd2")], before, &[], &[target]);
        }
        let both = [redirect(write_end, c"fd2"), redirect(read_end, c"fd2")];
        expect(memory, &both, before, &[], &[read_end, write_end]);
    }
}

fn stipulation_b_open_gets_its_number_if_the_pipe_has_the_lowest(memory: Memory) {
    for (before, read_end, write_end) in PLACES {
        open_only(before.iter().copied());
        // When the read end's number is in use, the write end has the lowest number that is not open.
        let actions = [dup2(2, read_end), open(write_end, c"fd2")];
        expect(memory, &actions, before, &[], &[read_end, write_end]);
        // The same with a target below the pipe and with one above it.
        let actions = [dup2(2, read_end), open(2, c"fd2"), open(30, c"fd2")];
        expect(memory, &actions, before, &[], &[read_end, 30]);
        let actions = [dup2(2, read_end), redirect(write_end, c"fd2")];
        expect(memory, &actions, before, &[], &[read_end, write_end]);
        let actions = [dup2(2, read_end), redirect(2, c"fd2"), redirect(30, c"fd2")];
        expect(memory, &actions, before, &[], &[read_end, 30]);
    }
}

/// The number that `open` returned is not visible at the end, but the hook sees the number of the pipe: it must not be
/// the number that `open` would return without a pipe.
fn stipulation_b_the_pipe_is_not_on_the_number_that_open_returns(memory: Memory) {
    for (before, read_end, write_end) in PLACES {
        open_only(before.iter().copied());
        let lowest_of = |actions: &[Action<'_>], lowest: RawFd| {
            let pipe = pipe_at_the_end(&with(memory, actions), |number| {
                before.contains(&number) || [read_end, 30].contains(&number)
            });
            assert_ne!(pipe, Some(lowest), "{actions:?} with {before:?} open");
        };
        lowest_of(&[dup2(2, read_end), open(30, c"fd2")], write_end);
        lowest_of(&[dup2(2, read_end), redirect(30, c"fd2")], write_end);
        lowest_of(
            &[dup2(2, read_end), open(30, c"fd2"), open(30, c"fd2")],
            write_end,
        );
    }
}

/// Returns the only number that the child has open when its hook runs, except those that it should have open: the
/// number of the pipe. (A spawn with a hook has a pipe in every mode.)
fn pipe_at_the_end(spawn: &Spawn<'_>, expected: impl Fn(RawFd) -> bool) -> Option<RawFd> {
    let look = || {
        for number in 0..DESCRIPTORS {
            let open = sys::fd::cloexec(number as RawFd).is_ok();
            mailbox().numbers[number].store(open.into(), Relaxed);
        }
        Ok(())
    };
    let mut spawn = *spawn;
    // SAFETY: the hook makes system calls and writes to atomics.
    spawn.attributes.hook = Some(unsafe { Hook::new(&look) });
    state(&spawn);
    let open = |&number: &RawFd| mailbox().numbers[number as usize].load(Relaxed) == 1;
    let all = 0..DESCRIPTORS as RawFd;
    for number in all.clone().filter(|&number| expected(number)) {
        assert!(open(&number), "{number} is not open; {:?}", spawn.actions);
    }
    let mut others = all.filter(open).filter(|&number| !expected(number));
    let (pipe, next) = (others.next(), others.next());
    assert_eq!(
        (pipe.is_some(), next),
        (true, None),
        "the pipe is at {pipe:?}; {:?}",
        spawn.actions
    );
    pipe
}

fn stipulation_b_holds_for_many_opens_in_a_row(memory: Memory) {
    // Each action opens the next number, so that the pipe is pushed to higher and higher numbers.
    open_only(0..3);
    let actions: [Action<'_>; 20] = core::array::from_fn(|i| open(3 + i as RawFd, c"fd0"));
    let opened: [RawFd; 20] = core::array::from_fn(|i| 3 + i as RawFd);
    expect(memory, &actions, &[0, 1, 2], &[], &opened);
    // The same from above: the actions open lower and lower numbers, down to the pipe.
    let actions: [Action<'_>; 20] = core::array::from_fn(|i| open(22 - i as RawFd, c"fd0"));
    expect(memory, &actions, &[0, 1, 2], &[], &opened);
}

fn stipulation_b_an_open_needs_no_more_numbers_than_without_the_pipe(memory: Memory) {
    // Two numbers are free, and the pipe keeps the upper one.
    let last = DESCRIPTORS as RawFd - 1;
    for target in [last - 1, 1] {
        open_only(0..last - 1);
        expect(
            memory,
            &[open(target, c"fd0")],
            &all_below(last - 1),
            &[],
            &[target],
        );
    }
    // No number is free except those of the pipe and the one that the open itself closes.
    open_only(0..last - 1);
    let full = [dup2(0, last - 1), open(1, c"fd0")];
    expect(memory, &full, &all_below(last - 1), &[], &[last - 1]);
}

fn all_below(end: RawFd) -> [RawFd; DESCRIPTORS] {
    core::array::from_fn(|i| (i as RawFd).min(end - 1))
}

fn stipulation_c_a_pipe_that_cannot_move_fails_the_action(memory: Memory) {
    let last = DESCRIPTORS as RawFd - 1;
    let emfile = "EMFILE: too many open files";
    // The last two numbers belong to the pipe, and the lower one is in use.
    open_only(0..last - 1);
    let fill = dup2(0, last - 1);
    let expected = format_text!("file action 1 (dup2 0 to {last}): {emfile}");
    fails(&with(memory, &[fill, dup2(0, last)]), expected);
    let expected = format_text!("file action 1 (open \"fd0\"): {emfile}");
    fails(&with(memory, &[fill, open(last, c"fd0")]), expected);
    // The limit on open files is lower than the descriptors of the status pipe.
    open_only(0..6);
    let hard = resource::getrlimit(Resource::Nofile).expect("a limit").hard;
    for soft in [1, 3, 6] {
        let lower = Action::Limit(Resource::Nofile, Rlimit { soft, hard });
        let expected = format_text!("file action 1 (dup2 0 to 7): {emfile}");
        fails(&with(memory, &[lower, dup2(0, 7)]), expected);
    }
}

fn a_pipe_that_cannot_move_up_moves_down(memory: Memory) {
    let last = DESCRIPTORS as RawFd - 1;
    for action in [dup2(0, last), open(last, c"fd0")] {
        open_only(0..last - 1);
        expect(memory, &[action], &all_below(last - 1), &[], &[last]);
        // The pipe then moves to a number that an earlier action has closed.
        open_only(0..last - 1);
        let actions = [
            dup2(0, last - 1),
            Action::Close(5),
            action,
            Action::Close(7),
            open(5, c"fd0"),
        ];
        let opened = [last - 1, last, 5];
        expect(memory, &actions, &all_below(last - 1), &[5, 7], &opened);
    }
    // The limit is just above the pipe's numbers, 6 and 7: the parent's limit, or one that the child has set.
    open_only(0..6);
    let hard = resource::getrlimit(Resource::Nofile).expect("a limit").hard;
    let lower = |soft| Action::Limit(Resource::Nofile, Rlimit { soft, hard });
    let actions = [lower(8), dup2(0, 7), lower(DESCRIPTORS as u64)];
    expect(memory, &actions, &all_below(6), &[], &[7]);
    let expected = "file action 1 (dup2 0 to 7): EBADF: bad file descriptor";
    fails(&with(memory, &[lower(7), dup2(0, 7)]), expected);
}

fn the_pipes_numbers_are_closed_to_every_action_that_names_them(memory: Memory) {
    for (before, read_end, write_end) in PLACES {
        open_only(before.iter().copied());
        for number in [read_end, write_end] {
            for (action, name) in [
                (
                    dup2(number, 2),
                    format_text!("file action 0 (dup2 {number} to 2)"),
                ),
                (
                    dup2(number, number),
                    format_text!("file action 0 (dup2 {number} to {number})"),
                ),
                (
                    dup2(number, 30),
                    format_text!("file action 0 (dup2 {number} to 30)"),
                ),
                (
                    Action::Fchdir(number),
                    format_text!("file action 0 (fchdir {number})"),
                ),
                (
                    Action::SetForeground(number),
                    format_text!("file action 0 (set foreground on {number})"),
                ),
                (
                    Action::ControllingTerminal(number),
                    format_text!("action 0 (controlling terminal {number})"),
                ),
            ] {
                let expected = format_text!("{name}: EBADF: bad file descriptor");
                fails(&with(memory, &[action]), expected);
            }
        }
    }
}

fn the_pipes_numbers_are_closed_to_the_exec(memory: Memory) {
    if emulated() {
        skip("the emulator has no execveat");
    }
    for (before, read_end, write_end) in PLACES {
        open_only(before.iter().copied());
        for number in [read_end, write_end] {
            let spawn = Spawn {
                program: Program::Descriptor(number),
                ..probe(memory)
            };
            let expected = format_text!("exec of descriptor {number}: EBADF: bad file descriptor");
            fails(&spawn, expected);
        }
    }
}

fn a_number_to_which_the_pipe_moves_is_closed_to_the_action_that_moved_it(memory: Memory) {
    open_only(0..3);
    for from in 5..12 {
        let expected = format_text!("file action 0 (dup2 {from} to 4): EBADF: bad file descriptor");
        fails(&with(memory, &[dup2(from, 4)]), expected);
        let expected =
            format_text!("file action 1 (dup2 {from} to 20): EBADF: bad file descriptor");
        fails(
            &with(memory, &[dup2(0, 4), dup2(from, 20)]),
            expected.as_str(),
        );
        let expected = format_text!("file action 2 (fchdir {from}): EBADF: bad file descriptor");
        let actions = [dup2(0, 3), open(4, c"fd0"), Action::Fchdir(from)];
        fails(&with(memory, &actions), expected);
    }
}

fn a_failure_is_reported_through_a_pipe_that_has_moved(memory: Memory) {
    for (before, read_end, write_end) in PLACES {
        open_only(before.iter().copied());
        let actions = [
            dup2(2, write_end),
            open(read_end, c"fd2"),
            open(write_end + 1, c"fd2"),
        ];
        let spawn = Spawn {
            program: Program::Path(c"/nope"),
            ..with(memory, &actions)
        };
        fails(&spawn, "exec \"/nope\": ENOENT: no such file or directory");
        // No byte of the record was written to the file that has taken the pipe's number.
        let file = nestling_tests::read_file(c"fd2").expect("the file");
        assert_eq!(file.as_str(), "");
    }
}

fn any_of_descriptors_0_to_2_may_be_closed(memory: Memory) {
    for subset in 0..8 {
        let open_now = (0..6).filter(|&number| number > 2 || subset & 1 << number != 0);
        open_only(open_now.clone());
        let mut before = [-1; 6];
        open_now.for_each(|number| before[number as usize] = number);
        expect(memory, &[], &before, &[], &[]);
        let actions = [dup2(5, 0), dup2(4, 1), dup2(3, 2), Action::CloseFrom(3)];
        expect(memory, &actions, &[], &[], &[0, 1, 2]);
        let actions = [open(0, c"fd5"), open(1, c"fd5"), open(2, c"fd5")];
        expect(memory, &actions, &before, &[], &[0, 1, 2]);
        fails(
            &with(memory, &[open(0, c"nope")]),
            "file action 0 (open \"nope\"): ENOENT: no such file or directory",
        );
    }
}

fn no_descriptor_need_be_open(memory: Memory) {
    make_file(c"file", 0o600, b"");
    open_only([]);
    expect(memory, &[], &[], &[], &[]);
    expect(memory, &[open(0, c"file"), dup2(0, 1)], &[], &[], &[0, 1]);
    fails(
        &with(memory, &[dup2(0, 1)]),
        "file action 0 (dup2 0 to 1): EBADF: bad file descriptor",
    );
    fails(
        &with(memory, &[dup2(1, 0)]),
        "file action 0 (dup2 1 to 0): EBADF: bad file descriptor",
    );
}

fn a_full_table_is_reported_where_there_must_be_a_pipe(memory: Memory) {
    let emfile = "status pipe: EMFILE: too many open files";
    // The mark cannot show the exec of a child with a new session, nor of one with a hook.
    let mut with_session = probe(memory);
    with_session.attributes.new_session = true;
    let mut with_hook = probe(memory);
    // SAFETY: the hook does nothing.
    with_hook.attributes.hook = Some(unsafe { Hook::new(&|| Ok(())) });
    let no_clone3 = || {
        forbid(linux::__NR_clone3, 0, Some(Errno::ENOSYS));
        // The library learns that `clone3` is missing only when it tries the call.
        let _ = probe(Memory::Shared).start();
    };
    for free in [0, 1] {
        open_only(0..DESCRIPTORS as RawFd - free);
        for notice in [Notice::Pipe, Notice::Mark] {
            for mut spawn in [with_session, with_hook] {
                spawn.attributes.notice = notice;
                fails(&spawn, emfile);
            }
            join(fork(|| {
                no_clone3();
                let mut spawn = probe(memory);
                spawn.attributes.notice = notice;
                fails(&spawn, emfile);
                // The library did not take that failure for the kernel's refusal of shared memory.
                close(0);
                close(1);
                start(&spawn).expect("a child").wait().expect("its end");
            }));
        }
        if memory == Memory::Copied {
            fails(&probe(memory), emfile);
        }
    }
}

fn the_mark_needs_no_descriptor() {
    if emulated() {
        skip("the emulator refuses to share memory");
    }
    let mut spawn = probe(Memory::Shared);
    spawn.attributes.notice = Notice::Mark;
    full_table_is_no_obstacle(spawn);
}

fn the_mark_replaces_a_pipe_that_cannot_be_made() {
    if emulated() {
        skip("the emulator refuses to share memory");
    }
    full_table_is_no_obstacle(probe(Memory::Shared));
}

fn full_table_is_no_obstacle(spawn: Spawn<'_>) {
    let list = args![c"probe", c"exit", c"7"];
    let mut spawn = Spawn {
        args: Args::new(&list),
        ..spawn
    };
    for free in [0, 1] {
        open_only(0..DESCRIPTORS as RawFd - free);
        let mut child = start(&spawn).expect("a child");
        assert_eq!(child.wait().expect("its status").code(), Some(7));
    }
    spawn.program = Program::Path(c"/nope");
    fails(&spawn, "exec \"/nope\": ENOENT: no such file or directory");
}

fn two_free_numbers_are_enough(memory: Memory) {
    let last = DESCRIPTORS as RawFd - 1;
    open_only((0..=last).filter(|&number| number != 5 && number != 40));
    let mut before = all_below(last + 1);
    (before[5], before[40]) = (0, 0);
    expect(memory, &[], &before, &[], &[]);
    expect(memory, &[open(3, c"fd0")], &before, &[], &[3]);
    let full = [open(5, c"fd0"), open(40, c"fd0")];
    fails(
        &with(memory, &full),
        "file action 1 (open \"fd0\"): EMFILE: too many open files",
    );
}

/// Random lists of actions on random descriptor tables. The expected result is what POSIX specifies for each action,
/// without any pipe.
fn random_actions_have_the_same_effect_as_without_the_pipe(memory: Memory) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..rounds(200) {
        let mask = random.below(256);
        open_only((0..8).filter(|&number| mask & 1 << number != 0));
        make_file(c"file", 0o600, b"");
        for number in (0..8).filter(|_| random.below(4) == 0) {
            if sys::fd::cloexec(number).is_ok() {
                sys::fd::set_cloexec(fd(number), true).expect("a flag");
            }
        }
        let mut model = Table::now();
        let mut actions = [Action::Umask(0o022); 6];
        let mut failure = None;
        for (index, action) in actions.iter_mut().enumerate() {
            *action = random.action();
            if failure.is_none() && !apply(action, &mut model) {
                failure = Some(index);
            }
        }
        let mut spawn = with(memory, &actions);
        // Wherever the pipe was moved, a failure at the end must be reported over it.
        let missing = random.below(2) == 0;
        if missing {
            spawn.program = Program::Path(c"/nope");
        }
        let context = format_text!("round {round}, {mask:#b} open, {actions:?}");
        match failure {
            Some(index) => {
                let error = start(&spawn).expect_err(context.as_str());
                let expected = format_text!("action {index} ");
                let error = format_text!("{error}");
                assert!(
                    error.as_str().contains(expected.as_str()),
                    "{error}; {context}"
                );
                assert!(
                    error.as_str().ends_with("EBADF: bad file descriptor"),
                    "{error}; {context}"
                );
            }
            None if missing => {
                fails(&spawn, "exec \"/nope\": ENOENT: no such file or directory");
            }
            None => {
                let lowest = model.0.iter().position(Option::is_none);
                let lowest = lowest.expect("a free number") as RawFd;
                let is_open = |number: RawFd| model.0[number as usize].is_some();
                let pipe = pipe_at_the_end(&spawn, is_open);
                // If the last action opened a file at another number, the number that the open returned is free again.
                if matches!(actions.last(), Some(Action::Open { fd, .. } | Action::Redirect { fd, .. }) if *fd > lowest)
                {
                    assert_ne!(pipe, Some(lowest), "the pipe; {context}");
                }
                let found = State::read(format_text!("{}/out", show(scratch())).c_str());
                for (number, expected) in model.0.iter().enumerate() {
                    let expected = match expected {
                        Some((inode, false)) => format_text!("{inode}"),
                        _ => format_text!("(nothing)"),
                    };
                    let found = &found[format_text!("inode {number}").as_str()];
                    assert_eq!(found, expected.as_str(), "number {number}; {context}");
                }
            }
        }
    }
}

/// Applies an action to a table. Returns whether the action succeeds.
fn apply(action: &Action<'_>, table: &mut Table) -> bool {
    match *action {
        Action::Open { fd, flags, .. } | Action::Redirect { fd, flags, .. } => {
            let file = sys::fd::open(c"file", OFlags::RDONLY, 0).expect("the file");
            table.0[fd as usize] = Some((inode(file.as_raw_fd()), flags.contains(OFlags::CLOEXEC)));
        }
        Action::Close(fd) => table.0[fd as usize] = None,
        Action::CloseFrom(first) => table.0[first as usize..].fill(None),
        Action::Dup2 { from, to } => match table.0[from as usize] {
            Some((inode, _)) => table.0[to as usize] = Some((inode, false)),
            None => return false,
        },
        _ => {}
    }
    true
}

/// Pseudo-random numbers, the same on every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32 % end
    }

    fn action(&mut self) -> Action<'static> {
        let number = self.below(9) as RawFd;
        match self.below(9) {
            0..3 => {
                let flags = if self.below(3) == 0 {
                    OFlags::CLOEXEC
                } else {
                    OFlags::RDONLY
                };
                let (fd, path, mode) = (number, c"file", 0);
                match self.below(2) {
                    0 => Action::Open {
                        fd,
                        path,
                        flags,
                        mode,
                    },
                    _ => Action::Redirect {
                        fd,
                        path,
                        flags,
                        mode,
                    },
                }
            }
            3 | 4 => Action::Close(number),
            5 => Action::CloseFrom(number + 3),
            _ => dup2(self.below(9) as RawFd, number),
        }
    }
}
