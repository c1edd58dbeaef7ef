//! Records read the two ways in which events reach this crate.

use event::fingerprint::FingerprintKey;
use event::open::{Content, Opener};
use lineage::columns::Columns;
use lineage::credential::{Credential, Use};
use lineage::edge::{self, Edge};
use lineage::record::{JsonRecord, Member, Record};

/// What this crate reads of an event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read {
    pub event_id: String,
    pub used: Credential<String>,
    pub edge: Option<Edge>,
}

impl Read {
    fn of(record: &impl Record) -> Read {
        Read {
            event_id: record.text(Member::EventId).unwrap_or_default().to_owned(),
            used: Use::of(record).to_owned(),
            edge: edge::edge_of(record),
        }
    }
}

/// Reads records one by one, from their text.
pub(crate) fn as_json(records: &[String]) -> Vec<Read> {
    records.iter().map(|record| Read::of(&JsonRecord::parse(record).unwrap())).collect()
}

/// Reads records as columns; `None` if some of them are no events.
pub(crate) fn as_columns(records: &[String]) -> Option<Vec<Read>> {
    let mut read = Vec::new();
    let content = records.join("\n");
    let mut opener = Opener::new(FingerprintKey(1), Default::default());
    let summary = opener.open(Content::Bytes(content.as_bytes()), &mut |opened| {
        let columns = Columns::new(&opened.events.columns).unwrap();
        read.extend(columns.rows().map(|row| Read::of(&row)));
        let edges = edge::edges(&opened.events).unwrap();
        assert_eq!(edges, columns.rows().filter_map(|row| edge::edge_of(&row)).collect::<Vec<_>>());
        Ok::<(), event::error::Error>(())
    });
    (summary.unwrap().rejects == 0).then_some(read)
}
