//! Lakes that older versions left: frozen under `tests/fixtures`, opened, asked, written to and put right.

use std::path::{Path, PathBuf};

use futures::StreamExt;
use lake::location::Location;
use lake::{Compaction, Lake, Tailing, tail};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::ground::{append, ask, copy, record, writer};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Every frozen lake: the copy of its data folder, and its records.
fn frozen() -> Vec<(String, tempfile::TempDir, Vec<String>)> {
    let mut lakes = Vec::new();
    for entry in std::fs::read_dir(fixtures()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(fixtures().join(format!("{name}.records.jsonl"))).unwrap();
            let folder = tempfile::tempdir().unwrap();
            copy(&path, folder.path());
            lakes.push((name, folder, text.lines().map(str::to_owned).collect()));
        }
    }
    assert!(!lakes.is_empty(), "there is a frozen lake");
    lakes
}

const RECORDS: &str = "SELECT record FROM events ORDER BY seq";

/// What every version wrote into its frozen lake, beside the records themselves.
async fn check_content(name: &str, data: &Path, records: &[String]) {
    assert_eq!(ask(data, RECORDS).await, records, "{name}");
    for (sql, expect) in [
        ("SELECT eventid FROM events WHERE userIdentity.accessKeyId = 'AKIAIOSFODNN7EXAMPLE'", &["a"][..]),
        (
            "SELECT eventname FROM events WHERE eventtime LIKE '2026-03-01T10%' ORDER BY seq",
            &["DeleteBucket", "Forged"],
        ),
        ("SELECT eventname FROM conflicts ORDER BY seq", &["DeleteBucket", "Forged"]),
        ("SELECT eventid FROM events WHERE eventtime < '2000-01-01'", &["c"]),
        ("SELECT eventid FROM events WHERE eventdate = date '2026-03-01' ORDER BY seq", &["a", "a", "b"]),
        ("SELECT reason || ' ' || log_number || ' ' || log_file FROM rejects", &["not json 2 -"]),
        ("SELECT unmapped FROM events WHERE eventid = 'b'", &[r#"{"somethingNew":[1,{"x":null}]}"#]),
    ] {
        let found = ask(data, sql).await;
        assert_eq!(found, expect, "{name}: {sql}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lakes_of_older_versions_are_read_and_written() {
    for (name, folder, records) in frozen() {
        let data = folder.path();
        check_content(&name, data, &records).await;
        assert_eq!(Lake::open(&Location::local(data)).await.unwrap().live_files().len(), 2, "{name}");

        // What is stored is known, and what is new is added.
        let late = record("2026-03-01", "late");
        let lake = writer(data).await;
        let counts = append(&lake, &[records.clone(), vec![late.clone()]].concat()).await;
        assert_eq!((counts.stored, counts.duplicates), (1, records.len() as u64), "{name}");
        assert_eq!(lake.holds().unwrap().into_iter().map(|hold| hold.name).collect::<Vec<_>>(), ["case-7"], "{name}");
        let report = lake.retention(30_000, false).await.unwrap();
        assert_eq!(report.deleted_dates, Vec::<String>::new(), "{name}: {report:?}");
        assert_eq!(
            lake.compact(Compaction { files_min: 2, ..Compaction::default() }).await.unwrap().dates,
            1,
            "{name}"
        );
        lake.close().await;
        let all = [records.clone(), vec![late.clone()]].concat();
        assert_eq!(ask(data, RECORDS).await, all, "{name}");

        assert_eq!(tailed(data).await, all.len(), "{name}");
    }
}

async fn tailed(data: &Path) -> usize {
    let batches: Vec<_> = tail(&Location::local(data), Tailing::default()).await.unwrap().collect().await;
    batches.into_iter().map(|batch| batch.unwrap().1.num_rows()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_of_an_older_version_is_enough() {
    for (name, folder, records) in frozen() {
        let data = folder.path();
        std::fs::remove_file(data.join("control.db")).unwrap();
        std::fs::remove_dir_all(data.join("fingerprints")).unwrap();
        let lake = writer(data).await;
        let counts = append(&lake, &records).await;
        assert_eq!((counts.stored, counts.duplicates), (0, records.len() as u64), "{name}");
        lake.close().await;
        check_content(&name, data, &records).await;
    }
}

/// Makes a lake that of a version that did not know a column: neither its files nor its log have it.
fn forget_column(data: &Path, column: &str) {
    let table = data.join("lake/events");
    let mut sizes = std::collections::HashMap::new();
    for folder in std::fs::read_dir(&table).unwrap().map(|entry| entry.unwrap()) {
        let partition = folder.file_name().into_string().unwrap();
        if !partition.starts_with("eventdate=") {
            continue;
        }
        for file in std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap()) {
            let bytes = bytes::Bytes::from(std::fs::read(file.path()).unwrap());
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
            let mut batch = reader.map(|batch| batch.unwrap()).next().unwrap();
            batch.remove_column(batch.schema().index_of(column).unwrap());
            let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
            writer.write(&batch).unwrap();
            let bytes = writer.into_inner().unwrap();
            sizes.insert(format!("{partition}/{}", file.file_name().into_string().unwrap()), bytes.len());
            std::fs::write(file.path(), bytes).unwrap();
        }
    }
    for entry in std::fs::read_dir(table.join("_delta_log")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let actions = text.lines().map(|line| {
            let mut action: Value = serde_json::from_str(line).unwrap();
            if let Some(size) = action["add"]["path"].as_str().and_then(|path| sizes.get(path)) {
                action["add"]["size"] = Value::from(*size);
            }
            if let Some(schema) = action["metaData"]["schemaString"].as_str() {
                let mut schema: Value = serde_json::from_str(schema).unwrap();
                schema["fields"].as_array_mut().unwrap().retain(|field| field["name"] != column);
                action["metaData"]["schemaString"] = Value::from(schema.to_string());
            }
            format!("{action}\n")
        });
        let actions: String = actions.collect();
        std::fs::write(&path, actions).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_column_that_came_later_reads_as_null() {
    for (name, folder, records) in frozen() {
        let data = folder.path();
        forget_column(data, "eventdata");
        check_content(&name, data, &records).await;
        let nulls = vec!["-"; records.len()];
        assert_eq!(ask(data, "SELECT eventdata FROM events").await, nulls, "{name}");
        assert_eq!(ask(data, "SELECT eventid FROM events WHERE eventdata = 'x'").await, [""; 0], "{name}");
        // New events beside the old ones have it.
        let new = record("2026-03-01", "new").replace('}', r#","eventData":{"x":1}}"#);
        let lake = writer(data).await;
        assert_eq!(append(&lake, std::slice::from_ref(&new)).await.stored, 1, "{name}");
        lake.close().await;
        assert_eq!(ask(data, "SELECT eventid FROM events WHERE eventdata = '{\"x\":1}'").await, ["new"], "{name}");
        assert_eq!(ask(data, RECORDS).await, [records.clone(), vec![new]].concat(), "{name}");
        assert_eq!(tailed(data).await, records.len() + 1, "{name}");
        check_widened(&name, data, "eventdata", records.len() + 1).await;
    }
}

/// Other readers see the column, and what goes through all rows does so with old and new ones.
async fn check_widened(name: &str, data: &Path, column: &str, events: usize) {
    let log = std::fs::read_dir(data.join("lake/events/_delta_log")).unwrap();
    let texts = log.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default());
    let lines: Vec<Value> = texts
        .flat_map(|text| text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<_>>())
        .collect();
    let schemas: Vec<&str> = lines.iter().filter_map(|line| line["metaData"]["schemaString"].as_str()).collect();
    let with_it = schemas.iter().filter(|schema| schema.contains(&format!("\"{column}\""))).count();
    assert_eq!((schemas.len(), with_it), (2, 1), "{name}: widened once");
    let operations = lines.iter().filter_map(|line| line["commitInfo"]["operation"].as_str());
    assert_eq!(operations.filter(|operation| *operation == "ADD COLUMN").count(), 1, "{name}");
    let before = ask(data, RECORDS).await;
    // Made anew from all files, and then merged.
    std::fs::remove_dir_all(data.join("fingerprints")).unwrap();
    let lake = writer(data).await;
    assert_eq!(append(&lake, &before).await.duplicates, events as u64, "{name}");
    let report = lake.compact(Compaction { files_min: 2, ..Compaction::default() }).await.unwrap();
    assert!(report.files_before > report.files_after, "{name}: {report:?}");
    lake.close().await;
    assert_eq!(ask(data, RECORDS).await, before, "{name}");
    assert_eq!(ask(data, "SELECT eventid FROM events WHERE eventdata IS NOT NULL").await, ["new"], "{name}");
}
