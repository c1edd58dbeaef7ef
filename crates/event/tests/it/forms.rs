//! What an object is, told by its content, and what happens to what cannot be read.

use std::io::{self, Read, Write};

use base64::Engine;
use event::error::Error;
use event::fingerprint::FingerprintKey;
use event::limits::Limits;
use event::open::{Content, ContentKind, Opened, Opener};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::{open, open_within};

const A: &str = r#"{"eventVersion":"1.08","eventTime":"2020-01-01T00:00:00Z","eventName":"a"}"#;
const B: &str = r#"{"eventVersion":"1.08","eventTime":"2020-01-01T00:00:01Z","eventName":"b","requestParameters":{"k":[{"x":"}"}]}}"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Checks the kind, the records and the rejects, each as `number reason|bytes`, whole and in single bytes.
#[track_caller]
fn check(content: &[u8], kind: ContentKind, records: &[&str], rejects: &[&str]) {
    for stream in [false, true] {
        let all = if stream {
            open_within(Content::Stream(Box::new(Dripping(content))), Limits::default())
        } else {
            open(content)
        };
        let shown: Vec<_> = all
            .rejects
            .iter()
            .map(|reject| {
                format!("{} {}|{}", reject.number, reject.reason.as_str(), String::from_utf8_lossy(&reject.bytes))
            })
            .collect();
        let context = format!("stream {stream}: {}", String::from_utf8_lossy(&content[..content.len().min(300)]));
        assert_eq!(shown, rejects, "{context}\n{:?}", all.rejects);
        assert_eq!(all.records(), records, "{context}");
        assert_eq!(all.summary.kind, kind, "{context}");
        assert_eq!(
            (all.summary.events, all.summary.rejects),
            (records.len() as u64, rejects.len() as u64),
            "{context}"
        );
    }
}

/// A reader that gives seven bytes at a time.
struct Dripping<'a>(&'a [u8]);

impl Read for Dripping<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = out.len().min(7);
        self.0.read(&mut out[..length])
    }
}

#[test]
fn forms_are_told_by_content() {
    use ContentKind::*;
    let log_file = format!(r#"{{"Records":[{A},{B}]}}"#);
    check(log_file.as_bytes(), CloudTrail, &[A, B], &[]);
    check(&gzip(log_file.as_bytes()), CloudTrail, &[A, B], &[]);
    check(
        format!("\u{feff}{{\"version\":1, \"Records\" : [ {A}\n,\n{B} ] , \"more\":{{}} }}\n").as_bytes(),
        CloudTrail,
        &[A, B],
        &[],
    );
    check(format!("{log_file}{log_file}").as_bytes(), CloudTrail, &[A, B, A, B], &[]);
    check(&[gzip(log_file.as_bytes()), gzip(log_file.as_bytes())].concat(), CloudTrail, &[A, B, A, B], &[]);
    check(format!("[{A},{B}]").as_bytes(), CloudTrail, &[A, B], &[]);
    check(format!("{A}\n{B}\n").as_bytes(), CloudTrail, &[A, B], &[]);
    check(format!("{A}\r\n\r\n{B}").as_bytes(), CloudTrail, &[A, B], &[]);
    check(A.as_bytes(), CloudTrail, &[A], &[]);
    check(br#"{"Records":[]}"#, CloudTrail, &[], &[]);
    check(b"", Empty, &[], &[]);
    check(b" \n ", Empty, &[], &[]);
    check(&gzip(b""), Empty, &[], &[]);
    check(b"source\tlabel\n1\t2\n", NotCloudTrail, &[], &[]);
    check(&[0x89, b'P', b'N', b'G', 0xff, 0xfe, b'\n', 0, 1, 2], NotCloudTrail, &[], &[]);
    let digest =
        r#"{"awsAccountId":"111122223333","digestStartTime":"2020-01-01T00:00:00Z","logFiles":[{"s3Object":"x"}]}"#;
    check(digest.as_bytes(), Digest, &[], &[]);
    check(format!(r#"{{"digestEndTime":1,"Records":[{A}]}}"#).as_bytes(), CloudTrail, &[A], &[]);
    let odd = A.replacen('{', r#"{"digestEndTime":1,"#, 1);
    check(odd.as_bytes(), CloudTrail, &[&odd], &[]);
}

#[test]
fn envelopes_give_their_records() {
    use ContentKind::*;
    let bridge = format!(
        r#"{{"version":"0","id":"7","detail-type":"AWS API Call via CloudTrail","time":"2020-01-01T00:00:00Z","detail":{A}}}"#
    );
    check(bridge.as_bytes(), CloudTrail, &[A], &[]);
    let envelope =
        r#"{"version":"0","id":"7","detail-type":"AWS API Call via CloudTrail","time":"2020-01-01T00:00:00Z"}"#;
    assert_eq!(open(bridge.as_bytes()).column("envelope"), [envelope]);

    let text = serde_json::to_string(B).unwrap();
    let lookup = format!(
        r#"{{"Events":[{{"EventId":"e","CloudTrailEvent":{text}}},{{"EventId":"f","CloudTrailEvent":"{{"}}],"NextToken":"x"}}"#
    );
    check(lookup.as_bytes(), CloudTrail, &[B], &["2 envelope|{"]);

    let payload = format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"g","logEvents":[{{"id":"1","timestamp":1577836800123,"message":{text}}}]}}"#
    );
    check(payload.as_bytes(), CloudTrail, &[B], &[]);
    let all = open(payload.as_bytes());
    assert_eq!(all.column("cwl_time"), ["2020-01-01T00:00:00.123000Z"]);
    assert_eq!(
        all.column("envelope"),
        [r#"{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"g","id":"1","timestamp":1577836800123}"#]
    );
    let packed = base64::engine::general_purpose::STANDARD.encode(gzip(payload.as_bytes()));
    check(format!(r#"{{"awslogs":{{"data":"{packed}"}}}}"#).as_bytes(), CloudTrail, &[B], &[]);
    check(
        format!(r#"{{"requestId":"r","timestamp":1,"records":[{{"data":"{packed}"}},{{"data":"!"}}]}}"#).as_bytes(),
        CloudTrail,
        &[B],
        &[r#"2 envelope|{"data":"!"}"#],
    );
    // A probe is told by its type and not by a word somewhere.
    let group = payload.replace("\"g\"", "\"CONTROL_MESSAGE\"");
    check(group.as_bytes(), CloudTrail, &[B], &[]);
    let control = br#"{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}"#;
    check(control, ControlMessage, &[], &[]);
    check(format!("2020-01-01T00:00:05.000Z {A}\n2020-01-01T00:00:06.000Z {B}\n").as_bytes(), CloudTrail, &[A, B], &[]);
}

#[test]
fn a_torn_record_takes_no_good_one_along() {
    use ContentKind::*;
    let torn = r#"{"eventVersion":"1.08","userIdentity":{"type":"IAM"#;
    check(
        format!(r#"{{"Records":[{A},{torn}{A},{B}]}}"#).as_bytes(),
        CloudTrail,
        &[A, A, B],
        &[&format!("2 not json|{torn}")],
    );
    check(
        format!(r#"{{"Records":[{A},{torn},{B}]}}"#).as_bytes(),
        CloudTrail,
        &[A, B],
        &[&format!("2 not json|{torn}")],
    );
    check(format!(r#"{{"Records":[{A},{torn}"#).as_bytes(), CloudTrail, &[A], &[&format!("2 not json|{torn}")]);
    check(format!("{A}\n{torn}\n{B}\n").as_bytes(), CloudTrail, &[A, B], &[&format!("2 not json|{torn}")]);
    check(format!("{A}\nwords\n{B}\n").as_bytes(), CloudTrail, &[A, B], &["2 not json|words"]);
    check(format!("words\nmore\n{B}\n").as_bytes(), CloudTrail, &[B], &["1 not json|words\nmore"]);
    check(
        format!(r#"{{"Records":[{A},1,"x",null,[{B}],{B}]}}"#).as_bytes(),
        CloudTrail,
        &[A, B],
        &["2 not an object|1", r#"3 not an object|"x""#, "4 not an object|null", &format!("5 not an object|[{B}]")],
    );
    check(format!(r#"{{"Records":[{A},{B}"#).as_bytes(), CloudTrail, &[A, B], &["3 not json|"]);
    check(format!(r#"{{"Records":[{A}]"#).as_bytes(), CloudTrail, &[A], &["2 not json|"]);
    check(br#"{"Records":{"a":1}}"#, CloudTrail, &[], &[r#"1 envelope|{"Records":{"a":1}}"#]);
    check(br#"{"foo":1}"#, CloudTrail, &[], &[r#"1 no time|{"foo":1}"#]);
    check(br#"{"eventTime":"soon"}"#, CloudTrail, &[], &[r#"1 no time|{"eventTime":"soon"}"#]);
    check(br#"{"eventTime":1577836800}"#, CloudTrail, &[], &[r#"1 no time|{"eventTime":1577836800}"#]);
}

#[test]
fn text_that_is_not_utf8_is_rejected_alone() {
    let bad =
        [&b"{\"eventVersion\":\"1\",\"eventTime\":\"2020-01-01T00:00:00Z\",\"userAgent\":\"caf"[..], &[0xe9], b"\"}"]
            .concat();
    let shown = format!("2 not utf-8|{}", String::from_utf8_lossy(&bad));
    let lines = [A.as_bytes(), b"\n", &bad, b"\n", B.as_bytes()].concat();
    check(&lines, ContentKind::CloudTrail, &[A, B], &[&shown]);
    let log_file = [b"{\"Records\":[", A.as_bytes(), b",", &bad, b",", B.as_bytes(), b"]}"].concat();
    check(&log_file, ContentKind::CloudTrail, &[A, B], &[&shown]);
    check(&gzip(&log_file), ContentKind::CloudTrail, &[A, B], &[&shown]);
}

#[test]
fn damaged_gzip_keeps_what_came_before() {
    let records: Vec<String> = (0..2000).map(|n| A.replace("\"a\"", &format!("\"a{}\"", n * 7919 % 10_007))).collect();
    let packed = gzip(format!("{{\"Records\":[{}]}}", records.join(",")).as_bytes());
    let all = open(&packed[..packed.len() / 2]);
    assert_eq!(all.rejects.len(), 1, "{:?}", all.rejects);
    assert_eq!(all.rejects[0].reason.as_str(), "truncated gzip");
    let kept = all.records();
    assert!(kept.len() > 100 && kept[..] == records[..kept.len()], "{}", kept.len());
    assert_eq!(all.rejects[0].number, kept.len() as i64 + 1);

    let all = open(&[&packed[..], b"garbage"].concat());
    assert_eq!(all.records(), records);
    assert_eq!(all.rejects.iter().map(|reject| reject.reason.as_str()).collect::<Vec<_>>(), ["damaged gzip"]);
    let all = open(&[&packed[..], &[0; 512]].concat());
    assert_eq!((all.summary.events, all.summary.rejects), (2000, 0));

    let mut flipped = packed.clone();
    let place = packed.len() * 2 / 3;
    flipped[place] ^= 0xff;
    let all = open(&flipped);
    assert!(!all.rejects.is_empty() && all.summary.events > 0);
}

#[test]
fn limits_are_errors_of_their_own_kind() {
    let limits =
        Limits { object_bytes_max: 1 << 20, record_bytes_max: 10_000, reject_bytes_max: 100, ..Limits::default() };
    let long =
        format!(r#"{{"eventVersion":"1","eventTime":"2020-01-01T00:00:00Z","userAgent":"{}"}}"#, "x".repeat(20_000));
    let log_file = format!(r#"{{"Records":[{A},{long},{B}]}}"#);
    for content in [log_file.clone().into_bytes(), gzip(log_file.as_bytes())] {
        let all = open_within(Content::Bytes(&content), limits);
        assert_eq!(all.records(), [A, B]);
        let reject = &all.rejects[0];
        assert_eq!((reject.number, reject.reason.as_str(), reject.bytes.len()), (2, "record too large", 100));
        let start = (r#"{"Records":[,"#.len() + A.len()) as u64;
        assert_eq!(reject.range, start..start + long.len() as u64);
        assert_eq!(reject.sha256, *aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, long.as_bytes()).as_ref());
    }

    let bomb = format!(r#"{{"Records":[{A},{{"eventTime":"{}"#, " ".repeat(4 << 20));
    let all = open_within(Content::Bytes(&gzip(bomb.as_bytes())), limits);
    assert_eq!(all.records(), [A]);
    assert_eq!(all.rejects.last().unwrap().reason.as_str(), "too large");
    assert!(all.summary.content_bytes <= 1 << 20);
}

#[test]
fn a_bomb_ends_at_the_limit_and_keeps_what_came_before() {
    // 64 MiB out of 64 KiB, and it would go on for ever.
    let limits = Limits { object_bytes_max: 64 << 20, ..Limits::default() };
    let mut bomb = gzip(format!("{A}\n{B}\n").as_bytes());
    let member = gzip(&[b' '; 1 << 20]);
    for _ in 0..96 {
        bomb.extend_from_slice(&member);
    }
    let all = open_within(Content::Bytes(&bomb), limits);
    assert_eq!(all.records(), [A, B]);
    assert_eq!(all.rejects.iter().map(|reject| reject.reason.as_str()).collect::<Vec<_>>(), ["too large"]);
    assert_eq!(all.summary.content_bytes, 64 << 20);
}

#[test]
fn a_long_string_and_deep_nesting_pass_in_bounded_memory() {
    let long = io::Cursor::new(b"{\"Records\":[{\"eventTime\":\"2020-01-01T00:00:00Z\",\"userAgent\":\"".to_vec())
        .chain(io::repeat(b'x').take(100 << 20))
        .chain(io::Cursor::new(format!("\"}},{A}]}}").into_bytes()));
    let all = open_within(Content::Stream(Box::new(long)), Limits::default());
    assert_eq!(all.records(), [A]);
    assert_eq!(all.rejects[0].range.end - all.rejects[0].range.start, (100 << 20) + 61 - 12 + 2);

    let deep = |depth: usize| {
        format!(
            r#"{{"eventTime":"2020-01-01T00:00:00Z","requestParameters":{}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    assert_eq!(open(deep(10_000).as_bytes()).records(), [deep(10_000)]);
    let too_deep = format!("{}\n{A}\n", deep(100_000));
    let all = open(too_deep.as_bytes());
    assert_eq!(all.records(), [A]);
    assert_eq!(all.rejects[0].reason.as_str(), "too deep");
    let brackets = "[".repeat(100_000);
    assert_eq!(open(brackets.as_bytes()).summary.events, 0);
}

#[test]
fn a_reader_that_fails_keeps_what_came_before() {
    struct Failing<'a>(&'a [u8]);
    impl Read for Failing<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() { Err(io::Error::other("connection reset")) } else { self.0.read(out) }
        }
    }
    let all = open_within(Content::Stream(Box::new(Failing(format!("{A}\n{{\"event").as_bytes()))), Limits::default());
    assert_eq!(all.records(), [A]);
    assert_eq!(all.rejects, []);
    let message = all.summary.read_failed.unwrap();
    assert!(message.contains("connection reset"), "{message}");
}

#[test]
fn small_objects_share_a_part_and_are_told_apart() {
    let mut opener = Opener::new(FingerprintKey(1), Limits::default());
    let mut parts = Vec::new();
    for content in [format!("{A}\n{B}"), "{}".to_owned(), String::new(), format!("{A}\n{{")] {
        let mut emit = |opened: Opened| {
            parts.push(opened);
            Ok::<(), Error>(())
        };
        opener.open_more(Content::Bytes(content.as_bytes()), &mut emit).unwrap();
    }
    assert!(parts.is_empty());
    opener
        .flush(&mut |opened| {
            parts.push(opened);
            Ok::<(), Error>(())
        })
        .unwrap();
    let spans: Vec<_> = parts[0].spans.iter().map(|span| (span.object, span.events, span.rejects)).collect();
    assert_eq!(spans, [(0, 2, 0), (1, 0, 1), (3, 1, 1)]);
    assert_eq!((parts.len(), parts[0].events.len(), parts[0].rejects.len()), (1, 3, 2));
}

#[test]
fn heads_are_told_wherever_a_window_ends() {
    let log_file = format!(r#"{{"Records":[{A},{B}]}}"#);
    let line = format!("2020-01-01T00:00:05.000Z {A}\n");
    // Windows end at multiples of this, so every part of a head falls on an end once.
    let step = 128 << 10;
    for shift in 0..64 {
        let blanks = " ".repeat(step - shift);
        let all = open_within(
            Content::Stream(Box::new(io::Cursor::new(format!("{blanks}{log_file}\n{line}").into_bytes()))),
            Limits::default(),
        );
        assert_eq!((all.records().len(), all.rejects.len()), (3, 0), "{shift}: {:?}", all.rejects);
    }
}

#[test]
fn hostile_input_ends_in_bounded_time() {
    // Each level looks like the beginning of a record, and none of them ends.
    let chain = format!("{{\"Records\":[{}", r#"{"eventName":["#.repeat(200_000));
    let all = open(chain.as_bytes());
    assert_eq!(all.summary.events, 0);
    assert!(!all.rejects.is_empty());
    // A long envelope is repeated with each of its records, and counts each time.
    let owner = "x".repeat(60_000);
    let records = vec![r#"{"eventTime":"2026-01-01T00:00:00Z"}"#; 1_000].join(",");
    let all = open(format!(r#"{{"owner":"{owner}","logEvents":[{records}]}}"#).as_bytes());
    assert_eq!(all.summary.events, 1_000);
    assert!(all.batches.iter().all(|batch| batch.record_bytes < 9 << 20));
}

const DIGEST: &str = r#"{"awsAccountId":"111122223333","digestStartTime":"2020-01-01T00:00:00Z","digestEndTime":"2020-01-01T01:00:00Z","digestS3Object":"k","logFiles":[{"s3Object":"a"}]}"#;

fn hash(content: &[u8]) -> Option<[u8; 32]> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content).as_ref().try_into().ok()
}

#[test]
fn content_is_hashed_as_a_whole_whatever_it_came_in() {
    let log = format!("{{\"Records\":[{A},{B}]}}");
    let lines = format!("{A}\n{B}\n").repeat(20_000);
    let packed = gzip(log.as_bytes());
    let twice = [packed.as_slice(), &gzip(A.as_bytes())].concat();
    type Case = (&'static str, Vec<u8>, Option<Vec<u8>>);
    let cases: Vec<Case> = vec![
        ("gzip", packed.clone(), Some(log.clone().into_bytes())),
        ("plain", log.clone().into_bytes(), Some(log.clone().into_bytes())),
        ("long", gzip(lines.as_bytes()), Some(lines.clone().into_bytes())),
        ("two members", twice, Some([log.as_bytes(), A.as_bytes()].concat())),
        ("nothing", Vec::new(), Some(Vec::new())),
        ("no text", vec![0xff, 0xfe], Some(vec![0xff, 0xfe])),
        ("cut short", packed[..packed.len() - 9].to_vec(), None),
        ("other bytes behind", [packed.as_slice(), b"junk"].concat(), None),
    ];
    for (name, bytes, content) in cases {
        let streamed = open_within(Content::Stream(Box::new(Dripping(&bytes))), Limits::default());
        for found in [open(&bytes), streamed] {
            assert_eq!(found.summary.sha256, content.as_deref().and_then(hash), "{name}");
        }
    }
    let limits = Limits { object_bytes_max: 100, ..Limits::default() };
    assert_eq!(open_within(Content::Bytes(&packed), limits).summary.sha256, None, "too large");
}

#[test]
fn digests_come_with_their_bytes() {
    let with_blanks = format!("{DIGEST}\n ");
    let cases: Vec<(&str, Vec<u8>, Vec<&str>)> = vec![
        ("plain", DIGEST.as_bytes().to_vec(), vec![DIGEST]),
        ("gzip", gzip(DIGEST.as_bytes()), vec![DIGEST]),
        // To the last byte: that is what its signature covers.
        ("blanks behind", gzip(with_blanks.as_bytes()), vec![&with_blanks]),
        ("two", format!("{DIGEST}\n{DIGEST}").into_bytes(), vec![DIGEST, DIGEST]),
        ("beside a record", format!("{A}\n{DIGEST}").into_bytes(), vec![DIGEST]),
        ("none", A.as_bytes().to_vec(), vec![]),
    ];
    for (name, bytes, expect) in cases {
        let streamed = open_within(Content::Stream(Box::new(Dripping(&bytes))), Limits::default());
        for found in [open(&bytes), streamed] {
            let contents: Vec<String> =
                found.summary.digest_contents.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
            assert_eq!(contents, expect, "{name}");
            assert_eq!(found.summary.digests, expect.len() as u64, "{name}");
        }
    }
}
