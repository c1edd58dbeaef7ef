//! Lookups as data: filters, and which events of `testdata/events.jsonl` they find, newest first.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimestampMicrosecondType};
use datafusion::catalog::MemTable;
use event::fingerprint::FingerprintKey;
use event::limits::Limits;
use event::open::{Content, Opener};
use event::schema::stored_schema;
use futures::TryStreamExt;
use lake::sql::{SessionOptions, Tables};

use super::*;

/// Opens records as the lake would store them.
fn stored_events(text: &[u8]) -> RecordBatch {
    let (mut batches, mut shapes) = (Vec::new(), Vec::new());
    let mut opener = Opener::new(FingerprintKey(1), Limits::default());
    let mut keep = |opened: event::open::Opened| {
        shapes.extend((0..opened.events.len()).map(|event| opened.events.shapes.text(event).to_owned()));
        batches.push(opened.events.columns);
        Ok::<(), event::error::Error>(())
    };
    let summary = opener.open(Content::Bytes(text), &mut keep).expect("the records open");
    assert_eq!(summary.rejects, 0, "every line is an event");
    let events = arrow::compute::concat_batches(&batches[0].schema(), &batches).expect("batches of one schema");
    let rows = events.num_rows();
    let days = events.column(0).as_primitive::<TimestampMicrosecondType>().values().iter();
    let dates: Date32Array = days.map(|micros| i32::try_from(micros.div_euclid(86_400_000_000)).ok()).collect();
    let added: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(shapes)),
        Arc::new(Int64Array::from_iter_values(0..rows as i64)),
        Arc::new(StringArray::from(vec!["s3://amzn-s3-demo-bucket/log.json.gz"; rows])),
        Arc::new(StringArray::new_null(rows)),
        Arc::new(TimestampMicrosecondArray::from(vec![0; rows]).with_timezone("UTC")),
        Arc::new(BooleanArray::from(vec![false; rows])),
        Arc::new(dates),
    ];
    let mut fields: Vec<Field> = stored_schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    fields.push(Field::new("eventdate", DataType::Date32, false));
    let columns = [events.columns().to_vec(), added].concat();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("the stored schema")
}

fn fixture() -> SessionContext {
    session(include_bytes!("../../testdata/events.jsonl"))
}

/// A session over records; their sequence numbers count from 0.
pub(crate) fn session_over(records: &[serde_json::Value]) -> SessionContext {
    let lines: Vec<String> = records.iter().map(serde_json::Value::to_string).collect();
    session(lines.join("\n").as_bytes())
}

fn session(text: &[u8]) -> SessionContext {
    let events = stored_events(text);
    let events = MemTable::try_new(events.schema(), vec![vec![events]]).expect("one schema");
    let reasons: ArrayRef = Arc::new(StringArray::from(vec!["no time"]));
    let rejects = RecordBatch::try_from_iter([("reason", reasons)]).expect("one column");
    let rejects = MemTable::try_new(rejects.schema(), vec![vec![rejects]]).expect("one schema");
    let options = SessionOptions {
        memory_bytes_max: 64 << 20,
        spill_bytes_max: 64 << 20,
        spill_dir: None,
        metadata_cache_bytes_max: 1 << 20,
        target_partitions: 1,
        addresses: None,
    };
    let log_files = MemTable::try_new(lake::log_files_schema(), vec![Vec::new()]).expect("a table");
    let tables = Tables { events: Arc::new(events), rejects: Arc::new(rejects), log_files: Arc::new(log_files) };
    lake::sql::session(tables, &options).expect("a session")
}

async fn column(ctx: &SessionContext, question: &Lookup, columns: Columns, name: &str) -> Vec<String> {
    let sql = question.sql(columns);
    let (_, stream) = lookup(ctx, question, columns).await.unwrap_or_else(|error| panic!("{error:?}\n{sql}"));
    let batches: Vec<RecordBatch> = stream.try_collect().await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    let texts = batches.iter().flat_map(|batch| {
        let texts = batch.column_by_name(name).expect("a column").as_string::<i32>();
        texts.iter().map(|text| text.unwrap_or("-").to_owned()).collect::<Vec<_>>()
    });
    texts.collect()
}

fn own(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Sets one filter from the flag's name and the values behind it.
fn question(field: &str, values: &[&str]) -> Lookup {
    let mut lookup = Lookup { limit: None, ..Lookup::default() };
    let time = |text: &str| Some(text.parse().expect("a time"));
    match field {
        "user" => lookup.users = own(values),
        "role" => lookup.roles = own(values),
        "key" => lookup.keys = own(values),
        "name" => lookup.names = own(values),
        "source" => lookup.sources = values.iter().map(|text| EventSource::parse(text).expect("a source")).collect(),
        "resource" => lookup.resources = own(values),
        "ip" => lookup.addresses = values.iter().map(|text| Address::parse(text).expect("an address")).collect(),
        "error" => lookup.errors = values.iter().map(|text| Outcome::parse(text).expect("an outcome")).collect(),
        "read-only" => lookup.read_only = Some(values == ["true"]),
        "account" => lookup.accounts = values.iter().map(|text| AccountId::parse(text).expect("an ID")).collect(),
        "region" => lookup.regions = values.iter().map(|text| Region::parse(text).expect("a Region")).collect(),
        "text" => lookup.text = own(values),
        "since" => lookup.since = time(values[0]),
        "until" => lookup.until = time(values[0]),
        "limit" => lookup.limit = values[0].parse().ok(),
        other => panic!("no filter `{other}`"),
    }
    lookup
}

#[tokio::test]
async fn filters_find_events() {
    let ctx = fixture();
    let cases: &[(&str, &[&str], &str)] = &[
        ("limit", &["2"], "other-user root"),
        ("limit", &["100"], "other-user root service no-issuer session user"),
        ("user", &["alice"], "user"),
        ("user", &["arn:aws:iam::111122223333:user/ops/alice"], "user"),
        ("user", &["AIDAEXAMPLEALICE00001"], "user"),
        ("user", &["bob"], "session"),
        ("user", &["Deploy"], "session"),
        ("user", &["carol", "root"], "root no-issuer"),
        ("user", &["lice"], ""),
        ("user", &["x' OR '1' = '1"], ""),
        ("role", &["Deploy"], "session"),
        ("role", &["Audit"], "no-issuer"),
        ("role", &["arn:aws:iam::111122223333:role/ci/Deploy"], "session"),
        ("role", &["alice"], ""),
        ("key", &["AKIAEXAMPLEALICE0001"], "user"),
        ("name", &["GetObject", "RunInstances"], "other-user session"),
        ("name", &["De*"], "no-issuer user"),
        ("name", &["De.*"], ""),
        ("source", &["S3"], "other-user user"),
        ("source", &["cloudwatch"], "no-issuer"),
        ("source", &["signin.amazonaws.com"], "root"),
        ("resource", &["arn:aws:s3:::logs"], "user"),
        ("resource", &["logs"], "other-user user"),
        ("resource", &["catalogs"], "other-user"),
        ("resource", &["arn:aws:iam::444455556666:role/Scaling"], "service"),
        ("resource", &["l.gs"], ""),
        ("ip", &["203.0.113.9"], "user"),
        ("ip", &["203.0.113.0/24", "10.0.0.0/8"], "other-user session user"),
        ("ip", &["2001:db8:0::7"], "no-issuer"),
        ("ip", &["autoscaling.amazonaws.com"], "service"),
        ("error", &["AccessDenied"], "other-user"),
        ("error", &["any"], "other-user session"),
        ("error", &["none"], "root service no-issuer user"),
        ("error", &["denied"], "other-user session"),
        ("error", &["Client.*"], "session"),
        ("read-only", &["true"], "other-user service no-issuer"),
        ("read-only", &["false"], "session user"),
        ("account", &["444455556666"], "root service no-issuer"),
        ("region", &["eu-central-1"], "other-user user"),
        ("text", &["billing"], "no-issuer"),
        ("text", &["it's 100%_"], "session"),
        ("text", &["\"ConsoleLogin\":\"Failure\""], "root"),
        ("since", &["2026-03-05T10:00:00Z"], "other-user root"),
        ("until", &["2026-03-02T10:00:00Z"], "user"),
    ];
    for (field, values, expect) in cases {
        let found = column(&ctx, &question(field, values), Columns::All, "eventid").await;
        assert_eq!(found.join(" "), *expect, "{field} {values:?}");
    }
}

#[tokio::test]
async fn the_summary_says_who() {
    let ctx = fixture();
    let found = column(&ctx, &Lookup::default(), Columns::Summary, "who").await;
    assert_eq!(found, ["malice", "root", "autoscaling.amazonaws.com", "Audit/carol", "Deploy/bob", "alice"]);
    let found = column(&ctx, &Lookup::default(), Columns::Summary, "source").await;
    assert_eq!(found, ["s3", "signin", "sts", "monitoring", "ec2", "s3"]);
}

#[test]
fn fields_add_up_in_one_select() {
    let lookup = Lookup {
        names: own(&["CreateUser", "it's"]),
        read_only: Some(false),
        since: Some("2026-03-01T00:00:00Z".parse().unwrap()),
        limit: Some(7),
        ..Lookup::default()
    };
    let expect = "SELECT *\nFROM events\nWHERE eventTime >= '2026-03-01T00:00:00Z'\n  \
                  AND (eventName = 'CreateUser' OR eventName = 'it''s')\n  AND readOnly = false\n\
                  ORDER BY eventTime DESC\nLIMIT 7";
    assert_eq!(lookup.sql(Columns::All), expect);
}

#[test]
fn wrong_values_name_what_is_accepted() {
    for (text, hint) in [("10.0.0.0/33", "10.0.0.0/8"), ("bananas", "10.0.0.0/8"), ("1.2.3.4/x", "10.0.0.0/8")] {
        let error = Address::parse(text).expect_err(text).to_string();
        assert!(error.contains(hint) && error.contains(text), "{error}");
    }
    assert!(Outcome::parse("no such thing").expect_err("blanks").to_string().contains("`any`"));
    for text in ["", "s3 bucket", "s3'"] {
        assert!(EventSource::parse(text).expect_err(text).to_string().contains("`s3`"));
    }
}
