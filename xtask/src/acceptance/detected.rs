//! Public rules over the records: what is found against what other engines found, by rule, file, line and eventID.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Kind, Result};

/// A match: rule, source, line and eventID.
pub type Match = (String, String, i64, String);

/// A finding of `detect --output jsonl`, as far as it is compared.
#[derive(Debug, Deserialize)]
struct Finding {
    rule: Rule,
    events: Vec<Event>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    id: String,
    title: String,
}

#[derive(Debug, Deserialize)]
struct Event {
    eventid: Option<String>,
    file: String,
    number: i64,
}

/// By what a table calls its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Called {
    /// The column `rule_id`.
    Id,
    /// The column `correlation_title`.
    Title,
}

/// Reads the findings that `detect` printed.
///
/// # Errors
/// When a line is no finding.
pub fn found(printed: &[u8], called: Called) -> Result<BTreeSet<Match>> {
    let mut matches = BTreeSet::new();
    for line in printed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let finding: Finding = serde_json::from_slice(line)
            .map_err(|source| Error::new(Kind::Answer, "could not read a finding").caused_by(source))?;
        let Some(last) = finding.events.last() else {
            return Err(Error::new(Kind::Answer, format!("a finding of `{}` has no event", finding.rule.title)));
        };
        let source = Path::new(&last.file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let rule = match called {
            Called::Id => finding.rule.id.clone(),
            Called::Title => finding.rule.title.clone(),
        };
        matches.insert((rule, source, last.number, last.eventid.clone().unwrap_or_default()));
    }
    Ok(matches)
}

/// Reads a table of what is to be found.
///
/// # Errors
/// When it cannot be read or lacks a column.
pub fn expected(path: &Path, called: Called) -> Result<BTreeSet<Match>> {
    let text = fs::read_to_string(path).map_err(|source| Error::file("read", path, source))?;
    let mut rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = rows.next().unwrap_or_default();
    let place = |name: &str| {
        let missing = || Error::new(Kind::Answer, format!("`{}` has no column `{name}`", path.display()));
        header.iter().position(|column| *column == name).ok_or_else(missing)
    };
    let rule = place(match called {
        Called::Id => "rule_id",
        Called::Title => "correlation_title",
    })?;
    let (source, line, event) = (place("source")?, place("line")?, place("eventID")?);
    let mut matches = BTreeSet::new();
    for row in rows {
        let text = |at: usize| row.get(at).copied().unwrap_or_default().to_owned();
        let number = text(line).parse().map_err(|error| {
            Error::new(Kind::Answer, format!("`{}` has a line that is no number", path.display())).caused_by(error)
        })?;
        matches.insert((text(rule), text(source), number, text(event)));
    }
    Ok(matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_places() {
        let line = br#"{"rule":{"id":"a","title":"A"},"more":1,"events":[{"eventid":"x","file":"/r/s.ndjson","number":3},{"eventid":null,"file":"/r/s.ndjson","number":7}]}"#;
        let expect = |rule: &str| BTreeSet::from([(rule.to_owned(), "s".to_owned(), 7, String::new())]);
        assert_eq!(found(line, Called::Id).ok(), Some(expect("a")));
        assert_eq!(found(line, Called::Title).ok(), Some(expect("A")));
        assert!(found(b"{}", Called::Id).is_err());
    }
}
