//! What holds of any edges in any order.

use std::sync::{Arc, LazyLock};

use event::time::EventTime;
use lineage::credential::{Credential, Use};
use lineage::edge::{self, Edge};
use lineage::origin::Origin;
use lineage::origins::Origins;
use lineage::record::JsonRecord;
use lineage::sessions::{EDGES_MAX, Insertion, Sessions};
use lineage::table;
use proptest::prelude::*;

use crate::{chains, opened};

/// Edges and uses of all cases together: they share keys, names and seconds, so that they contradict each other.
static POOL: LazyLock<(Vec<Edge>, Vec<Credential<String>>)> = LazyLock::new(|| {
    let (mut edges, mut uses) = (Vec::new(), Vec::new());
    for (_, records) in chains::all() {
        for read in opened::as_json(&records) {
            edges.extend(read.edge);
            uses.push(read.used);
        }
    }
    (edges, uses)
});

fn store(edges: &[Edge]) -> Sessions {
    let mut sessions = Sessions::new(EDGES_MAX);
    for edge in edges {
        assert_ne!(sessions.insert(edge.clone()), Insertion::Refused);
    }
    sessions
}

fn resolve_all(sessions: &Sessions) -> Vec<Option<Origin>> {
    POOL.1.iter().map(|used| sessions.resolve(&used.as_use())).collect()
}

/// Some edges of the pool, shuffled, and the same with repeats in another order.
fn two_orders() -> impl Strategy<Value = (Vec<Edge>, Vec<Edge>)> {
    let count = POOL.0.len();
    proptest::collection::vec(0..count, 0..=count).prop_flat_map(|picked| {
        let edges: Vec<Edge> = picked.iter().filter_map(|at| POOL.0.get(*at).cloned()).collect();
        (Just(edges.clone()).prop_shuffle(), Just([edges.clone(), edges].concat()).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn order_and_repeats_change_nothing((edges, again) in two_orders()) {
        let (one, other) = (store(&edges), store(&again));
        prop_assert_eq!(one.len(), other.len());
        prop_assert_eq!(resolve_all(&one), resolve_all(&other));
    }

    #[test]
    fn remembered_origins_are_those_resolved((edges, _) in two_orders(), late in 0..POOL.0.len()) {
        let mut sessions = store(&edges);
        let mut origins = Origins::default();
        for round in 0..3 {
            if round == 2 {
                sessions.insert(POOL.0[late].clone()).is_new();
            }
            let remembered: Vec<Option<Origin>> =
                POOL.1.iter().map(|used| origins.of(&sessions, &used.as_use()).map(Arc::unwrap_or_clone)).collect();
            prop_assert_eq!(remembered, resolve_all(&sessions));
        }
    }

    #[test]
    fn a_table_gives_edges_back((edges, _) in two_orders()) {
        prop_assert_eq!(table::from_batch(&table::to_batch(edges.clone())).unwrap(), edges);
    }
}

/// A record of a case with some bytes replaced by others that JSON and AWS's names are made of, or cut off.
fn damaged() -> impl Strategy<Value = String> {
    let records: Vec<String> = chains::all().into_iter().flat_map(|(_, records)| records).collect();
    let bytes = b"{}[]\":,.0aAZ*:\\\n".as_slice();
    let changes = proptest::collection::vec((any::<proptest::sample::Index>(), proptest::sample::select(bytes)), 0..6);
    (proptest::sample::select(records), changes, any::<proptest::sample::Index>(), any::<bool>()).prop_map(
        |(record, changes, cut, cuts)| {
            let mut record = record.into_bytes();
            for (at, byte) in changes {
                let at = at.index(record.len());
                record[at] = byte;
            }
            if cuts {
                record.truncate(cut.index(record.len()));
            }
            String::from_utf8_lossy(&record).into_owned()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_records_harm_nothing(records in proptest::collection::vec(damaged(), 1..8)) {
        let mut sessions = store(&POOL.0);
        let read: Vec<JsonRecord> = records.iter().filter_map(|record| JsonRecord::parse(record).ok()).collect();
        for edge in read.iter().filter_map(edge::edge_of) {
            let _known = sessions.insert(edge).is_new();
        }
        for record in &read {
            sessions.resolve(&Use::of(record));
        }
        for used in &POOL.1 {
            sessions.resolve(&used.as_use());
        }
    }
}

#[test]
fn a_late_edge_corrects_what_was_resolved() {
    let (_, records) = chains::all().into_iter().find(|(name, _)| name == "three-accounts").unwrap();
    let read = opened::as_json(&records);
    let used = read.last().unwrap().used.as_use();
    let mut edges: Vec<Edge> = read.iter().filter_map(|read| read.edge.clone()).collect();
    // The first call of the chain comes last.
    let late = edges.remove(0);
    let late_key = late.child_key.clone().unwrap();
    let mut sessions = store(&edges);
    let mut origins = Origins::default();
    let seen =
        |origin: Option<Arc<Origin>>| origin.map(|origin| (origin.status.as_str(), origin.depth, origin.arn.clone()));
    let start = "arn:aws:sts::111122223333:assumed-role/Start/alice".to_owned();
    assert_eq!(seen(origins.of(&sessions, &used)), Some(("start-missing", 2, start)));

    assert_eq!(sessions.insert(late.clone()), Insertion::New);
    assert_eq!(sessions.insert(late), Insertion::Known);
    let alice = "arn:aws:iam::111122223333:user/alice".to_owned();
    assert_eq!(seen(origins.of(&sessions, &used)), Some(("complete", 3, alice)));
    let changed: Vec<_> =
        sessions.descendants_of(&late_key).into_iter().filter_map(|edge| edge.child_key.clone()).collect();
    assert_eq!(changed, ["ASIAEXAMPLE0000000002", "ASIAEXAMPLE0000000003"]);
}

#[test]
fn chains_end_at_the_limit() {
    let (_, records) = chains::all().into_iter().find(|(name, _)| name == "role-session").unwrap();
    let first = opened::as_json(&records).remove(0).edge.unwrap();
    let role = |at: usize| Credential {
        identity_type: Some("AssumedRole".to_owned()),
        arn: Some(format!("arn:aws:sts::111122223333:assumed-role/Deploy/{at}")),
        access_key: Some(format!("ASIAEXAMPLE{at:09}")),
        ..Credential::default()
    };
    let link = |at: usize| Edge { child_key: role(at).access_key, parent: role(at + 1), ..first.clone() };
    for (length, expect) in [(15, ("start-missing", 15)), (16, ("start-missing", 16)), (40, ("start-missing", 16))] {
        let sessions = store(&(0..length).map(link).collect::<Vec<_>>());
        let origin = sessions.resolve(&role(0).as_use()).unwrap();
        assert_eq!((origin.status.as_str(), origin.depth), expect, "{length}");
        assert_eq!(Some(origin.arn), role(expect.1 as usize).arn);
    }
}

#[test]
fn a_thicket_of_ambiguity_ends() {
    let (_, records) = chains::all().into_iter().find(|(name, _)| name == "role-session").unwrap();
    let first = opened::as_json(&records).remove(0).edge.unwrap();
    let key = |level: usize| format!("ASIAEXAMPLE{level:09}");
    let mut edges = Vec::new();
    for level in 0..16 {
        for rival in 0..24 {
            let mut edge = Edge { child_key: Some(key(level)), ..first.clone() };
            edge.issued = EventTime::from_micros(edge.issued.as_micros() + rival * 1_000_000);
            edge.parent.identity_type = Some("AssumedRole".to_owned());
            edge.parent.access_key = Some(key(level + 1));
            edges.push(edge);
        }
    }
    let used = Credential {
        access_key: Some(key(0)),
        arn: Some("arn:aws:sts::111122223333:assumed-role/Deploy/x".to_owned()),
        ..Credential::default()
    };
    let origin = store(&edges).resolve(&used.as_use()).unwrap();
    assert_eq!((origin.status.as_str(), origin.arn), ("ambiguous", used.arn.unwrap()));
}

#[test]
fn limits_and_forgetting_are_seen() {
    let (_, records) = chains::all().into_iter().find(|(name, _)| name == "three-accounts").unwrap();
    let read = opened::as_json(&records);
    let used = read.last().unwrap().used.as_use();
    let edges: Vec<Edge> = read.iter().filter_map(|read| read.edge.clone()).collect();
    let mut sessions = Sessions::new(2);
    let inserted: Vec<Insertion> = edges.iter().map(|edge| sessions.insert(edge.clone())).collect();
    assert_eq!(inserted, [Insertion::New, Insertion::New, Insertion::Refused]);
    assert_eq!((sessions.len(), sessions.refused()), (2, 1));

    let mut sessions = store(&edges);
    let before = sessions.generation();
    assert_eq!(sessions.forget_before(EventTime::parse("2026-03-01T09:59:59Z").unwrap()), 0);
    assert_eq!(sessions.generation(), before);
    assert_eq!(sessions.forget_before(EventTime::parse("2026-03-01T10:00:01Z").unwrap()), 3);
    assert!(sessions.is_empty() && sessions.generation() > before);
    assert_eq!(sessions.resolve(&used).map(|origin| origin.status.as_str()), Some("start-missing"));
}
