//! The law of the tail: in any interleaving of appends, merges, restarts and readers, every event comes once, in order.

use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use futures::StreamExt;
use futures::stream::BoxStream;
use lake::error::{ErrorKind, Result};
use lake::location::Location;
use lake::{Compaction, Tailed, Tailing, tail};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::ground::{append, ask, record, writer};

const SEEDS: u64 = 8;
const STEPS: u64 = 14;
const DATES: [&str; 3] = ["2026-03-01", "2026-03-02", "2026-03-03"];

/// Chance that is the same on every machine.
struct Dice(u64, u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.1 += 1;
        xxh3_64_with_seed(&self.1.to_le_bytes(), self.0) % limit
    }
}

/// A consumer: what it has read, and perhaps a stream that is still open.
struct Consumer {
    read: Vec<(i64, String)>,
    after: i64,
    open: Option<BoxStream<'static, Result<Tailed>>>,
}

impl Consumer {
    /// Reads so many batches, or to the end of what there is.
    async fn read(&mut self, data: &Path, window_rows: usize, batches: usize) {
        for _ in 0..batches {
            if self.open.is_none() {
                let tailing = Tailing { after: self.after, window_rows, ..Tailing::default() };
                self.open = Some(tail(&Location::local(data), tailing).await.unwrap());
            }
            let Some(open) = &mut self.open else { return };
            let Some(next) = open.next().await else {
                self.open = None;
                return;
            };
            let (seq, batch) = next.unwrap();
            let seqs = batch.column_by_name("seq").unwrap().as_primitive::<Int64Type>();
            let ids = batch.column_by_name("eventid").unwrap().as_string::<i32>();
            self.read.extend(seqs.values().iter().zip(ids).map(|(seq, id)| (*seq, id.unwrap().to_owned())));
            assert_eq!(self.read.last().map(|(last, _)| *last), Some(seq), "the offset is that of the last event");
            self.after = seq;
        }
    }
}

async fn run(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let mut dice = Dice(seed, 0);
    let mut lake = writer(data).await;
    let mut appended: Vec<String> = Vec::new();
    let mut consumer = Consumer { read: Vec::new(), after: -1, open: None };
    let window_rows = 1 + dice.below(40) as usize;
    for step in 0..STEPS {
        match dice.below(10) {
            0..=4 => {
                let count = 1 + dice.below(30);
                let ids: Vec<String> = (0..count).map(|nth| format!("{step:03}-{nth:03}")).collect();
                let records: Vec<String> = ids.iter().map(|id| record(DATES[dice.below(3) as usize], id)).collect();
                assert_eq!(append(&lake, &records).await.stored, count);
                appended.extend(ids);
            }
            5 | 6 => {
                lake.compact(Compaction { files_min: 2, ..Compaction::default() }).await.unwrap();
            }
            7 => {
                lake.close().await;
                lake = writer(data).await;
            }
            // A consumer that starts anew knows its offset alone.
            8 => consumer.open = None,
            _ => consumer.read(data, window_rows, 1 + dice.below(4) as usize).await,
        }
    }
    lake.close().await;
    // Twice: an open stream ends first, and takes up what came since.
    consumer.read(data, window_rows, usize::MAX).await;
    consumer.read(data, window_rows, usize::MAX).await;

    assert!(consumer.read.is_sorted_by(|(a, _), (b, _)| a < b), "seed {seed}: out of order, or twice");
    let stored = ask(data, "SELECT seq || ' ' || eventid FROM events ORDER BY seq").await;
    let read: Vec<String> = consumer.read.iter().map(|(seq, id)| format!("{seq} {id}")).collect();
    assert_eq!(read, stored, "seed {seed}");
    // Batches come in the order in which they were stored, and nothing is missing.
    let steps: Vec<&str> = consumer.read.iter().map(|(_, id)| &id[..3]).collect();
    assert!(steps.is_sorted(), "seed {seed}: {steps:?}");
    let mut ids: Vec<String> = consumer.read.into_iter().map(|(_, id)| id).collect();
    ids.sort_unstable();
    assert_eq!(ids, appended, "seed {seed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_comes_once_and_in_order() {
    for seed in 0..SEEDS {
        run(seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_between_two_batches_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let lake = writer(folder.path()).await;
    let mut consumer = Consumer { read: Vec::new(), after: -1, open: None };
    for batch in 0..6 {
        let records: Vec<String> = (0..20).map(|nth| record(DATES[nth % 3], &format!("{batch}-{nth:02}"))).collect();
        append(&lake, &records).await;
    }
    for _ in 0..4 {
        consumer.read(folder.path(), 10, 2).await;
        lake.compact(Compaction { files_min: 2, ..Compaction::default() }).await.unwrap();
        append(&lake, &[record(DATES[0], &format!("late-{}", consumer.read.len()))]).await;
    }
    lake.close().await;
    consumer.read(folder.path(), 10, usize::MAX).await;
    let read: Vec<String> = consumer.read.iter().map(|(seq, id)| format!("{seq} {id}")).collect();
    assert_eq!(read, ask(folder.path(), "SELECT seq || ' ' || eventid FROM events ORDER BY seq").await);
    assert_eq!(read.len(), 124);
}

#[tokio::test]
async fn there_must_be_a_lake() {
    let folder = tempfile::tempdir().unwrap();
    let Err(error) = tail(&Location::local(folder.path()), Tailing::default()).await else { panic!("no lake") };
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
