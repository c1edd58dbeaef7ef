//! GetTrail.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::fault::Result;
use crate::service::Service;
use crate::trails::{self, Detail, Shown};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    trail: Shown,
}

pub(crate) async fn get_trail(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let kept = trails::find(service, call, &input.name)?;
    Ok(Output { trail: Shown::of(&kept.value, Detail::Whole) })
}
