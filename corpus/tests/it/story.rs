//! The attack: each fact of the summary is in the files, and the files say nothing else about it.

use std::collections::HashMap;

use corpus::{Config, Stage};
use serde_json::Value;

use crate::bucket::{BUCKET, Bucket, text};

const STAGES: [Stage; 7] = [
    Stage::Leak,
    Stage::Enumeration,
    Stage::Movement,
    Stage::Persistence,
    Stage::Evasion,
    Stage::Exfiltration,
    Stage::Destruction,
];

#[test]
fn the_story_is_whole_in_every_size_and_seed() {
    check(&BUCKET);
    for config in [
        Config::new(1, 1_000_000),
        Config::new(u64::MAX, 2_500_000),
        Config { days: 9, ..Config::new(11, 1_500_000) },
        Config { start: jiff::civil::date(2024, 2, 27), ..Config::new(12, 4_000_000) },
    ] {
        check(&Bucket::generate(config));
    }
}

fn check(bucket: &Bucket) {
    let story = &bucket.summary.story;
    let by_id: HashMap<&str, &Value> = bucket.records().map(|(_, r)| (text(r, "eventID"), r)).collect();
    for step in &story.steps {
        let record = by_id.get(step.event_id.as_str()).unwrap_or_else(|| panic!("no record of {step:?}"));
        assert_eq!(text(record, "eventName"), step.event_name);
        assert_eq!(text(record, "eventTime"), step.time.to_string());
        assert_eq!(text(record, "recipientAccountId"), step.account_id);
        assert_eq!(text(record, "sourceIPAddress"), step.address);
        assert_eq!(record["userIdentity"]["accessKeyId"].as_str().unwrap_or_default(), step.access_key);
        assert_eq!(record["errorCode"].as_str(), step.error_code.as_deref());
        assert_eq!(record["awsRegion"], story.region.as_str());
    }
    for stage in STAGES {
        assert!(story.stage(stage).count() > 0, "{stage:?} is missing");
    }
    assert!(story.steps.is_sorted_by_key(|step| (step.stage, step.time)), "stages follow one another");
    check_addresses(bucket);
    check_chain(bucket, &by_id);
    check_theft(bucket);
}

/// The attacker's addresses belong to the attacker alone, and the leaked key has an owner who uses it too.
fn check_addresses(bucket: &Bucket) {
    let story = &bucket.summary.story;
    let foreign = bucket.records().filter(|(_, r)| story.addresses.iter().any(|a| r["sourceIPAddress"] == a.as_str()));
    assert_eq!(foreign.count(), story.steps.len());
    assert!(story.stage(Stage::Enumeration).all(|step| step.error_code.is_some()), "enumeration is refused");
    let leak = story.steps.first().expect("a first step");
    assert_eq!((leak.event_name.as_str(), &leak.access_key), ("GetCallerIdentity", &story.leaked_key));
    assert_eq!(leak.time, story.started());
}

fn check_chain(bucket: &Bucket, by_id: &HashMap<&str, &Value>) {
    let story = &bucket.summary.story;
    let mut key = &story.leaked_key;
    let mut accounts = Vec::new();
    for hop in &story.chain {
        let record = by_id[hop.event_ids[0].as_str()];
        assert_eq!(record["userIdentity"]["accessKeyId"], key.as_str(), "the chain does not break");
        assert_eq!(record["requestParameters"]["roleArn"], hop.role_arn.as_str());
        assert_eq!(record["responseElements"]["assumedRoleUser"]["arn"], hop.session_arn.as_str());
        for id in &hop.event_ids {
            let copy = by_id[id.as_str()];
            assert_eq!(copy["responseElements"]["credentials"]["accessKeyId"], hop.access_key.as_str());
            assert_eq!(copy["sharedEventID"].as_str(), hop.shared_event_id.as_deref());
        }
        assert_eq!(hop.event_ids.len(), if hop.shared_event_id.is_some() { 2 } else { 1 });
        key = &hop.access_key;
        accounts.push(&hop.account_id);
    }
    accounts.dedup();
    assert_eq!(accounts.len(), 3, "the chain crosses three accounts: {accounts:?}");
    for step in story.stage(Stage::Persistence).chain(story.stage(Stage::Evasion)) {
        assert_eq!(&step.access_key, key, "the last role does {}", step.event_name);
    }
    let made: Vec<&str> = story.stage(Stage::Persistence).map(|step| step.event_name.as_str()).collect();
    assert_eq!(made, ["CreateUser", "AttachUserPolicy", "CreateAccessKey"]);
    let created = story.stage(Stage::Persistence).last().map(|step| by_id[step.event_id.as_str()]);
    let created = created.expect("a key is created");
    assert_eq!(created["responseElements"]["accessKey"]["accessKeyId"], story.backdoor_key.as_str());
    let stop = story.stage(Stage::Evasion).next().map(|step| by_id[step.event_id.as_str()]).expect("an attempt");
    assert_eq!(
        (text(stop, "eventName"), &stop["requestParameters"]["name"]),
        ("StopLogging", &Value::from(story.trail_arn.as_str()))
    );
}

fn check_theft(bucket: &Bucket) {
    let story = &bucket.summary.story;
    let keys = |name: &str| -> Vec<&str> {
        let by_backdoor = |r: &&Value| r["userIdentity"]["accessKeyId"] == story.backdoor_key.as_str();
        let records = bucket.records().map(|(_, r)| r).filter(by_backdoor).filter(|r| r["eventName"] == name);
        let mut keys: Vec<&str> = records
            .inspect(|r| assert_eq!(r["requestParameters"]["bucketName"], story.bucket.as_str()))
            .map(|r| text(&r["requestParameters"], "key"))
            .collect();
        keys.sort_unstable();
        keys
    };
    let (read, deleted) = (keys("GetObject"), keys("DeleteObject"));
    assert_eq!((read.len(), deleted.len()), (story.objects_read as usize, story.objects_deleted as usize));
    assert!(deleted.iter().all(|key| read.contains(key)), "what is deleted was read before");
    assert_eq!(
        bucket
            .records()
            .filter(|(_, r)| r["eventName"] == "ListBuckets" && r["sourceIPAddress"] == story.addresses[1].as_str())
            .count(),
        1
    );
}
