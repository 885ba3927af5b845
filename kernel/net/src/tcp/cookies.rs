//! SYN cookies: what is to be remembered of a connection request, put into the sequence number and the
//! timestamp of the answer, for when there are more requests than should be remembered.
//!
//! The sequence number: five bits of a clock, three of the segment size, 24 of a keyed hash of both
//! ends, the peer's sequence number and the clock. The timestamp's low five bits: SACK, and the window
//! scale or 15 for none.

use crate::address::Endpoint;
use crate::hash::Hasher;
use crate::stack::Stack;
use crate::wire::tcp::Options;

/// Segment sizes that are told apart.
const SIZES: [u16; 8] = [536, 1220, 1300, 1400, 1440, 1460, 8960, 65483];
/// Nanoseconds of the clock's tick: about a minute.
const TICK: u64 = 1 << 36;
/// Bits of the timestamp that say something.
const STAMP_BITS: u32 = 5;
/// No window scaling.
const UNSCALED: u32 = 15;

fn hash(stack: &Stack, local: &Endpoint, remote: &Endpoint, peer: u32, size: u32, minute: u64) -> u32 {
    let mut hasher = Hasher::new(stack.key());
    // A hash of its own, unlike those of tables and sequence numbers.
    hasher.add(0x636f_6f6b_6965);
    hasher.add_endpoint(local);
    hasher.add_endpoint(remote);
    hasher.add(u64::from(peer) << 32 | minute & 0xffff_ffff);
    hasher.add(u64::from(size));
    hasher.finish() as u32 & 0xff_ffff
}

/// The sequence number that answers a request.
pub(super) fn make(stack: &Stack, local: &Endpoint, remote: &Endpoint, peer: u32, mss: u16) -> u32 {
    let minute = stack.now() / TICK;
    let size = SIZES.iter().rposition(|&size| size <= mss).unwrap_or(0) as u32;
    (minute as u32 & 31) << 27 | size << 24 | hash(stack, local, remote, peer, size, minute)
}

/// The segment size that a sequence number of ours stands for, if it is one from the last two minutes.
pub(super) fn check(
    stack: &Stack,
    local: &Endpoint,
    remote: &Endpoint,
    peer: u32,
    cookie: u32,
) -> Option<u16> {
    let now = stack.now() / TICK;
    let age = (now as u32).wrapping_sub(cookie >> 27) & 31;
    let minute = now.checked_sub(u64::from(age)).filter(|_| age < 2)?;
    let size = cookie >> 24 & 7;
    let right = hash(stack, local, remote, peer, size, minute) == cookie & 0xff_ffff;
    SIZES.get(size as usize).copied().filter(|_| right)
}

/// A timestamp, not later than the clock, that says which options the peer offered.
pub(super) fn stamp(clock: u32, options: &Options) -> u32 {
    let scale = options.window_scale.map_or(UNSCALED, u32::from);
    let said = u32::from(options.sack_permitted) << 4 | scale;
    let mixed = clock & !((1 << STAMP_BITS) - 1) | said;
    if mixed > clock { mixed.wrapping_sub(1 << STAMP_BITS) } else { mixed }
}

/// The options that such a timestamp, echoed, says; without one there were none but the segment size.
pub(super) fn options(mss: u16, timestamps: Option<(u32, u32)>) -> Options {
    let mut options = Options { mss: Some(mss), timestamps, ..Options::default() };
    if let Some((_, echo)) = timestamps {
        options.sack_permitted = echo >> 4 & 1 == 1;
        let scale = echo & 15;
        options.window_scale = (scale != UNSCALED).then_some(scale as u8);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::IpAddress;

    #[test]
    fn a_cookie_is_good_for_its_connection_and_its_time_alone() {
        let stack = Stack::simulated();
        let local = Endpoint::new(IpAddress::V4([10, 0, 0, 1]), 80);
        let remote = Endpoint::new(IpAddress::V4([10, 0, 0, 2]), 5000);
        let cookie = make(stack, &local, &remote, 77, 1450);
        assert_eq!(check(stack, &local, &remote, 77, cookie), Some(1440));
        assert_eq!(check(stack, &local, &remote, 78, cookie), None);
        assert_eq!(check(stack, &local, &Endpoint { port: 5001, ..remote }, 77, cookie), None);
        assert_eq!(check(stack, &local, &remote, 77, cookie ^ 1 << 24), None);
        assert_eq!(check(stack, &local, &remote, 77, cookie ^ 1), None);
        stack.advance_to(stack.now() + TICK);
        assert_eq!(check(stack, &local, &remote, 77, cookie), Some(1440));
        stack.advance_to(stack.now() + TICK);
        assert_eq!(check(stack, &local, &remote, 77, cookie), None);
    }

    #[test]
    fn a_timestamp_brings_the_options_back() {
        for clock in 1_000_000..1_000_100 {
            for scale in [None, Some(0), Some(7), Some(14)] {
                for sack_permitted in [false, true] {
                    let offered = Options { window_scale: scale, sack_permitted, ..Options::default() };
                    let stamp = stamp(clock, &offered);
                    assert!(stamp <= clock && clock - stamp < 32);
                    let found = options(1460, Some((5, stamp)));
                    assert_eq!((found.window_scale, found.sack_permitted), (scale, sack_permitted));
                }
            }
        }
    }
}
