//! Members of a request held against the limits of the API's model, in the words that AWS has for it.
//!
//! ```text
//! let mut found = Violations::default();
//! found.text("Name", Some(&input.name), &limits::CHANNEL_NAME);
//! found.number("MaxResults", input.max_results, limits::LIST_MAX_RESULTS);
//! found.refuse(Code::InvalidParameterException)?;
//! ```

use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use regex::Regex;

use crate::fault::{Code, Fault, Result};
use crate::wire::lower_first;

/// Letters of a value that a message shows.
const SHOWN_MAX: usize = 256;

/// Limits of a text, counted in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Text {
    min: usize,
    max: usize,
    pattern: Option<&'static str>,
}

impl Text {
    /// A text from `min` to `max` characters long.
    pub(crate) const fn new(min: usize, max: usize) -> Text {
        Text { min, max, pattern: None }
    }

    /// The same, if the whole of it matches a pattern.
    pub(crate) const fn like(self, pattern: &'static str) -> Text {
        Text { pattern: Some(pattern), ..self }
    }
}

/// Limits of a number, both within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    min: i64,
    max: i64,
}

impl Range {
    /// A number from `min` to `max`.
    pub(crate) const fn new(min: i64, max: i64) -> Range {
        Range { min, max }
    }
}

/// Limits of the length of a list or map, both within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Length {
    min: usize,
    max: usize,
}

impl Length {
    /// A list of `min` to `max` members.
    pub(crate) const fn new(min: usize, max: usize) -> Length {
        Length { min, max }
    }
}

/// What is wrong with a request. A member that is absent is never wrong here.
#[derive(Debug, Default)]
pub(crate) struct Violations(Vec<String>);

impl Violations {
    /// Checks a text.
    pub(crate) fn text(&mut self, member: &str, value: Option<&str>, limit: &Text) {
        let Some(value) = value else { return };
        let length = value.chars().count();
        if length < limit.min {
            self.add(member, value, &format!("Member must have length greater than or equal to {}", limit.min));
        }
        if length > limit.max {
            self.add(member, value, &format!("Member must have length less than or equal to {}", limit.max));
        }
        if let Some(pattern) = limit.pattern.filter(|pattern| !matches_whole(pattern, value)) {
            self.add(member, value, &format!("Member must satisfy regular expression pattern: {pattern}"));
        }
    }

    /// Checks a number.
    pub(crate) fn number(&mut self, member: &str, value: Option<i64>, limit: Range) {
        let Some(value) = value else { return };
        if value < limit.min {
            let constraint = format!("Member must have value greater than or equal to {}", limit.min);
            self.add(member, &value.to_string(), &constraint);
        }
        if value > limit.max {
            let constraint = format!("Member must have value less than or equal to {}", limit.max);
            self.add(member, &value.to_string(), &constraint);
        }
    }

    /// Checks how long a list or map is.
    pub(crate) fn length<T>(&mut self, member: &str, list: Option<&[T]>, limit: Length) {
        let Some(length) = list.map(<[T]>::len) else { return };
        if length < limit.min {
            let constraint = format!("Member must have length greater than or equal to {}", limit.min);
            self.add(member, &format!("[{length} members]"), &constraint);
        }
        if length > limit.max {
            let constraint = format!("Member must have length less than or equal to {}", limit.max);
            self.add(member, &format!("[{length} members]"), &constraint);
        }
    }

    /// Checks that a text is one of a few.
    pub(crate) fn one_of(&mut self, member: &str, value: Option<&str>, values: &[&str]) {
        if let Some(value) = value.filter(|value| !values.contains(value)) {
            self.add(member, value, &format!("Member must satisfy enum value set: [{}]", values.join(", ")));
        }
    }

    /// Refuses the request with a code if anything was found.
    ///
    /// # Errors
    /// `code`, with all that was found.
    pub(crate) fn refuse(self, code: Code) -> Result<()> {
        let count = self.0.len();
        if count == 0 {
            return Ok(());
        }
        let word = if count == 1 { "error" } else { "errors" };
        Err(Fault::new(code, format!("{count} validation {word} detected: {}", self.0.join("; "))))
    }

    fn add(&mut self, member: &str, value: &str, constraint: &str) {
        let shown: String = value.chars().filter(|letter| !letter.is_control()).take(SHOWN_MAX).collect();
        let member: Vec<String> = member.split('.').map(lower_first).collect();
        let member = member.join(".");
        self.0.push(format!("Value '{shown}' at '{member}' failed to satisfy constraint: {constraint}"));
    }
}

fn matches_whole(pattern: &'static str, value: &str) -> bool {
    static COMPILED: LazyLock<RwLock<HashMap<&'static str, Regex>>> = LazyLock::new(RwLock::default);
    if let Some(whole) = COMPILED.read().unwrap_or_else(PoisonError::into_inner).get(pattern) {
        return whole.is_match(value);
    }
    let whole = Regex::new(&format!(r"\A(?:{pattern})\z")).expect("a test compiles every pattern");
    let matches = whole.is_match(value);
    COMPILED.write().unwrap_or_else(PoisonError::into_inner).insert(pattern, whole);
    matches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;

    #[track_caller]
    fn check(violations: Violations, expected: &[&str]) {
        let found = violations.0.iter().map(|found| found.split("constraint: ").nth(1).unwrap());
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn texts_are_counted_in_characters_and_matched_whole() {
        let cases: [(&str, &Text, &[&str]); 5] = [
            ("abc", &limits::CHANNEL_NAME, &[]),
            ("é", &Text::new(1, 1), &[]),
            ("ab", &limits::CHANNEL_NAME, &["Member must have length greater than or equal to 3"]),
            (&"x".repeat(129), &limits::CHANNEL_NAME, &["Member must have length less than or equal to 128"]),
            ("abc\n", &limits::DASHBOARD_NAME, &[r"Member must satisfy regular expression pattern: [a-zA-Z0-9_\-]+"]),
        ];
        for (value, limit, expected) in cases {
            let mut violations = Violations::default();
            violations.text("Name", Some(value), limit);
            check(violations, expected);
        }
    }

    #[test]
    fn a_refusal_names_all_that_was_found() {
        let mut violations = Violations::default();
        violations.number("MaxResults", Some(0), limits::MAX_RESULTS);
        violations.one_of("Filter.1.Member.Key", Some("No"), &["Yes"]);
        violations.length("List", Some(&[1, 2]), Length::new(0, 2));
        violations.number("Absent", None, limits::MAX_RESULTS);
        let fault = violations.refuse(Code::ValidationException).unwrap_err();
        assert_eq!(
            fault.message,
            "2 validation errors detected: Value '0' at 'maxResults' failed to satisfy constraint: Member must have \
             value greater than or equal to 1; Value 'No' at 'filter.1.member.key' failed to satisfy constraint: \
             Member must satisfy enum value set: [Yes]"
        );
    }

    #[test]
    fn every_pattern_compiles() {
        let texts = [
            limits::ACCOUNT_ID,
            limits::CHANNEL_NAME,
            limits::DASHBOARD_NAME,
            limits::DELIVERY_S3_URI,
            limits::ERROR_CODE,
            limits::EVENT_DATA_STORE_KMS_KEY_ID,
            limits::EVENT_DATA_STORE_NAME,
            limits::EVENT_NAME,
            limits::EVENT_SOURCE,
            limits::FEDERATION_ROLE_ARN,
            limits::LOCATION,
            limits::PROMPT,
            limits::QUERY_ALIAS,
            limits::QUERY_PARAMETER_KEY,
            limits::QUERY_PARAMETER_VALUE,
            limits::REFRESH_ID,
            limits::RESOURCE_ARN,
            limits::SEARCH_SAMPLE_QUERIES_SEARCH_PHRASE,
            limits::TIME_OF_DAY,
            limits::UUID,
            limits::VIEW_PROPERTIES_KEY,
            limits::VIEW_PROPERTIES_VALUE,
            limits::AUDIT_EXTERNAL_ID,
            limits::AUDIT_UUID,
        ];
        for text in texts {
            assert!(!matches_whole(text.pattern.unwrap(), "\u{0}"), "{text:?}");
        }
    }
}
