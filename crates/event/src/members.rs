//! The members of a record that have a column, as a tree the walker steps through.

use crate::fingerprint::{FingerprintKey, Path};
use crate::schema::{self, ALIASES, COLUMNS, Kind};

/// An object of the record that has members with columns: the record itself, `userIdentity`, `tlsDetails`, ...
pub(crate) type NodeId = u8;

/// The record itself.
pub(crate) const ROOT: NodeId = 0;
/// An object without columns.
pub(crate) const UNKNOWN: NodeId = u8::MAX;

/// What a member is to the walker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A value with a column of its own; `alias` where the name is the column's second spelling.
    Column { column: u8, kind: Kind, alias: bool },
    /// An object whose members have columns.
    Node(NodeId),
}

/// A member by name, with the hash of the path to it.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub name: &'static [u8],
    pub target: Target,
    pub path: Path,
}

/// The tree: for each node its members.
#[derive(Debug, Clone)]
pub(crate) struct Members {
    nodes: Vec<Node>,
}

#[derive(Debug, Clone)]
struct Node {
    path: Path,
    members: Vec<Member>,
    /// Position in `members` by [`slot`]; `EMPTY` where there is none. Longer probes go on at the next place.
    slots: Vec<u8>,
}

const EMPTY: u8 = u8::MAX;
const SLOTS: usize = 256;

/// Spreads AWS's member names, which differ in length, first or last letters.
#[inline(always)]
fn slot(name: &[u8]) -> usize {
    let first = name.first().copied().unwrap_or(0);
    let last = name.last().copied().unwrap_or(0);
    let middle = name.get(name.len() / 2).copied().unwrap_or(0);
    (name.len() * 13 + first as usize * 7 + middle as usize * 31 + last as usize * 61) % SLOTS
}

impl Members {
    pub(crate) fn new(key: FingerprintKey) -> Members {
        let mut members = Members { nodes: vec![Node::new(Path::root(key))] };
        for (column, field) in COLUMNS.iter().enumerate() {
            members.add(field.path, column as u8, field.kind, false);
        }
        for (name, column) in ALIASES {
            let column = schema::column_index(column).expect("an alias names a column of the list");
            members.add(std::slice::from_ref(name), column as u8, COLUMNS[column].kind, true);
        }
        members
    }

    fn add(&mut self, path: &[&'static str], column: u8, kind: Kind, alias: bool) {
        let mut node = ROOT as usize;
        for (depth, name) in path.iter().enumerate() {
            let known = self.nodes[node]
                .members
                .iter()
                .find(|member| member.name == name.as_bytes())
                .map(|member| member.target);
            match known {
                Some(Target::Node(next)) => node = next as usize,
                Some(Target::Column { .. }) => unreachable!("a member is either a column or an object with columns"),
                None if depth + 1 == path.len() => {
                    self.nodes[node].insert(name, Target::Column { column, kind, alias });
                }
                None => {
                    let next = self.nodes.len();
                    self.nodes[node].insert(name, Target::Node(next as NodeId));
                    let path = self.nodes[node].path.member(name.as_bytes());
                    self.nodes.push(Node::new(path));
                    node = next;
                }
            }
        }
    }

    /// Finds a member of a node by its name.
    #[inline(always)]
    pub(crate) fn find(&self, node: NodeId, name: &[u8]) -> Option<&Member> {
        let node = self.nodes.get(node as usize)?;
        let mut at = slot(name);
        loop {
            let position = *node.slots.get(at)?;
            if position == EMPTY {
                return None;
            }
            let member = node.members.get(position as usize)?;
            if member.name == name {
                return Some(member);
            }
            at = (at + 1) % SLOTS;
        }
    }
}

impl Node {
    fn new(path: Path) -> Node {
        Node { path, members: Vec::new(), slots: vec![EMPTY; SLOTS] }
    }

    fn insert(&mut self, name: &'static str, target: Target) {
        let mut at = slot(name.as_bytes());
        while self.slots[at] != EMPTY {
            at = (at + 1) % SLOTS;
        }
        self.slots[at] = self.members.len() as u8;
        self.members.push(Member { name: name.as_bytes(), target, path: self.path.member(name.as_bytes()) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_found_by_its_path() {
        let members = Members::new(FingerprintKey(7));
        for (index, column) in COLUMNS.iter().enumerate() {
            let mut node = ROOT;
            for (depth, name) in column.path.iter().enumerate() {
                let member = members.find(node, name.as_bytes()).unwrap_or_else(|| panic!("{name} of {}", column.name));
                match member.target {
                    Target::Node(next) => node = next,
                    Target::Column { column, .. } => {
                        assert_eq!((column as usize, depth + 1), (index, COLUMNS[index].path.len()));
                    }
                }
            }
        }
        assert!(members.find(ROOT, b"eventName2").is_none());
        assert!(members.find(UNKNOWN, b"eventName").is_none());
    }
}
