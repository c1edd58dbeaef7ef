//! Selectors that are refused, with kind and message: the cases of `refused.json`, and limits that are too large for a file.

use serde::Deserialize;
use serde_json::{Value, json};
use trail::selectors::{AdvancedEventSelector, Error, EventSelector, Holder, Selectors, VALUES_MAX};

use crate::selectors::testdata;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    event_selectors: Option<Vec<EventSelector>>,
    advanced_event_selectors: Option<Vec<AdvancedEventSelector>>,
}

impl Put {
    fn parse(json: &Value) -> Put {
        serde_json::from_value(json.clone()).unwrap()
    }

    /// What a put for a trail comes to, and what the same selectors come to for an event data store.
    fn answers(self) -> [Result<(), Error>; 2] {
        let of_store = match &self.event_selectors {
            Some(basic) => Selectors::Basic(basic.clone()),
            None => Selectors::Advanced(self.advanced_event_selectors.clone().unwrap_or_default()),
        };
        let of_trail = Selectors::put(self.event_selectors, self.advanced_event_selectors);
        [of_trail.map(drop), Holder::EventDataStore.check(&of_store)]
    }
}

fn check(title: &str, answer: Result<(), Error>, expect: &Value) {
    match expect.as_array() {
        None => assert_eq!(answer, Ok(()), "{title}"),
        Some(expect) => {
            let error = answer.expect_err(title);
            assert_eq!(format!("{:?}", error.kind()), expect[0].as_str().unwrap(), "{title}: {error}");
            assert!(error.to_string().contains(expect[1].as_str().unwrap()), "{title}: {error}");
            assert_eq!((error.code(), error.is_retryable()), ("InvalidEventSelectorsException", false));
        }
    }
}

#[test]
fn selectors_are_held_against_the_grammar() {
    for case in testdata("refused.json").as_array().unwrap() {
        let title = case["title"].as_str().unwrap();
        let [of_trail, of_store] = Put::parse(&case["put"]).answers();
        check(&format!("{title}, of a trail"), of_trail, &case["trail"]);
        check(&format!("{title}, of a store"), of_store, &case["store"]);
    }
}

#[test]
fn limits_count_over_all_selectors() {
    let objects = |count: usize| -> Value {
        let values: Vec<String> = (0..count).map(|nth| format!("arn:aws:s3:::b/{nth}")).collect();
        json!({"DataResources": [{"Type": "AWS::S3::Object", "Values": values}]})
    };
    let all = json!({"DataResources": [{"Type": "AWS::S3::Object", "Values": vec!["arn:aws:s3"; 300]}]});
    let names = |count: usize, name: &str| -> Value {
        let values: Vec<String> = (0..count).map(|nth| format!("Get{nth}")).collect();
        json!({"Name": name, "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
            {"Field": "eventName", "Equals": values}
        ]})
    };
    let valued = |value: String| {
        json!([{"FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
            {"Field": "eventName", "NotEquals": [value]}
        ]}])
    };
    let fits = Value::Null;
    let refused = |kind: &str, part: &str| json!([kind, part]);
    let cases = [
        ("250 resources", json!({"EventSelectors": [objects(125), objects(125)]}), fits.clone()),
        (
            "251 resources",
            json!({"EventSelectors": [objects(125), objects(126)]}),
            refused("Values", "at most 250 data resources over all of its event selectors. The request has 251."),
        ),
        ("all does not count", json!({"EventSelectors": [objects(250), all]}), fits.clone()),
        ("500 values", json!({"AdvancedEventSelectors": [names(248, ""), names(248, "")]}), fits.clone()),
        (
            "501 values",
            json!({"AdvancedEventSelectors": [names(248, ""), names(249, "")]}),
            refused("Values", "have at most 500 values over all of their fields. The request has 501."),
        ),
        ("a long name", json!({"AdvancedEventSelectors": [names(1, &"ä".repeat(1_000))]}), fits.clone()),
        (
            "a longer name",
            json!({"AdvancedEventSelectors": [names(1, &"ä".repeat(1_001))]}),
            refused("Name", "at most 1000 characters"),
        ),
        ("a long value", json!({"AdvancedEventSelectors": valued("ä".repeat(2_048))}), fits),
        (
            "a longer value",
            json!({"AdvancedEventSelectors": valued("ä".repeat(2_049))}),
            refused("Value", "... for the field eventName is invalid. A value has 1 to 2048 characters."),
        ),
    ];
    assert_eq!(VALUES_MAX, 500);
    for (title, put, expect) in cases {
        let [of_trail, of_store] = Put::parse(&put).answers();
        check(title, of_trail, &expect);
        if put.get("AdvancedEventSelectors").is_some() {
            check(title, of_store, &expect);
        }
    }
}

#[test]
fn what_was_sent_is_given_back() {
    let sent = [
        json!({"EventSelectors": [{}]}),
        json!({"EventSelectors": [{"ReadWriteType": "WriteOnly", "DataResources": [], "ExcludeManagementEventSources": []}]}),
        json!({"EventSelectors": [{"DataResources": [{"Type": "AWS::S3::Object", "Values": []}]}]}),
        json!({"AdvancedEventSelectors": [{"Name": "", "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Management"], "StartsWith": []}
        ]}]}),
    ];
    for sent in sent {
        let Put { event_selectors, advanced_event_selectors } = Put::parse(&sent);
        let kept = Selectors::put(event_selectors, advanced_event_selectors).unwrap();
        assert_eq!(serde_json::to_value(&kept).unwrap(), sent);
        assert_eq!(serde_json::from_value::<Selectors>(sent).unwrap(), kept);
    }
    let new = serde_json::to_value(Selectors::of_new_trail()).unwrap();
    let expect =
        json!({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": []}]});
    assert_eq!(new, expect);
    let new = serde_json::to_value(Selectors::of_new_store()).unwrap();
    let field = json!({"Field": "eventCategory", "Equals": ["Management"]});
    let selector = json!({"Name": "Default management events", "FieldSelectors": [field]});
    assert_eq!(new, json!({"AdvancedEventSelectors": [selector]}));
    for (holder, new) in
        [(Holder::Trail, Selectors::of_new_trail()), (Holder::EventDataStore, Selectors::of_new_store())]
    {
        assert_eq!(holder.check(&new), Ok(()));
    }
}

#[test]
fn what_the_command_line_takes_is_read() {
    let basic = "{\"EventSelectors\":[{\"ReadWriteType\":\"All\"}]}";
    let advanced = "{\"AdvancedEventSelectors\":[{\"FieldSelectors\":[{\"Field\":\"eventCategory\",\"Equals\":[\"Data\"]},\
        {\"Field\":\"resources.type\",\"Equals\":[\"AWS::S3::Object\"]}]}]}";
    let inner = |object: &str| {
        let object: Value = serde_json::from_str(object).unwrap();
        object.as_object().unwrap().values().next().unwrap().to_string()
    };
    let good = [
        (basic.to_owned(), basic),
        (inner(basic), basic),
        (advanced.to_owned(), advanced),
        (inner(advanced), advanced),
        ("{\"TrailARN\":\"arn\",\"EventSelectors\":[{\"ReadWriteType\":\"All\"}]}".to_owned(), basic),
        ("{\"EventSelectors\":[{\"ReadWriteType\":\"All\"}],\"AdvancedEventSelectors\":[]}".to_owned(), basic),
    ];
    for (text, expect) in good {
        assert_eq!(serde_json::to_string(&Selectors::parse(&text).unwrap()).unwrap(), expect, "{text}");
    }
    let bad = [
        ("", "Json", "EOF"),
        ("3", "Json", "neither a list nor an object"),
        ("{}", "Json", "neither EventSelectors nor"),
        ("{\"EventSelectors\":3}", "Json", "invalid type"),
        ("[]", "Selectors", "The request has 0."),
        ("[{},{\"ReadWriteTyp\":\"All\"}]", "Json", "selector 2: unknown field `ReadWriteTyp`"),
        ("[{\"FieldSelectors\":[]},{\"ReadWriteType\":\"All\"}]", "Json", "selector 2: unknown field"),
        ("[{\"ReadWriteType\":\"Sometimes\"}]", "ReadWriteType", "Value Sometimes"),
        ("[3]", "Json", "selector 1: invalid type"),
    ];
    for (text, kind, part) in bad {
        let error = Selectors::parse(text).expect_err(text);
        assert_eq!(format!("{:?}", error.kind()), kind, "{text}: {error}");
        assert!(error.to_string().contains(part), "{text}: {error}");
    }
}
