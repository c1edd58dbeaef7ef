//! A trail: what it records, where it delivers, and how delivery goes.

use event::arn::{AccountId, Region};
use serde::{Deserialize, Serialize};

use crate::model::{Millis, Tag};
use crate::selectors::Selectors;

/// The kind of document that holds a [`Trail`]; its id is the trail's ARN.
pub const TRAIL: &str = "trail";
/// The kind of document that holds a [`DeliveryStatus`]; its id is the trail's ARN.
pub const TRAIL_STATUS: &str = "trail-status";

/// A trail as its owner set it up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trail {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub account: AccountId,
    /// The Region that it was made in.
    pub home_region: Region,
    /// The bucket that log files go to.
    pub s3_bucket_name: String,
    /// What stands in front of `AWSLogs/` in their keys.
    pub s3_key_prefix: Option<String>,
    /// The topic as its owner wrote it, by name or by ARN: answers echo it.
    #[serde(default)]
    pub sns_topic_name: Option<String>,
    /// The topic that is told of each log file, by its ARN.
    pub sns_topic_arn: Option<String>,
    /// The log group that records go to as well.
    pub cloud_watch_logs: Option<CloudWatchLogs>,
    /// The KMS key that log files are encrypted with, by its ARN.
    pub kms_key_id: Option<String>,
    /// Whether events of global services are recorded.
    pub include_global_service_events: bool,
    /// Whether events of all Regions are recorded.
    pub is_multi_region_trail: bool,
    /// Whether events of all accounts of the organisation are recorded.
    pub is_organization_trail: bool,
    /// The organisation's id, which stands in the keys of an organisation trail.
    pub organization_id: Option<String>,
    /// Whether digests are delivered.
    pub log_file_validation_enabled: bool,
    /// Whether the trail records the deliveries that it causes itself.
    pub recursive_logging: bool,
    /// What it records; none until the first put.
    pub selectors: Option<Selectors>,
    /// Insights that it looks for, in the API's own JSON.
    #[serde(default)]
    pub insight_selectors: Vec<serde_json::Value>,
    /// Where insights go, if not into the trail itself.
    #[serde(default)]
    pub insights_destination: Option<String>,
    /// How data events are aggregated, in the API's own JSON.
    #[serde(default)]
    pub aggregation_configurations: Vec<serde_json::Value>,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Whether it records, and since when.
    pub logging: Logging,
    /// When it was made.
    pub created: Millis,
    /// When it was deleted: it is kept until its last digest is delivered.
    #[serde(default)]
    pub deleted: Option<Millis>,
}

/// The log group of a trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudWatchLogs {
    /// ARN of the log group, which ends in `:*`.
    pub log_group_arn: String,
    /// The role that AWS would assume; it is kept and shown, delivery uses credentials of its own.
    pub role_arn: String,
}

/// Whether a trail records. Its stretch is told by sequence numbers, so that not a single event is in doubt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logging {
    /// Whether it records now.
    pub is_on: bool,
    /// Grows with each start: delivery tells a new stretch by it, whose chain of digests is new as well.
    pub stretch: u64,
    /// Events above this sequence number belong to the stretch.
    pub after_seq: i64,
    /// The last sequence number of the stretch, the stop itself included; none while it records.
    pub until_seq: Option<i64>,
    /// The last start.
    pub started: Option<Millis>,
    /// The last stop.
    pub stopped: Option<Millis>,
}

impl Trail {
    /// Returns when the trail was stopped or deleted, while it is not said yet with which event it ends: whoever ends it says so
    /// once the call is stored.
    pub fn unsettled(&self) -> Option<Millis> {
        let Logging { is_on, stretch, until_seq, stopped, .. } = self.logging;
        match is_on {
            true => self.deleted,
            false => stopped.or(self.deleted).filter(|_| stretch > 0 && until_seq.is_none()),
        }
    }
}

/// How the last attempt of one kind of delivery ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The last attempt.
    pub attempted: Option<Millis>,
    /// The last success.
    pub succeeded: Option<Millis>,
    /// The code of the last error, such as `NoSuchBucket`; none after a success.
    pub error: Option<String>,
}

/// How the deliveries of a trail go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryStatus {
    /// Log files.
    pub log_files: Outcome,
    /// Digests.
    pub digests: Outcome,
    /// Notices to the topic.
    pub notifications: Outcome,
    /// Records to the log group.
    pub cloud_watch_logs: Outcome,
}
