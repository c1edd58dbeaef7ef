//! The service behind the endpoint: what actions have at hand.

use std::sync::Arc;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event::arn::OrganizationId;
use inquiry::history::{Bounds, History, View};
use lake::error::{Error, ErrorKind};
use lake::location::Location;
use lake::sql::SessionOptions;
use lake::{Change, Documents, Expect, Kept, Lake};
use source::push::Push;
use tokio::sync::RwLock;
use trail::model::{Millis, TRAIL, Trail};

use crate::audit::Ingestions;
use crate::clock::Clock;
use crate::fault::{Code, Fault, Result};
use crate::kept;
use crate::keys::Keys;
use crate::metrics::Metrics;
use crate::queries::Queries;
use crate::throttle::Throttle;
use crate::token::Tokens;
use crate::world::World;

/// The kind of document that holds the secret of tokens for pages.
const TOKEN_SECRET: &str = "token-secret";
/// The folder in the data folder that holds the rows of queries.
const QUERY_RESULTS: &str = "query-results";

/// What the program puts into the service.
pub struct Parts {
    /// Documents of the lake.
    pub documents: Arc<Documents>,
    /// Where the lake is.
    pub location: Location,
    /// Bounds of a session of SQL.
    pub session_options: SessionOptions,
    /// The way into the lake.
    pub push: Arc<dyn Push>,
    /// Buckets, topics and log groups.
    pub world: Arc<dyn World>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Bounds on calls.
    pub limits: Limits,
}

/// Bounds on calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls a second of one key to one operation.
    pub calls_per_second: u32,
    /// Bytes of the body of a call.
    pub body_bytes_max: usize,
    /// Bytes of the body of a push to `/ingest`.
    pub ingest_bytes_max: usize,
    /// Seconds that a call may take.
    pub call_seconds_max: u64,
    /// Queries that run at once.
    pub queries_max: usize,
    /// Seconds that a query may run.
    pub query_seconds_max: u64,
    /// Bytes of memory for the state of one query.
    pub query_memory_bytes_max: usize,
    /// Bytes that the rows of one query may take up on disk.
    pub query_result_bytes_max: u64,
    /// Management events that are held in memory for event history.
    pub history_events: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            calls_per_second: 1_000,
            body_bytes_max: 1 << 20,
            ingest_bytes_max: 64 << 20,
            call_seconds_max: 60,
            queries_max: 10,
            query_seconds_max: 3_600,
            query_memory_bytes_max: 512 << 20,
            query_result_bytes_max: 4 << 30,
            history_events: Bounds::default().recent_events,
        }
    }
}

/// The service.
pub struct Service {
    pub(crate) documents: Arc<Documents>,
    pub(crate) session_options: SessionOptions,
    pub(crate) push: Arc<dyn Push>,
    pub(crate) world: Arc<dyn World>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) tokens: Tokens,
    pub(crate) throttle: Throttle,
    pub(crate) metrics: Metrics,
    pub(crate) queries: Arc<Queries>,
    pub(crate) ingestions: Ingestions,
    location: Location,
    lake: RwLock<Option<Arc<Lake>>>,
    organization: Option<OrganizationId>,
    history: History,
    metrics_token: Option<String>,
}

impl Service {
    /// Puts the service together.
    ///
    /// # Errors
    /// If its documents cannot be read or written.
    pub fn new(parts: Parts) -> lake::error::Result<Service> {
        let tokens = Tokens::new(&token_secret(&parts.documents)?);
        let queries = Queries::new(
            Arc::clone(&parts.documents),
            Arc::clone(&parts.world),
            Arc::clone(&parts.clock),
            (parts.limits, parts.location.data().join(QUERY_RESULTS)),
        );
        let queries = queries.map_err(|error| Error::unusable(format!("start threads for queries: {error}")))?;
        Ok(Service {
            documents: parts.documents,
            push: parts.push,
            world: parts.world,
            clock: parts.clock,
            limits: parts.limits,
            tokens,
            throttle: Throttle::new(parts.limits.calls_per_second),
            metrics: Metrics::default(),
            queries: Arc::new(queries),
            ingestions: Ingestions::default(),
            location: parts.location,
            lake: RwLock::new(None),
            organization: None,
            metrics_token: None,
            history: History::new(
                parts.session_options.clone(),
                Bounds { recent_events: parts.limits.history_events, ..Bounds::default() },
            ),
            session_options: parts.session_options,
        })
    }

    /// Returns the service of an organisation, whose trails may record the events of all its accounts.
    #[must_use]
    pub fn in_organization(self, id: OrganizationId) -> Service {
        Service { organization: Some(id), ..self }
    }

    /// Returns the service with a token for which other machines are given its counters; without one only this machine is.
    #[must_use]
    pub fn with_metrics_token(self, token: String) -> Service {
        Service { metrics_token: Some(token), ..self }
    }

    /// Returns the token for which other machines are given the counters.
    pub(crate) fn metrics_token(&self) -> Option<&str> {
        self.metrics_token.as_deref()
    }

    /// Returns the organisation that the service was set up for.
    pub(crate) fn organization(&self) -> Option<&OrganizationId> {
        self.organization.as_ref()
    }

    /// Returns the access keys.
    pub(crate) fn keys(&self) -> Keys<'_> {
        Keys(&self.documents)
    }

    /// Returns the lake as it is now; none before anything was stored.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) async fn lake(&self) -> Result<Option<Arc<Lake>>> {
        let held = self.lake.read().await.clone();
        if let Some(lake) = held {
            match lake.refresh().await {
                Ok(()) => return Ok(Some(lake)),
                Err(error) if error.kind() == ErrorKind::Superseded => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut held = self.lake.write().await;
        match Lake::open(&self.location).await {
            Ok(lake) => Ok(Some(Arc::clone(held.insert(Arc::new(lake))))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns event history as it is now; none before anything was stored.
    ///
    /// # Errors
    /// If the lake cannot be read.
    pub(crate) async fn history(&self) -> Result<Option<View>> {
        let Some(lake) = self.lake().await? else { return Ok(None) };
        let view = self.history.view(&lake).await;
        view.map(Some).map_err(|error| Fault::internal("open event history", &error))
    }

    /// Takes more of event history into memory. Returns false if there is no more to take, or no more room.
    ///
    /// # Errors
    /// If the lake cannot be read.
    pub async fn deepen_history(&self) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
        if !self.history.is_held() {
            return Ok(false);
        }
        let Some(lake) = self.lake().await.map_err(|fault| fault.message.into_owned())? else { return Ok(false) };
        Ok(self.history.deepen(&lake).await?)
    }

    /// Writes down the last event of stretches of logging that were ended: `last_seq` is that of the call which ended
    /// them. Done after the call was stored, so that a trail delivers its own end. With `stopped` it is done for those that
    /// were ended then: a call that comes at the same time and is stored sooner must not cut the end of another.
    pub(crate) fn settle_stops(&self, last_seq: i64, stopped: Option<Millis>) -> Result<()> {
        let is_meant = |trail: &Trail| {
            let logging = &trail.logging;
            let is_unsettled = !logging.is_on && logging.stretch > 0 && logging.until_seq.is_none();
            is_unsettled && (stopped.is_none() || stopped == logging.stopped)
        };
        for kept in self.documents.read_all::<Trail>(TRAIL)?.into_iter().filter(|kept| is_meant(&kept.value)) {
            let mut next = Some(kept);
            while let Some(Kept { revision, value: mut trail }) = next.take() {
                trail.logging.until_seq = Some(last_seq);
                match kept::put(self, (TRAIL, &trail.arn), &trail, Expect::Revision(revision)) {
                    Ok(_) => {}
                    // Another call changed it meanwhile: its change is kept, and the end still to be written.
                    Err(fault) if fault.code == Code::ConflictException => {
                        next = self.documents.read(TRAIL, &trail.arn)?.filter(|kept| is_meant(&kept.value));
                    }
                    Err(fault) => return Err(fault),
                }
            }
        }
        Ok(())
    }

    /// Puts right what an end in the middle of a call may have left.
    ///
    /// # Errors
    /// If the documents or the lake cannot be read.
    pub async fn recover(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let failed = |fault: Fault| fault.message.into_owned();
        let last_seq = match self.lake().await.map_err(failed)? {
            Some(lake) => lake.last_seq(),
            None => -1,
        };
        self.settle_stops(last_seq, None).map_err(failed)?;
        self.queries.recover().map_err(failed)?;
        Ok(())
    }
}

/// The secret that tokens are signed by: made once, so that a walk goes on over a restart.
fn token_secret(documents: &Documents) -> lake::error::Result<Vec<u8>> {
    let mut fresh = [0; 32];
    // Without random bytes tokens would be forgeable; the system gives them or nothing works.
    rand::fill(&mut fresh).map_err(|_| Error::unusable("get random bytes from the system"))?;
    let body = STANDARD.encode(fresh);
    let put = Change::Put { kind: TOKEN_SECRET, id: "pages", body: &body, expect: Expect::Absent };
    match documents.apply(&[put]) {
        Ok(_) => Ok(fresh.to_vec()),
        Err(error) if error.kind() == ErrorKind::Changed => {
            let kept = documents.get(TOKEN_SECRET, "pages")?.map(|document| document.body).unwrap_or_default();
            STANDARD.decode(kept).map_err(|_| Error::unusable("understand the secret of tokens in the documents"))
        }
        Err(error) => Err(error),
    }
}
