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

impl Selectors {
    /// Returns what a trail records before anything was put: all management events.
    pub fn of_new_trail() -> Selectors {
        Selectors::Basic(vec![EventSelector {
            read_write_type: Some(ReadWriteType::All),
            include_management_events: Some(true),
            data_resources: Some(Vec::new()),
            exclude_management_event_sources: None,
        }])
    }

    /// Returns what an event data store records unless told otherwise: all management events.
    pub fn of_new_store() -> Selectors {
        let category = AdvancedFieldSelector {
            field: "eventCategory".to_owned(),
            equals: Some(vec!["Management".to_owned()]),
            ..AdvancedFieldSelector::default()
        };
        let name = Some("Default management events".to_owned());
        Selectors::Advanced(vec![AdvancedEventSelector { name, field_selectors: vec![category] }])
    }
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

impl EventSelector {
    /// Returns whether management events are recorded.
    pub fn includes_management_events(&self) -> bool {
        self.include_management_events.unwrap_or(true)
    }
}

/// Which of the events that read or write are recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ReadWriteType {
    /// Those that read.
    ReadOnly,
    /// Those that may change something.
    WriteOnly,
    /// All.
    #[default]
    All,
    /// None of these: a client that knows no model can send any text. No check lets it pass.
    Other(String),
}

impl ReadWriteType {
    /// Returns it as the API spells it.
    pub fn as_str(&self) -> &str {
        match self {
            ReadWriteType::ReadOnly => "ReadOnly",
            ReadWriteType::WriteOnly => "WriteOnly",
            ReadWriteType::All => "All",
            ReadWriteType::Other(text) => text,
        }
    }
}

impl From<String> for ReadWriteType {
    fn from(text: String) -> ReadWriteType {
        match text.as_str() {
            "ReadOnly" => ReadWriteType::ReadOnly,
            "WriteOnly" => ReadWriteType::WriteOnly,
            "All" => ReadWriteType::All,
            _ => ReadWriteType::Other(text),
        }
    }
}

impl From<ReadWriteType> for String {
    fn from(kind: ReadWriteType) -> String {
        kind.as_str().to_owned()
    }
}

/// Resources of one type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AdvancedEventSelector {
    /// What its author calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What an event must fit, all of it.
    #[serde(default)]
    pub field_selectors: Vec<AdvancedFieldSelector>,
}

/// What one field must be. Only the operators that were sent are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AdvancedFieldSelector {
    /// The field, such as `eventCategory` or `resources.ARN`.
    #[serde(default)]
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
