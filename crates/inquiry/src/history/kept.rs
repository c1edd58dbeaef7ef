//! Whole events in memory: those that were asked for last.

use std::sync::Arc;

use datafusion::execution::context::SessionContext;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::facts::Facts;
use super::{Place, read};
use crate::error::Result;

/// Bytes of an event beside its record and its parts, about.
const EVENT_BYTES: u64 = 512;
/// Bytes of an event as a whole, about: how many there will be.
const EXPECTED_BYTES: u64 = 4_096;

/// Events by their sequence numbers. A sequence number is given once, and its event never changes.
#[derive(Debug)]
pub(super) struct Kept(Cache<i64, Arc<Facts>, Weight>);

#[derive(Debug, Clone)]
struct Weight;

impl Weighter<i64, Arc<Facts>> for Weight {
    fn weight(&self, _: &i64, facts: &Arc<Facts>) -> u64 {
        let resources: usize = facts.event.resources.iter().map(|resource| resource.name.len()).sum();
        EVENT_BYTES + (facts.event.record.len() + resources) as u64
    }
}

impl Kept {
    /// Makes an empty one for about so many bytes.
    pub(super) fn new(bytes: u64) -> Kept {
        let expected = usize::try_from(bytes / EXPECTED_BYTES).unwrap_or(usize::MAX);
        Kept(Cache::with_weighter(expected, bytes, Weight))
    }

    /// Returns the events at some places, in their order: from memory, or else from the lake.
    pub(super) async fn events(&self, ctx: &SessionContext, places: &[Place]) -> Result<Vec<Arc<Facts>>> {
        let mut events: Vec<Arc<Facts>> = Vec::with_capacity(places.len());
        let mut missing = Vec::new();
        for place in places {
            match self.0.get(&place.seq) {
                Some(facts) => events.push(facts),
                None => missing.push(*place),
            }
        }
        for facts in read::events(ctx, &missing).await? {
            let facts = Arc::new(facts);
            self.0.insert(facts.event.place.seq, Arc::clone(&facts));
            events.push(facts);
        }
        events.sort_unstable_by_key(|facts| std::cmp::Reverse(facts.event.place));
        Ok(events)
    }
}
