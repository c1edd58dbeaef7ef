//! `StartQuery`.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::operation::Access;
use crate::queries::{self, Ask};
use crate::service::Service;
use crate::validate::Violations;
use crate::{dashboards, limits};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    query_statement: Option<String>,
    #[serde(rename = "DeliveryS3Uri")]
    delivery_s3_uri: Option<String>,
    query_alias: Option<String>,
    query_parameters: Option<Vec<String>>,
    event_data_store_owner_account_id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    query_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_data_store_owner_account_id: Option<String>,
}

pub(crate) async fn start_query(service: &Service, call: &Call, input: Input) -> Result<Output> {
    check(&input)?;
    if input.delivery_s3_uri.is_some() {
        // A query reads; files in a bucket are more.
        call.authorize(Access::Write, "cloudtrail:StartQuery with DeliveryS3Uri")?;
    }
    queries::check_owner(call, input.event_data_store_owner_account_id.as_deref())?;
    let statement = match (&input.query_statement, &input.query_alias) {
        (Some(statement), None) => statement.clone(),
        (None, Some(alias)) => dashboards::widget(service, call, alias)?.query_statement,
        _ => {
            let message = "Give either QueryStatement, or the QueryAlias of a widget of a dashboard.";
            return Err(Fault::new(Code::InvalidParameterException, message));
        }
    };
    let ask = Ask {
        statement: queries::filled(&statement, &input.query_parameters.unwrap_or_default())?,
        alias: input.query_alias,
        refresh_id: None,
        delivery_s3_uri: input.delivery_s3_uri,
    };
    let query = queries::start(service, call, ask).await?;
    Ok(Output { query_id: query.id, event_data_store_owner_account_id: input.event_data_store_owner_account_id })
}

fn check(input: &Input) -> Result<()> {
    let mut found = Violations::default();
    found.text("QueryStatement", input.query_statement.as_deref(), &limits::QUERY_STATEMENT);
    found.text("QueryAlias", input.query_alias.as_deref(), &limits::QUERY_ALIAS);
    found.length("QueryParameters", input.query_parameters.as_deref(), limits::QUERY_PARAMETERS);
    for parameter in input.query_parameters.iter().flatten() {
        found.text("QueryParameters", Some(parameter), &limits::QUERY_PARAMETER);
    }
    found.refuse(Code::InvalidParameterException)?;
    let mut found = Violations::default();
    found.text("DeliveryS3Uri", input.delivery_s3_uri.as_deref(), &limits::DELIVERY_S3_URI);
    found.refuse(Code::InvalidS3BucketNameException)
}
