#![no_std]
#![no_main]

nestling_tests::suite! {
    once {
        nothing_yet,
    }
}

fn nothing_yet() {}
