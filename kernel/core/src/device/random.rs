//! Entropy: the rows of `table_rng`.

/// A source of random bytes.
pub struct Entropy {
    /// Fills the buffer as far as it can; gives the number of bytes, 0 if there is no device.
    pub fill: fn(buffer: &mut [u8]) -> usize,
}

super::table!("table_rng", Entropy, 2);
