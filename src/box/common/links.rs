//! Files with several links that were seen. The memory grows with the number of such files, and of no others.

use alloc::vec::Vec;

use nestling::Stat;

/// The device and the inode number of a file, and the bytes that the caller has stored for it.
type Seen = ((u32, u32), u64, Vec<u8>);

pub struct Links {
    /// By the inode number, so that a search looks at few.
    buckets: Vec<Vec<Seen>>,
}

const BUCKETS: u64 = 256;

impl Links {
    pub fn new() -> Self {
        Self {
            buckets: Vec::new(),
        }
    }

    /// Returns what was added with this file.
    pub fn get(&self, stat: &Stat) -> Option<&[u8]> {
        let bucket = self.buckets.get((stat.ino() % BUCKETS) as usize)?;
        let found = bucket
            .iter()
            .find(|it| (it.0, it.1) == (stat.dev(), stat.ino()))?;
        Some(&found.2)
    }

    pub fn add(&mut self, stat: &Stat, what: &[u8]) {
        if self.buckets.is_empty() {
            self.buckets.resize_with(BUCKETS as usize, Vec::new);
        }
        if let Some(bucket) = self.buckets.get_mut((stat.ino() % BUCKETS) as usize) {
            bucket.push((stat.dev(), stat.ino(), what.to_vec()));
        }
    }
}
