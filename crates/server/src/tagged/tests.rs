//! Tags and policies of resources, and public keys, through the API.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::operation::Operation::*;
use crate::testing::{Ground, code};

/// A trail, an event data store, a dashboard and a channel, by their ARNs.
async fn made(ground: &Ground) -> [String; 4] {
    let arn = |answer: Value, member: &str| answer[member].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    let trail = ground.run(CreateTrail, json!({"Name": "my-trail", "S3BucketName": "logs"})).await;
    let store = ground.run(CreateEventDataStore, json!({"Name": "my-store"})).await;
    let dashboard = ground.run(CreateDashboard, json!({"Name": "my-dashboard"})).await;
    let selectors = json!([{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["ActivityAuditLog"]}]}]);
    let sink = json!({"Name": "my-sink", "AdvancedEventSelectors": selectors, "MultiRegionEnabled": false});
    let sink = arn(ground.run(CreateEventDataStore, sink).await, "EventDataStoreArn");
    let destination = json!([{"Type": "EVENT_DATA_STORE", "Location": sink}]);
    let channel = json!({"Name": "my-channel", "Source": "Custom", "Destinations": destination});
    let channel = ground.run(CreateChannel, channel).await;
    [
        arn(trail, "TrailARN"),
        arn(store, "EventDataStoreArn"),
        arn(dashboard, "DashboardArn"),
        arn(channel, "ChannelArn"),
    ]
}

#[tokio::test]
async fn every_kind_of_resource_has_tags() {
    let ground = Ground::new();
    let arns = made(&ground).await;
    for arn in &arns {
        let add = json!({"ResourceId": arn, "TagsList": [{"Key": "a", "Value": "1"}, {"Key": "b"}]});
        assert_eq!(ground.run(AddTags, add).await, json!({}), "{arn}");
        let remove = json!({"ResourceId": arn, "TagsList": [{"Key": "b"}]});
        assert_eq!(ground.run(RemoveTags, remove).await, json!({}), "{arn}");
    }
    let listed = ground.run(ListTags, json!({"ResourceIdList": arns})).await;
    let expected: Vec<Value> =
        arns.iter().map(|arn| json!({"ResourceId": arn, "TagsList": [{"Key": "a", "Value": "1"}]})).collect();
    assert_eq!(listed, json!({"ResourceTagList": expected}));
}

#[tokio::test]
async fn tags_of_nothing_are_refused() {
    let ground = Ground::new();
    let base = "arn:aws:cloudtrail:us-east-1:111122223333";
    let cases = [
        ("my-trail".to_owned(), "CloudTrailARNInvalidException"),
        ("arn:aws:s3:::logs".to_owned(), "CloudTrailARNInvalidException"),
        (format!("{base}:trail/"), "CloudTrailARNInvalidException"),
        (format!("{base}:trail"), "CloudTrailARNInvalidException"),
        (format!("{base}:trail/a"), "CloudTrailARNInvalidException"),
        (format!("{base}:eventdatastore"), "CloudTrailARNInvalidException"),
        (base.to_owned(), "CloudTrailARNInvalidException"),
        ("arn:aws:cloudtrail:us-east-1:1111:trail/my-trail".to_owned(), "CloudTrailARNInvalidException"),
        ("arn:aws:cloudtrail::111122223333:trail/my-trail".to_owned(), "CloudTrailARNInvalidException"),
        (format!("{base}:trail/none"), "ResourceNotFoundException"),
        (format!("{base}:rule/none"), "ResourceTypeNotSupportedException"),
        (format!("{base}:eventdatastore/11111111-2222-3333-4444-555555555555"), "EventDataStoreNotFoundException"),
        (format!("{base}:eventdatastore/x"), "EventDataStoreARNInvalidException"),
        (format!("{base}:channel/11111111-2222-3333-4444-555555555555"), "ResourceNotFoundException"),
        (format!("{base}:dashboard/none"), "ResourceNotFoundException"),
    ];
    for (arn, expected) in cases {
        let answer = ground.run(ListTags, json!({"ResourceIdList": [arn]})).await;
        assert_eq!(code(&answer), expected, "{arn}");
    }
    for (operation, input) in
        [(ListTags, json!({"ResourceIdList": [], "NextToken": "x"})), (ListPublicKeys, json!({"NextToken": "x"}))]
    {
        assert_eq!(code(&ground.run(operation, input).await), "InvalidTokenException");
    }
    let many = json!({"ResourceIdList": vec!["x"; 21]});
    assert_eq!(code(&ground.run(ListTags, many).await), "ValidationException");
}

#[tokio::test]
async fn policies_are_kept_and_shown() {
    let ground = Ground::new();
    let [trail, store, dashboard, channel] = made(&ground).await;
    let policy = |arn: &str, action: &str| {
        let statement =
            json!({"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": action, "Resource": arn});
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    let put = "cloudtrail-data:PutAuditEvents";
    for (arn, action) in
        [(&channel, put), (&store, "cloudtrail:StartQuery"), (&dashboard, "cloudtrail:StartDashboardRefresh")]
    {
        let named = json!({"ResourceArn": arn});
        assert_eq!(code(&ground.run(GetResourcePolicy, named.clone()).await), "ResourcePolicyNotFoundException");
        assert_eq!(code(&ground.run(DeleteResourcePolicy, named.clone()).await), "ResourcePolicyNotFoundException");
        let whole = json!({"ResourceArn": arn, "ResourcePolicy": policy(arn, action)});
        assert_eq!(ground.run(PutResourcePolicy, whole.clone()).await, whole);
        assert_eq!(ground.run(GetResourcePolicy, named.clone()).await, whole);
        assert_eq!(ground.run(DeleteResourcePolicy, named.clone()).await, json!({}));
        assert_eq!(code(&ground.run(GetResourcePolicy, named).await), "ResourcePolicyNotFoundException");
    }
    let none = "arn:aws:cloudtrail:us-east-1:111122223333:channel/11111111-2222-3333-4444-555555555555";
    let cases = [
        (trail.as_str(), policy(&trail, put), "ResourceTypeNotSupportedException"),
        (none, policy(none, put), "ResourceNotFoundException"),
        ("arn:aws:s3:::logs", policy(none, put), "ResourceARNNotValidException"),
        (channel.as_str(), "{}".to_owned(), "ResourcePolicyNotValidException"),
        (channel.as_str(), policy(&store, put), "ResourcePolicyNotValidException"),
    ];
    for (arn, text, expected) in cases {
        let answer = ground.run(PutResourcePolicy, json!({"ResourceArn": arn, "ResourcePolicy": text})).await;
        assert_eq!(code(&answer), expected, "{arn} {text}");
    }
}

#[tokio::test]
async fn a_region_has_a_key() {
    let ground = Ground::new();
    let listed = ground.run(ListPublicKeys, json!({})).await;
    let keys = listed["PublicKeyList"].as_array().unwrap();
    let [key] = keys.as_slice() else { panic!("{listed}") };
    assert_eq!(key["Fingerprint"].as_str().unwrap().len(), 32);
    assert_eq!(key["ValidityStartTime"], 1_780_315_200);
    // PKCS#1: a sequence of two numbers, not one that begins with another sequence.
    let der = STANDARD.decode(key["Value"].as_str().unwrap()).unwrap();
    assert_eq!((der[0], der[1], der[4]), (0x30, 0x82, 0x02));
    assert_eq!(ground.run(ListPublicKeys, json!({})).await, listed, "it stays the same");
    let before = json!({"StartTime": 0, "EndTime": 1_780_315_199});
    assert_eq!(ground.run(ListPublicKeys, before).await, json!({"PublicKeyList": []}));
    let wrong = json!({"StartTime": 2, "EndTime": 1});
    assert_eq!(code(&ground.run(ListPublicKeys, wrong).await), "InvalidTimeRangeException");
    let far = ground.call_of("111122223333", "eu-west-1");
    let other = ground.run_as(&far, ListPublicKeys, json!({})).await;
    assert_ne!(other["PublicKeyList"][0]["Fingerprint"], key["Fingerprint"]);
}

#[tokio::test]
async fn nothing_can_be_delegated() {
    let ground = Ground::new();
    let cases = [
        (RegisterOrganizationDelegatedAdmin, "MemberAccountId", "444455556666", "OrganizationsNotInUseException"),
        (RegisterOrganizationDelegatedAdmin, "MemberAccountId", "me", "InvalidParameterException"),
        (
            DeregisterOrganizationDelegatedAdmin,
            "DelegatedAdminAccountId",
            "444455556666",
            "OrganizationsNotInUseException",
        ),
    ];
    for (operation, member, account, expected) in cases {
        assert_eq!(code(&ground.run(operation, json!({ member: account })).await), expected, "{operation:?} {account}");
    }
}
