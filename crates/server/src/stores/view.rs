//! Which of the lake's events an event data store shows, as a condition in SQL.
//!
//! A store keeps nothing of its own. Events that were collected before it was made belong to it as well when they fit: in a
//! lake that is one's own there is no reason to hide them.

use event::time::{DAY, EventTime};
use trail::model::{EventDataStore, Feed, Stretch};
use trail::selectors::{Selectors, StoreScope};

/// The category of what comes in over channels.
pub(crate) const ACTIVITY_AUDIT_LOG: &str = "ActivityAuditLog";

/// Returns the condition that events of a store meet, over the columns of `events`.
pub(crate) fn condition(store: &EventDataStore, now: EventTime) -> String {
    let scope = StoreScope {
        account: (!store.organization_enabled).then_some(store.account),
        region: (!store.multi_region_enabled).then(|| store.region.clone()),
    };
    let selectors = Selectors::Advanced(store.advanced_event_selectors.clone());
    let oldest = EventTime::from_micros(now.as_micros().saturating_sub(i64::from(store.retention_days) * DAY));
    let mut all = vec![format!("eventTime >= {}", moment(oldest)), selectors.store_sql(&scope)];
    if store.categories().contains(&ACTIVITY_AUDIT_LOG) {
        all.push(fed(&store.feeds));
    }
    all.extend(store.stops.iter().map(|stop| ingested(*stop, &store.imported)));
    all.join(" AND ")
}

/// An event came in over one of the channels, while that fed the store.
fn fed(feeds: &[Feed]) -> String {
    let feeds = feeds.iter().map(|feed| {
        let channel = literal(&feed.channel_arn);
        format!("(json_extract_scalar(metadata, '$.channelARN') = {channel} AND {})", during(feed.stretch))
    });
    either(feeds.collect())
}

/// An event was not collected during a stop, or it was imported.
fn ingested(stop: Stretch, imported: &[String]) -> String {
    let imported = imported.iter().map(|uri| format!("starts_with(log_file, {})", literal(uri)));
    either(std::iter::once(format!("NOT ({})", during(stop))).chain(imported).collect())
}

fn during(stretch: Stretch) -> String {
    let from = format!("collected_at >= {}", moment(stretch.from.time()));
    match stretch.until {
        Some(until) => format!("{from} AND collected_at < {}", moment(until.time())),
        None => from,
    }
}

fn either(parts: Vec<String>) -> String {
    if parts.is_empty() { "FALSE".to_owned() } else { format!("({})", parts.join(" OR ")) }
}

fn moment(time: EventTime) -> String {
    let time = jiff::Timestamp::from_microsecond(time.as_micros()).unwrap_or_default();
    literal(&time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
