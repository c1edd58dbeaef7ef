//! Queries as data, in `tests/sql`: `*.slt` hold queries with their answers, mistakes with their messages, and filters
//! with what of them reaches the scan; `shapes.sql` holds queries that must run. `events.jsonl` is what they run over.
//!
//! `UPDATE_EXPECT=1` writes what comes out into the `*.slt` files.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use datafusion::catalog::{MemTable, Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::empty::EmptyTable;
use datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use event::fingerprint::FingerprintKey;
use event::limits::Limits;
use event::open::{Content, Opener};
use event::schema::stored_schema;
use futures::TryStreamExt;

use super::parts::plan_parts;
use super::{AddressBook, AddressFacts, Kind, Part, SessionOptions, Tables, plan, query, query_parts, session, tables};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A table in memory that takes filters as the lake's does, so that plans show what reaches the scan.
#[derive(Debug)]
struct Filtered(MemTable);

#[async_trait]
impl TableProvider for Filtered {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> datafusion::common::Result<Arc<dyn ExecutionPlan>> {
        self.0.scan(state, projection, &[], limit).await
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> datafusion::common::Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}

/// Opens the fixture as the lake would store it: one row an event, the last event again with other content.
fn stored_events() -> RecordBatch {
    let text = read(&folder().join("events.jsonl"));
    let (mut batches, mut shapes) = (Vec::new(), Vec::new());
    let mut opener = Opener::new(FingerprintKey(1), Limits::default());
    let summary = opener
        .open(Content::Bytes(text.as_bytes()), &mut |opened| {
            shapes.extend((0..opened.events.len()).map(|event| opened.events.shapes.text(event).to_owned()));
            batches.push(opened.events.columns);
            Ok::<(), event::error::Error>(())
        })
        .expect("the fixture opens");
    assert_eq!(summary.rejects, 0, "every line of the fixture is an event");
    let events = concat_batches(&batches[0].schema(), &batches).expect("batches of one schema");
    let rows = events.num_rows();
    let count = i64::try_from(rows).expect("few rows");
    let times = events.column(0).as_primitive::<TimestampMicrosecondType>();
    let ids = events.column_by_name("eventid").expect("a column").as_string::<i32>();
    let mut seen = BTreeSet::new();
    let conflict: BooleanArray = (0..rows).map(|row| Some(ids.is_valid(row) && !seen.insert(ids.value(row)))).collect();
    let dates: Date32Array =
        times.values().iter().map(|time| i32::try_from(time.div_euclid(86_400_000_000)).ok()).collect();
    let added: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(shapes)),
        Arc::new(Int64Array::from_iter_values(1..=count)),
        Arc::new(StringArray::from(vec!["s3://example/log.json.gz"; rows])),
        Arc::new(StringArray::new_null(rows)),
        Arc::new(TimestampMicrosecondArray::from(vec![1_710_000_000_000_000; rows]).with_timezone("UTC")),
        Arc::new(conflict),
        Arc::new(dates),
    ];
    let mut fields: Vec<Field> = stored_schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    fields.push(Field::new("eventdate", DataType::Date32, false));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), [events.columns().to_vec(), added].concat())
        .expect("the stored schema")
}

fn options() -> SessionOptions {
    SessionOptions {
        memory_bytes_max: 256 << 20,
        spill_bytes_max: 256 << 20,
        spill_dir: None,
        metadata_cache_bytes_max: 1 << 20,
        target_partitions: 1,
        addresses: None,
    }
}

fn fixture() -> SessionContext {
    fixture_with(&options())
}

fn fixture_with(options: &SessionOptions) -> SessionContext {
    let events = stored_events();
    let table = MemTable::try_new(events.schema(), vec![vec![events]]).expect("one schema");
    let reasons = RecordBatch::try_from_iter([("reason", Arc::new(StringArray::from(vec!["no time"])) as ArrayRef)])
        .expect("one column");
    let rejects = MemTable::try_new(reasons.schema(), vec![vec![reasons]]).expect("one schema");
    let log_files = Arc::new(EmptyTable::new(crate::schema::log_files_schema()));
    session(Tables { events: Arc::new(Filtered(table)), rejects: Arc::new(rejects), log_files }, options)
        .expect("a session")
}

/// One case of a `*.slt` file: `answer`, `mistake` or `scan`, a query, and what comes out.
struct Case {
    directive: String,
    sql: String,
    expect: String,
}

/// Parses cases: a directive on its own line, the query, `----`, what is expected, and an empty line.
fn cases(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        let (directive, rest) = block.split_once('\n').expect("a directive and a query");
        let (sql, expect) = rest.split_once("\n----").unwrap_or((rest, ""));
        cases.push(Case {
            directive: directive.to_owned(),
            sql: sql.to_owned(),
            expect: expect.trim_start_matches('\n').to_owned(),
        });
    }
    cases
}

async fn answer(ctx: &SessionContext, sql: &str) -> Result<String, super::Error> {
    let (schema, stream) = query(ctx, sql).await?;
    let batches: Vec<RecordBatch> = stream.try_collect().await?;
    let names = schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join("|");
    Ok(print(names, &batches))
}

fn print(names: String, batches: &[RecordBatch]) -> String {
    let mut out = names;
    let options = FormatOptions::default().with_null("NULL");
    for batch in batches {
        let columns: Vec<ArrayFormatter> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).expect("a printable type"))
            .collect();
        for row in 0..batch.num_rows() {
            let values: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
            write!(out, "\n{}", values.join("|")).expect("writing to a string");
        }
    }
    out
}

/// Lists the filters that reach the scans of a query.
async fn scanned(ctx: &SessionContext, sql: &str) -> Result<String, super::Error> {
    let plan = ctx.state().optimize(&plan(ctx, sql).await?)?;
    let mut filters = Vec::new();
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            filters.extend(scan.filters.iter().map(ToString::to_string));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(filters.join("\n"))
}

async fn outcome(ctx: &SessionContext, case: &Case) -> String {
    let found = match case.directive.as_str() {
        "answer" => answer(ctx, &case.sql).await,
        "scan" => scanned(ctx, &case.sql).await,
        "mistake" => match answer(ctx, &case.sql).await {
            Ok(answer) => Ok(format!("no mistake: {answer}")),
            Err(error) => Ok(format!("{:?}: {error}", error.kind())),
        },
        other => panic!("`{other}` is no directive; write `answer`, `scan` or `mistake`"),
    };
    found.map_or_else(|error| format!("error: {:?}: {error}", error.kind()), |found| found.trim_end().to_owned())
}

/// Runs the cases of one file.
async fn check(name: &str) {
    let path = folder().join(name);
    let ctx = fixture();
    let mut written = String::new();
    let mut wrong = Vec::new();
    for case in cases(&read(&path)) {
        let found = outcome(&ctx, &case).await;
        write!(written, "{}\n{}\n----\n{found}\n\n", case.directive, case.sql).expect("writing to a string");
        if found != case.expect {
            wrong.push(format!("{}\n--- expected\n{}\n--- found\n{found}\n", case.sql, case.expect));
        }
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, written).expect("the folder can be written");
        return;
    }
    assert!(wrong.is_empty(), "{} of {name} differ:\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! files {
    ($($test:ident => $name:literal),* $(,)?) => {
        $(#[tokio::test] async fn $test() { check($name).await; })*
    };
}

files! {
    columns => "columns.slt",
    names => "names.slt",
    json => "json.slt",
    time => "time.slt",
    text_and_addresses => "text.slt",
    aggregates => "aggregates.slt",
    arrays => "arrays.slt",
    pruning => "pruning.slt",
    mistakes => "mistakes.slt",
}

/// Every file of cases is run.
#[test]
fn no_file_is_left_out() {
    let source = include_str!("tests.rs");
    for file in std::fs::read_dir(folder()).expect("the folder is there") {
        let name = file.expect("an entry").file_name().into_string().expect("an ASCII name");
        assert!(!name.ends_with(".slt") || source.contains(&format!("=> \"{name}\"")), "{name} has no test");
    }
}

/// Shapes of published queries, each ended by a line with `;` at its end: they must plan and run.
#[tokio::test]
async fn shapes_run() {
    let ctx = fixture();
    let mut failed = Vec::new();
    let mut count = 0;
    for sql in read(&folder().join("shapes.sql")).split(";\n").map(str::trim).filter(|sql| !sql.is_empty()) {
        count += 1;
        if let Err(error) = answer(&ctx, &format!("{sql};")).await {
            failed.push(format!("{sql}\n  {:?}: {error}", error.kind()));
        }
    }
    assert!(count >= 120, "only {count} shapes were read");
    assert!(failed.is_empty(), "{} of {count} shapes fail:\n{}", failed.len(), failed.join("\n\n"));
}

/// Returns the answer to a query over parts, as the files of cases have it.
async fn answer_of_parts(ctx: &SessionContext, sql: &str, parts: &[Part]) -> Result<String, super::Error> {
    let answer = query_parts(ctx, sql, parts).await?;
    let names = answer.schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join("|");
    let batches: Vec<RecordBatch> = answer.rows()?.try_collect().await?;
    Ok(print(names, &batches))
}

fn part(name: &str, condition: &str) -> Part {
    Part { name: name.to_owned(), condition: condition.to_owned() }
}

/// A part that holds all events answers every query as the events do, but that columns are named in the query's own letters.
#[tokio::test]
async fn a_part_answers_as_the_events_do() {
    let ctx = fixture();
    let without_case = |answer: &str| match answer.split_once('\n') {
        Some((names, rows)) => format!("{}\n{rows}", names.to_ascii_lowercase()),
        None => answer.to_ascii_lowercase(),
    };
    let all = [part("events", "TRUE")];
    let (mut count, mut wrong) = (0, Vec::new());
    for file in std::fs::read_dir(folder()).expect("the folder is there") {
        let path = file.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "slt") {
            continue;
        }
        for case in cases(&read(&path)).into_iter().filter(|case| case.directive == "answer") {
            if tables(&case.sql).is_ok_and(|tables| tables == ["events"]) {
                count += 1;
                let found = answer_of_parts(&ctx, &case.sql, &all).await;
                let found = found.map_or_else(|error| format!("error: {error}"), |found| found.trim_end().to_owned());
                if without_case(&found) != without_case(&case.expect) {
                    wrong.push(format!("{}\n--- expected\n{}\n--- found\n{found}\n", case.sql, case.expect));
                }
            }
        }
    }
    assert!(count >= 50, "only {count} cases read nothing but events");
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Columns of a query over parts are named in the letters in which the query writes them.
#[tokio::test]
async fn parts_name_columns_as_they_are_written() {
    let ctx = fixture();
    let cases = [
        ("SELECT eventName, EVENTSOURCE FROM e", "eventName|EVENTSOURCE"),
        ("SELECT x.eventName, userIdentity.userName FROM e AS x", "eventName|userName"),
        ("SELECT eventName AS Name, count(*) AS n, \"eventid\" AS \"ID\" FROM e GROUP BY 1, 3", "Name|n|ID"),
        ("SELECT eventName FROM e UNION ALL SELECT awsRegion FROM e", "eventName"),
        ("WITH w AS (SELECT eventName AS Inner FROM e) SELECT INNER FROM w", "INNER"),
        ("(SELECT eventName FROM e)", "eventName"),
        ("SELECT eventName, eventname FROM e", "eventName|eventname"),
    ];
    for (sql, names) in cases {
        let answer =
            query_parts(&ctx, sql, &[part("e", "TRUE")]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let found: Vec<&str> = answer.schema.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(found.join("|"), names, "{sql}");
    }
}

/// Functions of ours keep their names over parts, where the engine has others of the same name: `element_at` of text, lists and
/// maps, next to late columns and in the conditions of parts.
#[tokio::test]
async fn parts_know_our_functions() {
    let ctx = fixture();
    let parts = [
        part("s", "element_at(requestParameters, 'bucketName') = 'example-logs'"),
        part("r", "element_at(resources, 1).accountId = '444455556666'"),
        part("m", "metadata.CHANNELARN IS NOT NULL OR json_extract_scalar(requestParameters, '$.name') = 'main-trail'"),
    ];
    let cases = [
        ("SELECT element_at(requestParameters, 'bucketName') AS b FROM s GROUP BY 1", "b\nexample-logs"),
        (
            "SELECT integrity, element_at(requestParameters, 'key') IS NOT NULL AS k FROM s LIMIT 1",
            "integrity|k\nunverified|true",
        ),
        (
            "SELECT element_at(resources, 1).accountId AS a, contains(array['x'], 'x') AS c FROM r GROUP BY 1",
            "a|c\n444455556666|true",
        ),
        (
            "SELECT DISTINCT element_at(cast(requestParameters as map(varchar, varchar)), 'name') AS n FROM m",
            "n\nmain-trail",
        ),
        (
            "SELECT count(*) AS n FROM s a, r b WHERE element_at(a.requestParameters, 'bucketName') = b.eventName",
            "n\n0",
        ),
    ];
    for (sql, expect) in cases {
        let found = answer_of_parts(&ctx, sql, &parts).await;
        assert_eq!(found.unwrap_or_else(|error| format!("error: {error}")), expect, "{sql}");
    }
}

/// Conditions of a part and of a query both reach the scan.
#[tokio::test]
async fn parts_prune() {
    let ctx = fixture();
    let parts = [part("s", "eventTime >= '2024-01-01T00:00:00Z' AND recipientAccountId = '111122223333'")];
    let sql = "SELECT eventName FROM s WHERE userIdentity.arn = 'arn:x'";
    let (state, plan) = plan_parts(&ctx, sql, &parts).await.expect("a plan");
    let mut filters = Vec::new();
    state
        .optimize(&plan)
        .expect("a plan")
        .apply_with_subqueries(|node| {
            if let LogicalPlan::TableScan(scan) = node {
                filters.extend(scan.filters.iter().map(ToString::to_string));
            }
            Ok(TreeNodeRecursion::Continue)
        })
        .expect("a plan");
    let filters = filters.join("\n");
    for column in ["eventtime", "recipientaccountid", "useridentity_arn"] {
        assert!(filters.contains(column), "{column} is not in {filters}");
    }
}

/// Only names of parts can be read.
#[tokio::test]
async fn nothing_but_parts_can_be_named() {
    let ctx = fixture();
    let parts = [part("s", "readOnly = true"), part("arn:x/y", "eventName LIKE 'Get%'")];
    let cases = [
        ("SELECT 1 FROM s LIMIT 1", None),
        ("SELECT count(*) FROM \"arn:x/y\" AS a JOIN S ON a.eventID = s.eventID", None),
        ("WITH events AS (SELECT * FROM s) SELECT count(*) FROM events", None),
        ("SELECT count(*) FROM s, UNNEST(resources) AS r", None),
        ("SELECT integrity FROM s LIMIT 1", None),
        ("SELECT 1 FROM events", Some(Kind::Name)),
        ("SELECT 1 FROM s WHERE eventID IN (SELECT eventid FROM events_flat)", Some(Kind::Name)),
        ("SELECT 1 FROM s UNION SELECT 1 FROM rejects", Some(Kind::Name)),
        ("SELECT (SELECT max(uri) FROM log_files) FROM s", Some(Kind::Name)),
        ("SELECT 1 FROM part_0", Some(Kind::Name)),
        ("SELECT 1 FROM information_schema.tables", Some(Kind::Refused)),
        ("SELECT 1 FROM datafusion.public.events", Some(Kind::Refused)),
        ("SELECT 1 FROM generate_series(1, 2)", Some(Kind::Refused)),
        ("TABLE s", Some(Kind::Syntax)),
        ("SHOW TABLES", Some(Kind::Refused)),
        ("EXPLAIN SELECT 1 FROM s", Some(Kind::Refused)),
        ("SELECT 1 INTO t FROM s", Some(Kind::Refused)),
        ("WITH t AS (SELECT 1 FROM t) SELECT 1 FROM t", Some(Kind::Name)),
    ];
    for (sql, expected) in cases {
        let found = answer_of_parts(&ctx, sql, &parts).await;
        assert_eq!(found.as_ref().err().map(super::Error::kind), expected, "{sql}: {found:?}");
    }
}

/// Long filters, as tools write them, cost no stack either.
#[tokio::test]
async fn long_filters_are_read() {
    let terms: Vec<String> = (0..2_000).map(|i| format!("eventid = 'x{i}'")).collect();
    let sql = format!("select count(*) as n from events where seq = 1 or {}", terms.join(" or "));
    assert_eq!(answer(&fixture(), &sql).await.expect("an answer"), "n\n1");
}

/// A query that needs more memory than there is says so, and may be tried again.
#[tokio::test]
async fn memory_is_bounded() {
    let options = SessionOptions {
        memory_bytes_max: 64 << 10,
        spill_bytes_max: 0,
        spill_dir: None,
        metadata_cache_bytes_max: 0,
        target_partitions: 1,
        addresses: None,
    };
    let ctx = fixture_with(&options);
    let error = answer(&ctx, "select array_agg(value) from generate_series(1, 1000000) as t(value)")
        .await
        .expect_err("too large");
    assert_eq!(error.kind(), Kind::Resources, "{error}");
    assert_eq!(error.to_string(), "out of memory: the query may use 64 KiB, and needs more to group");
    assert!(error.is_retryable());
}

/// Values that functions make are bounded as well, where constants are computed and where rows are.
#[tokio::test]
async fn values_are_bounded() {
    let ctx = fixture_with(&SessionOptions { memory_bytes_max: 64 << 20, ..options() });
    let value = |name: &str| format!("out of memory: `{name}` may make a value of 1 MiB at most here");
    let all = |name: &str| format!("out of memory: the query may use 64 MiB, and needs more to compute `{name}`");
    let numbers = "generate_series(1, 8192) as t(n)";
    let cases = [
        ("select repeat('x', 2000000000)".to_owned(), value("repeat")),
        (format!("select length(repeat('x', 2000000000)) from {numbers}"), value("repeat")),
        (format!("select max(length(repeat('x', n * 200))) from {numbers}"), value("repeat")),
        ("select lpad('x', 2000000000)".to_owned(), value("lpad")),
        (format!("select rpad('x', 2000000, 'é') from {numbers}"), value("rpad")),
        ("select replace(repeat('x', 1000000), 'x', 'yyyyyyyy')".to_owned(), value("replace")),
        ("select regexp_replace(repeat('x', 1000000), '', 'yyyyyyyy', 'g')".to_owned(), value("regexp_replace")),
        ("select concat(repeat('x', 1000000), repeat('x', 1000000))".to_owned(), value("concat")),
        ("select repeat('x', 1000000) || repeat('x', 1000000)".to_owned(), value("text_concat")),
        (format!("select array_repeat('x', n * 1000000) from {numbers}"), value("array_repeat")),
        ("select range(1, 1000000000000)".to_owned(), value("range")),
        (
            "select cardinality(generate_series(date '0001-01-01', date '9999-01-01', interval '1' hour))".to_owned(),
            value("generate_series"),
        ),
        ("select array_resize([1], 1000000000, 0)".to_owned(), value("array_resize")),
        (
            format!(
                "with a as (select cast(n as varchar) || '{0}' x from {numbers}), b as (select concat(x, x, x, x, x, x, x, x) x from a), c as (select concat(x, x, x, x, x, x, x, x) x from b) select count(distinct x) from c",
                "z".repeat(100)
            ),
            all("concat"),
        ),
    ];
    for (sql, expect) in cases {
        let error = answer(&ctx, &sql).await.expect_err(&sql);
        assert!(error.to_string().starts_with(&expect) && error.kind() == Kind::Resources, "{sql}: {error}");
    }
    // What is within bounds is done, long constants and long values of many rows too.
    let cases = [
        (format!("select sum(length(repeat('x', 100000)) + n) as s from {numbers}"), "s\n852758528"),
        (format!("select sum(length(repeat(cast(n as varchar), n))) as s from {numbers}"), "s\n133729617"),
        (
            format!(
                "select max(length(a.x || b.x)) as s from (select repeat('x', n) x from {numbers}) a, (select repeat('y', 400000) x) b"
            ),
            "s\n408192",
        ),
        (format!("select sum(cardinality(range(0, n))) as s from {numbers}"), "s\n33558528"),
        (
            format!(
                "select sum(length(array_join(xs, ','))) as s from (select array_agg(cast(n as varchar)) xs from {numbers} group by n / 4)"
            ),
            "s\n37804",
        ),
        (
            format!(
                "select count(*) as s from (select cast(n % 2 as varchar) || '!' as x, count(*) as c from {numbers} group by rollup(cast(n % 2 as varchar) || '!'))"
            ),
            "s\n3",
        ),
        ("select encode(decode('0102', 'hex') || decode('03', 'hex'), 'hex') as s".to_owned(), "s\n010203"),
    ];
    for (sql, expect) in cases {
        assert_eq!(answer(&ctx, &sql).await.unwrap_or_else(|error| error.to_string()), expect, "{sql}");
    }
}

/// Batches have few rows where values can be long, and as many as ever where they cannot.
#[tokio::test]
async fn long_values_come_in_short_batches() {
    let ctx = fixture();
    let cases = [
        ("select lower(eventname) || '-' || lpad(awsregion, 20) as x from events", None),
        ("select concat(eventname, replace(eventsource, '.amazonaws.com', '')) as x from events", None),
        ("select repeat(eventname, seq) as x from events", Some(32)),
        (
            "select lpad(eventname, seq) as x, rpad(eventname, 2000) as y, regexp_replace(eventname, 'x', eventsource) as z from events",
            Some(16),
        ),
    ];
    let usual = ctx.state().config().batch_size();
    for (sql, expect) in cases {
        let plan = plan(&ctx, sql).await.expect("a plan");
        let (_, task) = super::bounded::physical_plan(ctx.state(), &plan).await.expect("a plan");
        assert_eq!(task.session_config().batch_size(), expect.unwrap_or(usual), "{sql}");
    }
}

/// JSON as deep as 10,000 levels costs no stack.
#[tokio::test]
async fn deep_json_is_read() {
    let ctx = fixture();
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for call in [
        "length(element_at('{}', 'a'))",
        "length(json_extract('{}', '$.a'))",
        "length(json_parse('{}'))",
        "cast(json_contains('{}', '1') as int)",
        "json_array_length(json_extract('{}', '$.a'))",
    ] {
        let sql = format!("select {} as found", call.replace("{}", &deep));
        let found = answer(&ctx, &sql).await.expect("an answer");
        let number: i64 = found.trim_start_matches("found\n").parse().expect("a number");
        assert!(number > 0, "{call}: {number}");
    }
}

/// Knows one network, and is open once it was asked for.
#[derive(Debug, Default)]
struct Atlas(std::sync::atomic::AtomicBool);

impl AddressBook for Atlas {
    fn open(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
        Ok(())
    }

    fn look_up(&self, address: std::net::IpAddr) -> AddressFacts {
        match address.to_string().starts_with("203.0.113.") {
            true => AddressFacts {
                country_iso_code: Some("AQ".to_owned()),
                city_name: Some("Port \"X\"".to_owned()),
                location: Some((-64.5, 12.0)),
                as_number: Some(64_496),
                ..AddressFacts::default()
            },
            false => AddressFacts::default(),
        }
    }
}

/// Where addresses are is asked of databases when a query names it, and of nobody else.
#[tokio::test]
async fn addresses_are_looked_up_where_a_query_asks() {
    let atlas = Arc::new(Atlas::default());
    let options = SessionOptions { addresses: Some(Arc::clone(&atlas) as Arc<dyn AddressBook>), ..options() };
    let ctx = fixture_with(&options);
    let everything = answer(&ctx, "select * from events limit 1").await.expect("an answer");
    assert!(!everything.contains("geo_") && !atlas.0.load(std::sync::atomic::Ordering::SeqCst), "{everything}");
    let known = "sourceipaddress like '203.0.113.%'";
    for (sql, expect) in [
        (
            format!(
                "select distinct geo_country_iso_code, geo_city_name, geo_location, geo_country_name, as_number, as_organization_name from events where {known}"
            ),
            "geo_country_iso_code|geo_city_name|geo_location|geo_country_name|as_number|as_organization_name\nAQ|Port \"X\"|-64.5,12|NULL|64496|NULL",
        ),
        (
            format!(
                "select count(*) filter (where {known}) - count(geo_country_iso_code) as n from aws_cloudtrail_log"
            )
            .replace("sourceipaddress", "source_ip_address"),
            "n\n0",
        ),
        (format!("select count(*) > 0 as n from events where as_number = 64496 and not {known}"), "n\nfalse"),
        ("select count(*) > 0 as n from events e where e.geo_city_name is not null".to_owned(), "n\ntrue"),
    ] {
        assert_eq!(answer(&ctx, &sql).await.expect("an answer"), expect, "{sql}");
    }
    let error = answer(&fixture(), "select geo_city_name from events").await.expect_err("no database");
    assert_eq!(error.kind(), Kind::Name);
    assert!(error.to_string().contains("`geo_city` or `geo_asn` in the configuration"), "{error}");
}
