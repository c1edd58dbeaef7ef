//! DescribeTrails. Its members begin with small letters, unlike all others.

use lake::Kept;
use serde::{Deserialize, Serialize};
use trail::model::Trail;

use crate::call::Call;
use crate::fault::Result;
use crate::service::Service;
use crate::trails::{self, Detail, Named, Shown};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    trail_name_list: Option<Vec<String>>,
    include_shadow_trails: Option<bool>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    trail_list: Vec<Shown>,
}

pub(crate) async fn describe_trails(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let names = input.trail_name_list.unwrap_or_default();
    let named = names.iter().map(|name| Named::parse(name)).collect::<Result<Vec<_>>>()?;
    let shadows = input.include_shadow_trails.unwrap_or(true);
    let is_wanted = |trail: &Trail| match named.as_slice() {
        [] => trail.home_region == call.region || (shadows && trail.is_multi_region_trail),
        named => named.iter().any(|named| match named {
            Named::Arn(arn) => trail.arn == *arn,
            Named::Name(name) => trail.name == *name && trail.home_region == call.region,
        }),
    };
    let trails = trails::all(service, call)?;
    let wanted = trails.iter().filter(|kept| is_wanted(&kept.value));
    Ok(Output { trail_list: wanted.map(|Kept { value, .. }| Shown::of(value, Detail::Whole)).collect() })
}
