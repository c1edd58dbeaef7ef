//! A record's JSON as a flat list of nodes that point into its text: nothing is copied, nothing is allocated per value.
//!
//! The list is used again for the next record. Nodes stand in the order of the text, a container before its children;
//! each knows where its subtree ends, so siblings are one step apart.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::tree::scan::{Fault, FaultReason};

mod parse;
pub(crate) mod scan;
#[cfg(test)]
mod tests;

/// A place in the list of nodes.
pub(crate) type NodeId = u32;

/// No node: past the end of every list.
pub(crate) const NOWHERE: NodeId = NodeId::MAX;

/// A piece of the record's text, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub start: u32,
    pub end: u32,
}

/// What JSON knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    String,
    List,
    Object,
}

/// A value, and its name where it is a member of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    /// The name without its quotes, or an empty span.
    name: Span,
    /// The value as it stands, quotes and brackets included.
    value: Span,
    /// The node behind the subtree.
    after: NodeId,
    pub kind: Kind,
    name_escaped: bool,
    value_escaped: bool,
    /// True for what says nothing: null, `""`, `"-"`, `"none"`, and containers of such.
    blank: bool,
    /// True where the value's own text can stand for it: nothing blank in it, no white space between its tokens.
    tidy: bool,
}

/// The rules that a text has to keep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Deepest nesting of lists and objects.
    pub depth_max: usize,
    /// Whether an object may have two members of one name.
    pub duplicates: bool,
}

/// The nodes of one record after the other.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    nodes: Vec<Node>,
    open: Vec<parse::Frame>,
    has_space: bool,
}

/// A parsed record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tree<'t> {
    text: &'t str,
    nodes: &'t [Node],
    /// A member that was moved elsewhere and is to be seen no more.
    moved: NodeId,
    /// Whether there is white space between its tokens.
    has_space: bool,
}

/// The whole record.
pub(crate) const ROOT: NodeId = 0;

impl Arena {
    /// Parses `text`, which holds one JSON value and nothing else. A text of blanks gives `None`.
    pub(crate) fn parse<'t>(&'t mut self, text: &'t str, rules: Rules) -> Result<Option<Tree<'t>>, Fault> {
        self.nodes.clear();
        self.open.clear();
        if u32::try_from(text.len()).is_err() {
            return Err(Fault { at: 0, reason: FaultReason::TooLong });
        }
        self.has_space = false;
        let Arena { nodes, open, has_space } = self;
        let end = parse::Parser { text, rules, nodes, open, has_space }.value_at_start()?;
        let rest = scan::skip_blank(text.as_bytes(), end);
        if rest < text.len() {
            return Err(scan::unexpected(text.as_bytes(), rest));
        }
        let tree = Tree { text, nodes: &self.nodes, moved: NOWHERE, has_space: self.has_space };
        Ok((!self.nodes.is_empty()).then_some(tree))
    }
}

/// Returns the offset behind the JSON value that a text begins with.
pub(crate) fn value_end(text: &str, depth_max: usize) -> Result<usize, Fault> {
    let (mut nodes, mut open, mut has_space) = (Vec::new(), Vec::new(), false);
    let rules = Rules { depth_max, duplicates: true };
    let parser = parse::Parser { text, rules, nodes: &mut nodes, open: &mut open, has_space: &mut has_space };
    parser.value_at_start()
}

impl<'t> Tree<'t> {
    /// Returns the same record without one of its members.
    pub(crate) fn without(self, moved: NodeId) -> Tree<'t> {
        Tree { moved, ..self }
    }

    /// Returns true if there is no white space between the record's tokens.
    pub(crate) fn is_compact(&self) -> bool {
        !self.has_space
    }

    #[inline]
    fn node(&self, id: NodeId) -> Option<&'t Node> {
        self.nodes.get(id as usize)
    }

    /// Returns the text of a span; spans come from the parser, so there always is one.
    #[inline]
    fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Returns the kind of a node.
    #[inline]
    pub(crate) fn kind(&self, id: NodeId) -> Kind {
        self.node(id).map_or(Kind::Null, |node| node.kind)
    }

    /// Returns the value as it stands in the record.
    #[inline]
    pub(crate) fn raw(&self, id: NodeId) -> &'t str {
        self.node(id).map_or("", |node| self.slice(node.value))
    }

    /// Returns the name as it stands in the record, without its quotes.
    #[inline]
    pub(crate) fn raw_name(&self, id: NodeId) -> &'t str {
        self.node(id).map_or("", |node| self.slice(node.name))
    }

    /// Returns the name.
    pub(crate) fn name(&self, id: NodeId) -> Cow<'t, str> {
        let raw = self.raw_name(id);
        match self.node(id) {
            Some(node) if node.name_escaped => Cow::Owned(scan::unescape(raw)),
            _ => Cow::Borrowed(raw),
        }
    }

    /// Returns the content of a string, and nothing for other values.
    #[inline]
    pub(crate) fn string(&self, id: NodeId) -> Option<Cow<'t, str>> {
        let node = self.node(id)?;
        if node.kind != Kind::String {
            return None;
        }
        let raw = self.slice(node.content());
        Some(if node.value_escaped { Cow::Owned(scan::unescape(raw)) } else { Cow::Borrowed(raw) })
    }

    /// Returns the content of a string as it stands between its quotes, and nothing for other values.
    #[inline]
    pub(crate) fn raw_string(&self, id: NodeId) -> Option<&'t str> {
        let node = self.node(id)?;
        (node.kind == Kind::String).then(|| self.slice(node.content()))
    }

    /// Returns true for a value that a clean-up leaves in the document.
    #[inline]
    pub(crate) fn is_kept(&self, id: NodeId) -> bool {
        match self.node(id) {
            Some(node) if self.moved == NOWHERE => !node.blank,
            Some(node) => id != self.moved && !node.blank && !self.is_emptied(id),
            None => false,
        }
    }

    /// Returns true for a container that held nothing but the moved member.
    fn is_emptied(&self, id: NodeId) -> bool {
        self.holds_moved(id) && !self.children(id).any(|child| self.is_kept(child))
    }

    fn holds_moved(&self, id: NodeId) -> bool {
        self.moved > id && self.node(id).is_some_and(|node| self.moved < node.after)
    }

    /// Returns true where [`Tree::raw`] is the value after a clean-up, on one line.
    #[inline]
    pub(crate) fn is_tidy(&self, id: NodeId) -> bool {
        self.node(id).is_some_and(|node| node.tidy) && !self.holds_moved(id)
    }

    /// Returns the nodes right below a list or an object, blank ones included.
    #[inline]
    pub(crate) fn children(&self, id: NodeId) -> Children<'t> {
        let end = self.node(id).map_or(0, |node| node.after);
        Children { nodes: self.nodes, next: id.saturating_add(1), end }
    }

    /// Finds a member of an object by its name; one that a clean-up drops is not there.
    #[inline]
    pub(crate) fn member(&self, id: NodeId, name: &str) -> Option<NodeId> {
        if self.kind(id) != Kind::Object {
            return None;
        }
        self.children(id).find(|child| self.is_named(*child, name) && self.is_kept(*child))
    }

    #[inline]
    fn is_named(&self, id: NodeId, name: &str) -> bool {
        let Some(node) = self.node(id) else { return false };
        if node.name_escaped {
            return self.name(id) == name;
        }
        (node.name.end - node.name.start) as usize == name.len() && self.slice(node.name) == name
    }

    /// Follows a path of names through objects; whatever else it meets on its way gives nothing.
    pub(crate) fn at(&self, from: NodeId, path: &str) -> Option<NodeId> {
        let (mut id, mut rest) = (from, path);
        loop {
            // The names are too short for the searches of the standard library to be worth it.
            let Some(dot) = rest.bytes().position(|byte| byte == b'.') else { return self.member(id, rest) };
            id = self.member(id, rest.get(..dot)?)?;
            rest = rest.get(dot + 1..)?;
        }
    }

    /// Returns the kept elements of a list; anything else has none.
    pub(crate) fn elements(&self, id: NodeId) -> impl Iterator<Item = NodeId> + use<'t> {
        let tree = *self;
        let children = if self.kind(id) == Kind::List { self.children(id) } else { Children::none() };
        children.filter(move |child| tree.is_kept(*child))
    }
}

impl Node {
    /// The span of a string without its quotes.
    #[inline]
    fn content(&self) -> Span {
        Span { start: self.value.start + 1, end: self.value.end - 1 }
    }
}

/// Steps from sibling to sibling.
#[derive(Debug, Clone)]
pub(crate) struct Children<'t> {
    nodes: &'t [Node],
    next: NodeId,
    end: NodeId,
}

impl Children<'_> {
    fn none() -> Self {
        Children { nodes: &[], next: 0, end: 0 }
    }
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    #[inline]
    fn next(&mut self) -> Option<NodeId> {
        if self.next >= self.end {
            return None;
        }
        let id = self.next;
        self.next = self.nodes.get(id as usize)?.after;
        Some(id)
    }
}

/// Tells whether two of the names are one.
fn has_duplicates<'n>(names: impl Iterator<Item = Cow<'n, str>>) -> bool {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return true;
        }
    }
    false
}
