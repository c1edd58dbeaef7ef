//! Event history through the API.

use event::time::EventTime;
use lake::Compaction;
use serde_json::{Value, json};

use crate::operation::Operation::{self, *};
use crate::testing::{ACCOUNT, Ground, code};

/// A record of a time and with an ID, and what else it has.
fn record(time: &str, id: &str, given: Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.08", "eventTime": time, "eventID": id, "eventName": "RunInstances",
        "eventSource": "ec2.amazonaws.com", "awsRegion": "us-east-1", "readOnly": false, "eventCategory": "Management",
        "recipientAccountId": ACCOUNT, "userIdentity": {"type": "IAMUser", "userName": "alice", "accessKeyId": "AKIAEXAMPLE"}
    });
    record.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
    record
}

async fn ground() -> Ground {
    let ground = Ground::new();
    let far = json!({"awsRegion": "eu-west-1"});
    ground
        .store(&[
            record("2026-01-01T00:00:00Z", "old", json!({})),
            record("2026-05-30T10:00:00Z", "first", json!({"eventName": "CreateUser"})),
            record("2026-05-31T10:00:00Z", "far", far),
            record("2026-05-31T11:00:00Z", "stranger", json!({"recipientAccountId": "444455556666"})),
            record("2026-06-01T10:00:00Z", "last", json!({"requestParameters": {"instanceId": "i-0a"}})),
        ])
        .await;
    ground
}

fn ids(answer: &Value) -> String {
    let events = answer["Events"].as_array().unwrap_or_else(|| panic!("{answer}"));
    events.iter().map(|event| event["EventId"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_key_sees_its_account_and_region_and_a_key_of_all_sees_all() {
    let ground = ground().await;
    let mut all = ground.call();
    all.sees_all = true;
    let attribute = |key: &str, value: &str| json!({"AttributeKey": key, "AttributeValue": value});
    let cases = [
        (ground.call(), json!({}), "last first"),
        (ground.call_of(ACCOUNT, "eu-west-1"), json!({}), "far"),
        (ground.call_of("444455556666", "us-east-1"), json!({}), "stranger"),
        (all.clone(), json!({}), "last stranger far first old"),
        (ground.call(), json!({"StartTime": 1_780_308_000}), "last"),
        (ground.call(), json!({"EndTime": "2026-05-30T10:00:00Z"}), "first"),
        (ground.call(), json!({"StartTime": 0, "EndTime": 1_767_225_600}), ""),
        (all.clone(), json!({"StartTime": 0, "EndTime": 1_767_225_600}), "old"),
        (
            all,
            json!({"LookupAttributes": [attribute("EventName", "RunInstances"), attribute("ResourceName", "i-0a")]}),
            "last",
        ),
        (ground.call(), json!({"LookupAttributes": [attribute("ReadOnly", "TRUE")]}), ""),
        (ground.call(), json!({"EventCategory": "insight"}), ""),
    ];
    for (call, input, expected) in cases {
        assert_eq!(ids(&ground.run_as(&call, LookupEvents, input.clone()).await), expected, "{input}");
    }
}

#[tokio::test]
async fn an_event_is_answered_with_its_record() {
    let ground = ground().await;
    let answer = ground.run(LookupEvents, json!({"MaxResults": 1})).await;
    let mut event = answer["Events"][0].clone();
    let text = event.as_object_mut().unwrap().remove("CloudTrailEvent").unwrap();
    let sent = record("2026-06-01T10:00:00Z", "last", json!({"requestParameters": {"instanceId": "i-0a"}}));
    assert_eq!(text, sent.to_string(), "the record is given back byte for byte");
    let expected = json!({
        "EventId": "last", "EventName": "RunInstances", "ReadOnly": "false", "AccessKeyId": "AKIAEXAMPLE",
        "EventTime": 1_780_308_000, "EventSource": "ec2.amazonaws.com", "Username": "alice",
        "Resources": [{"ResourceType": "AWS::EC2::Instance", "ResourceName": "i-0a"}]
    });
    assert_eq!(event, expected);
}

#[tokio::test]
async fn wrong_questions_are_refused() {
    let ground = ground().await;
    let attribute =
        |key: &str, value: &str| json!({"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]});
    let token = ground.run(LookupEvents, json!({"MaxResults": 1})).await["NextToken"].clone();
    let cases: Vec<(Operation, Value, &str)> = vec![
        (LookupEvents, json!({"MaxResults": 0}), "InvalidMaxResultsException"),
        (LookupEvents, json!({"MaxResults": 51}), "InvalidMaxResultsException"),
        (LookupEvents, json!({"StartTime": 2, "EndTime": 1}), "InvalidTimeRangeException"),
        (LookupEvents, json!({"EventCategory": "Insight"}), "InvalidEventCategoryException"),
        (LookupEvents, attribute("Nothing", "x"), "InvalidLookupAttributesException"),
        (LookupEvents, attribute("EventId", ""), "InvalidLookupAttributesException"),
        (LookupEvents, attribute("EventId", &"x".repeat(2_001)), "InvalidLookupAttributesException"),
        (LookupEvents, attribute("EventId", &"_".repeat(1_001)), "InvalidLookupAttributesException"),
        (LookupEvents, attribute("EventId", &"_".repeat(1_000)), ""),
        (LookupEvents, json!({"NextToken": "none"}), "InvalidNextTokenException"),
        (LookupEvents, json!({"NextToken": token, "MaxResults": 2}), ""),
        (LookupEvents, json!({"NextToken": token, "StartTime": 1}), "InvalidNextTokenException"),
        (ListInsightsData, json!({"InsightSource": "arn:x", "DataType": "Other"}), "InvalidParameterException"),
        (
            ListInsightsData,
            json!({"InsightSource": "arn:x", "DataType": "InsightsEvents", "NextToken": token}),
            "InvalidParameterException",
        ),
        (ListInsightsData, json!({"InsightSource": "arn:x", "DataType": "InsightsEvents"}), ""),
    ];
    for (operation, input, expected) in cases {
        assert_eq!(code(&ground.run(operation, input.clone()).await), expected, "{operation:?} {input}");
    }
    let stranger = ground.call_of("444455556666", "us-east-1");
    let answer = ground.run_as(&stranger, LookupEvents, json!({"NextToken": token})).await;
    assert_eq!(code(&answer), "InvalidNextTokenException");
}

#[tokio::test]
async fn a_walk_gives_each_event_once_while_others_come() {
    let ground = Ground::new();
    let time = |second: usize| format!("2026-06-01T10:00:{second:02}Z");
    let first: Vec<Value> = (0..40).map(|n| record(&time(n / 4), &format!("first-{n}"), json!({}))).collect();
    ground.store(&first).await;
    let (mut walked, mut token) = (Vec::new(), Value::Null);
    for round in 0.. {
        let answer = ground.run(LookupEvents, json!({"MaxResults": 7, "NextToken": token})).await;
        walked.extend(ids(&answer).split(' ').map(str::to_owned));
        // Newer ones, and one at each of the times that are walked over.
        let more: Vec<Value> = (0..12).map(|n| record(&time(n), &format!("more-{round}-{n}"), json!({}))).collect();
        ground.store(&more).await;
        token = answer["NextToken"].clone();
        if token.is_null() || round > 30 {
            break;
        }
    }
    let distinct: std::collections::BTreeSet<_> = walked.iter().collect();
    assert_eq!(distinct.len(), walked.len(), "nothing comes twice");
    let of_first = walked.iter().filter(|id| id.starts_with("first")).count();
    assert_eq!(of_first, first.len(), "nothing is lost");
}

#[tokio::test]
async fn calls_are_counted_for_insights() {
    let ground = ground().await;
    let ask = |given: Value| {
        let mut input = json!({"EventSource": "ec2.amazonaws.com", "EventName": "RunInstances", "InsightType": "ApiCallRateInsight"});
        input.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        input
    };
    let answer = ground.run(ListInsightsMetricData, ask(json!({}))).await;
    let expected = ask(json!({"Timestamps": [1_780_308_000], "Values": [1.0]}));
    assert_eq!(answer, expected);
    let filled = ask(
        json!({"DataType": "FillWithZeros", "StartTime": "2026-06-01T09:59:00Z", "EndTime": "2026-06-01T12:00:00Z", "MaxResults": 2}),
    );
    let page = ground.run(ListInsightsMetricData, filled.clone()).await;
    assert_eq!((&page["Timestamps"], &page["Values"]), (&json!([1_780_304_400, 1_780_308_000]), &json!([0.0, 1.0])));
    let mut next = filled;
    next["NextToken"] = page["NextToken"].clone();
    let page = ground.run(ListInsightsMetricData, next).await;
    assert_eq!((&page["Timestamps"], &page.get("NextToken")), (&json!([1_780_311_600]), &None));
    for wrong in [
        json!({"Period": 120}),
        json!({"ErrorCode": "x"}),
        json!({"InsightType": "ApiErrorRateInsight"}),
        json!({"TrailName": "x"}),
    ] {
        let answer = ground.run(ListInsightsMetricData, ask(wrong.clone())).await;
        let expected =
            if wrong.get("TrailName").is_some() { "InvalidTrailNameException" } else { "InvalidParameterException" };
        assert_eq!(code(&answer), expected, "{wrong}");
    }
}

#[tokio::test]
async fn what_is_in_memory_follows_the_lake() {
    let ground = ground().await;
    let mut all = ground.call();
    all.sees_all = true;
    let looked = async || ids(&ground.run_as(&all, LookupEvents, json!({})).await);
    assert!(!ground.service.deepen_history().await.unwrap(), "nobody has asked yet");
    assert_eq!(looked().await, "last stranger far first old");
    while ground.service.deepen_history().await.unwrap() {}
    assert_eq!(looked().await, "last stranger far first old");

    let names = ["2026-06-01T11:00:00Z newest", "2026-05-31T10:30:00Z middle", "2025-12-31T00:00:00Z oldest"];
    for name in names {
        let (time, id) = name.split_once(' ').unwrap();
        ground.store(&[record(time, id, json!({}))]).await;
    }
    // The same event again is not another one.
    ground.store(&[record("2026-06-01T11:00:00Z", "newest", json!({}))]).await;
    assert_eq!(looked().await, "newest last stranger middle far first old oldest");

    let writer = ground.push.writer().await;
    let merged = writer.compact(Compaction { files_min: 2, ..Compaction::default() }).await.unwrap();
    assert!(merged.events > 0, "{merged:?}");
    assert_eq!(looked().await, "newest last stranger middle far first old oldest");

    let since = EventTime::parse("2026-05-31T00:00:00Z").unwrap().date();
    assert_eq!(writer.retention(since, false).await.unwrap().events, 3);
    assert_eq!(looked().await, "newest last stranger middle far");
    ground.store(&[record("2026-06-01T12:00:00Z", "after", json!({}))]).await;
    while ground.service.deepen_history().await.unwrap() {}
    assert_eq!(looked().await, "after newest last stranger middle far");
}
