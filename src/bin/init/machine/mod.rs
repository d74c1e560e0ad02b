//! Machine life: PID 1, started by the kernel. So far of a machine that runs a list of commands and powers off.
//!
//! It mounts what programs expect, opens a console if the kernel gave it none, starts the commands one after the other,
//! reaps whatever ends meanwhile, and when the last command has ended stops what is left and powers off. Nothing that goes
//! wrong on the way makes it exit: the kernel would panic.
//!
//! The commands are the files `/etc/init/000`, `/etc/init/001` and so on. They get init's own environment, which is what the
//! kernel's command line says (`NAME=VALUE`, beside the kernel's own parameters). With `NESTLING_REPORT` in it, init tells
//! the console how each ended, in the lines that [`report`] describes.

mod command;
mod console;
mod mounts;
mod report;
mod shutdown;
mod zombies;

use core::panic::PanicInfo;

use command::Command;
use nestling::io::{self, Writer};
use nestling::spawn::{Program, Spawn};
use nestling::text::{Quoted, Text};
use nestling::{Args, rt};
use report::Report;

use crate::log::complain;

/// Brings the machine up and takes it down.
pub fn live(process: rt::Process) -> ! {
    let descriptors = console::open_descriptors();
    let devices = mounts::devices();
    console::open();
    devices.tell();
    mounts::all();

    let report = Report::new(process.env());
    report.start(descriptors);
    for index in 0..=u8::MAX {
        match Command::read(index) {
            None => break,
            Some(Ok(command)) => run(&command, process.env(), &report),
            Some(Err(errno)) => {
                complain(|out| {
                    "can't read the command ".write(out);
                    Quoted(command::path(index).strip_suffix(b"\0").unwrap_or_default()).write(out);
                    ": ".write(out);
                    errno.write(out);
                });
                report.failure(125);
            }
        }
    }
    shutdown::power_off(&report)
}

/// Starts the command and reaps all that ends until it does.
fn run(command: &Command, env: Args<'_>, report: &Report) {
    let mut strings = [None; command::STRINGS + 1];
    let args = command.args(&mut strings);
    let Some(name) = args.first() else {
        complain(|out| "an empty command in /etc/init".write(out));
        return report.failure(125);
    };
    let program = Program::Search {
        name,
        path: env.var(c"PATH"),
    };
    match Spawn::new(program, args, env).start() {
        Ok(child) => {
            let end = zombies::reap_until_end_of(child.id());
            report.end(end);
        }
        Err(error) => {
            complain(|out| error.write(out));
            report.failure(error.shell_code());
        }
    }
}

/// PID 1 does not die of a panic: it says so and ends the machine in an orderly way, since what it knew of it is lost.
pub fn panic(info: &PanicInfo<'_>) -> ! {
    let mut stderr = Writer::new(io::stderr());
    "init: ".write(&mut stderr);
    rt::describe(info, &mut stderr);
    drop(stderr);
    shutdown::power_off(&Report::SILENT)
}
