//! Temporary credentials: issued before they are used, at the second they name; over accounts in two copies.

use std::collections::HashMap;

use serde_json::Value;

use crate::bucket::{BUCKET, text};

/// The issuing record of each temporary key; of two copies either, since they agree.
fn issued() -> HashMap<&'static str, &'static Value> {
    let mut issued = HashMap::new();
    for (_, record) in BUCKET.records() {
        if let Some(key) = record["responseElements"]["credentials"]["accessKeyId"].as_str() {
            issued.insert(key, record);
        }
    }
    issued
}

#[test]
fn a_quarter_of_the_records_use_a_key_whose_issuing_is_known() {
    let issued = issued();
    let mut uses = 0;
    for (_, record) in BUCKET.records() {
        let identity = &record["userIdentity"];
        let Some(start) = identity["accessKeyId"].as_str().and_then(|key| issued.get(key)) else { continue };
        uses += 1;
        let (born, time) = (text(start, "eventTime"), text(record, "eventTime"));
        assert_eq!(identity["sessionContext"]["attributes"]["creationDate"], born, "{record}");
        assert!(born <= time, "used before it was issued: {record}");
        if identity["type"] == "AssumedRole" {
            let assumed = &start["responseElements"]["assumedRoleUser"];
            assert_eq!(identity["arn"], assumed["arn"], "{record}");
            assert_eq!(identity["principalId"], assumed["assumedRoleId"], "{record}");
        }
    }
    let share = uses * 100 / BUCKET.summary.records;
    assert!((22..=33).contains(&share), "{share} % of the records use a key issued in the corpus");
}

#[test]
fn calls_over_accounts_have_two_copies_with_one_shared_id() {
    let mut copies: HashMap<&str, Vec<&Value>> = HashMap::new();
    for (_, record) in BUCKET.records() {
        if let Some(id) = record["sharedEventID"].as_str() {
            copies.entry(id).or_default().push(record);
        }
    }
    let mut pairs = 0;
    for records in copies.values() {
        let [one, other] = records[..] else {
            assert_eq!(records[0]["userIdentity"]["type"], "AWSService", "a copy is missing: {}", records[0]);
            continue;
        };
        pairs += 1;
        for member in ["eventName", "eventTime", "requestParameters", "responseElements", "awsRegion"] {
            assert_eq!(one[member], other[member], "{member}");
        }
        assert_ne!(one["recipientAccountId"], other["recipientAccountId"]);
        let owner = if one["userIdentity"]["type"] == "AWSAccount" { one } else { other };
        let role = text(&owner["requestParameters"], "roleArn");
        assert!(
            role.contains(text(owner, "recipientAccountId")),
            "the owner's copy goes to the role's account: {owner}"
        );
        assert!(owner["userIdentity"].get("arn").is_none(), "{owner}");
    }
    assert!(pairs >= 20, "{pairs} calls over accounts");
}

#[test]
fn every_kind_of_session_occurs() {
    let issued = issued();
    let starts = |wanted: &dyn Fn(&Value) -> bool| issued.values().filter(|record| wanted(record)).count();
    for principal in ["ec2", "ecs-tasks", "lambda"] {
        let invoked_by = format!("{principal}.amazonaws.com");
        assert!(starts(&|r| r["userIdentity"]["invokedBy"] == invoked_by.as_str()) > 50, "{principal}");
    }
    for (name, count) in
        [("AssumeRole", 500), ("AssumeRoleWithSAML", 20), ("AssumeRoleWithWebIdentity", 10), ("GetSessionToken", 1)]
    {
        assert!(starts(&|r| r["eventName"] == name) >= count, "{name}");
    }
    assert!(starts(&|r| r["responseElements"].to_string().contains("assumed-role/AWSReservedSSO_")) > 20);
}

#[test]
fn a_switch_of_roles_has_its_assume_role_in_the_same_second() {
    let issued = issued();
    let switches: Vec<&Value> = BUCKET.records().map(|(_, r)| r).filter(|r| r["eventName"] == "SwitchRole").collect();
    assert!(!switches.is_empty());
    for record in switches {
        let start = issued[text(&record["userIdentity"], "accessKeyId")];
        assert_eq!(start["eventTime"], record["eventTime"]);
        let from = text(&record["additionalEventData"], "SwitchFrom");
        assert!(from.contains(":user/"), "{record}");
        let named = from.rsplit_once('/').map(|(_, user)| user);
        assert_eq!(start["requestParameters"]["roleSessionName"].as_str(), named, "{start}");
    }
}

#[test]
fn a_source_identity_stays_with_its_session() {
    let issued = issued();
    let mut carried = 0;
    for (_, record) in BUCKET.records() {
        let Some(start) = record["userIdentity"]["accessKeyId"].as_str().and_then(|key| issued.get(key)) else {
            continue;
        };
        let who = &start["requestParameters"]["sourceIdentity"];
        assert_eq!(&record["userIdentity"]["sessionContext"]["sourceIdentity"], who, "{record}");
        carried += usize::from(who.is_string());
    }
    assert!(carried > 20, "{carried} records carry a sourceIdentity");
}
