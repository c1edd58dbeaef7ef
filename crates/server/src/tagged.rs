//! Resources of any kind, as those that have tags.

use event::arn::Arn;
use lake::{Expect, Kept};
use trail::model::{CHANNEL, Channel, EVENT_DATA_STORE, EventDataStore, TRAIL, Tag, Trail};

use crate::call::Call;
use crate::dashboards::{DASHBOARD, Dashboard};
use crate::fault::{Code, Fault, Result};
use crate::kept;
use crate::named;
use crate::resource::Kind;
use crate::service::Service;
use crate::{stores, trails};

/// A resource that was found.
enum Tagged {
    Trail(Kept<Trail>),
    EventDataStore(Kept<EventDataStore>),
    Channel(Kept<Channel>),
    Dashboard(Kept<Dashboard>),
}

/// Returns the tags of a resource.
///
/// # Errors
/// If the ARN is none, or of no resource of the caller's.
pub(crate) fn read(service: &Service, call: &Call, arn: &str) -> Result<Vec<Tag>> {
    let mut found = find(service, call, arn)?;
    Ok(std::mem::take(found.tags()))
}

/// Changes the tags of a resource.
///
/// # Errors
/// Those of [`read`] and of the change, and `ConflictException` if another call changed the resource meanwhile.
pub(crate) fn change(
    service: &Service,
    call: &Call,
    arn: &str,
    change: impl FnOnce(&mut Vec<Tag>) -> Result<()>,
) -> Result<()> {
    let mut found = find(service, call, arn)?;
    change(found.tags())?;
    match &found {
        Tagged::Trail(Kept { revision, value }) => put(service, (TRAIL, &value.arn), value, *revision),
        Tagged::EventDataStore(Kept { revision, value }) => {
            put(service, (EVENT_DATA_STORE, &value.arn), value, *revision)
        }
        Tagged::Channel(Kept { revision, value }) => put(service, (CHANNEL, &value.arn), value, *revision),
        Tagged::Dashboard(Kept { revision, value }) => put(service, (DASHBOARD, &value.arn), value, *revision),
    }
}

fn put(service: &Service, id: (&str, &str), value: &impl serde::Serialize, revision: i64) -> Result<()> {
    kept::put(service, id, value, Expect::Revision(revision)).map(drop)
}

impl Tagged {
    fn tags(&mut self) -> &mut Vec<Tag> {
        match self {
            Tagged::Trail(kept) => &mut kept.value.tags,
            Tagged::EventDataStore(kept) => &mut kept.value.tags,
            Tagged::Channel(kept) => &mut kept.value.tags,
            Tagged::Dashboard(kept) => &mut kept.value.tags,
        }
    }
}

fn find(service: &Service, call: &Call, given: &str) -> Result<Tagged> {
    let missing = || {
        let given: String = given.chars().filter(|letter| !letter.is_control()).take(256).collect();
        Fault::new(Code::ResourceNotFoundException, format!("There is no resource {given} of this account."))
    };
    // The lists of errors have a code for trails and stores that are not there; of the others only this one is in all.
    let or_missing = |fault: Fault| match fault.code {
        Code::TrailNotFoundException | Code::ChannelNotFoundException => missing(),
        _ => fault,
    };
    let malformed = || {
        Fault::new(
            Code::CloudTrailARNInvalidException,
            "The ARN of the resource is not valid. The following is the format of a trail ARN: \
             arn:aws:cloudtrail:us-east-2:123456789012:trail/MyTrail",
        )
    };
    let arn = Arn::parse(given).filter(|arn| arn.service() == "cloudtrail").ok_or_else(malformed)?;
    match Kind::of(&arn) {
        Some((Kind::Trail, _)) => trails::find(service, call, given).map(Tagged::Trail).map_err(or_missing),
        Some((Kind::EventDataStore, _)) => stores::active(service, call, given).map(Tagged::EventDataStore),
        Some((Kind::Channel, _)) => named::find(service, call, given).map(Tagged::Channel).map_err(or_missing),
        Some((Kind::Dashboard, _)) => named::find(service, call, given).map(Tagged::Dashboard),
        // A type that is known, but not what stands around it.
        None if Kind::ALL.iter().any(|kind| arn.resource().split(['/', ':']).next() == Some(kind.word())) => {
            Err(malformed())
        }
        None => Err(Fault::new(Code::ResourceTypeNotSupportedException, "Resources of this type do not have tags.")),
    }
}

#[cfg(test)]
mod tests;
