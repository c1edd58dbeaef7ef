//! Event selectors: what is refused, what a trail records, and laws that hold for any selectors.

mod by_hand;
mod laws;
mod reach;
mod recorded;
mod refused;

use event::batch::EventBatch;
use event::error::Error;
use event::fingerprint::FingerprintKey;
use event::open::{Content, Opener};
use serde_json::{Value, json};
use trail::model::Trail;

/// Makes a trail of all Regions of the account 111122223333, but for what is given.
pub(crate) fn trail(given: &Value) -> Trail {
    let mut document = json!({
        "arn": "arn:aws:cloudtrail:us-east-1:111122223333:trail/t",
        "name": "t",
        "account": "111122223333",
        "home_region": "us-east-1",
        "s3_bucket_name": "logs",
        "include_global_service_events": true,
        "is_multi_region_trail": true,
        "is_organization_trail": false,
        "log_file_validation_enabled": false,
        "recursive_logging": true,
        "logging": {"is_on": true, "stretch": 1, "after_seq": 0},
        "created": 0
    });
    let members = document.as_object_mut().unwrap();
    members.extend(given.as_object().unwrap().clone());
    serde_json::from_value(document).unwrap()
}

/// Opens a record; one that is no event gives an empty batch.
pub(crate) fn open(lines: &str) -> Vec<EventBatch> {
    let mut batches = Vec::new();
    Opener::new(FingerprintKey(7), Default::default())
        .open(Content::Bytes(lines.as_bytes()), &mut |opened| {
            batches.push(opened.events);
            Ok::<(), Error>(())
        })
        .unwrap();
    batches
}

pub(crate) fn testdata(name: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
