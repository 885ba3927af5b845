//! Names of sockets: `sockaddr` structures as plain bytes.

use super::AF_UNSPEC;

/// `sizeof(struct sockaddr_storage)`.
pub const LONGEST: usize = 128;

/// A `sockaddr` of any family: the family in the first two bytes, as the machine orders them.
#[derive(Clone, Copy)]
pub struct SocketName {
    bytes: [u8; LONGEST],
    length: u8,
}

impl SocketName {
    /// No name at all, as with the sender of a datagram that has none.
    pub const NONE: Self = Self { bytes: [0; LONGEST], length: 0 };

    /// These bytes, of which the first [`LONGEST`] count.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let mut name = Self::NONE;
        for (to, from) in name.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        name.length = bytes.len().min(LONGEST) as u8;
        name
    }

    /// A family and nothing else.
    #[must_use]
    pub fn of_family(family: u16) -> Self {
        Self::new(&family.to_ne_bytes())
    }

    /// The structure.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    /// `sa_family`; `AF_UNSPEC` if there is none.
    #[must_use]
    pub fn family(&self) -> u16 {
        family_of(self.bytes())
    }
}

/// `sa_family` of a `sockaddr`; `AF_UNSPEC` if it is too short for one.
#[must_use]
pub fn family_of(name: &[u8]) -> u16 {
    name.first_chunk().map_or(AF_UNSPEC, |family| u16::from_ne_bytes(*family))
}
