//! The shell at a terminal: what each key does, seen on the screen of a terminal emulator.
//!
//! In what is expected of a line, `|` is where the cursor is.

/// A test for each architecture whose shell this machine runs.
macro_rules! on_both {
    ($($(#[$attribute:meta])* fn $name:ident($shell:ident) $body:block)*) => {
        $(fn $name($shell: &std::path::Path) $body)*

        mod on_x86_64 {
            $($(#[$attribute])* #[test] fn $name() { super::$name(&nestling_host_tests::or_skip!(nestling_host_tests::Arch::X86_64.sh())); })*
        }

        mod on_i386 {
            $($(#[$attribute])* #[test] fn $name() { super::$name(&nestling_host_tests::or_skip!(nestling_host_tests::Arch::I386.sh())); })*
        }
    };
}

#[path = "sh_terminal/completion.rs"]
mod completion;
#[path = "sh_terminal/emacs.rs"]
mod emacs;
#[path = "sh_terminal/interrupts.rs"]
mod interrupts;
#[path = "sh_terminal/notices.rs"]
mod notices;
#[path = "sh_terminal/prompts.rs"]
mod prompts;
#[path = "sh_terminal/screen.rs"]
mod screen;
#[path = "sh_terminal/start_up.rs"]
mod start_up;
#[allow(dead_code)] // what only random keys ask
#[path = "sh_terminal/terminal.rs"]
mod terminal;
#[path = "sh_terminal/vi.rs"]
mod vi;
