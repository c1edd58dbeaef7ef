//! `ListChannels`.

use serde::{Deserialize, Serialize};
use trail::model::Channel;

use crate::call::Call;
use crate::fault::{Code, Result};
use crate::page::{Asked, page};
use crate::service::Service;
use crate::validate::Violations;
use crate::{limits, named};

/// Channels of a page unless told otherwise.
const USUAL: i64 = 1_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    channels: Vec<Listed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    channel_arn: String,
    name: String,
}

pub(crate) async fn list_channels(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let mut found = Violations::default();
    found.number("MaxResults", input.max_results, limits::LIST_MAX_RESULTS);
    found.refuse(Code::InvalidParameterException)?;
    let all = named::all::<Channel>(service, call)?.into_iter().map(|kept| kept.value);
    let all = all.map(|channel| {
        ((channel.created.0, channel.arn.clone()), Listed { channel_arn: channel.arn, name: channel.name })
    });
    let asked = Asked {
        operation: "ListChannels",
        question: &(),
        token: input.next_token.as_deref(),
        code: Code::InvalidNextTokenException,
        size: usize::try_from(input.max_results.unwrap_or(USUAL)).unwrap_or(1),
    };
    let (channels, next_token) = page((service, call), &asked, all.collect())?;
    Ok(Output { channels, next_token })
}
