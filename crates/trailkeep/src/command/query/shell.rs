//! The interactive shell: statements up to their `;`, commands that begin with a dot, a history, Ctrl-C for the query.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use datafusion::execution::context::SessionContext;
use lake::Lake;
use lake::sql::SessionOptions;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};

use super::complete::Names;
use super::{print, statement, warning, within};
use crate::fault::{Fault, Result};
use crate::interrupt::Interrupts;
use crate::output::{self, Form, Style};
use crate::settings::Settings;
use crate::units;

/// Commands of the shell: name, arguments, what it does.
pub(super) const COMMANDS: &[(&str, &str, &str)] = &[
    (".tables", "", "list the tables"),
    (".schema", "[TABLE]", "list the columns of a table [default: events]"),
    (
        ".output",
        "FORMAT|FILE",
        "print as `table`, `json`, `jsonl`, `csv` or `raw`, or into a file; `.output stdout` ends that",
    ),
    (".timing", "", "say how long each query took, or no longer"),
    (".help", "", "this list"),
    (".quit", "", "leave; Ctrl-D does as well"),
];

const GREETING: &str = "SQL up to `;`, `.help` for commands, Tab completes, Ctrl-C cancels a query, Ctrl-D leaves.";
const HISTORY_FILE: &str = "query-history";
const HISTORY_LINES_MAX: usize = 5_000;

/// A shell over one lake.
pub(super) struct Shell {
    lake: Lake,
    ctx: SessionContext,
    style: Style,
    file: Option<File>,
    /// Listened to while a person is there; in a batch Ctrl-C ends the program.
    interrupts: Option<Interrupts>,
    has_timing: bool,
    options: SessionOptions,
    scan_warning_bytes: u64,
    timeout: Option<Duration>,
}

/// What is to be done after a statement.
#[derive(PartialEq, Eq)]
enum Next {
    Go,
    Quit,
}

impl Shell {
    pub(super) fn new(lake: Lake, ctx: SessionContext, settings: &Settings) -> Self {
        let style = Style::stdout(settings.format, settings.null);
        let (options, scan_warning_bytes) = (settings.session_options(), settings.scan_warning_bytes);
        let timeout = settings.query_timeout;
        Self { lake, ctx, style, file: None, interrupts: None, has_timing: false, options, scan_warning_bytes, timeout }
    }

    /// Runs all statements of a text in order; the first mistake ends it.
    ///
    /// # Errors
    /// That of the first statement that fails.
    pub(super) async fn batch(mut self, text: String) -> Result<()> {
        let mut rest = text.as_str();
        loop {
            rest = rest.trim_start();
            if rest.starts_with('.') {
                let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
                if self.command(line).await? == Next::Quit {
                    return Ok(());
                }
                rest = after;
                continue;
            }
            if statement::is_blank(rest) {
                return Ok(());
            }
            let (statements, after) = statement::split(rest);
            // The last statement of a file may lack its `;`.
            let Some(first) = statements.first() else { return self.query(after).await };
            self.query(first).await?;
            let at = rest.find(*first).map_or(rest.len(), |at| at + first.len());
            rest = rest[at..].trim_start().strip_prefix(';').unwrap_or_default();
        }
    }

    /// Reads statements from the terminal until the person leaves.
    ///
    /// # Errors
    /// If the terminal cannot be used; a query that fails is only told.
    pub(super) async fn interactive(mut self, settings: &Settings) -> Result<()> {
        let failed = |error: ReadlineError| Fault::new("could not read from the terminal").because(error);
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .max_history_size(HISTORY_LINES_MAX)
            .map_err(failed)?;
        let mut editor: Editor<Names, FileHistory> = Editor::with_config(config.build()).map_err(failed)?;
        editor.set_helper(Some(Names::of(&self.ctx, &self.tables()).await?));
        let history = settings.data.join(HISTORY_FILE);
        if history.is_file() {
            editor.load_history(&history).map_err(failed)?;
        }
        self.interrupts = Some(Interrupts::listen()?);
        writeln!(std::io::stdout(), "{GREETING}")?;
        loop {
            let line = match editor.readline("trailkeep> ") {
                Ok(line) => line,
                Err(ReadlineError::Interrupted) => continue,
                Err(ReadlineError::Eof) => return Ok(()),
                Err(error) => return Err(failed(error)),
            };
            if line.trim().is_empty() {
                continue;
            }
            editor.add_history_entry(&line).map_err(failed)?;
            remember(&mut editor, &history);
            match self.input(&line).await {
                Ok(Next::Go) => {}
                Ok(Next::Quit) => return Ok(()),
                Err(fault) if fault.is_broken_pipe() => return Err(fault),
                Err(fault) => writeln!(std::io::stderr(), "{:?}", miette::Report::new(fault))?,
            }
        }
    }

    async fn input(&mut self, line: &str) -> Result<Next> {
        if line.trim_start().starts_with('.') {
            return self.command(line).await;
        }
        for statement in statement::split(line).0 {
            self.query(statement).await?;
        }
        Ok(Next::Go)
    }

    /// Runs one query until its end or Ctrl-C.
    async fn query(&mut self, sql: &str) -> Result<()> {
        // The lake goes on growing while the shell is open.
        self.lake.refresh().await?;
        self.ctx = self.lake.session(&self.options)?;
        let started = Instant::now();
        let interrupts = &mut self.interrupts;
        let (lake, ctx, bytes_max) = (&self.lake, &self.ctx, self.scan_warning_bytes);
        let work = async {
            warning::warn(lake, ctx, sql, bytes_max).await?;
            match &mut self.file {
                Some(file) => print(ctx, sql, self.style, file).await,
                None => print(ctx, sql, self.style, &mut output::stdout()).await,
            }
        };
        let cancelled = async {
            match interrupts {
                Some(interrupts) => {
                    interrupts.forget();
                    interrupts.next().await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            done = within(self.timeout, work) => done?,
            () = cancelled => return Err(Fault::new("the query was cancelled")),
        };
        if self.has_timing {
            writeln!(std::io::stderr(), "{}", units::seconds(started.elapsed().as_secs_f64()))?;
        }
        Ok(())
    }

    async fn command(&mut self, line: &str) -> Result<Next> {
        let line = line.trim().trim_end_matches(';');
        let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let argument = argument.trim();
        match name {
            ".tables" => self.tables().iter().try_for_each(|table| writeln!(std::io::stdout(), "{table}"))?,
            ".schema" => self.schema(if argument.is_empty() { "events" } else { argument }).await?,
            ".output" => self.output(argument)?,
            ".timing" => self.has_timing = !self.has_timing,
            ".help" => {
                for (name, arguments, what) in COMMANDS {
                    writeln!(std::io::stdout(), "{:<20}{what}", format!("{name} {arguments}"))?;
                }
            }
            ".quit" | ".exit" => return Ok(Next::Quit),
            _ => {
                return Err(Fault::new(format!("`{name}` is no command of the shell"))
                    .help("`.help` lists them; SQL ends by `;`"));
            }
        }
        Ok(Next::Go)
    }

    /// Returns the tables that people ask, those for other programs left out.
    fn tables(&self) -> Vec<String> {
        let catalog = self.ctx.catalog("datafusion").and_then(|catalog| catalog.schema("public"));
        let mut tables = catalog.map(|schema| schema.table_names()).unwrap_or_default();
        tables.retain(|table| table != "events_flat");
        tables.sort();
        tables
    }

    async fn schema(&self, table: &str) -> Result<()> {
        let unknown =
            || Fault::new(format!("there is no table `{table}`")).help(format!("tables: {}", self.tables().join(", ")));
        let provider = self.ctx.table_provider(table.to_ascii_lowercase()).await.map_err(|_| unknown())?;
        let mut out = output::stdout();
        for field in provider.schema().fields() {
            writeln!(out, "{:<34}{}", field.name(), field.data_type())?;
        }
        Ok(out.flush()?)
    }

    fn output(&mut self, argument: &str) -> Result<()> {
        if argument.is_empty() {
            return Err(Fault::new("`.output` needs a format, a file, or `stdout`"));
        }
        let form = argument.parse::<Form>();
        if let Ok(Form::Text(format)) = form {
            self.style.format = format;
        } else if form.is_ok() {
            return Err(no_parquet());
        } else if argument == "stdout" {
            self.file = None;
            self.style = Style::stdout(self.style.format, self.style.null);
        } else {
            let made = File::create(Path::new(argument));
            self.file =
                Some(made.map_err(|error| Fault::new(format!("could not write to `{argument}`")).because(error))?);
            self.style.is_terminal = false;
            self.style.width = None;
        }
        Ok(())
    }
}

/// What to say to those who want Parquet of the shell.
pub(super) fn no_parquet() -> Fault {
    Fault::new("the shell prints text, and no Parquet")
        .help("give one query as an argument: `trailkeep query --to answer.parquet \"SELECT ...\"`")
}

/// Writes the history, for its owner's eyes: queries name people and keys.
fn remember(editor: &mut Editor<Names, FileHistory>, path: &Path) {
    if let Err(error) = editor.save_history(path) {
        tracing::debug!(%error, path = %path.display(), "the history was not written");
    }
}
