//! Listing: objects that the ledger does not know go on to be read.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::StreamExt;
use lake::Writer;
use source::{Listed, Object, Selection, Source};
use tokio::sync::mpsc;

use crate::collect::{Report, is_stopped};
use crate::error::{Result, chain};
use crate::progress::Progress;

/// Objects looked up in the ledger at a time.
const LOOKED_UP: usize = 512;

pub(super) async fn list(
    writer: Arc<Writer>,
    sources: Vec<Source>,
    selection: Selection,
    listed: mpsc::Sender<(Source, Object)>,
    progress: Arc<Progress>,
) -> Result<Report> {
    let mut report = Report::default();
    // The same place may lie below two of the sources.
    let mut seen: HashSet<u64> = HashSet::new();
    let several = sources.len() > 1;
    for source in sources {
        let mut listing = source.list(&selection).ready_chunks(LOOKED_UP);
        while let Some(found) = listing.next().await {
            if is_stopped(&progress) {
                break;
            }
            let mut objects = Vec::with_capacity(found.len());
            for listed in found {
                match listed {
                    Listed::Object(object) if several && !seen.insert(hash(&object)) => {}
                    Listed::Object(object) => objects.push(object),
                    Listed::Skipped { uri, why } => {
                        report.files_seen += 1;
                        report.skip(uri, why);
                    }
                    Listed::Failed { uri, error } => report.fail(uri, chain(&error)),
                }
            }
            let known = writer.known(objects.iter().map(|object| (object.uri.as_str(), object.identity.as_str())))?;
            for (object, known) in objects.into_iter().zip(known) {
                report.files_seen += 1;
                if known {
                    report.files_known += 1;
                    continue;
                }
                progress.files_listed.fetch_add(1, Ordering::Relaxed);
                progress.bytes_listed.fetch_add(object.bytes, Ordering::Relaxed);
                if listed.send((source.clone(), object)).await.is_err() {
                    // The reader has ended; who ended it says why.
                    return Ok(report);
                }
            }
        }
    }
    progress.listing_done.store(true, Ordering::Relaxed);
    Ok(report)
}

fn hash(object: &Object) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    (&object.uri, &object.identity).hash(&mut hasher);
    hasher.finish()
}
