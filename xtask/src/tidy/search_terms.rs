//! `ARCHITECTURE.md` names things to search for instead of links that rot; a name that no source holds has rotted too.

use std::collections::BTreeSet;

use super::sources::Sources;

/// What opens a list of search terms: the names in backticks from here to the end of the paragraph.
const MARK: &str = "Search for";

/// Returns the search terms that stand in no Rust source.
pub fn check(architecture: &str, sources: &Sources) -> Vec<String> {
    let words: BTreeSet<&str> = sources
        .rust()
        .flat_map(|source| source.text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')))
        .collect();
    let missing = terms(architecture).into_iter().filter(|term| !term.split("::").all(|part| words.contains(part)));
    missing.map(|term| format!("ARCHITECTURE.md: no source holds the search term `{term}`")).collect()
}

/// Returns the search terms of the text, in its order.
pub fn terms(architecture: &str) -> Vec<&str> {
    let paragraphs = architecture.split("\n\n");
    let lists = paragraphs.filter_map(|paragraph| paragraph.split_once(MARK).map(|(_, list)| list));
    // Between backticks stands each second piece.
    lists.flat_map(|list| list.split('`').skip(1).step_by(2)).collect()
}
