//! Spawns in threads whose stack is the smallest that a C library allows. Exits with 0 if each spawn worked.

use std::mem::MaybeUninit;
use std::ptr::null_mut;

use nestling::spawn::{Notice, Program, Spawn};
use nestling::{Args, args};

/// In bytes. The library uses some of them itself.
const SMALLEST: usize = 16 * 1024;

/// What a thread spawns, and how that spawn ended.
struct Small {
    program: Program<'static>,
    notice: Notice,
    code: Option<i32>,
}

extern "C" fn spawn_here(small: *mut libc::c_void) -> *mut libc::c_void {
    // SAFETY: the thread that made this thread waits for it, so the pointer stays valid.
    let small = unsafe { &mut *small.cast::<Small>() };
    let list = args![c"sh", c"-c", c"exit 7"];
    let mut spawn = Spawn::new(small.program, Args::new(&list), Args::EMPTY);
    spawn.attributes.notice = small.notice;
    small.code = spawn
        .start()
        .ok()
        .and_then(|mut child| child.wait().ok()?.code());
    null_mut()
}

fn main() {
    let search = Program::Search {
        name: c"sh",
        path: Some(c"/nope:/nope/nope:/bin"),
    };
    for program in [Program::Path(c"/bin/sh"), search] {
        for notice in [Notice::Pipe, Notice::Mark] {
            let mut small = Small {
                program,
                notice,
                code: None,
            };
            let mut attributes = MaybeUninit::uninit();
            let mut thread = MaybeUninit::uninit();
            // SAFETY: every pointer is valid, and the attributes are initialised before they are used; `small` outlives
            // the thread.
            unsafe {
                assert_eq!(libc::pthread_attr_init(attributes.as_mut_ptr()), 0);
                let set = libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), SMALLEST);
                assert_eq!(set, 0);
                let argument = (&raw mut small).cast();
                let made = libc::pthread_create(
                    thread.as_mut_ptr(),
                    attributes.as_ptr(),
                    spawn_here,
                    argument,
                );
                assert_eq!(made, 0);
                assert_eq!(libc::pthread_join(thread.assume_init(), null_mut()), 0);
            }
            assert_eq!(small.code, Some(7), "{program:?}, {notice:?}");
        }
    }
}
