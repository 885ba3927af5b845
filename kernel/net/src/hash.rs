//! SipHash-1-3 (Aumasson and Bernstein, 2012): a keyed hash of short messages. Whoever does not know
//! the key can neither choose addresses that collide in a table nor guess sequence numbers.

use crate::address::{Endpoint, IpAddress};

/// A hash on its way.
pub struct Hasher {
    state: [u64; 4],
}

impl Hasher {
    /// The hash of nothing yet.
    #[must_use]
    pub fn new(key: &[u64; 2]) -> Self {
        let [k0, k1] = *key;
        Self {
            state: [
                k0 ^ 0x736f_6d65_7073_6575,
                k1 ^ 0x646f_7261_6e64_6f6d,
                k0 ^ 0x6c79_6765_6e65_7261,
                k1 ^ 0x7465_6462_7974_6573,
            ],
        }
    }

    #[inline(always)]
    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.state;
        a = a.wrapping_add(b);
        b = b.rotate_left(13) ^ a;
        a = a.rotate_left(32);
        c = c.wrapping_add(d);
        d = d.rotate_left(16) ^ c;
        a = a.wrapping_add(d);
        d = d.rotate_left(21) ^ a;
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        c = c.rotate_left(32);
        self.state = [a, b, c, d];
    }

    /// Adds eight bytes.
    pub fn add(&mut self, word: u64) {
        self.state[3] ^= word;
        self.round();
        self.state[0] ^= word;
    }

    /// Adds an end of a connection, without its scope.
    pub fn add_endpoint(&mut self, end: &Endpoint) {
        let address = match &end.address {
            IpAddress::V4(bytes) => u32::from_be_bytes(*bytes),
            IpAddress::V6(bytes) => {
                bytes.as_chunks::<8>().0.iter().for_each(|half| self.add(u64::from_le_bytes(*half)));
                0
            }
        };
        self.add(u64::from(address) << 16 | u64::from(end.port));
    }

    /// The hash.
    #[must_use]
    pub fn finish(mut self) -> u64 {
        self.state[2] ^= 0xff;
        (0..3).for_each(|_| self.round());
        self.state.iter().fold(0, |all, part| all ^ part)
    }
}

/// The hash of a connection's two ends.
#[must_use]
pub fn of_pair(key: &[u64; 2], local: &Endpoint, remote: &Endpoint) -> u64 {
    let mut hasher = Hasher::new(key);
    hasher.add_endpoint(local);
    hasher.add_endpoint(remote);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_siphash() {
        // The standard library's is the same, with a key of zeros; the length goes into the last word.
        let mut other = std::hash::DefaultHasher::new();
        let mut hasher = Hasher::new(&[0, 0]);
        for number in 0..8u64 {
            let word = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            std::hash::Hasher::write(&mut other, &word.to_le_bytes());
            hasher.add(word);
        }
        hasher.add(64 << 56);
        assert_eq!(hasher.finish(), std::hash::Hasher::finish(&other));
    }
}
