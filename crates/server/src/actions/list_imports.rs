//! `ListImports`.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::call::Call;
use crate::fault::{Code, Result};
use crate::page::{Asked, page};
use crate::service::Service;
use crate::validate::Violations;
use crate::wire::seconds;
use crate::{imports, limits, stores};

/// Imports of a page unless told otherwise.
const USUAL: i64 = 1_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    max_results: Option<i64>,
    destination: Option<String>,
    import_status: Option<String>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    imports: Vec<Listed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    import_id: String,
    import_status: &'static str,
    destinations: Vec<String>,
    created_timestamp: Number,
    updated_timestamp: Number,
}

pub(crate) async fn list_imports(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let mut found = Violations::default();
    found.number("MaxResults", input.max_results, limits::LIST_MAX_RESULTS);
    found.one_of("ImportStatus", input.import_status.as_deref(), limits::IMPORT_STATUS);
    found.refuse(Code::InvalidParameterException)?;
    let destination = input.destination.as_deref().map(|name| stores::arn_of(call, name)).transpose()?;
    let all = imports::all(service, call)?.into_iter().filter(|import| {
        let status = input.import_status.as_deref();
        let is_status = status.is_none_or(|status| status == import.status.as_str());
        is_status && destination.as_ref().is_none_or(|arn| *arn == import.destination)
    });
    let all = all.map(|import| {
        let key = (import.created.0, import.id.clone());
        let listed = Listed {
            import_status: import.status.as_str(),
            import_id: import.id,
            destinations: vec![import.destination],
            created_timestamp: seconds(import.created),
            updated_timestamp: seconds(import.updated),
        };
        (key, listed)
    });
    let asked = Asked {
        operation: "ListImports",
        question: &(&destination, &input.import_status),
        token: input.next_token.as_deref(),
        code: Code::InvalidNextTokenException,
        size: usize::try_from(input.max_results.unwrap_or(USUAL)).unwrap_or(1),
    };
    let (imports, next_token) = page((service, call), &asked, all.collect())?;
    Ok(Output { imports, next_token })
}
