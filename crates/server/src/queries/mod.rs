//! Queries over event data stores: planned when they are asked for, run beside the calls, and kept with their results for a
//! week.

mod delivery;
mod document;
mod engine;
mod parameters;
mod plan;
mod rows;
mod run;
mod sign;
mod start;
mod text;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event::time::DAY;
use lake::{Change, Documents, Expect};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use trail::model::Millis;

pub(crate) use document::{Query, Status};
pub(crate) use parameters::filled;
pub(crate) use plan::check_stores;
pub(crate) use rows::Page;
pub(crate) use start::{Ask, start, start_in_turn};

use crate::call::Call;
use crate::clock::Clock;
use crate::fault::{Code, Fault, Result};
use crate::named::is_uuid;
use crate::service::{Limits, Service};
use crate::stores;
use crate::world::World;
use document::QUERY;
use engine::Engine;

/// Days for which a query and its results are kept. Source: AWS CloudTrail API reference, `GetQueryResults`.
pub(crate) const KEPT_DAYS: i64 = 7;

/// The queries that run, and the results of those that ran.
pub(crate) struct Queries {
    documents: Arc<Documents>,
    world: Arc<dyn World>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    folder: PathBuf,
    engine: Engine,
    room: Arc<Semaphore>,
    /// By the id of each query that runs, the way to cancel it.
    running: Mutex<HashMap<String, watch::Sender<bool>>>,
    /// Ended with the service.
    tasks: Mutex<JoinSet<()>>,
}

impl Queries {
    /// Queries whose results lie in a folder, which is made when it is needed.
    ///
    /// # Errors
    /// If the system gives no threads.
    pub(crate) fn new(
        documents: Arc<Documents>,
        world: Arc<dyn World>,
        clock: Arc<dyn Clock>,
        (limits, folder): (Limits, PathBuf),
    ) -> std::io::Result<Queries> {
        let room = Arc::new(Semaphore::new(limits.queries_max));
        let engine = Engine::start(limits.queries_max)?;
        Ok(Queries {
            documents,
            world,
            clock,
            limits,
            folder,
            engine,
            room,
            running: Mutex::default(),
            tasks: Mutex::default(),
        })
    }

    /// Takes one of the places for queries that run at once.
    fn take_place(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.room).try_acquire_owned().map_err(|_| {
            let message = format!("{} queries run already, which is the most at once.", self.limits.queries_max);
            Fault::new(Code::MaxConcurrentQueriesException, message)
        })
    }

    /// Waits for one of the places for queries that run at once.
    async fn wait_for_place(&self) -> Result<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.room).acquire_owned().await;
        place.map_err(|error| Fault::internal("wait for room for a query", &error))
    }

    /// Tells a query that runs to end; without effect if it has ended.
    pub(crate) fn cancel(&self, id: &str) {
        if let Some(told) = self.running().get(id) {
            told.send_replace(true);
        }
    }

    /// Returns a page of the rows of a query.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(crate) fn page(&self, id: &str, from: u64, rows_max: usize) -> Result<Page> {
        rows::page(&self.folder, id, from, rows_max)
            .map_err(|error| Fault::internal("read the results of a query", &error))
    }

    /// Puts right what the end of the program left: queries that ran then have failed. Deletes those whose time is up.
    ///
    /// # Errors
    /// If documents cannot be read or written.
    pub(crate) fn recover(&self) -> Result<()> {
        for kept in self.documents.read_all::<Query>(QUERY)? {
            let id = &kept.value.id;
            if kept.value.status.is_final() && !kept.value.is_delivering() || self.running().contains_key(id) {
                continue;
            }
            let now = Millis::from(self.clock.now());
            self.change(id, |query| {
                query.fail_delivery();
                if !query.status.is_final() {
                    query.status = Status::Failed;
                    query.error = Some("The program ended while the query ran. Start the query again.".to_owned());
                    query.ended = Some(now);
                }
            })?;
        }
        self.clean()
    }

    /// Deletes queries whose time is up, with their results.
    fn clean(&self) -> Result<()> {
        let now = self.clock.now().as_micros();
        for kept in self.documents.read_all::<Query>(QUERY)? {
            let query = &kept.value;
            let is_old = query.created.time().as_micros() + KEPT_DAYS * DAY <= now;
            if !is_old || self.running().contains_key(&query.id) {
                continue;
            }
            rows::remove(&self.folder, &query.id)
                .map_err(|error| Fault::internal("delete the results of a query", &error))?;
            let expect = Expect::Revision(kept.revision);
            self.documents.apply(&[Change::Delete { kind: QUERY, id: &query.id, expect }])?;
        }
        Ok(())
    }

    /// Changes a query's document, and returns it as it is then; none if it is gone.
    fn change(&self, id: &str, change: impl Fn(&mut Query)) -> lake::error::Result<Option<Query>> {
        loop {
            let Some(kept) = self.documents.read::<Query>(QUERY, id)? else { return Ok(None) };
            let mut query = kept.value;
            change(&mut query);
            let body = lake::to_body(&query)?;
            let put = Change::Put { kind: QUERY, id, body: &body, expect: Expect::Revision(kept.revision) };
            match self.documents.apply(&[put]) {
                Ok(_) => return Ok(Some(query)),
                Err(error) if error.kind() == lake::error::ErrorKind::Changed => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits until every query has ended.
    #[cfg(test)]
    pub(crate) async fn settle(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while let Some(ended) = tasks.join_next().await {
            ended.expect("a query does not panic");
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<bool>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cancels a query: from now on it is, whatever it still does.
///
/// # Errors
/// `InactiveQueryException` if it has ended.
pub(crate) fn cancel(service: &Service, id: &str) -> Result<Query> {
    let queries = &service.queries;
    let now = Millis::from(service.clock.now());
    let is_late = std::cell::Cell::new(false);
    let changed = queries.change(id, |query| {
        is_late.set(query.status.is_final());
        if !query.status.is_final() {
            query.status = Status::Cancelled;
            query.ended = Some(now);
            query.cancel_delivery();
        }
    })?;
    queries.cancel(id);
    match changed {
        Some(query) if !is_late.get() => Ok(query),
        Some(query) => Err(Fault::new(
            Code::InactiveQueryException,
            format!("The query {id} has ended: it is {}.", query.status.as_str()),
        )),
        None => Err(unknown(id)),
    }
}

/// Finds one of the caller's queries.
///
/// # Errors
/// `QueryIdNotFoundException`; and what is wrong with the event data store, if one is named.
pub(crate) fn find(service: &Service, call: &Call, id: &str, store: Option<&str>) -> Result<Query> {
    let store = store.map(|name| stores::active(service, call, name)).transpose()?;
    if !is_uuid(id) {
        return Err(unknown(id));
    }
    let found = service.documents.read::<Query>(QUERY, id)?.map(|kept| kept.value);
    let is_theirs = |query: &Query| {
        let of_store = store.as_ref().is_none_or(|store| query.stores.contains(&store.value.arn));
        is_callers(query, call) && of_store
    };
    found.filter(is_theirs).ok_or_else(|| unknown(id))
}

/// Returns the caller's queries of the last week.
///
/// # Errors
/// If they cannot be read.
pub(crate) fn all(service: &Service, call: &Call) -> Result<Vec<Query>> {
    let all = service.documents.read_all::<Query>(QUERY)?.into_iter().map(|kept| kept.value);
    Ok(all.filter(|query| is_callers(query, call)).collect())
}

fn is_callers(query: &Query, call: &Call) -> bool {
    let is_kept = query.created.time().as_micros() + KEPT_DAYS * DAY > call.now.as_micros();
    query.account == call.account && query.region == call.region && is_kept
}

fn unknown(id: &str) -> Fault {
    let shown: String = id.chars().filter(|letter| !letter.is_control()).take(64).collect();
    Fault::new(Code::QueryIdNotFoundException, format!("There is no query '{shown}' of this account in this Region."))
}

/// Refuses queries over the stores of another account: only one's own are known here.
///
/// # Errors
/// `EventDataStoreNotFoundException`.
pub(crate) fn check_owner(call: &Call, owner: Option<&str>) -> Result<()> {
    let mut found = crate::validate::Violations::default();
    found.text("EventDataStoreOwnerAccountId", owner, &crate::limits::ACCOUNT_ID);
    found.refuse(Code::InvalidParameterException)?;
    match owner {
        Some(owner) if owner != call.account.as_str() => Err(Fault::new(
            Code::EventDataStoreNotFoundException,
            format!("The account {owner} shares no event data store with this one."),
        )),
        _ => Ok(()),
    }
}
