//! Rows of flat columns: CSV and JSON lines say the same.

use event::fingerprint::FingerprintKey;
use event::open::{Content, Opened, Opener};
use normalize::rows::{self, Rows};
use serde_json::{Map, Value, json};

/// Opens records and writes each of them in both forms.
fn written(records: &str) -> (Vec<Map<String, Value>>, Vec<Vec<String>>) {
    let (mut lines, mut table) = (Vec::new(), Vec::new());
    let mut opener = Opener::new(FingerprintKey(1), Default::default());
    let mut take = |opened: Opened| {
        let rows = Rows::new(&opened.events.columns).unwrap();
        assert_eq!((rows.len(), rows.is_empty()), (opened.events.len(), opened.events.is_empty()));
        for row in 0..rows.len() {
            rows.write_json(row, &mut lines);
            rows.write_csv(row, &mut table);
        }
        Ok::<(), event::error::Error>(())
    };
    opener.open(Content::Bytes(records.as_bytes()), &mut take).unwrap();
    let lines = String::from_utf8(lines).unwrap();
    (lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), cells(&String::from_utf8(table).unwrap()))
}

/// Reads CSV as RFC 4180 has it.
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if !quoted => quoted = true,
            '"' if letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => quoted = false,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {
                assert_eq!(letters.next(), Some('\n'));
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            letter => cell.push(letter),
        }
    }
    assert!(row.is_empty() && cell.is_empty() && !quoted, "ends with a line");
    rows
}

#[test]
fn both_forms_say_the_same() {
    let records = concat!(
        r#"{"eventTime":"2024-05-06T07:08:09Z","eventName":"PutItem","eventSource":"dynamodb.amazonaws.com","#,
        r#""userAgent":"say \"hi\", please\n","readOnly":false,"userIdentity":{"type":"IAMUser","arn":"","#,
        r#""sessionContext":{"sessionIssuer":{"userName":"=HYPERLINK(1)"}}},"requestParameters":{"a" : [1,"é😀"]},"#,
        r#""newMember":{"x":1}}"#,
        "\n",
        r#"{"eventTime":"2024-05-06T07:08:09.25Z","eventName":"-2+3","eventSource":"x"}"#,
    );
    let (lines, table) = written(records);
    assert_eq!((lines.len(), table.len()), (2, 2));
    let first = &lines[0];
    let expect = [
        ("eventtime", json!("2024-05-06T07:08:09Z")),
        ("eventname", json!("PutItem")),
        ("useragent", json!("say \"hi\", please\n")),
        ("readonly", json!(false)),
        ("useridentity_arn", json!("")),
        ("useridentity_sessioncontext_sessionissuer_username", json!("=HYPERLINK(1)")),
        ("requestparameters", json!(r#"{"a" : [1,"é😀"]}"#)),
        ("errorcode", Value::Null),
        ("unmapped", json!(r#"{"newMember":{"x":1}}"#)),
    ];
    for (name, value) in expect {
        assert_eq!(first[name], value, "{name}");
    }
    assert_eq!(lines[1]["eventtime"], json!("2024-05-06T07:08:09.250000Z"));
    for (line, row) in lines.iter().zip(&table) {
        assert!(line.keys().map(String::as_str).eq(rows::columns()));
        assert_eq!(row.len(), line.len());
        for ((name, value), cell) in line.iter().zip(row) {
            let text = match value {
                Value::Null => String::new(),
                Value::String(text) if text.starts_with(['=', '-']) => format!("'{text}"),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(*cell, text, "{name}");
        }
    }
}

#[test]
fn a_record_over_several_lines_is_one_line() {
    let record = "{\n \"eventTime\": \"2024-05-06T07:08:09Z\",\n \"requestParameters\": {\n  \"a b\": 1\r\n }\n}\n";
    let (lines, table) = written(record);
    assert_eq!(lines[0]["requestparameters"], json!("{\n  \"a b\": 1\r\n }"));
    let nth = rows::columns().position(|name| name == "requestparameters").unwrap();
    assert_eq!(table[0][nth], "{  \"a b\": 1 }");
}

#[test]
fn the_header_names_the_columns() {
    let mut header = Vec::new();
    rows::write_csv_header(&mut header);
    let header = String::from_utf8(header).unwrap();
    assert!(header.starts_with("eventtime,eventversion,useridentity_type,"), "{header}");
    assert!(header.ends_with(",unmapped,cwl_time,envelope\r\n"), "{header}");
}

#[test]
fn a_batch_of_something_else_is_refused() {
    use arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use std::sync::Arc;
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    for (name, expect) in [("x", "the batch has no column `eventtime`"), ("eventtime", "has the type `Int64`")] {
        let batch = RecordBatch::try_from_iter([(name, numbers.clone())]).unwrap();
        let error = Rows::new(&batch).err().unwrap();
        assert!(error.to_string().contains(expect), "{error}");
    }
}
