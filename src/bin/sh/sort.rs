//! A heap sort, of numbers that stand for something: the sorts of `core` are several kilobytes.

use core::cmp::Ordering;

pub fn sort(items: &mut [usize], order: &dyn Fn(usize, usize) -> Ordering) {
    for start in (0..items.len() / 2).rev() {
        sift(items, start, order);
    }
    for end in (1..items.len()).rev() {
        items.swap(0, end);
        sift(items.get_mut(..end).unwrap_or_default(), 0, order);
    }
}

/// Moves an item down until none below it is greater.
fn sift(items: &mut [usize], mut parent: usize, order: &dyn Fn(usize, usize) -> Ordering) {
    let greater =
        |items: &[usize], one: usize, other: usize| match (items.get(one), items.get(other)) {
            (Some(&one), Some(&other)) => order(one, other) == Ordering::Greater,
            // There is none beyond the end, and that is less than any.
            (one, _) => one.is_some(),
        };
    loop {
        let mut child = 2 * parent + 1;
        if greater(items, child + 1, child) {
            child += 1;
        }
        if !greater(items, child, parent) {
            return;
        }
        items.swap(parent, child);
        parent = child;
    }
}
