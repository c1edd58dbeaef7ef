//! Sample queries that people can search for and start from.

mod list;

use list::SAMPLES;

/// A query that is ready to be run once it names an event data store.
pub(crate) struct Sample {
    /// What it finds, in few words.
    pub name: &'static str,
    /// What it finds, and what it is good for.
    pub description: &'static str,
    /// The query; `$EDS_ID` stands for the event data store.
    pub sql: &'static str,
}

/// Words that say nothing about what is looked for.
const EMPTY_WORDS: [&str; 24] = [
    "a", "all", "an", "and", "are", "by", "did", "do", "find", "for", "from", "get", "in", "is", "list", "me", "of",
    "on", "show", "the", "to", "was", "what", "which",
];

/// Returns the samples that have to do with a phrase, with how much from above 0 to 1, the most first.
pub(crate) fn search(phrase: &str) -> Vec<(f32, &'static Sample)> {
    let wanted: Vec<String> = words(phrase).filter(|word| !EMPTY_WORDS.contains(&word.as_str())).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(f32, &Sample)> = SAMPLES
        .iter()
        .map(|sample| {
            let score: f32 = wanted.iter().map(|word| weight(word, sample)).sum();
            (score / wanted.len() as f32, sample)
        })
        .filter(|(score, _)| *score > 0.0)
        .collect();
    found.sort_by(|(a, first), (b, second)| b.total_cmp(a).then(first.name.cmp(second.name)));
    found
}

/// A word counts most in the name, and least in the query.
fn weight(word: &str, sample: &Sample) -> f32 {
    let is_in = |text: &str| words(text).any(|other| stem(&other) == stem(word));
    if is_in(sample.name) {
        1.0
    } else if is_in(sample.description) {
        0.7
    } else if is_in(sample.sql) {
        0.4
    } else {
        0.0
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// A plural is the same word.
fn stem(word: &str) -> &str {
    if word.len() > 3 { word.strip_suffix('s').unwrap_or(word) } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_finds_what_has_to_do_with_it() {
        let cases = [
            ("root user activity", Some("Root user activity")),
            ("console logins without mfa", Some("Console sign-ins without MFA")),
            ("who deleted buckets", Some("S3 buckets made and deleted")),
            ("security group changes", Some("Security group changes")),
            ("xylophone", None),
            ("the of a", None),
        ];
        for (phrase, expected) in cases {
            let found = search(phrase);
            assert_eq!(found.first().map(|(_, sample)| sample.name), expected, "{phrase}");
            assert!(found.iter().all(|(score, _)| (0.0..=1.0).contains(score)));
        }
    }

    #[test]
    fn every_sample_is_a_query_over_one_store() {
        for sample in SAMPLES {
            assert_eq!(lake::sql::tables(sample.sql).unwrap(), ["$EDS_ID"], "{}", sample.name);
        }
    }
}
