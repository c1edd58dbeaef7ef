//! `ListImportFailures`.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::call::Call;
use crate::fault::{Code, Result};
use crate::page::{Asked, page};
use crate::service::Service;
use crate::validate::Violations;
use crate::wire::seconds;
use crate::{imports, limits};

/// Failures of a page unless told otherwise.
const USUAL: i64 = 1_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    import_id: String,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    failures: Vec<Listed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    location: String,
    status: &'static str,
    error_type: String,
    error_message: String,
    last_updated_time: Number,
}

pub(crate) async fn list_import_failures(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let mut found = Violations::default();
    found.number("MaxResults", input.max_results, limits::LIST_MAX_RESULTS);
    found.text("ImportId", Some(&input.import_id), &limits::UUID);
    found.refuse(Code::InvalidParameterException)?;
    let import = imports::find(service, call, &input.import_id, Code::InvalidParameterException)?.value;
    let all = import.failures.into_iter().enumerate().map(|(nth, failure)| {
        let listed = Listed {
            status: failure.status.as_str(),
            location: failure.location,
            error_type: failure.error_type,
            error_message: failure.error_message,
            last_updated_time: seconds(failure.updated),
        };
        (nth, listed)
    });
    let asked = Asked {
        operation: "ListImportFailures",
        question: &input.import_id,
        token: input.next_token.as_deref(),
        code: Code::InvalidNextTokenException,
        size: usize::try_from(input.max_results.unwrap_or(USUAL)).unwrap_or(1),
    };
    let (failures, next_token) = page((service, call), &asked, all.collect())?;
    Ok(Output { failures, next_token })
}
