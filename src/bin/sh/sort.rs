//! A merge sort, of numbers that stand for something: the sorts of `core` are several kilobytes.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// Sorts with few comparisons, for they are what takes time. Equal ones stay in their order.
pub fn sort(items: &mut Vec<usize>, order: &dyn Fn(usize, usize) -> Ordering) {
    let mut merged = Vec::with_capacity(items.len());
    let mut width = 1;
    while width < items.len() {
        for pair in items.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at_checked(width).unwrap_or((pair, &[]));
            while let ([one, ones @ ..], [other, others @ ..]) = (left, right) {
                if order(*one, *other) == Ordering::Greater {
                    merged.push(*other);
                    right = others;
                } else {
                    merged.push(*one);
                    left = ones;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        core::mem::swap(items, &mut merged);
        merged.clear();
        width *= 2;
    }
}

/// Compares texts as `cmp` of slices does. That compares byte by byte, which takes a fifth of the time to sort a large folder's names.
pub fn compare(mut left: &[u8], mut right: &[u8]) -> Ordering {
    while let (Some((one, ones)), Some((other, others))) = (
        left.split_first_chunk::<8>(),
        right.split_first_chunk::<8>(),
    ) {
        match u64::from_be_bytes(*one).cmp(&u64::from_be_bytes(*other)) {
            Ordering::Equal => (left, right) = (ones, others),
            order => return order,
        }
    }
    left.cmp(right)
}
