//! What the targets share: an input taken apart, and records opened and given back.

use arrow::array::StringArray;
use event::error::Error;
use event::fingerprint::{Fingerprint, FingerprintKey};
use event::limits::Limits;
use event::open::{Content, Opener, Summary};
use event::reject::Reject;
use event::schema::COLUMNS;

/// Takes a text apart at its first zero bytes; a part that is missing is empty. So a seed is files with zero bytes between
/// them, and most mutations stay within a part.
pub fn parts<const N: usize>(text: &str) -> [&str; N] {
    let mut parts = text.splitn(N, '\0');
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// All that came out of an object.
#[derive(Debug, PartialEq)]
pub struct Opened {
    /// What was counted.
    pub summary: Summary,
    /// The events' records, rebuilt from what is stored of them.
    pub records: Vec<String>,
    /// Their fingerprints.
    pub fingerprints: Vec<Fingerprint>,
    /// What is no event.
    pub rejects: Vec<Reject>,
}

/// Opens an object and rebuilds its records.
pub fn open(content: Content<'_>, limits: Limits) -> Opened {
    let (mut records, mut fingerprints, mut rejects) = (Vec::new(), Vec::new(), Vec::new());
    let summary = Opener::new(FingerprintKey(1), limits).open(content, &mut |opened| {
        let events = &opened.events;
        let shapes = StringArray::from_iter_values((0..events.len()).map(|event| events.shapes.text(event)));
        let rebuilt = event::shape::rebuild(&shapes, &events.columns.columns()[..COLUMNS.len()])?;
        records.extend(rebuilt.iter().flatten().map(str::to_owned));
        fingerprints.extend_from_slice(&events.fingerprints);
        rejects.extend(opened.rejects);
        Ok::<(), Error>(())
    });
    let summary = summary.expect("bytes in memory can be read, and what was just taken apart can be rebuilt");
    assert_eq!((summary.events, summary.rejects), (records.len() as u64, rejects.len() as u64), "all is given out");
    Opened { summary, records, fingerprints, rejects }
}
