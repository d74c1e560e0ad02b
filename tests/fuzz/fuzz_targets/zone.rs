//! Time zones from TZ rules and from files. Any input that is accepted must give each time an offset and each local
//! time a date.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nestling::time::zone::{Date, Zone};

fuzz_target!(|input: (i64, &[u8])| {
    let (time, text) = input;
    for zone in [Zone::from_posix(text), Zone::from_tzif(text)] {
        let Some(zone) = zone else { continue };
        for time in [time, time >> 24, time >> 32, i64::MIN, i64::MAX] {
            let local = zone.at(time);
            let date = Date::new(time.saturating_add(local.offset.into()));
            assert!((1..=12).contains(&date.month) && (1..=31).contains(&date.day));
            assert!(date.hour < 24 && date.minute < 60 && date.second < 60);
            assert!(date.weekday < 7 && date.year_day < 366);
        }
    }
});
