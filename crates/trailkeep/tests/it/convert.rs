//! `trailkeep convert`: one line for each record, whatever the file looks like.

use serde_json::{Value, json};

use crate::program::Program;

const RECORD: &str = r#"{"eventTime":"2024-05-06T07:08:09Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","requestParameters":{"userName":"=1+1"},"sourceIPAddress":"192.0.2.1"}"#;
const READ_AT: &str = "2026-01-02T03:04:05.678Z";

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn ecs_has_a_document_for_each_line() {
    let program = Program::new();
    let contents = [
        (format!("{RECORD}\n\nno json\n"), vec![Some("CreateUser"), None, None]),
        (format!("{{\"Records\":[{RECORD},\n{RECORD}]}}"), vec![Some("CreateUser"); 2]),
        (format!("{:#}\n", serde_json::from_str::<Value>(RECORD).expect("JSON")), vec![Some("CreateUser")]),
        (format!("{{\"version\":\"0\",\"detail-type\":\"x\",\"detail\":{RECORD}}}\n"), vec![Some("CreateUser")]),
    ];
    for (content, actions) in contents {
        let run = program.run_with(["convert", "--to", "ecs", "--tag", "a", "--read-at", READ_AT, "-"], &content);
        assert_eq!(run.code, Some(0), "{run:?}");
        let documents = lines(&run.out);
        let found: Vec<Option<&str>> = documents.iter().map(|document| document["event"]["action"].as_str()).collect();
        assert_eq!(found, actions, "{content}");
        for document in &documents {
            assert_eq!(document["event"]["created"], json!(READ_AT));
            let failed = document["event"]["original"] == json!("no json");
            assert_eq!(document["error"]["message"].is_array(), failed, "{document}");
            assert_eq!(document["tags"][0], json!("a"));
        }
        assert_eq!(run.err.contains("`error.message` says why"), content.contains("no json"), "{}", run.err);
    }
}

#[test]
fn the_other_formats_say_what_they_leave_out() {
    let program = Program::new();
    let content = format!("{RECORD}\n{{\"eventName\":\"NoTime\"}}\n{{\"broken\n{RECORD}\n");
    let cases: &[(&[&str], usize)] =
        &[(&["jsonl"], 2), (&["csv"], 3), (&["snare"], 3), (&["snare", "--output", "csv"], 4)];
    for (words, expect) in cases {
        let run = program.run_with([&["convert", "-", "--to"], *words].concat(), &content);
        assert_eq!((run.code, run.out.lines().count()), (Some(1), *expect), "{words:?}: {run:?}");
        assert!(run.err.contains("left out of `standard input`: record 3"), "{}", run.err);
    }
    let snare = program.run_with(["convert", "--to", "snare", "--read-at", READ_AT, "-"], RECORD);
    let row = &lines(&snare.out)[0];
    assert_eq!(row["REQUESTPARAMETERS"], json!(r#"{"userName":"=1+1"}"#));
    assert_eq!(
        (&row["DATE"], &row["TIME"], &row["CWLDATETIME"]),
        (&json!("2024-05-06"), &json!("07:08:09"), &json!(""))
    );
}

#[test]
fn what_cannot_be_opened_ends_it() {
    let program = Program::new();
    std::fs::write(program.path("none.mmdb"), "no database").expect("a file");
    let cases: &[(&[&str], &str)] = &[
        (&["--geo-city", "missing.mmdb", "-"], "could not open `missing.mmdb` of `--geo-city`"),
        (&["--geo-asn", "none.mmdb", "-"], "could not open `none.mmdb` of `--geo-asn`"),
        (&["missing.json"], "could not read `missing.json`"),
        (&["."], "`.` is a folder"),
        (&["--retain", "some", "-"], "`some` is no such setting"),
        (&["--read-at", "soon", "-"], "`soon` is no time"),
    ];
    for (words, expect) in cases {
        let run = program.run_with([&["convert", "--to", "ecs"], *words].concat(), "");
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{words:?}: {run:?}");
        assert!(run.err.contains(expect), "{words:?}: {}", run.err);
    }
    std::fs::write(program.path("trailkeep.toml"), "geo_city = \"elsewhere.mmdb\"\n").expect("a file");
    let run = program.run_with(["convert", "--to", "ecs", "-"], "");
    assert!(run.err.contains("elsewhere.mmdb"), "{run:?}");
}
