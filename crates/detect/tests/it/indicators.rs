//! Indicator lists: what is read, what is refused, what is met.

use std::sync::Arc;

use detect::detector::{Batch, Detector, Events, Settings};
use detect::indicator::{Indicators, Kind};
use event::time::EventTime;

use crate::{load, now, open};

const CSV: &str = "kind,value,source,expires,valid_from\n\
    address,203.0.113.9,desk,,\n\
    network,198.51.100.0/24,desk,2024-01-01,\n\
    # a remark\n\
    user-agent,\"*evil, tool*\",desk,,\n\
    key,AKIAIOSFODNN7EXAMPLE,\"a \"\"b\"\"\",,\n\
    account,999988887777,,,2025-01-01T00:00:00Z\n\
    account,12,,,\n\
    colour,red,,,\n\
    address,example.org,,,\n";

const STIX: &str = r#"{"type":"bundle","id":"bundle--1","objects":[
  {"type":"identity","id":"identity--1","name":"Some CERT"},
  {"type":"indicator","id":"indicator--1","created_by_ref":"identity--1","pattern_type":"stix","pattern":"[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value ISSUBSET '192.0.2.128/25'] OR [ipv6-addr:value IN ('2001:db8::1', '2001:db8::2')]","valid_from":"2020-01-01T00:00:00Z","valid_until":"2030-01-01T00:00:00.000Z"},
  {"type":"indicator","id":"indicator--2","pattern_type":"stix","pattern":"[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'b*d']"},
  {"type":"indicator","id":"indicator--3","pattern_type":"stix","pattern":"[user-account:user_id = 'AKIAI44QH8DHBEXAMPLE']"},
  {"type":"indicator","id":"indicator--4","pattern_type":"stix","pattern":"[ipv4-addr:value = '192.0.2.9' AND ipv4-addr:value = '192.0.2.8']"},
  {"type":"indicator","id":"indicator--5","pattern_type":"sigma","pattern":"x"},
  {"type":"indicator","id":"indicator--6","pattern_type":"stix","pattern":"[domain-name:value = 'example.org']"},
  {"type":"indicator","id":"indicator--7","revoked":true,"pattern_type":"stix","pattern":"[ipv4-addr:value = '192.0.2.200']"}
]}"#;

fn indicators() -> (Indicators, Vec<String>) {
    let lists = [("desk.csv".to_owned(), CSV.into()), ("cert.json".to_owned(), STIX.into())];
    let (indicators, refusals) = Indicators::load(&lists).unwrap();
    (indicators, refusals.iter().map(ToString::to_string).collect())
}

#[test]
fn lists_are_read_and_refused_line_by_line() {
    let (indicators, refusals) = indicators();
    assert_eq!(indicators.len(), 11);
    let expect = [
        "desk.csv:8:1: `12` is no account",
        "desk.csv:9:1: the kind `colour`",
        "desk.csv:10:1: `example.org` is no address",
        "cert.json:6:1: the indicator `indicator--4`: the pattern",
        "cert.json:7:1: the indicator `indicator--5`: its pattern is not in the language of STIX",
        "cert.json:8:1: the indicator `indicator--6`: the property `domain-name:value`",
    ];
    assert_eq!(refusals.len(), expect.len(), "{refusals:#?}");
    for (refusal, expect) in refusals.iter().zip(expect) {
        assert!(refusal.starts_with(expect), "{refusal}");
    }
    for (list, reason) in
        [("value\nx\n", "`kind` and `value`"), ("kind,value,colour\n", "`colour`"), ("{\"objects\":[", "STIX bundle")]
    {
        let (_, refusals) = Indicators::load(&[("bad".to_owned(), list.into())]).unwrap();
        assert!(refusals[0].to_string().contains(reason), "{list}: {refusals:?}");
    }
}

#[test]
fn values_are_looked_up() {
    let (indicators, _) = indicators();
    let at = |time: &str| EventTime::parse(time);
    let cases = [
        (Kind::Address, "203.0.113.9", None, 1),
        (Kind::Address, "203.0.113.8", None, 0),
        (Kind::Address, "198.51.100.77", at("2023-12-31T23:59:59Z"), 1),
        (Kind::Address, "198.51.100.77", at("2024-01-01T00:00:00Z"), 0),
        (Kind::Address, "192.0.2.200", at("2024-01-01T00:00:00Z"), 1),
        (Kind::Address, "192.0.2.1", at("2019-01-01T00:00:00Z"), 0),
        (Kind::Address, "2001:db8:0::2", None, 1),
        (Kind::Address, "AWS Internal", None, 0),
        (Kind::UserAgent, "an Evil, tool/2", None, 1),
        (Kind::UserAgent, "b*d", None, 1),
        (Kind::UserAgent, "bad", None, 0),
        (Kind::Key, "AKIAI44QH8DHBEXAMPLE", None, 1),
        (Kind::Account, "999988887777", at("2024-06-01T00:00:00Z"), 0),
        (Kind::Account, "999988887777", None, 1),
    ];
    for (kind, value, time, expect) in cases {
        assert_eq!(indicators.lookup(kind, value, time).len(), expect, "{kind:?} {value} {time:?}");
    }
    let found = indicators.lookup(Kind::Address, "192.0.2.1", None);
    assert_eq!((found[0].source.as_deref(), found[0].list.as_str()), (Some("Some CERT"), "cert.json"));
}

#[test]
fn events_meet_indicators() {
    let lines = [
        r#"{"eventTime":"2024-05-06T07:08:09Z","sourceIPAddress":"203.0.113.9","userIdentity":{"accessKeyId":"AKIAIOSFODNN7EXAMPLE"}}"#,
        r#"{"eventTime":"2024-05-06T07:08:09Z","sourceIPAddress":"198.51.100.7","userAgent":"no evil"}"#,
        r#"{"eventTime":"2023-05-06T07:08:09Z","sourceIPAddress":"198.51.100.7","errorCode":"AccessDenied"}"#,
        r#"{"eventTime":"2024-05-06T07:08:09Z","userAgent":"[evil, tool]"}"#,
    ];
    let part = open(lines.join("\n").as_bytes()).remove(0);
    let rules = load(&[]).rules;
    let mut detector = Detector::new(Arc::new(rules), Arc::new(indicators().0), Settings::default());
    let batch = Batch { events: Events::Opened(&part.events), file: None, origins: None, now: now() };
    let found = detector.observe(&batch).unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|finding| {
            let value = finding.indicator.as_ref().unwrap().value.as_str();
            (finding.events[0].number, finding.rule.meta.id.as_str(), value, finding.outcome.as_str())
        })
        .collect();
    assert_eq!(
        found,
        [
            (1, "indicator-address", "203.0.113.9", "done"),
            (1, "indicator-key", "AKIAIOSFODNN7EXAMPLE", "done"),
            (3, "indicator-address", "198.51.100.0/24", "attempted"),
            (4, "indicator-user-agent", "*evil, tool*", "done"),
        ]
    );
}
