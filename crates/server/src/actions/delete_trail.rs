//! DeleteTrail.

use lake::{Change, Expect};
use serde::Deserialize;
use trail::model::{TRAIL, TRAIL_STATUS};

use crate::call::Call;
use crate::fault::Result;
use crate::service::Service;
use crate::trails;
use crate::wire::Empty;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    name: String,
}

pub(crate) async fn delete_trail(service: &Service, call: &Call, input: Input) -> Result<Empty> {
    let mut kept = trails::find_at_home(service, call, &input.name)?;
    let trail = &mut kept.value;
    if trail.logging.stretch == 0 {
        // It never recorded, so there is nothing for delivery to finish.
        let arn = trail.arn.as_str();
        service.documents.apply(&[
            Change::Delete { kind: TRAIL, id: arn, expect: Expect::Revision(kept.revision) },
            Change::Delete { kind: TRAIL_STATUS, id: arn, expect: Expect::Any },
        ])?;
        return Ok(Empty {});
    }
    if trail.logging.is_on {
        trail.logging.is_on = false;
        trail.logging.stopped = Some(call.now.into());
    }
    trail.deleted = Some(call.now.into());
    trails::put(service, &kept)?;
    Ok(Empty {})
}
