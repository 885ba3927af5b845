//! What the boot command line says of addresses: `ip=dhcp`, `ip=none`, or a list of
//! `ADDRESS/LENGTH`, `gw=ADDRESS` and `dns=ADDRESS`, for the first card. Without it, DHCP.

use alloc::vec::Vec;

use crate::address::{IpAddress, Prefix};

/// How a card gets its addresses.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Config {
    /// Ask a server.
    pub dhcp: bool,
    /// Addresses that are given.
    pub addresses: Vec<Prefix>,
    /// Routers to everywhere.
    pub gateways: Vec<IpAddress>,
    /// Servers of the domain name system.
    pub servers: Vec<IpAddress>,
}

/// An address as it is written, of a version that the stack speaks.
fn address(text: &[u8]) -> Option<IpAddress> {
    crate::ip::rows().find_map(|row| (row.parse)(text))
}

fn decimal(text: &[u8]) -> Option<u8> {
    if text.is_empty() || text.len() > 3 {
        return None;
    }
    let digits = text.iter().map(|byte| byte.is_ascii_digit().then(|| u32::from(byte - b'0')));
    let number = digits.into_iter().try_fold(0, |number, digit| Some(number * 10 + digit?))?;
    u8::try_from(number).ok()
}

impl Config {
    /// Reads the option's value. What cannot be read is left out; the flag says whether something was.
    pub fn parse(text: &[u8]) -> (Self, bool) {
        let mut config = Self::default();
        let mut right = true;
        for word in text.split(|&byte| byte == b',') {
            let known = match word {
                b"dhcp" => {
                    config.dhcp = true;
                    true
                }
                b"none" => true,
                _ => config.take(word).is_some(),
            };
            right &= known;
        }
        (config, right)
    }

    fn take(&mut self, word: &[u8]) -> Option<()> {
        if let Some(rest) = word.strip_prefix(b"gw=") {
            self.gateways.push(address(rest)?);
        } else if let Some(rest) = word.strip_prefix(b"dns=") {
            self.servers.push(address(rest)?);
        } else {
            let slash = word.iter().position(|&byte| byte == b'/')?;
            let address = address(word.get(..slash)?)?;
            let length = decimal(word.get(slash + 1..)?)?;
            if usize::from(length) > address.bytes().len() * 8 || !address.is_unicast() {
                return None;
            }
            self.addresses.push(Prefix { address, length });
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_understood() {
        let (config, right) = Config::parse(b"10.0.2.15/24,gw=10.0.2.2,dns=10.0.2.3,fd00::15/64,dns=fd00::3");
        assert!(right && !config.dhcp);
        let prefix = config.addresses[0];
        assert_eq!(prefix, Prefix { address: IpAddress::V4([10, 0, 2, 15]), length: 24 });
        assert_eq!(config.addresses[1].length, 64);
        assert_eq!(config.gateways, [IpAddress::V4([10, 0, 2, 2])]);
        assert_eq!(config.servers.len(), 2);
        assert!(Config::parse(b"dhcp").0.dhcp && Config::parse(b"none") == (Config::default(), true));
        let wrong: [&[u8]; 7] =
            [b"", b"10.0.2.15", b"10.0.2.15/33", b"10.0.2/8", b"x", b"10.0.2.256/8", b"gw=10.0.2"];
        for wrong in wrong {
            assert!(!Config::parse(wrong).1, "{wrong:?}");
        }
    }
}
