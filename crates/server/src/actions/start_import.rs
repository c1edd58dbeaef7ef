//! `StartImport`: a new import, or one that did not come to its end once more.

use lake::Expect;
use serde::Deserialize;
use trail::model::{EventDataStore, IMPORT, Import, ImportStatistics, ImportStatus, Millis};

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::imports::{self, ImportAnswer, S3Source, Source};
use crate::service::Service;
use crate::validate::Violations;
use crate::wire::Timestamp;
use crate::world::Found;
use crate::{kept, limits, stores};

/// Categories of events that trails deliver, and that can be imported.
const IMPORTED: [&str; 4] = ["Management", "Data", "NetworkActivity", "Insight"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Input {
    destinations: Option<Vec<String>>,
    import_source: Option<Source>,
    start_event_time: Option<Timestamp>,
    end_event_time: Option<Timestamp>,
    import_id: Option<String>,
}

pub(crate) async fn start_import(service: &Service, call: &Call, input: Input) -> Result<ImportAnswer> {
    let mut found = Violations::default();
    found.length("Destinations", input.destinations.as_deref(), limits::IMPORT_DESTINATIONS);
    found.text("ImportId", input.import_id.as_deref(), &limits::UUID);
    for location in input.destinations.iter().flatten() {
        found.text("Destinations", Some(location), &limits::LOCATION);
    }
    found.refuse(Code::InvalidParameterException)?;
    let import = match (input.import_id, input.destinations.as_deref(), input.import_source) {
        (Some(id), None, None) => again(service, call, &id)?,
        (None, Some([destination]), Some(source)) => {
            let bounds = (input.start_event_time, input.end_event_time);
            new(service, call, destination, (source.s3, bounds)).await?
        }
        _ => {
            let message =
                "Give either the ImportId of an import to retry, or Destinations and ImportSource of a new one.";
            return Err(Fault::new(Code::InvalidParameterException, message));
        }
    };
    Ok(ImportAnswer::of(import))
}

async fn new(
    service: &Service,
    call: &Call,
    destination: &str,
    (source, (start, end)): (S3Source, (Option<Timestamp>, Option<Timestamp>)),
) -> Result<Import> {
    let store = stores::active(service, call, destination)?.value;
    check_store(&store)?;
    check_source(service, &source).await?;
    if let (Some(start), Some(end)) = (start, end)
        && start > end
    {
        return Err(Fault::new(Code::InvalidParameterException, "StartEventTime is after EndEventTime."));
    }
    check_alone(service, call)?;
    let now = Millis::from(call.now);
    let import = Import {
        id: uuid::Uuid::new_v4().to_string(),
        account: call.account,
        region: call.region.clone(),
        destination: store.arn,
        source: source.into(),
        start_event_time: start.map(|time| time.0.into()),
        end_event_time: end.map(|time| time.0.into()),
        status: ImportStatus::Initializing,
        is_stopping: false,
        statistics: ImportStatistics::default(),
        failures: Vec::new(),
        created: now,
        updated: now,
    };
    kept::put(service, (IMPORT, &import.id), &import, Expect::Absent)?;
    Ok(import)
}

/// Begins an import anew that failed or was stopped: what it has collected is known.
fn again(service: &Service, call: &Call, id: &str) -> Result<Import> {
    let found = imports::find(service, call, id, Code::ImportNotFoundException)?;
    let mut import = found.value;
    check_store(&stores::active(service, call, &import.destination)?.value)?;
    check_alone(service, call)?;
    if import.status == ImportStatus::Completed {
        let message = format!("The import {id} is complete: there is nothing to retry.");
        return Err(Fault::new(Code::InvalidParameterException, message));
    }
    import.status = ImportStatus::Initializing;
    import.is_stopping = false;
    import.updated = Millis::from(call.now);
    kept::put(service, (IMPORT, id), &import, Expect::Revision(found.revision))?;
    Ok(import)
}

fn check_store(store: &EventDataStore) -> Result<()> {
    match store.categories().iter().find(|category| !IMPORTED.contains(category)) {
        Some(category) => Err(Fault::new(
            Code::InvalidEventDataStoreCategoryException,
            format!("What trails deliver cannot be imported into an event data store of the category {category}."),
        )),
        None => Ok(()),
    }
}

async fn check_source(service: &Service, source: &S3Source) -> Result<()> {
    let invalid = |why: &str| {
        let message = format!("The import source {} {why}.", source.location_uri);
        Err(Fault::new(Code::InvalidImportSourceException, message))
    };
    let place = source::Uri::parse(source.location_uri.trim_end_matches('/').as_ref());
    let Ok(source::Uri::S3 { bucket, .. }) = place else {
        return invalid("is no place in S3: give s3://bucket/prefix");
    };
    if source.bucket_region.is_empty() || source.bucket_access_role_arn.is_empty() {
        return invalid("has no S3BucketRegion or no S3BucketAccessRoleArn");
    }
    let found = service.world.bucket(&bucket).await;
    match found.map_err(|error| Fault::internal("look for the bucket", &error))? {
        Found::Usable => Ok(()),
        Found::Missing => invalid("names a bucket that does not exist"),
        Found::Forbidden => invalid("names a bucket that the service may not use"),
    }
}

/// Refuses a second import at a time.
fn check_alone(service: &Service, call: &Call) -> Result<()> {
    match imports::all(service, call)?.iter().find(|import| import.status.is_ongoing()) {
        Some(ongoing) => Err(Fault::new(
            Code::AccountHasOngoingImportException,
            format!("The import {} of this account goes on. One runs at a time.", ongoing.id),
        )),
        None => Ok(()),
    }
}
