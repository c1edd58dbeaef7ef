//! Files: the same bytes however often the export was broken off, and all events in them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use arrow::array::AsArray;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{EVENTS, lake, report};
use crate::program::{Program, Run};

/// Events of a file: the last of five is not full.
const PART_EVENTS: &str = "350";
const PARTS: usize = 5;

fn export(program: &Program, format: &[&str], folder: &Path) -> Run {
    program.run(
        [&["export", "--json", "--part-events-max", PART_EVENTS, "--to", &folder.display().to_string()], format]
            .concat(),
    )
}

fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let named = entries.map(|entry| (entry.file_name().into_string().expect("UTF-8"), entry.path()));
    named.map(|(name, path)| (name, std::fs::read(path).expect("a file"))).collect()
}

const FORMATS: [(&[&str], &str); 6] = [
    (&["--format", "jsonl"], "jsonl"),
    (&["--format", "csv"], "csv"),
    (&["--format", "ecs"], "jsonl"),
    (&["--format", "snare"], "jsonl"),
    (&["--format", "jsonl", "--gzip", "true"], "jsonl.gz"),
    (&["--format", "parquet"], "parquet"),
];

#[test]
fn an_export_that_was_broken_off_gives_the_same_files() {
    let program = lake();
    for (nth, (format, extension)) in FORMATS.into_iter().enumerate() {
        let (whole, parted) = (program.path(&format!("whole-{nth}")), program.path(&format!("parted-{nth}")));
        let run = export(program, format, &whole);
        let told = report(&run);
        assert_eq!((run.code, &told["events"], &told["parts"]), (Some(0), &EVENTS.into(), &PARTS.into()), "{run:?}");
        // Something is in the way of the third file, then of the fifth.
        for part in [3, 5] {
            let obstacle = parted.join(format!("events-00000{part}.{extension}.partial"));
            std::fs::create_dir_all(&obstacle).expect("a folder");
            let run = export(program, format, &parted);
            assert!(run.code == Some(2) && run.err.contains("events-00000"), "{format:?}: {run:?}");
            std::fs::remove_dir(&obstacle).expect("the folder");
        }
        let run = export(program, format, &parted);
        assert_eq!(run.code, Some(0), "{format:?}: {run:?}");
        let (whole, parted) = (content(&whole), content(&parted));
        assert_eq!(parted.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>(), "{format:?}");
        assert_eq!(whole.keys().next_back(), Some(&format!("events-00000{PARTS}.{extension}")), "{format:?}");
        for (name, bytes) in &whole {
            assert!(parted.get(name) == Some(bytes), "{format:?}: `{name}` differs");
        }
    }
}

#[test]
fn a_kill_leaves_no_trace_in_files() {
    let program = lake();
    let (whole, killed) = (program.path("whole"), program.path("killed"));
    let words = |folder: &Path| {
        let folder = folder.display().to_string();
        ["export", "--format", "ecs", "--part-events-max", "100", "--to", &folder].map(str::to_owned)
    };
    let started = std::time::Instant::now();
    assert_eq!(program.run(words(&whole)).code, Some(0));
    let duration = started.elapsed();
    let mut kills = 0;
    for nth in 1..=4_u32 {
        let mut child =
            program.command(words(&killed)).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a start");
        // Nobody sends: this only lets time pass.
        let (_sender, receiver) = mpsc::channel::<()>();
        receiver
            .recv_timeout(Duration::max(duration * (nth + 3) / 9, Duration::from_millis(1)))
            .expect_err("only time passes");
        child.kill().expect("a process to kill");
        kills += u32::from(child.wait().expect("an end").code().is_none());
    }
    assert!(kills > 0, "it was always faster");
    let run = program.run(words(&killed));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(content(&whole) == content(&killed), "other files after {kills} kills");
}

#[test]
fn a_folder_of_something_else_is_left_alone() {
    let program = lake();
    let folder = program.path("taken");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("events-000001.jsonl"), "mine").expect("a file");
    let run = export(program, &["--format", "jsonl"], &folder);
    assert!(run.code == Some(2) && run.err.contains("is there already"), "{run:?}");
    assert_eq!(content(&folder).values().next().map(Vec::as_slice), Some(&b"mine"[..]));
    let run = export(program, &["--format", "jsonl", "--part-name", "other", "-n", "10"], &folder);
    assert_eq!((run.code, content(&folder).len()), (Some(0), 2), "{run:?}");
}

#[test]
fn parquet_holds_the_columns_of_all_events() {
    let program = lake();
    let folder = program.path("columns");
    assert_eq!(export(program, &["--format", "parquet"], &folder).code, Some(0));
    let streamed = crate::program::output(&mut program.command(["export", "--format", "parquet"]), b"");
    assert_eq!(streamed.status.code(), Some(0), "{}", String::from_utf8_lossy(&streamed.stderr));
    let ids = |files: Vec<Vec<u8>>| {
        let mut ids = Vec::new();
        for file in files {
            let reader =
                ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(file)).and_then(|file| file.build());
            for batch in reader.expect("Parquet") {
                let batch = batch.expect("rows");
                let column = batch.column_by_name("useridentity_username").expect("the column");
                ids.extend(column.as_string::<i32>().iter().map(|id| id.unwrap_or_default().to_owned()));
            }
        }
        ids
    };
    let parts = ids(content(&folder).into_values().collect());
    assert_eq!(parts, ids(vec![streamed.stdout]));
    let mut sorted = parts;
    sorted.sort();
    let mut expected: Vec<String> = (0..EVENTS).map(|nth| format!("user-{nth}")).collect();
    expected.sort();
    assert_eq!(sorted, expected);
}
