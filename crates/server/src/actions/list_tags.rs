//! ListTags: of several resources, on one page as in AWS.

use serde::{Deserialize, Serialize};
use trail::model::Tag;

use crate::call::Call;
use crate::fault::{Code, Result};
use crate::limits;
use crate::page;
use crate::service::Service;
use crate::tagged;
use crate::validate::Violations;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    resource_id_list: Vec<String>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    resource_tag_list: Vec<Listed>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    resource_id: String,
    tags_list: Vec<Tag>,
}

pub(crate) async fn list_tags(service: &Service, call: &Call, input: Input) -> Result<Output> {
    page::refuse_token(input.next_token.as_deref())?;
    let mut violations = Violations::default();
    violations.length("ResourceIdList", Some(&input.resource_id_list), limits::RESOURCE_ID_LIST);
    violations.refuse(Code::ValidationException)?;
    let listed = input.resource_id_list.into_iter().map(|resource_id| {
        let tags_list = tagged::read(service, call, &resource_id)?;
        Ok(Listed { resource_id, tags_list })
    });
    Ok(Output { resource_tag_list: listed.collect::<Result<_>>()? })
}
