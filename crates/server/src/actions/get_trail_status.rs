//! GetTrailStatus.

use serde::{Deserialize, Serialize};
use serde_json::Number;
use trail::model::{DeliveryStatus, Millis, Outcome, TRAIL_STATUS};

use crate::call::Call;
use crate::fault::Result;
use crate::resource::Kind;
use crate::service::Service;
use crate::trails::{self, Named};
use crate::wire::seconds;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    is_logging: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_delivery_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_notification_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_delivery_time: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_notification_time: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_logging_time: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_logging_time: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_cloud_watch_logs_delivery_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_cloud_watch_logs_delivery_time: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_digest_delivery_time: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_digest_delivery_error: Option<String>,
    // The six that AWS calls no longer in use, and still sends: empty before anything happened.
    latest_delivery_attempt_time: String,
    latest_notification_attempt_time: String,
    latest_notification_attempt_succeeded: String,
    latest_delivery_attempt_succeeded: String,
    time_logging_started: String,
    time_logging_stopped: String,
}

pub(crate) async fn get_trail_status(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let named = Named::parse(&input.name)?;
    let arn = match &named {
        Named::Arn(arn) => arn.clone(),
        Named::Name(name) => Kind::Trail.arn(call, name),
    };
    let trail = trails::find_told(service, call, &named, &arn)?.value;
    let status = service.documents.read::<DeliveryStatus>(TRAIL_STATUS, &trail.arn)?;
    let status = status.map(|kept| kept.value).unwrap_or_default();
    let DeliveryStatus { log_files, digests, notifications, cloud_watch_logs } = status;
    let time = |outcome: &Outcome| outcome.succeeded.map(seconds);
    Ok(Output {
        is_logging: trail.logging.is_on,
        latest_delivery_time: time(&log_files),
        latest_notification_time: time(&notifications),
        start_logging_time: trail.logging.started.map(seconds),
        stop_logging_time: trail.logging.stopped.map(seconds),
        latest_cloud_watch_logs_delivery_time: time(&cloud_watch_logs),
        latest_digest_delivery_time: time(&digests),
        latest_delivery_attempt_time: text(log_files.attempted),
        latest_notification_attempt_time: text(notifications.attempted),
        latest_notification_attempt_succeeded: text(notifications.succeeded),
        latest_delivery_attempt_succeeded: text(log_files.succeeded),
        time_logging_started: text(trail.logging.started),
        time_logging_stopped: text(trail.logging.stopped),
        latest_delivery_error: log_files.error,
        latest_notification_error: notifications.error,
        latest_cloud_watch_logs_delivery_error: cloud_watch_logs.error,
        latest_digest_delivery_error: digests.error,
    })
}

/// A moment as the old members have it: `YYYY-MM-DDTHH:MM:SSZ`.
fn text(moment: Option<Millis>) -> String {
    let time = moment.and_then(|moment| jiff::Timestamp::from_millisecond(moment.0).ok());
    time.map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}
