//! Tests of signals: masks and actions that are restored, pending signals, and taking signals by a wait or from a
//! descriptor.

use core::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};
use core::time::Duration;

use linux_raw_sys::general as linux;
use nestling::signals::{self, SignalFd};
use nestling::sys::{self, credentials, process, signal};
use nestling::time::{self, Clock};
use nestling::{AsFd, Errno, ExitStatus, OFlags, OwnedFd, Pid, SigSet, Signal, wait};
use nestling_tests::{
    DESCRIPTORS, call, fork, handle, handleable, handled, join, open_only, set_timer,
};

nestling_tests::suite! {
    once {
        a_guard_blocks_signals_and_restores_the_mask,
        a_guard_unblocks_signals_and_restores_the_mask,
        guards_nest,
        a_guard_restores_the_whole_action,
        an_ignored_signal_does_nothing_until_the_guard_is_dropped,
        a_default_action_is_in_effect_until_the_guard_is_dropped,
        a_guard_of_a_handler_restores_the_former_one,
        kill_and_stop_keep_their_actions,
        a_handler_with_the_restart_flag_does_not_interrupt_a_read,
        a_blocked_signal_that_has_come_is_pending,
        every_signal_has_its_own_place_in_a_set,
        a_wait_takes_the_signal_and_says_who_sent_it,
        a_wait_says_how_a_child_ended_and_does_not_reap_it,
        a_wait_says_that_a_child_stopped_and_continued,
        a_wait_with_a_zero_timeout_does_not_wait,
        a_wait_ends_when_its_timeout_has_passed,
        a_handler_does_not_end_a_wait,
        a_handler_does_not_make_a_wait_longer_than_its_time,
        real_time_signals_queue,
        a_timers_signal_has_no_sender,
        a_signalfd_says_who_sent_it,
        a_signalfd_says_how_a_child_ended,
        a_signalfd_reads_its_own_signals_and_no_other,
        a_signalfd_without_a_signal_waits_or_returns_an_error,
        a_handler_does_not_end_the_read_of_a_signalfd,
        a_signalfd_closes_on_exec_and_takes_no_other_flag,
        no_free_descriptor_is_an_error,
    }
}

const USR1: SigSet = SigSet::EMPTY.with(Signal::USR1);
const CHLD: SigSet = SigSet::EMPTY.with(Signal::CHLD);

fn mask() -> SigSet {
    signal::mask().expect("the mask")
}

fn send(signal: Signal) {
    process::kill(process::getpid().as_raw(), Some(signal)).expect("a signal to itself");
}

fn block(signals: SigSet) -> signals::MaskGuard {
    signals::block(signals).expect("the signals blocked")
}

fn signalfd(signals: SigSet, flags: OFlags) -> SignalFd {
    SignalFd::new(signals, flags).expect("a signalfd")
}

// ---- Masks ----

fn a_guard_blocks_signals_and_restores_the_mask() {
    let before = SigSet::EMPTY.with(Signal::HUP).with(Signal::INT);
    signal::set_mask(before).expect("a mask");
    handle([Signal::USR1].into_iter(), 0);
    let guard = block(USR1.with(Signal::INT));
    assert_eq!(guard.former(), before);
    assert_eq!(mask(), before.with(Signal::USR1));
    send(Signal::USR1);
    assert_eq!(handled(Signal::USR1), 0, "while it is blocked");
    drop(guard);
    assert_eq!(mask(), before);
    assert_eq!(handled(Signal::USR1), 1, "when the guard is gone");
}

fn a_guard_unblocks_signals_and_restores_the_mask() {
    let before = USR1.with(Signal::HUP);
    signal::set_mask(before).expect("a mask");
    handle([Signal::USR1].into_iter(), 0);
    send(Signal::USR1);
    let guard = signals::unblock(USR1.with(Signal::INT)).expect("a guard");
    assert_eq!(guard.former(), before);
    assert_eq!(handled(Signal::USR1), 1, "let through");
    assert_eq!(mask(), SigSet::EMPTY.with(Signal::HUP));
    drop(guard);
    assert_eq!(mask(), before);
    send(Signal::USR1);
    assert_eq!(handled(Signal::USR1), 1, "blocked again");
}

fn guards_nest() {
    let outer = block(USR1);
    {
        let _inner = block(USR1.with(Signal::INT));
        let _innermost = signals::unblock(USR1).expect("a guard");
        assert_eq!(mask(), SigSet::EMPTY.with(Signal::INT));
    }
    assert_eq!(mask(), USR1);
    drop(outer);
    assert_eq!(mask(), SigSet::EMPTY);
}

// ---- Actions ----

/// Calls `rt_sigaction` to set and to read an action. Only the first element of an array is used; the array is there
/// because the emulator's structure is larger than riscv64's.
fn action_of(signal: Signal, new: Option<linux::kernel_sigaction>) -> linux::kernel_sigaction {
    let mut old = [nestling::arch::sigaction(None, 0); 2];
    let mut room = old;
    let number = signal.as_raw() as usize;
    let new = new.map_or(0, |new| {
        room[0] = new;
        room.as_ptr() as usize
    });
    // SAFETY: the kernel reads one action and writes one; the handlers in this file may run at any time.
    unsafe {
        call(
            linux::__NR_rt_sigaction,
            [number, new, old.as_mut_ptr() as usize, size_of::<SigSet>()],
        )
    }
    .expect("rt_sigaction");
    old[0]
}

fn a_guard_restores_the_whole_action() {
    handle(
        [Signal::USR1].into_iter(),
        signal::SA_RESTART | signal::SA_NODEFER,
    );
    let mut full = action_of(Signal::USR1, None);
    let mask = SigSet::EMPTY.with(Signal::HUP).with(Signal::WINCH);
    // On i386, a word has 32 bits.
    #[allow(clippy::useless_conversion)]
    let word = mask.bits().try_into().expect("a word");
    full.sa_mask.sig[0] = word;
    action_of(Signal::USR1, Some(full));
    let describe = || {
        let action = action_of(Signal::USR1, None);
        let handler = action
            .sa_handler_kernel
            .map_or(0, |handler| handler as usize);
        (handler, action.sa_flags, action.sa_mask.sig)
    };
    let before = describe();
    for change in [signals::ignore, signals::set_default] {
        let guard = change(Signal::USR1).expect("a guard");
        assert_ne!(describe(), before);
        drop(guard);
        assert_eq!(describe(), before);
    }
    send(Signal::USR1);
    assert_eq!(handled(Signal::USR1), 1, "the handler runs again");
}

fn an_ignored_signal_does_nothing_until_the_guard_is_dropped() {
    let child = fork(|| {
        let guard = signals::ignore(Signal::USR1).expect("a guard");
        send(Signal::USR1);
        drop(guard);
        send(Signal::USR1);
    });
    assert_eq!(
        wait::wait(child).map(ExitStatus::signal),
        Ok(Some(Signal::USR1))
    );
    let child = fork(|| {
        let _guard = signals::ignore(Signal::USR1).expect("a guard");
        send(Signal::USR1);
    });
    join(child);
}

fn a_default_action_is_in_effect_until_the_guard_is_dropped() {
    let _ignored = signals::ignore(Signal::USR1).expect("a guard");
    let child = fork(|| {
        let _guard = signals::set_default(Signal::USR1).expect("a guard");
        send(Signal::USR1);
    });
    assert_eq!(
        wait::wait(child).map(ExitStatus::signal),
        Ok(Some(Signal::USR1))
    );
    let child = fork(|| {
        drop(signals::set_default(Signal::USR1).expect("a guard"));
        send(Signal::USR1);
    });
    join(child);
}

fn a_guard_of_a_handler_restores_the_former_one() {
    static RAN: AtomicU32 = AtomicU32::new(0);
    unsafe extern "C" fn other(_: i32) {
        RAN.fetch_add(1, Relaxed);
    }
    handle([Signal::USR1].into_iter(), 0);
    let action = signal::Disposition::Handler(other);
    // SAFETY: the handler only counts, which is allowed in a handler.
    let saved = unsafe { signal::replace_action(Signal::USR1, action, 0) }.expect("replaced");
    let guard = signals::ActionGuard::from(saved);
    send(Signal::USR1);
    assert_eq!((RAN.load(Relaxed), handled(Signal::USR1)), (1, 0));
    drop(guard);
    send(Signal::USR1);
    assert_eq!((RAN.load(Relaxed), handled(Signal::USR1)), (1, 1));
}

fn kill_and_stop_keep_their_actions() {
    for signal in [Signal::KILL, Signal::STOP] {
        assert_eq!(signals::ignore(signal).err(), Some(Errno::EINVAL));
        assert_eq!(signals::set_default(signal).err(), Some(Errno::EINVAL));
    }
}

static HELD: AtomicI32 = AtomicI32::new(-1);
static RAN: AtomicU32 = AtomicU32::new(0);

/// Writes a byte at its third run.
unsafe extern "C" fn write_at_last(_: i32) {
    if RAN.fetch_add(1, Relaxed) == 2 {
        let _ = sys::fd::write(nestling_tests::fd(HELD.load(Relaxed)), b"x");
    }
}

/// Sends `SIGUSR1` at its third run.
unsafe extern "C" fn send_at_last(_: i32) {
    if RAN.fetch_add(1, Relaxed) == 2 {
        let _ = process::kill(process::getpid().as_raw(), Some(Signal::USR1));
    }
}

/// Runs the handler every two milliseconds from now on.
fn tick(handler: unsafe extern "C" fn(i32), flags: u32) {
    set_timer(&[0; 4]);
    RAN.store(0, Relaxed);
    // SAFETY: the handlers in this file make only calls that are allowed in a handler.
    unsafe { signal::set_action(Signal::ALRM, signal::Disposition::Handler(handler), flags) }
        .expect("a handler");
    set_timer(&[0, 2000, 0, 2000]);
}

fn a_handler_with_the_restart_flag_does_not_interrupt_a_read() {
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    HELD.store(held.as_raw_fd(), Relaxed);
    handle([Signal::ALRM].into_iter(), 0);
    set_timer(&[0, 2000, 0, 2000]);
    assert_eq!(sys::fd::read(end.as_fd(), &mut [0]), Err(Errno::EINTR));
    set_timer(&[0; 4]);
    tick(write_at_last, signal::SA_RESTART);
    assert_eq!(sys::fd::read(end.as_fd(), &mut [0]), Ok(1));
    set_timer(&[0; 4]);
    assert!(RAN.load(Relaxed) >= 3);
}

// ---- Taking signals ----

fn a_blocked_signal_that_has_come_is_pending() {
    let both = USR1.with(Signal::TERM);
    let _guard = block(both.with(Signal::HUP));
    assert_eq!(signals::pending(), Ok(SigSet::EMPTY));
    send(Signal::USR1);
    send(Signal::TERM);
    send(Signal::USR1);
    assert_eq!(signals::pending(), Ok(both));
    for rest in [both.difference(USR1), SigSet::EMPTY] {
        signals::wait(both).expect("a signal");
        assert_eq!(signals::pending(), Ok(rest));
    }
}

fn every_signal_has_its_own_place_in_a_set() {
    let _guard = block(SigSet::ALL);
    for signal in handleable() {
        let set = SigSet::EMPTY.with(signal);
        send(signal);
        assert_eq!(signals::pending(), Ok(set), "{signal}");
        assert_eq!(signals::wait(set).map(|info| info.signal), Ok(signal));
    }
    assert_eq!(signals::pending(), Ok(SigSet::EMPTY));
}

/// Forks a child that sends this process `SIGUSR1`; if this process is root, as another user. Returns the child and its
/// user id.
fn sender() -> (Pid, u32) {
    let root = credentials::geteuid() == Ok(0);
    let own = credentials::getuid().expect("an id");
    let parent = process::getpid().as_raw();
    let child = fork(|| {
        if root {
            // The effective id does not change, so the child may send signals to every process.
            credentials::setresuid(7, credentials::UNCHANGED, credentials::UNCHANGED)
                .expect("an id");
        }
        process::kill(parent, Some(Signal::USR1)).expect("a signal to the parent");
    });
    (child, if root { 7 } else { own })
}

fn a_wait_takes_the_signal_and_says_who_sent_it() {
    handle([Signal::USR1].into_iter(), 0);
    let guard = block(USR1);
    let (child, uid) = sender();
    let info = signals::wait(USR1).expect("a signal");
    assert_eq!((info.signal, info.code), (Signal::USR1, 0));
    assert_eq!((info.pid(), info.uid()), (Some(child), Some(uid)));
    assert_eq!(info.status(), None);
    join(child);
    drop(guard);
    assert_eq!(handled(Signal::USR1), 0, "it was taken");
}

fn a_wait_says_how_a_child_ended_and_does_not_reap_it() {
    let _guard = block(CHLD);
    for (signal, code) in [(None, Some(9)), (Some(Signal::KILL), None)] {
        let child = fork(|| {
            process::kill(process::getpid().as_raw(), signal).expect("a signal to itself");
            process::exit(9);
        });
        let info = signals::wait(CHLD).expect("a signal");
        assert_eq!((info.signal, info.pid()), (Signal::CHLD, Some(child)));
        assert_eq!(info.uid(), credentials::getuid().ok());
        let status = info.status().expect("a status");
        assert_eq!((status.code(), status.signal()), (code, signal));
        assert_eq!(wait::wait(child), Ok(status));
    }
    // A SIGCHLD that does not come from the kernel has no child's status.
    send(Signal::CHLD);
    let info = signals::wait(CHLD).expect("a signal");
    assert_eq!((info.pid(), info.status()), (Some(process::getpid()), None));
}

fn a_wait_says_that_a_child_stopped_and_continued() {
    let _guard = block(CHLD);
    let child = fork(|| {
        send(Signal::STOP);
    });
    let status = || {
        signals::wait(CHLD)
            .expect("a signal")
            .status()
            .expect("a status")
    };
    assert_eq!(status().stopped_signal(), Some(Signal::STOP));
    process::kill(child.as_raw(), Some(Signal::CONT)).expect("a signal");
    // The SIGCHLD of the child's end may be lost, because it does not queue.
    assert!(status().continued());
    join(child);
}

fn a_wait_with_a_zero_timeout_does_not_wait() {
    let _guard = block(USR1);
    assert_eq!(signals::wait_timeout(USR1, Duration::ZERO), Ok(None));
    send(Signal::USR1);
    let info = signals::wait_timeout(USR1, Duration::ZERO).expect("a look");
    assert_eq!(info.map(|info| info.signal), Some(Signal::USR1));
    assert_eq!(signals::wait_timeout(USR1, Duration::ZERO), Ok(None));
}

/// Asserts that `wait` takes at least this time.
fn lasts(duration: Duration, wait: impl FnOnce()) {
    let now = || time::now(Clock::Monotonic).expect("the time");
    let start = now();
    wait();
    let lasted = now().checked_duration_since(start).expect("a later time");
    assert!(lasted >= duration, "{lasted:?}");
}

fn a_wait_ends_when_its_timeout_has_passed() {
    let _guard = block(USR1);
    let duration = Duration::from_millis(20);
    lasts(duration, || {
        assert_eq!(signals::wait_timeout(USR1, duration), Ok(None));
    });
    // A signal ends the wait, whatever its time limit is.
    let (child, _) = sender();
    let info = signals::wait_timeout(USR1, Duration::MAX).expect("a wait");
    assert_eq!(info.and_then(|info| info.pid()), Some(child));
    join(child);
}

fn a_handler_does_not_end_a_wait() {
    let _guard = block(USR1);
    tick(send_at_last, 0);
    assert_eq!(
        signals::wait(USR1).map(|info| info.signal),
        Ok(Signal::USR1)
    );
    set_timer(&[0; 4]);
    assert!(RAN.load(Relaxed) >= 3);
    tick(send_at_last, 0);
    let info = signals::wait_timeout(USR1, Duration::from_secs(3600)).expect("a wait");
    assert_eq!(info.map(|info| info.signal), Some(Signal::USR1));
    set_timer(&[0; 4]);
    assert!(RAN.load(Relaxed) >= 3);
}

fn a_handler_does_not_make_a_wait_longer_than_its_time() {
    // Each interruption comes before the time is over. A wait that began anew after each interruption would never end.
    handle([Signal::ALRM].into_iter(), 0);
    let _guard = block(USR1);
    let duration = Duration::from_millis(100);
    set_timer(&[0, 10_000, 0, 10_000]);
    lasts(duration, || {
        assert_eq!(signals::wait_timeout(USR1, duration), Ok(None));
    });
    set_timer(&[0; 4]);
    assert!(handled(Signal::ALRM) >= 1);
}

fn real_time_signals_queue() {
    let signal = Signal::from_name("RTMIN+1").expect("a signal");
    let set = SigSet::EMPTY.with(signal);
    let _guard = block(set);
    for _ in 0..3 {
        send(signal);
    }
    let signals = signalfd(set, OFlags::NONBLOCK);
    assert_eq!(signals.read().map(|info| info.signal), Ok(signal));
    for _ in 1..3 {
        let info = signals::wait_timeout(set, Duration::ZERO).expect("a look");
        assert_eq!(info.map(|info| info.signal), Some(signal));
    }
    assert_eq!(signals::wait_timeout(set, Duration::ZERO), Ok(None));
}

/// For such a signal, the fields of the sender contain other data.
fn a_timers_signal_has_no_sender() {
    let alarm = SigSet::EMPTY.with(Signal::ALRM);
    let _guard = block(alarm);
    set_timer(&[0, 0, 0, 1]);
    let info = signals::wait(alarm).expect("a signal");
    assert_eq!((info.pid(), info.uid(), info.status()), (None, None, None));

    // The test uses the second timer, because the first one's number is 0.
    let mut timer = 0i32;
    for _ in 0..2 {
        let (clock, address) = (linux::CLOCK_MONOTONIC as usize, &raw mut timer as usize);
        // SAFETY: the kernel writes one number.
        unsafe { call(linux::__NR_timer_create, [clock, 0, address]) }.expect("a timer");
    }
    let signals = signalfd(alarm, OFlags::default());
    for read in [&|| signals::wait(alarm) as Result<_, _>, &|| signals.read()]
        as [&dyn Fn() -> Result<signals::SigInfo, Errno>; 2]
    {
        let once = [0usize, 0, 0, 1000];
        let arguments = [timer as usize, 0, &raw const once as usize, 0];
        // SAFETY: the kernel reads four numbers.
        unsafe { call(linux::__NR_timer_settime, arguments) }.expect("a start");
        let info = read().expect("a signal");
        assert_eq!(info.code, linux::SI_TIMER);
        assert_eq!((info.pid(), info.uid(), info.status()), (None, None, None));
    }
}

// ---- Descriptors ----

fn a_signalfd_says_who_sent_it() {
    handle([Signal::USR1].into_iter(), 0);
    let guard = block(USR1);
    let signals = signalfd(USR1, OFlags::default());
    let (child, uid) = sender();
    let info = signals.read().expect("a signal");
    assert_eq!((info.signal, info.code), (Signal::USR1, 0));
    assert_eq!((info.pid(), info.uid()), (Some(child), Some(uid)));
    assert_eq!(info.status(), None);
    join(child);
    drop(guard);
    assert_eq!(handled(Signal::USR1), 0, "it was taken");
}

fn a_signalfd_says_how_a_child_ended() {
    let _guard = block(CHLD);
    let signals = signalfd(CHLD, OFlags::default());
    for (signal, code) in [(None, Some(9)), (Some(Signal::TERM), None)] {
        let child = fork(|| {
            process::kill(process::getpid().as_raw(), signal).expect("a signal to itself");
            process::exit(9);
        });
        let info = signals.read().expect("a signal");
        assert_eq!((info.signal, info.pid()), (Signal::CHLD, Some(child)));
        assert_eq!(info.uid(), credentials::getuid().ok());
        let status = info.status().expect("a status");
        assert_eq!((status.code(), status.signal()), (code, signal));
        assert_eq!(wait::wait(child), Ok(status));
    }
}

fn a_signalfd_reads_its_own_signals_and_no_other() {
    let both = USR1.with(Signal::TERM);
    let _guard = block(both);
    let signals = signalfd(USR1, OFlags::NONBLOCK);
    let next = || signals.read().map(|info| info.signal);
    send(Signal::TERM);
    assert_eq!(next(), Err(Errno::EAGAIN));
    send(Signal::USR1);
    assert_eq!(next(), Ok(Signal::USR1));
    signals.set(both).expect("another set");
    assert_eq!(next(), Ok(Signal::TERM));
    signals.set(SigSet::EMPTY).expect("another set");
    send(Signal::USR1);
    assert_eq!(next(), Err(Errno::EAGAIN));
    signals.set(USR1).expect("another set");
    assert_eq!(next(), Ok(Signal::USR1));
}

fn a_signalfd_without_a_signal_waits_or_returns_an_error() {
    let _guard = block(USR1);
    let signals = signalfd(USR1, OFlags::NONBLOCK);
    assert_eq!(signals.read(), Err(Errno::EAGAIN));
    let signals = signalfd(USR1, OFlags::default());
    let parent = process::getpid().as_raw();
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let child = fork(|| {
        let _ = sys::fd::read(end.as_fd(), &mut [0]);
        process::kill(parent, Some(Signal::USR1)).expect("a signal to the parent");
    });
    assert_eq!(signals::pending(), Ok(SigSet::EMPTY));
    sys::fd::write(held.as_fd(), b"x").expect("a byte");
    assert_eq!(signals.read().map(|info| info.pid()), Ok(Some(child)));
    join(child);
}

fn a_handler_does_not_end_the_read_of_a_signalfd() {
    let _guard = block(USR1);
    let signals = signalfd(USR1, OFlags::default());
    tick(send_at_last, 0);
    assert_eq!(signals.read().map(|info| info.signal), Ok(Signal::USR1));
    set_timer(&[0; 4]);
    assert!(RAN.load(Relaxed) >= 3);
}

fn a_signalfd_closes_on_exec_and_takes_no_other_flag() {
    let signals = signalfd(USR1, OFlags::default());
    assert_eq!(sys::fd::cloexec(signals.as_fd().as_raw_fd()), Ok(true));
    let wrong = SignalFd::new(USR1, OFlags::APPEND);
    assert_eq!(wrong.err(), Some(Errno::EINVAL));
    // A descriptor that is not a signalfd cannot be made one.
    let (end, _held): (OwnedFd, OwnedFd) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    assert_eq!(signal::set_signalfd(end.as_fd(), USR1), Err(Errno::EINVAL));
}

fn no_free_descriptor_is_an_error() {
    open_only(0..DESCRIPTORS as i32);
    let answer = SignalFd::new(USR1, OFlags::default());
    assert_eq!(answer.err(), Some(Errno::EMFILE));
}
