//! SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash of short messages. Whoever does not know
//! the key can neither choose addresses that collide in a table nor guess sequence numbers.

use crate::address::Endpoint;

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
        self.round();
        self.state[0] ^= word;
    }

    /// Adds an end of a connection, without its scope.
    pub fn add_endpoint(&mut self, end: &Endpoint) {
        let (words, rest) = end.address.bytes().as_chunks::<8>();
        words.iter().for_each(|word| self.add(u64::from_le_bytes(*word)));
        let low = rest.iter().fold(0, |low, &byte| low << 8 | u64::from(byte));
        self.add(low << 16 | u64::from(end.port));
    }

    /// The hash.
    #[must_use]
    pub fn finish(mut self) -> u64 {
        self.state[2] ^= 0xff;
        (0..4).for_each(|_| self.round());
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
        // The reference implementation's vector for the message 00..07 and the key 00..0f; its length
        // goes into the last word.
        let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        let mut hasher = Hasher::new(&key);
        hasher.add(0x0706_0504_0302_0100);
        hasher.add(8 << 56);
        assert_eq!(hasher.finish(), 0x93f5_f579_9a93_2462);
    }
}
