//! Documents written as values.

use lake::{Change, Expect};
use serde::Serialize;

use crate::fault::Result;
use crate::service::Service;

/// Writes a value as the document of its kind and id, and returns its revision.
///
/// # Errors
/// `ConflictException` if the document there is not the one that is expected.
pub(crate) fn put(service: &Service, (kind, id): (&str, &str), value: &impl Serialize, expect: Expect) -> Result<i64> {
    let body = lake::to_body(value)?;
    Ok(service.documents.apply(&[Change::Put { kind, id, body: &body, expect }])?)
}

/// Deletes a document that was read with this revision.
///
/// # Errors
/// `ConflictException` if it was changed since.
pub(crate) fn delete(service: &Service, (kind, id): (&str, &str), revision: i64) -> Result<()> {
    service.documents.apply(&[Change::Delete { kind, id, expect: Expect::Revision(revision) }])?;
    Ok(())
}
