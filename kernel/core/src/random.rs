//! Random numbers: a generator (ChaCha20, RFC 8439's block function) seeded from what the machine
//! offers.
//!
//! Seeds, all mixed: the processor's RDSEED or RDRAND, the entropy devices of `table_rng`, and the
//! time stamp counter's jitter. The last alone is weak: without instruction and device,
//! [`is_seeded_well`] says so. The key is replaced after each request, so that what was given out
//! cannot be computed from what is found in memory later.

use core::sync::atomic::{AtomicBool, Ordering};

use crate::device::random;
use crate::sync::Mutex;

/// Requests after which fresh entropy is mixed in.
const RESEED_EVERY: u32 = 4096;

struct Generator {
    key: [u32; 8],
    requests: u32,
}

static GENERATOR: Mutex<Generator> = Mutex::new(Generator { key: [0; 8], requests: 0 });
static SEEDED_WELL: AtomicBool = AtomicBool::new(false);

/// Fills a buffer with random bytes. Never fails; may sleep while a device is asked.
pub fn fill(buffer: &mut [u8]) {
    let mut generator = GENERATOR.lock();
    if generator.requests.is_multiple_of(RESEED_EVERY) {
        generator.reseed();
    }
    generator.requests = generator.requests.wrapping_add(1);
    generator.give(buffer);
}

/// A random word.
pub fn word() -> u64 {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    u64::from_ne_bytes(bytes)
}

/// Whether an instruction or a device contributed to the seed, and not just timing.
pub fn is_seeded_well() -> bool {
    SEEDED_WELL.load(Ordering::Relaxed)
}

/// The block function: 16 words from key and counter.
fn block(key: &[u32; 8], counter: u64) -> [u32; 16] {
    let mut start = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for (place, word) in start.iter_mut().skip(4).zip(key) {
        *place = *word;
    }
    start[12] = counter as u32;
    start[13] = (counter >> 32) as u32;
    let mut state = start;
    for _ in 0..10 {
        for column in 0..4 {
            quarter_round(&mut state, column, 4 + column, 8 + column, 12 + column);
        }
        for diagonal in 0..4 {
            let row = |row| 4 * row + (diagonal + row) % 4;
            quarter_round(&mut state, diagonal, row(1), row(2), row(3));
        }
    }
    for (word, first) in state.iter_mut().zip(start) {
        *word = word.wrapping_add(first);
    }
    state
}

/// The quarter round of the four words at these places.
fn quarter_round(state: &mut [u32; 16], at_a: usize, at_b: usize, at_c: usize, at_d: usize) {
    let word = |at: usize| state[at % 16];
    let (mut a, mut b, mut c, mut d) = (word(at_a), word(at_b), word(at_c), word(at_d));
    a = a.wrapping_add(b);
    d = (d ^ a).rotate_left(16);
    c = c.wrapping_add(d);
    b = (b ^ c).rotate_left(12);
    a = a.wrapping_add(b);
    d = (d ^ a).rotate_left(8);
    c = c.wrapping_add(d);
    b = (b ^ c).rotate_left(7);
    state[at_a % 16] = a;
    state[at_b % 16] = b;
    state[at_c % 16] = c;
    state[at_d % 16] = d;
}

impl Generator {
    fn give(&mut self, buffer: &mut [u8]) {
        let mut counter = 0;
        for chunk in buffer.chunks_mut(64) {
            counter += 1;
            let words = block(&self.key, counter);
            let bytes = words.iter().flat_map(|word| word.to_le_bytes());
            for (place, byte) in chunk.iter_mut().zip(bytes) {
                *place = byte;
            }
        }
        // Block 0 becomes the next key and is never given out.
        let next = block(&self.key, 0);
        for (place, word) in self.key.iter_mut().zip(next) {
            *place = word;
        }
    }

    /// Mixes eight words into the key.
    fn mix(&mut self, words: &[u32; 8]) {
        for (place, word) in self.key.iter_mut().zip(words) {
            *place ^= word;
        }
        self.give(&mut []);
    }

    fn reseed(&mut self) {
        let mut well = false;
        let mut words = [0; 8];
        if hardware::fill(&mut words) {
            self.mix(&words);
            well = true;
        }
        for row in random::rows() {
            let mut bytes = [0; 32];
            if (row.fill)(&mut bytes) == bytes.len() {
                for (word, four) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
                    *word = u32::from_le_bytes(*four);
                }
                self.mix(&words);
                well = true;
                break;
            }
        }
        // How long things take differs a little each time.
        let rounds = if well { 1 } else { 64 };
        for _ in 0..rounds {
            for word in &mut words {
                let before = hal::cpu::tsc();
                core::hint::black_box(block(&self.key, before));
                *word = word.rotate_left(7) ^ hal::cpu::tsc() as u32 ^ (before >> 9) as u32;
            }
            self.mix(&words);
        }
        let (seconds, nanoseconds) = crate::time::realtime();
        self.mix(&[seconds as u32, nanoseconds, 0, 0, 0, 0, 0, 0]);
        SEEDED_WELL.fetch_or(well, Ordering::Relaxed);
    }
}

/// The processor's random numbers.
mod hardware {
    use core::arch::x86_64::_rdrand32_step;

    /// CPUID leaf 1, ECX: RDRAND.
    const RDRAND: u32 = 1 << 30;

    #[target_feature(enable = "rdrand")]
    fn step() -> Option<u32> {
        let mut value = 0;
        // A processor may run dry for a moment.
        for _ in 0..16 {
            if _rdrand32_step(&mut value) == 1 {
                return Some(value);
            }
        }
        None
    }

    /// Fills words; false if there is no such instruction, it fails, or it gives the same all the
    /// time (as some processors do after waking up).
    pub fn fill(words: &mut [u32; 8]) -> bool {
        if core::arch::x86_64::__cpuid(1).ecx & RDRAND == 0 {
            return false;
        }
        for word in words.iter_mut() {
            // SAFETY: the instruction is there.
            match unsafe { step() } {
                Some(value) => *word = value,
                None => return false,
            }
        }
        words.iter().any(|word| *word != words[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_function_is_chacha20s() {
        // RFC 8439, appendix A.1, test vector 1: key, nonce and counter zero.
        let zeros = block(&[0; 8], 0);
        assert_eq!(zeros[..4], [0xade0_b876, 0x903d_f1a0, 0xe56a_5d40, 0x28bd_8653]);
        assert_ne!(block(&[1; 8], 1), block(&[1; 8], 2));
    }

    #[test]
    fn no_two_answers_are_alike() {
        let (mut one, mut two) = ([0; 100], [0; 100]);
        fill(&mut one);
        fill(&mut two);
        assert!(one != two && one.iter().any(|&byte| byte != 0) && one[..50] != one[50..]);
        assert_ne!(word(), word());
    }

    #[test]
    fn bytes_are_spread_evenly() {
        let mut bytes = vec![0; 1 << 18];
        fill(&mut bytes);
        let mut counts = [0u32; 256];
        bytes.iter().for_each(|&byte| counts[usize::from(byte)] += 1);
        assert!(counts.iter().all(|count| (850..1200).contains(count)));
    }
}
