//! Selectors as the API spells them.

use serde::{Deserialize, Serialize};

/// The selectors of a trail: of one kind or the other, never both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Selectors {
    /// `EventSelectors`.
    #[serde(rename = "EventSelectors")]
    Basic(Vec<EventSelector>),
    /// `AdvancedEventSelectors`.
    #[serde(rename = "AdvancedEventSelectors")]
    Advanced(Vec<AdvancedEventSelector>),
}

/// A basic selector, with what was left out left out: answers echo what was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct EventSelector {
    /// Whether events that read, that write, or all are recorded; all by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_write_type: Option<ReadWriteType>,
    /// Whether management events are recorded; true by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_management_events: Option<bool>,
    /// Resources whose data events are recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_resources: Option<Vec<DataResource>>,
    /// Services whose management events are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_management_event_sources: Option<Vec<String>>,
}

/// Which of the events that read or write are recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadWriteType {
    /// Those that read.
    ReadOnly,
    /// Those that may change something.
    WriteOnly,
    /// All.
    #[default]
    All,
}

/// Resources of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct DataResource {
    /// Type, such as `AWS::S3::Object`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// ARNs, or their beginnings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
}

/// An advanced selector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AdvancedEventSelector {
    /// What its author calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What an event must fit, all of it.
    pub field_selectors: Vec<AdvancedFieldSelector>,
}

/// What one field must be. Only the operators that were sent are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AdvancedFieldSelector {
    /// The field, such as `eventCategory` or `resources.ARN`.
    pub field: String,
    /// Is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Vec<String>>,
    /// Starts with one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_with: Option<Vec<String>>,
    /// Ends with one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_with: Option<Vec<String>>,
    /// Is none of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_equals: Option<Vec<String>>,
    /// Starts with none of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_starts_with: Option<Vec<String>>,
    /// Ends with none of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_ends_with: Option<Vec<String>>,
}
