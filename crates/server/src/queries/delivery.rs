//! The rows of a query as files in a bucket, with one that signs them.
//!
//! Source: AWS CloudTrail user guide, "CloudTrail Lake query results" and "Sign file structure".

use std::io::Write;

use bytes::Bytes;
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use tokio::sync::watch;
use trail::digest::ContentHash;

use super::document::Column;
use super::rows::{Lines, Row};
use super::{Queries, Query, sign};
use crate::fault::{Code, Fault, Result};
use crate::service::Service;
use crate::world::{Found, WorldError};

/// Bytes of CSV from which on a file ends.
const FILE_BYTES: usize = 64 << 20;
/// Most characters of the prefix of keys.
const PREFIX_MAX: usize = 200;
/// Characters that begin a formula in a spreadsheet, the full-width ones among them.
const FORMULA: &[char] = &['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Checks that files can be put into the bucket of a URI.
///
/// # Errors
/// `S3BucketDoesNotExistException`, `InsufficientS3BucketPolicyException`, `InvalidS3PrefixException`.
pub(super) async fn check(service: &Service, uri: &str) -> Result<()> {
    let (bucket, prefix) = place(uri);
    if prefix.chars().count() > PREFIX_MAX || prefix.split('/').any(|part| matches!(part, "." | "..")) {
        let message = format!("The prefix in {uri} is longer than {PREFIX_MAX} characters, or leads elsewhere.");
        return Err(Fault::new(Code::InvalidS3PrefixException, message));
    }
    let found = service.world.bucket(bucket).await;
    match found.map_err(|error| Fault::internal("look for the bucket", &error))? {
        Found::Usable => Ok(()),
        Found::Missing => {
            Err(Fault::new(Code::S3BucketDoesNotExistException, format!("S3 bucket {bucket} does not exist!")))
        }
        Found::Forbidden => Err(Fault::new(
            Code::InsufficientS3BucketPolicyException,
            format!("The service may not write to the S3 bucket {bucket}."),
        )),
    }
}

/// Returns bucket and prefix of a URI.
fn place(uri: &str) -> (&str, &str) {
    let rest = uri.strip_prefix("s3://").unwrap_or(uri);
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    (bucket, prefix.trim_matches('/'))
}

/// Puts the rows of a query into its bucket, and tells in its document how that went.
pub(super) async fn deliver(
    queries: &Queries,
    query: Query,
    mut cancelled: watch::Receiver<bool>,
) -> lake::error::Result<()> {
    let status = tokio::select! {
        biased;
        _ = cancelled.wait_for(|cancelled| *cancelled) => "CANCELLED",
        status = put(queries, &query) => status,
    };
    queries.change(&query.id, |query| {
        if let Some(delivery) = &mut query.delivery {
            status.clone_into(&mut delivery.status);
        }
    })?;
    Ok(())
}

/// Puts everything, and returns the state of the delivery as the API spells it.
async fn put(queries: &Queries, query: &Query) -> &'static str {
    let Some(delivery) = &query.delivery else { return "UNKNOWN" };
    let (bucket, prefix) = place(&delivery.uri);
    let folder = folder(prefix, query);
    let mut files = Files { columns: &query.columns, lines: None, number: 0, is_done: false };
    let mut signed: Vec<(String, String)> = Vec::new();
    loop {
        let file = match files.next(queries, &query.id) {
            Ok(Some(file)) => file,
            Ok(None) => break,
            Err(error) => {
                tracing::error!(query = query.id, %error, "the results of a query could not be packed");
                return "FAILED";
            }
        };
        let hash = ContentHash::of(&file).to_string();
        let name = format!("result_{}.csv.gz", files.number);
        if let Err(error) = queries.world.put(bucket, &format!("{folder}/{name}"), file, &[]).await {
            return failure(query, &error, ["ACCESS_DENIED", "FAILED"]);
        }
        signed.push((name, hash));
    }
    let region = query.region.clone();
    let sheet = sign::sheet(&queries.documents, region, &signed, query.ended.unwrap_or(query.created));
    let sheet = match sheet.await {
        Ok(sheet) => sheet,
        Err(fault) => {
            tracing::error!(query = query.id, error = %fault.message, "the results of a query could not be signed");
            return "FAILED_SIGNING_FILE";
        }
    };
    match queries.world.put(bucket, &format!("{folder}/result_sign.json"), sheet, &[]).await {
        Ok(()) => "SUCCESS",
        Err(error) => failure(query, &error, ["ACCESS_DENIED_SIGNING_FILE", "FAILED_SIGNING_FILE"]),
    }
}

fn failure(query: &Query, error: &WorldError, [denied, failed]: [&'static str; 2]) -> &'static str {
    tracing::warn!(query = query.id, %error, "the results of a query could not be delivered");
    match error.code.as_deref() {
        Some("NoSuchBucket") => "RESOURCE_NOT_FOUND",
        Some("AccessDenied") => denied,
        _ => failed,
    }
}

/// Returns what stands in front of the names of files.
fn folder(prefix: &str, query: &Query) -> String {
    let ended = query.ended.unwrap_or(query.created);
    let ended = jiff::Timestamp::from_millisecond(ended.0).unwrap_or_default();
    let date = ended.strftime("%Y/%m/%d");
    let slash = if prefix.is_empty() { "" } else { "/" };
    format!("{prefix}{slash}AWSLogs/{}/CloudTrail-Lake/Query/{date}/{}", query.account.as_str(), query.id)
}

/// The files of a query, one after the other.
struct Files<'a> {
    columns: &'a [Column],
    lines: Option<Lines>,
    /// Number of the last file.
    number: usize,
    is_done: bool,
}

impl Files<'_> {
    /// Packs the next file; there is at least one, if only with the names of columns.
    fn next(&mut self, queries: &Queries, id: &str) -> std::io::Result<Option<Bytes>> {
        if self.is_done {
            return Ok(None);
        }
        let lines = match &mut self.lines {
            Some(lines) => lines,
            none => none.insert(Lines::open(&queries.folder, id, 0)?),
        };
        // Without a time in its header the same rows give the same bytes.
        let mut file: GzEncoder<Vec<u8>> = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
        let mut line = Vec::new();
        header(self.columns, &mut line);
        let mut bytes = line.len();
        file.write_all(&line)?;
        while bytes < FILE_BYTES {
            let Some(row) = lines.row()? else {
                self.is_done = true;
                break;
            };
            line.clear();
            csv(self.columns, &row, &mut line);
            bytes += line.len();
            file.write_all(&line)?;
        }
        self.number += 1;
        Ok(Some(Bytes::from(file.finish()?)))
    }
}

fn header(columns: &[Column], line: &mut Vec<u8>) {
    for (nth, column) in columns.iter().enumerate() {
        separate(nth, line);
        cell(&column.name, true, line);
    }
    line.extend_from_slice(b"\r\n");
}

/// Writes a row as RFC 4180 has it: no value is an empty cell, an empty text is `""`.
fn csv(columns: &[Column], row: &Row, line: &mut Vec<u8>) {
    for (nth, (column, text)) in columns.iter().zip(row).enumerate() {
        separate(nth, line);
        if let Some(text) = text {
            cell(text, column.is_text, line);
        }
    }
    line.extend_from_slice(b"\r\n");
}

/// Text that begins as a formula gets a `'` in front, which spreadsheets show as text: events hold what strangers chose.
fn cell(text: &str, is_text: bool, line: &mut Vec<u8>) {
    let guard = if is_text && text.starts_with(FORMULA) { "'" } else { "" };
    if guard.is_empty() && !text.is_empty() && !text.contains([',', '"', '\r', '\n']) {
        return line.extend_from_slice(text.as_bytes());
    }
    line.extend_from_slice(format!("\"{guard}{}\"", text.replace('"', "\"\"")).as_bytes());
}

fn separate(nth: usize, line: &mut Vec<u8>) {
    if nth > 0 {
        line.push(b',');
    }
}
