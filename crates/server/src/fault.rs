//! Errors as the API answers them: every code in one place.
//!
//! Source: the operations' error lists in AWS's API reference. A code is spelled here as it goes over the wire.

use std::borrow::Cow;

use lake::error::ErrorKind;

/// A result of an action.
pub(crate) type Result<T, E = Fault> = std::result::Result<T, E>;

/// An error that the caller is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The code, which goes over the wire.
    pub code: Code,
    /// What is told beside it.
    pub message: Cow<'static, str>,
}

impl Fault {
    /// An error with a code of the API.
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Fault {
        Fault { code, message: message.into() }
    }

    /// An error that is ours. The caller learns that there is one; the log says which.
    pub(crate) fn internal(attempted: &str, error: &dyn std::error::Error) -> Fault {
        let mut causes = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            causes.push_str(": ");
            causes.push_str(&cause.to_string());
            next = cause.source();
        }
        tracing::error!(error = %causes, "could not {attempted}");
        Fault::new(Code::InternalFailure, format!("The service could not {attempted}. Its log says why."))
    }
}

impl From<lake::error::Error> for Fault {
    fn from(error: lake::error::Error) -> Fault {
        match error.kind() {
            ErrorKind::Changed => Fault::new(
                Code::ConflictException,
                "Another call changed the same resource at the same time. Try again.",
            ),
            _ => Fault::internal("read or write what it keeps", &error),
        }
    }
}

macro_rules! codes {
    ($($name:ident = $status:literal,)*) => {
        /// The codes, each with the status of HTTP that it comes with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code { $($name,)* }

        impl Code {
            /// Returns the code as it goes over the wire.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Code::$name => stringify!($name),)* }
            }

            /// Returns the status that it comes with.
            pub(crate) fn status(self) -> u16 {
                match self { $(Code::$name => $status,)* }
            }
        }
    };
}

codes! {
    // Common to all services: not in the API's own model.
    AccessDeniedException = 400,
    ExpiredTokenException = 400,
    IncompleteSignatureException = 400,
    InternalFailure = 500,
    InvalidSignatureException = 400,
    MissingAuthenticationTokenException = 400,
    RequestEntityTooLargeException = 413,
    SerializationException = 400,
    ThrottlingException = 400,
    UnknownOperationException = 400,
    UnrecognizedClientException = 400,
    ValidationException = 400,
    // CloudTrail's own.
    AccountHasOngoingImportException = 400,
    ChannelARNInvalidException = 400,
    ChannelAlreadyExistsException = 400,
    ChannelExistsForEDSException = 400,
    ChannelMaxLimitExceededException = 400,
    ChannelNotFoundException = 400,
    CloudTrailARNInvalidException = 400,
    ConflictException = 400,
    EventDataStoreARNInvalidException = 400,
    EventDataStoreAlreadyExistsException = 400,
    EventDataStoreHasOngoingImportException = 400,
    EventDataStoreMaxLimitExceededException = 400,
    EventDataStoreNotFoundException = 400,
    EventDataStoreTerminationProtectedException = 400,
    GenerateResponseException = 400,
    ImportNotFoundException = 400,
    InactiveEventDataStoreException = 400,
    InactiveQueryException = 400,
    InsightNotEnabledException = 400,
    InsufficientS3BucketPolicyException = 400,
    InsufficientSnsTopicPolicyException = 400,
    InvalidCloudWatchLogsLogGroupArnException = 400,
    InvalidCloudWatchLogsRoleArnException = 400,
    InvalidDateRangeException = 400,
    InvalidEventCategoryException = 400,
    InvalidEventDataStoreCategoryException = 400,
    InvalidEventDataStoreStatusException = 400,
    InvalidEventSelectorsException = 400,
    InvalidHomeRegionException = 400,
    InvalidImportSourceException = 400,
    InvalidInsightSelectorsException = 400,
    InvalidKmsKeyIdException = 400,
    InvalidLookupAttributesException = 400,
    InvalidMaxResultsException = 400,
    InvalidNextTokenException = 400,
    InvalidParameterCombinationException = 400,
    InvalidParameterException = 400,
    InvalidQueryStatementException = 400,
    InvalidQueryStatusException = 400,
    InvalidS3BucketNameException = 400,
    InvalidS3PrefixException = 400,
    InvalidSnsTopicNameException = 400,
    InvalidSourceException = 400,
    InvalidTagParameterException = 400,
    InvalidTimeRangeException = 400,
    InvalidTokenException = 400,
    InvalidTrailNameException = 400,
    MaxConcurrentQueriesException = 400,
    MaximumNumberOfTrailsExceededException = 400,
    NotOrganizationMasterAccountException = 400,
    OrganizationsNotInUseException = 400,
    QueryIdNotFoundException = 400,
    ResourceARNNotValidException = 400,
    ResourceNotFoundException = 400,
    ResourcePolicyNotFoundException = 400,
    ResourcePolicyNotValidException = 400,
    ResourceTypeNotSupportedException = 400,
    S3BucketDoesNotExistException = 400,
    ServiceQuotaExceededException = 400,
    TagsLimitExceededException = 400,
    TrailAlreadyExistsException = 400,
    TrailNotFoundException = 400,
    UnsupportedOperationException = 400,
    // CloudTrail-data's, which have no suffix.
    ChannelInsufficientPermission = 400,
    ChannelNotFound = 400,
    DuplicatedAuditEventId = 400,
    InvalidChannelARN = 400,
}
