//! `trailkeep rules explain ID`: all that a rule says, for the person it tells of something.

use std::io::Write;

use clap::Args;
use detect::ruleset::Rule;
use serde_json::json;

use super::load::{self, RuleArgs};
use crate::cli::Format;
use crate::exit::Exit;
use crate::fault::{Fault, Result};
use crate::output;
use crate::settings::Settings;
use crate::terminal::visible;

/// Candidates that are named where a name fits several rules, or nearly one.
const NAMED_MAX: usize = 10;

/// Explain a rule: why a match matters, what to do, what else may match, and how it looks
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The rule's id, its name, its title, or a part of that or of its file
    #[arg(value_name = "ID")]
    id: String,

    #[command(flatten)]
    rules: RuleArgs,
}

/// Explains.
pub(super) fn run(command: &Explain, settings: &Settings) -> Result<Exit> {
    let rules = load::rules(&command.rules, settings)?;
    let all: Vec<&Rule> = rules.set.rules().map(AsRef::as_ref).collect();
    let rule = find(&command.id, &all)?;
    let source = rules.files.iter().find(|(name, _)| *name == rule.meta.file);
    let source = source.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
    let mut out = output::stdout();
    match settings.format {
        Format::Json | Format::Jsonl => {
            serde_json::to_writer(&mut out, &wire(rule, &source)).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        Format::Table | Format::Csv | Format::Raw => for_people(rule, &source, &mut out)?,
    }
    out.flush()?;
    Ok(Exit::Success)
}

fn find<'r>(id: &str, rules: &[&'r Rule]) -> Result<&'r Rule> {
    let lower = id.to_lowercase();
    let exact = |rule: &&&'r Rule| {
        let meta = &rule.meta;
        meta.id == id || meta.name.as_deref() == Some(id) || meta.title.to_lowercase() == lower
    };
    if let Some(rule) = rules.iter().find(exact) {
        return Ok(rule);
    }
    let partly = |rule: &&&'r Rule| {
        let meta = &rule.meta;
        meta.id.starts_with(&lower)
            || meta.title.to_lowercase().contains(&lower)
            || meta.file.to_lowercase().contains(&lower)
    };
    let found: Vec<&&Rule> = rules.iter().filter(partly).collect();
    match found.as_slice() {
        [rule] => Ok(rule),
        [] => Err(Fault::new(format!("there is no rule `{id}`")).help("`trailkeep rules list` lists them")),
        several => {
            let names = several.iter().take(NAMED_MAX).map(|rule| format!("`{}` ({})", rule.meta.title, rule.meta.id));
            let names: Vec<String> = names.collect();
            Err(Fault::new(format!("`{id}` fits {} rules", several.len())).help(names.join(", ")))
        }
    }
}

fn for_people(rule: &Rule, source: &str, out: &mut dyn Write) -> Result<()> {
    let (meta, advice) = (&rule.meta, &rule.advice);
    writeln!(out, "{}", visible(&meta.title))?;
    writeln!(out, "  id        {}", visible(&meta.id))?;
    let mut line = |name: &str, value: Option<&str>| match value {
        Some(value) => writeln!(out, "  {name:<9} {}", visible(value)),
        None => Ok(()),
    };
    line("level", meta.level.map(detect::Level::as_str))?;
    line("status", meta.status.as_deref())?;
    line("author", meta.author.as_deref())?;
    line("licence", meta.license.as_deref())?;
    line("file", Some(&format!("{}:{}", meta.file, meta.mark.line)))?;
    line("tags", Some(&meta.tags.join(" ")).filter(|tags| !tags.is_empty()).map(String::as_str))?;
    line("ATT&CK", advice.attack_version.as_deref())?;
    let sections = [
        ("Why it matters", meta.description.as_deref().or(advice.why.as_deref())),
        ("And", advice.why.as_deref().filter(|_| meta.description.is_some())),
        ("What to do", advice.response.as_deref()),
    ];
    for (name, text) in sections.iter().filter_map(|(name, text)| Some((name, (*text)?))) {
        writeln!(out, "\n{name}")?;
        text.lines().try_for_each(|line| writeln!(out, "  {}", visible(line)))?;
    }
    for (name, list) in [("What else may match", &meta.falsepositives), ("References", &meta.references)] {
        if !list.is_empty() {
            writeln!(out, "\n{name}")?;
            list.iter().try_for_each(|text| writeln!(out, "  - {}", visible(text)))?;
        }
    }
    writeln!(out, "\nThe rule file")?;
    source.lines().try_for_each(|line| writeln!(out, "  {}", visible(line)))?;
    Ok(())
}

fn wire(rule: &Rule, source: &str) -> serde_json::Value {
    let (meta, advice) = (&rule.meta, &rule.advice);
    json!({
        "id": meta.id,
        "title": meta.title,
        "name": meta.name,
        "level": meta.level.map(detect::Level::as_str),
        "status": meta.status,
        "author": meta.author,
        "license": meta.license,
        "description": meta.description,
        "why": advice.why,
        "response": advice.response,
        "falsepositives": meta.falsepositives,
        "references": meta.references,
        "tags": meta.tags,
        "attack_version": advice.attack_version,
        "file": meta.file,
        "line": meta.mark.line,
        "source": source,
    })
}
