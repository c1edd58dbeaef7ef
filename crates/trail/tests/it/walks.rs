//! Chains walked as AWS's own validator walks them.

use jiff::Timestamp;
use trail::digest::{Chain, Location, Step, Walk, verify};

use crate::bucket::{ACCOUNT, BUCKET, Bucket, REGION, keys, time};

fn chain() -> Chain {
    Chain {
        prefix: String::new(),
        organization_id: None,
        account_id: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        trail: "audit".to_owned(),
        home_region: REGION.to_owned(),
    }
}

/// Walks and returns one word a step: the hour of a digest and what became of it.
fn walk(bucket: &Bucket, start: &str, end: &str) -> Vec<String> {
    let (start, end): (Timestamp, Timestamp) = (time(start), time(end));
    let mut walk = Walk::new(chain(), BUCKET.to_owned(), (start, end), &bucket.keys(true), false);
    let mut said = Vec::new();
    loop {
        match walk.step() {
            Step::Read(at) => {
                let hour = at.key.get(at.key.len() - 15..at.key.len() - 13).unwrap().to_owned();
                let Some(object) = bucket.0.get(&at.key) else {
                    said.push(format!("{hour} missing"));
                    walk.broken();
                    continue;
                };
                match verify(&object.bytes, Some(&at), &object.metadata, &keys()) {
                    Ok(file) => {
                        said.push(format!("{hour} valid"));
                        walk.valid(&file);
                    }
                    Err(fault) => {
                        said.push(format!("{hour} {}", fault.code()));
                        walk.broken();
                    }
                }
            }
            Step::Gap { from, until } => said.push(format!("gap {} {}", from.strftime("%H"), until.strftime("%H"))),
            Step::List { bucket, .. } => said.push(format!("list {bucket}")),
            Step::Lost { text } => said.push(format!("lost {text}")),
            Step::End => return said,
        }
        assert!(said.len() < 100, "the walk ends: {said:?}");
    }
}

const DAY: (&str, &str) = ("2024-05-01T10:00:00Z", "2024-05-01T15:00:00Z");

#[test]
fn the_links_lead() {
    let whole = Bucket::chain(REGION, 4);
    let mut newest_gone = whole.clone();
    newest_gone.remove(true, 3);
    let mut middle_gone = whole.clone();
    middle_gone.remove(true, 1);
    let mut two_gone = middle_gone.clone();
    two_gone.remove(true, 1);
    let mut first_gone = whole.clone();
    first_gone.remove(true, 0);
    let mut changed = whole.clone();
    changed.nth(true, 2).metadata.signature = Some("00".to_owned());
    let mut restarted = Bucket::chain(REGION, 1);
    restarted.add_chain(REGION, time("2024-05-01T14:00:00Z"), 1);
    let cases: [(&str, &Bucket, &[&str]); 7] = [
        ("whole", &whole, &["14 valid", "13 valid", "12 valid", "11 valid"]),
        ("newest gone", &newest_gone, &["13 valid", "12 valid", "11 valid"]),
        ("one gone", &middle_gone, &["14 valid", "13 valid", "12 missing", "11 valid"]),
        ("two gone", &two_gone, &["14 valid", "13 missing", "11 valid"]),
        ("first gone", &first_gone, &["14 valid", "13 valid", "12 valid", "11 missing"]),
        ("changed", &changed, &["14 valid", "13 signature-mismatch", "12 valid", "11 valid"]),
        ("restarted", &restarted, &["14 valid", "gap 11 13", "11 valid"]),
    ];
    for (name, bucket, expect) in cases {
        assert_eq!(walk(bucket, DAY.0, DAY.1), expect, "{name}");
    }
}

#[test]
fn only_the_time_asked_about_is_walked() {
    let whole = Bucket::chain(REGION, 5);
    let cases: [((&str, &str), &[&str]); 4] = [
        (("2024-05-01T11:30:00Z", "2024-05-01T12:00:00Z"), &["13 valid", "12 valid"]),
        (("2024-05-01T15:30:00Z", "2024-05-01T20:00:00Z"), &[]),
        (("2024-04-01T00:00:00Z", "2024-04-30T00:00:00Z"), &[]),
        (("2024-05-01T14:00:00Z", "2024-05-01T14:00:00Z"), &["15 valid", "14 valid"]),
    ];
    for ((start, end), expect) in cases {
        assert_eq!(walk(&whole, start, end), expect, "{start} to {end}");
    }
}

#[test]
fn keys_of_other_chains_are_left_aside() {
    let ours = chain();
    let folder = ours.folder();
    let name = format!("{ACCOUNT}_CloudTrail-Digest_{REGION}_audit_{REGION}");
    let cases = [
        (format!("{folder}/2024/05/01/{name}_20240501T110000Z.json.gz"), Some(("20240501T110000Z", false))),
        (format!("{folder}/2024/05/01/{name}_20240501T110000Z_backfill.json.gz"), Some(("20240501T110000Z", true))),
        (format!("{folder}/2024/05/01/{name}2_20240501T110000Z.json.gz"), None),
        (format!("{folder}/2024/05/01/{name}_20240501T110000Z.json"), None),
        (format!("{folder}/2024/05/01/{name}_yesterday.json.gz"), None),
        (format!("{folder}/2024/05/{name}_20240501T110000Z.json.gz"), None),
        (format!("{folder}/2024/05/x/{name}_20240501T110000Z.json.gz"), None),
        (format!("x/{folder}/2024/05/01/{name}_20240501T110000Z.json.gz"), None),
    ];
    for (key, expect) in cases {
        assert_eq!(ours.time_of(&key), expect, "{key}");
    }
    let organization = Chain { prefix: "p/q".to_owned(), organization_id: Some("o-abc".to_owned()), ..ours };
    assert_eq!(organization.folder(), format!("p/q/AWSLogs/o-abc/{ACCOUNT}/CloudTrail-Digest/{REGION}"));
    let marker = organization.marker(time("2024-05-01T00:00:30Z"));
    assert!(
        marker
            .ends_with("/2024/04/30/111122223333_CloudTrail-Digest_eu-west-1_audit_eu-west-1_20240430T235930Z.json.gz")
    );
}

#[test]
fn a_chain_moves_to_another_bucket_or_gets_lost() {
    let whole = Bucket::chain(REGION, 2);
    let keys_listed = whole.keys(true);
    let newest = keys_listed.last().unwrap().clone();
    let object = whole.0.get(&newest).unwrap();
    let mut file = verify(&object.bytes, None, &object.metadata, &keys()).unwrap();
    let range = (time(DAY.0), time(DAY.1));
    let mut walk = Walk::new(chain(), BUCKET.to_owned(), range, &keys_listed, false);
    assert_eq!(walk.step(), Step::Read(Location::new(BUCKET, newest.clone())));
    assert_eq!(walk.ahead(&newest).count(), 1);
    let mut lost = walk.clone();
    file.previous.as_mut().unwrap().location.bucket = "older".to_owned();
    walk.valid(&file);
    assert_eq!(walk.step(), Step::List { bucket: "older".to_owned(), end: file.end });
    walk.listed(&[]);
    assert_eq!(walk.step(), Step::Read(Location::new("older", keys_listed.first().unwrap().clone())));
    walk.broken();
    assert_eq!(walk.step(), Step::End);

    file.previous.as_mut().unwrap().location = Location::new(BUCKET, "../../etc/passwd");
    lost.valid(&file);
    assert_eq!(lost.step(), Step::Read(Location::new(BUCKET, "../../etc/passwd")));
    lost.broken();
    assert_eq!(lost.step(), Step::Lost { text: "../../et".to_owned() });
    assert_eq!(lost.step(), Step::End);
}
