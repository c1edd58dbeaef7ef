//! All digests and log files of a copy of a trail's bucket, held against each other.
//!
//! What AWS's own validator asks of one account and Region at a time, file by file and online, is asked here of
//! everything at once, in any order, wherever it lies now. [`examine`] does the work on one file and may run on any
//! thread; [`Audit`] takes what it found and [`Audit::finish`] says what is proven, changed, missing and too many.
//!
//! Names decide what belongs together: log files have names that occur once, and a digest has the name it says it has.
//! Where a copy has lost its folders or its names, the content decides.

mod chain;
mod examine;
mod extent;
mod files;
mod findings;
mod links;
mod state;

pub use examine::{Claim, Evidence, Examined, Found, FoundDigest, FoundFile, examine, examine_stream};
pub use findings::{Counts, Findings, Gap, Group, GroupName, Problem, ProblemKind, Subject};
pub use state::{Audit, Scope};
