//! A process 1: it mounts the usual file systems, runs one service, reaps every process that ends, and powers the
//! machine off when the service has ended. The service is the command after `--` on the kernel's command line; without
//! one, it is this program itself.
#![no_std]
#![no_main]

use nestling::spawn::{Attributes, Memory, Program, Spawn};
use nestling::sys::mount::{MountFlags, mount};
use nestling::sys::process::getpid;
use nestling::sys::reboot::{Reboot, reboot, sync};
use nestling::wait::{Options, Who, wait_for};
use nestling::{Args, Pid, args, eprintln, println, rt::Process, sys};

nestling::entry!(main);

fn main(process: Process) -> i32 {
    if getpid().as_raw() != 1 {
        println!("this is process ", getpid());
        return 0;
    }
    for (target, kind) in [
        (c"/proc", c"proc"),
        (c"/sys", c"sysfs"),
        (c"/dev", c"devtmpfs"),
    ] {
        let _ = sys::file::mkdir(target, 0o755); // the directory may exist
        if let Err(errno) = mount(kind, target, kind, MountFlags::NOSUID, c"") {
            eprintln!("demo: ", target, ": ", errno);
        }
    }
    match start(process) {
        Ok(service) => reap_until_the_end_of(service),
        Err(code) => eprintln!("demo: there is no service to run: ", code),
    }
    sync();
    eprintln!("demo: power off: ", reboot(Reboot::PowerOff)); // `reboot` returns only if it fails
    1
}

/// Starts the service in a new session. Process 1 shares its memory with no child, because the kernel may kill all
/// processes that share memory.
fn start(process: Process) -> Result<Pid, i32> {
    let (given, own) = (process.args().skip(1), args![c"/proc/self/exe"]);
    let words = match given.is_empty() {
        true => Args::new(&own),
        false => given,
    };
    let (name, path) = (
        words.first().unwrap_or_default(),
        process.env().var(c"PATH"),
    );
    let service = Spawn {
        attributes: Attributes {
            memory: Memory::Copied,
            new_session: true,
            ..Attributes::default()
        },
        ..Spawn::new(Program::Search { name, path }, words, process.env())
    };
    match service.start() {
        Ok(child) => Ok(child.id()),
        Err(error) => {
            eprintln!("demo: ", error);
            Err(error.shell_code())
        }
    }
}

/// Waits for every process that ends, because orphans become children of process 1.
fn reap_until_the_end_of(service: Pid) {
    while let Ok(ended) = wait_for(Who::Any, Options::default()) {
        if let Some((pid, status)) = ended
            && pid == service
        {
            return eprintln!("demo: the service has ended: ", status);
        }
    }
}
