//! Event history over a lake in memory: questions, and the events that they find, newest first.

use event::arn::{AccountId, Region};
use serde_json::{Value, json};

use super::*;
use crate::lookup::tests::session_over;

/// Small records: `time id` and what else they have.
fn records() -> Vec<Value> {
    let record = |minute: u32, id: &str, given: Value| {
        let mut record = json!({
            "eventVersion": "1.08",
            "eventTime": format!("2026-03-01T10:{minute:02}:00Z"),
            "eventID": id,
            "eventSource": "ec2.amazonaws.com",
            "eventName": "RunInstances",
            "awsRegion": "eu-west-1",
            "readOnly": false,
            "recipientAccountId": "111122223333",
            "eventCategory": "Management",
            "userIdentity": {"type": "IAMUser", "userName": "alice", "accountId": "111122223333"},
        });
        record.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        record
    };
    let session = json!({"type": "AssumedRole", "principalId": "AROAEXAMPLE:bob", "accessKeyId": "ASIAEXAMPLEBOB",
        "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/bob"});
    let insight = |category: Option<&str>, source: Option<&str>| {
        json!({"eventCategory": "Insight", "eventType": "AwsCloudTrailInsight", "eventName": null, "eventSource": null,
            "readOnly": null, "userIdentity": null,
            "insightDetails": {"state": "Start", "eventSource": "ssm.amazonaws.com", "eventName": "SendCommand",
                "sourceEventCategory": category, "insightSource": source}})
    };
    let bucket = json!({"eventSource": "s3.amazonaws.com", "eventName": "PutBucketAcl",
        "requestParameters": {"bucketName": "logs", "acl": ["a/b \"c\""]},
        "resources": [{"ARN": "arn:aws:s3:::logs", "type": "AWS::S3::Bucket", "accountId": "111122223333"}, {"ARNPrefix": "arn:aws:s3:::l"}]});
    let old = |name: &str, management: Value| {
        json!({"eventVersion": "1.05", "eventCategory": null, "eventSource": "s3.amazonaws.com", "eventName": name,
            "managementEvent": management})
    };
    vec![
        record(
            0,
            "run",
            json!({"responseElements": {"instancesSet": {"items": [{"instanceId": "i-0a"}, {"instanceId": "i-0b"}]}}}),
        ),
        record(1, "session", json!({"userIdentity": session, "eventName": "StopInstances"})),
        record(2, "root", json!({"userIdentity": {"type": "Root", "accountId": "111122223333"}, "readOnly": true})),
        record(3, "service", json!({"userIdentity": {"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}})),
        record(
            4,
            "data",
            json!({"eventCategory": "Data", "eventSource": "s3.amazonaws.com", "eventName": "GetObject"}),
        ),
        record(5, "bucket", bucket),
        record(
            6,
            "global",
            json!({"eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "awsRegion": "us-east-1",
            "requestParameters": {"userName": "carol"}}),
        ),
        record(7, "other", json!({"recipientAccountId": "444455556666"})),
        record(8, "nobodys", json!({"recipientAccountId": null})),
        record(9, "old-data", old("GetObject", Value::Null)),
        record(10, "old-call", old("CreateBucket", Value::Null)),
        record(11, "old-said", old("GetObject", json!(true))),
        record(12, "insight", insight(None, None)),
        record(13, "data-insight", insight(Some("Data"), Some("arn:trail"))),
        record(14, "twin-1", json!({"eventName": "Twin"})),
        record(14, "twin-2", json!({"eventName": "Twin"})),
        record(14, "twin-3", json!({"eventName": "Twin"})),
    ]
}

fn question() -> Question {
    Question {
        attributes: Vec::new(),
        scope: Scope::All,
        category: Category::Management,
        from: None,
        until: None,
        after: None,
        limit: 50,
    }
}

fn time(minute: u32) -> Option<EventTime> {
    EventTime::parse(&format!("2026-03-01T10:{minute:02}:00Z"))
}

fn ids(events: &[Event]) -> String {
    events.iter().filter_map(|event| event.event_id.as_deref()).collect::<Vec<_>>().join(" ")
}

/// Views of the same events: none of them in memory, those from a minute on, all of them, and all of them as they came in bit by bit.
async fn views(ctx: &SessionContext) -> Vec<View> {
    let mut views = vec![view(ctx, Recent::new())];
    for floor in [time(14).unwrap(), time(5).unwrap(), time(0).unwrap(), recent::ALL] {
        views.push(view(ctx, read_recent(ctx, Recent::new(), (floor, recent::NONE), (-1, 16)).await));
    }
    let mut grown = read_recent(ctx, Recent::new(), (time(5).unwrap(), recent::NONE), (-1, 3)).await;
    for last in 4..16 {
        grown = read_recent(ctx, grown, (time(5).unwrap(), recent::NONE), (last - 1, last)).await;
    }
    grown = read_recent(ctx, grown, (time(2).unwrap(), time(5).unwrap()), (-1, 15)).await;
    grown = read_recent(ctx, grown, (time(2).unwrap(), recent::NONE), (15, 16)).await;
    views.push(view(ctx, grown));
    views
}

async fn read_recent(ctx: &SessionContext, recent: Recent, times: (EventTime, EventTime), seqs: (i64, i64)) -> Recent {
    let rows = read::traits(ctx, recent.coder(), &sql::traits(times, seqs)).await.unwrap();
    recent.with(rows, times.0)
}

fn view(ctx: &SessionContext, recent: Recent) -> View {
    View { session: ctx.clone(), recent, kept: Arc::new(Kept::new(1 << 20)) }
}

/// What is found, which is the same whatever is in memory.
async fn found(views: &[View], question: &Question) -> String {
    let mut first = None;
    for view in views {
        let page = view.page(question).await.unwrap_or_else(|error| panic!("{question:?}: {error:?}"));
        assert_eq!(page.next, None, "{question:?}");
        let found = ids(&page.events);
        assert_eq!(*first.get_or_insert(found.clone()), found, "{question:?} from {:?}", view.recent.floor);
    }
    first.unwrap_or_default()
}

#[tokio::test]
async fn attributes_are_matched_exactly_and_combine() {
    use Attribute::*;
    let ctx = session_over(&records());
    let own = str::to_owned;
    let cases: &[(&[Attribute], &str)] = &[
        (&[EventId(own("run"))], "run"),
        (&[EventId(own("RUN"))], ""),
        (&[EventName(own("CreateBucket"))], "old-call"),
        (&[EventName(own("GetObject"))], "old-said"),
        (&[EventSource(own("s3.amazonaws.com"))], "old-said old-call bucket"),
        (&[ReadOnly(true)], "root"),
        (&[AccessKeyId(own("ASIAEXAMPLEBOB"))], "session"),
        (&[Username(own("bob"))], "session"),
        (&[Username(own("Bob"))], ""),
        (&[Username(own("ob"))], ""),
        (&[Username(own("root"))], "root"),
        (&[Username(own("autoscaling.amazonaws.com"))], "service"),
        (&[ResourceName(own("arn:aws:s3:::logs"))], "bucket"),
        (&[ResourceName(own("arn:aws:s3:::l"))], "bucket"),
        (&[ResourceName(own("logs"))], "bucket"),
        (&[ResourceName(own("log"))], ""),
        (&[ResourceName(own("i-0b"))], "run"),
        (&[ResourceName(own("a/b \"c\""))], ""),
        (&[ResourceType(own("AWS::IAM::User"))], "global"),
        (&[ResourceType(own("AWS::S3::Bucket"))], "bucket"),
        (&[ResourceType(own("AWS::S3"))], ""),
        (&[EventSource(own("s3.amazonaws.com")), EventName(own("PutBucketAcl"))], "bucket"),
        (&[Username(own("alice")), ResourceName(own("carol"))], "global"),
        (&[EventName(own("x' OR '1' = '1"))], ""),
        (&[Never], ""),
    ];
    let views = views(&ctx).await;
    for (attributes, expected) in cases {
        let question = Question { attributes: attributes.to_vec(), ..question() };
        assert_eq!(found(&views, &question).await, *expected, "{attributes:?}");
    }
}

#[tokio::test]
async fn scopes_times_and_categories() {
    let views = views(&session_over(&records())).await;
    let of =
        |account: &str, region: &str| Scope::Of(AccountId::parse(account).unwrap(), Region::parse(region).unwrap());
    let ask = |question| {
        let views = &views;
        async move { found(views, &question).await }
    };
    let own = "twin-3 twin-2 twin-1 old-said old-call nobodys bucket service root session run";
    assert_eq!(ask(Question { scope: of("111122223333", "eu-west-1"), ..question() }).await, own);
    assert_eq!(ask(Question { scope: of("111122223333", "us-east-1"), ..question() }).await, "global");
    assert_eq!(ask(Question { scope: of("444455556666", "eu-west-1"), ..question() }).await, "other");
    assert_eq!(ask(Question { from: time(2), until: time(5), ..question() }).await, "bucket service root");
    assert_eq!(ask(Question { category: Category::Insight, ..question() }).await, "insight");
    let of_trail = |arn: &str| Category::DataInsight(arn.to_owned());
    assert_eq!(ask(Question { category: of_trail("arn:trail"), ..question() }).await, "data-insight");
    assert_eq!(ask(Question { category: of_trail("arn:other"), ..question() }).await, "");
    let named = |name: &str| Question {
        category: Category::Insight,
        attributes: vec![Attribute::EventName(name.to_owned())],
        ..question()
    };
    assert_eq!(ask(named("SendCommand")).await, "insight");
    assert_eq!(ask(named("Send")).await, "");
}

#[tokio::test]
async fn pages_of_any_size_give_every_event_once() {
    let views = views(&session_over(&records())).await;
    for attributes in [vec![], vec![Attribute::Username("alice".to_owned())]] {
        let whole = found(&views, &Question { attributes: attributes.clone(), ..question() }).await;
        for (limit, view) in [1, 4].iter().flat_map(|limit| views.iter().map(move |view| (*limit, view))) {
            let mut asked = Question { limit, attributes: attributes.clone(), ..question() };
            let mut walked = Vec::new();
            loop {
                let answer = view.page(&asked).await.unwrap();
                assert!(answer.events.len() <= limit);
                walked.push(ids(&answer.events));
                asked.after = answer.next;
                if answer.next.is_none() {
                    break;
                }
                assert_eq!(walked.last().map(|page| page.split(' ').count()), Some(limit));
            }
            assert_eq!(walked.join(" "), whole, "{limit} at once, from {:?}", view.recent.floor);
        }
    }
}

#[tokio::test]
async fn an_event_is_told_as_its_record_has_it() {
    let records = records();
    let ctx = session_over(&records);
    let question = Question { attributes: vec![Attribute::EventId("bucket".to_owned())], ..question() };
    let events = view(&ctx, Recent::new()).page(&question).await.unwrap().events;
    let expected = Event {
        place: Place { time: time(5).unwrap(), seq: 5 },
        event_id: Some("bucket".to_owned()),
        event_name: Some("PutBucketAcl".to_owned()),
        event_source: Some("s3.amazonaws.com".to_owned()),
        read_only: Some(false),
        access_key_id: None,
        username: Some("alice".to_owned()),
        resources: [
            (Some("AWS::S3::Bucket"), "arn:aws:s3:::logs"),
            (None, "arn:aws:s3:::l"),
            (Some("AWS::S3::Bucket"), "logs"),
        ]
        .map(|(kind, name)| Resource { kind: kind.map(str::to_owned), name: name.to_owned() })
        .to_vec(),
        record: records[5].to_string(),
    };
    assert_eq!(events, [expected]);
}

#[tokio::test]
async fn calls_are_counted_by_period() {
    let ctx = session_over(&records());
    let asked = |name: &str, counted, period_seconds| Rate {
        scope: Scope::All,
        event_source: "ec2.amazonaws.com".to_owned(),
        event_name: name.to_owned(),
        counted,
        from: time(0).unwrap(),
        until: time(14).unwrap(),
        period_seconds,
    };
    let cases = [
        (asked("RunInstances", Counted::Writes, 300), vec![(0, 2), (5, 2)]),
        (asked("RunInstances", Counted::Writes, 3_600), vec![(0, 4)]),
        (asked("StopInstances", Counted::Writes, 60), vec![(1, 1)]),
        // The end does not belong to it.
        (asked("Twin", Counted::Writes, 60), vec![]),
        (asked("RunInstances", Counted::Errors("Throttling".to_owned()), 60), vec![]),
        (asked("RunInstances", Counted::DataCalls, 60), vec![]),
    ];
    for (question, expected) in cases {
        let expected: Vec<_> = expected.into_iter().map(|(minute, calls)| (time(minute).unwrap(), calls)).collect();
        assert_eq!(rate(&ctx, &question).await.unwrap(), expected, "{question:?}");
    }
}
