//! Trees over events, through the crate's door: what holds for a record, and that a batch says the same.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agreement;
mod semantics;

use event::batch::EventBatch;
use event::error::Error;
use event::fingerprint::FingerprintKey;
use event::open::{Content, Opener};
use predicate::expr::Expr;
use predicate::record::Record;
use predicate::{Predicate, Rows};

/// Opens records, one a line. What is no event is left out.
pub(crate) fn open(lines: &str) -> Vec<EventBatch> {
    let mut batches = Vec::new();
    Opener::new(FingerprintKey(7), Default::default())
        .open(Content::Bytes(lines.as_bytes()), &mut |opened| {
            batches.push(opened.events);
            Ok::<(), Error>(())
        })
        .unwrap();
    batches
}

/// Evaluates a tree on a record alone and in a batch, and holds the two together.
pub(crate) fn holds(expr: &Expr, record: &str) -> bool {
    let predicate = Predicate::compile(expr).unwrap();
    let alone = predicate.matches(&Record::parse(record.as_bytes()).unwrap());
    for batch in open(record).iter().filter(|batch| !batch.is_empty()) {
        let rows = Rows::of_batch(batch, &[]).unwrap();
        let mask = predicate.mask(&rows).unwrap();
        assert_eq!((mask.len(), mask.value(0)), (1, alone), "{expr:?}\n{record}");
        assert_eq!(predicate.holds(&rows, 0).unwrap(), alone, "{expr:?}\n{record}");
    }
    alone
}
