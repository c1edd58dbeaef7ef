//! How AWS's services are reached, and whether what a sender is told to use is there.

use std::error::Error as StdError;

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sns::config::SharedCredentialsProvider;
use aws_sdk_sns::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::destination::cloud_watch_logs::LogGroup;
use crate::destination::sns::region as topic_region;
use crate::error::{Error, ErrorKind, Result};
use crate::payload::shortened;

/// Credentials, endpoint and HTTP client for AWS's services. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Aws {
    config: SdkConfig,
    endpoint_url: Option<String>,
}

/// Whether a thing that is sent to is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is there and can be used, as far as can be told without using it.
    Usable,
    /// It is there, and we may not even look at it.
    Forbidden,
    /// There is none.
    Missing,
}

impl Aws {
    /// Loads the environment and the profile, as every AWS tool does, and assumes a role if one is given. Without an
    /// endpoint, `AWS_ENDPOINT_URL` and its kind count, then AWS's own.
    pub async fn load(profile: Option<&str>, role_arn: Option<&str>, endpoint_url: Option<&str>) -> Aws {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        let mut config = loader.load().await;
        if let Some(role) = role_arn {
            let assumed = AssumeRoleProvider::builder(role).session_name("trailkeep").configure(&config);
            let credentials = SharedCredentialsProvider::new(assumed.build().await);
            config = config.into_builder().credentials_provider(credentials).build();
        }
        Aws { config, endpoint_url: endpoint_url.map(str::to_owned) }
    }

    /// Takes a configuration that is loaded already.
    pub fn new(config: SdkConfig, endpoint_url: Option<String>) -> Aws {
        Aws { config, endpoint_url }
    }

    /// Returns the configuration of the SDK.
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// Returns the endpoint of all services, if one was given by hand.
    pub fn endpoint_url(&self) -> Option<&str> {
        self.endpoint_url.as_deref()
    }

    /// Looks a topic up by its ARN (`GetTopicAttributes`).
    ///
    /// # Errors
    /// If SNS cannot be asked, or gives an answer that says neither.
    pub async fn topic(&self, arn: &str) -> Result<Standing> {
        let Some(region) = topic_region(arn) else { return Ok(Standing::Missing) };
        let mut config = aws_sdk_sns::config::Builder::from(&self.config).region(Region::new(region.to_owned()));
        config.set_endpoint_url(self.endpoint_url.clone().or_else(|| self.config.endpoint_url().map(str::to_owned)));
        let client = aws_sdk_sns::Client::from_conf(config.build());
        match client.get_topic_attributes().topic_arn(arn).send().await {
            Ok(_) => Ok(Standing::Usable),
            Err(error) => standing("look up the topic", arn, &error),
        }
    }

    /// Looks a log group up by its ARN, with or without the `:*` at its end (`DescribeLogGroups`).
    ///
    /// # Errors
    /// If CloudWatch Logs cannot be asked, or gives an answer that says neither.
    pub async fn log_group(&self, arn: &str) -> Result<Standing> {
        let Some(group) = LogGroup::parse(arn) else { return Ok(Standing::Missing) };
        let client = group.client(self);
        let mut pages = client.describe_log_groups().log_group_name_prefix(&group.name).into_paginator().send();
        loop {
            match pages.next().await {
                None => return Ok(Standing::Missing),
                Some(Ok(page)) => {
                    if page.log_groups().iter().any(|found| found.log_group_name() == Some(&group.name)) {
                        return Ok(Standing::Usable);
                    }
                }
                Some(Err(error)) => return standing("look up the log group", arn, &error),
            }
        }
    }
}

/// Reads the answer to a look-up that failed.
fn standing<E>(attempted: &str, arn: &str, error: &SdkError<E>) -> Result<Standing>
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
{
    let code = error.code().unwrap_or_default();
    match code {
        "NotFound" | "NotFoundException" | "ResourceNotFoundException" | "InvalidParameter" => {
            return Ok(Standing::Missing);
        }
        "AuthorizationError" | "AuthorizationErrorException" | "AccessDenied" | "AccessDeniedException" => {
            return Ok(Standing::Forbidden);
        }
        _ => {}
    }
    let reason = match error.message() {
        Some(message) => format!("{code}: {message}"),
        None => DisplayErrorContext(error).to_string(),
    };
    let status = error.raw_response().map(|response| response.status().as_u16());
    let kind = match status {
        Some(401 | 403) => ErrorKind::Credentials,
        Some(400..=499) => ErrorKind::Unexpected,
        _ => ErrorKind::Unavailable,
    };
    let failed = Error::new(kind, format!("cannot {attempted} `{}`", arn.escape_debug()));
    Err(failed.with("code", code).with("reason", shortened(&reason)).advise("check the endpoint and the credentials"))
}
