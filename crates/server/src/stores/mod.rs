//! Event data stores: what the API tells of them, and which of the lake's events each one shows.

mod answer;
mod change;
mod view;

#[cfg(test)]
mod tests;

use event::time::DAY;
use lake::{Expect, Kept};
use trail::model::{EVENT_DATA_STORE, EventDataStore, IMPORT, Import, Millis, Stretch};

pub(crate) use answer::StoreAnswer;
pub(crate) use change::{FIXED, Members, check, check_switchable, is_fed_by_channels, retention};
pub(crate) use view::{ACTIVITY_AUDIT_LOG, condition};

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::named;
use crate::service::Service;

/// Event data stores of an account in a Region at most. Source: AWS CloudTrail user guide, "Quotas in CloudTrail".
pub(crate) const STORES_MAX: usize = 10;
/// Days in which a store that was deleted can be restored.
const RESTORABLE_DAYS: i64 = 7;

/// Finds one of the caller's stores, deleted ones that can be restored included.
///
/// # Errors
/// `EventDataStoreARNInvalidException` or `EventDataStoreNotFoundException`.
pub(crate) fn find(service: &Service, call: &Call, name: &str) -> Result<Kept<EventDataStore>> {
    let arn = named::arn_of::<EventDataStore>(call, name)?;
    let found = named::find::<EventDataStore>(service, call, &arn)?;
    if is_gone(&found.value, call) {
        crate::kept::delete(service, (EVENT_DATA_STORE, &arn), found.revision)?;
        return named::find(service, call, &arn);
    }
    Ok(found)
}

/// Returns the ARN that the name of a store stands for.
///
/// # Errors
/// `EventDataStoreARNInvalidException`.
pub(crate) fn arn_of(call: &Call, name: &str) -> Result<String> {
    named::arn_of::<EventDataStore>(call, name)
}

/// Finds one of the caller's stores that was not deleted.
///
/// # Errors
/// As [`find`], and `InactiveEventDataStoreException`.
pub(crate) fn active(service: &Service, call: &Call, name: &str) -> Result<Kept<EventDataStore>> {
    let found = find(service, call, name)?;
    check_active(&found.value)?;
    Ok(found)
}

fn check_active(store: &EventDataStore) -> Result<()> {
    if store.deleted.is_none() {
        return Ok(());
    }
    let message = format!("The event data store {} is pending deletion.", store.arn);
    Err(Fault::new(Code::InactiveEventDataStoreException, message))
}

/// Refuses to tell of a query that reads stores one of which waits to be deleted. Source: AWS CloudTrail API reference,
/// DeleteEventDataStore.
///
/// # Errors
/// `InactiveEventDataStoreException`.
pub(crate) fn check_all_active(service: &Service, arns: &[String]) -> Result<()> {
    for arn in arns {
        if let Some(kept) = service.documents.read::<EventDataStore>(EVENT_DATA_STORE, arn)? {
            check_active(&kept.value)?;
        }
    }
    Ok(())
}

/// Returns the caller's stores, deleted ones that can be restored included.
///
/// # Errors
/// If they cannot be read.
pub(crate) fn all(service: &Service, call: &Call) -> Result<Vec<Kept<EventDataStore>>> {
    let mut all = named::all::<EventDataStore>(service, call)?;
    all.retain(|kept| !is_gone(&kept.value, call));
    Ok(all)
}

/// Refuses a name that another of the caller's stores has.
///
/// # Errors
/// `EventDataStoreAlreadyExistsException`.
pub(crate) fn check_name(all: &[Kept<EventDataStore>], name: &str, arn: Option<&str>) -> Result<()> {
    let mut others = all.iter().filter(|kept| Some(kept.value.arn.as_str()) != arn);
    if others.any(|kept| kept.value.name == name) {
        let message = format!("An event data store with the name {name} already exists.");
        return Err(Fault::new(Code::EventDataStoreAlreadyExistsException, message));
    }
    Ok(())
}

/// Refuses one more store than there may be.
///
/// # Errors
/// `EventDataStoreMaxLimitExceededException`.
pub(crate) fn check_count(all: &[Kept<EventDataStore>]) -> Result<()> {
    if all.iter().filter(|kept| kept.value.deleted.is_none()).count() < STORES_MAX {
        return Ok(());
    }
    let message =
        format!("This account has {STORES_MAX} event data stores in this Region, which is the most it may have.");
    Err(Fault::new(Code::EventDataStoreMaxLimitExceededException, message))
}

/// Refuses to change or delete a store into which something is being imported.
///
/// # Errors
/// `EventDataStoreHasOngoingImportException`.
pub(crate) fn check_not_importing(service: &Service, store: &EventDataStore) -> Result<()> {
    let imports = service.documents.read_all::<Import>(IMPORT)?;
    if !imports.iter().any(|import| import.value.destination == store.arn && import.value.status.is_ongoing()) {
        return Ok(());
    }
    let message = format!("The event data store {} has an import that goes on.", store.arn);
    Err(Fault::new(Code::EventDataStoreHasOngoingImportException, message))
}

fn is_gone(store: &EventDataStore, call: &Call) -> bool {
    store.deleted.is_some_and(|deleted| deleted.time().as_micros() + RESTORABLE_DAYS * DAY <= call.now.as_micros())
}

/// Returns the refusal to share a store with Lake Formation.
pub(crate) fn no_federation(store: &EventDataStore) -> Fault {
    let message = format!(
        "The event data store {} cannot be federated: AWS Lake Formation is not part of this service. Its tables are open \
         Delta Lake tables that other engines read where they lie.",
        store.arn
    );
    Fault::new(Code::UnsupportedOperationException, message)
}

/// Whether a store takes in what is collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ingestion {
    /// It does.
    On,
    /// It does not.
    Off,
}

/// Starts or stops the ingestion of a store.
///
/// # Errors
/// `InvalidEventDataStoreStatusException` if it is so already, or the store is deleted;
/// `InvalidEventDataStoreCategoryException` for a store that cannot be without.
pub(crate) fn switch(service: &Service, call: &Call, name: &str, wanted: Ingestion) -> Result<()> {
    let found = find(service, call, name)?;
    let mut store = found.value;
    check_switchable(&store)?;
    let is = if store.is_ingesting() { Ingestion::On } else { Ingestion::Off };
    if store.deleted.is_some() || is == wanted {
        let message = format!("The event data store {} is in a state in which this cannot be done.", store.arn);
        return Err(Fault::new(Code::InvalidEventDataStoreStatusException, message));
    }
    let now = Millis::from(call.now);
    match (wanted, store.stops.last_mut()) {
        (Ingestion::On, Some(stop)) => stop.until = Some(now),
        _ => store.stops.push(Stretch { from: now, until: None }),
    }
    store.updated = now;
    crate::kept::put(service, (EVENT_DATA_STORE, &store.arn), &store, Expect::Revision(found.revision))?;
    Ok(())
}
