//! Rules at work: on all events, and on what each trail records of them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use detect::detector::{Batch, Detector, Events, Order, Settings};
use detect::finding::Finding;
use detect::indicator::Indicators;
use detect::origin::Origin;
use detect::ruleset::Rule;
use event::time::EventTime;
use lake::Lake;
use lineage::columns::Columns;
use lineage::credential::Use;
use lineage::origins::Origins;
use lineage::sessions::{EDGES_MAX, Sessions};
use predicate::Needs;

use crate::error::{Error, ErrorKind, Result};
use crate::simulate::blind::never_sees;
use crate::simulate::{Question, RuleSight, Sight, Trial};

/// The detectors.
pub(super) struct Watch {
    now: EventTime,
    /// The one that sees everything, then that of each trail.
    watchers: Vec<Watcher>,
    /// Who stands behind credentials, if a rule asks.
    origins: Option<(Sessions, Origins)>,
    has_rules: bool,
}

struct Watcher {
    detector: Detector,
    /// Matches by the rule's id.
    matches: HashMap<String, u64>,
}

impl Watcher {
    fn count(&mut self, findings: &[Finding]) {
        for finding in findings.iter().filter(|finding| finding.suppressed.is_none()) {
            let id = &finding.rule.meta.id;
            match self.matches.get_mut(id) {
                Some(count) => *count += 1,
                None => drop(self.matches.insert(id.clone(), 1)),
            }
        }
    }

    fn of(&self, rule: &Rule) -> u64 {
        self.matches.get(&rule.meta.id).copied().unwrap_or_default()
    }
}

impl Watch {
    pub(super) async fn open(lake: &Lake, question: &Question, trails: usize) -> Result<Watch> {
        let indicators = Arc::new(Indicators::default());
        let settings = Settings { order: Order::EventTime, finding_events_max: 1, ..Settings::default() };
        let watcher = || Watcher {
            detector: Detector::new(question.rules.clone(), indicators.clone(), settings),
            matches: HashMap::new(),
        };
        let origins = match question.rules.needs().given {
            true => {
                let failed =
                    |error| Error::new(ErrorKind::InvalidValue, format!("read who stands behind credentials: {error}"));
                Some((lake.sessions(EDGES_MAX).await.map_err(failed)?, Origins::default()))
            }
            false => None,
        };
        Ok(Watch {
            now: question.now,
            watchers: (0..=trails).map(|_| watcher()).collect(),
            origins,
            has_rules: question.rules.rules().next().is_some(),
        })
    }

    /// Returns what is read of stored events.
    pub(super) fn needs(&self) -> Needs {
        self.watchers.first().map(|watcher| watcher.detector.needs()).unwrap_or_default()
    }

    /// Shows events to everybody who sees them.
    pub(super) fn look(&mut self, events: &RecordBatch, masks: &[BooleanArray]) -> Result<()> {
        if !self.has_rules {
            return Ok(());
        }
        let failed = |error: &dyn std::fmt::Display| {
            Error::new(ErrorKind::InvalidValue, format!("hold rules against stored events: {error}"))
        };
        let origins = match &mut self.origins {
            Some((sessions, origins)) => {
                let columns = Columns::new(events).map_err(|error| failed(&error))?;
                let of_row = |row| origins.of(sessions, &Use::of(&row)).map(|origin| known(&origin));
                Some(columns.rows().map(of_row).collect::<Vec<Option<Origin>>>())
            }
            None => None,
        };
        let masks = [None].into_iter().chain(masks.iter().map(Some));
        for (watcher, mask) in self.watchers.iter_mut().zip(masks) {
            let part =
                mask.map(|mask| filter_record_batch(events, mask)).transpose().map_err(|error| failed(&error))?;
            let origins = match (&origins, mask) {
                (Some(origins), Some(mask)) => {
                    let seen = origins.iter().zip(mask).filter(|(_, is_recorded)| *is_recorded == Some(true));
                    Some(seen.map(|(origin, _)| origin.clone()).collect::<Vec<_>>())
                }
                (origins, _) => origins.clone(),
            };
            let events = part.as_ref().unwrap_or(events);
            if events.num_rows() == 0 {
                continue;
            }
            let batch =
                Batch { events: Events::Stored(events), file: None, origins: origins.as_deref(), now: self.now };
            let findings = watcher.detector.observe(&batch).map_err(|error| failed(&error))?;
            watcher.count(&findings);
        }
        Ok(())
    }

    /// Has windows asked: no more events of these dates come.
    pub(super) fn end_stretch(&mut self) {
        for watcher in &mut self.watchers {
            let findings = watcher.detector.flush();
            watcher.count(&findings);
        }
    }

    /// Gives out the rules that lose something, gravest first, and how many matches were decided early.
    pub(super) fn finish(self, question: &Question) -> (Vec<RuleSight>, u64) {
        let decided_early = self.watchers.iter().map(|watcher| watcher.detector.counts().decided_early).sum();
        let Some((all, of_trails)) = self.watchers.split_first() else { return (Vec::new(), decided_early) };
        let reach = |trial: &Trial| question.rules.may_hold(|rule| !never_sees(rule, trial.selectors()));
        let may_hold: Vec<Vec<bool>> = question.trials.iter().map(reach).collect();
        let mut sights: Vec<RuleSight> = question
            .rules
            .rules()
            .enumerate()
            .filter(|(_, rule)| rule.emits)
            .map(|(nth, rule)| {
                let matches = all.of(rule);
                let with = of_trails.iter().zip(&may_hold).map(|(watcher, may_hold)| {
                    let seen = watcher.of(rule);
                    let sight = match seen {
                        0 if may_hold.get(nth) == Some(&false) => Sight::Never,
                        0 if matches > 0 => Sight::Blind,
                        seen if seen < matches => Sight::Part,
                        _ => Sight::Whole,
                    };
                    (seen, sight)
                });
                RuleSight {
                    id: rule.meta.id.clone(),
                    title: rule.meta.title.clone(),
                    level: rule.meta.level,
                    matches,
                    with: with.collect(),
                }
            })
            .filter(|rule| rule.with.iter().any(|(_, sight)| *sight != Sight::Whole))
            .collect();
        sights.sort_by(|left, right| {
            let worst = |rule: &RuleSight| rule.with.iter().map(|(_, sight)| *sight).max();
            let key = |rule: &RuleSight| (rule.level, rule.matches > 0, worst(rule), rule.matches);
            key(right).cmp(&key(left)).then_with(|| left.title.cmp(&right.title))
        });
        (sights, decided_early)
    }
}

/// Returns what rules read of an origin.
fn known(origin: &lineage::origin::Origin) -> Origin {
    Origin {
        origin: origin.arn.clone(),
        status: origin.status.as_str().to_owned(),
        depth: origin.depth,
        username: origin.user_name().map(str::to_owned),
    }
}
