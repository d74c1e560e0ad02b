//! A pipeline: runs each of its arguments as a command. As in a shell, all commands are in one process group, and the output of
//! each command is the input of the next one. The program prints how each command ended, and exits with the status of the last
//! one.
#![no_std]
#![no_main]

extern crate alloc;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::command::{Command, Pipeline};
use nestling::{eprintln, rt::Process};

nestling::entry!(main);

fn main(process: Process) -> i32 {
    let mut commands: Vec<Command> = process.args().skip(1).iter().map(command).collect();
    if let Some(first) = commands.first_mut() {
        first.process_group(0); // the others join it
    }
    match Pipeline::from_iter(&mut commands).status() {
        Ok(status) => {
            for (program, status) in status.iter() {
                eprintln!(program, ": ", status);
            }
            status.last().shell_code()
        }
        Err(error) => {
            eprintln!(error);
            error.shell_code()
        }
    }
}

fn command(text: &CStr) -> Command {
    let mut words = text.to_bytes().split(|&byte| byte == b' ');
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}
