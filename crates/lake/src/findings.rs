//! The table of findings: what rules found, a row a finding. A finding is known by its key (rule, group, begin of the
//! window), and one that is found again takes the place of the one before: files that hold such rows are written anew
//! without them, in the same commit.
//!
//! What rules mean is not known here. The columns are described in `docs/format/findings.md`.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use deltalake_core::kernel::Action;
use deltalake_core::protocol::DeltaOperation;
use event::schema::timestamp;
use event::time::EventTime;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use uuid::Uuid;

use crate::append::Writer;
use crate::error::{Error, ErrorKind, Result};
use crate::location::Location;
use crate::table::files::LiveFile;
use crate::table::write::{DataFile, Picked, encode};
use crate::table::{Change, Definition, Table, append_operation, remove};

/// Name of the table of findings.
pub const FINDINGS: &str = "findings";

/// Most findings that are stored together.
pub const FINDINGS_MAX: usize = 65_536;
/// Small files from which on they are merged by the next commit.
const SMALL_FILES_MAX: usize = 32;
/// Bytes below which a file is a small one.
const SMALL_FILE_BYTES: u64 = 4 << 20;

/// A row of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// What findings have in common that replace each other.
    pub key: u128,
    /// Id of the rule.
    pub rule_id: String,
    /// Its title.
    pub rule: String,
    /// The file it stands in.
    pub rule_file: String,
    /// How grave it is.
    pub level: Option<String>,
    /// `done` or `attempted`.
    pub outcome: String,
    /// Who wrote the rule.
    pub author: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// Its references, a JSON array.
    pub references: String,
    /// Its tags, a JSON array.
    pub tags: String,
    /// The values that it groups by, a JSON object.
    pub group: String,
    /// Begin of the window.
    pub window_start: Option<EventTime>,
    /// Time of the event at which the rule held.
    pub event_time: Option<EventTime>,
    /// Its `eventID`.
    pub event_id: Option<String>,
    /// Its `eventName`.
    pub event_name: Option<String>,
    /// Its `eventSource`.
    pub event_source: Option<String>,
    /// Its `awsRegion`.
    pub region: Option<String>,
    /// Its `recipientAccountId`.
    pub account: Option<String>,
    /// Its `sourceIPAddress`.
    pub source_address: Option<String>,
    /// Its `userIdentity.arn`.
    pub arn: Option<String>,
    /// Who stands behind its credential.
    pub origin: Option<String>,
    /// How sure that is.
    pub origin_status: Option<String>,
    /// What is likely of it and not proven.
    pub origin_hint: Option<String>,
    /// How many events there are.
    pub events_total: u64,
    /// The latest of them, a JSON array of objects.
    pub events: String,
    /// Why nobody is to be told, if that is so.
    pub suppressed: Option<String>,
    /// The indicator that matched, a JSON object.
    pub indicator: Option<String>,
}

pub(crate) fn definition() -> Definition {
    Definition { name: FINDINGS, schema: schema(), partitioned: false }
}

/// Returns the columns of the table.
pub fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let needed = |name| Field::new(name, DataType::Utf8, false);
        let text = |name| Field::new(name, DataType::Utf8, true);
        Arc::new(Schema::new(vec![
            Field::new("eventtime", timestamp(), true),
            Field::new("window_start", timestamp(), true),
            needed("key"),
            needed("rule_id"),
            needed("rule"),
            needed("rule_file"),
            text("level"),
            needed("outcome"),
            text("author"),
            text("license"),
            needed("references"),
            needed("tags"),
            needed("group"),
            text("eventid"),
            text("eventname"),
            text("eventsource"),
            text("awsregion"),
            text("recipientaccountid"),
            text("sourceipaddress"),
            text("useridentity_arn"),
            text("origin"),
            text("origin_status"),
            text("origin_hint"),
            Field::new("events_total", DataType::Int64, false),
            needed("events"),
            text("suppressed"),
            text("indicator"),
            Field::new("found_at", timestamp(), false),
        ]))
    });
    SCHEMA.clone()
}

/// Returns rows as the columns of the table.
///
/// # Errors
/// [`ErrorKind::Schema`] if they do not fit, which says that they were not made here.
pub fn batch(rows: &[Finding], found_at: EventTime) -> Result<RecordBatch> {
    let text = |value: &dyn Fn(&Finding) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(value).collect::<StringArray>())
    };
    let time = |value: &dyn Fn(&Finding) -> Option<EventTime>| -> ArrayRef {
        let times = rows.iter().map(|row| value(row).map(EventTime::as_micros));
        Arc::new(TimestampMicrosecondArray::from_iter(times).with_data_type(timestamp()))
    };
    let columns: Vec<ArrayRef> = vec![
        time(&|row| row.event_time),
        time(&|row| row.window_start),
        Arc::new(rows.iter().map(|row| Some(format!("{:032x}", row.key))).collect::<StringArray>()),
        text(&|row| Some(&row.rule_id)),
        text(&|row| Some(&row.rule)),
        text(&|row| Some(&row.rule_file)),
        text(&|row| row.level.as_deref()),
        text(&|row| Some(&row.outcome)),
        text(&|row| row.author.as_deref()),
        text(&|row| row.license.as_deref()),
        text(&|row| Some(&row.references)),
        text(&|row| Some(&row.tags)),
        text(&|row| Some(&row.group)),
        text(&|row| row.event_id.as_deref()),
        text(&|row| row.event_name.as_deref()),
        text(&|row| row.event_source.as_deref()),
        text(&|row| row.region.as_deref()),
        text(&|row| row.account.as_deref()),
        text(&|row| row.source_address.as_deref()),
        text(&|row| row.arn.as_deref()),
        text(&|row| row.origin.as_deref()),
        text(&|row| row.origin_status.as_deref()),
        text(&|row| row.origin_hint.as_deref()),
        Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.events_total as i64))),
        text(&|row| Some(&row.events)),
        text(&|row| row.suppressed.as_deref()),
        text(&|row| row.indicator.as_deref()),
        time(&|_| Some(found_at)),
    ];
    RecordBatch::try_new(schema(), columns).map_err(|error| {
        Error::because(ErrorKind::Schema, format!("put rows of the table `{FINDINGS}` in columns"), error)
    })
}

/// The table of findings, open for writing.
pub struct FindingsTable<'w> {
    writer: &'w Writer,
    table: Table,
    /// The file that holds the finding of a key.
    known: HashMap<u128, Arc<str>>,
}

/// What storing came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stored {
    /// Findings that were not known.
    pub new: u64,
    /// Findings that took the place of one before.
    pub replaced: u64,
}

impl FindingsTable<'_> {
    /// Opens the table of the writer's lake, making it if there is none, and learns which findings it has: 16 bytes and
    /// some each.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open<'w>(location: &Location, writer: &'w Writer) -> Result<FindingsTable<'w>> {
        let table = Table::open_or_create(location, definition()).await?;
        let mut known = HashMap::new();
        for file in table.live_files() {
            let path: Arc<str> = file.path.as_str().into();
            known.extend(keys(&table, &file.path).await?.into_iter().map(|key| (key, path.clone())));
        }
        Ok(FindingsTable { writer, table, known })
    }

    /// Stores findings, each in the place of the one with its key. Of those with one key among them the last stays.
    ///
    /// # Errors
    /// Those of the store. The outcome is then unknown: open the table anew and store again.
    pub async fn store(&mut self, mut rows: Vec<Finding>) -> Result<Stored> {
        let mut last: HashMap<u128, usize> = HashMap::new();
        for (at, row) in rows.iter().enumerate() {
            last.insert(row.key, at);
        }
        let mut at = 0;
        rows.retain(|row| {
            at += 1;
            last.get(&row.key) == Some(&(at - 1))
        });
        if rows.is_empty() {
            return Ok(Stored::default());
        }
        rows.sort_by_key(|row| row.event_time);
        let replaced = rows.iter().filter(|row| self.known.contains_key(&row.key)).count() as u64;
        let touched = self.touched(&rows);
        let gone: HashSet<u128> = rows.iter().map(|row| row.key).collect();
        let mut rest: Vec<RecordBatch> = Vec::new();
        let mut files: Vec<(DataFile, Vec<u128>)> = Vec::new();
        for file in &touched {
            rest.extend(without(&self.table, &file.path, &gone).await?);
            // What is kept of several files is written together, up to the size of one.
            if rest.iter().map(RecordBatch::num_rows).sum::<usize>() >= FINDINGS_MAX {
                files.push(self.put(std::mem::take(&mut rest)).await?);
            }
        }
        let new = rows.len() as u64 - replaced;
        rest.push(batch(&rows, self.writer.now())?);
        files.push(self.put(rest).await?);
        self.commit(files, &touched).await?;
        Ok(Stored { new, replaced })
    }

    /// Returns the files that hold a finding that is to be replaced, and small ones, once there are many.
    fn touched(&self, rows: &[Finding]) -> Vec<Arc<LiveFile>> {
        let named: BTreeSet<&str> = rows.iter().filter_map(|row| self.known.get(&row.key)).map(AsRef::as_ref).collect();
        let live = self.table.live_files();
        let is_small = |file: &LiveFile| file.bytes < SMALL_FILE_BYTES;
        let many = live.iter().filter(|file| is_small(file)).count() >= SMALL_FILES_MAX;
        live.into_iter().filter(|file| named.contains(file.path.as_str()) || (many && is_small(file))).collect()
    }

    async fn put(&self, batches: Vec<RecordBatch>) -> Result<(DataFile, Vec<u128>)> {
        let failed = |error| Error::because(ErrorKind::Schema, format!("join rows of the table `{FINDINGS}`"), error);
        let joined = concat_batches(&schema(), &batches).map_err(failed)?;
        let keys = keys_of(&joined)?;
        // Sorted by time: what a file says of itself holds for merged ones too.
        let mut order: Vec<usize> = (0..joined.num_rows()).collect();
        let times = joined.column(0).as_primitive_opt::<arrow::datatypes::TimestampMicrosecondType>();
        order.sort_by_key(|row| times.filter(|times| times.is_valid(*row)).map(|times| times.value(*row)));
        let rows = Picked { batches: vec![joined.columns()], order: order.into_iter().map(|row| (0, row)).collect() };
        let file = encode(&schema(), format!("part-{}.parquet", Uuid::new_v4()), None, &rows)?;
        self.table.put_file(&file.path, file.bytes.clone()).await?;
        Ok((file, keys))
    }

    async fn commit(&mut self, files: Vec<(DataFile, Vec<u128>)>, gone: &[Arc<LiveFile>]) -> Result<()> {
        self.table.sync_files(files.iter().map(|(file, _)| file.path.clone()))?;
        let now_ms = self.writer.now_ms();
        let mut actions: Vec<Action> = files.iter().map(|(file, _)| file.add(now_ms, true)).collect();
        actions.extend(gone.iter().map(|file| Action::Remove(remove(file, now_ms, true))));
        let operation = match gone.is_empty() {
            true => append_operation(),
            false => DeltaOperation::Update { predicate: None },
        };
        let change = Change {
            actions,
            operation,
            transaction: None,
            must_be_live: gone.iter().map(|file| file.path.clone()).collect(),
        };
        let version = self.table.commit(change).await?;
        self.table.sync_log(version)?;
        for (file, keys) in files {
            let path: Arc<str> = file.path.as_str().into();
            self.known.extend(keys.into_iter().map(|key| (key, path.clone())));
        }
        Ok(())
    }

    /// Waits for what runs in the background.
    pub async fn finish(&self) {
        self.table.finish().await;
    }
}

async fn open(table: &Table, path: &str) -> Result<ParquetRecordBatchReaderBuilder<bytes::Bytes>> {
    let bytes = table.read_file(path).await?;
    ParquetRecordBatchReaderBuilder::try_new(bytes)
        .map_err(|error| Error::because(ErrorKind::Store, format!("read the file `{path}` of `{FINDINGS}`"), error))
}

async fn keys(table: &Table, path: &str) -> Result<Vec<u128>> {
    let builder = open(table, path).await?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), ["key"]);
    let mut found = Vec::new();
    for batch in read(builder.with_projection(mask), path)? {
        found.extend(keys_of(&batch)?);
    }
    Ok(found)
}

/// Reads a file without the rows of some keys.
async fn without(table: &Table, path: &str, gone: &HashSet<u128>) -> Result<Vec<RecordBatch>> {
    let mut kept = Vec::new();
    for batch in read(open(table, path).await?, path)? {
        let keep: BooleanArray = keys_of(&batch)?.iter().map(|key| Some(!gone.contains(key))).collect();
        let batch = filter_record_batch(&batch, &keep).map_err(|error| {
            Error::because(ErrorKind::Corrupt, format!("read the file `{path}` of `{FINDINGS}`"), error)
        })?;
        kept.push(batch);
    }
    Ok(kept)
}

fn read(builder: ParquetRecordBatchReaderBuilder<bytes::Bytes>, path: &str) -> Result<Vec<RecordBatch>> {
    let message = || format!("read the file `{path}` of the table `{FINDINGS}`");
    let reader = builder.build().map_err(|error| Error::because(ErrorKind::Store, message(), error))?;
    reader.map(|batch| batch.map_err(|error| Error::because(ErrorKind::Store, message(), error))).collect()
}

fn keys_of(batch: &RecordBatch) -> Result<Vec<u128>> {
    let corrupt = || Error::new(ErrorKind::Corrupt, format!("a row of the table `{FINDINGS}` has no key"));
    let column = batch.column_by_name("key").and_then(|column| column.as_string_opt::<i32>()).ok_or_else(corrupt)?;
    column.iter().map(|key| u128::from_str_radix(key.unwrap_or_default(), 16).map_err(|_| corrupt())).collect()
}
