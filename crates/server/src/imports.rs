//! Imports as the API tells them. The job that carries them out reads and writes the same documents.

use lake::Kept;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use trail::model::{IMPORT, Import, ImportSource, ImportStatistics};

use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::named::is_uuid;
use crate::service::Service;
use crate::wire::seconds;

/// Where an import's objects are, as requests and answers have it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Source {
    /// In S3: there is no other place.
    pub s3: S3Source,
}

/// A place in S3.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct S3Source {
    /// `s3://bucket/prefix`.
    #[serde(rename = "S3LocationUri")]
    pub location_uri: String,
    /// The bucket's Region.
    #[serde(rename = "S3BucketRegion")]
    pub bucket_region: String,
    /// The role that AWS would assume.
    #[serde(rename = "S3BucketAccessRoleArn")]
    pub bucket_access_role_arn: String,
}

impl From<S3Source> for ImportSource {
    fn from(source: S3Source) -> ImportSource {
        ImportSource {
            s3_location_uri: source.location_uri,
            s3_bucket_region: source.bucket_region,
            s3_bucket_access_role_arn: source.bucket_access_role_arn,
        }
    }
}

/// An import as answers tell it; StartImport leaves the statistics out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ImportAnswer {
    import_id: String,
    destinations: Vec<String>,
    import_source: Source,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_event_time: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_event_time: Option<Number>,
    import_status: &'static str,
    created_timestamp: Number,
    updated_timestamp: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    import_statistics: Option<Statistics>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statistics {
    prefixes_found: u64,
    prefixes_completed: u64,
    files_completed: u64,
    events_completed: u64,
    failed_entries: u64,
}

impl From<ImportStatistics> for Statistics {
    fn from(statistics: ImportStatistics) -> Statistics {
        Statistics {
            prefixes_found: statistics.prefixes_found,
            prefixes_completed: statistics.prefixes_completed,
            files_completed: statistics.files_completed,
            events_completed: statistics.events_completed,
            failed_entries: statistics.failed_entries,
        }
    }
}

impl ImportAnswer {
    /// Tells an import as it is.
    pub(crate) fn of(import: Import) -> ImportAnswer {
        let source = S3Source {
            location_uri: import.source.s3_location_uri,
            bucket_region: import.source.s3_bucket_region,
            bucket_access_role_arn: import.source.s3_bucket_access_role_arn,
        };
        ImportAnswer {
            import_id: import.id,
            destinations: vec![import.destination],
            import_source: Source { s3: source },
            start_event_time: import.start_event_time.map(seconds),
            end_event_time: import.end_event_time.map(seconds),
            import_status: import.status.as_str(),
            created_timestamp: seconds(import.created),
            updated_timestamp: seconds(import.updated),
            import_statistics: None,
        }
    }

    /// Tells an import with what it came to so far.
    pub(crate) fn whole(import: Import) -> ImportAnswer {
        let statistics = import.statistics.into();
        ImportAnswer { import_statistics: Some(statistics), ..ImportAnswer::of(import) }
    }
}

/// Finds one of the caller's imports.
///
/// # Errors
/// The given code if there is none of this id.
pub(crate) fn find(service: &Service, call: &Call, id: &str, missing: Code) -> Result<Kept<Import>> {
    let unknown = || {
        let shown: String = id.chars().filter(|letter| !letter.is_control()).take(64).collect();
        Fault::new(missing, format!("There is no import '{shown}' of this account in this Region."))
    };
    if !is_uuid(id) {
        return Err(unknown());
    }
    let found = service.documents.read::<Import>(IMPORT, id)?;
    found.filter(|kept| is_callers(&kept.value, call)).ok_or_else(unknown)
}

/// Returns the caller's imports.
///
/// # Errors
/// If they cannot be read.
pub(crate) fn all(service: &Service, call: &Call) -> Result<Vec<Import>> {
    let all = service.documents.read_all::<Import>(IMPORT)?.into_iter().map(|kept| kept.value);
    Ok(all.filter(|import| is_callers(import, call)).collect())
}

fn is_callers(import: &Import, call: &Call) -> bool {
    import.account == call.account && import.region == call.region
}
