//! An event data store: which of the lake's events it shows, and for how long.

use event::arn::{AccountId, Region};
use serde::{Deserialize, Serialize};

use crate::model::{Millis, Tag};
use crate::selectors::AdvancedEventSelector;

/// The kind of document that holds an [`EventDataStore`]; its id is the store's ARN.
pub const EVENT_DATA_STORE: &str = "event-data-store";

/// An event data store as its owner set it up. It holds no events of its own: it is a view over the lake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventDataStore {
    /// Its ARN.
    pub arn: String,
    /// The last part of its ARN, which is how queries name it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub account: AccountId,
    /// The Region that it was made in.
    pub region: Region,
    /// What it shows.
    pub advanced_event_selectors: Vec<AdvancedEventSelector>,
    /// Whether it shows events of all Regions.
    pub multi_region_enabled: bool,
    /// Whether it shows events of all accounts.
    pub organization_enabled: bool,
    /// How old its events may be, in days.
    pub retention_days: u32,
    /// Whether it is safe from being deleted.
    pub termination_protection_enabled: bool,
    /// How its owner would pay for it; kept and shown.
    pub billing_mode: String,
    /// The KMS key that AWS would encrypt it with; kept and shown.
    pub kms_key_id: Option<String>,
    /// How large events may be, in the API's own word.
    #[serde(default)]
    pub max_event_size: Option<String>,
    /// What events are enriched with, in the API's own JSON.
    #[serde(default)]
    pub context_key_selectors: Vec<serde_json::Value>,
    /// Insights that it looks for, in the API's own JSON.
    #[serde(default)]
    pub insight_selectors: Vec<serde_json::Value>,
    /// The store that insights go to.
    #[serde(default)]
    pub insights_destination: Option<String>,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// The times in which it did not ingest, oldest first. Only the last may still go on.
    #[serde(default)]
    pub stops: Vec<Stretch>,
    /// The channels that fed it, and when.
    #[serde(default)]
    pub feeds: Vec<Feed>,
    /// What was imported into it, and stays although it may have been collected while the store did not ingest.
    #[serde(default)]
    pub imported: Vec<String>,
    /// When it was made.
    pub created: Millis,
    /// When its owner last changed it.
    pub updated: Millis,
    /// When it was deleted: it can be restored for some days.
    #[serde(default)]
    pub deleted: Option<Millis>,
}

impl EventDataStore {
    /// Returns whether it takes in what is collected now.
    pub fn is_ingesting(&self) -> bool {
        self.deleted.is_none() && self.stops.last().is_none_or(|stop| stop.until.is_some())
    }

    /// Returns the categories of events that its selectors name, each once.
    pub fn categories(&self) -> Vec<&str> {
        let fields = self.advanced_event_selectors.iter().flat_map(|selector| &selector.field_selectors);
        let values =
            fields.filter(|field| field.field == "eventCategory").flat_map(|field| field.equals.iter().flatten());
        let mut found: Vec<&str> = Vec::new();
        for category in values {
            if !found.contains(&category.as_str()) {
                found.push(category);
            }
        }
        found
    }
}

/// A stretch of time: from a moment up to another one, which does not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// Its first moment.
    pub from: Millis,
    /// The moment after its last; none while it goes on.
    pub until: Option<Millis>,
}

/// A channel that feeds an event data store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// The channel's ARN.
    pub channel_arn: String,
    /// When it did.
    pub stretch: Stretch,
}
