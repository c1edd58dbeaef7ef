//! The law of the lake, through the lake: a record comes back byte for byte.

use std::fs;

use crate::{ask, run};

const RECORDS: &[&str] = &[
    r#"{"eventTime":"2026-01-01T00:00:00Z","userAgent":"a\/b","errorMessage":"\u003cb\u003E","eventID":"1"}"#,
    "{\n  \"eventName\": \"indented\",\n  \"eventTime\": \"2026-01-01T00:00:00Z\",\n  \"eventID\": \"2\"\n}",
    r#"{ "eventTime" : "2026-01-01 00:00:00.5" , "requestParameters" : {"n":1.0,"e":1e5,"z":-0,"a":1,"a":2}, "eventID":"3" }"#,
    r#"{"eventName":"first","eventID":"4","eventTime":"2031-01-01T00:00:00Z","eventName":"second","новое":{"x":[1, 2]}}"#,
    r#"{"eventID":"5","eventVersion":1.08,"readOnly":"true","userIdentity":{"arn":{"a":1},"type":null},"eventTime":"1999-01-01T00:00:00+02:00"}"#,
    r#"{"eventId":"6","accountId":"111122223333","timeWindow":{"windowStart":"2025-11-20T10:00:00Z"},"summary":{},"eventCategory":"Aggregated"}"#,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_come_back_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, data) = (folder.path().join("logs"), folder.path().join("data"));
    fs::create_dir(&logs).unwrap();
    fs::write(logs.join("log.json"), format!("{{\"Records\": [\n{}\n]}}", RECORDS.join(",\n"))).unwrap();
    let report = run(&data, &logs, 1 << 20).await;
    assert_eq!((report.stored, report.rejects), (RECORDS.len() as u64, 0));
    assert_eq!(ask(&data, "select record from events order by log_number").await, RECORDS);
    // Dates before 2013 or far ahead share one partition and are found by time all the same.
    let odd = "select eventid from events where eventtime < '2000-01-01T00:00:00Z' or eventtime > '2030-01-01' order by eventid";
    assert_eq!(ask(&data, odd).await, ["4", "5"]);
    assert_eq!(ask(&data, "select unmapped from events where eventid = '4'").await, [r#"{"новое":{"x":[1, 2]}}"#]);
    assert_eq!(ask(&data, "select eventid from events where recipientaccountid = '111122223333'").await, ["6"]);
}
