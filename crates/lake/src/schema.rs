//! The lake's tables and their columns.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use event::schema::{stored_schema, timestamp};

use crate::table::Definition;

/// Name of the table of events.
pub const EVENTS: &str = "events";
/// Name of the table of rejects.
pub const REJECTS: &str = "rejects";
/// Name of the table of log files.
pub const LOG_FILES: &str = "log_files";

pub(crate) fn events() -> Definition {
    Definition { name: EVENTS, schema: stored_schema(), partitioned: true }
}

pub(crate) fn rejects() -> Definition {
    Definition { name: REJECTS, schema: rejects_schema(), partitioned: false }
}

pub(crate) fn log_files() -> Definition {
    Definition { name: LOG_FILES, schema: log_files_schema(), partitioned: false }
}

/// Returns the columns of the table `log_files`.
pub fn log_files_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let (text, integer) = (DataType::Utf8, DataType::Int64);
        let columns = [
            ("bucket", &text),
            ("key", &text),
            ("file_name", &text),
            ("account", &text),
            ("region", &text),
            ("delivered_at", &timestamp()),
            ("etag", &text),
            ("bytes", &integer),
            ("events", &integer),
            ("rejects", &integer),
            ("sha256", &text),
            ("digest", &text),
            ("digest_sha256", &text),
            ("start_time", &timestamp()),
            ("end_time", &timestamp()),
            ("oldest_event_time", &timestamp()),
            ("newest_event_time", &timestamp()),
            ("fingerprint", &text),
            ("signature", &text),
            ("signature_algorithm", &text),
            ("signed", &text),
            ("previous_digest", &text),
            ("standing", &text),
            ("reason", &text),
            ("content", &DataType::Binary),
        ];
        let mut fields = vec![
            Field::new("seq", DataType::Int64, false),
            Field::new("kind", DataType::Utf8, false),
            Field::new("uri", DataType::Utf8, false),
        ];
        fields.extend(columns.map(|(name, data_type)| Field::new(name, data_type.clone(), true)));
        fields.push(Field::new("collected_at", timestamp(), false));
        Arc::new(Schema::new(fields))
    });
    SCHEMA.clone()
}

/// Returns the columns of the table `rejects`.
pub fn rejects_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        Arc::new(Schema::new(vec![
            Field::new("seq", DataType::Int64, false),
            Field::new("log_file", DataType::Utf8, false),
            Field::new("log_file_etag", DataType::Utf8, true),
            Field::new("log_number", DataType::Int64, false),
            Field::new("range_start", DataType::Int64, false),
            Field::new("range_end", DataType::Int64, false),
            Field::new("reason", DataType::Utf8, false),
            Field::new("message", DataType::Utf8, false),
            Field::new("bytes", DataType::Binary, false),
            Field::new("sha256", DataType::Utf8, false),
            Field::new("collected_at", timestamp(), false),
        ]))
    });
    SCHEMA.clone()
}
