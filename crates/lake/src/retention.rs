//! How long events are kept: whole dates go, unless a hold protects them.

mod holds;

use deltalake_core::kernel::Action;
use deltalake_core::protocol::DeltaOperation;
use serde::Serialize;

use crate::append::Writer;
use crate::error::Result;
use crate::table::Change;
use crate::table::files::print_date;

pub use holds::Hold;

/// What a run of retention did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RetentionReport {
    /// Dates deleted, `YYYY-MM-DD`.
    pub deleted_dates: Vec<String>,
    /// Dates that are old enough and were kept, each with the hold that protects it.
    pub held_dates: Vec<(String, String)>,
    /// Events deleted.
    pub events: u64,
    /// Files taken out of the table.
    pub files: u64,
    /// Bytes of those files.
    pub bytes: u64,
}

impl Writer {
    /// Deletes all events whose date lies before `before` (days since 1970-01-01), but those under a hold.
    ///
    /// Files leave the table at once; their bytes leave the store a week later, so that readers that have just begun
    /// can end. With `dry_run` nothing is done and the report says what would be.
    ///
    /// # Errors
    /// Those of the store. While a hold cannot be read nothing is deleted: it may protect any date.
    pub async fn retention(&self, before: i32, dry_run: bool) -> Result<RetentionReport> {
        let holds = self.stored_holds().await?;
        let mut report = RetentionReport::default();
        let mut removed = Vec::new();
        for file in self.events.live_files() {
            let Some(date) = file.date.filter(|date| *date < before) else { continue };
            let text = print_date(date);
            match holds.iter().find(|hold| (hold.first_date..=hold.last_date).contains(&date)) {
                Some(hold) => {
                    if !report.held_dates.iter().any(|(held, _)| *held == text) {
                        report.held_dates.push((text, hold.name.clone()));
                    }
                }
                None => {
                    if !report.deleted_dates.contains(&text) {
                        report.deleted_dates.push(text);
                    }
                    report.events += file.rows;
                    report.files += 1;
                    report.bytes += file.bytes;
                    removed.push(file);
                }
            }
        }
        if !dry_run && !removed.is_empty() {
            let now_ms = self.now_ms();
            let actions = removed.iter().map(|file| Action::Remove(crate::table::remove(file, now_ms, true))).collect();
            let must_be_live = removed.iter().map(|file| file.path.clone()).collect();
            let predicate = Some(format!("eventdate < '{}'", print_date(before)));
            let change =
                Change { actions, operation: DeltaOperation::Delete { predicate }, transaction: None, must_be_live };
            let version = self.events.commit(change).await?;
            self.events.sync_log(version)?;
        }
        if !dry_run {
            self.events.clean().await?;
            self.rejects.clean().await?;
        }
        Ok(report)
    }
}
