//! Reading the table `log_files`: answers as rows of named values.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use datafusion::execution::context::SessionContext;
use futures::TryStreamExt;
use jiff::Timestamp;
use trail::digest::PublicKeys;

use crate::error::{Error, Result};

/// Asks for rows. Columns are text, whole numbers, bytes and times.
pub(crate) async fn ask(ctx: &SessionContext, attempt: &str, sql: String) -> Result<Vec<RecordBatch>> {
    let answer = async {
        let (_, stream) = lake::sql::query(ctx, &sql).await?;
        stream.try_collect::<Vec<_>>().await.map_err(lake::sql::Error::from)
    };
    answer.await.map_err(|source| Error::query(attempt, sql, source))
}

/// Asks for rows and hands each on as it comes: an answer may be larger than memory.
pub(crate) async fn ask_each(
    ctx: &SessionContext,
    attempt: &str,
    sql: String,
    mut take: impl FnMut(Row<'_>),
) -> Result<()> {
    let answer = async {
        let (_, mut stream) = lake::sql::query(ctx, &sql).await?;
        while let Some(batch) = stream.try_next().await.map_err(lake::sql::Error::from)? {
            rows(std::slice::from_ref(&batch)).for_each(&mut take);
        }
        Ok(())
    };
    answer.await.map_err(|source| Error::query(attempt, sql, source))
}

/// A row of an answer.
#[derive(Clone, Copy)]
pub(crate) struct Row<'b> {
    batch: &'b RecordBatch,
    row: usize,
}

/// Returns all rows of an answer.
pub(crate) fn rows(batches: &[RecordBatch]) -> impl Iterator<Item = Row<'_>> {
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| Row { batch, row }))
}

impl<'b> Row<'b> {
    pub(crate) fn text(self, name: &str) -> Option<&'b str> {
        let column = self.batch.column_by_name(name)?.as_string_opt::<i32>()?;
        column.is_valid(self.row).then(|| column.value(self.row))
    }

    pub(crate) fn owned(self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    pub(crate) fn bytes(self, name: &str) -> Option<&'b [u8]> {
        let column = self.batch.column_by_name(name)?.as_binary_opt::<i32>()?;
        column.is_valid(self.row).then(|| column.value(self.row))
    }

    pub(crate) fn integer(self, name: &str) -> Option<i64> {
        let column = self.batch.column_by_name(name)?.as_primitive_opt::<Int64Type>()?;
        column.is_valid(self.row).then(|| column.value(self.row))
    }

    pub(crate) fn time(self, name: &str) -> Option<Timestamp> {
        let column = self.batch.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>()?;
        column.is_valid(self.row).then(|| Timestamp::from_microsecond(column.value(self.row)).ok()).flatten()
    }
}

/// Returns the public keys that the lake keeps.
pub(crate) async fn keys(ctx: &SessionContext) -> Result<PublicKeys> {
    let sql = "SELECT fingerprint, content FROM log_files WHERE kind = 'key'".to_owned();
    let batches = ask(ctx, "read the public keys", sql).await?;
    let mut keys = PublicKeys::default();
    for row in rows(&batches) {
        if let (Some(fingerprint), Some(der)) = (row.text("fingerprint"), row.bytes("content")) {
            keys.add(fingerprint, der);
        }
    }
    Ok(keys)
}

/// Returns a list of SQL texts.
pub(crate) fn texts<T: ToString>(values: &[T]) -> String {
    let quoted = values.iter().map(|value| format!("'{}'", value.to_string().replace('\'', "''")));
    quoted.collect::<Vec<_>>().join(", ")
}
