//! The memory functions that the compiler calls by name. The `-gnu` and `-musl` targets expect these functions from a libc.
//!
//! [`entry!`](crate::entry!) defines these functions in the program, not in this crate. So a program that uses the standard
//! library keeps the functions of its libc, even if one of its dependencies enables the feature `rt`.

use core::cmp::Ordering;

use crate::arch;

/// `memcpy` and `memmove`: copies `count` bytes. The source and the target may overlap.
///
/// # Safety
/// `source` is readable and `target` is writable for `count` bytes.
pub unsafe fn copy(target: *mut u8, source: *const u8, count: usize) {
    // Copies from the end only if a copy from the start would overwrite source bytes before reading them. SAFETY: the caller
    // upholds the safety contract, and the direction is right for the overlap.
    unsafe {
        if (target as usize).wrapping_sub(source as usize) < count {
            arch::copy_backward(target, source, count);
        } else {
            arch::copy_forward(target, source, count);
        }
    }
}

/// `memcmp` and `bcmp`: compares `count` bytes. The result is the order of the first pair of bytes that differ.
///
/// # Safety
/// `left` and `right` are readable for `count` bytes.
#[must_use]
pub unsafe fn compare(left: *const u8, right: *const u8, count: usize) -> Ordering {
    for i in 0..count {
        // SAFETY: the caller upholds the safety contract. The reads are volatile, so that the compiler does not replace this loop
        // with a call of `memcmp`.
        let (left, right) = unsafe { (left.add(i).read_volatile(), right.add(i).read_volatile()) };
        if left != right {
            return left.cmp(&right);
        }
    }
    Ordering::Equal
}

/// `strlen`: returns the number of bytes before the null.
///
/// # Safety
/// `string` is a C string.
#[inline(never)]
#[must_use]
pub unsafe fn length(string: *const u8) -> usize {
    let mut count = 0;
    // SAFETY: the caller upholds the safety contract. The reads are volatile, so that the compiler does not replace this loop with
    // a call of `strlen`.
    while unsafe { string.add(count).read_volatile() } != 0 {
        count += 1;
    }
    count
}

/// Defines the symbols `memcpy`, `memmove`, `memset`, `memcmp`, `bcmp` and `strlen`.
#[doc(hidden)]
#[macro_export]
macro_rules! __memory_functions {
    () => {
        #[unsafe(no_mangle)]
        unsafe extern "C" fn memcpy(target: *mut u8, source: *const u8, count: usize) -> *mut u8 {
            // SAFETY: the caller upholds the safety contract. The ranges do not overlap, so either direction is right.
            unsafe { $crate::arch::copy_forward(target, source, count) };
            target
        }

        #[unsafe(no_mangle)]
        unsafe extern "C" fn memmove(target: *mut u8, source: *const u8, count: usize) -> *mut u8 {
            // SAFETY: the caller upholds the safety contract.
            unsafe { $crate::rt::memory::copy(target, source, count) };
            target
        }

        #[unsafe(no_mangle)]
        unsafe extern "C" fn memset(target: *mut u8, value: i32, count: usize) -> *mut u8 {
            // SAFETY: the caller upholds the safety contract.
            unsafe { $crate::arch::fill(target, value as u8, count) };
            target
        }

        #[unsafe(no_mangle)]
        unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, count: usize) -> i32 {
            // SAFETY: the caller upholds the safety contract.
            unsafe { $crate::rt::memory::compare(left, right, count) as i32 }
        }

        #[unsafe(no_mangle)]
        unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, count: usize) -> i32 {
            // SAFETY: the caller upholds the safety contract.
            unsafe { $crate::rt::memory::compare(left, right, count) as i32 }
        }

        #[unsafe(no_mangle)]
        unsafe extern "C" fn strlen(string: *const u8) -> usize {
            // SAFETY: the caller upholds the safety contract.
            unsafe { $crate::rt::memory::length(string) }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_and_overlap_is_copied_like_a_slice() {
        // In Miri, the test takes a thousand times as long.
        let step = if cfg!(miri) { 7 } else { 1 };
        for count in (0..40).step_by(step) {
            for source in (0..12).step_by(step) {
                for target in 0..12 {
                    let mut expected: [u8; 64] = core::array::from_fn(|i| i as u8);
                    let mut bytes = expected;
                    expected.copy_within(source..source + count, target);
                    // SAFETY: the ranges start below 12 and have less than 40 bytes, so they are inside the array of 64 bytes.
                    unsafe {
                        let start = bytes.as_mut_ptr();
                        copy(start.add(target), start.add(source), count);
                    }
                    assert_eq!(bytes, expected, "{count} from {source} to {target}");
                }
            }
        }
    }

    #[test]
    fn every_length_is_filled_and_nothing_beside() {
        let step = if cfg!(miri) { 7 } else { 1 };
        for count in (0..40).step_by(step) {
            for start in (0..12).step_by(step) {
                let mut bytes = [1; 64];
                // SAFETY: the ranges start below 12 and have less than 40 bytes, so they are inside the array of 64 bytes.
                unsafe { arch::fill(bytes.as_mut_ptr().add(start), 7, count) };
                for (i, byte) in bytes.into_iter().enumerate() {
                    assert_eq!(byte == 7, (start..start + count).contains(&i));
                }
            }
        }
    }

    #[test]
    fn bytes_compare_as_unsigned_up_to_the_first_that_differ() {
        let compare = |left: &[u8; 2], right: &[u8; 2], count| {
            // SAFETY: `count` is at most the length of the arrays.
            unsafe { compare(left.as_ptr(), right.as_ptr(), count) }
        };
        assert_eq!(compare(b"a\xff", b"a\x01", 2), Ordering::Greater);
        assert_eq!(compare(b"a\xff", b"a\x01", 1), Ordering::Equal);
        assert_eq!(compare(b"ab", b"b\0", 2), Ordering::Less);
        assert_eq!(compare(b"ab", b"ba", 0), Ordering::Equal);
    }

    #[test]
    fn a_string_ends_before_its_null() {
        // SAFETY: the arguments are C strings.
        unsafe {
            assert_eq!(length(c"".as_ptr().cast()), 0);
            assert_eq!(length(c"four".as_ptr().cast()), 4);
        }
    }
}
