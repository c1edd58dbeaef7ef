//! What an answer to a `_bulk` request means, document by document.

use serde::Deserialize;
use serde_json::Value;

use super::Elasticsearch;
use crate::deliver::{Destination as _, Reply, Verdict};
use crate::error::{Error, ErrorKind, Result};
use crate::http::Answer;
use crate::payload::{Payload, shortened};

/// How deep causes of an error are followed.
const CAUSES_MAX: usize = 3;

/// The body of an answer ("Bulk API", response body).
#[derive(Debug, Deserialize)]
struct BulkAnswer {
    items: Vec<BulkItem>,
}

#[derive(Debug, Deserialize)]
struct BulkItem {
    create: Created,
}

#[derive(Debug, Deserialize)]
struct Created {
    #[serde(rename = "_id")]
    id: Option<String>,
    status: u16,
    result: Option<String>,
    failure_store: Option<String>,
    error: Option<Value>,
}

/// Reads an answer to a request with these payloads.
///
/// # Errors
/// If the whole request, or any of its documents, failed for a reason that a person must remove.
pub(super) fn read(answer: &Answer, payloads: &[&Payload], elasticsearch: &Elasticsearch) -> Result<Reply> {
    if answer.status.is_success() {
        return each(&answer.body, payloads, elasticsearch);
    }
    let reason = reason_of(answer);
    if answer.is_later() {
        return Ok(Reply::Later { reason, after: answer.retry_after(elasticsearch.clock.now()) });
    }
    match answer.status.as_u16() {
        400 => Ok(Reply::Spoilt(reason)),
        413 => Ok(Reply::TooLarge(reason)),
        status => Err(fault(elasticsearch, status, &reason)),
    }
}

fn each(body: &[u8], payloads: &[&Payload], elasticsearch: &Elasticsearch) -> Result<Reply> {
    let answer: BulkAnswer = match serde_json::from_slice(body) {
        Ok(answer) => answer,
        Err(error) => return Ok(Reply::Broken(format!("the answer is not that of `_bulk`: {error}"))),
    };
    if answer.items.len() != payloads.len() {
        let (found, sent) = (answer.items.len(), payloads.len());
        return Ok(Reply::Broken(format!("the answer tells of {found} documents instead of {sent}")));
    }
    let mut verdicts = Vec::with_capacity(payloads.len());
    for (payload, BulkItem { create }) in payloads.iter().zip(answer.items) {
        let is_other =
            create.status < 300 && !is_renamed(&create) && create.id.as_ref().is_some_and(|id| *id != payload.id);
        if is_other {
            return Ok(Reply::Broken("the answer tells of documents in another order".to_owned()));
        }
        verdicts.push(verdict(create, elasticsearch)?);
    }
    Ok(Reply::Each(verdicts))
}

/// A document that a pipeline dropped or a failure store took has no id of ours.
fn is_renamed(created: &Created) -> bool {
    created.result.as_deref() == Some("noop") || is_in_failure_store(created)
}

fn is_in_failure_store(created: &Created) -> bool {
    created.failure_store.as_deref() == Some("used")
}

fn verdict(created: Created, elasticsearch: &Elasticsearch) -> Result<Verdict> {
    let reason = || created.error.as_ref().map_or_else(|| "no reason was given".to_owned(), reason);
    let kind = created.error.as_ref().and_then(|error| error.get("type")).and_then(Value::as_str).unwrap_or_default();
    Ok(match created.status {
        200..300 if is_in_failure_store(&created) => Verdict::Refused(
            "the mapping or a pipeline refused it: it is in the data stream's failure store".to_owned(),
        ),
        200..300 if created.result.as_deref() == Some("noop") => {
            Verdict::Refused("an ingest pipeline dropped it".to_owned())
        }
        200..300 => Verdict::Accepted,
        409 if kind.is_empty() || kind.contains("version_conflict") || kind.contains("already_exists") => {
            Verdict::AlreadyThere
        }
        408 | 429 | 502..=504 => Verdict::Later(reason()),
        500..600 => Verdict::Failed(reason()),
        // These speak of the index or of us, never of one document.
        status @ (401 | 403 | 404) => return Err(fault(elasticsearch, status, &reason())),
        _ => Verdict::Refused(reason()),
    })
}

/// Returns the reason of an answer that is an error as a whole.
pub(super) fn reason_of(answer: &Answer) -> String {
    let error =
        serde_json::from_slice::<Value>(&answer.body).ok().and_then(|mut body| body.get_mut("error").map(Value::take));
    match error {
        Some(error) => format!("{}: {}", answer.status, reason(&error)),
        None => answer.summary(),
    }
}

/// Returns `type: reason`, followed by those of its causes.
fn reason(error: &Value) -> String {
    let mut parts = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next.take_if(|_| parts.len() < CAUSES_MAX) {
        let text = |name| error.get(name).and_then(Value::as_str);
        parts.push(match (text("type"), text("reason"), error.as_str()) {
            (Some(kind), Some(reason), _) => format!("{kind}: {reason}"),
            (Some(text), None, _) | (None, Some(text), _) | (None, None, Some(text)) => text.to_owned(),
            (None, None, None) => error.to_string(),
        });
        next = error.get("caused_by");
    }
    parts.join(", caused by ")
}

/// Returns the error for a status that no payload is to blame for.
pub(super) fn fault(elasticsearch: &Elasticsearch, status: u16, reason: &str) -> Error {
    let target = elasticsearch.target.name();
    let (kind, advice) = match status {
        401 => (ErrorKind::Credentials, "check the API key, or user and password".to_owned()),
        403 => (
            ErrorKind::PermissionDenied,
            format!(
                "grant the privileges `create_doc` and `auto_configure` on `{target}`, and see that it takes writes"
            ),
        ),
        404 => (ErrorKind::NotFound, format!("make `{target}` first, or check its name and the path of the URL")),
        300..=399 => (ErrorKind::Configuration, "give the URL that it redirects to".to_owned()),
        _ => (ErrorKind::WrongService, "check that the URL is that of Elasticsearch or OpenSearch".to_owned()),
    };
    Error::new(kind, format!("cannot write to `{target}` of `{}`", elasticsearch.name()))
        .with("status", status)
        .with("reason", shortened(reason))
        .advise(advice)
}
