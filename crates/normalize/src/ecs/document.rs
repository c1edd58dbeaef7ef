//! A document while it is made: one slot for each field, and their writing as one line of JSON.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use crate::ecs::field::{FIELDS, Field, PATHS};
use crate::java::Java;
use crate::json;
use crate::text_set::TextSet;
use crate::tree::{Kind, NodeId, Tree};

/// What stands in a field.
#[derive(Debug, Clone)]
pub(crate) enum Slot<'t> {
    /// A value of the record, cleaned up.
    Node(NodeId),
    /// The same as Java prints it.
    Java(NodeId),
    /// The named members of an object.
    Members(NodeId, &'static [&'static str]),
    Text(Cow<'t, str>),
    Bool(bool),
    List(TextSet<'t>),
    Names(&'static [&'static str]),
    /// A value that is JSON already.
    Json(Arc<str>),
    /// The message itself.
    Original,
}

/// A document in the making.
#[derive(Debug)]
pub(crate) struct Document<'t> {
    /// The message that is mapped.
    pub message: &'t str,
    /// For each field, where its value stands in `values`.
    places: [u8; FIELDS.len()],
    values: Vec<Slot<'t>>,
    /// True once the mapping has stopped before its end, which leaves empty lists as they are.
    pub stopped: bool,
}

/// The place of a field without a value.
const NO_PLACE: u8 = u8::MAX;
const _: () = assert!(FIELDS.len() < NO_PLACE as usize);

/// Values that most documents have room for.
const VALUES_USUAL: usize = 64;

impl<'t> Document<'t> {
    pub(crate) fn new(message: &'t str) -> Self {
        let values = Vec::with_capacity(VALUES_USUAL);
        Document { message, places: [NO_PLACE; FIELDS.len()], values, stopped: false }
    }

    #[inline]
    pub(crate) fn get(&self, field: Field) -> Option<&Slot<'t>> {
        self.values.get(*self.places.get(field as usize)? as usize)
    }

    #[inline]
    fn get_mut(&mut self, field: Field) -> Option<&mut Slot<'t>> {
        self.values.get_mut(*self.places.get(field as usize)? as usize)
    }

    #[inline]
    pub(crate) fn set(&mut self, field: Field, value: Slot<'t>) {
        if let Some(slot) = self.get_mut(field) {
            *slot = value;
        } else if let Some(place) = self.places.get_mut(field as usize) {
            // There are fewer fields than places.
            *place = self.values.len() as u8;
            self.values.push(value);
        }
    }

    pub(crate) fn set_text(&mut self, field: Field, text: impl Into<Cow<'t, str>>) {
        self.set(field, Slot::Text(text.into()));
    }

    /// Sets a field to a value of the record; one that is not there leaves the field as it is.
    #[inline]
    pub(crate) fn set_node(&mut self, field: Field, node: Option<NodeId>) {
        if let Some(node) = node {
            self.set(field, Slot::Node(node));
        }
    }

    #[inline]
    pub(crate) fn has(&self, field: Field) -> bool {
        self.get(field).is_some()
    }

    /// Returns the text of a field; numbers, Booleans and lists have none.
    pub(crate) fn text(&self, tree: Tree<'t>, field: Field) -> Option<Cow<'t, str>> {
        match self.get(field)? {
            Slot::Node(node) => tree.string(*node),
            Slot::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// Adds to a list, unless the text is empty or stands in it.
    pub(crate) fn append(&mut self, field: Field, text: Cow<'t, str>) {
        if text.is_empty() {
            return;
        }
        if let Some(Slot::List(texts)) = self.get_mut(field) {
            texts.insert(text);
            return;
        }
        let mut texts = TextSet::default();
        texts.insert(text);
        self.set(field, Slot::List(texts));
    }

    /// Writes the document as one line, without its end. Empty values are left out.
    pub(crate) fn write(&self, tree: Option<Tree<'t>>, java: &mut Java, out: &mut Vec<u8>) {
        let names: &[Name] = &NAMES;
        let mut open: &[Object] = &[];
        out.push(b'{');
        let start = out.len();
        for (place, name) in self.places.iter().zip(names) {
            let Some(slot) = self.values.get(*place as usize) else { continue };
            if !self.stopped && is_empty(slot) {
                continue;
            }
            let common = open.iter().zip(&name.objects).take_while(|(a, b)| a.id == b.id).count();
            for _ in common..open.len() {
                out.push(b'}');
            }
            if out.len() > start {
                out.push(b',');
            }
            for object in name.objects.iter().skip(common) {
                out.extend_from_slice(object.text.as_bytes());
            }
            open = &name.objects;
            out.extend_from_slice(name.text.as_bytes());
            self.write_slot(slot, tree, java, out);
        }
        for _ in 0..=open.len() {
            out.push(b'}');
        }
    }

    fn write_slot(&self, slot: &Slot<'t>, tree: Option<Tree<'t>>, java: &mut Java, out: &mut Vec<u8>) {
        match (slot, tree) {
            (Slot::Node(node), Some(tree)) => write_node(tree, *node, out),
            (Slot::Members(node, names), Some(tree)) => write_members(tree, *node, names, out),
            (Slot::Java(node), Some(tree)) => {
                out.push(b'"');
                java.write(tree, *node, out);
                out.push(b'"');
            }
            (Slot::Text(text), _) => json::write_text(text, out),
            (Slot::Bool(is), _) => out.extend_from_slice(if *is { b"true" } else { b"false" }),
            (Slot::List(texts), _) => write_texts(texts.iter().map(AsRef::as_ref), out),
            (Slot::Names(names), _) => write_texts(names.iter().copied(), out),
            (Slot::Json(json), _) => out.extend_from_slice(json.as_bytes()),
            (Slot::Original, _) => json::write_text(self.message, out),
            (Slot::Node(_) | Slot::Members(..) | Slot::Java(_), None) => out.extend_from_slice(b"null"),
        }
    }
}

/// A field's name as it is written, with those of the objects around it.
struct Name {
    objects: Vec<Object>,
    text: String,
}

/// An object around fields.
struct Object {
    /// The first field in it, by which it is known.
    id: usize,
    /// Name and opening bracket.
    text: String,
}

static NAMES: LazyLock<Vec<Name>> = LazyLock::new(|| {
    let name = |path: &&str| {
        let (objects, last) = path.rsplit_once('.').unwrap_or(("", path));
        let parts: Vec<&str> = objects.split('.').filter(|part| !part.is_empty()).collect();
        let object = |depth: usize| {
            let prefix = format!("{}.", parts.get(..=depth).unwrap_or_default().join("."));
            let id = PATHS.iter().position(|other| other.starts_with(&prefix)).unwrap_or_default();
            Object { id, text: format!("\"{}\":{{", parts.get(depth).unwrap_or(&"")) }
        };
        Name { objects: (0..parts.len()).map(object).collect(), text: format!("\"{last}\":") }
    };
    PATHS.iter().map(name).collect()
});

fn write_texts<'a>(texts: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (nth, text) in texts.enumerate() {
        if nth > 0 {
            out.push(b',');
        }
        json::write_text(text, out);
    }
    out.push(b']');
}

fn is_empty(slot: &Slot<'_>) -> bool {
    match slot {
        Slot::Text(text) => text.is_empty(),
        Slot::List(texts) => texts.is_empty(),
        _ => false,
    }
}

/// Writes a value of the record without what a clean-up drops.
pub(crate) fn write_node(tree: Tree<'_>, id: NodeId, out: &mut Vec<u8>) {
    if tree.is_tidy(id) {
        out.extend_from_slice(tree.raw(id).as_bytes());
        return;
    }
    match tree.kind(id) {
        Kind::Object => {
            out.push(b'{');
            let kept = tree.children(id).filter(|child| tree.is_kept(*child));
            for (nth, member) in kept.enumerate() {
                write_name(tree, member, nth, out);
                write_node(tree, member, out);
            }
            out.push(b'}');
        }
        Kind::List => {
            out.push(b'[');
            for (nth, element) in tree.elements(id).enumerate() {
                if nth > 0 {
                    out.push(b',');
                }
                write_node(tree, element, out);
            }
            out.push(b']');
        }
        _ => out.extend_from_slice(tree.raw(id).as_bytes()),
    }
}

fn write_members(tree: Tree<'_>, id: NodeId, names: &[&str], out: &mut Vec<u8>) {
    out.push(b'{');
    let members = names.iter().filter_map(|name| tree.member(id, name));
    for (nth, member) in members.enumerate() {
        write_name(tree, member, nth, out);
        write_node(tree, member, out);
    }
    out.push(b'}');
}

fn write_name(tree: Tree<'_>, member: NodeId, nth: usize, out: &mut Vec<u8>) {
    if nth > 0 {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(tree.raw_name(member).as_bytes());
    out.extend_from_slice(b"\":");
}
