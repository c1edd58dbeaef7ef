//! ListPublicKeys: the keys that digests of the called Region are verified by. All are on one page, as in AWS.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event::time::EventTime;
use jiff::Timestamp as Moment;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use trail::keys::{Keyring, overlapping};

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::page;
use crate::service::Service;
use crate::signing::Keys;
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
    let keys = Keys(Arc::clone(&service.documents));
    if start <= call.now && call.now <= end {
        // A Region always has a key, whether or not anything was signed by it yet.
        keys.at(&call.region, moment(call.now)).await?;
    }
    let keys = keys.keys()?;
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

fn moment(time: EventTime) -> Moment {
    let end = if time.as_micros() < 0 { Moment::MIN } else { Moment::MAX };
    Moment::from_microsecond(time.as_micros()).unwrap_or(end)
}
