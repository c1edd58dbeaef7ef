//! `DeleteChannel`: what came in over it stays in its event data stores.

use serde::Deserialize;
use trail::model::Channel;

use crate::call::Call;
use crate::fault::Result;
use crate::service::Service;
use crate::wire::Empty;
use crate::{channels, named};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    channel: String,
}

pub(crate) async fn delete_channel(service: &Service, call: &Call, input: Input) -> Result<Empty> {
    let found = named::find::<Channel>(service, call, &input.channel)?;
    channels::write(service, call, (&found.value.arn, Some(&found)), None)?;
    Ok(Empty {})
}
