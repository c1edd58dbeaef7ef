//! The fields of a document, in the order in which they are written: by name, level by level.

macro_rules! fields {
    ($($field:ident = $path:literal,)*) => {
        /// A place for a value in a document.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Field { $($field),* }

        /// The fields in the order of their places.
        pub(crate) const FIELDS: &[Field] = &[$(Field::$field),*];
        /// Their names, objects joined by dots.
        pub(crate) const PATHS: &[&str] = &[$($path),*];
    };
}

fields! {
    Timestamp = "@timestamp",
    ActorEntityId = "actor.entity.id",
    AddendumOriginalEventId = "aws.cloudtrail.addendum.original_event_id",
    AddendumOriginalRequestId = "aws.cloudtrail.addendum.original_request_id",
    AddendumReason = "aws.cloudtrail.addendum.reason",
    AddendumUpdatedFields = "aws.cloudtrail.addendum.updated_fields",
    AdditionalEventdata = "aws.cloudtrail.additional_eventdata",
    ApiVersion = "aws.cloudtrail.api_version",
    LoginTo = "aws.cloudtrail.console_login.additional_eventdata.login_to",
    MfaUsed = "aws.cloudtrail.console_login.additional_eventdata.mfa_used",
    MobileVersion = "aws.cloudtrail.console_login.additional_eventdata.mobile_version",
    ErrorCode = "aws.cloudtrail.error_code",
    AwsErrorMessage = "aws.cloudtrail.error_message",
    EventCategory = "aws.cloudtrail.event_category",
    EventType = "aws.cloudtrail.event_type",
    EventVersion = "aws.cloudtrail.event_version",
    FlatAdditionalEventdata = "aws.cloudtrail.flattened.additional_eventdata",
    DigestEndTime = "aws.cloudtrail.flattened.digest.end_time",
    DigestLogFiles = "aws.cloudtrail.flattened.digest.log_files",
    DigestNewestEventTime = "aws.cloudtrail.flattened.digest.newest_event_time",
    DigestOldestEventTime = "aws.cloudtrail.flattened.digest.oldest_event_time",
    DigestPreviousHashAlgorithm = "aws.cloudtrail.flattened.digest.previous_hash_algorithm",
    DigestPreviousHashValue = "aws.cloudtrail.flattened.digest.previous_hash_value",
    DigestPreviousS3Bucket = "aws.cloudtrail.flattened.digest.previous_s3_bucket",
    DigestPreviousS3Object = "aws.cloudtrail.flattened.digest.previous_s3_object",
    DigestPreviousSignature = "aws.cloudtrail.flattened.digest.previous_signature",
    DigestPublicKeyFingerprint = "aws.cloudtrail.flattened.digest.public_key_fingerprint",
    DigestS3Bucket = "aws.cloudtrail.flattened.digest.s3_bucket",
    DigestSignatureAlgorithm = "aws.cloudtrail.flattened.digest.signature_algorithm",
    DigestStartTime = "aws.cloudtrail.flattened.digest.start_time",
    InsightDetails = "aws.cloudtrail.flattened.insight_details",
    FlatRequestParameters = "aws.cloudtrail.flattened.request_parameters",
    FlatResponseElements = "aws.cloudtrail.flattened.response_elements",
    FlatServiceEventDetails = "aws.cloudtrail.flattened.service_event_details",
    ManagementEvent = "aws.cloudtrail.management_event",
    ReadOnly = "aws.cloudtrail.read_only",
    RecipientAccountId = "aws.cloudtrail.recipient_account_id",
    RequestId = "aws.cloudtrail.request_id",
    RequestParameters = "aws.cloudtrail.request_parameters",
    Resources = "aws.cloudtrail.resources",
    ResponseElements = "aws.cloudtrail.response_elements",
    ServiceEventDetails = "aws.cloudtrail.service_event_details",
    SessionCredentialFromConsole = "aws.cloudtrail.session_credential_from_console",
    SharedEventId = "aws.cloudtrail.shared_event_id",
    KeyExchange = "aws.cloudtrail.tls_details.key_exchange",
    AccessKeyId = "aws.cloudtrail.user_identity.access_key_id",
    UserIdentityArn = "aws.cloudtrail.user_identity.arn",
    CredentialId = "aws.cloudtrail.user_identity.credential_id",
    IdentityProvider = "aws.cloudtrail.user_identity.identity_provider",
    InScopeOfCredentialsIssuedTo = "aws.cloudtrail.user_identity.in_scope_of.credentials_issued_to",
    InScopeOfIssuerType = "aws.cloudtrail.user_identity.in_scope_of.issuer_type",
    InScopeOfSourceAccount = "aws.cloudtrail.user_identity.in_scope_of.source_account",
    InScopeOfSourceArn = "aws.cloudtrail.user_identity.in_scope_of.source_arn",
    InvokedBy = "aws.cloudtrail.user_identity.invoked_by",
    InvokedByDelegateAccountId = "aws.cloudtrail.user_identity.invoked_by_delegate.account_id",
    IdentityStoreArn = "aws.cloudtrail.user_identity.on_behalf_of.identity_store_arn",
    OnBehalfOfUserId = "aws.cloudtrail.user_identity.on_behalf_of.user_id",
    AssumedRoot = "aws.cloudtrail.user_identity.session_context.assumed_root",
    CreationDate = "aws.cloudtrail.user_identity.session_context.creation_date",
    Ec2RoleDelivery = "aws.cloudtrail.user_identity.session_context.ec2_role_delivery",
    MfaAuthenticated = "aws.cloudtrail.user_identity.session_context.mfa_authenticated",
    SessionIssuerAccountId = "aws.cloudtrail.user_identity.session_context.session_issuer.account_id",
    SessionIssuerArn = "aws.cloudtrail.user_identity.session_context.session_issuer.arn",
    SessionIssuerPrincipalId = "aws.cloudtrail.user_identity.session_context.session_issuer.principal_id",
    SessionIssuerType = "aws.cloudtrail.user_identity.session_context.session_issuer.type",
    SignInSessionArn = "aws.cloudtrail.user_identity.session_context.sign_in_session_arn",
    SourceIdentity = "aws.cloudtrail.user_identity.session_context.source_identity",
    WebIdAttributes = "aws.cloudtrail.user_identity.session_context.web_id_federation_data.attributes",
    WebIdFederatedProvider = "aws.cloudtrail.user_identity.session_context.web_id_federation_data.federated_provider",
    UserIdentityType = "aws.cloudtrail.user_identity.type",
    VpcEndpointAccountId = "aws.cloudtrail.vpc_endpoint_account_id",
    VpcEndpointId = "aws.cloudtrail.vpc_endpoint_id",
    CloudAccountId = "cloud.account.id",
    CloudProvider = "cloud.provider",
    CloudRegion = "cloud.region",
    CloudServiceName = "cloud.service.name",
    EcsVersion = "ecs.version",
    EntityId = "entity.id",
    EntityTargetId = "entity.target.id",
    ErrorMessage = "error.message",
    Action = "event.action",
    Category = "event.category",
    Created = "event.created",
    EventId = "event.id",
    EventKind = "event.kind",
    Original = "event.original",
    Outcome = "event.outcome",
    Provider = "event.provider",
    Type = "event.type",
    FilePath = "file.path",
    GroupId = "group.id",
    GroupName = "group.name",
    HostEntityId = "host.entity.id",
    HostTargetEntityId = "host.target.entity.id",
    HostTargetId = "host.target.id",
    RelatedEntity = "related.entity",
    RelatedHash = "related.hash",
    RelatedHosts = "related.hosts",
    RelatedIp = "related.ip",
    RelatedUser = "related.user",
    ServiceEntityId = "service.entity.id",
    ServiceName = "service.name",
    ServiceTargetEntityId = "service.target.entity.id",
    SourceAddress = "source.address",
    SourceAs = "source.as",
    SourceGeo = "source.geo",
    SourceIp = "source.ip",
    Tags = "tags",
    TargetEntityId = "target.entity.id",
    TlsCipher = "tls.cipher",
    TlsServerName = "tls.client.server_name",
    TlsVersion = "tls.version",
    TlsVersionProtocol = "tls.version_protocol",
    UserChangesName = "user.changes.name",
    UserEmail = "user.email",
    UserEntityId = "user.entity.id",
    UserId = "user.id",
    UserName = "user.name",
    UserTargetEntityId = "user.target.entity.id",
    UserTargetId = "user.target.id",
    UserTargetName = "user.target.name",
    UserAgent = "user_agent",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_the_order_of_their_names() {
        for pair in PATHS.windows(2) {
            let [before, after] = pair else { continue };
            let (before, after): (Vec<_>, Vec<_>) = (before.split('.').collect(), after.split('.').collect());
            assert!(before < after, "{before:?} stands before {after:?}");
            assert!(!after.starts_with(&before), "{before:?} is an object and a value");
        }
        assert!(FIELDS.iter().enumerate().all(|(place, field)| *field as usize == place));
    }
}
