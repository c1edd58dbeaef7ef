//! StartLogging: a new stretch, from the event of this call on.

use lake::Kept;
use serde::Deserialize;
use trail::model::{DeliveryStatus, Logging, Millis, TRAIL_STATUS};

use crate::call::Call;
use crate::fault::Result;
use crate::service::Service;
use crate::trails;
use crate::wire::Empty;
use crate::world::Found;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    name: String,
}

pub(crate) async fn start_logging(service: &Service, call: &Call, input: Input) -> Result<Empty> {
    let mut kept = trails::find_at_home(service, call, &input.name)?;
    if kept.value.logging.is_on {
        return Ok(Empty {});
    }
    // What is stored now is before the stretch; the event of this call will be in it.
    let after_seq = service.lake().await?.map_or(-1, |lake| lake.last_seq());
    let before = kept.value.clone();
    let logging = &mut kept.value.logging;
    *logging = Logging {
        is_on: true,
        stretch: logging.stretch + 1,
        after_seq,
        until_seq: None,
        started: Some(call.now.into()),
        stopped: logging.stopped,
    };
    trails::put_next_stretch(service, call, &before, &kept)?;
    look_at_bucket(service, call, &kept.value.arn, &kept.value.s3_bucket_name).await?;
    Ok(Empty {})
}

/// A start looks whether log files will get through, and counts as the first attempt: so GetTrailStatus tells at once of a
/// bucket that is gone.
async fn look_at_bucket(service: &Service, call: &Call, arn: &str, bucket: &str) -> Result<()> {
    let now = Some(Millis::from(call.now));
    let error = match service.world.bucket(bucket).await {
        Ok(Found::Usable) => None,
        Ok(Found::Missing) => Some("NoSuchBucket".to_owned()),
        Ok(Found::Forbidden) => Some("AccessDenied".to_owned()),
        // Delivery will see: nothing is known of the bucket.
        Err(error) => {
            tracing::warn!(%error, code = error.code, bucket, "a bucket could not be looked up when a trail was started");
            return Ok(());
        }
    };
    let (revision, mut status) = match service.documents.read::<DeliveryStatus>(TRAIL_STATUS, arn)? {
        Some(Kept { revision, value }) => (lake::Expect::Revision(revision), value),
        None => (lake::Expect::Absent, DeliveryStatus::default()),
    };
    status.log_files.attempted = now;
    if error.is_none() {
        status.log_files.succeeded = now;
    }
    status.log_files.error = error;
    match crate::kept::put(service, (TRAIL_STATUS, arn), &status, revision) {
        // Delivery was quicker, and knows better.
        Err(fault) if fault.code == crate::fault::Code::ConflictException => Ok(()),
        put => put.map(drop),
    }
}
