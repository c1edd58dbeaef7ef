//! Who stands behind each event made with temporary credentials: the columns of the lake against a table of truth.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Kind, Result};

/// Where a record lies: source and line.
pub type Place = (String, i64);

/// An origin and its status.
pub type Origin = (String, String);

/// The query whose answer [`found`] reads, as lines of JSON.
pub const SQL: &str = "SELECT log_file, log_number, origin, origin_status FROM events";

/// A line of the answer.
#[derive(Debug, Deserialize)]
struct Event {
    log_file: String,
    log_number: i64,
    origin: Option<String>,
    origin_status: Option<String>,
}

/// Reads what the lake says.
///
/// # Errors
/// When a line is no answer to [`SQL`].
pub fn found(printed: &[u8]) -> Result<BTreeMap<Place, Origin>> {
    let mut origins = BTreeMap::new();
    for line in printed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let event: Event = serde_json::from_slice(line)
            .map_err(|source| Error::new(Kind::Answer, "could not read an origin").caused_by(source))?;
        let source = Path::new(&event.log_file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let origin = (event.origin.unwrap_or_default(), event.origin_status.unwrap_or_default());
        origins.insert((source, event.log_number), origin);
    }
    Ok(origins)
}

/// Reads a table of what is true.
///
/// # Errors
/// When it cannot be read or lacks a column.
pub fn expected(path: &Path) -> Result<BTreeMap<Place, Origin>> {
    let text = fs::read_to_string(path).map_err(|source| Error::file("read", path, source))?;
    let mut rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = rows.next().unwrap_or_default();
    let place = |name: &str| {
        let missing = || Error::new(Kind::Answer, format!("`{}` has no column `{name}`", path.display()));
        header.iter().position(|column| *column == name).ok_or_else(missing)
    };
    let (source, line, origin, status) = (place("source")?, place("line")?, place("origin")?, place("status")?);
    let mut origins = BTreeMap::new();
    for row in rows {
        let text = |at: usize| row.get(at).copied().unwrap_or_default().to_owned();
        let number = text(line).parse().map_err(|error| {
            Error::new(Kind::Answer, format!("`{}` has a line that is no number", path.display())).caused_by(error)
        })?;
        origins.insert((text(source), number), (text(origin), text(status)));
    }
    Ok(origins)
}

/// What became of the rows of a table of truth.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Rows on which the lake agrees.
    pub agreed: usize,
    /// Rows whose record the lake does not have, since it is the duplicate of another.
    pub absent: usize,
    /// The first row on which they differ, and what the lake says.
    pub differs: Option<(Place, Origin)>,
}

/// Holds the lake against the table.
pub fn compare(found: &BTreeMap<Place, Origin>, expected: &BTreeMap<Place, Origin>) -> Compared {
    let mut compared = Compared::default();
    for (place, origin) in expected {
        match found.get(place) {
            Some(said) if said == origin => compared.agreed += 1,
            Some(said) => {
                compared.differs.get_or_insert_with(|| (place.clone(), said.clone()));
            }
            None => compared.absent += 1,
        }
    }
    compared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_by_place() {
        let printed = br#"{"log_file":"file:///r/s.ndjson","log_number":3,"origin":"a","origin_status":"complete"}
{"log_file":"file:///r/s.ndjson","log_number":4,"origin":null,"origin_status":null}"#;
        let found = found(printed).unwrap_or_default();
        let place = |line| ("s".to_owned(), line);
        let origin = |arn: &str, status: &str| (arn.to_owned(), status.to_owned());
        let expected = BTreeMap::from([
            (place(3), origin("a", "complete")),
            (place(4), origin("b", "complete")),
            (place(5), origin("c", "complete")),
        ]);
        let differs = Some((place(4), origin("", "")));
        assert_eq!(compare(&found, &expected), Compared { agreed: 1, absent: 1, differs });
        assert!(super::found(b"{}").is_err());
    }
}
