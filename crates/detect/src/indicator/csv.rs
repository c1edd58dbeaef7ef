//! Indicators as CSV: a line of names, then one indicator a line.

use csv::{ReaderBuilder, StringRecord, Trim};
use event::time::EventTime;

use crate::indicator::{Indicator, Kind, checked};
use crate::refusal::Mark;

/// The columns; `kind` and `value` have to be there.
const COLUMNS: [&str; 6] = ["kind", "value", "source", "description", "valid_from", "expires"];

/// Reads a list. Lines that begin with `#` are skipped.
pub(crate) fn read(list: &str, text: &str, found: &mut Vec<Indicator>, refuse: &mut impl FnMut(Mark, String)) {
    let mut reader =
        ReaderBuilder::new().trim(Trim::All).comment(Some(b'#')).flexible(true).from_reader(text.as_bytes());
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => return refuse(Mark { line: 1, column: 1 }, format!("the list is no CSV: {error}")),
    };
    let place = |name: &str| header.iter().position(|column| column.eq_ignore_ascii_case(name));
    if let Some(unknown) = header.iter().find(|column| !COLUMNS.iter().any(|known| known.eq_ignore_ascii_case(column)))
    {
        let reason = format!("the column `{unknown}` is not one of {}", COLUMNS.join(", "));
        return refuse(Mark { line: 1, column: 1 }, reason);
    }
    let [Some(kind), Some(value), ..] = COLUMNS.map(place) else {
        return refuse(
            Mark { line: 1, column: 1 },
            "the first line does not name the columns `kind` and `value`".to_owned(),
        );
    };
    for record in reader.records() {
        let mark = |line: u64| Mark { line: line as usize, column: 1 };
        match record {
            Ok(record) => match indicator(list, &record, (kind, value), &place) {
                Ok(indicator) => found.push(indicator),
                Err(reason) => refuse(mark(record.position().map_or(0, csv::Position::line)), reason),
            },
            Err(error) => {
                refuse(mark(error.position().map_or(0, csv::Position::line)), format!("this is no CSV: {error}"))
            }
        }
    }
}

fn indicator(
    list: &str,
    record: &StringRecord,
    (kind, value): (usize, usize),
    place: &impl Fn(&str) -> Option<usize>,
) -> Result<Indicator, String> {
    let text = |name: &str| {
        let text = place(name).and_then(|at| record.get(at)).filter(|text| !text.is_empty());
        text.map(str::to_owned)
    };
    let time = |name: &str| text(name).map(|text| time(&text)).transpose();
    let kind = record.get(kind).unwrap_or_default();
    let kind = Kind::parse(kind)
        .ok_or_else(|| format!("the kind `{kind}` is not one of address, network, user-agent, key, account"))?;
    checked(Indicator {
        kind,
        value: record.get(value).unwrap_or_default().to_owned(),
        source: text("source"),
        description: text("description"),
        valid_from: time("valid_from")?,
        expires: time("expires")?,
        list: list.to_owned(),
    })
}

/// Reads a time, or a day as its beginning.
pub(crate) fn time(text: &str) -> Result<EventTime, String> {
    let time = EventTime::parse(text).or_else(|| EventTime::parse(&format!("{text}T00:00:00Z")));
    time.ok_or_else(|| format!("`{text}` is no time and no day"))
}
