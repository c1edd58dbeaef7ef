//! One object at a time: its bytes, its metadata, and S3's own word for what went wrong.

use bytes::Bytes;
use futures::StreamExt;
use object_store::path::Path;
use object_store::{Attribute, Attributes, Error as StoreError, ObjectStore, PutOptions, PutPayload};

use crate::aws::Standing;
use crate::error::{Error, ErrorKind, Result};
use crate::payload::shortened;

/// An object that is to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// User metadata, without `x-amz-meta-`.
    pub metadata: Vec<(String, String)>,
}

impl Object {
    /// Returns a gzipped file of JSON, as CloudTrail puts it.
    pub fn gzipped_json(key: impl Into<String>, bytes: impl Into<Bytes>) -> Object {
        Object {
            key: key.into(),
            bytes: bytes.into(),
            content_type: Some("application/json".to_owned()),
            content_encoding: Some("gzip".to_owned()),
            metadata: Vec::new(),
        }
    }
}

/// Puts an object into a bucket. One of the same key is replaced.
///
/// # Errors
/// If it was not put. The error's context has S3's own `code`, such as `NoSuchBucket` or `AccessDenied`, where S3 gave one.
pub async fn put_object(store: &dyn ObjectStore, bucket: &str, object: Object) -> Result<()> {
    let path = Path::parse(&object.key).map_err(|source| {
        let message = format!("cannot put an object with the key `{}`", object.key.escape_debug());
        Error::new(ErrorKind::Configuration, message)
            .with("code", "InvalidArgument")
            .advise("leave out empty parts, `.`, `..` and control characters")
            .because(source)
    })?;
    let mut attributes = Attributes::new();
    if let Some(content_type) = object.content_type {
        attributes.insert(Attribute::ContentType, content_type.into());
    }
    if let Some(encoding) = object.content_encoding {
        attributes.insert(Attribute::ContentEncoding, encoding.into());
    }
    for (name, value) in object.metadata {
        attributes.insert(Attribute::Metadata(name.into()), value.into());
    }
    let options = PutOptions { attributes, ..PutOptions::default() };
    let put = store.put_opts(&path, PutPayload::from(object.bytes), options).await;
    put.map(drop).map_err(|source| fault("cannot put", bucket, &object.key, source))
}

/// Looks a bucket up, by asking for the first of its objects below a folder.
///
/// # Errors
/// If the bucket's service cannot be asked, or gives an answer that says neither.
pub async fn look_up_bucket(store: &dyn ObjectStore, bucket: &str, folder: &str) -> Result<Standing> {
    let error = match store.list(Path::parse(folder).ok().as_ref()).next().await {
        None | Some(Ok(_)) => return Ok(Standing::Usable),
        Some(Err(source)) => fault("cannot look up", bucket, "", source),
    };
    let code = error.context().find(|(name, _)| *name == "code").map(|(_, code)| code.to_owned());
    match (error.kind(), code.as_deref()) {
        (_, Some("NoSuchBucket")) | (ErrorKind::NotFound, _) => Ok(Standing::Missing),
        (ErrorKind::PermissionDenied, _) => Ok(Standing::Forbidden),
        _ => Err(error),
    }
}

fn fault(attempted: &str, bucket: &str, key: &str, source: StoreError) -> Error {
    let text = source.to_string();
    let code = between(&text, "<Code>", "</Code>").map(str::to_owned).or_else(|| {
        // Without a body there is the status alone.
        Some(match &source {
            StoreError::NotFound { .. } => "NoSuchBucket".to_owned(),
            StoreError::PermissionDenied { .. } => "AccessDenied".to_owned(),
            StoreError::Unauthenticated { .. } => "InvalidAccessKeyId".to_owned(),
            _ => return None,
        })
    });
    let (kind, advice) = match (code.as_deref(), &source) {
        (Some("NoSuchBucket"), _) => (ErrorKind::NotFound, "make the bucket, or name another"),
        (Some("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "ExpiredToken" | "InvalidToken"), _) => {
            (ErrorKind::Credentials, "check the profile and its credentials")
        }
        (Some(code), _) if code.starts_with("AccessDenied") || code.starts_with("KMS.") => {
            (ErrorKind::PermissionDenied, "grant `s3:PutObject` and `s3:PutObjectAcl`, and the use of the KMS key")
        }
        (_, StoreError::PermissionDenied { .. }) => {
            (ErrorKind::PermissionDenied, "grant `s3:PutObject` and `s3:PutObjectAcl`, and the use of the KMS key")
        }
        (Some("SlowDown" | "ServiceUnavailable" | "InternalError" | "RequestTimeout"), _) | (None, _) => {
            (ErrorKind::Unavailable, "try again later")
        }
        _ => (ErrorKind::Unexpected, "check the bucket and its settings"),
    };
    let place = if key.is_empty() { format!("s3://{bucket}") } else { format!("s3://{bucket}/{key}") };
    let mut error = Error::new(kind, format!("{attempted} `{place}`"));
    if let Some(code) = code {
        error = error.with("code", code);
    }
    if let Some(message) = between(&text, "<Message>", "</Message>") {
        error = error.with("message", shortened(message));
    }
    error.advise(advice).because(source)
}

fn between<'t>(text: &'t str, begin: &str, end: &str) -> Option<&'t str> {
    text.split_once(begin)?.1.split_once(end).map(|(found, _)| found)
}
