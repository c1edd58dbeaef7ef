//! `trailkeep rules try FILE`: how often rules would have found something in the lake, before they are switched on.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use ::detect::indicator::Indicators;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use clap::Args;
use jiff::Timestamp;
use pipeline::hunt::{Found, Hunt, Scope};
use tokio::sync::mpsc;

use super::load::{self, RuleArgs};
use crate::cli::Format;
use crate::command::detect::{self, PARTS_WAITING, moment, stored};
use crate::exit::Exit;
use crate::fault::Result;
use crate::output::{self, Style};
use crate::settings::Settings;
use crate::units::counted;

/// See how often a rule would have found something in the lake, per day and per origin
///
/// Nothing is kept. Exit codes: 0 nothing found, 1 something found, 2 error or something refused.
#[derive(Debug, Args)]
pub(crate) struct Try {
    /// A Sigma file, or a folder of them
    #[arg(value_name = "PATH", required = true)]
    rules: Vec<PathBuf>,

    /// Only what would have been found since then
    #[arg(long, value_name = "TIME", default_value = "90d")]
    since: String,

    /// Only what would have been found before then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// Rule, day, origin, and how many were suppressed of how many.
type Rows = BTreeMap<(String, String, String), (i64, i64)>;

/// Looks and counts.
pub(super) async fn run(command: Try, settings: &Settings) -> Result<Exit> {
    let now = Timestamp::now();
    let args = RuleArgs { rules: command.rules, no_builtin: true };
    // Those of the settings are switched on already.
    let tried = Settings {
        detect: crate::settings::Detect { rules: Vec::new(), ..settings.detect.clone() },
        ..settings.clone()
    };
    let rules = load::rules(&args, &tried)?;
    let until = command.until.as_ref().map(|text| inquiry::time::parse(text, now)).transpose()?;
    let scope = Scope {
        since: Some(moment(inquiry::time::parse(&command.since, now)?)),
        until: until.map(moment),
        ..Scope::default()
    };
    let hunt = Hunt { rules: rules.set, indicators: Arc::new(Indicators::default()), scope, now: moment(now) };
    let (parts, mut found) = mpsc::channel::<Vec<Found>>(PARTS_WAITING);
    let counting = async {
        let mut rows = Rows::new();
        while let Some(part) = found.recv().await {
            for found in &part {
                let last = found.finding.events.last().and_then(|event| event.time);
                let day = last.map_or_else(|| "unknown".to_owned(), |time| time.to_string().chars().take(10).collect());
                let origin = found.origin().or(found.sight.arn.as_deref()).unwrap_or("unknown").to_owned();
                let row = rows.entry((found.finding.rule.meta.title.clone(), day, origin)).or_default();
                row.0 += 1;
                row.1 += i64::from(found.finding.suppressed.is_some());
            }
        }
        rows
    };
    let work = stored::hunt(hunt, stored::Plan { keeps: stored::Keeps::Nothing, tells: true }, settings, now, parts);
    let (tally, rows) = tokio::join!(work, counting);
    let tally = tally?;
    show(&rows, settings)?;
    detect::tell(&tally);
    Ok(match (rules.is_partial, rows.is_empty()) {
        (true, _) => Exit::Error,
        (false, true) => Exit::Success,
        (false, false) => Exit::Findings,
    })
}

fn show(rows: &Rows, settings: &Settings) -> Result<()> {
    let text = |value: &dyn Fn(&(String, String, String)) -> String| -> ArrayRef {
        Arc::new(rows.keys().map(|key| Some(value(key))).collect::<StringArray>())
    };
    let number = |value: &dyn Fn(&(i64, i64)) -> i64| -> ArrayRef {
        Arc::new(rows.values().map(|row| Some(value(row))).collect::<Int64Array>())
    };
    let batch = RecordBatch::try_from_iter([
        ("rule", text(&|(rule, _, _)| rule.clone())),
        ("day", text(&|(_, day, _)| day.clone())),
        ("origin", text(&|(_, _, origin)| origin.clone())),
        ("findings", number(&|(found, _)| *found)),
        ("suppressed", number(&|(_, suppressed)| *suppressed)),
    ])?;
    let mut out = output::stdout();
    output::print_batches(&batch.schema(), &[batch], Style::stdout(settings.format, settings.null), &mut out)?;
    if settings.format == Format::Table {
        let total: i64 = rows.values().map(|(found, _)| *found).sum();
        let days = rows.keys().map(|(_, day, _)| day).collect::<std::collections::BTreeSet<_>>().len();
        writeln!(out, "{} on {}", counted(total as u64, "finding"), counted(days as u64, "day"))?;
    }
    Ok(out.flush()?)
}
