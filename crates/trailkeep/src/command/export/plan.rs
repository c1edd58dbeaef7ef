//! From flags to the plan of an export: which events, what becomes of them, and how far it has come.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use inquiry::lookup::Columns;
use jiff::Timestamp;
use pipeline::export::{Choice, Export, Follow, Offset, Origin};

use super::destination::{Destination, To};
use super::words::Form;
use super::{ExportArgs, FormatName};
use crate::cli::Format;
use crate::fault::{Fault, Result};
use crate::settings::Settings;
use crate::terminal;

/// Returns what events become.
pub(super) fn form(command: &ExportArgs, settings: &Settings) -> Result<Form> {
    match command.format {
        Some(FormatName::Ecs) => Ok(Form::Ecs),
        Some(FormatName::Snare) if settings.format == Format::Csv => Ok(Form::SnareCsv),
        Some(FormatName::Snare) => Ok(Form::SnareJson),
        Some(FormatName::Jsonl) => Ok(Form::Jsonl),
        Some(FormatName::Csv) => Ok(Form::Csv),
        Some(FormatName::Parquet) if command.to == "-" && terminal::is_stdout() => {
            Err(Fault::new("Parquet is no text, and would only confuse the terminal")
                .help("write files by `--to FOLDER`, or write into a pipe"))
        }
        Some(FormatName::Parquet) => Ok(Form::Parquet),
        Some(FormatName::Ocsf) => Err(Fault::new("the format `ocsf` cannot be written yet")
            .help("`ecs`, `snare`, `jsonl`, `csv` and `parquet` can")),
        None => Err(Fault::new("no format was given").help("write `--format ecs`, or another one of `--help`")),
    }
}

/// Returns the plan.
pub(super) async fn export(command: &ExportArgs, destination: &Destination, settings: &Settings) -> Result<Export> {
    let follow = Follow {
        poll_interval: Duration::from_millis(command.poll_interval_ms),
        part_interval: Duration::from_secs(command.part_interval_s),
    };
    Ok(Export {
        location: settings.location().await?,
        choice: choice(command, settings)?,
        ids: destination.ids(),
        call_payloads_max: destination.call_payloads_max(),
        repeats_calls: matches!(destination.to, To::Webhook(_)),
        follow: command.follow.then_some(follow),
    })
}

fn choice(command: &ExportArgs, settings: &Settings) -> Result<Choice> {
    let session = settings.session_options();
    if let Some(sql) = &command.sql {
        let sql = sql.trim_end().trim_end_matches(';').to_owned();
        return Ok(Choice::Query { sql, session });
    }
    let question = command.filters.question(&settings.accounts, Timestamp::now(), command.limit)?;
    Ok(match command.filters.typed().is_empty() && command.limit == 0 {
        true => Choice::All,
        false => Choice::Query { sql: question.sql(Columns::All), session },
    })
}

/// Returns how far the export has come.
pub(super) fn offset(
    command: &ExportArgs,
    form: Form,
    destination: &Destination,
    settings: &Settings,
) -> Result<Offset> {
    if matches!(destination.to, To::Stdout) && !command.resume {
        return Ok(Offset::unkept());
    }
    let lake = match &settings.lake {
        Some(uri) => uri.clone(),
        None => "data folder".to_owned(),
    };
    let origin = Origin {
        lake,
        destination: destination.shown.clone(),
        destination_key: destination.key.clone(),
        format: form.name().to_owned(),
        choice: chosen(command),
    };
    let mut offset = Offset::open(&settings.data, &origin)?;
    if command.from_start {
        offset.restart();
    }
    Ok(offset)
}

/// Returns the choice of events in the words of the command line: what `24h` stands for changes, the choice does not.
fn chosen(command: &ExportArgs) -> String {
    if let Some(sql) = &command.sql {
        return format!("--sql {sql}");
    }
    let mut words: Vec<String> = Vec::new();
    for (flag, values) in command.filters.typed() {
        for value in values {
            // As JSON, so that no value looks like another flag.
            words.push(format!("{flag}={}", serde_json::Value::from(value)));
        }
    }
    if command.limit > 0 {
        words.push(format!("--limit={}", command.limit));
    }
    if words.is_empty() { "all".to_owned() } else { words.join(" ") }
}

/// Says why an export ended. Whoever reads our output may go away at any time, which is no error.
pub(super) fn fault(error: pipeline::error::Error) -> Fault {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(error) = cause {
        let is_closed =
            error.downcast_ref::<sink::Error>().is_some_and(|error| error.kind() == sink::ErrorKind::Closed);
        let is_broken =
            error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        if is_closed || is_broken {
            return Fault::from(io::Error::from(io::ErrorKind::BrokenPipe));
        }
        cause = error.source();
    }
    error.into()
}
