//! From a folder of log files into the lake and back out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "the ways to break an answer are for others")]
#[path = "../../../sink/tests/loopback/server.rs"]
mod server;

mod again;
mod delivery;
mod hunts;
mod imports;
mod keeping;
mod log_files;
mod lossless;
mod push;
mod rounds;
mod selectors;

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
    let report = collect(writer.clone(), plan(&[folder], batch_bytes).await, Default::default()).await.unwrap();
    writer.close().await;
    report
}

/// What is to be collected from folders, in batches of `batch_bytes`.
pub(crate) async fn plan(folders: &[&Path], batch_bytes: u64) -> Collect {
    let mut sources = Vec::new();
    for folder in folders {
        sources.push(Source::open(Uri::parse(folder.as_os_str()).unwrap(), &Default::default()).await.unwrap());
    }
    let bounds = Bounds { batch_bytes, ..Bounds::default() };
    Collect { sources, selection: Default::default(), bounds, workers: 2 }
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
