//! `StopImport`: one that nobody has begun is stopped at once, one that runs soon after.

use lake::Expect;
use serde::Deserialize;
use trail::model::{IMPORT, ImportStatus, Millis};

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::imports::{self, ImportAnswer};
use crate::service::Service;
use crate::validate::Violations;
use crate::{kept, limits};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    import_id: String,
}

pub(crate) async fn stop_import(service: &Service, call: &Call, input: Input) -> Result<ImportAnswer> {
    let mut found = Violations::default();
    found.text("ImportId", Some(&input.import_id), &limits::UUID);
    found.refuse(Code::InvalidParameterException)?;
    let found = imports::find(service, call, &input.import_id, Code::ImportNotFoundException)?;
    let mut import = found.value;
    if !import.status.is_ongoing() {
        let message = format!("The import {} has ended: it is {}.", import.id, import.status.as_str());
        return Err(Fault::new(Code::InvalidParameterException, message));
    }
    import.is_stopping = true;
    if import.status == ImportStatus::Initializing {
        import.status = ImportStatus::Stopped;
    }
    import.updated = Millis::from(call.now);
    kept::put(service, (IMPORT, &import.id), &import, Expect::Revision(found.revision))?;
    Ok(ImportAnswer::whole(import))
}
