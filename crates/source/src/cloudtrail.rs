//! The CloudTrail API as a client: the public keys that digests are signed by, and where trails deliver.

use std::error::Error as StdError;

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_cloudtrail::primitives::DateTime;
use jiff::Timestamp;

use crate::error::{Error, ErrorKind, Result};
use crate::s3::{AwsOptions, configured_endpoint, sdk_config, sdk_credentials};

/// Pages of keys that are read at most: a Region has a few keys.
const PAGES_MAX: usize = 100;

/// A client for one Region.
#[derive(Debug, Clone)]
pub struct CloudTrail {
    client: Client,
    region: Option<String>,
}

/// A public key as ListPublicKeys gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// What digests name it by.
    pub fingerprint: String,
    /// Its PKCS#1 DER.
    pub der: Vec<u8>,
}

/// Where a trail delivers, as DescribeTrails gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailPlace {
    /// The trail's ARN.
    pub arn: String,
    /// The bucket.
    pub bucket: String,
    /// The prefix of its keys, empty without one.
    pub prefix: String,
    /// Whether the trail belongs to an organization.
    pub is_organization_trail: bool,
}

impl CloudTrail {
    /// Makes a client. `options.endpoint_url` is CloudTrail's here; without one, `AWS_ENDPOINT_URL_CLOUDTRAIL` and
    /// `AWS_ENDPOINT_URL` count, then AWS's own endpoint of the Region.
    ///
    /// # Errors
    /// [`ErrorKind::Credentials`] if a role cannot be assumed.
    pub async fn open(options: &AwsOptions) -> Result<CloudTrail> {
        let config = sdk_config(options).await;
        let region = config.region().map(ToString::to_string);
        let mut builder = aws_sdk_cloudtrail::config::Builder::from(&config);
        if options.role_arn.is_some() {
            builder = builder.credentials_provider(sdk_credentials(&config, options).await?);
        }
        if let Some(endpoint) = &options.endpoint_url {
            builder = builder.endpoint_url(endpoint);
        }
        Ok(CloudTrail { client: Client::from_conf(builder.build()), region })
    }

    /// Makes a client for a Region's CloudTrail, beside the S3 that `options` reach. `None` where S3 is another store and
    /// nothing says where its CloudTrail is: AWS is not asked about what is not AWS's.
    ///
    /// # Errors
    /// As [`CloudTrail::open`].
    pub async fn beside_s3(options: &AwsOptions, region: &str) -> Result<Option<CloudTrail>> {
        let options = AwsOptions { region: Some(region.to_owned()), ..options.clone() };
        let config = sdk_config(&options).await;
        let s3_is_elsewhere = options.endpoint_url.is_some() || configured_endpoint(&config, "s3").is_some();
        if s3_is_elsewhere && configured_endpoint(&config, "cloudtrail").is_none() {
            return Ok(None);
        }
        // The endpoint in the options is that of S3.
        CloudTrail::open(&AwsOptions { endpoint_url: None, ..options }).await.map(Some)
    }

    /// Returns the client's Region, if one is configured.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Returns the Region's keys that were in use between two times.
    ///
    /// # Errors
    /// If CloudTrail cannot be asked.
    pub async fn public_keys(&self, from: Timestamp, until: Timestamp) -> Result<Vec<PublicKey>> {
        let mut keys = Vec::new();
        let mut next = None;
        for _ in 0..PAGES_MAX {
            let asked = self.client.list_public_keys().start_time(time(from)).end_time(time(until));
            let answer = asked.set_next_token(next).send().await.map_err(|source| failed("ListPublicKeys", source))?;
            keys.extend(answer.public_key_list().iter().map(|key| PublicKey {
                fingerprint: key.fingerprint().unwrap_or_default().to_owned(),
                der: key.value().map(|value| value.as_ref().to_vec()).unwrap_or_default(),
            }));
            next = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        Ok(keys)
    }

    /// Returns the trails that this Region shows.
    ///
    /// # Errors
    /// If CloudTrail cannot be asked.
    pub async fn trails(&self) -> Result<Vec<TrailPlace>> {
        let answer = self.client.describe_trails().send().await.map_err(|source| failed("DescribeTrails", source))?;
        let places = answer.trail_list().iter().filter_map(|trail| {
            Some(TrailPlace {
                arn: trail.trail_arn()?.to_owned(),
                bucket: trail.s3_bucket_name()?.to_owned(),
                prefix: trail.s3_key_prefix().unwrap_or_default().to_owned(),
                is_organization_trail: trail.is_organization_trail().unwrap_or_default(),
            })
        });
        Ok(places.collect())
    }
}

fn time(time: Timestamp) -> DateTime {
    DateTime::from_secs(time.as_second())
}

/// Returns the error for a call that failed: what CloudTrail said, and what to do.
fn failed<E>(operation: &str, source: SdkError<E>) -> Error
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    let code = source.code().map(str::to_owned);
    let said = source.message().map(str::to_owned);
    let kind = match (&source, code.as_deref()) {
        (SdkError::TimeoutError(_), _) => ErrorKind::Timeout,
        (SdkError::DispatchFailure(failure), _) if failure.is_timeout() => ErrorKind::Timeout,
        (SdkError::DispatchFailure(failure), _) if failure.is_io() => ErrorKind::Unavailable,
        (SdkError::DispatchFailure(failure), _) if failure.is_user() => ErrorKind::Configuration,
        (SdkError::DispatchFailure(_), _) => ErrorKind::Credentials,
        (SdkError::ConstructionFailure(_), _) => ErrorKind::Configuration,
        (_, Some("AccessDeniedException" | "AccessDenied")) => ErrorKind::PermissionDenied,
        (_, Some("ExpiredTokenException" | "UnrecognizedClientException" | "InvalidSignatureException")) => {
            ErrorKind::Credentials
        }
        (_, Some("ThrottlingException")) => ErrorKind::Unavailable,
        _ => ErrorKind::Unexpected,
    };
    let mut error = Error::new(kind, format!("cannot call CloudTrail's {operation}"));
    if let Some(code) = code {
        error = error.with("code", code);
    }
    match said {
        Some(said) => error = error.with("message", said),
        None => error = error.because(DisplayErrorContext(&source).to_string()),
    }
    match kind {
        ErrorKind::PermissionDenied => error.advise(format!("grant `cloudtrail:{operation}`")),
        ErrorKind::Credentials => error.advise("check the credentials, or name a profile by `--profile`"),
        ErrorKind::Configuration => error.advise("give the Region by `--region` or `AWS_REGION`"),
        ErrorKind::Unavailable | ErrorKind::Timeout => error.advise("check the endpoint, or try again later"),
        _ => error,
    }
}
