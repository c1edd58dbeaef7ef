//! Events in, findings out: rules tried on batches, windows and first-seen terms kept between them.

pub(crate) mod hit;
pub(crate) mod stateful;

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use event::batch::EventBatch;
use event::time::EventTime;
use predicate::record::Record;
use predicate::{Lookup, Needs, Rows};

pub(crate) use crate::detector::hit::hash;
use crate::detector::hit::{Columns, Hits, Matched};
use crate::detector::stateful::{Deciding, Stateful};
use crate::error::{Error, Result};
use crate::finding::{EventRef, Finding, Outcome, Window};
use crate::indicator::Indicators;
use crate::origin::{Beside, Origin};
use crate::ruleset::{Body, Rule, RuleSet};

/// Bounds and habits of a detector.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// When rules about several events are asked.
    pub order: Order,
    /// How far, in microseconds, an event may lie behind the latest one and still be taken into windows.
    pub lateness: i64,
    /// Most groups of all correlations together; the one longest without an event goes first.
    pub groups_max: usize,
    /// Most events in one window; the oldest goes first. A rule that counts further has room for twice its count.
    pub window_events_max: usize,
    /// Most first-seen terms of one rule; the one not seen for longest goes first.
    pub terms_max: usize,
    /// Most matches held until the end is known; beyond, the earliest half is decided.
    pub held_max: usize,
    /// Most events that a finding lists.
    pub finding_events_max: usize,
    /// Whether suppressions in rules are heeded.
    pub suppress: bool,
}

/// When rules about several events are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As events arrive; one that comes late is put in its place.
    Arrival,
    /// When [`Detector::flush`] says that no more come: in the order of event time, of arrival where times are equal.
    EventTime,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            order: Order::Arrival,
            lateness: 30 * 60 * event::time::SECOND,
            groups_max: 100_000,
            window_events_max: 10_000,
            terms_max: 1_000_000,
            held_max: 1_000_000,
            finding_events_max: 100,
            suppress: true,
        }
    }
}

/// What a detector did beside finding, so that nothing of it is silent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events looked at.
    pub events: u64,
    /// Matches of rules about several events that came too late; see [`Detector::take_late_dates`].
    pub late: u64,
    /// Groups forgotten because there were too many.
    pub groups_evicted: u64,
    /// Events that left a window early because it held too many.
    pub window_events_evicted: u64,
    /// First-seen terms forgotten because there were too many.
    pub terms_evicted: u64,
    /// Matches decided before all events were known, because too many were held.
    pub decided_early: u64,
    /// Matches that a suppression silenced.
    pub suppressed: u64,
}

/// Events to look at.
pub struct Batch<'a> {
    /// The events.
    pub events: Events<'a>,
    /// The object they come from, of events that are not stored yet.
    pub file: Option<Arc<str>>,
    /// Who stands behind each event's credential, if that is known at all.
    pub origins: Option<&'a [Option<Origin>]>,
    /// The time at which they are looked at: suppressions end by it, and no event can be later for long.
    pub now: EventTime,
}

/// What the events are held in.
#[derive(Clone, Copy)]
pub enum Events<'a> {
    /// What the opener gave.
    Opened(&'a EventBatch),
    /// What the lake stores; the columns of [`Detector::needs`] at least.
    Stored(&'a RecordBatch),
}

/// Looks for what rules and indicators describe.
pub struct Detector {
    rules: Arc<RuleSet>,
    indicators: Arc<Indicators>,
    settings: Settings,
    stateful: Stateful,
    columns: Columns,
    counts: Counts,
    late_dates: BTreeSet<i32>,
}

impl Detector {
    /// Makes a detector without a past.
    pub fn new(rules: Arc<RuleSet>, indicators: Arc<Indicators>, settings: Settings) -> Detector {
        Detector {
            stateful: Stateful::new(&rules),
            rules,
            indicators,
            settings,
            columns: Columns::new(),
            counts: Counts::default(),
            late_dates: BTreeSet::new(),
        }
    }

    /// Returns what is read of stored events.
    pub fn needs(&self) -> Needs {
        let needs = self.rules.needs().and(self.columns.needs()).and(self.indicators.needs());
        let beside = self.rules.reads_given.then(Beside::needs);
        beside.map_or(needs, |beside| needs.and(beside))
    }

    /// Returns what was counted so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Gives out the dates, as days since 1970, of matches that came too late for windows since this was asked last:
    /// they are to be hunted through again.
    pub fn take_late_dates(&mut self) -> BTreeSet<i32> {
        std::mem::take(&mut self.late_dates)
    }

    /// Looks at events, and gives out what was found, in the order of the events.
    ///
    /// # Errors
    /// If a column is missing or damaged; nothing of the batch is then counted or kept.
    pub fn observe(&mut self, batch: &Batch<'_>) -> Result<Vec<Finding>> {
        let given = if self.rules.reads_given { given(batch)? } else { Vec::new() };
        let (rows, columns) = match batch.events {
            Events::Opened(events) => (Rows::of_batch(events, &given), &events.columns),
            Events::Stored(events) => (Rows::of_stored(events, &given), events),
        };
        let rows = rows.map_err(Error::from)?;
        rows.check(self.needs())?;
        let mut hits = Hits::default();
        self.rules.index.select(&rows, &mut |at, selected| hits.add(at, selected))?;
        let reads = hit::Reads { rows: &rows, places: self.columns.places(columns), batch };
        let (mut findings, mut matched) = (Vec::new(), Vec::new());
        let mut counts = self.counts;
        counts.events += rows.len() as u64;
        let high = (0..rows.len()).filter_map(|row| rows.time(row)).max();
        // A time in the future would make every other event late.
        let high = high.map(|high| high.min(batch.now).as_micros());
        hits.each(|row, places| {
            let event = reads.event(&self.columns, row);
            for at in places {
                let Some(place) = self.rules.indexed.get(at) else { continue };
                let Some(rule) = self.rules.rules.get(*place) else { continue };
                let Body::Detection(detection) = &rule.body else { continue };
                let suppressed = if self.settings.suppress { reads.suppression(detection, row)? } else { None };
                counts.suppressed += u64::from(suppressed.is_some());
                let gated = detection.first_seen.is_some();
                if rule.emits && !gated {
                    findings.push(reads.finding(rule, detection, row, &event, suppressed.clone()));
                }
                let feeds = self.rules.consumers.get(*place).is_some_and(|consumers| !consumers.is_empty());
                if (feeds || gated) && suppressed.is_none() {
                    let barred =
                        if self.settings.suppress { reads.barred(&self.rules, *place, row)? } else { Vec::new() };
                    counts.suppressed += barred.len() as u64;
                    matched.push(Matched { barred, ..reads.matched(*place, detection, row, &event) });
                }
            }
            Ok(())
        })?;
        self.indicators.find(&reads, &self.columns, &mut findings)?;
        self.counts = counts;
        self.stateful.hold(matched);
        self.stateful.advance(high);
        if self.settings.order == Order::Arrival {
            self.decide(&mut findings);
        } else if self.stateful.held() > self.settings.held_max {
            let (rules, settings) = (&self.rules, self.settings);
            let deciding = &mut Deciding { rules, settings, counts: &mut self.counts, findings: &mut findings };
            self.stateful.decide_half(deciding);
        }
        Ok(findings)
    }

    /// Looks at the bytes of one record that did not become an event: rules about single events, and indicators. In
    /// bytes that are no JSON object nothing is found.
    pub fn observe_record(
        &mut self,
        record: &[u8],
        file: Option<Arc<str>>,
        number: i64,
        now: EventTime,
    ) -> Vec<Finding> {
        self.counts.events += 1;
        let Some(record) = Record::parse(record) else { return Vec::new() };
        let record = hit::with_given(record);
        let event = Arc::new(hit::event_of_record(&record, file, number));
        let mut findings = Vec::new();
        for at in self.rules.index.matches(&record) {
            let Some(rule) = self.rules.indexed.get(at).and_then(|place| self.rules.rules.get(*place)) else {
                continue;
            };
            let Body::Detection(detection) = &rule.body else { continue };
            if !rule.emits || detection.first_seen.is_some() {
                continue;
            }
            let silence =
                detection.suppressions.iter().find(|silence| now < silence.expires && silence.when.matches(&record));
            let suppressed = silence.filter(|_| self.settings.suppress).map(|silence| silence.reason.clone());
            self.counts.suppressed += u64::from(suppressed.is_some());
            let values = |lookup: &Lookup| lookup.of_record(&record);
            findings.push(hit::finding(rule, detection, &values, &event, suppressed));
        }
        findings.extend(self.indicators.find_in_record(&record, &event));
        findings
    }

    /// Says that no more events come for now: everything held is decided, in the order of event time.
    pub fn flush(&mut self) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.decide(&mut findings);
        findings
    }

    /// Forgets windows and terms, as before another file.
    pub fn reset(&mut self) {
        self.stateful = Stateful::new(&self.rules);
    }

    /// Returns windows and terms as bytes, for [`Detector::restore`].
    pub fn state(&self) -> Vec<u8> {
        crate::state::save(&self.rules, &self.stateful, &self.counts)
    }

    /// Takes over windows and terms that [`Detector::state`] gave, but for rules that are gone or changed since:
    /// returns how many these are.
    ///
    /// # Errors
    /// [`ErrorKind::State`](crate::error::ErrorKind::State) if the bytes are no state of this version.
    pub fn restore(&mut self, state: &[u8]) -> Result<usize> {
        crate::state::restore(&self.rules, state, &mut self.stateful, &mut self.counts)
    }

    fn decide(&mut self, findings: &mut Vec<Finding>) {
        let live = self.settings.order == Order::Arrival;
        let (rules, settings) = (&self.rules, self.settings);
        let late = self.stateful.decide(&mut Deciding { rules, settings, counts: &mut self.counts, findings }, live);
        self.late_dates.extend(late);
    }
}

/// Makes what rules read beside the events.
fn given(batch: &Batch<'_>) -> Result<Vec<Vec<Option<String>>>> {
    let none: &[Vec<Option<String>>] = &[];
    let (rows, len) = match batch.events {
        Events::Opened(events) => (Rows::of_batch(events, none), events.len()),
        Events::Stored(events) => (Rows::of_stored(events, none), events.num_rows()),
    };
    let rows = rows.map_err(Error::from)?;
    let [issuer, arn, principal, invoked_by] = Beside::columns();
    let mut given: Vec<Vec<Option<String>>> = vec![Vec::new(); crate::origin::GROUP_ORIGIN + 1];
    for row in 0..len {
        let beside = Beside {
            origin: batch.origins.and_then(|origins| origins.get(row)).and_then(Option::as_ref),
            issuer: rows.text(issuer, row),
            arn: rows.text(arn, row),
            principal: rows.text(principal, row),
            invoked_by: rows.text(invoked_by, row),
        };
        for (values, value) in given.iter_mut().zip(beside.values()) {
            values.push(value);
        }
    }
    Ok(given)
}

/// Makes a finding about one event.
pub(crate) fn single(rule: &Arc<Rule>, event: &Arc<EventRef>) -> Finding {
    Finding {
        rule: rule.clone(),
        outcome: if event.failed { Outcome::Attempted } else { Outcome::Done },
        group: Vec::new(),
        window: Window { start: event.time, end: event.time },
        events: vec![event.clone()],
        events_total: 1,
        suppressed: None,
        indicator: None,
    }
}
