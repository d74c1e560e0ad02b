//! Reading directories (`getdents64(2)`).
