//! The newest management events in memory: of each its place, and a code for each thing that it can be looked up by.
//!
//! A code is a hash of a text. Other texts may have it too, so what is found here may fit, and what is not found does not.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use event::arn::Region;
use event::time::EventTime;
use trail::selectors::{folder_region, global_services};

use super::{Attribute, Category, Event, Place, Question, Scope};

/// Events of a run, at most; and from which on one is left as it is.
const RUN_EVENTS: usize = 65_536;
const RUN_EVENTS_WHOLE: usize = RUN_EVENTS / 2;
/// Runs with fewer events than a whole one has, before they are merged.
const SMALL_RUNS_MAX: usize = 32;

/// The time from which on all events are, and that from which on none are.
pub(super) const ALL: EventTime = EventTime::from_micros(i64::MIN);
pub(super) const NONE: EventTime = EventTime::from_micros(i64::MAX);

/// What an event has a code for.
#[derive(Debug, Clone, Copy)]
enum Coded {
    EventId,
    EventName,
    EventSource,
    Username,
    AccessKeyId,
    ReadOnly,
    Owner,
    Region,
}

/// A code for each thing of [`Coded`]; 0 where the event has none.
type Codes = [u32; 8];

/// What is known of an event beside its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Traits {
    codes: Codes,
    /// Codes of the types and of the names of its resources.
    kinds: Vec<u32>,
    names: Vec<u32>,
}

/// Whose event it is, and where it happened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'t> {
    /// The account that was told of it, or else the caller's.
    pub owner: Option<&'t str>,
    /// `awsRegion`.
    pub region: Option<&'t str>,
}

/// Makes codes of texts, other ones in each process: nobody can prepare texts that have one code.
#[derive(Debug, Clone, Default)]
pub(super) struct Coder(RandomState);

/// The newest management events: all that are not older than a time.
#[derive(Debug, Clone)]
pub(super) struct Recent {
    coder: Coder,
    /// Every management event of this time or a later one is here.
    pub floor: EventTime,
    /// The run with the newest event first.
    runs: Vec<Arc<Run>>,
}

/// Some events, the oldest first.
#[derive(Debug, Default)]
struct Run {
    places: Vec<Place>,
    codes: Vec<Codes>,
    /// Where the codes of each event's resources end.
    ends: Vec<(u32, u32)>,
    kinds: Vec<u32>,
    names: Vec<u32>,
}

impl Coder {
    fn code(&self, text: &str) -> u32 {
        (self.0.hash_one(text) as u32).max(1)
    }

    fn code_of(&self, text: Option<&str>) -> u32 {
        text.map_or(0, |text| self.code(text))
    }

    /// Reads the traits of an event.
    pub(super) fn traits(&self, event: &Event, ground: Ground<'_>) -> Traits {
        let mut codes = Codes::default();
        let texts = [
            (Coded::EventId, event.event_id.as_deref()),
            (Coded::EventName, event.event_name.as_deref()),
            (Coded::EventSource, event.event_source.as_deref()),
            (Coded::Username, event.username.as_deref()),
            (Coded::AccessKeyId, event.access_key_id.as_deref()),
            (Coded::Owner, ground.owner),
            (Coded::Region, ground.region),
        ];
        for (coded, text) in texts {
            codes[coded as usize] = self.code_of(text);
        }
        codes[Coded::ReadOnly as usize] = event.read_only.map_or(0, read_only);
        let kinds = event.resources.iter().filter_map(|resource| resource.kind.as_deref());
        let names = event.resources.iter().map(|resource| resource.name.as_str());
        Traits {
            codes,
            kinds: kinds.map(|kind| self.code(kind)).collect(),
            names: names.map(|name| self.code(name)).collect(),
        }
    }
}

fn read_only(is_read_only: bool) -> u32 {
    if is_read_only { 2 } else { 1 }
}

impl Recent {
    /// Knows of no event.
    pub(super) fn new() -> Recent {
        Recent { coder: Coder::default(), floor: NONE, runs: Vec::new() }
    }

    /// Returns the same without its events; codes are made as before.
    #[must_use]
    pub(super) fn emptied(self) -> Recent {
        Recent { floor: NONE, runs: Vec::new(), ..self }
    }

    /// Returns how codes are made.
    pub(super) fn coder(&self) -> &Coder {
        &self.coder
    }

    /// Returns how many events there are.
    pub(super) fn len(&self) -> usize {
        self.runs.iter().map(|run| run.places.len()).sum()
    }

    /// Returns true if no management event is older.
    pub(super) fn is_all(&self) -> bool {
        self.floor == ALL
    }

    /// Returns true if any management event may be older.
    pub(super) fn is_none(&self) -> bool {
        self.floor == NONE
    }

    /// Adds events. With them every management event from `floor` on is here.
    #[must_use]
    pub(super) fn with(mut self, events: Vec<(Place, Traits)>, floor: EventTime) -> Recent {
        self.floor = floor;
        self.runs.extend(Run::of(events).map(Arc::new));
        let (mut runs, small): (Vec<_>, Vec<_>) =
            self.runs.into_iter().partition(|run| run.places.len() >= RUN_EVENTS_WHOLE);
        if small.len() > SMALL_RUNS_MAX {
            let events = small.iter().flat_map(|run| (0..run.places.len()).map(|at| run.event(at))).collect();
            runs.extend(Run::of(events).map(Arc::new));
        } else {
            runs.extend(small);
        }
        runs.sort_by_key(|run| std::cmp::Reverse(run.newest()));
        Recent { runs, ..self }
    }

    /// Leaves out the oldest events if there are a quarter more than may be. Those of one time go or stay together.
    #[must_use]
    pub(super) fn cut(mut self, events_max: usize) -> Recent {
        let surplus = self.len().saturating_sub(events_max);
        if surplus <= events_max / 4 {
            return self;
        }
        let mut times: Vec<EventTime> = self.runs.iter().flat_map(|run| &run.places).map(|place| place.time).collect();
        let (_, floor, _) = times.select_nth_unstable(surplus.min(self.len() - 1));
        self.floor = self.floor.max(*floor);
        self.runs = self.runs.into_iter().filter_map(|run| run.from(self.floor)).collect();
        self
    }

    /// Returns the places of the newest events.
    pub(super) fn newest(&self, limit: usize) -> Vec<Place> {
        let newest = |run: &Arc<Run>| run.places[run.places.len().saturating_sub(limit)..].to_vec();
        let mut places: Vec<Place> =
            self.runs.iter().flat_map(newest).filter(|place| place.time >= self.floor).collect();
        places.sort_unstable_by(|one, other| other.cmp(one));
        places.truncate(limit);
        places
    }

    /// Returns the places of the newest events that may fit, after a place, the newest first.
    pub(super) fn places(&self, question: &Question, after: Option<Place>, limit: usize) -> Vec<Place> {
        let Some(asked) = Asked::of(&self.coder, question) else { return Vec::new() };
        let from = question.from.map_or(self.floor, |from| from.max(self.floor));
        let mut found: Vec<Place> = Vec::new();
        for run in &self.runs {
            let oldest = found.last().copied().filter(|_| found.len() == limit);
            // No run that follows has a newer event.
            if run.newest() < oldest {
                break;
            }
            if !asked.may_be_in(run) {
                continue;
            }
            let end = after.map_or(run.places.len(), |after| run.places.partition_point(|place| *place < after));
            let end =
                question.until.map_or(end, |until| end.min(run.places.partition_point(|place| place.time <= until)));
            let start = run.places.partition_point(|place| place.time < from);
            let fitting = (start..end).rev().take_while(|at| oldest.is_none_or(|oldest| run.places[*at] > oldest));
            found.extend(fitting.filter(|at| asked.fits(run, *at)).take(limit).map(|at| run.places[at]));
            found.sort_unstable_by(|one, other| other.cmp(one));
            found.truncate(limit);
        }
        found
    }
}

impl Run {
    /// Makes runs of events.
    fn of(mut events: Vec<(Place, Traits)>) -> impl Iterator<Item = Run> {
        events.sort_by_key(|(place, _)| *place);
        let mut events = events.into_iter().peekable();
        std::iter::from_fn(move || {
            events.peek()?;
            let mut run = Run::default();
            events.by_ref().take(RUN_EVENTS).for_each(|(place, traits)| run.push(place, traits));
            Some(run)
        })
    }

    fn push(&mut self, place: Place, traits: Traits) {
        self.places.push(place);
        self.codes.push(traits.codes);
        self.kinds.extend(traits.kinds);
        self.names.extend(traits.names);
        // An event has few resources, and a run so many events at most.
        self.ends.push((self.kinds.len() as u32, self.names.len() as u32));
    }

    fn newest(&self) -> Option<Place> {
        self.places.last().copied()
    }

    /// Returns the events from a time on.
    fn from(self: Arc<Run>, floor: EventTime) -> Option<Arc<Run>> {
        let start = self.places.partition_point(|place| place.time < floor);
        if start == 0 {
            return Some(self);
        }
        let mut run = Run::default();
        (start..self.places.len()).map(|at| self.event(at)).for_each(|(place, traits)| run.push(place, traits));
        (!run.places.is_empty()).then(|| Arc::new(run))
    }

    fn resources(&self, at: usize) -> (&[u32], &[u32]) {
        let (kinds_start, names_start) = at.checked_sub(1).map_or((0, 0), |before| self.ends[before]);
        let (kinds_end, names_end) = self.ends[at];
        (&self.kinds[kinds_start as usize..kinds_end as usize], &self.names[names_start as usize..names_end as usize])
    }

    fn event(&self, at: usize) -> (Place, Traits) {
        let (kinds, names) = self.resources(at);
        (self.places[at], Traits { codes: self.codes[at], kinds: kinds.to_vec(), names: names.to_vec() })
    }
}

/// A question in codes.
struct Asked {
    equal: Vec<(Coded, u32)>,
    kinds: Vec<u32>,
    names: Vec<u32>,
    region: Option<OfRegion>,
}

/// The Region whose history it is, with its global services or without.
struct OfRegion {
    region: u32,
    global_services: Vec<u32>,
    is_home: bool,
}

impl Asked {
    /// Returns nothing for a question that no management event answers.
    fn of(coder: &Coder, question: &Question) -> Option<Asked> {
        if question.category != Category::Management {
            return None;
        }
        let mut asked = Asked { equal: Vec::new(), kinds: Vec::new(), names: Vec::new(), region: None };
        for attribute in &question.attributes {
            let (coded, text) = match attribute {
                Attribute::EventId(id) => (Coded::EventId, id),
                Attribute::EventName(name) => (Coded::EventName, name),
                Attribute::EventSource(source) => (Coded::EventSource, source),
                Attribute::Username(name) => (Coded::Username, name),
                Attribute::AccessKeyId(key) => (Coded::AccessKeyId, key),
                Attribute::ReadOnly(is_read_only) => {
                    asked.equal.push((Coded::ReadOnly, read_only(*is_read_only)));
                    continue;
                }
                Attribute::ResourceType(kind) => {
                    asked.kinds.push(coder.code(kind));
                    continue;
                }
                Attribute::ResourceName(name) => {
                    asked.names.push(coder.code(name));
                    continue;
                }
                Attribute::Never => return None,
            };
            asked.equal.push((coded, coder.code(text)));
        }
        if let Scope::Of(account, region) = &question.scope {
            asked.equal.push((Coded::Owner, coder.code(account.as_str())));
            asked.region = Some(OfRegion::of(coder, region));
        }
        Some(asked)
    }

    /// Returns false if the run has no resource that is asked for, which is seen without looking at each event.
    fn may_be_in(&self, run: &Run) -> bool {
        self.kinds.iter().all(|kind| run.kinds.contains(kind)) && self.names.iter().all(|name| run.names.contains(name))
    }

    fn fits(&self, run: &Run, at: usize) -> bool {
        let codes = &run.codes[at];
        self.equal.iter().all(|(coded, code)| codes[*coded as usize] == *code)
            && self.region.as_ref().is_none_or(|region| region.has(codes))
            && (self.kinds.is_empty() && self.names.is_empty() || {
                let (kinds, names) = run.resources(at);
                self.kinds.iter().all(|kind| kinds.contains(kind)) && self.names.iter().all(|name| names.contains(name))
            })
    }
}

impl OfRegion {
    fn of(coder: &Coder, region: &Region) -> OfRegion {
        let is_home = is_home_of_global_services(region);
        let global_services = global_services().iter().map(|source| coder.code(source)).collect();
        OfRegion { region: coder.code(region.as_str()), global_services, is_home }
    }

    fn has(&self, codes: &Codes) -> bool {
        let is_here = codes[Coded::Region as usize] == self.region;
        let is_global = || self.global_services.contains(&codes[Coded::EventSource as usize]);
        if self.is_home { is_here || is_global() } else { is_here && !is_global() }
    }
}

/// Returns true if AWS keeps the events of global services in a Region.
pub(super) fn is_home_of_global_services(region: &Region) -> bool {
    global_services().iter().any(|source| folder_region(Some(source), Some(region.as_str())).as_ref() == Some(region))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(time: i64, seq: i64, name: u8, resource: Option<u8>) -> Event {
        let place = Place { time: EventTime::from_micros(time), seq };
        let kind = resource.map(|kind| format!("kind {}", kind % 2));
        let resources = resource.map(|name| super::super::Resource { kind, name: format!("resource {name}") });
        Event {
            place,
            event_id: Some(seq.to_string()),
            event_name: Some(format!("name {name}")),
            event_source: None,
            read_only: None,
            access_key_id: None,
            username: None,
            resources: resources.into_iter().collect(),
            record: String::new(),
        }
    }

    fn has(event: &Event, attributes: &[Attribute]) -> bool {
        attributes.iter().all(|attribute| match attribute {
            Attribute::EventName(name) => event.event_name.as_ref() == Some(name),
            Attribute::ResourceName(name) => event.resources.iter().any(|resource| resource.name == *name),
            other => panic!("{other:?} is not asked for"),
        })
    }

    fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
        let name = (0..3_u8).prop_map(|name| Attribute::EventName(format!("name {name}")));
        let resource = (0..4_u8).prop_map(|name| Attribute::ResourceName(format!("resource {name}")));
        prop::collection::vec(prop_oneof![name, resource], 0..3)
    }

    proptest! {
        #[test]
        fn places_are_those_of_the_newest_events_that_fit(
            stored in prop::collection::vec((0..30_i64, 0..3_u8, prop::option::of(0..4_u8)), 0..120),
            at_once in 1..4_usize,
            kept in prop::option::of(0..100_usize),
            attributes in attributes(),
            (from, until, after) in (prop::option::of(0..30_i64), prop::option::of(0..30_i64), prop::option::of((0..30_i64, 0..120_i64))),
            limit in 1..20_usize,
        ) {
            let events: Vec<Event> =
                (0..).zip(&stored).map(|(seq, (time, name, resource))| event(*time, seq, *name, *resource)).collect();
            let mut recent = Recent::new().with(Vec::new(), ALL);
            let ground = Ground { owner: None, region: None };
            for events in events.chunks(at_once) {
                let rows = events.iter().map(|event| (event.place, recent.coder().traits(event, ground))).collect();
                recent = recent.with(rows, ALL);
            }
            if let Some(kept) = kept {
                recent = recent.cut(kept);
                let is_few = events.len() <= kept + kept / 4;
                prop_assert_eq!(recent.is_all(), is_few);
                prop_assert!(recent.len() >= kept.min(events.len()));
            }
            let time = EventTime::from_micros;
            let question = Question {
                attributes,
                scope: Scope::All,
                category: Category::Management,
                from: from.map(time),
                until: until.map(time),
                after: None,
                limit,
            };
            let after = after.map(|(micros, seq)| Place { time: time(micros), seq });
            let is_asked = |event: &&Event| {
                let place = event.place;
                place.time >= recent.floor
                    && question.from.is_none_or(|from| place.time >= from)
                    && question.until.is_none_or(|until| place.time <= until)
                    && after.is_none_or(|after| place < after)
                    && has(event, &question.attributes)
            };
            let mut expected: Vec<Place> = events.iter().filter(is_asked).map(|event| event.place).collect();
            expected.sort_unstable_by(|one, other| other.cmp(one));
            expected.truncate(limit);
            prop_assert_eq!(recent.places(&question, after, limit), expected);
        }
    }
}
