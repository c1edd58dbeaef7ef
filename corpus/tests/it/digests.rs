//! The digests hold what digests promise, checked with tools that share nothing with the generator; and they change
//! nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use corpus::{BUCKET, Config, Digests, Summary, generate};
use libdeflater::Decompressor;
use serde_json::Value;
use tempfile::TempDir;

use crate::bucket::{paths, text};

/// A corpus of two days with digests: the folder that holds `bucket`, `keys.json` and `metadata.json`.
fn made(threads: usize, tampered: bool) -> (TempDir, Summary) {
    let dir = TempDir::new().expect("a temporary folder");
    let digests = Some(Digests { beside: dir.path().to_owned(), tampered });
    let config = Config { days: 2, threads, digests, ..Config::new(3, 2_000_000) };
    let summary = generate(&config, &dir.path().join("bucket")).expect("the corpus is written");
    (dir, summary)
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let bucket = dir.join("bucket");
    let key = |path: &Path| path.strip_prefix(&bucket).expect("below the bucket").to_string_lossy().replace('\\', "/");
    paths(&bucket).into_iter().map(|path| (key(&path), fs::read(&path).expect("a file just listed"))).collect()
}

fn inflate(gz: &[u8]) -> Vec<u8> {
    let size = gz.last_chunk::<4>().map(|tail| u32::from_le_bytes(*tail)).expect("gzip ends in the size");
    let mut content = vec![0; size as usize];
    Decompressor::new().gzip_decompress(gz, &mut content).expect("one whole gzip member");
    content
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits");
    (0..text.len()).step_by(2).map(pair).collect()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

/// Decodes base64 without a library: four letters are three bytes.
fn base64(text: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let values: Vec<u32> = text.chars().filter_map(|c| LETTERS.find(c)).map(|at| at as u32).collect();
    let mut bytes = Vec::new();
    for four in values.chunks(4) {
        let bits = four.iter().fold(0, |bits, value| bits << 6 | value) << (6 * (4 - four.len()));
        bytes.extend(bits.to_be_bytes().iter().skip(1).take(four.len() - 1));
    }
    bytes
}

#[test]
fn every_log_file_is_promised_in_a_chain_that_is_signed() {
    let (dir, summary) = made(2, false);
    let files = files(dir.path());
    let keys = json(&dir.path().join("keys.json"));
    let metadata = json(&dir.path().join("metadata.json"));
    let key = &keys["PublicKeyList"][0];
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, base64(text(key, "Value")));
    let mut promised = BTreeSet::new();
    let mut before: BTreeMap<String, (String, String, String)> = BTreeMap::new();
    let mut digests = 0;
    for (name, gz) in files.iter().filter(|(name, _)| name.contains("CloudTrail-Digest")) {
        let content = inflate(gz);
        let body: Value = serde_json::from_slice(&content).expect("a digest is JSON");
        let signature = text(&metadata[format!("{BUCKET}/{name}")], "signature");
        let hash = hex(digest(&SHA256, &content).as_ref());
        let chain = name.split("/2026/").next().expect("a folder").to_owned();
        let previous = before.get(&chain);
        let previous_signature = previous.map_or("null", |previous| &previous.2);
        let signed = format!("{}\n{BUCKET}/{name}\n{hash}\n{previous_signature}", text(&body, "digestEndTime"));
        public.verify(signed.as_bytes(), &unhex(signature)).unwrap_or_else(|_| panic!("{name} is not signed"));
        assert_eq!(text(&body, "digestS3Object"), name);
        assert_eq!(text(&body, "digestPublicKeyFingerprint"), text(key, "Fingerprint"));
        assert_eq!(body["previousDigestS3Object"].as_str(), previous.map(|previous| previous.0.as_str()));
        assert_eq!(body["previousDigestHashValue"].as_str(), previous.map(|previous| previous.1.as_str()));
        for entry in body["logFiles"].as_array().expect("a list") {
            let log = inflate(&files[text(entry, "s3Object")]);
            assert_eq!(text(entry, "hashValue"), hex(digest(&SHA256, &log).as_ref()));
            assert!(text(entry, "oldestEventTime") <= text(entry, "newestEventTime"));
            assert!(promised.insert(text(entry, "s3Object").to_owned()), "promised twice: {entry}");
        }
        before.insert(chain, (name.clone(), hash, signature.to_owned()));
        digests += 1;
    }
    let logs: BTreeSet<String> = files.keys().filter(|name| !name.contains("CloudTrail-Digest")).cloned().collect();
    assert_eq!((before.len(), digests, promised.len() as u64), (30, summary.digests, summary.files));
    assert_eq!(promised, logs);
}

#[test]
fn digests_change_no_log_file_and_no_thread_changes_a_digest() {
    let (with, _) = made(1, false);
    let (again, _) = made(3, false);
    assert!(files(with.path()) == files(again.path()));
    for name in ["keys.json", "metadata.json"] {
        assert_eq!(json(&with.path().join(name)), json(&again.path().join(name)));
    }
    let without = TempDir::new().expect("a temporary folder");
    let config = Config { days: 2, digests: None, ..Config::new(3, 2_000_000) };
    generate(&config, &without.path().join("bucket")).expect("the corpus is written");
    let mut logs = files(with.path());
    logs.retain(|name, _| !name.contains("CloudTrail-Digest"));
    assert!(logs == files(without.path()));
}

#[test]
fn one_file_is_changed_and_one_deleted() {
    let ((whole, _), (broken, summary)) = (made(2, false), made(2, true));
    let (whole, broken) = (files(whole.path()), files(broken.path()));
    let tampered = summary.tampered.expect("there are two files to tamper with");
    let differs = |name: &&String| broken.get(*name) != whole.get(*name);
    let found: BTreeSet<&String> = whole.keys().filter(differs).collect();
    assert_eq!(found, BTreeSet::from([&tampered.changed, &tampered.deleted]));
    assert!(broken.contains_key(&tampered.changed) && !broken.contains_key(&tampered.deleted));
    let records = |gz: &[u8]| serde_json::from_slice::<Value>(&inflate(gz)).expect("still JSON")["Records"].clone();
    let (before, after) = (records(&whole[&tampered.changed]), records(&broken[&tampered.changed]));
    assert_eq!(before.as_array().map(Vec::len), after.as_array().map(Vec::len));
    for step in &summary.story.steps {
        for key in [&tampered.changed, &tampered.deleted] {
            assert!(!String::from_utf8_lossy(&inflate(&whole[key])).contains(&step.event_id), "the attack stays whole");
        }
    }
}
