//! The table `AWSCloudTrailLog` of Snare Central: a row of text for each record, and nothing of the record lost.
//!
//! Source: Snare Central's page of the log type. What no column takes goes into `SNAREDATAMAP`. A member is left out
//! there only if its column alone gives it back, so a number in the place of a text stands in both, and an object in
//! the place of a text stands in the map alone. Null and a member that is not there are the same to a column: empty.

use std::borrow::Cow;

use event::scan::DEPTH_MAX;
use event::time::{EventTime, SECOND};

use crate::csv;
use crate::error::{Error, Result};
use crate::json;
use crate::tree::{Arena, Kind, NodeId, ROOT, Rules, Tree};

/// The columns, in order.
pub const COLUMNS: [&str; 25] = [
    "DATE",
    "TIME",
    "SYSTEM",
    "TABLE",
    "COLLECTIONDATETIME",
    "CWLDATETIME",
    "DATETIME",
    "AWSREGION",
    "EVENTCATEGORY",
    "EVENTID",
    "EVENTNAME",
    "EVENTTYPE",
    "RECIPIENTACCOUNTID",
    "REQUESTID",
    "REQUESTPARAMETERS",
    "RESPONSEELEMENTS",
    "SRCADDR",
    "USERAGENT",
    "USERACCESSKEYID",
    "USERAID",
    "USERARN",
    "USERNAME",
    "USERPID",
    "USERTYPE",
    "SNAREDATAMAP",
];

/// What stands in `TABLE`.
const TABLE: &str = "AWSCloudTrailLog";

/// Places of the columns that are made and not taken.
mod at {
    pub(super) const DATE: usize = 0;
    pub(super) const TIME: usize = 1;
    pub(super) const TABLE: usize = 3;
    pub(super) const COLLECTED: usize = 4;
    pub(super) const RECEIVED: usize = 5;
    pub(super) const DATETIME: usize = 6;
    pub(super) const MAP: usize = 24;
}

/// How a column holds a member.
#[derive(Clone, Copy)]
enum Take {
    Text,
    /// The JSON text of the value, whatever it is.
    Json,
    /// `DATE`, `TIME` and `DATETIME`.
    Time,
    /// The members of the object have columns.
    Identity,
}

/// Members of the record, and the places of their columns.
const MEMBERS: &[(&str, usize, Take)] = &[
    ("eventTime", at::DATETIME, Take::Time),
    ("userIdentity", at::MAP, Take::Identity),
    ("eventSource", 2, Take::Text),
    ("awsRegion", 7, Take::Text),
    ("eventCategory", 8, Take::Text),
    ("eventID", 9, Take::Text),
    ("eventName", 10, Take::Text),
    ("eventType", 11, Take::Text),
    ("recipientAccountId", 12, Take::Text),
    ("requestID", 13, Take::Text),
    ("requestParameters", 14, Take::Json),
    ("responseElements", 15, Take::Json),
    ("sourceIPAddress", 16, Take::Text),
    ("userAgent", 17, Take::Text),
];

/// Members of `userIdentity`.
const IDENTITY: &[(&str, usize, Take)] = &[
    ("accessKeyId", 18, Take::Text),
    ("accountId", 19, Take::Text),
    ("arn", 20, Take::Text),
    ("userName", 21, Take::Text),
    ("principalId", 22, Take::Text),
    ("type", 23, Take::Text),
];

/// Nothing is refused that the lake takes.
const RULES: Rules = Rules { depth_max: DEPTH_MAX, duplicates: true };

/// When a record passed by.
#[derive(Debug, Clone, Copy)]
pub struct Passed<'a> {
    /// When it was read: RFC 3339 with nanoseconds, local time with its offset.
    pub collected: &'a str,
    /// When CloudWatch Logs got it, if it came that way.
    pub cloudwatch: Option<EventTime>,
}

/// Makes rows, and keeps its buffers between them.
#[derive(Debug, Default)]
pub struct Snare {
    arena: Arena,
}

/// A row: the text of each column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row<'t> {
    cells: [Cow<'t, str>; COLUMNS.len()],
}

impl Snare {
    /// Returns the row of a record.
    ///
    /// # Errors
    /// [`ErrorKind::NotRecord`](crate::error::ErrorKind::NotRecord) where the text is not one JSON object.
    pub fn row<'t>(&'t mut self, record: &'t str, passed: Passed<'t>) -> Result<Row<'t>> {
        let tree = match self.arena.parse(record, RULES) {
            Ok(Some(tree)) if tree.kind(ROOT) == Kind::Object => tree,
            Ok(_) => return Err(Error::not_record("make a Snare row: the record is not a JSON object")),
            Err(fault) => return Err(Error::not_record(format!("make a Snare row: {fault}"))),
        };
        let mut row = Row::default();
        row.put(at::TABLE, TABLE);
        row.put(at::COLLECTED, passed.collected);
        row.put(at::RECEIVED, passed.cloudwatch.map(nanoseconds).unwrap_or_default());
        let map = row.take(tree, ROOT, MEMBERS).unwrap_or_else(|| "{}".to_owned());
        row.put(at::MAP, map);
        Ok(row)
    }
}

impl<'t> Row<'t> {
    /// Returns the text of each column, in the order of [`COLUMNS`].
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().map(AsRef::as_ref)
    }

    /// Appends the row as a JSON object with the columns as names, and a line break.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        for (nth, (name, cell)) in COLUMNS.iter().zip(&self.cells).enumerate() {
            out.extend_from_slice(if nth == 0 { b"{\"" } else { b",\"" });
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            json::write_text(cell, out);
        }
        out.extend_from_slice(b"}\n");
    }

    /// Appends the row as a line of CSV; see [`csv`] for what is done to cells.
    pub fn write_csv(&self, out: &mut Vec<u8>) {
        csv::write_line(self.cells().map(|cell| (!cell.is_empty()).then_some(cell)), out);
    }

    fn put(&mut self, place: usize, text: impl Into<Cow<'t, str>>) {
        if let Some(cell) = self.cells.get_mut(place) {
            *cell = text.into();
        }
    }

    /// Takes the members of an object that have columns, and returns the others as an object, if there are any.
    fn take(&mut self, tree: Tree<'t>, object: NodeId, members: &[(&str, usize, Take)]) -> Option<String> {
        let mut rest = String::new();
        // A name that comes twice fills its column once.
        let mut taken = [false; COLUMNS.len()];
        for member in tree.children(object) {
            let name = tree.name(member);
            let found = members.iter().find(|(known, ..)| name == *known);
            let first = found.is_some_and(|(_, place, _)| {
                taken.get_mut(*place).is_some_and(|taken| !std::mem::replace(taken, true))
            });
            let left = match found {
                Some((_, place, take)) if first => self.take_member(tree, member, *place, *take),
                _ => Some(compact(tree, member)),
            };
            if let Some(left) = left {
                rest.push_str(if rest.is_empty() { "{\"" } else { ",\"" });
                rest.push_str(tree.raw_name(member));
                rest.push_str("\":");
                rest.push_str(&left);
            }
        }
        if rest.is_empty() {
            return None;
        }
        rest.push('}');
        Some(rest)
    }

    /// Fills the column of a member, and returns what the column cannot give back.
    fn take_member(&mut self, tree: Tree<'t>, member: NodeId, place: usize, take: Take) -> Option<Cow<'t, str>> {
        let kind = tree.kind(member);
        match (take, kind) {
            (Take::Identity, Kind::Object) => {
                let is_empty = tree.children(member).next().is_none();
                let rest = self.take(tree, member, IDENTITY).map(Cow::Owned);
                rest.or_else(|| is_empty.then_some(Cow::Borrowed("{}")))
            }
            (Take::Identity, _) => Some(compact(tree, member)),
            (_, Kind::Null) => None,
            (Take::Json, _) => {
                self.put(place, compact(tree, member));
                None
            }
            (Take::Text, Kind::String) => {
                let text = tree.string(member).unwrap_or_default();
                // Half a surrogate pair cannot be text: the record's own spelling is kept.
                let is_whole = !matches!(&text, Cow::Owned(text) if text.contains('\u{fffd}'));
                self.put(place, text);
                (!is_whole).then(|| compact(tree, member))
            }
            (Take::Text, Kind::Number | Kind::Bool) => {
                self.put(place, tree.raw(member));
                Some(compact(tree, member))
            }
            (Take::Time, Kind::String) => self.take_time(tree, member),
            (Take::Text | Take::Time, _) => Some(compact(tree, member)),
        }
    }

    fn take_time(&mut self, tree: Tree<'t>, member: NodeId) -> Option<Cow<'t, str>> {
        let text = tree.string(member).unwrap_or_default();
        let Some(time) = EventTime::parse(&text) else { return Some(compact(tree, member)) };
        let printed = nanoseconds(time);
        if let Some((date, clock)) = printed.split_once('T') {
            self.put(at::DATE, date.to_owned());
            self.put(at::TIME, clock.get(..8).unwrap_or_default().to_owned());
        }
        self.put(at::DATETIME, printed);
        // Other spellings of the same time do not come back from the column.
        (!time.prints_as(&text)).then(|| compact(tree, member))
    }
}

/// Appends the header of a CSV file.
pub fn write_csv_header(out: &mut Vec<u8>) {
    csv::write_line(COLUMNS.into_iter().map(Some), out);
}

/// Prints a time as RFC 3339 with nanoseconds, in UTC.
fn nanoseconds(time: EventTime) -> String {
    let micros = time.as_micros();
    let fraction = micros.rem_euclid(SECOND);
    let seconds = EventTime::from_micros(micros - fraction).to_string();
    format!("{}.{:09}Z", seconds.trim_end_matches('Z'), fraction * 1000)
}

/// Returns a value without the white space between its tokens.
fn compact<'t>(tree: Tree<'t>, node: NodeId) -> Cow<'t, str> {
    let raw = tree.raw(node);
    if tree.is_compact() || !matches!(tree.kind(node), Kind::List | Kind::Object) {
        return Cow::Borrowed(raw);
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((between, string)) = rest.split_once('"') {
        text.extend(between.split_ascii_whitespace());
        let end = end_of_string(string);
        text.push('"');
        text.push_str(string.get(..end).unwrap_or_default());
        rest = string.get(end..).unwrap_or_default();
    }
    text.extend(rest.split_ascii_whitespace());
    Cow::Owned(text)
}

/// Returns the offset behind the closing quote of a string that was scanned before.
fn end_of_string(string: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in string.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    string.len()
}
