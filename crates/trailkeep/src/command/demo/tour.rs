//! The tour: five questions to the sample organisation, each answered by the query that is shown with it. What one
//! answer finds, the next question asks about.

use std::io::Write;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::execution::context::SessionContext;
use futures::TryStreamExt;

use crate::cli::Format;
use crate::fault::Result;
use crate::output::{self, Style, text_at};
use crate::units;

/// Width of the tables.
const WIDTH: u16 = 94;

/// One question of the tour.
struct Stop {
    question: &'static str,
    /// The query; `{name}` stands for what an earlier answer found.
    sql: &'static str,
    /// What the answer means; `{name}` as above, and this answer's own finds.
    meaning: &'static str,
    /// What the first row finds: name and column.
    finds: &'static [(&'static str, &'static str)],
}

const STOPS: [Stop; 5] = [
    Stop {
        question: "Which key is turned away nearly every time?",
        sql: "\
SELECT userIdentity.userName AS user, userIdentity.accessKeyId AS key,
  sourceIPAddress AS address, count(*) AS calls, count(errorCode) AS refused,
  count(DISTINCT eventSource) AS services
FROM events
WHERE userIdentity.accessKeyId LIKE 'AKIA%'
GROUP BY 1, 2, 3
HAVING count(*) >= 10
ORDER BY cast(count(errorCode) AS double) / count(*) DESC
LIMIT 3",
        meaning: "\
`{user}` at {address} tried {services} services, refused {refused} times out of {calls}.
Software asks for what it needs. This one is trying the door handles.",
        finds: &[
            ("user", "user"),
            ("key", "key"),
            ("address", "address"),
            ("services", "services"),
            ("refused", "refused"),
            ("calls", "calls"),
        ],
    },
    Stop {
        question: "Where else is that key used?",
        sql: "\
SELECT sourceIPAddress AS address, count(*) AS calls,
  min(eventTime) AS first, max(eventTime) AS last
FROM events
WHERE userIdentity.accessKeyId = '{key}'
GROUP BY 1
ORDER BY calls DESC",
        meaning: "\
Home is {home}, where it goes about its work. {address} is not home.
One key in two places: it has leaked.",
        finds: &[("home", "address")],
    },
    Stop {
        question: "The key could do little. So what did its holder become?",
        sql: "\
SELECT eventTime AS time, arn_account(element_at(requestParameters, 'roleArn')) AS account,
  arn_resource(element_at(requestParameters, 'roleArn')) AS became,
  json_extract_scalar(responseElements, '$.credentials.accessKeyId') AS key_issued
FROM events
WHERE eventName = 'AssumeRole' AND sourceIPAddress = '{address}'
  AND responseElements IS NOT NULL AND userIdentity.accessKeyId IS NOT NULL
ORDER BY eventTime",
        meaning: "\
From role to role and account to account, each with a new temporary key: that is how a small
key ends up an administrator.",
        finds: &[],
    },
    Stop {
        question: "What did they change?",
        sql: "\
SELECT eventTime AS time, eventName AS event, coalesce(errorCode, 'done') AS outcome,
  coalesce(element_at(requestParameters, 'userName'),
    element_at(requestParameters, 'name')) AS target
FROM events
WHERE sourceIPAddress = '{address}' AND readOnly = false
ORDER BY eventTime",
        meaning: "\
A user of their own, `{backdoor}`, to come back whenever they like. Note the attempt
to stop the trail: had it worked, the story would end here.",
        finds: &[("backdoor", "target")],
    },
    Stop {
        question: "And what was it all for?",
        sql: "\
SELECT eventName AS event, sourceIPAddress AS address, count(*) AS calls,
  element_at(requestParameters, 'bucketName') AS bucket
FROM events
WHERE userIdentity.userName = '{backdoor}'
GROUP BY 1, 2, 4
ORDER BY calls DESC",
        meaning: "\
`{bucket}`:
object after object, by the new user, from another address.
Now you know whom to call, and what to tell them.",
        finds: &[("bucket", "bucket")],
    },
];

const SIZE: &str = "\
SELECT count(*) AS events, count(DISTINCT recipientAccountId) AS accounts, count(DISTINCT awsRegion) AS regions,
  count(DISTINCT eventName) AS names, date_format(min(eventTime), '%Y-%m-%d') AS first,
  date_format(max(eventTime), '%Y-%m-%d') AS last
FROM events";

/// Asks and prints.
///
/// # Errors
/// If the lake does not answer, or the answers cannot be printed.
pub(super) async fn show(ctx: &SessionContext, data: &Path, out: &mut dyn Write) -> Result<()> {
    let (schema, batches) = ask(ctx, SIZE).await?;
    let mut found: Vec<(&str, String)> = Vec::new();
    let size = ["events", "accounts", "regions", "names", "first", "last"].map(|name| (name, name));
    find(&size, &schema, &batches, &mut found)?;
    let size =
        "\n{events} events from {first} to {last}: {accounts} accounts, {regions} Regions, {names} kinds of calls.";
    writeln!(out, "{}", filled(size, &found))?;
    writeln!(out, "Coffee is ready. Somewhere in there is a break-in; five queries find it.")?;
    for (nth, stop) in STOPS.iter().enumerate() {
        let sql = filled(stop.sql, &found);
        let (schema, batches) = ask(ctx, &sql).await?;
        find(stop.finds, &schema, &batches, &mut found)?;
        writeln!(out, "\n{}. {}\n", nth + 1, stop.question)?;
        indented(&sql, out)?;
        writeln!(out)?;
        indented(&table(&schema, &batches)?, out)?;
        writeln!(out, "\n{}", filled(stop.meaning, &found))?;
        out.flush()?;
    }
    next(data, &found, out)
}

/// Says what to try next, in commands that can be copied.
fn next(data: &Path, found: &[(&str, String)], out: &mut dyn Write) -> Result<()> {
    let program = quoted(&program());
    let start = format!("{program} --data {}", quoted(&data.display().to_string()));
    let commands = [
        ("all that happened from that address", "lookup --ip {address}"),
        ("what the new user did besides", "lookup --user {backdoor}"),
        ("refusals in production", "lookup --account production --error denied"),
        ("who signed in as root", "lookup --user root"),
        ("a shell for SQL of your own", "query"),
    ];
    writeln!(out, "\nWhat to try next\n")?;
    for (what, command) in commands {
        writeln!(out, "  # {what}\n  {start} {}", filled(command, found))?;
    }
    writeln!(out, "\nAnd then your own events\n")?;
    writeln!(out, "  {program} collect s3://YOUR-TRAIL-BUCKET/AWSLogs/\n  {program} lookup --since 24h")?;
    Ok(())
}

pub(super) async fn ask(ctx: &SessionContext, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let (schema, stream) = lake::sql::query(ctx, sql).await?;
    let batches = stream.try_collect().await.map_err(lake::sql::Error::from)?;
    Ok((schema, batches))
}

/// Takes up what the first row finds; an answer without rows finds nothing.
fn find<'n>(
    finds: &[(&'n str, &str)],
    schema: &SchemaRef,
    batches: &[RecordBatch],
    found: &mut Vec<(&'n str, String)>,
) -> Result<()> {
    for (name, column) in finds {
        let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) else { return Ok(()) };
        let array = batch.column(schema.index_of(column)?);
        let value = text_at(array, 0)?;
        let number = value.parse().ok().filter(|_| array.data_type().is_integer());
        let value = number.map_or(value, units::count);
        found.retain(|(known, _)| known != name);
        found.push((name, value));
    }
    Ok(())
}

fn filled(text: &str, found: &[(&str, String)]) -> String {
    found.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

pub(super) fn table(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<String> {
    let mut text = Vec::new();
    let style = Style { format: Format::Table, null: false, is_terminal: false, width: Some(WIDTH), has_footer: false };
    output::print_batches(schema, batches, style, &mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

pub(super) fn indented(text: &str, out: &mut dyn Write) -> Result<()> {
    text.lines().try_for_each(|line| writeln!(out, "   {line}"))?;
    Ok(())
}

/// Returns how this program is called: by its name if the shell finds it, else by its path.
pub(super) fn program() -> String {
    let Ok(own) = std::env::current_exe() else { return "trailkeep".to_owned() };
    let is_own = |folder: std::path::PathBuf| {
        let found = folder.join("trailkeep").canonicalize();
        found.is_ok_and(|found| own.canonicalize().is_ok_and(|own| own == found))
    };
    if std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(is_own)) {
        return "trailkeep".to_owned();
    }
    let here = std::env::current_dir().ok();
    let below = here.and_then(|here| Some(Path::new(".").join(own.strip_prefix(here).ok()?)));
    below.unwrap_or(own).display().to_string()
}

/// Quotes a word for the shell where it needs that.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-~+:@%,".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_they_must_be() {
        for (word, expect) in
            [("./a/b-c.d", "./a/b-c.d"), ("my demo", "'my demo'"), ("it's", "'it'\\''s'"), ("$x", "'$x'")]
        {
            assert_eq!(quoted(word), expect);
        }
    }

    #[test]
    fn the_tour_fits_a_terminal() {
        for line in STOPS.iter().flat_map(|stop| stop.sql.lines().chain(stop.meaning.lines())) {
            assert!(line.chars().count() <= usize::from(WIDTH), "{line}");
        }
    }
}
