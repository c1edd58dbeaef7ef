//! Opening the lake for readers, and what to say where there is nothing in it yet.

use datafusion::execution::context::SessionContext;
use lake::Lake;
use lake::error::ErrorKind;

use crate::fault::{Fault, Result};
use crate::settings::Settings;

/// Opens the lake and a session of SQL over it.
///
/// # Errors
/// If there is no lake, or nothing in it: the help says how to fill it.
pub(crate) async fn session(settings: &Settings) -> Result<(Lake, SessionContext)> {
    let lake = lake(settings).await?;
    let ctx = lake.session(&settings.session_options())?;
    if lake.live_files().is_empty() && is_empty(&ctx).await? {
        return Err(empty(settings));
    }
    Ok((lake, ctx))
}

/// Opens the lake.
///
/// # Errors
/// If there is no lake: the help says how to fill it.
pub(crate) async fn lake(settings: &Settings) -> Result<Lake> {
    let location = settings.location().await?;
    match Lake::open(&location).await {
        Ok(lake) => Ok(lake),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(empty(settings)),
        Err(error) => Err(error.into()),
    }
}

/// Rejects alone can be queried as well.
async fn is_empty(ctx: &SessionContext) -> Result<bool> {
    let (_, stream) = lake::sql::query(ctx, "SELECT 1 FROM rejects LIMIT 1").await?;
    let batches: Vec<_> = futures::TryStreamExt::try_collect(stream).await?;
    Ok(batches.iter().all(|batch: &arrow::array::RecordBatch| batch.num_rows() == 0))
}

fn empty(settings: &Settings) -> Fault {
    let place = settings.lake.clone().unwrap_or_else(|| settings.data.display().to_string());
    Fault::new(format!("there are no events at `{place}` yet")).help(
        "fill it by `trailkeep collect FOLDER` or `trailkeep collect s3://bucket/prefix`, \
         or see `trailkeep demo`; another lake is chosen by `--data DIR`",
    )
}
