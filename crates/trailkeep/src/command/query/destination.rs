//! Where the answer to one query goes, and in which form: standard output, or a file that is there once it is complete.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use datafusion::execution::context::SessionContext;

use super::within;
use crate::cli::Format;
use crate::fault::{Fault, Result};
use crate::output::{self, Form, Style};
use crate::settings::Settings;
use crate::terminal;

/// Endings of files that say in which form the answer is wanted.
const ENDINGS: &[(&str, Form)] = &[
    ("parquet", Form::Parquet),
    ("csv", Form::Text(Format::Csv)),
    ("json", Form::Text(Format::Json)),
    ("jsonl", Form::Text(Format::Jsonl)),
    ("ndjson", Form::Text(Format::Jsonl)),
];

/// Runs one query and writes its answer as it comes.
///
/// # Errors
/// If the query fails or the answer cannot be written; a file is then as it was before.
pub(super) async fn write(
    ctx: &SessionContext,
    sql: &str,
    file: Option<&Path>,
    is_parquet: bool,
    settings: &Settings,
) -> Result<()> {
    let form = form(file, is_parquet, settings.format)?;
    let mut style = Style::stdout(settings.format, settings.null);
    let Some(path) = file else {
        if form == Form::Parquet {
            refuse_terminal(terminal::is_stdout())?;
        }
        return within(settings.query_timeout, answer(ctx, sql, form, style, &mut output::stdout())).await;
    };
    (style.is_terminal, style.width) = (false, None);
    let unfinished = unfinished(path)?;
    let fault = |error| Fault::new(format!("could not write to `{}`", path.display())).because(error);
    let mut out = BufWriter::new(File::create(&unfinished).map_err(fault)?);
    let written = within(settings.query_timeout, answer(ctx, sql, form, style, &mut out)).await;
    match written {
        Ok(()) => out.into_inner().map_err(|error| fault(error.into_error()))?.sync_all().map_err(fault)?,
        Err(error) => {
            drop(out);
            std::fs::remove_file(&unfinished).map_err(fault)?;
            return Err(error);
        }
    }
    std::fs::rename(&unfinished, path).map_err(fault)
}

async fn answer(ctx: &SessionContext, sql: &str, form: Form, style: Style, out: &mut dyn Write) -> Result<()> {
    let (schema, stream) = lake::sql::query(ctx, sql).await?;
    output::print_as(form, schema, stream, style, out).await.map(drop)
}

/// Chooses the form: the flag, else the file's ending, else what `--output` says.
fn form(file: Option<&Path>, is_parquet: bool, format: Format) -> Result<Form> {
    let ending = file.and_then(Path::extension).and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    let by_ending = ENDINGS.iter().find(|(name, _)| ending.as_deref() == Some(*name)).map(|(_, form)| *form);
    match (is_parquet, by_ending, file) {
        (true, Some(form), Some(path)) if form != Form::Parquet => {
            Err(Fault::new(format!("`--parquet` and the name `{}` say different things", path.display()))
                .help("name the file `.parquet`, or leave the flag out"))
        }
        (true, ..) => Ok(Form::Parquet),
        (false, Some(form), _) => Ok(form),
        (false, None, _) => Ok(Form::Text(format)),
    }
}

fn refuse_terminal(is_terminal: bool) -> Result<()> {
    match is_terminal {
        true => Err(Fault::new("Parquet is no text, and would only confuse the terminal")
            .help("write it to a file by `--to FILE`, or into a pipe")),
        false => Ok(()),
    }
}

/// Returns the name under which a file is written until it is complete: beside it, so that it can be renamed.
fn unfinished(path: &Path) -> Result<PathBuf> {
    let mut name = path
        .file_name()
        .map(ToOwned::to_owned)
        .ok_or_else(|| Fault::new(format!("`{}` names no file", path.display())).help("write `--to answer.parquet`"))?;
    name.push(".unfinished");
    Ok(path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_and_the_name_choose_the_form() {
        let cases = [
            (None, false, Some(Form::Text(Format::Jsonl))),
            (None, true, Some(Form::Parquet)),
            (Some("a.parquet"), false, Some(Form::Parquet)),
            (Some("A.PARQUET"), true, Some(Form::Parquet)),
            (Some("a.csv"), false, Some(Form::Text(Format::Csv))),
            (Some("a.json"), false, Some(Form::Text(Format::Json))),
            (Some("a.ndjson"), false, Some(Form::Text(Format::Jsonl))),
            (Some("a.txt"), false, Some(Form::Text(Format::Jsonl))),
            (Some("a"), true, Some(Form::Parquet)),
            (Some("a.csv"), true, None),
        ];
        for (file, is_parquet, expect) in cases {
            assert_eq!(form(file.map(Path::new), is_parquet, Format::Jsonl).ok(), expect, "{file:?} {is_parquet}");
        }
    }

    #[test]
    fn a_terminal_is_spared() {
        assert!(refuse_terminal(false).is_ok());
        assert!(refuse_terminal(true).is_err_and(|fault| format!("{fault}").contains("terminal")));
    }
}
