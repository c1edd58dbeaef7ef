//! Elastic Common Schema, as Elastic's "AWS CloudTrail" integration writes it: profile 8.9.0 of its mapping.
//!
//! One file a section of the mapping, in its order; tables are data. `docs/format/ecs.md` says which statements of the
//! integration are followed and where its behaviour is not known.
//!
//! ```
//! use normalize::ecs::{Mapper, Settings};
//!
//! let mut mapper = Mapper::new(Settings::default(), &());
//! let mut line = Vec::new();
//! mapper.map(r#"{"eventName":"ListUsers","eventSource":"iam.amazonaws.com"}"#, "2026-01-02T03:04:05.000Z", &mut line);
//! assert!(line.starts_with(br#"{"@timestamp":"2026-01-02T03:04:05.000Z","cloud":{"provider":"aws","#));
//! ```

mod document;
mod field;
mod mapping;
mod record;
mod time;

mod category;
mod digest;
mod entity;
mod geo;
mod identity;
mod lookup;
mod members;
mod payload;
mod related;
mod source;
mod target;
mod user_agent;

use std::sync::Arc;

use crate::java::Java;
use crate::json;
use crate::tree::scan::{Fault, FaultReason};
use crate::tree::{Arena, Kind, ROOT, Rules};
use document::Slot;
use field::Field;
use lookup::Lookups;
use mapping::{Mapping, Stopped};
use record::{Member, Record};

pub use geo::{Geo, Network, Place};
pub use payload::Retain;

/// The version of ECS that documents say they keep to.
const ECS_VERSION: &str = "8.11.0";

/// The tag that keeps `event.original`; every document with an error gets it.
const PRESERVE: &str = "preserve_original_event";

/// How deeply a record may be nested: what Elasticsearch's own reader of JSON allows. It refuses two members of one
/// name as well.
const RULES: Rules = Rules { depth_max: 1_000, duplicates: false };

/// What is the same for all documents.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Tags of each document, in this order.
    pub tags: Vec<String>,
    /// Which copies of request and response are kept.
    pub retain: Retain,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// All went well.
    Mapped,
    /// `error.message` of the document says what did not.
    Failed,
}

/// Maps message after message, and keeps its buffers and what it has looked up between them.
pub struct Mapper<'g> {
    tags: Tags,
    retain: Retain,
    has_entities: bool,
    arena: Arena,
    java: Java,
    lookups: Lookups<'g>,
}

/// The tags as JSON, for each way in which a mapping can end.
struct Tags {
    cleaned: Option<Arc<str>>,
    cleaned_failed: Option<Arc<str>>,
    stopped: Option<Arc<str>>,
}

impl<'g> Mapper<'g> {
    /// Makes a mapper that looks addresses up in `geo`.
    pub fn new(settings: Settings, geo: &'g dyn Geo) -> Self {
        Mapper {
            has_entities: settings.tags.iter().any(|tag| tag == entity::TAG),
            tags: Tags::new(&settings.tags),
            retain: settings.retain,
            arena: Arena::default(),
            java: Java::default(),
            lookups: Lookups::new(geo),
        }
    }

    /// Appends the document of a message to `out`, as one line without its end.
    ///
    /// A message is a record, a digest file, or empty; `read_at` is when it was read, and is written as it is.
    /// Whatever is wrong with a message, there is a document for it.
    pub fn map(&mut self, message: &str, read_at: &str, out: &mut Vec<u8>) -> Outcome {
        let mut mapping = Mapping::new(message);
        if !message.is_empty() {
            mapping.document.set(Field::Original, Slot::Original);
        }
        mapping.document.set_text(Field::Created, read_at);
        mapping.document.set_text(Field::Timestamp, read_at);
        let parsed = self.arena.parse(message, RULES).and_then(|tree| match tree {
            Some(tree) if tree.kind(ROOT) != Kind::Object => Err(Fault { at: 0, reason: FaultReason::NotObject }),
            tree => Ok(tree.map(Record::new)),
        });
        let ended = match parsed {
            Ok(record) => {
                mapping.record = record;
                let steps = Steps { retain: self.retain, has_entities: self.has_entities };
                steps.take(&mut mapping, &mut self.java, &mut self.lookups)
            }
            Err(fault) => Err(mapping.stop("json", "json_event_original", &fault.to_string())),
        };
        let tags = match ended {
            Ok(()) if mapping.has_failed() => &self.tags.cleaned_failed,
            Ok(()) => &self.tags.cleaned,
            Err(Stopped) => &self.tags.stopped,
        };
        if let Some(tags) = tags {
            mapping.document.set(Field::Tags, Slot::Json(tags.clone()));
        }
        if mapping.has_failed() {
            mapping.document.set_text(Field::EventKind, "pipeline_error");
        }
        mapping.document.write(mapping.record.map(|record| record.tree), &mut self.java, out);
        if mapping.has_failed() { Outcome::Failed } else { Outcome::Mapped }
    }
}

/// The sections in their order.
struct Steps {
    retain: Retain,
    has_entities: bool,
}

impl Steps {
    fn take<'t>(&self, mapping: &mut Mapping<'t>, java: &mut Java, lookups: &mut Lookups<'_>) -> Result<(), Stopped> {
        mapping.document.set_text(Field::EcsVersion, ECS_VERSION);
        event_time(mapping);
        if self.has_entities {
            entity::map(mapping);
        }
        identity::map(mapping);
        source::map(mapping, lookups)?;
        payload::map(mapping, self.retain, java);
        members::map(mapping);
        category::map(mapping);
        digest::map(mapping);
        target::map(mapping);
        related::map(mapping);
        Ok(())
    }
}

/// The time of the event stands in for that of the reading. It is read before anything is cleaned up.
fn event_time(mapping: &mut Mapping<'_>) {
    let Some(record) = mapping.record else { return };
    let Some(node) = record.before_clean_up(Member::EventTime) else { return };
    if record.tree.kind(node) == Kind::Null {
        return;
    }
    match record.scalar(node).and_then(|text| time::iso_8601(&text)) {
        Some(time) => mapping.document.set_text(Field::Timestamp, time),
        None => {
            let found = identity::shortened(record.tree.raw(node));
            mapping.fail("date", "date_event_time", &format!("unable to parse date [{found}]"));
        }
    }
}

impl Tags {
    fn new(tags: &[String]) -> Self {
        let given: Vec<&str> = tags.iter().map(String::as_str).collect();
        let cleaned: Vec<&str> = given.iter().copied().filter(|tag| !matches!(*tag, "" | "-" | "none")).collect();
        let failed = |tags: &[&str]| {
            let missing = (!tags.contains(&PRESERVE)).then_some(PRESERVE);
            list_json(&tags.iter().copied().chain(missing).collect::<Vec<_>>())
        };
        Tags { cleaned_failed: failed(&cleaned), stopped: failed(&given), cleaned: list_json(&cleaned) }
    }
}

fn list_json(texts: &[&str]) -> Option<Arc<str>> {
    if texts.is_empty() {
        return None;
    }
    let mut out = Vec::new();
    for text in texts {
        out.push(if out.is_empty() { b'[' } else { b',' });
        json::write_text(text, &mut out);
    }
    out.push(b']');
    Some(String::from_utf8_lossy(&out).as_ref().into())
}
