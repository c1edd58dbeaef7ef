//! Buckets, topics and log groups, as the settings lead to them.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use server::{Found, World, WorldError};

use crate::settings::Settings;

/// The world outside the lake.
#[derive(Clone)]
pub(super) struct Outside(Arc<PathBuf>);

impl Outside {
    pub(super) fn new(settings: &Settings) -> Outside {
        Outside(Arc::new(settings.data.join("buckets")))
    }
}

#[async_trait::async_trait]
impl World for Outside {
    async fn bucket(&self, name: &str) -> Result<Found, WorldError> {
        let folder = self.0.join(name);
        match std::fs::create_dir_all(&folder) {
            Ok(()) => Ok(Found::Usable),
            Err(error) => {
                Err(WorldError { code: None, message: format!("make the folder `{}`: {error}", folder.display()) })
            }
        }
    }

    async fn topic(&self, _arn: &str) -> Result<Found, WorldError> {
        Ok(Found::Missing)
    }

    async fn log_group(&self, _arn: &str) -> Result<Found, WorldError> {
        Ok(Found::Missing)
    }

    async fn put(&self, bucket: &str, key: &str, bytes: Bytes, _metadata: &[(&str, &str)]) -> Result<(), WorldError> {
        let path = self.0.join(bucket).join(key);
        let put = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, &bytes));
        put.map_err(|error| WorldError { code: None, message: format!("write `{}`: {error}", path.display()) })
    }
}
