//! The steps of a delivery by name, so that a test can end the program, or the round, at each.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};

/// A step that was just made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The plan is written down; no object of it is put.
    Planned,
    /// One log file is put.
    LogFilePut,
    /// All log files of the plan are put.
    LogFilesPut,
    /// The plan is crossed out, the offset moved, and the files wait for their digest.
    Delivered,
    /// A digest is put.
    DigestPut,
    /// The next digest follows it.
    DigestChained,
    /// The stretch is ended.
    Ended,
}

impl Step {
    /// Every step, in the order of a delivery.
    pub const ALL: [Step; 7] = [
        Step::Planned,
        Step::LogFilePut,
        Step::LogFilesPut,
        Step::Delivered,
        Step::DigestPut,
        Step::DigestChained,
        Step::Ended,
    ];

    /// Returns the name by which `TRAILKEEP_FAILPOINT` calls the step.
    pub fn name(self) -> &'static str {
        match self {
            Step::Planned => "delivery-planned",
            Step::LogFilePut => "log-file-put",
            Step::LogFilesPut => "log-files-put",
            Step::Delivered => "delivered",
            Step::DigestPut => "digest-put",
            Step::DigestChained => "digest-chained",
            Step::Ended => "stretch-ended",
        }
    }
}

/// Ends rounds at steps of its choice, for tests: as if the program were killed there.
#[derive(Clone)]
pub struct Interrupt(Arc<dyn Fn(Step) -> bool + Send + Sync>);

impl Interrupt {
    /// Makes one that ends the round wherever `at` says so.
    pub fn new(at: impl Fn(Step) -> bool + Send + Sync + 'static) -> Interrupt {
        Interrupt(Arc::new(at))
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interrupt(..)")
    }
}

/// Says that a step was made.
///
/// # Errors
/// [`ErrorKind::Ended`] if a test wants it to be the last.
pub(super) fn reached(step: Step, interrupt: Option<&Interrupt>) -> Result<()> {
    lake::failpoint::hit(step.name());
    match interrupt {
        Some(Interrupt(at)) if at(step) => {
            Err(Error::new(ErrorKind::Ended, format!("the delivery was ended at the step `{}`", step.name())))
        }
        _ => Ok(()),
    }
}
