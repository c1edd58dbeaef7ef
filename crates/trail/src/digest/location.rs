//! Where an object lies in S3, as digest files name it.

use std::fmt;

/// A bucket and a key, as they are written in a digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The bucket's name.
    pub bucket: String,
    /// The key, without encoding.
    pub key: String,
}

impl Location {
    /// Makes a location of its two parts.
    pub fn new(bucket: impl Into<String>, key: impl Into<String>) -> Location {
        Location { bucket: bucket.into(), key: key.into() }
    }

    /// Returns the part of the key behind the last `/`.
    pub fn file_name(&self) -> &str {
        self.key.rsplit_once('/').map_or(self.key.as_str(), |(_, name)| name)
    }

    /// Returns whether the key would lead out of its folder or nowhere: it has a part `..`, `.` or a control character,
    /// or begins with `/`. CloudTrail never writes such a key; nothing may follow one.
    pub fn is_suspect(&self) -> bool {
        let leads_astray = |part: &str| matches!(part, "." | "..");
        self.key.is_empty()
            || self.key.starts_with('/')
            || self.key.split(['/', '\\']).any(leads_astray)
            || self.key.chars().any(char::is_control)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_lead_astray() {
        let cases = [
            ("AWSLogs/111122223333/a..b.json.gz", false),
            ("a b/ü.gz", false),
            ("", true),
            ("/etc/passwd", true),
            ("a/../b", true),
            ("..", true),
            ("a/./b", true),
            ("a\\..\\b", true),
            ("a/\u{0}", true),
        ];
        for (key, expect) in cases {
            assert_eq!(Location::new("b", key).is_suspect(), expect, "{key:?}");
        }
    }

    #[test]
    fn the_name_is_the_last_part() {
        for (key, name) in [("a/b/c.gz", "c.gz"), ("c.gz", "c.gz"), ("a/", "")] {
            assert_eq!(Location::new("b", key).file_name(), name);
        }
    }
}
