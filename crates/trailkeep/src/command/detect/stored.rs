//! The hunt through the lake: its consumers brought up to date, its events looked at, and what is found kept.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use ::detect::Level;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use event::time::EventTime;
use futures::TryStreamExt;
use jiff::Timestamp;
use lake::error::ErrorKind;
use lake::location::Location;
use lake::{FINDINGS_MAX, FindingsTable, Lake, Stored, Writer};
use lineage::sessions::EDGES_MAX;
use pipeline::hunt::{Found, Hunt, Scope, Tally, in_lake};
use tokio::sync::mpsc;

use super::{PARTS_WAITING, moment};
use crate::command::rules::load::{self, RuleArgs};
use crate::fault::{Fault, Result};
use crate::open;
use crate::settings::Settings;
use crate::units::count;

/// What a hunt does beside finding.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'w> {
    /// Whether what is found is kept in the lake.
    pub(crate) keeps: Keeps<'w>,
    /// Whether it is said on standard error what was kept.
    pub(crate) tells: bool,
}

/// Who keeps what is found.
#[derive(Clone, Copy)]
pub(crate) enum Keeps<'w> {
    /// Nobody.
    Nothing,
    /// The hunt itself opens the lake for writing.
    Itself,
    /// The lake is open for writing already.
    By(&'w Arc<Writer>),
}

/// Hunts through the lake. Findings go out as they are found and, if the plan says so, into the table `findings`.
///
/// A lake that another process writes to is looked at all the same; then nothing is kept, and a note says so.
///
/// # Errors
/// If there is no lake, or it cannot be read or written.
pub(crate) async fn hunt(
    hunt: Hunt,
    plan: Plan<'_>,
    settings: &Settings,
    now: Timestamp,
    out: mpsc::Sender<Vec<Found>>,
) -> Result<Tally> {
    // Says how to fill a lake that is not there, before one is made.
    open::lake(settings).await?;
    let location = settings.location().await?;
    let options = settings.session_options();
    let own = match plan.keeps {
        Keeps::Itself => writer(&location, now).await?,
        Keeps::Nothing | Keeps::By(_) => None,
    };
    let writer = match plan.keeps {
        Keeps::By(writer) => Some(writer),
        Keeps::Nothing | Keeps::Itself => own.as_ref(),
    };
    if let Some(writer) = writer {
        pipeline::sessions::consume(writer, &location, &options).await?;
    }
    let lake = Lake::open(&location).await?;
    let sessions = Arc::new(lake.sessions(EDGES_MAX).await?);
    let mut table = match writer {
        Some(writer) => Some(FindingsTable::open(&location, writer).await?),
        None => None,
    };
    let (parts, found) = mpsc::channel(PARTS_WAITING);
    let looking = in_lake(hunt, (&lake, &options), sessions, parts);
    let (tally, kept) = tokio::join!(looking, keep(found, table.as_mut(), out));
    let (tally, kept) = (tally?, kept?);
    if let Some(table) = &table {
        table.finish().await;
        let line = format!(
            "kept in `findings`: {} new, {} in the place of earlier ones",
            count(kept.new),
            count(kept.replaced)
        );
        if plan.tells {
            // A note is not worth failing for.
            writeln!(std::io::stderr(), "{line}").ok();
        }
    }
    drop(table);
    if let Some(writer) = own {
        writer.close().await;
    }
    Ok(tally)
}

/// Returns the number of the last event of a lake; below 0 where there is none.
pub(crate) async fn last_seq(location: &Location) -> Result<i64> {
    match Lake::open(location).await {
        Ok(lake) => Ok(lake.last_seq()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(-1),
        Err(error) => Err(error.into()),
    }
}

/// Hunts through the dates of the events above a number, keeps what is found, and says on standard error what that is.
///
/// # Errors
/// As [`hunt`].
pub(crate) async fn hunt_above(seq: i64, settings: &Settings, now: Timestamp, keeps: Keeps<'_>) -> Result<()> {
    let args = RuleArgs { rules: Vec::new(), no_builtin: false };
    let rules = load::rules(&args, settings)?;
    let (indicators, _) = load::indicators(&[], settings)?;
    let lake = Lake::open(&settings.location().await?).await?;
    let Some((since, until)) = times_above(&lake, seq, settings).await? else { return Ok(()) };
    let scope = Scope { since: Some(since), until: Some(until), ..Scope::default() };
    let hunted = Hunt { rules: rules.set, indicators, scope, now: moment(now) };
    let (parts, mut found) = mpsc::channel::<Vec<Found>>(PARTS_WAITING);
    let work = hunt(hunted, Plan { keeps, tells: true }, settings, now, parts);
    let counting = async {
        let mut by_level: BTreeMap<Option<Level>, u64> = BTreeMap::new();
        while let Some(part) = found.recv().await {
            for found in part.iter().filter(|found| found.finding.suppressed.is_none()) {
                *by_level.entry(found.finding.rule.meta.level).or_default() += 1;
            }
        }
        by_level
    };
    let (tally, by_level) = tokio::join!(work, counting);
    super::tell(&tally?);
    let levels = by_level.iter().rev();
    let levels =
        levels.map(|(level, number)| format!("{} {}", count(*number), level.map_or("without a level", Level::as_str)));
    let levels: Vec<String> = levels.collect();
    let line = if levels.is_empty() {
        "nothing found".to_owned()
    } else {
        format!("found: {}; see table `findings`", levels.join(", "))
    };
    // A note is not worth failing for.
    writeln!(std::io::stderr(), "{line}").ok();
    Ok(())
}

/// Returns from when to when the events above a number are.
async fn times_above(lake: &Lake, seq: i64, settings: &Settings) -> Result<Option<(EventTime, EventTime)>> {
    let ctx = lake.session(&settings.session_options())?;
    let sql = format!("SELECT min(eventtime) AS first, max(eventtime) AS last FROM events_flat WHERE seq > {seq}");
    let (_, rows) = lake::sql::query(&ctx, &sql).await?;
    let batches: Vec<RecordBatch> = rows.try_collect().await.map_err(lake::sql::Error::from)?;
    let time = |name: &str| {
        let batch = batches.iter().find(|batch| batch.num_rows() > 0)?;
        let times = batch.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>()?;
        times.is_valid(0).then(|| times.value(0))
    };
    // The second bound lies behind the last event.
    Ok(time("first")
        .zip(time("last"))
        .map(|(first, last)| (EventTime::from_micros(first), EventTime::from_micros(last + 1))))
}

/// Opens the lake for writing; none while another process does.
async fn writer(location: &Location, now: Timestamp) -> Result<Option<Arc<Writer>>> {
    match Writer::open(location, moment(now)).await {
        Ok(writer) => Ok(Some(Arc::new(writer))),
        Err(error) if error.kind() == ErrorKind::Locked => {
            let note = "another process writes to the lake: what is found is shown and not kept";
            // A note is not worth failing for.
            writeln!(std::io::stderr(), "{note}").ok();
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Stores findings as they come, and passes them on.
async fn keep(
    mut found: mpsc::Receiver<Vec<Found>>,
    mut table: Option<&mut FindingsTable<'_>>,
    out: mpsc::Sender<Vec<Found>>,
) -> Result<Stored> {
    let mut kept = Stored::default();
    let mut rows = Vec::new();
    while let Some(part) = found.recv().await {
        if table.is_some() {
            rows.extend(part.iter().map(Found::to_row));
        }
        // Nobody may print any more; what is found is kept all the same.
        out.send(part).await.ok();
        if rows.len() >= FINDINGS_MAX {
            store(table.as_deref_mut(), &mut rows, &mut kept).await?;
        }
    }
    store(table, &mut rows, &mut kept).await?;
    Ok(kept)
}

async fn store(table: Option<&mut FindingsTable<'_>>, rows: &mut Vec<lake::Finding>, kept: &mut Stored) -> Result<()> {
    let (Some(table), false) = (table, rows.is_empty()) else { return Ok(()) };
    let stored = table.store(std::mem::take(rows)).await.map_err(Fault::from)?;
    kept.new += stored.new;
    kept.replaced += stored.replaced;
    Ok(())
}
