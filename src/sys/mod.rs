//! The system calls: one small typed function each, grouped as the manual groups them. No policy: nothing is retried,
//! nothing is remembered.
//!
//! A function is `unsafe` where its arguments can break another's memory or take away another's descriptor.

#![allow(unsafe_code)]

use crate::errno::Errno;

pub mod args;
pub mod clone;
pub mod credentials;
pub mod fd;
pub mod file;
pub mod process;
pub mod resource;
pub mod signal;
pub mod terminal;

/// What the kernel's answer means: the last 4095 values are errors.
fn result(answer: usize) -> Result<usize, Errno> {
    match Errno::from_raw((answer as isize).wrapping_neg().try_into().unwrap_or(0)) {
        Some(errno) => Err(errno),
        None => Ok(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_4095_answers_are_errors() {
        assert_eq!(result(0), Ok(0));
        assert_eq!(result(usize::MAX), Err(Errno::EPERM));
        assert_eq!(result(usize::MAX - 4094), Err(Errno::from_raw(4095).unwrap()));
        assert_eq!(result(usize::MAX - 4095), Ok(usize::MAX - 4095));
        assert_eq!(result(1 << (usize::BITS - 1)), Ok(1 << (usize::BITS - 1)));
    }
}
