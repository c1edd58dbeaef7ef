//! ListTrails: all trails of the account, those of other Regions included, on one page as in AWS.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::fault::Result;
use crate::service::Service;
use crate::trails;

#[derive(Debug, Deserialize)]
pub(crate) struct Input {}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    trails: Vec<Listed>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    #[serde(rename = "TrailARN")]
    trail_arn: String,
    name: String,
    home_region: String,
}

pub(crate) async fn list_trails(service: &Service, call: &Call, _: Input) -> Result<Output> {
    let listed = trails::all(service, call)?.into_iter().map(|kept| Listed {
        trail_arn: kept.value.arn,
        name: kept.value.name,
        home_region: kept.value.home_region.into(),
    });
    Ok(Output { trails: listed.collect() })
}
