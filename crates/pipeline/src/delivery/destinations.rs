//! Buckets, topics and log groups, as deliveries reach them: in AWS or what speaks like it, or as folders.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use object_store::ObjectStore;
use sink::{Aws, FolderBuckets, Object, Standing, look_up_bucket, put_object};
use source::{AwsOptions, s3_store_for_owner};
use tokio::sync::{Mutex, OnceCell};

use crate::error::{Error, ErrorKind, Result};

/// The folder of buckets below the data folder.
const BUCKETS: &str = "buckets";
/// What says in the environment that there is an AWS, or something like it, to deliver to.
const AWS_VARIABLES: [&str; 7] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// Where buckets are.
#[derive(Debug, Clone)]
pub enum Places {
    /// In S3; topics in SNS and log groups in CloudWatch Logs. The endpoint in the options is that of all three.
    Aws(AwsOptions),
    /// In folders on this machine. There are no topics and no log groups.
    Folders(FolderBuckets),
}

impl Places {
    /// Chooses AWS if flags or the environment name an endpoint, a profile, a role or credentials, and else folders
    /// `buckets/NAME` below the data folder.
    pub fn choose(aws: &AwsOptions, data: &Path) -> Places {
        let is_named = aws.endpoint_url.is_some() || aws.profile.is_some() || aws.role_arn.is_some();
        if is_named || AWS_VARIABLES.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
            Places::Aws(aws.clone())
        } else {
            Places::folders(data)
        }
    }

    /// Returns the folders `buckets/NAME` below a data folder.
    pub fn folders(data: &Path) -> Places {
        Places::Folders(FolderBuckets::new(data.join(BUCKETS)))
    }
}

/// Clients by bucket and KMS key.
type Stores = HashMap<(String, Option<String>), Arc<dyn ObjectStore>>;

/// Buckets, topics and log groups. We use credentials of our own; what a bucket's policy says to CloudTrail is not asked.
#[derive(Debug)]
pub struct Destinations {
    places: Places,
    stores: Mutex<Stores>,
    aws: OnceCell<Aws>,
}

impl Destinations {
    /// Takes the places. Nothing is asked before it is needed.
    pub fn new(places: Places) -> Destinations {
        Destinations { places, stores: Mutex::default(), aws: OnceCell::new() }
    }

    /// Takes a way to reach topics and log groups, also where buckets are folders.
    pub fn with_aws(self, aws: Aws) -> Destinations {
        Destinations { aws: OnceCell::new_with(Some(aws)), ..self }
    }

    /// Looks a bucket up. Where buckets are folders it is made.
    ///
    /// # Errors
    /// [`ErrorKind::Sink`] or [`ErrorKind::Source`] if it cannot be told.
    pub async fn bucket(&self, name: &str) -> Result<Standing> {
        if let Places::Folders(folders) = &self.places {
            let (folders, name) = (folders.clone(), name.to_owned());
            let made = tokio::task::spawn_blocking(move || folders.make(&name)).await;
            return made.map_err(ended)?.map_err(|error| failed("look up the bucket", error));
        }
        let store = self.store(name, None).await?;
        let found = look_up_bucket(&*store, name, event::key::AWS_LOGS).await;
        found.map_err(|error| failed("look up the bucket", error))
    }

    /// Looks a topic up by its ARN.
    ///
    /// # Errors
    /// [`ErrorKind::Sink`] if it cannot be told.
    pub async fn topic(&self, arn: &str) -> Result<Standing> {
        match self.aws().await {
            Some(aws) => aws.topic(arn).await.map_err(|error| failed("look up the topic", error)),
            None => Ok(Standing::Missing),
        }
    }

    /// Looks a log group up by its ARN, with or without the `:*` at its end.
    ///
    /// # Errors
    /// [`ErrorKind::Sink`] if it cannot be told.
    pub async fn log_group(&self, arn: &str) -> Result<Standing> {
        match self.aws().await {
            Some(aws) => aws.log_group(arn).await.map_err(|error| failed("look up the log group", error)),
            None => Ok(Standing::Missing),
        }
    }

    /// Puts an object into a bucket, with the metadata that follow `x-amz-meta-`. A signature among them goes beside the
    /// object where buckets are folders.
    ///
    /// # Errors
    /// [`ErrorKind::Sink`] or [`ErrorKind::Source`] if it was not put; [`code`] gives S3's word for it.
    pub async fn put(&self, bucket: &str, key: &str, bytes: Bytes, metadata: &[(&str, &str)]) -> Result<()> {
        let metadata = metadata.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let object = Object { key: key.to_owned(), bytes, content_type: None, content_encoding: None, metadata };
        self.put_object(bucket, None, object).await
    }

    /// Puts an object, encrypted with a KMS key if one is given. It belongs to the bucket's owner.
    pub(super) async fn put_object(&self, bucket: &str, kms_key_id: Option<&str>, object: Object) -> Result<()> {
        if let Places::Folders(folders) = &self.places {
            let (folders, name) = (folders.clone(), bucket.to_owned());
            let put = tokio::task::spawn_blocking(move || folders.put(&name, &object)).await;
            return put.map_err(ended)?.map_err(|error| failed("deliver", error));
        }
        let store = self.store(bucket, kms_key_id).await?;
        let put = put_object(&*store, bucket, object).await;
        if put.is_err() {
            // A bucket that is made again may be in another Region.
            self.stores.lock().await.remove(&(bucket.to_owned(), kms_key_id.map(str::to_owned)));
        }
        put.map_err(|error| failed("deliver", error))
    }

    /// Returns how AWS's other services are reached; `None` where buckets are folders and nobody says.
    pub(super) async fn aws(&self) -> Option<&Aws> {
        let Places::Aws(options) = &self.places else { return self.aws.get() };
        let role = options.role_arn.as_ref().map(event::arn::Arn::as_str);
        let load = || Aws::load(options.profile.as_deref(), role, options.endpoint_url.as_deref());
        Some(self.aws.get_or_init(load).await)
    }

    async fn store(&self, bucket: &str, kms_key_id: Option<&str>) -> Result<Arc<dyn ObjectStore>> {
        let Places::Aws(options) = &self.places else {
            return Err(Error::new(ErrorKind::Delivery, "folders were asked for a client of S3"));
        };
        let place = (bucket.to_owned(), kms_key_id.map(str::to_owned));
        if let Some(store) = self.stores.lock().await.get(&place) {
            return Ok(Arc::clone(store));
        }
        // Not held while a client is made: one bucket's slow answer is no other's.
        let options = AwsOptions { sse_kms_key_id: place.1.clone(), ..options.clone() };
        let store = s3_store_for_owner(bucket, &options).await?;
        self.stores.lock().await.insert(place, Arc::clone(&store));
        Ok(store)
    }
}

/// Returns the word of S3, SNS or CloudWatch Logs for what went wrong, such as `NoSuchBucket` or `AccessDenied`.
pub fn code(error: &Error) -> String {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(sink) = cause.downcast_ref::<sink::Error>() {
            let said = sink.context().find(|(name, value)| *name == "code" && !value.is_empty());
            if let Some((_, code)) = said {
                return code.to_owned();
            }
            return match sink.kind() {
                sink::ErrorKind::NotFound => "NotFound",
                sink::ErrorKind::PermissionDenied => "AccessDenied",
                sink::ErrorKind::Credentials => "InvalidClientTokenId",
                sink::ErrorKind::Unavailable => "ServiceUnavailable",
                _ => "InternalError",
            }
            .to_owned();
        }
        if let Some(source) = cause.downcast_ref::<source::Error>() {
            let said = source.context().find(|(name, _)| *name == "code");
            return said.map_or("InternalError", |(_, code)| code).to_owned();
        }
        next = cause.source();
    }
    "InternalError".to_owned()
}

/// An error of a destination, with what was attempted.
pub(super) fn failed(attempted: &str, error: sink::Error) -> Error {
    Error::because(ErrorKind::Sink, format!("could not {attempted}"), error)
}

fn ended(error: tokio::task::JoinError) -> Error {
    Error::ended("a thread that writes objects", Some(error))
}
