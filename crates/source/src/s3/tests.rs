//! What a bucket's answers become, good and bad, against a server on the loopback interface.

use std::io::Read;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use object_store::client::{HttpError, HttpErrorKind};
use object_store::memory::InMemory;
use object_store::{BackoffConfig, RetryConfig};

use super::store::{Connection, build, build_for_owner};
use super::*;
use crate::selection::Selection;
use crate::source::Source;

mod server;

use server::{Reply, Server};

const BUCKET: &str = "amzn-s3-demo-bucket";
const ETAG: &str = "\"0123456789abcdef\"";
const LIST: &str = "GET /amzn-s3-demo-bucket?delimiter=%2F&list-type=2&prefix=p%2F";
const GET: &str = "GET /amzn-s3-demo-bucket/p/a.json";

/// Opens `s3://amzn-s3-demo-bucket/key` at an endpoint; a refused request is repeated twice, at once.
fn open(endpoint: &str, key: &str) -> Source {
    let credentials = aws_credential_types::Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret", None, None, "test");
    open_as(endpoint, key, SharedCredentialsProvider::new(credentials))
}

fn open_as(endpoint: &str, key: &str, credentials: SharedCredentialsProvider) -> Source {
    let millisecond = Duration::from_millis(1);
    let backoff = BackoffConfig { init_backoff: millisecond, max_backoff: 2 * millisecond, base: 2. };
    let retry = RetryConfig { backoff, max_retries: 2, retry_timeout: Duration::from_secs(60) };
    let (region, endpoint) = ("eu-west-1".to_owned(), Some(endpoint.to_owned()));
    let request_timeout = Duration::from_secs(60);
    let connection =
        Connection { bucket: BUCKET, region, endpoint, credentials, retry, request_timeout, sse_kms_key_id: None };
    let store = build(connection).unwrap();
    Source::with_store(store, BUCKET, key)
}

async fn list(source: &Source) -> Vec<Listed> {
    source.list(&Selection::default()).collect().await
}

/// Prints a listing: one line an outcome.
async fn listing(source: &Source) -> Vec<String> {
    let line = |listed| match listed {
        Listed::Object(object) => format!("{} {}", object.uri, object.bytes),
        Listed::Skipped { uri, .. } => format!("skipped {uri}"),
        Listed::Failed { uri, error } if error.kind() == ErrorKind::Unexpected => format!("failed {uri}: {error}"),
        Listed::Failed { uri, error } => format!("failed {uri} {:?}", error.kind()),
    };
    list(source).await.into_iter().map(line).collect()
}

fn page(keys: &[(&str, u64)], folders: &[&str], next: Option<&str>) -> Reply {
    let contents = keys.iter().map(|(key, bytes)| {
        format!(
            "<Contents><Key>{key}</Key><LastModified>2024-05-07T13:05:10.000Z</LastModified><ETag>{ETAG}</ETag>\
             <Size>{bytes}</Size></Contents>"
        )
    });
    let folders = folders.iter().map(|folder| format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"));
    let next = next.map(|token| format!("<NextContinuationToken>{token}</NextContinuationToken>"));
    let body: String = contents.chain(folders).chain(next).collect();
    Reply::new(200, format!("<ListBucketResult>{body}</ListBucketResult>"))
}

fn object(key: &str, bytes: u64) -> Object {
    let meta = ObjectMeta {
        location: Path::parse(key).unwrap(),
        last_modified: Default::default(),
        size: bytes,
        e_tag: Some(ETAG.to_owned()),
        version: None,
    };
    let bucket = Bucket::new(Arc::new(InMemory::new()), BUCKET, "");
    let Listed::Object(object) = bucket.listed(meta) else { panic!("`{key}` is not listed as an object") };
    object
}

#[tokio::test]
async fn pages_of_a_listing_are_put_together() {
    let next = "GET /amzn-s3-demo-bucket?continuation-token=2nd&delimiter=%2F&list-type=2&prefix=p%2F";
    let below = "GET /amzn-s3-demo-bucket?delimiter=%2F&list-type=2&prefix=p%2Fx%2F";
    let server = Server::start(vec![
        (LIST, vec![page(&[("p/", 0), ("p/a b+c.json", 5)], &["p/x/"], Some("2nd"))]),
        (next, vec![page(&[("p/z.json.gz", 7)], &[], None)]),
        (below, vec![page(&[("p/x/y.json", 3)], &[], None)]),
    ])
    .await;
    let expect = [
        "skipped s3://amzn-s3-demo-bucket/p",
        "s3://amzn-s3-demo-bucket/p/a b+c.json 5",
        "s3://amzn-s3-demo-bucket/p/z.json.gz 7",
        "s3://amzn-s3-demo-bucket/p/x/y.json 3",
    ];
    assert_eq!(listing(&open(&server.endpoint, "p/")).await, expect);
    assert!(server.heads().iter().all(|head| head.contains("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/")));
}

#[tokio::test]
async fn a_listing_says_what_stopped_it() {
    let good = || page(&[("p/a.json", 5)], &[], None);
    let object = "s3://amzn-s3-demo-bucket/p/a.json 5";
    let cases = [
        ("refused once", vec![Reply::error(503, "SlowDown"), good()], object),
        ("broken off once", vec![good().cut(40), good()], object),
        ("broken off always", vec![good().cut(40)], "failed s3://amzn-s3-demo-bucket/p Interrupted"),
        ("busy", vec![Reply::error(503, "SlowDown")], "failed s3://amzn-s3-demo-bucket/p Unavailable"),
        ("denied", vec![Reply::error(403, "AccessDenied")], "failed s3://amzn-s3-demo-bucket/p PermissionDenied"),
        ("no bucket", vec![Reply::error(404, "NoSuchBucket")], "failed s3://amzn-s3-demo-bucket/p NotFound"),
        ("expired", vec![Reply::error(400, "ExpiredToken")], "failed s3://amzn-s3-demo-bucket/p Credentials"),
        ("elsewhere", vec![Reply::new(301, "")], "failed s3://amzn-s3-demo-bucket/p Configuration"),
        ("empty", vec![page(&[], &[], None)], "failed s3://amzn-s3-demo-bucket/p/ NotFound"),
    ];
    for (name, replies, expect) in cases {
        let server = Server::start(vec![(LIST, replies)]).await;
        assert_eq!(listing(&open(&server.endpoint, "p/")).await, [expect], "{name}");
    }
}

#[tokio::test]
async fn a_broken_listing_goes_on_after_the_last_object() {
    let day = "AWSLogs/111122223333/CloudTrail/eu-west-1/2024/05/07";
    let name = |unique: &str| format!("{day}/111122223333_CloudTrail_eu-west-1_20240507T0005Z_{unique}.json.gz");
    let (a, b) = (name("a"), name("b"));
    let encoded = |text: &str| text.replace('/', "%2F");
    let prefix = format!("prefix={}%2F", encoded(day));
    let first = format!("GET /amzn-s3-demo-bucket?list-type=2&{prefix}");
    let second = format!("GET /amzn-s3-demo-bucket?continuation-token=2nd&list-type=2&{prefix}");
    let again = format!("GET /amzn-s3-demo-bucket?list-type=2&{prefix}&start-after={}", encoded(&a));
    let last_page = || page(&[(&b, 2)], &[], None);
    let server = Server::start(vec![
        (&first, vec![page(&[(&a, 1)], &[], Some("2nd"))]),
        (&second, vec![last_page().cut(100)]),
        (&again, vec![last_page()]),
    ])
    .await;
    let expect = [format!("s3://{BUCKET}/{a} 1"), format!("s3://{BUCKET}/{b} 2")];
    assert_eq!(listing(&open(&server.endpoint, day)).await, expect);
}

#[tokio::test]
async fn keys_that_cannot_be_asked_for_are_reported() {
    let root = "GET /amzn-s3-demo-bucket?delimiter=%2F&list-type=2";
    let cases = [
        // A folder without a name looks like the one it lies in.
        (vec!["/", "x/"], vec!["skipped s3://amzn-s3-demo-bucket//", "s3://amzn-s3-demo-bucket/x/y.json 3"]),
        (vec!["x//"], vec!["failed s3://amzn-s3-demo-bucket/: cannot list `s3://amzn-s3-demo-bucket/`: a key in it"]),
    ];
    for (folders, expect) in cases {
        let below = "GET /amzn-s3-demo-bucket?delimiter=%2F&list-type=2&prefix=x%2F";
        let server = Server::start(vec![
            (root, vec![page(&[], &folders, None)]),
            (below, vec![page(&[("x/y.json", 3)], &[], None)]),
        ])
        .await;
        let found = listing(&open(&server.endpoint, "")).await;
        let is_same =
            found.len() == expect.len() && found.iter().zip(&expect).all(|(line, begin)| line.starts_with(begin));
        assert!(is_same, "{folders:?}: {found:?}");
    }
}

#[tokio::test]
async fn a_key_by_itself_is_an_object() {
    let head = "HEAD /amzn-s3-demo-bucket/p/a";
    let list = "GET /amzn-s3-demo-bucket?delimiter=%2F&list-type=2&prefix=p%2Fa%2F";
    let list_json = "GET /amzn-s3-demo-bucket?delimiter=%2F&list-type=2&prefix=p%2Fa.json%2F";
    let found = || Reply::object(b"12345", ETAG);
    let missing = || vec![Reply::new(404, "")];
    let empty = || vec![page(&[], &[], None)];
    let cases = [
        ("p/a", vec![(list, empty()), (head, vec![found()])], "s3://amzn-s3-demo-bucket/p/a 5"),
        ("p/a", vec![(list, empty()), (head, missing())], "failed s3://amzn-s3-demo-bucket/p/a NotFound"),
        ("p/a", vec![(list, vec![page(&[("p/a/b", 1)], &[], None)])], "s3://amzn-s3-demo-bucket/p/a/b 1"),
        // Whoever may read one object but not list the bucket can still name it.
        (
            "p/a.json",
            vec![
                ("HEAD /amzn-s3-demo-bucket/p/a.json", vec![found()]),
                (list_json, vec![Reply::error(403, "AccessDenied")]),
            ],
            "s3://amzn-s3-demo-bucket/p/a.json 5",
        ),
    ];
    for (key, replies, expect) in cases {
        let server = Server::start(replies).await;
        assert_eq!(listing(&open(&server.endpoint, key)).await, [expect], "{key}");
    }
}

#[tokio::test]
async fn an_object_is_read_or_the_reason_is_given() {
    let good = || Reply::object(b"0123456789", ETAG);
    let rest = Reply { status: 206, ..Reply::object(b"456789", ETAG) }.header("Content-Range", "bytes 4-9/10");
    let other = "\"another\"";
    type Case = (&'static str, Vec<Reply>, Option<(ErrorKind, bool, &'static str)>);
    let cases: Vec<Case> = vec![
        ("at once", vec![good()], None),
        ("refused once", vec![Reply::error(503, "SlowDown"), good()], None),
        ("broken off once", vec![good().cut(4), rest.clone()], None),
        ("busy", vec![Reply::error(503, "SlowDown")], Some((ErrorKind::Unavailable, true, "try again later"))),
        ("broken off always", vec![good().cut(4), rest.cut(0)], Some((ErrorKind::Interrupted, true, "later"))),
        (
            "denied",
            vec![Reply::error(403, "AccessDenied")],
            Some((ErrorKind::PermissionDenied, false, "`s3:GetObject`")),
        ),
        ("gone", vec![Reply::error(404, "NoSuchKey")], Some((ErrorKind::NotFound, false, "NoSuchKey"))),
        ("replaced", vec![Reply::error(412, "PreconditionFailed")], Some((ErrorKind::Changed, false, "list it again"))),
        ("replaced, unseen", vec![Reply::object(b"9876543210", other)], Some((ErrorKind::Changed, false, "list it"))),
        ("grown, unseen", vec![Reply::object(b"0123456789a", ETAG)], Some((ErrorKind::Changed, false, "list it"))),
        ("archived", vec![Reply::error(403, "InvalidObjectState")], Some((ErrorKind::Archived, false, "restore"))),
        ("bad key", vec![Reply::error(403, "InvalidAccessKeyId")], Some((ErrorKind::Credentials, false, "--profile"))),
        ("odd", vec![Reply::error(418, "Teapot")], Some((ErrorKind::Unexpected, false, "about Teapot"))),
    ];
    for (name, replies, expect) in cases {
        let server = Server::start(vec![(GET, replies)]).await;
        let read = open(&server.endpoint, "p/").read(&object("p/a.json", 10)).await;
        match (read, expect) {
            (Ok(chunk), None) => {
                let Body::Whole(bytes) = chunk.body else { panic!("{name}: not whole") };
                assert_eq!(bytes, "0123456789", "{name}");
            }
            (Err(error), Some((kind, is_retryable, text))) => {
                assert_eq!((error.kind(), error.is_retryable()), (kind, is_retryable), "{name}: {error}");
                let shown = error.to_string();
                assert!(shown.contains("`s3://amzn-s3-demo-bucket/p/a.json`"), "{name}: {shown}");
                assert!(shown.contains(text), "{name}: {shown}");
                let named = ("key", "p/a.json");
                assert!(error.context().any(|pair| pair == named), "{name}: {shown}");
            }
            (read, _) => panic!("{name}: {read:?}"),
        }
        assert!(server.heads()[0].to_lowercase().contains(&format!("if-match: {ETAG}")), "{name}");
    }
}

#[tokio::test]
async fn a_closed_door_is_worth_another_try() {
    let server = Server::start(vec![]).await;
    let endpoint = server.endpoint.clone();
    drop(server);
    let error = open(&endpoint, "p/").read(&object("p/a.json", 10)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true), "{error}");
}

/// A client waits for a minute before it gives a request up; what it then says is made here at once.
#[test]
fn what_happens_on_the_way_is_told_apart() {
    use HttpErrorKind::{Connect, Decode, Interrupted, Request, Timeout};
    let cases = [
        (Timeout, ErrorKind::Timeout, "no answer came in time"),
        (Connect, ErrorKind::Unavailable, "S3 cannot be reached"),
        (Request, ErrorKind::Interrupted, "the answer broke off"),
        (Interrupted, ErrorKind::Interrupted, "the answer broke off"),
        (Decode, ErrorKind::Interrupted, "the answer broke off"),
    ];
    for action in [Action::List, Action::Get, Action::Head] {
        for (happened, kind, text) in &cases {
            let cause = HttpError::new(*happened, std::io::Error::other("the cause"));
            let source = object_store::Error::Generic { store: "S3", source: Box::new(cause) };
            let error = fault(action, BUCKET, "p/a.json", source);
            assert_eq!((error.kind(), error.is_retryable()), (*kind, true), "{action:?} {happened:?}");
            let shown = error.to_string();
            let parts = ["`s3://amzn-s3-demo-bucket/p/a.json`", text, "try again later"];
            assert!(parts.iter().all(|part| shown.contains(part)), "{action:?} {happened:?}: {shown}");
        }
    }
}

#[tokio::test]
async fn without_credentials_nothing_is_asked() {
    let server = Server::start(vec![(GET, vec![Reply::object(b"0123456789", ETAG)])]).await;
    #[derive(Debug)]
    struct Nobody;
    impl aws_credential_types::provider::ProvideCredentials for Nobody {
        fn provide_credentials<'a>(&'a self) -> aws_credential_types::provider::future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            use aws_credential_types::provider::{error::CredentialsError, future::ProvideCredentials};
            ProvideCredentials::ready(Err(CredentialsError::not_loaded("nobody")))
        }
    }
    let source = open_as(&server.endpoint, "p/", SharedCredentialsProvider::new(Nobody));
    let error = source.read(&object("p/a.json", 10)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
    assert!(error.to_string().contains("`AWS_PROFILE`"), "{error}");
    assert_eq!(server.heads(), Vec::<String>::new());
}

/// Puts an object into a store in memory and lists it there.
async fn in_memory(bytes: usize) -> (Source, Arc<InMemory>, Object, Vec<u8>) {
    let store = Arc::new(InMemory::new());
    // A prime number of bytes, so that no two ranges begin alike.
    let mut content: Vec<u8> = (0..=250).collect::<Vec<u8>>().repeat(bytes / 251 + 1);
    content.truncate(bytes);
    store.put(&Path::from("big.json"), content.clone().into()).await.unwrap();
    let source = Source::with_store(store.clone(), BUCKET, "");
    let Some(Listed::Object(object)) = list(&source).await.pop() else { panic!("nothing listed") };
    (source, store, object, content)
}

#[tokio::test]
async fn objects_of_any_size_come_complete() {
    let range = usize::try_from(ranges::RANGE_BYTES).unwrap();
    let whole = usize::try_from(WHOLE_BYTES_MAX).unwrap();
    for (bytes, is_whole) in [(1, true), (range, true), (range + 1, true), (whole, true), (whole + 1, false)] {
        let (source, _, object, content) = in_memory(bytes).await;
        let chunk = source.read(&object).await.unwrap();
        assert_eq!(matches!(chunk.body, Body::Whole(_)), is_whole, "{bytes}");
        let found = match chunk.body {
            Body::Whole(found) => found.to_vec(),
            Body::Stream(mut stream) => tokio::task::spawn_blocking(move || {
                let mut found = Vec::new();
                stream.read_to_end(&mut found).map(|_| found)
            })
            .await
            .unwrap()
            .unwrap(),
        };
        // Not `assert_eq`, which would print megabytes.
        assert!(found == content, "{bytes}");
    }
}

#[tokio::test]
async fn a_large_object_that_was_replaced_is_not_mixed() {
    let bytes = usize::try_from(WHOLE_BYTES_MAX).unwrap() + 1;
    let (source, store, object, _) = in_memory(bytes).await;
    store.put(&Path::from("big.json"), vec![b'x'; bytes].into()).await.unwrap();
    let Body::Stream(mut stream) = source.read(&object).await.unwrap().body else { panic!("not a stream") };
    let errors = tokio::task::spawn_blocking(move || {
        let mut read = || stream.read(&mut [0; 10]).unwrap_err();
        (read(), read())
    });
    let (first, second) = errors.await.unwrap();
    let error = first.get_ref().and_then(|error| error.downcast_ref::<Error>()).unwrap();
    assert_eq!(error.kind(), ErrorKind::Changed);
    assert!(second.to_string().contains("could not be read to its end"));
}

#[tokio::test]
async fn what_is_put_for_the_owner_says_so_and_is_signed() {
    let put = "PUT /amzn-s3-demo-bucket/a.gz";
    let server = Server::start(vec![(put, vec![Reply::object(b"", ETAG)])]).await;
    let credentials = aws_credential_types::Credentials::new(
        "AKIAIOSFODNN7EXAMPLE",
        "secret",
        Some("token".to_owned()),
        None,
        "test",
    );
    let store = build_for_owner(Connection {
        bucket: BUCKET,
        region: "eu-west-1".to_owned(),
        endpoint: Some(server.endpoint.clone()),
        credentials: SharedCredentialsProvider::new(credentials),
        retry: RetryConfig { max_retries: 0, ..RetryConfig::default() },
        request_timeout: Duration::from_secs(60),
        sse_kms_key_id: Some("arn:aws:kms:eu-west-1:111122223333:key/k".to_owned()),
    });
    store.unwrap().put(&Path::from("a.gz"), "bytes".into()).await.unwrap();
    let [head] = &server.heads()[..] else { panic!("one request") };
    let header = |name: &str| {
        let mut found = head.lines().filter_map(|line| line.split_once(": ")).filter(|(found, _)| *found == name);
        let value = found.next().unwrap().1.to_owned();
        assert!(found.next().is_none(), "{name} stands once");
        value
    };
    assert_eq!(header("x-amz-acl"), "bucket-owner-full-control");
    assert!(header("user-agent").starts_with("trailkeep/"), "trails know their own deliveries by it");
    assert_eq!(header("x-amz-server-side-encryption-aws-kms-key-id"), "arn:aws:kms:eu-west-1:111122223333:key/k");
    // `printf bytes | sha256sum`
    let hash = "277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9";
    assert_eq!(header("x-amz-content-sha256"), hash);
    let authorization = header("authorization");
    let signed = authorization.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
    let signed: Vec<&str> = signed.split(';').collect();
    for name in head.lines().skip(1).filter_map(|line| line.split_once(": ")).map(|(name, _)| name) {
        assert!(!name.starts_with("x-amz-") || signed.contains(&name), "{name} is signed");
    }
    assert!(signed.contains(&"x-amz-acl") && signed.contains(&"x-amz-security-token"));
}

#[test]
fn endpoints() {
    let cases = [
        (None, "eu-west-1", true),
        (None, "cn-north-1", true),
        (Some("http://127.0.0.1:9000/"), "us-east-1", true),
        (Some("https://minio.example.com"), "us-east-1", true),
        (Some("minio.example.com:9000"), "us-east-1", false),
        (Some("ftp://minio.example.com"), "us-east-1", false),
    ];
    for (endpoint, region, good) in cases {
        let credentials = aws_credential_types::Credentials::new("AKIAIOSFODNN7EXAMPLE", "secret", None, None, "test");
        let built = build(Connection {
            bucket: BUCKET,
            region: region.to_owned(),
            endpoint: endpoint.map(str::to_owned),
            credentials: SharedCredentialsProvider::new(credentials),
            retry: RetryConfig::default(),
            request_timeout: Duration::from_secs(60),
            sse_kms_key_id: None,
        });
        assert_eq!(
            built.map(|_| ()).map_err(|error| error.kind()),
            if good { Ok(()) } else { Err(ErrorKind::Configuration) }
        );
    }
}
