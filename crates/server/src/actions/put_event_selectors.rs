//! PutEventSelectors: replaces the whole set; one kind removes the other.

use serde::Deserialize;
use trail::selectors::{AdvancedEventSelector, EventSelector, Selectors};

use crate::actions::get_event_selectors::Output;
use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::service::Service;
use crate::trails;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    trail_name: String,
    event_selectors: Option<Vec<EventSelector>>,
    advanced_event_selectors: Option<Vec<AdvancedEventSelector>>,
}

pub(crate) async fn put_event_selectors(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let mut kept = trails::find_at_home(service, call, &input.trail_name)?;
    let selectors = Selectors::put(input.event_selectors, input.advanced_event_selectors)
        .map_err(|error| Fault::new(Code::InvalidEventSelectorsException, error.to_string()))?;
    kept.value.selectors = Some(selectors.clone());
    trails::put(service, &kept)?;
    Ok(Output { trail_arn: kept.value.arn, selectors })
}
