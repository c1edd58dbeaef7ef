//! StopLogging.

use serde::Deserialize;

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

/// Ends the stretch. Its last sequence number is that of the event of this call, which is known once that is stored.
pub(crate) async fn stop_logging(service: &Service, call: &Call, input: Input) -> Result<Empty> {
    let mut kept = trails::find_at_home(service, call, &input.name)?;
    let logging = &mut kept.value.logging;
    // A call before may have ended it and not been stored: then this one is its end.
    let is_open = logging.stretch > 0 && logging.until_seq.is_none();
    if logging.is_on || is_open {
        logging.is_on = false;
        logging.stopped = Some(call.now.into());
        trails::put(service, &kept)?;
    }
    Ok(Empty {})
}
