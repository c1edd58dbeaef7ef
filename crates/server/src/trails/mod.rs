//! Trails as calls name them, find them and see them.

mod destination;
mod name;
mod shown;
mod stretch;

use lake::{Change, Expect, Kept};
use trail::model::{TRAIL, Trail};

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::service::Service;
pub(crate) use destination::{Checked, Wanted, check};
pub(crate) use name::{Named, check_name};
pub(crate) use shown::{Detail, Shown};
pub(crate) use stretch::{end_of_stretch, put_next_stretch};

/// Most trails of an account in a Region, those of other Regions that are seen there included.
pub(crate) const TRAILS_MAX: usize = 5;

/// Returns the trails of the caller's account, in the order in which they were made.
pub(crate) fn all(service: &Service, call: &Call) -> Result<Vec<Kept<Trail>>> {
    let mut trails = service.documents.read_all::<Trail>(TRAIL)?;
    trails.retain(|kept| kept.value.account == call.account && kept.value.deleted.is_none());
    Ok(trails)
}

/// Returns true if a trail is seen in the called Region: at home, or as the shadow of a multi-Region trail.
pub(crate) fn is_seen(call: &Call, trail: &Trail) -> bool {
    trail.home_region == call.region || trail.is_multi_region_trail
}

/// Finds a trail by its name or ARN. A name is one of the called Region.
///
/// # Errors
/// `TrailNotFoundException`, and those of [`Named::parse`].
pub(crate) fn find(service: &Service, call: &Call, given: &str) -> Result<Kept<Trail>> {
    find_told(service, call, &Named::parse(given)?, given)
}

/// As [`find`], where a trail that is not there is called `told`.
pub(crate) fn find_told(service: &Service, call: &Call, named: &Named, told: &str) -> Result<Kept<Trail>> {
    let trails = all(service, call)?;
    let found = match named {
        Named::Arn(arn) => trails.into_iter().find(|kept| kept.value.arn == *arn),
        Named::Name(name) => {
            let mut seen: Vec<_> =
                trails.into_iter().filter(|kept| kept.value.name == *name && is_seen(call, &kept.value)).collect();
            // Two may bear one name: that of the Region itself comes first.
            seen.sort_by_key(|kept| kept.value.home_region != call.region);
            seen.into_iter().next()
        }
    };
    found.ok_or_else(|| {
        let message = format!("Unknown trail: {told} for the user: {}", call.account.as_str());
        Fault::new(Code::TrailNotFoundException, message)
    })
}

/// Finds a trail to change it, which is done in the Region that it was made in.
///
/// # Errors
/// `InvalidHomeRegionException`, and those of [`find`].
pub(crate) fn find_at_home(service: &Service, call: &Call, given: &str) -> Result<Kept<Trail>> {
    let found = find(service, call, given)?;
    if found.value.home_region == call.region {
        return Ok(found);
    }
    let message = format!(
        "The trail {} was created in {} and can only be changed there. Call its home Region, not {}.",
        found.value.name,
        found.value.home_region.as_str(),
        call.region.as_str()
    );
    Err(Fault::new(Code::InvalidHomeRegionException, message))
}

/// Replaces a trail by what became of it.
///
/// # Errors
/// `ConflictException` if another call changed it meanwhile.
pub(crate) fn put(service: &Service, kept: &Kept<Trail>) -> Result<()> {
    let body = lake::to_body(&kept.value)?;
    let expect = Expect::Revision(kept.revision);
    service.documents.apply(&[Change::Put { kind: TRAIL, id: &kept.value.arn, body: &body, expect }])?;
    Ok(())
}

#[cfg(test)]
mod tests;
