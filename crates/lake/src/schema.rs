//! The lake's tables and their columns.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use event::schema::{stored_schema, timestamp};

use crate::table::Definition;

/// Name of the table of events.
pub const EVENTS: &str = "events";
/// Name of the table of rejects.
pub const REJECTS: &str = "rejects";

pub(crate) fn events() -> Definition {
    Definition { name: EVENTS, schema: stored_schema(), partitioned: true }
}

pub(crate) fn rejects() -> Definition {
    Definition { name: REJECTS, schema: rejects_schema(), partitioned: false }
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
