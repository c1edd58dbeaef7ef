//! A query over event data stores as a query over the lake: each name of a store becomes the part of the events that it
//! shows, and nothing else can be named.

use datafusion::execution::context::SessionContext;
use lake::Lake;
use lake::sql::{self, Kind, Part, Planned};
use trail::model::EventDataStore;

use super::engine::PARTS_MAX;
use super::run::WHEN_OUT_OF_MEMORY;
use crate::call::Call;
use crate::fault::{Code, Fault, Result};
use crate::named::is_uuid;
use crate::service::Service;
use crate::stores;

/// Plans a query, and returns it with the stores that it reads.
///
/// # Errors
/// `InvalidQueryStatementException` with what is wrong with the text, and what is wrong with a store that it names.
pub(super) async fn planned(service: &Service, call: &Call, statement: &str) -> Result<(Planned, Vec<EventDataStore>)> {
    let names = sql::tables(statement).map_err(|error| refusal(&error))?;
    if names.is_empty() {
        let message = "The query reads nothing: name an event data store behind FROM, by the last part of its ARN.";
        return Err(Fault::new(Code::InvalidQueryStatementException, message));
    }
    let mut parts = Vec::with_capacity(names.len());
    let mut read: Vec<EventDataStore> = Vec::new();
    for name in names {
        let store = store(service, call, &name)?;
        parts.push(Part { name, condition: stores::condition(&store, call.now) });
        if !read.iter().any(|known| known.arn == store.arn) {
            read.push(store);
        }
    }
    let session = session(service).await?;
    let planned = sql::query_parts(&session, statement, &parts).await.map_err(|error| refusal(&error))?;
    Ok((planned, read))
}

/// Checks that a text is a query, and that the caller has the stores which it names.
///
/// # Errors
/// As [`planned`], but for what only shows when it is planned.
pub(crate) fn check_stores(service: &Service, call: &Call, statement: &str) -> Result<()> {
    let names = sql::tables(statement).map_err(|error| refusal(&error))?;
    names.iter().try_for_each(|name| store(service, call, name).map(drop))
}

/// Returns the store that a name behind `FROM` stands for: an ARN, its last part, or a word that begins with `$` for the only
/// one there is.
fn store(service: &Service, call: &Call, name: &str) -> Result<EventDataStore> {
    if name.starts_with("arn:") || is_uuid(name) {
        return Ok(stores::active(service, call, name)?.value);
    }
    let refused = |message: String| Err(Fault::new(Code::InvalidQueryStatementException, message));
    if !name.starts_with('$') {
        return refused(format!("There is no event data store '{name}': name one by its ARN or the last part of it."));
    }
    let mut active = stores::all(service, call)?;
    active.retain(|kept| kept.value.deleted.is_none());
    match (active.pop(), active.is_empty()) {
        (Some(only), true) => Ok(only.value),
        (None, _) => refused(format!("'{name}' stands for the only event data store, and there is none.")),
        (Some(_), false) => refused(format!("'{name}' stands for the only event data store, and there are several.")),
    }
}

/// Makes a session of SQL within the bounds of one query.
async fn session(service: &Service) -> Result<SessionContext> {
    let mut options = service.session_options.clone();
    options.memory_bytes_max = service.limits.query_memory_bytes_max;
    options.target_partitions = options.target_partitions.min(PARTS_MAX);
    options.spill_bytes_max /= u64::try_from(service.limits.queries_max.max(1)).unwrap_or(1);
    let session = match service.lake().await? {
        Some(lake) => lake.session(&options),
        None => Lake::empty_session(&options),
    };
    session.map_err(|error| Fault::internal("prepare a query", &error))
}

/// Returns what is told of a query that cannot be planned.
fn refusal(error: &sql::Error) -> Fault {
    match error.kind() {
        Kind::Syntax | Kind::Name | Kind::Refused | Kind::Plan => {
            Fault::new(Code::InvalidQueryStatementException, format!("The query cannot be run: {error}."))
        }
        Kind::Resources => Fault::new(
            Code::InvalidQueryStatementException,
            format!("The query cannot be run: {error}. {WHEN_OUT_OF_MEMORY}"),
        ),
        _ => Fault::internal("plan the query", error),
    }
}
