//! A batch on its way to files: duplicates dropped, conflicts marked, events sorted by time within their date.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BinaryBuilder, BooleanArray, Int64Array, StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::TimestampMicrosecondType;
use event::fingerprint::Fingerprint;
use event::reject::Reject;
use event::schema::{batch_schema, stored, timestamp};
use event::time::EventTime;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::append::{BATCH_EVENTS_MAX, Batch, Chunk, Counts, Place, Prepared, Writer};
use crate::error::{Error, ErrorKind, Result};
use crate::fingerprints::Verdict;
use crate::schema;
use crate::table::files::print_date;
use crate::table::write::{Columns, DataFile, Picked, encode, partition_folder};

/// Shelf of the fingerprints of rejects.
pub(super) const REJECT_SHELF: &str = "rejects";

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
    let number = writer.take_number();
    let now = writer.now();
    let mut counts = Counts::default();
    let mut events = list(&batch, now)?;
    if events.len() > BATCH_EVENTS_MAX {
        return Err(Error::new(
            ErrorKind::Schema,
            format!("a batch of {} events: at most {BATCH_EVENTS_MAX} fit", events.len()),
        ));
    }
    // By date, and within a date as they came.
    events.sort_by_key(|event| event.date);
    let mut event_files = Vec::new();
    let mut row = 0;
    for dated in events.chunk_by(|a, b| a.date == b.date) {
        let date = dated[0].date;
        let mut fresh = sort_out(writer, number, date, dated, &batch.chunks, &mut counts)?;
        if fresh.is_empty() {
            continue;
        }
        fresh.sort_unstable_by_key(|event| (event.time, event.chunk, event.row));
        let path = format!("{}/part-{:08}-{:04}.parquet", partition_folder(date), number, event_files.len());
        let columns = Stored {
            picked: Picked {
                batches: batch.chunks.iter().map(|chunk| chunk.events.columns.columns()).collect(),
                order: fresh.iter().map(|event| (event.chunk as usize, event.row as usize)).collect(),
            },
            events: &fresh,
            places: &batch.places,
            first_seq: number << 20 | row,
            collected_at: now,
        };
        row += fresh.len() as i64;
        event_files.push(encode(&schema::events().schema, path, Some(date), &columns)?);
    }
    counts.stored = row as u64;
    let reject_files = reject_file(writer, number, &batch, now, &mut counts)?;
    Ok(Prepared {
        number,
        event_files,
        reject_files: reject_files.into_iter().collect(),
        completed: batch.completed,
        counts,
    })
}

fn list(batch: &Batch, now: EventTime) -> Result<Vec<Event>> {
    let last_date = now.date() + DAYS_AHEAD_MAX;
    let mut events = Vec::with_capacity(batch.chunks.iter().map(|chunk| chunk.events.len()).sum());
    for (number, chunk) in batch.chunks.iter().enumerate() {
        let times = chunk.events.columns.column(0).as_primitive_opt::<TimestampMicrosecondType>();
        let times =
            times.ok_or_else(|| Error::new(ErrorKind::Schema, "a batch of events does not begin with their times"))?;
        let places = chunk.spans.iter().flat_map(|(place, events)| std::iter::repeat_n(*place, *events));
        for ((row, time), place) in times.values().iter().enumerate().zip(places) {
            let date = EventTime::from_micros(*time).date();
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

fn shelf(date: Option<i32>) -> String {
    date.map_or_else(|| "none".to_owned(), print_date)
}

/// Leaves out the duplicates among the events of one date and marks the conflicts.
fn sort_out(
    writer: &Writer,
    number: i64,
    date: Option<i32>,
    dated: &[Event],
    chunks: &[Chunk],
    counts: &mut Counts,
) -> Result<Vec<Event>> {
    let fingerprints: Vec<Fingerprint> =
        dated.iter().map(|event| chunks[event.chunk as usize].events.fingerprints[event.row as usize]).collect();
    let verdicts = writer.fingerprints().sort_out(&shelf(date), number, &fingerprints)?;
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

/// Puts the rejects that are not known yet into one file.
fn reject_file(
    writer: &Writer,
    number: i64,
    batch: &Batch,
    now: EventTime,
    counts: &mut Counts,
) -> Result<Option<DataFile>> {
    let place = |index: usize| {
        batch.places.get(index).ok_or_else(|| {
            Error::new(ErrorKind::Schema, format!("a reject of place {index}, which the batch does not have"))
        })
    };
    let rejects = batch
        .rejects
        .iter()
        .map(|(index, reject)| Ok((place(*index)?, reject)))
        .collect::<Result<Vec<(&Place, &Reject)>>>()?;
    counts.rejects = rejects.len() as u64;
    if rejects.is_empty() {
        return Ok(None);
    }
    let fingerprints: Vec<Fingerprint> =
        rejects.iter().map(|(place, reject)| fingerprint(writer, place, reject)).collect();
    let verdicts = writer.fingerprints().sort_out(REJECT_SHELF, number, &fingerprints)?;
    let fresh: Vec<_> = rejects
        .into_iter()
        .zip(verdicts)
        .filter(|(_, verdict)| *verdict != Verdict::Duplicate)
        .map(|(reject, _)| reject)
        .collect();
    if fresh.is_empty() {
        return Ok(None);
    }
    let path = format!("part-{number:08}-0000.parquet");
    encode(
        &schema::rejects_schema(),
        path,
        None,
        &Rejected { rejects: fresh, first_seq: number << 20, collected_at: now },
    )
    .map(Some)
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
