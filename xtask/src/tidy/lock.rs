//! One version of each big library: two of them would double the build and not understand each other's types.

use std::collections::BTreeSet;

use cargo_metadata::Metadata;

/// Libraries whose types go from one room to another.
const ONE_VERSION: &[&str] = &["arrow", "datafusion", "object_store", "parquet"];

/// Returns the libraries of which `Cargo.lock` holds more than one version.
pub fn check(metadata: &Metadata) -> Vec<String> {
    check_versions(metadata.packages.iter().map(|package| (package.name.as_str(), package.version.to_string())))
}

/// The rule itself, on pairs of name and version.
pub fn check_versions<'a>(packages: impl Iterator<Item = (&'a str, String)>) -> Vec<String> {
    let packages: BTreeSet<(&str, String)> = packages.collect();
    let mut problems = Vec::new();
    for name in ONE_VERSION {
        let versions: Vec<&str> =
            packages.iter().filter(|(other, _)| other == name).map(|(_, version)| version.as_str()).collect();
        if versions.len() > 1 {
            problems
                .push(format!("Cargo.lock: `{name}` in several versions ({}): `cargo tree -d`", versions.join(", ")));
        }
    }
    problems
}
