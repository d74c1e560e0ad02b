//! A program of `entry!` in a build with the library's feature `std`: it may start threads and change its environment. The
//! argument names what it checks; it panics if something is wrong.

#![no_main]

use std::sync::mpsc::channel;
use std::{env, thread};

use nestling::rt::{self, Process};
use nestling::{Errno, Pid, Signal, sys, wait};

nestling::entry!(main);

fn main(process: Process) -> i32 {
    match process.args().iter().nth(1).map(|part| part.to_bytes()) {
        Some(b"fork") => a_copy_is_made_only_while_there_is_one_thread(),
        Some(b"fault") => assert_eq!(rt::on_fault(end), Err(Errno::ENOSYS)),
        Some(b"environment") => the_kernels_environment_stays_as_it_was(process),
        _ => return 2,
    }
    0
}

fn a_copy_is_made_only_while_there_is_one_thread() {
    reap(copy().expect("a copy"));
    let (go_on, waiting) = channel::<()>();
    let other = thread::spawn(move || {
        assert_eq!(copy(), Err(Errno::EBUSY), "in the other thread");
        let _ = waiting.recv();
    });
    assert_eq!(copy(), Err(Errno::EBUSY));
    drop(go_on);
    other.join().expect("no panic");
    // The kernel may count the thread until a moment after the join.
    let last = loop {
        match copy() {
            Err(Errno::EBUSY) => thread::yield_now(),
            answer => break answer,
        }
    };
    reap(last.expect("a copy"));
}

/// Makes a copy of this process, which ends at once.
fn copy() -> Result<Pid, Errno> {
    match rt::fork()? {
        None => sys::process::exit(7),
        Some(copy) => Ok(copy),
    }
}

fn reap(copy: Pid) {
    assert_eq!(wait::wait(copy).map(|status| status.code()), Ok(Some(7)));
}

fn end(_: Signal) -> ! {
    sys::process::exit(1)
}

fn the_kernels_environment_stays_as_it_was(process: Process) {
    let before: Vec<_> = process.env().iter().collect();
    let (first, second) = (before[0].to_bytes(), before[1].to_bytes());
    assert_eq!((first, second), (&b"A=1"[..], &b"B=2"[..]));
    // SAFETY: this is the only thread.
    unsafe {
        env::set_var("B", "3");
        env::remove_var("A");
    }
    assert_eq!(
        (env::var("A").ok(), env::var("B").ok()),
        (None, Some("3".into()))
    );
    for env in [process.env(), rt::environ()] {
        assert!(env.iter().eq(before.iter().copied()), "{env:?}");
    }
}
