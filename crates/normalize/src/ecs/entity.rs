//! Entities: who acted, on what, and whatever else an event names (section "Entity fields" of the mapping).

mod actor;
mod class;
mod related;
mod target;

use std::borrow::Cow;

use crate::ecs::document::Slot;
use crate::ecs::field::Field;
use crate::ecs::mapping::Mapping;
use crate::ecs::record::{Member, Record};
use crate::ecs::source::SERVICE_SUFFIX;
use crate::text_set::TextSet;
use crate::tree::NodeId;

/// The tag that asks for these fields.
pub(super) const TAG: &str = "actor_target_mapping";

/// A value that should be a string is none.
#[derive(Debug)]
struct NotText(NodeId);

/// The collections that the tables fill.
struct Entities<'t> {
    record: Record<'t>,
    /// The first label of `eventSource`, empty for a source that is no service of AWS.
    service: Cow<'t, str>,
    event_name: Cow<'t, str>,
    related: TextSet<'t>,
    targets: TextSet<'t>,
}

pub(super) fn map(mapping: &mut Mapping<'_>) {
    let Some(record) = mapping.record else { return };
    if record.get(Member::EventName).is_none() {
        return;
    }
    let mut entities = Entities::new(record);
    match entities.collect() {
        Ok(actor) => entities.write(mapping, actor),
        Err(NotText(node)) => {
            let found = crate::ecs::identity::shortened(record.tree.raw(node));
            mapping.fail("script", "script_actor_target", &format!("an entity [{found}] is not a string"));
        }
    }
}

impl<'t> Entities<'t> {
    fn new(record: Record<'t>) -> Self {
        let service = match record.text(Member::EventSource) {
            Some(Cow::Borrowed(source)) => Cow::Borrowed(source.strip_suffix(SERVICE_SUFFIX).unwrap_or_default()),
            Some(Cow::Owned(source)) => Cow::Owned(source.strip_suffix(SERVICE_SUFFIX).unwrap_or_default().to_owned()),
            None => Cow::Borrowed(""),
        };
        let event_name = record.text(Member::EventName).unwrap_or_default();
        Entities { record, service, event_name, related: TextSet::default(), targets: TextSet::default() }
    }

    /// Fills the collections and returns the actor.
    fn collect(&mut self) -> Result<Option<Cow<'t, str>>, NotText> {
        related::collect(self)?;
        target::collect(self)?;
        let actor = actor::find(self)?;
        for target in self.targets.iter() {
            self.related.insert(target.clone());
        }
        Ok(actor)
    }

    fn write(self, mapping: &mut Mapping<'t>, actor: Option<Cow<'t, str>>) {
        class::write(mapping, self.targets);
        if let Some(actor) = actor {
            actor::write(mapping, self.record, actor);
        }
        mapping.document.set(Field::RelatedEntity, Slot::List(self.related.sorted()));
    }

    fn text(&self, node: NodeId) -> Result<Cow<'t, str>, NotText> {
        self.record.tree.string(node).ok_or(NotText(node))
    }

    /// Returns the text at a path, if there is a value.
    fn text_at(&self, path: &str) -> Result<Option<Cow<'t, str>>, NotText> {
        self.record.at(path).map(|node| self.text(node)).transpose()
    }
}
