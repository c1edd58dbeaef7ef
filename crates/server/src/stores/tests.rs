//! The life of event data stores, channels, dashboards and imports as documents.

use serde_json::{Value, json};

use crate::operation::Operation;
use crate::testing::{ACCOUNT, Ground, REGION, code};

const MISSING: &str = "11111111-2222-3333-4444-555555555555";

async fn make(ground: &Ground, name: &str) -> Value {
    ground.run(Operation::CreateEventDataStore, json!({ "Name": name })).await
}

fn category(name: &str) -> Value {
    json!([{ "FieldSelectors": [{ "Field": "eventCategory", "Equals": [name] }] }])
}

#[tokio::test]
async fn a_store_has_the_usual_values_unless_told_otherwise() {
    let ground = Ground::new();
    let made = make(&ground, "store").await;
    let arn = made["EventDataStoreArn"].as_str().unwrap();
    assert!(arn.starts_with(&format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:eventdatastore/")), "{arn}");
    let mut expected = json!({
        "EventDataStoreArn": arn, "Name": "store", "Status": "CREATED", "MultiRegionEnabled": true,
        "OrganizationEnabled": false, "RetentionPeriod": 366, "TerminationProtectionEnabled": true,
        "CreatedTimestamp": 1_780_315_200, "UpdatedTimestamp": 1_780_315_200, "TagsList": [],
        "BillingMode": "EXTENDABLE_RETENTION_PRICING",
        "AdvancedEventSelectors": [{ "Name": "Default management events",
            "FieldSelectors": [{ "Field": "eventCategory", "Equals": ["Management"] }] }],
    });
    assert_eq!(made, expected);
    expected.as_object_mut().unwrap().remove("TagsList");
    (expected["Status"], expected["FederationStatus"]) = (json!("ENABLED"), json!("DISABLED"));
    for name in [arn, arn.rsplit('/').next().unwrap()] {
        assert_eq!(ground.run(Operation::GetEventDataStore, json!({ "EventDataStore": name })).await, expected);
    }
}

#[tokio::test]
async fn what_a_store_cannot_be_is_refused() {
    let ground = Ground::new();
    make(&ground, "taken").await;
    let cases = [
        (json!({ "Name": "ab" }), "InvalidParameterException"),
        (json!({ "Name": "a b c" }), "InvalidParameterException"),
        (json!({ "Name": "x".repeat(129) }), "InvalidParameterException"),
        (json!({}), "ValidationException"),
        (json!({ "Name": 7 }), "SerializationException"),
        (json!({ "Name": "taken" }), "EventDataStoreAlreadyExistsException"),
        (json!({ "Name": "new", "RetentionPeriod": 6 }), "InvalidParameterException"),
        (json!({ "Name": "new", "RetentionPeriod": 3_654 }), "InvalidParameterException"),
        (
            json!({ "Name": "new", "RetentionPeriod": 2_558, "BillingMode": "FIXED_RETENTION_PRICING" }),
            "InvalidParameterException",
        ),
        (json!({ "Name": "new", "BillingMode": "FREE" }), "InvalidParameterException"),
        (json!({ "Name": "new", "KmsKeyId": "my-key" }), "InvalidKmsKeyIdException"),
        (json!({ "Name": "new", "KmsKeyId": "" }), "InvalidParameterException"),
        (json!({ "Name": "new", "AdvancedEventSelectors": [] }), "InvalidEventSelectorsException"),
        (json!({ "Name": "new", "AdvancedEventSelectors": category("Nothing") }), "InvalidEventSelectorsException"),
        (
            json!({ "Name": "new", "AdvancedEventSelectors": [
                category("Management")[0], category("ActivityAuditLog")[0],
            ] }),
            "InvalidEventSelectorsException",
        ),
        (json!({ "Name": "new", "OrganizationEnabled": true }), "OrganizationsNotInUseException"),
        (json!({ "Name": "new", "TagsList": [{ "Key": "a" }, { "Key": "a" }] }), "InvalidTagParameterException"),
        (
            json!({ "Name": "new", "StartIngestion": false, "AdvancedEventSelectors": category("Evidence") }),
            "InvalidEventDataStoreCategoryException",
        ),
    ];
    for (input, expected) in cases {
        let answer = ground.run(Operation::CreateEventDataStore, input.clone()).await;
        assert_eq!(code(&answer), expected, "{input} {answer}");
    }
}

#[tokio::test]
async fn stores_are_listed_page_by_page_while_others_come_and_go() {
    let ground = Ground::new();
    let mut arns = Vec::new();
    for nth in 0..10 {
        arns.push(make(&ground, &format!("store-{nth}")).await["EventDataStoreArn"].clone());
        ground.clock.pass(1);
    }
    assert_eq!(code(&make(&ground, "eleventh").await), "EventDataStoreMaxLimitExceededException");
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    loop {
        let mut input = json!({ "MaxResults": 4 });
        if !token.is_null() {
            input["NextToken"] = token;
        }
        let page = ground.run(Operation::ListEventDataStores, input).await;
        seen.extend(page["EventDataStores"].as_array().unwrap().iter().map(|store| store["EventDataStoreArn"].clone()));
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, arns);
    let cases = [
        (json!({ "MaxResults": 0 }), "InvalidMaxResultsException"),
        (json!({ "MaxResults": 1_001 }), "InvalidMaxResultsException"),
        (json!({ "NextToken": "forged" }), "InvalidNextTokenException"),
    ];
    for (input, expected) in cases {
        assert_eq!(code(&ground.run(Operation::ListEventDataStores, input).await), expected);
    }
}

#[tokio::test]
async fn a_store_is_changed_by_what_is_sent_and_by_nothing_else() {
    let ground = Ground::new();
    let arn = make(&ground, "store").await["EventDataStoreArn"].clone();
    make(&ground, "other").await;
    let cases = [
        (json!({ "Name": "other" }), "EventDataStoreAlreadyExistsException"),
        (json!({ "Name": "store" }), ""),
        (json!({ "BillingMode": "FIXED_RETENTION_PRICING" }), "InvalidParameterException"),
        (json!({ "AdvancedEventSelectors": category("ActivityAuditLog") }), "InvalidEventSelectorsException"),
        (json!({}), "InvalidParameterException"),
        (json!({ "KmsKeyId": "a" }), "InvalidKmsKeyIdException"),
        (json!({ "KmsKeyId": "alias/a" }), ""),
        (json!({ "KmsKeyId": "alias/b" }), "InvalidParameterException"),
        (json!({ "KmsKeyId": format!("arn:aws:kms:{REGION}:{ACCOUNT}:alias/a") }), ""),
        (json!({ "RetentionPeriod": 90, "MultiRegionEnabled": false }), ""),
    ];
    for (mut input, expected) in cases {
        input["EventDataStore"] = arn.clone();
        let answer = ground.run(Operation::UpdateEventDataStore, input.clone()).await;
        assert_eq!(code(&answer), expected, "{input} {answer}");
    }
    let told = ground.run(Operation::GetEventDataStore, json!({ "EventDataStore": arn })).await;
    let found = ["Name", "RetentionPeriod", "MultiRegionEnabled", "TerminationProtectionEnabled", "KmsKeyId"]
        .map(|name| told[name].clone());
    let key = json!(format!("arn:aws:kms:{REGION}:{ACCOUNT}:alias/a"));
    assert_eq!(found, [json!("store"), json!(90), json!(false), json!(true), key]);
}

#[tokio::test]
async fn what_is_not_the_callers_is_not_there() {
    let ground = Ground::new();
    let arn = make(&ground, "store").await["EventDataStoreArn"].clone();
    let named = |name: &Value| json!({ "EventDataStore": name });
    let calls = [
        (ground.call(), "EventDataStoreTerminationProtectedException"),
        (ground.call_of("444455556666", REGION), "EventDataStoreNotFoundException"),
        (ground.call_of(ACCOUNT, "eu-west-1"), "EventDataStoreNotFoundException"),
    ];
    for (call, expected) in calls {
        let answer = ground.run_as(&call, Operation::DeleteEventDataStore, named(&arn)).await;
        assert_eq!(code(&answer), expected, "{}", call.account);
    }
    let cases = [
        (json!(MISSING), "EventDataStoreNotFoundException"),
        (json!("store"), "EventDataStoreARNInvalidException"),
        (json!("arn:aws:s3:::bucket"), "EventDataStoreARNInvalidException"),
        (json!(""), "EventDataStoreARNInvalidException"),
    ];
    for (name, expected) in cases {
        for operation in [Operation::GetEventDataStore, Operation::DisableFederation, Operation::RestoreEventDataStore]
        {
            assert_eq!(code(&ground.run(operation, named(&name)).await), expected, "{name}");
        }
    }
    assert_eq!(code(&ground.run(Operation::DisableFederation, named(&arn)).await), "UnsupportedOperationException");
    assert_eq!(
        code(&ground.run(Operation::RestoreEventDataStore, named(&arn)).await),
        "InvalidEventDataStoreStatusException"
    );
}

#[tokio::test]
async fn channels_feed_stores_made_for_them() {
    let ground = Ground::new();
    let plain = make(&ground, "plain").await["EventDataStoreArn"].clone();
    let input = json!({
        "Name": "activity", "AdvancedEventSelectors": category("ActivityAuditLog"), "MultiRegionEnabled": false,
    });
    let store = ground.run(Operation::CreateEventDataStore, input).await["EventDataStoreArn"].clone();
    let to = |location: &Value| json!([{ "Type": "EVENT_DATA_STORE", "Location": location }]);
    let cases = [
        (json!({ "Name": "ch", "Source": "Custom", "Destinations": to(&store) }), "InvalidParameterException"),
        (json!({ "Name": "channel", "Source": "Nobody", "Destinations": to(&store) }), "InvalidSourceException"),
        (json!({ "Name": "channel", "Source": "Custom", "Destinations": [] }), "InvalidParameterException"),
        (
            json!({ "Name": "channel", "Source": "Custom", "Destinations": [{ "Type": "S3", "Location": store }] }),
            "InvalidParameterException",
        ),
        (
            json!({ "Name": "channel", "Source": "Custom", "Destinations": to(&plain) }),
            "InvalidEventDataStoreCategoryException",
        ),
        (
            json!({ "Name": "channel", "Source": "Custom", "Destinations": to(&json!(MISSING)) }),
            "EventDataStoreNotFoundException",
        ),
        (json!({ "Name": "channel", "Source": "Custom", "Destinations": to(&store) }), ""),
        (json!({ "Name": "channel", "Source": "Custom", "Destinations": to(&store) }), "ChannelAlreadyExistsException"),
    ];
    for (input, expected) in cases {
        assert_eq!(code(&ground.run(Operation::CreateChannel, input.clone()).await), expected, "{input}");
    }
    let listed = ground.run(Operation::ListChannels, json!({})).await;
    let arn = listed["Channels"][0]["ChannelArn"].clone();
    assert_eq!(listed, json!({ "Channels": [{ "ChannelArn": arn, "Name": "channel" }] }));
    for (change, expected) in [
        (json!({ "MultiRegionEnabled": true }), "InvalidParameterException"),
        (json!({ "MultiRegionEnabled": false, "RetentionPeriod": 90 }), ""),
    ] {
        let mut input = change.clone();
        input["EventDataStore"] = store.clone();
        assert_eq!(code(&ground.run(Operation::UpdateEventDataStore, input).await), expected, "{change}");
    }
    let renamed = ground.run(Operation::UpdateChannel, json!({ "Channel": arn, "Name": "renamed" })).await;
    assert_eq!((&renamed["Name"], &renamed["Destinations"]), (&json!("renamed"), &to(&store)));
    let shown = ground.run(Operation::GetChannel, json!({ "Channel": arn })).await;
    assert_eq!(shown["IngestionStatus"], json!({}));
    assert_eq!(ground.run(Operation::DeleteChannel, json!({ "Channel": arn })).await, json!({}));
    assert_eq!(code(&ground.run(Operation::GetChannel, json!({ "Channel": arn })).await), "ChannelNotFoundException");
    assert_eq!(code(&ground.run(Operation::GetChannel, json!({ "Channel": "x" })).await), "ChannelARNInvalidException");
    for (name, source, expected) in [
        ("first", "Okta", ""),
        ("second", "Okta", "ChannelMaxLimitExceededException"),
        ("third", "Custom", ""),
        ("fourth", "Custom", ""),
    ] {
        let input = json!({ "Name": name, "Source": source, "Destinations": to(&store) });
        assert_eq!(code(&ground.run(Operation::CreateChannel, input).await), expected, "{name}");
    }
}

#[tokio::test]
async fn queries_of_a_store_that_is_deleted_are_not_told_of() {
    let ground = Ground::new();
    let input = json!({ "Name": "store", "TerminationProtectionEnabled": false });
    let arn = ground.run(Operation::CreateEventDataStore, input).await["EventDataStoreArn"].clone();
    let store = json!({ "EventDataStore": arn });
    let statement = format!("SELECT eventID FROM {}", arn.as_str().unwrap().rsplit('/').next().unwrap());
    let query = ground.run(Operation::StartQuery, json!({ "QueryStatement": statement })).await;
    ground.service.queries.settle().await;
    let inactive = "InactiveEventDataStoreException";
    for (change, expected) in
        [(None, ""), (Some(Operation::DeleteEventDataStore), inactive), (Some(Operation::RestoreEventDataStore), "")]
    {
        if let Some(change) = change {
            assert_eq!(code(&ground.run(change, store.clone()).await), "", "{change:?}");
        }
        let asked = [
            (Operation::DescribeQuery, query.clone()),
            (Operation::GetQueryResults, query.clone()),
            (Operation::ListQueries, store.clone()),
        ];
        for (operation, input) in asked {
            let answer = ground.run(operation, input).await;
            assert_eq!(code(&answer), expected, "{operation:?} after {change:?}: {answer}");
        }
    }
}

#[tokio::test]
async fn insights_of_a_store_go_from_management_events_to_a_store_for_insights() {
    let ground = Ground::new();
    let of_category = async |name: &str, selectors: Value| {
        let input = json!({ "Name": name, "AdvancedEventSelectors": selectors });
        let made = ground.run(Operation::CreateEventDataStore, input).await;
        made["EventDataStoreArn"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    };
    let reading = json!([{ "FieldSelectors": [
        { "Field": "eventCategory", "Equals": ["Management"] }, { "Field": "readOnly", "Equals": ["true"] },
    ] }]);
    let objects = json!([{ "FieldSelectors": [
        { "Field": "eventCategory", "Equals": ["Data"] }, { "Field": "resources.type", "Equals": ["AWS::S3::Object"] },
    ] }]);
    let source = of_category("source", category("Management")).await;
    let sink = of_category("sink", category("Insight")).await;
    let of_objects = of_category("objects", objects.clone()).await;
    let (calls, errors) = ("ApiCallRateInsight", "ApiErrorRateInsight");
    let refused = "InvalidInsightSelectorsException";
    let put = |from: &str, to: Value, kind: &str| {
        let input = json!({ "EventDataStore": from, "InsightSelectors": [{ "InsightType": kind }] });
        let to = if to.is_null() { json!({}) } else { json!({ "InsightsDestination": to }) };
        let members = input.as_object().unwrap().clone().into_iter().chain(to.as_object().unwrap().clone());
        (Operation::PutInsightSelectors, Value::Object(members.collect()))
    };
    let becomes = |selectors: &Value| {
        (Operation::UpdateEventDataStore, json!({ "EventDataStore": source, "AdvancedEventSelectors": selectors }))
    };
    let cases = [
        (put(&source, Value::Null, calls), "InvalidParameterException"),
        (put(&source, json!(of_objects), calls), refused),
        (put(&source, json!(MISSING), calls), "EventDataStoreNotFoundException"),
        (put(&of_objects, json!(sink), errors), refused),
        (put(&source, json!(sink), calls), ""),
        (becomes(&reading), refused),
        (put(&source, json!(sink), errors), ""),
        (becomes(&reading), ""),
        (becomes(&objects), refused),
        (put(&source, json!(sink), calls), refused),
        ((Operation::PutInsightSelectors, json!({ "EventDataStore": source, "InsightSelectors": [] })), ""),
        (becomes(&objects), ""),
    ];
    for ((operation, input), expected) in cases {
        let answer = ground.run(operation, input.clone()).await;
        assert_eq!(code(&answer), expected, "{operation:?} {input}: {answer}");
    }
}

#[tokio::test]
async fn dashboards_are_kept_as_they_were_sent() {
    let ground = Ground::new();
    let store =
        make(&ground, "store").await["EventDataStoreArn"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let widget = |sql: String| json!({ "QueryStatement": sql, "ViewProperties": { "Height": "2", "View": "Table" } });
    let good = widget(format!("SELECT eventName FROM {store}"));
    let schedule = json!({ "Frequency": { "Unit": "HOURS", "Value": 6 }, "Status": "ENABLED", "TimeOfDay": "12:30" });
    let input = json!({
        "Name": "board", "Widgets": [good], "RefreshSchedule": schedule, "TerminationProtectionEnabled": true,
        "TagsList": [{ "Key": "k", "Value": "v" }],
    });
    let made = ground.run(Operation::CreateDashboard, input).await;
    assert_eq!(made["Widgets"][0]["ViewProperties"], good["ViewProperties"], "{made}");
    assert_eq!((&made["RefreshSchedule"], &made["TagsList"]), (&schedule, &json!([{ "Key": "k", "Value": "v" }])));
    let cases = [
        (json!({ "Name": "board" }), "ConflictException"),
        (json!({ "Name": "b" }), "InvalidParameterException"),
        (json!({ "Name": "new", "Widgets": [widget("SELECT".into())] }), "InvalidQueryStatementException"),
        (
            json!({ "Name": "new", "Widgets": [widget(format!("SELECT 1 FROM {MISSING}"))] }),
            "EventDataStoreNotFoundException",
        ),
        (json!({ "Name": "new", "Widgets": vec![good.clone(); 11] }), "ServiceQuotaExceededException"),
        (
            json!({ "Name": "new", "RefreshSchedule": { "Frequency": { "Unit": "HOURS", "Value": 5 } } }),
            "InvalidParameterException",
        ),
        (json!({ "Name": "new", "RefreshSchedule": { "TimeOfDay": "25:00" } }), "InvalidParameterException"),
    ];
    for (input, expected) in cases {
        assert_eq!(code(&ground.run(Operation::CreateDashboard, input.clone()).await), expected, "{input}");
    }
    let named = json!({ "DashboardId": "board" });
    let shown = ground.run(Operation::GetDashboard, named.clone()).await;
    assert_eq!((&shown["Status"], &shown["Widgets"]), (&json!("CREATED"), &made["Widgets"]));
    assert_eq!(code(&ground.run(Operation::DeleteDashboard, named.clone()).await), "ConflictException");
    let input = json!({ "DashboardId": "board", "TerminationProtectionEnabled": false, "Widgets": [] });
    let updated = ground.run(Operation::UpdateDashboard, input).await;
    assert_eq!((&updated["Widgets"], &updated["RefreshSchedule"]), (&json!([]), &schedule));
    for (filter, count) in [
        (json!({}), 1),
        (json!({ "NamePrefix": "boa" }), 1),
        (json!({ "NamePrefix": "oar" }), 0),
        (json!({ "Type": "MANAGED" }), 0),
        (json!({ "Type": "CUSTOM" }), 1),
    ] {
        let listed = ground.run(Operation::ListDashboards, filter.clone()).await;
        assert_eq!(listed["Dashboards"].as_array().unwrap().len(), count, "{filter}");
    }
    assert_eq!(ground.run(Operation::DeleteDashboard, named.clone()).await, json!({}));
    assert_eq!(code(&ground.run(Operation::GetDashboard, named).await), "ResourceNotFoundException");
}

#[tokio::test]
async fn imports_are_asked_for_stopped_and_retried() {
    let ground = Ground::new();
    let input = json!({ "Name": "store", "TerminationProtectionEnabled": false });
    let store = ground.run(Operation::CreateEventDataStore, input).await["EventDataStoreArn"].clone();
    let source = |uri: &str| {
        let role = "arn:aws:iam::111122223333:role/import";
        json!({ "S3": { "S3LocationUri": uri, "S3BucketRegion": REGION, "S3BucketAccessRoleArn": role } })
    };
    let good = json!({ "Destinations": [store], "ImportSource": source("s3://logs/AWSLogs/") });
    let cases = [
        (json!({}), "InvalidParameterException"),
        (json!({ "Destinations": [store] }), "InvalidParameterException"),
        (json!({ "Destinations": [store, store], "ImportSource": source("s3://logs") }), "InvalidParameterException"),
        (json!({ "Destinations": [MISSING], "ImportSource": source("s3://logs") }), "EventDataStoreNotFoundException"),
        (
            json!({ "Destinations": [store], "ImportSource": source("s3://nosuchbucket") }),
            "InvalidImportSourceException",
        ),
        (json!({ "Destinations": [store], "ImportSource": source("/etc") }), "InvalidImportSourceException"),
        (
            json!({ "Destinations": [store], "ImportSource": source("s3://logs"), "StartEventTime": 2, "EndEventTime": 1 }),
            "InvalidParameterException",
        ),
        (json!({ "ImportId": MISSING }), "ImportNotFoundException"),
        (good.clone(), ""),
        (good, "AccountHasOngoingImportException"),
    ];
    let mut id = Value::Null;
    for (input, expected) in cases {
        let answer = ground.run(Operation::StartImport, input.clone()).await;
        assert_eq!(code(&answer), expected, "{input} {answer}");
        if expected.is_empty() {
            assert_eq!(answer["ImportStatus"], "INITIALIZING");
            id = answer["ImportId"].clone();
        }
    }
    let named = json!({ "ImportId": id });
    for (operation, input) in [
        (Operation::DeleteEventDataStore, json!({ "EventDataStore": store })),
        (Operation::UpdateEventDataStore, json!({ "EventDataStore": store, "RetentionPeriod": 90 })),
    ] {
        let refused = ground.run(operation, input).await;
        assert_eq!(code(&refused), "EventDataStoreHasOngoingImportException", "{operation:?}");
    }
    assert_eq!(ground.run(Operation::StopImport, named.clone()).await["ImportStatus"], "STOPPED");
    assert_eq!(code(&ground.run(Operation::StopImport, named.clone()).await), "InvalidParameterException");
    assert_eq!(ground.run(Operation::StartImport, named.clone()).await["ImportStatus"], "INITIALIZING");
    let shown = ground.run(Operation::GetImport, named.clone()).await;
    assert_eq!(shown["ImportStatistics"]["FilesCompleted"], 0);
    assert_eq!(ground.run(Operation::ListImportFailures, named).await, json!({ "Failures": [] }));
    let listed =
        ground.run(Operation::ListImports, json!({ "Destination": store, "ImportStatus": "INITIALIZING" })).await;
    assert_eq!(listed["Imports"][0]["ImportId"], id);
    let none = ground.run(Operation::ListImports, json!({ "ImportStatus": "COMPLETED" })).await;
    assert_eq!(none, json!({ "Imports": [] }));
}

#[tokio::test]
async fn queries_are_found_and_not_generated() {
    let ground = Ground::new();
    let store = make(&ground, "store").await["EventDataStoreArn"].clone();
    let input = json!({ "EventDataStores": [store], "Prompt": "what did alice do" });
    assert_eq!(code(&ground.run(Operation::GenerateQuery, input).await), "GenerateResponseException");
    let first = ground.run(Operation::SearchSampleQueries, json!({ "SearchPhrase": "changes", "MaxResults": 1 })).await;
    let input = json!({ "SearchPhrase": "changes", "MaxResults": 1, "NextToken": first["NextToken"] });
    let second = ground.run(Operation::SearchSampleQueries, input).await;
    let name = |page: &Value| page["SearchResults"][0]["Name"].as_str().unwrap().to_owned();
    assert_ne!(name(&first), name(&second));
    let sql = first["SearchResults"][0]["SQL"].as_str().unwrap();
    let started = ground.run(Operation::StartQuery, json!({ "QueryStatement": sql })).await;
    assert_eq!(code(&started), "", "a sample runs over the only store there is");
    ground.service.queries.settle().await;
}
