//! A supervisor: runs each of its arguments as a command. When a command has ended, the supervisor starts it again after one
//! second. If the supervisor receives `SIGTERM`, it ends all commands. While nothing happens, it only waits.
#![no_std]
#![no_main]

extern crate alloc;
use alloc::vec::Vec;
use core::ffi::CStr;
use core::time::Duration;

use nestling::command::{Child, Command, Error};
use nestling::wait::{self, Options, Who};
use nestling::{SigSet, Signal, println, rt::Process, signals};

nestling::entry!(main);

fn main(process: Process) -> i32 {
    // A blocked signal stays pending until the program waits for it, so the program misses none.
    let wanted = SigSet::EMPTY.with(Signal::CHLD).with(Signal::TERM);
    let _blocked = signals::block(wanted).expect("a mask");
    let mut stopped: Vec<&CStr> = process.args().skip(1).iter().collect();
    let mut running: Vec<(&CStr, Child)> = Vec::new();
    let mut pause = Duration::ZERO;
    loop {
        let rest = stopped.first().map_or(Duration::MAX, |_| pause);
        match signals::wait_timeout(wanted, rest) {
            Ok(Some(info)) if info.signal == Signal::TERM => break,
            Ok(Some(_)) | Err(_) => {}
            Ok(None) => stopped.retain(|&command| match start(command) {
                Ok(child) => {
                    running.push((command, child));
                    false
                }
                Err(error) => {
                    println!(command, ": ", error);
                    true
                }
            }),
        }
        pause = Duration::from_secs(1);
        while let Ok(Some((pid, status))) = wait::wait_for(Who::Any, Options::NOHANG) {
            if let Some(place) = running.iter().position(|(_, child)| child.id() == pid) {
                let (command, _) = running.swap_remove(place);
                println!(command, ": ", status);
                stopped.push(command);
            }
        }
    }
    for (_, child) in &mut running {
        let _ = child.signal(Signal::TERM);
        let _ = child.wait();
    }
    0
}

fn start(command: &CStr) -> Result<Child, Error> {
    let mut words = command.to_bytes().split(|&byte| byte == b' ');
    let mut it = Command::new(words.next().unwrap_or_default());
    it.args(words).setsid(true).signal_mask(SigSet::EMPTY);
    it.spawn()
}
