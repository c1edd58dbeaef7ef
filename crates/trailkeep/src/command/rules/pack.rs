//! The rules that ship with the program, inside it.

use rust_embed::Embed;

/// The folder `rules` of the project.
#[derive(Embed)]
#[folder = "../../rules"]
struct Pack;

/// What stands before the names of files that are inside the program.
const PREFIX: &str = "builtin:";
/// How a file of rules ends.
const RULES: &str = ".yml";
/// How the file with its cases ends.
const CASES: &str = ".cases.ndjson";

/// Returns the rule files, name and content, in the order of their names.
pub(crate) fn rules() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = Pack::iter()
        .filter(|name| name.ends_with(RULES))
        .filter_map(|name| Some((format!("{PREFIX}{name}"), Pack::get(&name)?.data.into_owned())))
        .collect();
    files.sort();
    files
}

/// Returns the cases of one of the rule files.
pub(crate) fn cases(rule_file: &str) -> Option<String> {
    let name = rule_file.strip_prefix(PREFIX)?.strip_suffix(RULES)?;
    let file = Pack::get(&format!("{name}{CASES}"))?;
    String::from_utf8(file.data.into_owned()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_cases() {
        let rules = rules();
        assert!(rules.len() > 40, "{} rule files", rules.len());
        for (name, _) in rules {
            assert!(cases(&name).is_some_and(|cases| !cases.is_empty()), "{name}");
        }
    }
}
