//! What lies beside a digest in S3: its signature, among the object's user metadata.
//!
//! A mirrored folder has lost it. So it can be saved in a file: an object with one member for each digest, named
//! `bucket/key`, whose value holds the metadata without `x-amz-meta-`.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;

use crate::digest::Location;

/// The parts of an object's user metadata that a digest has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Metadata {
    /// The digest's signature in hex digits.
    pub signature: Option<String>,
    /// Always `SHA256withRSA`.
    pub signature_algorithm: Option<String>,
    /// When a backfill digest was made.
    pub backfill_generation_timestamp: Option<String>,
}

impl Metadata {
    /// Picks the parts out of an object's metadata; names are lower-case and without `x-amz-meta-`.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Metadata {
        let mut metadata = Metadata::default();
        for (name, value) in pairs {
            let member = match name {
                "signature" => &mut metadata.signature,
                "signature-algorithm" => &mut metadata.signature_algorithm,
                "backfill-generation-timestamp" => &mut metadata.backfill_generation_timestamp,
                _ => continue,
            };
            *member = Some(value.to_owned());
        }
        metadata
    }

    /// Returns whether a signature and its algorithm are there.
    pub fn is_signed(&self) -> bool {
        self.signature.is_some() && self.signature_algorithm.is_some()
    }
}

/// The metadata of many digests, read from a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataFile(HashMap<String, Metadata>);

impl MetadataFile {
    /// Parses the file's text.
    ///
    /// # Errors
    /// If it is not JSON of that shape.
    pub fn parse_json(text: &str) -> Result<MetadataFile, MetadataError> {
        serde_json::from_str(text).map(MetadataFile).map_err(MetadataError)
    }

    /// Returns the metadata of the object that lay there.
    pub fn find(&self, location: &Location) -> Option<&Metadata> {
        self.0.get(&format!("{}/{}", location.bucket, location.key))
    }

    /// Takes up the metadata of another file.
    pub fn merge(&mut self, other: MetadataFile) {
        self.0.extend(other.0);
    }

    /// Returns every place that the file names, in no order.
    pub fn locations(&self) -> impl Iterator<Item = Location> {
        self.0.keys().filter_map(|name| name.split_once('/')).map(|(bucket, key)| Location::new(bucket, key))
    }
}

/// A file that holds no metadata of digests.
#[derive(Debug)]
pub struct MetadataError(serde_json::Error);

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the metadata of digests must be a JSON object from `bucket/key` to `signature` and `signature-algorithm`: {}",
            self.0
        )
    }
}

impl std::error::Error for MetadataError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_by_place() {
        let file = MetadataFile::parse_json(
            r#"{"logs/a/b.gz": {"signature": "00", "signature-algorithm": "SHA256withRSA", "other": "x"}}"#,
        )
        .unwrap();
        let found = file.find(&Location::new("logs", "a/b.gz")).unwrap();
        assert!(found.is_signed() && found.backfill_generation_timestamp.is_none());
        assert_eq!(file.find(&Location::new("logs", "b.gz")), None);
        assert_eq!(file.locations().collect::<Vec<_>>(), [Location::new("logs", "a/b.gz")]);
        for text in ["", "[]", r#"{"a/b": 1}"#, r#"{"a/b": {"signature": 1}}"#] {
            assert!(MetadataFile::parse_json(text).is_err(), "{text}");
        }
    }
}
