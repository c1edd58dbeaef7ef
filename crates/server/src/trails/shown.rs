//! Trails as answers show them.

use serde::Serialize;
use trail::model::Trail;

/// How much an answer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What CreateTrail and UpdateTrail answer.
    Setting,
    /// What GetTrail and DescribeTrails answer: its home, and what it has, as well.
    Whole,
}

/// A trail in an answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Shown {
    name: String,
    #[serde(rename = "S3BucketName")]
    s3_bucket_name: String,
    #[serde(rename = "S3KeyPrefix", skip_serializing_if = "Option::is_none")]
    s3_key_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sns_topic_name: Option<String>,
    #[serde(rename = "SnsTopicARN", skip_serializing_if = "Option::is_none")]
    sns_topic_arn: Option<String>,
    include_global_service_events: bool,
    is_multi_region_trail: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    home_region: Option<String>,
    #[serde(rename = "TrailARN")]
    trail_arn: String,
    log_file_validation_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_watch_logs_log_group_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_watch_logs_role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_custom_event_selectors: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_insight_selectors: Option<bool>,
    is_organization_trail: bool,
    recursive_logging: bool,
}

impl Shown {
    /// Shows a trail.
    pub(crate) fn of(trail: &Trail, detail: Detail) -> Shown {
        let is_whole = detail == Detail::Whole;
        let logs = trail.cloud_watch_logs.as_ref();
        Shown {
            name: trail.name.clone(),
            s3_bucket_name: trail.s3_bucket_name.clone(),
            s3_key_prefix: trail.s3_key_prefix.clone(),
            sns_topic_name: trail.sns_topic_name.clone(),
            sns_topic_arn: trail.sns_topic_arn.clone(),
            include_global_service_events: trail.include_global_service_events,
            is_multi_region_trail: trail.is_multi_region_trail,
            home_region: is_whole.then(|| trail.home_region.as_str().to_owned()),
            trail_arn: trail.arn.clone(),
            log_file_validation_enabled: trail.log_file_validation_enabled,
            cloud_watch_logs_log_group_arn: logs.map(|logs| logs.log_group_arn.clone()),
            cloud_watch_logs_role_arn: logs.map(|logs| logs.role_arn.clone()),
            kms_key_id: trail.kms_key_id.clone(),
            has_custom_event_selectors: is_whole.then_some(trail.selectors.is_some()),
            has_insight_selectors: is_whole.then_some(!trail.insight_selectors.is_empty()),
            is_organization_trail: trail.is_organization_trail,
            recursive_logging: trail.recursive_logging,
        }
    }
}
