//! A batch on its way to files: duplicates dropped, conflicts marked, events sorted by time within their date.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryBuilder, BooleanArray, Int64Array, StringBuilder, TimestampMicrosecondArray};
use event::fingerprint::Fingerprint;
use event::reject::Reject;
use event::schema::{batch_schema, stored, timestamp};
use event::time::EventTime;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::append::{BATCH_EVENTS_MAX, Batch, Chunk, Counts, Place, Prepared, Writer};
use crate::error::{Error, ErrorKind, Result};
use crate::fingerprints::{Fingerprints, LISTED, REJECTED, UNDATED, Verdict};
use crate::log_files::{LogFile, Rows};
use crate::schema;
use crate::table::files::print_date;
use crate::table::write::{Columns, Picked, encode, partition_folder};

/// CloudTrail began on 2013-11-13; a date before 2013 is somebody's mistake.
const FIRST_DATE: i32 = 15_706;
/// Days that a clock may be ahead.
const DAYS_AHEAD_MAX: i32 = 2;

/// An event of the batch: where it stands, and what is known of it.
#[derive(Clone, Copy)]
struct Event {
    date: Option<i32>,
    place: u32,
    time: i64,
    chunk: u32,
    row: u32,
    conflict: bool,
}

pub(super) fn prepare(writer: &Writer, batch: Batch) -> Result<Prepared> {
    let now = writer.now();
    let mut counts = Counts { rejects: batch.rejects.len() as u64, ..Counts::default() };
    let mut events = list(&batch, now)?;
    if events.len().max(batch.rejects.len()).max(batch.log_files.len()) > BATCH_EVENTS_MAX {
        let message = format!(
            "a batch of {} events, {} rejects and {} log files: at most {BATCH_EVENTS_MAX} fit",
            events.len(),
            batch.rejects.len(),
            batch.log_files.len()
        );
        return Err(Error::new(ErrorKind::Schema, message));
    }
    // By date, and within a date as they came.
    events.sort_by_key(|event| event.date);
    // One batch is sorted out at a time, and in the order of the numbers: an event that this batch calls a duplicate is
    // then stored by one that is committed before it.
    let mut fingerprints = writer.fingerprints();
    let number = writer.take_number();
    let mut by_date = Vec::new();
    for dated in events.chunk_by(|a, b| a.date == b.date) {
        let fresh = sort_out(&mut fingerprints, number, dated, &batch.chunks, &mut counts)?;
        if !fresh.is_empty() {
            by_date.push(fresh);
        }
    }
    let rejects = fresh_rejects(writer, &mut fingerprints, number, &batch)?;
    let listed = fresh_log_files(&mut fingerprints, number, &batch.log_files)?;
    drop(fingerprints);
    let name = format!("part-{}-{number:08}", writer.control.writer);
    let mut event_files = Vec::new();
    for mut fresh in by_date {
        let date = fresh[0].date;
        fresh.sort_unstable_by_key(|event| (event.time, event.chunk, event.row));
        let path = format!("{}/{name}-{:04}.parquet", partition_folder(date), event_files.len());
        let columns = Stored {
            picked: Picked {
                batches: batch.chunks.iter().map(|chunk| chunk.events.columns.columns()).collect(),
                order: fresh.iter().map(|event| (event.chunk as usize, event.row as usize)).collect(),
            },
            events: &fresh,
            places: &batch.places,
            chunks: &batch.chunks,
            first_seq: number << 20 | counts.stored as i64,
            collected_at: now,
        };
        counts.stored += fresh.len() as u64;
        event_files.push(encode(&schema::events().schema, path, Some(date), &columns)?);
    }
    let mut reject_files = Vec::new();
    if !rejects.is_empty() {
        let columns = Rejected { rejects, first_seq: number << 20, collected_at: now };
        reject_files.push(encode(&schema::rejects_schema(), format!("{name}-0000.parquet"), None, &columns)?);
    }
    let mut listed_files = Vec::new();
    if !listed.is_empty() {
        let columns = Rows { rows: listed, first_seq: number << 20, collected_at: now };
        listed_files.push(encode(&schema::log_files_schema(), format!("{name}-0000.parquet"), None, &columns)?);
    }
    Ok(Prepared { number, event_files, reject_files, listed_files, completed: batch.completed, counts })
}

fn list(batch: &Batch, now: EventTime) -> Result<Vec<Event>> {
    let last_date = now.date() + DAYS_AHEAD_MAX;
    let mut events = Vec::with_capacity(batch.chunks.iter().map(|chunk| chunk.events.len()).sum());
    for (number, chunk) in batch.chunks.iter().enumerate() {
        let places = chunk.spans.iter().flat_map(|(place, events)| std::iter::repeat_n(*place, *events));
        for ((row, time), place) in chunk.times()?.iter().enumerate().zip(places) {
            let date = EventTime::from_micros(*time).date();
            if !chunk.dates.contain(date) {
                continue;
            }
            let date = (FIRST_DATE..=last_date).contains(&date).then_some(date);
            events.push(Event {
                date,
                place: place as u32,
                time: *time,
                chunk: number as u32,
                row: row as u32,
                conflict: false,
            });
        }
    }
    Ok(events)
}

/// Returns the shelf of a date's fingerprints.
pub(super) fn shelf(date: Option<i32>) -> String {
    date.map_or_else(|| UNDATED.to_owned(), print_date)
}

/// Leaves out the duplicates among the events of one date and marks the conflicts.
fn sort_out(
    known: &mut Fingerprints,
    number: i64,
    dated: &[Event],
    chunks: &[Chunk],
    counts: &mut Counts,
) -> Result<Vec<Event>> {
    let fingerprints: Vec<Fingerprint> =
        dated.iter().map(|event| chunks[event.chunk as usize].events.fingerprints[event.row as usize]).collect();
    let verdicts = known.sort_out(&shelf(dated[0].date), number, &fingerprints)?;
    let mut fresh = Vec::with_capacity(dated.len());
    for (event, verdict) in dated.iter().zip(verdicts) {
        match verdict {
            Verdict::Duplicate => counts.duplicates += 1,
            Verdict::New => fresh.push(*event),
            Verdict::Conflict => {
                counts.conflicts += 1;
                fresh.push(Event { conflict: true, ..*event });
            }
        }
    }
    Ok(fresh)
}

/// The columns of a file of events: those of the batches, picked, and those that storing adds.
struct Stored<'a> {
    picked: Picked<'a>,
    events: &'a [Event],
    places: &'a [Place],
    chunks: &'a [Chunk],
    first_seq: i64,
    collected_at: EventTime,
}

impl Columns for Stored<'_> {
    fn column(&self, index: usize) -> Result<ArrayRef> {
        if index < batch_schema().fields().len() {
            return self.picked.column(index);
        }
        let schema = schema::events().schema;
        let place = |event: &Event| &self.places[event.place as usize];
        Ok(match schema.field(index).name().as_str() {
            stored::SEQ => {
                Arc::new(Int64Array::from_iter_values((0..self.rows() as i64).map(|row| self.first_seq + row)))
            }
            stored::SHAPE => {
                let mut builder = StringBuilder::with_capacity(self.rows(), self.rows() * 700);
                for event in self.events {
                    builder.append_value(self.chunks[event.chunk as usize].events.shapes.text(event.row as usize));
                }
                Arc::new(builder.finish())
            }
            stored::LOG_FILE => {
                let mut builder = StringBuilder::with_capacity(self.rows(), self.rows() * 128);
                self.events.iter().for_each(|event| builder.append_value(&place(event).uri));
                Arc::new(builder.finish())
            }
            stored::LOG_FILE_ETAG => {
                let mut builder = StringBuilder::new();
                self.events.iter().for_each(|event| builder.append_option(place(event).etag.as_deref()));
                Arc::new(builder.finish())
            }
            stored::COLLECTED_AT => {
                let values = std::iter::repeat_n(self.collected_at.as_micros(), self.rows());
                Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_data_type(timestamp()))
            }
            stored::CONFLICT => Arc::new(BooleanArray::from_iter(self.events.iter().map(|event| Some(event.conflict)))),
            other => return Err(Error::new(ErrorKind::Schema, format!("the column `{other}` has no values"))),
        })
    }

    fn rows(&self) -> usize {
        self.events.len()
    }
}

/// Returns the rejects that are not known yet.
fn fresh_rejects<'b>(
    writer: &Writer,
    known: &mut Fingerprints,
    number: i64,
    batch: &'b Batch,
) -> Result<Vec<(&'b Place, &'b Reject)>> {
    if batch.rejects.is_empty() {
        return Ok(Vec::new());
    }
    let mut rejects = Vec::with_capacity(batch.rejects.len());
    for (index, reject) in &batch.rejects {
        let missing =
            || Error::new(ErrorKind::Schema, format!("a reject of place {index}, which the batch does not have"));
        rejects.push((batch.places.get(*index).ok_or_else(missing)?, reject));
    }
    let fingerprints: Vec<_> = rejects.iter().map(|(place, reject)| fingerprint(writer, place, reject)).collect();
    let verdicts = known.sort_out(REJECTED, number, &fingerprints)?;
    Ok(rejects
        .into_iter()
        .zip(verdicts)
        .filter(|(_, verdict)| *verdict != Verdict::Duplicate)
        .map(|(reject, _)| reject)
        .collect())
}

/// Returns what was not learned of log files before, one kind after the other, so that a query for one kind reads little.
fn fresh_log_files<'b>(known: &mut Fingerprints, number: i64, log_files: &'b [LogFile]) -> Result<Vec<&'b LogFile>> {
    if log_files.is_empty() {
        return Ok(Vec::new());
    }
    let key = known.key();
    let fingerprints: Vec<_> = log_files.iter().map(|row| row.fingerprint(key)).collect();
    let verdicts = known.sort_out(LISTED, number, &fingerprints)?.into_iter();
    let fresh = log_files.iter().zip(verdicts).filter(|(_, verdict)| *verdict != Verdict::Duplicate);
    let mut fresh: Vec<&LogFile> = fresh.map(|(row, _)| row).collect();
    fresh.sort_by_key(|row| row.kind);
    Ok(fresh)
}

/// A reject is known by its place: the same bytes at the same place are stored once.
fn fingerprint(writer: &Writer, place: &Place, reject: &Reject) -> Fingerprint {
    let place = format!("{}\n{}\n{}\n{}", place.uri, reject.range.start, reject.range.end, reject.number);
    let place = xxh3_128_with_seed(place.as_bytes(), writer.fingerprint_key().0);
    let mut content = [0; 8];
    content.copy_from_slice(&reject.sha256[..8]);
    Fingerprint { identity: place as u64, content: u64::from_le_bytes(content) ^ (place >> 64) as u64 }
}

/// The columns of a file of rejects.
struct Rejected<'a> {
    rejects: Vec<(&'a Place, &'a Reject)>,
    first_seq: i64,
    collected_at: EventTime,
}

impl Rejected<'_> {
    fn text<'s>(&'s self, value: impl Fn(&'s Place, &'s Reject) -> Option<std::borrow::Cow<'s, str>>) -> ArrayRef {
        let mut builder = StringBuilder::new();
        self.rejects.iter().for_each(|(place, reject)| builder.append_option(value(place, reject)));
        Arc::new(builder.finish())
    }

    fn integer(&self, value: impl Fn(&Reject) -> i64) -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(self.rejects.iter().map(|(_, reject)| value(reject))))
    }
}

impl Columns for Rejected<'_> {
    fn column(&self, index: usize) -> Result<ArrayRef> {
        Ok(match schema::rejects_schema().field(index).name().as_str() {
            "seq" => Arc::new(Int64Array::from_iter_values((0..self.rows() as i64).map(|row| self.first_seq + row))),
            "log_file" => self.text(|place, _| Some(place.uri.as_str().into())),
            "log_file_etag" => self.text(|place, _| place.etag.as_deref().map(Into::into)),
            "log_number" => self.integer(|reject| reject.number),
            "range_start" => self.integer(|reject| reject.range.start as i64),
            "range_end" => self.integer(|reject| reject.range.end as i64),
            "reason" => self.text(|_, reject| Some(reject.reason.as_str().into())),
            "message" => self.text(|_, reject| Some(reject.message.as_str().into())),
            "bytes" => {
                let mut builder = BinaryBuilder::new();
                self.rejects.iter().for_each(|(_, reject)| builder.append_value(&reject.bytes));
                Arc::new(builder.finish())
            }
            "sha256" => self.text(|_, reject| {
                Some(reject.sha256.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into())
            }),
            "collected_at" => {
                let values = std::iter::repeat_n(self.collected_at.as_micros(), self.rows());
                Arc::new(TimestampMicrosecondArray::from_iter_values(values).with_data_type(timestamp()))
            }
            other => return Err(Error::new(ErrorKind::Schema, format!("the column `{other}` has no values"))),
        })
    }

    fn rows(&self) -> usize {
        self.rejects.len()
    }
}
