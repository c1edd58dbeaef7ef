//! One object: what S3 says when it does not take it.

use std::sync::Arc;

use object_store::aws::AmazonS3Builder;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{Attribute, GetOptions, ObjectStore};
use object_store::{ClientOptions, RetryConfig};
use sink::{ErrorKind, Object, Standing, look_up_bucket, put_object};

use crate::answering::Answering;
use crate::server::{Reply, Server};

fn store(url: &str) -> impl ObjectStore {
    AmazonS3Builder::new()
        .with_bucket_name("trail-logs")
        .with_region("eu-west-1")
        .with_endpoint(url)
        .with_access_key_id("AKIAIOSFODNN7EXAMPLE")
        .with_secret_access_key("hunter2")
        .with_client_options(ClientOptions::new().with_allow_http(true))
        .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
        .build()
        .unwrap()
}

fn error(status: u16, code: &str) -> Reply {
    Reply::new(status, format!("<Error><Code>{code}</Code><Message>about {code}</Message></Error>"))
}

#[tokio::test]
async fn an_object_has_its_metadata() {
    let store = InMemory::new();
    let mut object = Object::gzipped_json("a/b.json.gz", &b"bytes"[..]);
    object.metadata = vec![("signature".to_owned(), "00ff".to_owned())];
    put_object(&store, "trail-logs", object.clone()).await.unwrap();
    let found = store.get_opts(&Path::from("a/b.json.gz"), GetOptions::default()).await.unwrap();
    let mut pairs: Vec<_> = found.attributes.iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
    pairs.sort_by_key(|(_, value)| value.clone());
    let expect = [
        (Attribute::Metadata("signature".into()), "00ff"),
        (Attribute::ContentType, "application/json"),
        (Attribute::ContentEncoding, "gzip"),
    ];
    assert_eq!(pairs, expect.map(|(name, value)| (name, value.to_owned())));
    object.key = "a//b".to_owned();
    assert_eq!(put_object(&store, "trail-logs", object).await.unwrap_err().kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn the_code_is_the_one_that_s3_gave() {
    // What is said to a put, the kind of the error, and its code.
    let cases = [
        (error(404, "NoSuchBucket"), ErrorKind::NotFound, Some("NoSuchBucket")),
        (error(403, "AccessDenied"), ErrorKind::PermissionDenied, Some("AccessDenied")),
        (error(403, "InvalidAccessKeyId"), ErrorKind::Credentials, Some("InvalidAccessKeyId")),
        (error(400, "KMS.DisabledException"), ErrorKind::PermissionDenied, Some("KMS.DisabledException")),
        (error(503, "SlowDown"), ErrorKind::Unavailable, Some("SlowDown")),
        (error(400, "EntityTooLarge"), ErrorKind::Unexpected, Some("EntityTooLarge")),
        (Reply::new(404, ""), ErrorKind::NotFound, Some("NoSuchBucket")),
        (Reply::new(403, ""), ErrorKind::PermissionDenied, Some("AccessDenied")),
        (Reply::new(200, "").cut(0), ErrorKind::Unavailable, None),
    ];
    for (reply, kind, code) in cases {
        let shown = format!("{reply:?}");
        let server = Server::start(Answering::by(move |_, _| reply.clone())).await;
        let object = Object::gzipped_json("a.json.gz", &b"bytes"[..]);
        let error = put_object(&store(&server.url), "trail-logs", object).await.unwrap_err();
        let found = error.context().find(|(name, _)| *name == "code").map(|(_, code)| code);
        assert_eq!((error.kind(), found), (kind, code), "{shown}: {error}");
    }
}

#[tokio::test]
async fn buckets_are_looked_up() {
    let listing = "<ListBucketResult><Name>trail-logs</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>";
    let cases = [
        (Reply::new(200, listing), Ok(Standing::Usable)),
        (error(404, "NoSuchBucket"), Ok(Standing::Missing)),
        (error(403, "AccessDenied"), Ok(Standing::Forbidden)),
        (error(403, "SignatureDoesNotMatch"), Err(ErrorKind::Credentials)),
        (error(503, "SlowDown"), Err(ErrorKind::Unavailable)),
    ];
    for (reply, expect) in cases {
        let shown = format!("{reply:?}");
        let handler = Answering::by(move |_, _| reply.clone());
        let server = Server::start(Arc::clone(&handler)).await;
        let found = look_up_bucket(&store(&server.url), "trail-logs", "AWSLogs").await.map_err(|error| error.kind());
        assert_eq!(found, expect, "{shown}");
        assert!(handler.requests()[0].target.contains("AWSLogs"), "{shown}");
    }
}
