//! Trails through the API, call by call.

use serde_json::{Value, json};
use trail::delivery::{State, TRAIL_DELIVERY};
use trail::model::{DeliveryStatus, Millis, Outcome, TRAIL, TRAIL_STATUS, Trail};

use crate::http::carry_out;
use crate::operation::Operation;
use crate::testing::{ACCOUNT, Ground, answer, code};
use crate::world::Found;
use Operation::*;

const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/my-trail";

/// Makes calls and compares the code of each answer, nothing where it is good.
async fn check(ground: &Ground, calls: &[(Operation, Value, &str)]) {
    for (operation, input, expected) in calls {
        let answer = ground.run(*operation, input.clone()).await;
        assert_eq!(code(&answer), *expected, "{operation:?} {input}: {answer}");
    }
}

async fn ground_with_trail() -> Ground {
    let ground = Ground::new();
    check(&ground, &[(CreateTrail, json!({"Name": "my-trail", "S3BucketName": "logs"}), "")]).await;
    ground
}

#[tokio::test]
async fn a_new_trail_has_aws_defaults() {
    let ground = Ground::new();
    let made = ground.run(CreateTrail, json!({"Name": "my-trail", "S3BucketName": "logs"})).await;
    let expected = json!({
        "Name": "my-trail", "S3BucketName": "logs", "IncludeGlobalServiceEvents": true, "IsMultiRegionTrail": false,
        "TrailARN": ARN, "LogFileValidationEnabled": false, "IsOrganizationTrail": false, "RecursiveLogging": true
    });
    assert_eq!(made, expected);
    let mut whole = expected;
    whole.as_object_mut().unwrap().extend(
        json!({"HomeRegion": "us-east-1", "HasCustomEventSelectors": false, "HasInsightSelectors": false})
            .as_object()
            .unwrap()
            .clone(),
    );
    assert_eq!(ground.run(GetTrail, json!({"Name": ARN})).await, json!({"Trail": whole}));
    let status = ground.run(GetTrailStatus, json!({"Name": "my-trail"})).await;
    assert_eq!(
        status,
        json!({
            "IsLogging": false, "LatestDeliveryAttemptTime": "", "LatestNotificationAttemptTime": "",
            "LatestNotificationAttemptSucceeded": "", "LatestDeliveryAttemptSucceeded": "", "TimeLoggingStarted": "",
            "TimeLoggingStopped": ""
        })
    );
}

#[tokio::test]
async fn what_a_trail_cannot_be_is_refused_in_order() {
    let ground = Ground::new();
    ground.world.set("closed", Found::Forbidden);
    let group = "arn:aws:logs:us-east-1:111122223333:log-group:trails";
    ground.world.set(group, Found::Usable);
    let role = "arn:aws:iam::111122223333:role/delivery";
    let cases = [
        (
            json!({"IsMultiRegionTrail": true, "IncludeGlobalServiceEvents": false, "Name": "x"}),
            "InvalidParameterCombinationException",
        ),
        (json!({"Name": "x", "S3BucketName": "none"}), "InvalidTrailNameException"),
        (json!({"S3BucketName": "No_Bucket"}), "InvalidS3BucketNameException"),
        (json!({"S3BucketName": "10.0.0.1"}), "InvalidS3BucketNameException"),
        (json!({"S3BucketName": "none", "SnsTopicName": "none"}), "S3BucketDoesNotExistException"),
        (json!({"S3BucketName": "closed"}), "InsufficientS3BucketPolicyException"),
        (json!({"S3KeyPrefix": "p".repeat(201)}), "InvalidS3PrefixException"),
        (json!({"S3KeyPrefix": "a/../b"}), "InvalidS3PrefixException"),
        (json!({"SnsTopicName": "none"}), "InsufficientSnsTopicPolicyException"),
        (json!({"SnsTopicName": "no topic"}), "InvalidSnsTopicNameException"),
        (json!({"SnsTopicName": "t".repeat(257)}), "InvalidSnsTopicNameException"),
        (json!({"CloudWatchLogsRoleArn": role}), "InvalidParameterCombinationException"),
        (
            json!({"CloudWatchLogsLogGroupArn": group, "CloudWatchLogsRoleArn": role}),
            "InvalidCloudWatchLogsLogGroupArnException",
        ),
        (
            json!({"CloudWatchLogsLogGroupArn": format!("{group}2:*"), "CloudWatchLogsRoleArn": role}),
            "InvalidCloudWatchLogsLogGroupArnException",
        ),
        (
            json!({"CloudWatchLogsLogGroupArn": format!("{group}:*"), "CloudWatchLogsRoleArn": "role"}),
            "InvalidCloudWatchLogsRoleArnException",
        ),
        (json!({"KmsKeyId": "kki"}), "InvalidKmsKeyIdException"),
        (json!({"IsOrganizationTrail": true}), "OrganizationsNotInUseException"),
        (json!({"TagsList": [{"Key": "a"}, {"Key": "a"}]}), "InvalidTagParameterException"),
        (json!({"Name": null}), "ValidationException"),
        (json!({"Name": 7}), "SerializationException"),
    ];
    for (given, expected) in cases {
        let mut input = json!({"Name": "my-trail", "S3BucketName": "logs"});
        input.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        let answer = ground.run(CreateTrail, input.clone()).await;
        assert_eq!(code(&answer), expected, "{input}: {answer}");
    }
    assert_eq!(ground.run(ListTrails, json!({})).await, json!({"Trails": []}));
}

#[tokio::test]
async fn what_a_trail_is_given_is_shown_whole() {
    let ground = Ground::new();
    let group = "arn:aws:logs:us-east-1:111122223333:log-group:trails";
    ground.world.set(group, Found::Usable);
    let topic = format!("arn:aws:sns:us-east-1:{ACCOUNT}:notices");
    let key = "11111111-2222-3333-4444-555555555555";
    let given = json!({
        "Name": "my-trail", "S3BucketName": "logs", "S3KeyPrefix": "p", "SnsTopicName": "notices",
        "CloudWatchLogsLogGroupArn": format!("{group}:*"), "CloudWatchLogsRoleArn": "arn:aws:iam::111122223333:role/r",
        "KmsKeyId": key, "EnableLogFileValidation": true, "IsMultiRegionTrail": true, "RecursiveLogging": false
    });
    let made = ground.run(CreateTrail, given).await;
    assert_eq!(made["SnsTopicName"], "notices");
    assert_eq!(made["SnsTopicARN"], topic);
    assert_eq!(made["KmsKeyId"], format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{key}"));
    assert_eq!(made["CloudWatchLogsLogGroupArn"], format!("{group}:*"));
    assert_eq!((&made["LogFileValidationEnabled"], &made["RecursiveLogging"]), (&json!(true), &json!(false)));
    // A call that sends nothing changes nothing.
    assert_eq!(ground.run(UpdateTrail, json!({"Name": ARN})).await, made);
    let cleared = ground
        .run(
            UpdateTrail,
            json!({"Name": ARN, "S3KeyPrefix": "", "SnsTopicName": "", "CloudWatchLogsLogGroupArn": "",
            "CloudWatchLogsRoleArn": "", "KmsKeyId": "", "IsMultiRegionTrail": false}),
        )
        .await;
    assert_eq!(
        cleared,
        json!({"Name": "my-trail", "S3BucketName": "logs", "IncludeGlobalServiceEvents": false, "IsMultiRegionTrail": false,
            "TrailARN": ARN, "LogFileValidationEnabled": true, "IsOrganizationTrail": false, "RecursiveLogging": false})
    );
    let everywhere = ground.run(UpdateTrail, json!({"Name": ARN, "IsMultiRegionTrail": true})).await;
    assert_eq!(everywhere["IncludeGlobalServiceEvents"], true);
    check(
        &ground,
        &[
            (
                UpdateTrail,
                json!({"Name": ARN, "IncludeGlobalServiceEvents": false}),
                "InvalidParameterCombinationException",
            ),
            (UpdateTrail, json!({"Name": ARN, "S3BucketName": "none"}), "S3BucketDoesNotExistException"),
            (UpdateTrail, json!({"Name": ARN, "S3BucketName": ""}), "InvalidS3BucketNameException"),
            (UpdateTrail, json!({"Name": "other"}), "TrailNotFoundException"),
        ],
    )
    .await;
    let topic_by_arn = ground.run(UpdateTrail, json!({"Name": ARN, "SnsTopicName": topic})).await;
    assert_eq!((&topic_by_arn["SnsTopicName"], &topic_by_arn["SnsTopicARN"]), (&json!(topic), &json!(topic)));
}

#[tokio::test]
async fn trails_are_seen_from_other_regions_and_not_from_other_accounts() {
    let ground = Ground::new();
    for (name, is_multi_region) in [("single", false), ("everywhere", true)] {
        let input = json!({"Name": name, "S3BucketName": "logs", "IsMultiRegionTrail": is_multi_region});
        check(&ground, &[(CreateTrail, input, "")]).await;
    }
    let far = ground.call_of(ACCOUNT, "eu-west-1");
    let stranger = ground.call_of("444455556666", "us-east-1");
    let names = |answer: Value| {
        let list = answer.get("trailList").or(answer.get("Trails")).unwrap().as_array().unwrap().clone();
        list.iter().map(|trail| trail["Name"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let single = "arn:aws:cloudtrail:us-east-1:111122223333:trail/single";
    let cases = [
        (&far, json!({}), "everywhere"),
        (&far, json!({"includeShadowTrails": false}), ""),
        (&far, json!({"trailNameList": ["single", "everywhere"]}), ""),
        (&far, json!({"trailNameList": [single]}), "single"),
        (&ground.call(), json!({}), "single everywhere"),
        (&ground.call(), json!({"trailNameList": ["everywhere", "unknown"]}), "everywhere"),
        (&stranger, json!({"trailNameList": [single]}), ""),
    ];
    for (call, input, expected) in cases {
        let answer = ground.run_as(call, DescribeTrails, input.clone()).await;
        assert_eq!(names(answer), expected, "{input}");
    }
    assert_eq!(names(ground.run_as(&far, ListTrails, json!({})).await), "single everywhere");
    assert_eq!(names(ground.run_as(&stranger, ListTrails, json!({})).await), "");
    let everywhere = "arn:aws:cloudtrail:us-east-1:111122223333:trail/everywhere";
    let cases = [
        (&far, GetTrailStatus, json!({"Name": everywhere}), ""),
        (&far, GetTrailStatus, json!({"Name": "everywhere"}), ""),
        (&far, GetTrail, json!({"Name": "single"}), "TrailNotFoundException"),
        (&far, StartLogging, json!({"Name": everywhere}), "InvalidHomeRegionException"),
        (&far, DeleteTrail, json!({"Name": everywhere}), "InvalidHomeRegionException"),
        (&far, PutEventSelectors, json!({"TrailName": "everywhere"}), "InvalidHomeRegionException"),
        (&stranger, GetTrail, json!({"Name": everywhere}), "TrailNotFoundException"),
        (&stranger, DeleteTrail, json!({"Name": everywhere}), "TrailNotFoundException"),
    ];
    for (call, operation, input, expected) in cases {
        assert_eq!(code(&ground.run_as(call, operation, input.clone()).await), expected, "{operation:?} {input}");
    }
}

#[tokio::test]
async fn messages_are_those_of_aws() {
    let ground = ground_with_trail().await;
    let cases = [
        (GetTrail, json!({"Name": "unknown"}), "Unknown trail: unknown for the user: 111122223333"),
        (
            GetTrailStatus,
            json!({"Name": "unknown"}),
            "Unknown trail: arn:aws:cloudtrail:us-east-1:111122223333:trail/unknown for the user: 111122223333",
        ),
        (CreateTrail, json!({"Name": "new", "S3BucketName": "none"}), "S3 bucket none does not exist!"),
        (
            CreateTrail,
            json!({"Name": "my-trail", "S3BucketName": "logs"}),
            "Trail my-trail already exists for customer: 111122223333",
        ),
        (
            GetInsightSelectors,
            json!({"TrailName": "my-trail"}),
            "Trail arn:aws:cloudtrail:us-east-1:111122223333:trail/my-trail does not have Insights enabled. Edit the trail \
             settings to enable Insights, and then try the operation again.",
        ),
    ];
    for (operation, input, expected) in cases {
        assert_eq!(ground.run(operation, input).await["message"], expected);
    }
}

#[tokio::test]
async fn five_trails_fill_a_region() {
    let ground = Ground::new();
    for number in 0..5 {
        let input =
            json!({"Name": format!("trail{number}"), "S3BucketName": "logs", "IsMultiRegionTrail": number == 0});
        check(&ground, &[(CreateTrail, input, "")]).await;
    }
    let sixth = json!({"Name": "sixth", "S3BucketName": "logs"});
    check(&ground, &[(CreateTrail, sixth.clone(), "MaximumNumberOfTrailsExceededException")]).await;
    let far = ground.call_of(ACCOUNT, "eu-west-1");
    assert_eq!(code(&ground.run_as(&far, CreateTrail, sixth.clone()).await), "");
    check(&ground, &[(DeleteTrail, json!({"Name": "trail3"}), ""), (CreateTrail, sixth, "")]).await;
}

#[tokio::test]
async fn selectors_are_echoed_and_one_kind_removes_the_other() {
    let ground = ground_with_trail().await;
    let get = json!({"TrailName": "my-trail"});
    let default = json!({"TrailARN": ARN, "EventSelectors": [
        {"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": []}]});
    assert_eq!(ground.run(GetEventSelectors, get.clone()).await, default);
    let basic = json!([{"ReadWriteType": "WriteOnly", "DataResources": [
        {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::bucket-1/"]}]}]);
    let put = ground.run(PutEventSelectors, json!({"TrailName": ARN, "EventSelectors": basic})).await;
    assert_eq!(put, json!({"TrailARN": ARN, "EventSelectors": basic}));
    assert_eq!(ground.run(GetEventSelectors, get.clone()).await, put);
    let advanced = json!([{"Name": "n", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]);
    let put = ground.run(PutEventSelectors, json!({"TrailName": ARN, "AdvancedEventSelectors": advanced})).await;
    assert_eq!(put, json!({"TrailARN": ARN, "AdvancedEventSelectors": advanced}));
    assert_eq!(ground.run(GetEventSelectors, get.clone()).await, put);
    let refused = [
        json!({"TrailName": ARN}),
        json!({"TrailName": ARN, "EventSelectors": basic, "AdvancedEventSelectors": advanced}),
        json!({"TrailName": ARN, "EventSelectors": [{"ReadWriteType": "Some"}]}),
    ];
    for input in refused {
        check(&ground, &[(PutEventSelectors, input, "InvalidEventSelectorsException")]).await;
    }
    assert_eq!(ground.run(GetEventSelectors, get).await, put, "what is refused changes nothing");
    assert_eq!(ground.run(GetTrail, json!({"Name": ARN})).await["Trail"]["HasCustomEventSelectors"], true);
}

#[tokio::test]
async fn insight_selectors_and_event_configuration() {
    let ground = ground_with_trail().await;
    let objects = json!([{"DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]}]);
    check(&ground, &[(PutEventSelectors, json!({"TrailName": ARN, "EventSelectors": objects}), "")]).await;
    let selectors = json!([{"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight", "EventCategories": ["Data"]}]);
    let put = json!({"TrailName": "my-trail", "InsightSelectors": selectors});
    let expected = json!({"TrailARN": ARN, "InsightSelectors": selectors});
    assert_eq!(ground.run(PutInsightSelectors, put).await, expected);
    assert_eq!(ground.run(GetInsightSelectors, json!({"TrailName": ARN})).await, expected);
    let aggregation = json!([{"EventCategory": "Data", "Templates": ["API_ACTIVITY"]}]);
    let put = json!({"TrailName": "my-trail", "AggregationConfigurations": aggregation});
    let expected = json!({"TrailARN": ARN, "AggregationConfigurations": aggregation});
    assert_eq!(ground.run(PutEventConfiguration, put).await, expected);
    assert_eq!(ground.run(GetEventConfiguration, json!({"TrailName": ARN})).await, expected);
    let of_trail = |given: Value| {
        let mut input = json!({"TrailName": "my-trail"});
        input.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        input
    };
    check(
        &ground,
        &[
            (PutInsightSelectors, of_trail(json!({"InsightSelectors": [{"InsightType": "Other"}]})), "InvalidInsightSelectorsException"),
            (PutInsightSelectors, of_trail(json!({"InsightSelectors": [{"InsightType": "ApiCallRateInsight", "EventCategories": ["Insight"]}]})), "InvalidInsightSelectorsException"),
            (PutInsightSelectors, of_trail(json!({"InsightSelectors": [], "EventDataStore": "s"})), "InvalidParameterCombinationException"),
            (PutInsightSelectors, json!({"InsightSelectors": []}), "InvalidParameterException"),
            (PutEventConfiguration, of_trail(json!({"MaxEventSize": "Huge"})), "InvalidParameterException"),
            (PutEventConfiguration, of_trail(json!({"MaxEventSize": "Large"})), "InvalidParameterCombinationException"),
            (PutEventConfiguration, of_trail(json!({"AggregationConfigurations": [{"EventCategory": "Data", "Templates": []}]})), "InvalidParameterException"),
            (PutInsightSelectors, of_trail(json!({"InsightSelectors": []})), ""),
            (GetInsightSelectors, of_trail(json!({})), "InsightNotEnabledException"),
        ],
    )
    .await;
}

#[tokio::test]
async fn insights_need_the_events_that_they_look_at() {
    let ground = ground_with_trail().await;
    let objects = json!([{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]);
    let basic = |selector: Value| json!({"EventSelectors": [selector]});
    let management = |more: Value| {
        let category = json!({"Field": "eventCategory", "Equals": ["Management"]});
        json!({"AdvancedEventSelectors": [{"FieldSelectors": [category, more]}]})
    };
    let insights = |kind: &str, categories: Value| match categories {
        Value::Null => json!([{"InsightType": kind}]),
        categories => json!([{"InsightType": kind, "EventCategories": categories}]),
    };
    let (calls, errors) = ("ApiCallRateInsight", "ApiErrorRateInsight");
    let refused = "InvalidInsightSelectorsException";
    let data = basic(json!({"IncludeManagementEvents": false, "DataResources": objects}));
    let reading = management(json!({"Field": "readOnly", "Equals": ["true"]}));
    let writing = management(json!({"Field": "readOnly", "Equals": ["false"]}));
    let cases = [
        (&basic(json!({})), insights(calls, Value::Null), ""),
        (&basic(json!({"ReadWriteType": "ReadOnly"})), insights(calls, Value::Null), refused),
        (&basic(json!({"ReadWriteType": "ReadOnly"})), insights(errors, Value::Null), ""),
        (&basic(json!({"ReadWriteType": "WriteOnly"})), insights(calls, json!(["Management"])), ""),
        (&basic(json!({})), insights(errors, json!(["Data"])), refused),
        (&basic(json!({})), insights(errors, json!(["Management", "Data"])), refused),
        (&data, insights(calls, Value::Null), refused),
        (&data, insights(errors, json!(["Management"])), refused),
        (&data, insights(calls, json!(["Data"])), ""),
        (&data, insights(errors, json!(["Data"])), ""),
        (&data, json!([]), ""),
        (&reading, insights(calls, Value::Null), refused),
        (&reading, insights(errors, Value::Null), ""),
        (&writing, insights(calls, Value::Null), ""),
    ];
    for (selectors, insights, expected) in cases {
        let mut put = json!({"TrailName": ARN});
        put.as_object_mut().unwrap().extend(selectors.as_object().unwrap().clone());
        let insights = json!({"TrailName": ARN, "InsightSelectors": insights});
        check(&ground, &[(PutEventSelectors, put, ""), (PutInsightSelectors, insights, expected)]).await;
    }
}

fn kept(ground: &Ground) -> Trail {
    ground.service.documents.read(TRAIL, ARN).unwrap().unwrap().value
}

#[tokio::test]
async fn logging_starts_and_ends_at_the_events_of_its_calls() {
    let ground = ground_with_trail().await;
    ground.store(&[json!({"eventTime": "2026-06-01T10:00:00Z", "eventName": "x", "eventID": "1"})]).await;
    let before = ground.service.lake().await.unwrap().unwrap().last_seq();
    let name = json!({"Name": "my-trail"}).to_string();
    let run = async |operation: Operation| {
        let answer = answer(carry_out(&ground.service, &ground.call(), operation, name.as_bytes()).await);
        assert_eq!(answer, json!({}), "{operation:?}");
    };
    run(StartLogging).await;
    let logging = kept(&ground).logging;
    assert_eq!((logging.is_on, logging.stretch, logging.after_seq, logging.until_seq), (true, 1, before, None));
    let status = ground.run(GetTrailStatus, json!({"Name": "my-trail"})).await;
    assert_eq!(status["IsLogging"], true);
    assert_eq!(status["LatestDeliveryTime"], 1_780_315_200);
    assert_eq!(status["LatestDeliveryAttemptSucceeded"], "2026-06-01T12:00:00Z");
    assert_eq!(status.get("StopLoggingTime"), None);
    run(StartLogging).await;
    assert_eq!(kept(&ground).logging, logging, "a start that changes nothing begins no stretch");
    ground.clock.pass(60);
    run(StopLogging).await;
    let stopped = kept(&ground).logging;
    let last_seq = ground.service.lake().await.unwrap().unwrap().last_seq();
    assert_eq!((stopped.is_on, stopped.stretch), (false, 1));
    assert!(stopped.until_seq >= Some(last_seq), "the event of the stop itself belongs to the stretch");
    run(StopLogging).await;
    assert_eq!(kept(&ground).logging, stopped, "a second stop does not move the end");
    run(StartLogging).await;
    let again = kept(&ground).logging;
    assert_eq!((again.is_on, again.stretch, again.until_seq), (true, 2, None));
    assert!(again.after_seq >= last_seq);
    assert_eq!(again.stopped, stopped.stopped);
    run(DeleteTrail).await;
    let deleted = kept(&ground);
    assert!(!deleted.logging.is_on && deleted.deleted.is_some() && deleted.logging.until_seq > Some(again.after_seq));
}

#[tokio::test]
async fn a_deleted_trail_makes_room_and_is_delivered_to_its_end() {
    let ground = ground_with_trail().await;
    let name = json!({"Name": "my-trail"});
    for operation in [StartLogging, DeleteTrail] {
        let body = name.to_string();
        carry_out(&ground.service, &ground.call(), operation, body.as_bytes()).await.unwrap();
    }
    check(
        &ground,
        &[(GetTrail, name.clone(), "TrailNotFoundException"), (StopLogging, name, "TrailNotFoundException")],
    )
    .await;
    let before = kept(&ground);
    let create = json!({"Name": "my-trail", "S3BucketName": "logs"});
    check(&ground, &[(CreateTrail, create, "")]).await;
    let after = kept(&ground);
    assert_eq!((after.logging.stretch, after.deleted), (0, None));
    assert!(after.created > before.created, "delivery tells them apart");
    let state: State = ground.service.documents.read(TRAIL_DELIVERY, ARN).unwrap().unwrap().value;
    assert_eq!((state.trail.created, &state.trail.logging), (before.created, &before.logging));
    assert!(state.trail.logging.until_seq.is_some() && !state.is_ended);
    let status = ground.run(GetTrailStatus, json!({"Name": "my-trail"})).await;
    assert_eq!(status["LatestDeliveryAttemptTime"], "", "the status is not that of the one before");
}

#[tokio::test]
async fn a_stretch_that_delivery_has_not_seen_the_end_of_is_told_where_it_ends() {
    let ground = ground_with_trail().await;
    let kept = || ground.service.documents.read::<Trail>(TRAIL, ARN).unwrap().unwrap().value;
    let name = json!({"Name": "my-trail"});
    for operation in [StartLogging, StopLogging] {
        let call = ground.call();
        carry_out(&ground.service, &call, operation, name.to_string().as_bytes()).await.unwrap();
    }
    let first = kept().logging;
    check(&ground, &[(StartLogging, name, "")]).await;
    let state: State = ground.service.documents.read(TRAIL_DELIVERY, ARN).unwrap().unwrap().value;
    assert_eq!(state.trail.logging, first);
    assert!(first.until_seq.is_some() && !state.is_ended);
    assert_eq!(kept().logging.stretch, first.stretch + 1);
}

#[tokio::test]
async fn the_status_tells_how_deliveries_go() {
    let ground = ground_with_trail().await;
    let outcome = |attempted, succeeded, error: Option<&str>| Outcome {
        attempted: Some(Millis(attempted)),
        succeeded: Some(Millis(succeeded)),
        error: error.map(str::to_owned),
    };
    let status = DeliveryStatus {
        log_files: outcome(1_780_000_001_500, 1_780_000_000_000, Some("NoSuchBucket")),
        digests: outcome(1_780_000_002_000, 1_780_000_002_000, None),
        notifications: outcome(1_780_000_003_000, 1_780_000_003_250, None),
        cloud_watch_logs: outcome(1_780_000_004_000, 1_780_000_003_000, Some("AccessDenied")),
    };
    crate::kept::put(&ground.service, (TRAIL_STATUS, ARN), &status, lake::Expect::Absent).unwrap();
    let told = ground.run(GetTrailStatus, json!({"Name": "my-trail"})).await;
    let expected = json!({
        "IsLogging": false,
        "LatestDeliveryError": "NoSuchBucket", "LatestDeliveryTime": 1_780_000_000,
        "LatestDigestDeliveryTime": 1_780_000_002,
        "LatestNotificationTime": 1_780_000_003.25,
        "LatestCloudWatchLogsDeliveryError": "AccessDenied", "LatestCloudWatchLogsDeliveryTime": 1_780_000_003,
        "LatestDeliveryAttemptTime": "2026-05-28T20:26:41Z", "LatestDeliveryAttemptSucceeded": "2026-05-28T20:26:40Z",
        "LatestNotificationAttemptTime": "2026-05-28T20:26:43Z", "LatestNotificationAttemptSucceeded": "2026-05-28T20:26:43Z",
        "TimeLoggingStarted": "", "TimeLoggingStopped": ""
    });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_start_tells_of_a_bucket_that_is_gone() {
    let ground = ground_with_trail().await;
    ground.world.set("logs", Found::Missing);
    check(&ground, &[(StartLogging, json!({"Name": ARN}), "")]).await;
    let status = ground.run(GetTrailStatus, json!({"Name": ARN})).await;
    assert_eq!((&status["IsLogging"], &status["LatestDeliveryError"]), (&json!(true), &json!("NoSuchBucket")));
    assert_eq!(status.get("LatestDeliveryTime"), None);
}

#[tokio::test]
async fn an_organization_trail_needs_an_organization_and_a_key_of_all_accounts() {
    let ground = Ground::new();
    let Ground { service, world, clock, push, folder } = ground;
    let service = std::sync::Arc::into_inner(service).unwrap();
    let service = std::sync::Arc::new(service.in_organization(event::arn::OrganizationId::parse("o-example").unwrap()));
    let ground = Ground { service, world, clock, push, folder };
    let create = json!({"Name": "my-trail", "S3BucketName": "logs", "IsOrganizationTrail": true});
    let one = ground.call();
    let mut all = ground.call();
    all.sees_all = true;
    let becomes = |is_one: bool| json!({"Name": ARN, "IsOrganizationTrail": is_one});
    // Who calls, what, the code of the answer, and the organisation in the keys of the trail's files afterwards.
    let cases = [
        (&one, CreateTrail, create.clone(), "NotOrganizationMasterAccountException", None),
        (&all, CreateTrail, create, "", Some("o-example")),
        (&one, UpdateTrail, json!({"Name": ARN, "S3KeyPrefix": "p"}), "", Some("o-example")),
        (&one, UpdateTrail, becomes(false), "", None),
        (&one, UpdateTrail, becomes(true), "NotOrganizationMasterAccountException", None),
        (&all, UpdateTrail, becomes(true), "", Some("o-example")),
    ];
    for (call, operation, input, expected, organization) in cases {
        let answer = ground.run_as(call, operation, input.clone()).await;
        assert_eq!(code(&answer), expected, "{operation:?} {input}: {answer}");
        let trail = ground.service.documents.read::<Trail>(TRAIL, ARN).unwrap();
        let id = trail.and_then(|trail| trail.value.organization_id);
        assert_eq!(id.as_deref(), organization, "{operation:?} {input}");
    }
}
