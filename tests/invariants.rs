#![no_std]
#![no_main]
nestling_tests::suite! {}
