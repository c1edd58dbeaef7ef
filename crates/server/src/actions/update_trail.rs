//! UpdateTrail: what is sent changes, an empty text clears.

use serde::Deserialize;
use trail::model::Trail;

use crate::actions::create_trail::{check_global_events, organization};
use crate::call::Call;
use crate::fault::Result;
use crate::service::Service;
use crate::trails::{self, Checked, Detail, Shown, Wanted};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    name: String,
    s3_bucket_name: Option<String>,
    s3_key_prefix: Option<String>,
    sns_topic_name: Option<String>,
    include_global_service_events: Option<bool>,
    is_multi_region_trail: Option<bool>,
    enable_log_file_validation: Option<bool>,
    cloud_watch_logs_log_group_arn: Option<String>,
    cloud_watch_logs_role_arn: Option<String>,
    kms_key_id: Option<String>,
    is_organization_trail: Option<bool>,
    recursive_logging: Option<bool>,
}

pub(crate) async fn update_trail(service: &Service, call: &Call, input: Input) -> Result<Shown> {
    let mut kept = trails::find_at_home(service, call, &input.name)?;
    let trail = &mut kept.value;
    let was_multi_region = trail.is_multi_region_trail;
    trail.is_multi_region_trail = input.is_multi_region_trail.unwrap_or(was_multi_region);
    // Global events follow the Regions of a trail, unless the call says otherwise.
    let follows = trail.is_multi_region_trail != was_multi_region;
    let default = if follows { trail.is_multi_region_trail } else { trail.include_global_service_events };
    trail.include_global_service_events = input.include_global_service_events.unwrap_or(default);
    check_global_events(trail.is_multi_region_trail, trail.include_global_service_events)?;
    let logs = trail.cloud_watch_logs.clone();
    let (log_group_arn, role_arn) = logs.map(|logs| (logs.log_group_arn, logs.role_arn)).unzip();
    let wanted = Wanted {
        bucket: input.s3_bucket_name.unwrap_or_else(|| trail.s3_bucket_name.clone()),
        prefix: input.s3_key_prefix.or_else(|| trail.s3_key_prefix.clone()),
        topic: input.sns_topic_name.or_else(|| written_topic(trail)),
        log_group_arn: input.cloud_watch_logs_log_group_arn.or(log_group_arn),
        role_arn: input.cloud_watch_logs_role_arn.or(role_arn),
        kms_key_id: input.kms_key_id.or_else(|| trail.kms_key_id.clone()),
    };
    let checked = trails::check(service, call, wanted).await?;
    deliver_to(trail, checked);
    trail.is_organization_trail = input.is_organization_trail.unwrap_or(trail.is_organization_trail);
    if trail.is_organization_trail && trail.organization_id.is_none() {
        trail.organization_id = Some(organization(service, call)?);
    }
    if !trail.is_organization_trail {
        trail.organization_id = None;
    }
    trail.log_file_validation_enabled = input.enable_log_file_validation.unwrap_or(trail.log_file_validation_enabled);
    trail.recursive_logging = input.recursive_logging.unwrap_or(trail.recursive_logging);
    trails::put(service, &kept)?;
    Ok(Shown::of(&kept.value, Detail::Setting))
}

fn written_topic(trail: &Trail) -> Option<String> {
    trail.sns_topic_name.clone().or_else(|| trail.sns_topic_arn.clone())
}

fn deliver_to(trail: &mut Trail, checked: Checked) {
    trail.s3_bucket_name = checked.bucket;
    trail.s3_key_prefix = checked.prefix;
    trail.sns_topic_name = checked.topic_name;
    trail.sns_topic_arn = checked.topic_arn;
    trail.cloud_watch_logs = checked.cloud_watch_logs;
    trail.kms_key_id = checked.kms_key_id;
}
