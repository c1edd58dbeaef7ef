//! `GetImport`.

use serde::Deserialize;

use crate::call::Call;
use crate::fault::{Code, Result};
use crate::imports::{self, ImportAnswer};
use crate::limits;
use crate::service::Service;
use crate::validate::Violations;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    import_id: String,
}

pub(crate) async fn get_import(service: &Service, call: &Call, input: Input) -> Result<ImportAnswer> {
    let mut found = Violations::default();
    found.text("ImportId", Some(&input.import_id), &limits::UUID);
    found.refuse(Code::InvalidParameterException)?;
    let import = imports::find(service, call, &input.import_id, Code::ImportNotFoundException)?;
    Ok(ImportAnswer::whole(import.value))
}
