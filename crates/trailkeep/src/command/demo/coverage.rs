//! What the lake itself knows of the same crime: which hours have holes, and which events nobody should believe.

use std::io::Write;
use std::path::Path;

use datafusion::execution::context::SessionContext;
use inquiry::coverage::{HoleKind, Question, coverage};
use jiff::Timestamp;

use crate::command::coverage::{Look, draw};
use crate::command::demo::tour::{ask, indented, program, quoted, table};
use crate::fault::Result;
use crate::settings::Settings;
use crate::terminal::visible;
use crate::units::counted;

/// What is asked of the events.
const INTEGRITY: &str = "\
SELECT integrity, count(*) AS events, count(DISTINCT log_file) AS log_files
FROM events
GROUP BY 1
ORDER BY 2 DESC";

/// Draws the coverage and asks for the integrity of events; says nothing where an older demo has no digests.
pub(super) async fn show(ctx: &SessionContext, data: &Path, settings: &Settings, out: &mut dyn Write) -> Result<()> {
    let question =
        Question { accounts: Vec::new(), regions: Vec::new(), since: None, until: None, now: Timestamp::now() };
    let found = coverage(ctx, &question).await?;
    if found.digests.valid == 0 {
        return Ok(());
    }
    writeln!(out, "\nThe lake knows it too: what AWS promised, hour by hour, against what is stored.\n")?;
    draw(&found, &settings.accounts, Look::of_terminal(), out)?;
    for hole in &found.holes {
        let what = match hole.kind {
            HoleKind::MissingLogFile => "not stored",
            HoleKind::ChangedLogFile => "stored with other content",
            HoleKind::MissingDigest | HoleKind::InvalidDigest => "no digest that counts",
        };
        let name = hole.uri.rsplit('/').next().unwrap_or(&hole.uri);
        writeln!(out, "  {}\n    {what}", visible(name))?;
    }
    writeln!(
        out,
        "{} in {}.",
        counted(found.holes.len() as u64, "hole"),
        counted(found.total.promised, "promised log file")
    )?;
    writeln!(out, "\nAnd every event can say whether to believe it:\n")?;
    indented(INTEGRITY, out)?;
    writeln!(out)?;
    let (schema, batches) = ask(ctx, INTEGRITY).await?;
    indented(&table(&schema, &batches)?, out)?;
    let start = format!("{} --data {}", quoted(&program()), quoted(&data.display().to_string()));
    writeln!(out, "\n  {start} coverage")?;
    writeln!(out, "  {start} query \"SELECT record FROM events WHERE integrity = 'tampered'\"")?;
    Ok(())
}
