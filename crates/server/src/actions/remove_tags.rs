//! RemoveTags: by key, and by value where one is given.

use serde::Deserialize;
use trail::model::Tag;

use crate::call::Call;
use crate::fault::Result;
use crate::service::Service;
use crate::tagged;
use crate::tags;
use crate::wire::Empty;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    resource_id: String,
    tags_list: Vec<Tag>,
}

pub(crate) async fn remove_tags(service: &Service, call: &Call, input: Input) -> Result<Empty> {
    tags::check(&input.tags_list)?;
    tagged::change(service, call, &input.resource_id, |there| {
        tags::remove(there, &input.tags_list);
        Ok(())
    })?;
    Ok(Empty {})
}
