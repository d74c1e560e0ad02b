//! Memory: `mmap(2)` and what goes with it.
