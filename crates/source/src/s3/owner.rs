//! Objects that belong to the owner of the bucket, whoever puts them: each put carries an ACL that says so.
//!
//! The client for buckets knows no ACL, so the header is added to its requests, which are then signed anew: S3 takes no
//! header of its own that is not signed.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::aws::AwsAuthorizer;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};
use object_store::{ClientOptions, CredentialProvider};

use crate::s3::credentials::Credentials;

const ACL: (&str, &str) = ("x-amz-acl", "bucket-owner-full-control");
const CONTENT_HASH: &str = "x-amz-content-sha256";
const AUTHORIZATION: &str = "authorization";

/// Makes clients whose puts give the object to the bucket's owner.
#[derive(Debug, Clone)]
pub(super) struct ForOwner {
    credentials: Arc<Credentials>,
    region: Arc<str>,
}

impl ForOwner {
    pub(super) fn new(credentials: Arc<Credentials>, region: &str) -> ForOwner {
        ForOwner { credentials, region: region.into() }
    }
}

impl HttpConnector for ForOwner {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Service { client, signer: self.clone() }))
    }
}

#[derive(Debug)]
struct Service {
    client: HttpClient,
    signer: ForOwner,
}

#[async_trait]
impl HttpService for Service {
    async fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if request.method().as_str() == "PUT"
            && let Ok(acl) = ACL.1.parse()
        {
            let credential = self.signer.credentials.get_credential().await;
            let credential = credential.map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
            let hash = request.headers().get(CONTENT_HASH).and_then(|hash| unhex(hash.as_bytes()));
            request.headers_mut().remove(AUTHORIZATION);
            request.headers_mut().insert(ACL.0, acl);
            AwsAuthorizer::new(&credential, "s3", &self.signer.region).authorize(&mut request, hash.as_deref());
        }
        self.client.execute(request).await
    }
}

/// Reads the hash that the client has computed already.
fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = text.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}
