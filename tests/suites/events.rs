//! Tests of time and of waiting for descriptors: clocks, sleep, timers, poll and epoll.

use core::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};
use core::time::Duration;

use nestling::poll::{Epoll, EpollEvent, Events, PollFd, poll, ppoll};
use nestling::signals::{self, SignalFd};
use nestling::sys::{self, credentials, process, signal};
use nestling::time::{self, Clock, Timer, Timestamp};
use nestling::{AsFd, Errno, OFlags, OwnedFd, SigSet, Signal};
use nestling_tests::{
    DESCRIPTORS, close, fd, fork, handle, handled, join, make_file, need_root, open_only, runner,
    set_timer, skip,
};

nestling_tests::suite! {
    once {
        a_clock_advances,
        a_sleep_lasts_for_its_whole_time,
        a_handler_does_not_end_a_sleep,
        a_sleep_ends_when_its_clock_shows_the_time,
        a_sleep_until_a_past_time_returns,
        a_time_before_the_clocks_zero_is_an_error,
        the_time_of_day_is_set,
        only_root_sets_the_time_of_day_and_no_other_clock,
        a_timer_expires_once,
        a_timer_expires_again_and_again,
        a_timer_expires_when_its_clock_shows_the_time,
        a_stopped_timer_has_counted_nothing,
        a_restarted_timer_forgets_its_first_start,
        a_nonblocking_read_of_a_timer_that_has_not_expired_is_an_error,
        a_handler_does_not_end_the_read_of_a_timer,
        a_timer_closes_on_exec_and_takes_no_other_flag,
        poll_with_a_zero_timeout_does_not_wait,
        poll_reports_the_events_of_each_descriptor,
        poll_ends_when_its_timeout_has_passed,
        a_handler_does_not_end_poll,
        a_handler_does_not_make_poll_longer_than_its_time,
        poll_waits_for_a_signal_and_a_timer_at_once,
        poll_of_too_many_is_an_error,
        a_signal_comes_in_ppoll_and_nowhere_else,
        a_signal_comes_in_pwait_and_nowhere_else,
        epoll_reports_events_with_the_data_of_their_descriptors,
        epoll_reports_as_many_events_as_fit,
        epoll_changes_and_removes_descriptors,
        epoll_reports_a_change_once_if_requested,
        epoll_with_a_zero_timeout_does_not_wait,
        epoll_ends_when_its_timeout_has_passed,
        a_handler_does_not_end_epoll,
        what_epoll_cannot_do_is_an_error,
        no_free_descriptor_is_an_error,
        a_pipe_sends_a_signal_when_it_can_be_read_and_when_it_ends,
        a_counter_is_readable_while_it_is_not_zero,
    }
}

const CLOCKS: [Clock; 3] = [Clock::Realtime, Clock::Monotonic, Clock::Boottime];
const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);
const USR1: SigSet = SigSet::EMPTY.with(Signal::USR1);

fn now(clock: Clock) -> Timestamp {
    time::now(clock).expect("the time")
}

fn later(clock: Clock, duration: Duration) -> Timestamp {
    now(clock).checked_add(duration).expect("a later time")
}

/// Asserts that `wait` takes at least this time.
fn lasts(duration: Duration, wait: impl FnOnce()) {
    let start = now(Clock::Monotonic);
    wait();
    let lasted = now(Clock::Monotonic).checked_duration_since(start);
    assert!(lasted.expect("a later time") >= duration, "{lasted:?}");
}

/// Lets a signal interrupt this process every ten milliseconds; its handler counts.
fn tick() {
    handle([Signal::ALRM].into_iter(), 0);
    set_timer(&[0, 10_000, 0, 10_000]);
}

fn stop_ticking() {
    set_timer(&[0; 4]);
    assert!(handled(Signal::ALRM) >= 1, "a handler ran");
}

static HELD: AtomicI32 = AtomicI32::new(-1);
static RAN: AtomicU32 = AtomicU32::new(0);

/// Writes a byte at its third run.
unsafe extern "C" fn write_at_last(_: i32) {
    if RAN.fetch_add(1, Relaxed) == 2 {
        let _ = sys::fd::write(fd(HELD.load(Relaxed)), b"x");
    }
}

/// Interrupts this process every two milliseconds; the third interruption writes a byte to the pipe.
fn tick_and_write(pipe: &OwnedFd) {
    HELD.store(pipe.as_raw_fd(), Relaxed);
    let action = signal::Disposition::Handler(write_at_last);
    // SAFETY: the handler makes only calls that are allowed in a handler.
    unsafe { signal::set_action(Signal::ALRM, action, 0) }.expect("a handler");
    set_timer(&[0, 2000, 0, 2000]);
}

fn pipe() -> (OwnedFd, OwnedFd) {
    sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe")
}

fn send(signal: Signal) {
    process::kill(process::getpid().as_raw(), Some(signal)).expect("a signal to itself");
}

fn write(pipe: &OwnedFd) {
    assert_eq!(sys::fd::write(pipe.as_fd(), b"x"), Ok(1));
}

fn read(pipe: &OwnedFd) {
    assert_eq!(sys::fd::read(pipe.as_fd(), &mut [0]), Ok(1));
}

// ---- Clocks and sleep ----

fn a_clock_advances() {
    for clock in CLOCKS {
        let first = now(clock);
        assert!(first.seconds() >= 0 && first.nanoseconds() < 1_000_000_000);
        // The realtime clock may be set in between.
        if clock != Clock::Realtime {
            while now(clock) == first {}
            assert!(now(clock) > first, "{clock:?}");
        }
    }
}

fn a_sleep_lasts_for_its_whole_time() {
    for duration in [Duration::ZERO, Duration::from_nanos(1), 20 * MILLISECOND] {
        lasts(duration, || time::sleep(duration).expect("sleep"));
    }
}

fn a_handler_does_not_end_a_sleep() {
    tick();
    lasts(100 * MILLISECOND, || {
        time::sleep(100 * MILLISECOND).expect("sleep");
    });
    stop_ticking();
}

fn a_sleep_ends_when_its_clock_shows_the_time() {
    for clock in [Clock::Monotonic, Clock::Boottime, Clock::Realtime] {
        let end = later(clock, 10 * MILLISECOND);
        time::sleep_until(clock, end).expect("sleep");
        assert!(now(clock) >= end, "{clock:?}");
    }
}

fn a_sleep_until_a_past_time_returns() {
    for clock in CLOCKS {
        time::sleep_until(clock, now(clock)).expect("sleep");
        time::sleep_until(clock, Timestamp::new(0, 0).expect("zero")).expect("sleep");
    }
}

fn a_time_before_the_clocks_zero_is_an_error() {
    let before = Timestamp::new(-1, 0).expect("a time");
    let answer = time::sleep_until(Clock::Monotonic, before);
    assert_eq!(answer, Err(Errno::EINVAL));
    let timer = timer(OFlags::default());
    assert_eq!(timer.start_at(before, None), Err(Errno::EINVAL));
}

fn the_time_of_day_is_set() {
    need_root();
    if runner() != "kernel" {
        skip("needs a machine of its own");
    }
    let before = now(Clock::Realtime);
    let day = Duration::from_secs(86_400);
    let tomorrow = before.checked_add(day).expect("a later time");
    sys::time::clock_settime(Clock::Realtime, tomorrow).expect("the time set");
    let after = now(Clock::Realtime);
    let back = after.checked_sub(day).expect("an earlier time");
    sys::time::clock_settime(Clock::Realtime, back).expect("the time set");
    assert!(after >= tomorrow);
    assert!(now(Clock::Realtime) < tomorrow);
}

fn only_root_sets_the_time_of_day_and_no_other_clock() {
    let time = now(Clock::Monotonic);
    let set = |clock| sys::time::clock_settime(clock, time);
    assert_eq!(set(Clock::Monotonic), Err(Errno::EINVAL));
    need_root();
    credentials::setuid(65534).expect("another user");
    assert_eq!(set(Clock::Realtime), Err(Errno::EPERM));
}

// ---- Timers ----

fn timer(flags: OFlags) -> Timer {
    Timer::new(Clock::Monotonic, flags).expect("a timer")
}

/// Whether a descriptor is readable now.
fn ready(fd: &impl AsFd) -> bool {
    let mut fds = [PollFd::new(fd.as_fd(), Events::IN)];
    poll(&mut fds, Some(Duration::ZERO)).expect("poll") == 1
}

fn wait_for(fd: &impl AsFd) {
    assert_eq!(
        poll(&mut [PollFd::new(fd.as_fd(), Events::IN)], None),
        Ok(1)
    );
}

fn a_timer_expires_once() {
    for clock in CLOCKS {
        let timer = Timer::new(clock, OFlags::default()).expect("a timer");
        assert_eq!(timer.remaining(), Ok(None));
        assert!(!ready(&timer));
        for duration in [5 * MILLISECOND, Duration::ZERO] {
            lasts(duration, || {
                timer.start(duration, None).expect("a start");
                wait_for(&timer);
            });
            assert_eq!(timer.remaining(), Ok(None));
            assert_eq!(timer.read(), Ok(1));
            assert!(!ready(&timer));
        }
    }
}

fn a_timer_expires_again_and_again() {
    let timer = timer(OFlags::default());
    lasts(30 * MILLISECOND, || {
        timer
            .start(10 * MILLISECOND, Some(10 * MILLISECOND))
            .expect("a start");
        let mut count = 0;
        while count < 3 {
            wait_for(&timer);
            let more = timer.read().expect("expirations");
            assert!(more >= 1);
            count += more;
        }
    });
    // The timer counts the expirations between two reads.
    timer
        .start(MILLISECOND, Some(MILLISECOND))
        .expect("a start");
    time::sleep(10 * MILLISECOND).expect("sleep");
    assert!(timer.read().expect("expirations") >= 10);
    timer.start(HOUR, Some(2 * HOUR)).expect("a start");
    let remaining = timer.remaining().expect("a time").expect("a time");
    assert!(remaining <= HOUR, "{remaining:?}");
}

fn a_timer_expires_when_its_clock_shows_the_time() {
    let timer = timer(OFlags::default());
    let end = later(Clock::Monotonic, 10 * MILLISECOND);
    timer.start_at(end, None).expect("a start");
    assert_eq!(timer.read(), Ok(1));
    assert!(now(Clock::Monotonic) >= end);
    for over in [now(Clock::Monotonic), Timestamp::new(0, 0).expect("zero")] {
        timer.start_at(over, None).expect("a start");
        assert_eq!(timer.read(), Ok(1));
    }
}

fn a_stopped_timer_has_counted_nothing() {
    let timer = timer(OFlags::NONBLOCK);
    timer.start(HOUR, None).expect("a start");
    assert!(timer.remaining().expect("a time").is_some());
    timer.stop().expect("a stop");
    assert_eq!(timer.remaining(), Ok(None));
    timer.start(Duration::ZERO, None).expect("a start");
    wait_for(&timer);
    timer.stop().expect("a stop");
    assert!(!ready(&timer));
    assert_eq!(timer.read(), Err(Errno::EAGAIN));
}

fn a_restarted_timer_forgets_its_first_start() {
    let timer = timer(OFlags::NONBLOCK);
    timer.start(Duration::ZERO, None).expect("a start");
    wait_for(&timer);
    timer.start(HOUR, None).expect("a start");
    assert_eq!(timer.read(), Err(Errno::EAGAIN));
    timer
        .start(Duration::MAX, Some(Duration::MAX))
        .expect("a start");
    assert!(timer.remaining().expect("a time") > Some(HOUR));
}

fn a_nonblocking_read_of_a_timer_that_has_not_expired_is_an_error() {
    let timer = timer(OFlags::NONBLOCK);
    assert_eq!(timer.read(), Err(Errno::EAGAIN));
    timer.start(HOUR, None).expect("a start");
    assert_eq!(timer.read(), Err(Errno::EAGAIN));
}

fn a_handler_does_not_end_the_read_of_a_timer() {
    let timer = timer(OFlags::default());
    tick();
    lasts(100 * MILLISECOND, || {
        timer.start(100 * MILLISECOND, None).expect("a start");
        assert_eq!(timer.read(), Ok(1));
    });
    stop_ticking();
}

fn a_timer_closes_on_exec_and_takes_no_other_flag() {
    let timer = timer(OFlags::default());
    assert_eq!(sys::fd::cloexec(timer.as_fd().as_raw_fd()), Ok(true));
    let wrong = Timer::new(Clock::Monotonic, OFlags::APPEND);
    assert_eq!(wrong.err(), Some(Errno::EINVAL));
}

// ---- poll ----

fn poll_with_a_zero_timeout_does_not_wait() {
    let (end, held) = pipe();
    assert_eq!(poll(&mut [], Some(Duration::ZERO)), Ok(0));
    assert!(!ready(&end));
    write(&held);
    assert!(ready(&end));
    assert!(ready(&end), "as long as it is so");
    read(&end);
    assert!(!ready(&end));
}

fn poll_reports_the_events_of_each_descriptor() {
    let (end, held) = pipe();
    let (left, alone) = pipe();
    drop(left);
    let (gone, writer) = pipe();
    write(&writer);
    drop(writer);
    write(&held);
    const CLOSED: i32 = 50;
    close(CLOSED);
    let mut fds = [
        PollFd::new(end.as_fd(), Events::IN | Events::OUT | Events::PRI),
        PollFd::new(held.as_fd(), Events::OUT | Events::IN),
        PollFd::new(alone.as_fd(), Events::default()),
        PollFd::new(gone.as_fd(), Events::IN),
        PollFd::new(fd(CLOSED), Events::IN),
        PollFd::new(end.as_fd(), Events::PRI),
    ];
    for timeout in [None, Some(Duration::ZERO), Some(Duration::MAX)] {
        assert_eq!(poll(&mut fds, timeout), Ok(5));
        let returned = fds.map(|fd| fd.returned());
        let expected = [
            Events::IN,
            Events::OUT,
            Events::ERR,
            Events::IN | Events::HUP,
            Events::NVAL,
            Events::default(),
        ];
        assert_eq!(returned, expected);
    }
    assert!(fds[3].returned().intersects(Events::HUP | Events::ERR));
    assert!(!fds[3].returned().contains(Events::HUP | Events::ERR));
    // A later `poll` clears the events that no longer hold.
    read(&end);
    assert_eq!(poll(&mut fds[..1], Some(Duration::ZERO)), Ok(0));
    assert_eq!(fds[0].returned(), Events::default());
}

fn poll_ends_when_its_timeout_has_passed() {
    let (end, _held) = pipe();
    for duration in [Duration::from_nanos(1), 20 * MILLISECOND] {
        let mut fds = [PollFd::new(end.as_fd(), Events::IN)];
        lasts(duration, || {
            assert_eq!(poll(&mut fds, Some(duration)), Ok(0))
        });
    }
}

fn a_handler_does_not_end_poll() {
    let (end, held) = pipe();
    for timeout in [None, Some(HOUR)] {
        RAN.store(0, Relaxed);
        tick_and_write(&held);
        let mut fds = [PollFd::new(end.as_fd(), Events::IN)];
        assert_eq!(poll(&mut fds, timeout), Ok(1));
        set_timer(&[0; 4]);
        assert!(RAN.load(Relaxed) >= 3);
        read(&end);
    }
}

fn a_handler_does_not_make_poll_longer_than_its_time() {
    // Each interruption comes before the time is over. A wait that began anew after each interruption would never end.
    tick();
    lasts(100 * MILLISECOND, || {
        assert_eq!(poll(&mut [], Some(100 * MILLISECOND)), Ok(0));
    });
    stop_ticking();
}

fn poll_waits_for_a_signal_and_a_timer_at_once() {
    let _guard = signals::block(USR1).expect("a guard");
    let signals = SignalFd::new(USR1, OFlags::default()).expect("a signalfd");
    let timer = timer(OFlags::default());
    let wait = || {
        let mut fds = [signals.as_fd(), timer.as_fd()].map(|fd| PollFd::new(fd, Events::IN));
        assert_eq!(poll(&mut fds, None), Ok(1));
        fds.map(|fd| fd.returned() == Events::IN)
    };
    timer.start(MILLISECOND, None).expect("a start");
    assert_eq!(wait(), [false, true]);
    assert_eq!(timer.read(), Ok(1));
    let parent = process::getpid().as_raw();
    let child = fork(|| process::kill(parent, Some(Signal::USR1)).expect("a signal"));
    assert_eq!(wait(), [true, false]);
    assert_eq!(signals.read().map(|info| info.pid()), Ok(Some(child)));
    join(child);
}

fn poll_of_too_many_is_an_error() {
    let (end, _held) = pipe();
    let mut fds = [PollFd::new(end.as_fd(), Events::IN); DESCRIPTORS + 1];
    let answer = poll(&mut fds[..DESCRIPTORS], Some(Duration::ZERO));
    assert_eq!(answer, Ok(0));
    let answer = poll(&mut fds, Some(Duration::ZERO));
    assert_eq!(answer, Err(Errno::EINVAL));
}

/// Asserts that blocked signals are delivered only while `wait` unblocks them by the mask that it gets.
fn signals_come_only_in(wait: impl Fn(SigSet) -> Option<Errno>) {
    handle([Signal::USR1, Signal::TERM].into_iter(), 0);
    let guard = signals::block(USR1.with(Signal::TERM)).expect("a guard");
    for round in 0..3 {
        send(Signal::USR1);
        send(Signal::TERM);
        assert_eq!(handled(Signal::USR1), round);
        assert_eq!(wait(guard.former().with(Signal::TERM)), Some(Errno::EINTR));
        assert_eq!(
            (handled(Signal::USR1), handled(Signal::TERM)),
            (round + 1, 0)
        );
    }
    assert_eq!(signal::mask(), Ok(USR1.with(Signal::TERM)));
    // The same with a signal that is sent only during the wait.
    let parent = process::getpid().as_raw();
    let child = fork(|| process::kill(parent, Some(Signal::USR1)).expect("a signal"));
    assert_eq!(wait(guard.former().with(Signal::TERM)), Some(Errno::EINTR));
    assert_eq!(handled(Signal::USR1), 4);
    join(child);
}

fn a_signal_comes_in_ppoll_and_nowhere_else() {
    let (end, held) = pipe();
    let wait = |timeout, mask| ppoll(&mut [PollFd::new(end.as_fd(), Events::IN)], timeout, mask);
    signals_come_only_in(|mask| wait(None, mask).err());
    // The call also waits for descriptors, and not longer than its time limit.
    lasts(10 * MILLISECOND, || {
        assert_eq!(wait(Some(10 * MILLISECOND), SigSet::ALL), Ok(0));
    });
    write(&held);
    assert_eq!(wait(None, SigSet::ALL), Ok(1));
}

// ---- epoll ----

fn epoll() -> Epoll {
    Epoll::new().expect("an epoll instance")
}

fn a_signal_comes_in_pwait_and_nowhere_else() {
    let (end, held) = pipe();
    let epoll = epoll();
    epoll.add(end.as_fd(), Events::IN, 1).expect("added");
    let wait = |timeout, mask| {
        let mut room = [EpollEvent::EMPTY; 2];
        epoll
            .pwait(&mut room, timeout, mask)
            .map(|events| events.len())
    };
    signals_come_only_in(|mask| wait(None, mask).err());
    lasts(10 * MILLISECOND, || {
        assert_eq!(wait(Some(10 * MILLISECOND), SigSet::ALL), Ok(0));
    });
    write(&held);
    assert_eq!(wait(None, SigSet::ALL), Ok(1));
}

/// Returns the events that `epoll` reports without waiting: the data and the events of each.
fn look(epoll: &Epoll) -> [Option<(u64, Events)>; 4] {
    let mut room = [EpollEvent::EMPTY; 4];
    let events = epoll.wait(&mut room, Some(Duration::ZERO)).expect("a look");
    let mut said = [None; 4];
    for (slot, event) in said.iter_mut().zip(events) {
        *slot = Some((event.data(), event.events()));
    }
    said
}

fn epoll_reports_events_with_the_data_of_their_descriptors() {
    let (end, held) = pipe();
    let (gone, writer) = pipe();
    let (quiet, _quiet_held) = pipe();
    let epoll = epoll();
    // Each byte of the data is returned, wherever an architecture stores it.
    const FIRST: u64 = 0x0123_4567_89ab_cdef;
    const SECOND: u64 = u64::MAX - 1;
    epoll.add(end.as_fd(), Events::IN, FIRST).expect("added");
    epoll.add(gone.as_fd(), Events::IN, SECOND).expect("added");
    epoll.add(quiet.as_fd(), Events::IN, 3).expect("added");
    assert_eq!(look(&epoll), [None; 4]);
    write(&held);
    assert_eq!(look(&epoll), [Some((FIRST, Events::IN)), None, None, None]);
    drop(writer);
    let mut room = [EpollEvent::EMPTY; 4];
    let events = epoll.wait(&mut room, None).expect("events");
    assert_eq!(events.len(), 2);
    for event in events {
        let expected = match event.data() {
            FIRST => Events::IN,
            SECOND => Events::HUP,
            other => panic!("who is {other:#x}?"),
        };
        assert_eq!(event.events(), expected);
    }
    let (left, alone) = pipe();
    drop(left);
    let other = self::epoll();
    other.add(alone.as_fd(), Events::OUT, 4).expect("added");
    assert_eq!(look(&other)[0], Some((4, Events::OUT | Events::ERR)));
}

fn epoll_reports_as_many_events_as_fit() {
    let epoll = epoll();
    let pipes: [_; 3] = core::array::from_fn(|_| pipe());
    for (number, (end, held)) in pipes.iter().enumerate() {
        epoll
            .add(end.as_fd(), Events::IN, number as u64)
            .expect("added");
        write(held);
    }
    let mut seen = [0; 3];
    // The events that had no room are returned by the next calls.
    for _ in 0..3 {
        let mut room = [EpollEvent::EMPTY];
        let events = epoll.wait(&mut room, None).expect("an event");
        assert_eq!(events.len(), 1);
        seen[events[0].data() as usize] += 1;
    }
    assert_eq!(seen, [1; 3]);
    let empty = epoll.wait(&mut [], None);
    assert_eq!(empty.err(), Some(Errno::EINVAL));
}

fn epoll_changes_and_removes_descriptors() {
    let (end, held) = pipe();
    let epoll = epoll();
    epoll.add(held.as_fd(), Events::IN, 1).expect("added");
    assert_eq!(look(&epoll)[0], None);
    epoll.modify(held.as_fd(), Events::OUT, 2).expect("changed");
    assert_eq!(look(&epoll)[0], Some((2, Events::OUT)));
    epoll.delete(held.as_fd()).expect("taken out");
    assert_eq!(look(&epoll)[0], None);
    // A descriptor that is closed is removed, too.
    write(&held);
    epoll.add(end.as_fd(), Events::IN, 3).expect("added");
    assert!(look(&epoll)[0].is_some());
    drop(end);
    assert_eq!(look(&epoll)[0], None);
}

fn epoll_reports_a_change_once_if_requested() {
    let (end, held) = pipe();
    let epoll = epoll();
    epoll
        .add(end.as_fd(), Events::IN | Events::ET, 1)
        .expect("added");
    for _ in 0..2 {
        write(&held);
        assert_eq!(look(&epoll)[0], Some((1, Events::IN)));
        assert_eq!(look(&epoll)[0], None);
    }
    let once = Events::IN | Events::ONESHOT;
    for data in 2..4 {
        epoll.modify(end.as_fd(), once, data).expect("changed");
        assert_eq!(look(&epoll)[0], Some((data, Events::IN)));
        write(&held);
        assert_eq!(look(&epoll)[0], None);
    }
}

fn epoll_with_a_zero_timeout_does_not_wait() {
    let (end, held) = pipe();
    let epoll = epoll();
    assert_eq!(look(&epoll)[0], None);
    epoll.add(end.as_fd(), Events::IN, 1).expect("added");
    assert_eq!(look(&epoll)[0], None);
    write(&held);
    for _ in 0..2 {
        assert_eq!(
            look(&epoll)[0],
            Some((1, Events::IN)),
            "as long as it is so"
        );
    }
}

fn epoll_ends_when_its_timeout_has_passed() {
    let epoll = epoll();
    for duration in [Duration::from_nanos(1), 20 * MILLISECOND] {
        lasts(duration, || {
            let mut room = [EpollEvent::EMPTY];
            let events = epoll.wait(&mut room, Some(duration)).expect("a wait");
            assert_eq!(events.len(), 0);
        });
    }
}

fn a_handler_does_not_end_epoll() {
    let (end, held) = pipe();
    let epoll = epoll();
    epoll.add(end.as_fd(), Events::IN, 1).expect("added");
    let mut room = [EpollEvent::EMPTY];
    for timeout in [None, Some(HOUR), Some(Duration::MAX)] {
        RAN.store(0, Relaxed);
        tick_and_write(&held);
        assert_eq!(
            epoll.wait(&mut room, timeout).map(|events| events.len()),
            Ok(1)
        );
        set_timer(&[0; 4]);
        assert!(RAN.load(Relaxed) >= 3);
        read(&end);
    }
    // The interruptions do not make the wait longer either.
    tick();
    lasts(100 * MILLISECOND, || {
        let events = epoll.wait(&mut room, Some(100 * MILLISECOND));
        assert_eq!(events.map(|events| events.len()), Ok(0));
    });
    stop_ticking();
}

fn what_epoll_cannot_do_is_an_error() {
    let (end, held) = pipe();
    let epoll = epoll();
    assert_eq!(sys::fd::cloexec(epoll.as_fd().as_raw_fd()), Ok(true));
    epoll.add(end.as_fd(), Events::IN, 1).expect("added");
    let again = epoll.add(end.as_fd(), Events::IN, 2);
    assert_eq!(again, Err(Errno::EEXIST));
    let stranger = epoll.modify(held.as_fd(), Events::OUT, 1);
    assert_eq!(stranger, Err(Errno::ENOENT));
    assert_eq!(epoll.delete(held.as_fd()), Err(Errno::ENOENT));
    let itself = epoll.add(epoll.as_fd(), Events::IN, 1);
    assert_eq!(itself, Err(Errno::EINVAL));
    const CLOSED: i32 = 50;
    close(CLOSED);
    let closed = epoll.add(fd(CLOSED), Events::IN, 1);
    assert_eq!(closed, Err(Errno::EBADF));
    make_file(c"file", 0o600, b"");
    let file = sys::fd::open(c"file", OFlags::CLOEXEC, 0).expect("a file");
    let answer = epoll.add(file.as_fd(), Events::IN, 1);
    assert_eq!(answer, Err(Errno::EPERM));
}

fn a_pipe_sends_a_signal_when_it_can_be_read_and_when_it_ends() {
    let io = SigSet::EMPTY.with(Signal::IO);
    signal::block(io).expect("a mask");
    let arrives = || signal::sigtimedwait(io, Some(Duration::ZERO)).is_ok();
    let (end, held) = pipe();
    sys::fd::set_async(end.as_fd(), process::getpid()).expect("a signal");
    assert!(!arrives());
    sys::fd::write(held.as_fd(), b"x").expect("a byte");
    assert!(arrives());
    assert!(!arrives(), "once");
    drop(held);
    assert!(arrives());
    const CLOSED: i32 = 50;
    close(CLOSED);
    let closed = sys::fd::set_async(fd(CLOSED), process::getpid());
    assert_eq!(closed, Err(Errno::EBADF));
}

fn no_free_descriptor_is_an_error() {
    open_only(0..DESCRIPTORS as i32);
    assert_eq!(Epoll::new().err(), Some(Errno::EMFILE));
    let answer = Timer::new(Clock::Monotonic, OFlags::default());
    assert_eq!(answer.err(), Some(Errno::EMFILE));
}

fn a_counter_is_readable_while_it_is_not_zero() {
    let event = sys::poll::eventfd(2, OFlags::NONBLOCK).expect("a counter");
    assert_eq!(sys::fd::cloexec(event.as_raw_fd()), Ok(true));
    let is_readable = || {
        let mut fds = [PollFd::new(event.as_fd(), Events::IN)];
        poll(&mut fds, Some(Duration::ZERO)) == Ok(1)
    };
    let read = || {
        let mut count = [0; 8];
        sys::fd::read(event.as_fd(), &mut count).map(|_| u64::from_ne_bytes(count))
    };
    assert!(is_readable());
    assert_eq!(sys::fd::write(event.as_fd(), &5u64.to_ne_bytes()), Ok(8));
    assert_eq!(read(), Ok(7));
    assert!(!is_readable());
    assert_eq!(read(), Err(Errno::EAGAIN));
    assert_eq!(sys::fd::write(event.as_fd(), &[1]), Err(Errno::EINVAL));
}
