//! Snare's table: rows of whole records, and the law that nothing is lost.

use event::time::EventTime;
use normalize::snare::{COLUMNS, Passed, Snare};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const COLLECTED: &str = "2024-05-06T10:08:09.123456789+02:00";

/// Where the members of a record go.
const PLACES: &[(&str, &[&str])] = &[
    ("SYSTEM", &["eventSource"]),
    ("AWSREGION", &["awsRegion"]),
    ("EVENTCATEGORY", &["eventCategory"]),
    ("EVENTID", &["eventID"]),
    ("EVENTNAME", &["eventName"]),
    ("EVENTTYPE", &["eventType"]),
    ("RECIPIENTACCOUNTID", &["recipientAccountId"]),
    ("REQUESTID", &["requestID"]),
    ("REQUESTPARAMETERS", &["requestParameters"]),
    ("RESPONSEELEMENTS", &["responseElements"]),
    ("SRCADDR", &["sourceIPAddress"]),
    ("USERAGENT", &["userAgent"]),
    ("USERACCESSKEYID", &["userIdentity", "accessKeyId"]),
    ("USERAID", &["userIdentity", "accountId"]),
    ("USERARN", &["userIdentity", "arn"]),
    ("USERNAME", &["userIdentity", "userName"]),
    ("USERPID", &["userIdentity", "principalId"]),
    ("USERTYPE", &["userIdentity", "type"]),
];

fn row(record: &str, cloudwatch: Option<EventTime>) -> Map<String, Value> {
    let mut snare = Snare::default();
    let mut out = Vec::new();
    snare.row(record, Passed { collected: COLLECTED, cloudwatch }).unwrap().write_json(&mut out);
    assert_eq!(out.pop(), Some(b'\n'));
    assert!(!out.contains(&b'\n'));
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn a_sign_in() {
    let record = r#"{
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": "arn:aws:iam::111122223333:user/bob",
            "accountId": "111122223333",
            "userName": "bob",
            "invokedBy": "signin.amazonaws.com"
        },
        "eventTime": "2024-05-06T08:07:05Z",
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "Mozilla/5.0",
        "requestParameters": null,
        "responseElements": { "ConsoleLogin": "Success, they said" },
        "additionalEventData": { "MFAUsed": "No" },
        "eventID": "f0000000-0000-4000-8000-000000000001",
        "readOnly": false,
        "eventType": "AwsConsoleSignIn",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
        "tlsDetails": { "tlsVersion": "TLSv1.3" }
    }"#;
    let expect = json!({
        "DATE": "2024-05-06",
        "TIME": "08:07:05",
        "SYSTEM": "signin.amazonaws.com",
        "TABLE": "AWSCloudTrailLog",
        "COLLECTIONDATETIME": COLLECTED,
        "CWLDATETIME": "2024-05-06T08:08:00.250000000Z",
        "DATETIME": "2024-05-06T08:07:05.000000000Z",
        "AWSREGION": "eu-west-1",
        "EVENTCATEGORY": "Management",
        "EVENTID": "f0000000-0000-4000-8000-000000000001",
        "EVENTNAME": "ConsoleLogin",
        "EVENTTYPE": "AwsConsoleSignIn",
        "RECIPIENTACCOUNTID": "111122223333",
        "REQUESTID": "",
        "REQUESTPARAMETERS": "",
        "RESPONSEELEMENTS": r#"{"ConsoleLogin":"Success, they said"}"#,
        "SRCADDR": "192.0.2.7",
        "USERAGENT": "Mozilla/5.0",
        "USERACCESSKEYID": "",
        "USERAID": "111122223333",
        "USERARN": "arn:aws:iam::111122223333:user/bob",
        "USERNAME": "bob",
        "USERPID": "AIDAEXAMPLE",
        "USERTYPE": "IAMUser",
        "SNAREDATAMAP": concat!(
            r#"{"eventVersion":"1.08","userIdentity":{"invokedBy":"signin.amazonaws.com"},"#,
            r#""additionalEventData":{"MFAUsed":"No"},"readOnly":false,"managementEvent":true,"#,
            r#""tlsDetails":{"tlsVersion":"TLSv1.3"}}"#
        ),
    });
    let received = EventTime::parse("2024-05-06T08:08:00.25Z");
    assert_eq!(Value::Object(row(record, received)), expect);
}

#[test]
fn the_map_keeps_what_a_column_cannot_give_back() {
    let cases = [
        (r#"{}"#, "{}"),
        (r#"{"eventName":null,"userIdentity":{}}"#, r#"{"userIdentity":{}}"#),
        (r#"{"eventName":7}"#, r#"{"eventName":7}"#),
        (r#"{"eventName":{"a":[]},"x":null}"#, r#"{"eventName":{"a":[]},"x":null}"#),
        (r#"{"eventTime":"2024-05-06T10:07:05+02:00"}"#, r#"{"eventTime":"2024-05-06T10:07:05+02:00"}"#),
        (r#"{"eventTime":"soon"}"#, r#"{"eventTime":"soon"}"#),
        (r#"{"eventID":"\ud800"}"#, r#"{"eventID":"\ud800"}"#),
        (r#"{"eventID":"a","eventID":"b"}"#, r#"{"eventID":"b"}"#),
        (r#"{"userIdentity":"root"}"#, r#"{"userIdentity":"root"}"#),
        (r#"{ "a" : [ "x y", { "b" : "\" ]" } , 1 ] }"#, r#"{"a":["x y",{"b":"\" ]"},1]}"#),
    ];
    for (record, expect) in cases {
        let mut snare = Snare::default();
        let row = snare.row(record, Passed { collected: "", cloudwatch: None }).unwrap();
        assert_eq!(row.cells().last(), Some(expect), "{record}");
    }
    for text in ["", "[]", "7", "{", "{} {}"] {
        assert!(Snare::default().row(text, Passed { collected: "", cloudwatch: None }).is_err(), "{text}");
    }
}

#[test]
fn csv_has_a_header_and_no_formula() {
    let mut out = Vec::new();
    normalize::snare::write_csv_header(&mut out);
    assert_eq!(String::from_utf8(out).unwrap(), format!("{}\r\n", COLUMNS.join(",")));
    let mut out = Vec::new();
    let mut snare = Snare::default();
    let record = r#"{"eventName":"=cmd|'/c calc'!A1","userAgent":"-","requestParameters":{"a":1}}"#;
    snare.row(record, Passed { collected: "", cloudwatch: None }).unwrap().write_csv(&mut out);
    let line = String::from_utf8(out).unwrap();
    assert!(line.contains(r#","'=cmd|'/c calc'!A1","#), "{line}");
    assert!(line.contains(r#","'-","#) && line.contains(r#","{""a"":1}","#), "{line}");
}

/// Builds a record from its row.
fn rebuilt(row: &Map<String, Value>) -> Value {
    let mut record: Value = serde_json::from_str(row["SNAREDATAMAP"].as_str().unwrap()).unwrap();
    let mut put = |path: &[&str], value: Value| {
        let mut place = &mut record;
        for name in path {
            place = place.as_object_mut().unwrap().entry(*name).or_insert_with(|| json!({}));
        }
        // What the map holds is nearer to the record.
        if *place == json!({}) {
            *place = value;
        }
    };
    for (column, path) in PLACES {
        let text = row[*column].as_str().unwrap();
        let is_json = matches!(*column, "REQUESTPARAMETERS" | "RESPONSEELEMENTS");
        match text {
            "" => {}
            text if is_json => put(path, serde_json::from_str(text).unwrap()),
            text => put(path, text.into()),
        }
    }
    if let Some(seconds) = row["DATETIME"].as_str().unwrap().strip_suffix(".000000000Z") {
        put(&["eventTime"], format!("{seconds}Z").into());
    }
    record
}

/// Takes away what a column cannot tell from nothing: null and empty text.
fn without_empty(mut record: Value) -> Value {
    let paths = PLACES.iter().map(|(column, path)| (*column, *path)).chain([("DATETIME", &["eventTime"] as &[&str])]);
    for (column, path) in paths {
        let (last, objects) = path.split_last().unwrap();
        let place = objects.iter().try_fold(&mut record, |place, name| place.get_mut(*name));
        let Some(object) = place.and_then(Value::as_object_mut) else { continue };
        let is_json = matches!(column, "REQUESTPARAMETERS" | "RESPONSEELEMENTS");
        let is_empty = object.get(*last).is_some_and(|value| value.is_null() || (*value == json!("") && !is_json));
        if is_empty {
            object.shift_remove(*last);
        }
    }
    // The object of an identity is there only for its members.
    if record["userIdentity"] == json!({}) {
        record.as_object_mut().unwrap().shift_remove("userIdentity");
    }
    record
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~é😀\n\t\"]{0,12}".prop_map(Value::from),
        Just(json!("2024-05-06T08:07:05Z")),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::hash_map("[a-z]{1,3}", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Records whose members have values of any type.
fn record() -> impl Strategy<Value = Value> {
    let names: Vec<&'static str> =
        PLACES.iter().map(|(_, path)| path[0]).chain(["eventTime", "errorCode", "resources"]).collect();
    let identity: Vec<&'static str> =
        PLACES.iter().filter_map(|(_, path)| path.get(1).copied()).chain(["invokedBy"]).collect();
    let object = |names: Vec<&'static str>| {
        proptest::collection::hash_map(proptest::sample::select(names), value(), 0..12).prop_map(|members| {
            Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
        })
    };
    (object(names), object(identity)).prop_map(|(mut record, identity)| {
        if identity.as_object().is_some_and(|identity| !identity.is_empty()) {
            record["userIdentity"] = identity;
        }
        record
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn nothing_is_lost(record in record(), spaced in any::<bool>()) {
        let text = if spaced { serde_json::to_string_pretty(&record) } else { serde_json::to_string(&record) }.unwrap();
        let row = row(&text, None);
        prop_assert_eq!(without_empty(rebuilt(&row)), without_empty(record));
    }
}
