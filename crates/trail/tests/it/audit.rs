//! Whole buckets, broken in one place, and all that an audit says of them.

use trail::audit::{Counts, Findings, GroupName};

use crate::bucket::{ACCOUNT, Bucket, How, KEY, Object, REGION, digest, gzip, log_content, log_key, time};

/// The problems in short: subject, code and the last part of the place, sorted.
fn problems(findings: &Findings) -> Vec<String> {
    let last = |uri: &str| uri.rsplit('_').take(if uri.contains("Digest") { 1 } else { 2 }).last().unwrap().to_owned();
    let line =
        |problem: &trail::audit::Problem| format!("{:?} {} {}", problem.subject, problem.code, last(&problem.uri));
    findings.problems.iter().map(line).collect()
}

fn check(name: &str, bucket: &Bucket, how: How, expect: &[&str]) -> Findings {
    let findings = bucket.audit(how);
    let found: Vec<String> = problems(&findings);
    assert_eq!(found.len(), expect.len(), "{name}, {how:?}: {found:?}");
    for (found, expect) in found.iter().zip(expect) {
        assert!(found.starts_with(expect), "{name}, {how:?}: {found} for {expect}");
    }
    assert_eq!(findings.is_clean(), expect.is_empty());
    findings
}

#[test]
fn a_whole_bucket_is_clean() {
    let bucket = Bucket::chain(REGION, 4);
    for (how, valid, unsigned) in [(How::Bucket, 4, 0), (How::Saved, 4, 0), (How::Bare, 3, 1)] {
        let findings = check("whole", &bucket, how, &[]);
        let [group] = &findings.groups[..] else { panic!("{findings:?}") };
        assert_eq!(group.name, GroupName { account: ACCOUNT.to_owned(), region: REGION.to_owned() });
        assert_eq!(group.covered, Some((time("2024-05-01T10:00:00Z"), time("2024-05-01T14:00:00Z"))));
        let Counts { digests_valid, digests_unsigned, log_files_valid, log_files_unsigned, .. } = group.counts;
        assert_eq!((digests_valid, digests_unsigned, log_files_valid), (valid, unsigned, 8), "{how:?}");
        assert_eq!(log_files_unsigned, unsigned * 2);
    }
}

#[test]
fn missing_digests_are_all_named() {
    let whole = Bucket::chain(REGION, 5);
    let without = |gone: &[usize]| {
        let mut bucket = whole.clone();
        gone.iter().rev().for_each(|nth| drop(bucket.remove(true, *nth)));
        bucket
    };
    let digest = |hour: u32| format!("Digest not-found 20240501T{hour}0000Z.json.gz");
    for gone in [&[1][..], &[1, 2], &[1, 2, 3], &[0], &[4], &[3, 4], &[0, 1], &[0, 2, 4]] {
        let bucket = without(gone);
        let expect: Vec<String> = gone.iter().map(|nth| digest(11 + *nth as u32)).collect();
        let expect: Vec<&str> = expect.iter().map(String::as_str).collect();
        for how in [How::Bucket, How::Saved] {
            let findings = check(&format!("{gone:?}"), &bucket, how, &expect);
            assert_eq!(findings.total().log_files_uncovered, gone.len() as u64 * 2, "{gone:?}");
        }
    }
}

#[test]
fn digests_without_files_are_missed_by_the_other_regions() {
    let mut bucket = Bucket::chain(REGION, 3);
    bucket.add_chain("us-east-1", time("2024-05-01T11:00:10Z"), 5);
    let findings = check(
        "one Region ends early",
        &bucket,
        How::Bucket,
        &["Digest not-found 20240501T140000Z", "Digest not-found 20240501T150000Z"],
    );
    assert_eq!(findings.groups.len(), 2);
    for key in bucket.keys(true).iter().filter(|key| key.contains(REGION) && !key.contains("us-east-1/")) {
        bucket.0.remove(key);
    }
    check("one Region has none", &bucket, How::Bucket, &["Digest no-digests"]);
}

#[test]
fn broken_digests_are_told_apart() {
    let whole = Bucket::chain(REGION, 4);
    let mut cut = whole.clone();
    cut.nth(true, 1).bytes.truncate(40);
    let mut trailing = whole.clone();
    trailing.nth(true, 1).bytes.extend_from_slice(&gzip(b"{}", 6));
    let mut changed = whole.clone();
    let content = String::from_utf8(inflate(&changed.nth(true, 1).bytes)).unwrap();
    changed.nth(true, 1).bytes = gzip(content.replace("10:00:00Z", "10:00:01Z").as_bytes(), 6);
    let mut unsigned = whole.clone();
    unsigned.nth(true, 1).metadata.signature = Some("zz".to_owned());
    let cases: [(&str, &Bucket, How, &[&str]); 7] = [
        ("cut", &cut, How::Bucket, &["Digest damaged-gzip"]),
        ("trailing", &trailing, How::Bucket, &["Digest trailing-data"]),
        ("changed", &changed, How::Bucket, &["Digest signature-mismatch"]),
        ("changed", &changed, How::Saved, &["Digest signature-mismatch"]),
        ("changed", &changed, How::Bare, &["Digest signature-mismatch"]),
        ("no hex", &unsigned, How::Bucket, &["Digest signature-not-hex"]),
        ("no hex, and not needed", &unsigned, How::Bare, &[]),
    ];
    for (name, bucket, how, expect) in cases {
        let findings = check(name, bucket, how, expect);
        let total = findings.total();
        let is_lost = total.digests_invalid > 0;
        assert_eq!(total.log_files_disowned + total.log_files_uncovered, if is_lost { 2 } else { 0 }, "{name} {how:?}");
    }
}

#[test]
fn a_digest_that_was_made_anew_does_not_fit_the_next() {
    let mut bucket = Bucket::chain(REGION, 3);
    let key = bucket.keys(true)[0].clone();
    // Signed by the true key, but with other content than the next digest repeats the hash of.
    bucket.put(&KEY.seal(digest(REGION, time("2024-05-01T11:00:00Z"), &[])).unwrap());
    assert!(bucket.0.contains_key(&key));
    let findings = check(
        "made anew",
        &bucket,
        How::Bucket,
        &["Digest previous-hash-mismatch", "LogFile not-named", "LogFile not-named"],
    );
    assert_eq!(findings.total().log_files_extra, 2);
}

#[test]
fn log_files_are_told_apart() {
    let whole = Bucket::chain(REGION, 2);
    let change = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bucket = whole.clone();
        change(&mut bucket.nth(false, 1).bytes);
        bucket
    };
    let packed = |content: &[u8]| gzip(content, 6);
    let cases: Vec<(&str, Bucket, &[&str])> = vec![
        ("changed", change(&|bytes| *bytes = packed(b"{\"Records\":[]}")), &["LogFile hash-mismatch"]),
        ("second stream", change(&|bytes| bytes.extend_from_slice(&packed(b"{}"))), &["LogFile trailing-data"]),
        ("trailing bytes", change(&|bytes| bytes.push(0)), &["LogFile trailing-data"]),
        ("cut", change(&|bytes| bytes.truncate(30)), &["LogFile truncated"]),
        ("no gzip", change(&|bytes| *bytes = b"gone".to_vec()), &["LogFile not-gzip"]),
        ("packed anew", change(&|bytes| *bytes = gzip(&inflate(bytes), 1)), &[]),
        ("inflated", change(&|bytes| *bytes = inflate(bytes)), &[]),
    ];
    for (name, bucket, expect) in cases {
        for how in [How::Bucket, How::Saved, How::Bare] {
            let findings = check(name, &bucket, how, expect);
            let total = findings.total();
            assert_eq!(total.log_files_valid, if expect.is_empty() { 4 } else { 3 }, "{name}");
            assert_eq!(total.log_files_repacked, u64::from(expect.is_empty()), "{name}");
            assert_eq!(findings.repacked.len() as u64, total.log_files_repacked);
        }
    }
    let mut gone = whole.clone();
    gone.remove(false, 2);
    check("gone", &gone, How::Bucket, &["LogFile not-found"]);
}

#[test]
fn names_may_be_lost_but_not_content() {
    let mut bucket = Bucket::chain(REGION, 2);
    let (key, object) =
        bucket.0.iter().find(|(key, _)| !key.contains("Digest")).map(|(k, o)| (k.clone(), o.clone())).unwrap();
    bucket.0.remove(&key);
    bucket.0.insert("backup/tuesday.gz".to_owned(), object.clone());
    let findings = check("renamed", &bucket, How::Saved, &[]);
    assert_eq!((findings.renamed.len(), findings.total().log_files_renamed), (1, 1));
    // A digest under another name is known by its content.
    let digest_key = bucket.keys(true)[0].clone();
    let moved = bucket.0.remove(&digest_key).unwrap();
    bucket.0.insert("backup/digest-1".to_owned(), moved);
    check("a renamed digest", &bucket, How::Bare, &[]);
    // The same file twice is a copy.
    bucket.0.insert(format!("again/{}", key.rsplit('/').next().unwrap()), object.clone());
    bucket.0.insert(key, object);
    assert_eq!(check("twice", &bucket, How::Bare, &["LogFile not-named"]).total().copies, 1);
}

#[test]
fn files_that_nobody_promised() {
    let mut bucket = Bucket::chain(REGION, 2);
    let mut add = |key: String, bytes: Vec<u8>| {
        bucket.0.insert(key, Object { bytes, metadata: Default::default() });
    };
    add(log_key(REGION, time("2024-05-01T10:20:00Z"), "forged"), gzip(&log_content("forged"), 6));
    add(log_key(REGION, time("2024-05-01T09:20:00Z"), "early"), gzip(&log_content("early"), 6));
    add("notes/forged.json".to_owned(), log_content("also forged"));
    add("notes/readme.txt".to_owned(), b"Hello.".to_vec());
    let findings = check("unnamed", &bucket, How::Bucket, &["LogFile not-named", "LogFile not-named"]);
    assert_eq!(
        (findings.total().log_files_extra, findings.total().log_files_uncovered, findings.other_files),
        (2, 1, 1)
    );
}

#[test]
fn a_path_that_leads_astray_is_a_status() {
    let mut bucket = Bucket::default();
    for key in ["AWSLogs/../../etc/passwd", "/etc/passwd", "a/./b"] {
        let listed = [(key.to_owned(), log_content("x"))];
        bucket.put(&KEY.seal(digest(REGION, time("2024-05-01T11:00:00Z"), &listed)).unwrap());
        check(key, &bucket, How::Bucket, &["Digest suspect-path"]);
    }
}

#[test]
fn a_gap_between_two_chains_is_a_fact() {
    let mut bucket = Bucket::chain(REGION, 2);
    bucket.add_chain(REGION, time("2024-05-01T20:00:00Z"), 2);
    let findings = check("restarted", &bucket, How::Bucket, &[]);
    let [gap] = &findings.gaps[..] else { panic!("{findings:?}") };
    assert_eq!((gap.from, gap.until), (time("2024-05-01T12:00:00Z"), time("2024-05-01T19:00:00Z")));
}

fn inflate(bytes: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut content).unwrap();
    content
}
