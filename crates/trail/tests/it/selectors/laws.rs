//! Laws of any selectors: a batch says what each record says and what the rules say by hand, and checking never panics.

use predicate::record::Record;
use predicate::{Predicate, Rows};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use trail::selectors::{AdvancedEventSelector, EventSelector, Holder, Selectors, Target, route};

use crate::selectors::{by_hand, open, trail};

const ARNS: &[&str] =
    &["arn:aws:s3:::b/", "arn:aws:s3:::b/k", "arn:aws:s3:::b/key'\"\\{", "arn:aws:s3:::c/ä", "arn:aws:s3", "k", ""];
const KINDS: &[&str] = &["AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table", "AWS::DynamoDB::Stream"];
const CATEGORIES: &[&str] = &["Management", "Data", "NetworkActivity"];
const SOURCES: &[&str] = &["s3.amazonaws.com", "kms.amazonaws.com", "iam.amazonaws.com"];
const NAMES: &[&str] = &["GetObject", "PutObject", "CreateUser"];
const OPERATORS: &[&str] = &["Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith"];

fn event() -> impl Strategy<Value = Value> {
    let resource = (select(KINDS), select(ARNS), select(&["ARN", "arn", "ARNPrefix", "other"][..]))
        .prop_map(|(kind, arn, name)| json!({"type": kind, name: arn, "accountId": "111122223333"}));
    let resources =
        prop_oneof![Just(Value::Null), resource.clone(), prop::collection::vec(resource, 0..3).prop_map(Value::Array)];
    let maybe = |values: &'static [&'static str]| prop::option::of(select(values));
    let who =
        (maybe(&["arn:aws:iam::1:user/a", "arn:aws:iam::1:user/b"]), any::<Option<bool>>(), any::<Option<bool>>());
    (maybe(CATEGORIES), maybe(SOURCES), maybe(NAMES), maybe(&["true"]), resources, who).prop_map(
        |(category, source, name, console, resources, (arn, read_only, management))| {
            let mut event = json!({"eventTime": "2026-03-02T10:00:00Z", "recipientAccountId": "111122223333"});
            let members = [
                ("eventCategory", category.map(Value::from)),
                ("eventSource", source.map(Value::from)),
                ("eventName", name.map(Value::from)),
                ("sessionCredentialFromConsole", console.map(Value::from)),
                ("readOnly", read_only.map(Value::from)),
                ("managementEvent", management.map(Value::from)),
                ("userIdentity", arn.map(|arn| json!({"arn": arn}))),
                ("resources", Some(resources)),
            ];
            for (member, value) in members {
                if let Some(value) = value {
                    event[member] = value;
                }
            }
            event
        },
    )
}

fn selectors() -> impl Strategy<Value = Selectors> {
    let arns = prop::collection::vec(select(ARNS), 1..3);
    let resource =
        (select(&KINDS[..3]), arns.clone()).prop_map(|(kind, values)| json!({"Type": kind, "Values": values}));
    let basic = (
        select(&["All", "ReadOnly", "WriteOnly", "Other"][..]),
        any::<bool>(),
        prop::collection::vec(resource, 0..3),
        prop::collection::vec(select(SOURCES), 0..2),
    )
        .prop_map(|(kind, management, resources, excluded)| {
            json!({"ReadWriteType": kind, "IncludeManagementEvents": management, "DataResources": resources,
                   "ExcludeManagementEventSources": excluded})
        });
    let basic = prop::collection::vec(basic, 1..3)
        .prop_map(|all| Selectors::Basic(serde_json::from_value(Value::Array(all)).unwrap()));
    let field = |name: &'static str, values: &'static [&'static str]| {
        let operators =
            prop::collection::btree_map(select(OPERATORS), prop::collection::vec(select(values), 1..3), 1..4);
        let field = operators.prop_map(move |operators| {
            let mut field = json!({"Field": name});
            for (operator, values) in operators {
                field[operator] = json!(values);
            }
            field
        });
        prop::option::of(field)
    };
    let resource = (select(KINDS), field("resources.ARN", ARNS));
    let others = (
        field("eventName", NAMES),
        field("eventSource", SOURCES),
        field("userIdentity.arn", &["arn:aws:iam::1:user/a", "arn:aws:"]),
        field("sessionCredentialFromConsole", &["true"]),
        prop::option::of(select(&["true", "false"][..])),
    );
    let advanced = (select(CATEGORIES), prop::option::of(resource), others).prop_map(|(category, resource, others)| {
        let (name, source, arn, console, read_only) = others;
        let equals = |field: &str, value: &str| json!({"Field": field, "Equals": [value]});
        let mut fields = vec![equals("eventCategory", category)];
        if let Some((kind, arn)) = resource {
            fields.push(equals("resources.type", kind));
            fields.extend(arn);
        }
        fields.extend([name, source, arn, console].into_iter().flatten());
        fields.extend(read_only.map(|value| equals("readOnly", value)));
        json!({"FieldSelectors": fields})
    });
    let advanced = prop::collection::vec(advanced, 1..3)
        .prop_map(|all| Selectors::Advanced(serde_json::from_value(Value::Array(all)).unwrap()));
    prop_oneof![basic, advanced]
}

/// JSON that is made of the words of selectors, more or less in their places.
fn arbitrary() -> impl Strategy<Value = Value> {
    let word = select(
        &["", "Data", "true", "*", "AWS::S3::Object", "arn:aws:s3:::ä/", "arn:", "eventName", "::::::", "\u{1}"][..],
    );
    let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), word.prop_map(Value::from)];
    let name = select(
        &[
            "Field",
            "Equals",
            "NotEquals",
            "FieldSelectors",
            "Name",
            "ReadWriteType",
            "DataResources",
            "Type",
            "Values",
            "IncludeManagementEvents",
            "ExcludeManagementEventSources",
            "StartsWith",
            "Unknown",
        ][..],
    );
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(name.clone(), inner, 0..4).prop_map(|members| json!(members)),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 2, ..ProptestConfig::default() })]

    #[test]
    fn batches_records_and_rules_agree(events in prop::collection::vec(event(), 1..6), selectors in selectors()) {
        let given = json!({"selectors": selectors});
        let target = Target::compile(&trail(&given)).unwrap();
        let taken = Predicate::compile(&selectors.expr()).unwrap();
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        for batch in open(&lines.join("\n")) {
            let rows = Rows::of_batch(&batch, &[]).unwrap();
            prop_assert_eq!(rows.len(), events.len());
            let masks = route(std::slice::from_ref(&target), &rows).unwrap();
            let mask = taken.mask(&rows).unwrap();
            for (row, event) in events.iter().enumerate() {
                let record = Record::parse(lines[row].as_bytes()).unwrap();
                let expect = by_hand::takes(&selectors, event);
                prop_assert_eq!(taken.matches(&record), expect, "{}\n{:?}", event, &selectors);
                prop_assert_eq!(mask.value(row), expect, "in a batch: {}\n{:?}", event, &selectors);
                prop_assert_eq!(masks[0].value(row), expect, "by a trail: {}\n{:?}", event, &selectors);
                prop_assert_eq!(target.records(&record), expect, "by a trail alone: {}\n{:?}", event, &selectors);
            }
        }
    }

    #[test]
    fn whatever_is_sent_gets_an_answer(sent in prop::collection::vec(arbitrary(), 0..4)) {
        let sent = Value::Array(sent);
        let basic: Option<Vec<EventSelector>> = serde_json::from_value(sent.clone()).ok();
        let advanced: Option<Vec<AdvancedEventSelector>> = serde_json::from_value(sent).ok();
        for selectors in [basic.clone().map(Selectors::Basic), advanced.clone().map(Selectors::Advanced)].into_iter().flatten() {
            for holder in [Holder::Trail, Holder::EventDataStore] {
                let refused = holder.check(&selectors).err();
                prop_assert!(refused.is_none_or(|error| !error.to_string().is_empty()));
            }
            prop_assert!(Predicate::compile(&selectors.expr()).is_ok());
            prop_assert!(!selectors.sql().is_empty());
        }
        let both = basic.as_ref().is_some_and(|all| !all.is_empty()) && advanced.as_ref().is_some_and(|all| !all.is_empty());
        prop_assert!(!both || Selectors::put(basic, advanced).is_err());
    }
}
