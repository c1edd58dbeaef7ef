//! Rules about several events: matches in order, first-seen terms, windows, correlations that feed correlations.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use event::time::EventTime;

use crate::detector::hit::{Matched, hash};
use crate::detector::{Counts, Settings};
use crate::finding::{EventRef, Finding, Outcome, Window};
use crate::ruleset::{Body, Linked, Rule, RuleSet};
use crate::window::{Bounds, Entry, Firing, Group};

/// Longest value, in bytes, that a group shows; what is grouped by is the whole.
const SHOWN_BYTES_MAX: usize = 1_024;

/// What is kept between events.
pub(crate) struct Stateful {
    held: Vec<Matched>,
    /// By rule: its groups.
    pub groups: Vec<HashMap<u128, Group>>,
    /// By rule: its terms, with the time at which each was seen last.
    pub terms: Vec<HashMap<u128, i64>>,
    /// By rule: the time of the first event that it saw.
    pub since: Vec<Option<i64>>,
    /// The latest time of an event: microseconds.
    pub high: i64,
    pub group_count: usize,
}

/// What deciding needs, and what comes of it.
pub(crate) struct Deciding<'a> {
    pub rules: &'a RuleSet,
    pub settings: Settings,
    pub counts: &'a mut Counts,
    pub findings: &'a mut Vec<Finding>,
}

/// The values that the events of a group have in common.
type GroupValues = Arc<[Option<Box<str>>]>;

/// A match on its way into a window: of a rule about single events, or of a correlation.
struct Feed {
    time: i64,
    /// The rule about single events whose event it is, and what was read of it.
    below: usize,
    values: GroupValues,
    event: Arc<EventRef>,
    earlier: Arc<[Arc<EventRef>]>,
    /// The correlations that do not count it.
    barred: Arc<[usize]>,
}

impl Stateful {
    pub(crate) fn new(rules: &RuleSet) -> Stateful {
        let count = rules.rules.len();
        Stateful {
            held: Vec::new(),
            groups: vec![HashMap::new(); count],
            terms: vec![HashMap::new(); count],
            since: vec![None; count],
            high: i64::MIN,
            group_count: 0,
        }
    }

    pub(crate) fn hold(&mut self, matched: Vec<Matched>) {
        self.held.extend(matched);
    }

    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    pub(crate) fn advance(&mut self, high: Option<i64>) {
        self.high = self.high.max(high.unwrap_or(i64::MIN));
    }

    /// Decides everything held. Returns the dates of what came too late, if it is live.
    pub(crate) fn decide(&mut self, deciding: &mut Deciding<'_>, live: bool) -> BTreeSet<i32> {
        let mut held = std::mem::take(&mut self.held);
        // Stable: events of one time stay in the order in which they came.
        held.sort_by_key(|matched| matched.time);
        let earliest = self.high.saturating_sub(deciding.settings.lateness);
        let mut late = BTreeSet::new();
        for matched in held {
            if live && matched.time < earliest {
                deciding.counts.late += 1;
                late.insert(EventTime::from_micros(matched.time).date());
                continue;
            }
            self.take(deciding, matched);
        }
        late
    }

    /// Decides the earlier half of what is held, because it is too much.
    pub(crate) fn decide_half(&mut self, deciding: &mut Deciding<'_>) {
        self.held.sort_by_key(|matched| matched.time);
        let rest = self.held.split_off(self.held.len() / 2);
        let half = std::mem::replace(&mut self.held, rest);
        deciding.counts.decided_early += half.len() as u64;
        for matched in half {
            self.take(deciding, matched);
        }
    }

    fn take(&mut self, deciding: &mut Deciding<'_>, matched: Matched) {
        let at = matched.rule;
        let Some(rule) = deciding.rules.rules.get(at) else { return };
        if let Some(term) = matched.term {
            if !self.is_new(deciding, at, term, matched.time) {
                return;
            }
            if rule.emits {
                let mut finding = super::single(rule, &matched.event);
                finding.group = matched.group;
                deciding.findings.push(finding);
            }
        }
        let feed = Feed {
            time: matched.time,
            below: at,
            values: matched.values,
            event: matched.event,
            earlier: Arc::default(),
            barred: matched.barred.into(),
        };
        self.feed(deciding, at, feed);
    }

    /// Returns true if a term was not seen before, and learns it.
    fn is_new(&mut self, deciding: &mut Deciding<'_>, at: usize, term: u128, time: i64) -> bool {
        let terms_max = deciding.settings.terms_max;
        let Some(rule) = deciding.rules.rules.get(at) else { return false };
        let Body::Detection(detection) = &rule.body else { return false };
        let Some((first_seen, _)) = &detection.first_seen else { return false };
        let (Some(terms), Some(since)) = (self.terms.get_mut(at), self.since.get_mut(at)) else { return false };
        let since = *since.get_or_insert(time);
        let seen = terms.insert(term, time);
        if let (Some(seen), Some(known)) = (seen, terms.get_mut(&term)) {
            *known = seen.max(time);
        }
        if terms.len() > terms_max {
            let expired = first_seen.within.map_or(i64::MIN, |within| self.high.saturating_sub(within));
            terms.retain(|_, last| *last >= expired);
            let over = terms.len().saturating_sub(terms_max);
            if over > 0 {
                deciding.counts.terms_evicted += evict(terms, over.max(terms_max / 8), |last| *last);
            }
        }
        let new = match (seen, first_seen.within) {
            (None, _) => true,
            (Some(seen), Some(within)) => time.saturating_sub(seen) > within,
            (Some(_), None) => false,
        };
        new && time >= since.saturating_add(first_seen.learn)
    }

    /// Puts a match into the windows of the correlations above, and what comes of it into those above them.
    fn feed(&mut self, deciding: &mut Deciding<'_>, from: usize, feed: Feed) {
        let mut open = vec![(from, feed)];
        while let Some((from, feed)) = open.pop() {
            for (at, place) in deciding.rules.consumers.get(from).into_iter().flatten() {
                if feed.barred.contains(at) {
                    continue;
                }
                let Some(rule) = deciding.rules.rules.get(*at) else { continue };
                let Body::Correlation(linked) = &rule.body else { continue };
                for (group, firing) in self.enter(deciding, linked, (*at, *place), &feed) {
                    let next = Feed {
                        time: firing.time,
                        below: feed.below,
                        values: feed.values.clone(),
                        event: firing.events.last().cloned().unwrap_or_else(|| feed.event.clone()),
                        earlier: firing.events.iter().rev().skip(1).rev().cloned().collect(),
                        barred: feed.barred.clone(),
                    };
                    if rule.emits {
                        deciding.findings.push(finding(rule, linked, &group, firing));
                    }
                    open.push((*at, next));
                }
            }
        }
    }

    fn enter(
        &mut self,
        deciding: &mut Deciding<'_>,
        linked: &Linked,
        (at, place): (usize, usize),
        feed: &Feed,
    ) -> Vec<(GroupValues, Firing)> {
        let settings = deciding.settings;
        let Some(route) = linked.routes.get(&(place, feed.below)) else { return Vec::new() };
        let value = |position: &usize| feed.values.get(*position).and_then(Option::as_deref);
        let key = hash(route.group.iter().map(value));
        let counted = match route.values.as_slice() {
            [one] => value(one).map(Box::from),
            [] => None,
            several => Some(format!("{:032x}", hash(several.iter().map(value))).into_boxed_str()),
        };
        let Some(groups) = self.groups.get_mut(at) else { return Vec::new() };
        let before = groups.len();
        let group = groups.entry(key).or_insert_with(|| {
            let values = route.group.iter().map(|position| value(position).map(shown)).collect();
            Group::new(values, VecDeque::new(), None)
        });
        let entry = Entry {
            time: feed.time,
            place: place as u32,
            value: counted,
            event: feed.event.clone(),
            earlier: feed.earlier.clone(),
            fired: false,
        };
        let bounds = Bounds {
            lateness: settings.lateness,
            entries_max: settings.window_events_max,
            finding_events_max: settings.finding_events_max,
        };
        let (firings, lost) = group.add(linked, entry, bounds);
        let values = group.values.clone();
        deciding.counts.window_events_evicted += lost;
        self.group_count += groups.len() - before;
        if self.group_count > settings.groups_max {
            self.make_room(deciding);
        }
        firings.into_iter().map(|firing| (values.clone(), firing)).collect()
    }

    /// Forgets groups whose windows are over and then, counting them, those that are longest without an event.
    fn make_room(&mut self, deciding: &mut Deciding<'_>) {
        let Settings { groups_max, lateness, .. } = deciding.settings;
        for (groups, rule) in self.groups.iter_mut().zip(&deciding.rules.rules) {
            if let Body::Correlation(linked) = &rule.body {
                let over = self.high.saturating_sub(linked.timespan).saturating_sub(lateness);
                groups.retain(|_, group| group.newest() >= over);
            }
        }
        self.group_count = self.groups.iter().map(HashMap::len).sum();
        let most = groups_max - groups_max / 8;
        if self.group_count <= most {
            return;
        }
        let mut newest: Vec<i64> = self.groups.iter().flat_map(HashMap::values).map(Group::newest).collect();
        newest.sort_unstable();
        let Some(limit) = newest.get(newest.len() - most).copied() else { return };
        for groups in &mut self.groups {
            groups.retain(|_, group| group.newest() >= limit);
        }
        let left = self.groups.iter().map(HashMap::len).sum();
        deciding.counts.groups_evicted += (self.group_count - left) as u64;
        self.group_count = left;
    }
}

/// Removes the entries with the least times. Returns how many.
fn evict<V>(map: &mut HashMap<u128, V>, count: usize, time: impl Fn(&V) -> i64) -> u64 {
    let mut times: Vec<i64> = map.values().map(&time).collect();
    times.sort_unstable();
    let Some(limit) = times.get(count.min(times.len().saturating_sub(1))).copied() else { return 0 };
    let before = map.len();
    let mut left = count;
    map.retain(|_, value| {
        let goes = left > 0 && time(value) <= limit;
        left -= usize::from(goes);
        !goes
    });
    (before - map.len()) as u64
}

fn shown(value: &str) -> Box<str> {
    let mut end = value.len().min(SHOWN_BYTES_MAX);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value.get(..end).unwrap_or_default().into()
}

fn finding(rule: &Arc<Rule>, linked: &Linked, values: &[Option<Box<str>>], firing: Firing) -> Finding {
    let values = values.iter().map(|value| value.as_deref().map(str::to_owned));
    Finding {
        rule: rule.clone(),
        outcome: if firing.done { Outcome::Done } else { Outcome::Attempted },
        group: linked.group_by.iter().cloned().zip(values).collect(),
        window: Window {
            start: Some(EventTime::from_micros(firing.start)),
            end: Some(EventTime::from_micros(firing.time)),
        },
        events: firing.events,
        events_total: firing.total,
        suppressed: None,
        indicator: None,
    }
}
