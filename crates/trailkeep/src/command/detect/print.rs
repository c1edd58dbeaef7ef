//! Findings on standard output: a list for people, one JSON object a finding for programs.

use std::collections::BTreeMap;
use std::io::Write;

use arrow::array::RecordBatch;
use detect::Level;
use event::time::EventTime;
use pipeline::hunt::Found;
use serde::Serialize;
use serde_json::Value;

use crate::cli::Format;
use crate::fault::Result;
use crate::output::{self, Style};
use crate::settings::{Accounts, Settings};
use crate::terminal::visible;
use crate::units::counted;

/// Prints findings part by part.
pub(crate) struct Printer {
    format: Format,
    null: bool,
    accounts: Accounts,
    /// Whether suppressed findings are shown.
    shows_suppressed: bool,
    found: u64,
    suppressed: u64,
    /// Whether a finding was printed, for JSON's commas.
    has_printed: bool,
    by_level: BTreeMap<Option<Level>, u64>,
    /// Findings for formats that are written as a whole.
    rows: Vec<lake::Finding>,
}

/// A finding as programs get it.
#[derive(Serialize)]
struct Wire<'a> {
    rule: WireRule<'a>,
    level: Option<&'static str>,
    outcome: &'static str,
    origin: Option<&'a str>,
    origin_status: Option<&'static str>,
    origin_hint: Option<&'a str>,
    group: Value,
    window: WireWindow,
    eventname: Option<&'a str>,
    eventsource: Option<&'a str>,
    awsregion: Option<&'a str>,
    sourceipaddress: Option<&'a str>,
    useridentity_arn: Option<&'a str>,
    events: Value,
    events_total: u64,
    suppressed: Option<&'a str>,
    indicator: Option<Value>,
}

#[derive(Serialize)]
struct WireRule<'a> {
    id: &'a str,
    title: &'a str,
    level: Option<&'static str>,
    author: Option<&'a str>,
    license: Option<&'a str>,
    references: &'a [String],
    tags: &'a [String],
    file: &'a str,
    line: usize,
}

#[derive(Serialize)]
struct WireWindow {
    start: Option<String>,
    end: Option<String>,
}

fn wire(found: &Found) -> Wire<'_> {
    let (finding, sight) = (&found.finding, &found.sight);
    let meta = &finding.rule.meta;
    let time = |time: Option<EventTime>| time.map(|time| time.to_string());
    let level = meta.level.map(Level::as_str);
    Wire {
        rule: WireRule {
            id: &meta.id,
            title: &meta.title,
            level,
            author: meta.author.as_deref(),
            license: meta.license.as_deref(),
            references: &meta.references,
            tags: &meta.tags,
            file: &meta.file,
            line: meta.mark.line,
        },
        level,
        outcome: finding.outcome.as_str(),
        origin: found.origin(),
        origin_status: sight.origin.as_ref().map(|origin| origin.status.as_str()),
        origin_hint: sight.origin.as_ref().and_then(|origin| origin.hint.as_deref()),
        group: found.group(),
        window: WireWindow { start: time(finding.window.start), end: time(finding.window.end) },
        eventname: sight.event_name.as_deref(),
        eventsource: sight.event_source.as_deref(),
        awsregion: sight.region.as_deref(),
        sourceipaddress: sight.source_address.as_deref(),
        useridentity_arn: sight.arn.as_deref(),
        events: with_paths(found.events()),
        events_total: finding.events_total,
        suppressed: finding.suppressed.as_deref(),
        indicator: found.indicator(),
    }
}

/// Names local files by their paths, as people did.
fn with_paths(mut events: Value) -> Value {
    for event in events.as_array_mut().into_iter().flatten() {
        let path = event.get("file").and_then(Value::as_str).and_then(path_of);
        if let (Some(path), Some(file)) = (path, event.get_mut("file")) {
            *file = Value::String(path);
        }
    }
    events
}

fn path_of(uri: &str) -> Option<String> {
    let path = url::Url::parse(uri).ok().filter(|url| url.scheme() == "file")?.to_file_path().ok()?;
    Some(path.display().to_string())
}

impl Printer {
    pub(crate) fn new(settings: &Settings, shows_suppressed: bool) -> Printer {
        Printer {
            format: settings.format,
            null: settings.null,
            accounts: settings.accounts.clone(),
            shows_suppressed,
            found: 0,
            suppressed: 0,
            has_printed: false,
            by_level: BTreeMap::new(),
            rows: Vec::new(),
        }
    }

    /// Returns how many findings there were, suppressed ones aside.
    pub(crate) fn found(&self) -> u64 {
        self.found
    }

    /// Prints some findings.
    pub(crate) fn part(&mut self, part: &[Found], out: &mut dyn Write) -> Result<()> {
        for found in part {
            if found.finding.suppressed.is_some() {
                self.suppressed += 1;
                if !self.shows_suppressed {
                    continue;
                }
            } else {
                self.found += 1;
                *self.by_level.entry(found.finding.rule.meta.level).or_default() += 1;
            }
            self.one(found, out)?;
        }
        Ok(())
    }

    fn one(&mut self, found: &Found, out: &mut dyn Write) -> Result<()> {
        match self.format {
            Format::Table => for_people(found, &self.accounts, out)?,
            Format::Jsonl => {
                serde_json::to_writer(&mut *out, &wire(found)).map_err(std::io::Error::from)?;
                out.write_all(b"\n")?;
            }
            Format::Json => {
                out.write_all(if self.has_printed { b",\n" } else { b"[" })?;
                serde_json::to_writer(&mut *out, &wire(found)).map_err(std::io::Error::from)?;
            }
            Format::Csv | Format::Raw => self.rows.push(found.to_row()),
        }
        self.has_printed = true;
        Ok(())
    }

    /// Prints what comes after the last finding.
    pub(crate) fn end(&mut self, out: &mut dyn Write) -> Result<()> {
        match self.format {
            Format::Table => self.summary(out)?,
            Format::Jsonl => {}
            Format::Json if !self.has_printed => out.write_all(b"[]\n")?,
            Format::Json => out.write_all(b"]\n")?,
            Format::Csv | Format::Raw => {
                let batch: RecordBatch = lake::findings_batch(&self.rows, EventTime::from_micros(0))?;
                let style = Style::stdout(self.format, self.null);
                output::print_batches(&batch.schema(), &[batch], style, out)?;
            }
        }
        Ok(())
    }

    fn summary(&self, out: &mut dyn Write) -> Result<()> {
        if self.found == 0 {
            writeln!(out, "Nothing found.")?;
        } else {
            let levels = self.by_level.iter().rev().map(|(level, number)| {
                format!("{} {}", crate::units::count(*number), level.map_or("without a level", Level::as_str))
            });
            let levels: Vec<String> = levels.collect();
            writeln!(out, "{}: {}.", counted(self.found, "finding"), levels.join(", "))?;
        }
        if self.suppressed > 0 && !self.shows_suppressed {
            writeln!(
                out,
                "{} more suppressed by rules; `--suppressed` shows them.",
                crate::units::count(self.suppressed)
            )?;
        }
        Ok(())
    }
}

/// Prints a finding for people: when, how grave and what in a line, who and where below it.
pub(crate) fn for_people(found: &Found, accounts: &Accounts, out: &mut dyn Write) -> Result<()> {
    let (finding, sight) = (&found.finding, &found.sight);
    let last = finding.events.last();
    let time = finding.window.end.or(last.and_then(|event| event.time));
    let time = time.map_or_else(|| "time unknown        ".to_owned(), |time| time.to_string());
    let level = finding.rule.meta.level.map_or("-", Level::as_str);
    let title = visible(&finding.rule.meta.title).into_owned();
    writeln!(out, "{time}  {level:<13}  {:<9}  {title}", finding.outcome.as_str())?;
    let who = match (&sight.origin, &sight.arn) {
        (Some(origin), Some(arn)) if origin.arn != *arn => format!("{} ({}) as {arn}", origin.arn, origin.status),
        (Some(origin), _) => format!("{} ({})", origin.arn, origin.status),
        (None, Some(arn)) => arn.clone(),
        (None, None) => found.origin().unwrap_or("identity unknown").to_owned(),
    };
    writeln!(out, "    {}", visible(&who))?;
    let account = last.and_then(|event| event.account.as_deref());
    let account = account.map(|id| accounts.name(id).unwrap_or(id).to_owned());
    let source = sight.event_source.as_deref().map(|source| source.trim_end_matches(".amazonaws.com").to_owned());
    let place = [
        source.map(|source| format!("{source}:{}", sight.event_name.as_deref().unwrap_or("?"))),
        account,
        sight.region.clone(),
        sight.source_address.as_ref().map(|address| format!("from {address}")),
        (finding.events_total > 1).then(|| counted(finding.events_total, "event")),
        last.and_then(|event| event.event_id.clone()),
    ];
    let place: Vec<String> = place.into_iter().flatten().collect();
    writeln!(out, "    {}", visible(&place.join("  ")))?;
    let place_in_file = last.and_then(|event| Some((event.file.as_deref()?, event.number)));
    if let (None, Some((file, number))) = (last.and_then(|event| event.event_id.as_deref()), place_in_file) {
        writeln!(out, "    record {number} of {}", visible(&path_of(file).unwrap_or_else(|| file.to_owned())))?;
    }
    if let Some(indicator) = &finding.indicator {
        let source = indicator.source.as_deref().unwrap_or(&indicator.list);
        let expires = indicator.expires.map_or(String::new(), |time| format!(", until {time}"));
        let line = format!("{} `{}` by {source}{expires}", indicator.kind.as_str(), indicator.value);
        writeln!(out, "    indicator: {}", visible(&line))?;
    }
    if let Some(reason) = &finding.suppressed {
        writeln!(out, "    suppressed: {}", visible(reason))?;
    }
    Ok(())
}
