//! A pipeline: runs each of its arguments as a command. As in a shell, all commands are in one process group, and the output of
//! each command is the input of the next one. The program prints how each command ended, and exits with the status of the last
//! one.
#![no_std]
#![no_main]

extern crate alloc;
use alloc::vec::Vec;

use nestling::command::{ChildStdout, Command, Stdio};
use nestling::{eprintln, rt::Process};

nestling::entry!(main);

fn main(process: Process) -> i32 {
    let commands: Vec<_> = process.args().skip(1).iter().collect();
    let (mut children, mut group) = (Vec::new(), 0);
    let mut previous: Option<ChildStdout> = None;
    for (place, command) in commands.iter().enumerate() {
        let mut words = command.to_bytes().split(|&byte| byte == b' ');
        let mut it = Command::new(words.next().unwrap_or(b""));
        it.args(words).process_group(group);
        if let Some(output) = previous.take() {
            it.stdin(output);
        }
        if place + 1 < commands.len() {
            it.stdout(Stdio::piped());
        }
        match it.spawn() {
            Ok(mut child) => {
                previous = child.stdout.take();
                // The first child's id is the id of the group. The child is not reaped yet, so the other children can join the
                // group.
                if group == 0 {
                    group = child.id().as_raw();
                }
                children.push((*command, child));
            }
            Err(error) => {
                eprintln!(command, ": ", error);
                return error.shell_code();
            }
        }
    }
    let mut code = 0;
    for (command, mut child) in children {
        match child.wait() {
            Ok(status) => {
                eprintln!(command, ": ", status);
                code = status.shell_code();
            }
            Err(errno) => eprintln!(command, ": ", errno),
        }
    }
    code
}
