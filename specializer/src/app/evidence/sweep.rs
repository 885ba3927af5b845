//! Every instruction of a stretch of code once, in order, on two cores.
//!
//! Where instructions begin is only known from the one before. But a decoder that starts anywhere falls into
//! step within a few instructions: so one starts in the middle, and where the one from the start has come to
//! a place that the other has been at, the other has decoded the rest as it would have itself.

use iced_x86::{Decoder, DecoderOptions, Instruction};

/// How many instructions before the last one a [`Window`] holds.
pub(super) const WINDOW: usize = 31;

/// Below this many bytes a thread costs more than it saves.
const WORTH_TWO: usize = 128 << 10;

/// How many instructions a decoder has to fall into step.
const STEPS: usize = 64;

/// The instructions decoded last, each decoded in its place.
#[derive(Default)]
pub(super) struct Window {
    ring: [Instruction; WINDOW + 1],
    decoded: usize,
}

impl Window {
    /// The instruction decoded last.
    pub fn last(&self) -> &Instruction {
        &self.ring[self.decoded.wrapping_sub(1) % (WINDOW + 1)]
    }

    /// Those before it, the latest first.
    pub fn before(&self) -> impl Iterator<Item = &Instruction> {
        let last = self.decoded.saturating_sub(1);
        (last.saturating_sub(WINDOW)..last).rev().map(|at| &self.ring[at % (WINDOW + 1)])
    }

    fn decode(&mut self, decoder: &mut Decoder<'_>) {
        // The oldest makes room.
        decoder.decode_out(&mut self.ring[self.decoded % (WINDOW + 1)]);
        self.decoded += 1;
    }
}

/// Calls `visit` for every instruction of `code`, whose address is `base`, with one of the states that `state`
/// makes: all of a state's instructions come before those of the next.
pub(super) fn sweep<T: Send>(
    base: u64,
    code: &[u8],
    state: impl Fn() -> T + Sync,
    visit: impl Fn(&mut T, &Window) + Sync,
) -> Vec<T> {
    let decoder = |at: usize| Decoder::with_ip(64, &code[at..], base + at as u64, DecoderOptions::NONE);
    let whole = |decoder: &mut Decoder<'_>, mut window: Window, until: Option<(u64, u64)>| {
        let mut state = state();
        let mut in_step = false;
        while decoder.can_decode() {
            if let Some((met, end)) = until {
                in_step |= decoder.ip() == met;
                if in_step && decoder.ip() == end {
                    return (state, true);
                }
            }
            window.decode(decoder);
            visit(&mut state, &window);
        }
        (state, false)
    };
    if code.len() < WORTH_TWO {
        return vec![whole(&mut decoder(0), Window::default(), None).0];
    }
    let (mut second, mut window) = (decoder(code.len() / 2), Window::default());
    (0..STEPS).for_each(|_| window.decode(&mut second));
    let met = second.ip();
    // From there on the window holds what a single decoder's would.
    (0..WINDOW).for_each(|_| window.decode(&mut second));
    let end = second.ip();
    let ((first, handed_over), (rest, _)) = rayon::join(
        || whole(&mut decoder(0), Window::default(), Some((met, end))),
        move || whole(&mut second, window, None),
    );
    if handed_over { vec![first, rest] } else { vec![first] }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses of instructions, each with how far back its window reaches.
    type Seen = Vec<(u64, u64)>;

    fn visit(seen: &mut Seen, window: &Window) {
        let oldest = window.before().last().map_or(0, Instruction::ip);
        seen.push((window.last().ip(), oldest));
    }

    fn alone(base: u64, code: &[u8]) -> Seen {
        let (mut decoder, mut window) =
            (Decoder::with_ip(64, code, base, DecoderOptions::NONE), Window::default());
        let mut seen = Vec::new();
        while decoder.can_decode() {
            window.decode(&mut decoder);
            visit(&mut seen, &window);
        }
        seen
    }

    #[test]
    fn two_decoders_see_what_one_sees() {
        // `mov rax, imm64` with immediates that are instructions, too.
        let long = [0x48, 0xb8, 0x90, 0xc3, 0x48, 0x89, 0xe5, 0x5d, 0x50, 0x90];
        let mut code = Vec::new();
        while code.len() < WORTH_TWO + 1000 {
            code.extend_from_slice(&long);
            code.extend_from_slice(&[0x55, 0xc3]);
        }
        let states = sweep(0x1000, &code, Vec::new, visit);
        assert_eq!(states.len(), 2);
        assert_eq!(states.concat(), alone(0x1000, &code));
    }

    #[test]
    fn decoders_that_never_meet_leave_it_to_the_first() {
        // Two sequences of instructions, one a byte behind the other: `add eax, 0x05050505`.
        let code = vec![0x05; (WORTH_TWO + 1000).next_multiple_of(10) + 4];
        let states = sweep(0, &code, Vec::new, visit);
        assert_eq!(states.concat(), alone(0, &code));
    }
}
