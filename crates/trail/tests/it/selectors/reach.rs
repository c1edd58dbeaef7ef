//! What can never be recorded.

use serde_json::json;
use trail::selectors::{Call, Selectors};

#[test]
fn calls_that_are_never_recorded_are_known() {
    let management = json!([{}]);
    let writing = json!([{"ReadWriteType": "WriteOnly"}]);
    let without_kms = json!([{"ExcludeManagementEventSources": ["kms.amazonaws.com"]}]);
    let objects = json!([{"IncludeManagementEvents": false,
        "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::b/"]}]}]);
    let puts = json!([{"FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        {"Field": "eventName", "StartsWith": ["Put"], "NotEquals": ["PutObjectAcl"]}]}]);
    let topics = json!([{"FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::SNS::Topic"]}]}]);
    type Case<'a> = (&'a serde_json::Value, &'a str, &'a str, bool);
    let cases: [Case<'_>; 19] = [
        (&management, "iam.amazonaws.com", "CreateUser", true),
        (&management, "s3.amazonaws.com", "GetObject", false),
        (&management, "s3.amazonaws.com", "", true),
        (&management, "", "GetObject", true),
        (&management, "", "", true),
        (&writing, "ec2.amazonaws.com", "DescribeInstances", false),
        (&writing, "ec2.amazonaws.com", "RunInstances", true),
        (&writing, "sts.amazonaws.com", "AssumeRole", true),
        (&without_kms, "kms.amazonaws.com", "ScheduleKeyDeletion", false),
        (&without_kms, "KMS.amazonaws.com", "", false),
        (&without_kms, "", "ScheduleKeyDeletion", true),
        (&objects, "iam.amazonaws.com", "CreateUser", false),
        (&objects, "s3.amazonaws.com", "GetObject", true),
        (&objects, "dynamodb.amazonaws.com", "", false),
        (&puts, "s3.amazonaws.com", "PutObject", true),
        (&puts, "s3.amazonaws.com", "putobjectacl", false),
        (&puts, "s3.amazonaws.com", "GetObject", false),
        (&topics, "sns.amazonaws.com", "Publish", true),
        (&topics, "iam.amazonaws.com", "CreateUser", false),
    ];
    for (selectors, source, name, expect) in cases {
        let read = Selectors::parse(&selectors.to_string()).unwrap();
        let known = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let call = Call { event_source: known(source), event_name: known(name), ..Call::default() };
        assert_eq!(read.may_take(&call), expect, "{selectors} {call:?}");
    }
    let reading = json!([{"FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "Equals": ["true"]}]}]);
    let cases = [
        (&management, "data", None, false),
        (&objects, "data", None, true),
        (&objects, "Management", None, false),
        (&objects, "Data", Some(true), true),
        (&management, "Management", Some(false), true),
        (&writing, "Management", Some(false), true),
        (&writing, "Management", Some(true), false),
        (&reading, "Management", None, true),
        (&reading, "Management", Some(false), false),
        (&puts, "Management", Some(false), false),
    ];
    for (selectors, category, read_only, expect) in cases {
        let call = Call { event_category: Some(category), read_only, ..Call::default() };
        assert_eq!(Selectors::parse(&selectors.to_string()).unwrap().may_take(&call), expect, "{selectors} {call:?}");
    }
}
