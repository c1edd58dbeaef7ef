//! Channels: the way into event data stores for events from outside AWS.

use lake::{Change, Expect, Kept};
use serde::{Deserialize, Serialize};
use trail::model::{CHANNEL, Channel, EVENT_DATA_STORE, EventDataStore, Feed, Millis, Stretch};

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::limits;
use crate::named;
use crate::service::Service;
use crate::stores;
use crate::validate::Violations;

/// Channels of an account in a Region at most. Source: AWS CloudTrail user guide, "Quotas in CloudTrail".
pub(crate) const CHANNELS_MAX: usize = 25;
/// The one type of destination that people can choose.
const EVENT_DATA_STORES: &str = "EVENT_DATA_STORE";
/// The source that an account may have several channels for: of each partner it may have one.
pub(crate) const CUSTOM: &str = "Custom";
/// Where events of a channel come from. Source: AWS CloudTrail user guide, "Additional information about integration
/// partners".
const SOURCES: [&str; 16] = [
    CUSTOM,
    "CloudStorageSecurity",
    "Clumio",
    "CrowdStrike",
    "CyberArk",
    "GitHub",
    "KongInc",
    "LaunchDarkly",
    "MontyCloud",
    "NordcloudMulticloud",
    "Netskope",
    "Okta",
    "OneIdentity",
    "Shoreline",
    "Snyk",
    "Wiz",
];

/// A destination as requests and answers have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Destination {
    /// What it is.
    pub r#type: String,
    /// Its ARN, or in requests the last part of it.
    pub location: String,
}

/// What every answer tells of a channel.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Told {
    channel_arn: String,
    name: String,
    source: String,
    destinations: Vec<Destination>,
}

impl From<Channel> for Told {
    fn from(channel: Channel) -> Told {
        let told = |location| Destination { r#type: EVENT_DATA_STORES.to_owned(), location };
        Told {
            channel_arn: channel.arn,
            name: channel.name,
            source: channel.source,
            destinations: channel.destinations.into_iter().map(told).collect(),
        }
    }
}

/// Checks the name of a channel.
///
/// # Errors
/// `InvalidParameterException`, or `ChannelAlreadyExistsException` if another of the caller's channels has it.
pub(crate) fn check_name(all: &[Kept<Channel>], name: &str, arn: Option<&str>) -> Result<()> {
    let mut found = Violations::default();
    found.text("Name", Some(name), &limits::CHANNEL_NAME);
    found.refuse(Code::InvalidParameterException)?;
    let mut others = all.iter().filter(|kept| Some(kept.value.arn.as_str()) != arn);
    if others.any(|kept| kept.value.name == name) {
        let message = format!("A channel with the name {name} already exists.");
        return Err(Fault::new(Code::ChannelAlreadyExistsException, message));
    }
    Ok(())
}

/// Checks the source of a channel: `Custom` or a partner, spelled as AWS does.
///
/// # Errors
/// `InvalidParameterException` or `InvalidSourceException`.
pub(crate) fn check_source(source: &str) -> Result<()> {
    let mut found = Violations::default();
    found.text("Source", Some(source), &limits::SOURCE);
    found.refuse(Code::InvalidParameterException)?;
    if SOURCES.contains(&source) {
        return Ok(());
    }
    let message = format!("'{source}' is no source of a channel: give Custom, or the name of a partner.");
    Err(Fault::new(Code::InvalidSourceException, message))
}

/// Returns the stores that destinations stand for.
///
/// # Errors
/// `InvalidParameterException`; what is wrong with a store; `InvalidEventDataStoreCategoryException` for one that does not
/// take the events of channels.
pub(crate) fn destinations(service: &Service, call: &Call, sent: &[Destination]) -> Result<Vec<String>> {
    let mut found = Violations::default();
    found.length("Destinations", Some(sent), limits::DESTINATIONS);
    for destination in sent {
        found.one_of("Destinations.Type", Some(&destination.r#type), limits::DESTINATION_TYPE);
        found.text("Destinations.Location", Some(&destination.location), &limits::LOCATION);
    }
    found.refuse(Code::InvalidParameterException)?;
    let mut arns: Vec<String> = Vec::with_capacity(sent.len());
    for destination in sent {
        let refused = |code: Code, why: &str| Err(Fault::new(code, format!("{} {why}.", destination.location)));
        if destination.r#type != EVENT_DATA_STORES {
            return refused(Code::InvalidParameterException, "is of a type that only AWS services use");
        }
        let store = stores::active(service, call, &destination.location)?.value;
        if !stores::is_fed_by_channels(&store) || store.multi_region_enabled || store.organization_enabled {
            return refused(
                Code::InvalidEventDataStoreCategoryException,
                "is no event data store of one Region and one account for events of the category ActivityAuditLog",
            );
        }
        if arns.contains(&store.arn) {
            return refused(Code::InvalidParameterException, "stands twice among the destinations");
        }
        arns.push(store.arn);
    }
    Ok(arns)
}

/// Writes a channel and what its stores know of it, all at once: stores that are new among its destinations are fed from now
/// on, those that are no more are fed until now. Without a channel there is none any more.
///
/// # Errors
/// `ConflictException` if one of them was changed in the meantime.
pub(crate) fn write(
    service: &Service,
    call: &Call,
    (arn, before): (&str, Option<&Kept<Channel>>),
    after: Option<&Channel>,
) -> Result<()> {
    let now = Millis::from(call.now);
    let destinations = after.map(|channel| channel.destinations.as_slice()).unwrap_or_default();
    let mut changed: Vec<(i64, EventDataStore)> = Vec::new();
    for kept in named::all::<EventDataStore>(service, call)? {
        let mut store = kept.value;
        let is_wanted = destinations.contains(&store.arn);
        let fed = store.feeds.iter_mut().find(|feed| feed.channel_arn == arn && feed.stretch.until.is_none());
        match (fed, is_wanted) {
            (Some(feed), false) => feed.stretch.until = Some(now),
            (None, true) => {
                let stretch = Stretch { from: now, until: None };
                store.feeds.push(Feed { channel_arn: arn.to_owned(), stretch });
            }
            _ => continue,
        }
        changed.push((kept.revision, store));
    }
    let stores: Vec<(i64, &str, String)> = changed
        .iter()
        .map(|(revision, store)| Ok((*revision, store.arn.as_str(), lake::to_body(store)?)))
        .collect::<lake::error::Result<_>>()?;
    let mut change: Vec<Change<'_>> = stores
        .iter()
        .map(|(revision, id, body)| Change::Put {
            kind: EVENT_DATA_STORE,
            id,
            body,
            expect: Expect::Revision(*revision),
        })
        .collect();
    let expect = before.map_or(Expect::Absent, |kept| Expect::Revision(kept.revision));
    let body = after.map(lake::to_body).transpose()?;
    change.push(match &body {
        Some(body) => Change::Put { kind: CHANNEL, id: arn, body, expect },
        None => Change::Delete { kind: CHANNEL, id: arn, expect },
    });
    service.documents.apply(&change)?;
    Ok(())
}
