//! Following: the same places collected again and again, until it is told to end.

use std::collections::BTreeSet;
use std::sync::Arc;

use lake::Writer;

use crate::collect::report::NAMED_MAX;
use crate::collect::{Collect, Progress, Report, collect, is_stopped};
use crate::error::Result;

/// Collects round after round and says what became of it all.
///
/// Each round lists the places anew and reads what the ledger does not know. After each, `between` is given what the
/// round came to; it waits as long as it likes and returns whether there is to be another. A place that cannot be read
/// is tried again in the next round, and is named in the end only if it still could not be read in the last one.
///
/// # Errors
/// Only when the lake fails. What was committed stays.
pub async fn follow(
    writer: Arc<Writer>,
    plan: Collect,
    progress: Arc<Progress>,
    mut between: impl AsyncFnMut(&Report) -> bool,
) -> Result<Report> {
    let mut total: Option<Report> = None;
    loop {
        let round = collect(writer.clone(), plan.clone(), progress.clone()).await?;
        let goes_on = between(&round).await && !is_stopped(&progress);
        let total = match &mut total {
            Some(total) => {
                total.go_on(round);
                total
            }
            none => none.insert(round),
        };
        if !goes_on {
            return Ok(std::mem::take(total));
        }
    }
}

impl Report {
    /// Takes up a later round over the same places.
    fn go_on(&mut self, mut round: Report) {
        // What was known by then was counted by the round that met it first.
        round.files_seen -= round.files_known;
        round.files_known = 0;
        (self.failed, self.failed_total) = (Vec::new(), 0);
        // A place that is skipped while listing is skipped in each round.
        let known: BTreeSet<&str> = self.skipped.iter().map(|skipped| skipped.uri.as_str()).collect();
        let named = round.skipped.len();
        round.skipped.retain(|skipped| !known.contains(skipped.uri.as_str()));
        let again = (named - round.skipped.len()) as u64;
        // Past what is named nobody can tell which places are new: then they are those of one round.
        let is_cut = self.skipped.len() >= NAMED_MAX;
        round.skipped_total = if is_cut { 0 } else { round.skipped_total - again };
        round.files_seen = round.files_seen.saturating_sub(again);
        self.stored += round.stored;
        self.duplicates += round.duplicates;
        self.conflicts += round.conflicts;
        self.rejects += round.rejects;
        self.seconds += round.seconds;
        self.add(round);
    }
}
