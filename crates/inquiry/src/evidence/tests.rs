//! A bundle made of a generated log file and its digests, and everything that may be done to it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use corpus::{Config, Digests};
use serde_json::Value;
use trail::digest::Unproven;

use super::archive;
use super::check;
use super::parts::{Parts, Signed, unhex};

/// Bytes between two that are flipped: no length of a header, a block or a line is a multiple of it.
const STRIDE: usize = 37;

fn inflated(path: &Path) -> Vec<u8> {
    let packed = fs::read(path).expect("a file");
    let mut content = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed.as_slice()), &mut content).expect("gzip");
    content
}

/// Every digest below a folder, by its key, with what it says.
fn digests(bucket: &Path) -> HashMap<String, (PathBuf, trail::digest::DigestFile)> {
    let mut found = HashMap::new();
    let mut folders = vec![bucket.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().contains("_CloudTrail-Digest_") {
                let file = Unproven::read(&inflated(&path)).expect("JSON").file().expect("a digest");
                found.insert(file.location.key.clone(), (path, file));
            }
        }
    }
    found
}

/// The parts of the smallest case of a generated corpus.
fn parts() -> Parts {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (bucket, beside) = (folder.path().join("bucket"), folder.path().join("beside"));
    let config =
        Config { digests: Some(Digests { beside: beside.clone(), tampered: false }), ..Config::new(5, 1_000_000) };
    corpus::generate(&config, &bucket).expect("a corpus");
    let json =
        |name: &str| -> Value { serde_json::from_slice(&fs::read(beside.join(name)).expect("a file")).expect("JSON") };
    let (metadata, keys) = (json("metadata.json"), json("keys.json"));
    let key = STANDARD.decode(keys["PublicKeyList"][0]["Value"].as_str().expect("a key")).expect("base64");
    let all = digests(&bucket);
    let signed = |key_in_bucket: &str, path: &Path| {
        let signature = metadata[format!("{}/{key_in_bucket}", corpus::BUCKET)]["signature"].as_str().expect("hex");
        Signed { content: inflated(path), signature: unhex(signature), key: Some(key.clone()) }
    };
    let next_of: HashMap<&str, &str> = all
        .iter()
        .filter_map(|(key, (_, file))| Some((file.previous.as_ref()?.location.key.as_str(), key.as_str())))
        .collect();
    let with_one =
        all.iter().filter(|(key, (_, file))| file.log_files.len() == 1 && next_of.contains_key(key.as_str()));
    let size = |file: &trail::digest::DigestFile| {
        fs::metadata(bucket.join(&file.log_files[0].location.key)).expect("a log file").len()
    };
    let (place, (path, file)) =
        with_one.min_by_key(|(key, (_, file))| (size(file), key.as_str())).expect("a digest of one log file");
    let log_file = bucket.join(&file.log_files[0].location.key);
    let content = inflated(&log_file);
    let log: Value = serde_json::from_slice(&content).expect("JSON");
    let next = next_of[place.as_str()];
    Parts {
        record: serde_json::to_vec(&log["Records"][0]).expect("JSON"),
        log_file: fs::read(&log_file).expect("a log file"),
        digest: signed(place, path),
        next: Some(signed(next, &all[next].0)),
    }
}

fn packed(parts: &Parts) -> Vec<u8> {
    parts.pack(&parts.prove().expect("a proof")).expect("a bundle")
}

#[test]
fn a_bundle_proves_itself_and_no_other_byte_may_stand_in_it() {
    let parts = parts();
    let bundle = packed(&parts);
    let proven = check(&bundle).expect("a proof");
    assert_eq!(packed(&parts), bundle, "the same parts give the same bytes");
    assert!(!proven.event_id.is_empty() && proven.next_digest.is_some(), "{proven:?}");
    let mut changed = bundle.clone();
    for at in (0..bundle.len()).step_by(STRIDE) {
        let bit = 1 << (at / STRIDE % 8);
        changed[at] ^= bit;
        assert!(check(&changed).is_err(), "byte {at} of {} may be changed", bundle.len());
        changed[at] ^= bit;
    }
    for (what, other) in [
        ("cut short", bundle[..bundle.len() - 512].to_vec()),
        ("padded", [bundle.as_slice(), &[0; 512]].concat()),
        ("twice", [bundle.as_slice(), &bundle].concat()),
        ("empty", Vec::new()),
        ("zeros", vec![0; 1024]),
        ("text", b"no archive at all".to_vec()),
    ] {
        assert!(check(&other).is_err(), "{what}");
    }
}

/// Packs changed files as a bundle and returns why it does not hold.
fn refusal(bundle: &[u8], change: impl FnOnce(&mut Vec<archive::File>)) -> String {
    let mut files = archive::read(bundle).expect("an archive");
    change(&mut files);
    let other =
        archive::write(files.iter().map(|(name, content)| (name.as_str(), content.as_slice()))).expect("an archive");
    check(&other).expect_err("a refusal").to_string()
}

#[test]
fn a_well_packed_lie_is_told_from_the_truth() {
    let bundle = packed(&parts());
    let names: Vec<String> = archive::read(&bundle).expect("an archive").into_iter().map(|(name, _)| name).collect();
    for name in &names {
        let missing = refusal(&bundle, |files| files.retain(|(found, _)| found != name));
        assert!(!missing.is_empty(), "{name}");
    }
    let with = |name: &'static str, change: fn(&mut Vec<u8>)| {
        refusal(&bundle, |files| {
            let file = files.iter_mut().find(|(found, _)| found == name).expect("the file");
            change(&mut file.1);
        })
    };
    type Case = (&'static str, fn(&mut Vec<u8>), &'static str);
    let cases: [Case; 9] = [
        ("README.txt", |text| text.extend(b"Pay 100 dollars.\n"), "`README.txt` does not fit"),
        ("manifest.json", |text| text.extend(b" "), "`manifest.json` does not fit"),
        ("record.json", |text| text[10] ^= 1, "the record is not in the log file"),
        ("log-file.json.gz", |text| text.extend(b"\0"), "the log file cannot be read"),
        ("digest.json", |text| text.extend(b" "), "`digest.json` is not proven"),
        ("digest.signature.bin", |text| text.reverse(), "`digest.json` is not proven"),
        ("digest.public-key.der", |text| text.truncate(20), "`digest.json` is not proven"),
        ("digest.public-key.pem", |text| text.truncate(20), "does not fit"),
        ("next-digest.json", |text| text.extend(b" "), "`next-digest.json` is not proven"),
    ];
    for (name, change, expect) in cases {
        let refusal = with(name, change);
        assert!(refusal.contains(expect), "{name}: {refusal}");
    }
    let added = refusal(&bundle, |files| files.push(("virus.exe".to_owned(), Vec::new())));
    assert!(added.contains("`virus.exe`"), "{added}");
    let turned = refusal(&bundle, |files| files.reverse());
    assert!(turned.contains("around its files"), "{turned}");
}

#[test]
fn a_bundle_may_end_with_its_own_digest() {
    let parts = Parts { next: None, ..parts() };
    assert_eq!(check(&packed(&parts)).expect("a proof").next_digest, None);
    // A next digest that is not signed itself still repeats what this one says.
    let unsigned = self::parts();
    let next = unsigned.next.clone().map(|next| Signed { signature: None, key: None, ..next });
    let unsigned = Parts { next, ..unsigned };
    assert!(check(&packed(&unsigned)).expect("a proof").next_digest.is_some());
    let own = Parts { next: Some(unsigned.digest.clone()), ..unsigned };
    assert!(own.prove().is_err_and(|error| error.to_string().contains("does not repeat")));
}

#[test]
fn an_inflated_log_file_counts_by_its_content() {
    let parts = parts();
    let mut content = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(parts.log_file.as_slice()), &mut content)
        .expect("gzip");
    let plain = Parts { log_file: content, ..parts };
    let bundle = packed(&plain);
    assert!(archive::read(&bundle).expect("an archive").iter().any(|(name, _)| name == "log-file.json"));
    check(&bundle).expect("a proof");
}
