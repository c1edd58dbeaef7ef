//! What the API needs of the world outside the lake: buckets, topics, log groups.

use async_trait::async_trait;
use bytes::Bytes;

/// Buckets, topics and log groups, as the program can reach them. Which credentials and endpoints are used, and whether
/// buckets are folders, is not known to the API.
#[async_trait]
pub trait World: Send + Sync {
    /// Looks a bucket up. Where buckets are local folders it is made.
    ///
    /// # Errors
    /// If it cannot be told.
    async fn bucket(&self, name: &str) -> Result<Found, WorldError>;

    /// Looks a topic up by its ARN.
    ///
    /// # Errors
    /// If it cannot be told.
    async fn topic(&self, arn: &str) -> Result<Found, WorldError>;

    /// Looks a log group up by its ARN, without the `:*` at the end.
    ///
    /// # Errors
    /// If it cannot be told.
    async fn log_group(&self, arn: &str) -> Result<Found, WorldError>;

    /// Puts an object into a bucket, with the metadata that follow `x-amz-meta-`.
    ///
    /// # Errors
    /// If it was not put.
    async fn put(&self, bucket: &str, key: &str, bytes: Bytes, metadata: &[(&str, &str)]) -> Result<(), WorldError>;
}

/// Whether a thing outside is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It is there and can be used.
    Usable,
    /// It is there, and we may not use it.
    Forbidden,
    /// There is none.
    Missing,
}

/// Why the world could not be asked, or did not do what it was told.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct WorldError {
    /// The service's own code, such as `NoSuchBucket` or `AccessDenied`, where it gave one.
    pub code: Option<String>,
    /// What was attempted, and why it failed.
    pub message: String,
}
