//! The heap of a program without libc (feature `alloc`).
