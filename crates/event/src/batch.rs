//! Many events in columns: the unit in which everything behind the opener works.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder};
use arrow::datatypes::SchemaRef;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::category;
use crate::error::{Error, ErrorKind, Result};
use crate::fingerprint::{self, Fingerprint, FingerprintKey};
use crate::scan::{self, Fault};
use crate::schema::{self, COLUMNS, Kind};
use crate::time::EventTime;
use crate::walk::{Value, Walked, Walker};

/// Events in columns, with the fingerprint of each.
#[derive(Debug, Clone)]
pub struct EventBatch {
    /// The columns of [`schema::batch_schema`].
    pub columns: RecordBatch,
    /// The shape of each event's record.
    pub shapes: Shapes,
    /// One for each event, in order.
    pub fingerprints: Vec<Fingerprint>,
    /// Bytes of the records' text, for progress and for limits.
    pub record_bytes: u64,
}

impl EventBatch {
    /// Returns the number of events.
    pub fn len(&self) -> usize {
        self.fingerprints.len()
    }

    /// Returns true if there is no event.
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }
}

/// The shapes of a batch's records: a few texts, and which of them is whose.
#[derive(Debug, Clone, Default)]
pub struct Shapes {
    texts: Vec<String>,
    of: Vec<u32>,
    /// Place in `texts` by the keyed hash of the text.
    known: HashMap<u128, u32>,
}

impl Shapes {
    /// Returns the shape of an event's record, or an empty text for an event that is not there.
    pub fn text(&self, event: usize) -> &str {
        self.of.get(event).and_then(|at| self.texts.get(*at as usize)).map_or("", String::as_str)
    }

    fn push(&mut self, shape: &str, key: FingerprintKey) {
        // 128 bits under a secret key: nobody can look for two shapes that are taken for one.
        let at = *self.known.entry(xxh3_128_with_seed(shape.as_bytes(), key.0)).or_insert_with(|| {
            self.texts.push(shape.to_owned());
            self.texts.len() as u32 - 1
        });
        self.of.push(at);
    }
}

/// What an envelope knew of a record.
#[derive(Debug, Clone, Copy, Default)]
pub struct Enclosed<'a> {
    /// When CloudWatch Logs got the record.
    pub cwl_time: Option<EventTime>,
    /// The envelope's own members, as a JSON object.
    pub envelope: Option<&'a str>,
}

/// Why a text is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No time can be read; the offsets are those of the record.
    Time,
}

/// Positions of the columns that the builder itself looks at.
mod at {
    use crate::schema::position;

    pub(super) const EVENT_TIME: u8 = position("eventtime");
    pub(super) const EVENT_ID: u8 = position("eventid");
    pub(super) const ACCOUNT: u8 = position("recipientaccountid");
    pub(super) const CATEGORY: u8 = position("eventcategory");
    pub(super) const EVENT_SOURCE: u8 = position("eventsource");
    pub(super) const EVENT_NAME: u8 = position("eventname");
    pub(super) const EVENT_TYPE: u8 = position("eventtype");
    pub(super) const MANAGEMENT_EVENT: u8 = position("managementevent");
    pub(super) const TIME_WINDOW: u8 = position("timewindow");
}

/// Builds event batches, record by record.
#[derive(Debug)]
pub(crate) struct Builder {
    key: FingerprintKey,
    walker: Walker,
    walked: Walked,
    columns: Vec<ColumnBuilder>,
    unmapped: Lazy<StringBuilder>,
    shapes: Shapes,
    log_number: Int64Builder,
    cwl_time: Lazy<TimestampMicrosecondBuilder>,
    envelope: Lazy<StringBuilder>,
    fingerprints: Vec<Fingerprint>,
    record_bytes: u64,
}

/// A builder that is told of nulls only when a value or the end comes: most columns are absent from most records.
#[derive(Debug, Default)]
struct Lazy<B> {
    builder: B,
    rows: usize,
}

#[derive(Debug)]
enum ColumnBuilder {
    Text(Lazy<StringBuilder>),
    Boolean(Lazy<BooleanBuilder>),
    Time(Lazy<TimestampMicrosecondBuilder>),
}

macro_rules! fill_nulls {
    ($lazy:expr, $row:expr) => {
        if $lazy.rows < $row {
            $lazy.builder.append_nulls($row - $lazy.rows);
        }
        $lazy.rows = $row + 1;
    };
}

impl Builder {
    pub(crate) fn new(key: FingerprintKey) -> Builder {
        Builder {
            key,
            walker: Walker::new(key),
            walked: Walked::default(),
            columns: COLUMNS.iter().map(|column| ColumnBuilder::new(column.kind)).collect(),
            unmapped: Lazy::default(),
            shapes: Shapes::default(),
            log_number: Int64Builder::new(),
            cwl_time: Lazy { builder: utc_builder(), rows: 0 },
            envelope: Lazy::default(),
            fingerprints: Vec::new(),
            record_bytes: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.fingerprints.len()
    }

    pub(crate) fn record_bytes(&self) -> u64 {
        self.record_bytes
    }

    /// Walks the record at `start` of `text` and returns the offset past it, without adding it.
    pub(crate) fn walk(&mut self, text: &str, start: usize) -> Result<usize, Fault> {
        self.walker.walk(text, start, &mut self.walked)?;
        Ok(self.walked.end)
    }

    /// Returns true if the record just walked has an `eventTime` that can be read.
    pub(crate) fn walked_has_time(&self) -> bool {
        self.walked.values.iter().any(|(column, value)| *column == at::EVENT_TIME && matches!(value, Value::Time(_)))
    }

    /// Returns name and value of each top-level member of the record just walked that has no column.
    pub(crate) fn walked_unmapped<'t>(&self, text: &'t str) -> Vec<(&'t str, Range<usize>)> {
        let member = |(start, end): &(usize, usize)| {
            let name = scan::string(text.as_bytes(), *start).ok()?;
            let colon = scan::skip_blank(text.as_bytes(), name.end);
            let value = scan::skip_blank(text.as_bytes(), colon + 1);
            Some((text.get(start + 1..name.end - 1)?, value..*end))
        };
        self.walked.unmapped.iter().filter_map(member).collect()
    }

    /// Adds the record just walked.
    pub(crate) fn add(&mut self, text: &str, start: usize, number: i64, enclosed: Enclosed<'_>) -> Result<(), Refusal> {
        let row = self.fingerprints.len();
        let mut time = None;
        let (mut event_id, mut account, mut category) = (None, None, None);
        let mut facts = category::Facts::default();
        for (column, value) in &self.walked.values {
            let text = value.text(text);
            match *column {
                at::EVENT_TIME => time = if let Value::Time(found) = value { Some(*found) } else { None },
                at::EVENT_ID => event_id = text,
                at::ACCOUNT => account = text,
                at::CATEGORY => category = text,
                at::EVENT_SOURCE => facts.event_source = text,
                at::EVENT_NAME => facts.event_name = text,
                at::EVENT_TYPE => facts.event_type = text,
                at::MANAGEMENT_EVENT => {
                    facts.management_event = if let Value::Boolean(is) = value { Some(*is) } else { None }
                }
                at::TIME_WINDOW if time.is_none() => time = text.and_then(window_start),
                _ => {}
            }
        }
        let time = time.ok_or(Refusal::Time)?;
        let derived = if category.is_none() { Some(facts.category()) } else { None };
        self.fingerprints.push(fingerprint::finish(self.key, self.walked.leaves, event_id, account));
        self.append_columns(text, row, time, derived);
        self.shapes.push(&self.walked.shape, self.key);
        self.log_number.append_value(number);
        if let Some(cwl_time) = enclosed.cwl_time {
            fill_nulls!(self.cwl_time, row);
            self.cwl_time.builder.append_value(cwl_time.as_micros());
        }
        if let Some(envelope) = enclosed.envelope {
            fill_nulls!(self.envelope, row);
            self.envelope.builder.append_value(envelope);
        }
        // The envelope of one array is repeated with each of its records.
        self.record_bytes += (self.walked.end - start + enclosed.envelope.map_or(0, str::len)) as u64;
        Ok(())
    }

    fn append_columns(&mut self, text: &str, row: usize, time: EventTime, derived_category: Option<&str>) {
        for (column, value) in &self.walked.values {
            if let Some(builder) = self.columns.get_mut(*column as usize) {
                builder.append(row, text, value);
            }
        }
        if let Some(ColumnBuilder::Time(builder)) = self.columns.first_mut()
            && builder.rows <= row
        {
            fill_nulls!(builder, row);
            builder.builder.append_value(time.as_micros());
        }
        if let Some(category) = derived_category
            && let Some(ColumnBuilder::Text(builder)) = self.columns.get_mut(at::CATEGORY as usize)
            && builder.rows <= row
        {
            fill_nulls!(builder, row);
            builder.builder.append_value(category);
        }
        if !self.walked.unmapped.is_empty() {
            let members: Vec<&str> =
                self.walked.unmapped.iter().filter_map(|(start, end)| text.get(*start..*end)).collect();
            fill_nulls!(self.unmapped, row);
            self.unmapped.builder.append_value(format!("{{{}}}", members.join(",")));
        }
    }

    /// Gives out the events added so far and starts anew.
    ///
    /// # Errors
    /// [`ErrorKind::Schema`] if the columns do not make a batch.
    pub(crate) fn finish(&mut self) -> Result<EventBatch> {
        let rows = self.fingerprints.len();
        let mut arrays: Vec<ArrayRef> = self.columns.iter_mut().map(|column| column.finish(rows)).collect();
        arrays.push(self.unmapped.finish_text(rows));
        arrays.push(Arc::new(self.log_number.finish()));
        arrays.push(self.cwl_time.finish_time(rows));
        arrays.push(self.envelope.finish_text(rows));
        let schema: SchemaRef = schema::batch_schema();
        let columns = RecordBatch::try_new(schema, arrays)
            .map_err(|error| Error::new(ErrorKind::Schema, format!("put {rows} events in columns: {error}")))?;
        let record_bytes = std::mem::take(&mut self.record_bytes);
        let shapes = std::mem::take(&mut self.shapes);
        Ok(EventBatch { columns, shapes, fingerprints: std::mem::take(&mut self.fingerprints), record_bytes })
    }
}

/// The start of an aggregated event's window, out of the JSON of `timeWindow`.
fn window_start(json: &str) -> Option<EventTime> {
    #[derive(serde::Deserialize)]
    struct Window {
        #[serde(rename = "windowStart")]
        start: String,
    }
    EventTime::parse(&serde_json::from_str::<Window>(json).ok()?.start)
}

fn utc_builder() -> TimestampMicrosecondBuilder {
    TimestampMicrosecondBuilder::new().with_data_type(schema::timestamp())
}

impl Value {
    fn text<'a>(&'a self, text: &'a str) -> Option<&'a str> {
        match self {
            Value::Span { start, end } => text.get(*start..*end),
            Value::Decoded(decoded) => Some(decoded),
            Value::Boolean(_) | Value::Time(_) | Value::Null => None,
        }
    }
}

impl Lazy<StringBuilder> {
    fn finish_text(&mut self, rows: usize) -> ArrayRef {
        self.builder.append_nulls(rows - self.rows);
        self.rows = 0;
        // The next batch will be much like this one: room for it at once, instead of growing and copying its way there.
        let bytes = self.builder.values_slice().len();
        let next = StringBuilder::with_capacity(rows, bytes + bytes / 8);
        Arc::new(std::mem::replace(&mut self.builder, next).finish())
    }
}

impl Lazy<TimestampMicrosecondBuilder> {
    fn finish_time(&mut self, rows: usize) -> ArrayRef {
        self.builder.append_nulls(rows - self.rows);
        self.rows = 0;
        Arc::new(self.builder.finish())
    }
}

impl ColumnBuilder {
    fn new(kind: Kind) -> ColumnBuilder {
        match kind {
            Kind::Text | Kind::Json => ColumnBuilder::Text(Lazy::default()),
            Kind::Boolean => ColumnBuilder::Boolean(Lazy::default()),
            Kind::Time => ColumnBuilder::Time(Lazy { builder: utc_builder(), rows: 0 }),
        }
    }

    #[inline(always)]
    fn append(&mut self, row: usize, text: &str, value: &Value) {
        match (self, value) {
            (ColumnBuilder::Text(lazy), value) => {
                if let Some(content) = value.text(text) {
                    fill_nulls!(lazy, row);
                    lazy.builder.append_value(content);
                }
            }
            (ColumnBuilder::Boolean(lazy), Value::Boolean(is)) => {
                fill_nulls!(lazy, row);
                lazy.builder.append_value(*is);
            }
            (ColumnBuilder::Time(lazy), Value::Time(time)) => {
                fill_nulls!(lazy, row);
                lazy.builder.append_value(time.as_micros());
            }
            (ColumnBuilder::Boolean(_) | ColumnBuilder::Time(_), _) => {}
        }
    }

    fn finish(&mut self, rows: usize) -> ArrayRef {
        match self {
            ColumnBuilder::Text(lazy) => lazy.finish_text(rows),
            ColumnBuilder::Boolean(lazy) => {
                lazy.builder.append_nulls(rows - lazy.rows);
                lazy.rows = 0;
                Arc::new(lazy.builder.finish())
            }
            ColumnBuilder::Time(lazy) => lazy.finish_time(rows),
        }
    }
}

/// Makes the fingerprints of single records, for a lake that has lost them.
#[derive(Debug)]
pub struct Fingerprinter {
    key: FingerprintKey,
    walker: Walker,
    walked: Walked,
}

impl Fingerprinter {
    /// Makes a fingerprinter whose fingerprints are seeded with `key`.
    pub fn new(key: FingerprintKey) -> Fingerprinter {
        Fingerprinter { key, walker: Walker::new(key), walked: Walked::default() }
    }

    /// Returns the fingerprint of a record, or `None` if the text is no JSON object.
    pub fn fingerprint(&mut self, record: &str) -> Option<Fingerprint> {
        self.walker.walk(record, 0, &mut self.walked).ok()?;
        let text = |column: u8| {
            let value = self.walked.values.iter().find(|(found, _)| *found == column);
            value.and_then(|(_, value)| value.text(record))
        };
        Some(fingerprint::finish(self.key, self.walked.leaves, text(at::EVENT_ID), text(at::ACCOUNT)))
    }
}
