//! Tests of the shell at a terminal: the effect of each key, seen on the screen of a terminal emulator.
//!
//! In an expected line, `|` marks the position of the cursor.

/// Runs a test for each architecture whose shell this machine can run.
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
#[allow(dead_code)] // parts that only random keys use
#[path = "sh_terminal/terminal.rs"]
mod terminal;
#[path = "sh_terminal/vi.rs"]
mod vi;
