//! The notice that a topic gets of a log file.

use serde::{Deserialize, Serialize};

use crate::delivery::Plan;
use crate::model::Millis;

/// The kind of document that holds a [`Notice`]; its id is [`Notice::id`].
pub const TRAIL_NOTICE: &str = "trail-notice";

/// Log files that a topic is still to be told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The trail's ARN.
    pub trail_arn: String,
    /// The topic's ARN.
    pub topic_arn: String,
    /// The bucket that the files lie in.
    pub bucket: String,
    /// Their keys.
    pub keys: Vec<String>,
    /// When they were delivered.
    pub delivered: Millis,
    /// The last sequence number of their plan.
    pub until_seq: i64,
}

impl Notice {
    /// Returns the notice of a plan that was carried out; none where the trail has no topic or there is no file.
    pub fn of(plan: &Plan) -> Option<Notice> {
        let topic_arn = plan.trail.sns_topic_arn.clone().filter(|_| !plan.files.is_empty())?;
        Some(Notice {
            trail_arn: plan.trail.arn.clone(),
            topic_arn,
            bucket: plan.trail.s3_bucket_name.clone(),
            keys: plan.files.iter().map(|file| file.key.clone()).collect(),
            delivered: plan.delivered,
            until_seq: plan.until_seq,
        })
    }

    /// Returns the id under which the notice is kept.
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.trail_arn, self.until_seq, self.delivered.0)
    }
}

/// Returns the message that tells of one log file (AWS CloudTrail user guide, "Configuring Amazon SNS notifications for
/// CloudTrail").
pub fn message(bucket: &str, key: &str) -> String {
    serde_json::json!({"s3Bucket": bucket, "s3ObjectKey": [key]}).to_string()
}
