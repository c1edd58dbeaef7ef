//! The live files of a table, with what is known of each: what a scan prunes by.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use deltalake_core::kernel::{Action, Add};
use event::schema::stored::SEQ;
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};

/// A data file that the table's log counts as live.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LiveFile {
    /// Path below the table's root.
    pub path: String,
    pub bytes: u64,
    pub rows: u64,
    /// Milliseconds since 1970, as the log gives it.
    pub modified_ms: i64,
    /// The partition: days since 1970-01-01; `None` for dates out of range.
    pub date: Option<i32>,
    /// Smallest and largest value by column, as far as the log tells.
    pub bounds: HashMap<String, (Bound, Bound)>,
}

/// One end of a column's range in a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Bound {
    Text(String),
    Integer(i64),
    /// Microseconds since 1970.
    Time(i64),
}

impl LiveFile {
    pub(crate) fn from_add(add: &Add) -> Result<LiveFile> {
        let date = add.partition_values.get("eventdate").cloned().flatten();
        LiveFile::new(add.path.clone(), add.size, add.modification_time, date.as_deref(), add.stats.as_deref())
    }

    /// Makes a file's entry from what the log says of it; `date` and `stats` in Delta's own text.
    pub(crate) fn new(
        path: String,
        bytes: i64,
        modified_ms: i64,
        date: Option<&str>,
        stats: Option<&str>,
    ) -> Result<LiveFile> {
        let stats: Value = match stats {
            Some(stats) => serde_json::from_str(stats).map_err(|error| {
                Error::because(ErrorKind::Corrupt, format!("read the statistics of `{path}`"), error)
            })?,
            None => Value::Null,
        };
        let mut bounds = HashMap::new();
        if let (Some(Value::Object(min)), Some(Value::Object(max))) = (stats.get("minValues"), stats.get("maxValues")) {
            for (column, min) in min {
                if let (Some(min), Some(max)) = (bound(column, min), max.get(column).and_then(|max| bound(column, max)))
                {
                    bounds.insert(column.clone(), (min, max));
                }
            }
        }
        Ok(LiveFile {
            path,
            bytes: u64::try_from(bytes).unwrap_or(0),
            rows: stats.get("numRecords").and_then(Value::as_u64).unwrap_or(0),
            modified_ms,
            date: date.and_then(parse_date),
            bounds,
        })
    }

    /// Returns smallest and largest time, in microseconds since 1970.
    pub(crate) fn times(&self) -> Option<(i64, i64)> {
        match self.bounds.get("eventtime")? {
            (Bound::Time(min), Bound::Time(max)) => Some((*min, *max)),
            _ => None,
        }
    }

    /// Returns the least and the greatest sequence number.
    pub(crate) fn seqs(&self) -> Option<(i64, i64)> {
        match self.bounds.get(SEQ)? {
            (Bound::Integer(least), Bound::Integer(greatest)) => Some((*least, *greatest)),
            _ => None,
        }
    }
}

fn bound(column: &str, value: &Value) -> Option<Bound> {
    match value {
        Value::Number(number) => number.as_i64().map(Bound::Integer),
        Value::String(text) if matches!(column, "eventtime" | "collected_at") => {
            Some(Bound::Time(event::time::EventTime::parse(text)?.as_micros()))
        }
        Value::String(text) => Some(Bound::Text(text.clone())),
        _ => None,
    }
}

/// Days since 1970-01-01 of `YYYY-MM-DD`.
pub(crate) fn parse_date(text: &str) -> Option<i32> {
    event::time::EventTime::parse(&format!("{text}T00:00:00Z")).map(|time| time.date())
}

/// `YYYY-MM-DD` of days since 1970-01-01.
pub(crate) fn print_date(date: i32) -> String {
    let time = event::time::EventTime::from_micros(i64::from(date) * event::time::DAY).to_string();
    time.get(..10).unwrap_or(&time).to_owned()
}

/// The live files, kept up to date by each commit's own actions.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// Version of the table's log that the files are those of.
    pub version: u64,
    pub live: BTreeMap<String, std::sync::Arc<LiveFile>>,
    /// Last transaction by application.
    pub transactions: HashMap<String, i64>,
    /// Names of the columns that the log tells of.
    pub columns: BTreeSet<String>,
    /// Files that a commit took out with their rows since the table was opened.
    pub deleted: u64,
}

impl Files {
    /// Returns whether other readers know of a column.
    pub(crate) fn has_column(&self, name: &str) -> bool {
        self.columns.contains(name)
    }

    /// Applies the actions of one commit.
    ///
    /// # Errors
    /// [`ErrorKind::Superseded`] if the table itself changed under us: another program altered its schema or protocol.
    pub(crate) fn apply(&mut self, version: u64, actions: &[Action]) -> Result<()> {
        // Two tasks may meet the same commit: one made it, the other followed it.
        if version <= self.version {
            return Ok(());
        }
        for action in actions {
            match action {
                Action::Add(add) => {
                    self.live.insert(add.path.clone(), std::sync::Arc::new(LiveFile::from_add(add)?));
                }
                Action::Remove(remove) => {
                    self.live.remove(&remove.path);
                    self.deleted += u64::from(remove.data_change);
                }
                Action::Txn(transaction) => {
                    self.transactions.insert(transaction.app_id.clone(), transaction.version);
                }
                Action::Protocol(_) | Action::Metadata(_) => {
                    let message =
                        format!("version {version} of the table changes its schema or protocol: open the lake anew");
                    return Err(Error::new(ErrorKind::Superseded, message));
                }
                _ => {}
            }
        }
        self.version = version;
        Ok(())
    }
}
