//! `CreateChannel`.

use serde::{Deserialize, Serialize};
use trail::model::{Channel, Millis, Tag};

use crate::call::Call;
use crate::channels::{self, CHANNELS_MAX, Destination, Told};
use crate::fault::{Code, Fault, Result};
use crate::resource::Kind;
use crate::service::Service;
use crate::{named, tags};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    name: String,
    source: String,
    destinations: Vec<Destination>,
    tags: Option<Vec<Tag>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    #[serde(flatten)]
    told: Told,
    tags: Vec<Tag>,
}

pub(crate) async fn create_channel(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let all = named::all::<Channel>(service, call)?;
    channels::check_name(&all, &input.name, None)?;
    channels::check_source(&input.source)?;
    let tags = input.tags.unwrap_or_default();
    tags::check(&tags)?;
    let destinations = channels::destinations(service, call, &input.destinations)?;
    if all.len() >= CHANNELS_MAX {
        let message =
            format!("This account has {CHANNELS_MAX} channels in this Region, which is the most it may have.");
        return Err(Fault::new(Code::ChannelMaxLimitExceededException, message));
    }
    if input.source != channels::CUSTOM && all.iter().any(|other| other.value.source == input.source) {
        let message =
            format!("This account has a channel for the source {} in this Region: it may have one.", input.source);
        return Err(Fault::new(Code::ChannelMaxLimitExceededException, message));
    }
    let channel = Channel {
        arn: Kind::Channel.arn(call, &uuid::Uuid::new_v4().to_string()),
        name: input.name,
        account: call.account,
        region: call.region.clone(),
        source: input.source,
        destinations,
        tags,
        created: Millis::from(call.now),
    };
    channels::write(service, call, (&channel.arn, None), Some(&channel))?;
    Ok(Output { tags: channel.tags.clone(), told: channel.into() })
}
