//! What digests promise and what was collected: stored once, proven when it can be, and joined to events when asked.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use corpus::{Config, Digests, Summary};
use pipeline::prove::{Proofs, prove};
use trail::digest::{MetadataFile, PublicKeys};

use crate::{ask, count, run, writer};

/// A small organisation with digests, of which one log file was changed and one deleted.
struct Corpus {
    folder: tempfile::TempDir,
    made: Summary,
}

impl Corpus {
    fn new() -> Corpus {
        let folder = tempfile::tempdir().unwrap();
        let beside = folder.path().join("beside");
        let digests = Some(Digests { beside, tampered: true });
        let config = Config { digests, ..Config::new(7, 1_000_000) };
        let made = corpus::generate(&config, &folder.path().join("logs")).unwrap();
        Corpus { folder, made }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path("beside").join(name)).unwrap()
    }

    /// Proves by the keys and, where told so, by the saved signatures.
    async fn prove(&self, with_metadata: bool) -> Proofs {
        let keys = PublicKeys::parse_json(&self.read("keys.json")).unwrap();
        let metadata = MetadataFile::parse_json(&self.read("metadata.json")).unwrap();
        let metadata = if with_metadata { metadata } else { MetadataFile::default() };
        let writer = writer(&self.path("data")).await;
        let proofs = prove(&writer, &keys, &metadata).await.unwrap();
        writer.close().await;
        proofs
    }
}

async fn tally(data: &Path, sql: &str) -> BTreeMap<String, u64> {
    let mut tally = BTreeMap::new();
    for line in ask(data, sql).await {
        *tally.entry(line).or_default() += 1;
    }
    tally
}

const KINDS: &str = "SELECT kind FROM log_files";
const EVERY_ROW: &str = "SELECT kind || ' ' || uri || ' ' || coalesce(key, '') || ' ' || coalesce(sha256, '') || ' '
    || coalesce(digest_sha256, '') || ' ' || coalesce(standing, '') FROM log_files ORDER BY 1";
/// Files by the integrity of their events.
const BY_FILE: &str = "SELECT DISTINCT integrity || ' ' || split_part(log_file, '/', -1) FROM events ORDER BY 1";

fn name(key: &str) -> &str {
    key.rsplit('/').next().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_changed_file_is_tampered_and_all_others_are_verified() {
    let corpus = Corpus::new();
    let (logs, data) = (corpus.path("logs"), corpus.path("data"));
    let report = run(&data, &logs, 200_000).await;
    let tampered = corpus.made.tampered.clone().unwrap();
    let files = corpus.made.files - 1;
    assert_eq!((report.digests, report.files_read), (corpus.made.digests, files + corpus.made.digests));
    let kinds = BTreeMap::from([
        ("collected".to_owned(), files + corpus.made.digests),
        ("digest".to_owned(), corpus.made.digests),
        ("promised".to_owned(), corpus.made.files),
    ]);
    assert_eq!(tally(&data, KINDS).await, kinds);
    // Before there is a key nothing is proven, and nothing is said against anything.
    assert_eq!(
        tally(&data, "SELECT DISTINCT integrity FROM events").await.into_keys().collect::<Vec<_>>(),
        ["unverified"]
    );
    assert_eq!(count(&data, "SELECT count(integrity_digest) FROM events").await, report.stored);

    // The newest digest of each chain has its signature nowhere but in the metadata.
    let chained = corpus.prove(false).await;
    let chains = 30;
    assert_eq!(chained, Proofs { valid: corpus.made.digests - chains, unsigned: chains, ..Proofs::default() });
    assert_eq!(corpus.prove(true).await, Proofs { valid: chains, ..Proofs::default() });
    assert_eq!(corpus.prove(true).await, Proofs::default());

    let by_file = ask(&data, BY_FILE).await;
    assert_eq!(by_file.len() as u64, files);
    let strange: Vec<&String> = by_file.iter().filter(|line| !line.starts_with("verified ")).collect();
    assert_eq!(strange, [&format!("tampered {}", name(&tampered.changed))]);
    assert!(!by_file.iter().any(|line| line.ends_with(name(&tampered.deleted))));
    let digests = "SELECT count(*) FROM events WHERE integrity_digest NOT LIKE 's3://%_CloudTrail-Digest_%'";
    assert_eq!(count(&data, digests).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_learned_twice_is_stored_once() {
    let corpus = Corpus::new();
    let (logs, data) = (corpus.path("logs"), corpus.path("data"));
    run(&data, &logs, 200_000).await;
    corpus.prove(true).await;
    let before = ask(&data, EVERY_ROW).await;
    run(&data, &logs, 200_000).await;
    assert_eq!(ask(&data, EVERY_ROW).await, before);
    // The ledger is lost, then the fingerprints as well: all is read again, and known from the table itself.
    for lost in [&["control.db"][..], &["control.db", "fingerprints"]] {
        for name in lost {
            let path = data.join(name);
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
        let report = run(&data, &logs, 200_000).await;
        assert_eq!((report.stored, report.digests), (0, corpus.made.digests), "{lost:?}");
        corpus.prove(true).await;
        assert_eq!(ask(&data, EVERY_ROW).await, before, "{lost:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_has_the_integrity_of_the_content_it_came_from() {
    let corpus = Corpus::new();
    let (logs, data) = (corpus.path("logs"), corpus.path("data"));
    run(&data, &logs, 200_000).await;
    corpus.prove(true).await;
    let tampered = corpus.made.tampered.clone().unwrap();
    let false_events = count(&data, "SELECT count(*) FROM events WHERE integrity = 'tampered'").await;
    assert!(false_events > 0);

    // A copy without folders, under another name and inflated: the content decides.
    let file =
        ask(&data, "SELECT log_file FROM events WHERE integrity = 'verified' ORDER BY 1 LIMIT 1").await.remove(0);
    let packed = fs::read(file.strip_prefix("file://").unwrap()).unwrap();
    let text = inflate(&packed);
    let elsewhere = corpus.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let fresh = corpus.path("fresh");
    fs::write(elsewhere.join("renamed.json"), &text).unwrap();
    fs::write(elsewhere.join(name(&tampered.deleted).trim_end_matches(".gz")), text.replace("us-", "eu-")).unwrap();
    run(&fresh, &elsewhere, 1 << 20).await;
    run(&fresh, &logs.join("AWSLogs"), 1 << 20).await;
    let key_of = |fresh: &Path| writer_of(fresh.to_owned());
    let lake = key_of(&fresh).await;
    let keys = PublicKeys::parse_json(&corpus.read("keys.json")).unwrap();
    let metadata = MetadataFile::parse_json(&corpus.read("metadata.json")).unwrap();
    prove(&lake, &keys, &metadata).await.unwrap();
    lake.close().await;
    let found = ask(
        &fresh,
        "SELECT DISTINCT integrity || ' ' || split_part(log_file, '/', -1) FROM events WHERE log_file LIKE '%/elsewhere/%' ORDER BY 1",
    )
    .await;
    let inflated = name(&tampered.deleted).trim_end_matches(".gz");
    assert_eq!(found, [format!("tampered {inflated}"), "verified renamed.json".to_owned()]);
}

async fn writer_of(data: PathBuf) -> std::sync::Arc<lake::Writer> {
    writer(&data).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overwritten_file_taints_only_what_came_with_it() {
    let corpus = Corpus::new();
    let (logs, data) = (corpus.path("logs"), corpus.path("data"));
    run(&data, &logs, 200_000).await;
    corpus.prove(true).await;
    let path =
        ask(&data, "SELECT log_file FROM events WHERE integrity = 'verified' ORDER BY 1 LIMIT 1").await.remove(0);
    let events = count(&data, &format!("SELECT count(*) FROM events WHERE log_file = '{path}'")).await;
    let local = path.strip_prefix("file://").unwrap();
    let text = inflate(&fs::read(local).unwrap());
    // One more record in the same place.
    let forged = text.replacen(
        "{\"Records\":[",
        "{\"Records\":[{\"eventTime\":\"2026-03-02T00:00:00Z\",\"eventName\":\"Forged\",\"eventID\":\"forged\"},",
        1,
    );
    assert_ne!(forged, text);
    fs::write(local, forged).unwrap();
    assert_eq!(run(&data, &logs, 200_000).await.stored, 1);
    let sql = format!("SELECT integrity FROM events WHERE log_file = '{path}'");
    let expect = BTreeMap::from([("verified".to_owned(), events), ("tampered".to_owned(), 1)]);
    assert_eq!(tally(&data, &sql).await, expect);
    assert_eq!(ask(&data, "SELECT integrity FROM events WHERE eventid = 'forged'").await, ["tampered"]);
}

fn inflate(packed: &[u8]) -> String {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(packed), &mut text).unwrap();
    text
}
