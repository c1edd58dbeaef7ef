//! Tags of a resource.

use serde::{Deserialize, Serialize};

/// Most tags of one resource.
pub const TAGS_MAX: usize = 50;

/// A tag, spelled as the API does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Tag {
    /// Its key, one of a kind among a resource's tags.
    pub key: String,
    /// Its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}
