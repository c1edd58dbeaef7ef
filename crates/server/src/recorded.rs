//! Calls to the API as CloudTrail events of their own, stored like any other.
//!
//! A call that may change something is stored before it is answered; one that reads is handed over and stored soon
//! after. Pushes of events are not recorded: they are the events.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::call::Call;
use crate::fault::{Fault, Result};
use crate::operation::{Access, Operation};
use crate::service::Service;
use crate::wire::lower_first;

/// What the rows of these events tell as their log file, in front of the request's id.
const PLACE: &str = "trailkeep:api/";

/// A call with its outcome, as a record.
pub(crate) fn record(call: &Call, operation: Operation, body: &[u8], outcome: &Result<Vec<u8>>) -> Bytes {
    let is_read = operation.access() == Access::Read;
    let parameters = |bytes: &[u8]| match serde_json::from_slice::<Value>(bytes) {
        Ok(value) if value.as_object().is_some_and(|members| !members.is_empty()) => as_recorded(value),
        // A body that cannot be read has no parameters; what was wrong with it is the error's message.
        _ => Value::Null,
    };
    let mut event = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": call.key_id,
            "arn": call.caller_arn(),
            "accountId": call.account.as_str(),
            "accessKeyId": call.key_id,
            "userName": call.key_id,
        },
        "eventTime": jiff_text(call),
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": operation.name(),
        "awsRegion": call.region.as_str(),
        "sourceIPAddress": call.source.to_string(),
        "userAgent": call.user_agent,
        "requestParameters": parameters(body),
        "responseElements": match outcome {
            Ok(answer) if !is_read => parameters(answer),
            _ => Value::Null,
        },
        "additionalEventData": { "trailkeep": true },
        "requestID": call.request_id,
        "eventID": uuid::Uuid::new_v4().to_string(),
        "readOnly": is_read,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": call.account.as_str(),
        "eventCategory": "Management",
    });
    if let (Some(members), Err(fault)) = (event.as_object_mut(), outcome) {
        members.insert("errorCode".to_owned(), Value::from(fault.code.as_str()));
        members.insert("errorMessage".to_owned(), Value::from(fault.message.as_ref()));
    }
    if let (Some(members), Some(host)) = (event.as_object_mut(), &call.host) {
        members.insert("tlsDetails".to_owned(), json!({ "clientProvidedHostHeader": host }));
    }
    Bytes::from(event.to_string())
}

/// Stores what a call came to. Of a call that may change something it returns a sequence number that its event is not
/// above.
///
/// # Errors
/// If it may change something and cannot be stored.
pub(crate) async fn store(service: &Service, call: &Call, access: Access, record: Bytes) -> Result<Option<i64>> {
    let place = format!("{PLACE}{}", call.request_id);
    match access {
        Access::Write => {
            let pushed = service.push.push(&place, record).await;
            pushed.map(|pushed| Some(pushed.last_seq)).map_err(|error| Fault::internal("record the call", &error))
        }
        Access::Read => {
            let push = std::sync::Arc::clone(&service.push);
            tokio::spawn(async move {
                if let Err(error) = push.push(&place, record).await {
                    tracing::error!(%error, "a call to the API was answered and could not be recorded");
                }
            });
            Ok(None)
        }
    }
}

/// Members as records spell them: the first letter small, at every depth.
fn as_recorded(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (lower_first(&name), as_recorded(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(as_recorded).collect()),
        other => other,
    }
}

fn jiff_text(call: &Call) -> String {
    let time = jiff::Timestamp::from_microsecond(call.now.as_micros()).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
