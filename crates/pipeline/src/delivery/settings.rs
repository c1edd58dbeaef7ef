//! What deliveries need, put together by the program.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use lake::Documents;
use lake::location::Location;
use sink::WebhookSettings;
use trail::delivery::CONTENT_BYTES_MAX;

use super::destinations::Destinations;
use super::step::Interrupt;

/// What deliveries need.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The lake.
    pub location: Location,
    /// Its documents: trails, and how far each has come.
    pub documents: Arc<Documents>,
    /// Buckets, topics and log groups.
    pub destinations: Arc<Destinations>,
    /// How long events are gathered for a log file; files are closed at multiples of it. Zero delivers at once.
    pub delivery_interval: SignedDuration,
    /// How long [`Deliveries::run`] waits before it looks again once nothing is left to do.
    pub poll_interval: Duration,
    /// Bytes of records that a trail gathers in memory before it delivers them, whatever the interval.
    pub gathered_bytes_max: usize,
    /// Bytes of the content of one log file.
    pub content_bytes_max: usize,
    /// A webhook that gets each event that some trail records, in the envelope of EventBridge.
    pub event_bridge: Option<WebhookSettings>,
    /// Ends rounds early, for tests.
    pub interrupt: Option<Interrupt>,
}

impl Settings {
    /// Returns settings as CloudTrail has them: files every five minutes.
    pub fn new(location: Location, documents: Arc<Documents>, destinations: Arc<Destinations>) -> Settings {
        Settings {
            location,
            documents,
            destinations,
            delivery_interval: SignedDuration::from_mins(5),
            poll_interval: Duration::from_secs(1),
            gathered_bytes_max: 2 * CONTENT_BYTES_MAX,
            content_bytes_max: CONTENT_BYTES_MAX,
            event_bridge: None,
            interrupt: None,
        }
    }
}
