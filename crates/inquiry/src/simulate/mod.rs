//! What trails would record of the events that are stored, what that would cost, and which rules would go blind.
//!
//! Stored events are read once, date by date, and given to each trail's [`Target`](trail::selectors::Target) and to two
//! kinds of detectors: one that sees everything, and for each trail one that sees what it records (`watch`). What is kept
//! meanwhile is sums.

mod blind;
mod cost;
mod read;
mod sums;
mod trial;
mod watch;

use std::sync::Arc;

use detect::Level;
use detect::ruleset::RuleSet;
use event::time::EventTime;
use lake::Lake;
use lake::sql::SessionOptions;
use trail::selectors::Target;

pub use self::cost::{Cost, Insights, Prices, Pricing};
pub use self::sums::{GROUPS_MAX, Group, Sums};
pub use self::trial::{Regions, Trial};
use crate::error::Result;
use crate::lookup::Lookup;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Which events are looked at: by time, account and Region. Its other filters are not asked here.
    pub events: Lookup,
    /// The trails.
    pub trials: Vec<Trial>,
    /// The rules that would be run on what is recorded.
    pub rules: Arc<RuleSet>,
    /// What is paid for.
    pub pricing: Pricing,
    /// The time at which it is asked: suppressions in rules end by it.
    pub now: EventTime,
}

/// The answer. Where it speaks of trails, they stand in the order of the question.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// Events looked at, and recorded by each trail.
    pub events: Group,
    /// The time of the earliest and of the latest event; `None` if there is none.
    pub times: Option<(EventTime, EventTime)>,
    /// The same by what events are about.
    pub sums: Sums,
    /// What each trail would cost.
    pub costs: Vec<Cost>,
    /// Rules that do not see with every trail what they see now, gravest first.
    pub rules: Vec<RuleSight>,
    /// How many rules were run.
    pub rules_total: u64,
    /// Matches of rules about several events that were decided before all events of their dates were known, because there
    /// were too many: their counts are estimates.
    pub decided_early: u64,
}

/// What a rule sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSight {
    /// The rule's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How grave it is, if it says so.
    pub level: Option<Level>,
    /// How often it matches now.
    pub matches: u64,
    /// How often it would match on what each trail records, and what that means.
    pub with: Vec<(u64, Sight)>,
}

/// What a rule would see of what a trail records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sight {
    /// All that it sees now.
    Whole,
    /// A part of it.
    Part,
    /// Nothing of it.
    Blind,
    /// Nothing, whatever happens: what it looks for is never recorded.
    Never,
}

impl Sight {
    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Sight::Whole => "whole",
            Sight::Part => "part",
            Sight::Blind => "blind",
            Sight::Never => "never",
        }
    }
}

/// Replays what is stored.
///
/// Memory is bounded by the rows of a batch, the windows of the rules, and [`GROUPS_MAX`] sums of a kind.
///
/// # Errors
/// [`ErrorKind::Query`](crate::ErrorKind::Query) if the lake cannot be read, [`ErrorKind::InvalidValue`](crate::ErrorKind::InvalidValue) if a rule or a trail cannot be evaluated
/// on what is stored.
pub async fn simulate(lake: &Lake, options: &SessionOptions, question: &Question) -> Result<Simulation> {
    let targets: Vec<Target> = question.trials.iter().map(|trial| trial.target().clone()).collect();
    let mut tally = sums::Tally::new(targets.len());
    let mut watch = watch::Watch::open(lake, question, targets.len()).await?;
    let needs = watch.needs().and(trail::selectors::needs(&targets)).and(tally.needs());
    read::each(lake, options, &question.events, needs, &mut |batch| match batch {
        read::Next::Events(events) => {
            let masks = read::routed(&targets, &events)?;
            tally.add(&events, &masks)?;
            watch.look(&events, &masks)
        }
        read::Next::End => {
            watch.end_stretch();
            Ok(())
        }
    })
    .await?;
    let costs = tally.costs(&question.pricing);
    let (events, times, sums) = tally.finish();
    let (rules, decided_early) = watch.finish(question);
    Ok(Simulation {
        events,
        times,
        sums,
        costs,
        rules,
        rules_total: question.rules.rules().count() as u64,
        decided_early,
    })
}
