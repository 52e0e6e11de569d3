//! Ranges of IPv4 addresses.

use std::net::Ipv4Addr;

/// A range: its first address and how many bits are the same in all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cidr {
    first: u32,
    bits: u32,
}

impl Cidr {
    /// Reads `192.168.0.0/16`; the bits behind the prefix have to be 0.
    pub(super) fn read(text: &str) -> Option<Cidr> {
        let (address, bits) = text.split_once('/')?;
        let first = u32::from(address.parse::<Ipv4Addr>().ok()?);
        let plain = !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit());
        let bits: u32 = bits.parse().ok().filter(|bits| plain && *bits <= 32)?;
        let cidr = Cidr { first, bits };
        (first & !cidr.mask() == 0).then_some(cidr)
    }

    fn mask(self) -> u32 {
        u32::MAX.checked_shl(32 - self.bits).unwrap_or(0)
    }

    /// Whether its size is within bounds.
    pub(super) fn has_bits(self, min: u32, max: u32) -> bool {
        (min..=max).contains(&self.bits)
    }

    /// Whether all of it is of the ranges that networks of one's own are made of.
    pub(super) fn is_private(self) -> bool {
        let ranges = [
            ([10, 0, 0, 0], 8),
            ([172, 16, 0, 0], 12),
            ([192, 168, 0, 0], 16),
        ];
        ranges.into_iter().any(|(first, bits)| {
            let range = Cidr {
                first: u32::from_be_bytes(first),
                bits,
            };
            range.contains(self)
        })
    }

    /// Whether an address is in it.
    pub(super) fn has(self, address: Ipv4Addr) -> bool {
        u32::from(address) & self.mask() == self.first
    }

    /// Whether all of another range is in it.
    pub(super) fn contains(self, other: Cidr) -> bool {
        self.bits <= other.bits && other.first & self.mask() == self.first
    }

    /// Whether they have an address in common.
    pub(super) fn overlaps(self, other: Cidr) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// How many machines there is room for: the network, its gateway, its last address and two more are not theirs.
    pub(super) fn room(self) -> u64 {
        (1u64 << (32 - self.bits)).saturating_sub(5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_compared() {
        let read = |text| Cidr::read(text).unwrap();
        let (vpc, one, two) = (
            read("192.168.0.0/16"),
            read("192.168.0.0/24"),
            read("192.168.1.0/24"),
        );
        assert!(vpc.contains(one) && !one.contains(vpc) && vpc.overlaps(two));
        assert!(!one.overlaps(two) && one.has("192.168.0.7".parse().unwrap()));
        assert!(!one.has("192.168.1.7".parse().unwrap()));
        assert!(read("0.0.0.0/0").contains(vpc));
        assert_eq!(one.room(), 251);
        for (text, private) in [
            ("10.0.0.0/8", true),
            ("172.31.255.240/28", true),
            ("192.168.0.0/16", true),
            ("172.32.0.0/16", false),
            ("192.0.0.0/8", false),
            ("0.0.0.0/0", false),
        ] {
            assert_eq!(read(text).is_private(), private, "{text}");
        }
        for bad in [
            "",
            "192.168.0.0",
            "192.168.0.0/33",
            "192.168.0.1/24",
            "a/8",
            "1.1.1.0/+8",
        ] {
            assert_eq!(Cidr::read(bad), None, "{bad}");
        }
    }
}
