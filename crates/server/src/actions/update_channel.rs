//! `UpdateChannel`.

use serde::Deserialize;
use trail::model::Channel;

use crate::call::Call;
use crate::channels::{self, Destination, Told};
use crate::fault::Result;
use crate::named;
use crate::service::Service;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    channel: String,
    destinations: Option<Vec<Destination>>,
    name: Option<String>,
}

pub(crate) async fn update_channel(service: &Service, call: &Call, input: Input) -> Result<Told> {
    let found = named::find::<Channel>(service, call, &input.channel)?;
    let mut channel = found.value.clone();
    if let Some(name) = input.name {
        channels::check_name(&named::all::<Channel>(service, call)?, &name, Some(&channel.arn))?;
        channel.name = name;
    }
    if let Some(destinations) = input.destinations {
        channel.destinations = channels::destinations(service, call, &destinations)?;
    }
    channels::write(service, call, (&channel.arn, Some(&found)), Some(&channel))?;
    Ok(channel.into())
}
