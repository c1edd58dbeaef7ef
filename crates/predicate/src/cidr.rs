//! Blocks of IP addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// A block of addresses: RFC 4632 and RFC 4291. A single address is a block of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Returns the block of that many leading bits around an address, or `None` if an address has fewer.
    pub fn around(address: IpAddr, prefix: u8) -> Option<Cidr> {
        let network = match address {
            IpAddr::V4(address) if prefix <= 32 => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V4((u32::from(address) & mask).into())
            }
            IpAddr::V6(address) if prefix <= 128 => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                IpAddr::V6((u128::from(address) & mask).into())
            }
            _ => return None,
        };
        Some(Cidr { network, prefix })
    }

    /// Returns the address it begins with.
    pub fn network(&self) -> IpAddr {
        self.network
    }

    /// Returns how many leading bits its addresses share.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Returns true if the address lies in the block. An IPv4 address never lies in an IPv6 block, nor the reverse.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differ = u32::from(network) ^ u32::from(address);
                differ.checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differ = u128::from(network) ^ u128::from(address);
                differ.checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Cidr {
    type Err = Error;

    /// Reads `10.0.0.0/8`, `2001:db8::/32` or a plain address. Bits behind the prefix are ignored.
    fn from_str(text: &str) -> Result<Cidr> {
        let refuse = || Error::new(ErrorKind::Cidr, format!("read `{text}` as a network: write it as `10.0.0.0/8`"));
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let network: IpAddr = address.parse().map_err(|_| refuse())?;
        let most = if network.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| refuse())?,
            None => most,
        };
        Cidr::around(network, prefix).ok_or_else(refuse)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_their_addresses() {
        let cases = [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.1.2.3/8", "10.9.9.9", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("203.0.113.9", "203.0.113.9", true),
            ("203.0.113.9/32", "203.0.113.8", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("::/0", "2001:db8::1", true),
            ("::/0", "10.0.0.1", false),
            ("2001:db8::/32", "2001:db9::", false),
        ];
        for (block, address, expect) in cases {
            let cidr: Cidr = block.parse().unwrap();
            assert_eq!(cidr.contains(address.parse().unwrap()), expect, "{address} in {block}");
        }
    }

    #[test]
    fn what_is_no_block_is_refused() {
        for text in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/-1", "AWS Internal"] {
            assert_eq!(text.parse::<Cidr>().map_err(|error| error.kind()), Err(ErrorKind::Cidr), "{text}");
        }
    }
}
