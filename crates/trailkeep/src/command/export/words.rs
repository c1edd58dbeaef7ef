//! What events become, one payload each: ECS documents, Snare's rows, or the lake's columns.

use arrow::array::{Array, AsArray, PrimitiveArray, StringArray};
use arrow::datatypes::TimestampMicrosecondType;
use event::schema::{added, stored};
use event::time::EventTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use normalize::ecs::{Mapper, Outcome, Settings as EcsSettings};
use normalize::rows::{self, Rows};
use normalize::snare::{self, Passed, Snare};
use pipeline::export::{Events, Format, FormatError};
use sink::Payload;

use super::ecs::{Added, Place};
use crate::command::convert::geo::Databases;

/// What events become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Ecs,
    SnareJson,
    SnareCsv,
    Jsonl,
    Csv,
    Parquet,
}

impl Form {
    /// Returns the name that stands in messages and in stored offsets.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::SnareJson => "snare",
            Self::SnareCsv => "snare as csv",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// Returns how files of it end.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Ecs | Self::SnareJson | Self::Jsonl => "jsonl",
            Self::SnareCsv | Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

/// Returns what files of a form begin with.
pub(super) fn header(form: Form) -> Vec<u8> {
    let mut header = Vec::new();
    match form {
        Form::Csv => rows::write_csv_header(&mut header),
        Form::SnareCsv => snare::write_csv_header(&mut header),
        Form::Ecs | Form::SnareJson | Form::Jsonl | Form::Parquet => {}
    }
    header
}

/// Makes one payload of each event.
pub(super) struct Words<'a> {
    form: Form,
    mapper: Mapper<'a>,
    snare: Snare,
    added: Added,
    line: Vec<u8>,
    /// Documents that could not be mapped whole.
    failed: u64,
}

type Times = PrimitiveArray<TimestampMicrosecondType>;

impl<'a> Words<'a> {
    pub(super) fn new(form: Form, ecs: EcsSettings, geo: &'a Databases, added: Added) -> Self {
        Words { form, mapper: Mapper::new(ecs, geo), snare: Snare::default(), added, line: Vec::new(), failed: 0 }
    }

    fn take_rows(&mut self, events: &Events, payloads: &mut Vec<Payload>) -> Result<(), FormatError> {
        let rows = Rows::new(events.columns())?;
        for row in 0..rows.len() {
            self.line.clear();
            match self.form {
                Form::Csv => rows.write_csv(row, &mut self.line),
                _ => rows.write_json(row, &mut self.line),
            }
            payloads.push(events.payload(row, without_break(&self.line).to_vec()));
        }
        Ok(())
    }

    fn take_snare(&mut self, events: &Events, payloads: &mut Vec<Payload>) -> Result<(), FormatError> {
        let collected = times(events, stored::COLLECTED_AT)?;
        let received = times(events, added::CWL_TIME)?;
        for (row, record) in events.records().enumerate() {
            self.line.clear();
            let collected = Zoned::new(timestamp(collected, row)?, TimeZone::system());
            let collected = collected.strftime("%Y-%m-%dT%H:%M:%S.%9f%:z").to_string();
            let received = received.is_valid(row).then(|| EventTime::from_micros(received.value(row)));
            let made = self.snare.row(record, Passed { collected: &collected, cloudwatch: received })?;
            match self.form {
                Form::SnareCsv => made.write_csv(&mut self.line),
                _ => made.write_json(&mut self.line),
            }
            payloads.push(events.payload(row, without_break(&self.line).to_vec()));
        }
        Ok(())
    }

    fn take_ecs(&mut self, events: &Events, payloads: &mut Vec<Payload>) -> Result<(), FormatError> {
        let collected = times(events, stored::COLLECTED_AT)?;
        let (log_files, regions) = (texts(events, stored::LOG_FILE), texts(events, "awsregion"));
        let now = Timestamp::now();
        for (row, record) in events.records().enumerate() {
            self.line.clear();
            let stored_at = timestamp(collected, row)?;
            if self.mapper.map(record, &nanoseconds(stored_at), &mut self.line) == Outcome::Failed {
                // The document says so itself, in `error.message`.
                self.failed += 1;
            }
            let place = Place { log_file: text(log_files, row), region: text(regions, row) };
            let ingested = nanoseconds(if self.added.arrives_now { now } else { stored_at });
            payloads.push(events.payload(row, self.added.to(&self.line, place, &ingested)?));
        }
        Ok(())
    }
}

impl Format for Words<'_> {
    fn take(&mut self, events: &Events, payloads: &mut Vec<Payload>) -> Result<(), FormatError> {
        match self.form {
            Form::Ecs => self.take_ecs(events, payloads),
            Form::SnareJson | Form::SnareCsv => self.take_snare(events, payloads),
            Form::Jsonl | Form::Csv | Form::Parquet => self.take_rows(events, payloads),
        }
    }

    fn finish(&mut self, _: &mut Vec<Payload>) -> Result<(), FormatError> {
        if self.failed > 0 {
            tracing::warn!(documents = self.failed, "some records could not be mapped whole: `error.message` says why");
            self.failed = 0;
        }
        Ok(())
    }

    fn reset(&mut self) {}
}

/// A sink ends lines itself.
fn without_break(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

fn times<'e>(events: &'e Events, name: &str) -> Result<&'e Times, FormatError> {
    let column = events.columns().column_by_name(name).and_then(|column| column.as_primitive_opt());
    column.ok_or_else(|| format!("stored events have no times `{name}`").into())
}

fn texts<'e>(events: &'e Events, name: &str) -> Option<&'e StringArray> {
    events.columns().column_by_name(name).and_then(|column| column.as_string_opt())
}

fn text(texts: Option<&StringArray>, row: usize) -> &str {
    texts.filter(|texts| texts.is_valid(row)).map_or("", |texts| texts.value(row))
}

fn timestamp(times: &Times, row: usize) -> Result<Timestamp, FormatError> {
    Ok(Timestamp::from_microsecond(times.value(row))?)
}

fn nanoseconds(time: Timestamp) -> String {
    format!("{time:.9}")
}
