//! An event that a rule matches: what finds it again, what it is grouped by, and the finding about it alone.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use event::schema::{self, added, stored};
use event::time::EventTime;
use predicate::expr::Field;
use predicate::record::Record;
use predicate::{Lookup, Needs, Rows};

use crate::detector::{Batch, single};
use crate::error::Result;
use crate::finding::{EventRef, Finding};
use crate::origin::Beside;
use crate::ruleset::{Body, Detection, Rule, RuleSet, Silence};

/// Which rules, by place in the index, match which rows.
#[derive(Default)]
pub(crate) struct Hits(Vec<(u32, u32)>);

impl Hits {
    pub(crate) fn add(&mut self, at: usize, rows: &[u32]) {
        self.0.extend(rows.iter().map(|row| (*row, at as u32)));
    }

    /// Calls `found` with each row that has hits, in order, and the rules that match it.
    pub(crate) fn each(mut self, mut found: impl FnMut(usize, Vec<usize>) -> Result<()>) -> Result<()> {
        self.0.sort_unstable();
        for hits in self.0.chunk_by(|left, right| left.0 == right.0) {
            let Some((row, _)) = hits.first() else { continue };
            found(*row as usize, hits.iter().map(|(_, at)| *at as usize).collect())?;
        }
        Ok(())
    }
}

/// Where the columns stand that are read of every event with a hit.
pub(crate) struct Columns {
    pub event_id: usize,
    pub account: usize,
    pub error_code: usize,
    pub source_ip: usize,
    pub user_agent: usize,
    pub access_key: usize,
    pub identity_account: usize,
}

impl Columns {
    pub(crate) fn new() -> Columns {
        let column = |name: &str| schema::column_index(name).unwrap_or(usize::MAX);
        Columns {
            event_id: column("eventid"),
            account: column("recipientaccountid"),
            error_code: column("errorcode"),
            source_ip: column("sourceipaddress"),
            user_agent: column("useragent"),
            access_key: column("useridentity_accesskeyid"),
            identity_account: column("useridentity_accountid"),
        }
    }

    pub(crate) fn needs(&self) -> Needs {
        let time = schema::column_index("eventtime").unwrap_or_default();
        let read = [self.event_id, self.account, self.error_code, time];
        Needs { columns: read.into_iter().fold(0, |columns, at| columns | 1 << at), ..Needs::default() }
    }

    /// Finds the columns that say where events come from.
    pub(crate) fn places(&self, columns: &RecordBatch) -> Places {
        let number =
            |name| columns.column_by_name(name).and_then(|array| array.as_primitive_opt::<Int64Type>().cloned());
        let file = columns.column_by_name(stored::LOG_FILE).and_then(|array| array.as_string_opt::<i32>().cloned());
        Places { number: number(added::LOG_NUMBER), seq: number(stored::SEQ), file, known: Default::default() }
    }
}

/// Where events come from.
pub(crate) struct Places {
    number: Option<Int64Array>,
    seq: Option<Int64Array>,
    file: Option<StringArray>,
    /// Names of files already met: a batch has few.
    known: std::cell::RefCell<HashMap<String, Arc<str>>>,
}

impl Places {
    fn file(&self, row: usize) -> Option<Arc<str>> {
        let files = self.file.as_ref().filter(|files| row < files.len() && !files.is_null(row))?;
        let mut known = self.known.borrow_mut();
        if let Some(file) = known.get(files.value(row)) {
            return Some(file.clone());
        }
        let file: Arc<str> = files.value(row).into();
        known.insert(files.value(row).to_owned(), file.clone());
        Some(file)
    }
}

/// A match of a rule that looks at several events, or feeds one.
pub(crate) struct Matched {
    pub time: i64,
    pub rule: usize,
    /// The values that correlations read, or that make a first-seen term.
    pub values: Arc<[Option<Box<str>>]>,
    pub term: Option<u128>,
    pub group: Vec<(String, Option<String>)>,
    pub event: Arc<EventRef>,
    /// The correlations that do not count it.
    pub barred: Vec<usize>,
}

/// What is read of the events of one batch.
pub(crate) struct Reads<'a> {
    pub rows: &'a Rows<'a>,
    pub places: Places,
    pub batch: &'a Batch<'a>,
}

impl Reads<'_> {
    pub(crate) fn event(&self, columns: &Columns, row: usize) -> Arc<EventRef> {
        let text = |column| self.rows.text(column, row).map(str::to_owned);
        let number = |array: &Option<Int64Array>| {
            array.as_ref().filter(|array| row < array.len() && !array.is_null(row)).map(|array| array.value(row))
        };
        let origin = self.batch.origins.and_then(|origins| origins.get(row)).and_then(Option::as_ref);
        Arc::new(EventRef {
            event_id: text(columns.event_id),
            account: text(columns.account),
            time: self.rows.time(row),
            file: self.places.file(row).or_else(|| self.batch.file.clone()),
            number: number(&self.places.number).unwrap_or_default(),
            seq: number(&self.places.seq),
            failed: self.rows.text(columns.error_code, row).is_some(),
            origin: origin.map(|origin| origin.origin.clone()),
        })
    }

    /// Returns why a rule is silent about an event, if it is.
    pub(crate) fn suppression(&self, detection: &Detection, row: usize) -> Result<Option<String>> {
        Ok(self.silence(&detection.suppressions, row)?.map(|silence| silence.reason.clone()))
    }

    /// Returns the correlations above a rule that do not count an event.
    pub(crate) fn barred(&self, rules: &RuleSet, rule: usize, row: usize) -> Result<Vec<usize>> {
        let mut barred = Vec::new();
        for at in rules.guards.get(rule).into_iter().flatten() {
            let Some(Body::Correlation(linked)) = rules.rules.get(*at).map(|rule| &rule.body) else { continue };
            if self.silence(&linked.suppressions, row)?.is_some() {
                barred.push(*at);
            }
        }
        Ok(barred)
    }

    fn silence<'s>(&self, suppressions: &'s [Silence], row: usize) -> Result<Option<&'s Silence>> {
        for silence in suppressions {
            if self.batch.now < silence.expires && silence.when.holds(self.rows, row)? {
                return Ok(Some(silence));
            }
        }
        Ok(None)
    }

    pub(crate) fn finding(
        &self,
        rule: &Arc<Rule>,
        detection: &Detection,
        row: usize,
        event: &Arc<EventRef>,
        suppressed: Option<String>,
    ) -> Finding {
        finding(rule, detection, &|lookup: &Lookup| lookup.of_row(self.rows, row), event, suppressed)
    }

    pub(crate) fn matched(&self, rule: usize, detection: &Detection, row: usize, event: &Arc<EventRef>) -> Matched {
        let read = detection.read.iter().map(|lookup| lookup.of_row(self.rows, row).map(String::into_boxed_str));
        let (mut term, mut group) = (None, Vec::new());
        if let Some((first_seen, lookups)) = &detection.first_seen {
            let values = lookups.iter().map(|lookup| lookup.of_row(self.rows, row));
            group = first_seen.fields.iter().cloned().zip(values).collect();
            term = Some(hash(group.iter().map(|(_, value)| value.as_deref())));
        }
        Matched {
            time: event.time.map_or(i64::MIN, EventTime::as_micros),
            rule,
            values: read.collect(),
            term,
            group,
            event: event.clone(),
            barred: Vec::new(),
        }
    }
}

/// Makes the finding of a rule about one event.
pub(crate) fn finding(
    rule: &Arc<Rule>,
    detection: &Detection,
    value: &impl Fn(&Lookup) -> Option<String>,
    event: &Arc<EventRef>,
    suppressed: Option<String>,
) -> Finding {
    let mut finding = single(rule, event);
    finding.suppressed = suppressed;
    if let Some((grouping, fields)) = &detection.grouping {
        finding.group = grouping.fields.iter().cloned().zip(fields.iter().map(value)).collect();
        finding.window.start = event.time.map(|time| {
            let micros = time.as_micros();
            EventTime::from_micros(micros - micros.rem_euclid(grouping.timespan))
        });
    }
    finding
}

/// Returns a hash of values, absent ones told from empty ones and neighbours from each other.
pub(crate) fn hash<'a>(values: impl Iterator<Item = Option<&'a str>>) -> u128 {
    let mut bytes = Vec::new();
    for value in values {
        let length = value.map_or(u64::MAX, |value| value.len() as u64);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(value.unwrap_or_default().as_bytes());
    }
    xxhash_rust::xxh3::xxh3_128(&bytes)
}

fn first(record: &Record<'_>, field: &str) -> Option<String> {
    Lookup::new(&Field::parse(field)).of_record(record)
}

/// Gives a record what rules read beside it: of one that is no event nobody knows the origin.
pub(crate) fn with_given(record: Record<'_>) -> Record<'_> {
    let text = |field| first(&record, field);
    let issuer = text("userIdentity.sessionContext.sessionIssuer.arn");
    let (arn, principal) = (text("userIdentity.arn"), text("userIdentity.principalId"));
    let invoked_by = text("userIdentity.invokedBy");
    let beside = Beside {
        origin: None,
        issuer: issuer.as_deref(),
        arn: arn.as_deref(),
        principal: principal.as_deref(),
        invoked_by: invoked_by.as_deref(),
    };
    let given = beside.values().to_vec();
    record.with_given(given)
}

/// Returns what finds a record again.
pub(crate) fn event_of_record(record: &Record<'_>, file: Option<Arc<str>>, number: i64) -> EventRef {
    EventRef {
        event_id: first(record, "eventID"),
        account: first(record, "recipientAccountId"),
        time: first(record, "eventTime").and_then(|time| EventTime::parse(&time)),
        file,
        number,
        seq: None,
        failed: first(record, "errorCode").is_some(),
        origin: None,
    }
}
