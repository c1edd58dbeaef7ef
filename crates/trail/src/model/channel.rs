//! A channel: the way into event data stores for events from outside AWS.

use event::arn::{AccountId, Region};
use serde::{Deserialize, Serialize};

use crate::model::{Millis, Tag};

/// The kind of document that holds a [`Channel`]; its id is the channel's ARN.
pub const CHANNEL: &str = "channel";
/// The kind of document that holds an [`Ingestion`]; its id is the channel's ARN.
pub const CHANNEL_STATUS: &str = "channel-status";

/// A channel as its owner set it up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub account: AccountId,
    /// The Region that it was made in.
    pub region: Region,
    /// Where its events come from: `Custom`, or the name of a partner.
    pub source: String,
    /// ARNs of the event data stores that it feeds.
    pub destinations: Vec<String>,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// When it was made.
    pub created: Millis,
}

/// How the last events came in over a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingestion {
    /// The last time that an event was stored.
    pub succeeded: Option<Millis>,
    /// The id that its sender gave it.
    pub succeeded_event_id: Option<String>,
    /// The last time that an event came.
    pub attempted: Option<Millis>,
    /// The id that its sender gave it.
    pub attempted_event_id: Option<String>,
    /// The code of the last attempt's error; none after a success.
    pub error_code: Option<String>,
}
