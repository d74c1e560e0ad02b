//! Numbers as decimal digits.

/// A number in decimal digits, without an allocation.
#[derive(Debug)]
pub struct Decimal {
    buffer: [u8; 20],
    start: usize,
}

impl Decimal {
    /// Makes the digits of a number, with a minus before a negative one.
    pub fn new(number: i64) -> Self {
        let mut digits = Self {
            buffer: [b'0'; 20],
            start: 20,
        };
        let mut rest = number.unsigned_abs();
        // Most numbers are small, and a division of 64 bits is slow on i386.
        while u32::try_from(rest).is_err() {
            digits.put((rest % 10) as u8 + b'0');
            rest /= 10;
        }
        let mut rest = rest as u32;
        while rest > 0 || digits.start == 20 {
            digits.put((rest % 10) as u8 + b'0');
            rest /= 10;
        }
        if number < 0 {
            digits.put(b'-');
        }
        digits
    }

    fn put(&mut self, byte: u8) {
        self.start = self.start.saturating_sub(1);
        if let Some(place) = self.buffer.get_mut(self.start) {
            *place = byte;
        }
    }

    /// Returns the digits.
    #[inline(never)]
    pub fn as_bytes(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }
}
