//! GetEventSelectors.

use serde::{Deserialize, Serialize};
use trail::selectors::Selectors;

use crate::call::Call;
use crate::fault::Result;
use crate::service::Service;
use crate::trails;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    trail_name: String,
}

/// The member of the kind that is not in use is left out.
#[derive(Debug, Serialize)]
pub(crate) struct Output {
    #[serde(rename = "TrailARN")]
    pub trail_arn: String,
    #[serde(flatten)]
    pub selectors: Selectors,
}

pub(crate) async fn get_event_selectors(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let trail = trails::find(service, call, &input.trail_name)?.value;
    Ok(Output { trail_arn: trail.arn, selectors: trail.selectors.unwrap_or_else(Selectors::of_new_trail) })
}
