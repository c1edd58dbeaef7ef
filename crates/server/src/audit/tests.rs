//! Events over channels.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Address, put_audit_events};
use crate::call::Call;
use crate::operation::Operation;
use crate::testing::{ACCOUNT, Ground, REGION, answer, code};

fn data(change: &Value) -> Value {
    let mut data = json!({
        "version": "1", "UID": "u-1", "userIdentity": { "type": "User", "principalId": "p" },
        "eventSource": "shop.example.com", "eventName": "OrderPlaced", "eventTime": "2026-05-31T23:59:59+02:00",
        "recipientAccountId": ACCOUNT, "requestParameters": { "order": 7 },
    });
    for (key, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(data.as_object_mut().unwrap().remove(key)),
            value => data[key] = value.clone(),
        }
    }
    data
}

/// Makes a store for channels and a channel that feeds it, and returns the id of the one and the ARN of the other.
async fn channel(ground: &Ground) -> (String, String) {
    let selectors = json!([{ "FieldSelectors": [{ "Field": "eventCategory", "Equals": ["ActivityAuditLog"] }] }]);
    let input = json!({
        "Name": "activity", "AdvancedEventSelectors": selectors, "MultiRegionEnabled": false,
        "TerminationProtectionEnabled": false,
    });
    let store = ground.run(Operation::CreateEventDataStore, input).await;
    let store = store["EventDataStoreArn"].as_str().unwrap_or_else(|| panic!("{store}")).to_owned();
    let destinations = json!([{ "Type": "EVENT_DATA_STORE", "Location": store }]);
    let input = json!({ "Name": "shop", "Source": "Custom", "Destinations": destinations });
    let made = ground.run(Operation::CreateChannel, input).await;
    let arn = made["ChannelArn"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    (store.rsplit('/').next().unwrap().to_owned(), arn)
}

async fn put(ground: &Ground, call: &Call, (arn, external_id): (&str, Option<&str>), events: Value) -> Value {
    let address = Address { channel_arn: Some(arn.to_owned()), external_id: external_id.map(str::to_owned) };
    let input = serde_json::from_value(json!({ "auditEvents": events })).unwrap();
    let outcome = put_audit_events(&ground.service, call, &address, input).await;
    answer(outcome.map(|output| serde_json::to_vec(&output).unwrap()))
}

#[tokio::test]
async fn events_are_checked_one_by_one_and_stored_together() {
    let ground = Ground::new();
    let (store, arn) = channel(&ground).await;
    let good = data(&json!({})).to_string();
    let event = |id: &str, data: &Value| json!({ "id": id, "eventData": data.to_string() });
    let long = |bytes: usize| "x".repeat(bytes);
    let checksum = STANDARD.encode(digest(&SHA256, good.as_bytes()));
    let pretty = serde_json::to_string_pretty(&data(&json!({ "UID": "u-2" }))).unwrap();
    let cases = [
        (json!({ "eventData": good, "eventDataChecksum": checksum }), ""),
        (json!({ "eventData": pretty }), ""),
        (json!({ "eventData": data(&json!({ "eventName": long(1_024), "details": null })).to_string() }), ""),
        (json!({ "eventData": good, "eventDataChecksum": "AAAA" }), "InvalidChecksum"),
        (json!({ "eventData": "{" }), "InvalidData"),
        (json!({ "eventData": "[]" }), "InvalidData"),
        (event("", &data(&json!({ "eventName": null }))), "FieldNotFound"),
        (event("", &data(&json!({ "UID": "" }))), "FieldNotFound"),
        (event("", &data(&json!({ "userIdentity": { "type": "User" } }))), "FieldNotFound"),
        (event("", &data(&json!({ "userIdentity": "alice" }))), "InvalidData"),
        (event("", &data(&json!({ "eventName": 7 }))), "InvalidData"),
        (event("", &data(&json!({ "eventTime": "yesterday" }))), "InvalidData"),
        (event("", &data(&json!({ "requestParameters": "none" }))), "InvalidData"),
        (event("", &data(&json!({ "eventName": long(1_025) }))), "FieldTooLong"),
        (event("", &data(&json!({ "errorCode": long(257) }))), "FieldTooLong"),
        (event("", &data(&json!({ "requestParameters": { "x": long(100_000) } }))), "FieldTooLong"),
        (event("", &data(&json!({ "additionalEventData": { "x": long(28_000) } }))), "FieldTooLong"),
        (event("", &data(&json!({ "userIdentity": { "type": long(129), "principalId": "p" } }))), "FieldTooLong"),
        (event("", &data(&json!({ "recipientAccountId": "444455556666" }))), "InvalidRecipient"),
        (event("", &data(&json!({ "eventSource": "s3.amazonaws.com" }))), "InvalidEventSource"),
    ];
    let events: Vec<Value> = cases
        .iter()
        .enumerate()
        .map(|(nth, (event, _))| {
            let mut event = event.clone();
            event["id"] = json!(format!("e{nth}"));
            event
        })
        .collect();
    let told = put(&ground, &ground.call(), (&arn, None), json!(events)).await;
    for (nth, (event, expected)) in cases.iter().enumerate() {
        let id = json!(format!("e{nth}"));
        let found = told["failed"].as_array().unwrap().iter().find(|failed| failed["id"] == id);
        let found = found.map_or("", |failed| failed["errorCode"].as_str().unwrap());
        assert_eq!(found, *expected, "{event}");
        let is_stored = told["successful"].as_array().unwrap().iter().any(|stored| stored["id"] == id);
        assert_eq!(is_stored, expected.is_empty(), "{event}");
    }
    assert_eq!(ground.push.pushed.lock().unwrap().len(), 1, "one push a call");
    let statement = format!(
        "SELECT eventCategory, eventTime, eventData.eventName, element_at(eventData, 'UID') u, metadata.channelARN c FROM {store} ORDER BY u, 3 LIMIT 2"
    );
    let started = ground.run(Operation::StartQuery, json!({ "QueryStatement": statement })).await;
    ground.service.queries.settle().await;
    let found = ground.run(Operation::GetQueryResults, json!({ "QueryId": started["QueryId"] })).await;
    let row: Vec<&Value> = found["QueryResultRows"][0]
        .as_array()
        .unwrap_or_else(|| panic!("{started} {found}"))
        .iter()
        .flat_map(|cell| cell.as_object().unwrap().values())
        .collect();
    assert_eq!(row, ["ActivityAuditLog", "2026-05-31T21:59:59Z", "OrderPlaced", "u-1", arn.as_str()]);
    let status = ground.run(Operation::GetChannel, json!({ "Channel": arn })).await["IngestionStatus"].clone();
    assert_eq!(status["LatestIngestionSuccessEventID"], "e2");
    assert_eq!(status["LatestIngestionAttemptEventID"], "e19");
    assert_eq!(status["LatestIngestionErrorCode"], "InvalidEventSource");
}

#[tokio::test]
async fn what_is_sent_again_is_stored_once() {
    let ground = Ground::new();
    let (store, arn) = channel(&ground).await;
    let event = |id: &str, change: Value| json!({ "id": id, "eventData": data(&change).to_string() });
    let (one, other) = (event("a", json!({})), event("b", json!({ "UID": "u-2" })));
    // What is sent, seconds after the one before; and how many of its events are new.
    let calls = [
        (0, json!([one, other]), 2),
        (0, json!([one, other]), 0),
        (3, json!([one, other]), 0),
        (90, json!([other]), 0),
        (90, json!([one, event("c", json!({}))]), 1),
        (1, json!([event("a", json!({ "UID": "u-3" }))]), 1),
    ];
    let count = async || {
        let statement = format!("SELECT count(*) AS n, count(DISTINCT eventid) AS ids FROM {store}");
        let started = ground.run(Operation::StartQuery, json!({ "QueryStatement": statement })).await;
        ground.service.queries.settle().await;
        let found = ground.run(Operation::GetQueryResults, json!({ "QueryId": started["QueryId"] })).await;
        let row = &found["QueryResultRows"][0];
        assert_eq!(row[0]["n"], row[1]["ids"], "each event has an id of its own: {found}");
        row[0]["n"].as_str().unwrap().parse::<u64>().unwrap()
    };
    let mut ids = std::collections::BTreeMap::new();
    let mut stored = 0;
    for (seconds, events, fresh) in calls {
        ground.clock.pass(seconds);
        let told = put(&ground, &ground.call(), (&arn, None), events.clone()).await;
        assert_eq!(told["failed"], json!([]), "{events}");
        for (event, told) in events.as_array().unwrap().iter().zip(told["successful"].as_array().unwrap()) {
            assert_eq!(told["id"], event["id"]);
            let known = ids.entry(event.to_string()).or_insert_with(|| told["eventID"].clone());
            assert_eq!(*known, told["eventID"], "{event}");
        }
        stored += fresh;
        assert_eq!(count().await, stored, "{events}");
    }
}

#[tokio::test]
async fn calls_are_refused_as_a_whole() {
    let ground = Ground::new();
    let (_, arn) = channel(&ground).await;
    let event = |id: &str| json!({ "id": id, "eventData": data(&json!({})).to_string() });
    let many: Vec<Value> = (0..101).map(|nth| event(&format!("e{nth}"))).collect();
    let cases = [
        (arn.as_str(), json!([event("a")]), ""),
        ("", json!([event("a")]), "InvalidChannelARN"),
        ("arn:aws:cloudtrail:us-east-1:111122223333:trail/x", json!([event("a")]), "InvalidChannelARN"),
        (
            "arn:aws:cloudtrail:us-east-1:111122223333:channel/11111111-2222-3333-4444-555555555555",
            json!([event("a")]),
            "ChannelNotFound",
        ),
        (arn.as_str(), json!([event("a"), event("a")]), "DuplicatedAuditEventId"),
        (arn.as_str(), json!([event("not an id")]), "ValidationException"),
        (arn.as_str(), json!([]), "ValidationException"),
        (arn.as_str(), json!(many), "ValidationException"),
    ];
    for (arn, events, expected) in cases {
        assert_eq!(code(&put(&ground, &ground.call(), (arn, None), events).await), expected, "{arn}");
    }
    let other = ground.call_of("444455556666", REGION);
    assert_eq!(code(&put(&ground, &other, (&arn, None), json!([event("a")])).await), "ChannelInsufficientPermission");
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::444455556666:root" }, "Resource": arn,
        "Action": "cloudtrail-data:PutAuditEvents",
        "Condition": { "StringEquals": { "cloudtrail:ExternalId": "word" } },
    }] });
    let input = json!({ "ResourceArn": arn, "ResourcePolicy": policy.to_string() });
    assert_eq!(code(&ground.run(Operation::PutResourcePolicy, input).await), "");
    for (word, expected) in
        [(Some("word"), ""), (Some("other"), "ChannelInsufficientPermission"), (None, "ChannelInsufficientPermission")]
    {
        assert_eq!(code(&put(&ground, &other, (&arn, word), json!([event("a")])).await), expected, "{word:?}");
    }
}

#[tokio::test]
async fn a_channel_feeds_its_stores_while_it_names_them() {
    let ground = Ground::new();
    // What is stored is collected when the clock stands at the beginning.
    ground.clock.pass(-100);
    let (store, arn) = channel(&ground).await;
    let refused = ground.run(Operation::DeleteEventDataStore, json!({ "EventDataStore": store })).await;
    assert_eq!(code(&refused), "ChannelExistsForEDSException");
    ground.clock.pass(100);
    let event = json!([{ "id": "a", "eventData": data(&json!({})).to_string() }]);
    assert_eq!(code(&put(&ground, &ground.call(), (&arn, None), event.clone()).await), "");
    let count = async || {
        let statement = format!("SELECT count(*) AS n FROM {store}");
        let started = ground.run(Operation::StartQuery, json!({ "QueryStatement": statement })).await;
        ground.service.queries.settle().await;
        let found = ground.run(Operation::GetQueryResults, json!({ "QueryId": started["QueryId"] })).await;
        found["QueryResultRows"][0][0]["n"].clone()
    };
    assert_eq!(count().await, "1");
    // What came in stays when the channel goes.
    ground.clock.pass(100);
    assert_eq!(ground.run(Operation::DeleteChannel, json!({ "Channel": arn })).await, json!({}));
    assert_eq!(count().await, "1");
    let gone = ground.run(Operation::DeleteEventDataStore, json!({ "EventDataStore": store })).await;
    assert_eq!(gone, json!({}));
    let told = ground.run(Operation::GetEventDataStore, json!({ "EventDataStore": store })).await;
    assert_eq!(told["Status"], "PENDING_DELETION");
    let refused =
        ground.run(Operation::StartQuery, json!({ "QueryStatement": format!("SELECT 1 FROM {store}") })).await;
    assert_eq!(code(&refused), "InactiveEventDataStoreException");
    let restored = ground.run(Operation::RestoreEventDataStore, json!({ "EventDataStore": store })).await;
    assert_eq!(restored["Status"], "ENABLED");
    ground.run(Operation::DeleteEventDataStore, json!({ "EventDataStore": store })).await;
    ground.clock.pass(8 * 86_400);
    let told = ground.run(Operation::GetEventDataStore, json!({ "EventDataStore": store })).await;
    assert_eq!(code(&told), "EventDataStoreNotFoundException");
}
