//! A condition as SQL over the lake's view `events`.
//!
//! Of a resource the type and the ARN count together, so what is asked of them is asked of the text of the whole list, by
//! regular expressions that cover one element: `to_json(resources)` gives the members of each in one order, those that are
//! there: `arn`, `accountid`, `type`, `arnprefix`. What deselects takes elements out of that text before it is asked.

use event::arn::{AccountId, Region};

use crate::selectors::condition::{Condition, Hit, How, Texts};
use crate::selectors::{Selectors, lower};

/// The rest of a JSON string, without its quotes.
const STRING: &str = r#"(?:[^"\\]|\\.)*"#;

/// Whose events an event data store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreScope {
    /// Those of one account; without it those of all, as an organisation's store has.
    pub account: Option<AccountId>,
    /// Those of one Region; without it those of all.
    pub region: Option<Region>,
}

impl Selectors {
    /// Returns the condition, in SQL over the view `events`, that holds for events which the selectors take, whoever's
    /// they are. It stands in brackets where it must. Whatever the values hold, none can leave its quotes.
    ///
    /// ```
    /// use trail::selectors::Selectors;
    /// assert_eq!(Selectors::of_new_store().sql(), "eventCategory = 'Management'");
    /// ```
    pub fn sql(&self) -> String {
        condition(&lower::selectors(self))
    }

    /// Returns the condition for the events of an event data store with these selectors.
    pub fn store_sql(&self, scope: &StoreScope) -> String {
        let region = scope.region.as_ref().map(|region| format!("awsRegion = {}", literal(region.as_str())));
        let account = scope.account.as_ref().map(of_account);
        joined(region.into_iter().chain(account).chain([self.sql()]).collect(), "AND", "TRUE")
    }
}

/// As a trail sees events: by their `recipientAccountId`, or without one by who called and who owns a resource. Where no
/// member says the account of these an ARN does.
fn of_account(account: &AccountId) -> String {
    let id = literal(account.as_str());
    let arn = format!("arn:[^:]*:[^:]*:[^:]*:{account}:");
    let called = format!(
        "userIdentity.accountId = {id} OR (userIdentity.accountId IS NULL AND regexp_like(userIdentity.arn, {}))",
        literal(&format!("^{arn}"))
    );
    let by_member = format!(r#"strpos(to_json(resources), {}) > 0"#, literal(&format!(r#""accountid":"{account}""#)));
    // Elements without the member: what follows the ARN, or stands before the beginning of ARNs, is another one.
    let json = r#"[^:"]*"#;
    let arn = format!("arn:{json}:{json}:{json}:{account}:{STRING}");
    let by_arn = format!(r#""arn":"{arn}"(?:\}}|,"type"|,"arnprefix")"#);
    let by_prefix = format!(r#"\{{(?:"arn":"{STRING}",)?(?:"type":"{STRING}",)?"arnprefix":"{arn}""#);
    let owned = format!("regexp_like(to_json(resources), {})", literal(&format!("{by_arn}|{by_prefix}")));
    format!(
        "(recipientAccountId = {id} OR ((recipientAccountId IS NULL OR recipientAccountId = '') AND ({called} OR {by_member} \
         OR {owned})))"
    )
}

fn condition(node: &Condition) -> String {
    match node {
        Condition::All(parts) => joined(parts.iter().map(condition).collect(), "AND", "TRUE"),
        Condition::Any(parts) => joined(parts.iter().map(condition).collect(), "OR", "FALSE"),
        Condition::Category(category) => format!("eventCategory = {}", literal(category)),
        Condition::ReadOnly(true) => "readOnly = TRUE".to_owned(),
        Condition::ReadOnly(false) => "(readOnly IS NULL OR readOnly = FALSE)".to_owned(),
        Condition::Member(path, wanted) => member(path, wanted),
        Condition::Resource { kind, arn } => resource(kind, arn),
    }
}

/// Joins parts in brackets; without any there is what holds for none.
fn joined(mut parts: Vec<String>, by: &str, none: &str) -> String {
    parts.dedup();
    match parts.len() {
        0 => none.to_owned(),
        1 => parts.swap_remove(0),
        _ => format!("({})", parts.join(&format!(" {by} "))),
    }
}

fn member(path: &str, wanted: &Texts) -> String {
    let hits = |hits: &[Hit]| joined(hits.iter().map(|hit| member_hit(path, hit)).collect(), "OR", "FALSE");
    let mut all = Vec::new();
    if !wanted.selecting.is_empty() {
        all.push(hits(&wanted.selecting));
    }
    if !wanted.deselecting.is_empty() {
        all.push(format!("({path} IS NULL OR NOT ({}))", hits(&wanted.deselecting)));
    }
    joined(all, "AND", "TRUE")
}

fn member_hit(path: &str, hit: &Hit) -> String {
    let function = match hit.how {
        How::Equals => {
            let values: Vec<String> = hit.values.iter().map(|value| literal(value)).collect();
            return format!("{path} IN ({})", values.join(", "));
        }
        How::StartsWith => "starts_with",
        How::EndsWith => "ends_with",
    };
    let calls = hit.values.iter().map(|value| format!("{function}({path}, {})", literal(value)));
    joined(calls.collect(), "OR", "FALSE")
}

fn resource(kind: &str, arn: &Texts) -> String {
    let all = "to_json(resources)".to_owned();
    let left = match arn.deselecting.is_empty() {
        true => all,
        // What stands in the place of an element must not look like one.
        false => format!("regexp_replace({all}, {}, '')", literal(&element(kind, Some(&arn.deselecting)))),
    };
    let wanted = if arn.selecting.is_empty() { None } else { Some(arn.selecting.as_slice()) };
    format!("regexp_like({left}, {})", literal(&element(kind, wanted)))
}

/// Returns the expression for an element of a type, with an ARN that is hit if that matters.
fn element(kind: &str, arn: Option<&[Hit]>) -> String {
    let kind = in_expression(kind);
    let account = format!(r#"(?:"accountid":"{STRING}",)?"#);
    let Some(hits) = arn else {
        let (before, after) = (format!(r#"(?:"arn":"{STRING}",)?"#), format!(r#"(?:,"arnprefix":"{STRING}")?"#));
        return format!(r#"\{{{before}{account}"type":"{kind}"{after}\}}"#);
    };
    let hits = hits.iter().map(hit_expression).collect::<Vec<_>>().join("|");
    let by_arn = format!(r#""arn":"(?:{hits})",{account}"type":"{kind}"(?:,"arnprefix":"{STRING}")?"#);
    let by_prefix = format!(r#"(?:"arn":"{STRING}",)?{account}"type":"{kind}","arnprefix":"(?:{hits})""#);
    format!(r"\{{(?:{by_arn}|{by_prefix})\}}")
}

fn hit_expression(hit: &Hit) -> String {
    let values = hit.values.iter().map(|value| in_expression(value)).collect::<Vec<_>>().join("|");
    match hit.how {
        How::Equals => format!("(?:{values})"),
        How::StartsWith => format!("(?:{values}){STRING}"),
        How::EndsWith => format!("{STRING}(?:{values})"),
    }
}

/// Returns the expression for a text as it stands inside a JSON string.
fn in_expression(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let inner = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default();
    let mut out = String::with_capacity(inner.len());
    for c in inner.chars() {
        if c.is_ascii_punctuation() && !matches!(c, ':' | '/' | '"' | '\'' | '<' | '>' | ',' | ';' | '=' | '_' | '%') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A text literal.
fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}
