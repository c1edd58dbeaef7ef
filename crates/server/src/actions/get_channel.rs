//! `GetChannel`.

use serde::{Deserialize, Serialize};
use serde_json::Number;
use trail::model::Channel;
use trail::selectors::AdvancedEventSelector;

use crate::audit::Ingestions;
use crate::call::Call;
use crate::channels::Told;
use crate::fault::Result;
use crate::named;
use crate::service::Service;
use crate::wire::seconds;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    channel: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    #[serde(flatten)]
    told: Told,
    source_config: SourceConfig,
    ingestion_status: IngestionStatus,
}

/// Channels that services of AWS make choose among Regions and events; those of people take all that is sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SourceConfig {
    apply_to_all_regions: bool,
    advanced_event_selectors: Vec<AdvancedEventSelector>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct IngestionStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_ingestion_success_time: Option<Number>,
    #[serde(rename = "LatestIngestionSuccessEventID", skip_serializing_if = "Option::is_none")]
    latest_ingestion_success_event_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_ingestion_error_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_ingestion_attempt_time: Option<Number>,
    #[serde(rename = "LatestIngestionAttemptEventID", skip_serializing_if = "Option::is_none")]
    latest_ingestion_attempt_event_id: Option<String>,
}

pub(crate) async fn get_channel(service: &Service, call: &Call, input: Input) -> Result<Output> {
    let channel = named::find::<Channel>(service, call, &input.channel)?.value;
    let ingestion = Ingestions::of(service, &channel.arn)?;
    Ok(Output {
        told: channel.into(),
        source_config: SourceConfig { apply_to_all_regions: false, advanced_event_selectors: Vec::new() },
        ingestion_status: IngestionStatus {
            latest_ingestion_success_time: ingestion.succeeded.map(seconds),
            latest_ingestion_success_event_id: ingestion.succeeded_event_id,
            latest_ingestion_error_code: ingestion.error_code,
            latest_ingestion_attempt_time: ingestion.attempted.map(seconds),
            latest_ingestion_attempt_event_id: ingestion.attempted_event_id,
        },
    })
}
