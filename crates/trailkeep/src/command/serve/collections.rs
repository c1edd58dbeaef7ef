//! Collections that other processes hand to the server, one after the other.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use lake::error::ErrorKind;
use lake::{Change, Documents, Expect, Kept, to_body};
use pipeline::collect::{Progress, Report, collect};
use pipeline::error::chain;
use pipeline::keeper::Keeper;
use pipeline::prove::Proofs;
use tokio::sync::watch;

use crate::command::collect::handed::{COLLECTION, Collection, Reached, SERVER, SERVER_ID, State};
use crate::command::collect::prove::Given;
use crate::command::collect::{consume, plan};
use crate::fault::{Fault, Result};
use crate::settings::Settings;

/// How often it is looked for something to do, and told how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Says that a server runs here, or no longer does.
///
/// # Errors
/// If the documents cannot be written.
pub(super) fn announce(documents: &Documents, runs: bool) -> Result<()> {
    let body = to_body(&std::process::id())?;
    let change = match runs {
        true => Change::Put { kind: SERVER, id: SERVER_ID, body: &body, expect: Expect::Any },
        false => Change::Delete { kind: SERVER, id: SERVER_ID, expect: Expect::Any },
    };
    Ok(documents.apply(&[change]).map(drop)?)
}

/// Takes up what is handed over, until the end.
pub(super) async fn keep_collecting(
    keeper: Arc<Keeper>,
    documents: Arc<Documents>,
    settings: Settings,
    mut stopped: watch::Receiver<bool>,
) {
    let mut seen = -1;
    loop {
        let looked = async {
            let changes = documents.changes()?;
            if changes != seen {
                work(&keeper, &documents, &settings, &stopped).await?;
                seen = changes;
            }
            Ok::<_, Fault>(())
        };
        if let Err(error) = looked.await {
            tracing::error!(%error, "a collection that was handed over could not be carried out");
        }
        if tokio::time::timeout(LOOK_EVERY, super::is_stopped(&mut stopped)).await.is_ok() {
            return;
        }
    }
}

/// Carries out all that waits.
async fn work(
    keeper: &Keeper,
    documents: &Documents,
    settings: &Settings,
    stopped: &watch::Receiver<bool>,
) -> Result<()> {
    for document in documents.list(COLLECTION)? {
        let Some(Kept { value: collection, .. }) = documents.read::<Collection>(COLLECTION, &document.id)? else {
            continue;
        };
        // One that a server before this one left in the middle is begun anew: what it has stored is known.
        if !matches!(collection.state, State::Waiting | State::Running) {
            continue;
        }
        let settings = collection.asked.settings(settings);
        let progress = Arc::new(Progress::default());
        let working = carry_out(keeper, &collection, &settings, Arc::clone(&progress));
        let telling = tell(documents, &document.id, &progress, stopped.clone());
        let done = tokio::select! {
            done = working => done,
            never = telling => match never? {},
        };
        let state = match done {
            Ok((report, proofs)) => State::Done(Box::new(report), proofs),
            Err(fault) => State::Failed(chain(&fault)),
        };
        change(documents, &document.id, |collection| collection.state = state.clone())?;
    }
    Ok(())
}

async fn carry_out(
    keeper: &Keeper,
    collection: &Collection,
    settings: &Settings,
    progress: Arc<Progress>,
) -> Result<(Report, Proofs)> {
    let command = &collection.asked.command;
    let keys = [command.keys.as_slice(), &settings.keys].concat();
    let given = Given::read(&keys, &command.metadata)?.or_ask(&settings.aws);
    let plan = plan(command, settings, Timestamp::now()).await?;
    let writer = keeper.writer().await?;
    let report = collect(Arc::clone(&writer), plan, progress).await?;
    let has_digests = report.digests > 0 || !given.is_empty();
    let proofs = if has_digests { given.prove(&writer).await? } else { Proofs::default() };
    consume(&writer, keeper.location()).await?;
    Ok((report, proofs))
}

/// Tells how far it is for as long as it is listened to, and passes a wish to end on.
async fn tell(
    documents: &Documents,
    id: &str,
    progress: &Progress,
    stopped: watch::Receiver<bool>,
) -> Result<std::convert::Infallible> {
    let mut told = None;
    loop {
        let reached = Reached::of(progress);
        let is_news = told.replace(reached) != Some(reached);
        let asked_to_stop = match is_news {
            true => change(documents, id, |collection| {
                collection.state = State::Running;
                collection.reached = reached;
            })?,
            false => is_asked_to_stop(documents, id)?,
        };
        if asked_to_stop || *stopped.borrow() {
            progress.stop.store(true, Ordering::Relaxed);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn is_asked_to_stop(documents: &Documents, id: &str) -> Result<bool> {
    // Who asked may have gone and taken it away: then nobody waits for it.
    Ok(documents.read::<Collection>(COLLECTION, id)?.is_none_or(|kept| kept.value.stop))
}

/// Changes a collection, whatever who asked has changed meanwhile; returns whether it is to end.
fn change(documents: &Documents, id: &str, change: impl Fn(&mut Collection)) -> Result<bool> {
    loop {
        let Some(Kept { revision, mut value }) = documents.read::<Collection>(COLLECTION, id)? else { return Ok(true) };
        change(&mut value);
        let body = to_body(&value)?;
        let put = Change::Put { kind: COLLECTION, id, body: &body, expect: Expect::Revision(revision) };
        match documents.apply(&[put]) {
            Ok(_) => return Ok(value.stop),
            Err(error) if error.kind() == ErrorKind::Changed => {}
            Err(error) => return Err(error.into()),
        }
    }
}
