//! The client for a bucket: Region, endpoint, credentials and limits.

use std::sync::Arc;
use std::time::Duration;

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::service_config::ServiceConfigKey;
use event::arn::Arn;
use object_store::aws::{AmazonS3Builder, Checksum, resolve_bucket_region};
use object_store::{BackoffConfig, ClientConfigKey, ClientOptions, ObjectStore, RetryConfig};

use crate::error::{Error, ErrorKind, Result};
use crate::s3::credentials::Credentials;
use crate::s3::owner::ForOwner;

/// How buckets' own logs name us: a trail that leaves out its own deliveries knows them by it.
const USER_AGENT: &str = concat!("trailkeep/", env!("CARGO_PKG_VERSION"));
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one request may take where nobody says otherwise.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// How often a request is repeated after a refusal, a time-out or a broken answer.
const RETRIES: usize = 5;

/// How long after the first attempt a request may still be repeated where nobody says otherwise.
const RETRY_TIMEOUT: Duration = Duration::from_secs(150);

/// How AWS is reached. What is not set comes from the environment and the profile, as for every AWS tool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsOptions {
    /// A profile of the AWS configuration files; default: `AWS_PROFILE`, or `default`.
    pub profile: Option<String>,
    /// A role to assume with the credentials found.
    pub role_arn: Option<Arn>,
    /// The bucket's Region. Without it the bucket is asked; then `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile.
    pub region: Option<String>,
    /// Where S3 is, for stores that are not AWS; default: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, the profile. Plain
    /// HTTP is spoken only if this says `http://`.
    pub endpoint_url: Option<String>,
    /// A key of AWS KMS for what is written; default: the bucket's own encryption.
    pub sse_kms_key_id: Option<String>,
    /// How long one request to S3 may take, body included; default: 60 s, in which a range of 8 MiB passes at 140 KiB/s.
    pub request_timeout: Option<Duration>,
    /// How long after its first attempt a request to S3 may still be repeated; default: 150 s.
    pub retry_timeout: Option<Duration>,
}

/// Returns a client for a bucket, with credentials from the ordinary AWS chain: environment, profiles with SSO and
/// `credential_process`, web identity, container and instance roles; then `role_arn`, if given.
///
/// Nothing is asked of the bucket's content, so that a wrong name or a lack of rights shows at the first request.
///
/// # Errors
/// [`ErrorKind::Configuration`] if an endpoint or a Region cannot be used.
pub async fn s3_store(bucket: &str, options: &AwsOptions) -> Result<Arc<dyn ObjectStore>> {
    build(connection(bucket, options).await?)
}

/// Returns a client as [`s3_store`] does, whose objects belong to the bucket's owner, also where that is somebody else:
/// they are put with the ACL `bucket-owner-full-control`.
///
/// # Errors
/// As [`s3_store`].
pub async fn s3_store_for_owner(bucket: &str, options: &AwsOptions) -> Result<Arc<dyn ObjectStore>> {
    build_for_owner(connection(bucket, options).await?)
}

async fn connection<'b>(bucket: &'b str, options: &AwsOptions) -> Result<Connection<'b>> {
    let config = sdk_config(options).await;
    let endpoint = options.endpoint_url.clone().or_else(|| configured_endpoint(&config, "s3"));
    let region = match (&options.region, &endpoint) {
        (Some(region), _) => region.clone(),
        // Other stores do not care, but a signature needs some Region.
        (None, Some(_)) => config.region().map_or_else(|| "us-east-1".to_owned(), ToString::to_string),
        (None, None) => bucket_region(bucket, &config).await?,
    };
    let credentials = credentials(&config, options).await?;
    let sse_kms_key_id = options.sse_kms_key_id.clone();
    let request_timeout = options.request_timeout.unwrap_or(REQUEST_TIMEOUT);
    let retry = retry(options.retry_timeout.unwrap_or(RETRY_TIMEOUT));
    Ok(Connection { bucket, region, endpoint, credentials, retry, request_timeout, sse_kms_key_id })
}

/// Loads the environment and the profile, as every AWS tool does.
pub(crate) async fn sdk_config(options: &AwsOptions) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(profile) = &options.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    loader.load().await
}

/// Returns the endpoint that the environment or the profile gives a service, by its own name or for all.
pub(crate) fn configured_endpoint(config: &SdkConfig, service: &'static str) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let of_service = key.ok().and_then(|key| config.service_config()?.load_config(key));
    of_service.or_else(|| config.endpoint_url().map(str::to_owned))
}

pub(crate) async fn credentials(config: &SdkConfig, options: &AwsOptions) -> Result<SharedCredentialsProvider> {
    if let Some(role) = &options.role_arn {
        let assumed = AssumeRoleProvider::builder(role.as_str()).session_name("trailkeep").configure(config);
        return Ok(SharedCredentialsProvider::new(assumed.build().await));
    }
    config.credentials_provider().ok_or_else(|| {
        Error::new(ErrorKind::Credentials, "no AWS credentials were found").advise("name a profile by `--profile`")
    })
}

/// Asks AWS where a bucket lies: trails often deliver to another Region than the one worked in.
///
/// Only the `aws` partition can be asked without credentials. Elsewhere the same name may be somebody else's bucket, so
/// there the configured Region counts.
async fn bucket_region(bucket: &str, config: &SdkConfig) -> Result<String> {
    let configured = config.region().map(ToString::to_string);
    let elsewhere = ["cn-", "us-gov-", "us-iso", "eu-iso", "eusc-"];
    if let Some(region) = &configured
        && elsewhere.iter().any(|partition| region.starts_with(partition))
    {
        return Ok(region.clone());
    }
    let client = ClientOptions::new().with_connect_timeout(CONNECT_TIMEOUT).with_timeout(CONNECT_TIMEOUT);
    match (resolve_bucket_region(bucket, &client).await, configured) {
        (Ok(region), _) => Ok(region),
        (Err(error), Some(region)) => {
            tracing::debug!(%error, bucket, region, "the bucket's Region is not known, taking the configured one");
            Ok(region)
        }
        (Err(source), None) => Err(Error::new(ErrorKind::Configuration, "the bucket's Region is not known")
            .with("bucket", bucket)
            .advise("check the bucket's name, or give its Region by `--aws-region` or `AWS_REGION`")
            .because(source)),
    }
}

/// All that a client is made of.
pub(super) struct Connection<'a> {
    pub(super) bucket: &'a str,
    pub(super) region: String,
    pub(super) endpoint: Option<String>,
    pub(super) credentials: SharedCredentialsProvider,
    pub(super) retry: RetryConfig,
    pub(super) request_timeout: Duration,
    pub(super) sse_kms_key_id: Option<String>,
}

pub(super) fn build(connection: Connection<'_>) -> Result<Arc<dyn ObjectStore>> {
    let (bucket, region) = (connection.bucket, connection.region.clone());
    finish(builder(connection)?, bucket, &region)
}

pub(super) fn build_for_owner(connection: Connection<'_>) -> Result<Arc<dyn ObjectStore>> {
    let (bucket, region) = (connection.bucket, connection.region.clone());
    let credentials = Credentials::new(connection.credentials.clone());
    let connector = ForOwner::new(Arc::new(credentials), &region);
    finish(builder(connection)?.with_http_connector(connector), bucket, &region)
}

fn builder(connection: Connection<'_>) -> Result<AmazonS3Builder> {
    let Connection { bucket, region, endpoint, credentials, retry, request_timeout, sse_kms_key_id } = connection;
    let endpoint = endpoint.map(|endpoint| endpoint.trim_end_matches('/').to_owned());
    let allow_http = match endpoint.as_deref().map(|endpoint| endpoint.split_once("://")) {
        None | Some(Some(("https", _))) => false,
        Some(Some(("http", _))) => true,
        Some(_) => {
            let endpoint = endpoint.unwrap_or_default();
            let message = format!("the endpoint `{endpoint}` cannot be used");
            return Err(Error::new(ErrorKind::Configuration, message).advise("write `https://host[:port]`"));
        }
    };
    // The client knows the name of AWS's own endpoints for the commercial partition and GovCloud.
    let endpoint =
        endpoint.or_else(|| region.starts_with("cn-").then(|| format!("https://s3.{region}.amazonaws.com.cn")));
    let connect_timeout = CONNECT_TIMEOUT.min(request_timeout);
    let limits = ClientOptions::new().with_connect_timeout(connect_timeout).with_timeout(request_timeout);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&region)
        .with_credentials(Arc::new(Credentials::new(credentials)))
        .with_client_options(limits.with_allow_http(allow_http).with_config(ClientConfigKey::UserAgent, USER_AGENT))
        .with_retry(retry)
        // A bucket with Object Lock takes nothing without a checksum.
        .with_checksum_algorithm(Checksum::SHA256)
        .with_virtual_hosted_style_request(false);
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(key) = sse_kms_key_id {
        builder = builder.with_sse_kms_encryption(key);
    }
    Ok(builder)
}

fn finish(builder: AmazonS3Builder, bucket: &str, region: &str) -> Result<Arc<dyn ObjectStore>> {
    match builder.build() {
        Ok(store) => Ok(Arc::new(store)),
        Err(source) => Err(Error::new(ErrorKind::Configuration, "no client for the bucket can be made")
            .with("bucket", bucket)
            .with("region", region)
            .because(source)),
    }
}

fn retry(retry_timeout: Duration) -> RetryConfig {
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(10),
        ..BackoffConfig::default()
    };
    RetryConfig { backoff, max_retries: RETRIES, retry_timeout }
}

#[cfg(test)]
mod tests {
    use aws_types::service_config::LoadServiceConfig;

    use super::*;

    /// The endpoint for S3 alone, as an environment or a profile would give it.
    #[derive(Debug)]
    struct ForS3(Option<&'static str>);

    impl LoadServiceConfig for ForS3 {
        fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
            let asked = (key.service_id(), key.env(), key.profile());
            assert_eq!(asked, ("s3", "AWS_ENDPOINT_URL", "endpoint_url"));
            self.0.map(str::to_owned)
        }
    }

    #[test]
    fn the_endpoint_for_s3_comes_first() {
        let (s3, all) = ("http://s3.example.com", "http://all.example.com");
        let cases = [(None, None, None), (Some(s3), Some(all), Some(s3)), (None, Some(all), Some(all))];
        for (for_s3, for_all, expect) in cases {
            let mut config = SdkConfig::builder().service_config(ForS3(for_s3));
            config.set_endpoint_url(for_all.map(str::to_owned));
            assert_eq!(configured_endpoint(&config.build(), "s3").as_deref(), expect);
        }
    }
}
