//! From a folder of log files into the lake and back out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod again;
mod keeping;
mod lossless;

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use event::time::EventTime;
use futures::TryStreamExt;
use lake::location::Location;
use lake::{Lake, Writer};
use pipeline::collect::{Bounds, Collect, Report, collect};
use source::{Source, Uri};

/// A moment that all tests happen at.
pub(crate) const NOW: &str = "2026-06-01T00:00:00Z";

pub(crate) async fn writer(data: &Path) -> Arc<Writer> {
    Arc::new(Writer::open(&Location::local(data), EventTime::parse(NOW).unwrap()).await.unwrap())
}

/// Collects a folder into the lake at `data`, in batches of `batch_bytes`.
pub(crate) async fn run(data: &Path, folder: &Path, batch_bytes: u64) -> Report {
    let writer = writer(data).await;
    let sources = vec![Source::open(Uri::parse(folder.as_os_str()).unwrap(), &Default::default()).await.unwrap()];
    let plan = Collect {
        sources,
        selection: Default::default(),
        bounds: Bounds { batch_bytes, ..Bounds::default() },
        workers: 2,
    };
    let report = collect(writer.clone(), plan, Default::default()).await.unwrap();
    writer.close().await;
    report
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

pub(crate) async fn count(data: &Path, sql: &str) -> u64 {
    ask(data, sql).await.first().unwrap().parse().unwrap()
}
