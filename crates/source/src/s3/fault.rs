//! S3's failures, turned into errors that say what to do.

use std::error::Error as StdError;

use object_store::Error as StoreError;
use object_store::client::{HttpError, HttpErrorKind};

use crate::error::{Error, ErrorKind};

/// What was asked of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    List,
    Get,
    Head,
}

impl Action {
    fn attempted(self) -> &'static str {
        match self {
            Self::List => "cannot list",
            Self::Get => "cannot read",
            Self::Head => "cannot look at",
        }
    }

    fn permission(self, bucket: &str, key: &str) -> String {
        match self {
            Self::List => format!("grant `s3:ListBucket` on `arn:aws:s3:::{bucket}`"),
            Self::Get => format!(
                "grant `s3:GetObject` on `arn:aws:s3:::{bucket}/{key}`, and `kms:Decrypt` on its key if it is \
                 encrypted with SSE-KMS"
            ),
            Self::Head => format!(
                "grant `s3:GetObject` on `arn:aws:s3:::{bucket}/{key}`; without `s3:ListBucket` a missing object \
                 looks like this too"
            ),
        }
    }
}

/// Returns the error for a failed request.
pub(crate) fn fault(action: Action, bucket: &str, key: &str, source: StoreError) -> Error {
    let answer = Answer::of(&source);
    if let Some(own) = own(&source) {
        return own.with("bucket", bucket).with("key", key);
    }
    if let StoreError::InvalidPath { .. } = source {
        let message = format!("{} `s3://{bucket}/{key}`: a key in it cannot be asked for", action.attempted());
        let advice = "it has an empty part, `.`, `..` or a control character; name the folders beside it one by one";
        return Error::new(ErrorKind::Unexpected, message).with("bucket", bucket).advise(advice).because(source);
    }
    let kind = kind(&source, &answer);
    let mut error = Error::new(kind, format!("{} `s3://{bucket}/{key}`: {}", action.attempted(), reason(kind)))
        .with("bucket", bucket)
        .with("key", key);
    if let Some(status) = answer.status {
        error = error.with("status", status);
    }
    if let Some(code) = &answer.code {
        error = error.with("code", code);
    }
    if let Some(message) = &answer.message {
        error = error.with("message", message);
    }
    let advice = advice(kind, &answer).map(str::to_owned);
    let advice = advice.or_else(|| (kind == ErrorKind::PermissionDenied).then(|| action.permission(bucket, key)));
    match advice {
        Some(advice) => error.advise(advice).because(source),
        None => error.because(source),
    }
}

/// Returns the error for an object that is not the listed one any more.
pub(super) fn changed(bucket: &str, key: &str) -> Error {
    Error::new(ErrorKind::Changed, format!("cannot read `s3://{bucket}/{key}`: {}", reason(ErrorKind::Changed)))
        .with("bucket", bucket)
        .with("key", key)
        .advise(LIST_AGAIN)
}

const LIST_AGAIN: &str = "list it again";

/// What S3 said. The client keeps its own error private, so it is read from its text.
#[derive(Debug, Default)]
struct Answer {
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
}

impl Answer {
    fn of(source: &StoreError) -> Self {
        let text = source.to_string();
        let between = |begin: &str, end: &str| {
            let (_, rest) = text.split_once(begin)?;
            rest.split_once(end).map(|(found, _)| found.to_owned())
        };
        let status = text.split_once("status code: ").and_then(|(_, rest)| rest.get(..3)?.parse().ok());
        Self { status, code: between("<Code>", "</Code>"), message: between("<Message>", "</Message>") }
    }
}

/// Returns our own error, if the request failed before it was sent: for want of credentials.
fn own(source: &StoreError) -> Option<Error> {
    let StoreError::Generic { source, .. } = source else { return None };
    let own = source.downcast_ref::<Error>()?;
    let copy = Error::new(own.kind(), own.to_string());
    Some(match own.source() {
        Some(cause) => copy.because(cause.to_string()),
        None => copy,
    })
}

fn kind(source: &StoreError, answer: &Answer) -> ErrorKind {
    match answer.code.as_deref() {
        Some("InvalidObjectState") => return ErrorKind::Archived,
        Some(
            "ExpiredToken"
            | "InvalidToken"
            | "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "RequestTimeTooSkewed"
            | "TokenRefreshRequired",
        ) => return ErrorKind::Credentials,
        Some("AuthorizationHeaderMalformed" | "PermanentRedirect" | "IllegalLocationConstraintException") => {
            return ErrorKind::Configuration;
        }
        _ => {}
    }
    // The client tells these apart for objects, but not for listings.
    match (source, answer.status) {
        (StoreError::NotFound { .. }, _) | (_, Some(404)) => ErrorKind::NotFound,
        (StoreError::PermissionDenied { .. }, _) | (_, Some(403)) => ErrorKind::PermissionDenied,
        (StoreError::Unauthenticated { .. }, _) | (_, Some(401)) => ErrorKind::Credentials,
        (StoreError::Precondition { .. }, _) | (_, Some(412)) => ErrorKind::Changed,
        (_, Some(408)) => ErrorKind::Timeout,
        (_, Some(429 | 500..=599)) => ErrorKind::Unavailable,
        (_, Some(301 | 302 | 307 | 308)) => ErrorKind::Configuration,
        (_, Some(_)) => ErrorKind::Unexpected,
        (_, None) if source.to_string().contains("redirect without LOCATION") => ErrorKind::Configuration,
        (_, None) => transport(source),
    }
}

/// Returns what happened on the way, when S3 gave no status.
fn transport(source: &StoreError) -> ErrorKind {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(source);
    while let Some(error) = cause {
        if let Some(http) = error.downcast_ref::<HttpError>() {
            return match http.kind() {
                HttpErrorKind::Timeout => ErrorKind::Timeout,
                HttpErrorKind::Connect => ErrorKind::Unavailable,
                _ => ErrorKind::Interrupted,
            };
        }
        cause = error.source();
    }
    ErrorKind::Unexpected
}

fn reason(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Configuration => "the bucket is in another Region",
        ErrorKind::Credentials => "the credentials are not accepted",
        ErrorKind::PermissionDenied => "access is denied",
        ErrorKind::NotFound => "it does not exist",
        ErrorKind::Changed => "it was replaced after it was listed",
        ErrorKind::Archived => "it is archived",
        ErrorKind::Unavailable => "S3 cannot be reached or is too busy",
        ErrorKind::Timeout => "no answer came in time",
        ErrorKind::Interrupted => "the answer broke off",
        ErrorKind::InvalidUri | ErrorKind::Io | ErrorKind::Unexpected => "S3 gave an answer that is not understood",
    }
}

fn advice(kind: ErrorKind, answer: &Answer) -> Option<&'static str> {
    let code = answer.code.as_deref();
    match kind {
        ErrorKind::Configuration => Some("give the bucket's Region by `--region`"),
        ErrorKind::Credentials if code == Some("RequestTimeTooSkewed") => Some("set this machine's clock"),
        ErrorKind::Credentials => Some("get fresh credentials, or name another profile by `--profile`"),
        ErrorKind::NotFound if code == Some("NoSuchBucket") => Some("check the bucket's name and the endpoint"),
        ErrorKind::Changed => Some(LIST_AGAIN),
        ErrorKind::Archived => Some("restore it with `aws s3api restore-object` first"),
        ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Interrupted => Some("try again later"),
        _ => None,
    }
}
