//! What the tests stand on: a lake in a folder, filled with small events.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use event::limits::Limits;
use event::open::{Content, Opened, Opener};
use event::time::EventTime;
use futures::TryStreamExt;
use lake::location::Location;
use lake::{Batch, Chunk, Counts, Lake, Place, Writer};

/// A moment that all tests happen at.
pub(crate) const NOW: &str = "2026-06-01T00:00:00Z";

pub(crate) async fn writer(data: &Path) -> Arc<Writer> {
    Arc::new(Writer::open(&Location::local(data), EventTime::parse(NOW).unwrap()).await.unwrap())
}

/// A record of a date and with an ID.
pub(crate) fn record(date: &str, id: &str) -> String {
    format!(
        r#"{{"eventTime":"{date}T10:00:00Z","eventName":"x","eventID":"{id}","recipientAccountId":"111122223333"}}"#
    )
}

/// Stores records as one batch.
pub(crate) async fn append(writer: &Writer, records: &[String]) -> Counts {
    let place = Place { uri: "-".to_owned(), etag: None };
    let mut batch = Batch { places: vec![place], ..Batch::default() };
    let mut opener = Opener::new(writer.fingerprint_key(), Limits::default());
    let mut gather = |opened: Opened| {
        let events = opened.events.len();
        batch.chunks.push(Chunk::whole(opened.events, vec![(0, events)]));
        batch.rejects.extend(opened.rejects.into_iter().map(|reject| (0, reject)));
        Ok::<(), event::error::Error>(())
    };
    opener.open(Content::Bytes(records.join("\n").as_bytes()), &mut gather).unwrap();
    writer.commit(writer.prepare(batch).unwrap()).await.unwrap()
}

/// The answer to a query of one column, as text, nulls as `-`.
pub(crate) async fn ask(data: &Path, sql: &str) -> Vec<String> {
    let lake = Lake::open(&Location::local(data)).await.unwrap();
    let ctx = lake.session(&Lake::session_options(None)).unwrap();
    let (_, stream) = lake::sql::query(&ctx, sql).await.unwrap();
    let batches: Vec<_> = stream.try_collect().await.unwrap();
    let mut answer = Vec::new();
    for batch in batches {
        let column = batch.column(0);
        for row in 0..column.len() {
            answer.push(if column.is_null(row) {
                "-".to_owned()
            } else if let Some(integers) = column.as_primitive_opt::<Int64Type>() {
                integers.value(row).to_string()
            } else {
                column.as_string::<i32>().value(row).to_owned()
            });
        }
    }
    answer
}

/// Copies a folder with all below it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
