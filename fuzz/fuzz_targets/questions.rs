//! What people type: SQL, things to ask about, times, sources, destinations. Reading ends, and panics never.
#![no_main]

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::datasource::empty::EmptyTable;
use datafusion::execution::context::SessionContext;
use event::schema::{stored, stored_schema};
use jiff::Timestamp;
use lake::sql::Tables;
use libfuzzer_sys::fuzz_target;

/// A session over empty tables, and what runs it.
struct Shell {
    ctx: SessionContext,
    runtime: tokio::runtime::Runtime,
}

fn shell() -> Shell {
    let mut fields = stored_schema().fields().to_vec();
    fields.push(Arc::new(Field::new(stored::EVENT_DATE, DataType::Date32, true)));
    let empty = |schema| Arc::new(EmptyTable::new(schema));
    let tables = Tables {
        events: empty(Arc::new(Schema::new(fields))),
        rejects: empty(lake::rejects_schema()),
        log_files: empty(lake::log_files_schema()),
    };
    let ctx = lake::sql::session(tables, &lake::Lake::session_options(None)).expect("empty tables make a session");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without threads");
    Shell { ctx, runtime }
}

thread_local! {
    static SHELL: OnceCell<Shell> = const { OnceCell::new() };
}

fuzz_target!(|text: &str| {
    SHELL.with(|shell| {
        let Shell { ctx, runtime } = shell.get_or_init(self::shell);
        // Planned and not run: a query may well be meant to take long.
        let sql = format!("EXPLAIN {text}");
        if let Err(error) = runtime.block_on(lake::sql::query(ctx, &sql)) {
            assert!(!error.to_string().is_empty());
        }
    });
    if let Ok(Some(thing)) = inquiry::who::parse(text) {
        let written = match thing.kind() {
            "arn" => thing.value().to_owned(),
            kind => format!("{kind}:{}", thing.value()),
        };
        assert_eq!(inquiry::who::parse(&written).ok().flatten(), Some(thing));
    }
    if let Ok(time) = inquiry::time::parse(text, Timestamp::UNIX_EPOCH) {
        assert_eq!(inquiry::time::parse(&time.to_string(), Timestamp::UNIX_EPOCH).ok(), Some(time));
    }
    if let Ok(uri) = source::Uri::parse(OsStr::new(text)) {
        assert!(!text.is_empty() && !uri.to_string().is_empty());
        if let source::Uri::S3 { .. } = &uri {
            assert_eq!(uri.to_string().trim_end_matches('/'), text.trim_end_matches('/'));
        }
    }
    if let Ok(uri) = sink::Uri::parse(text) {
        let shown = uri.to_string();
        assert!(!shown.is_empty());
        if let (sink::Uri::Webhook(_), Some((_, host))) = (&uri, shown.split_once("://")) {
            assert!(!host.contains(['@', '/', '?', '#']), "what may be secret in a destination is not shown");
        }
    }
});
