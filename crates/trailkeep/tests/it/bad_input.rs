//! Bad input, through the program: every answer names the file and the place, and the rest goes on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::program::{Program, Run};

/// Most bytes of a log file here, so that a bomb need not be large.
const OBJECT_BYTES_MAX: &str = "32MiB";

/// What a file must come to.
enum Expect {
    /// So many events, and no reject.
    Events(u64),
    /// So many events, and rejects: number of the record and reason.
    Rejects(u64, &'static [(i64, &'static str)]),
    /// Skipped, and why.
    Skipped(&'static str),
    /// Could not be read, and why.
    Failed(&'static str),
}

use Expect::{Events, Failed, Rejects, Skipped};

/// A good record with an ID that no other file has.
fn good(id: &str) -> String {
    format!(r#"{{"eventVersion":"1.11","eventTime":"2026-03-01T10:00:00Z","eventName":"x","eventID":"{id}"}}"#)
}

/// Gzip of stored blocks: one needs no packer to write it, and the checksum is that of the format.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = bytes.chunks(0xffff).peekable();
    if blocks.peek().is_none() {
        packed.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).expect("a block is short");
        packed.push(u8::from(blocks.peek().is_none()));
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend_from_slice(block);
    }
    packed.extend(crc32(bytes).to_le_bytes());
    packed.extend(u32::try_from(bytes.len()).expect("short").to_le_bytes());
    packed
}

/// The checksum of gzip (RFC 1952, section 8).
fn crc32(bytes: &[u8]) -> u32 {
    let mut table = [0_u32; 256];
    for (value, entry) in (0_u32..).zip(&mut table) {
        *entry = (0..8).fold(value, |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 });
    }
    !bytes.iter().fold(!0, |crc, byte| table[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8))
}

/// Every kind of bad input: name of the file, its bytes, what it comes to.
fn cases() -> Vec<(&'static str, Vec<u8>, Expect)> {
    let torn = r#"{"eventVersion":"1.08","userIdentity":{"type":"IAM"#;
    let log = |records: &[&str]| format!(r#"{{"Records":[{}]}}"#, records.join(","));
    let nested = |id: &str, depth: usize| {
        good(id).replace('}', &format!(r#","requestParameters":{}{}}}"#, "[".repeat(depth), "]".repeat(depth)))
    };
    let with = |id: &str, members: &str| good(id).replace('}', &format!(",{members}}}"));
    let packed = gzip(log(&[&good("cut-1"), &good("cut-2")]).as_bytes());
    let latin = [good("latin-1").as_bytes(), b"\n{\"eventTime\":\"2026-03-01T10:00:00Z\",\"userAgent\":\"caf\xe9\"}\n"]
        .concat();
    let long = "x".repeat(17 << 20);
    vec![
        ("cut.json.gz", packed[..packed.len() - 40].to_vec(), Rejects(1, &[(2, "truncated gzip")])),
        ("cut-header.json.gz", vec![0x1f, 0x8b, 8, 0, 0], Rejects(0, &[(1, "truncated gzip")])),
        (
            "garbage-behind.json.gz",
            [gzip(good("behind").as_bytes()), b"garbage".to_vec()].concat(),
            Rejects(1, &[(2, "damaged gzip")]),
        ),
        (
            "bomb.json.gz",
            gzip(format!("{}\n{}", good("bomb"), " ".repeat(33 << 20)).as_bytes()),
            Rejects(1, &[(2, "too large")]),
        ),
        ("words.json", b"shopping list: milk".to_vec(), Skipped("not CloudTrail")),
        ("picture.json", b"\x89PNG\xff\xfe\n\0\x01".to_vec(), Skipped("not CloudTrail")),
        (
            "torn.json",
            log(&[&good("torn-1"), torn, &good("torn-2")]).into_bytes(),
            Rejects(2, &[(2, "not json")]),
        ),
        (
            "torn.jsonl",
            format!("{}\n{torn}\n{}\n", good("torn-3"), good("torn-4")).into_bytes(),
            Rejects(2, &[(2, "not json")]),
        ),
        ("records-object.json", br#"{"Records":{"a":1}}"#.to_vec(), Rejects(0, &[(1, "envelope")])),
        ("records-text.json", br#"{"Records":"none"}"#.to_vec(), Rejects(0, &[(1, "envelope")])),
        ("empty.json", Vec::new(), Skipped("empty")),
        ("empty.json.gz", gzip(b""), Skipped("empty")),
        ("latin.jsonl", latin, Rejects(1, &[(2, "not utf-8")])),
        ("deep.json", nested("deep", 10_000).into_bytes(), Events(1)),
        ("deeper.json", log(&[&nested("deeper", 100_000), &good("beside")]).into_bytes(), Rejects(1, &[(1, "too deep")])),
        (
            "long.json.gz",
            gzip(log(&[&good("long-1"), &with("long-2", &format!(r#""userAgent":"{long}""#)), &good("long-3")]).as_bytes()),
            Rejects(2, &[(2, "record too large")]),
        ),
        ("twice.json", with("twice", r#""eventName":"y","awsRegion":"a","awsRegion":"b""#).into_bytes(), Events(1)),
        (
            "other-types.json",
            with("types", r#""readOnly":"true","apiVersion":20110615,"awsRegion":{"a":1},"userIdentity":"root","managementEvent":1"#)
                .into_bytes(),
            Events(1),
        ),
        ("no-time.json", log(&[r#"{"eventID":"no"}"#, &good("timed")]).into_bytes(), Rejects(1, &[(1, "no time")])),
        (
            "odd-times.json",
            log(&[r#"{"eventTime":"soon"}"#, r#"{"eventTime":1577836800}"#, r#"{"eventTime":null}"#]).into_bytes(),
            Rejects(0, &[(1, "no time"), (2, "no time"), (3, "no time")]),
        ),
        ("no-objects.json", log(&["1", "\"x\"", &good("alone")]).into_bytes(), Rejects(1, &[(1, "not an object"), (2, "not an object")])),
    ]
}

/// Files that are bad by what they are, and not by what is in them.
#[cfg(target_os = "linux")]
fn add_odd_files(folder: &Path, expected: &mut BTreeMap<String, Expect>) {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fs::write(folder.join(OsStr::from_bytes(b"name-\xff.json")), good("name")).expect("a file");
    expected.insert("name-%FF.json".to_owned(), Events(1));
    symlink("nowhere", folder.join("gone.json")).expect("a link");
    expected.insert("gone.json".to_owned(), Failed("it is missing"));
    // Nobody may read this one from its beginning, not even a superuser.
    symlink("/proc/self/mem", folder.join("memory.json")).expect("a link");
    expected.insert("memory.json".to_owned(), Failed("Input/output error"));
    let closed = folder.join("closed.json");
    fs::write(&closed, good("closed")).expect("a file");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("a closed file");
    let outcome = if fs::read(&closed).is_ok() { Events(1) } else { Failed("this user may not read it") };
    expected.insert("closed.json".to_owned(), outcome);
}

#[cfg(not(target_os = "linux"))]
fn add_odd_files(_: &Path, _: &mut BTreeMap<String, Expect>) {}

/// The lines that a query of one column gives, each with the folder's part taken off.
fn ask(program: &Program, sql: &str) -> Vec<String> {
    let out = String::from_utf8(program.query(&["--output", "raw", sql])).expect("UTF-8");
    out.lines().map(|line| line.rsplit_once("/bad/").map_or(line, |(_, name)| name).to_owned()).collect()
}

fn places(report: &serde_json::Value, list: &str) -> BTreeMap<String, String> {
    let text = |place: &serde_json::Value, name: &str| place[name].as_str().expect("text").to_owned();
    let places = report[list].as_array().expect("a list");
    let name = |uri: String| uri.rsplit_once("/bad/").map_or(uri.clone(), |(_, name)| name.to_owned());
    places.iter().map(|place| (name(text(place, "uri")), text(place, "why"))).collect()
}

fn collect(program: &Program) -> (Run, serde_json::Value) {
    let run = program.run(["collect", "--json", "--object-bytes-max", OBJECT_BYTES_MAX, "bad"]);
    let report = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("no report: {error}: {run:?}"));
    (run, report)
}

#[test]
fn bad_input_is_named_and_the_rest_goes_on() {
    let program = Program::new();
    let folder = program.path("bad");
    fs::create_dir(&folder).expect("a folder");
    let mut expected = BTreeMap::new();
    for (name, bytes, expect) in cases() {
        fs::write(folder.join(name), bytes).expect("a file");
        expected.insert(name.to_owned(), expect);
    }
    add_odd_files(&folder, &mut expected);
    let (run, report) = collect(&program);
    let (skipped, failed) = (places(&report, "skipped_files"), places(&report, "failed_files"));
    let (mut events, mut rejects, mut left_out) = (Vec::new(), Vec::new(), (0, 0));
    for (name, expect) in &expected {
        let why = |places: &BTreeMap<String, String>| places.get(name).cloned().unwrap_or_default();
        match expect {
            Events(count) => events.extend((*count > 0).then(|| format!("{name} {count}"))),
            Rejects(count, reasons) => {
                events.extend((*count > 0).then(|| format!("{name} {count}")));
                rejects.extend(reasons.iter().map(|(number, reason)| format!("{name} {number} {reason}")));
            }
            Skipped(reason) => {
                left_out.0 += 1;
                assert_eq!(why(&skipped), *reason, "{name}");
            }
            Failed(reason) => {
                left_out.1 += 1;
                assert!(why(&failed).contains(reason), "{name}: {}", why(&failed));
            }
        }
    }
    assert_eq!((skipped.len(), failed.len()), left_out, "{skipped:?} {failed:?}");
    assert_eq!(run.code, Some(if left_out.1 > 0 { 2 } else { 1 }), "{run:?}");
    assert_eq!(ask(&program, "SELECT log_file || ' ' || count(*) FROM events GROUP BY log_file ORDER BY 1"), events);
    let listed = "SELECT log_file || ' ' || log_number || ' ' || reason FROM rejects ORDER BY 1";
    assert_eq!(ask(&program, listed), rejects);
    // The first of them are shown with their places.
    for sample in report["reject_samples"].as_array().expect("a list") {
        let place = sample["uri"].as_str().expect("text");
        assert!(place.contains("/bad/") && place.contains(", record ") && place.contains("(bytes "), "{sample}");
    }
}

#[test]
fn odd_records_come_back_byte_for_byte() {
    let program = Program::new();
    fs::create_dir(program.path("bad")).expect("a folder");
    let names = ["twice.json", "other-types.json", "deep.json"];
    let mut records = Vec::new();
    for (name, bytes, _) in cases().into_iter().filter(|(name, ..)| names.contains(name)) {
        fs::write(program.path("bad").join(name), &bytes).expect("a file");
        records.push((name, String::from_utf8(bytes).expect("UTF-8")));
    }
    assert_eq!(collect(&program).0.code, Some(0));
    for (name, record) in records {
        let sql = format!("SELECT record FROM events WHERE log_file LIKE '%/{name}'");
        let found = program.query(&["--output", "raw", &sql]);
        assert!(found == format!("{record}\n").as_bytes(), "{name} has changed");
    }
}
