//! What the rules find by themselves: a handful of findings, and who stands behind each.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use ::detect::indicator::Indicators;
use datafusion::execution::context::SessionContext;
use jiff::Timestamp;
use lake::location::Location;
use pipeline::hunt::{Found, Hunt, Scope};
use tokio::sync::mpsc;

use crate::command::demo::tour::{ask, indented, program, quoted, table};
use crate::command::detect::{PARTS_WAITING, moment, stored};
use crate::command::rules::load::{self, RuleArgs};
use crate::fault::Result;
use crate::output::text_at;
use crate::settings::Settings;
use crate::units::counted;

/// What is asked of the findings.
const GRAVE: &str = "\
SELECT eventTime AS time, level, outcome, rule, arn_resource(origin) AS behind_it
FROM findings
WHERE level IN ('high', 'critical')
ORDER BY eventTime";

/// Everything that was found about one of them, whoever he was by then.
const PERSON: &str = "\
SELECT eventTime AS time, level, outcome, rule, arn_resource(useridentity_arn) AS acting_as
FROM findings
WHERE origin = '{origin}' AND level <> 'informational'
ORDER BY eventTime";

/// Who of them tried to blind the trail.
const BLINDED: &str = "SELECT origin FROM findings WHERE eventname = 'StopLogging' AND origin IS NOT NULL LIMIT 1";

/// Looks at the lake with the rules that ship, and keeps what they find.
pub(super) async fn find(location: &Location, settings: &Settings) -> Result<u64> {
    let settings = Settings { data: location.data().to_owned(), lake: None, ..settings.clone() };
    let rules = load::rules(&RuleArgs { rules: Vec::new(), no_builtin: false }, &settings)?;
    let now = Timestamp::now();
    let indicators = Arc::new(Indicators::default());
    let hunt = Hunt { rules: rules.set, indicators, scope: Scope::default(), now: moment(now) };
    let (parts, mut found) = mpsc::channel::<Vec<Found>>(PARTS_WAITING);
    let counting = async {
        let mut total = 0;
        while let Some(part) = found.recv().await {
            total += part.len() as u64;
        }
        total
    };
    let plan = stored::Plan { keeps: stored::Keeps::Itself, tells: false };
    let (tally, total) = tokio::join!(stored::hunt(hunt, plan, &settings, now, parts), counting);
    tally?;
    Ok(total)
}

/// Shows the grave ones, and all about the person who matters.
pub(super) async fn show(ctx: &SessionContext, total: u64, data: &Path, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "\nRules looked at it meanwhile: {}. The grave ones:\n", counted(total, "finding"))?;
    answer(ctx, GRAVE, out).await?;
    let (_, batches) = ask(ctx, BLINDED).await?;
    let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) else { return Ok(()) };
    let origin = text_at(batch.column(0), 0)?;
    writeln!(out, "\nSomebody tried to stop a trail. All that he did, whatever role he had taken by then:\n")?;
    answer(ctx, &PERSON.replace("{origin}", &origin.replace('\'', "''")), out).await?;
    writeln!(out, "\nThe chain from each call back to him, and all the rest about him:\n")?;
    let (program, data) = (quoted(&program()), quoted(&data.display().to_string()));
    writeln!(out, "  {program} --data {data} who {}", quoted(&origin))?;
    Ok(())
}

async fn answer(ctx: &SessionContext, sql: &str, out: &mut dyn Write) -> Result<()> {
    let (schema, batches) = ask(ctx, sql).await?;
    indented(sql, out)?;
    writeln!(out)?;
    indented(&table(&schema, &batches)?, out)
}
