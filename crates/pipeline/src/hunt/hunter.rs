//! One who looks: a detector with the origins of the credentials that it meets.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use detect::detector::{Batch, Detector, Events, Order, Settings};
use detect::finding::Finding;
use event::reject::Reject;
use event::schema::{added, stored};
use lineage::columns::Columns;
use lineage::credential::Use;
use lineage::origin::Origin;
use lineage::origins::Origins;
use lineage::record::JsonRecord;
use lineage::sessions::Sessions;

use crate::error::Result;
use crate::hunt::sight::{Shown, Sight, Sights};
use crate::hunt::{Bounded, Found, Hunt};

pub(super) struct Hunter {
    hunt: Hunt,
    detector: Detector,
    sessions: Arc<Sessions>,
    origins: Origins,
    sights: Sights,
    /// True if a rule looks at several events, so that what they show is kept until it is asked.
    remembers: bool,
    /// True if a rule reads who stands behind an event.
    gives: bool,
}

impl Hunter {
    /// Makes a hunter. `suppress` heeds the suppressions in rules.
    pub(super) fn new(hunt: Hunt, sessions: Arc<Sessions>, suppress: bool) -> Hunter {
        let settings = Settings { order: Order::EventTime, suppress, ..Settings::default() };
        let remembers = hunt.rules.rules().any(|rule| rule.is_stateful());
        Hunter {
            detector: Detector::new(hunt.rules.clone(), hunt.indicators.clone(), settings),
            gives: hunt.rules.needs().given,
            hunt,
            sessions,
            origins: Origins::default(),
            sights: Sights::default(),
            remembers,
        }
    }

    /// Returns what is read of stored events.
    pub(super) fn needs(&self) -> predicate::Needs {
        self.detector.needs()
    }

    /// Looks at events of one file, or at stored ones.
    pub(super) fn look(&mut self, events: Events<'_>, file: Option<Arc<str>>) -> Result<Vec<Found>> {
        let (columns, number) = match events {
            Events::Opened(opened) => (&opened.columns, added::LOG_NUMBER),
            Events::Stored(columns) => (columns, stored::SEQ),
        };
        let shown = Shown::new(columns, number);
        let origins = if self.remembers || self.gives { Some(self.origins_of(columns)?) } else { None };
        let given: Option<Vec<Option<detect::origin::Origin>>> = origins
            .as_ref()
            .map(|origins| origins.iter().map(|origin| origin.as_ref().map(|origin| known(origin))).collect());
        if let (true, Some(origins)) = (self.remembers, &origins) {
            for (row, origin) in origins.iter().enumerate() {
                self.sights.keep(&shown, row, origin.as_ref());
            }
        }
        let batch = Batch { events, file, origins: given.as_deref(), now: self.hunt.now };
        let mut found = self.detector.observe(&batch)?;
        found.retain(|finding| self.hunt.scope.holds(finding));
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let rows: HashMap<i64, usize> =
            (0..columns.num_rows()).filter_map(|row| Some((shown.number(row)?, row))).collect();
        let lineage = Columns::new(columns)?;
        let mut out = Vec::with_capacity(found.len());
        for mut finding in found {
            let row = number_of(&finding).and_then(|number| rows.get(&number).copied());
            let sight = match row {
                Some(row) => {
                    let origin = self.origins.of(&self.sessions, &Use::of(&lineage.row(row)));
                    shown.sight(row, origin)
                }
                None => Sight::default(),
            };
            name_origin(&mut finding, &sight);
            out.push(Found { finding, sight: Arc::new(sight) });
        }
        Ok(out)
    }

    /// Looks at what did not become an event: with rules about single events.
    pub(super) fn look_at_reject(&mut self, reject: &Reject, file: Arc<str>) -> Vec<Found> {
        let mut found = self.detector.observe_record(&reject.bytes, Some(file), reject.number, self.hunt.now);
        found.retain(|finding| self.hunt.scope.holds(finding));
        if found.is_empty() {
            return Vec::new();
        }
        let sight = Arc::new(self.sight_of_record(&reject.bytes));
        let with_sight = |mut finding: Finding| {
            name_origin(&mut finding, &sight);
            Found { finding, sight: sight.clone() }
        };
        found.into_iter().map(with_sight).collect()
    }

    /// Ends a stretch: windows are asked in the order of event time.
    pub(super) fn end_stretch(&mut self) -> Vec<Found> {
        let found = self.detector.flush();
        let mut out = Vec::new();
        for finding in found.into_iter().filter(|finding| self.hunt.scope.holds(finding)) {
            let sight = number_of(&finding).map(|number| self.sights.of(number)).unwrap_or_default();
            out.push(Found { finding, sight });
        }
        self.sights.forget();
        out
    }

    /// Forgets windows and terms, as before another file.
    pub(super) fn reset(&mut self) {
        self.detector.reset();
        self.sights.forget();
    }

    /// Returns what bounds made it forget.
    pub(super) fn bounded(&mut self) -> Bounded {
        let mut bounded = Bounded { sights: self.sights.missed, ..Bounded::default() };
        bounded.count(&self.detector.counts());
        bounded.late_dates = self.detector.take_late_dates();
        bounded
    }

    fn origins_of(&mut self, columns: &RecordBatch) -> Result<Vec<Option<Arc<Origin>>>> {
        let lineage = Columns::new(columns)?;
        let (origins, sessions) = (&mut self.origins, &self.sessions);
        Ok(lineage.rows().map(|row| origins.of(sessions, &Use::of(&row))).collect())
    }

    fn sight_of_record(&mut self, record: &[u8]) -> Sight {
        let Ok(record) = std::str::from_utf8(record) else { return Sight::default() };
        let Ok(read) = JsonRecord::parse(record) else { return Sight::default() };
        use lineage::record::{Member, Record as _};
        let text = |member| read.text(member).map(str::to_owned);
        Sight {
            event_name: text(Member::EventName),
            event_source: text(Member::EventSource),
            arn: text(Member::Arn),
            origin: self.origins.of(&self.sessions, &Use::of(&read)),
            ..Sight::default()
        }
    }
}

/// Returns the number of the event at which a rule held: in the lake, or else in its file.
fn number_of(finding: &Finding) -> Option<i64> {
    finding.events.last().map(|event| event.seq.unwrap_or(event.number))
}

/// Names who stands behind the event at which a rule held, where the detector was not told.
fn name_origin(finding: &mut Finding, sight: &Sight) {
    let Some(origin) = &sight.origin else { return };
    if let Some(event) = finding.events.last_mut()
        && event.origin.is_none()
    {
        Arc::make_mut(event).origin = Some(origin.arn.clone());
    }
}

/// Returns what rules read of an origin.
fn known(origin: &Origin) -> detect::origin::Origin {
    detect::origin::Origin {
        origin: origin.arn.clone(),
        status: origin.status.as_str().to_owned(),
        depth: origin.depth,
        username: origin.user_name().map(str::to_owned),
    }
}
