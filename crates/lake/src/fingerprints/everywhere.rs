//! All identities of the lake in one filter: whether one may be known on *any* date.
//!
//! A forged record may bear another date than the one whose eventID it took. The runs of its own date do not know it
//! then; this filter does, and only what it knows is searched for on other dates.

use parquet::bloom_filter::Sbbf;

use crate::error::Result;
use crate::fingerprints::run;

/// Most events of a lake whose identities are compared over all dates: beyond, the filter would take over 32 MiB, and
/// conflicts are found within a date only.
pub(super) const IDENTITIES_MAX: u64 = 20_000_000;
/// Identities that the smallest filter has room for.
const IDENTITIES_MIN: u64 = 1_000_000;

/// A filter over all identities.
pub(super) struct Everywhere {
    filter: Sbbf,
    held: u64,
    room: u64,
}

impl Everywhere {
    /// Makes a filter with room for as many identities again as are expected.
    pub(super) fn with_room_for(identities: u64) -> Result<Everywhere> {
        let room = (identities * 2).clamp(IDENTITIES_MIN, IDENTITIES_MAX);
        Ok(Everywhere { filter: run::filter(room)?, held: 0, room })
    }

    pub(super) fn insert(&mut self, identity: u64) {
        self.filter.insert(&identity);
        self.held += 1;
    }

    pub(super) fn may_know(&self, identity: u64) -> bool {
        self.filter.check(&identity)
    }

    /// True once the filter holds more than it answers well for.
    pub(super) fn is_full(&self) -> bool {
        self.held > self.room
    }
}
