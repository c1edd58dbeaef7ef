//! IP addresses: Trino's type `IPADDRESS`, and address blocks.
//!
//! An address is 16 bytes, IPv4 mapped into IPv6, so that comparison is the order of addresses. What is no address,
//! such as the service name that CloudTrail writes into `sourceIPAddress`, is NULL.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryBuilder};
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

use super::function::{Arguments, Compiled, Function, boolean_column, by_rows, takes, takes_text, text_column};

/// The type of an address.
pub(crate) const ADDRESS: DataType = DataType::FixedSizeBinary(16);

/// Most blocks in one call of `ip_in`.
const BLOCKS_MAX: usize = 1_000;

/// The network family.
pub(super) fn functions() -> Vec<Function> {
    vec![
        Function::new("ipaddress", address_types, address),
        Function::new("ip_text", ip_text_types, ip_text),
        Function::new("ip_in", ip_in_types, |_, args| by_rows(args, ip_in)),
    ]
}

/// Parses an address.
pub(crate) fn parse(text: &str) -> Option<Ipv6Addr> {
    match text.trim().parse().ok()? {
        IpAddr::V4(address) => Some(address.to_ipv6_mapped()),
        IpAddr::V6(address) => Some(address),
    }
}

/// A block of addresses, such as `10.0.0.0/8`; an address alone is a block of one.
pub(crate) struct Block {
    first: u128,
    mask: u128,
}

impl Block {
    /// Parses a block.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let wrong =
            || DataFusionError::Execution(format!("`{text}` is no address block; write one such as `10.0.0.0/8`"));
        let (address, length) = match text.trim().split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().map_err(|_| wrong())?)),
            None => (text.trim(), None),
        };
        let parsed: IpAddr = address.parse().map_err(|_| wrong())?;
        let (first, most) = match parsed {
            IpAddr::V4(address) => (address.to_ipv6_mapped(), 32),
            IpAddr::V6(address) => (address, 128),
        };
        let length = length.unwrap_or(most);
        if length > most {
            return Err(wrong());
        }
        let mask = u128::MAX.checked_shl(most - length).unwrap_or(0);
        // A mask of an IPv4 block keeps the 96 bits that mark IPv4.
        let mask = if most == 32 { mask | (u128::MAX << 32) } else { mask };
        Ok(Self { first: u128::from(first) & mask, mask })
    }

    /// Returns whether the address lies in the block.
    pub(crate) fn contains(&self, address: Ipv6Addr) -> bool {
        u128::from(address) & self.mask == self.first
    }
}

fn address_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    takes("ipaddress", types, 1, 1)?;
    let argument = if types[0] == ADDRESS { ADDRESS } else { DataType::Utf8 };
    Ok((vec![argument], ADDRESS))
}

fn address(_: &str, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    if args.args[0].data_type() == ADDRESS {
        return Ok(args.args[0].clone());
    }
    by_rows(args, |args| {
        let texts = args.texts(0)?;
        let mut out = FixedSizeBinaryBuilder::with_capacity(args.rows, 16);
        for row in 0..args.rows {
            match texts.at(row).and_then(parse) {
                Some(address) => out.append_value(address.octets())?,
                None => out.append_null(),
            }
        }
        Ok(Arc::new(out.finish()))
    })
}

fn ip_text_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    takes("ip_text", types, 1, 1)?;
    Ok((vec![ADDRESS], DataType::Utf8))
}

fn ip_text(_: &str, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    by_rows(args, |args| address_texts(&args.array(0)?))
}

/// Writes addresses as text.
pub(crate) fn address_texts(addresses: &ArrayRef) -> Result<ArrayRef> {
    let addresses = addresses.as_fixed_size_binary();
    text_column(addresses.len(), |row| {
        let octets = addresses.is_valid(row).then(|| <[u8; 16]>::try_from(addresses.value(row)).ok()).flatten();
        Ok(octets.map(|octets| Ipv6Addr::from(octets).to_canonical().to_string()))
    })
}

fn ip_in_types(types: &[DataType]) -> Result<(Vec<DataType>, DataType)> {
    Ok((takes_text("ip_in", types, 2, BLOCKS_MAX)?, DataType::Boolean))
}

fn ip_in(args: &Arguments) -> Result<ArrayRef> {
    let addresses = args.texts(0)?;
    let blocks = (1..args.len()).map(|i| args.texts(i)).collect::<Result<Vec<_>>>()?;
    let mut compiled: Vec<Compiled<Block>> = blocks.iter().map(|_| Compiled::default()).collect();
    boolean_column(args.rows, |row| {
        let Some(address) = addresses.at(row).and_then(parse) else { return Ok(None) };
        for (texts, block) in blocks.iter().zip(&mut compiled) {
            let Some(text) = texts.at(row) else { return Ok(None) };
            if block.of(text, Block::parse)?.contains(address) {
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_contain() {
        let cases = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("::/0", "203.0.113.9", true),
            ("192.0.2.1", "192.0.2.1", true),
        ];
        for (block, address, expect) in cases {
            assert_eq!(
                Block::parse(block).expect("a block").contains(parse(address).expect("an address")),
                expect,
                "{block} {address}"
            );
        }
        for bad in ["10.0.0.0/33", "ec2.amazonaws.com", "10.0.0.0/x"] {
            assert!(Block::parse(bad).is_err(), "{bad}");
        }
    }
}
