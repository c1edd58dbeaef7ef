//! Buckets, topics and log groups as the API asks for them: those that deliveries go to.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use pipeline::delivery::{Destinations, code};
use server::{Found, World, WorldError};
use sink::Standing;

/// The world outside the lake.
pub(super) struct Outside(pub(super) Arc<Destinations>);

#[async_trait]
impl World for Outside {
    async fn bucket(&self, name: &str) -> Result<Found, WorldError> {
        found(self.0.bucket(name).await)
    }

    async fn topic(&self, arn: &str) -> Result<Found, WorldError> {
        found(self.0.topic(arn).await)
    }

    async fn log_group(&self, arn: &str) -> Result<Found, WorldError> {
        found(self.0.log_group(arn).await)
    }

    async fn put(&self, bucket: &str, key: &str, bytes: Bytes, metadata: &[(&str, &str)]) -> Result<(), WorldError> {
        self.0.put(bucket, key, bytes, metadata).await.map_err(|error| failed(&error))
    }
}

fn found(standing: pipeline::error::Result<Standing>) -> Result<Found, WorldError> {
    match standing {
        Ok(Standing::Usable) => Ok(Found::Usable),
        Ok(Standing::Forbidden) => Ok(Found::Forbidden),
        Ok(Standing::Missing) => Ok(Found::Missing),
        Err(error) => Err(failed(&error)),
    }
}

fn failed(error: &pipeline::error::Error) -> WorldError {
    WorldError { code: Some(code(error)).filter(|code| !code.is_empty()), message: error.to_string() }
}
