//! The start of a query: checked and planned while its caller waits, run after that.

use std::sync::Arc;

use lake::Expect;
use tokio::sync::{OwnedSemaphorePermit, watch};
use trail::model::Millis;

use super::document::{Delivery, PENDING, QUERY};
use super::{Query, Status, delivery, plan, run, text};
use crate::call::Call;
use crate::fault::Result;
use crate::kept;
use crate::service::Service;

/// What is asked.
#[derive(Debug, Default)]
pub(crate) struct Ask {
    /// The text, its parameters in their places.
    pub statement: String,
    /// What it is called as a widget of a dashboard.
    pub alias: Option<String>,
    /// The refresh of a dashboard that it belongs to.
    pub refresh_id: Option<String>,
    /// Where its rows go as files.
    pub delivery_s3_uri: Option<String>,
}

/// Starts a query, and returns its document.
///
/// # Errors
/// `MaxConcurrentQueriesException`; what is wrong with its text, the stores that it names and the place for its files.
pub(crate) async fn start(service: &Service, call: &Call, ask: Ask) -> Result<Query> {
    let place = service.queries.take_place()?;
    start_at(service, call, ask, place).await
}

/// As [`start`], once there is a place for it.
///
/// # Errors
/// As [`start`].
pub(crate) async fn start_in_turn(service: &Service, call: &Call, ask: Ask) -> Result<Query> {
    let place = service.queries.wait_for_place().await?;
    start_at(service, call, ask, place).await
}

async fn start_at(service: &Service, call: &Call, ask: Ask, place: OwnedSemaphorePermit) -> Result<Query> {
    let queries = &service.queries;
    queries.clean()?;
    if let Some(uri) = &ask.delivery_s3_uri {
        delivery::check(service, uri).await?;
    }
    let (planned, stores) = plan::planned(service, call, &ask.statement).await?;
    let query = Query {
        id: uuid::Uuid::new_v4().to_string(),
        account: call.account,
        region: call.region.clone(),
        stores: stores.into_iter().map(|store| store.arn).collect(),
        statement: ask.statement,
        alias: ask.alias,
        refresh_id: ask.refresh_id,
        status: Status::Queued,
        created: Millis::from(call.now),
        started: None,
        ended: None,
        error: None,
        columns: text::columns(&planned.schema),
        rows: 0,
        events_scanned: 0,
        events_matched: 0,
        bytes_scanned: 0,
        delivery: ask.delivery_s3_uri.map(|uri| Delivery { uri, status: PENDING.to_owned() }),
    };
    let (cancel, cancelled) = watch::channel(false);
    queries.running().insert(query.id.clone(), cancel);
    if let Err(fault) = kept::put(service, (QUERY, &query.id), &query, Expect::Absent) {
        queries.running().remove(&query.id);
        return Err(fault);
    }
    let running = run::run(Arc::clone(queries), query.id.clone(), planned, (cancelled, place));
    let mut tasks = queries.tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    while tasks.try_join_next().is_some() {}
    tasks.spawn(running);
    Ok(query)
}
