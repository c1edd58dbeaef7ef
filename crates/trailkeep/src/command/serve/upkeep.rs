//! What runs beside the API: delivery of what trails select, imports, refreshes of dashboards, and the table of sessions.

use std::sync::Arc;

use std::time::Duration;

use lake::sql::SessionOptions;
use lake::{Compaction, Documents};
use pipeline::collect::Bounds;
use pipeline::delivery::{Deliveries, Places};
use pipeline::imports::{Imports, Origin};
use pipeline::keeper::Keeper;
use server::Service;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::command::collect::workers;
use crate::command::serve::collections;
use crate::fault::Fault;
use crate::settings::Settings;

/// How often the table of sessions is brought up to date.
const SESSIONS_EVERY: Duration = Duration::from_secs(30);

/// How often small files are merged: each commit of what is pushed makes one, and a look-up of the newest events opens them
/// all.
const COMPACT_EVERY: Duration = Duration::from_secs(20);
/// The rounds after which larger files are merged as well, about an hour. Done each time, a day's events would be written
/// anew again and again.
const ROUNDS_TO_LARGE: u64 = 180;
/// What is merged each time.
const SMALL: Compaction = Compaction { files_min: 32, file_bytes_max: 4 << 20 };

/// How often it is looked whether a dashboard is to be refreshed: its times are whole minutes.
const DASHBOARDS_EVERY: Duration = Duration::from_secs(10);

/// How often event history is looked after, when there was nothing to do.
const HISTORY_EVERY: Duration = Duration::from_secs(1);

/// The tasks beside the API.
pub(super) struct Upkeep(Vec<JoinHandle<()>>);

/// Starts them; they end after `stopped` turns true.
pub(super) fn start(
    keeper: &Arc<Keeper>,
    documents: &Arc<Documents>,
    (service, deliveries): (&Arc<Service>, Deliveries),
    settings: &Settings,
    stopped: &watch::Receiver<bool>,
) -> Upkeep {
    let sessions = tokio::spawn(keep_sessions(Arc::clone(keeper), settings.session_options(), stopped.clone()));
    let compaction = tokio::spawn(keep_compact(Arc::clone(keeper), stopped.clone()));
    let collecting =
        collections::keep_collecting(Arc::clone(keeper), Arc::clone(documents), settings.clone(), stopped.clone());
    let delivering = keep_delivering(deliveries, stopped.clone());
    let imports = Imports::new(
        Arc::clone(keeper),
        Arc::clone(documents),
        Origin::of(&Places::choose(&settings.aws, &settings.data), &settings.data),
        settings.session_options(),
        (Bounds::default(), workers()),
    );
    let importing = tokio::spawn(imports.run(stopped.clone()));
    let dashboards = tokio::spawn(keep_dashboards(Arc::clone(service), stopped.clone()));
    let remembering = tokio::spawn(keep_history(Arc::clone(service), stopped.clone()));
    let spawned = [sessions, compaction, remembering, importing, dashboards];
    Upkeep(spawned.into_iter().chain([tokio::spawn(collecting), tokio::spawn(delivering)]).collect())
}

impl Upkeep {
    /// Waits for their end.
    pub(super) async fn end(self) {
        for task in self.0 {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task beside the API failed");
            }
        }
    }
}

/// Brings the table of sessions up to date from time to time, so that `origin` is known soon after an event.
async fn keep_sessions(keeper: Arc<Keeper>, options: SessionOptions, mut stopped: watch::Receiver<bool>) {
    loop {
        let is_end = tokio::time::timeout(SESSIONS_EVERY, super::is_stopped(&mut stopped)).await.is_ok();
        let consumed = match keeper.writer().await {
            Ok(writer) => pipeline::sessions::consume(&writer, keeper.location(), &options).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = consumed {
            tracing::warn!(%error, "the table of sessions could not be brought up to date");
        }
        if is_end {
            return;
        }
    }
}

/// Delivers what trails record.
async fn keep_delivering(deliveries: Deliveries, stopped: watch::Receiver<bool>) {
    if let Err(error) = deliveries.run(stopped).await {
        tracing::error!(%error, "nothing more is delivered until the next start");
    }
}

/// Refreshes dashboards when their schedules say so. What is under way at the end goes on after the next start.
async fn keep_dashboards(service: Arc<Service>, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = super::is_stopped(&mut stopped) => return,
            refreshed = service.refresh_dashboards() => {
                if let Err(error) = refreshed {
                    tracing::warn!(%error, "dashboards could not be refreshed; trying again");
                }
            }
        }
        if tokio::time::timeout(DASHBOARDS_EVERY, super::is_stopped(&mut stopped)).await.is_ok() {
            return;
        }
    }
}

/// Takes the newest events into memory, so that event history answers at once.
async fn keep_history(service: Arc<Service>, mut stopped: watch::Receiver<bool>) {
    loop {
        let pause = match service.deepen_history().await {
            Ok(true) => Duration::ZERO,
            Ok(false) => HISTORY_EVERY,
            Err(error) => {
                tracing::warn!(%error, "event history could not be taken into memory");
                HISTORY_EVERY
            }
        };
        if tokio::time::timeout(pause, super::is_stopped(&mut stopped)).await.is_ok() {
            return;
        }
    }
}

/// Merges small files from time to time, so that queries stay quick.
async fn keep_compact(keeper: Arc<Keeper>, mut stopped: watch::Receiver<bool>) {
    for round in 1_u64.. {
        if tokio::time::timeout(COMPACT_EVERY, super::is_stopped(&mut stopped)).await.is_ok() {
            return;
        }
        let compaction = if round % ROUNDS_TO_LARGE == 0 { Compaction::default() } else { SMALL };
        let merged = async { Ok::<_, Fault>(keeper.writer().await?.compact(compaction).await?) };
        match merged.await {
            Ok(report) => tracing::debug!(?report, "merged small files"),
            Err(error) => tracing::warn!(%error, "small files could not be merged"),
        }
    }
}
