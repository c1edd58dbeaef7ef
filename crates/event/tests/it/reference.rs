//! The walker against `serde_json`: what one takes as an object the other takes too, and the columns say the same.

use event::schema::{COLUMNS, Kind};
use proptest::prelude::*;
use serde_json::Value;

use crate::open;

/// JSON text that is often nearly right: pieces of records put together at random, sometimes cut or changed.
fn nearly_json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("-0".to_owned()),
        Just("1.0".to_owned()),
        Just("1e5".to_owned()),
        Just("01".to_owned()),
        Just(r#""\u003c\/""#.to_owned()),
        Just(r#""\ud83d\ude00""#.to_owned()),
        Just(r#""\ud83d""#.to_owned()),
        "\"[a-zé \\\\\"]{0,6}\"",
        any::<i64>().prop_map(|number| number.to_string()),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    let name = prop_oneof![
        Just("eventName".to_owned()),
        Just("userIdentity".to_owned()),
        Just("arn".to_owned()),
        Just("requestParameters".to_owned()),
        Just("event\\u004eame".to_owned()),
        "[a-z]{0,3}",
    ];
    let value = scalar.prop_recursive(4, 24, 4, move |inner| {
        let members = prop::collection::vec((name.clone(), inner.clone()), 0..4);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(" ,"))),
            members.prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\" : {value}")).collect();
                format!("{{{}}}", members.join(",\n"))
            }),
        ]
    });
    (
        prop::collection::vec(("[a-zA-Z]{1,10}|eventName|userIdentity|readOnly|resources", value), 0..6),
        any::<prop::sample::Index>(),
        0..20u8,
    )
        .prop_map(|(members, index, change)| {
            let mut text = String::from(r#"{"eventTime":"2020-01-01T00:00:00Z""#);
            for (name, value) in members {
                text.push_str(&format!(",\"{name}\":{value}"));
            }
            text.push('}');
            if change == 0 {
                let at = (0..=index.index(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
                text.truncate(at);
            }
            text
        })
}

proptest! {
    #[test]
    fn takes_what_serde_json_takes(text in nearly_json()) {
        let reference = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
        let all = open(text.as_bytes());
        prop_assert_eq!(all.summary.events == 1 && all.summary.rejects == 0, reference, "{}", text);
        if reference {
            prop_assert_eq!(all.records(), vec![text.clone()]);
            check_columns(&text);
        }
    }

    #[test]
    fn content_is_the_same_in_any_order(seed in any::<u64>()) {
        let members = [r#""eventTime":"2020-01-01T00:00:00Z""#, r#""eventName":"a<b""#, r#""x":{"a":1,"b":[1,{"c":null,"d":2}]}"#, r#""readOnly":true"#];
        let shuffled = [r#""x" : { "b":[1, {"d":2,"c":null}],"a":1}"#, r#""readOnly":true"#, r#""eventTime":"2020-01-01T00:00:00Z""#, r#""eventName":"a\u003cb""#];
        let other = [r#""x" : { "b":[{"d":2,"c":null}, 1],"a":1}"#, r#""readOnly":true"#, r#""eventTime":"2020-01-01T00:00:00Z""#, r#""eventName":"a\u003cb""#];
        let rotate = (seed % 4) as usize;
        let print = |members: &[&str]| {
            let mut members = members.to_vec();
            members.rotate_left(rotate);
            open(format!("{{{}}}", members.join(",")).as_bytes()).batches[0].fingerprints[0]
        };
        prop_assert_eq!(print(&members), print(&shuffled));
        prop_assert_ne!(print(&members), print(&other));
    }
}

#[test]
fn when_an_event_was_taken_in_is_no_part_of_its_content() {
    let print = |metadata: &str| {
        let text = format!(r#"{{"eventID":"1","eventTime":"2020-01-01T00:00:00Z",{metadata}}}"#);
        let all = open(text.as_bytes());
        assert_eq!(all.records(), [text], "every byte is kept nevertheless");
        all.batches[0].fingerprints[0]
    };
    let first = print(r#""metadata":{"ingestionTime":"2020-01-01T00:00:01","channelARN":"c"}"#);
    // What stands in place of the first, and whether it is the same event.
    let cases = [
        (r#""metadata":{"ingestionTime":"2020-01-01T00:00:02","channelARN":"c"}"#, true),
        (r#""metadata" : {"channelARN":"c", "ingestion\u0054ime":"\u0032"}"#, true),
        (r#""metadata":{"ingestionTime":7,"channelARN":"c"}"#, true),
        (r#""metadata":{"ingestionTime":[],"channelARN":"c"}"#, true),
        (r#""metadata":{"channelARN":"c"}"#, true),
        (r#""metadata":{"ingestionTime":"2020-01-01T00:00:01","channelARN":"d"}"#, false),
        (r#""metadata":{"ingestionTime":{"a":1},"channelARN":"c"}"#, false),
        (r#""metadata":{"ingestionTime":["a"],"channelARN":"c"}"#, false),
        (r#""metadata":[{"ingestionTime":"2020-01-01T00:00:01","channelARN":"c"}]"#, false),
        (r#""metadata":{"channelARN":"c","x":{"ingestionTime":"1"}}"#, false),
        (r#""metadata":{"channelARN":"c"},"ingestionTime":"1""#, false),
        (r#""x":{"metadata":{"ingestionTime":"2020-01-01T00:00:01","channelARN":"c"}}"#, false),
    ];
    for (metadata, is_same) in cases {
        let other = print(metadata);
        assert_eq!(other.identity, first.identity, "{metadata}");
        assert_eq!(other.content == first.content, is_same, "{metadata}");
    }
}

/// Compares every text, JSON and Boolean column with what `serde_json` finds at its path (unless a name occurs twice).
fn check_columns(text: &str) {
    let Ok(reference) = serde_json::from_str::<Value>(text) else { return };
    let printed = serde_json::to_string(&reference).unwrap();
    let twice = text.matches("\":").count() + text.matches("\" :").count() != printed.matches("\":").count();
    if twice {
        return;
    }
    let all = open(text.as_bytes());
    for column in COLUMNS.iter().filter(|column| column.kind != Kind::Time && column.name != "eventcategory") {
        let found = column.path.iter().try_fold(&reference, |value, name| value.get(name));
        let ours = all.column(column.name).remove(0);
        match (found, column.kind) {
            (Some(Value::String(expect)), Kind::Text) => assert_eq!(&ours, expect, "{} of {text}", column.name),
            (Some(Value::Bool(expect)), Kind::Boolean) => {
                assert_eq!(ours, expect.to_string(), "{} of {text}", column.name)
            }
            (None | Some(Value::Null), _) if column.name != "recipientaccountid" => {
                assert_eq!(ours, "-", "{} of {text}", column.name)
            }
            (Some(expect), Kind::Json) if !expect.is_null() => {
                assert_eq!(&serde_json::from_str::<Value>(&ours).unwrap(), expect, "{} of {text}", column.name);
            }
            _ => {}
        }
    }
}
