//! Objects: the same keys and bytes after each restart, and a bucket that fails.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use flate2::read::GzDecoder;
use futures::TryStreamExt;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error as StoreError, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use sink::{ErrorKind, ObjectsSettings, PartLimits, Payload, Position, RetryLimits, Settings, Sink};
use std::io::Read;

use crate::payloads;
use crate::time::StoppedClock;

fn settings(store: Arc<dyn ObjectStore>) -> ObjectsSettings {
    let part = PartLimits { part_bytes_max: 2_000, part_payloads_max: 30 };
    ObjectsSettings { part, ..ObjectsSettings::new(store, "s3://amzn-s3-demo-bucket", "a/b") }
}

async fn open(settings: ObjectsSettings, from: Option<Position>) -> sink::Result<Sink> {
    Sink::open(Settings::Objects(settings), from, StoppedClock::new()).await
}

/// Returns the keys in their order, and what the objects hold one after the other.
async fn content(store: &dyn ObjectStore) -> (Vec<String>, String) {
    let mut listed: Vec<_> = store.list(None).map_ok(|meta| meta.location).try_collect().await.unwrap();
    listed.sort();
    let mut text = String::new();
    for key in &listed {
        let bytes = store.get(key).await.unwrap().bytes().await.unwrap();
        GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    }
    (listed.iter().map(ToString::to_string).collect(), text)
}

fn expected(payloads: &[Payload]) -> String {
    payloads.iter().map(|payload| format!("{}\n", str::from_utf8(&payload.bytes).unwrap())).collect()
}

#[tokio::test]
async fn objects_are_the_same_however_one_gets_there() {
    let sent = payloads(1_000);
    let whole: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let mut sink = open(settings(Arc::clone(&whole)), None).await.unwrap();
    assert_eq!(sink.send(&sent).await.unwrap().accepted, 1_000);
    sink.flush().await.unwrap();
    let (keys, text) = content(&*whole).await;
    assert_eq!(keys[0], "a/b/events-00000000000000000000.jsonl.gz");
    assert_eq!(sink.position(), Position { offset: Some(sent[999].offset), parts: keys.len() as u64 });
    assert!(keys.len() > 33 && text == expected(&sent));

    let folder = tempfile::tempdir().unwrap();
    let local = object_store::local::LocalFileSystem::new_with_prefix(folder.path()).unwrap();
    let stores: [Arc<dyn ObjectStore>; 2] = [Arc::new(InMemory::new()), Arc::new(local)];
    for store in stores {
        let mut stored = Position::default();
        // Each run dies with a part in its hands; every other one dies before the position is stored.
        for run in 0.. {
            let mut sink = open(settings(Arc::clone(&store)), Some(stored)).await.unwrap();
            let first = sent.partition_point(|payload| stored.offset.is_some_and(|offset| payload.offset <= offset));
            let rest = &sent[first..];
            sink.send(&rest[..rest.len().min(100)]).await.unwrap();
            if rest.len() <= 100 {
                sink.flush().await.unwrap();
                break;
            }
            if run % 2 == 0 {
                stored = sink.position();
            }
        }
        assert!(content(&*store).await == (keys.clone(), text.clone()));
    }
}

#[tokio::test]
async fn nothing_is_overwritten_by_mistake() {
    let cases = [
        ("a/b/events-00000000000000000000.jsonl.gz", true),
        ("a/b/events-7.csv", true),
        ("a/b/other-7.csv", false),
        ("a/b/events-1/c", false),
        ("events-00000000000000000000.jsonl.gz", false),
    ];
    for (key, is_occupied) in cases {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        store.put(&Path::from(key), PutPayload::from_static(b"here")).await.unwrap();
        let opened = open(settings(Arc::clone(&store)), None).await;
        assert_eq!(opened.err().map(|error| error.kind()), is_occupied.then_some(ErrorKind::Occupied), "{key}");
        assert!(open(settings(store), Some(Position::default())).await.is_ok(), "{key}");
    }
    for (prefix, name) in [("a//b", "events"), ("a/../b", "events"), ("a", ""), ("a", "b/c")] {
        let mut settings = settings(Arc::new(InMemory::new()));
        (settings.prefix, settings.name) = (prefix.to_owned(), name.to_owned());
        assert_eq!(open(settings, None).await.unwrap_err().kind(), ErrorKind::Configuration, "{prefix} {name}");
    }
}

/// A bucket whose first puts fail.
#[derive(Debug)]
struct Failing {
    store: InMemory,
    failures: AtomicUsize,
    error: fn() -> StoreError,
    /// Whether the object is there all the same.
    is_done: bool,
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failing")
    }
}

type StoreResult<T> = object_store::Result<T>;

#[async_trait::async_trait]
impl ObjectStore for Failing {
    async fn put_opts(&self, key: &Path, content: PutPayload, options: PutOptions) -> StoreResult<PutResult> {
        let is_failing =
            self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if is_failing && !self.is_done {
            return Err((self.error)());
        }
        let put = self.store.put_opts(key, content, options).await?;
        if is_failing { Err((self.error)()) } else { Ok(put) }
    }

    async fn put_multipart_opts(
        &self,
        key: &Path,
        options: PutMultipartOptions,
    ) -> StoreResult<Box<dyn MultipartUpload>> {
        self.store.put_multipart_opts(key, options).await
    }

    async fn get_opts(&self, key: &Path, options: GetOptions) -> StoreResult<GetResult> {
        self.store.get_opts(key, options).await
    }

    fn delete_stream(&self, keys: BoxStream<'static, StoreResult<Path>>) -> BoxStream<'static, StoreResult<Path>> {
        self.store.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, StoreResult<ObjectMeta>> {
        self.store.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> StoreResult<ListResult> {
        self.store.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> StoreResult<()> {
        self.store.copy_opts(from, to, options).await
    }
}

#[tokio::test]
async fn a_bucket_that_fails_is_asked_again_where_that_may_help() {
    fn unavailable() -> StoreError {
        StoreError::Generic { store: "S3", source: "503 Slow Down".into() }
    }
    fn denied() -> StoreError {
        StoreError::PermissionDenied { path: "a".to_owned(), source: "403".into() }
    }
    fn missing() -> StoreError {
        StoreError::NotFound { path: "a".to_owned(), source: "no such bucket".into() }
    }
    // How often and how a put fails, whether it was done, and what comes of it.
    type Case = (usize, fn() -> StoreError, bool, Option<ErrorKind>);
    let cases: [Case; 5] = [
        (2, unavailable, false, None),
        (2, unavailable, true, None),
        (3, unavailable, false, Some(ErrorKind::Unavailable)),
        (1, denied, false, Some(ErrorKind::PermissionDenied)),
        (1, missing, false, Some(ErrorKind::NotFound)),
    ];
    for (failures, error, is_done, expect) in cases {
        let failing = Failing { store: InMemory::new(), failures: failures.into(), error, is_done };
        let store: Arc<dyn ObjectStore> = Arc::new(failing);
        let retry = RetryLimits { attempts_max: 3, ..RetryLimits::default() };
        let settings = ObjectsSettings { retry, ..settings(Arc::clone(&store)) };
        let mut sink = open(settings, None).await.unwrap();
        let sent = payloads(100);
        let found = sink.send(&sent).await.err();
        assert_eq!(found.as_ref().map(sink::Error::kind), expect, "{failures} {found:?}");
        if let Some(error) = found {
            assert!(error.to_string().contains("s3://amzn-s3-demo-bucket/a/b/events-"), "{error}");
            assert_eq!(sink.position(), Position::default());
            continue;
        }
        sink.flush().await.unwrap();
        assert!(content(&*store).await.1 == expected(&sent));
    }
}
