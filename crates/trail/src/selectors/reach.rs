//! What selectors can never take: asked of a call of which little is known.

use event::category::Facts;

use crate::selectors::condition::{Condition, Hit, How, Texts};
use crate::selectors::{Selectors, arn_shape, lower};

/// What is known of a call. Texts are compared without regard to case: whoever asks may not have AWS's own spelling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Call<'a> {
    /// `eventSource`, if it is known.
    pub event_source: Option<&'a str>,
    /// `eventName`, if it is known.
    pub event_name: Option<&'a str>,
    /// `eventCategory`, if it is known.
    pub event_category: Option<&'a str>,
    /// `readOnly`, if it is known.
    pub read_only: Option<bool>,
}

impl Selectors {
    /// Returns false if no such call is ever taken, whatever the rest of its record says. True means that one may be.
    ///
    /// ```
    /// use trail::selectors::{Call, Selectors};
    /// let read = Call { event_source: Some("s3.amazonaws.com"), event_name: Some("GetObject"), ..Call::default() };
    /// assert!(!Selectors::of_new_trail().may_take(&read), "an event of data");
    /// ```
    pub fn may_take(&self, call: &Call<'_>) -> bool {
        may_hold(&lower::selectors(self), call)
    }
}

/// The condition is positive, so what is not known counts as what would fit.
fn may_hold(node: &Condition, call: &Call<'_>) -> bool {
    match node {
        Condition::All(parts) => parts.iter().all(|part| may_hold(part, call)),
        Condition::Any(parts) => parts.iter().any(|part| may_hold(part, call)),
        Condition::Category(category) => may_be(call, category),
        Condition::ReadOnly(reads) => {
            let known = call.read_only.or_else(|| call.event_name.and_then(reads_by_name));
            known.is_none_or(|known| known == *reads)
        }
        Condition::Member("eventName", wanted) => call.event_name.is_none_or(|name| passes(wanted, name)),
        Condition::Member("eventSource", wanted) => call.event_source.is_none_or(|source| passes(wanted, source)),
        Condition::Member(..) => true,
        Condition::Resource { kind, .. } => {
            let source = SOURCES.iter().find(|(known, _)| known == kind).map(|(_, source)| *source);
            source.zip(call.event_source).is_none_or(|(source, called)| source.eq_ignore_ascii_case(called))
        }
    }
}

/// The services whose calls have resources of a type; of other types it is not known here.
const SOURCES: [(&str, &str); 3] = [
    (arn_shape::OBJECT, "s3.amazonaws.com"),
    (arn_shape::FUNCTION, "lambda.amazonaws.com"),
    (arn_shape::TABLE, "dynamodb.amazonaws.com"),
];

/// Services without events of data.
const WITHOUT_DATA: [&str; 9] = [
    "access-analyzer.amazonaws.com",
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "ec2.amazonaws.com",
    "iam.amazonaws.com",
    "kms.amazonaws.com",
    "organizations.amazonaws.com",
    "signin.amazonaws.com",
    "sts.amazonaws.com",
];

fn may_be(call: &Call<'_>, category: &str) -> bool {
    if let Some(known) = call.event_category {
        return known.eq_ignore_ascii_case(category);
    }
    let Some(source) = call.event_source else { return true };
    let has_data = !WITHOUT_DATA.iter().any(|known| known.eq_ignore_ascii_case(source));
    match category {
        "Data" => has_data,
        // Calls that are known to be of data are so always; network activity is another record of them.
        "Management" => !call.event_name.is_some_and(|name| is_data_call(source, name)),
        _ => true,
    }
}

fn is_data_call(source: &str, name: &str) -> bool {
    Facts { event_source: Some(source), event_name: Some(name), ..Facts::default() }.category() == "Data"
}

/// How names of calls begin that always read, or that always may change something.
const READING: [&str; 2] = ["describe", "list"];
const WRITING: [&str; 14] = [
    "attach",
    "authorize",
    "create",
    "delete",
    "detach",
    "disable",
    "enable",
    "modify",
    "put",
    "remove",
    "revoke",
    "terminate",
    "update",
    "stop",
];

/// Returns whether a call reads, where its name says so beyond doubt.
fn reads_by_name(name: &str) -> Option<bool> {
    let lower = name.to_ascii_lowercase();
    let begins = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    match (begins(&READING), begins(&WRITING)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

fn passes(wanted: &Texts, text: &str) -> bool {
    let hit = |hits: &[Hit]| hits.iter().any(|hit| hit.values.iter().any(|value| hits_text(hit.how, value, text)));
    (wanted.selecting.is_empty() || hit(&wanted.selecting)) && !hit(&wanted.deselecting)
}

fn hits_text(how: How, value: &str, text: &str) -> bool {
    let (value, text) = (value.to_ascii_lowercase(), text.to_ascii_lowercase());
    match how {
        How::Equals => value == text,
        How::StartsWith => text.starts_with(&value),
        How::EndsWith => text.ends_with(&value),
    }
}
