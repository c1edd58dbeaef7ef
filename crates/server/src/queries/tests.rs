//! Queries over event data stores of a small lake.

use serde_json::{Value, json};

use super::Status;
use crate::operation::Operation;
use crate::testing::{ACCOUNT, Ground, REGION, code};

/// An event of a day in May, whose name tells it from the others.
fn event(name: &str, more: &Value) -> Value {
    let mut event = json!({
        "eventVersion": "1.11",
        "userIdentity": { "type": "IAMUser", "accountId": ACCOUNT, "userName": "alice" },
        "eventTime": "2026-05-20T10:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.1",
        "eventID": uuid::Uuid::new_v4().to_string(),
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    });
    let (members, more) = (event.as_object_mut().unwrap(), more.as_object().unwrap());
    members.extend(more.clone());
    event
}

/// Makes a store, and returns its id.
async fn store(ground: &Ground, input: &Value) -> String {
    let mut all = json!({ "Name": format!("store-{}", uuid::Uuid::new_v4()) });
    all.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
    let made = ground.run(Operation::CreateEventDataStore, all).await;
    let arn = made["EventDataStoreArn"].as_str().unwrap_or_else(|| panic!("{made}"));
    arn.rsplit('/').next().unwrap().to_owned()
}

/// Runs a query to its end, and returns what GetQueryResults tells.
async fn results(ground: &Ground, statement: &str) -> Value {
    let started = ground.run(Operation::StartQuery, json!({ "QueryStatement": statement })).await;
    let Some(id) = started["QueryId"].as_str() else { return started };
    ground.service.queries.settle().await;
    ground.run(Operation::GetQueryResults, json!({ "QueryId": id })).await
}

/// Returns the values of rows: `a,b;c,d`.
fn values(results: &Value) -> String {
    let rows = results["QueryResultRows"].as_array().unwrap_or_else(|| panic!("{results}"));
    let row = |row: &Value| {
        let cells = row.as_array().unwrap().iter().flat_map(|cell| cell.as_object().unwrap().values());
        cells.map(|value| value.as_str().unwrap()).collect::<Vec<_>>().join(",")
    };
    rows.iter().map(row).collect::<Vec<_>>().join(";")
}

async fn full() -> Ground {
    let ground = Ground::new();
    let other = json!({ "recipientAccountId": "444455556666" });
    let west = json!({ "awsRegion": "eu-west-1" });
    let data = json!({
        "eventCategory": "Data", "managementEvent": false,
        "resources": [{ "type": "AWS::S3::Object", "ARN": "arn:aws:s3:::b/k" }],
    });
    let old = json!({ "eventTime": "2026-04-01T10:00:00Z" });
    let read = json!({ "readOnly": true, "requestParameters": { "bucketName": "b", "n": 7 } });
    ground
        .store(&[
            event("Write", &json!({})),
            event("Read", &read),
            event("Other", &other),
            event("West", &west),
            event("Data", &data),
            event("Old", &old),
        ])
        .await;
    ground
}

#[tokio::test]
async fn a_store_shows_what_its_owner_chose() {
    let ground = full().await;
    let selector = |fields: Value| json!([{ "FieldSelectors": fields }]);
    let category = |name: &str| json!({ "Field": "eventCategory", "Equals": [name] });
    let cases = [
        (json!({}), "Old,Read,West,Write"),
        (json!({ "MultiRegionEnabled": false }), "Old,Read,Write"),
        (json!({ "RetentionPeriod": 30 }), "Read,West,Write"),
        (
            json!({ "AdvancedEventSelectors": selector(json!([
                category("Data"), { "Field": "resources.type", "Equals": ["AWS::S3::Object"] },
            ])) }),
            "Data",
        ),
        (
            json!({ "AdvancedEventSelectors": selector(json!([
                category("Management"), { "Field": "readOnly", "Equals": ["true"] },
            ])) }),
            "Read",
        ),
        (json!({ "AdvancedEventSelectors": selector(json!([category("ActivityAuditLog")])) }), ""),
    ];
    for (input, expected) in cases {
        let id = store(&ground, &input).await;
        let found = results(&ground, &format!("SELECT eventName FROM {id} ORDER BY 1")).await;
        assert_eq!(values(&found).replace(';', ","), expected, "{input} {found}");
    }
}

#[tokio::test]
async fn what_is_collected_during_a_stop_is_not_shown() {
    let ground = Ground::new();
    // What is stored is collected when the clock stands at the beginning.
    ground.clock.pass(-100);
    let on = store(&ground, &json!({})).await;
    let off = store(&ground, &json!({ "StartIngestion": false })).await;
    ground.clock.pass(50);
    let stopped = ground.run(Operation::StopEventDataStoreIngestion, json!({ "EventDataStore": on })).await;
    assert_eq!(stopped, json!({}));
    ground.clock.pass(50);
    ground.store(&[event("Write", &json!({}))]).await;
    ground.clock.pass(100);
    for id in [&on, &off] {
        assert_eq!(values(&results(&ground, &format!("SELECT eventName FROM {id}")).await), "", "{id}");
        let told = ground.run(Operation::GetEventDataStore, json!({ "EventDataStore": id })).await;
        assert_eq!(told["Status"], "STOPPED_INGESTION");
        ground.run(Operation::StartEventDataStoreIngestion, json!({ "EventDataStore": id })).await;
        let again = ground.run(Operation::StartEventDataStoreIngestion, json!({ "EventDataStore": id })).await;
        assert_eq!(code(&again), "InvalidEventDataStoreStatusException");
        // It starts again with what comes from now on.
        assert_eq!(values(&results(&ground, &format!("SELECT eventName FROM {id}")).await), "", "{id}");
    }
}

#[tokio::test]
async fn queries_read_stores_in_any_spelling_and_nothing_else() {
    let ground = full().await;
    let id = store(&ground, &json!({ "RetentionPeriod": 30 })).await;
    let arn = format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:eventdatastore/{id}");
    let elsewhere = arn.replace(ACCOUNT, "444455556666");
    let count = "SELECT count(*) AS n FROM";
    let cases = [
        (format!("{count} {id}"), "3"),
        (format!("{count} \"{arn}\""), "3"),
        (format!("{count} $EDS_ID"), "3"),
        (format!("SELECT e.eventName FROM {id} AS e WHERE e.readOnly = true"), "Read"),
        (format!("SELECT \"{id}\".eventName FROM \"{id}\" WHERE readOnly"), "Read"),
        (
            format!(
                "SELECT element_at(requestParameters, 'bucketName') b, json_extract_scalar(requestParameters, '$.n') FROM {id} WHERE readOnly = true;"
            ),
            "b,7",
        ),
        (format!("WITH events AS (SELECT * FROM {id} WHERE readOnly) {count} events"), "1"),
        (format!("{count} (SELECT eventName FROM {id} UNION SELECT awsRegion FROM {id}) x"), "5"),
        (
            format!("SELECT a.eventName FROM {id} a JOIN {id} b ON a.eventID = b.eventID WHERE b.readOnly = true"),
            "Read",
        ),
        (
            format!(
                "SELECT eventTime, readOnly, userIdentity.userName, errorCode, array_agg(1) FROM {id} WHERE readOnly GROUP BY 1, 2, 3, 4"
            ),
            "2026-05-20T10:00:00Z,true,alice,,[1]",
        ),
        (format!("{count} events"), "InvalidQueryStatementException"),
        (format!("{count} {id}, events"), "InvalidQueryStatementException"),
        (format!("{count} {id} WHERE eventID IN (SELECT eventid FROM events_flat)"), "InvalidQueryStatementException"),
        (format!("{count} {id} WHERE EXISTS (SELECT 1 FROM log_files)"), "InvalidQueryStatementException"),
        (format!("{count} information_schema.tables"), "InvalidQueryStatementException"),
        (format!("{count} {id}, information_schema.df_settings"), "InvalidQueryStatementException"),
        (format!("{count} generate_series(1, 3)"), "InvalidQueryStatementException"),
        (format!("{count} '/etc/passwd'"), "InvalidQueryStatementException"),
        (format!("{count} part_0"), "InvalidQueryStatementException"),
        (format!("SELECT * FROM {id}; SELECT 1"), "InvalidQueryStatementException"),
        (format!("EXPLAIN SELECT * FROM {id}"), "InvalidQueryStatementException"),
        (format!("DELETE FROM {id}"), "InvalidQueryStatementException"),
        ("SHOW TABLES".to_owned(), "InvalidQueryStatementException"),
        ("SELECT 1".to_owned(), "InvalidQueryStatementException"),
        ("SELEC".to_owned(), "InvalidQueryStatementException"),
        (format!("SELECT nosuchcolumn FROM {id}"), "InvalidQueryStatementException"),
        (format!("COPY (SELECT * FROM {id}) TO 'x.csv'"), "InvalidQueryStatementException"),
        ("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'".to_owned(), "InvalidQueryStatementException"),
        (format!("{count} \"{elsewhere}\""), "EventDataStoreNotFoundException"),
        (format!("{count} 11111111-2222-3333-4444-555555555555"), "EventDataStoreNotFoundException"),
        (format!("{count} \"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/x\""), "EventDataStoreARNInvalidException"),
    ];
    for (statement, expected) in cases {
        let found = results(&ground, &statement).await;
        let found = if found["QueryResultRows"].is_array() { values(&found) } else { code(&found).to_owned() };
        assert_eq!(found, expected, "{statement}");
    }
}

#[tokio::test]
async fn rows_come_page_by_page_and_tokens_are_bound() {
    let ground = full().await;
    let id = store(&ground, &json!({})).await;
    let started = ground
        .run(
            Operation::StartQuery,
            json!({ "QueryStatement": format!("SELECT eventName, eventName FROM {id} ORDER BY 1") }),
        )
        .await;
    ground.service.queries.settle().await;
    let (query, mut token, mut seen) = (started["QueryId"].clone(), Value::Null, Vec::new());
    loop {
        let mut input = json!({ "QueryId": query, "MaxQueryResults": 3 });
        if !token.is_null() {
            input["NextToken"] = token.clone();
        }
        let page = ground.run(Operation::GetQueryResults, input).await;
        assert_eq!(page["QueryStatistics"]["TotalResultsCount"], 4);
        seen.push(values(&page));
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
        let other = ground.run(Operation::StartQuery, json!({ "QueryStatement": format!("SELECT 1 FROM {id}") })).await;
        let forged = json!({ "QueryId": other["QueryId"], "NextToken": token });
        let refused = ground.run(Operation::GetQueryResults, forged).await;
        assert_eq!(code(&refused), "InvalidNextTokenException");
    }
    assert_eq!(seen, ["Old,Old;Read,Read;West,West", "Write,Write"]);
    let told = ground.run(Operation::DescribeQuery, json!({ "QueryId": query, "EventDataStore": id })).await;
    assert_eq!(told["QueryStatus"], "FINISHED");
    assert!(told["QueryStatistics"]["EventsScanned"].as_u64() >= told["QueryStatistics"]["EventsMatched"].as_u64());
    assert_eq!(code(&ground.run(Operation::CancelQuery, json!({ "QueryId": query })).await), "InactiveQueryException");
    let foreign = ground
        .run_as(&ground.call_of("444455556666", REGION), Operation::DescribeQuery, json!({ "QueryId": query }))
        .await;
    assert_eq!(code(&foreign), "QueryIdNotFoundException");
    let listed = ground.run(Operation::ListQueries, json!({ "EventDataStore": id, "QueryStatus": "FINISHED" })).await;
    assert!(listed["Queries"].as_array().unwrap().iter().any(|listed| listed["QueryId"] == query));
    ground.service.queries.settle().await;
    ground.clock.pass(8 * 86_400);
    ground.service.recover().await.unwrap();
    assert_eq!(
        code(&ground.run(Operation::DescribeQuery, json!({ "QueryId": query })).await),
        "QueryIdNotFoundException"
    );
    assert!(!ground.folder.path().join("query-results").join(query.as_str().unwrap()).exists());
}

#[tokio::test]
async fn queries_end_by_time_by_their_owner_and_with_the_program() {
    let mut ground = full().await;
    let id = store(&ground, &json!({})).await;
    let statement = format!("SELECT count(*) FROM {id} a, {id} b, {id} c");
    let start = async |ground: &Ground| {
        let started = ground.run(Operation::StartQuery, json!({ "QueryStatement": statement })).await;
        started["QueryId"].as_str().unwrap_or_else(|| panic!("{started}")).to_owned()
    };
    // A query that was told to end before it ran ends at once.
    let query = start(&ground).await;
    let cancelled = ground.run(Operation::CancelQuery, json!({ "QueryId": query })).await;
    assert_eq!(cancelled, json!({ "QueryId": query, "QueryStatus": "CANCELLED" }));
    ground.service.queries.settle().await;
    let told = ground.run(Operation::GetQueryResults, json!({ "QueryId": query })).await;
    assert_eq!((&told["QueryStatus"], &told["QueryResultRows"]), (&json!("CANCELLED"), &json!([])));
    // More at once than there may be.
    let mut places = Vec::new();
    while places.len() < 10 {
        // A cancelled query leaves its place when its thread comes to look.
        places.push(ground.service.queries.wait_for_place().await.unwrap());
    }
    let refused = ground.run(Operation::StartQuery, json!({ "QueryStatement": statement })).await;
    assert_eq!(code(&refused), "MaxConcurrentQueriesException");
    drop(places);
    // The program ends while it runs, and begins again.
    let query = start(&ground).await;
    ground.service.queries.settle().await;
    ground.service.queries.change(&query, |query| (query.status, query.ended) = (Status::Running, None)).unwrap();
    ground = ground.restarted();
    ground.service.recover().await.unwrap();
    let told = ground.run(Operation::DescribeQuery, json!({ "QueryId": query })).await;
    assert_eq!(told["QueryStatus"], "FAILED", "{told}");
    assert!(told["ErrorMessage"].as_str().unwrap().contains("ended while the query ran"));
    ground = ground.with_limits(|limits| limits.query_seconds_max = 0);
    let query = start(&ground).await;
    ground.service.queries.settle().await;
    let told = ground.run(Operation::DescribeQuery, json!({ "QueryId": query })).await;
    assert_eq!(told["QueryStatus"], "TIMED_OUT");
    let message = told["ErrorMessage"].as_str().unwrap();
    assert!(message.contains("ran for 0s") && message.contains("--query-timeout"), "{message}");
    ground = ground.with_limits(|limits| (limits.query_seconds_max, limits.query_result_bytes_max) = (60, 10));
    let found = results(&ground, &format!("SELECT eventName, eventTime FROM {id}")).await;
    assert_eq!(found["QueryStatus"], "FAILED");
    assert!(found["ErrorMessage"].as_str().unwrap().contains("more than 10 bytes"), "{found}");
}

#[tokio::test]
async fn a_query_that_needs_too_much_memory_says_so_in_plain_words() {
    let ground = full().await.with_limits(|limits| limits.query_memory_bytes_max = 64 << 10);
    let id = store(&ground, &json!({})).await;
    let cases = [
        (format!("SELECT repeat(eventName, 2000000000) FROM {id}"), "`repeat` may make a value of 1 KiB at most here"),
        (
            format!("SELECT array_agg(a.record) FROM {id} a, {id} b, {id} c, {id} d, {id} e"),
            "the query may use 64 KiB, and needs more to group",
        ),
    ];
    for (statement, expected) in cases {
        let found = results(&ground, &statement).await;
        let message = found["ErrorMessage"].as_str().unwrap_or_else(|| panic!("{statement} {found}"));
        assert_eq!(found["QueryStatus"], "FAILED", "{found}");
        assert!(message.contains(expected) && message.contains("--memory-bytes-max"), "{message}");
        for internal in ["Exec", "Stream", "datafusion", "Resources", "pool"] {
            assert!(!message.contains(internal), "{message}");
        }
    }
}

#[tokio::test]
async fn results_are_delivered_and_signed() {
    let ground = full().await;
    let id = store(&ground, &json!({})).await;
    let deliver = async |statement: &str, uri: &str| {
        let input = json!({ "QueryStatement": statement, "DeliveryS3Uri": uri });
        let started = ground.run(Operation::StartQuery, input).await;
        ground.service.queries.settle().await;
        match started["QueryId"].as_str() {
            Some(query) => ground.run(Operation::DescribeQuery, json!({ "QueryId": query })).await,
            None => started,
        }
    };
    assert_eq!(code(&deliver("SELECT 1", "s3://nosuchbucket").await), "S3BucketDoesNotExistException");
    assert_eq!(code(&deliver("SELECT 1", "s3://No").await), "InvalidS3BucketNameException");
    let statement = format!("SELECT eventName, '=1+1' AS \"a,b\", errorCode, '' AS e FROM {id} WHERE readOnly");
    let told = deliver(&statement, "s3://logs/some/prefix/").await;
    assert_eq!((&told["QueryStatus"], &told["DeliveryStatus"]), (&json!("FINISHED"), &json!("SUCCESS")));
    let objects = ground.world.objects.lock().unwrap().clone();
    let query = told["QueryId"].as_str().unwrap();
    let folder = format!("some/prefix/AWSLogs/{ACCOUNT}/CloudTrail-Lake/Query/2026/06/01/{query}");
    let object = |name: &str| objects.get(&("logs".to_owned(), format!("{folder}/{name}"))).unwrap().clone();
    let file = object("result_1.csv.gz");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file.as_ref()), &mut text).unwrap();
    assert_eq!(text, "eventName,\"a,b\",errorCode,e\r\nRead,\"'=1+1\",,\"\"\r\n");
    let sheet: Value = serde_json::from_slice(&object("result_sign.json")).unwrap();
    let hash = trail::digest::ContentHash::of(&file).to_string();
    assert_eq!(sheet["files"], json!([{ "fileHashValue": hash, "fileName": "result_1.csv.gz" }]));
    assert_eq!(sheet["queryCompleteTime"], "2026-06-01T12:00:00Z");
    let keys = ground.service.documents.read_all::<trail::keys::RegionKey>(trail::keys::SIGNING_KEY).unwrap();
    let key = &keys[0].value;
    assert_eq!(sheet["publicKeyFingerprint"], json!(key.fingerprint));
    let signature = sheet["hashSignature"].as_str().unwrap().as_bytes();
    let signature: Vec<u8> =
        signature.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect();
    let public = aws_lc_rs::signature::UnparsedPublicKey::new(
        &aws_lc_rs::signature::RSA_PKCS1_2048_8192_SHA256,
        key.public_key().unwrap(),
    );
    public.verify(hash.as_bytes(), &signature).unwrap();
    assert!(public.verify(b"something else", &signature).is_err());
}

#[tokio::test]
async fn dashboards_refresh_their_queries() {
    let ground = full().await;
    let id = store(&ground, &json!({})).await;
    let widget = json!({
        "QueryStatement": format!("SELECT count(*) AS n FROM {id} WHERE eventTime > '?' AND eventTime < '?'"),
        "QueryParameters": ["$StartTime$", "$EndTime$"],
        "ViewProperties": { "Title": "How many" },
    });
    let made = ground.run(Operation::CreateDashboard, json!({ "Name": "many", "Widgets": [widget] })).await;
    let alias = made["Widgets"][0]["QueryAlias"].clone();
    assert_eq!(made["Type"], "CUSTOM", "{made}");
    let values_given = json!({ "$StartTime$": "2026-05-01T00:00:00Z", "$EndTime$": "2026-06-01T00:00:00Z" });
    let input = json!({ "DashboardId": "many", "QueryParameterValues": values_given });
    let refreshed = ground.run(Operation::StartDashboardRefresh, input).await;
    ground.service.queries.settle().await;
    let refresh = refreshed["RefreshId"].as_str().unwrap_or_else(|| panic!("{refreshed}"));
    assert!((10..=20).contains(&refresh.len()) && refresh.bytes().all(|byte| byte.is_ascii_digit()));
    let told = ground.run(Operation::DescribeQuery, json!({ "QueryAlias": alias, "RefreshId": refresh })).await;
    let found = ground.run(Operation::GetQueryResults, json!({ "QueryId": told["QueryId"] })).await;
    assert_eq!(values(&found), "3", "{told}");
    let shown = ground.run(Operation::GetDashboard, json!({ "DashboardId": made["DashboardArn"] })).await;
    assert_eq!((&shown["LastRefreshId"], &shown["Widgets"]), (&json!(refresh), &made["Widgets"]));
}
