//! Which Regions' keys of which times a verification needs: so that CloudTrail can be asked before anything is read.

use std::collections::BTreeMap;

use event::key::FileName;
use futures::StreamExt;
use jiff::Timestamp;
use source::{Listed, Selection, Source};

/// First and last end of the digests of each Region.
pub type DigestTimes = BTreeMap<String, (Timestamp, Timestamp)>;

/// Lists the sources for the names of digests. A listing is cheap against the reading that follows.
pub async fn digest_times(sources: &[Source], selection: &Selection) -> DigestTimes {
    let mut times = DigestTimes::new();
    for source in sources {
        let mut listing = source.list(selection);
        while let Some(listed) = listing.next().await {
            let Listed::Object(object) = listed else { continue };
            let name = object.uri.rsplit('/').next().and_then(FileName::parse);
            let Some(name @ FileName::DigestFile(_)) = name else { continue };
            let end = name.time();
            let span = times.entry(name.region().to_string()).or_insert((end, end));
            *span = (span.0.min(end), span.1.max(end));
        }
    }
    times
}
