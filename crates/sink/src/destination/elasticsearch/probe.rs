//! A look at the cluster before anything is sent, so that a person learns at once what is wrong.

use reqwest::Method;
use serde_json::Value;

use super::answer::{fault, reason_of};
use super::{Elasticsearch, Target};
use crate::deliver::Destination as _;
use crate::error::{Error, ErrorKind, Result};
use crate::http::{Answer, exchange};
use crate::payload::shortened;
use crate::retry::{Patience, RetryLimits};

/// How often the probe asks in all: a person waits for it.
const ATTEMPTS_MAX: usize = 3;

/// Looks whether the service is the right one, knows us, and has the data stream or can make it.
pub(super) async fn probe(elasticsearch: &Elasticsearch, retry: &RetryLimits) -> Result<()> {
    let retry = RetryLimits { attempts_max: retry.attempts_max.min(ATTEMPTS_MAX), ..*retry };
    let root = ask(elasticsearch, &retry, Method::GET, &[""]).await?;
    check_root(elasticsearch, &root)?;
    if let Target::DataStream(name) = &elasticsearch.target {
        let found = ask(elasticsearch, &retry, Method::GET, &["_data_stream", name]).await?;
        check_data_stream(elasticsearch, &retry, name, &found).await?;
    }
    Ok(())
}

async fn ask(elasticsearch: &Elasticsearch, retry: &RetryLimits, method: Method, path: &[&str]) -> Result<Answer> {
    let mut patience = Patience::new(*retry, &*elasticsearch.clock);
    loop {
        let request = elasticsearch.request(method.clone(), elasticsearch.url(path));
        let (reason, after) = match exchange(request).await.and_then(Answer::whole) {
            Ok(answer) if answer.is_later() => (reason_of(&answer), answer.retry_after(elasticsearch.clock.now())),
            Ok(answer) => return Ok(answer),
            Err(reason) => (reason, None),
        };
        if let Err(given_up) = patience.wait(after).await {
            let message = format!("cannot reach `{}`: {}", elasticsearch.name(), given_up.why());
            return Err(Error::new(ErrorKind::Unavailable, message)
                .with("last", shortened(&reason))
                .advise("check that it runs, its address, and its certificate"));
        }
    }
}

fn check_root(elasticsearch: &Elasticsearch, root: &Answer) -> Result<()> {
    let body = serde_json::from_slice::<Value>(&root.body).ok();
    let number = body.as_ref().and_then(|body| body.get("version")?.get("number")?.as_str());
    let is_theirs = number.is_some() || root.headers.contains_key("x-elastic-product");
    let wrong = |advice: &str| {
        let message = format!("`{}` is neither Elasticsearch nor OpenSearch", elasticsearch.name());
        let answer = shortened(&root.summary());
        Err(Error::new(ErrorKind::WrongService, message).with("answer", answer).advise(advice))
    };
    match root.status.as_u16() {
        200 if is_theirs => {
            tracing::debug!(cluster = elasticsearch.name(), version = number, "the cluster answers");
            Ok(())
        }
        200 => wrong("check the port, and whether a proxy answers in its place"),
        401 => Err(fault(elasticsearch, 401, &reason_of(root))),
        // A key that may only write documents may not ask who answers.
        403 if body.as_ref().is_some_and(|body| body.get("error").is_some()) => Ok(()),
        403 => Err(fault(elasticsearch, 403, &reason_of(root))),
        404 => wrong("check the path of the URL: the API's own root must answer below it"),
        status @ 300..=399 => Err(fault(elasticsearch, status, &reason_of(root))),
        _ => wrong("check the URL"),
    }
}

/// Makes a data stream that is not there. Left to the first document, the service would make a plain index of that name
/// if no template matches it.
async fn check_data_stream(
    elasticsearch: &Elasticsearch,
    retry: &RetryLimits,
    name: &str,
    found: &Answer,
) -> Result<()> {
    match found.status.as_u16() {
        200 => return Ok(()),
        // Whoever may only write documents finds out by the first.
        403 => return Ok(()),
        404 => {}
        status => return Err(fault(elasticsearch, status, &reason_of(found))),
    }
    let made = ask(elasticsearch, retry, Method::PUT, &["_data_stream", name]).await?;
    let reason = reason_of(&made);
    match made.status.as_u16() {
        200 | 403 => Ok(()),
        400 if reason.contains("resource_already_exists_exception") => Ok(()),
        400 => {
            let message = format!("`{}` has no data stream `{name}` and cannot make it", elasticsearch.name());
            Err(Error::new(ErrorKind::NotFound, message)
                .with("reason", shortened(&reason))
                .advise("install an index template with `data_stream` that matches the name, or write to an index"))
        }
        status => Err(fault(elasticsearch, status, &reason)),
    }
}
