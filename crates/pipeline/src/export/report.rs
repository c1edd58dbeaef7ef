//! What became of an export.

use serde::{Deserialize, Serialize};
use sink::Refusal;

/// Refused payloads that are named; the others are counted.
pub const REFUSED_NAMED_MAX: usize = 1_000;

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Events read and chosen.
    pub events: u64,
    /// Payloads that the destination took: events, or files of them where it takes whole files.
    pub accepted: u64,
    /// Payloads that it had already.
    pub already_there: u64,
    /// Payloads that it will never take, with those of earlier runs that ended before they could tell.
    pub refused: Refused,
    /// Number of the last event that is settled; none if none ever was.
    pub offset: Option<u64>,
    /// Files or objects finished, since the first run.
    pub parts: u64,
    /// How long it took.
    pub seconds: f64,
}

/// Payloads that the destination will never take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// How many.
    pub total: u64,
    /// The first of them: id, offset and reason.
    pub named: Vec<(String, u64, String)>,
}

impl Refused {
    pub(super) fn add(&mut self, refusals: &[Refusal]) {
        self.total += refusals.len() as u64;
        let room = REFUSED_NAMED_MAX.saturating_sub(self.named.len());
        let named = refusals.iter().take(room);
        self.named.extend(named.map(|refusal| (refusal.id.clone(), refusal.offset, refusal.reason.clone())));
    }
}
