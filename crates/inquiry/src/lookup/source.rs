//! The services of `eventSource`, by AWS's name or a shorter one.

use crate::error::{Error, Result};

/// Services whose everyday name is not that of their endpoint.
const EVERYDAY: &[(&str, &str)] = &[
    ("cloudwatch", "monitoring"),
    ("cloudwatchlogs", "logs"),
    ("efs", "elasticfilesystem"),
    ("elb", "elasticloadbalancing"),
    ("emr", "elasticmapreduce"),
    ("eventbridge", "events"),
    ("opensearch", "es"),
    ("stepfunctions", "states"),
];

/// A service as `eventSource` names it: `s3.amazonaws.com`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventSource(String);

impl EventSource {
    /// Returns the service spelled by `text`: `s3`, `S3`, `cloudwatch` or `s3.amazonaws.com`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](crate::ErrorKind::InvalidValue) for text that names no service.
    pub fn parse(text: &str) -> Result<Self> {
        let name = text.to_ascii_lowercase();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
        if name.is_empty() || !name.chars().all(fits) {
            let accepted =
                "write a service such as `s3`, `iam` or `signin`, or its full name such as `s3.amazonaws.com`";
            return Err(Error::invalid(text, "event source", accepted));
        }
        if name.contains('.') {
            return Ok(Self(name));
        }
        let everyday = EVERYDAY.iter().find(|(everyday, _)| *everyday == name);
        let short = everyday.map_or(name.as_str(), |(_, short)| short);
        Ok(Self(format!("{short}.amazonaws.com")))
    }

    /// Returns the service as `eventSource` spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
