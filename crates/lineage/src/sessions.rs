//! The store of edges, in memory: every issuing call known, found by the key, by the session or by the event it shares.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use event::time::EventTime;

use crate::edge::Edge;

/// Most edges held unless the caller says otherwise. An edge takes about 2 KiB with its places in the indexes.
pub const EDGES_MAX: usize = 1 << 20;

/// How long credentials live when their record does not say: 36 hours, the longest that STS gives.
const LIFETIME_MAX: i64 = 36 * 3600 * event::time::SECOND;

/// What became of an edge that was to be inserted.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insertion {
    /// It is new: what was resolved before may change.
    New,
    /// It was known already.
    Known,
    /// The store is full: [`Sessions::refused`] counts.
    Refused,
}

impl Insertion {
    /// Returns true if the edge is new.
    pub fn is_new(self) -> bool {
        self == Insertion::New
    }
}

/// All issuing calls known. The order in which edges come changes no answer, nor does a repeat.
#[derive(Debug, Clone)]
pub struct Sessions {
    edges: HashSet<Arc<Edge>>,
    by_key: HashMap<String, Bucket>,
    by_session: HashMap<(String, EventTime), Bucket>,
    by_shared_event: HashMap<String, Bucket>,
    by_parent_key: HashMap<String, Bucket>,
    edges_max: usize,
    refused: u64,
    generation: u64,
}

/// Edges in their own order, so that answers do not depend on when they came.
type Bucket = BTreeSet<Arc<Edge>>;

impl Sessions {
    /// Makes an empty store that holds at most `edges_max` edges.
    pub fn new(edges_max: usize) -> Sessions {
        Sessions {
            edges: HashSet::new(),
            by_key: HashMap::new(),
            by_session: HashMap::new(),
            by_shared_event: HashMap::new(),
            by_parent_key: HashMap::new(),
            edges_max,
            refused: 0,
            generation: 0,
        }
    }

    /// Takes an edge in.
    pub fn insert(&mut self, edge: Edge) -> Insertion {
        let edge = Arc::new(edge);
        if self.edges.contains(&edge) {
            return Insertion::Known;
        }
        if self.edges.len() >= self.edges_max {
            self.refused += 1;
            return Insertion::Refused;
        }
        if let Some(key) = &edge.child_key {
            self.by_key.entry(key.clone()).or_default().insert(edge.clone());
        }
        if let Some(principal) = edge.child_principal.as_ref().filter(|_| edge.is_session()) {
            self.by_session.entry((principal.clone(), edge.issued)).or_default().insert(edge.clone());
        }
        if let Some(shared) = &edge.shared_event_id {
            self.by_shared_event.entry(shared.clone()).or_default().insert(edge.clone());
        }
        if let Some(key) = &edge.parent.access_key {
            self.by_parent_key.entry(key.clone()).or_default().insert(edge.clone());
        }
        self.edges.insert(edge);
        self.generation += 1;
        Insertion::New
    }

    /// Forgets edges whose credentials ended before `time`, and returns how many. Events that used them resolve no
    /// longer, so `time` lies before the oldest event kept.
    pub fn forget_before(&mut self, time: EventTime) -> usize {
        let ended = |edge: &Arc<Edge>| edge.is_session() && end_of(edge) < time;
        let before = self.edges.len();
        self.edges.retain(|edge| !ended(edge));
        if self.edges.len() == before {
            return 0;
        }
        retain(&mut self.by_key, &ended);
        retain(&mut self.by_session, &ended);
        retain(&mut self.by_shared_event, &ended);
        retain(&mut self.by_parent_key, &ended);
        self.generation += 1;
        before - self.edges.len()
    }

    /// Returns the number of edges held.
    pub fn len(&self) -> usize {
        self.edges.len()
    }

    /// Returns true if no edge is held.
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// Returns how many edges were refused because the store was full.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Returns a number that changes whenever an answer may have changed.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns the edges that lead to a key, sessions and long-term keys alike, in a fixed order.
    pub fn issuers_of(&self, access_key: &str) -> impl Iterator<Item = &Edge> {
        self.by_key.get(access_key).into_iter().flatten().map(Arc::as_ref)
    }

    /// Returns what a key was used to issue, in a fixed order.
    pub fn issued_by(&self, access_key: &str) -> impl Iterator<Item = &Edge> {
        self.by_parent_key.get(access_key).into_iter().flatten().map(Arc::as_ref)
    }

    /// Returns everything that a key was used to issue, directly or through other keys, nearest first: what a late edge
    /// to that key changes.
    pub fn descendants_of(&self, access_key: &str) -> Vec<&Edge> {
        let mut found = Vec::new();
        let mut seen = HashSet::from([access_key]);
        let mut queue = VecDeque::from([access_key]);
        while let Some(key) = queue.pop_front() {
            for edge in self.issued_by(key) {
                found.push(edge);
                if let Some(child) = edge.child_key.as_deref()
                    && seen.insert(child)
                {
                    queue.push_back(child);
                }
            }
        }
        found
    }

    pub(crate) fn by_key(&self, key: &str) -> impl Iterator<Item = &Arc<Edge>> {
        self.by_key.get(key).into_iter().flatten().filter(|edge| edge.is_session())
    }

    pub(crate) fn by_session(&self, principal: &str, began: EventTime) -> impl Iterator<Item = &Arc<Edge>> {
        // A name to look up must be owned: the key is a pair.
        self.by_session.get(&(principal.to_owned(), began)).into_iter().flatten()
    }

    pub(crate) fn by_shared_event(&self, shared: &str) -> impl Iterator<Item = &Arc<Edge>> {
        self.by_shared_event.get(shared).into_iter().flatten()
    }
}

impl Default for Sessions {
    fn default() -> Sessions {
        Sessions::new(EDGES_MAX)
    }
}

fn end_of(edge: &Edge) -> EventTime {
    edge.expires.unwrap_or(EventTime::from_micros(edge.issued.as_micros().saturating_add(LIFETIME_MAX)))
}

fn retain<K: std::hash::Hash + Eq>(index: &mut HashMap<K, Bucket>, ended: &impl Fn(&Arc<Edge>) -> bool) {
    index.retain(|_, bucket| {
        bucket.retain(|edge| !ended(edge));
        !bucket.is_empty()
    });
}
