//! What an import came to: its counts, and what it could not read.

use trail::model::{IMPORT_FAILURES_MAX, Import, ImportFailure, ImportFailureStatus, ImportStatistics, Millis};

use crate::collect::Report;
use crate::imports::counts::Counts;

/// An object or folder that could not be read.
const UNREADABLE: &str = "Unreadable";
/// An object that holds something which is no event.
const REJECTED: &str = "RejectedRecords";
/// An object that is no log file.
const NO_LOG_FILE: &str = "NoLogFile";

/// What an import came to so far.
pub(super) struct Outcome {
    pub statistics: ImportStatistics,
    /// What could not be read when this import ran before.
    before: Vec<ImportFailure>,
    /// What cannot be read now: place, kind, what went wrong.
    now: Vec<(String, &'static str, String)>,
    /// Whether something could not be read that may be read another time.
    has_unreadable: bool,
    is_ended: bool,
}

impl Outcome {
    /// Begins anew, with what an earlier run of the same import failed at.
    pub(super) fn of(import: &Import) -> Outcome {
        Outcome {
            statistics: ImportStatistics::default(),
            before: import.failures.clone(),
            now: Vec::new(),
            has_unreadable: false,
            is_ended: false,
        }
    }

    /// Adds places that could not be read.
    pub(super) fn failed(&mut self, failed: Vec<(String, String)>) {
        for (location, message) in failed {
            self.has_unreadable = true;
            self.fail(location, UNREADABLE, message);
        }
    }

    /// Adds a folder.
    pub(super) fn add(&mut self, counts: &Counts, report: &Report) {
        self.statistics.files_completed += counts.files;
        self.statistics.events_completed += counts.events;
        for (uri, rejects) in &counts.with_rejects {
            let message = format!("{rejects} records are no events; they are in the table `rejects`.");
            self.fail(uri.clone(), REJECTED, message);
        }
        for skipped in &report.skipped {
            self.fail(skipped.uri.clone(), NO_LOG_FILE, format!("The object is no log file: {}.", skipped.why));
        }
        let named = report.failed.iter().map(|failed| (failed.uri.clone(), failed.message.clone())).collect();
        self.failed(named);
        // What is not named one by one is counted.
        self.statistics.failed_entries += report.failed_total.saturating_sub(report.failed.len() as u64);
    }

    /// Says that the import has gone through all folders.
    pub(super) fn end(&mut self) {
        self.is_ended = true;
    }

    /// Returns whether nothing is left that another run may read.
    pub(super) fn is_whole(&self) -> bool {
        !self.has_unreadable
    }

    /// Returns what could not be read. What failed before and was read this time has succeeded; until that is known it is
    /// tried again.
    pub(super) fn failures(&self, now: Millis) -> Vec<ImportFailure> {
        let failed = self.now.iter().map(|(location, error_type, error_message)| ImportFailure {
            location: location.clone(),
            error_type: (*error_type).to_owned(),
            error_message: error_message.clone(),
            status: ImportFailureStatus::Failed,
            updated: now,
        });
        let is_failed_again =
            |failure: &ImportFailure| self.now.iter().any(|(location, ..)| *location == failure.location);
        let before = self.before.iter().filter(|failure| !is_failed_again(failure)).map(|failure| ImportFailure {
            status: if self.is_ended { ImportFailureStatus::Succeeded } else { ImportFailureStatus::Retry },
            updated: now,
            ..failure.clone()
        });
        failed.chain(before).take(IMPORT_FAILURES_MAX).collect()
    }

    fn fail(&mut self, location: String, error_type: &'static str, message: String) {
        self.statistics.failed_entries += 1;
        if self.now.len() < IMPORT_FAILURES_MAX {
            self.now.push((location, error_type, message));
        }
    }
}
