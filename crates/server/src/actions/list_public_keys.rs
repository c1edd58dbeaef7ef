//! ListPublicKeys: the keys that digests of the called Region are verified by. All are on one page, as in AWS.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event::time::EventTime;
use jiff::Timestamp as Moment;
use lake::Expect;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use trail::keys::{RegionKey, SIGNING_KEY, is_renewal_due, key_at, overlapping};

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::page;
use crate::service::Service;
use crate::wire::{Timestamp, seconds};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    start_time: Option<Timestamp>,
    end_time: Option<Timestamp>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    public_key_list: Vec<Listed>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    /// PKCS#1, in base64.
    value: String,
    validity_start_time: Number,
    validity_end_time: Number,
    fingerprint: String,
}

pub(crate) async fn list_public_keys(service: &Service, call: &Call, input: Input) -> Result<Output> {
    page::refuse_token(input.next_token.as_deref())?;
    let start = input.start_time.map_or(call.now, |time| time.0);
    let end = input.end_time.map_or(call.now, |time| time.0);
    if start > end {
        return Err(Fault::new(
            Code::InvalidTimeRangeException,
            "The start time is after the end time. The start time must be the same as or before the end time.",
        ));
    }
    let mut keys = keys(service)?;
    let now = moment(call.now);
    let asks_for_now = start <= call.now && call.now <= end;
    if asks_for_now && key_at(&keys, &call.region, now).is_none() && is_renewal_due(&keys, &call.region, now) {
        // A Region always has a key, whether or not anything was signed by it yet.
        keys.push(make_key(service, call).await?);
    }
    let listed = overlapping(&keys, &call.region, (moment(start), moment(end)));
    let listed = listed.into_iter().map(|key| {
        let value =
            key.public_key().map_err(|error| Fault::internal("read a key that digests are signed by", &error))?;
        Ok(Listed {
            value: STANDARD.encode(value),
            validity_start_time: seconds(key.valid_from),
            validity_end_time: seconds(key.valid_until),
            fingerprint: key.fingerprint.clone(),
        })
    });
    Ok(Output { public_key_list: listed.collect::<Result<_>>()? })
}

fn keys(service: &Service) -> Result<Vec<RegionKey>> {
    Ok(service.documents.read_all::<RegionKey>(SIGNING_KEY)?.into_iter().map(|kept| kept.value).collect())
}

async fn make_key(service: &Service, call: &Call) -> Result<RegionKey> {
    let (region, now) = (call.region.clone(), moment(call.now));
    let made = tokio::task::spawn_blocking(move || RegionKey::generate(region, now)).await;
    let made = made.map_err(|error| Fault::internal("make a key that digests are signed by", &error))?;
    let key = made.map_err(|error| Fault::internal("make a key that digests are signed by", &error))?;
    crate::kept::put(service, (SIGNING_KEY, &key.id()), &key, Expect::Absent)?;
    Ok(key)
}

fn moment(time: EventTime) -> Moment {
    let end = if time.as_micros() < 0 { Moment::MIN } else { Moment::MAX };
    Moment::from_microsecond(time.as_micros()).unwrap_or(end)
}
