//! What makes two records the same: a keyed hash of the content that does not see the order of members.
//!
//! The hash of a record is the sum of the hashes of its leaves, each seeded with the path that leads to it. So white
//! space and the order of members do not count, and everything else does. The key is the lake's own secret: nobody
//! outside can look for a record that collides with another one and so make it vanish as a duplicate.
//!
//! One leaf does not count: `metadata.ingestionTime`, which tells when an event was taken in and nothing of the event.

use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

/// The secret that seeds all fingerprints of one lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FingerprintKey(pub u64);

/// Identity and content of one event, 128 bits together.
///
/// Equal: a duplicate. Equal `identity` with other `content`: a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint {
    /// Hash of eventID and recipient account; of the content where there is no eventID.
    pub identity: u64,
    /// Hash of the record with its members sorted, without the time at which it was taken in.
    pub content: u64,
}

/// Where in a record a leaf stands: a hash of the names and places that lead to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Path(u64);

impl Path {
    /// The path of the record itself.
    pub(crate) fn root(key: FingerprintKey) -> Path {
        Path(key.0)
    }

    /// The path of a member, by its name as it stands between the quotes, escapes resolved.
    #[inline(always)]
    pub(crate) fn member(self, name: &[u8]) -> Path {
        Path(xxh3_64_with_seed(name, self.0))
    }

    /// The path of an array's element; never that of a member, whatever its name.
    #[inline(always)]
    pub(crate) fn element(self, number: u32) -> Path {
        Path((self.0 ^ (u64::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)).rotate_left(29))
    }

    /// The hash of a leaf: its bytes as they stand in the text, quotes included.
    #[inline(always)]
    pub(crate) fn leaf(self, text: &[u8]) -> u128 {
        xxh3_128_with_seed(text, self.0)
    }

    /// The hash of a string that was written with escapes: that of the same string written without any.
    pub(crate) fn leaf_decoded(self, decoded: &str) -> u128 {
        let mut quoted = String::with_capacity(decoded.len() + 2);
        quoted.push('"');
        quoted.push_str(decoded);
        quoted.push('"');
        self.leaf(quoted.as_bytes())
    }
}

/// Makes the fingerprint of a record from the sum of its leaves.
pub(crate) fn finish(key: FingerprintKey, leaves: u128, event_id: Option<&str>, account: Option<&str>) -> Fingerprint {
    let folded = xxh3_128_with_seed(&leaves.to_le_bytes(), key.0);
    let content = folded as u64;
    let identity = match event_id.filter(|id| !id.is_empty()) {
        Some(id) => xxh3_64_with_seed(id.as_bytes(), xxh3_64_with_seed(account.unwrap_or("").as_bytes(), key.0)),
        None => (folded >> 64) as u64,
    };
    Fingerprint { identity, content }
}
