//! ECS documents of whole messages, and the laws that hold for any message.

use std::fs;
use std::path::Path;

use normalize::ecs::{Geo, Mapper, Network, Outcome, Place, Retain, Settings};
use proptest::prelude::*;
use serde_json::{Value, json};

const READ_AT: &str = "2026-01-02T03:04:05.123456789Z";

/// A database that knows one address.
struct OneAddress;

impl Geo for OneAddress {
    fn place(&self, address: std::net::IpAddr) -> Option<Place> {
        (address.to_string() == "192.0.2.1").then(|| Place {
            continent_name: Some("Europe".to_owned()),
            country_iso_code: Some("NO".to_owned()),
            country_name: Some("Norway".to_owned()),
            subdivision_iso_code: Some("03".to_owned()),
            subdivision_name: Some("Oslo".to_owned()),
            city_name: Some("Oslo".to_owned()),
            location: Some((59.5, -10.0)),
        })
    }

    fn network(&self, address: std::net::IpAddr) -> Option<Network> {
        let known = address.to_string() == "192.0.2.1";
        known.then(|| Network { number: Some(64_500), organization: Some("Example".to_owned()) })
    }
}

fn settings(retain: Option<&str>) -> Settings {
    let tags = ["forwarded", "actor_target_mapping"].map(str::to_owned).to_vec();
    Settings { tags, retain: Retain::parse(retain).unwrap() }
}

fn document(mapper: &mut Mapper<'_>, message: &str) -> (Value, Outcome) {
    let mut out = Vec::new();
    let outcome = mapper.map(message, READ_AT, &mut out);
    assert!(!out.contains(&b'\n'), "one line: {message}");
    (serde_json::from_slice(&out).unwrap(), outcome)
}

#[test]
fn documents() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/ecs");
    let mut cases = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "log") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        let retain = name.split_once("--").map(|(retain, _)| retain);
        let mut mapper = Mapper::new(settings(retain), &OneAddress);
        let messages = fs::read_to_string(&path).unwrap();
        let documents: Vec<Value> = messages
            .lines()
            .map(|message| {
                let (mut document, _) = document(&mut mapper, message);
                let original = document["event"].as_object_mut().unwrap().shift_remove("original");
                assert_eq!(original.unwrap_or(json!("")), json!(message), "the message is in its document");
                document
            })
            .collect();
        cases += documents.len();
        let expected = path.with_extension("json");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&expected, format!("{:#}\n", Value::Array(documents))).unwrap();
            continue;
        }
        let expected: Value = serde_json::from_str(&fs::read_to_string(expected).unwrap()).unwrap();
        for (nth, (found, expect)) in documents.iter().zip(expected.as_array().unwrap()).enumerate() {
            assert_eq!(found, expect, "{name}, message {}", nth + 1);
        }
        assert_eq!(documents.len(), expected.as_array().unwrap().len(), "{name}");
    }
    assert!(cases > 20);
}

#[test]
fn an_empty_message() {
    let mut mapper = Mapper::new(Settings { tags: vec!["-".to_owned(), "x".to_owned()], ..settings(None) }, &());
    let expect = json!({
        "@timestamp": READ_AT,
        "cloud": {"provider": "aws"},
        "ecs": {"version": "8.11.0"},
        "event": {"created": READ_AT, "kind": "event", "outcome": "success", "type": ["info"]},
        "tags": ["x"],
    });
    assert_eq!(document(&mut mapper, ""), (expect, Outcome::Mapped));
}

#[test]
fn without_the_tag_there_are_no_entities() {
    let mut mapper = Mapper::new(Settings::default(), &());
    let message =
        r#"{"eventName":"CreateUser","eventSource":"iam.amazonaws.com","requestParameters":{"userName":"a"}}"#;
    let (document, _) = document(&mut mapper, message);
    assert_eq!((&document["target"], &document["related"]["entity"]), (&Value::Null, &Value::Null));
    assert_eq!(document["tags"], Value::Null);
}

#[test]
fn long_text_has_no_structured_copy() {
    let mut mapper = Mapper::new(settings(None), &());
    // `{a=...}` is four units longer than the value.
    for (letter, length, is_structured) in
        [("x", 32_761, true), ("x", 32_762, false), ("é", 32_761, true), ("😀", 16_381, false)]
    {
        let message = json!({"requestParameters": {"a": letter.repeat(length)}}).to_string();
        let (document, _) = document(&mut mapper, &message);
        let cloudtrail = &document["aws"]["cloudtrail"];
        assert_eq!(cloudtrail["flattened"]["request_parameters"].is_object(), is_structured, "{length} of {letter}");
        assert!(cloudtrail["request_parameters"].is_string());
    }
}

#[test]
fn nesting_has_a_bound() {
    let mut mapper = Mapper::new(settings(None), &());
    for (depth, expect) in [(900, Outcome::Mapped), (100_000, Outcome::Failed)] {
        let message = format!("{{\"requestParameters\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        let (document, outcome) = document(&mut mapper, &message);
        assert_eq!(outcome, expect, "{depth}");
        assert_eq!(document["error"]["message"].is_array(), expect == Outcome::Failed);
    }
}

/// Names that the mapping looks at.
const NAMES: &[&str] = &[
    "eventVersion",
    "userIdentity",
    "type",
    "principalId",
    "arn",
    "accountId",
    "accessKeyId",
    "userName",
    "sessionContext",
    "sessionIssuer",
    "attributes",
    "creationDate",
    "mfaAuthenticated",
    "webIdFederationData",
    "federatedProvider",
    "onBehalfOf",
    "userId",
    "identityStoreArn",
    "invokedBy",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "serviceEventDetails",
    "resources",
    "ARN",
    "tlsDetails",
    "tlsVersion",
    "cipherSuite",
    "managementEvent",
    "readOnly",
    "recipientAccountId",
    "insightDetails",
    "logFiles",
    "digestEndTime",
    "previousDigestHashValue",
    "instancesSet",
    "items",
    "instanceId",
    "groupId",
    "groupSet",
    "securityGroupRuleSet",
    "instanceIds",
    "targets",
    "values",
    "ConsoleLogin",
    "MFAUsed",
    "UserName",
    "ruleNumber",
    "vpcSecurityGroups",
    "vpcConfig",
    "subnetIds",
    "networkInterfaceSet",
    "roleArn",
    "sourceIpAddress",
];

const TEXTS: &[&str] = &[
    "",
    "-",
    "none",
    "AssumedRole",
    "AWSService",
    "FederatedUser",
    "IdentityCenterUser",
    "IAMUser",
    "arn:aws:sts::111122223333:assumed-role/a/b@c",
    "arn:aws:iam::111122223333:role/aws-service-role/x/y",
    "arn:aws:ec2:r:1:instance/i-0123456789",
    "arn:",
    "arn::::::",
    ":sts:/",
    "ec2.amazonaws.com",
    "sts.amazonaws.com",
    "rds.amazonaws.com",
    "ssm.amazonaws.com",
    "signin.amazonaws.com",
    "lambda.amazonaws.com",
    "SendCommand",
    "AssumeRole",
    "ConsoleLogin",
    "UserAuthentication",
    "DeleteNetworkAclEntry",
    "2024-01-02T03:04:05Z",
    "2024-99",
    "192.0.2.1",
    "::1",
    "i-0123456789ab",
    "*",
    "v",
    "TLSv1.3",
    "@",
    "a@b",
    "x; SAMSUNG SM-G900 Build",
    "é😀\u{0}\"\\",
];

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(TEXTS).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 12, |inner| {
        let name = prop_oneof![9 => proptest::sample::select(NAMES).prop_map(str::to_owned), 1 => ".{0,4}".prop_map(|name| name)];
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            4 => proptest::collection::hash_map(name, inner, 0..12)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Records in which what the mapping looks at has any type, some of it the right one.
fn any_record() -> impl Strategy<Value = Value> {
    let member = |name: &'static str| (Just(name), any_value());
    let top = ["userIdentity", "requestParameters", "responseElements", "resources", "tlsDetails", "eventTime"];
    let text = |names: &'static [&'static str]| proptest::sample::select(names);
    let names = text(&["SendCommand", "AssumeRole", "ConsoleLogin", "UserAuthentication", "RunInstances", "PutObject"]);
    let sources =
        text(&["ssm.amazonaws.com", "sts.amazonaws.com", "ec2.amazonaws.com", "s3.amazonaws.com", "rds.amazonaws.com"]);
    (any_value(), top.map(member), names, sources, any::<bool>()).prop_map(|(base, members, name, source, is_named)| {
        let mut record = if base.is_object() { base } else { json!({}) };
        for (member, value) in members {
            record[member] = value;
        }
        if is_named {
            record["eventName"] = json!(name);
            record["eventSource"] = json!(source);
        }
        record
    })
}

proptest! {
    // A document takes long without optimization.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_record_has_a_document(record in any_record(), retain in proptest::sample::select(vec![None, Some("minimal"), Some("none")])) {
        let mut mapper = Mapper::new(settings(retain), &OneAddress);
        let message = record.to_string();
        let (document, outcome) = document(&mut mapper, &message);
        prop_assert_eq!(&document["event"]["original"], &json!(message));
        prop_assert_eq!(document["error"]["message"].is_array(), outcome == Outcome::Failed);
        prop_assert_eq!(document["event"]["kind"] == "pipeline_error", outcome == Outcome::Failed);
        let preserved = document["tags"].as_array().unwrap().contains(&json!("preserve_original_event"));
        prop_assert_eq!(preserved, outcome == Outcome::Failed);
    }

    #[test]
    fn any_text_has_a_document(message in "\\PC{0,40}|[\\[\\]{}\",:0-9a\\\\]{0,20}") {
        let mut mapper = Mapper::new(settings(None), &());
        let (document, _) = document(&mut mapper, &message);
        prop_assert_eq!(document["event"]["original"].as_str().unwrap_or(""), message);
    }

    #[test]
    fn white_space_changes_nothing(record in any_record()) {
        let mut mapper = Mapper::new(settings(None), &OneAddress);
        let (mut compact, _) = document(&mut mapper, &record.to_string());
        let (mut pretty, _) = document(&mut mapper, &format!("{record:#}"));
        for document in [&mut compact, &mut pretty] {
            document["event"].as_object_mut().unwrap().shift_remove("original");
            // Errors quote the record.
            document.as_object_mut().unwrap().shift_remove("error");
        }
        prop_assert_eq!(compact, pretty);
    }
}
