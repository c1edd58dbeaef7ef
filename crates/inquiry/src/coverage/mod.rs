//! Coverage: what AWS says it delivered against what is stored, for each account, Region and hour.
//!
//! Digests promise log files, and each other. They were kept when they were collected; here they are held against the
//! log files that were, by the same audit that verifies a copy of a bucket.

mod ask;

use std::collections::BTreeMap;

use datafusion::execution::context::SessionContext;
use event::arn::{AccountId, Region};
use event::key::FileName;
use jiff::{SignedDuration, Timestamp};
use trail::audit::{Audit, Evidence, Findings, GroupName, Problem, ProblemKind, Scope, Subject};

use crate::error::Result;
use crate::log_files;

/// What coverage is asked of; what is empty leaves nothing out.
#[derive(Debug, Clone)]
pub struct Question {
    /// Accounts.
    pub accounts: Vec<AccountId>,
    /// Regions of events.
    pub regions: Vec<Region>,
    /// Only what was delivered from then on.
    pub since: Option<Timestamp>,
    /// Only what was delivered before.
    pub until: Option<Timestamp>,
    /// The current time: the digest of the hour that has just passed may not be written yet.
    pub now: Timestamp,
}

/// What is covered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// All accounts, Regions and hours together.
    pub total: Cell,
    /// Digests whose signature holds, is not to be had (or no key is known for it), or does not hold.
    pub digests: Digests,
    /// All that AWS promised and that is not here as it was delivered, by account, Region and hour.
    pub holes: Vec<Hole>,
    /// Files that lie in an hour whose digest does not name them. They are no holes.
    pub extra: Vec<String>,
    /// Times in which a trail wrote no digests, because it was switched off. They are no holes either.
    pub gaps: Vec<Gap>,
    /// Hour by hour.
    pub groups: Vec<Group>,
}

/// The digests met, by what their signatures came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digests {
    /// Their signature holds.
    pub valid: u64,
    /// No signature is to be had, or no key to verify it by.
    pub unsigned: u64,
    /// They count for nothing.
    pub invalid: u64,
    /// They must be there and are not.
    pub missing: u64,
}

/// An account and Region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// The account; empty where a file's name does not say.
    pub account: String,
    /// The Region.
    pub region: String,
    /// Hours of which something is known, in order.
    pub hours: Vec<Hour>,
}

/// An hour of an account and Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hour {
    /// Its begin.
    pub hour: Timestamp,
    /// What is known of it.
    pub cell: Cell,
}

/// How many log files came to what. Hours are those of delivery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cell {
    /// Log files that digests list.
    pub promised: u64,
    /// Of these, those that are stored with the content that was delivered.
    pub stored: u64,
    /// Those that are not stored.
    pub missing: u64,
    /// Those that are stored with other content.
    pub changed: u64,
    /// Log files stored that no digest lists.
    pub unpromised: u64,
    /// Digests of the hour. One that lists nothing says that nothing was delivered.
    pub digests: u64,
    /// Digests that must be there and are not, or that count for nothing: what they promised is not known.
    pub digest_holes: u64,
}

impl Cell {
    /// Adds another cell.
    pub fn add(&mut self, other: &Cell) {
        self.promised += other.promised;
        self.stored += other.stored;
        self.missing += other.missing;
        self.changed += other.changed;
        self.unpromised += other.unpromised;
        self.digests += other.digests;
        self.digest_holes += other.digest_holes;
    }

    /// Returns whether all that was promised is here.
    pub fn is_whole(&self) -> bool {
        self.missing + self.changed + self.digest_holes == 0
    }
}

/// What a hole is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HoleKind {
    /// A digest is not there: what it promised is not known.
    MissingDigest,
    /// A digest counts for nothing.
    InvalidDigest,
    /// A log file was promised and is not stored.
    MissingLogFile,
    /// A log file is stored with other content than was promised.
    ChangedLogFile,
}

impl HoleKind {
    /// Returns the kind in short, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingDigest => "missing-digest",
            Self::InvalidDigest => "invalid-digest",
            Self::MissingLogFile => "missing-log-file",
            Self::ChangedLogFile => "changed-log-file",
        }
    }
}

/// Something that AWS promised and that is not here as it was delivered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hole {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The hour, where a name tells it.
    pub hour: Option<Timestamp>,
    /// What it is.
    pub kind: HoleKind,
    /// Where the file lies, or must lie.
    pub uri: String,
    /// The reason in short, for programs.
    pub code: &'static str,
    /// The reason in words.
    pub detail: String,
}

/// A time in which a trail wrote no digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The trail's name.
    pub trail: String,
    /// The end of the digest before.
    pub from: Timestamp,
    /// The start of the digest after.
    pub until: Timestamp,
}

/// Holds what digests promise against what is stored.
///
/// # Errors
/// [`ErrorKind::Query`](crate::ErrorKind::Query) if the lake does not answer.
pub async fn coverage(ctx: &SessionContext, question: &Question) -> Result<Coverage> {
    let evidence = Evidence { keys: log_files::keys(ctx).await?, ..Evidence::default() };
    let scope = Scope { since: question.since, until: question.until, now: question.now };
    let mut audit = Audit::new(scope, evidence.clone());
    ask::digests(ctx, question, &evidence, |examined| audit.take(examined)).await?;
    ask::files(ctx, question, |file| audit.take(file)).await?;
    let counted = ask::counts(ctx, question).await?;
    Ok(drawn(audit.finish(), counted))
}

type Cells = BTreeMap<(String, String), BTreeMap<Timestamp, Cell>>;

/// Puts what an audit found into hours.
fn drawn(findings: Findings, mut cells: Cells) -> Coverage {
    let total = findings.total();
    let mut coverage = Coverage {
        digests: Digests {
            valid: total.digests_valid,
            unsigned: total.digests_unsigned,
            invalid: total.digests_invalid,
            missing: total.digests_missing,
        },
        ..Coverage::default()
    };
    for problem in findings.problems {
        let Some(kind) = hole(&problem) else {
            coverage.extra.push(problem.uri);
            continue;
        };
        let hour = hour(&problem.uri);
        if let Some(hour) = hour {
            let cell = cells.entry(place(&problem.group)).or_default().entry(hour).or_default();
            match kind {
                HoleKind::MissingDigest | HoleKind::InvalidDigest => cell.digest_holes += 1,
                HoleKind::MissingLogFile => cell.missing += 1,
                HoleKind::ChangedLogFile => cell.changed += 1,
            }
        }
        let Problem { group: GroupName { account, region }, uri, code, detail, .. } = problem;
        coverage.holes.push(Hole { account, region, hour, kind, uri, code, detail });
    }
    coverage.holes.sort();
    coverage.gaps.extend(findings.gaps.into_iter().map(|gap| Gap {
        account: gap.group.account,
        region: gap.group.region,
        trail: gap.trail,
        from: gap.from,
        until: gap.until,
    }));
    for ((account, region), hours) in cells {
        let mut group = Group { account, region, hours: Vec::with_capacity(hours.len()) };
        for (hour, mut cell) in hours {
            // `stored` counts every log file that is here, whatever it is worth.
            let kept = cell.promised.saturating_sub(cell.missing + cell.changed);
            cell.unpromised = cell.stored.saturating_sub(kept + cell.changed);
            cell.stored = kept;
            coverage.total.add(&cell);
            group.hours.push(Hour { hour, cell });
        }
        coverage.groups.push(group);
    }
    coverage
}

fn place(group: &GroupName) -> (String, String) {
    (group.account.clone(), group.region.clone())
}

/// Returns what kind of hole a problem is; `None` for a file that nobody has promised.
fn hole(problem: &Problem) -> Option<HoleKind> {
    match (problem.subject, problem.kind) {
        (_, ProblemKind::Extra) => None,
        (Subject::Digest, ProblemKind::Missing) => Some(HoleKind::MissingDigest),
        (Subject::Digest, _) => Some(HoleKind::InvalidDigest),
        (Subject::LogFile, ProblemKind::Missing) => Some(HoleKind::MissingLogFile),
        (Subject::LogFile, _) => Some(HoleKind::ChangedLogFile),
    }
}

/// Returns the hour that a file belongs to by its name: a log file's delivery, and for a digest the hour that most of its
/// time lies in.
fn hour(uri: &str) -> Option<Timestamp> {
    let name = FileName::parse(uri.rsplit('/').next()?)?;
    let time = match &name {
        FileName::LogFile(_) => name.time(),
        FileName::DigestFile(_) => name.time().checked_sub(SignedDuration::from_mins(30)).ok()?,
    };
    Timestamp::from_second(time.as_second().div_euclid(3_600) * 3_600).ok()
}
