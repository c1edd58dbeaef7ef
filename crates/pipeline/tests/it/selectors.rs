//! Selectors as SQL and as expressions say the same of what is stored: of generated events, of the cases of the room
//! `trail`, and of real records where they are.

#![expect(clippy::print_stdout, reason = "a test that is not run says so")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use corpus::Config;
use event::arn::{AccountId, Region};
use event::schema::stored::SEQ;
use futures::TryStreamExt;
use lake::location::Location;
use lake::{Tailing, tail};
use predicate::{Predicate, Rows};
use serde_json::Value;
use trail::selectors::{Selectors, StoreScope};

use crate::{ask, run};

/// Selectors beside those of the cases; of each operator one at least, with values that need escapes in SQL, in JSON and in
/// expressions.
const MORE: &[&str] = &[
    r#"[{"ReadWriteType":"ReadOnly","DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]}]"#,
    r#"[{"ReadWriteType":"WriteOnly","DataResources":[{"Type":"AWS::Lambda::Function","Values":["arn:aws:lambda"]}]}]"#,
    r#"[{"DataResources":[{"Type":"AWS::DynamoDB::Table","Values":["arn:aws:dynamodb"]}]}]"#,
    r#"[{"ExcludeManagementEventSources":["kms.amazonaws.com","rdsdata.amazonaws.com"]}]"#,
    r#"[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Management"]},{"Field":"readOnly","Equals":["false"]}]}]"#,
    r#"[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},
        {"Field":"resources.type","Equals":["AWS::S3::Object"]},
        {"Field":"resources.ARN","NotStartsWith":["arn:aws:s3:::b/"],"NotEndsWith":["k","'","\\",".gz"]}]}]"#,
    r#"[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},
        {"Field":"resources.type","Equals":["AWS::S3::Object"]},
        {"Field":"resources.ARN","EndsWith":["(a|b)'\"\\","k","ä"],"NotEquals":["arn:aws:s3:::b/k"]},
        {"Field":"userIdentity.arn","NotEndsWith":["/alice","'"]}]}]"#,
    r#"[{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},
        {"Field":"resources.type","Equals":["AWS::S3::Object"]},
        {"Field":"eventName","EndsWith":["Object"],"NotStartsWith":["Put"]},
        {"Field":"eventSource","Equals":["s3.amazonaws.com"],"NotEquals":["x"]},
        {"Field":"userIdentity.arn","StartsWith":["arn:aws:sts:"],"NotEquals":["x"]},
        {"Field":"sessionCredentialFromConsole","NotEquals":["true"]}]}]"#,
];

/// Records whose texts need escapes wherever they are put.
const ODD: &[&str] = &["b/(a|b)'\"\\", "b/k", "b/ä", "b/}],{\"type\":\"AWS::S3::Object\"}", "x/k", "x/y.gz", ""];

fn odd_records() -> String {
    let record = |(nth, path): (usize, &&str)| {
        let arn = Value::from(format!("arn:aws:s3:::{path}"));
        let of = |name: &str| format!(r#"{{"{name}":{arn},"type":"AWS::S3::Object","accountId":"111122223333"}}"#);
        [of("ARN"), of("arn"), of("ARNPrefix"), format!("{},{}", of("ARN"), of("other"))].map(|resources| {
            format!(
                r#"{{"eventTime":"2026-03-02T10:00:00Z","eventID":"{nth}","eventSource":"s3.amazonaws.com","eventName":"GetObject","eventCategory":"Data","resources":[{resources}],"recipientAccountId":"111122223333"}}"#
            )
        })
    };
    ODD.iter().enumerate().flat_map(record).collect::<Vec<_>>().join("\n")
}

/// The events and the selectors of the cases.
fn cases() -> (Vec<String>, Vec<Selectors>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../trail/testdata/recorded.json");
    let groups: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (mut events, mut selectors) = (Vec::new(), Vec::new());
    for group in groups.as_array().unwrap() {
        // SQL shows `resources` as a list; what is none has no elements there.
        let events_of = group["events"].as_array().unwrap().iter().map(|case| &case["event"]);
        events.extend(events_of.filter(|event| !event["resources"].is_object()).map(Value::to_string));
        for given in group["trails"].as_object().unwrap().values() {
            if let Some(given) = given.get("selectors") {
                selectors.push(serde_json::from_value(given.clone()).unwrap());
            }
        }
    }
    selectors.extend(MORE.iter().map(|text| Selectors::parse(text).unwrap()));
    (events, selectors)
}

/// Returns how many events of the lake each of the selectors takes, after both ways gave the same.
async fn check(data: &Path, all: &[Selectors]) -> Vec<usize> {
    let predicates: Vec<Predicate> =
        all.iter().map(|selectors| Predicate::compile(&selectors.expr()).unwrap()).collect();
    let mut expect = vec![BTreeSet::new(); all.len()];
    let mut events = tail(&Location::local(data), Tailing::default()).await.unwrap();
    while let Some((_, batch)) = events.try_next().await.unwrap() {
        let rows = Rows::of_stored(&batch, &[]).unwrap();
        let seqs = batch.column_by_name(SEQ).unwrap().as_primitive::<Int64Type>();
        for (predicate, expect) in predicates.iter().zip(&mut expect) {
            let mask = predicate.mask(&rows).unwrap();
            let taken = seqs.iter().zip(&mask).filter(|(_, is_taken)| *is_taken == Some(true));
            expect.extend(taken.map(|(seq, _)| seq.unwrap().to_string()));
        }
    }
    for (selectors, expect) in all.iter().zip(&expect) {
        let sql = selectors.sql();
        let found = ask(data, &format!("SELECT seq FROM events WHERE {sql}")).await;
        let found: BTreeSet<String> = found.into_iter().collect();
        let missing: Vec<_> = expect.difference(&found).collect();
        let more: Vec<_> = found.difference(expect).collect();
        assert!(missing.is_empty() && more.is_empty(), "missing {missing:?}, more {more:?}: {selectors:?}\n{sql}");
    }
    expect.iter().map(BTreeSet::len).collect()
}

#[tokio::test]
async fn sql_and_expressions_agree() {
    let folder = tempfile::tempdir().unwrap();
    let (files, data) = (folder.path().join("files"), folder.path().join("data"));
    corpus::generate(&Config::new(6, 2_000_000), &files).unwrap();
    let (events, selectors) = cases();
    std::fs::write(files.join("cases.jsonl"), events.join("\n")).unwrap();
    std::fs::write(files.join("odd.jsonl"), odd_records()).unwrap();
    run(&data, &files, 1 << 20).await;
    let taken = check(&data, &selectors).await;
    let some = taken.iter().filter(|events| **events > 0).count();
    assert!(some * 10 >= taken.len() * 9, "nearly all of them take something: {taken:?}");
}

#[tokio::test]
async fn a_store_holds_the_events_of_its_account_and_region() {
    let folder = tempfile::tempdir().unwrap();
    let (files, data) = (folder.path().join("files"), folder.path().join("data"));
    std::fs::create_dir(&files).unwrap();
    let record = |id: &str, more: &str| {
        format!(
            r#"{{"eventTime":"2026-03-02T10:00:00Z","eventID":"{id}","eventSource":"ec2.amazonaws.com","eventName":"RunInstances",{more}}}"#
        )
    };
    let resources = r#""resources":[{"accountId":"111122223333","type":"AWS::EC2::Instance"}]"#;
    let caller = |account: &str, of_arn: &str| {
        format!(r#""userIdentity":{{"type":"IAMUser",{account}"arn":"arn:aws:iam::{of_arn}:user/alice"}}"#)
    };
    let owner = |member: &str, of_arn: &str, account: &str| {
        format!(r#""resources":[{{"{member}":"arn:aws:kms:us-east-1:{of_arn}",{account}"type":"AWS::KMS::Key"}}]"#)
    };
    let other_owner = r#""accountId":"444455556666","#;
    let lines = [
        record("a", r#""awsRegion":"us-east-1","recipientAccountId":"111122223333""#),
        record("b", r#""awsRegion":"eu-west-1","recipientAccountId":"111122223333""#),
        record("c", r#""awsRegion":"us-east-1","recipientAccountId":"444455556666""#),
        record("d", r#""awsRegion":"us-east-1","userIdentity":{"accountId":"111122223333"}"#),
        record("e", &format!(r#""awsRegion":"us-east-1",{resources}"#)),
        record("f", &format!(r#""awsRegion":"us-east-1","recipientAccountId":"444455556666",{resources}"#)),
        record("g", &format!(r#""awsRegion":"us-east-1","recipientAccountId":"",{resources}"#)),
        record("h", &format!(r#""awsRegion":"us-east-1","recipientAccountId":null,{}"#, caller("", "111122223333"))),
        record(
            "i",
            &format!(r#""awsRegion":"us-east-1",{}"#, caller(r#""accountId":"444455556666","#, "111122223333")),
        ),
        record("j", &format!(r#""awsRegion":"us-east-1",{}"#, owner("ARN", "111122223333:key/1", ""))),
        record("k", &format!(r#""awsRegion":"us-east-1",{}"#, owner("ARNPrefix", "111122223333:key/", ""))),
        record("l", &format!(r#""awsRegion":"us-east-1",{}"#, owner("ARN", "444455556666:key/a:111122223333:", ""))),
        record("m", &format!(r#""awsRegion":"us-east-1",{}"#, owner("ARN", "111122223333:key/1", other_owner))),
        record("n", &format!(r#""awsRegion":"us-east-1",{}"#, owner("ARNPrefix", "111122223333:key/", other_owner))),
    ];
    std::fs::write(files.join("events.jsonl"), lines.join("\n")).unwrap();
    run(&data, &files, 1 << 20).await;
    let (account, region) = (AccountId::parse("111122223333"), Region::parse("us-east-1"));
    let cases = [
        (None, None, "abcdefghijklmn"),
        (account, None, "abdeghjk"),
        (None, region.clone(), "acdefghijklmn"),
        (account, region, "adeghjk"),
    ];
    for (account, region, expect) in cases {
        let scope = StoreScope { account, region };
        let sql = Selectors::of_new_store().store_sql(&scope);
        let found = ask(&data, &format!("SELECT eventID FROM events WHERE {sql} ORDER BY eventID")).await;
        assert_eq!(found.concat(), expect, "{sql}");
    }
}

#[tokio::test]
async fn sql_and_expressions_agree_on_real_records() {
    let Some(records) = std::env::var_os("TRAILKEEP_ACCEPTANCE").map(|data| PathBuf::from(data).join("records")) else {
        println!("acceptance: not run, TRAILKEEP_ACCEPTANCE is not set");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &records, 16 << 20).await;
    let (_, selectors) = cases();
    check(folder.path(), &selectors).await;
    println!("acceptance: {} selectors agree on real records", selectors.len());
}
