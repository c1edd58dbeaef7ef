//! The law of listing: a pruned listing is the full listing, filtered.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt;
use jiff::civil::Date;
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use source::{AwsOptions, Listed, Object, Selection, Source, Uri};

use crate::specimen::{DEEP_ROOT, Specimen, selection, specimens};

const BUCKET: &str = "amzn-s3-demo-bucket";

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

async fn bucket(paths: impl IntoIterator<Item = &str>) -> Arc<InMemory> {
    let store = Arc::new(InMemory::new());
    for path in paths {
        store.put(&Path::parse(path).unwrap(), "{}".into()).await.unwrap();
    }
    store
}

/// Lists the objects; the folders that are left out come second.
async fn objects(source: &Source, selection: &Selection) -> (Vec<Object>, Vec<String>) {
    let (mut objects, mut skipped) = (Vec::new(), Vec::new());
    let mut listing = source.list(selection);
    while let Some(listed) = listing.next().await {
        match listed {
            Listed::Object(object) => objects.push(object),
            Listed::Skipped { uri, .. } => skipped.push(uri),
            Listed::Failed { uri, error } => panic!("{uri}: {error}"),
        }
    }
    (objects, skipped)
}

/// The same cases at every run.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

fn paths(objects: &[Object], root: &str) -> BTreeSet<String> {
    let paths: BTreeSet<_> = objects.iter().map(|object| object.uri.strip_prefix(root).unwrap().to_owned()).collect();
    assert_eq!(paths.len(), objects.len(), "an object is listed twice");
    paths
}

fn expect(specimens: &[Specimen], selection: &Selection) -> BTreeSet<String> {
    let wanted = specimens.iter().filter(|specimen| specimen.is_wanted(selection));
    wanted.map(|specimen| specimen.path.clone()).collect()
}

/// Checks that the files of the layout come in the order of their dates. A bucket's folders far above the layout are not
/// known for what they are.
fn check_order(objects: &[Object]) {
    let near = objects.iter().filter(|object| !object.uri.contains(DEEP_ROOT));
    let dates: Vec<Date> = near.filter_map(|object| Some(object.key.as_ref()?.file.date())).collect();
    assert!(dates.is_sorted(), "{dates:?}");
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn pruning_a_bucket_is_filtering_it(specimens in specimens(60), selection in selection()) {
        block_on(async {
            let store = bucket(specimens.iter().map(|specimen| specimen.path.as_str())).await;
            let source = Source::with_store(store, BUCKET, "");
            let root = format!("s3://{BUCKET}/");
            for selection in [selection, Selection::default()] {
                let (objects, _) = objects(&source, &selection).await;
                assert_eq!(paths(&objects, &root), expect(&specimens, &selection));
                check_order(&objects);
            }
        });
    }
}

proptest! {
    #![proptest_config(cases(6))]

    #[test]
    fn pruning_a_folder_is_filtering_it(specimens in specimens(30), selection in selection()) {
        let folder = tempfile::tempdir().unwrap();
        for specimen in &specimens {
            let path = folder.path().join(&specimen.path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "{}").unwrap();
        }
        block_on(async {
            let uri = Uri::Path(folder.path().to_owned());
            let root = format!("{uri}/");
            let source = Source::open(uri, &AwsOptions::default()).await.unwrap();
            for selection in [selection, Selection::default()] {
                let (objects, _) = objects(&source, &selection).await;
                assert_eq!(paths(&objects, &root), expect(&specimens, &selection));
                check_order(&objects);
            }
        });
    }
}

/// Files of a bucket, in no order.
const FILES: &[&str] = &[
    "AWSLogs/444455556666/CloudTrail/eu-west-1/2024/05/07/444455556666_CloudTrail_eu-west-1_20240507T0005Z_a.json.gz",
    "AWSLogs/111122223333/CloudTrail/us-east-1/2024/05/08/111122223333_CloudTrail_us-east-1_20240508T0005Z_b.json.gz",
    "AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/08/111122223333_CloudTrail_eu-west-1_20240508T1005Z_c.json.gz",
    "AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/08/111122223333_CloudTrail_eu-west-1_20240508T0005Z_d.json.gz",
    "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2024/05/08/\
     111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20240508T000509Z.json.gz",
    "AWSLogs/111122223333/CloudTrail/eu-west-1/2023/12/31/111122223333_CloudTrail_eu-west-1_20231231T2355Z_e.json.gz",
    "AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/08/notes.json",
    "AWSLogs/111122223333/vpcflowlogs/eu-west-1/2024/05/08/f.log.gz",
    "other/g.json",
    "h.json",
];

/// A place to list, what to select, and the files that come, in order, by the end of their names.
const ORDERS: &[(&str, &str, &[&str])] = &[
    (
        "",
        "",
        &[
            "h.json",
            "g.json",
            "e.json.gz",
            "a.json.gz",
            "d.json.gz",
            "c.json.gz",
            "notes.json",
            "09Z.json.gz",
            "b.json.gz",
        ],
    ),
    ("", "444455556666", &["h.json", "g.json", "a.json.gz"]),
    ("other/", "444455556666", &["g.json"]),
    ("AWSLogs/111122223333", "us-east-1", &["b.json.gz"]),
    ("AWSLogs/111122223333", "444455556666", &[]),
    ("AWSLogs/111122223333/CloudTrail/eu-west-1/2024/", "", &["d.json.gz", "c.json.gz", "notes.json"]),
    ("AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05", "", &["d.json.gz", "c.json.gz", "notes.json"]),
    ("AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/08/", "", &["d.json.gz", "c.json.gz", "notes.json"]),
    ("AWSLogs/111122223333/vpcflowlogs", "", &["f.log.gz"]),
];

#[test]
fn the_order_of_a_listing() {
    for (key, select, expect) in ORDERS {
        let selection = Selection {
            accounts: select.parse().into_iter().collect(),
            regions: select.parse().into_iter().collect(),
            ..Selection::default()
        };
        let (objects, skipped) = block_on(async {
            let store = bucket(FILES.iter().copied()).await;
            objects(&Source::with_store(store, BUCKET, key), &selection).await
        });
        let found: Vec<&str> = objects.iter().map(|object| object.uri.as_str()).collect();
        let is_same = found.len() == expect.len() && found.iter().zip(*expect).all(|(uri, end)| uri.ends_with(end));
        assert!(is_same, "`{key}` `{select}`: {found:#?}");
        let other_service = format!("s3://{BUCKET}/AWSLogs/111122223333/vpcflowlogs/");
        let sees_it = "AWSLogs/111122223333".starts_with(key.trim_end_matches('/')) && *select != "444455556666";
        assert_eq!(skipped, if sees_it { vec![other_service] } else { vec![] }, "`{key}` `{select}`");
    }
}

#[test]
fn an_object_says_where_and_what_it_is() {
    let store = block_on(bucket(FILES[..1].iter().copied()));
    let (objects, _) = block_on(objects(&Source::with_store(store, BUCKET, ""), &Selection::default()));
    let object = &objects[0];
    assert_eq!(object.uri, format!("s3://{BUCKET}/{}", FILES[0]));
    assert_eq!(object.key.as_ref().map(ToString::to_string).as_deref(), Some(FILES[0]));
    let etag = object.etag.as_deref().unwrap();
    assert_eq!(object.identity, format!("{}#etag={etag}&bytes=2", object.uri));
}
