//! The law of the lake: a record comes back byte for byte.

use proptest::prelude::*;

use crate::open;

/// Records that are spelt in unusual ways; each must come back as it is.
const ODD: &[&str] = &[
    r#"{ "eventTime" : "2020-01-01T00:00:00Z" , "eventName":"a" }"#,
    "{\n  \"eventName\": \"a\",\n  \"eventTime\": \"2020-01-01T00:00:00Z\"\n}",
    r#"{"eventTime":"2020-01-01T00:00:00.000Z","userAgent":"a\/b","errorMessage":"\u003cb\u003E"}"#,
    r#"{"eventTime":"2020-01-01 00:00:00","requestParameters":{"n":1.0,"e":1e5,"z":-0,"d":{"a":1,"a":2}}}"#,
    r#"{"eventTime":"2020-01-01T00:00:00Z","eventName":"first","eventName":"second","eventName":null}"#,
    r#"{"eventTime":"2020-01-01T00:00:00Z","userAgent":"quote \" slash \\ line \n tab \t unicode \u001f"}"#,
    r#"{"eventTime":"2020-01-01T00:00:00Z","eventVersion":1.08,"readOnly":"true","managementEvent":1,"userIdentity":"x"}"#,
    r#"{"eventTime":"2020-01-01T00:00:00Z","userIdentity":{"type":null,"arn":{"a":1},"userIdentity":{"arn":"x"}}}"#,
    r#"{"eventTime":"2020-01-01T00:00:00Z","event\u004eame":"escaped name","ключ":"значение 😀"}"#,
    r#"{"eventTime":"2020-01-01T00:00:00Z","errorCode":"\ud800 half a pair"}"#,
    r#"{"accountId":"111122223333","recipientAccountId":"444455556666","eventId":"a","eventID":"b","eventTime":"2020-01-01T00:00:00Z"}"#,
    r#"{"eventId":"a","accountId":"111122223333","eventCategory":"Aggregated","timeWindow":{"windowStart":"2025-11-20T10:00:00Z","windowEnd":"2025-11-20T10:05:00Z","windowSize":"PT5M"},"summary":{"details":[]}}"#,
    r#"{"eventTime":"2020-01-01T00:00:00Z","resources":[],"tlsDetails":{},"requestParameters":{},"responseElements":"text","additionalEventData":[1, 2]}"#,
];

#[test]
fn odd_records_come_back() {
    for record in ODD {
        let all = open(record.as_bytes());
        assert_eq!(all.rejects, vec![], "{record}");
        assert_eq!(all.records(), vec![record.to_string()]);
        let wrapped = format!("{{\"Records\": [ {record} ,{record}]}}");
        assert_eq!(open(wrapped.as_bytes()).records(), vec![record.to_string(), record.to_string()]);
    }
}

#[test]
fn second_spellings_give_way_to_the_first() {
    let all = open(ODD[10].as_bytes());
    assert_eq!(all.column("recipientaccountid"), ["444455556666"]);
    assert_eq!(all.column("eventid"), ["b"]);
    assert_eq!(all.column("unmapped"), [r#"{"accountId":"111122223333","eventId":"a"}"#]);
    let aggregated = open(ODD[11].as_bytes());
    assert_eq!(aggregated.column("recipientaccountid"), ["111122223333"]);
    assert_eq!(aggregated.column("eventtime"), ["2025-11-20T10:00:00Z"]);
    assert_eq!(aggregated.column("unmapped"), ["-"]);
}

#[test]
fn plain_values_leave_only_holes() {
    let record = r#"{"eventTime":"2020-01-01T00:00:00Z","eventName":"a","readOnly":false,"requestParameters":{"a":1},"userIdentity":{"arn":"x","sessionContext":{"attributes":{"mfaAuthenticated":"false"}}}}"#;
    let shape = r#"{"eventTime":"^","eventName":"^","readOnly":^,"requestParameters":^,"userIdentity":{"arn":"^","sessionContext":{"attributes":{"mfaAuthenticated":"^"}}}}"#;
    assert_eq!(open(record.as_bytes()).batches[0].shapes.text(0), shape.replace('^', "\u{1}"));
}

/// Records with random white space, order, escapes, numbers and repeated names.
fn record() -> impl Strategy<Value = String> {
    let blank = prop_oneof![Just(""), Just(" "), Just("\n\t"), Just("\r\n")];
    let text = prop_oneof![
        Just(r#""\/\u003c""#.to_owned()),
        Just(r#""\b\f""#.to_owned()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        "\"[a-z0-9:/ .-]{0,20}\"",
    ];
    let number = prop_oneof![
        Just("1.0".to_owned()),
        Just("1e5".to_owned()),
        Just("-0".to_owned()),
        any::<i32>().prop_map(|n| n.to_string())
    ];
    let leaf = prop_oneof![text, number, Just("true".to_owned()), Just("false".to_owned()), Just("null".to_owned())];
    let names = prop::sample::select(
        event::schema::COLUMNS
            .iter()
            .flat_map(|column| column.path.iter().copied())
            .chain(["x", "eventId"])
            .filter(|name| *name != "eventTime")
            .collect::<Vec<_>>(),
    );
    let value = leaf.prop_recursive(4, 32, 6, {
        let (names, blank) = (names.clone(), blank.clone());
        move |inner| {
            let member = (blank.clone(), names.clone(), blank.clone(), inner.clone())
                .prop_map(|(before, name, after, value)| format!("{before}\"{name}\"{after}:{before}{value}{after}"));
            prop_oneof![
                prop::collection::vec(member, 0..6).prop_map(|members| format!("{{{}}}", members.join(","))),
                prop::collection::vec(inner, 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
            ]
        }
    });
    let member = (names, value).prop_map(|(name, value)| format!("\"{name}\":{value}"));
    (prop::collection::vec(member, 0..12), any::<prop::sample::Index>()).prop_map(|(mut members, place)| {
        members.insert(place.index(members.len() + 1), r#""eventTime":"2020-02-29T23:59:59Z""#.to_owned());
        format!("{{{}}}", members.join(" ,"))
    })
}

proptest! {
    #[test]
    fn every_record_comes_back(records in prop::collection::vec(record(), 1..6)) {
        let lines = open(records.join("\n").as_bytes());
        prop_assert_eq!(lines.records(), records.clone());
        let log_file = open(format!("{{\"Records\":[{}]}}", records.join(",")).as_bytes());
        prop_assert_eq!(log_file.records(), records);
    }
}
