//! Sequence numbers, which wrap around (RFC 9293, section 3.4).

/// Whether `a` comes before `b`.
pub fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

/// Whether `a` comes after `b`.
pub fn after(a: u32, b: u32) -> bool {
    before(b, a)
}

/// The later one.
pub fn later(a: u32, b: u32) -> u32 {
    if before(a, b) { b } else { a }
}

/// How far it is from `a` to `b`; 0 if `b` is not after `a`.
pub fn distance(a: u32, b: u32) -> u32 {
    if before(a, b) { b.wrapping_sub(a) } else { 0 }
}
