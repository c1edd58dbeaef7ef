//! A table that an older version made is given the columns that came since, before anything is written to it.
//!
//! Its files stay as they are: to every reader of Delta a column that a file lacks is null. Without this other readers would
//! not see the new columns of the files that come.

use std::collections::HashMap;

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::datatypes::Field;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::transaction::{CommitData, TransactionError};
use deltalake_core::kernel::{Action, MetadataExt, StructField, StructType};
use deltalake_core::logstore::{CommitOrBytes, LogStoreRef};
use deltalake_core::protocol::DeltaOperation;
use uuid::Uuid;

use super::Definition;
use crate::error::{Error, ErrorKind, Result};

/// Adds the columns that the table lacks, and returns the version that this became; `None` if it lacks none.
///
/// # Errors
/// [`ErrorKind::Schema`] if a column may not be null, so that the files that are there could not have it;
/// [`ErrorKind::Superseded`] if another program committed meanwhile.
pub(super) async fn widen(log_store: &LogStoreRef, definition: &Definition) -> Result<Option<u64>> {
    let name = definition.name;
    let failed = |error| Error::because(ErrorKind::Store, format!("widen the table `{name}`"), error);
    let mut table = deltalake_core::DeltaTable::new(log_store.clone());
    table.load().await.map_err(failed)?;
    let snapshot = table.snapshot().map_err(failed)?;
    let known = snapshot.schema();
    let wanted: StructType = definition
        .schema
        .as_ref()
        .try_into_kernel()
        .map_err(|error| Error::because(ErrorKind::Schema, format!("describe the columns of `{name}`"), error))?;
    let new: Vec<StructField> = wanted.fields().filter(|field| known.field(field.name()).is_none()).cloned().collect();
    if new.is_empty() {
        return Ok(None);
    }
    if let Some(field) = new.iter().find(|field| !field.is_nullable()) {
        let message = format!("the table `{name}` has no column `{}`, which every row must have", field.name());
        return Err(Error::new(ErrorKind::Schema, message));
    }
    let columns = known.fields().cloned().chain(new.iter().cloned());
    let columns = StructType::try_new(columns)
        .map_err(|error| Error::because(ErrorKind::Schema, format!("widen the table `{name}`"), error))?;
    let metadata = snapshot.metadata().clone().with_schema(&columns);
    let metadata = metadata.map_err(|error| failed(error.into()))?;
    let operation = DeltaOperation::AddColumn { fields: new };
    let data = CommitData::new(vec![Action::Metadata(metadata)], operation, HashMap::new(), Vec::new());
    let bytes = data
        .get_bytes()
        .map_err(|error| Error::because(ErrorKind::Store, format!("widen the table `{name}`"), error))?;
    let version = snapshot.version() + 1;
    match log_store.write_commit_entry(version, CommitOrBytes::LogBytes(bytes), Uuid::new_v4()).await {
        Ok(()) => Ok(Some(version)),
        Err(TransactionError::VersionAlreadyExists(_)) => Err(Error::new(
            ErrorKind::Superseded,
            format!("another program has committed version {version} of the table `{name}`: run again"),
        )),
        Err(error) => Err(Error::because(ErrorKind::Store, format!("widen the table `{name}`"), error)),
    }
}

/// Returns a column of rows that were read from a file: nulls where the file is older than the column.
pub(crate) fn column(batch: &RecordBatch, field: &Field) -> Option<ArrayRef> {
    match batch.column_by_name(field.name()) {
        Some(column) => Some(column.clone()),
        None if field.is_nullable() => Some(new_null_array(field.data_type(), batch.num_rows())),
        None => None,
    }
}
