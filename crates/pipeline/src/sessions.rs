//! The consumer that keeps who issued credentials to whom: it reads what was stored since it last ran, and commits what it
//! finds together with how far it has read.

use event::schema::stored;
use futures::TryStreamExt;
use lake::location::Location;
use lake::sql::SessionOptions;
use lake::{Lake, SessionsTable, Writer};
use lineage::columns::Columns;
use lineage::edge::{self, Edge};
use lineage::record::Member;

use crate::error::Result;

/// Bytes of files' metadata that are kept while events are read.
const METADATA_BYTES_MAX: usize = 8 << 20;

/// What a run of the consumer came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Consumed {
    /// The number of the last event that is read now.
    pub last_seq: i64,
    /// Issuing calls found.
    pub edges: u64,
}

/// Brings the table `sessions` up to date. Nothing is read twice, and nothing is lost by a crash: what was not committed
/// is read again.
///
/// Of the events only those are read whole that may issue credentials: calls of STS and of the console, and answers that
/// hold a key.
///
/// # Errors
/// If the lake cannot be read or written. What was committed by then stays.
pub async fn consume(writer: &Writer, location: &Location, options: &SessionOptions) -> Result<Consumed> {
    let table = SessionsTable::open(location, writer).await?;
    let lake = Lake::open(location).await?;
    let (after, last_seq) = (table.offset(), lake.last_seq());
    if last_seq <= after {
        return Ok(Consumed { last_seq: after, edges: 0 });
    }
    // What is read is read once, and the end of a collection shall not take more memory than the collection.
    let frugal =
        SessionOptions { target_partitions: 1, metadata_cache_bytes_max: METADATA_BYTES_MAX, ..options.clone() };
    let ctx = lake.session(&frugal)?;
    let (_, mut rows) = lake::sql::query(&ctx, &question(after, last_seq)).await?;
    let mut appending = table.append();
    while let Some(batch) = rows.try_next().await.map_err(lake::sql::Error::from)? {
        let edges: Vec<Edge> = Columns::new(&batch)?.rows().filter_map(|row| edge::edge_of(&row)).collect();
        appending.push(edges).await?;
    }
    let edges = appending.commit(last_seq).await?;
    table.finish().await;
    Ok(Consumed { last_seq, edges })
}

/// Returns the query for the events above one number and up to another that may issue credentials.
fn question(after: i64, last_seq: i64) -> String {
    let columns: Vec<&str> = Member::all().map(Member::column).chain(["eventtime"]).collect();
    format!(
        "SELECT {} FROM events_flat WHERE {seq} > {after} AND {seq} <= {last_seq} \
         AND (eventsource IN ('sts.amazonaws.com', 'signin.amazonaws.com') OR responseelements LIKE '%\"accessKeyId\"%')",
        columns.join(", "),
        seq = stored::SEQ
    )
}
