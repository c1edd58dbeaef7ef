//! What goes beside the log files: notices, a log group, a webhook; none of them stops anything else.

use std::collections::HashMap;
use std::sync::Mutex;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use pipeline::delivery::{Deliveries, Settings};
use sink::{Aws, Standing, WebhookSettings};
use trail::model::{CloudWatchLogs, Millis, Trail};
use url::Url;

use super::*;
use crate::server::{Handler, Reply, Request, Server};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:notices";
const GROUP: &str = "arn:aws:logs:eu-west-1:111122223333:log-group:CloudTrail/logs:*";

/// SNS, CloudWatch Logs and a webhook in one, as much of them as is asked for.
#[derive(Default)]
struct Services {
    is_down: Mutex<bool>,
    streams: Mutex<HashMap<String, Vec<String>>>,
    messages: Mutex<Vec<(String, String)>>,
    envelopes: Mutex<Vec<Value>>,
}

impl Services {
    fn logs(&self, target: &str, body: &Value) -> Reply {
        let json = |text: String| Reply::new(200, text).header("Content-Type", "application/x-amz-json-1.1");
        let stream = body["logStreamName"].as_str().unwrap_or_default().to_owned();
        let mut streams = self.streams.lock().unwrap();
        match target {
            "Logs_20140328.DescribeLogGroups" => json(r#"{"logGroups":[{"logGroupName":"CloudTrail/logs"}]}"#.into()),
            "Logs_20140328.CreateLogStream" => {
                streams.insert(stream, Vec::new());
                json("{}".into())
            }
            "Logs_20140328.PutLogEvents" => match streams.get_mut(&stream) {
                Some(events) => {
                    let put = body["logEvents"].as_array().unwrap().iter();
                    events.extend(put.map(|event| event["message"].as_str().unwrap().to_owned()));
                    json("{}".into())
                }
                None => {
                    let text = r#"{"__type":"ResourceNotFoundException","message":"The specified log stream does not exist."}"#;
                    Reply::new(400, text).header("Content-Type", "application/x-amz-json-1.1")
                }
            },
            other => panic!("{other}"),
        }
    }

    fn sns(&self, form: &HashMap<String, String>) -> Reply {
        let mut taken = String::new();
        for nth in 1.. {
            let member = |name: &str| form.get(&format!("PublishBatchRequestEntries.member.{nth}.{name}")).cloned();
            let Some(id) = member("Id") else { break };
            taken += &format!("<member><Id>{id}</Id><MessageId>m</MessageId></member>");
            let key = member("MessageAttributes.entry.1.Value.StringValue").unwrap();
            self.messages.lock().unwrap().push((key, member("Message").unwrap()));
        }
        let result = match form["Action"].as_str() {
            "PublishBatch" => {
                format!("<PublishBatchResult><Successful>{taken}</Successful><Failed/></PublishBatchResult>")
            }
            _ => "<GetTopicAttributesResult><Attributes/></GetTopicAttributesResult>".to_owned(),
        };
        let action = &form["Action"];
        let text =
            format!("<{action}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">{result}</{action}Response>");
        Reply::new(200, text).header("Content-Type", "text/xml")
    }
}

impl Handler for Services {
    fn answer(&self, request: Request) -> Reply {
        if *self.is_down.lock().unwrap() {
            let text = "<ErrorResponse><Error><Code>NotFound</Code><Message>gone</Message></Error></ErrorResponse>";
            return Reply::new(404, text).header("Content-Type", "text/xml");
        }
        let target = request.header("x-amz-target");
        if !target.is_empty() {
            return self.logs(target, &serde_json::from_slice(&request.body).unwrap());
        }
        if request.path() == "/hook" {
            let lines = String::from_utf8(request.body).unwrap();
            let envelopes = lines.lines().map(|line| serde_json::from_str(line).unwrap());
            self.envelopes.lock().unwrap().extend(envelopes);
            return Reply::new(204, "");
        }
        self.sns(&url::form_urlencoded::parse(&request.body).into_owned().collect())
    }
}

fn aws(url: &str) -> Aws {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "hunter2", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    Aws::new(config, Some(url.to_owned()))
}

async fn begin(trail: &Trail) -> (Ground, Arc<Services>, Server, Deliveries) {
    let (ground, services) = (Ground::new(), Arc::new(Services::default()));
    let server = Server::start(Arc::clone(&services)).await;
    let destinations = Destinations::new(Places::folders(&ground.data())).with_aws(aws(&server.url));
    let hook = WebhookSettings::new(Url::parse(&format!("{}/hook", server.url)).unwrap());
    let settings = Settings { destinations: Arc::new(destinations), event_bridge: Some(hook), ..ground.settings() };
    let deliveries = Deliveries::new(settings);
    ground.store(&records(0..2)).await;
    ground.start(trail, at("10:00")).await;
    settle(&deliveries, at("10:00")).await;
    (ground, services, server, deliveries)
}

fn with_side_channels() -> Trail {
    Trail {
        sns_topic_arn: Some(TOPIC.into()),
        cloud_watch_logs: Some(CloudWatchLogs {
            log_group_arn: GROUP.into(),
            role_arn: "arn:aws:iam::111122223333:role/r".into(),
        }),
        log_file_validation_enabled: false,
        ..trail()
    }
}

#[tokio::test]
async fn topics_log_groups_and_a_webhook_get_what_is_theirs() {
    let (ground, services, _server, deliveries) = begin(&with_side_channels()).await;
    let large = record(4, SAID).replace(r#""text""#, &format!(r#""large":"{}","text""#, "x".repeat(256 << 10)));
    let lines = record(5, SAID).replace("\", \"", "\",\n\"");
    let foreign = record(6, Said { account: "444455556666", ..SAID });
    ground.store(&[records(2..4), vec![large, lines.clone(), foreign]].concat()).await;
    let done = settle(&deliveries, at("10:01")).await;
    assert_eq!((done.cloud_watch_logs, done.event_bridge, done.oversized), (3, 3, 2));
    assert_eq!(settle(&deliveries, at("10:02")).await.cloud_watch_logs, 0, "nothing is sent again");
    settle(&deliveries, at("10:05")).await;
    settle(&deliveries, at("10:05:01")).await;

    let streams = services.streams.lock().unwrap().clone();
    let expect = [records(2..4), vec![lines.replace('\n', " ")]].concat();
    assert_eq!(streams, HashMap::from([("111122223333_CloudTrail_eu-west-1".to_owned(), expect)]));
    let envelopes = services.envelopes.lock().unwrap().clone();
    let ids: Vec<&str> = envelopes.iter().map(|envelope| envelope["id"].as_str().unwrap()).collect();
    let id = |nth: u64| format!("00000000-0000-4000-8000-{nth:012}");
    assert_eq!(ids, [id(2), id(3), id(5)]);
    assert!(envelopes.iter().all(|envelope| envelope["detail"]["eventID"] == envelope["id"]));
    assert_eq!(envelopes[0]["source"], "aws.ec2");
    let keys: Vec<String> = ground.log_files(BUCKET).into_keys().collect();
    let message = |key: &String| (key.clone(), format!(r#"{{"s3Bucket":"{BUCKET}","s3ObjectKey":["{key}"]}}"#));
    assert_eq!(*services.messages.lock().unwrap(), keys.iter().map(message).collect::<Vec<_>>());
    let status = ground.status();
    assert!(status.notifications.succeeded.is_some() && status.cloud_watch_logs.succeeded.is_some());
}

#[tokio::test]
async fn side_channels_that_fail_stop_nobody_and_catch_up() {
    let (ground, services, _server, deliveries) = begin(&with_side_channels()).await;
    *services.is_down.lock().unwrap() = true;
    ground.store(&records(2..4)).await;
    settle(&deliveries, at("10:01")).await;
    settle(&deliveries, at("10:05")).await;
    let done = settle(&deliveries, at("10:05:01")).await;
    assert!(!done.failures.is_empty());
    assert_eq!(ground.delivered(BUCKET), records(2..4));
    let status = ground.status();
    assert_eq!(status.log_files.error, None);
    assert_eq!(status.notifications.error.as_deref(), Some("NotFound"));
    assert!(status.cloud_watch_logs.error.is_some() && status.cloud_watch_logs.succeeded.is_none());
    // Stopped and started meanwhile: what lies between is not sent.
    ground.stop(at("10:06")).await;
    settle(&deliveries, at("10:06")).await;
    ground.store(&records(4..5)).await;
    let stopped = ground.trail().unwrap();
    ground.start(&stopped, at("10:07")).await;
    ground.store(&records(5..6)).await;
    settle(&deliveries, at("10:07")).await;
    *services.is_down.lock().unwrap() = false;
    settle(&deliveries, at("10:30")).await;
    settle(&deliveries, at("10:30:01")).await;
    assert_eq!(ground.delivered(BUCKET), [records(2..4), records(5..6)].concat());
    assert_eq!(services.messages.lock().unwrap().len(), 2);
    let streams = services.streams.lock().unwrap().clone();
    assert_eq!(streams["111122223333_CloudTrail_eu-west-1"], [records(2..4), records(5..6)].concat());
    let status = ground.status();
    assert_eq!((status.notifications.error, status.cloud_watch_logs.error), (None, None));
}

#[tokio::test]
async fn side_channels_wait_for_a_stop_until_it_is_stored() {
    let (ground, services, _server, deliveries) = begin(&with_side_channels()).await;
    ground.edit(|trail| {
        trail.logging.is_on = false;
        trail.logging.stopped = Some(Millis(at("10:01").as_millisecond()));
    });
    // The stop itself, and what comes behind it in the same commit.
    ground.store(&records(2..3)).await;
    let until = ground.last_seq().await;
    ground.store(&records(3..4)).await;
    let done = settle(&deliveries, at("10:01")).await;
    assert_eq!((done.cloud_watch_logs, done.event_bridge), (0, 0), "where it ends is not said yet");
    ground.edit(|trail| trail.logging.until_seq = Some(until));
    let done = settle(&deliveries, at("10:01:01")).await;
    assert_eq!((done.cloud_watch_logs, done.event_bridge), (1, 1));
    assert_eq!(services.streams.lock().unwrap()["111122223333_CloudTrail_eu-west-1"], records(2..3));
}

#[tokio::test]
async fn what_is_sent_to_is_looked_up() {
    let (ground, services, server, _deliveries) = begin(&with_side_channels()).await;
    let destinations = Destinations::new(Places::folders(&ground.data())).with_aws(aws(&server.url));
    assert_eq!(destinations.topic(TOPIC).await.unwrap(), Standing::Usable);
    assert_eq!(destinations.topic("notices").await.unwrap(), Standing::Missing);
    assert_eq!(destinations.log_group(GROUP).await.unwrap(), Standing::Usable);
    assert_eq!(destinations.log_group(&GROUP.replace("/logs", "")).await.unwrap(), Standing::Missing);
    assert_eq!(destinations.bucket("new-logs").await.unwrap(), Standing::Usable);
    assert!(ground.bucket("new-logs").is_dir());
    *services.is_down.lock().unwrap() = true;
    assert_eq!(destinations.topic(TOPIC).await.unwrap(), Standing::Missing);
    let without = Destinations::new(Places::folders(&ground.data()));
    assert_eq!(without.topic(TOPIC).await.unwrap(), Standing::Missing);
    let metadata = [("signature", "00ff")];
    without.put("new-logs", "a/result_sign.json", bytes::Bytes::from("{}"), &metadata).await.unwrap();
    assert_eq!(fs::read(ground.bucket("new-logs").join("a/result_sign.json")).unwrap(), b"{}");
    let error = without.put("gone-logs", "a", bytes::Bytes::new(), &[]).await.unwrap_err();
    assert_eq!(pipeline::delivery::code(&error), "NoSuchBucket");
}
