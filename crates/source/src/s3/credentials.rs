//! AWS credentials from the ordinary chain, kept until shortly before they expire.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio::sync::Mutex;

use crate::error::{Error, ErrorKind};

/// How long before they expire credentials are fetched anew. A request is signed once and may be repeated for a while,
/// so this is longer than the client goes on trying.
const REFRESH_BEFORE_EXPIRY: Duration = Duration::from_secs(5 * 60);

/// Hands the credentials of an AWS provider to the object store.
pub(super) struct Credentials {
    provider: SharedCredentialsProvider,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    credential: Arc<AwsCredential>,
    refresh: Option<SystemTime>,
}

impl Credentials {
    pub(super) fn new(provider: SharedCredentialsProvider) -> Self {
        Self { provider, kept: Mutex::new(None) }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("provider", &self.provider).finish_non_exhaustive()
    }
}

#[async_trait]
impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        // Held while fetching, so that many requests at once fetch once.
        let mut kept = self.kept.lock().await;
        if let Some(kept) = &*kept
            && kept.refresh.is_none_or(|refresh| SystemTime::now() < refresh)
        {
            return Ok(Arc::clone(&kept.credential));
        }
        let found = self
            .provider
            .provide_credentials()
            .await
            .map_err(|source| object_store::Error::Generic { store: "S3", source: Box::new(unavailable(source)) })?;
        let credential = Arc::new(AwsCredential {
            key_id: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().to_owned(),
            token: found.session_token().map(str::to_owned),
        });
        let refresh = found.expiry().map(|expiry| expiry.checked_sub(REFRESH_BEFORE_EXPIRY).unwrap_or(expiry));
        *kept = Some(Kept { credential: Arc::clone(&credential), refresh });
        Ok(credential)
    }
}

fn unavailable(source: CredentialsError) -> Error {
    let (message, advice) = match source {
        CredentialsError::CredentialsNotLoaded(_) => (
            "no AWS credentials were found",
            "name a profile by `--profile` or `AWS_PROFILE`, or set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`",
        ),
        CredentialsError::ProviderTimedOut(_) => ("AWS credentials did not come in time", "try again"),
        _ => ("AWS credentials could not be had", "check the profile and the role; `aws sso login` renews a session"),
    };
    Error::new(ErrorKind::Credentials, message).advise(advice).because(source)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use aws_credential_types::provider::future;

    use super::*;

    /// Gives credentials that expire at a fixed time and counts how often it is asked.
    #[derive(Debug)]
    struct Counted(Arc<AtomicU32>, Option<SystemTime>);

    impl ProvideCredentials for Counted {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let nth = self.0.fetch_add(1, Ordering::Relaxed);
            let key = format!("AKIAIOSFODNN7EXAMPL{nth}");
            future::ProvideCredentials::ready(Ok(aws_credential_types::Credentials::new(
                key, "s", None, self.1, "test",
            )))
        }
    }

    #[tokio::test]
    async fn credentials_are_kept_until_they_expire() {
        for (expiry, asked, last) in
            [(None, 1, "AKIAIOSFODNN7EXAMPL0"), (Some(SystemTime::UNIX_EPOCH), 3, "AKIAIOSFODNN7EXAMPL2")]
        {
            let count = Arc::new(AtomicU32::new(0));
            let credentials = Credentials::new(SharedCredentialsProvider::new(Counted(Arc::clone(&count), expiry)));
            let mut found = credentials.get_credential().await.unwrap();
            for _ in 0..2 {
                found = credentials.get_credential().await.unwrap();
            }
            assert_eq!((count.load(Ordering::Relaxed), found.key_id.as_str()), (asked, last));
            assert!(!format!("{credentials:?}").contains("AKIA"));
        }
    }
}
