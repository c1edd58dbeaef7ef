//! The warning before a query that reads all of a large lake.

use std::io::Write;

use datafusion::execution::context::SessionContext;
use futures::TryStreamExt;
use lake::Lake;

use crate::fault::Result;
use crate::units;

/// Warns on standard error if the lake is larger than `bytes_max` and the plan says that all of it is read.
///
/// # Errors
/// If the query cannot be planned.
pub(super) async fn warn(lake: &Lake, ctx: &SessionContext, sql: &str, bytes_max: u64) -> Result<()> {
    let bytes: u64 = lake.live_files().iter().map(|file| file.bytes).sum();
    if bytes <= bytes_max || !is_select(sql) {
        return Ok(());
    }
    let (_, stream) = lake::sql::query(ctx, &format!("EXPLAIN {sql}")).await?;
    let batches: Vec<_> = stream.try_collect().await.map_err(lake::sql::Error::from)?;
    let plan = arrow::util::pretty::pretty_format_batches(&batches)?.to_string();
    if reads_all(&plan) {
        let size = units::bytes(bytes);
        let advice = "a filter such as `eventTime > now() - interval '7' day` makes it quick";
        writeln!(
            std::io::stderr(),
            "warning: this query has no time filter and reads the whole lake, {size}; {advice}"
        )?;
    }
    Ok(())
}

fn is_select(sql: &str) -> bool {
    let first = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    ["select", "with", "from", ""].iter().any(|word| first.eq_ignore_ascii_case(word))
}

/// Returns whether a scan of events in the physical plan is bounded neither by time, nor by a limit, nor by the order
/// that lets it stop early.
fn reads_all(plan: &str) -> bool {
    let by_newest = plan.lines().any(|line| line.contains("TopK(fetch=") && line.contains("eventtime@"));
    let is_bounded = |scan: &str| {
        let filters = scan.split_once("predicate=").map_or("", |(_, filters)| filters);
        filters.contains("eventtime@") || filters.contains("eventdate@") || scan.contains("limit=")
    };
    let mut scans = plan.lines().filter(|line| line.contains("DataSourceExec") && line.contains("file_type=parquet"));
    !by_newest && scans.any(|scan| !is_bounded(scan))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_plans() {
        let scan = "DataSourceExec: file_groups={1 group: [[a.parquet]]}, projection=[eventname], file_type=parquet";
        let cases = [
            (scan.to_owned(), true),
            (format!("{scan}, predicate=eventname@3 = X"), true),
            (format!("{scan}, predicate=eventtime@0 > 1777000000000000"), false),
            (format!("{scan}, predicate=eventdate@70 >= 2026-03-01"), false),
            (format!("{scan}, limit=10"), false),
            (format!("SortExec: TopK(fetch=50), expr=[eventtime@0 DESC NULLS LAST]\n{scan}"), false),
            (format!("SortExec: TopK(fetch=50), expr=[n@1 DESC NULLS LAST]\n{scan}"), true),
            ("PlaceholderRowExec".to_owned(), false),
        ];
        for (plan, expect) in cases {
            assert_eq!(reads_all(&plan), expect, "{plan}");
        }
    }

    #[test]
    fn knows_what_can_be_explained() {
        for (sql, expect) in
            [("  select 1", true), ("WITH x AS (..)", true), ("-- note\nSELECT 1", true), ("SHOW TABLES", false)]
        {
            assert_eq!(is_select(sql), expect, "{sql}");
        }
    }
}
