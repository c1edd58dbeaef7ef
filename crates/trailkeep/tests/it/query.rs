//! `query`: statements from a pipe, the shell's commands, timings, the warning.

use crate::program::Program;

#[test]
fn statements_from_a_pipe_run_one_by_one() {
    let program = Program::with_events();
    let cases: &[(&str, i32, &str)] = &[
        ("SELECT 1 AS a; SELECT 2 AS b", 0, "{\"a\":1}\n{\"b\":2}\n"),
        ("-- a note\nSELECT ';' AS a\n;\n", 0, "{\"a\":\";\"}\n"),
        (".output csv\nSELECT 1 AS a;", 0, "a\r\n1\r\n"),
        (".tables\n", 0, "aws_cloudtrail_log\nconflicts\nevents\nfindings\nlog_files\nrejects\nsessions\n"),
        (".quit\nSELECT 1;", 0, ""),
        ("SELECT 1 AS a; SELECT x; SELECT 2 AS b;", 2, "{\"a\":1}\n"),
        (".nonsense\n", 2, ""),
        ("", 0, ""),
    ];
    for (input, code, expect) in cases {
        let run = program.run_with(["query"], input);
        assert_eq!((run.code, run.out.as_str()), (Some(*code), *expect), "{input}: {run:?}");
    }
}

#[test]
fn the_shell_describes_and_writes_files() {
    let program = Program::with_events();
    let run = program.run_with(
        ["query"],
        ".schema\n.schema rejects\n.help\n.output answer.csv\n.output csv\nSELECT 1 AS a;\n.schema nothing",
    );
    assert_eq!(run.code, Some(2), "{run:?}");
    for part in ["eventtime ", "reason ", ".timing"] {
        assert!(run.out.contains(part), "`{part}` is missing in {}", run.out);
    }
    assert!(run.err.contains("tables: aws_cloudtrail_log, conflicts, events, "), "{}", run.err);
    assert_eq!(std::fs::read_to_string(program.path("answer.csv")).expect("a file"), "a\r\n1\r\n");
}

#[test]
fn timings_are_a_line_of_json_a_run() {
    let program = Program::with_events();
    let run = program.run(["query", "--repeat", "3", "--timings", "SELECT eventid FROM events"]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), ""), "{run:?}");
    let lines: Vec<serde_json::Value> = run.err.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 3);
    for (nth, line) in lines.iter().enumerate() {
        assert_eq!((line["run"].as_u64(), line["rows"].as_u64()), (Some(nth as u64 + 1), Some(4)), "{line}");
        assert!(line["wall_ms"].is_f64() && line["cpu_ms"].is_f64(), "{line}");
    }
    let run = program.run(["query", "--repeat", "3", "SELECT 1 AS a"]);
    assert_eq!(run.out, "{\"a\":1}\n", "rows of the last run only");
}

#[test]
fn reading_all_of_a_large_lake_is_warned_of() {
    let program = Program::with_events();
    let cases = [
        ("SELECT eventname, count(*) FROM events GROUP BY 1", "1B", true),
        ("SELECT eventname, count(*) FROM events GROUP BY 1", "1GB", false),
        ("SELECT eventname FROM events WHERE eventTime > '2026-03-02T00:00:00Z'", "1B", false),
        ("SELECT eventname FROM events ORDER BY eventTime DESC LIMIT 1", "1B", false),
        ("SELECT eventname FROM events WHERE year = '2026' AND month = '03'", "1B", false),
        ("SHOW TABLES", "1B", false),
    ];
    for (sql, size, expect) in cases {
        let run = program.run(["query", "--scan-warning-bytes", size, sql]);
        assert_eq!(run.code, Some(0), "{sql}: {run:?}");
        assert_eq!(run.err.contains("no time filter"), expect, "{sql}: {}", run.err);
    }
}

#[test]
fn answers_go_to_files_of_the_form_that_their_names_say() {
    let program = Program::with_events();
    let sql = "SELECT eventid AS id, eventtime, readonly FROM events WHERE eventid < 'c' ORDER BY 1";
    let cases: &[(&str, &[&str], &str)] = &[
        (
            "answer.csv",
            &[],
            "id,eventtime,readonly\r\na,2026-03-01T10:00:00Z,false\r\nb,2026-03-02T10:00:00Z,false\r\n",
        ),
        (
            "answer.JSON",
            &["--output", "csv"],
            "[{\"id\":\"a\",\"eventtime\":\"2026-03-01T10:00:00Z\",\"readonly\":false},\n \
             {\"id\":\"b\",\"eventtime\":\"2026-03-02T10:00:00Z\",\"readonly\":false}]\n",
        ),
        (
            "answer",
            &["--output", "csv"],
            "id,eventtime,readonly\r\na,2026-03-01T10:00:00Z,false\r\nb,2026-03-02T10:00:00Z,false\r\n",
        ),
    ];
    for (file, flags, expect) in cases {
        // What was there before is replaced.
        std::fs::write(program.path(file), "old").expect("a file");
        let run = program.run([&["query", "-o", file], *flags, &[sql]].concat());
        assert_eq!((run.code, run.out.as_str()), (Some(0), ""), "{file}: {run:?}");
        assert_eq!(std::fs::read_to_string(program.path(file)).expect("a file"), *expect, "{file}");
        let run = program.run([&["query", "-o", file], *flags, &["SELECT no_such_column FROM events"]].concat());
        assert_eq!(run.code, Some(2), "{file}: {run:?}");
        assert_eq!(
            std::fs::read_to_string(program.path(file)).expect("a file"),
            *expect,
            "{file}: a mistake harms nothing"
        );
    }
    let left = std::fs::read_dir(program.path(""))
        .expect("the folder")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    assert_eq!(left.filter(|name| name.contains("unfinished")).count(), 0);
}

#[test]
fn parquet_holds_the_answer_with_its_types() {
    use arrow::array::RecordBatch;
    use arrow::datatypes::DataType;
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    let program = Program::with_events();
    let sql =
        "SELECT eventid AS id, eventtime, readonly, userIdentity.arn, resources, eventdate FROM events ORDER BY 1";
    assert_eq!(program.run(["query", "--to", "answer.parquet", sql]).code, Some(0));
    let piped = program.query(&["--parquet", sql]);
    assert!(piped == std::fs::read(program.path("answer.parquet")).expect("a file"), "a pipe gets the same bytes");
    let file = std::fs::File::open(program.path("answer.parquet")).expect("a file");
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
    let types: Vec<(&str, &DataType)> =
        builder.schema().fields().iter().take(3).map(|field| (field.name().as_str(), field.data_type())).collect();
    let utc = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into()));
    assert_eq!(types, [("id", &DataType::Utf8), ("eventtime", &utc), ("readonly", &DataType::Boolean)]);
    let batches: Vec<RecordBatch> = builder.build().expect("a reader").map(|batch| batch.expect("rows")).collect();
    let shown: Vec<RecordBatch> = batches.iter().map(|batch| batch.project(&[0, 2, 3]).expect("columns")).collect();
    let expect = "\
        +----+----------+--------------------------------------------------+\n\
        | id | readonly | arn                                              |\n\
        +----+----------+--------------------------------------------------+\n\
        | a  | false    | arn:aws:iam::111122223333:user/alice             |\n\
        | b  | false    | arn:aws:sts::444455556666:assumed-role/Deploy/bob |\n";
    let shown = pretty_format_batches(&shown).expect("text").to_string();
    let cells = |text: &str| {
        text.split(['|', '\n', '+', '-']).flat_map(str::split_whitespace).map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(cells(&shown).starts_with(&cells(expect)), "{shown}");
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 4);

    let empty = program.query(&["--parquet", "SELECT eventid FROM events WHERE eventid = 'z'"]);
    assert!(empty.starts_with(b"PAR1") && empty.ends_with(b"PAR1"), "an empty answer is a whole file");
    let mistakes = [
        (&["--parquet", "SELECT eventid, eventid FROM events"][..], "two columns of the answer are named `eventid`"),
        (&["--parquet", "-o", "a.csv", "SELECT 1 AS a"], "say different things"),
        (&["-o", "no/such/folder/a.parquet", "SELECT 1 AS a"], "no/such/folder/a.parquet"),
        (&["--parquet"], "SQL"),
    ];
    for (words, hint) in mistakes {
        let run = program.run([&["query"], words].concat());
        assert!(run.code == Some(2) && run.err.contains(hint), "{words:?}: {run:?}");
    }
}

/// What the public test databases know, where they are at hand.
#[test]
#[expect(clippy::print_stdout, reason = "a test that is not run in full says so")]
fn places_of_addresses_come_from_the_configured_databases() {
    let program = Program::new();
    let record =
        r#"{"eventTime":"2026-03-01T10:00:00Z","eventName":"x","eventID":"a","sourceIPAddress":"81.2.69.142"}"#;
    assert_eq!(program.run_with(["collect", "-"], record).code, Some(0));
    let sql = "SELECT geo_city_name AS city, geo_country_iso_code AS country FROM events";
    for (config, sql, said) in [
        ("", sql, "needs a database of addresses"),
        ("geo_city = \"missing.mmdb\"\n", sql, "missing.mmdb` of `--geo-city`"),
    ] {
        std::fs::write(program.path("trailkeep.toml"), config).expect("a configuration");
        let run = program.run(["query", sql]);
        assert!(run.code == Some(2) && run.err.contains(said), "{run:?}");
        let run = program.run(["query", "SELECT eventid FROM events"]);
        assert_eq!((run.code, run.out.as_str()), (Some(0), "{\"eventid\":\"a\"}\n"), "nobody asked: {run:?}");
    }
    let Some(folder) = std::env::var_os("TRAILKEEP_ACCEPTANCE") else {
        println!("places of addresses: not run, TRAILKEEP_ACCEPTANCE is not set");
        return;
    };
    let city = std::path::Path::new(&folder).join("geo/GeoLite2-City-Test.mmdb");
    std::fs::write(program.path("trailkeep.toml"), format!("geo_city = \"{}\"\n", city.display()))
        .expect("a configuration");
    let run = program.run(["query", sql]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), "{\"city\":\"London\",\"country\":\"GB\"}\n"), "{run:?}");
}

/// Published queries begin with a comment, more often than not.
#[test]
fn a_query_may_begin_with_a_comment() {
    let program = Program::with_events();
    for sql in ["-- how many\nSELECT 1 AS a", "--how many\nSELECT 1 AS a;", "/* how many */ SELECT 1 AS a", "- - 1"] {
        let run = program.run(["query", "--output", "jsonl", sql]);
        match sql.contains("SELECT") {
            true => assert_eq!((run.code, run.out.as_str()), (Some(0), "{\"a\":1}\n"), "{sql}: {run:?}"),
            false => assert!(run.code == Some(2) && run.err.contains("cannot read the query"), "{sql}: {run:?}"),
        }
    }
    let sql = "-- one event\nSELECT seq FROM events LIMIT 1";
    let run = program.run(["export", "--format", "jsonl", "--sql", sql]);
    assert_eq!((run.code, run.out.lines().count()), (Some(0), 1), "{run:?}");
    for words in [&["query", "--ouput", "json"][..], &["query", "--ouput"], &["query", "-x", "SELECT 1"]] {
        let run = program.run(words);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{words:?}: {run:?}");
    }
    let run = program.run(["query", "--ouput"]);
    assert!(run.err.contains("no flag"), "{run:?}");
}
